"""What a legacy profile is, as a section of the credentials file.

A legacy profile is a section of static keys that every AWS tool understands, and a record of where
they came from: ``x_legacy_sso_source``, which also says that the section is ours.

Pure: sections are read from and edited in an :class:`~.document.Document`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from ..errors import InvalidNameError
from .document import Document

RECORD = "x_legacy_sso_source"
EXPIRATION = "x_security_token_expires"
# What stands in place of each key after a sign-out. With no value at all many clients would look
# further and silently use the machine's role; a wrong value is refused loudly everywhere.
SIGNED_OUT = "SIGNED-OUT"

_STATIC_KEYS = ("aws_access_key_id", "aws_secret_access_key")
# boto 2, and Ansible of its time, read the session token under its old name.
_TOKEN_KEYS = ("aws_session_token", "aws_security_token")
_KEYS = _STATIC_KEYS + _TOKEN_KEYS
# The settings that say how a profile gets temporary credentials, in the order the AWS CLI asks.
SOURCE_SETTINGS = (
    "role_arn",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
    "credential_process",
)
_CREDENTIAL_SETTINGS = frozenset((*SOURCE_SETTINGS, "source_profile", "credential_source"))

# Below 0x20, DEL, and what some parsers take for a line's end.
_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


class Credentials(NamedTuple):
    """Temporary credentials. ``expiration`` is in UTC; ``None`` where the source names none."""

    access_key: str
    secret_key: str
    session_token: str
    expiration: datetime | None

    def __repr__(self) -> str:
        return "Credentials(...)"  # wherever they are printed


class LegacyProfile(NamedTuple):
    """A legacy profile as it stands in a file: everything but its keys."""

    name: str
    source: str
    expiration: datetime | None
    signed_out: bool
    tokens_differ: bool


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
        return _from_section(name, text.own(name))
    return None


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
    values[RECORD] = source
    for key, value in values.items():
        _check_value(f"the value of {key} for {name!r}", value)
    text.set(name, values, drop={EXPIRATION} - values.keys())


def sign_out(text: Document, name: str) -> None:
    """Put a word that every service refuses in place of the keys; source and place stay."""
    text.set(name, dict.fromkeys(_KEYS, SIGNED_OUT), drop={EXPIRATION})


def timestamp(moment: datetime) -> str:
    """Return a moment as AWS writes it: RFC 3339, UTC, to the second."""
    # strftime does not pad a year below 1000 everywhere; isoformat does.
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def check_name(name: str) -> None:
    """Refuse a profile name that a section header cannot hold.

    Raises:
        InvalidNameError: it is empty, ``DEFAULT`` (which every section inherits from), has blanks
            at its ends, a ``]`` or a control character.
    """
    _check_value("the profile name", name)
    if name == "DEFAULT":
        raise InvalidNameError("'DEFAULT' cannot be a profile: all others would inherit its keys")
    if "]" in name:
        raise InvalidNameError(f"the profile name {name!a} has a ']' in it; choose another name")


def _check_value(what: str, value: object) -> None:
    # The value itself is quoted only where it is a name: elsewhere it may be a secret.
    if not isinstance(value, str):  # a service's JSON and a nested block of a config hold anything
        raise InvalidNameError(f"{what} is not text")
    if not value:
        raise InvalidNameError(f"{what} is empty")
    if value != value.strip():
        raise InvalidNameError(f"{what} begins or ends with a blank")
    if _CONTROL.search(value):
        raise InvalidNameError(f"{what} has a line break or another control character in it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidNameError(f"{what} is not valid UTF-8") from None


def _from_section(name: str, own: Mapping[str, str]) -> LegacyProfile:
    return LegacyProfile(
        name=name,
        source=own[RECORD],
        expiration=_parse_expiration(own.get(EXPIRATION, "")),
        signed_out=own.get(_KEYS[0]) == SIGNED_OUT,
        tokens_differ=len({own.get(key) for key in _TOKEN_KEYS}) > 1,
    )


def _parse_expiration(value: str) -> datetime | None:
    try:
        expiration = datetime.fromisoformat(value)
        is_aware = expiration.tzinfo is not None
        return expiration.astimezone(UTC) if is_aware else expiration.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
