"""The line in an rc file that sources the hook. Pure: text in, text out."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from .marks import Mark, rows

_SOURCED = re.compile(r"; then source (.+); fi  # ")


def hooked(text: str, script: str, mark: Mark) -> str:
    """Return an rc file's text with one line that sources the hook: at its end, or where it was.

    The line does nothing where the script is gone. ``mark`` is used for a new line.
    """
    old = Mark.in_text(text)
    path = shlex.quote(script)
    mark = old or replace(mark, newline=bool(text) and not text.endswith("\n"))
    ours = f"if [ -r {path} ]; then source {path}; fi  {mark}\n"
    if not old:
        return text + "\n" * mark.newline + ours
    lines = rows(text)
    first, *more = (at for at, line in enumerate(lines) if Mark.on(line))
    lines[first] = ours
    return "".join(line for at, line in enumerate(lines) if at not in more)


def unhooked(text: str) -> str:
    """Return an rc file's text without our lines, as it was before them."""
    kept: list[str] = []
    lines = rows(text)
    for at, line in enumerate(lines):
        mark = Mark.on(line)
        if not mark:
            kept.append(line)
        elif mark.newline and kept and at == len(lines) - 1:  # or what is below would be joined on
            kept[-1] = kept[-1].removesuffix("\n")
    return "".join(kept)


def sourced(text: str) -> str | None:
    """Return the path of the hook that our line sources; ``None``: there is no such line."""
    for line in rows(text):
        if Mark.on(line) and (found := _SOURCED.search(line)):
            return shlex.split(found[1])[0]
    return None
