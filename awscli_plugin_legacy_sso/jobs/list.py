"""List the legacy profiles in the credentials files, without their keys. No network is used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ..configuration import Configuration
from ..file import credentials_file
from ..file.section import standings
from ..legacy_profile import LegacyProfile, swallowing
from .rows import Report, Row


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
                warnings += [f"{path} can be read by others; mend it with: chmod 600 {path}"]
            if not source.exists:
                warnings += [f"the source profile {source.name!r} is gone"]
            if configuration.profile(legacy.name).kind:
                warnings += [
                    "a profile of this name has settings of its own that these keys may take the "
                    "place of"
                ]
            if legacy.tokens_differ:
                warnings += [
                    "aws_session_token and aws_security_token differ; mend it with a refresh"
                ]
            if there.swallows:
                warnings += [swallowing(path, legacy.name, there.swallows)]
            state, expiration = _state(legacy), legacy.expiration
            report.rows.append(Row(legacy.name, source, path, state, expiration, warnings=warnings))
    return report


def _state(legacy: LegacyProfile) -> str:
    if legacy.signed_out:
        return "signed-out"
    if legacy.expiration is None:
        return "unknown"
    return "valid" if legacy.expiration > datetime.now(UTC) else "expired"
