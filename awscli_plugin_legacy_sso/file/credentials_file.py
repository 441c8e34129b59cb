"""The credentials file on disk: lock, look, edit, look again, replace.

A path comes in, and a function that edits the text. Killed at any instant, the file is the old
one or the new one, whole. What stands in the file is of no concern here, and how a folder is
handled safely stands in ``folder``.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..errors import CredentialsFileError
from ..private_folders import check_folder
from . import permissions
from .document import Document, EditError, UnreadableTextError
from .folder import Seen, look
from .place import (
    Place,
    errors_named,
    lock_path,
    locked,
    reason,
    target_of,
    temporary_prefix,
    watch_lock_path,
    watched,
)

__all__ = ["lock_path", "watch_lock_path", "watched"]  # of the same file, for those who use it

_TRIES = 5
_BOM = b"\xef\xbb\xbf"

Edit = Callable[[Document], None]


@dataclass
class Update:
    """What an update did. ``warnings`` are for a person to read."""

    path: str
    changed: bool = False
    warnings: list[str] = field(default_factory=list)

    def warn(self, warning: str) -> None:
        """Add a warning, once: an update that starts over finds the same again."""
        if warning not in self.warnings:
            self.warnings.append(warning)


def expand(path: str) -> str:
    """Return a path as botocore's reader expands it: ``$VAR`` first, then ``~``."""
    return os.path.expanduser(os.path.expandvars(path))


def read(path: str) -> Document:
    """Read a credentials file; a file that is not there reads as empty.

    Raises:
        CredentialsFileError: it cannot be read, or botocore would refuse it.
    """
    with errors_named(path):
        return _parse(path, look(target_of(path)).content)


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
    with errors_named(path):
        target = target_of(path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            permissions.check_writable(os.stat(target), target)
        folder = os.path.dirname(target)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        check_folder(folder)


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
        return _render(path, text)

    with errors_named(path):
        return _rewrite(path, edited)


def rewrite(path: str, new_content: Callable[[bytes | None], bytes]) -> Update:
    """Do what :func:`update` does with any file: ``new_content`` makes new content of the old.

    Raises:
        CredentialsFileError: nothing was written, and why.
    """
    with errors_named(path, elsewhere=""):
        return _rewrite(path, new_content)


def _rewrite(path: str, new_content: Callable[[bytes | None], bytes]) -> Update:
    done = Update(path)
    for _ in range(_TRIES):
        # A file that goes while it is opened is one more change by somebody else.
        with contextlib.suppress(FileNotFoundError), locked(path, done.warn) as place:
            if not place.is_current():
                continue
            old = place.folder.look_settled(place.name)
            new = new_content(old.content)
            if new == (old.content or b""):
                return done
            if _replace(place, old, new, done):
                done.changed = True
                return done
    raise CredentialsFileError(f"{path} keeps being changed by another program; run this again")


def _replace(place: Place, old: Seen, new: bytes, done: Update) -> bool:
    """Put new content in the file's place, unless it is no longer ``old``; tell whether it was."""
    folder, name, target = place.folder, place.name, place.folder.full(place.name)
    is_new = old.content is None
    lost: list[str] = []
    with folder.temporary(temporary_prefix(name)) as (temporary, descriptor):
        if not is_new:
            with folder.reading(name) as source:
                permissions.check_writable(os.fstat(source), target)
                lost = permissions.copy(source, descriptor)
        _write(descriptor, new)
        # The look as late as can be: other programs write this file without asking for a lock.
        if not place.is_current() or folder.look(name) != old:
            return False
        if not folder.put(temporary, name, is_new=is_new):
            return False
    if lost:
        done.warn(f"the {' and '.join(lost)} of {target} could not be kept; its mode is now 0600")
    if old.names > 1:
        done.warn(f"{target} had a second name, a hard link, which keeps the old content")
    try:
        folder.sync()
    except OSError as error:
        # It is in its place, whole; nobody knows whether it would be after a power cut.
        done.warn(f"{target} is written, but maybe not for good: {reason(error, target)}")
    return True


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


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


def _render(path: str, text: Document) -> bytes:
    try:
        return text.render().encode()
    except EditError as error:
        raise CredentialsFileError(f"{path} was left as it is: {error}") from None
