"""One process at a time: an advisory lock on a small file that stays where it is.

The lock file is never removed: between a removal and a new lock two processes could both hold one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator

try:
    import fcntl
except ImportError:
    # Every way into this package comes by here, and passes on what is said.
    raise ImportError("Windows is not supported; use the Windows Subsystem for Linux") from None

_POLL_SECONDS = 0.02
# Said of what a file system does not have: locks, the syncing of a folder, extended attributes.
NOT_SUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class LockTimeoutError(TimeoutError):
    """Another process held the lock for the whole time we were ready to wait."""


@contextlib.contextmanager
def exclusive(path: str, seconds: float) -> Iterator[bool]:
    """Hold the lock on ``path``, made with mode 0600 if need be.

    Yields whether there is a lock at all: some network file systems have none.

    Raises:
        LockTimeoutError: it was not free within ``seconds``.
        OSError: the lock file cannot be made or opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock(descriptor, seconds)
    finally:
        os.close(descriptor)  # and with it the lock


def lock(descriptor: int, seconds: float) -> bool:
    """Lock an open file, waiting at most ``seconds``; the descriptor's end is the lock's end.

    Returns:
        Whether the file system has locks at all.

    Raises:
        LockTimeoutError: it was not free in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockTimeoutError from None
            time.sleep(_POLL_SECONDS)
        except OSError as error:
            if error.errno in NOT_SUPPORTED:
                return False
            raise
        else:
            return True
