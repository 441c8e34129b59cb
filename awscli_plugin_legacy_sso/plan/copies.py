"""Which legacy profiles to make or renew: a selection comes in, a list of copies goes out. Pure.

``decide.py`` decides whether a copy may be written, and whether it is due.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..configuration import Configuration, Profile, SignIn, Source
from ..errors import ProfileError, UsageError
from ..legacy_profile import DEFAULT_OUTPUT, LegacyProfile

Written = Mapping[str, Sequence[LegacyProfile]]  # the legacy profiles by file, the main file first


class Selection(NamedTuple):
    """What a person asked to have refreshed: the options of ``aws sso refresh-legacy``."""

    profile: str
    source_profiles: Sequence[str] = ()
    all: bool = False
    sso_session: str | None = None
    same_login: bool = False
    output_profile: str | None = None
    region: str | None = None
    force: bool = False
    credentials_file: str | None = None  # as given for this run
    any_source: bool = False  # take the keys of a program's own session, whatever the profile says

    @property
    def of_written(self) -> bool:
        """Whether it selects legacy profiles that exist, rather than source profiles."""
        return self.all or self.sso_session is not None


class Copy(NamedTuple):
    """One legacy profile to make or renew."""

    source: Source
    name: str
    path: str
    target: Profile  # what the configuration says under the name of the legacy profile
    selection: Selection

    @property
    def is_literal(self) -> bool:
        """Whether the person gave this very name."""
        return self.selection.output_profile == self.name

    @property
    def key(self) -> tuple[str, str]:
        return self.path, self.name


def plan(configuration: Configuration, written: Written, selection: Selection) -> list[Copy]:
    """Return the copies that a selection asks for, each once."""
    session = selection.sso_session
    if session is not None and session not in configuration.sso_sessions:
        raise ProfileError(
            f"there is no sso-session {session!r}; make it with: aws configure sso-session"
        )
    renewals = (  # made only where they are selected
        Copy(
            configuration.source(it.source),
            it.name,
            path,
            configuration.profile(it.name),
            selection,
        )
        for path, there in written.items()
        for it in there
    )
    copies: Iterable[Copy]
    if session is not None:
        copies = [it for it in renewals if it.source.sign_in == SignIn(session, None)]
    elif selection.all:
        copies = renewals
    elif selection.same_login:
        first = _of_source(configuration, written, selection, selection.profile)
        copies = _of_same_login(configuration, first, renewals)
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
        matches = [pattern]
        if pattern not in configuration.profiles and set("*?[") & set(pattern):
            names = fnmatch.filter(configuration.profiles, pattern)
            matches = [name for name in names if configuration.profile(name).kind]
        if not matches:
            how = "list yours with: aws configure list-profiles"
            raise ProfileError(f"no source profile matches {pattern!r}; {how}")
        found.update(dict.fromkeys(matches))
    return found


def _of_source(
    configuration: Configuration, written: Written, selection: Selection, profile: str
) -> Copy:
    """Return the copy of a profile; a legacy profile stands for the source in its record."""
    path, there = next(iter(written.items()))
    source, named = profile, configuration.profile(profile)
    if not named.kind:
        # The file to write may be another one than the CLI reads.
        recorded = {legacy.name: legacy.source for legacy in there}
        source = recorded.get(profile) or named.recorded_source or profile
    template = selection.output_profile
    if template is None:
        usual = configuration.own_setting("output_profile") or DEFAULT_OUTPUT
        template = usual if source == profile else profile
    name = template.replace("{profile}", source)
    return Copy(configuration.source(source), name, path, configuration.profile(name), selection)


def _of_same_login(
    configuration: Configuration, first: Copy, renewals: Iterable[Copy]
) -> list[Copy]:
    """Return the copies that sign in as the first one does, with the first if it is allowed."""
    source = first.source
    same = [
        copy
        for copy in renewals
        if copy.source.name == source.name
        or (source.sign_in is not None and copy.source.sign_in == source.sign_in)
    ]
    is_known = any(copy.source.name == source.name or copy.key == first.key for copy in same)
    if is_known or configuration.own_setting("hook_new").lower() in ("no", "false", "off", "0"):
        return same
    return [first, *same]
