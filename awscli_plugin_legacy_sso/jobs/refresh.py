"""Bring legacy profiles up to date: plan, decide, fetch, decide again, write.

A selection comes in, rows go out. The caller provides what fetches the credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ..configuration import Configuration, SignIn, Source
from ..errors import LegacySsoError, SignInError
from ..fetch.fetch import Outcome
from ..file import credentials_file
from ..file.document import Document
from ..file.section import legacy_profiles, standing, write
from ..legacy_profile import Credentials
from ..plan.copies import Copy, Selection, plan
from ..plan.decide import Decision, IsDue, decide
from .rows import Report, Row

Fetch = Callable[[Collection[Source]], Iterable[tuple[Source, Outcome]]]
Outcomes = Mapping[Source, Outcome]
Progress = Callable[[int, int], None]
Login = Callable[[Source], bool]


def refresh(
    fetch: Fetch,
    configuration: Configuration,
    paths: Sequence[str],
    selection: Selection,
    *,
    is_due: IsDue | None = None,
    dry_run: bool = False,
    progress: Progress = lambda done, of: None,
    login: Login | None = None,
) -> Report:
    """Bring the selected legacy profiles up to date; a dry run only plans.

    Args:
        fetch: yields each source it is given with its credentials or an error.
        paths: the credentials files, expanded; new legacy profiles go into the first one.
        is_due: says whether to refresh a legacy profile; without it, all are refreshed.
        progress: is called with how many sources of how many have been fetched.
        login: signs in again for a source whose sign-in has expired; returns if it succeeded.

    Raises:
        LegacySsoError: nothing could be selected, or the first credentials file cannot be read;
            nothing was fetched or written. Later errors are in the report instead.
    """
    texts, unreadable = credentials_file.read_all(paths)
    if paths[0] not in texts:
        raise unreadable[0]
    report = Report(errors=[*unreadable])
    rows: dict[tuple[str, str], Row] = {}
    due: dict[str, list[Decision]] = {}  # by file
    written = {path: legacy_profiles(text) for path, text in texts.items()}
    for copy in plan(configuration, written, selection):
        there = standing(texts[copy.path], copy.name)
        try:
            decision = decide(copy, there, is_due)
        except LegacySsoError as error:
            rows[copy.key] = _row(copy, "failed", error=error)
            continue
        if decision.is_planned:
            due.setdefault(copy.path, []).append(decision)
            rows[copy.key] = _row(copy, "planned", is_new=not there.exists)
        else:
            expiration = there.legacy.expiration if there.legacy else None
            rows[copy.key] = _row(copy, "kept", expiration=expiration)
    if not dry_run:
        done = _refuse_unwritable(due)
        sources = {first.copy.source for here in due.values() for first in here}
        outcomes = _fetch(fetch, sources, progress, login) if due else {}
        for path, here in due.items():
            done += _write(path, here, outcomes, report)
        rows.update((row.key, row) for row in done)
    report.rows = list(rows.values())
    return report


def _refuse_unwritable(due: dict[str, list[Decision]]) -> list[Row]:
    """Take out the files that this user may not write; return the failed rows."""
    rows = []
    for path in list(due):
        try:
            credentials_file.check(path)
        except LegacySsoError as error:
            rows += [_row(first.copy, "failed", error=error) for first in due.pop(path)]
    return rows


def _fetch(
    fetch: Fetch, sources: Collection[Source], progress: Progress, login: Login | None
) -> Outcomes:
    outcomes: dict[Source, Outcome] = {}
    progress(0, len(sources))
    for source, outcome in fetch(sorted(sources)):
        outcomes[source] = outcome
        progress(len(outcomes), len(sources))
    over: dict[SignIn, list[Source]] = {}  # the sign-ins that have expired
    for source, outcome in outcomes.items():
        if source.sign_in and isinstance(outcome, SignInError):
            over.setdefault(source.sign_in, []).append(source)
    if again := [it for of in over.values() if login and login(of[0]) for it in of]:
        outcomes.update(fetch(again))
    return outcomes


def _write(path: str, due: Sequence[Decision], outcomes: Outcomes, report: Report) -> Sequence[Row]:
    """Write all that was fetched for one file at once."""
    done: list[tuple[Row, Sequence[str]]] = []

    def edit(text: Document) -> None:
        done[:] = [_write_one(text, first, outcomes[first.copy.source]) for first in due]

    try:
        if any(isinstance(outcomes[first.copy.source], Credentials) for first in due):
            report.warnings += credentials_file.update(path, edit).warnings
        else:
            edit(Document(""))  # makes the rows; there is nothing to write
    except LegacySsoError as error:
        return [_row(first.copy, "failed", error=error) for first in due]
    for _, warnings in done:
        report.warnings += warnings
    return [row for row, _ in done]


def _write_one(text: Document, first: Decision, outcome: Outcome) -> tuple[Row, Sequence[str]]:
    copy = first.copy
    there = standing(text, copy.name)
    try:
        if isinstance(outcome, LegacySsoError):
            raise outcome
        now = decide(copy, there, before=first)
        if not now.is_planned:
            return _row(copy, "kept"), now.warnings
        write(text, copy.name, copy.source.name, outcome, now.region)
    except LegacySsoError as error:
        return _row(copy, "failed", error=error), ()
    expiration, is_new = outcome.expiration, not there.exists
    return _row(copy, "refreshed", expiration=expiration, is_new=is_new), now.warnings


def _row(copy: Copy, status: str, **more: Any) -> Row:
    return Row(copy.name, copy.source, copy.path, status, **more)
