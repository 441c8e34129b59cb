"""What the commands print: sentences for a person, documents and events for programs.

Rows come in, text goes out. This module does not need ``awscli``, so its tests run without an AWS
CLI.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import LegacySsoError, UnansweredError
from ..jobs.rows import Report, Row
from ..legacy_profile import remove_command, timestamp

if TYPE_CHECKING:
    from ..jobs.news import Event

Document = Mapping[str, Any]


# The members of documents and events, with their values.
_MEMBERS: Mapping[str, Callable[[Row], Any]] = {
    "Profile": lambda row: row.name,
    "SourceProfile": lambda row: row.source.name,
    "AccountId": lambda row: row.source.base.account,
    "RoleName": lambda row: row.source.base.role,
    "SsoSession": lambda row: row.source.sign_in.session if row.source.sign_in else None,
    "CredentialsFile": lambda row: row.path,
    "Status": lambda row: row.status,
    "Expiration": lambda row: timestamp(row.expiration) if row.expiration else None,
    "SecondsRemaining": lambda row: int(_seconds_left(row.expiration)) if row.expiration else None,
    "State": lambda row: row.status,
    "Message": lambda row: str(row.error) if row.error else None,
    "Warnings": lambda row: list(row.warnings),
}


def _document(report: Report, members: Iterable[str]) -> Document:
    rows = [{member: _MEMBERS[member](row) for member in members} for row in report.rows]
    return {"LegacyProfiles": rows}


_REMOVED = ("Profile", "SourceProfile", "CredentialsFile", "Status")
removed_document = partial(_document, members=_REMOVED)
refreshed_document = partial(_document, members=(*_REMOVED, "Expiration", "Message"))
listed_document = partial(
    _document, members=[it for it in _MEMBERS if it not in ("Status", "Message")]
)


def _seconds_left(expiration: datetime) -> float:
    return max(0.0, (expiration - datetime.now(UTC)).total_seconds())


def refreshed_lines(report: Report, credentials_file: str | None = None) -> Iterator[str]:
    """Yield the lines of ``refresh-legacy``, given the file of ``--credentials-file``."""
    if not report.rows:
        how = "aws sso refresh-legacy --profile NAME"
        yield f"No legacy profile to refresh. Write the first one with: {how}"
    for row in report.rows:
        if not row.error:
            note = row.source.why_not_fresh if row.expiration else None
            yield f"{row.source.name} -> {row.name}  {_what(row)}{f'; {note}' if note else ''}"
    new = [row.name for row in report.rows if row.status == "refreshed" and row.is_new]
    if len(new) == 1:
        yield f"{new[0]} is new; remove it with: {remove_command(new[0], credentials_file)}"
    elif new:
        remove = remove_command("NAME", credentials_file)
        yield f"{_count(len(new))} of these are new; remove one with: {remove}"
    for path in dict.fromkeys(row.path for row in report.rows):
        statuses = [row.status for row in report.rows if row.path == path]
        if refreshed := statuses.count("refreshed"):
            yield f"{_count(refreshed)} written to {path}"
        elif planned := statuses.count("planned"):
            yield f"{_count(planned)} would be written to {path}"


def listed_lines(report: Report) -> Iterator[str]:
    """Yield the lines of ``list-legacy``: one for each legacy profile, then the warnings."""
    if not (report.rows or report.errors):
        yield "No legacy profile yet. Write one with: aws sso refresh-legacy --profile NAME"
    paths = list(dict.fromkeys(row.path for row in report.rows))
    names = max((len(row.name) for row in report.rows), default=0)
    sources = max((len(row.source.name) for row in report.rows), default=0)
    for path in paths:
        if len(paths) > 1:
            yield f"{path}:"
        for row in (row for row in report.rows if row.path == path):
            yield f"{row.name:{names}}  from {row.source.name:{sources}}  {_state(row)}"
    warnings: dict[str, list[str]] = {}
    for row in report.rows:
        for warning in row.warnings:
            warnings.setdefault(warning, []).append(row.name)
    for warning, of in warnings.items():
        yield f"{of[0] if len(of) == 1 else _count(len(of))}: {warning}"


def removed_lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """Yield the lines of ``remove-legacy``."""
    if not (report.rows or report.errors):
        yield "No legacy profile to remove."
    would = "would be " if dry_run else ""
    for row in report.rows:
        if row.status == "kept":
            yield f"{row.name} kept: it needs no SSO sign-in"
        else:
            yield f"{row.name} {would}{row.status.replace('-', ' ')} in {row.path}"


def _state(row: Row) -> str:
    if row.expiration is None:
        return row.status
    if row.status == "expired":
        return f"expired  {_local(row.expiration)}"
    return f"{row.status}, {_left(row.expiration)} left  until {_local(row.expiration)}"


def _what(row: Row) -> str:
    if row.status == "planned":
        return "would be refreshed"
    if row.status == "refreshed":
        return _when(row.expiration)
    return f"kept, {_when(row.expiration)}" if row.expiration else "kept as it is"


def _count(number: int) -> str:
    return f"{number} legacy profile{'' if number == 1 else 's'}"


def _when(expiration: datetime | None) -> str:
    if expiration is None:
        return "does not say when it expires"
    return f"expires {_local(expiration)} (in {_left(expiration)})"


def _left(expiration: datetime) -> str:
    minutes = round(_seconds_left(expiration) / 60)
    return f"{minutes // 60}h {minutes % 60}m" if minutes >= 60 else f"{minutes}m"


def _local(moment: datetime) -> str:
    try:
        local = moment.astimezone()
    except (OverflowError, OSError):  # the last day of the year 9999, east of Greenwich
        local = moment
    return f"{local:%Y-%m-%d %H:%M}"


def problems(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what goes to stderr: ``WARNING`` or ``ERROR``, and the line."""
    for warning in report.warnings:
        yield "WARNING", warning
    for error in report.errors:
        yield "ERROR", str(error)
    sources: dict[str, dict[str, None]] = {}  # by reason: one line names all that share it
    for row in report.rows:
        if row.error:
            sources.setdefault(str(row.error), {})[row.source.name] = None
    for reason, of in sources.items():
        yield "ERROR", f"{', '.join(of)}: {reason}"


