"""The credentials file on disk: lock, look, edit, look again, replace.

A path comes in, and a function that edits the text. Killed at any instant, the file is the old
one or the new one, whole. How its folder is handled safely stands in ``folder``.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..errors import CredentialsFileError
from ..lock import NOT_SUPPORTED, LockTimeoutError, lock
from ..private_folders import PlaceError
from . import permissions
from .document import Document, EditError, UnreadableTextError
from .folder import Folder, Seen, beside, check_target, look, opened, opened_file

_LOCK_SECONDS = 10
_TRIES = 5
_BOM = b"\xef\xbb\xbf"
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
    """Read a credentials file; a file that is not there reads as empty.

    Raises:
        CredentialsFileError: it cannot be read, or botocore would refuse it.
    """
    with _errors_named(path):
        return _parse(path, look(_target(path)).content)


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
    """Refuse a file that is not this user's to write, before anything is fetched for it.

    Nothing is made or changed. An update may fail all the same.

    Raises:
        CredentialsFileError: the file is another user's, or read-only; or this is root, and the
            folder is another user's.
    """
    with _errors_named(path):
        check_target(_target(path))


@contextlib.contextmanager
def watched(path: str) -> Iterator[None]:
    """Be the one process that watches a file. It ends with the process, however that ends.

    Raises:
        CredentialsFileError: another one does; its process is named. Or the file is not this
            user's to write.
    """
    with contextlib.ExitStack() as held:
        with _errors_named(path), opened(path, _target(path)) as folder:
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

    ``edit`` is given the text as it stands under the lock, and is called again should another
    program, which knows no lock, have written in the meantime. If it changes nothing, nothing
    is written.

    Raises:
        CredentialsFileError: nothing was written, and why.
    """

    def edited(old: bytes | None) -> bytes:
        text = _parse(path, old)
        edit(text)
        try:
            return text.render().encode()
        except EditError as error:
            raise CredentialsFileError(f"{path} was left as it is: {error}") from None

    return rewrite(path, edited, _ELSEWHERE)


def rewrite(path: str, content: Callable[[bytes | None], bytes], elsewhere: str = "") -> Update:
    """Do what :func:`update` does with any file: ``content`` makes its new content of the old.

    ``elsewhere`` is what an error ends in if another file would do.
    """
    for _ in range(_TRIES):
        with (
            _errors_named(path, elsewhere),
            # A file that goes or comes at that very moment is one more change by somebody else.
            contextlib.suppress(FileNotFoundError, FileExistsError),
            opened(path, _target(path)) as folder,
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
    with folder.temporary() as (temporary, descriptor):
        if not is_new:
            with opened_file(target, os.O_RDONLY, folder.descriptor) as source:
                if lost := " and ".join(permissions.copy(source, descriptor)):
                    warnings.append(
                        f"the {lost} of {target} could not be kept; its mode is now 0600"
                    )
                if os.fstat(source).st_nlink > 1:
                    has_two = "had a second name, a hard link, which keeps the old content"
                    warnings.append(f"{target} {has_two}")
        while new:
            new = new[os.write(descriptor, new) :]
        os.fsync(descriptor)
        # The look as late as can be: other programs write this file without asking for a lock.
        if not folder.is_current() or folder.look() != old:
            return False
        folder.put(temporary, is_new=is_new)
    try:
        os.fsync(folder.descriptor)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            # It is in its place, whole; nobody knows whether it would be after a power cut.
            warnings.append(f"{target} is written, but maybe not for good: {error.strerror}")
    return True


def _parse(path: str, content: bytes | None) -> Document:
    content = content or b""
    if content.startswith(_BOM):
        raise CredentialsFileError(
            f"{path}, line 1: the file starts with a byte order mark, which no AWS tool can read; "
            "save it as plain UTF-8"
        )
    try:
        return Document(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CredentialsFileError(
            f"{path}, line {line}: not valid UTF-8, which AWS tools cannot read; save it as UTF-8"
        ) from None
    except UnreadableTextError as error:
        raise CredentialsFileError(f"{path}, {error}") from None


def _target(path: str) -> str:
    """Return the file a path leads to: links are followed, so that they stay links."""
    if not path and os.environ.get("AWS_SHARED_CREDENTIALS_FILE") == "":
        raise CredentialsFileError(
            "AWS_SHARED_CREDENTIALS_FILE is set but empty; run: unset AWS_SHARED_CREDENTIALS_FILE"
        )
    with contextlib.suppress(ValueError):  # a NUL, or what has no bytes
        if path:
            return os.path.realpath(path)
    raise CredentialsFileError(f"no file can have the path {path!a}{_ELSEWHERE}")


@contextlib.contextmanager
def _errors_named(path: str, elsewhere: str = _ELSEWHERE) -> Iterator[None]:
    """Turn what the operating system says into one line that names the file."""
    try:
        yield
    except LockTimeoutError:
        raise CredentialsFileError(
            f"another refresh has been holding {path} for {_LOCK_SECONDS} s; run this again"
        ) from None
    except PlaceError as error:
        words = error.strerror or ""
        line = words if words.startswith(path) else f"{path}: {words}"
        raise CredentialsFileError(line + (elsewhere if error.elsewhere else "")) from None
    except OSError as error:
        at = f" ({error.filename})" if error.filename not in (None, path) else ""
        raise CredentialsFileError(f"{path}: {error.strerror or error}{at}") from None
