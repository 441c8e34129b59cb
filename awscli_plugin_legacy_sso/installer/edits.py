"""Edits of other people's files: all of a file's bytes stay but for what is ours."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import CredentialsFileError, LegacySsoError
from ..file import credentials_file
from .places import PROGRAM

_ERRORS = "surrogateescape"  # whatever is in an rc file, all of it comes out again


def read(path: str) -> str:
    """Return a file's text. What is not there reads as empty, as does what is no regular file."""
    if not os.path.isfile(path):  # a FIFO would be waited for
        return ""
    try:
        return Path(path).read_bytes().decode(errors=_ERRORS)
    except OSError as error:
        raise CredentialsFileError(f"{path}: {error.strerror}") from None


@dataclass(frozen=True)
class Edit:
    """A change to one file. It is asked for the new text each time: the file may have changed."""

    path: str
    edit: Callable[[str], str]

    def check(self) -> bool:
        """Tell whether there is something to change; an error says why that is not possible."""
        old = read(self.path)
        is_new = self._edited(old) != old
        if is_new and os.path.exists(self.path) and not os.path.isfile(self.path):
            raise CredentialsFileError(f"{self.path} was left as it is: it is no regular file")
        return is_new

    def diff(self) -> Iterator[str]:
        """Yield the change as a diff, without the lines around it: a secret may stand there."""
        old = read(self.path)
        before, after = old.splitlines(), self._edited(old).splitlines()
        yield from difflib.unified_diff(before, after, self.path, self.path, n=0, lineterm="")

    def write(self) -> bool:
        """Change the file, and tell whether there was something to change."""
        lock = credentials_file.lock_path(self.path)
        # A lock that lies about is a killed run's: what else that left goes with it.
        if not self.check() and not os.path.exists(lock):
            return False
        try:
            done = credentials_file.rewrite(self.path, self._new_content)
        finally:
            # Nobody else locks these files: the lock would only lie about in somebody's HOME.
            with contextlib.suppress(OSError):
                os.unlink(lock)
        for warning in done.warnings:
            warn(warning)
        return done.changed

    def _new_content(self, old: bytes | None) -> bytes:
        return self._edited((old or b"").decode(errors=_ERRORS)).encode(errors=_ERRORS)

    def _edited(self, old: str) -> str:
        try:
            return self.edit(old)
        except LegacySsoError as error:
            raise CredentialsFileError(f"{self.path} was left as it is: {error}") from None


def warn(text: str) -> None:
    print(f"{PROGRAM}: warning: {text}", file=sys.stderr)
