"""Folders that this package makes: with mode 0700, and never by root in another user's folder."""

from __future__ import annotations

import errno
import os
import pwd
import shlex


class PlaceError(OSError):
    """A file or folder that must not be used as it is; ``strerror`` is one line for a person.

    ``elsewhere`` is true if the person can name another file instead.
    """

    def __init__(self, words: str, *, elsewhere: bool = False) -> None:
        super().__init__(errno.EPERM, words)
        self.elsewhere = elsewhere


def make_folder(path: str) -> None:
    """Make a folder and its missing parents with mode 0700, whatever the umask.

    Refused are broken links and, for root, folders of other users.
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
        return  # another process made it; if it is no folder, opening it fails
    except OSError as error:
        raise not_writable(above, error) from None
    if os.stat(path).st_mode & 0o700 != 0o700:
        os.chmod(path, 0o700)


def check_folder(path: str) -> None:
    """Refuse, for root, a folder of another user: that user could not use what root makes in it."""
    if os.geteuid() == 0 and os.stat(path).st_uid != 0:
        raise PlaceError(
            f"the folder {path} belongs to another user; run this as that user, without sudo"
        )


def user_name(uid: int) -> str:
    """Return a user's name, or the number if there is no name, as in many containers."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def not_writable(folder: str, error: OSError) -> OSError:
    """Return a clearer error if the folder may not be written, else the same error."""
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return error
    return PlaceError(f"the folder {folder} may not be written ({error.strerror})", elsewhere=True)


def missing_behind(link: str, folder: str) -> PlaceError:
    """Return the error for a link to a missing folder, which may be on a drive not yet mounted."""
    return PlaceError(
        f"{link} is a link into {folder}, a folder that is not there; "
        f"mount its drive, or make it with: mkdir -p -m 700 {shlex.quote(folder)}"
    )
