"""What a legacy profile is: its names and values. Pure; ``file/section.py`` edits the file.

A legacy profile is a section of static keys that every AWS tool understands. Its setting
``x_legacy_sso_source`` names the source profile, and says that this package wrote the section.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum, auto
from typing import NamedTuple

from .errors import InvalidNameError, option

RECORD = "x_legacy_sso_source"
EXPIRATION = "x_security_token_expires"
# The value of each key after a sign-out. Without any value many clients would look further and use
# the machine's role without a word; every service refuses a wrong value.
SIGNED_OUT = "SIGNED-OUT"
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

# Some tools end a section's name, or the header, at one of these characters.
_NOT_IN_NAMES = re.compile(r"[#;\[\]]")
# Some SDKs see only profiles whose names consist of these characters.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_/.%@:+-]+")
# What Go SDKs before 1.55 may read as a number (and a bit more), such as `0xbee` and `1e3`.
_NUMBER = re.compile(r"[0-9a-fA-FoOxX.+-]+")
# Characters below 0x20, DEL, and what some parsers read as a line break.
_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


class Credentials(NamedTuple):
    """Temporary credentials. ``expiration`` is in UTC; ``None`` if the source does not say it."""

    access_key: str
    secret_key: str
    session_token: str
    expiration: datetime | None

    def __repr__(self) -> str:
        return "Credentials(...)"  # so that no log or traceback shows the keys


class LegacyProfile(NamedTuple):
    """A legacy profile as a file has it, without its keys."""

    name: str
    source: str
    expiration: datetime | None
    signed_out: bool = False
    tokens_differ: bool = False


class Holds(Enum):
    """What a section of the credentials file holds; it decides whether writing there is allowed."""

    NOTHING = auto()
    LEGACY_PROFILE = auto()
    TEMPORARY_KEYS = auto()  # of another tool
    LONG_TERM_KEYS = auto()
    SETTINGS = auto()  # that say how to get credentials


class Standing(NamedTuple):
    """What a credentials file has under one name."""

    exists: bool = False
    holds: Holds = Holds.NOTHING
    legacy: LegacyProfile | None = None
    swallows: int | None = None  # the line number from Document.swallowed_line()
    unseen: int | None = None  # the line number from Document.unseen_header()

    def is_from(self, source: str) -> bool:
        """Tell whether it is a legacy profile of this source profile."""
        return self.legacy is not None and self.legacy.source == source


def remove_command(name: str, credentials_file: str | None = None) -> str:
    """Return the command that removes a legacy profile."""
    where = f" {option('--credentials-file', credentials_file)}" if credentials_file else ""
    return f"aws sso remove-legacy {option('--legacy-profiles', name)}{where}"


def swallowing(path: str, name: str, line: int) -> str:
    """Return the message for :attr:`Standing.swallows`."""
    return (
        f"{path}, line {line}: as it is indented, AWS tools read it as a part of section {name!r}; "
        "begin it at column 0, or delete it"
    )


def record(source: str) -> str:
    """Return the value of ``x_legacy_sso_source`` for a source profile: ``profile dev``.

    It is quoted if a word of the name may be read as a number, such as ``e2`` or ``-1``, or has an
    unusual character: Go SDKs before 1.55 stop at such a word and then see no profile in the file.
    """
    value = f"profile {source}"
    is_word = is_plain_name(source) and ":" not in source  # those SDKs end a word at a colon
    return value if is_word and not _NUMBER.fullmatch(source) else f'"{value}"'


def recorded_source(value: str) -> str:
    """Return the source profile that a record names; older records have the bare name."""
    value = first_line(value)
    if value.startswith('"profile ') and value.endswith('"'):
        value = value[1:-1]
    return value.removeprefix("profile ")


def first_line(value: str) -> str:
    """Return a value without the indented lines below it, which may be another section."""
    return value.partition("\n")[0]


def timestamp(moment: datetime) -> str:
    """Return a moment as AWS writes it: RFC 3339, UTC, to the second."""
    # isoformat() pads a year below 1000 on every system; strftime() does not.
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def check_name(name: str) -> None:
    """Raise an ``InvalidNameError`` for a profile name that some tool does not read as it is."""
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
    """Raise an ``InvalidNameError`` for a value that one line of an INI file cannot hold.

    The error has ``what``, and never the value, which may be a secret.
    """
    if not isinstance(value, str):  # the JSON of a service, or a nested block of a config
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
