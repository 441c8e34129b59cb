"""An interactive bash on its own terminal, into which lines are typed one after another.

Standard library only: the demo uses it before anything is installed.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROMPT = re.compile(r"\[(\d+)\]ready\$ $")
_PATIENCE_SECONDS = 120


class NoAnswer(Exception):
    """The shell printed no prompt in time, or it ended; the message has its last output."""


@dataclass(frozen=True)
class Said:
    """The output of a typed line, and its exit status."""

    status: int
    lines: Sequence[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class TypedShell:
    """The shell; it is made by :func:`typed_bash`."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        # Typed, since the startup file of a distribution may set another. The echo of this line
        # has no number before `ready`, so it does not match.
        os.write(terminal, b"PS1='[$?]ready$ '\n")
        self._wait(lambda line: None)

    def type(self, line: str, show: Callable[[str], None] = lambda line: None) -> Said:
        """Type a line and wait for the next prompt.

        Args:
            line: the line, without its end.
            show: is called with each line of output as soon as it is complete.

        Raises:
            NoAnswer: there was no prompt within two minutes.
        """
        lines: list[str] = []

        def take(printed: str) -> None:
            lines.append(printed)
            if len(lines) > 1:  # the first is the line itself, as the terminal echoes it
                show(printed)

        os.write(self._terminal, line.encode() + b"\n")
        return Said(self._wait(take), lines[1:])

    def _wait(self, take: Callable[[str], None]) -> int:
        """Pass on each complete line until the prompt appears; return the status in it."""
        seen = b""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (prompt := _PROMPT.search(seen.decode(errors="replace"))):
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._terminal], [], [], left)
            try:
                more = os.read(self._terminal, 4096) if ready else b""
            except OSError:  # how Linux reports that the shell has ended
                more = b""
            if not more:
                raise NoAnswer(seen.decode(errors="replace"))
            *complete, seen = (seen + more).split(b"\n")
            for line in complete:
                take(line.decode(errors="replace").rstrip("\r"))
        if before := _PROMPT.sub("", seen.decode(errors="replace")):
            take(before)  # a last line without its end
        return int(prompt[1])


@contextmanager
def typed_bash(rc: Path, environment: Mapping[str, str], folder: Path) -> Iterator[TypedShell]:
    """Start an interactive bash that reads this rc file and no other; end it afterwards."""
    ours, theirs = pty.openpty()
    bash = ["bash", "--noprofile", "--rcfile", str(rc), "--noediting", "-i"]
    # The first terminal that the leader of a new session opens becomes its controlling terminal.
    opened = ["/bin/sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(theirs), *bash]
    started = subprocess.Popen(
        opened,
        env={**environment, "TERM": "dumb"},
        cwd=folder,
        start_new_session=True,
    )
    try:
        yield TypedShell(ours)
    finally:
        os.close(ours)  # hangs up the terminal, for the shell and its child processes
        os.close(theirs)
        started.kill()
        started.wait()
