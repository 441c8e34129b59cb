"""Folders that this package makes: open to their owner alone, never in another user's home."""

from __future__ import annotations

import errno
import os
import pwd
import shlex


class PlaceError(OSError):
    """A file or a folder that must not be used as it is; ``strerror`` is one line for a person.

    ``elsewhere`` tells whether naming another place is the way out.
    """

    def __init__(self, words: str, *, elsewhere: bool = False) -> None:
        super().__init__(errno.EPERM, words)
        self.elsewhere = elsewhere


def make_folder(path: str) -> None:
    """Make a folder, and those above it that are missing, with mode 0700 whatever the umask.

    None is made behind a link, nor by root in another user's folder: that is a ``PlaceError``.
    """
    if os.path.isdir(path):
        return
    if os.path.islink(path):
        raise missing_behind(path, os.path.realpath(path))
    above = os.path.dirname(path) or os.curdir
    make_folder(above)
    check_folder(above)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return  # another process was first; or it is no folder, which opening it will say
    except OSError as error:
        raise not_writable(above, error) from None
    if os.stat(path).st_mode & 0o700 != 0o700:
        os.chmod(path, 0o700)


def check_folder(path: str) -> None:
    """Refuse to let root leave in another user's folder what that user could not use."""
    if os.geteuid() == 0 and os.stat(path).st_uid != 0:
        raise PlaceError(
            f"the folder {path} belongs to another user; run this as that user, without sudo"
        )


def user_name(uid: int) -> str:
    """Return the name of a user; the number where it has none, as in many a container."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def not_writable(folder: str, error: OSError) -> OSError:
    """Return an error in better words if it is the folder that may not be written."""
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return error
    return PlaceError(f"the folder {folder} may not be written ({error.strerror})", elsewhere=True)


def missing_behind(link: str, folder: str) -> PlaceError:
    """Return why a folder that a link leads to is not made: it may be on a drive that is away."""
    return PlaceError(
        f"{link} is a link into {folder}, a folder that is not there; "
        f"mount its drive, or make it with: mkdir -p -m 700 {shlex.quote(folder)}"
    )
