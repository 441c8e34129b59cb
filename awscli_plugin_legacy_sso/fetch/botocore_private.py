"""The private names of botocore that are used: the one file that may know any."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.credentials import RefreshableCredentials


def expiration(credentials: Any) -> datetime | None:
    """Return when fetched botocore credentials expire, in UTC; ``None`` for never.

    botocore has no public name for it; the AWS CLI's own ``export-credentials`` reads the same.
    """
    if not isinstance(credentials, RefreshableCredentials):
        return None
    expiry: datetime = credentials._expiry_time
    return expiry.astimezone(UTC)
