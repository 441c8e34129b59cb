"""Which profiles to copy, and under which names: configuration in, plan out.

Pure. Everything is decided from the parsed configuration and the text of the credentials files;
nothing is run, asked or fetched to find out what a profile is.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import LegacySsoError, ProfileError, RefusedError, UsageError
from ..file.document import Document
from ..file.legacy_profile import (
    RECORD,
    SOURCE_SETTINGS,
    Holds,
    check_name,
    legacy_profile,
    legacy_profiles,
    what_section_holds,
)

DEFAULT_OUTPUT = "{profile}-legacy-sso"
_SSO_SETTINGS = frozenset(("sso_session", "sso_start_url", "sso_account_id", "sso_role_name"))
_NOT_FRESH = {
    "credential_process": "credential_process may hand out keys it has had for a while",
    "login_session": "keys of a login_session live 15 minutes at most",
}

Settings = Mapping[str, Any]
Texts = Mapping[str, Document]  # The credentials files' texts by path, the main one first.


# Named tuples, as in the other modules that each refresh imports: to make a class of a frozen
# dataclass takes five times as long.
class SignIn(NamedTuple):
    """One sign-in to IAM Identity Center: an ``[sso-session]``, or an inline start URL."""

    session: str | None
    start_url: str | None

    def login_command(self, profile: str) -> str:
        """Return the command that signs in again."""
        if self.session:
            return f"aws sso login --sso-session {shlex.quote(self.session)}"
        return f"aws sso login --profile {shlex.quote(profile)}"


class Configuration:
    """The AWS CLI's configuration as botocore's ``Session.full_config`` has it."""

    def __init__(self, full_config: Mapping[str, Any]) -> None:
        self.profiles: Mapping[str, Settings] = full_config.get("profiles", {})
        self.sso_sessions: Mapping[str, Settings] = full_config.get("sso_sessions", {})
        self._own: Settings = full_config.get("legacy-sso", {})

    def own_setting(self, key: str) -> str:
        """Return a setting of the ``[legacy-sso]`` section; empty where it is not set.

        Raises:
            ProfileError: it is an indented block.
        """
        value = self._own.get(key, "")
        if not isinstance(value, str):
            raise ProfileError(f"{key} in [legacy-sso] is an indented block; write it on one line")
        return value

    def settings(self, profile: str) -> Settings:
        return self.profiles.get(profile, {})

    def source_setting(self, profile: str) -> str | None:
        """Return the setting by which a profile says how it gets temporary credentials."""
        settings = self.settings(profile)
        return next((setting for setting in SOURCE_SETTINGS if settings.get(setting)), None)

    def is_sso(self, profile: str) -> bool:
        """Tell whether a profile takes its own credentials from IAM Identity Center."""
        return self.source_setting(profile) in _SSO_SETTINGS

    def chain(self, profile: str) -> Iterator[str]:
        """Yield a profile, its ``source_profile``, and so on."""
        seen: set[str] = set()
        link: Any = profile
        while isinstance(link, str) and link and link not in seen:
            seen.add(link)
            yield link
            settings = self.settings(link)
            link = settings.get("source_profile") if settings.get("role_arn") else None

    def signing_in(self, profile: str) -> str:
        """Return the profile that a person signs in with: this one, or one its chain comes to."""
        signs_in = (
            link
            for link in self.chain(profile)
            if self.is_sso(link) or self.source_setting(link) == "login_session"
        )
        return next(signs_in, profile)

    def sign_in(self, profile: str) -> SignIn | None:
        """Return the SSO sign-in that feeds a profile, found by following ``source_profile``."""
        link = self.signing_in(profile)
        if not self.is_sso(link):
            return None
        settings = self.settings(link)
        session = settings.get("sso_session")
        return SignIn(session, None if session else settings.get("sso_start_url"))

    def asks_for_mfa(self, profile: str) -> bool:
        """Tell whether new keys take an MFA code."""
        return any(self.settings(link).get("mfa_serial") for link in self.chain(profile))

    def what_it_takes(self, profile: str) -> str | None:
        """Return what new keys may take of a person again soon, beside an SSO sign-in."""
        if self.asks_for_mfa(profile):
            return "an MFA code"
        has_login = self.source_setting(self.signing_in(profile)) == "login_session"
        return "another aws login" if has_login else None

    def why_not_fresh(self, profile: str) -> str | None:
        """Return why a profile's credentials may have less than their full time left, if so."""
        if self.asks_for_mfa(profile):
            return "with MFA the AWS CLI's cached keys are used while they last"
        return _NOT_FRESH.get(self.source_setting(profile) or "")

    def check_source(self, profile: str) -> None:
        """Refuse a profile that does not itself say how it gets temporary credentials.

        Raises:
            ProfileError: it is not there, holds long-term keys, or says nothing.
        """
        settings = self.settings(profile)
        if profile not in self.profiles:
            raise ProfileError(
                f"there is no profile {profile!r}; list yours with: aws configure list-profiles"
            )
        setting = self.source_setting(profile)
        if setting is None and settings.get("aws_access_key_id"):
            kind = "static" if settings.get("aws_session_token") else "long-term"
            raise ProfileError(
                f"profile {profile!r} holds {kind} keys; old tools can use it as it is"
            )
        if setting is None:
            raise ProfileError(
                f"profile {profile!r} does not say how it gets credentials; "
                f"set it up with: aws configure sso --profile {shlex.quote(profile)}"
            )
        nested = [key for key, value in settings.items() if isinstance(value, Mapping)]
        if broken := {*SOURCE_SETTINGS, "source_profile"}.intersection(nested):
            raise ProfileError(
                f"profile {profile!r} has an indented block under {min(broken)}, not a value; "
                f"mend it with: aws configure set {min(broken)} VALUE "
                f"--profile {shlex.quote(profile)}"
            )
        missing = [key for key in ("sso_account_id", "sso_role_name") if not settings.get(key)]
        if setting in _SSO_SETTINGS and missing:
            raise ProfileError(
                f"profile {profile!r} has no {' and no '.join(missing)}; "
                f"complete it with: aws configure sso --profile {shlex.quote(profile)}"
            )


