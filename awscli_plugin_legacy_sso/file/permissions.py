"""Whose a file is, and who else may use it: the new file gets what the old one had, never more.

Deliberately not here: opening files, and what is said when something could not be kept.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat

from ..private_folders import PlaceError

# Said of extended attributes where the file system has none.
_NOT_SUPPORTED = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def check_owner(status: os.stat_result, path: str) -> None:
    """Refuse another user's file: replaced, it would be ours.

    Raises:
        PlaceError: it belongs to another user.
    """
    if status.st_uid != os.geteuid():
        raise PlaceError(f"{path} belongs to another user; only its owner may change it")


def check_writable(status: os.stat_result, path: str) -> None:
    """Refuse what its owner has made read-only: replacing it would go round that.

    Raises:
        PlaceError: it belongs to another user, or its owner may not write it.
    """
    check_owner(status, path)
    if not status.st_mode & stat.S_IWUSR:
        raise PlaceError(f"{path} is read-only; allow it with: chmod u+w {shlex.quote(path)}")


def copy(old: int, new: int) -> list[str]:
    """Give a new file the old one's group, ACL, extended attributes and mode, before its content.

    The new one has mode 0600. If its group or ACL cannot be kept, that is what it stays at.

    Returns:
        The names of what could not be kept.
    """
    status = os.fstat(old)
    lost = []
    if os.fstat(new).st_gid != status.st_gid:
        try:
            os.fchown(new, -1, status.st_gid)
        except OSError:
            lost.append("group")
    lost += _copy_attributes(old, new)
    if not lost:
        try:
            os.fchmod(new, stat.S_IMODE(status.st_mode))
        except OSError:
            lost.append("mode")
    return lost


def _copy_attributes(old: int, new: int) -> list[str]:
    if not hasattr(os, "listxattr"):  # macOS: Python has no way to them there
        return []
    wanted, there = _attributes(old), _attributes(new)
    lost = []
    for name in wanted | there:
        try:
            if name not in wanted:  # an ACL inherited from the folder would let others in
                os.removexattr(new, name)
            elif wanted[name] != there.get(name):
                os.setxattr(new, name, wanted[name])
        except OSError:
            lost.append("ACL" if name.startswith("system.posix_acl") else f"attribute {name}")
    return lost


def _attributes(descriptor: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            return {}
        raise
