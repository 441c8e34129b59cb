"""All private names of botocore that are used; no other module uses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.credentials import AssumeRoleProvider, ProcessProvider, RefreshableCredentials


def expiration(credentials: Any) -> datetime | None:
    """Return when fetched botocore credentials expire, in UTC; ``None`` for never."""
    if not isinstance(credentials, RefreshableCredentials):
        return None
    expiry: datetime = credentials._expiry_time
    return expiry.astimezone(UTC)


def adapt(providers: Sequence[Any], popen: Any, ask: Callable[[str], str]) -> Sequence[Any]:
    """Have each ``credential_process`` started by ``popen``, and MFA codes asked for by ``ask``.

    Also in the providers that an assumed role makes for the profile that its chain starts from.
    """
    for provider in providers:
        if isinstance(provider, ProcessProvider):
            provider._popen = popen
        elif isinstance(provider, AssumeRoleProvider):
            provider._prompter = ask
            builder = provider._profile_provider_builder
            builder.providers = lambda *args, make=builder.providers, **options: adapt(
                make(*args, **options), popen, ask
            )
    return providers
