"""What a legacy profile is: its names and values, as every room uses them.

A legacy profile is a section of static keys that every AWS tool understands, and a record of where
they came from: ``x_legacy_sso_source``, which also says that the section is ours.

Pure, and without the file: ``file/section.py`` finds and edits the section.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from .errors import InvalidNameError, option

RECORD = "x_legacy_sso_source"
EXPIRATION = "x_security_token_expires"
# What stands in place of each key after a sign-out. With no value at all many clients would look
# further and silently use the machine's role; a wrong value is refused loudly everywhere.
SIGNED_OUT = "SIGNED-OUT"
# The name of a legacy profile where nobody says another.
DEFAULT_OUTPUT = "{profile}-legacy-sso"

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

# What some tools cut a section's name off at, or take for the end of the header.
_NOT_IN_NAMES = re.compile(r"[#;\[\]]")
# Some SDKs see only profiles whose names have nothing else in them.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_/.%@:+-]+")
# What those SDKs for Go may take for a number, and a bit more: `0xbee` and `1e3` are some.
_NUMBER = re.compile(r"[0-9a-fA-FoOxX.+-]+")
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


class Standing(NamedTuple):
    """What stands under one name in a credentials file: a section is asked once."""

    exists: bool = False
    holds: Holds = Holds.NOTHING
    legacy: LegacyProfile | None = None
    # The number of a line that one of its values swallows: see Document.swallowed_line().
    swallows: int | None = None
    # The number of its header's line, if some tools do not see it: see Document.unseen_header().
    unseen: int | None = None

    def is_from(self, source: str) -> bool:
        """Tell whether it is a legacy profile that came from this source profile."""
        return self.legacy is not None and self.legacy.source == source


def remove_command(name: str, credentials_file: str | None = None) -> str:
    """Return the command that removes a legacy profile, in the file that was given, if one was."""
    where = f" {option('--credentials-file', credentials_file)}" if credentials_file else ""
    return f"aws sso remove-legacy {option('--legacy-profiles', name)}{where}"


def swallowing(path: str, name: str, line: int) -> str:
    """Return the line for a person about a section that swallows a line of a file."""
    return (
        f"{path}, line {line}: as it is indented, AWS tools read it as a part of section {name!r}; "
        "begin it at column 0, or delete it"
    )


def record(source: str) -> str:
    """Return the value of ``x_legacy_sso_source`` for a source profile: ``profile dev``.

    In quotes where a word of the name may be read as a number, such as ``e2`` or ``-1``, or has
    another character than most names have: Go SDKs before 1.55 stop at such a word, and then see
    no profile in the file at all.
    """
    value = f"profile {source}"
    # A colon ends a word there.
    is_word = is_plain_name(source) and ":" not in source
    return value if is_word and not _NUMBER.fullmatch(source) else f'"{value}"'


def recorded_source(value: str) -> str:
    """Return the source profile that a record names; older records have the bare name."""
    value = first_line(value)
    if value.startswith('"profile ') and value.endswith('"'):
        value = value[1:-1]
    return value.removeprefix("profile ")


def first_line(value: str) -> str:
    """Return what stands beside a key. Indented lines below may be another section's: see above."""
    return value.partition("\n")[0]


def timestamp(moment: datetime) -> str:
    """Return a moment as AWS writes it: RFC 3339, UTC, to the second."""
    # strftime does not pad a year below 1000 everywhere; isoformat does.
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def check_name(name: str) -> None:
    """Refuse a profile name that a section header cannot hold.

    Raises:
        InvalidNameError: it is empty, ``DEFAULT`` (which every section inherits from), has blanks
            at its ends, a control character, or one that other tools read as a comment or header.
    """
    check_value("the profile name", name)
    if name == "DEFAULT":
        raise InvalidNameError("'DEFAULT' cannot be a profile: all others would inherit its keys")
    if odd := _NOT_IN_NAMES.search(name):
        raise InvalidNameError(
            f"the profile name {name!a} has a {odd[0]!r} in it, which some tools do not read as a "
            "part of it; choose another name with --output-profile"
        )


def is_plain_name(name: str) -> bool:
    """Tell whether every SDK sees a profile of this name."""
    return bool(_PLAIN_NAME.fullmatch(name))


def check_value(what: str, value: object) -> None:
    """Refuse a value that a line of an INI file cannot hold; ``what`` names it in the error.

    Raises:
        InvalidNameError: it is no text, empty, has blanks at its ends or a control character, or
            is no valid UTF-8. The value itself, which may be a secret, is not in the message.
    """
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
