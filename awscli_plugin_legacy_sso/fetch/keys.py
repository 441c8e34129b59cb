"""Keys, and documents of JSON with keys in them, looked at before anybody uses them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from dateutil.parser import parse  # type: ignore[import-untyped]  # botocore brings it along

from ..errors import FetchError, InvalidNameError, ProfileError
from ..legacy_profile import Credentials, check_value
from . import botocore_private


class UnusableError(Exception):
    """What came back gives no credentials. The text says what is wrong with it, without quoting."""


def json_object(content: bytes) -> dict[str, Any] | None:
    """Return the object in a document of JSON; ``None`` if it is no such document."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def has(document: Mapping[str, Any], texts: Iterable[str], times: Iterable[str]) -> bool:
    """Tell whether a document has these members: texts of one line, and times with a zone."""
    values = (document.get(key) for key in texts)
    are_texts = all(isinstance(it, str) and it and it.isprintable() for it in values)
    return are_texts and all(time(document.get(key)) for key in times)


def time(value: Any) -> datetime | None:
    """Return the time that a text names with its zone, as botocore reads it, if it names one."""
    try:
        found: datetime | None = parse(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
    return found if found and found.tzinfo else None


def credentials_of(given: Any) -> Credentials:
    """Turn botocore's credentials into ours, fetching them if they are deferred.

    Raises:
        ProfileError: there are none, or they are long-term keys.
        FetchError: they have expired already.
        UnusableError: they are no text, or text that a credentials file cannot hold.
    """
    if given is None:
        raise ProfileError("its settings give no credentials; see: aws configure list")
    keys = given.get_frozen_credentials()
    if keys.token is None:
        raise ProfileError("it gives long-term keys, which old tools can use as they are")
    try:
        check_value("its access key", keys.access_key)
        check_value("its secret key", keys.secret_key)
        check_value("its session token", keys.token)
    except InvalidNameError as error:
        raise UnusableError(str(error)) from None
    expiration = botocore_private.expiration(given)
    if expiration and expiration <= datetime.now(UTC):
        raise expired_on_arrival()
    return Credentials(keys.access_key, keys.secret_key, keys.token, expiration)


def expired_on_arrival() -> FetchError:
    """Return the error for new keys that have expired already."""
    now = f"{datetime.now(UTC):%H:%M} UTC"
    return FetchError(
        f"its new keys have expired already: is this machine's clock right? it says {now}"
    )
