"""The open folder of a file, and the files in it: the file, its lock and its temporary file.

They are reached by the folder's descriptor: one folder for all, even if it is renamed meanwhile.
Our own files must be regular files of this user, and no links. Errors are OSErrors.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..lock import NOT_SUPPORTED
from ..private_folders import PlaceError, make_folder, missing_behind, not_writable, user_name

_POLL_SECONDS = 0.002
_SETTLE_POLLS = 100  # 0.2 s
_MOST_POLLS = 500


class Seen(NamedTuple):
    """A file as it was when looked at. Two are equal if nobody has written in between."""

    content: bytes | None = None
    stamp: tuple[int, int] | None = None  # inode and ctime: it may be empty again, yet written


def beside(target: str, kind: str) -> str:
    """Return the path of a file of ours, which lies beside the file that it is for."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.legacy-sso{kind}")


@contextlib.contextmanager
def _opened(path: str, flags: int, folder: int | None = None) -> Iterator[int]:
    """Open a file that is not a link; through its folder, if that is open."""
    name = path if folder is None else os.path.basename(path)
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK  # or opening a FIFO would hang
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):  # an earlier error is the one to report
            os.close(descriptor)


def look(target: str, folder: int | None = None) -> Seen:
    """Look at a file, which has to be a regular one."""
    try:
        with _opened(target, os.O_RDONLY, folder) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
                raise PlaceError(f"{target} is {kind}", elsewhere=True)
            with open(descriptor, "rb", closefd=False) as file:
                return Seen(file.read(), (status.st_ino, status.st_ctime_ns))
    except FileNotFoundError:
        return Seen()


