"""A legacy profile as a section of the credentials file: found, written, signed out.

Pure: sections are read from and edited in an :class:`~.document.Document`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum

from ..legacy_profile import (
    EXPIRATION,
    RECORD,
    SIGNED_OUT,
    SOURCE_SETTINGS,
    Credentials,
    LegacyProfile,
    check_name,
    check_value,
    first_line,
    record,
    recorded_source,
    timestamp,
)
from .document import Document

_STATIC_KEYS = ("aws_access_key_id", "aws_secret_access_key")
# boto 2, and Ansible of its time, read the session token under its old name.
_TOKEN_KEYS = ("aws_session_token", "aws_security_token")
_KEYS = _STATIC_KEYS + _TOKEN_KEYS
# What we write. A value of one of these is one line.
_OURS = frozenset((*_KEYS, "region", EXPIRATION, RECORD))
_CREDENTIAL_SETTINGS = frozenset((*SOURCE_SETTINGS, "source_profile", "credential_source"))


class Holds(Enum):
    """What a section of the credentials file holds, as far as writing there is concerned."""

    NOTHING = "nothing of consequence"
    LEGACY_PROFILE = "a legacy profile"
    TEMPORARY_KEYS = "temporary keys of another tool"
    LONG_TERM_KEYS = "long-term keys"
    SETTINGS = "settings that say how to get credentials"


def what_section_holds(text: Document, name: str) -> Holds:
    """Tell what would be lost if a legacy profile were written under this name."""
    own = text.own(name)
    if _CREDENTIAL_SETTINGS & own.keys():
        return Holds.SETTINGS
    if any(own.get(key) for key in _TOKEN_KEYS):
        return Holds.LEGACY_PROFILE if RECORD in own else Holds.TEMPORARY_KEYS
    # We never write keys without a token, so these are somebody's, our record or not.
    if any(own.get(key) for key in _STATIC_KEYS):
        return Holds.LONG_TERM_KEYS
    return Holds.LEGACY_PROFILE if RECORD in own else Holds.NOTHING


def legacy_profiles(text: Document) -> list[LegacyProfile]:
    """Return the legacy profiles in a file, in its order."""
    return [legacy for name in text.sections() if (legacy := legacy_profile(text, name))]


def legacy_profile(text: Document, name: str) -> LegacyProfile | None:
    """Return the legacy profile of this name, if the section is one."""
    if RECORD in text.own(name) and what_section_holds(text, name) is Holds.LEGACY_PROFILE:
        return _from_section(text, name)
    return None


def swallowed_line(text: Document, name: str) -> int | None:
    """Return the number of a line of a section that may be meant as a section of its own."""
    return text.swallowed_line(name, _OURS)


def swallowing(path: str, name: str, line: int) -> str:
    """Return the line for a person about a section that swallows a line of a file."""
    return (
        f"{path}, line {line}: as it is indented, AWS tools read it as a part of section {name!r}; "
        "begin it at column 0, or delete it"
    )


def write(
    text: Document, name: str, source: str, credentials: Credentials, region: str | None
) -> None:
    """Make or renew the legacy profile ``name``. Keys that a person added to it stay.

    Raises:
        InvalidNameError: a name or value that the file cannot hold as it is.
    """
    check_name(name)
    values = {
        "aws_access_key_id": credentials.access_key,
        "aws_secret_access_key": credentials.secret_key,
        **dict.fromkeys(_TOKEN_KEYS, credentials.session_token),
    }
    if region:
        values["region"] = region
    if credentials.expiration:
        values[EXPIRATION] = timestamp(credentials.expiration)
    values[RECORD] = record(source)
    for key, value in values.items():
        check_value(f"the value of {key} for {name!r}", value)
    text.set(name, values, drop={EXPIRATION} - values.keys())


def sign_out(text: Document, name: str) -> None:
    """Put a word that every service refuses in place of the keys; source and place stay."""
    text.set(name, dict.fromkeys(_KEYS, SIGNED_OUT), drop={EXPIRATION})


def _from_section(text: Document, name: str) -> LegacyProfile:
    own = {key: first_line(value) for key, value in text.own(name).items()}
    return LegacyProfile(
        name=name,
        source=recorded_source(own[RECORD]),
        expiration=_parse_expiration(own.get(EXPIRATION, "")),
        signed_out=own.get(_KEYS[0]) == SIGNED_OUT,
        tokens_differ=len({own.get(key) for key in _TOKEN_KEYS}) > 1,
        swallows=swallowed_line(text, name),
    )


def _parse_expiration(value: str) -> datetime | None:
    try:
        expiration = datetime.fromisoformat(value)
        is_aware = expiration.tzinfo is not None
        return expiration.astimezone(UTC) if is_aware else expiration.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
