"""The place of a file: where its path leads, whose it is, and the locks beside it.

A path comes in; the open folder with the lock held goes out. Every error names the path.
Deliberately not here: what stands in the file, and how it is written.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import CredentialsFileError
from ..lock import LockTimeoutError, lock
from ..private_folders import PlaceError, check_folder, make_folder, missing_behind
from . import permissions
from .folder import Folder

_LOCK_SECONDS = 10
_ELSEWHERE = "name another file with --credentials-file"


def lock_path(path: str) -> str:
    """Return the lock file of a file, which stays beside it: only an uninstall may remove it."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, _lock_name(name))


def watch_lock_path(path: str) -> str:
    """Return the file by which one process at a time watches a file; it stays, as the lock does."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, _watch_name(name))


@contextlib.contextmanager
def watched(path: str) -> Iterator[None]:
    """Be the one process that watches a file. It ends with the process, however that ends.

    Raises:
        CredentialsFileError: another one does; its process is named. Or the file is not this
            user's to write.
    """
    with contextlib.ExitStack() as held:
        with errors_named(path):
            folder, name = held.enter_context(_opened(path))
            descriptor = held.enter_context(folder.own(_watch_name(name)))
            there = os.pread(descriptor, 20, 0)
            # Whatever lies there: it is overwritten only if it is what this writes itself.
            if there.strip(b"0123456789") not in (b"", b"\n"):
                raise folder.not_ours(_watch_name(name))
            try:
                lock(descriptor, 0)
            except LockTimeoutError:
                process = there.decode().strip()
                raise CredentialsFileError(
                    f"process {process} is watching {path} already; end it with: kill {process}"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield


@contextlib.contextmanager
def errors_named(path: str, elsewhere: str = f"; {_ELSEWHERE}") -> Iterator[None]:
    """Turn what the operating system says into one line that names the file."""
    try:
        yield
    except PlaceError as error:
        words = error.strerror or ""
        line = words if words.startswith(path) else f"{path}: {words}"
        raise CredentialsFileError(line + (elsewhere if error.elsewhere else "")) from None
    except OSError as error:
        raise CredentialsFileError(f"{path}: {reason(error, path)}") from None


def reason(error: OSError, path: str) -> str:
    """Return an error's words, with the file it is about if that is not ``path``."""
    at = f" ({error.filename})" if error.filename not in (None, path) else ""
    return f"{error.strerror or error}{at}"


def target_of(path: str) -> str:
    """Return the file a path leads to: links are followed, so that they stay links.

    Raises:
        CredentialsFileError: no file can have this path.
    """
    if not path:
        if os.environ.get("AWS_SHARED_CREDENTIALS_FILE") == "":
            raise CredentialsFileError(
                "AWS_SHARED_CREDENTIALS_FILE is set but empty; "
                "run: unset AWS_SHARED_CREDENTIALS_FILE"
            )
        raise CredentialsFileError(f"the path of the credentials file is empty; {_ELSEWHERE}")
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise CredentialsFileError(f"no file can have the path {path!a}; {_ELSEWHERE}")
    return os.path.realpath(path)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[Folder, str]]:
    """Open the folder of a file that is to be written, made if need be; yield the file's name."""
    target = target_of(path)
    make_folder(os.path.dirname(path) or os.curdir)
    where, name = os.path.split(target)
    if not os.path.lexists(where):
        raise missing_behind(path, where)
    with Folder.opened(where) as folder:
        # Before a file of ours is left in there.
        check_folder(where)
        if status := folder.status(name):
            permissions.check_owner(status, target)
        yield folder, name


@dataclass(frozen=True)
class Place:
    """A file in its open folder, with the lock on it held."""

    path: str
    folder: Folder
    name: str
    lock: int

    def is_current(self) -> bool:
        """Tell whether the path still leads here: a folder may be renamed, a link may be moved."""
        with contextlib.suppress(OSError):
            there = os.stat(lock_path(self.path), follow_symlinks=False)
            return os.path.samestat(there, os.fstat(self.lock))
        return False


@contextlib.contextmanager
def locked(path: str, warn: Callable[[str], None]) -> Iterator[Place]:
    """Lock a file, and clear what a killed process left beside it. Waits, at most 10 s.

    Raises:
        CredentialsFileError: another process held the lock for all of that time.
        OSError: there is no such place, or none to write to.
    """
    with _opened(path) as (folder, name), folder.own(_lock_name(name)) as descriptor:
        try:
            has_lock = lock(descriptor, _LOCK_SECONDS)
        except LockTimeoutError:
            raise CredentialsFileError(
                f"another refresh has been holding {path} for {_LOCK_SECONDS} s; run this again"
            ) from None
        place = Place(path, folder, name, descriptor)
        if not has_lock:
            warn(f"{path} is on a file system without locks: do not run two refreshes at once")
        elif place.is_current():
            _clear_leftovers(place, warn)
        yield place


def _clear_leftovers(place: Place, warn: Callable[[str], None]) -> None:
    """Remove what a killed process left; nobody else is writing, since we hold the lock."""
    for name in place.folder.names():
        if name.startswith(temporary_prefix(place.name)) and name.endswith(".tmp"):
            try:
                place.folder.remove(name)
            except OSError as error:
                path = place.folder.full(name)
                warn(
                    f"{path} was left by a refresh that was killed, and may hold keys "
                    f"({error.strerror}); remove it with: sudo rm {shlex.quote(path)}"
                )


def _lock_name(name: str) -> str:
    return f".{name}.legacy-sso.lock"


def _watch_name(name: str) -> str:
    return f".{name}.legacy-sso.watch"


def temporary_prefix(name: str) -> str:
    return f".{name}.legacy-sso-"
