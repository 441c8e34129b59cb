"""The one door to the folder of a file: whatever is opened, put or removed there goes through it.

All of it is done on the folder's descriptor, so that the lock, the temporary file and the file
itself are in one folder, even if that is renamed meanwhile. A file of ours is never reached
through a link, and is a regular file of this user, whatever lies there under its name. Errors
are OSErrors; a ``PlaceError`` among them is for a person to read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..private_folders import PlaceError, make_folder, missing_behind, not_writable, user_name

_POLL_SECONDS = 0.002
_SETTLE_POLLS = 100  # 0.2 s
_MOST_POLLS = 500


class Seen(NamedTuple):
    """A file as it was when looked at. Two are equal if nobody has written in between."""

    content: bytes | None = None
    # The file itself and the time of its last change: another program may have emptied it again.
    stamp: tuple[int, int] | None = None


def beside(target: str, kind: str) -> str:
    """Return the path of a file of ours, which lies beside the file that it is for."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.legacy-sso{kind}")


@contextlib.contextmanager
def opened_file(path: str, flags: int, folder: int | None = None) -> Iterator[int]:
    """Open a file, which is not a link, for a while; by its name alone if its folder is open."""
    name = path if folder is None else os.path.basename(path)
    # Not to hang on a FIFO before its kind is known.
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):  # it must not hide what went wrong before
            os.close(descriptor)


def look(target: str, folder: int | None = None) -> Seen:
    """Look at a file, which has to be a regular one; through its folder, if that is open."""
    try:
        with opened_file(target, os.O_RDONLY, folder) as descriptor:
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
    with opened_file(where, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        yield Folder(path, target, descriptor)


@dataclass
class Folder:
    """The open folder of a file. What is in there is reached by its name, never by its path."""

    path: str  # of the file, as it was given
    target: str  # the file it led to
    descriptor: int
    lock: int = -1  # the lock file's descriptor, once that is open

    def is_current(self) -> bool:
        """Tell whether the path still leads to the lock: folders are renamed, links are moved."""
        with contextlib.suppress(OSError):
            there = os.stat(beside(os.path.realpath(self.path), ".lock"), follow_symlinks=False)
            return os.path.samestat(there, os.fstat(self.lock))
        return False

    @contextlib.contextmanager
    def own(self, kind: str) -> Iterator[int]:
        """Open a file of ours for a while, made if need be, with mode 0600 whatever the umask."""
        path = beside(self.target, kind)
        with contextlib.ExitStack() as held:
            try:
                opening = opened_file(path, os.O_RDWR | os.O_CREAT, self.descriptor)
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
        # By its name: what is open may be a second name of another file, which is gone by now.
        status = os.stat(os.path.basename(path), dir_fd=self.descriptor, follow_symlinks=False)
        is_ours = stat.S_ISREG(status.st_mode) and status.st_nlink <= 1
        if is_ours and descriptor is not None:  # ours hold a number at most
            is_ours = not os.pread(descriptor, 20, 0).strip(b"0123456789\n")
        if not is_ours:
            words = "is a link or the like, where a file of this tool has to be"
            hint = f"move it away with: mv {shlex.quote(path)} {shlex.quote(path + '.old')}"
            raise PlaceError(f"{path} {words}; {hint}")
        if status.st_uid != os.geteuid():
            take = f"sudo chown {user_name(os.geteuid())} {shlex.quote(path)}"
            hint = f"make it yours with: {take}"
            raise PlaceError(f"{path} belongs to another user; {hint}")
        if descriptor is not None and not os.path.samestat(status, os.fstat(descriptor)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def remove(self, kind: str) -> None:
        """Remove a file of ours. If that fails, the next run tries again."""
        with contextlib.suppress(OSError):
            os.unlink(os.path.basename(beside(self.target, kind)), dir_fd=self.descriptor)

    def clear_leftovers(self) -> list[str]:
        """Remove what a killed process left, with the lock held; return warnings of what stays."""
        warnings = []
        folder, start = os.path.split(beside(self.target, "-"))
        for name in os.listdir(self.descriptor):
            if name.startswith(start) and name.endswith(".tmp"):
                try:
                    os.unlink(name, dir_fd=self.descriptor)
                except OSError as error:
                    path = os.path.join(folder, name)
                    left = "was left by a refresh that was killed, and may hold keys"
                    hint = f"remove it with: sudo rm {shlex.quote(path)}"
                    warnings.append(f"{path} {left} ({error.strerror}); {hint}")
        return warnings

    def look_settled(self) -> Seen:
        """Look at the file. Where it is empty or missing, wait until it stays so.

        Other programs empty a file, or rename it away, before they write: what they are about to
        write must not be replaced. So neither the file nor the names in the folder may change for
        0.2 s; where names never stop changing, that is given up after 500 looks, a second.
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

    def put(self, kind: str, *, is_new: bool) -> None:
        """Give a file of ours the file's name, at one stroke; a new file replaces no other."""
        temporary, name = map(os.path.basename, (beside(self.target, kind), self.target))
        folders = {"src_dir_fd": self.descriptor, "dst_dir_fd": self.descriptor}
        if is_new:
            try:
                os.link(temporary, name, **folders, follow_symlinks=False)
            except FileExistsError:
                raise
            except OSError:  # no hard links there; whatever else it is, renaming says so
                is_new = False
        if not is_new:
            os.replace(temporary, name, **folders)
