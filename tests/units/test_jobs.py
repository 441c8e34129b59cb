"""Refresh, list, remove and sign out, on files alone: which sections they change, and how."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from awscli_plugin_legacy_sso.configuration import Configuration, Source
from awscli_plugin_legacy_sso.errors import FetchError, LegacySsoError
from awscli_plugin_legacy_sso.jobs.list_and_remove import Conditions, list_legacy, remove_legacy
from awscli_plugin_legacy_sso.jobs.refresh import refresh
from awscli_plugin_legacy_sso.jobs.rows import Report
from awscli_plugin_legacy_sso.legacy_profile import Credentials
from awscli_plugin_legacy_sso.plan.copies import Selection

SSO = {"sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "Dev"}
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "dev": SSO,
    "ops": {"role_arn": "arn:aws:iam::1:role/Ops", "source_profile": "dev-legacy-sso"},
    "dev-legacy-sso": {"aws_session_token": "T", "x_legacy_sso_source": "profile dev"},
    "tool": {"credential_process": "x"},
}
SESSION = {"sso_region": "us-east-1", "sso_start_url": "https://x"}
KNOWN = Configuration({"profiles": PROFILES, "sso_sessions": {"corp": SESSION}})
EXPIRATION = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = "aws_access_key_id = A\naws_secret_access_key = S\n"
TOKEN = "aws_session_token = T\naws_security_token = T\n"
RECORD = "x_legacy_sso_source = profile dev\n"
OTHER = "[other]\nk = v\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credentials"


def fetched(sources: Collection[Source]) -> Iterator[tuple[Source, Credentials]]:
    for source in sources:
        yield source, Credentials("ASIANEW", "new", "new-token", EXPIRATION)


def refresh_all(file: Path, *, sso_session: str | None = None) -> Report:
    selection = Selection("default", all=not sso_session, sso_session=sso_session)
    return refresh(fetched, KNOWN, [str(file)], selection)


def remove(file: Path, *, signs_out: bool = False, **conditions: Any) -> Report:
    return remove_legacy(KNOWN, [str(file)], Conditions(**conditions), signs_out=signs_out)


def statuses(report: Report) -> list[tuple[str, str]]:
    return [(row.name, row.status) for row in report.rows]


SETTINGS = [
    "credential_process = get-keys\n",
    "sso_session = corp\nsso_account_id = 1\nsso_role_name = r\n",
    "role_arn = arn:x\nsource_profile = dev\n",
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_section_with_record_and_token_is_ours(file: Path, settings: str) -> None:
    """A section with our record and a token is listed, renewed, signed out and removed.

    That also holds for a section with settings, which ``--force`` writes over. The removal takes
    only our lines.
    """
    before = f"[tool]\n{settings}region = eu-1\n"
    file.write_text(f"{before}{KEYS}{TOKEN}{RECORD}{OTHER}")

    assert statuses(list_legacy(KNOWN, [str(file)])) == [("tool", "unknown")]
    assert statuses(refresh_all(file)) == [("tool", "refreshed")]
    assert statuses(refresh_all(file, sso_session="corp")) == [("tool", "refreshed")]
    assert "new-token" in file.read_text()
    assert statuses(remove(file, signs_out=True, all=True)) == [("tool", "signed-out")]
    assert "new" not in file.read_text()
    assert statuses(remove(file, names=["tool"])) == [("tool", "removed")]
    assert file.read_text() == f"{before}{OTHER}"


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(f"{KEYS}{RECORD}", id="no token"),
        pytest.param(f"{KEYS}aws_session_token =\n{RECORD}", id="an empty token"),
        pytest.param(
            f"{KEYS}aws_session_token =\naws_security_token = old\n{RECORD}", id="boto 2's alone"
        ),
        pytest.param(f"{KEYS}aws_security_token = old\n{RECORD}", id="boto 2's, and no other"),
        pytest.param(f"credential_process = x\n{RECORD}", id="settings and no keys"),
    ],
)
def test_long_term_keys_are_not_ours(file: Path, section: str) -> None:
    """Without a value in ``aws_session_token`` a section is not ours, even with our record.

    It is not listed, and no command changes it.
    """
    text = f"[dev-legacy-sso]\n{section}{OTHER}"
    file.write_text(text)

    assert statuses(list_legacy(KNOWN, [str(file)])) == []
    assert statuses(refresh_all(file)) == []
    assert statuses(remove(file, all=True)) == []
    refused = refresh(fetched, KNOWN, [str(file)], Selection("dev"))
    assert statuses(refused) == [("dev-legacy-sso", "failed")]
    assert file.read_text() == text


def test_blank_record_does_not_stop_the_others(file: Path) -> None:
    """An empty record is listed with a warning, not renewed, and can be removed; others go on."""
    blank = f"[blank]\n{KEYS}{TOKEN}x_legacy_sso_source =\n"
    file.write_text(f"{blank}[dev-legacy-sso]\n{KEYS}{TOKEN}{RECORD}")
    listed = list_legacy(KNOWN, [str(file)])

    assert [row.name for row in listed.rows] == ["blank", "dev-legacy-sso"]
    assert "the source profile '' is gone" in listed.rows[0].warnings
    assert statuses(refresh_all(file)) == [("blank", "failed"), ("dev-legacy-sso", "refreshed")]
    assert statuses(remove(file, names=["blank"])) == [("blank", "removed")]


def test_role_on_legacy_profile(file: Path) -> None:
    """A role on a legacy profile belongs to the sign-in of that profile's recorded source.

    This holds for selecting, signing out and listing; the old keys of the legacy profile are not
    used.
    """
    file.write_text(f"[ops-legacy-sso]\n{KEYS}{TOKEN}x_legacy_sso_source = profile ops\n")
    (row,) = list_legacy(KNOWN, [str(file)]).rows

    assert row.source.base.account == "111122223333"
    assert statuses(refresh_all(file, sso_session="corp")) == [("ops-legacy-sso", "refreshed")]
    same = refresh(fetched, KNOWN, [str(file)], Selection("dev", same_login=True))
    assert ("ops-legacy-sso", "refreshed") in statuses(same)
    signed_out = remove(file, signs_out=True, names=["ops-legacy-sso"])
    assert statuses(signed_out) == [("ops-legacy-sso", "signed-out")]


@pytest.mark.parametrize(
    ("expires", "after"),
    [
        pytest.param("2999-01-01T00:00:00Z", "now", id="it would have lasted"),
        pytest.param("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", id="it was over"),
        pytest.param("2020-01-01 00:00:00", "2020-01-01 00:00:00", id="in another form"),
        pytest.param("someday", "now", id="not a moment"),
        pytest.param(None, "now", id="it did not say"),
    ],
)
def test_sign_out_ends_the_expiry(file: Path, expires: str | None, after: str) -> None:
    """A sign-out sets the expiry to now, unless it has passed; a second one changes no byte.

    Shell prompts show the expiry.
    """
    line = f"x_security_token_expires = {expires}\n" if expires else ""
    file.write_text(f"[dev-legacy-sso]\n{KEYS}{TOKEN}{line}{RECORD}")
    start = datetime.now(UTC) - timedelta(seconds=1)
    remove(file, signs_out=True, all=True)
    text = file.read_text()
    (value,) = (line for line in text.splitlines() if line.startswith("x_security_token_expires"))
    moment = value.removeprefix("x_security_token_expires = ")

    if after == "now":
        assert start <= datetime.fromisoformat(moment) <= datetime.now(UTC)
    else:
        assert moment == after
    remove(file, signs_out=True, all=True)
    assert file.read_text() == text


def test_signed_out_profile_has_no_expiry(file: Path) -> None:
    """A signed-out profile has no expiration, is not expired, and any refresh fills it."""
    file.write_text(f"[dev-legacy-sso]\n{KEYS}{TOKEN}{RECORD}")
    remove(file, signs_out=True, all=True)
    (row,) = list_legacy(KNOWN, [str(file)]).rows

    assert (row.status, row.expiration) == ("signed-out", None)
    assert statuses(remove(file, expired=True)) == []
    assert statuses(refresh_all(file)) == [("dev-legacy-sso", "refreshed")]


SWALLOWING = (
    f"[dev-legacy-sso]\n{KEYS}{TOKEN}{RECORD}\n  [prod]\n  aws_secret_access_key = madeup\n"
)


@pytest.mark.parametrize("signs_out", [False, True])
def test_swallowed_section_kept(file: Path, signs_out: bool) -> None:
    """A section that ours swallows is kept: the error names file and line, but no content.

    The other profiles are still refreshed and removed.
    """
    file.write_text(f"{SWALLOWING}\n[x]\n{KEYS}{TOKEN}{RECORD}")
    refreshed = refresh_all(file)
    listed = list_legacy(KNOWN, [str(file)])
    removed = remove(file, signs_out=signs_out, all=True)
    where = f"{file}, line 8: "

    assert statuses(refreshed) == [("dev-legacy-sso", "failed"), ("x", "refreshed")]
    assert str(refreshed.rows[0].error).startswith(where)
    assert any(warning.startswith(where) for warning in listed.rows[0].warnings)
    assert [row.source.name for row in listed.rows] == ["dev", "dev"]
    assert [row.name for row in removed.rows] == ["x"]
    assert [str(error).startswith(where) for error in removed.errors] == [True]
    assert file.read_text().startswith(SWALLOWING)
    assert "madeup" not in f"{refreshed}{listed}{removed}"


def test_failure_leaves_the_old_keys(file: Path) -> None:
    """If a source cannot be fetched, its old keys stay, and the others are refreshed."""
    old = f"[a]\n{KEYS}{TOKEN}{RECORD}"
    file.write_text(f"{old}\n[b]\n{KEYS}{TOKEN}x_legacy_sso_source = profile tool\n")

    def fetch(sources: Collection[Source]) -> Iterator[tuple[Source, Credentials | LegacySsoError]]:
        for source, keys in fetched(sources):
            yield source, FetchError("no network") if source.name == "dev" else keys

    report = refresh(fetch, KNOWN, [str(file)], Selection("x", all=True))

    assert statuses(report) == [("a", "failed"), ("b", "refreshed")]
    assert file.read_text().startswith(old)


@pytest.mark.parametrize(("change", "status"), [("removed", "kept"), ("signed out", "kept")])
def test_removal_during_refresh(file: Path, change: str, status: str) -> None:
    """A refresh does not write again what was removed or signed out while it ran."""
    file.write_text(f"[dev-legacy-sso]\n{KEYS}{TOKEN}{RECORD}")

    def fetch(sources: Collection[Source]) -> Iterator[tuple[Source, Credentials]]:
        remove(file, signs_out=change == "signed out", all=True)
        yield from fetched(sources)

    report = refresh(fetch, KNOWN, [str(file)], Selection("x", all=True))

    assert statuses(report) == [("dev-legacy-sso", status)]
    assert report.warnings == [f"dev-legacy-sso was {change} meanwhile, and stays so"]
    assert "ASIANEW" not in file.read_text()
