"""``refresh_legacy_sso()`` outside the CLI, on the oldest and newest botocore from PyPI."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import real_parts
from support.person import CHECKOUT, FROZEN, Person, arn, only

# Runs in its own process, because botocore reads HOME when it is imported.
CALL = """
import json, sys, warnings
import botocore.session
from awscli_plugin_legacy_sso import refresh_legacy_sso
from awscli_plugin_legacy_sso.errors import LegacySsoError
arguments = json.loads(sys.argv[1])
if "session" in arguments:
    arguments["session"] = botocore.session.Session(profile=arguments["session"])
try:
    expiration = refresh_legacy_sso(**arguments)
except LegacySsoError as error:
    print(json.dumps([type(error).__name__, str(error)]))
else:
    print(json.dumps(["written", expiration and expiration.isoformat()]))
"""


@pytest.fixture(params=["oldest", "newest"])
def python(request: pytest.FixtureRequest) -> str:
    """A Python with the first botocore that knows ``sso_session``, or one with the newest."""
    return str(real_parts.old_client("botocore")) if request.param == "oldest" else sys.executable


def call(person: Person, python: str, **arguments: str) -> list[str]:
    done = subprocess.run(
        [
            python,
            "-W",
            "error",
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            CALL,
            json.dumps(arguments),
        ],
        env=person.env({"PYTHONPATH": str(CHECKOUT)}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: list[str] = json.loads(done.stdout)
    return answer


@only(FROZEN)
def test_function_writes_and_returns_expiry(person: Person, python: str) -> None:
    """It writes fresh keys with the default name to the default file and returns their expiry."""
    person.sign_in()
    answer = call(person, python, input_profile="dev")
    section = person.sections()["dev-legacy-sso"]

    assert answer == ["written", section["x_security_token_expires"].replace("Z", "+00:00")]
    assert person.identity("dev-legacy-sso").startswith(arn("111122223333", "Developer"))


@only(FROZEN)
def test_function_takes_a_name_and_a_file(person: Person, python: str) -> None:
    """``output_profile`` and ``credentials_file`` work as the options of these names do."""
    person.sign_in()
    path = person.home / "elsewhere"
    call(person, python, input_profile="dev", output_profile="x", credentials_file=str(path))

    assert list(person.sections(path)) == ["x"]


@only(FROZEN)
def test_session_credentials_are_written(person: Person, python: str) -> None:
    """The session's own credentials are written; naming another profile too is a UsageError."""
    person.sign_in()
    answer = call(person, python, session="dev")
    refused = call(person, python, session="dev", input_profile="inline")

    assert answer[0] == "written"
    assert person.sections()["dev-legacy-sso"]["x_legacy_sso_source"] == "profile dev"
    assert refused[0] == "UsageError"


@only(FROZEN)
@pytest.mark.parametrize(
    ("profile", "error"),
    [("dev", "SignInError"), ("nosuch", "ProfileError"), ("", "ProfileError")],
)
def test_errors_have_types(person: Person, python: str, profile: str, error: str) -> None:
    """A program can catch each kind of error; all derive from LegacySsoError."""
    assert call(person, python, input_profile=profile or "empty")[0] == error


@only(FROZEN)
def test_session_of_a_legacy_profile_is_refused(person: Person, python: str) -> None:
    """Its keys come from the file, so they would be copied onto themselves."""
    person.sign_in()
    call(person, python, input_profile="dev")
    before = person.credentials.read_bytes()

    assert call(person, python, session="dev-legacy-sso")[0] == "UsageError"
    assert person.credentials.read_bytes() == before


@only(FROZEN)
def test_unreadable_file_has_a_type(person: Person, python: str) -> None:
    """botocore reads the credentials file before us; its parse error becomes one of our errors."""
    person.credentials.write_text("junk\n")
    kind, message = call(person, python, input_profile="dev")

    assert kind == "SourceConfigurationError"
    assert str(person.credentials) in message


@only(FROZEN)
def test_process_that_hangs(person: Person) -> None:
    """The function stops waiting for a ``credential_process`` after a time limit."""
    person.configure("[profile hangs]\ncredential_process = sleep 60\n")

    assert impatient_call(person, "fetch._SILENCE_SECONDS = 0.1", "hangs") == [
        "FetchError",
        "nothing came back within 0.1 s",
    ]


@only(FROZEN)
def test_throttling_without_end(person: Person) -> None:
    """Requests are sent again after a 429, but only until a time limit if none is granted."""
    person.sign_in()
    person.center.behaviour.failures["GetRoleCredentials"] = 429
    kind, message = impatient_call(person, "sso._PATIENCE_SECONDS = 0.1", "dev")

    assert kind == "ServiceError"
    assert message.startswith("GetRoleCredentials was refused (TooManyRequestsException")
    assert person.center.count("GetRoleCredentials") > 1


def impatient_call(person: Person, impatience: str, profile: str) -> list[str]:
    """Call the function in a process with a shorter time limit."""
    code = f"from awscli_plugin_legacy_sso.fetch import fetch, sso; {impatience}\n{CALL}"
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps({"input_profile": profile})],
        env=person.env({"PYTHONPATH": str(CHECKOUT)}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def test_import_does_not_import_botocore() -> None:
    """botocore is imported only when the function is looked up in the package."""
    code = "import sys, awscli_plugin_legacy_sso as p; sys.exit('botocore' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
