"""Which options exclude each other, and which values they take; no AWS CLI is needed."""

from __future__ import annotations

from argparse import Namespace
from datetime import timedelta
from itertools import combinations

import pytest

from awscli_plugin_legacy_sso.cli import options
from awscli_plugin_legacy_sso.errors import UsageError

EXCLUDING = {
    ("--all", "--same-login"),
    ("--all", "--output-profile"),
    ("--all", "--force"),
    ("--all", "--profile"),
    ("--all", "--source-profiles"),
    ("--sso-session", "--same-login"),
    ("--sso-session", "--output-profile"),
    ("--sso-session", "--force"),
    ("--sso-session", "--source-profiles"),
    ("--same-login", "--output-profile"),
    ("--same-login", "--force"),
    ("--same-login", "--source-profiles"),
    ("--profile", "--source-profiles"),
    ("--watch", "--dry-run"),
    ("--watch", "--login"),
    ("--watch", "--min-remaining"),
    ("--watch", "--query"),
}
NAMES = [f"--{option['name']}" for option in options.REFRESH if option["name"] != "quiet"]


@pytest.mark.parametrize(("one", "other"), list(combinations([*NAMES, "--profile", "--query"], 2)))
def test_options_exclude_each_other(one: str, other: str) -> None:
    """Exactly the pairs in EXCLUDING are refused, with a message that names both options."""
    if {(one, other), (other, one)} & EXCLUDING:
        with pytest.raises(UsageError, match="do not go together") as refused:
            options.check_together([one, other])
        assert {one, other} <= set(str(refused.value).split())
    else:
        options.check_together([one, other])


def test_quiet_needs_watch() -> None:
    """``--quiet`` without ``--watch`` is refused, since it would have no effect."""
    options.check_together(["--watch", "--quiet"])
    with pytest.raises(UsageError, match="--quiet goes with --watch"):
        options.check_together(["--quiet"])


@pytest.mark.parametrize(
    ("given", "is_refused"),
    [
        ({}, False),
        ({"endpoint_url": "https://x"}, True),
        ({"endpoint_url": ""}, True),
        ({"sign_request": False}, True),
    ],
)
def test_globals_without_meaning_are_refused(given: dict[str, object], is_refused: bool) -> None:
    """``--endpoint-url`` and ``--no-sign-request`` are refused, since they would have no effect."""
    parsed = Namespace(**{"endpoint_url": None, "sign_request": True, **given})
    if is_refused:
        with pytest.raises(UsageError, match="has no meaning here"):
            options.check_globals(parsed)
    else:
        options.check_globals(parsed)


@pytest.mark.parametrize("given", ["0", "5", "9999999"])
def test_minutes_accepted(given: str) -> None:
    """A whole number of minutes is accepted."""
    assert options.minutes(given) == timedelta(minutes=int(given))


@pytest.mark.parametrize("given", ["", "x", "-1", "1.5", "1e3", " 5", "٣", "10000000"])
def test_minutes_refused(given: str) -> None:
    """Any other value is refused with a message."""
    with pytest.raises(UsageError, match="a whole number of minutes"):
        options.minutes(given)
