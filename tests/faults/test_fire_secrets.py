"""Secrets stay where they belong: the credentials file, and the AWS CLI's own caches.

After each command everything it said, started and left is searched for every key and token that
the stand-in ever gave out; and what holds one is open to its owner alone, whatever the umask.
"""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from support import fire
from support.person import DEBIAN, PROFILES, Person, only

# Chained roles, and a process that hands out keys: their secrets count as well.
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
    """Runs commands and searches what comes of them."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.person = person
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.log = folder / "strace.log"
        self.further = person.home / "elsewhere" / "keys"
        self.files_with_secrets: set[Path] = set()

    def run(self, *command: str) -> int:
        """Run one of our commands under umask 000, with every process it starts on record."""
        shell = ["sh", "-c", 'umask 000; exec "$@"', "sh"]
        # Arguments and environment of each process, in full.
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
        """Count the secrets in a text, each as it is and as it would be quoted in a URL or JSON."""
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
    # A sign-in whose access token is nearly over: it is renewed on the way.
    person.sign_in(expires_in=60)
    person.sign_in(None)
    return watching


def test_no_secret_is_said_left_or_handed_to_another_process(watch: Watch) -> None:
    """Refresh, list, sign out, refresh again, remove: with and without ``--debug``."""
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


def test_no_secret_is_said_or_left_when_something_goes_wrong(watch: Watch) -> None:
    """A role that is refused, a file that cannot be written, a sign-in that is over."""
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
def test_the_search_would_find_a_secret(watch: Watch) -> None:
    """In each of the places it looks at: a search that finds nothing must be able to."""
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
