"""The two lines under ``[plugins]`` in the shared config, which `setup` no longer writes.

An earlier `setup` wrote them, and recorded in the plugin's folder what it changed: that is undone
once. Lines that a person wrote are found here, and stay.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .edits import Edit, read, remove_if_empty, rows
from .places import PACKAGE, PROGRAM

_PATHS = re.compile(r"\s*cli_legacy_plugin_path\s*[=:]\s*(.*)")
_KEY = re.compile(rf"\s*[\w.-]+\s*[=:]\s*[\"']?{PACKAGE.replace('_', '[_-]')}[\"']?\s*$")


def lines_for(text: str) -> list[str]:
    """Return the lines of a config that turn on our plugin and no other."""
    found = [line.strip() for line in rows(text)]
    if not any(map(_KEY.match, found)):
        return []
    alone = [line for line in found if (path := _PATHS.match(line)) and os.pathsep not in path[1]]
    return [line for line in found if line in alone or _KEY.match(line)]


def names(text: str, folder: str) -> bool:
    """Tell whether a config has the AWS CLI load our plugin from this folder."""
    found = filter(None, map(_PATHS.match, rows(text)))
    entries = {entry for paths in found for entry in paths[1].rstrip().split(os.pathsep)} - {""}
    return bool(lines_for(text)) and os.path.realpath(folder) in map(os.path.realpath, entries)


@dataclass(frozen=True)
class Change:
    """Lines of a file that were replaced by others."""

    removed: Sequence[str]
    added: Sequence[str]


class Record:
    """What an earlier `setup` changed and made; nothing, if there is no record or a broken one."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "setup.json")
        try:
            document = json.loads(read(self._path))
        except ValueError:
            document = {"made": {}, "created": []}
        self._made: list[str] = document["created"]
        self.edits = [  # that undo the changes
            Edit(path, partial(taken_back, changes=[Change(**change) for change in changes]))
            for path, changes in document["made"].items()
        ]

    def folders_made(self) -> int:
        """Return how many folders were made for the plugin, its own included."""
        return sum(os.path.realpath(self._path).startswith(f"{path}/") for path in self._made)

    def forget(self) -> None:
        """Remove the record, and what was made and is empty now."""
        Path(self._path).unlink(missing_ok=True)
        for path in sorted(self._made, key=len, reverse=True):
            remove_if_empty(path)


def taken_back(text: str, changes: Iterable[Change]) -> str:
    """Return a text as it was before recorded changes.

    Where the text has been edited since, the recorded lines that name us go, and no other line.
    """
    for change in reversed(list(changes)):
        added = "".join(change.added)
        if text.endswith(added):
            text = text.removesuffix(added) + "".join(change.removed)
            continue
        ours = {line for line in change.added if PROGRAM in line or PACKAGE in line}
        before = {line.partition("=")[0].strip(): line for line in change.removed}
        text = "".join(
            before.get(line.partition("=")[0].strip(), "") if line in ours else line
            for line in rows(text)
        )
    return text
