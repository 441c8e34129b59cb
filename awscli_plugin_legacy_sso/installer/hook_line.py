"""The line in an rc file that sources the hook. Pure: text in, text out."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from .marks import Mark, rows

_SOURCED = re.compile(r"; then source (.+); fi  # ")


def hooked(text: str, script: str, mark: Mark) -> str:
    """Return an rc file's text with one line that sources the hook, silent where it is gone.

    Args:
        text: as it is; where the line is there already, it is renewed in its place.
        script: the path of the hook.
        mark: what is made for the file to be there.
    """
    old = Mark.in_text(text)
    lines = rows(text)
    if old:
        first, *more = (at for at, line in enumerate(lines) if Mark.on(line))
        lines[first] = _line(script, old)
        return "".join(line for at, line in enumerate(lines) if at not in more)
    mark = replace(mark, newline=bool(text) and not text.endswith("\n"))
    return text + ("\n" if mark.newline else "") + _line(script, mark)


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


def _line(script: str, mark: Mark) -> str:
    path = shlex.quote(script)
    return f"if [ -r {path} ]; then source {path}; fi  {mark}\n"
