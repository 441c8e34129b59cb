"""The one door to the folder of a file: whatever is opened, put or removed there goes through it.

All of it is done on the folder's descriptor, so that the lock, the temporary file and the file
itself are in one folder, even if that is renamed meanwhile. A file of ours is never reached
through a link, and is a regular file of this user, whatever lies there under its name.
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
from typing import NamedTuple

from ..errors import CredentialsFileError
from ..lock import NOT_SUPPORTED
from ..private_folders import (
    REFUSALS,
    PlaceError,
    check_folder,
    make_folder,
    missing_behind,
    not_writable,
)

ELSEWHERE = "; name another file with --credentials-file"
LOCK, WATCH = ".lock", ".watch"
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


def target_of(path: str) -> str:
    """Return the file a path leads to: links are followed, so that they stay links.

    Raises:
        CredentialsFileError: no file can have this path.
    """
    if not path and os.environ.get("AWS_SHARED_CREDENTIALS_FILE") == "":
        raise CredentialsFileError(
            "AWS_SHARED_CREDENTIALS_FILE is set but empty; run: unset AWS_SHARED_CREDENTIALS_FILE"
        )
    with contextlib.suppress(ValueError):  # a NUL, or what has no bytes
        if path:
            return os.path.realpath(path)
    raise CredentialsFileError(f"no file can have the path {path!a}{ELSEWHERE}")


def look(target: str, folder: int | None = None) -> Seen:
    """Look at a file, which is not a link; if its folder is open, in there.

    Raises:
        PlaceError: it is not a regular file.
        OSError: it cannot be read.
    """
    try:
        descriptor = _open(target, os.O_RDONLY, folder)
    except FileNotFoundError:
        return Seen()
    with _closed(descriptor):
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise PlaceError(f"{target} is {kind}", elsewhere=True)
        with open(descriptor, "rb", closefd=False) as file:
            return Seen(file.read(), (status.st_ino, status.st_ctime_ns))


def check_target(target: str) -> None:
    """Refuse a file that is not this user's to write. Nothing is made or changed.

    Raises:
        PlaceError: it is another user's, which would become ours; or its owner has made it
            read-only; or this is root, and the folder is another user's.
    """
    folder = os.path.dirname(target)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    check_folder(folder)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = os.stat(target)
        if status.st_uid != os.geteuid():
            raise PlaceError(f"{target} belongs to another user; only its owner may change it")
        if not status.st_mode & stat.S_IWUSR:
            raise PlaceError(
                f"{target} is read-only; allow it with: chmod u+w {shlex.quote(target)}"
            )


@contextlib.contextmanager
def opened(path: str) -> Iterator[Folder]:
    """Open the folder of a file that is to be written; make it if it is missing.

    Raises:
        CredentialsFileError: no file can have this path.
        OSError: the folder cannot be used, or something in it; a PlaceError says why.
    """
    target = target_of(path)
    check_target(target)  # before anything of ours is left there
    make_folder(os.path.dirname(path) or os.curdir)
    folder = os.path.dirname(target)
    if not os.path.lexists(folder):
        raise missing_behind(path, folder)
    with _closed(os.open(folder, os.O_RDONLY | os.O_DIRECTORY)) as descriptor:
        try:
            yield Folder(path, target, descriptor)
        except OSError as error:
            if isinstance(error.filename, str):  # in there, it was reached by its name alone
                error.filename = os.path.join(folder, error.filename)
            raise


class Folder:
    """The open folder of a file. What is in there is reached by its name, never by its path."""

    def __init__(self, path: str, target: str, descriptor: int) -> None:
        self.target = target
        self.lock = -1  # the lock file's descriptor, once it is open
        self._path = path
        self._descriptor = descriptor

    def is_current(self) -> bool:
        """Tell whether the path still leads to the lock: folders are renamed, links are moved."""
        with contextlib.suppress(OSError):
            there = os.stat(beside(os.path.realpath(self._path), LOCK), follow_symlinks=False)
            return os.path.samestat(there, os.fstat(self.lock))
        return False

    @contextlib.contextmanager
    def own(self, kind: str) -> Iterator[int]:
        """Open a file of ours for a while, made if need be, with mode 0600 whatever the umask.

        Raises:
            PlaceError: what lies there is a link, or not a file, or another user's; or the folder
                may not be written.
            OSError: it cannot be opened, or is gone again.
        """
        path = beside(self.target, kind)
        try:
            descriptor = _open(path, os.O_RDWR | os.O_CREAT, self._descriptor)
        except OSError as error:
            there = None
            with contextlib.suppress(FileNotFoundError, PermissionError):
                there = self._checked(path)
            if error.errno == errno.EROFS or (error.errno in REFUSALS and not there):
                raise not_writable(os.path.dirname(path), error) from None
            raise
        with _closed(descriptor):
            # Asked by name: what is opened may be a second name of another file, gone by now.
            status = self._checked(path)
            if not os.path.samestat(status, os.fstat(descriptor)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if stat.S_IMODE(status.st_mode) != 0o600:
                with contextlib.suppress(OSError):  # a file system without modes
                    os.fchmod(descriptor, 0o600)
            yield descriptor

    def _checked(self, path: str) -> os.stat_result:
        name = os.path.basename(path)
        status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise not_ours(path)
        if status.st_uid != os.geteuid():
            raise PlaceError(
                f"{path} belongs to another user; make it yours with: "
                f"sudo chown {_user()} {shlex.quote(path)}"
            )
        return status

    @contextlib.contextmanager
    def temporary(self) -> Iterator[tuple[str, int]]:
        """Make a temporary file, and yield its name and descriptor. It is gone at the end."""
        kind = f"-{os.urandom(8).hex()}.tmp"
        name = os.path.basename(beside(self.target, kind))
        with self.own(kind) as descriptor:
            try:
                yield name, descriptor
            finally:
                # Whether it has the file's name now or not. The next run tries again.
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._descriptor)

    def clear_leftovers(self) -> list[str]:
        """Remove what a killed process left; return warnings of what stays. Wants the lock held."""
        warnings = []
        start = os.path.basename(beside(self.target, "-"))
        for name in os.listdir(self._descriptor):
            if name.startswith(start) and name.endswith(".tmp"):
                try:
                    os.unlink(name, dir_fd=self._descriptor)
                except OSError as error:
                    path = os.path.join(os.path.dirname(self.target), name)
                    warnings.append(
                        f"{path} was left by a refresh that was killed, and may hold keys "
                        f"({error.strerror}); remove it with: sudo rm {shlex.quote(path)}"
                    )
        return warnings

    def look(self) -> Seen:
        """Look at the file."""
        return look(self.target, self._descriptor)

    def look_settled(self) -> Seen:
        """Look at the file. Where it is empty or missing, wait until it stays so.

        Other programs empty a file, or rename it away, before they write: what they are about to
        write must not be replaced. Until there is something, neither the file nor the names in
        the folder may change for 0.2 s. In a folder in which names never stop changing that is
        given up after a second, in which the file was looked for 500 times.
        """
        quiet, before = 0, None
        for _ in range(_MOST_POLLS):
            now = (self.look(), os.fstat(self._descriptor).st_mtime_ns)
            quiet = quiet + 1 if now == before else 0
            if now[0].content or quiet == _SETTLE_POLLS:
                break
            before = now
            time.sleep(_POLL_SECONDS)
        return now[0]

    @contextlib.contextmanager
    def reading(self) -> Iterator[int]:
        """Open the file for a while, to read it."""
        with _closed(_open(self.target, os.O_RDONLY, self._descriptor)) as descriptor:
            yield descriptor

    def put(self, temporary: str, *, is_new: bool) -> bool:
        """Give a temporary file the file's name, at one stroke; tell whether it has it.

        It has not where the file is to be new, and somebody else has just made it.

        Raises:
            PlaceError: the file is mounted by itself, so that nothing can take its place.
            OSError: it cannot be done.
        """
        name = os.path.basename(self.target)
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
        try:
            os.replace(temporary, name, **folders)
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise PlaceError(
                    f"{self.target} is mounted by itself and cannot be replaced; "
                    "mount the folder, not the file"
                ) from None
            error.filename = name
            raise
        return True

    def sync(self) -> None:
        """Have the names in the folder on the disk, where the file system can do that."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in NOT_SUPPORTED:
                raise


def not_ours(path: str) -> PlaceError:
    """Return the words for what lies where a file of ours has to be."""
    return PlaceError(
        f"{path} is a link or the like, where a file of this tool has to be; "
        f"move it away with: mv {shlex.quote(path)} {shlex.quote(path + '.old')}"
    )


def _open(path: str, flags: int, folder: int | None) -> int:
    name = path if folder is None else os.path.basename(path)
    # Not to hang on a FIFO before its kind is known.
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=folder)


@contextlib.contextmanager
def _closed(descriptor: int) -> Iterator[int]:
    """Close a descriptor at the end. That this fails never hides what went wrong before."""
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in many a container
        return str(os.geteuid())
