"""The main job on real AWS CLIs: one profile, from the sign-in to keys that an old tool can use."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from support.person import DEBIAN, FROZEN, Person, arn, interrupted, lines, only

# What people's files look like: comments, odd spacing, nesting, somebody's long-term keys.
ODD_FILE = """\
# my keys, do not touch
[default]   ; the main one
aws_access_key_id=AKIAIOSFODNN7EXAMPLE
aws_secret_access_key   :   wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ; not a comment

  # indented
[ spaced ]
s3 =
    max_concurrent_requests = 20
\tmax_queue_size = 10000
REGION = eu-central-1

;[old]
"""


def expiration(person: Person, profile: str = "dev-legacy-sso") -> datetime:
    return datetime.fromisoformat(person.sections()[profile]["x_security_token_expires"])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_every_old_byte_stays_and_the_new_section_reads_as_designed(
    person: Person, newline: str, ending: str
) -> None:
    """botocore reads all as before, plus the new profile; a second refresh renews it there."""
    old = (ODD_FILE.rstrip("\n") + ending).replace("\n", newline).encode()
    person.credentials.write_bytes(old)
    before = person.sections()
    person.sign_in()
    done = person.refresh("--profile", "dev")

    assert (done.status, done.err) == (0, "")
    assert person.credentials.read_bytes().startswith(old)
    sections = person.sections()
    new = sections.pop("dev-legacy-sso")
    assert before == sections
    assert list(new) == [
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "aws_security_token",
        "region",
        "x_security_token_expires",
        "x_legacy_sso_source",
    ]
    assert new["aws_security_token"] == new["aws_session_token"]
    assert (new["region"], new["x_legacy_sso_source"]) == ("us-west-2", "profile dev")
    assert person.identity("dev-legacy-sso").startswith(arn("111122223333", "Developer"))

    first = person.credentials.read_bytes()
    person.refresh("--profile", "dev")
    second = person.credentials.read_bytes()

    assert second.startswith(old)
    assert first != second
    assert [line.split(b"=")[0] for line in first.splitlines()] == [
        line.split(b"=")[0] for line in second.splitlines()
    ]


@pytest.mark.parametrize("session", ["corp", None])
def test_the_person_is_told_what_was_written_until_when_and_how_to_undo_it(
    person: Person, session: str | None
) -> None:
    """For ``sso_session`` and inline ``sso_start_url`` alike."""
    source = "dev" if session else "inline"
    person.sign_in(session)
    done = person.refresh("--profile", source)
    local = expiration(person, f"{source}-legacy-sso").astimezone(UTC)

    assert done.status == 0
    assert lines(done.out) == [
        f"{source} -> {source}-legacy-sso  expires {local:%Y-%m-%d %H:%M} (in 1h 0m)",
        f"{source}-legacy-sso is new; "
        f"remove it with: aws sso remove-legacy --legacy-profiles {source}-legacy-sso",
        f"1 legacy profile written to {person.credentials}",
    ]


def test_keys_are_fresh_whatever_the_cli_has_cached_and_the_cli_has_them_too(
    person: Person,
) -> None:
    """16 minutes are left in the CLI's cache; the refresh writes the full hour there and here."""
    person.center.behaviour.role_lifetime = 16 * 60
    person.sign_in()
    person.aws("configure", "export-credentials", "--profile", "dev")
    person.center.behaviour.role_lifetime = 3600
    person.refresh("--profile", "dev")
    exported = json.loads(person.aws("configure", "export-credentials", "--profile", "dev").out)
    written = person.sections()["dev-legacy-sso"]

    assert expiration(person) - datetime.now(UTC) > timedelta(minutes=59)
    assert exported["AccessKeyId"] == written["aws_access_key_id"]
    assert exported["SessionToken"] == written["aws_session_token"]


@pytest.mark.parametrize("profile", ["dev", "dev-legacy-sso"])
def test_the_environments_keys_and_region_never_get_in(person: Person, profile: str) -> None:
    """With keys exported, AWS_PROFILE names the source; a legacy profile means its record."""
    person.sign_in()
    person.refresh("--profile", "inline" if profile == "dev" else "dev")
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "of-the-environment",
        "AWS_SESSION_TOKEN": "of-the-environment",
        "AWS_REGION": "sa-east-1",
        "AWS_DEFAULT_REGION": "sa-east-1",
        "AWS_PROFILE": profile,
    }
    done = person.refresh(env=environment)
    section = person.sections()["dev-legacy-sso"]

    assert done.status == 0
    assert person.identity("dev-legacy-sso").startswith(arn("111122223333", "Developer"))
    assert section["region"] == "us-west-2"
    assert "dev-legacy-sso-legacy-sso" not in person.sections()


