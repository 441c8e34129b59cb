"""Sessions for sources: their configuration is the given one, their chain is the source's."""

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


def test_chain_leads_on_from_a_legacy_profile() -> None:
    """To what it came from, as the source says; the given configuration stays as it is."""
    source = Source("ops", True, (Profile("ops", OPS), Profile("dev", DEV)), {})
    session = SessionFactory(Given()).for_source(source)

    assert session.full_config["profiles"]["ops"] == {**OPS, "source_profile": "dev"}
    assert session.full_config["profiles"]["dev"] == DEV
    assert session.full_config["sso_sessions"] == CONFIG["sso_sessions"]
    assert session.get_scoped_config()["source_profile"] == "dev"
    assert OPS["source_profile"] == "dev-legacy-sso"


def test_loader_is_made_before_threads_ask_for_it() -> None:
    """Once, where the factory is made: botocore fails some of those that ask first at once."""
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