@contextlib.contextmanager
def opened(path: str) -> Iterator[Folder]:
    """Open the folder of a file that is to be written; make it if it is missing."""
    make_folder(os.path.dirname(path) or os.curdir)
    target = os.path.realpath(path)
    where = os.path.dirname(target)
    if not os.path.lexists(where):
        raise missing_behind(path, where)
    with _opened(where, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        yield Folder(path, target, descriptor)


@dataclass
class Folder:
    """The open folder of a file."""

    path: str  # of the file, as it was given
    target: str  # the file it led to
    descriptor: int
    lock: int = -1  # the lock file's descriptor, once that is open
    warnings: list[str] = field(default_factory=list)  # for a person

    def is_current(self) -> bool:
        """Tell whether the path still leads to the lock: folders are renamed, links are moved."""
        with contextlib.suppress(OSError):
            there = os.stat(beside(os.path.realpath(self.path), ".lock"), follow_symlinks=False)
            return os.path.samestat(there, os.fstat(self.lock))
        return False

    @contextlib.contextmanager
    def own(self, kind: str) -> Iterator[int]:
        """Open a file of ours, made if need be, with mode 0600 whatever the umask."""
        path = beside(self.target, kind)
        with contextlib.ExitStack() as held:
            try:
                opening = _opened(path, os.O_RDWR | os.O_CREAT, self.descriptor)
                descriptor = held.enter_context(opening)
            except OSError as error:
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    self._check_own(path)
                raise not_writable(os.path.dirname(path), error) from None
            self._check_own(path, descriptor)
            if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
                with contextlib.suppress(OSError):  # a file system without modes
                    os.fchmod(descriptor, 0o600)
            yield descriptor

    def _check_own(self, path: str, descriptor: int | None = None) -> None:
        # By its name: the name may lead to another file than the one that was opened.
        status = os.stat(os.path.basename(path), dir_fd=self.descriptor, follow_symlinks=False)
        is_ours = stat.S_ISREG(status.st_mode) and status.st_nlink <= 1
        if is_ours and descriptor is not None:
            # Ours hold a number at most. Anything else was a second name of another file.
            is_ours = not os.pread(descriptor, 20, 0).strip(b"0123456789\n")
        if not is_ours:
            words = "has the name of a file of this tool, but is a link or something else"
            hint = f"move it away with: mv {shlex.quote(path)} {shlex.quote(path + '.old')}"
            raise PlaceError(f"{path} {words}; {hint}")
        if status.st_uid != os.geteuid():
            take = f"sudo chown {user_name(os.geteuid())} {shlex.quote(path)}"
            raise PlaceError(f"{path} belongs to another user; make it yours with: {take}")
        if descriptor is not None and not os.path.samestat(status, os.fstat(descriptor)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def clear_leftovers(self) -> None:
        """Remove the temporary files of killed processes. The lock has to be held."""
        folder, start = os.path.split(beside(self.target, "-"))
        for name in os.listdir(self.descriptor):
            if name.startswith(start) and name.endswith(".tmp"):
                try:
                    os.unlink(name, dir_fd=self.descriptor)
                except OSError as error:
                    path = os.path.join(folder, name)
                    left = "was left by a refresh that was killed, and may hold keys"
                    hint = f"remove it with: sudo rm {shlex.quote(path)}"
                    self.warnings.append(f"{path} {left} ({error.strerror}); {hint}")

    def look_settled(self) -> Seen:
        """Look at the file. Where it is empty or missing, wait until it stays so.

        Other programs empty a file, or rename it away, before they write: what they are about to
        write must not be replaced. So neither the file nor the names in the folder may change for
        0.2 s; if names keep changing, the wait ends after 500 looks, a second.
        """
        quiet, before = 0, None
        for _ in range(_MOST_POLLS):
            now = (look(self.target, self.descriptor), os.fstat(self.descriptor).st_mtime_ns)
            quiet = quiet + 1 if now == before else 0
            if now[0].content or quiet == _SETTLE_POLLS:
                break
            before = now
            time.sleep(_POLL_SECONDS)
        return now[0]

    def replace(self, old: Seen, new: bytes) -> bool:
        """Put new content in the file's place; ``False`` if the file was no longer ``old``."""
        kind = f"-{os.urandom(8).hex()}.tmp"
        with self.own(kind) as descriptor:
            temporary = os.path.basename(beside(self.target, kind))
            try:
                if old.content is not None:
                    self._keep_access(descriptor)
                while new:
                    new = new[os.write(descriptor, new) :]
                os.fsync(descriptor)
                # As late as possible: other programs write this file without asking for a lock.
                if not self.is_current() or look(self.target, self.descriptor) != old:
                    return False
                self._rename(temporary, is_new=old.content is None)
            finally:
                with contextlib.suppress(OSError):  # the next run removes it
                    os.unlink(temporary, dir_fd=self.descriptor)
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            if error.errno not in NOT_SUPPORTED:
                words = "is written, but may be lost if the power fails now"
                self.warnings.append(f"{self.target} {words}: {error.strerror}")
        return True

    def _keep_access(self, new: int) -> None:
        """Give a new, empty file the old one's group, ACL, extended attributes and mode.

        It stays at mode 0600 if anything else cannot be kept.
        """
        lost: list[str] = []

        def keep(what: str, function: Callable[..., None], *arguments: object) -> None:
            try:
                function(new, *arguments)
            except OSError:
                lost.append(what)

        with _opened(self.target, os.O_RDONLY, self.descriptor) as old:
            status, wanted, there = os.fstat(old), _attributes(old), _attributes(new)
        if os.fstat(new).st_gid != status.st_gid:
            keep("group", os.fchown, -1, status.st_gid)
        for name in wanted | there:
            what = "ACL" if name.startswith("system.posix_acl") else f"attribute {name}"
            if name not in wanted:  # an ACL inherited from the folder would let others in
                keep(what, os.removexattr, name)
            elif wanted[name] != there.get(name):
                keep(what, os.setxattr, name, wanted[name])
        if not lost:
            keep("mode", os.fchmod, stat.S_IMODE(status.st_mode))
        if lost:
            kept = "could not be kept; its mode is now 0600"
            self.warnings.append(f"the {' and '.join(lost)} of {self.target} {kept}")
        if status.st_nlink > 1:
            kept = "a hard link, which keeps the old content"
            self.warnings.append(f"{self.target} had a second name, {kept}")

    def _rename(self, temporary: str, *, is_new: bool) -> None:
        """Give a temporary file the file's name; a new file replaces no other."""
        name = os.path.basename(self.target)
        folders = {"src_dir_fd": self.descriptor, "dst_dir_fd": self.descriptor}
        if is_new:
            try:
                os.link(temporary, name, **folders, follow_symlinks=False)
            except FileExistsError:
                raise
            except OSError:  # no hard links there; for any other reason renaming fails too
                is_new = False
        if not is_new:
            os.replace(temporary, name, **folders)


def _attributes(descriptor: int) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):  # macOS
        return {}
    try:
        return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    except OSError as error:
        if error.errno in NOT_SUPPORTED:
            return {}
        raise
