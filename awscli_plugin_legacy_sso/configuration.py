"""What the AWS CLI's configuration says about a profile, and about how it gets its keys. Pure.

:meth:`Configuration.source` reads a source profile once. All other modules use the :class:`Source`
that it returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from . import setting_values
from .errors import ProfileError, option
from .legacy_profile import RECORD, SOURCE_SETTINGS, recorded_source

_NOT_FRESH = {
    "credential_process": "credential_process may hand out keys it has had for a while",
    "login_session": "keys of a login_session live 15 minutes at most",
}

Settings = Mapping[str, Any]


# Named tuples here and in the other modules that each refresh imports: dataclasses load slower.
class SignIn(NamedTuple):
    """One sign-in to IAM Identity Center: an ``[sso-session]``, or an inline start URL."""

    session: str | None
    start_url: str | None


class Profile(NamedTuple):
    """One profile of the configuration; without settings if it does not exist."""

    name: str
    settings: Settings

    @property
    def kind(self) -> str | None:
        """The setting that says how it gets temporary credentials, if it has one."""
        return next((setting for setting in SOURCE_SETTINGS if self.settings.get(setting)), None)

    @property
    def is_sso(self) -> bool:
        return (self.kind or "").startswith("sso_")

    @property
    def has_sso_role(self) -> bool:
        return self.is_sso and bool(self.account and self.role)

    @property
    def recorded_source(self) -> str | None:
        """Its source profile, if it is a legacy profile."""
        value = self.settings.get(RECORD)
        return recorded_source(value) if isinstance(value, str) and not self.kind else None

    @property
    def has_long_term_keys(self) -> bool:
        has_token = bool(self.settings.get("aws_session_token"))
        return bool(self.settings.get("aws_access_key_id")) and not has_token

    @property
    def account(self) -> Any:
        return self.settings.get("sso_account_id")

    @property
    def role(self) -> Any:
        return self.settings.get("sso_role_name")


class Source(NamedTuple):
    """A source profile, with the profiles and sessions that its credentials come from."""

    name: str
    exists: bool
    chain: tuple[Profile, ...]  # itself, its source_profile, and so on
    sso_sessions: Mapping[str, Settings]  # of the whole configuration
    profile_names: Iterable[str] = ()  # of the whole configuration

    def __hash__(self) -> int:
        return hash(self.name)  # the settings cannot be hashed

    def __repr__(self) -> str:
        return f"Source({self.name!r})"  # a setting may be a key, or have a password in it

    @property
    def profile(self) -> Profile:
        return self.chain[0]

    @property
    def base(self) -> Profile:
        """The profile that its chain of roles starts from: the last of the chain."""
        return self.chain[-1]

    @property
    def signing_in(self) -> Profile:
        """The profile that a person signs in with: this one, or one further on in its chain."""
        signs_in = (it for it in self.chain if it.is_sso or it.kind == "login_session")
        return next(signs_in, self.profile)

    @property
    def sign_in(self) -> SignIn | None:
        """The SSO sign-in that its credentials need, if any."""
        if not self.signing_in.is_sso:
            return None
        settings = self.signing_in.settings
        session = settings.get("sso_session")
        return SignIn(session, None if session else settings.get("sso_start_url"))

    @property
    def login_command(self) -> str:
        """The command with which a person signs in again."""
        if self.sign_in and self.sign_in.session:
            return f"aws sso login {option('--sso-session', self.sign_in.session)}"
        command = "aws login" if self.signing_in.kind == "login_session" else "aws sso login"
        return f"{command} {option('--profile', self.signing_in.name)}"

    @property
    def asks_for_mfa(self) -> bool:
        return any(profile.settings.get("mfa_serial") for profile in self.chain)

    @property
    def what_it_needs(self) -> str | None:
        """What a person may have to do for new keys, besides an SSO sign-in."""
        if self.asks_for_mfa:
            return "an MFA code"
        return "another aws login" if self.signing_in.kind == "login_session" else None

    @property
    def why_not_fresh(self) -> str | None:
        """Why its keys may already be old when they are fetched, if so."""
        if self.asks_for_mfa:
            return "with MFA the AWS CLI's cached keys are used while they last"
        return _NOT_FRESH.get(self.profile.kind or "")

    def check(self) -> None:
        """Raise a ``ProfileError`` if the settings cannot give temporary credentials."""
        if wrong := self._wrong():
            raise ProfileError(wrong)
        for profile in self.chain:
            setting_values.check_profile(*profile, is_source=profile is self.profile)
        if self.sign_in and self.sign_in.session:
            setting_values.check_session(self.sign_in.session, self.sso_sessions)

    def _wrong(self) -> str | None:
        profile, settings = f"profile {self.name!r}", self.profile.settings
        set_up = f"aws configure sso {option('--profile', self.name)}"
        if not self.exists:
            import difflib  # rarely needed

            near = difflib.get_close_matches(self.name, self.profile_names, 1)
            maybe = f", maybe {near[0]!r} is meant" if near else ""
            return f"there is no {profile}{maybe}; list yours with: aws configure list-profiles"
        if self.profile.kind is None:
            if settings.get("aws_access_key_id"):
                keys = "long-term" if self.profile.has_long_term_keys else "static"
                return f"{profile} holds {keys} keys; old tools can use it as it is"
            return f"{profile} does not say how it gets credentials; set it up with: {set_up}"
        missing = [it for it in ("sso_account_id", "sso_role_name") if not settings.get(it)]
        if self.profile.is_sso and missing:
            return f"{profile} has no {' and no '.join(missing)}; complete it with: {set_up}"
        if not self.base.settings:
            last, missing_one = (it.name for it in self.chain[-2:])
            return (
                f"there is no profile {missing_one!r}, the source_profile of {last!r}; mend it "
                f"with: aws configure set source_profile VALUE {option('--profile', last)}"
            )
        return None


class Configuration:
    """The AWS CLI's configuration, given as botocore's ``Session.full_config``."""

    def __init__(self, full_config: Mapping[str, Any]) -> None:
        self.profiles: Mapping[str, Settings] = full_config.get("profiles", {})
        self.sso_sessions: Mapping[str, Settings] = full_config.get("sso_sessions", {})
        self._own: Settings = full_config.get("legacy-sso", {})

    def own_setting(self, key: str) -> str:
        """Return a setting of the ``[legacy-sso]`` section; empty if it is not set."""
        value = self._own.get(key, "")
        if not isinstance(value, str):
            raise ProfileError(f"{key} in [legacy-sso] is an indented block; write it on one line")
        return value

    def profile(self, name: str) -> Profile:
        return Profile(name, self.profiles.get(name, {}))

    def source(self, name: str) -> Source:
        """Return a source profile, whether it exists or not."""
        exists, chain = name in self.profiles, tuple(self._chain(name))
        return Source(name, exists, chain, self.sso_sessions, self.profiles)

    def _chain(self, name: str) -> Iterator[Profile]:
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            profile = self.profile(name)
            yield profile
            following = profile.settings.get("source_profile")
            if not (profile.settings.get("role_arn") and isinstance(following, str) and following):
                return
            # A legacy profile in the chain stands for its source profile: its keys may be old.
            name = self.profile(following).recorded_source or following
