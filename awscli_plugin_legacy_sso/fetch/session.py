"""The sessions that fetch, one for each profile."""

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
    """Makes sessions with the configuration and the network settings of a given session.

    ``verify`` is ``False`` (certificates are not verified), the path of a CA bundle, or ``None``
    (as the profile says).
    """

    def __init__(self, session: Session, verify: bool | str | None = None) -> None:
        self.session = session
        self._verify = verify
        # Now: if several threads are the first to ask botocore for it, one may get a KeyError.
        session.get_component("data_loader")

    def configuration(self) -> Configuration:
        """Parse the configuration, or raise a ``SourceConfigurationError``."""
        try:
            return Configuration(self.session.full_config)
        except BotoCoreError as error:
            raise SourceConfigurationError(one_line(error)) from None

    def for_source(self, source: Source) -> Session:
        """Return a new session for a source, which is named even if it is the default.

        Where its chain comes to a legacy profile, the session follows the source of that instead,
        as a legacy profile's keys may be old.
        """
        full_config = self.session.full_config
        profiles = dict(full_config.get("profiles", {}))
        for profile, following in pairwise(source.chain):
            profiles[profile.name] = {**profile.settings, "source_profile": following.name}
        session = self._alike(_ProfileSession(profile=source.name))
        session.full_config = {**full_config, "profiles": profiles}
        # The CLI ignores --ca-bundle and --no-verify-ssl when it fetches credentials.
        session.set_config_variable("ca_bundle", self._verify)
        watch(session)
        return session

    def reread(self) -> SessionFactory:
        """Return a factory that reads the configuration anew; its network settings are the same."""
        return SessionFactory(self._alike(Session()), self._verify)

    def _alike(self, session: Any) -> Any:
        """Give a session the network settings of the given one."""
        for name in "user_agent_name", "user_agent_version", "user_agent_extra":
            setattr(session, name, getattr(self.session, name))
        session.set_default_client_config(self.session.get_default_client_config())
        session.register_component("data_loader", self.session.get_component("data_loader"))
        return session


class _ProfileSession(Session):
    """A session whose configuration has been parsed already."""

    full_config: Mapping[str, Any] = {}
