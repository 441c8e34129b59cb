"""Who may use a file: the new one gets what the old one had, never more."""

from __future__ import annotations

import os
import stat

from ..lock import NOT_SUPPORTED


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
        if error.errno in NOT_SUPPORTED:
            return {}
        raise
