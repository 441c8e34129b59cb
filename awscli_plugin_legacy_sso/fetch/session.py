"""Sessions that fetch: one for each profile, with the network settings of another session.

In: the AWS CLI's session, or the one of a Python program. Out: a botocore session for a profile,
whose exchange with services is noted. Nothing is fetched here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from botocore.session import Session

from ..configuration import Source
from .boundary import watch


class SessionFactory:
    """Makes sessions that have a given session's configuration and reach services as it does.

    Args:
        session: the AWS CLI's session, as its global options left it, or one of a program's.
        verify: ``False``: certificates are not verified. A path: a CA bundle. ``None``: as the
            profile says.
    """

    def __init__(self, session: Session, verify: bool | str | None = None) -> None:
        self.session = session
        self._verify = verify

    @property
    def full_config(self) -> Mapping[str, Any]:
        """The configuration, as botocore's ``Session.full_config`` has it."""
        config: Mapping[str, Any] = self.session.full_config
        return config

    def for_source(self, source: Source) -> Session:
        """Return a new session for a source, which is named even if it is the default.

        Its chain is the source's, also where that leads on from a legacy profile to what this
        came from: the keys that stand there may be old.
        """
        profiles = dict(self.full_config.get("profiles", {}))
        for profile, following in pairwise(source.chain):
            profiles[profile.name] = {**profile.settings, "source_profile": following.name}
        config = {**self.full_config, "profiles": profiles}
        session = _ProfileSession(source.name, config, self._verify)
        _reach_services_alike(self.session, session)
        watch(session)
        return session

    def reread(self) -> SessionFactory:
        """Return a factory that reads the configuration anew; its network settings are the same."""
        session = Session()
        _reach_services_alike(self.session, session)
        return SessionFactory(session, self._verify)


class _ProfileSession(Session):
    """A session for one profile, with a configuration that has been parsed already."""

    full_config: Mapping[str, Any] = {}

    def __init__(self, profile: str, config: Mapping[str, Any], verify: bool | str | None) -> None:
        super().__init__(profile=profile)
        self.full_config = config
        self._verify = verify

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        # The CLI forgets --ca-bundle and --no-verify-ssl when it fetches credentials.
        return super().create_client(*args, **{"verify": self._verify, **kwargs})


def _reach_services_alike(model: Session, session: Session) -> None:
    session.user_agent_name = model.user_agent_name
    session.user_agent_version = model.user_agent_version
    session.user_agent_extra = model.user_agent_extra
    session.set_default_client_config(model.get_default_client_config())
    session.register_component("data_loader", model.get_component("data_loader"))
