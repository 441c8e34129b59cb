"""One process at a time: an advisory lock on a small file that stays where it is.

The lock file is never removed: between a removal and a new lock two processes could both hold one.
"""

from __future__ import annotations

import errno
import time

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


def lock(descriptor: int, seconds: float) -> bool:
    """Lock an open file until its descriptor ends, waiting at most ``seconds``.

    Tells whether there are locks at all: some network file systems have none.
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
