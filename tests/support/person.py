"""A person with a scratch HOME who uses one real AWS CLI, and small helpers of the tests."""

from __future__ import annotations

import configparser
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest
from identity_center import IdentityCenter
from identity_center.center import START_URL

CHECKOUT = Path(__file__).parent.parent.parent
PROFILES = f"""
[profile dev]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = us-west-2

[profile inline]
sso_start_url = {START_URL}
sso_region = us-east-1
sso_account_id = 444455556666
sso_role_name = ReadOnly

[sso-session corp]
sso_region = us-east-1
sso_start_url = {START_URL}
sso_registration_scopes = sso:account:access
"""
FROZEN, DEBIAN = "2.38.5", "2.9.19"


@dataclass(frozen=True)
class Finished:
    """The output of a command, and its status."""

    status: int
    out: str
    err: str


@dataclass
class Person:
    """A person with a scratch HOME, who has the plugin on and uses one real AWS CLI."""

    home: Path
    cli: Path
    center: IdentityCenter
    environment: dict[str, str]
    plugin_path: Path

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    @property
    def credentials(self) -> Path:
        return self.home / ".aws" / "credentials"

    def configure(self, profiles: str = PROFILES, *, plugin: bool = True) -> None:
        """Write the config file, with the plugin turned on or not."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        lines = f"[plugins]\ncli_legacy_plugin_path = {self.plugin_path}\n"
        lines += "legacy_sso = awscli_plugin_legacy_sso\n"
        self.config.write_text((lines if plugin else "") + profiles)

    def sign_in(self, session: str | None = "corp", **options: object) -> Path:
        """Sign in: leave the token file of ``aws sso login``."""
        return self.center.sign_in(self.home, session_name=session, **options)  # type: ignore[arg-type]

    def env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**self.environment, **(extra or {})}

    def aws(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        """Run a command that may show keys, such as ``configure export-credentials``."""
        done = subprocess.run(
            [self.cli, *arguments],
            env=self.env(env),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def legacy(
        self, command: str, *arguments: str, env: Mapping[str, str] | None = None
    ) -> Finished:
        """Run one of our commands; check that no secret is in its output."""
        finished = self.aws("sso", command, *arguments, env=env)
        leaked = [s for s in self.center.secrets if s in finished.out or s in finished.err]
        assert leaked == [], f"a secret in the output of {command} {arguments}"
        return finished

    def refresh(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        return self.legacy("refresh-legacy", *arguments, env=env)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command, to wait for it or to interrupt it."""
        return subprocess.Popen(
            [self.cli, *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sections(self, path: Path | None = None) -> dict[str, dict[str, str]]:
        """Read the credentials file as botocore does."""
        parser = configparser.RawConfigParser()
        parser.read(path or self.credentials)
        return {name: dict(parser.items(name)) for name in parser.sections()}

    def identity(self, profile: str, path: Path | None = None) -> str:
        """Make a signed request with a legacy profile's keys; return the identity in the answer."""
        keys = self.sections(path)[profile]
        client = botocore.session.Session().create_client(
            "sts",
            region_name="us-east-1",
            endpoint_url=self.center.url,
            aws_access_key_id=keys["aws_access_key_id"],
            aws_secret_access_key=keys["aws_secret_access_key"],
            aws_session_token=keys["aws_session_token"],
        )
        arn: str = client.get_caller_identity()["Arn"]
        return arn


def only(version: str) -> pytest.MarkDecorator:
    """Run a test on one CLI, if the other cannot do what it tests."""
    return pytest.mark.parametrize("version", [version], indirect=True)


# Without this, a test runs on today's CLI, and in `make torture` on Debian's too.
on_both = pytest.mark.parametrize("version", [FROZEN, DEBIAN], indirect=True)


def arn(account: str, role: str) -> str:
    """Return an SSO role's identity in the stand-in, up to the person's name."""
    return f"arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_"


def interrupted(process: subprocess.Popen[str]) -> int:
    """Send Ctrl-C, and return the status of the process, which must end at once."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode


def wait_until(condition: Callable[[], bool], timeout: float = 30) -> None:
    """Return as soon as the condition is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.strip()]
