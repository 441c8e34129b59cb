"""The private names of botocore that are used: the one file that may know any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.credentials import AssumeRoleProvider, ProcessProvider, RefreshableCredentials


def expiration(credentials: Any) -> datetime | None:
    """Return when fetched botocore credentials expire, in UTC; ``None`` for never.

    botocore has no public name for it; the AWS CLI's own ``export-credentials`` reads the same.
    """
    if not isinstance(credentials, RefreshableCredentials):
        return None
    expiry: datetime = credentials._expiry_time
    return expiry.astimezone(UTC)


def start_processes_with(providers: Iterable[Any], popen: Any) -> None:
    """Have each ``credential_process`` started by ``popen``, also that of a chain's base."""
    for provider in providers:
        if isinstance(provider, ProcessProvider):
            provider._popen = popen
        elif isinstance(provider, AssumeRoleProvider):
            builder = provider._profile_provider_builder
            builder.providers = partial(_providers_of_chain, builder.providers, popen)


def ask_by(providers: Iterable[Any], ask: Callable[[str], str]) -> None:
    """Have MFA codes asked for by ``ask``, which is given the prompt."""
    for provider in providers:
        if isinstance(provider, AssumeRoleProvider):
            provider._prompter = ask


def _providers_of_chain(make: Any, popen: Any, *args: Any, **kwargs: Any) -> Any:
    providers = make(*args, **kwargs)
    start_processes_with(providers, popen)
    return providers