def test_a_source_without_a_region_gets_none_from_the_environment(person: Person) -> None:
    """It is of the shell that the refresh ran in; who uses the keys has another."""
    person.sign_in(None)
    environment = {"AWS_REGION": "sa-east-1", "AWS_DEFAULT_REGION": "sa-east-1"}
    done = person.refresh("--profile", "inline", env=environment)

    assert (done.status, done.err) == (0, "")
    assert "region" not in person.sections()["inline-legacy-sso"]


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"AWS_DEFAULT_PROFILE": "inline"}, "inline-legacy-sso"),
        ({"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "inline"}, "dev-legacy-sso"),
        ({}, "default-legacy-sso"),
    ],
)
def test_the_profile_is_found_where_the_cli_finds_it(
    person: Person, environment: dict[str, str], name: str
) -> None:
    """AWS_PROFILE, AWS_DEFAULT_PROFILE, else default."""
    profiles = person.config.read_text().partition("[profile dev]")[2]
    person.configure(f"[profile dev]{profiles}\n[default]{profiles.partition('[profile')[0]}")
    person.sign_in()
    person.sign_in(None)
    person.refresh(env=environment)

    assert list(person.sections()) == [name]


def test_options_name_the_profile_the_file_and_the_region(person: Person) -> None:
    """--output-profile, --credentials-file, --region."""
    person.sign_in()
    path = person.home / "elsewhere" / "keys"
    done = person.refresh(
        *("--profile", "dev", "--output-profile", "old-{profile}"),
        *("--credentials-file", str(path), "--region", "eu-north-1"),
    )

    assert done.status == 0
    assert person.sections(path)["old-dev"]["region"] == "eu-north-1"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not person.credentials.exists()


def test_a_region_that_a_person_changed_stays(person: Person) -> None:
    """Once the section is made, its region is the person's, and so are the keys they added."""
    person.sign_in()
    person.refresh("--profile", "dev")
    text = person.credentials.read_text()
    person.credentials.write_text(text.replace("us-west-2", "eu-west-3") + "output = text\n")
    person.refresh("--profile", "dev")
    section = person.sections()["dev-legacy-sso"]

    assert (section["region"], section["output"]) == ("eu-west-3", "text")


def test_a_dry_run_says_what_would_be_written_and_asks_nobody(person: Person) -> None:
    """Nothing fetched, nothing written, not even a folder."""
    person.sign_in()
    done = person.refresh("--profile", "dev", "--dry-run")

    assert done.status == 0
    assert lines(done.out) == [
        "dev -> dev-legacy-sso  would be refreshed",
        f"1 legacy profile would be written to {person.credentials}",
    ]
    assert person.center.calls == []
    assert not person.credentials.exists()


@only(FROZEN)
@pytest.mark.parametrize("output", ["json", "yaml", "text", "table"])
def test_with_output_a_document_is_printed_without_any_key(person: Person, output: str) -> None:
    """Through the CLI's own formatter."""
    person.sign_in()
    done = person.refresh("--profile", "dev", "--output", output)

    assert done.status == 0
    for word in (
        "dev-legacy-sso",
        "refreshed",
        person.sections()["dev-legacy-sso"]["x_security_token_expires"],
    ):
        assert word in done.out
    if output == "json":
        (item,) = json.loads(done.out)["LegacyProfiles"]
        assert item == {
            "Profile": "dev-legacy-sso",
            "SourceProfile": "dev",
            "CredentialsFile": str(person.credentials),
            "Status": "refreshed",
            "Expiration": person.sections()["dev-legacy-sso"]["x_security_token_expires"],
            "Message": None,
        }


def test_query_picks_from_the_document(person: Person) -> None:
    """As for any command of the CLI."""
    person.sign_in()
    done = person.refresh("--profile", "dev", "--query", "LegacyProfiles[0].Profile")

    assert done.out.strip() == '"dev-legacy-sso"'


def test_the_machines_own_role_is_never_taken(person: Person) -> None:
    """A profile with only a region is refused, with an instance and a container role in reach."""
    person.configure("[profile plain]\nregion = eu-west-1\n")
    done = person.refresh("--profile", "plain", env=person.center.machine_environment())

    assert done.status == 253
    assert "'plain' does not say how it gets credentials" in done.err
    assert not person.credentials.exists()
    assert person.center.calls == []


