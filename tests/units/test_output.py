"""What our commands print, made from rows alone: no AWS CLI is started."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from awscli_plugin_legacy_sso.cli import output
from awscli_plugin_legacy_sso.configuration import Configuration
from awscli_plugin_legacy_sso.errors import FetchError, LegacySsoError, ServiceError, SignInError
from awscli_plugin_legacy_sso.jobs.news import Event
from awscli_plugin_legacy_sso.jobs.rows import Report, Row

SSO = {"sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "Dev"}
KNOWN = Configuration({"profiles": {"dev": SSO, "p": {"credential_process": "x"}}})
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d"


def row(name: str = "dev-legacy-sso", status: str = "refreshed", **more: Any) -> Row:
    source = KNOWN.source(more.pop("source", "dev"))
    return Row(name, source, more.pop("path", "/file"), status, **more)


def soon(**left: float) -> datetime:
    # Half a minute more, so that a slow machine shows the same whole minutes.
    return datetime.now(UTC) + timedelta(seconds=30, **left)


# The test computes the expiry: the table is built at the collection, which may be minutes earlier.
@pytest.mark.parametrize(
    ("values", "left", "pattern"),
    [
        ({}, {"hours": 8}, f"dev -> dev-legacy-sso  expires {TIME} .in 8h 0m."),
        ({}, {"minutes": 9}, f"dev -> dev-legacy-sso  expires {TIME} .in 9m."),
        ({}, {}, "dev -> dev-legacy-sso  does not say when it expires"),
        ({"status": "kept"}, {}, "dev -> dev-legacy-sso  kept as it is"),
        ({"status": "kept"}, {"minutes": 9}, ".*  kept, expires .* .in 9m."),
        ({"status": "planned"}, {}, "dev -> dev-legacy-sso  would be refreshed"),
        ({"source": "p"}, {"minutes": 9}, ".* .in 9m.; credential_process may .*"),
    ],
)
def test_refreshed_line(values: dict[str, str], left: dict[str, float], pattern: str) -> None:
    """Each legacy profile gets one line, with the local time of its expiry and the time left."""
    printed = row(expiration=soon(**left) if left else None, **values)

    line = next(iter(output.refreshed_lines(Report([printed]))))

    assert re.fullmatch(pattern, line)


@pytest.mark.parametrize(
    ("count", "given", "line"),
    [
        (0, None, None),
        (1, None, "new0 is new; remove it with: aws sso remove-legacy --legacy-profiles new0"),
        (
            1,
            "/my file",
            "new0 is new; remove it with: "
            "aws sso remove-legacy --legacy-profiles new0 --credentials-file '/my file'",
        ),
        (
            40,
            None,
            "40 legacy profiles of these are new; remove one with: "
            "aws sso remove-legacy --legacy-profiles NAME",
        ),
    ],
)
def test_new_line(count: int, given: str | None, line: str | None) -> None:
    """If legacy profiles are new, one line has the command that removes them from that file."""
    report = Report([row("old"), *(row(f"new{n}", is_new=True) for n in range(count))])
    about = [line for line in output.refreshed_lines(report, given) if "remove" in line]

    assert about == ([line] if line else [])


@pytest.mark.parametrize(
    ("name", "words"),
    [("-x", "--legacy-profiles=-x"), ("p*", "--legacy-profiles 'p*'"), ("a b", "'a b'")],
)
def test_hint_can_be_typed(name: str, words: str) -> None:
    """Names in the hint are quoted, so that it works in a shell with any name."""
    (line,) = (it for it in output.refreshed_lines(Report([row(name, is_new=True)])) if "new" in it)

    assert line.endswith(words)


def test_file_line() -> None:
    """One line per file says how many legacy profiles were written to it."""
    rows = [row("a"), row("b"), row("c", path="/other"), row("d", "planned", path="/third")]
    lines = list(output.refreshed_lines(Report(rows)))

    assert lines[-3:] == [
        "2 legacy profiles written to /file",
        "1 legacy profile written to /other",
        "1 legacy profile would be written to /third",
    ]


def test_listed_lines() -> None:
    """The list for a person fits 80 columns, and names the file if there are several."""
    rows = [
        row("dev-legacy-sso", "valid", expiration=soon(minutes=59)),
        row("a", "signed-out", warnings=["w"]),
        row("b", "expired", expiration=datetime(2020, 1, 1, tzinfo=UTC)),
        row("c", "unknown", source="p", warnings=["w", "only c"], path="/other"),
    ]
    lines = list(output.listed_lines(Report(rows)))

    assert re.fullmatch(f"dev-legacy-sso  from dev  valid, 59m left  until {TIME}", lines[1])
    assert re.fullmatch(f"b               from dev  expired  {TIME}", lines[3])
    assert [*lines[:1], lines[2], *lines[4:]] == [
        "/file:",
        "a               from dev  signed-out",
        "/other:",
        "c               from p    unknown",
        "2 legacy profiles: w",
        "c: only c",
    ]
    assert max(map(len, lines)) <= 80


def test_documents() -> None:
    """The JSON document of each command has exactly these fields."""
    report = Report([row(error=FetchError("no"), expiration=datetime(2031, 1, 2, tzinfo=UTC))])
    common = {"Profile": "dev-legacy-sso", "SourceProfile": "dev", "CredentialsFile": "/file"}
    listed = {
        "AccountId": "111122223333",
        "RoleName": "Dev",
        "SsoSession": "corp",
        "State": "refreshed",
        "Warnings": [],
    }
    (refreshed,) = output.refreshed_document(report)["LegacyProfiles"]
    (removed,) = output.removed_document(report)["LegacyProfiles"]
    (shown,) = output.listed_document(report)["LegacyProfiles"]
    seconds = shown.pop("SecondsRemaining")

    expires = {"Expiration": "2031-01-02T00:00:00Z"}
    assert refreshed == {**common, **expires, "Status": "refreshed", "Message": "no"}
    assert removed == {**common, "Status": "refreshed"}
    assert shown == {**common, **expires, **listed}
    assert seconds > 0


@pytest.mark.parametrize(
    ("errors", "unreadable", "status"),
    [
        ([None, None], [], 0),
        ([FetchError("a"), None], [], 1),
        ([SignInError("a"), SignInError("b")], [], 253),
        ([ServiceError("a"), SignInError("b")], [], 255),
        ([None], [SignInError("a")], 1),
        ([], [SignInError("a")], 253),
    ],
)
def test_status(
    errors: list[LegacySsoError | None], unreadable: list[LegacySsoError], status: int
) -> None:
    """All failed with the same status: that one; with different ones: 255; only some failed: 1."""
    rows = [row(str(number), error=error) for number, error in enumerate(errors)]

    assert output.status(Report(rows, errors=unreadable)) == status


def test_problems_printed_once() -> None:
    """An error that several profiles share is one line that names them all."""
    rows = [row("a", error=SignInError("over")), row("b", error=SignInError("over"), source="p")]
    report = Report(rows, warnings=["careful"], errors=[FetchError("unreadable")])

    assert list(output.problems(report)) == [
        ("WARNING", "careful"),
        ("ERROR", "unreadable"),
        ("ERROR", "dev, p: over"),
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [(output.event_line, "solved: away"), (output.event_document, '"Message": "away"')],
)
def test_event(make: Callable[[Event], str], said: str) -> None:
    """An event is printed as one line, as text or as JSON."""
    text = make(Event("solved", "away"))

    assert said in text
    assert text.count("\n") == 0
    if text.startswith("{"):
        assert json.loads(text)["Event"] == "solved"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("name", ["dev", "né\N{SNOWMAN}", "a\x1b[31m\x9b\u202e", "\ud800", "a\nb"])
def test_names_with_unprintable_characters(name: str, encoding: str) -> None:
    """Unprintable characters are escaped for any encoding, so that a name stays on one line."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    output.print_lines(stream, [name])
    printed = raw.getvalue().decode(encoding)

    assert printed.endswith("\n")
    assert printed.count("\n") == 1
    assert printed.strip("\n").isprintable()