class Selection(NamedTuple):
    """What a person asked to have refreshed; the table of ``aws sso refresh-legacy help``."""

    profile: str
    source_profiles: Sequence[str] = ()
    all: bool = False
    sso_session: str | None = None
    same_login: bool = False
    output_profile: str | None = None
    region: str | None = None
    force: bool = False
    # A program that hands in a session of its own answers for it.
    any_source: bool = False

    @property
    def of_written(self) -> bool:
        """Tell whether this selects legacy profiles that are there, rather than source profiles."""
        return self.all or self.sso_session is not None


class Refresh(NamedTuple):
    """One legacy profile to make or renew, or the reason why it cannot be."""

    source: str
    name: str
    path: str
    region: str | None = None
    is_literal: bool = False
    force: bool = False
    error: LegacySsoError | None = None

    def check(self, configuration: Configuration, text: Document) -> str | None:
        """Return a warning to print if there is one.

        Called when planning and again under the lock: the file may have changed in between.

        Raises:
            InvalidNameError: the name cannot be a profile's.
            RefusedError: writing would destroy or shadow what is not ours.
        """
        check_name(self.name)
        _check_section(self, what_section_holds(text, self.name))
        return _check_shadowing(self, configuration, text)

    def renews(self, text: Document) -> bool:
        """Tell whether the legacy profile is there already, from the same source."""
        there = legacy_profile(text, self.name)
        return there is not None and there.source == self.source


def plan(configuration: Configuration, texts: Texts, selection: Selection) -> list[Refresh]:
    """Decide what to refresh; nothing of it is checked against the files yet.

    Raises:
        ProfileError: an unknown session, or a pattern that matches no source.
        UsageError: two sources would be written to one name.
    """
    if selection.of_written:
        refreshes = _written(configuration, texts, selection)
    elif selection.same_login:
        refreshes = _same_login(configuration, texts, selection)
    else:
        refreshes = [
            _named(configuration, texts, selection, profile)
            for profile in _named_sources(configuration, selection)
        ]
    _refuse_two_for_one(refreshes)
    if selection.any_source:
        return refreshes
    return [
        _with_source_checked(configuration, texts[refresh.path], refresh) for refresh in refreshes
    ]


def _named_sources(configuration: Configuration, selection: Selection) -> Iterable[str]:
    if not selection.source_profiles:
        return [selection.profile]
    found: dict[str, None] = {}
    for pattern in selection.source_profiles:
        if pattern in configuration.profiles or not set("*?[") & set(pattern):
            found[pattern] = None
            continue
        matches = [
            profile
            for profile in configuration.profiles
            if fnmatch.fnmatchcase(profile, pattern) and configuration.source_setting(profile)
        ]
        if not matches:
            raise ProfileError(
                f"no source profile matches {pattern!r}; "
                "list yours with: aws configure list-profiles"
            )
        found.update(dict.fromkeys(matches))
    return found


def _named(
    configuration: Configuration, texts: Texts, selection: Selection, profile: str
) -> Refresh:
    """Plan for one profile named as a source; a legacy profile named so means its own record."""
    path, text = next(iter(texts.items()))
    source = profile
    if configuration.source_setting(profile) is None:
        legacy = legacy_profile(text, profile)
        # The file to write need not be the one that the CLI reads.
        recorded = legacy.source if legacy else configuration.settings(profile).get(RECORD)
        source = recorded if isinstance(recorded, str) else profile
    template = selection.output_profile
    if template is None:
        usual = configuration.own_setting("output_profile") or DEFAULT_OUTPUT
        template = usual if source == profile else profile
    name = template.replace("{profile}", source)
    return Refresh(
        source=source,
        name=name,
        path=path,
        region=_region(configuration, text, selection, source, name),
        is_literal=selection.output_profile == name,
        force=selection.force,
    )


