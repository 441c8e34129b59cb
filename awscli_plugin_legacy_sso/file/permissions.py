"""Who may use a file: the new one gets what the old one had, never more."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from ..lock import NOT_SUPPORTED


def copy(old: int, new: int) -> list[str]:
    """Give a new file the group, ACL, extended attributes and mode of the old one.

    Called before the new one has content. It has mode 0600, and stays at that if anything else
    cannot be kept; the names of those are returned.
    """
    lost: list[str] = []

    def keep(what: str, function: Callable[..., None], *arguments: object) -> None:
        try:
            function(new, *arguments)
        except OSError:
            lost.append(what)

    status = os.fstat(old)
    if os.fstat(new).st_gid != status.st_gid:
        keep("group", os.fchown, -1, status.st_gid)
    wanted, there = _attributes(old), _attributes(new)
    for name in wanted | there:
        what = "ACL" if name.startswith("system.posix_acl") else f"attribute {name}"
        if name not in wanted:  # an ACL inherited from the folder would let others in
            keep(what, os.removexattr, name)
        elif wanted[name] != there.get(name):
            keep(what, os.setxattr, name, wanted[name])
    if not lost:
        keep("mode", os.fchmod, stat.S_IMODE(status.st_mode))
    return lost


def _attributes(descriptor: int) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):  # macOS: Python has no way to them there
        return {}
    try:
        return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    except OSError as error:
        if error.errno in NOT_SUPPORTED:
            return {}
        raise
