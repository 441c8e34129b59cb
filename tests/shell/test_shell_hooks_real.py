"""The shell hooks with the real CLIs: a login writes fresh keys, a logout removes them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest
from support import real_parts
from support.person import DEBIAN, FROZEN, PROFILES, Person, arn, on_both, only
from support.real_shells import SHELLS, Shell, Typing, find_shell, interactive_shell
from support.set_up import set_up
from support.sources import hand_out

# Notes the call, then becomes the CLI itself.
NOTING_AWS = """\
#!/bin/sh
echo "aws $*" >>"$TEST_LOG"
exec '{}' "$@"
"""
# The older CLI always uses a device code.
LOGIN = {
    FROZEN: "aws sso login --no-browser --use-device-code --profile dev",
    DEBIAN: "aws sso login --no-browser --profile dev",
}
REFRESH = "aws sso refresh-legacy --same-login --profile=dev"
LOGOUT, SIGN_OUT = "aws sso logout", "aws sso remove-legacy --all --sign-out"
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
LEGACY = "dev-legacy-sso"
DEVELOPER = arn("111122223333", "Developer")


@dataclass
class Prompt:
    """A person at the prompt of a shell with the hook, and the calls that reached the CLI."""

    typing: Typing
    log: Path
    screen: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.typing.screen.logfile_read = self.screen
        self.typing.screen.timeout = 60

    def type(self, line: str) -> str:
        """Type a line, and return what the terminal shows until it is done."""
        return self.typing.line(line)

    def interrupt(self) -> None:
        """Press Ctrl-C, and again if the CLI does not end.

        Right before the CLI sleeps or waits for an answer, a Ctrl-C has no effect until that is
        over.
        """
        for _ in range(5):
            self.typing.screen.send("\x03")
            if self.typing.screen.expect_exact(["ready> ", pexpect.TIMEOUT], timeout=10) == 0:
                return
        pytest.fail(f"Ctrl-C does not end it:\n{self.typing.screen.before}")

    def status(self) -> int:
        return int(self.type("echo status=$?=").split("=")[-2])

    def calls(self) -> list[str]:
        """Return the calls since the last time."""
        calls = self.log.read_text().splitlines()
        self.log.write_text("")
        return calls


@contextmanager
def at_a_prompt(
    person: Person, shell: Shell, more_path: str = ":/usr/bin:/bin"
) -> Iterator[Prompt]:
    """Start a shell with the person's CLI; check that no secret is ever visible in it."""
    folder = person.home.parent
    aws = folder / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text(NOTING_AWS.format(person.cli))
    aws.chmod(0o755)
    environment = person.env({"PATH": f"{aws.parent}{more_path}"})
    with interactive_shell(shell, folder, environment) as terminal:
        prompt = Prompt(Typing(shell, terminal), folder / "calls")
        yield prompt
    seen = prompt.screen.getvalue()
    assert [secret for secret in person.center.secrets if secret in seen] == []


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each shell in turn; a missing shell is a failure, since it would stay untested."""
    return find_shell(request.param)


def only_shell(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("shell", [name], indirect=True)


@on_both
def test_login_logout_login(person: Person, shell: Shell, version: str) -> None:
    """A login gives working keys, a logout removes them, the next login gives new ones.

    A legacy profile that needs no sign-in does not change.
    """
    process = f"[profile process]\ncredential_process = cat '{person.home}/keys.json'\n"
    person.configure(PROFILES + process)
    hand_out(person)
    with at_a_prompt(person, shell) as prompt:
        prompt.type("aws sso refresh-legacy --profile process")
        by_process = person.sections()
        prompt.calls()

        seen = prompt.type(LOGIN[version])
        first = person.sections()[LEGACY]

        assert (prompt.status(), prompt.calls()) == (0, [LOGIN[version], REFRESH])
        assert f"remove it with: aws sso remove-legacy --legacy-profiles {LEGACY}" in seen
        assert person.identity(LEGACY).startswith(DEVELOPER)
        expires = datetime.fromisoformat(first["x_security_token_expires"])
        assert expires - datetime.now(UTC) > timedelta(minutes=58)

        prompt.type(LOGOUT)
        left = person.sections()
        signed_out = left.pop(LEGACY)

        assert (prompt.status(), prompt.calls()) == (0, [LOGOUT, SIGN_OUT])
        assert [signed_out[key] for key in KEYS] == ["SIGNED-OUT"] * 4
        assert left == by_process
        assert person.identity("process-legacy-sso")

        seen = prompt.type(LOGIN[version])
        second = person.sections()[LEGACY]

        assert (prompt.status(), prompt.calls()) == (0, [LOGIN[version], REFRESH])
        assert "is new" not in seen
        assert person.identity(LEGACY).startswith(DEVELOPER)
        assert set(first) == set(second)
        assert not {first[key] for key in KEYS} & {second[key] for key in KEYS}


@pytest.mark.parametrize(
    ("version", "shell"), [(FROZEN, "zsh"), (DEBIAN, "bash")], indirect=["version", "shell"]
)
def test_first_login_with_hook_new_off(person: Person, shell: Shell, version: str) -> None:
    """With `hook_new = no` the first login writes no credentials file."""
    person.configure(f"{PROFILES}[legacy-sso]\nhook_new = no\n")
    with at_a_prompt(person, shell) as prompt:
        seen = prompt.type(LOGIN[version])

        assert (prompt.status(), prompt.calls()) == (0, [LOGIN[version], REFRESH])
    assert "No legacy profile to refresh." in seen
    assert person.center.count("GetRoleCredentials") == 0
    assert not person.credentials.exists()


@only(FROZEN)
def test_follow_up_question_cut_short(person: Person, shell: Shell, version: str) -> None:
    """Ctrl-C at a question for an MFA code does not stop the refresh of other profiles."""
    role = "arn:aws:iam::777788889999:role/Leaf"
    person.configure(
        f"{PROFILES}[profile with-mfa]\nrole_arn = {role}\nsource_profile = dev\n"
        "mfa_serial = arn:aws:iam::111122223333:mfa/me\n"
    )
    written = "".join(f"{key} = SIGNED-OUT\n" for key in KEYS)
    person.credentials.parent.mkdir(exist_ok=True)
    person.credentials.write_text(
        f"[with-mfa-legacy-sso]\n{written}x_legacy_sso_source = profile with-mfa\n"
    )
    with at_a_prompt(person, shell) as prompt:
        prompt.typing.line(LOGIN[version], until="Enter MFA code for")
        prompt.interrupt()

        assert (prompt.status(), prompt.calls()) == (0, [LOGIN[version], REFRESH])
    assert "legacy-sso: refresh-legacy failed; to run it again: aws" in prompt.screen.getvalue()
    assert person.identity(LEGACY).startswith(DEVELOPER)
    assert person.sections()["with-mfa-legacy-sso"]["aws_access_key_id"] == "SIGNED-OUT"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_login_for_legacy_profile(person: Person, shell: Shell, version: str, name: str) -> None:
    """A login for an exported legacy profile fails, and the command in our hint works.

    The AWS CLI's own advice would spoil the legacy profile.
    """
    person.credentials.parent.mkdir(exist_ok=True)
    person.credentials.write_text(f"[{LEGACY}]\nx_legacy_sso_source = profile dev\n")
    login = LOGIN[version].replace(" --profile dev", "")
    with at_a_prompt(person, shell) as prompt:
        prompt.type(f"export {name}={LEGACY}")
        seen = prompt.type(login)

        assert (prompt.status(), prompt.calls()) == (253, [login])
        assert "Missing the following required SSO configuration values" in seen
        [advice] = re.findall(r"is a legacy profile; sign in with: (.*?)\r", seen)

        prompt.type(LOGIN[version].replace("aws sso login --no-browser", f"{advice} --no-browser"))

        assert prompt.status() == 0
    assert advice == "aws sso login --profile dev"
    assert person.identity(LEGACY).startswith(DEVELOPER)


@pytest.mark.parametrize(
    ("version", "login", "waits_for"),
    [
        pytest.param(FROZEN, LOGIN[FROZEN], "CreateToken", id="2.38.5, device code"),
        pytest.param(DEBIAN, LOGIN[DEBIAN], "CreateToken", id="2.9.19, device code"),
        pytest.param(
            FROZEN,
            "aws sso login --no-browser --profile dev",
            "RegisterClient",
            id="2.38.5, browser",
        ),
    ],
    indirect=["version"],
)
def test_interrupted_login(person: Person, shell: Shell, login: str, waits_for: str) -> None:
    """Ctrl-C while the CLI waits for the person gives status 130, and no refresh starts."""
    person.center.behaviour.device_approval = "pending"
    with at_a_prompt(person, shell) as prompt:
        prompt.typing.line(login, until=person.center.url)
        person.center.wait_for(waits_for)
        prompt.interrupt()

        assert (prompt.status(), prompt.calls()) == (130, [login])
    assert person.center.count("GetRoleCredentials") == 0
    assert not person.credentials.exists()


@only(FROZEN)
@only_shell("bash")
def test_switch(person: Person, shell: Shell) -> None:
    """AWS_LEGACY_SSO_HOOK is read at each call: 0 stops all follow-ups, login those of a logout."""
    login = LOGIN[FROZEN]
    with at_a_prompt(person, shell) as prompt:
        prompt.type(f"AWS_LEGACY_SSO_HOOK=0 {login}")

        assert (prompt.status(), prompt.calls()) == (0, [login])
        assert not person.credentials.exists()

        prompt.type("AWS_LEGACY_SSO_HOOK=login")
        prompt.type(login)
        refreshed = person.sections()

        assert (prompt.status(), prompt.calls()) == (0, [login, REFRESH])
        assert person.identity(LEGACY).startswith(DEVELOPER)

        prompt.type(LOGOUT)

        assert (prompt.status(), prompt.calls()) == (0, [LOGOUT])
        assert person.sections() == refreshed

        prompt.type(f"AWS_LEGACY_SSO_HOOK=0 {LOGOUT}")

        assert (prompt.status(), prompt.calls()) == (0, [LOGOUT])
        assert person.sections() == refreshed


@only(FROZEN)
def test_v1_without_v2(person: Person, shell: Shell) -> None:
    """With only a v1 on PATH, its commands end as without the hook, and have no follow-up.

    That includes the v1's own `sso logout`.
    """
    token = json.loads(person.sign_in().read_text())["accessToken"]
    person.configure("", plugin=False)
    set_up(person.home)
    person.environment["TOKEN"] = token
    person.cli = real_parts.old_client("awscli-v1").parent / "aws"
    with at_a_prompt(person, shell, more_path="") as prompt:
        assert "aws-cli/1." in prompt.type("aws --version")
        assert (prompt.status(), prompt.calls()) == (0, ["aws --version"])

        prompt.type(r"\command aws sso login")
        without_hook = (prompt.status(), prompt.calls())
        prompt.type("aws sso login")

        assert without_hook[0] != 0
        assert (prompt.status(), prompt.calls()) == without_hook

        prompt.type('aws sso logout --region us-east-1 --access-token="$TOKEN"')

        assert prompt.status() == 0
        assert [call.replace(token, "it") for call in prompt.calls()] == [
            f"{LOGOUT} --region us-east-1 --access-token=it"
        ]
    assert person.center.count("Logout") == 1