LONG_TERM = "[dev-legacy-sso]\naws_access_key_id = AKIA\naws_secret_access_key = {}\n"
# id: how it comes about, the exit status, what the one line says.
FAILURES = {
    "not signed in": (
        253,
        "not signed in to session 'corp'; run: aws sso login --sso-session corp",
    ),
    "sign-in ended": (253, "the sign-in to session 'corp' is over; run: aws sso login"),
    "unknown profile": (253, "there is no profile 'nosuch'; list yours with: aws configure"),
    "nothing in the profile": (253, "'empty' does not say how it gets credentials"),
    "long-term keys in the way": (253, "'dev-legacy-sso' of .* holds long-term keys"),
    "another profile's name": (253, "'inline' is a profile of its own"),
    "a folder in its place": (253, "is a folder"),
    "read-only file": (253, "is read-only; allow it with: chmod u\\+w"),
    "403": (254, "GetRoleCredentials was refused \\(ForbiddenException"),
    "404": (254, "GetRoleCredentials was refused \\(ResourceNotFoundException"),
    "500": (254, "GetRoleCredentials was refused"),
    "hanging": (255, "the service cannot be reached: Read timeout"),
    "no network": (255, "the service cannot be reached: Could not connect"),
    "an answer in HTML": (255, "got no usable answer: it is a web page"),
    "an answer without keys": (255, "got no usable answer: it lacks something"),
    "keys with line breaks": (255, "got no usable answer: its secret key has a line break"),
    "keys that have expired": (255, "have expired already: is this machine's clock right?"),
}


# By both CLIs: one of each status, and one that comes from each CLI's own botocore.
BOTH = ("not signed in", "sign-in ended", "read-only file", "403", "no network")
RUNS = [(FROZEN, case) for case in FAILURES] + [(DEBIAN, case) for case in BOTH]
# In which a service's answer, or the file, has something to hide.
SECRETS = ("long-term keys in the way", "403", "an answer without keys", "keys with line breaks")


@pytest.mark.parametrize(("version", "case"), RUNS, indirect=["version"])
def test_a_failure_is_one_clear_line_a_documented_status_and_an_untouched_file(
    person: Person, case: str
) -> None:
    """Whatever goes wrong: nothing lost, nothing shown, and the person knows what to do."""
    arguments = ["--cli-read-timeout", "1", *_bring_about(case, person)]
    before = person.credentials.read_bytes()
    done = person.refresh(*arguments)
    status, said = FAILURES[case]
    (line,) = lines(done.err)

    assert (done.status, done.out) == (status, "")
    assert re.search(said, line)
    assert before == person.credentials.read_bytes()


@only(FROZEN)
@pytest.mark.parametrize("case", SECRETS)
def test_a_failure_shows_no_secret_under_debug_either(person: Person, case: str) -> None:
    """The status is the same, and nothing that the stand-in ever gave out is in the log."""
    done = person.refresh("--cli-read-timeout", "1", *_bring_about(case, person), "--debug")

    assert done.status == FAILURES[case][0]
    assert "refresh-legacy" in done.err


def _bring_about(case: str, person: Person) -> list[str]:  # noqa: C901  # a table, in words
    """Arrange for one failure; return the arguments that run into it."""
    behaviour = person.center.behaviour
    profile = ["--profile", "dev"]
    if case != "not signed in":
        person.sign_in()
    person.credentials.write_text("[mine]\nk = v\n")
    match case:
        case "sign-in ended":
            person.center.end_sign_ins()
        case "unknown profile":
            profile = ["--profile", "nosuch"]
        case "nothing in the profile":
            person.configure("[profile empty]\n")
            profile = ["--profile", "empty"]
        case "long-term keys in the way":
            person.credentials.write_text(LONG_TERM.format(person.center.secret("only-copy")))
        case "another profile's name":
            profile += ["--output-profile", "inline"]
        case "a folder in its place":
            profile += ["--credentials-file", str(person.home)]
        case "read-only file":
            person.credentials.chmod(0o400)
        case "403" | "404" | "500":
            behaviour.failures["GetRoleCredentials"] = int(case)
        case "hanging":
            behaviour.hang.add("GetRoleCredentials")
        case "no network":
            person.center.stop()
        case "an answer in HTML":
            behaviour.raw_answers["GetRoleCredentials"] = (
                200,
                {"content-type": "text/html"},
                b"<html>Sign in to the hotel's network</html>",
            )
        case "an answer without keys":
            behaviour.raw_answers["GetRoleCredentials"] = (200, {}, b'{"roleCredentials": {}}')
        case "keys with line breaks":
            secret = person.center.secret("made-up-secret-of-two-lines")
            answer = _keys(person, secretAccessKey=f"{secret}\n[x]")
            behaviour.raw_answers["GetRoleCredentials"] = (200, {}, answer)
        case "keys that have expired":
            behaviour.raw_answers["GetRoleCredentials"] = (200, {}, _keys(person, expiration=1))
    return profile


