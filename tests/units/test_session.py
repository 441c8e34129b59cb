"""Sessions for sources: they take the given configuration and follow the source's chain."""

from __future__ import annotations

import threading

from botocore.loaders import Loader
from botocore.session import Session

from awscli_plugin_legacy_sso.configuration import Profile, Source
from awscli_plugin_legacy_sso.fetch.session import SessionFactory

DEV = {"sso_session": "corp", "region": "eu-west-1"}
OPS = {"role_arn": "arn:aws:iam::777788889999:role/Ops", "source_profile": "dev-legacy-sso"}
CONFIG = {
    "profiles": {"ops": OPS, "dev": DEV, "dev-legacy-sso": {"aws_access_key_id": "OLD"}},
    "sso_sessions": {"corp": {"sso_region": "us-east-1"}},
}


class Given(Session):
    """A session whose configuration has been parsed."""

    full_config = CONFIG


def test_chain_through_legacy_profile() -> None:
    """A legacy profile in a chain is replaced by its source; the given config is unchanged."""
    source = Source("ops", True, (Profile("ops", OPS), Profile("dev", DEV)), {})
    session = SessionFactory(Given()).for_source(source)

    assert session.full_config["profiles"]["ops"] == {**OPS, "source_profile": "dev"}
    assert session.full_config["profiles"]["dev"] == DEV
    assert session.full_config["sso_sessions"] == CONFIG["sso_sessions"]
    assert session.get_scoped_config()["source_profile"] == "dev"
    assert OPS["source_profile"] == "dev-legacy-sso"


def test_loader_made_before_threads() -> None:
    """The loader is made once, together with the factory.

    In botocore, threads that ask for it first at the same time can fail.
    """
    makers: list[threading.Thread] = []

    def loader() -> Loader:
        makers.append(threading.current_thread())
        return Loader()

    given = Given()
    given._components.lazy_register_component("data_loader", loader)
    sessions = SessionFactory(given)
    source = Source("dev", True, (Profile("dev", DEV),), {})
    thread = threading.Thread(target=sessions.for_source, args=(source,))
    thread.start()
    thread.join()

    assert makers == [threading.current_thread()]
