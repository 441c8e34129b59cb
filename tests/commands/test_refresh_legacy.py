"""``aws sso refresh-legacy`` of one profile on real AWS CLIs: output, file, errors and secrets."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from support.person import DEBIAN, FROZEN, Person, arn, interrupted, lines, on_both, only

# A credentials file as people have it: comments, odd spacing, nesting, long-term keys.
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
def test_refresh_keeps_all_other_bytes(person: Person, newline: str, ending: str) -> None:
    """botocore reads the old sections as before, and the new one.

    A second refresh changes only the values of the new one.
    """
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


@on_both
@pytest.mark.parametrize("session", ["corp", None])
def test_refresh_output(person: Person, session: str | None) -> None:
    """It says what was written, when it expires and how to remove it."""
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


@on_both
def test_refresh_replaces_cached_keys(
    person: Person,
) -> None:
    """The CLI's cached keys have 16 minutes left: a refresh fetches new ones and caches them."""
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
def test_environment_keys_and_region_not_used(person: Person, profile: str) -> None:
    """Exported keys and regions are not written.

    If AWS_PROFILE names a legacy profile, its recorded source profile is refreshed.
    """
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


def test_region_not_from_the_environment(person: Person) -> None:
    """The refresh may run in a shell with another region than the tool that uses the keys."""
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
def test_profile_from_the_environment(
    person: Person, environment: dict[str, str], name: str
) -> None:
    """It is AWS_PROFILE, then AWS_DEFAULT_PROFILE, then ``default``, as in the CLI."""
    profiles = person.config.read_text().partition("[profile dev]")[2]
    person.configure(f"[profile dev]{profiles}\n[default]{profiles.partition('[profile')[0]}")
    person.sign_in()
    person.sign_in(None)
    person.refresh(env=environment)

    assert list(person.sections()) == [name]


def test_options_for_name_file_and_region(person: Person) -> None:
    """``--output-profile``, ``--credentials-file`` and ``--region`` apply; a new file is 0600."""
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


def test_region_changed_by_hand_stays(person: Person) -> None:
    """A refresh keeps the region of an existing section, and keys that a person added to it."""
    person.sign_in()
    person.refresh("--profile", "dev")
    text = person.credentials.read_text()
    person.credentials.write_text(text.replace("us-west-2", "eu-west-3") + "output = text\n")
    person.refresh("--profile", "dev")
    section = person.sections()["dev-legacy-sso"]

    assert (section["region"], section["output"]) == ("eu-west-3", "text")


def test_dry_run(person: Person) -> None:
    """It says what would be written, sends no request and writes nothing."""
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
def test_output_document(person: Person, output: str) -> None:
    """``--output`` prints a document in the CLI's formats, without any key."""
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


def test_query(person: Person) -> None:
    """``--query`` selects from the document as for any command of the CLI."""
    person.sign_in()
    done = person.refresh("--profile", "dev", "--query", "LegacyProfiles[0].Profile")

    assert done.out.strip() == '"dev-legacy-sso"'


def test_machine_role_is_never_used(person: Person) -> None:
    """A profile with only a region is refused, even if an instance or container has a role."""
    person.configure("[profile plain]\nregion = eu-west-1\n")
    done = person.refresh("--profile", "plain", env=person.center.machine_environment())

    assert done.status == 253
    assert "'plain' does not say how it gets credentials" in done.err
    assert not person.credentials.exists()
    assert person.center.calls == []


LONG_TERM = "[dev-legacy-sso]\naws_access_key_id = AKIA\naws_secret_access_key = {}\n"
# By case: the exit status, and a pattern of the one line.
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


# These run on both CLIs: one of each status, and one error of each CLI's own botocore.
BOTH = ("not signed in", "sign-in ended", "read-only file", "403", "no network")
RUNS = [(version, case) for version in (FROZEN, DEBIAN) for case in BOTH]
# The others have a row each in the tables that start no AWS CLI.
RUNS_ELSEWHERE = [(FROZEN, case) for case in FAILURES if case not in BOTH]
# Cases in which a service's answer or the file contains a secret.
SECRETS = ("long-term keys in the way", "403", "an answer without keys", "keys with line breaks")


