"""From botocore's credentials to ours, looked at before anybody uses them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..errors import FetchError, InvalidNameError, ProfileError
from ..legacy_profile import Credentials, check_value
from . import botocore_private


class UnusableError(Exception):
    """What came back gives no credentials. The text says what is wrong with it, without quoting."""


def credentials_of(given: Any) -> Credentials:
    """Turn botocore's credentials into ours, fetching them if they are deferred.

    Raises:
        ProfileError: there are none, or they are long-term keys.
        FetchError: they have expired already.
        UnusableError: they are no text, or text that a credentials file cannot hold.
    """
    if given is None:
        raise ProfileError("its settings give no credentials; see: aws configure list")
    frozen = given.get_frozen_credentials()
    if frozen.token is None:
        raise ProfileError("it gives long-term keys, which old tools can use as they are")
    credentials = Credentials(
        access_key=frozen.access_key,
        secret_key=frozen.secret_key,
        session_token=frozen.token,
        expiration=botocore_private.expiration(given),
    )
    try:
        check_value("its access key", credentials.access_key)
        check_value("its secret key", credentials.secret_key)
        check_value("its session token", credentials.session_token)
    except InvalidNameError as error:
        raise UnusableError(str(error)) from None
    if credentials.expiration and credentials.expiration <= datetime.now(UTC):
        raise expired_on_arrival()
    return credentials


def expired_on_arrival() -> FetchError:
    """Return the error for new keys that have expired already."""
    now = f"{datetime.now(UTC):%H:%M} UTC"
    return FetchError(
        f"its new keys have expired already: is this machine's clock right? it says {now}"
    )
