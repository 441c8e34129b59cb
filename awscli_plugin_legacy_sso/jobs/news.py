"""What a watch tells: each thing once, and each trouble again when it is solved.

The rows of a round come in, events go out. ``cli/output.py`` makes lines of the events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..configuration import Source
from ..errors import FetchError, LegacySsoError, SignInError, option
from .rows import Report, Row


class Event(NamedTuple):
    """Something to tell; ``what`` is refreshed, failed, solved, warning or note."""

    what: str
    message: str | None = None
    row: Row | None = None  # the legacy profile that was refreshed


class News:
    """Calls ``tell`` with what is new in a round, and remembers what it has told."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._troubles: dict[object, str] = {}  # those not yet solved
        self._warnings: set[str] = set()

    def of_round(self, report: Report, errors: Sequence[LegacySsoError | None]) -> None:
        """Tell what a round did; ``errors`` has for each row why it cannot be renewed, if so."""
        for warning in report.warnings:
            if warning not in self._warnings:
                self._warnings.add(warning)
                self._tell(Event("warning", warning))
        for row in report.rows:
            if row.status == "refreshed":
                self._tell(Event("refreshed", row=row))
        # All profiles of one sign-in have one trouble if it is over, or if there is no network.
        failed: dict[object, tuple[LegacySsoError, list[str]]] = {}
        for row, error in zip(report.rows, errors, strict=True):
            if error:
                name, sign_in = row.source.name, row.source.sign_in
                is_common = sign_in and isinstance(error, SignInError | FetchError)
                kind = (type(error), sign_in) if is_common else (str(error), name)
                failed.setdefault(kind, (error, []))[1].append(name)
        troubles: dict[object, str] = {str(error): str(error) for error in report.errors}
        for which, (error, sources) in failed.items():
            more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
            troubles[which] = f"{sources[0]}{more}: {error}"
        for which in self._troubles.keys() - troubles.keys():
            self._tell(Event("solved", self._troubles.pop(which)))
        for which, message in troubles.items():
            self.of_trouble(which, message)

    def of_trouble(self, which: object, message: str) -> None:
        """Tell a trouble, unless it was told before and is not yet solved."""
        if which not in self._troubles:
            self._troubles[which] = message
            self._tell(Event("failed", message))

    def of_sign_out(self, row: Row) -> None:
        self._tell(Event("note", f"{row.name} was signed out; the next sign-in fills it"))

    def of_start(self, report: Report, is_left_out: Callable[[Source], bool]) -> None:
        """Tell what is not watched, and how to have it watched."""
        if not report.rows:
            how = "write the first one with: aws sso refresh-legacy --profile NAME"
            self._tell(Event("note", f"there is no legacy profile yet; {how}"))
        for row in report.rows:
            if is_left_out(row.source):
                how = f"to watch it, use {option('--source-profiles', row.source.name)}"
                what = f"{row.name} is not watched, as it may need {row.source.what_it_needs}"
                self._tell(Event("note", f"{what}; {how}"))
