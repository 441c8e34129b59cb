"""Many profiles in one command: selected, fetched together, written once, reported one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest
from identity_center.center import START_URL
from support import fire
from support.person import FROZEN, PROFILES, Person, arn, interrupted, lines, on_both, only
from support.profiles import OTHER_START_URL, SESSIONS, legacy, profiles


@on_both
def test_refresh_when_some_profiles_fail(person: Person) -> None:
    """50 profiles, one forbidden, one with an unknown role: 48 are written.

    The two errors are reported, and the two old sections stay.
    """
    person.configure(SESSIONS + profiles("p", 50))
    person.sign_in()
    old = legacy("p7-legacy-sso", "p7") + "\n" + legacy("p9-legacy-sso", "p9")
    person.credentials.write_text(old)
    person.center.behaviour.forbidden.add(("100000000007", "Developer"))
    person.center.behaviour.unknown.add(("100000000009", "Developer"))
    done = person.refresh("--source-profiles", "p*")
    sections = person.sections()

    assert done.status == 1
    assert [line.partition(" (")[0] for line in lines(done.err)] == [
        "aws: [ERROR]: p7: GetRoleCredentials was refused",
        "aws: [ERROR]: p9: GetRoleCredentials was refused",
    ]
    assert person.credentials.read_text().startswith(old)
    assert len(sections) == 50
    assert sum(section["aws_access_key_id"] != "ASIAOLD" for section in sections.values()) == 48
    assert person.identity("p49-legacy-sso").startswith(arn("100000000049", "Developer"))


def test_role_fetched_once_file_written_once(person: Person, tmp_path: Path) -> None:
    """Profiles that use the same role share one fetch, and the file is replaced once."""
    same = profiles("p", 1)
    twins = same + same.replace("p0", "twin") + "region = eu-west-1\n"
    chained = (
        "[profile leaf]\nrole_arn = arn:aws:iam::300000000000:role/Leaf\nsource_profile = p0\n"
        "region = us-east-1\n"
    )
    person.configure(SESSIONS + twins + chained)
    person.sign_in()
    log = tmp_path / "strace.log"
    traced = fire.strace(log, "-e", "trace=rename,renameat,renameat2,link,linkat")
    command = [person.cli, "sso", "refresh-legacy", "--source-profiles", "p0", "twin", "leaf"]
    done = fire.run([*traced, *command], env=person.environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert log.read_text().count('"credentials"') == 1
    assert person.center.count("GetRoleCredentials") == 1
    assert person.identity("p0-legacy-sso") == person.identity("twin-legacy-sso")
    leaf = person.identity("leaf-legacy-sso")
    assert leaf.startswith("arn:aws:sts::300000000000:assumed-role/Leaf")


@pytest.mark.timeout(240)
@only(FROZEN)
def test_throttling_of_300_profiles(person: Person) -> None:
    """The stand-in answers 429 above 20 requests a second; all 300 profiles are written."""
    person.configure(SESSIONS + profiles("p", 300))
    person.sign_in()
    person.center.behaviour.requests_per_second = 20
    done = person.refresh("--source-profiles", "p*")

    assert (done.status, done.err) == (0, "")
    assert len(person.sections()) == 300


@pytest.mark.parametrize("processes", [1, 2])
def test_refresh_token_is_used_once(person: Person, processes: int) -> None:
    """The access token has expired: 40 profiles, in one or two processes, renew it once in all."""
    person.configure(SESSIONS + profiles("p", 40))
    person.sign_in(expires_in=-10)
    person.center.behaviour.delay = 0.05
    command = ["sso", "refresh-legacy", "--source-profiles", "p*"]
    started = [person.start(*command) for _ in range(processes)]
    ended = [process.communicate(timeout=90) for process in started]

    assert [process.returncode for process in started] == [0] * processes, ended
    assert len(person.sections()) == 40
    assert person.center.count("CreateToken") == 1
    assert person.center.reused_refresh_tokens == 0


@only(FROZEN)
def test_token_folder_holds_only_tokens(person: Person) -> None:
    """Other tools read every file there as a token.

    So the lock is in another folder, and a lock file of an older version is removed.
    """
    token = person.sign_in(expires_in=-10)
    (token.parent / "legacy-sso.lock").touch()
    done = person.refresh("--profile", "dev")

    assert (done.status, done.err) == (0, "")
    assert person.center.count("CreateToken") == 1
    assert [path.suffix for path in token.parent.iterdir()] == [".json"]


def test_login_while_the_token_is_renewed(person: Person) -> None:
    """If the renewal fails, the token file is read again, because a login takes no lock."""
    person.sign_in(expires_in=-10)
    person.center.behaviour.hang.add("CreateToken")
    person.center.behaviour.failures["CreateToken"] = 400
    process = person.start("sso", "refresh-legacy", "--profile", "dev")
    person.center.wait_for("CreateToken")
    person.sign_in()
    person.center.release()
    out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")
    assert "dev -> dev-legacy-sso" in out
    assert person.center.count("CreateToken") == 1


def test_two_sessions_in_one_command(person: Person) -> None:
    """Each profile gets keys of its own account, fetched with its own session's token."""
    person.configure(SESSIONS + profiles("a", 20) + profiles("b", 20, "other"))
    person.sign_in("corp")
    person.sign_in("other", start_url=OTHER_START_URL)
    person.center.accounts = {
        START_URL: {f"1{number:011}" for number in range(20)},
        OTHER_START_URL: {f"2{number:011}" for number in range(20)},
    }
    done = person.refresh("--source-profiles", "*")

    assert (done.status, done.err) == (0, "")
    for number in (0, 19):
        a, b = person.identity(f"a{number}-legacy-sso"), person.identity(f"b{number}-legacy-sso")
        assert a.startswith(arn(f"1{number:011}", "Developer"))
        assert b.startswith(arn(f"2{number:011}", "Developer"))


