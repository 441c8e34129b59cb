"""Sessions that fetch, one for each profile; what they exchange with services is noted."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from ..configuration import Configuration, Source
from ..errors import SourceConfigurationError
from .boundary import watch
from .explain import one_line


class SessionFactory:
    """Makes sessions that have a given session's configuration and reach services as it does.

    ``verify`` is ``False``: certificates are not verified; a path: of a CA bundle; or ``None``: as
    the profile says.
    """

    def __init__(self, session: Session, verify: bool | str | None = None) -> None:
        self.session = session
        self._verify = verify
        # Now: where several threads are the first to ask botocore for it, one may get a KeyError.
        session.get_component("data_loader")

    @property
    def full_config(self) -> Mapping[str, Any]:
        """The configuration, as botocore's ``Session.full_config`` has it."""
        config: Mapping[str, Any] = self.session.full_config
        return config

    def configuration(self) -> Configuration:
        """Return the configuration, parsed for what this package asks of it.

        Raises:
            SourceConfigurationError: botocore cannot read it.
        """
        try:
            return Configuration(self.full_config)
        except BotoCoreError as error:
            raise SourceConfigurationError(one_line(error)) from None

    def for_source(self, source: Source) -> Session:
        """Return a new session for a source, which is named even if it is the default.

        Where its chain leads to a legacy profile it goes on to the source of that, as its keys may
        be old.
        """
        profiles = dict(self.full_config.get("profiles", {}))
        for profile, following in pairwise(source.chain):
            profiles[profile.name] = {**profile.settings, "source_profile": following.name}
        session = _ProfileSession(profile=source.name)
        session.full_config = {**self.full_config, "profiles": profiles}
        session.verify = self._verify
        _reach_services_alike(self.session, session)
        watch(session)
        return session

    def reread(self) -> SessionFactory:
        """Return a factory that reads the configuration anew; its network settings are the same."""
        session = Session()
        _reach_services_alike(self.session, session)
        return SessionFactory(session, self._verify)


class _ProfileSession(Session):
    """A session whose configuration has been parsed already."""

    full_config: Mapping[str, Any] = {}
    verify: bool | str | None = None

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        # The CLI forgets --ca-bundle and --no-verify-ssl when it fetches credentials.
        return super().create_client(*args, **{"verify": self.verify, **kwargs})


def _reach_services_alike(model: Session, session: Session) -> None:
    session.user_agent_name = model.user_agent_name
    session.user_agent_version = model.user_agent_version
    session.user_agent_extra = model.user_agent_extra
    session.set_default_client_config(model.get_default_client_config())
    session.register_component("data_loader", model.get_component("data_loader"))
