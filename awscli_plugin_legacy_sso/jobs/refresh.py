"""The flow: plan, fetch, write, report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..errors import CredentialsFileError, LegacySsoError, SignInError
from ..fetch.credentials import Outcome
from ..file import credentials_file
from ..file.ini_text import IniText
from ..file.legacy_profile import Credentials, LegacyProfile, legacy_profile, write
from ..plan.profiles import Configuration, Refresh, Selection, SignIn, plan

Fetch = Callable[[Collection[str]], Iterable[tuple[str, Outcome]]]


class Result(NamedTuple):
    """What became of one legacy profile."""

    refresh: Refresh
    status: str  # refreshed, kept, failed; planned in a dry run
    expiration: datetime | None = None
    is_new: bool = False
    error: LegacySsoError | None = None


@dataclass
class Report:
    """What became of all of them, in the order in which they were planned."""

    results: list[Result] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # Further credentials files that cannot be read; the rest is done all the same.
    unreadable: list[CredentialsFileError] = field(default_factory=list)


def expires_within(least: timedelta, item: Refresh, there: LegacyProfile | None) -> bool:
    """Tell whether a legacy profile has less time left than that, or no keys of this source."""
    return (
        there is None
        or there.source != item.source
        or there.signed_out
        or there.expiration is None
        or there.expiration - datetime.now(UTC) < least
    )


class Manner(NamedTuple):
    """How to go about it, whatever was selected."""

    # Asked, with what is there of a legacy profile, whether to refresh it; without it, all are.
    is_due: Callable[[Refresh, LegacyProfile | None], bool] | None = None
    dry_run: bool = False
    # Told how many sources of how many have been fetched.
    progress: Callable[[int, int], None] = lambda done, of: None
    # Asked to sign in again where that is over, with a profile of that sign-in; says if it did.
    login: Callable[[SignIn, str], bool] | None = None


def refresh(
    fetch: Fetch,
    configuration: Configuration,
    paths: Sequence[str],
    selection: Selection,
    manner: Manner,
) -> Report:
    """Bring the selected legacy profiles up to date.

    Args:
        fetch: yields each of the source profiles it is given with what came of it.
        paths: the credentials files, as their readers have to expand them; new legacy profiles
            go into the first.

    Raises:
        LegacySsoError: nothing could be selected, or the first credentials file cannot be read;
            nothing was fetched or written. What happens to a single profile, or to a further
            file, is in the report instead.
    """
    texts, unreadable = credentials_file.read_all(paths)
    if paths[0] not in texts:
        raise unreadable[0]
    report = Report(unreadable=unreadable)
    results: dict[tuple[str, str], Result] = {}
    due: list[_Due] = []
    for item in plan(configuration, texts, selection):
        if (item.path, item.name) in results:  # one may be named by its source and by itself
            continue
        result = _before_fetching(item, configuration, texts[item.path], manner)
        results[item.path, item.name] = result
        if result.status == "planned":
            due.append(_Due(item, legacy_profile(texts[item.path], item.name)))
    if not manner.dry_run:
        due = _writable(due, results)
    if due and not manner.dry_run:
        outcomes = _fetch_all(fetch, configuration, {it.item.source for it in due}, manner)
        for path in dict.fromkeys(it.item.path for it in due):
            here = [it for it in due if it.item.path == path]
            results.update(_write(configuration, path, here, outcomes, report))
    report.results = list(results.values())
    return report


class _Due(NamedTuple):
    """What is to be fetched and written, and what was there of it when that was decided."""

    item: Refresh
    there: LegacyProfile | None

    def taken_away(self, text: IniText) -> str | None:
        """Return what somebody has done to it since, if it must not be brought back."""
        if self.there is None:
            return None
        now = legacy_profile(text, self.item.name)
        if now is None:
            return "removed"
        return "signed out" if now.signed_out and not self.there.signed_out else None


def _before_fetching(
    item: Refresh, configuration: Configuration, text: IniText, manner: Manner
) -> Result:
    try:
        if item.error:
            raise item.error
        item.check(configuration, text)
    except LegacySsoError as error:
        return Result(item, "failed", error=error)
    there = legacy_profile(text, item.name)
    if manner.is_due and not manner.is_due(item, there):
        return Result(item, "kept", expiration=there.expiration if there else None)
    return Result(item, "planned", is_new=item.name not in text)


def _writable(due: Sequence[_Due], results: dict[tuple[str, str], Result]) -> list[_Due]:
    """Leave out what would go into a file that is not this user's to write."""
    refused: dict[str, LegacySsoError] = {}
    for path in dict.fromkeys(it.item.path for it in due):
        try:
            credentials_file.check(path)
        except LegacySsoError as error:
            refused[path] = error
    for it in due:
        if why := refused.get(it.item.path):
            results[it.item.path, it.item.name] = Result(it.item, "failed", error=why)
    return [it for it in due if it.item.path not in refused]


def _fetch_all(
    fetch: Fetch, configuration: Configuration, sources: Collection[str], manner: Manner
) -> Mapping[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for source, outcome in fetch(sorted(sources)):
        outcomes[source] = outcome
        manner.progress(len(outcomes), len(sources))
    if manner.login:
        again = _signed_in_again(configuration, outcomes, manner.login)
        outcomes.update(fetch(again) if again else ())
    return outcomes


def _signed_in_again(
    configuration: Configuration,
    outcomes: Mapping[str, Outcome],
    login: Callable[[SignIn, str], bool],
) -> list[str]:
    """Sign in once for each sign-in that is over; return the sources that can be tried again."""
    over: dict[SignIn, list[str]] = {}
    for source, outcome in outcomes.items():
        sign_in = configuration.sign_in(source)
        if sign_in and isinstance(outcome, SignInError):
            over.setdefault(sign_in, []).append(source)
    return [
        source
        for sign_in, sources in over.items()
        if login(sign_in, configuration.signing_in(sources[0]))
        for source in sources
    ]


def _write(
    configuration: Configuration,
    path: str,
    due: Sequence[_Due],
    outcomes: Mapping[str, Outcome],
    report: Report,
) -> Mapping[tuple[str, str], Result]:
    """Write all that was fetched for one file at once."""
    results: dict[tuple[str, str], Result] = {}
    warnings: list[str] = []

    def edit(text: IniText) -> None:
        warnings.clear()
        for one in due:
            result, warning = _write_one(configuration, text, one, outcomes[one.item.source])
            results[path, one.item.name] = result
            warnings.extend([warning] if warning else [])

    try:
        if any(isinstance(outcomes[one.item.source], Credentials) for one in due):
            report.warnings += credentials_file.update(path, edit).warnings
        else:
            edit(IniText(""))  # there is nothing to write
    except LegacySsoError as error:
        return {(path, one.item.name): Result(one.item, "failed", error=error) for one in due}
    report.warnings += warnings
    return results


def _write_one(
    configuration: Configuration, text: IniText, due: _Due, outcome: Outcome
) -> tuple[Result, str | None]:
    item = due.item
    if isinstance(outcome, LegacySsoError):
        return Result(item, "failed", error=outcome), None
    if taken_away := due.taken_away(text):
        return Result(item, "kept"), f"{item.name} was {taken_away} meanwhile, and stays so"
    is_new = item.name not in text
    try:
        warning = item.check(configuration, text)
        write(text, item.name, item.source, outcome, item.region)
    except LegacySsoError as error:
        return Result(item, "failed", error=error), None
    return Result(item, "refreshed", expiration=outcome.expiration, is_new=is_new), warning
