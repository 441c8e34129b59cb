"""List the legacy profiles in the credentials files: no network, and never a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ..configuration import Configuration
from ..file import credentials_file
from ..file.section import standings
from ..legacy_profile import LegacyProfile, Standing, swallowing
from .rows import Report, Row


def list_legacy(configuration: Configuration, paths: Sequence[str]) -> Report:
    """Describe the legacy profiles in these files, without their keys; name unreadable files."""
    texts, unreadable = credentials_file.read_all(paths)
    report = Report(errors=[*unreadable])
    for path, text in texts.items():
        open_to = credentials_file.is_readable_by_others(path)
        report.rows += [
            _row(configuration, path, there, there.legacy, is_open=open_to)
            for there in standings(text)
            if there.legacy
        ]
    return report


def _row(
    configuration: Configuration,
    path: str,
    there: Standing,
    legacy: LegacyProfile,
    *,
    is_open: bool,
) -> Row:
    source = configuration.source(legacy.source)
    is_live = configuration.profile(legacy.name).kind is not None
    found = {
        f"{path} can be read by others; mend it with: chmod 600 {path}": is_open,
        f"the source profile {source.name!r} is gone": not source.exists,
        "a profile of this name has settings of its own that these keys may take the place of": (
            is_live
        ),
        "aws_session_token and aws_security_token differ; mend it with a refresh": (
            legacy.tokens_differ
        ),
        swallowing(path, legacy.name, there.swallows or 0): there.swallows is not None,
    }
    return Row(
        legacy.name,
        source,
        path,
        _state(legacy),
        expiration=legacy.expiration,
        warnings=[warning for warning, is_so in found.items() if is_so],
    )


def _state(legacy: LegacyProfile) -> str:
    if legacy.signed_out:
        return "signed-out"
    if legacy.expiration is None:
        return "unknown"
    return "valid" if legacy.expiration > datetime.now(UTC) else "expired"
