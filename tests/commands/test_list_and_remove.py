"""Legacy profiles are listed, removed and signed out without a request; all other bytes stay."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest
from support.old_clients import CLIENTS, ask_who
from support.person import FROZEN, Person, lines, on_both, only
from support.profiles import legacy

from awscli_plugin_legacy_sso.configuration import Configuration
from awscli_plugin_legacy_sso.file import credentials_file
from awscli_plugin_legacy_sso.jobs.list_and_remove import Conditions, remove_legacy

OTHERS = (
    "# mine\n[default]\naws_access_key_id = AKIA\naws_secret_access_key = s ; x\n\n[ odd ]\nk:v"
)
AFTER = "\n# hers\n[ after ]\nk:v ; x\n"


def in_minutes(minutes: int) -> str:
    return f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


@on_both
def test_list_fields(person: Person) -> None:
    """It shows source profile, account, role, session, expiry and state, and sends no request."""
    person.sign_in()
    person.refresh("--profile", "dev")
    person.center.reset_calls()
    done = person.legacy("list-legacy")
    (item,) = json.loads(done.out)["LegacyProfiles"]
    seconds = item.pop("SecondsRemaining")

    assert done.status == 0
    assert 3500 < seconds <= 3600
    assert item == {
        "Profile": "dev-legacy-sso",
        "SourceProfile": "dev",
        "AccountId": "111122223333",
        "RoleName": "Developer",
        "SsoSession": "corp",
        "CredentialsFile": str(person.credentials),
        "Expiration": person.sections()["dev-legacy-sso"]["x_security_token_expires"],
        "State": "valid",
        "Warnings": [],
    }
    assert person.center.calls == []


@only(FROZEN)
@pytest.mark.parametrize("output", ["json", "table", "text", "yaml"])
def test_list_output_and_query(person: Person, output: str) -> None:
    """``--output`` and ``--query`` work as for every list command."""
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    query = "LegacyProfiles[].[Profile,State]"
    done = person.legacy("list-legacy", "--output", output, "--query", query)

    assert done.status == 0
    assert "dev-legacy-sso" in done.out
    assert "expired" in done.out


@only(FROZEN)
def test_list_states_and_warnings(person: Person) -> None:
    """It shows each state and each warning, also if the source profile was deleted."""
    written = [
        legacy("a", "dev", x_security_token_expires=in_minutes(9), aws_security_token="other"),
        legacy("b", "gone", x_security_token_expires="someday"),
        legacy("inline", "inline"),
        legacy(
            "d", "dev", **dict.fromkeys(("aws_access_key_id", "aws_session_token"), "SIGNED-OUT")
        ),
    ]
    person.credentials.write_text("\n".join(written))
    person.credentials.chmod(0o644)
    found = json.loads(person.legacy("list-legacy").out)["LegacyProfiles"]
    readable = f"{person.credentials} can be read by others; mend it with: chmod 600 "

    assert [item["State"] for item in found] == ["valid", "unknown", "expired", "signed-out"]
    assert all(item["Warnings"][0].startswith(readable) for item in found)
    assert [[warning.partition(";")[0] for warning in item["Warnings"][1:]] for item in found] == [
        ["aws_session_token and aws_security_token differ"],
        ["the source profile 'gone' is gone"],
        ["a profile of this name has settings of its own that these keys may take the place of"],
        ["aws_session_token and aws_security_token differ"],
    ]


@pytest.mark.parametrize(
    "command", [["list-legacy"], ["remove-legacy", "--all"], ["refresh-legacy", "--all"]]
)
def test_active_profile_is_not_used(person: Person, command: list[str]) -> None:
    """The commands work even if AWS_PROFILE names a profile that does not exist."""
    done = person.legacy(*command, env={"AWS_PROFILE": "nosuch"})

    assert (done.status, done.err) == (0, "")


def test_list_without_config(person: Person) -> None:
    """Legacy profiles are listed even if the config has no source profile."""
    person.configure("")
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    (item,) = json.loads(person.legacy("list-legacy").out)["LegacyProfiles"]

    assert (item["Profile"], item["State"]) == ("dev-legacy-sso", "expired")


@on_both
def test_remove_restores_the_old_bytes(person: Person) -> None:
    """After a refresh and a removal the file is the same as before."""
    person.credentials.write_text(OTHERS)
    person.sign_in()
    person.sign_in(None)
    person.refresh("--source-profiles", "dev", "inline")
    done = person.legacy("remove-legacy", "--all")

    assert done.status == 0
    assert lines(done.out) == [
        f"{name}-legacy-sso removed in {person.credentials}" for name in ("dev", "inline")
    ]
    assert person.credentials.read_text() == OTHERS


@only(FROZEN)
@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--legacy-profiles", "a"], ["b", "c"]),
        (["--legacy-profiles", "[ab]"], ["c"]),
        (["--sso-session", "corp"], ["c"]),
        (["--expired"], ["b"]),
        (["--expired", "--sso-session", "corp"], ["b", "c"]),
        (["--all", "--dry-run"], ["a", "b", "c"]),
    ],
)
def test_remove_selection(person: Person, arguments: list[str], left: list[str]) -> None:
    """It selects by name, pattern, session or expiry; ``--dry-run`` removes nothing."""
    written = [
        legacy("a", "dev"),
        legacy("b", "dev", x_security_token_expires=in_minutes(9)),
        legacy("c", "inline"),
    ]
    person.credentials.write_text("\n".join(written))
    done = person.legacy("remove-legacy", *arguments)

    assert done.status == 0
    assert list(person.sections()) == left


@only(FROZEN)
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 252, "say what to remove"),
        (["--legacy-profiles", "default"], 253, "there is no legacy profile 'default'"),
        (["--legacy-profiles", "x*"], 253, "there is no legacy profile 'x*'"),
        (["--sso-session", "crop"], 253, "no legacy profile is of an sso-session 'crop'"),
    ],
)
def test_remove_refuses_other_sections(
    person: Person, arguments: list[str], status: int, said: str
) -> None:
    """A section that the plugin did not write is never removed, even if it is named."""
    person.credentials.write_text(OTHERS)
    done = person.legacy("remove-legacy", *arguments)

    assert done.status == status
    assert said in done.err
    assert person.credentials.read_text() == OTHERS


def test_remove_expired_looks_under_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--expired`` is checked under the lock, because a refresh may have come first."""
    file = tmp_path / "credentials"
    file.write_text(legacy("dev-legacy-sso", "dev"))
    renewed = legacy("dev-legacy-sso", "dev", x_security_token_expires="2999-01-01T00:00:00Z")
    update = credentials_file.update

    def late(path: str, edit: credentials_file.Edit) -> credentials_file.Update:
        file.write_text(renewed)
        return update(path, edit)

    monkeypatch.setattr(credentials_file, "update", late)
    report = remove_legacy(Configuration({}), [str(file)], Conditions(expired=True))

    assert report.rows == []
    assert file.read_text() == renewed


