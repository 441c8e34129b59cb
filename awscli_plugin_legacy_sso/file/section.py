"""A legacy profile as a section of a document: found, written, signed out, removed. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from ..legacy_profile import (
    EXPIRATION,
    RECORD,
    SIGNED_OUT,
    SOURCE_SETTINGS,
    Credentials,
    Holds,
    LegacyProfile,
    Standing,
    check_name,
    check_value,
    first_line,
    record,
    recorded_source,
    timestamp,
)
from .document import Document

# boto 2 and early Ansible read the session token under its old name.
_TOKEN_KEYS = ("aws_session_token", "aws_security_token")
_KEYS = ("aws_access_key_id", "aws_secret_access_key", *_TOKEN_KEYS)
# The keys that we write. Each of their values is one line.
_OURS = frozenset((*_KEYS, "region", EXPIRATION, RECORD))
_CREDENTIAL_SETTINGS = frozenset((*SOURCE_SETTINGS, "source_profile", "credential_source"))


def standing(text: Document, name: str) -> Standing:
    """Tell what stands under a name, and what would be lost if a legacy profile were written."""
    if name not in text:
        return Standing()
    holds = _holds(text, name)
    legacy = _legacy_profile(text, name) if holds is Holds.LEGACY_PROFILE else None
    swallows, unseen = text.swallowed_line(name, _OURS), text.unseen_header(name)
    return Standing(True, holds, legacy, swallows, unseen)


def standings(text: Document) -> list[Standing]:
    """Return the standings of the legacy profiles in a file, in its order."""
    ours = (standing(text, name) for name in text.sections() if RECORD in text.own(name))
    return [there for there in ours if there.legacy]


def legacy_profiles(text: Document) -> list[LegacyProfile]:
    """Return the legacy profiles in a file, in its order."""
    return [there.legacy for there in standings(text) if there.legacy]


def write(
    text: Document, name: str, source: str, credentials: Credentials, region: str | None
) -> None:
    """Make or renew the legacy profile ``name``. Keys that a person added to it stay."""
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


def sign_out(text: Document, name: str, now: datetime) -> None:
    """Put a word that every service refuses in place of the keys; the source's name stays.

    The expiry becomes the time of the sign-out, for tools that show it, unless it is over already.
    """
    own = text.own(name)
    expiration = _parse_expiration(own.get(EXPIRATION, ""))
    over = own[EXPIRATION] if expiration and expiration <= now else timestamp(now)
    text.set(name, {**dict.fromkeys(_KEYS, SIGNED_OUT), EXPIRATION: over})


def remove(text: Document, name: str) -> None:
    """Remove a legacy profile, but keep settings that a person has in that section."""
    if _CREDENTIAL_SETTINGS & text.own(name).keys():
        text.set(name, {}, drop={*_KEYS, EXPIRATION, RECORD})
    else:
        text.remove(name)  # in a section without keys, tools would look for other credentials


def _holds(text: Document, name: str) -> Holds:
    own = text.own(name)
    has_token = bool(own.get("aws_session_token"))
    if RECORD in own and has_token:
        return Holds.LEGACY_PROFILE  # with settings too: --force writes a profile over them
    if _CREDENTIAL_SETTINGS & own.keys():
        return Holds.SETTINGS
    if has_token:
        return Holds.TEMPORARY_KEYS
    # Keys without a token are not ours, even with our record: we always write a token.
    if any(own.get(key) for key in _KEYS):
        return Holds.LONG_TERM_KEYS
    return Holds.LEGACY_PROFILE if RECORD in own else Holds.NOTHING


def _legacy_profile(text: Document, name: str) -> LegacyProfile:
    # Below the first line of a value another section may stand: see swallowed_line().
    own = {key: first_line(value) for key, value in text.own(name).items()}
    signed_out = own.get(_KEYS[0]) == SIGNED_OUT
    return LegacyProfile(
        name=name,
        source=recorded_source(own[RECORD]),
        # A signed-out profile has the time of the sign-out there.
        expiration=None if signed_out else _parse_expiration(own.get(EXPIRATION, "")),
        signed_out=signed_out,
        tokens_differ=len({own.get(key) for key in _TOKEN_KEYS}) > 1,
    )


def _parse_expiration(value: str) -> datetime | None:
    try:
        expiration = datetime.fromisoformat(value)
        return (expiration if expiration.tzinfo else expiration.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
