"""The private names of botocore that are used, all of them, each with a slower way that is right.

Nothing here is needed for the result: take a name away, and only time is lost.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_FOREVER_SECONDS = 400 * 365 * 24 * 3600.0
_EXACT_ENOUGH_SECONDS = 0.05


def lend_parsed_files(lender: Any, borrower: Any) -> None:
    """Give a session the configuration that another has already parsed.

    Without it the session parses both files itself.
    """
    if hasattr(borrower, "_config"):
        borrower._config = lender.full_config


def expiration(credentials: Any) -> datetime | None:
    """Return when fetched botocore credentials expire, in UTC to the second; ``None`` for never.

    botocore has no public name for it; the AWS CLI's own ``export-credentials`` reads the same
    private one. Without it, the public question "will a refresh be needed within this many
    seconds?" is asked until the answer is known to the second.
    """
    if hasattr(credentials, "_expiry_time"):
        found = credentials._expiry_time
        return found.astimezone(UTC) if found else None
    if not hasattr(credentials, "refresh_needed"):
        return None
    return _ask_for_expiration(credentials)


def _ask_for_expiration(credentials: Any) -> datetime | None:
    now = datetime.now(UTC)
    needed, not_needed = _FOREVER_SECONDS, 0.0
    if not credentials.refresh_needed(refresh_in=needed):
        return None
    while needed - not_needed > _EXACT_ENOUGH_SECONDS:
        middle = (needed + not_needed) / 2
        if credentials.refresh_needed(refresh_in=middle):
            needed = middle
        else:
            not_needed = middle
    # Services name whole seconds: the nearest one is it.
    return (now + timedelta(seconds=needed + 0.5)).replace(microsecond=0)