def who_they_are(person: Person) -> dict[str, str | None]:
    """Return the identity that each client is told, or None, while a machine role is available."""
    # An AWS CLI v1 fails on a config file with a plugin path.
    config = person.home / "plain-config"
    config.write_text("")
    environment = person.env(person.center.machine_environment())
    environment |= {"AWS_PROFILE": "dev-legacy-sso", "AWS_CONFIG_FILE": str(config)}
    return {name: ask_who(name, person.center.url, environment) for name in CLIENTS}


@only(FROZEN)
def test_sign_out_for_every_client(
    person: Person,
) -> None:
    """Every client is refused and uses no machine role instead; a refresh restores the keys."""
    person.sign_in()
    person.credentials.write_text(OTHERS)
    person.refresh("--profile", "dev")
    with person.credentials.open("a") as file:
        file.write(AFTER)
    signed_in = person.credentials.read_text()
    before = who_they_are(person)
    done = person.legacy("remove-legacy", "--all", "--sign-out")
    signed_out = person.credentials.read_text()
    after = who_they_are(person)
    identities = list(person.center.identities)
    person.refresh("--all")

    assert None not in before.values(), before
    assert lines(done.out) == [f"dev-legacy-sso signed out in {person.credentials}"]
    assert signed_out.startswith(OTHERS)
    assert signed_out.endswith(AFTER)
    assert signed_out.count(" = SIGNED-OUT") == 4
    assert signed_out.count("x_security_token_expires = ") == 1
    assert after == dict.fromkeys(CLIENTS)
    assert not [identity for identity in identities if "machine-role" in identity]
    assert person.identity("dev-legacy-sso")
    text = person.credentials.read_text()
    assert text.startswith(OTHERS)
    assert text.endswith(AFTER)
    assert without_values(text) == without_values(signed_out) == without_values(signed_in)


