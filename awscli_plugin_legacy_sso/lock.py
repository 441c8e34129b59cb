"""One process at a time: an advisory lock on an open file or folder.

A lock file is never removed while others may use it: between a removal and a new lock, two
processes could each hold a lock.
"""

from __future__ import annotations

import errno
import time

try:
    import fcntl
except ImportError:  # every entry point of this package imports this module and shows the message
    raise ImportError("Windows is not supported; use the Windows Subsystem for Linux") from None

_POLL_SECONDS = 0.02
# What a file system answers that lacks a feature: locks, syncing a folder, extended attributes.
NOT_SUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class LockTimeoutError(TimeoutError):
    """Another process held the lock for the whole time that this one waited."""


def lock(descriptor: int, seconds: float) -> bool:
    """Lock an open file until its descriptor is closed, waiting at most ``seconds``.

    Returns ``False`` where the file system has no locks, as some network file systems.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockTimeoutError from None
            time.sleep(_POLL_SECONDS)
        except OSError as error:
            if error.errno in NOT_SUPPORTED:
                return False
            raise
