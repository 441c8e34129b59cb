"""Edits of a person's files: every byte that is not ours stays, and each line of ours is marked."""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import CredentialsFileError, LegacySsoError
from ..file import credentials_file
from .places import PROGRAM

_ERRORS = "surrogateescape"  # bytes that are not UTF-8 are written back as they were
_MARK = re.compile(rf"# {PROGRAM}(?P<details>: [^\r\n]*)?\s*$")


def read(path: str) -> str:
    """Return a file's text; empty if there is none, or if it is not a regular file."""
    if not os.path.isfile(path):  # reading a FIFO would wait for a writer
        return ""
    try:
        return Path(path).read_bytes().decode(errors=_ERRORS)
    except OSError as error:
        raise CredentialsFileError(f"{path}: {error.strerror}") from None


@dataclass(frozen=True)
class Edit:
    """A change to one file. ``edit`` is called each time anew: the file may have changed."""

    path: str
    edit: Callable[[str], str]

    def texts(self) -> tuple[str, str]:
        """Return the text before and after the change, or raise why it cannot be made."""
        old = read(self.path)
        new = self._edited(old)
        if new != old and os.path.exists(self.path) and not os.path.isfile(self.path):
            raise CredentialsFileError(f"{self.path} was left as it is: it is no regular file")
        return old, new

    def print_diff(self) -> None:
        """Print the change as a diff, without the lines around it: they may hold a secret."""
        before, after = (text.splitlines() for text in self.texts())
        for line in difflib.unified_diff(before, after, self.path, self.path, n=0, lineterm=""):
            print(line)

    def write(self) -> bool:
        """Change the file, and tell whether there was something to change."""
        old, new = self.texts()
        lock = credentials_file.lock_path(self.path)
        # A lock file here is left from a killed run: rewriting also removes what else it left.
        if new == old and not os.path.exists(lock):
            return False
        try:
            done = credentials_file.rewrite(self.path, self._new_content)
        finally:
            with contextlib.suppress(OSError):  # no other program locks these files
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


@dataclass(frozen=True)
class Mark:
    """The mark on our lines in a file. It says what else was added, and so how to undo it."""

    newline: bool = False  # above them: the text did not end with one
    made: int = 0  # the file and the folders above it that did not exist

    @classmethod
    def of_new(cls, path: str) -> Mark:
        """Return a mark that counts what is missing of this path now."""
        made, path = 0, os.path.realpath(path)
        while not os.path.exists(path):
            made, path = made + 1, os.path.dirname(path)
        return cls(made=made)

    @classmethod
    def on(cls, line: str) -> Mark | None:
        """Return the mark on a line, or ``None`` if the line is not ours."""
        found = _MARK.search(line)
        if not found:
            return None
        details = found["details"] or ""
        made = re.search(r"made (\d+)", details)
        return cls("new line" in details, int(made[1]) if made else 0)

    @classmethod
    def in_text(cls, text: str) -> Mark | None:
        """Return the first mark in a text."""
        return next(filter(None, map(cls.on, rows(text))), None)

    def __str__(self) -> str:
        details = ["new line"] * self.newline
        details += [f"made {self.made} files and folders"] * bool(self.made)
        return f"# {PROGRAM}{': ' if details else ''}{', '.join(details)}"

    def remove_made(self, path: str) -> None:
        """Remove the file and the folders that were made, as far as they are empty."""
        path = os.path.realpath(path)
        for _ in range(self.made):
            remove_if_empty(path)
            path = os.path.dirname(path)


def remove_if_empty(path: str) -> None:
    """Remove an empty file or folder."""
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.isfile(path) and os.path.getsize(path) == 0:
            os.unlink(path)


def rows(text: str, newline: str = "\n") -> list[str]:
    """Return the lines with their ends; with ``newline=""``, as an INI parser has them."""
    return list(io.StringIO(text, newline=newline))


def warn(text: str) -> None:
    print(f"{PROGRAM}: warning: {text}", file=sys.stderr)