def test_two_sessions_one_signed_out(person: Person) -> None:
    """One line names its profiles and the login command; those of the other are written."""
    person.configure(SESSIONS + profiles("a", 2) + profiles("b", 2, "other"))
    person.sign_in("corp")
    done = person.refresh("--source-profiles", "*")

    assert done.status == 1
    assert set(person.sections()) == {"a0-legacy-sso", "a1-legacy-sso"}
    assert lines(done.err) == [
        "aws: [ERROR]: b0, b1: not signed in to session 'other'; "
        "run: aws sso login --sso-session other"
    ]


def test_ctrl_c_during_many_requests(person: Person) -> None:
    """20 requests hang: Ctrl-C ends the command at once with status 130; the file is unchanged."""
    person.configure(SESSIONS + profiles("p", 20))
    person.sign_in()
    person.credentials.write_text("[mine]\nk = v\n")
    person.center.behaviour.hang.add("GetRoleCredentials")
    process = person.start("sso", "refresh-legacy", "--source-profiles", "p*")
    person.center.wait_for("GetRoleCredentials", 20)

    assert interrupted(process) == 130
    assert person.credentials.read_text() == "[mine]\nk = v\n"


def test_all_with_deleted_source_and_own_keys(person: Person) -> None:
    """The deleted source profile is reported, the long-term keys stay, the rest is refreshed."""
    person.sign_in()
    by_hand = (
        "[mine]\naws_access_key_id = AKIA\naws_secret_access_key = only-copy\n"
        "x_legacy_sso_source = dev\n"
    )
    gone = legacy("gone-legacy-sso", "gone")
    person.credentials.write_text("\n".join([by_hand, gone, legacy("dev-legacy-sso", "dev")]))
    done = person.refresh("--all")

    assert done.status == 1
    assert lines(done.err) == [
        "aws: [ERROR]: gone: there is no profile 'gone' any more; "
        "remove its legacy profile with: aws sso remove-legacy --legacy-profiles gone-legacy-sso"
    ]
    assert person.credentials.read_text().startswith(f"{by_hand}\n{gone}\n")
    assert person.sections()["dev-legacy-sso"]["aws_access_key_id"] != "ASIAOLD"


@pytest.mark.parametrize("selection", [["--all"], ["--sso-session", "corp"]])
def test_selection_before_the_first_write(person: Person, selection: list[str]) -> None:
    """If nothing is written yet, a line says how to write the first legacy profile; status 0."""
    done = person.refresh(*selection)

    assert (done.status, done.err) == (0, "")
    assert "aws sso refresh-legacy --profile NAME" in done.out
    assert not person.credentials.exists()


