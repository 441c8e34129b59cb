"""Which profiles to copy, and under which names: configuration in, plan out.

Pure. Everything is decided from the parsed configuration and the text of the credentials files;
nothing is run, asked or fetched to find out what a profile is.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..configuration import Configuration, SignIn
from ..errors import InvalidNameError, LegacySsoError, ProfileError, RefusedError, UsageError
from ..file.document import Document
from ..file.section import (
    Holds,
    legacy_profile,
    legacy_profiles,
    swallowed_line,
    swallowing,
    what_section_holds,
)
from ..legacy_profile import DEFAULT_OUTPUT, RECORD, check_name, is_plain_name, recorded_source

Texts = Mapping[str, Document]  # The credentials files' texts by path, the main one first.


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

    def check(self, configuration: Configuration, text: Document) -> list[str]:
        """Return what a person should know about it.

        Called when planning and again under the lock: the file may have changed in between.

        Raises:
            InvalidNameError: the name cannot be a profile's.
            RefusedError: writing would destroy or shadow what is not ours.
        """
        _check_name(self, text)
        _check_section(self, text)
        warning = _check_shadowing(self, configuration, text)
        warnings = [warning] if warning else []
        if self.name not in text and not is_plain_name(self.name):
            warnings.append(
                f"some tools will not see {self.name!r}: they know only letters, digits and "
                "-_/.%@:+ in a profile's name; choose another one with --output-profile"
            )
        return warnings

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
        recorded = configuration.settings(profile).get(RECORD)
        if legacy:
            source = legacy.source
        elif isinstance(recorded, str):
            source = recorded_source(recorded)
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
        if session is None or configuration.source(refresh.source).sign_in == SignIn(session, None)
    ]


def _same_login(configuration: Configuration, texts: Texts, selection: Selection) -> list[Refresh]:
    """Plan for a profile, and for every legacy profile there is that signs in the same way."""
    first = _named(configuration, texts, selection, selection.profile)
    sign_in = configuration.source(first.source).sign_in
    refreshes = [
        refresh
        for refresh in _renewals(texts, selection)
        if refresh.source == first.source
        or (sign_in is not None and configuration.source(refresh.source).sign_in == sign_in)
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
        configuration.source(refresh.source).check()
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


def _check_name(refresh: Refresh, text: Document) -> None:
    try:
        check_name(refresh.name)
    except InvalidNameError as error:
        if legacy_profile(text, refresh.name) is None:
            raise
        remove = f"aws sso remove-legacy --legacy-profiles {shlex.quote(refresh.name)}"
        raise InvalidNameError(f"{error}, and remove this one with: {remove}") from None


def _check_section(refresh: Refresh, text: Document) -> None:
    holds = what_section_holds(text, refresh.name)
    if line := swallowed_line(text, refresh.name):
        raise RefusedError(swallowing(refresh.path, refresh.name, line))
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
    is_own = name == refresh.source and configuration.source(name).is_sso
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
