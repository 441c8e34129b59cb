"""What a watch tells of its rounds, and what it does not tell twice."""

from __future__ import annotations

from collections.abc import Mapping

from awscli_plugin_legacy_sso.configuration import Configuration
from awscli_plugin_legacy_sso.errors import FetchError, LegacySsoError, ServiceError, SignInError
from awscli_plugin_legacy_sso.jobs.news import Event, News
from awscli_plugin_legacy_sso.jobs.rows import Report, Row

SSO = {"sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "Dev"}
SESSION = {"sso_region": "us-east-1", "sso_start_url": "https://x"}
KNOWN = Configuration({"profiles": {"dev": SSO, "two": SSO}, "sso_sessions": {"corp": SESSION}})


def told(*rounds: Mapping[str, LegacySsoError]) -> list[tuple[str, str | None]]:
    """Return what is told of rounds; each has the sources that failed, and why."""
    events: list[Event] = []
    news = News(events.append)
    for errors in rounds:
        rows = [Row(name, KNOWN.source(name), "/c", "failed") for name in errors]
        news.of_round(Report(rows), list(errors.values()))
    return [(event.what, event.message) for event in events]


def test_one_sign_in_is_one_trouble() -> None:
    """A sign-in that is over is told once, whatever the words, and for all its profiles."""
    over = {"dev": SignInError("over"), "two": SignInError("over")}

    assert told(over, {"dev": SignInError("still over")}) == [("failed", "dev and 1 more: over")]
    assert told({"dev": FetchError("no network"), "two": FetchError("no network")}) == [
        ("failed", "dev and 1 more: no network")
    ]


def test_each_reason_is_told() -> None:
    """A second profile of the same sign-in with another reason is told too, and a new reason."""
    no_access, no_region = ServiceError("no access"), ServiceError("no region")
    first = ("failed", "dev: no access")
    second = ("failed", "two: no access")

    assert told({"dev": no_access}, {"dev": no_access, "two": no_access}) == [first, second]
    assert told({"dev": no_access}, {"dev": no_region}) == [
        first,
        ("solved", "dev: no access"),
        ("failed", "dev: no region"),
    ]