@only(FROZEN)
@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (["--source-profiles", "nothing-*"], "no source profile matches 'nothing-*'"),
        (["--sso-session", "nosuch"], "there is no sso-session 'nosuch'"),
    ],
)
def test_selection_without_a_match(person: Person, selection: list[str], said: str) -> None:
    """An unmatched pattern or session name ends with status 253 before anything is fetched."""
    person.sign_in()
    done = person.refresh(*selection)

    assert done.status == 253
    assert said in done.err
    assert person.center.calls == []


@only(FROZEN)
@pytest.mark.parametrize("options", [["--sign-out"], []])
def test_remove_while_a_refresh_fetches(person: Person, options: list[str]) -> None:
    """What is removed or signed out during a refresh stays removed or signed out."""
    person.sign_in()
    assert person.refresh("--profile", "dev").status == 0
    person.center.behaviour.hang.add("GetRoleCredentials")
    person.center.reset_calls()
    process = person.start("sso", "refresh-legacy", "--all")
    person.center.wait_for("GetRoleCredentials")
    assert person.legacy("remove-legacy", "--all", *options).status == 0
    left = person.credentials.read_bytes()
    person.center.release()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert lines(out) == ["dev -> dev-legacy-sso  kept as it is"]
    what = "signed out" if options else "removed"
    assert lines(err) == [f"aws: [WARNING]: dev-legacy-sso was {what} meanwhile, and stays so"]
    assert person.credentials.read_bytes() == left


@only(FROZEN)
def test_further_file_that_cannot_be_read(person: Person) -> None:
    """It is reported, with status 1; the other file is still refreshed, listed and signed out."""
    other = person.home / "other"
    other.write_text("junk\n")
    person.configure(f"[legacy-sso]\ncredentials_files = {other}\n{PROFILES}")
    person.sign_in()
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    for command, options in (
        ("refresh-legacy", ["--all"]),
        ("list-legacy", []),
        ("remove-legacy", ["--all", "--sign-out"]),
    ):
        done = person.legacy(command, *options)
        (line,) = lines(done.err)

        assert done.status == 1
        assert line.startswith(f"aws: [ERROR]: {other}, line 1: a line before the first [section]")
        assert "dev-legacy-sso" in done.out
    assert person.sections()["dev-legacy-sso"]["aws_session_token"] == "SIGNED-OUT"


@only(FROZEN)
def test_profile_named_twice_is_written_once(person: Person) -> None:
    """It is named by its source profile and itself, or stands in a file and in a link to it."""
    link = person.home / "link"
    link.symlink_to(person.credentials)
    person.configure(f"[legacy-sso]\ncredentials_files = {link}\n{PROFILES}")
    person.sign_in()
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    twice = person.refresh("--source-profiles", "dev", "dev-legacy-sso")
    everything = person.refresh("--all")

    for done in twice, everything:
        assert (done.status, done.err) == (0, "")
        assert done.out.endswith(f"1 legacy profile written to {person.credentials}\n")


def test_min_remaining_keeps_lasting_keys(person: Person) -> None:
    """Keys that last long enough stay as they are, and no request is sent for them."""
    later = f"{datetime.now(UTC) + timedelta(minutes=45):%Y-%m-%dT%H:%M:%SZ}"
    kept = legacy("kept-legacy-sso", "dev", x_security_token_expires=later)
    person.credentials.write_text(kept + "\n" + legacy("dev-legacy-sso", "dev"))
    person.sign_in()
    first = person.refresh("--all", "--min-remaining", "30", "--output", "json")
    statuses = {item["Profile"]: item["Status"] for item in json.loads(first.out)["LegacyProfiles"]}
    person.center.reset_calls()
    second = person.refresh("--all", "--min-remaining", "30")
    zero = person.refresh("--all", "--min-remaining", "0")

    assert zero.status == 0
    assert statuses == {"kept-legacy-sso": "kept", "dev-legacy-sso": "refreshed"}
    assert person.credentials.read_text().startswith(kept)
    assert second.status == 0
    assert person.center.calls == []


