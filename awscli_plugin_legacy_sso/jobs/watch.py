"""Stay, and renew legacy profiles before their keys expire: ``refresh-legacy --watch``.

What to do is decided by the wall clock and by what stands in the files at that moment, and by
nothing that was planned before: a laptop that slept, a clock that was set, a process that was
stopped and a file that somebody else wrote are no special cases.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from ..configuration import Configuration
from ..errors import LegacySsoError
from ..fetch.sso import token_file
from ..legacy_profile import LegacyProfile
from ..plan.profiles import Refresh, Selection
from .refresh import Fetch, Manner, Report, Result, refresh

# How often the clock and the files are looked at, which takes a few calls of stat().
_LOOK_SECONDS = 0.5
# Keys are renewed when a third of their life is left or five minutes, if that is more; but not in
# the first half of their life. Of keys that were there before us nobody knows how long they live.
_LEAST_LEFT = timedelta(minutes=5)
_USUAL_LIFE = timedelta(hours=1)
# Between tries that fail; each pause is twice the one before.
_SHORTEST_PAUSE = timedelta(seconds=1)
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=5)
# What is due this part of its life or pause later is done too: one write for all.
_SOON = 0.1
_NEVER = datetime.max.replace(tzinfo=UTC)

Load = Callable[[], tuple[Fetch, Configuration]]
_Key = tuple[str, str]  # of a legacy profile: its file and its name
_Stamp = tuple[tuple[int, int, int] | None, ...]


class Stopped(BaseException):
    """A signal asked for the end. Like KeyboardInterrupt it is nobody's to catch on the way."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.status = 128 + signal_number


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise :class:`Stopped`; one that is ignored (``nohup``) stays so."""

    def stop(signal_number: int, frame: Any) -> NoReturn:
        raise Stopped(signal_number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class Event:
    """Something to tell. ``result`` is the legacy profile it is about, where it is about one."""

    what: str  # refreshed, failed, solved, warning, note
    message: str | None = None
    result: Result | None = None


@dataclass(frozen=True)
class _Pause:
    """Why and until when a legacy profile is not tried again."""

    error: LegacySsoError | None
    since: datetime
    length: timedelta
    sign_in: _Stamp

    def is_over(self, sign_in: _Stamp) -> bool:
        """Tell whether its time is over, or somebody has signed in since."""
        # Not "before its end": the clock may have been set back.
        nearly = self.since + (1 - _SOON) * self.length
        is_running = self.since <= datetime.now(UTC) < nearly
        return not is_running or sign_in != self.sign_in


@dataclass
class Watch:
    """One watch over the selected legacy profiles of some credentials files.

    Args:
        load: reads the configuration anew; returns it with what fetches by it.
        config_file: the file that ``load`` reads, besides the credentials files.
        paths: the credentials files.
        tell: is told of each event as it happens.
    """

    load: Load
    config_file: str
    paths: Sequence[str]
    selection: Selection
    tell: Callable[[Event], None]
    _configuration: Configuration = field(default_factory=lambda: Configuration({}))
    _is_first: bool = True
    # When the keys in the file expire, and how long they lived or will have lived then.
    _lives: dict[_Key, tuple[datetime, timedelta]] = field(default_factory=dict)
    _pauses: dict[_Key, _Pause] = field(default_factory=dict)
    # The sign-in that was there when a legacy profile was last looked at: signed out since, it is
    # not that one which fills it again, but the next.
    _known_sign_ins: dict[_Key, _Stamp] = field(default_factory=dict)
    _token_files: set[str] = field(default_factory=set)
    # What has been told, and is not to be told again: of troubles, until they are solved.
    _troubles: dict[object, str] = field(default_factory=dict)
    _warnings: set[str] = field(default_factory=set)

    def run(self) -> NoReturn:
        """Watch until interrupted.

        Raises:
            LegacySsoError: nothing could be selected, or a file could not be read, at the start.
                Later on that is told, and tried again.
        """
        seen = before = self._look()
        at, due_at = datetime.now(UTC), self._round()
        while True:
            time.sleep(_LOOK_SECONDS)
            now = self._look()
            # Others empty a file before they write it: what still changes is let be.
            has_changed = now != seen and now == before
            before = now
            if has_changed or not at <= datetime.now(UTC) < due_at:
                seen = now  # so what we write is looked at again: others may have written as well
                at, due_at = datetime.now(UTC), self._round()

    def _look(self) -> _Stamp:
        return _stamp(self.config_file, *self.paths, *sorted(self._token_files))

    def _round(self) -> datetime:
        """Renew what is due; return when the next one will be."""
        try:
            fetch, self._configuration = self.load()
            manner = Manner(is_due=self._is_due)
            report = refresh(fetch, self._configuration, self.paths, self.selection, manner)
        except LegacySsoError as error:
            if self._is_first:
                raise
            self._tell_trouble(None, str(error))
            return datetime.now(UTC) + _FIRST_PAUSE
        self._learn(report)
        self._tell(report)
        self._is_first = False
        return min(map(self._due_at, report.results), default=_NEVER)

    # What is due, and when

    def _is_due(self, item: Refresh, there: LegacyProfile | None) -> bool:
        key, sign_in = _key(item), self._sign_in(item.source)
        if self._is_left_out(item.source):
            return False
        if key in self._pauses and not self._pauses[key].is_over(sign_in):
            return False
        if there is None or there.source != item.source:
            return True
        if there.signed_out:
            # At the start any sign-in will do: who starts a watch wants the keys.
            before = self._known_sign_ins.get(key, () if self._is_first else sign_in)
            return sign_in != before and any(sign_in)
        renewal = self._renewal(key, there.expiration)
        return there.expiration is not None and (
            datetime.now(UTC) >= renewal - _SOON * self._lives[key][1]
        )

    def _due_at(self, result: Result) -> datetime:
        key = _key(result.refresh)
        if key in self._pauses:
            return self._pauses[key].since + self._pauses[key].length
        if self._is_left_out(result.refresh.source):
            return _NEVER
        return self._renewal(key, result.expiration)

    def _renewal(self, key: _Key, expiration: datetime | None) -> datetime:
        """Return when keys are to be renewed that expire then."""
        if expiration is None:
            return _NEVER
        known, life = self._lives.get(key, (None, timedelta()))
        if known != expiration:
            life = expiration - datetime.now(UTC)  # somebody else has just fetched them
            if self._is_first:
                life = max(life, _USUAL_LIFE)
            self._lives[key] = expiration, life
        return expiration - left_when_due(life)

    def _is_left_out(self, source: str) -> bool:
        is_named = not (self.selection.of_written or self.selection.same_login)
        return not is_named and self._configuration.source(source).what_it_takes is not None

    def _sign_in(self, source: str) -> _Stamp:
        """Return what changes when somebody signs in, or out; all ``None`` while nobody has."""
        sign_in = self._configuration.source(source).sign_in
        if sign_in is None:
            return ()
        path = token_file(sign_in)
        self._token_files.add(path)
        return _stamp(path)

    # What came of it

    def _learn(self, report: Report) -> None:
        """Remember what the next round has to know, and forget what is no longer there."""
        now = datetime.now(UTC)
        for result in report.results:
            key, sign_in = _key(result.refresh), self._sign_in(result.refresh.source)
            pause = self._pauses.get(key)
            if result.error:
                if pause is None or pause.is_over(sign_in):
                    length = self._length(key, pause)
                    self._pauses[key] = _Pause(result.error, now, length, sign_in)
            elif result.status == "refreshed":
                self._pauses.pop(key, None)
                self._note_life(key, result.expiration, now)
                if self._due_at(result) <= now:
                    # A credential_process may hand out the same keys again and again.
                    self._pauses[key] = _Pause(None, now, self._length(key, pause), sign_in)
            if not result.error:
                self._known_sign_ins[key] = sign_in  # we ourselves may have renewed its token
        there = {_key(result.refresh) for result in report.results}
        memories: tuple[dict[_Key, Any], ...] = (self._lives, self._pauses, self._known_sign_ins)
        for memory in memories:
            for key in memory.keys() - there:
                del memory[key]

    def _note_life(self, key: _Key, expiration: datetime | None, now: datetime) -> None:
        if expiration:
            expiration = expiration.replace(microsecond=0)  # as it stands in the file
            known, _ = self._lives.get(key, (None, None))
            if known != expiration:  # or they are the same keys again
                self._lives[key] = expiration, expiration - now

    def _length(self, key: _Key, before: _Pause | None) -> timedelta:
        """Return how long to wait after a failure, with the pause after the one before."""
        length = min(before.length * 2, _LONGEST_PAUSE) if before else _FIRST_PAUSE
        expiration, _ = self._lives.get(key, (None, None))
        left = expiration - datetime.now(UTC) if expiration else timedelta()
        # While the old keys work there is still something to be saved.
        return max(_SHORTEST_PAUSE, min(length, left / 2)) if left > timedelta() else length

    # What there is to tell

    def _tell(self, report: Report) -> None:
        for warning in report.warnings:
            if warning not in self._warnings:
                self._warnings.add(warning)
                self.tell(Event("warning", warning))
        for result in report.results:
            if result.status == "refreshed":
                self.tell(Event("refreshed", result=result))
        self._tell_troubles(report)
        if self._is_first:
            self._tell_what_is_not_watched(report.results)

    def _tell_troubles(self, report: Report) -> None:
        """Tell of each trouble once, and of its end. A network is away for all of a sign-in."""
        failed: dict[object, tuple[LegacySsoError, list[str]]] = {}
        for item in (result.refresh for result in report.results):
            pause = self._pauses.get(_key(item))
            if pause and pause.error:
                of = self._configuration.source(item.source).sign_in or item.source
                _, sources = failed.setdefault((type(pause.error), of), (pause.error, []))
                sources.append(item.source)
        troubles: dict[object, str] = {str(error): str(error) for error in report.unreadable}
        for which, (error, sources) in failed.items():
            more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
            troubles[which] = f"{sources[0]}{more}: {error}"
        for which in self._troubles.keys() - troubles.keys():
            self.tell(Event("solved", self._troubles.pop(which)))
        for which, message in troubles.items():
            self._tell_trouble(which, message)

    def _tell_trouble(self, which: object, message: str) -> None:
        if which not in self._troubles:
            self._troubles[which] = message
            self.tell(Event("failed", message))

    def _tell_what_is_not_watched(self, results: Sequence[Result]) -> None:
        if not results:
            how = "write the first one with: aws sso refresh-legacy --profile NAME"
            self.tell(Event("note", f"there is no legacy profile yet; {how}"))
        for item in (result.refresh for result in results):
            if self._is_left_out(item.source):
                what = self._configuration.source(item.source).what_it_takes
                how = f"have it watched with --source-profiles {shlex.quote(item.source)}"
                self.tell(
                    Event("note", f"{item.name} is left to you, as it may take {what}; {how}")
                )


def left_when_due(life: timedelta) -> timedelta:
    """Return how long before their end keys are to be renewed that live so long."""
    return min(max(life / 3, _LEAST_LEFT), life / 2)


def _key(item: Refresh) -> _Key:
    return item.path, item.name


def _stamp(*paths: str) -> _Stamp:
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
