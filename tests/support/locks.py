"""A lock on a file, held for a while."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from awscli_plugin_legacy_sso.lock import lock


@contextlib.contextmanager
def exclusive(path: str, seconds: float) -> Iterator[None]:
    """Hold the lock on ``path``, which is created if missing.

    Raises:
        LockTimeoutError: it was not free within ``seconds``.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        lock(descriptor, seconds)
        yield
    finally:
        os.close(descriptor)  # releases the lock
