"""The credentials file on disk: lock, look, edit, look again, replace.

A path comes in, and a function that edits the text. Killed at any instant, the file is the old
one or the new one, whole. How its folder is handled safely stands in ``folder``. Whatever fails
is a ``CredentialsFileError``: one line that names the file and says why.
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
from ..lock import NOT_SUPPORTED, LockTimeoutError, lock
from ..private_folders import PlaceError, check_folder
from . import permissions
from .document import Document, EditError, UnreadableTextError
from .folder import Folder, Seen, beside, look, opened, opened_file

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
    """Return the file by which one process at a time watches a file; it stays, as the lock does."""
    return beside(os.path.realpath(path), ".watch")


def read(path: str) -> Document:
    """Read a credentials file that botocore can read; one that is not there reads as empty."""
    with _errors_named(path):
        return _parse(look(_target(path)).content)


def read_all(paths: Iterable[str]) -> tuple[dict[str, Document], list[CredentialsFileError]]:
    """Read credentials files; return the texts of those that can be read, and why others cannot."""
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
    except (OSError, ValueError):  # no file, or no path that a file can have
        return False


def check(path: str) -> None:
    """Refuse a file that is not this user's to write, before anything is fetched or made for it."""
    with _errors_named(path):
        target = folder = _target(path)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        check_folder(folder)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = os.stat(target)
            if status.st_uid != os.geteuid():  # it would become ours
                raise PlaceError(f"{target} belongs to another user; only its owner may change it")
            if not status.st_mode & stat.S_IWUSR:
                hint = f"allow it with: chmod u+w {shlex.quote(target)}"
                raise PlaceError(f"{target} is read-only; {hint}")


@contextlib.contextmanager
def watched(path: str) -> Iterator[None]:
    """Be the one process that watches a file. It ends with the process, however that ends."""
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
    """Edit a credentials file, or make it. Waits for its turn, at most 10 s.

    ``edit`` is given the text as it stands under the lock, and is called again if another
    program, which knows no lock, writes meanwhile. If it changes nothing, nothing is written.
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
            # A file that goes or comes at that very moment is one more change by somebody else.
            contextlib.suppress(FileNotFoundError, FileExistsError),
            opened(path) as folder,
            folder.own(".lock") as folder.lock,
        ):
            has_lock = lock(folder.lock, _LOCK_SECONDS)
            if not folder.is_current():
                continue
            no_lock = f"{path} is on a file system without locks: do not run two refreshes at once"
            warnings = folder.clear_leftovers() if has_lock else [no_lock]
            old = folder.look_settled()
            new = content(old.content)
            is_same = new == (old.content or b"")
            if is_same or _replace(folder, old, new, warnings):
                return Update(not is_same, warnings)
    raise CredentialsFileError(f"{path} keeps being changed by another program; run this again")


def _replace(folder: Folder, old: Seen, new: bytes, warnings: list[str]) -> bool:
    """Put new content in the file's place, unless it is no longer ``old``; tell whether it was."""
    target, is_new = folder.target, old.content is None
    temporary = f"-{os.urandom(8).hex()}.tmp"
    with contextlib.ExitStack() as at_end:
        descriptor = at_end.enter_context(folder.own(temporary))
        at_end.callback(folder.remove, temporary)  # whether it has the file's name now or not
        if not is_new:
            with opened_file(target, os.O_RDONLY, folder.descriptor) as source:
                if lost := " and ".join(permissions.copy(source, descriptor)):
                    kept = "could not be kept; its mode is now 0600"
                    warnings.append(f"the {lost} of {target} {kept}")
                if os.fstat(source).st_nlink > 1:
                    kept = "a hard link, which keeps the old content"
                    warnings.append(f"{target} had a second name, {kept}")
        while new:
            new = new[os.write(descriptor, new) :]
        os.fsync(descriptor)
        # The look as late as can be: other programs write this file without asking for a lock.
        if not folder.is_current() or look(target, folder.descriptor) != old:
            return False
        folder.put(temporary, is_new=is_new)
    try:
        os.fsync(folder.descriptor)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            # It is in its place, whole; nobody knows whether it would be after a power cut.
            warnings.append(f"{target} is written, but maybe not for good: {error.strerror}")
    return True


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
    with contextlib.suppress(ValueError):  # a NUL, or what has no bytes
        if path:
            return os.path.realpath(path)
    raise CredentialsFileError(f"no file can have the path {path!a}{_ELSEWHERE}")


@contextlib.contextmanager
def _errors_named(path: str, elsewhere: str = _ELSEWHERE) -> Iterator[None]:
    """Turn whatever fails into one line that names the file."""
    try:
        yield
    except UnreadableTextError as error:
        raise CredentialsFileError(f"{path}, {error}") from None
    except EditError as error:
        raise CredentialsFileError(f"{path} was left as it is: {error}") from None
    except LockTimeoutError:
        raise CredentialsFileError(
            f"another refresh has been holding {path} for {_LOCK_SECONDS} s; run this again"
        ) from None
    except OSError as error:
        if error.errno == errno.EBUSY:
            words = f"{path} is mounted by itself and cannot be replaced"
            raise CredentialsFileError(f"{words}; mount the folder, not the file") from None
        words = error.strerror or str(error)
        name = str(error.filename2 or error.filename or path)  # of a rename, the new one
        words += "" if path.endswith(name) else f" ({name})"
        words += elsewhere if isinstance(error, PlaceError) and error.elsewhere else ""
        line = words if words.startswith(path) else f"{path}: {words}"
        raise CredentialsFileError(line) from None
