"""List legacy profiles, remove them, or sign them out. No network is used."""

from __future__ import annotations

import fnmatch
import glob
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from ..configuration import Configuration, SignIn, Source
from ..errors import CredentialsFileError, ProfileError, RefusedError
from ..file import credentials_file
from ..file.document import Document
from ..file.section import legacy_profiles, remove, sign_out, standings
from ..legacy_profile import LegacyProfile, swallowing
from .rows import Report, Row

_SHADOWS = "a profile of this name has settings of its own that these keys may take the place of"
_TOKENS_DIFFER = "aws_session_token and aws_security_token differ; mend it with a refresh"


def list_legacy(configuration: Configuration, paths: Sequence[str]) -> Report:
    """Describe the legacy profiles in these files; a file that cannot be read is an error."""
    texts, unreadable = credentials_file.read_all(paths)
    report = Report(errors=[*unreadable])
    for path, text in texts.items():
        is_open = credentials_file.is_readable_by_others(path)
        for there in standings(text):
            legacy = there.legacy
            assert legacy, "standings() returns legacy profiles only"
            source = configuration.source(legacy.source)
            warnings = []
            if is_open:
                mend = f"chmod 600 {shlex.quote(path)}"
                warnings.append(f"{path} can be read by others; mend it with: {mend}")
            if not source.exists:
                warnings.append(f"the source profile {source.name!r} is gone")
            if configuration.profile(legacy.name).kind:
                warnings.append(_SHADOWS)
            if legacy.tokens_differ:
                warnings.append(_TOKENS_DIFFER)
            if there.swallows:
                warnings.append(swallowing(path, legacy.name, there.swallows))
            state, expiration = _state(legacy), legacy.expiration
            report.rows.append(Row(legacy.name, source, path, state, expiration, warnings=warnings))
    return report


def _state(legacy: LegacyProfile) -> str:
    if legacy.signed_out:
        return "signed-out"
    if legacy.expiration is None:
        return "unknown"
    return "valid" if legacy.expiration > datetime.now(UTC) else "expired"


class Conditions(NamedTuple):
    """Which legacy profiles to remove: those that meet every given condition."""

    names: Sequence[str] = ()
    all: bool = False
    sso_session: str | None = None
    expired: bool = False


def remove_legacy(
    configuration: Configuration,
    paths: Sequence[str],
    conditions: Conditions,
    *,
    signs_out: bool = False,
    dry_run: bool = False,
) -> Report:
    """Remove legacy profiles, or sign them out; no other section is touched.

    A file that cannot be read or written is an error in the report; the other files are edited. A
    condition that cannot match anything raises a ``ProfileError``.
    """
    texts, unreadable = credentials_file.read_all(paths)
    report = Report(errors=[*unreadable])
    there = [legacy for text in texts.values() for legacy in legacy_profiles(text)]
    names = {legacy.name for legacy in there}
    # A profile may be called "a*": that name means this profile only.
    patterns = [glob.escape(name) if name in names else name for name in conditions.names]
    conditions = conditions._replace(names=patterns)
    if not unreadable:  # else the profile may be in that file
        _check(configuration, there, conditions)
    for path, text in texts.items():
        done = Report()
        edit = partial(_edit, done, configuration, path, conditions, signs_out=signs_out)
        edit(text)
        if not dry_run and any(row.status != "kept" for row in done.rows):
            try:
                report.warnings += credentials_file.update(path, edit).warnings
            except CredentialsFileError as error:
                report.errors.append(error)
                continue
        report.rows += done.rows
        report.errors += done.errors
    return report


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
    for pattern in conditions.names:
        if not fnmatch.filter((legacy.name for legacy in there), pattern):
            raise ProfileError(
                f"there is no legacy profile {pattern!r}; list yours with: aws sso list-legacy"
            )


def _edit(
    done: Report,
    configuration: Configuration,
    path: str,
    conditions: Conditions,
    text: Document,
    *,
    signs_out: bool,
) -> None:
    """Edit one file. It is called again under the lock, as the file may have changed since."""
    kept, changed, done.errors = [], [], []
    for there in standings(text):
        legacy = there.legacy
        assert legacy, "standings() returns legacy profiles only"
        source = configuration.source(legacy.source)
        row = Row(legacy.name, source, path, "removed")
        if not _meets(legacy, source, conditions):
            continue
        if there.swallows:
            done.errors.append(RefusedError(swallowing(path, legacy.name, there.swallows)))
        elif signs_out and source.exists and source.sign_in is None:
            kept.append(row._replace(status="kept"))
        elif signs_out:
            sign_out(text, legacy.name, datetime.now(UTC))
            changed.append(row._replace(status="signed-out"))
        else:
            remove(text, legacy.name)
            changed.append(row)
    done.rows = kept + changed


def _meets(legacy: LegacyProfile, source: Source, conditions: Conditions) -> bool:
    names, session = conditions.names, conditions.sso_session
    if names and not any(fnmatch.fnmatchcase(legacy.name, pattern) for pattern in names):
        return False
    if conditions.expired and (not legacy.expiration or legacy.expiration > datetime.now(UTC)):
        return False
    return session is None or source.sign_in == SignIn(session, None)
