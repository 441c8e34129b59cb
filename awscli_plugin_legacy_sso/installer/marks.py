"""The mark on what `setup` writes into other people's files: it says how that comes out again."""

from __future__ import annotations

import contextlib
import io
import os
import re
from dataclasses import dataclass

from .places import PROGRAM

_MARK = re.compile(rf"# {PROGRAM}(?:: (?P<details>[^\r\n]*))?\s*$")


@dataclass(frozen=True)
class Mark:
    """What was added besides the lines themselves."""

    newline: bool = False  # before them: the text above did not end with one
    section: bool = False  # the header below
    file: bool = False
    folders: int = 0  # how many above the file

    @classmethod
    def of_new(cls, path: str) -> Mark:
        """Return what has to be made for this file to be there."""
        missing, path = 0, os.path.realpath(path)
        while not os.path.exists(path):
            missing, path = missing + 1, os.path.dirname(path)
        return cls(file=missing > 0, folders=max(missing - 1, 0))

    @classmethod
    def on(cls, line: str) -> Mark | None:
        """Return the mark on a line; ``None``: it is not ours."""
        found = _MARK.search(line)
        if not found:
            return None
        details = (found["details"] or "").strip().split(", ")
        folders = next((int(d.split()[0]) for d in details if d.endswith("new folders")), 0)
        return cls("new line" in details, "new section" in details, "new file" in details, folders)

    @classmethod
    def in_text(cls, text: str) -> Mark | None:
        """Return the first mark in a text."""
        return next(filter(None, map(cls.on, rows(text))), None)

    def __str__(self) -> str:
        flags = {"new line": self.newline, "new section": self.section, "new file": self.file}
        details = [word for word, is_so in flags.items() if is_so]
        if self.folders:
            details.append(f"{self.folders} new folders")
        return f"# {PROGRAM}" + (f": {', '.join(details)}" if details else "")

    def remove_new(self, path: str) -> None:
        """Remove the file and folders that were made, where nobody has put anything into them."""
        path = os.path.realpath(path)
        if self.file and remove_if_empty(path):
            for _ in range(self.folders):
                path = os.path.dirname(path)
                remove_if_empty(path)


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