def status(report: Report) -> int:
    """Return the exit status: that of the failures if all failed alike, 1 if only some failed.

    After Ctrl-C at a question it is 130.
    """
    failed = [row.error for row in report.rows if row.error]
    statuses = {error.status for error in [*failed, *report.errors]}
    if not statuses:
        return 0
    if UnansweredError.status in statuses:
        return UnansweredError.status
    if len(failed) < len(report.rows):
        return 1
    return statuses.pop() if len(statuses) == 1 else LegacySsoError.status


def event_line(event: Event) -> str:
    text = f"solved: {event.message}" if event.what == "solved" else event.message or ""
    if event.row:
        text = f"{event.row.source.name} -> {event.row.name}  {_when(event.row.expiration)}"
    return f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}"  # noqa: DTZ005  # the person's own time


def event_document(event: Event) -> str:
    """Return an event as one line of JSON."""
    document: dict[str, Any] = {"Time": timestamp(datetime.now(UTC)), "Event": event.what}
    for member in ("Profile", "SourceProfile", "CredentialsFile", "Expiration"):
        document[member] = _MEMBERS[member](event.row) if event.row else None
    return json.dumps({**document, "Message": event.message})


def print_lines(stream: TextIO, lines: Iterable[str]) -> None:
    """Print lines for a person.

    A character that is not printable, or that the stream's encoding does not have, is written as
    Python writes it, so that no name breaks a line or controls the terminal.
    """
    encoding = stream.encoding or "utf-8"
    for line in lines:
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
        stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def print_problem(kind: str, text: str) -> None:
    """Print a problem as the AWS CLI prints its own, after what was printed to stdout."""
    sys.stdout.flush()
    print_lines(sys.stderr, [f"aws: [{kind}]: {text}"])
