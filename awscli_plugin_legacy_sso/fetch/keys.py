"""From botocore's credentials to ours."""

from __future__ import annotations

from typing import Any

from ..errors import ProfileError
from ..legacy_profile import Credentials
from . import botocore_private


def credentials_of(given: Any) -> Credentials:
    """Turn botocore's credentials into ours, fetching them if they are deferred.

    Raises:
        ProfileError: there are none, or they are long-term keys.
    """
    if given is None:
        raise ProfileError("its settings give no credentials; see: aws configure list")
    frozen = given.get_frozen_credentials()
    if not frozen.token:
        raise ProfileError("it gives long-term keys, which old tools can use as they are")
    return Credentials(
        access_key=frozen.access_key,
        secret_key=frozen.secret_key,
        session_token=frozen.token,
        expiration=botocore_private.expiration(given),
    )
