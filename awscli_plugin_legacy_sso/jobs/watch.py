"""Stay, and renew legacy profiles before their keys expire: ``refresh-legacy --watch``.

A round looks at the files, decides what is due, refreshes it, and remembers the results. Each round
decides by the wall clock and by what stands in the files at that moment. So a laptop that slept, a
clock that was set and a file that another program wrote need no code of their own.
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
from .news import News
from .refresh import Fetch, refresh
from .rows import Row

_LOOK_SECONDS = 0.5  # between two looks at the clock and the files
# Keys are renewed when this much time is left, or half of what was left when they were first seen.
_LEFT = timedelta(minutes=20)
# Between failed tries; each pause is twice as long as the one before.
_SHORTEST_PAUSE = timedelta(seconds=1)
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=5)
# A profile is renewed early, by up to this part of its waiting time, if others are due.
_SOON = 0.1
_NEVER = datetime.max.replace(tzinfo=UTC)

Load = Callable[[], tuple[Fetch, Configuration]]  # reads the configuration again
Key = tuple[str, str]  # the file and the name of a legacy profile
Stamp = tuple[tuple[int, int, int] | None, ...]  # of files; it changes when one of them does


class Pause(NamedTuple):
    """Why and for how long a legacy profile is not tried again."""

    since: datetime
    length: timedelta
    sign_in: Stamp  # when the pause began; a new sign-in ends the pause
    error: LegacySsoError | None = None

    @property
    def end(self) -> datetime:
        return self.since + self.length

    def is_over(self, sign_in: Stamp) -> bool:
        """Tell whether its time is nearly over, or the person has signed in since."""
        # A pause that begins in the future is over, too: the clock was set back.
        is_running = self.since <= datetime.now(UTC) < self.end - _SOON * self.length
        return not is_running or sign_in != self.sign_in


class Memory(NamedTuple):
    """What is known of a legacy profile from the rounds before."""

    seen: datetime  # when keys with this expiration were first seen
    expiration: datetime | None = None
    sign_in: Stamp = ()  # then; only a later sign-in fills a profile that is signed out
    pause: Pause | None = None
    signed_out: bool = False
    was_there: bool = False  # in some round; if it is gone, another command has removed it


def due_at(source: Source, there: Standing, memory: Memory, sign_in: Stamp) -> datetime:
    """Return when a legacy profile is to be renewed; ``_NEVER`` if it is not."""
    now, legacy = datetime.now(UTC), there.legacy
    if memory.pause and not memory.pause.is_over(sign_in):
        return memory.pause.end
    if legacy is None and memory.was_there:
        return _NEVER
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
    """Return the pause after a failed try: twice as long as the last one.

    While the old keys still work, it is at most half of the time that they have left.
    """
    now = datetime.now(UTC)
    length = min(memory.pause.length * 2, _LONGEST_PAUSE) if memory.pause else _FIRST_PAUSE
    left = memory.expiration - now if memory.expiration else timedelta()
    if left > timedelta():
        length = max(_SHORTEST_PAUSE, min(length, left / 2))
    return Pause(now, length, sign_in, error)


@dataclass
class Watch:
    """One watch over the selected legacy profiles of some credentials files."""

    load: Load
    config_file: str  # what ``load`` reads
    paths: Sequence[str]  # of the credentials files
    selection: Selection
    news: News
    _is_first: bool = True
    _memories: dict[Key, Memory] = field(default_factory=dict)
    _token_files: set[str] = field(default_factory=set)

    def run(self) -> NoReturn:
        """Wait and renew, until interrupted.

        Raises:
            LegacySsoError: in the first round nothing could be selected, or a file could not be
                read. In later rounds such an error is told, and the round is tried again.
        """
        seen = before = self._look()
        at, due = datetime.now(UTC), self._round()
        while True:
            time.sleep(_LOOK_SECONDS)
            now = self._look()
            # Wait until the files stop changing: some programs empty a file before they write it.
            has_changed = now != seen and now == before
            before = now
            if has_changed or not at <= datetime.now(UTC) < due:
                seen = now  # our own writes cause one more round; others may have written, too
                at, due = datetime.now(UTC), self._round()

    def _look(self) -> Stamp:
        paths = self.config_file, *self.paths, *sorted(self._token_files)
        return tuple(map(_stamp, paths))

    def _round(self) -> datetime:
        """Renew what is due; return when the next round is due."""
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
            self.news.of_trouble(None, str(error))
            return datetime.now(UTC) + _FIRST_PAUSE
        memories, due = {}, [_NEVER]
        for row in report.rows:
            there = _after(looked_at.get(row.key, Standing()), row)
            before = self._memory(row.key, row.source)
            memories[row.key] = memory = self._remember(before, row, there)
            if row.key in self._memories and memory.signed_out and not before.signed_out:
                self.news.of_sign_out(row)
            if not self._is_left_out(row.source):
                due.append(due_at(row.source, there, memory, self._sign_in(row.source)))
        self._memories = memories
        pauses = (memories[row.key].pause for row in report.rows)
        self.news.of_round(report, [pause.error if pause else None for pause in pauses])
        if self._is_first:
            self.news.of_start(report, self._is_left_out)
        self._is_first = False
        return min(due)

    def _is_due(self, copy: Copy, there: Standing) -> bool:
        memory, sign_in = self._memory(copy.key, copy.source), self._sign_in(copy.source)
        is_paused = memory.pause and not memory.pause.is_over(sign_in)
        if is_paused or self._is_left_out(copy.source):
            return False
        due = due_at(copy.source, there, memory, sign_in)
        waiting = max(due - memory.seen, timedelta())
        return due != _NEVER and datetime.now(UTC) >= due - _SOON * waiting

    def _memory(self, key: Key, source: Source) -> Memory:
        # In the first round an earlier sign-in fills signed-out profiles, too.
        new = Memory(datetime.now(UTC), sign_in=() if self._is_first else self._sign_in(source))
        return self._memories.get(key, new)

    def _remember(self, memory: Memory, row: Row, there: Standing) -> Memory:
        """Return what the next round has to know of a legacy profile."""
        legacy, sign_in = there.legacy, self._sign_in(row.source)
        expiration = legacy.expiration if legacy else None
        is_new = expiration != memory.expiration
        memory = memory._replace(
            seen=datetime.now(UTC) if is_new else memory.seen,
            expiration=expiration,
            signed_out=legacy is not None and legacy.signed_out,
            was_there=memory.was_there or legacy is not None,
            sign_in=memory.sign_in if row.error else sign_in,
        )
        if memory.pause and not memory.pause.is_over(sign_in) and row.status != "refreshed":
            return memory
        # A credential_process may hand out the same keys again and again.
        is_same = row.status == "refreshed" and expiration is not None and not is_new
        is_in_vain = is_same or row.error
        pause = pause_after(row.error, memory, sign_in) if is_in_vain else None
        return memory._replace(pause=pause)

    def _is_left_out(self, source: Source) -> bool:
        is_named = not (self.selection.of_written or self.selection.same_login)
        return not is_named and source.what_it_needs is not None

    def _sign_in(self, source: Source) -> Stamp:
        """Return the stamp of the sign-in's token file; no stamp if it needs no SSO sign-in."""
        if source.sign_in is None:
            return ()
        path = token_file(source.sign_in)
        self._token_files.add(path)
        return (_stamp(path),)


def _after(there: Standing, row: Row) -> Standing:
    """Return what stands in the file after a round."""
    if row.status != "refreshed":
        return there
    # The file has no microseconds.
    expiration = row.expiration.replace(microsecond=0) if row.expiration else None
    return there._replace(legacy=LegacyProfile(row.name, row.source.name, expiration))


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
