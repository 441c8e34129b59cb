"""Secrets are only in the credentials files and in the AWS CLI's own caches.

After each command its output, the processes that it started and the files that it left are searched
for every key and token that the stand-in gave out. A file with a secret must be open only to its
owner, whatever the umask is.
"""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from support import fire
from support.person import DEBIAN, PROFILES, Person, only

# A role and a process also have secrets.
MORE = """
[profile chained]
role_arn = arn:aws:iam::222233334444:role/Deep
source_profile = dev
region = us-east-1

[profile process]
credential_process = cat {keys}

[legacy-sso]
credentials_files = {further}
"""
EVERY = ("refresh-legacy", "--source-profiles", "dev", "inline", "chained", "process")


class Watch:
    """Runs commands and searches their output, processes and files."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.person = person
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.log = folder / "strace.log"
        self.further = person.home / "elsewhere" / "keys"
        self.files_with_secrets: set[Path] = set()

    def run(self, *command: str) -> int:
        """Run one of our commands under umask 000 and record every process that it starts."""
        shell = ["sh", "-c", 'umask 000; exec "$@"', "sh"]
        # Record the full arguments and environment of each process.
        processes = fire.strace(self.log, "-e", "trace=execve", "-v", "-s", "1000000")
        env = {**self.person.environment, "TMPDIR": str(self.temporary)}
        done = fire.run([*processes, *shell, self.person.cli, "sso", *command], env=env)
        for what, text in [("stdout", done.stdout), ("stderr", done.stderr)]:
            assert self.secrets_in(text) == 0, f"a secret on the {what} of {command}"
        started = self.log.read_text()
        assert "execve" in started
        assert self.secrets_in(started) == 0, f"a secret in a process that {command} started"
        self.search_files(command)
        return done.returncode

    def secrets_in(self, text: str) -> int:
        """Count the secrets in a text, as they are and as a URL or JSON would quote them."""
        plain = (
            text + re.sub(r"%2[Ff]", "/", re.sub(r"%2[Bb]", "+", text)) + text.replace("\\/", "/")
        )
        return sum(secret in plain for secret in self.person.center.secrets)

    def search_files(self, command: tuple[str, ...]) -> None:
        home = self.person.home
        caches = [home / ".aws" / "cli" / "cache", home / ".aws" / "sso" / "cache"]
        own = {self.person.credentials, self.further, home / "keys.json"}
        self.files_with_secrets = set()
        for path in (*home.rglob("*"), *self.temporary.rglob("*")):
            if path.is_file() and self.secrets_in(path.read_text(errors="replace")):
                self.files_with_secrets.add(path)
                assert path in own or path.parent in caches, f"{command} left a secret in {path}"
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path} is open to others"
        for path in (self.person.credentials, self.further):
            fire.assert_no_wider(path, 0o600)
            assert fire.left_beside(path) == []


@pytest.fixture
def watch(person: Person, tmp_path: Path) -> Watch:
    watching = Watch(person, tmp_path)
    keys = person.home / "keys.json"
    issued = person.center.issue_keys("arn:aws:sts::5:assumed-role/x/y", "AROA:y", 3600)
    answer = {"Version": 1, "AccessKeyId": issued.access_key_id}
    answer |= {"SecretAccessKey": issued.secret_access_key, "SessionToken": issued.session_token}
    keys.write_text(json.dumps(answer))
    keys.chmod(0o600)
    person.configure(PROFILES + MORE.format(keys=keys, further=watching.further))
    # The access token expires soon, so a refresh renews it.
    person.sign_in(expires_in=60)
    person.sign_in(None)
    return watching


def test_secrets_when_all_goes_well(watch: Watch) -> None:
    """Refresh, list, sign out and remove, with and without ``--debug``: nothing leaks."""
    person = watch.person
    assert watch.run(*EVERY, "--debug") == 0
    assert person.center.count("CreateToken") == 1
    assert len(person.sections()) == 4
    assert person.credentials in watch.files_with_secrets
    further = ("--credentials-file", str(watch.further))
    assert watch.run("refresh-legacy", "--profile", "dev", *further, "--output", "json") == 0
    assert watch.further in watch.files_with_secrets
    assert stat.S_IMODE(watch.further.parent.stat().st_mode) == 0o700
    assert watch.run("list-legacy", "--output", "table", "--debug") == 0
    assert watch.run("refresh-legacy", "--all", "--debug") == 0
    assert watch.run("remove-legacy", "--all", "--sign-out", "--debug") == 0
    assert watch.further not in watch.files_with_secrets
    assert watch.run("remove-legacy", "--all") == 0
    assert person.sections() == {}


def test_secrets_when_something_fails(watch: Watch) -> None:
    """A refused role, a read-only file and an ended sign-in: nothing leaks."""
    person = watch.person
    assert watch.run(*EVERY) == 0
    person.center.behaviour.forbidden.add(("111122223333", "Developer"))
    assert watch.run(*EVERY, "--debug") == 1
    person.center.behaviour.forbidden.clear()
    person.credentials.chmod(0o400)
    assert watch.run(*EVERY, "--debug") == 253
    person.credentials.chmod(0o600)
    person.center.end_sign_ins()
    assert watch.run("refresh-legacy", "--profile", "dev", "--debug") == 253


@only(DEBIAN)
def test_search_finds_secrets(watch: Watch) -> None:
    """The search of these tests finds a secret in each place where it looks."""
    token = next(iter(watch.person.center.secrets))
    watch.person.credentials.parent.mkdir(exist_ok=True)
    left = watch.temporary / "left"
    left.write_text(f"token: {token}")
    with pytest.raises(AssertionError, match="left a secret"):
        watch.search_files(("x",))
    left.unlink()
    watch.person.credentials.write_text(token)
    watch.person.credentials.chmod(0o644)
    with pytest.raises(AssertionError, match="open to others"):
        watch.search_files(("x",))
    with pytest.raises(AssertionError, match="in a process"):
        watch.run("list-legacy", "--query", token)