def _keys(person: Person, **changed: object) -> bytes:
    keys = {
        "accessKeyId": "ASIA",
        "secretAccessKey": person.center.secret("made-up-secret"),
        "sessionToken": person.center.secret("made-up-token"),
        "expiration": int(time.time() + 3600) * 1000,
        **changed,
    }
    return json.dumps({"roleCredentials": keys}).encode()


@only(FROZEN)
def test_a_name_that_a_section_cannot_have_is_refused(person: Person) -> None:
    """Before anything is fetched."""
    person.sign_in()
    done = person.refresh("--profile", "dev", "--output-profile", "a\nb")

    assert done.status == 253
    assert len(lines(done.err)) == 1
    assert person.center.calls == []
    assert not person.credentials.exists()


@only(FROZEN)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--endpoint-url", "https://example.com"],
        ["--no-sign-request"],
        ["--all", "--profile", "dev"],
        ["--min-remaining", "soon"],
        ["--credentials-file", ""],
        ["--watch", "--query", "x"],
        ["--watch", "--output", "text"],
        ["--quiet"],
        ["--no-such-option"],
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(
    person: Person, arguments: list[str]
) -> None:
    """Status 252, and nothing is fetched. ``units/test_options.py`` has each pair of them."""
    person.sign_in()
    done = person.refresh(*arguments)

    assert done.status == 252
    assert person.center.calls == []


def test_a_file_that_does_not_parse_is_named_by_line_and_left_alone(person: Person) -> None:
    """A file of our own choosing: on the default one the CLI itself gives up before us."""
    path = person.home / "broken"
    path.write_text("[a]\nk = SECRET\nk = SECRET\n")
    person.sign_in()
    done = person.refresh("--profile", "dev", "--credentials-file", str(path))

    assert done.status == 253
    assert f"{path}, line 3: key 'k' is there twice" in done.err
    assert "SECRET" not in done.err
    assert path.read_text() == "[a]\nk = SECRET\nk = SECRET\n"


def test_a_default_file_that_does_not_parse_is_left_alone(person: Person) -> None:
    """Status 255, in the CLI's own words."""
    person.credentials.write_text("[a]\nk = SECRET\nk = SECRET\n")
    person.sign_in()
    done = person.refresh("--profile", "dev")

    assert (done.status, done.out) == (255, "")
    assert f"Unable to parse config file: {person.credentials}" in done.err
    assert "SECRET" not in done.err
    assert person.credentials.read_text() == "[a]\nk = SECRET\nk = SECRET\n"


def test_throttling_is_waited_out(person: Person) -> None:
    """A 429 is not a failure: the request is sent again until it is granted."""
    person.sign_in()
    person.center.behaviour.failures["GetRoleCredentials"] = 429
    process = person.start("sso", "refresh-legacy", "--profile", "dev")
    person.center.wait_for("GetRoleCredentials", 2)
    person.center.behaviour.failures.clear()
    out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")
    assert "dev -> dev-legacy-sso" in out


def test_debug_shows_no_secret_when_all_goes_well(person: Person) -> None:
    """The CLI's own loggers would write requests and answers; they are quiet while we fetch."""
    person.sign_in(expires_in=60)
    done = person.refresh("--profile", "dev", "--debug")

    assert done.status == 0
    assert person.center.count("CreateToken") == 1
    assert "refresh-legacy" in done.err


def test_ctrl_c_ends_it_within_a_second_and_the_file_is_untouched(person: Person) -> None:
    """Status 130, with the service hanging."""
    person.sign_in()
    person.credentials.write_text("[mine]\nk = v\n")
    person.center.behaviour.hang.add("GetRoleCredentials")
    process = person.start("sso", "refresh-legacy", "--profile", "dev")
    person.center.wait_for("GetRoleCredentials")

    assert interrupted(process) == 130
    assert person.credentials.read_text() == "[mine]\nk = v\n"
