"""The one door to the folder of a file: whatever is opened, put or removed there goes through it.

All of it is done on the folder's descriptor, so that the lock, the temporary file and the file
itself are in one folder, also when that is renamed meanwhile. A file of ours is never reached
through a link, and is a regular file of this user, whatever lies there under its name.

Deliberately not here: what the files are for, and what stands in them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shlex
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..private_folders import REFUSALS, PlaceError, not_writable

_POLL_SECONDS = 0.002
_SETTLE_POLLS = 100  # 0.2 s
_MOST_POLLS = 500
# Said of a folder's fsync where the file system has none.
_NOT_SUPPORTED = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


@dataclass(frozen=True)
class Seen:
    """A file as it was when looked at. Two are equal if nobody has written in between."""

    content: bytes | None = None
    # The file itself and the time of its last change: another program may have emptied it again.
    stamp: tuple[int, int] | None = None
    # How many names the file has.
    names: int = field(default=1, compare=False)


def look(path: str, flags: int = 0, *, folder: int | None = None, shown: str = "") -> Seen:
    """Look at a file; one that is not there has no content.

    Raises:
        PlaceError: it is not a regular file.
        OSError: it cannot be read.
    """
    try:
        # Not to hang on a FIFO before its kind is known.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | flags, dir_fd=folder)
    except FileNotFoundError:
        return Seen()
    with closed(descriptor):
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise PlaceError(f"{shown or path} is {kind}", elsewhere=True)
        with open(descriptor, "rb", closefd=False) as file:
            stamp = (status.st_ino, status.st_ctime_ns)
            return Seen(file.read(), stamp, status.st_nlink)


@contextlib.contextmanager
def closed(descriptor: int) -> Iterator[int]:
    """Close a descriptor at the end. That it cannot be closed never hides what went wrong before.

    Nothing depends on it: what is written is synced before.
    """
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


class Folder:
    """An open folder. Files in it are given by their names."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: str) -> Iterator[Folder]:
        """Open a folder for a while."""
        with closed(os.open(path, os.O_RDONLY | os.O_DIRECTORY)) as descriptor:
            yield cls(path, descriptor)

    def full(self, name: str) -> str:
        """Return a file's path, to be shown."""
        return os.path.join(self.path, name)

    @contextlib.contextmanager
    def own(self, name: str, *, is_new: bool = False) -> Iterator[int]:
        """Open a file of ours for a while, made if need be, with mode 0600 whatever the umask.

        Raises:
            PlaceError: what lies there is a link, or not a file, or another user's; or the folder
                may not be written.
            OSError: it cannot be opened, or is gone again.
        """
        try:
            descriptor = self._open_own(name, is_new=is_new)
        except OSError as error:
            raise self._better(error, name) from None
        with closed(descriptor):
            # Asked by name: what is opened may be a second name of another file, gone by now.
            with self._named(name):
                status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            self._check_own(status, name)
            if not os.path.samestat(status, os.fstat(descriptor)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.full(name))
            yield descriptor

    def _open_own(self, name: str, *, is_new: bool) -> int:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            new = flags | os.O_CREAT | os.O_EXCL
            descriptor = os.open(name, new, 0o600, dir_fd=self._descriptor)
        except FileExistsError:
            if is_new:
                raise
            return os.open(name, flags, dir_fd=self._descriptor)
        # Only what was made here: what is there might be a second name of another file. Where it
        # fails, as on a file system without modes, the mode is what was asked for or less.
        with contextlib.suppress(OSError):
            if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
                os.fchmod(descriptor, 0o600)
        return descriptor

    def _better(self, error: OSError, name: str) -> OSError:
        """Return why a file of ours could not be opened, in better words if there are any."""
        there = False
        with contextlib.suppress(FileNotFoundError, PermissionError):
            status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            self._check_own(status, name)
            there = True
        if error.errno == errno.EROFS or (error.errno in REFUSALS and not there):
            return not_writable(self.path, error)
        error.filename = self.full(name)
        return error

    def _check_own(self, status: os.stat_result, name: str) -> None:
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise self.not_ours(name)
        if status.st_uid != os.geteuid():
            path = self.full(name)
            raise PlaceError(
                f"{path} belongs to another user; make it yours with: "
                f"sudo chown {_user()} {shlex.quote(path)}"
            )

    def not_ours(self, name: str) -> PlaceError:
        """Return the words for what lies where a file of ours has to be."""
        path = self.full(name)
        return PlaceError(
            f"{path} is a link or the like, where a file of this tool has to be; "
            f"move it away with: mv {shlex.quote(path)} {shlex.quote(path + '.old')}"
        )

    @contextlib.contextmanager
    def temporary(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Make a temporary file, and yield its name and descriptor. It is gone at the end."""
        name = f"{prefix}{os.urandom(8).hex()}.tmp"
        with self.own(name, is_new=True) as descriptor:
            try:
                yield name, descriptor
            finally:
                # Whether it has the file's name now or not. The next run tries again.
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._descriptor)

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[int]:
        """Open a file, which is not a link, to read it."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with closed(os.open(name, flags, dir_fd=self._descriptor)) as descriptor:
            yield descriptor

    def look(self, name: str) -> Seen:
        """Look at a file, which is not a link."""
        with self._named(name):
            return look(name, os.O_NOFOLLOW, folder=self._descriptor, shown=self.full(name))

    def look_settled(self, name: str) -> Seen:
        """Look at a file. Where it is empty or missing, wait until it stays so.

        Other programs empty a file, or rename it away, before they write: what they are about to
        write must not be replaced. Until there is something, neither the file nor the names in
        the folder may change for 0.2 s. In a folder in which names never stop changing that is
        given up after a second, in which the file was looked for 500 times.
        """
        seen = (self.look(name), os.fstat(self._descriptor).st_mtime_ns)
        quiet = 0
        for _ in range(_MOST_POLLS):
            if seen[0].content or quiet == _SETTLE_POLLS:
                break
            time.sleep(_POLL_SECONDS)
            before, seen = seen, (self.look(name), os.fstat(self._descriptor).st_mtime_ns)
            quiet = quiet + 1 if seen == before else 0
        return seen[0]

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of a file, or of the link that lies there; None if nothing does."""
        try:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def put(self, temporary: str, name: str, *, is_new: bool) -> bool:
        """Give a temporary file its name, at one stroke; tell whether it has it.

        It has not where the file is to be new, and somebody else has just made it.

        Raises:
            PlaceError: the file is mounted by itself, so that nothing can take its place.
            OSError: it cannot be done.
        """
        folders = {"src_dir_fd": self._descriptor, "dst_dir_fd": self._descriptor}
        if is_new:
            try:
                os.link(temporary, name, **folders, follow_symlinks=False)
            except FileExistsError:
                return False
            except OSError:
                pass  # a file system without hard links; whatever else it is, renaming says so
            else:
                return True
        with self._named(name):
            try:
                os.replace(temporary, name, **folders)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                raise PlaceError(
                    f"{self.full(name)} is mounted by itself and cannot be replaced; "
                    "mount the folder, not the file"
                ) from None
        return True

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        with self._named(name), contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def names(self) -> list[str]:
        """Return the names in the folder."""
        return os.listdir(self._descriptor)

    def sync(self) -> None:
        """Have the names in the folder on the disk, where the file system can do that."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise

    @contextlib.contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """Have the operating system's errors name the file by its path."""
        try:
            yield
        except OSError as error:
            if not isinstance(error, PlaceError):
                error.filename = self.full(name)
            raise


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in many a container
        return str(os.geteuid())
