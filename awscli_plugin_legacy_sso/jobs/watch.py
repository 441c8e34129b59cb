"""Stay, and renew legacy profiles before their keys expire: ``refresh-legacy --watch``.

A round looks at the files, decides what is due, refreshes it, and remembers what came of it, in
this order. What is due is decided by the wall clock and by what stands in the files at that moment:
a laptop that slept, a clock that was set, a process that was stopped and a file that somebody else
wrote are no special cases.

Not here: signals, and what is told of a round, which is in ``news.py``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NoReturn

from ..configuration import Configuration, Source
from ..errors import LegacySsoError
from ..fetch.sso import token_file
from ..legacy_profile import LegacyProfile, Standing
from ..plan.copies import Copy, Selection
from .news import Event, News
from .refresh import Fetch, refresh
from .rows import Row

# How often the clock and the files are looked at, which takes a few calls of stat().
_LOOK_SECONDS = 0.5
# Keys are renewed when this long is left, or half of what was left when they were first seen.
_LEFT = timedelta(minutes=20)
# Between tries that fail; each pause is twice the one before.
_SHORTEST_PAUSE = timedelta(seconds=1)
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=5)
# What is due so much of its waiting time later is done too: one write for all.
_SOON = 0.1
_NEVER = datetime.max.replace(tzinfo=UTC)

Load = Callable[[], tuple[Fetch, Configuration]]
Key = tuple[str, str]  # of a legacy profile: its file and its name
Stamp = tuple[tuple[int, int, int] | None, ...]


class Pause(NamedTuple):
    """Why and for how long a legacy profile is not tried again."""

    since: datetime
    length: timedelta
    # The sign-in that was there; another one ends the pause.
    sign_in: Stamp
    error: LegacySsoError | None = None

    @property
    def end(self) -> datetime:
        """When its time is over."""
        return self.since + self.length

    def is_over(self, sign_in: Stamp) -> bool:
        """Tell whether its time is nearly over, or somebody has signed in since."""
        # One that begins in the future: the clock was set back, and nobody knows how long ago.
        is_running = self.since <= datetime.now(UTC) < self.end - _SOON * self.length
        return not is_running or sign_in != self.sign_in


class Memory(NamedTuple):
    """What is known of a legacy profile from the rounds before."""

    # When the keys that expire then were first seen.
    seen: datetime
    expiration: datetime | None = None
    # The sign-in that was there when it was last looked at. One that is signed out is filled by the
    # next sign-in, and not by the one that fed it before.
    sign_in: Stamp = ()
    pause: Pause | None = None
    signed_out: bool = False


def due_at(source: Source, there: Standing, memory: Memory, sign_in: Stamp) -> datetime:
    """Return when a legacy profile is to be renewed; at the latest possible moment for never."""
    now, legacy = datetime.now(UTC), there.legacy
    if memory.pause and not memory.pause.is_over(sign_in):
        return memory.pause.end
    if legacy is None or legacy.source != source.name:
        return now
    if legacy.signed_out:
        return now if any(sign_in) and sign_in != memory.sign_in else _NEVER
    if legacy.expiration is None:
        return _NEVER
    seen = memory.seen if memory.expiration == legacy.expiration else now
    left = min(_LEFT, (legacy.expiration - seen) / 2)
    return legacy.expiration - max(left, timedelta())


def pause_after(error: LegacySsoError | None, memory: Memory, sign_in: Stamp) -> Pause:
    """Return how long to wait after a try: twice as long as the last time.

    While the old keys work there is still something to be saved, and half of what they have left is
    the longest pause.
    """
    now = datetime.now(UTC)
    length = min(memory.pause.length * 2, _LONGEST_PAUSE) if memory.pause else _FIRST_PAUSE
    left = memory.expiration - now if memory.expiration else timedelta()
    if left > timedelta():
        length = max(_SHORTEST_PAUSE, min(length, left / 2))
    return Pause(now, length, sign_in, error)


@dataclass
class Watch:
    """One watch over the selected legacy profiles of some credentials files.

    Args:
        load: reads the configuration anew; returns it with what fetches by it.
        config_file: the file that ``load`` reads, besides the credentials files.
        paths: the credentials files.
        selection: the legacy profiles to watch.
        tell: is told of each event as it happens.
    """

    load: Load
    config_file: str
    paths: Sequence[str]
    selection: Selection
    tell: Callable[[Event], None]
    _is_first: bool = True
    _memories: dict[Key, Memory] = field(default_factory=dict)
    _token_files: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._news = News(self.tell)

    def run(self) -> NoReturn:
        """Wait and renew, until interrupted.

        Raises:
            LegacySsoError: nothing could be selected, or a file could not be read, at the start.
                Later on that is told, and tried again.
        """
        seen = before = self._look()
        at, due = datetime.now(UTC), self._round()
        while True:
            time.sleep(_LOOK_SECONDS)
            now = self._look()
            # Others empty a file before they write it: what still changes is let be.
            has_changed = now != seen and now == before
            before = now
            if has_changed or not at <= datetime.now(UTC) < due:
                seen = now  # so what we write is looked at again: others may have written as well
                at, due = datetime.now(UTC), self._round()

    def _look(self) -> Stamp:
        return _stamp(self.config_file, *self.paths, *sorted(self._token_files))

    def _round(self) -> datetime:
        """Renew what is due; return when the next one will be."""
        looked_at: dict[Key, Standing] = {}

        def is_due(copy: Copy, there: Standing) -> bool:
            looked_at[copy.key] = there
            return self._is_due(copy, there)

        try:
            fetch, configuration = self.load()
            report = refresh(fetch, configuration, self.paths, self.selection, is_due=is_due)
        except LegacySsoError as error:
            if self._is_first:
                raise
            self._news.of_trouble(None, str(error))
            return datetime.now(UTC) + _FIRST_PAUSE
        keys = {row.key: row for row in report.rows}
        standings = {key: _now(looked_at.get(key, Standing()), row) for key, row in keys.items()}
        before = self._memories
        self._memories = {key: self._remember(row, standings[key]) for key, row in keys.items()}
        for key, row in keys.items():
            if key in before and self._memories[key].signed_out and not before[key].signed_out:
                self._news.of_sign_out(row)
        pauses = (self._memories[key].pause for key in keys)
        self._news.of_round(report, [pause.error if pause else None for pause in pauses])
        if self._is_first:
            self._news.of_what_is_left(report, self._is_left_out)
        self._is_first = False
        due = (self._due_at(row.source, key, standings[key]) for key, row in keys.items())
        return min(due, default=_NEVER)

    def _is_due(self, copy: Copy, there: Standing) -> bool:
        memory = self._memory(copy.key, copy.source)
        if memory.pause and not memory.pause.is_over(self._sign_in(copy.source)):
            return False
        due = self._due_at(copy.source, copy.key, there)
        waiting = max(due - memory.seen, timedelta())
        return due != _NEVER and datetime.now(UTC) >= due - _SOON * waiting

    def _due_at(self, source: Source, key: Key, there: Standing) -> datetime:
        if self._is_left_out(source):
            return _NEVER
        return due_at(source, there, self._memory(key, source), self._sign_in(source))

    def _memory(self, key: Key, source: Source) -> Memory:
        # At the start any sign-in fills what is signed out: who starts a watch wants the keys.
        new = Memory(datetime.now(UTC), sign_in=() if self._is_first else self._sign_in(source))
        return self._memories.get(key, new)

    def _remember(self, row: Row, there: Standing) -> Memory:
        """Return what the next round has to know of a legacy profile."""
        memory, sign_in = self._memory(row.key, row.source), self._sign_in(row.source)
        expiration = there.legacy.expiration if there.legacy else None
        is_new = expiration != memory.expiration
        if is_new:
            memory = memory._replace(seen=datetime.now(UTC), expiration=expiration)
        memory = memory._replace(signed_out=there.legacy is not None and there.legacy.signed_out)
        is_over = memory.pause is None or memory.pause.is_over(sign_in)
        if row.error:
            pause = pause_after(row.error, memory, sign_in) if is_over else memory.pause
            return memory._replace(pause=pause)
        # We ourselves may have renewed the token of the sign-in.
        memory = memory._replace(sign_in=sign_in)
        if row.status != "refreshed":
            return memory._replace(pause=None) if is_over else memory
        # A credential_process may hand out the same keys again and again.
        is_same = expiration is not None and not is_new
        return memory._replace(pause=pause_after(None, memory, sign_in) if is_same else None)

    def _is_left_out(self, source: Source) -> bool:
        is_named = not (self.selection.of_written or self.selection.same_login)
        return not is_named and source.what_it_takes is not None

    def _sign_in(self, source: Source) -> Stamp:
        """Return what changes when somebody signs in, or out; all ``None`` while nobody has."""
        if source.sign_in is None:
            return ()
        path = token_file(source.sign_in)
        self._token_files.add(path)
        return _stamp(path)


def _now(there: Standing, row: Row) -> Standing:
    """Return what stands in the file after a round."""
    if row.status != "refreshed":
        return there
    # Without microseconds, as it stands in the file.
    expiration = row.expiration.replace(microsecond=0) if row.expiration else None
    legacy = LegacyProfile(
        row.name, row.source.name, expiration, signed_out=False, tokens_differ=False
    )
    return there._replace(legacy=legacy)


def _stamp(*paths: str) -> Stamp:
    """Return what changes when one of the files does."""
    stamps: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            stamps.append(None)
        else:
            stamps.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(stamps)