@pytest.mark.parametrize(("version", "case"), RUNS, indirect=["version"])
def test_failure_line_and_status(person: Person, case: str) -> None:
    """Each failure prints one line that says what to do, with the documented status.

    The file is unchanged.
    """
    check_failure(person, case)


@pytest.mark.torture
@pytest.mark.parametrize(("version", "case"), RUNS_ELSEWHERE, indirect=["version"])
def test_more_failures_line_and_status(person: Person, case: str) -> None:
    """The command prints the same as the tables of its parts say."""
    check_failure(person, case)


def check_failure(person: Person, case: str) -> None:
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
def test_failure_with_debug(person: Person, case: str) -> None:
    """The status is the same, and the log has no secret that the stand-in gave out."""
    done = person.refresh("--cli-read-timeout", "1", *_bring_about(case, person), "--debug")

    assert done.status == FAILURES[case][0]
    assert "refresh-legacy" in done.err


def _bring_about(case: str, person: Person) -> list[str]:  # noqa: C901  # one branch for each case
    """Prepare one failure; return the arguments that lead to it."""
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
def test_output_profile_with_a_line_break(person: Person) -> None:
    """A name that a section cannot have is refused before anything is fetched."""
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
        ["--all", "--profile", "dev"],
        ["--credentials-file", ""],
        ["--watch", "--output", "text"],
        ["--no-such-option"],
    ],
)
def test_usage_errors(person: Person, arguments: list[str]) -> None:
    """Wrong options give status 252 before any fetch. ``units/test_options.py`` has each pair."""
    person.sign_in()
    done = person.refresh(*arguments)

    assert done.status == 252
    assert person.center.calls == []


def test_unparsable_other_file(person: Person) -> None:
    """The error names the line. It is not the default file, on which the CLI itself fails first."""
    path = person.home / "broken"
    path.write_text("[a]\nk = SECRET\nk = SECRET\n")
    person.sign_in()
    done = person.refresh("--profile", "dev", "--credentials-file", str(path))

    assert done.status == 253
    assert f"{path}, line 3: key 'k' is there twice" in done.err
    assert "SECRET" not in done.err
    assert path.read_text() == "[a]\nk = SECRET\nk = SECRET\n"


def test_unparsable_default_file(person: Person) -> None:
    """The CLI itself prints its own error, with status 255; the file is unchanged."""
    person.credentials.write_text("[a]\nk = SECRET\nk = SECRET\n")
    person.sign_in()
    done = person.refresh("--profile", "dev")

    assert (done.status, done.out) == (255, "")
    assert f"Unable to parse config file: {person.credentials}" in done.err
    assert "SECRET" not in done.err
    assert person.credentials.read_text() == "[a]\nk = SECRET\nk = SECRET\n"


def test_throttling(person: Person) -> None:
    """After a 429 the request is sent again until it is granted."""
    person.sign_in()
    person.center.behaviour.failures["GetRoleCredentials"] = 429
    process = person.start("sso", "refresh-legacy", "--profile", "dev")
    person.center.wait_for("GetRoleCredentials", 2)
    person.center.behaviour.failures.clear()
    out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")
    assert "dev -> dev-legacy-sso" in out


@on_both
def test_debug_log_has_no_secret(person: Person) -> None:
    """The CLI's loggers would log requests and answers; they are silent during a fetch."""
    person.sign_in(expires_in=60)
    done = person.refresh("--profile", "dev", "--debug")

    assert done.status == 0
    assert person.center.count("CreateToken") == 1
    assert "refresh-legacy" in done.err


@on_both
def test_ctrl_c(person: Person) -> None:
    """The service hangs: Ctrl-C ends the command with status 130, and the file is unchanged."""
    person.sign_in()
    person.credentials.write_text("[mine]\nk = v\n")
    person.center.behaviour.hang.add("GetRoleCredentials")
    process = person.start("sso", "refresh-legacy", "--profile", "dev")
    person.center.wait_for("GetRoleCredentials")

    assert interrupted(process) == 130
    assert person.credentials.read_text() == "[mine]\nk = v\n"
