"""Remove legacy profiles, or sign them out: what needs the files and no network."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from ..configuration import Configuration, SignIn, Source
from ..errors import CredentialsFileError, ProfileError, RefusedError
from ..file import credentials_file
from ..file.document import Document
from ..file.section import legacy_profiles, remove, sign_out, standings
from ..legacy_profile import LegacyProfile, swallowing
from .rows import Report, Row


class Conditions(NamedTuple):
    """Which legacy profiles to remove: those of which every given condition is true."""

    names: Sequence[str] = ()
    all: bool = False
    sso_session: str | None = None
    expired: bool = False

    @property
    def are_given(self) -> bool:
        """Tell whether anything was asked for."""
        return bool(self.names or self.all or self.sso_session is not None or self.expired)


def remove_legacy(
    configuration: Configuration,
    paths: Sequence[str],
    conditions: Conditions,
    *,
    signs_out: bool = False,
    dry_run: bool = False,
) -> Report:
    """Remove legacy profiles, or sign them out. Only what this tool wrote is touched.

    A file that cannot be read or written does not stop the rest: its error is in the report.

    Raises:
        ProfileError: a name that is not a legacy profile, a pattern that matches none, or a
            session that is not there.
    """
    texts, unreadable = credentials_file.read_all(paths)
    report = Report(errors=[*unreadable])
    there = [legacy for text in texts.values() for legacy in legacy_profiles(text)]
    if not unreadable:  # or what is named may be in there
        _check(configuration, there, conditions)
    names = {legacy.name for legacy in there}
    # One that has the very name is meant, and not what else would match it.
    literal = [glob.escape(name) if name in names else name for name in conditions.names]
    conditions = conditions._replace(names=literal)
    for path, text in texts.items():
        removal = _Removal(configuration, path, conditions, signs_out, datetime.now(UTC))
        removal.edit(text)
        if any(row.status != "kept" for row in removal.rows) and not dry_run:
            try:
                report.warnings += credentials_file.update(path, removal.edit).warnings
            except CredentialsFileError as error:
                report.errors.append(error)
                continue
        report.rows += removal.rows
        report.errors += removal.refused
    return report


@dataclass
class _Removal:
    """Removes what is chosen from a text, and remembers what that was.

    It chooses anew from each text: under the lock the file may be another than it was before.
    """

    configuration: Configuration
    path: str
    conditions: Conditions
    signs_out: bool
    now: datetime
    rows: list[Row] = field(default_factory=list)
    refused: list[RefusedError] = field(default_factory=list)

    def edit(self, text: Document) -> None:
        kept: list[Row] = []
        done: list[Row] = []
        self.refused = []
        for there in standings(text):
            legacy = there.legacy
            assert legacy, "standings() has no other"
            source = self.configuration.source(legacy.source)
            if not _meets(legacy, source, self.conditions):
                continue
            if there.swallows:
                refusal = swallowing(self.path, legacy.name, there.swallows)
                self.refused.append(RefusedError(refusal))
            elif self.signs_out and source.exists and source.sign_in is None:
                kept.append(Row(legacy.name, source, self.path, "kept"))
            elif self.signs_out:
                sign_out(text, legacy.name, self.now)
                done.append(Row(legacy.name, source, self.path, "signed-out"))
            else:
                remove(text, legacy.name)
                done.append(Row(legacy.name, source, self.path, "removed"))
        self.rows = [*kept, *done]


def _check(
    configuration: Configuration, there: Sequence[LegacyProfile], conditions: Conditions
) -> None:
    session = conditions.sso_session
    if session is not None and session not in configuration.sso_sessions:
        sign_ins = {configuration.source(legacy.source).sign_in for legacy in there}
        if SignIn(session, None) not in sign_ins:
            raise ProfileError(
                f"no legacy profile is of an sso-session {session!r}; "
                "list yours with: aws sso list-legacy"
            )
    for name in conditions.names:
        if not any(legacy.name == name or _matches(legacy.name, name) for legacy in there):
            raise ProfileError(
                f"there is no legacy profile {name!r}; list yours with: aws sso list-legacy"
            )


def _meets(legacy: LegacyProfile, source: Source, conditions: Conditions) -> bool:
    if conditions.names and not any(_matches(legacy.name, name) for name in conditions.names):
        return False
    if conditions.expired and not _is_expired(legacy):
        return False
    session = conditions.sso_session
    return session is None or source.sign_in == SignIn(session, None)


def _is_expired(legacy: LegacyProfile) -> bool:
    return legacy.expiration is not None and legacy.expiration <= datetime.now(UTC)


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)