def without_values(text: str) -> str:
    return re.sub(" = .*", "", text)


def test_sign_out_keeps_other_kinds(person: Person) -> None:
    """A profile that uses no SSO sign-in is kept and reported.

    A deleted source profile counts as SSO, so it is signed out too.
    """
    person.configure(
        f"{person.config.read_text()}\n[profile process]\ncredential_process = x\n", plugin=False
    )
    kept = legacy("p", "process")
    person.credentials.write_text(f"{kept}\n{legacy('dev', 'dev')}\n{legacy('g', 'gone')}")
    done = person.legacy("remove-legacy", "--all", "--sign-out")

    assert done.status == 0
    assert lines(done.out) == [
        "p kept: it needs no SSO sign-in",
        f"dev signed out in {person.credentials}",
        f"g signed out in {person.credentials}",
    ]
    assert person.credentials.read_text().startswith(kept)


@only(FROZEN)
def test_query_is_checked_first(person: Person) -> None:
    """A ``--query`` that does not fit the document is bad usage, and nothing is changed."""
    person.credentials.write_text(legacy("a", "dev"))
    person.sign_in()
    wrong = "LegacyProfiles[].abs(Profile)"
    for command in (["remove-legacy", "--all"], ["refresh-legacy", "--all"], ["list-legacy"]):
        done = person.legacy(*command, "--query", wrong)

        assert done.status == 252
        assert "--query does not fit what this command prints" in done.err
    assert person.credentials.read_text() == legacy("a", "dev")


@only(FROZEN)
def test_query_of_nulls(person: Person) -> None:
    """JMESPath leaves out a null that is compared; where it fails at one, the keys are written."""
    out = dict.fromkeys(("aws_access_key_id", "aws_session_token"), "SIGNED-OUT")
    person.credentials.write_text(legacy("gone", "inline", **out) + legacy("old", "dev"))
    person.sign_in()
    soon = person.legacy("list-legacy", "--query", "LegacyProfiles[?SecondsRemaining<`9`].Profile")
    query = "LegacyProfiles[?contains(Message, 'x')].Profile"
    refreshed = person.refresh("--source-profiles", "dev", "--query", query)
    format_ = person.refresh("--all", "--query", "*", env={"AWS_DEFAULT_OUTPUT": "josn"})

    assert (soon.status, json.loads(soon.out)) == (0, ["old"])
    assert refreshed.status == format_.status == 252
    assert "--query does not fit what this command prints" in refreshed.err
    assert "josn" in format_.err
    assert "bug" not in refreshed.err + format_.err
    assert "dev-legacy-sso" in person.sections()
    assert person.sections()["old"]["aws_access_key_id"] == "ASIAOLD"


def test_usage_hints(person: Person) -> None:
    """A name without an option gets the right command, an unknown profile a similar name."""
    refresh = person.refresh("dev")
    remove = person.legacy("remove-legacy", "dev")
    near = person.refresh("--profile", "dve")

    assert (refresh.status, remove.status, near.status) == (252, 252, 253)
    assert "aws sso refresh-legacy --profile dev" in refresh.err
    assert "aws sso remove-legacy --legacy-profiles dev" in remove.err
    assert "there is no profile 'dve', maybe 'dev' is meant" in near.err


@only(FROZEN)
def test_list_on_a_terminal(person: Person) -> None:
    """It prints a line for each profile, or a document if the configuration sets a format."""
    person.credentials.write_text(legacy("a", "dev", x_security_token_expires="2999-01-01T00:00Z"))
    command = f"{person.cli} sso list-legacy"

    def shown(**more: str) -> str:
        return str(pexpect.run(command, env=person.env(more), cwd=person.home, encoding="utf-8"))

    assert shown().startswith("a  from dev  valid, ")
    assert json.loads(shown(AWS_DEFAULT_OUTPUT="json"))["LegacyProfiles"][0]["Profile"] == "a"
