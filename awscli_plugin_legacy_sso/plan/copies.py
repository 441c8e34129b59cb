"""Which legacy profiles to make or renew: a person's selection comes in, a list of copies goes out.

Here each source profile is asked, once. Pure: everything comes from the parsed configuration and
from the legacy profiles that stand in the files. Whether a copy may be written, and whether it is
due, is not decided here but in ``decide.py``.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..configuration import Configuration, Profile, SignIn, Source
from ..errors import ProfileError, UsageError
from ..legacy_profile import DEFAULT_OUTPUT, LegacyProfile

Written = Mapping[str, Sequence[LegacyProfile]]  # The legacy profiles by file, the main file first.


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
    # The credentials file, where one was given for this run.
    credentials_file: str | None = None
    # A program that hands in a session of its own answers for it.
    any_source: bool = False

    @property
    def of_written(self) -> bool:
        """Tell whether this selects legacy profiles that are there, rather than source profiles."""
        return self.all or self.sso_session is not None


class Copy(NamedTuple):
    """One legacy profile to make or renew."""

    source: Source
    name: str
    path: str
    # What the configuration says under the name of the legacy profile.
    target: Profile
    # The region that a person asked for; else it is the source's own, once.
    region: str | None = None
    is_literal: bool = False
    force: bool = False
    credentials_file: str | None = None
    any_source: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return the file and the name, which no two copies have in common."""
        return self.path, self.name


def plan(configuration: Configuration, written: Written, selection: Selection) -> list[Copy]:
    """Return the copies that a selection asks for, each once.

    Raises:
        ProfileError: an unknown session, or a pattern that matches no source.
        UsageError: two sources would be written to one name.
    """
    if selection.of_written:
        copies = _of_written(configuration, written, selection)
    elif selection.same_login:
        copies = _of_same_login(configuration, written, selection)
    else:
        copies = [
            _of_source(configuration, written, selection, profile)
            for profile in _named_sources(configuration, selection)
        ]
    found: dict[tuple[str, str], Copy] = {}
    for copy in copies:
        other = found.setdefault(copy.key, copy)
        if other.source.name != copy.source.name:
            raise UsageError(
                f"{other.source.name!r} and {copy.source.name!r} would both be written to "
                f"{copy.name!r}; put {{profile}} into --output-profile"
            )
    return list(found.values())


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
            if fnmatch.fnmatchcase(profile, pattern) and configuration.profile(profile).kind
        ]
        if not matches:
            raise ProfileError(
                f"no source profile matches {pattern!r}; "
                "list yours with: aws configure list-profiles"
            )
        found.update(dict.fromkeys(matches))
    return found


def _of_source(
    configuration: Configuration, written: Written, selection: Selection, profile: str
) -> Copy:
    """Plan for one profile named as a source; a legacy profile named so means its own record."""
    path, there = next(iter(written.items()))
    # The file to write need not be the one that the CLI reads.
    recorded = {legacy.name: legacy.source for legacy in there}
    source = recorded.get(profile) or configuration.profile(profile).recorded_source or profile
    if configuration.profile(profile).kind:
        source = profile
    template = selection.output_profile
    if template is None:
        usual = configuration.own_setting("output_profile") or DEFAULT_OUTPUT
        template = usual if source == profile else profile
    name = template.replace("{profile}", source)
    return Copy(
        source=configuration.source(source),
        name=name,
        path=path,
        target=configuration.profile(name),
        region=selection.region,
        is_literal=selection.output_profile == name,
        force=selection.force,
        credentials_file=selection.credentials_file,
        any_source=selection.any_source,
    )


def _of_written(
    configuration: Configuration, written: Written, selection: Selection
) -> Iterable[Copy]:
    """Plan for the legacy profiles that are there, all or of one sign-in session."""
    session = selection.sso_session
    if session is not None and session not in configuration.sso_sessions:
        raise ProfileError(
            f"there is no sso-session {session!r}; make it with: aws configure sso-session"
        )
    for copy in _renewals(configuration, written, selection):
        if session is None or copy.source.sign_in == SignIn(session, None):
            yield copy


def _of_same_login(
    configuration: Configuration, written: Written, selection: Selection
) -> Sequence[Copy]:
    """Plan for a profile, and for every legacy profile there is that signs in the same way."""
    first = _of_source(configuration, written, selection, selection.profile)
    sign_in = first.source.sign_in
    renewals = [
        copy
        for copy in _renewals(configuration, written, selection)
        if copy.source.name == first.source.name
        or (sign_in is not None and copy.source.sign_in == sign_in)
    ]
    is_known = any(
        copy.source.name == first.source.name or copy.key == first.key for copy in renewals
    )
    if is_known or configuration.own_setting("hook_new").lower() in ("no", "false", "off", "0"):
        return renewals
    return [first, *renewals]


def _renewals(
    configuration: Configuration, written: Written, selection: Selection
) -> Iterator[Copy]:
    """Plan for every legacy profile that is there."""
    sources: dict[str, Source] = {}
    for path, there in written.items():
        for legacy in there:
            source = sources.get(legacy.source) or configuration.source(legacy.source)
            sources[legacy.source] = source
            target = configuration.profile(legacy.name)
            yield Copy(
                *(source, legacy.name, path, target, selection.region),
                credentials_file=selection.credentials_file,
            )