@on_both
def test_login_once_for_each_session(person: Person) -> None:
    """``--login`` on a terminal runs the CLI's login for each session, then refreshes.

    An older CLI has only the device code flow, and no option for it.
    """
    person.configure(SESSIONS + profiles("p", 3) + profiles("q", 1, "other"))
    terminal = on_a_terminal(person, "--source-profiles 'p*' q0 --login --no-browser")
    terminal.expect("Successfully logged into")
    terminal.expect("Successfully logged into")
    terminal.expect("4 legacy profiles written")
    terminal.expect(pexpect.EOF)
    terminal.wait()

    assert terminal.exitstatus == 0
    assert person.center.count("StartDeviceAuthorization") == 2
    assert len(person.sections()) == 4


@only(FROZEN)
def test_login_declined(person: Person) -> None:
    """The reason is reported, and the profiles of the other session are written."""
    person.configure(SESSIONS + profiles("a", 1) + profiles("b", 1, "other"))
    person.sign_in("other", start_url=OTHER_START_URL)
    person.center.behaviour.device_approval = "deny"
    terminal = on_a_terminal(person, "--source-profiles a0 b0 --login --no-browser")
    said = terminal.read()
    terminal.wait()

    assert "signing in did not succeed: CreateToken was refused (AccessDenied" in said
    assert "a0: not signed in to session 'corp'; run: aws sso login --sso-session corp" in said
    assert terminal.exitstatus == 1
    assert list(person.sections()) == ["b0-legacy-sso"]


@only(FROZEN)
def test_login_for_a_role(person: Person) -> None:
    """``--login`` signs in with the role's source profile; stdout has only the document."""
    person.configure(
        f"{PROFILES}\n[profile leaf]\nrole_arn = arn:aws:iam::300000000000:role/Leaf\n"
        "source_profile = inline\nregion = us-east-1\n"
    )
    out = person.home / "out"
    terminal = on_a_terminal(
        person, f"--profile leaf --login --no-browser --output json >{out}", device_code=False
    )
    terminal.read()
    terminal.wait()

    assert terminal.exitstatus == 0
    (item,) = json.loads(out.read_text())["LegacyProfiles"]
    assert (item["Profile"], item["Status"]) == ("leaf-legacy-sso", "refreshed")


def on_a_terminal(person: Person, options: str, *, device_code: bool = True) -> Any:
    """Start a refresh on a terminal."""
    command = f"{person.cli} sso refresh-legacy {'--use-device-code ' * device_code}{options}"
    return pexpect.spawn(
        "/bin/sh", ["-c", command], env=person.environment, timeout=60, encoding="utf-8"
    )


def test_login_without_a_terminal(person: Person) -> None:
    """In a script ``--login`` starts no login; the error is the same as without it."""
    done = person.refresh("--profile", "dev", "--login")

    assert done.status == 253
    assert "run: aws sso login" in done.err
    assert person.center.calls == []


@only(FROZEN)
def test_progress_on_a_terminal(person: Person) -> None:
    """On a terminal a slow refresh shows how many profiles are fetched so far."""
    person.configure(SESSIONS + profiles("p", 40))
    person.sign_in()
    person.center.behaviour.requests_per_second = 20
    terminal = pexpect.spawn(
        str(person.cli),
        ["sso", "refresh-legacy", "--source-profiles", "p*"],
        env=person.environment,
        timeout=60,
        encoding="utf-8",
    )
    terminal.expect(r"\d+ of 40 profiles fetched")
    terminal.expect("40 legacy profiles written")
    terminal.expect(pexpect.EOF)


@only(FROZEN)
def test_further_files_of_the_config(person: Person) -> None:
    """``--all`` also refreshes what is written in the ``credentials_files`` of ``[legacy-sso]``."""
    further = person.home / "mounted" / "credentials"
    person.configure(
        f"[legacy-sso]\ncredentials_files = ~/mounted/credentials\n\n{SESSIONS}{profiles('p', 1)}"
    )
    person.sign_in()
    person.refresh("--profile", "p0", "--credentials-file", str(further))
    first = further.read_text()
    done = person.refresh("--all")

    assert lines(done.out)[-1] == f"1 legacy profile written to {further}"
    assert first != further.read_text()
    assert not person.credentials.exists()
