"""Edits of other people's files: all of a file's bytes stay but for what is ours."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import CredentialsFileError, LegacySsoError
from ..file import credentials_file
from .places import PROGRAM


@dataclass(frozen=True)
class Edit:
    """A change to one file. It is asked for the new text each time: the file may have changed."""

    path: str
    edit: Callable[[str], str]

    def text(self) -> str:
        """Return the text as it is; a file that is not there reads as empty."""
        try:
            with open(self.path, "rb") as file:
                return _decode(file.read())
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise CredentialsFileError(f"{self.path}: {error.strerror}") from None

    def new_text(self, old: str) -> str:
        try:
            return self.edit(old)
        except LegacySsoError as error:
            raise CredentialsFileError(f"{self.path} was left as it is: {error}") from None

    def diff(self) -> Iterator[str]:
        """Yield the change as a diff, without the lines around it: a secret may stand there."""
        old = self.text()
        before, after = old.splitlines(), self.new_text(old).splitlines()
        yield from difflib.unified_diff(before, after, self.path, self.path, n=0, lineterm="")

    def write(self) -> bool:
        """Change the file, and tell whether there was something to change."""
        old = self.text()
        # A lock that lies about is a killed run's: what else that left goes with it.
        if self.new_text(old) == old and not os.path.exists(credentials_file.lock_path(self.path)):
            return False

        def new_content(content: bytes | None) -> bytes:
            return self.new_text(_decode(content or b"")).encode(errors="surrogateescape")

        try:
            done = credentials_file.rewrite(self.path, new_content)
        finally:
            # Nobody else locks these files: the lock would only lie about in somebody's HOME.
            with contextlib.suppress(OSError):
                os.unlink(credentials_file.lock_path(self.path))
        for warning in done.warnings:
            warn(warning)
        return done.changed


def warn(text: str) -> None:
    print(f"{PROGRAM}: warning: {text}", file=sys.stderr)


def _decode(content: bytes) -> str:
    # Whatever is in an rc file, all of it comes out again.
    return content.decode(errors="surrogateescape")
