"""The two lines under ``[plugins]`` in the shared config, which `setup` does not write any more.

An earlier `setup` wrote them, and recorded beside the plugin what it changed: that is taken back
once. Lines that a person wrote stay, and are found here.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from .edits import Edit
from .marks import remove_if_empty, rows
from .places import PACKAGE, PROGRAM, is_same

_PATHS = re.compile(r"\s*cli_legacy_plugin_path\s*[=:]\s*(.*)")
_KEY = re.compile(rf"\s*[\w.-]+\s*[=:]\s*[\"']?{PACKAGE.replace('_', '[_-]')}[\"']?\s*$")


def lines_for(text: str) -> list[str]:
    """Return the lines of a config that turn our plugin on, and no other, without their ends."""
    found = [line.strip() for line in rows(text)]
    keys = [line for line in found if _KEY.match(line)]
    alone = [line for line in found if (path := _PATHS.match(line)) and os.pathsep not in path[1]]
    return [line for line in found if line in keys or line in alone] if keys else []


def plugin_folders(text: str) -> list[str]:
    """Return the folders that a config has the AWS CLI look for plugins in, as written."""
    entries = (
        found[1].rstrip().split(os.pathsep) for found in map(_PATHS.match, rows(text)) if found
    )
    return [entry for there in entries for entry in there if entry]


def names(text: str, folder: str) -> bool:
    """Tell whether a config has the AWS CLI load our plugin from this folder."""
    return bool(lines_for(text)) and any(is_same(entry, folder) for entry in plugin_folders(text))


@dataclass(frozen=True)
class Change:
    """Lines of a file that were replaced by others."""

    removed: Sequence[str]
    added: Sequence[str]


@dataclass
class Record:
    """What an earlier `setup` changed."""

    folder: str
    made: dict[str, list[Change]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)  # files and folders that were not there

    @classmethod
    def load(cls, folder: str) -> Record:
        """Read the record; a missing or a broken one is empty."""
        record = cls(folder)
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            with open(record.path, encoding="utf-8") as file:
                document = json.load(file)
            made = {
                path: [Change(**change) for change in there]
                for path, there in document["made"].items()
            }
            record = cls(folder, made, document["created"])
        return record

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "setup.json")

    def edits(self) -> list[Edit]:
        """Return what takes the changes back, config first."""
        made = sorted(self.made.items(), key=lambda item: "[plugins]" not in str(item[1]))
        return [Edit(path, partial(taken_back, changes=changes)) for path, changes in made]

    def folders_made(self) -> int:
        """Return how many folders above the plugin's were not there."""
        above = os.path.realpath(self.folder)
        return sum(path != above and above.startswith(f"{path}/") for path in self.created)

    def remove_created(self) -> None:
        """Remove what is empty now, but for what the plugin is in."""
        for path in sorted(self.created, key=len, reverse=True):
            remove_if_empty(path)

    def remove(self) -> None:
        for path in self.path, f"{self.path}.new":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def taken_back(text: str, changes: Iterable[Change]) -> str:
    """Return a text as it was before recorded changes; of what has been edited since, our lines go.

    Lines that are not in the record stay, whatever they say.
    """
    lines = text.splitlines(keepends=True)
    for change in reversed(list(changes)):
        size = len(change.added)
        starts = [at for at in range(len(lines)) if lines[at : at + size] == list(change.added)]
        if size and len(starts) == 1 and _is_no_loss(change, lines[starts[0] + size :]):
            lines[starts[0] : starts[0] + size] = change.removed
        else:
            lines = [back for line in lines for back in _before(line, change)]
    return "".join(lines)


def _before(line: str, change: Change) -> Sequence[str]:
    """Return what stood where a line stands: the line itself, if it is not one of ours."""
    if line not in change.added or not (PROGRAM in line or PACKAGE in line):
        return [line]
    key = line.partition("=")[0].strip()
    return [old for old in change.removed if old.partition("=")[0].strip() == key]


def _is_no_loss(change: Change, below: Sequence[str]) -> bool:
    """Tell whether what has come to stand below a change is the same without it."""
    if below and change.removed and not change.removed[-1].endswith("\n"):
        return False  # it would be glued to what had no newline
    has_header = any(line.startswith("[") for line in change.added)
    content = (line for line in below if line.strip() and line.lstrip()[0] not in "#;")
    return not has_header or next(content, "[").startswith("[")  # or it changes its section
