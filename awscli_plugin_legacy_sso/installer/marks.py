"""The mark on what `setup` writes into other people's files: it says how that comes out again."""

from __future__ import annotations

import contextlib
import io
import os
import re
from dataclasses import dataclass

from .places import PROGRAM

_MARK = re.compile(rf"# {PROGRAM}(?P<details>: [^\r\n]*)?\s*$")


@dataclass(frozen=True)
class Mark:
    """What was added besides the lines themselves."""

    newline: bool = False  # before them: the text above did not end with one
    made: int = 0  # the file and the folders above it that were not there

    @classmethod
    def of_new(cls, path: str) -> Mark:
        """Return what has to be made for this file to be there."""
        made, path = 0, os.path.realpath(path)
        while not os.path.exists(path):
            made, path = made + 1, os.path.dirname(path)
        return cls(made=made)

    @classmethod
    def on(cls, line: str) -> Mark | None:
        """Return the mark on a line; ``None``: it is not ours."""
        found = _MARK.search(line)
        if not found:
            return None
        made = re.search(r"made (\d+)", found["details"] or "")
        return cls("new line" in (found["details"] or ""), int(made[1]) if made else 0)

    @classmethod
    def in_text(cls, text: str) -> Mark | None:
        """Return the first mark in a text."""
        return next(filter(None, map(cls.on, rows(text))), None)

    def __str__(self) -> str:
        details = ["new line"] * self.newline
        details += [f"made {self.made} files and folders"] * bool(self.made)
        return f"# {PROGRAM}{': ' if details else ''}{', '.join(details)}"

    def remove_made(self, path: str) -> None:
        """Remove the file and folders that were made, where nobody has put anything into them."""
        path = os.path.realpath(path)
        for _ in range(self.made):
            remove_if_empty(path)
            path = os.path.dirname(path)


def remove_if_empty(path: str) -> bool:
    """Remove an empty file or folder; tell whether it is gone."""
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.isfile(path) and os.path.getsize(path) == 0:
            os.unlink(path)
    return not os.path.exists(path)


def rows(text: str, newline: str = "\n") -> list[str]:
    """Return the lines with their ends; with ``newline=""``, as an INI parser has them."""
    return list(io.StringIO(text, newline=newline))
