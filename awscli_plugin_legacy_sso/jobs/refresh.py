"""Bring legacy profiles up to date: plan, decide, fetch, decide again, write.

A selection comes in, rows go out. What is fetched, and how, is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from ..configuration import Configuration, SignIn, Source
from ..errors import LegacySsoError, SignInError
from ..fetch.fetch import Outcome
from ..file import credentials_file
from ..file.document import Document
from ..file.section import legacy_profiles, standing, write
from ..legacy_profile import Credentials, Standing
from ..plan.copies import Copy, Selection, plan
from ..plan.decide import Decision, IsDue, decide
from .rows import Report, Row

Fetch = Callable[[Collection[Source]], Iterable[tuple[Source, Outcome]]]
Outcomes = Mapping[Source, Outcome]


def _no_progress(done: int, of: int) -> None:
    pass


def refresh(
    fetch: Fetch,
    configuration: Configuration,
    paths: Sequence[str],
    selection: Selection,
    *,
    is_due: IsDue | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = _no_progress,
    login: Callable[[Source], bool] | None = None,
) -> Report:
    """Bring the selected legacy profiles up to date.

    Args:
        fetch: yields each of the sources it is given with what came of it.
        configuration: the AWS CLI's.
        paths: the credentials files, as their readers have to expand them; new legacy profiles
            go into the first.
        selection: what a person asked for.
        is_due: asked, with what is there of a legacy profile, whether to refresh it; without it,
            all are.
        dry_run: fetch nothing and write nothing.
        progress: told how many sources of how many have been fetched.
        login: asked to sign in again where that is over, with a source of that sign-in; says if it
            did.

    Raises:
        LegacySsoError: nothing could be selected, or the first credentials file cannot be read;
            nothing was fetched or written. What happens to a single profile, or to a further
            file, is in the report instead.
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
            rows[copy.key] = _failed(copy, error)
            continue
        rows[copy.key] = _kept(copy, there)
        if decision.is_planned:
            rows[copy.key] = _row(copy, "planned", is_new=not there.exists)
            due.setdefault(copy.path, []).append(decision)
    if not dry_run:
        rows.update(_refuse_unwritable(due))
        sources = {first.copy.source for here in due.values() for first in here}
        outcomes = _fetch(fetch, sources, progress, login) if due else {}
        for path, here in due.items():
            rows.update(_write(path, here, outcomes, report))
    report.rows = list(rows.values())
    return report


def _refuse_unwritable(due: dict[str, list[Decision]]) -> Mapping[tuple[str, str], Row]:
    """Take out what would go into a file that is not this user's to write; return why."""
    rows: dict[tuple[str, str], Row] = {}
    for path in list(due):
        try:
            credentials_file.check(path)
        except LegacySsoError as error:
            rows |= {first.copy.key: _failed(first.copy, error) for first in due.pop(path)}
    return rows


def _fetch(
    fetch: Fetch,
    sources: Collection[Source],
    progress: Callable[[int, int], None],
    login: Callable[[Source], bool] | None,
) -> Outcomes:
    outcomes: dict[Source, Outcome] = {}
    progress(0, len(sources))
    for source, outcome in fetch(sorted(sources)):
        outcomes[source] = outcome
        progress(len(outcomes), len(sources))
    if login:
        again = _signed_in_again(outcomes, login)
        outcomes.update(fetch(again) if again else ())
    return outcomes


def _signed_in_again(outcomes: Outcomes, login: Callable[[Source], bool]) -> list[Source]:
    """Sign in once for each sign-in that is over; return the sources that can be tried again."""
    over: dict[SignIn, list[Source]] = {}
    for source, outcome in outcomes.items():
        if source.sign_in and isinstance(outcome, SignInError):
            over.setdefault(source.sign_in, []).append(source)
    return [source for sources in over.values() if login(sources[0]) for source in sources]


def _write(
    path: str, due: Sequence[Decision], outcomes: Outcomes, report: Report
) -> Mapping[tuple[str, str], Row]:
    """Write all that was fetched for one file at once."""
    rows: dict[tuple[str, str], Row] = {}
    warnings: list[str] = []

    def edit(text: Document) -> None:
        warnings.clear()
        for first in due:
            row, found = _write_one(text, first, outcomes[first.copy.source])
            rows[first.copy.key] = row
            warnings.extend(found)

    try:
        if any(isinstance(outcomes[first.copy.source], Credentials) for first in due):
            report.warnings += credentials_file.update(path, edit).warnings
        else:
            edit(Document(""))  # there is nothing to write
    except LegacySsoError as error:
        return {first.copy.key: _failed(first.copy, error) for first in due}
    report.warnings += warnings
    return rows


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
        return _failed(copy, error), ()
    row = _row(copy, "refreshed", is_new=not there.exists)
    return row._replace(expiration=outcome.expiration), now.warnings


def _row(copy: Copy, status: str, *, is_new: bool = False) -> Row:
    return Row(copy.name, copy.source, copy.path, status, is_new=is_new)


def _kept(copy: Copy, there: Standing) -> Row:
    return _row(copy, "kept")._replace(expiration=there.legacy.expiration if there.legacy else None)


def _failed(copy: Copy, error: LegacySsoError) -> Row:
    return _row(copy, "failed")._replace(error=error)
