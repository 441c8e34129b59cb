"""Look at, remove and sign out legacy profiles: what needs the files and no network."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..configuration import Configuration, SignIn
from ..errors import CredentialsFileError, LegacySsoError, ProfileError, RefusedError
from ..file import credentials_file
from ..file.document import Document
from ..file.section import legacy_profiles, swallowing
from ..file.section import sign_out as sign_out_section
from ..legacy_profile import LegacyProfile, timestamp


@dataclass(frozen=True)
class Choice:
    """Which legacy profiles to remove."""

    names: Sequence[str] = ()
    all: bool = False
    sso_session: str | None = None
    expired: bool = False

    @property
    def is_made(self) -> bool:
        return bool(self.names or self.all or self.sso_session is not None or self.expired)


@dataclass
class Removal:
    """What was removed, as a document and as lines for a person, and what could not be."""

    results: list[Mapping[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[LegacySsoError] = field(default_factory=list)


def list_legacy(
    configuration: Configuration, paths: Sequence[str]
) -> tuple[list[Mapping[str, Any]], list[CredentialsFileError]]:
    """Describe the legacy profiles in these files, without their keys; name unreadable files."""
    texts, unreadable = credentials_file.read_all(paths)
    listed: list[Mapping[str, Any]] = []
    for path, text in texts.items():
        is_open = credentials_file.is_readable_by_others(path)
        listed += [
            _describe(configuration, path, legacy, is_open=is_open)
            for legacy in legacy_profiles(text)
        ]
    return listed, unreadable


def remove_legacy(
    configuration: Configuration,
    paths: Sequence[str],
    choice: Choice,
    *,
    sign_out: bool = False,
    dry_run: bool = False,
) -> Removal:
    """Remove the chosen legacy profiles, or sign them out. Only what this tool wrote is touched.

    A file that cannot be read or written does not stop the rest: its error is in the result.

    Raises:
        ProfileError: a name that is not a legacy profile, a pattern that matches none, or a
            session that is not there.
    """
    texts, unreadable = credentials_file.read_all(paths)
    removal = Removal(errors=list(unreadable))
    if not unreadable:  # or what is named may be in there
        _check_choice(configuration, texts, choice)
    for path, text in texts.items():
        editor = _Editor(configuration, choice, sign_out=sign_out)
        editor.edit(text)
        if editor.done and not dry_run:
            try:
                removal.warnings += credentials_file.update(path, editor.edit).warnings
            except CredentialsFileError as error:
                removal.errors.append(error)
                continue
        removal.errors += [
            RefusedError(swallowing(path, it.name, it.swallows or 0)) for it in editor.refused
        ]
        status = "signed-out" if sign_out else "removed"
        would = "would be " if dry_run else ""
        words = status.replace("-", " ")
        removal.results += [_result(legacy, path, "kept") for legacy in editor.skipped]
        removal.lines += [f"{it.name} kept: no SSO sign-in feeds it" for it in editor.skipped]
        removal.results += [_result(legacy, path, status) for legacy in editor.done]
        removal.lines += [f"{legacy.name} {would}{words} in {path}" for legacy in editor.done]
    if not (removal.lines or removal.errors):
        removal.lines.append("No legacy profile to remove.")
    return removal


@dataclass
class _Editor:
    """Removes what is chosen from a text, and remembers what that was.

    It chooses anew from each text: under the lock the file may be another than it was before.
    """

    configuration: Configuration
    choice: Choice
    sign_out: bool
    done: list[LegacyProfile] = field(default_factory=list)
    skipped: list[LegacyProfile] = field(default_factory=list)
    refused: list[LegacyProfile] = field(default_factory=list)

    def edit(self, text: Document) -> None:
        chosen = _chosen(self.configuration, text, self.choice)
        self.refused = [legacy for legacy in chosen if legacy.swallows]
        self.skipped = [
            legacy
            for legacy in chosen
            if self.sign_out and not _is_signed_in(self.configuration, legacy)
        ]
        left = [*self.skipped, *self.refused]
        self.done = [legacy for legacy in chosen if legacy not in left]
        for legacy in self.done:
            if self.sign_out:
                sign_out_section(text, legacy.name)
            else:
                text.remove(legacy.name)


def _describe(
    configuration: Configuration, path: str, legacy: LegacyProfile, *, is_open: bool
) -> Mapping[str, Any]:
    source = configuration.source(legacy.source)
    sign_in = source.sign_in
    left = legacy.expiration - datetime.now(UTC) if legacy.expiration else None
    return {
        "Profile": legacy.name,
        "SourceProfile": legacy.source,
        "AccountId": source.base.account,
        "RoleName": source.base.role,
        "SsoSession": sign_in.session if sign_in else None,
        "CredentialsFile": path,
        "Expiration": timestamp(legacy.expiration) if legacy.expiration else None,
        "SecondsRemaining": max(0, int(left.total_seconds())) if left else None,
        "State": _state(legacy),
        "Warnings": _warnings(configuration, path, legacy, is_open=is_open),
    }


def _state(legacy: LegacyProfile) -> str:
    if legacy.signed_out:
        return "signed-out"
    if legacy.expiration is None:
        return "unknown"
    return "valid" if legacy.expiration > datetime.now(UTC) else "expired"


def _warnings(
    configuration: Configuration, path: str, legacy: LegacyProfile, *, is_open: bool
) -> list[str]:
    found = {
        f"{path} can be read by others; mend it with: chmod 600 {path}": is_open,
        f"the source profile {legacy.source!r} is gone": (
            legacy.source not in configuration.profiles
        ),
        "a profile of this name has settings of its own that these keys may take the place of": (
            configuration.source_setting(legacy.name) is not None
        ),
        "aws_session_token and aws_security_token differ; mend it with a refresh": (
            legacy.tokens_differ
        ),
        swallowing(path, legacy.name, legacy.swallows or 0): legacy.swallows is not None,
    }
    return [warning for warning, is_so in found.items() if is_so]


def _check_choice(
    configuration: Configuration, texts: Mapping[str, Document], choice: Choice
) -> None:
    session = choice.sso_session
    is_used = any(
        _chosen(configuration, text, Choice(sso_session=session)) for text in texts.values()
    )
    if session is not None and session not in configuration.sso_sessions and not is_used:
        raise ProfileError(
            f"no legacy profile is of an sso-session {session!r}; "
            "list yours with: aws sso list-legacy"
        )
    there = {legacy.name for text in texts.values() for legacy in legacy_profiles(text)}
    for name in choice.names:
        if name not in there and not fnmatch.filter(there, name):
            raise ProfileError(
                f"there is no legacy profile {name!r}; list yours with: aws sso list-legacy"
            )


def _chosen(configuration: Configuration, text: Document, choice: Choice) -> list[LegacyProfile]:
    """Return the legacy profiles that every given condition is true of."""
    now = datetime.now(UTC)
    return [
        legacy
        for legacy in legacy_profiles(text)
        if (not choice.names or any(_matches(legacy.name, name) for name in choice.names))
        and (not choice.expired or (legacy.expiration is not None and legacy.expiration <= now))
        and (
            choice.sso_session is None
            or configuration.source(legacy.source).sign_in == SignIn(choice.sso_session, None)
        )
    ]


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatch.fnmatchcase(name, pattern)


def _is_signed_in(configuration: Configuration, legacy: LegacyProfile) -> bool:
    """Tell whether an SSO sign-in feeds it. Of a source that is gone nobody can say no."""
    source = configuration.source(legacy.source)
    return not source.exists or source.sign_in is not None


def _result(legacy: LegacyProfile, path: str, status: str) -> Mapping[str, Any]:
    return {
        "Profile": legacy.name,
        "SourceProfile": legacy.source,
        "CredentialsFile": path,
        "Status": status,
    }
