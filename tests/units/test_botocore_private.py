"""The private names of botocore that the plugin uses exist in the installed botocore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials, DeferredRefreshableCredentials, RefreshableCredentials

from awscli_plugin_legacy_sso.fetch import botocore_private

EXPIRY = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
FETCHED = {
    "access_key": "a",
    "secret_key": "s",
    "token": "t",
    "expiry_time": EXPIRY.isoformat(),
}


@pytest.mark.parametrize(
    ("credentials", "expiration"),
    [
        (RefreshableCredentials("a", "s", "t", EXPIRY, dict, "test"), EXPIRY),
        (DeferredRefreshableCredentials(lambda: FETCHED, "test"), EXPIRY),
        (Credentials("a", "s", "t"), None),
    ],
)
def test_expiration_of_credentials(credentials: Credentials, expiration: datetime | None) -> None:
    """The expiration of fetched credentials is known; keys that do not expire have none."""
    credentials.get_frozen_credentials()

    assert botocore_private.expiration(credentials) == expiration
