"""The credentials file on disk: lock, look, edit, look again, replace.

A process that is killed at any point leaves the old file or the new one, whole; ``folder`` does the
safe write. Every failure is a ``CredentialsFileError``: one line that names the file and says why.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..errors import CredentialsFileError
from ..lock import LockTimeoutError, lock
from ..private_folders import PlaceError, check_folder
from .document import Document, EditError, UnreadableTextError
from .folder import beside, look, opened

_LOCK_SECONDS = 10
_TRIES = 5
_ELSEWHERE = "; name another file with --credentials-file"

Edit = Callable[[Document], None]


class Update(NamedTuple):
    """What an update did. ``warnings`` are for a person to read."""

    changed: bool
    warnings: list[str]


def expand(path: str) -> str:
    """Return a path as botocore's reader expands it: ``$VAR`` first, then ``~``."""
    return os.path.expanduser(os.path.expandvars(path))


def lock_path(path: str) -> str:
    """Return the lock file of a file, which stays beside it: only an uninstall may remove it."""
    return beside(os.path.realpath(path), ".lock")


def watch_lock_path(path: str) -> str:
    """Return the lock file of the one process that may watch a file; it stays as well."""
    return beside(os.path.realpath(path), ".watch")


def read(path: str) -> Document:
    """Read a credentials file that botocore can read; a missing one reads as empty."""
    with _errors_named(path):
        return _parse(look(_target(path)).content)


def read_all(paths: Iterable[str]) -> tuple[dict[str, Document], list[CredentialsFileError]]:
    """Read credentials files; return the texts of those that can be read, and the other errors."""
    texts: dict[str, Document] = {}
    errors: list[CredentialsFileError] = []
    for path in paths:
        try:
            texts[path] = read(path)
        except CredentialsFileError as error:
            errors.append(error)
    return texts, errors


def is_readable_by_others(path: str) -> bool:
    """Tell whether the group or other people may read the file."""
    try:
        return bool(os.stat(path).st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except (OSError, ValueError):  # no such file; ValueError: a path that no file can have
        return False


def check(path: str) -> None:
    """Refuse a file that this user may not write, before anything is fetched or made for it."""
    with _errors_named(path):
        target = folder = _target(path)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        check_folder(folder)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = os.stat(target)
            if status.st_uid != os.geteuid():  # replacing it would make it ours
                raise PlaceError(f"{target} belongs to another user; only its owner may change it")
            if not status.st_mode & stat.S_IWUSR:
                hint = f"allow it with: chmod u+w {shlex.quote(target)}"
                raise PlaceError(f"{target} is read-only; {hint}")


@contextlib.contextmanager
def watched(path: str) -> Iterator[None]:
    """Be the one process that watches a file, until the block or the process ends."""
    check(path)
    with contextlib.ExitStack() as held:
        with _errors_named(path), opened(path) as folder:
            descriptor = held.enter_context(folder.own(".watch"))
            try:
                lock(descriptor, 0)
            except LockTimeoutError:
                process = os.pread(descriptor, 20, 0).decode().strip()
                raise CredentialsFileError(
                    f"process {process} is watching {path} already; end it with: kill {process}"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield


def update(path: str, edit: Edit) -> Update:
    """Edit a credentials file, or make it. Waits for the lock, at most 10 s.

    ``edit`` gets the text as it is under the lock, and is called again if another program, which
    takes no lock, writes meanwhile. If it changes nothing, nothing is written.
    """

    def edited(old: bytes | None) -> bytes:
        text = _parse(old)
        edit(text)
        return text.render().encode()

    return rewrite(path, edited, _ELSEWHERE)


def rewrite(path: str, content: Callable[[bytes | None], bytes], elsewhere: str = "") -> Update:
    """Do what :func:`update` does with any file. ``elsewhere`` ends errors if another would do."""
    for _ in range(_TRIES):
        check(path)
        with (
            _errors_named(path, elsewhere),
            # A file that disappears or appears now is one more change by another program.
            contextlib.suppress(FileNotFoundError, FileExistsError),
            opened(path) as folder,
            folder.own(".lock") as folder.lock,
        ):
            has_lock = lock(folder.lock, _LOCK_SECONDS)
            if not folder.is_current():
                continue
            if has_lock:
                folder.clear_leftovers()
            else:
                no_locks = "is on a file system without locks: do not run two refreshes at once"
                folder.warnings.append(f"{path} {no_locks}")
            old = folder.look_settled()
            new = content(old.content)
            is_same = new == (old.content or b"")
            if is_same or folder.replace(old, new):
                return Update(not is_same, folder.warnings)
    raise CredentialsFileError(f"{path} keeps being changed by another program; run this again")


def _parse(content: bytes | None) -> Document:
    content = content or b""
    if content.startswith(b"\xef\xbb\xbf"):
        reason = "the file starts with a byte order mark, which no AWS tool can read"
        raise UnreadableTextError(1, reason, "save it as plain UTF-8")
    try:
        return Document(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = "not valid UTF-8, which AWS tools cannot read"
        raise UnreadableTextError(line, reason, "save it as UTF-8") from None


def _target(path: str) -> str:
    """Return the file a path leads to: links are followed, so that they stay links."""
    variable = "AWS_SHARED_CREDENTIALS_FILE"
    if not path and os.environ.get(variable) == "":
        raise CredentialsFileError(f"{variable} is set but empty; run: unset {variable}")
    with contextlib.suppress(ValueError):  # a NUL or a lone surrogate in it
        if path:
            return os.path.realpath(path)
    raise CredentialsFileError(f"no file can have the path {path!a}{_ELSEWHERE}")


@contextlib.contextmanager
def _errors_named(path: str, elsewhere: str = _ELSEWHERE) -> Iterator[None]:
    """Turn each error into one line that names the file."""
    try:
        yield
        return
    except UnreadableTextError as error:
        line = f"{path}, {error}"
    except EditError as error:
        line = f"{path} was left as it is: {error}"
    except LockTimeoutError:
        line = f"another refresh has been holding {path} for {_LOCK_SECONDS} s; run this again"
    except OSError as error:
        name = str(error.filename2 or error.filename or path)  # of a rename, the new one
        line = error.strerror or str(error)
        line += "" if path.endswith(name) else f" ({name})"
        line += elsewhere if isinstance(error, PlaceError) and error.elsewhere else ""
        line = line if line.startswith(path) else f"{path}: {line}"
        if error.errno == errno.EBUSY:
            line = f"{path} is mounted by itself and cannot be replaced"
            line += "; mount the folder, not the file"
    raise CredentialsFileError(line) from None