def _written(configuration: Configuration, texts: Texts, selection: Selection) -> list[Refresh]:
    """Plan for the legacy profiles that are there, all or of one sign-in session."""
    session = selection.sso_session
    if session is not None and session not in configuration.sso_sessions:
        raise ProfileError(
            f"there is no sso-session {session!r}; make it with: aws configure sso-session"
        )
    return [
        refresh
        for refresh in _renewals(texts, selection)
        if session is None or configuration.sign_in(refresh.source) == SignIn(session, None)
    ]


def _same_login(configuration: Configuration, texts: Texts, selection: Selection) -> list[Refresh]:
    """Plan for a profile, and for every legacy profile there is that signs in the same way."""
    first = _named(configuration, texts, selection, selection.profile)
    sign_in = configuration.sign_in(first.source)
    refreshes = [
        refresh
        for refresh in _renewals(texts, selection)
        if refresh.source == first.source
        or (sign_in is not None and configuration.sign_in(refresh.source) == sign_in)
    ]
    is_known = any(
        refresh.source == first.source or (refresh.path, refresh.name) == (first.path, first.name)
        for refresh in refreshes
    )
    if is_known or configuration.own_setting("hook_new").lower() in ("no", "false", "off", "0"):
        return refreshes
    return [first, *refreshes]


def _renewals(texts: Texts, selection: Selection) -> Iterator[Refresh]:
    """Plan for every legacy profile that is there."""
    for path, text in texts.items():
        for legacy in legacy_profiles(text):
            # A region there would win over the configured one in the CLI itself.
            region = None if legacy.name == legacy.source else selection.region
            yield Refresh(legacy.source, legacy.name, path, region=region)


def _region(
    configuration: Configuration, text: Document, selection: Selection, source: str, name: str
) -> str | None:
    """Return the region to write: once the section is made, the region in it is the person's."""
    if name == source:
        return None  # as for renewals
    if selection.region:
        return selection.region
    if name in text or configuration.settings(name).get("region"):
        return None
    return configuration.settings(source).get("region")


def _with_source_checked(configuration: Configuration, text: Document, refresh: Refresh) -> Refresh:
    try:
        if refresh.source not in configuration.profiles and refresh.renews(text):
            raise ProfileError(
                f"there is no profile {refresh.source!r} any more; remove what came of it with: "
                f"aws sso remove-legacy --legacy-profiles {shlex.quote(refresh.name)}"
            )
        configuration.check_source(refresh.source)
    except ProfileError as error:
        return refresh._replace(error=error)
    return refresh


def _refuse_two_for_one(refreshes: Iterable[Refresh]) -> None:
    sources: dict[tuple[str, str], str] = {}
    for refresh in refreshes:
        other = sources.setdefault((refresh.path, refresh.name), refresh.source)
        if other != refresh.source:
            raise UsageError(
                f"{other!r} and {refresh.source!r} would both be written to {refresh.name!r}; "
                "put {profile} into --output-profile"
            )


def _check_section(refresh: Refresh, holds: Holds) -> None:
    if holds is Holds.LONG_TERM_KEYS and not (refresh.force and refresh.is_literal):
        raise RefusedError(
            f"section {refresh.name!r} of {refresh.path} holds long-term keys, maybe their only "
            "copy; choose another name with --output-profile, or overwrite them for good with: "
            f"--output-profile {shlex.quote(refresh.name)} --force"
        )
    if holds is Holds.SETTINGS and not refresh.force:
        raise RefusedError(
            f"section {refresh.name!r} of {refresh.path} says itself how to get credentials; "
            "choose another name with --output-profile, or write there all the same with --force"
        )


def _check_shadowing(refresh: Refresh, configuration: Configuration, text: Document) -> str | None:
    """Refuse a name under which static keys would take the place of a profile that works.

    In the CLI they do so for ``credential_process`` and ``login_session`` profiles and for role
    profiles used as a ``source_profile``; in the SDKs for JavaScript and Go for SSO profiles too.
    """
    name = refresh.name
    if not _is_live(configuration, text, name):
        return None
    is_own = name == refresh.source and configuration.is_sso(name)
    if is_own and refresh.is_literal:
        return (
            f"{name!r} is the source profile too: the SDKs for JavaScript and Go "
            "will use these keys in its place, also when they have expired"
        )
    # What is there already takes that place whether it is renewed or not: better renewed.
    is_renewal = refresh.renews(text)
    if is_own and is_renewal:
        return None  # it was said when the person asked for it
    if refresh.force or is_renewal:
        return f"{name!r} is a profile of its own: these keys may take its place"
    raise RefusedError(
        f"{name!r} is a profile of its own, and static keys under its name would take its place; "
        "choose another name with --output-profile"
    )


def _is_live(configuration: Configuration, text: Document, name: str) -> bool:
    settings = configuration.settings(name)
    # Long-term keys that are not in this credentials file stand in the config file or another one.
    has_keys_elsewhere = (
        name not in text
        and bool(settings.get("aws_access_key_id"))
        and not settings.get("aws_session_token")
    )
    return configuration.source_setting(name) is not None or has_keys_elsewhere
