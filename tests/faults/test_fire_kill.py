"""A killed write leaves the whole old file or the whole new one, and the next run cleans up."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support import fire
from support.fire import Call
from support.person import FROZEN, Person, only


class Killing:
    """One way to write a file; the write can be killed at any of its system calls."""

    def __init__(self, folder: Path, mode: int | None) -> None:
        self.folder, self.mode = folder, mode
        self.log = folder.parent / "strace.log"
        self.file = self.renew()
        self.old = self.content()
        command = fire.writer(self.file)
        done = fire.run([*fire.strace(self.log), *command])
        assert done.returncode == 0, done.stderr
        self.new = self.content()
        # A missing file is looked for many times before; kills at these calls would all be alike.
        start = "legacy-sso.lock" if mode else "legacy-sso-"
        self.calls = list(fire.calls(self.log, start))

    def renew(self) -> Path:
        file = fire.renew(self.folder, mode=self.mode or 0o600)
        if self.mode is None:
            file.unlink()
        return file

    def content(self) -> str:
        """Return the file's content, or an empty text if there is no file."""
        return self.file.read_text() if self.file.exists() else ""

    def kill(self, call: Call) -> str:
        """Kill a write at a call; check the file and the next run; return which file was left."""
        self.renew()
        command = fire.writer(self.file)
        killed = fire.run([*fire.strace(self.log, *fire.kill_at(call)), *command])
        if killed.returncode == 0:  # it looked for the file fewer times than before
            return "not reached"
        assert killed.returncode == -signal.SIGKILL, call.line
        content = self.content()
        assert content in (self.old, self.new), call.line
        state = "old" if content == self.old else "new"
        fire.assert_no_wider(self.file, self.mode or 0o600)
        left = bool(fire.left_beside(self.file))

        # The next run removes what was left, whichever section it writes.
        again = fire.run(fire.writer(self.file, "other", "x"))
        assert (again.returncode, again.stdout.strip(), again.stderr) == (0, "", "")
        assert fire.left_beside(self.file) == [], call.line
        assert self.content().removeprefix(content).lstrip().startswith("[other]"), call.line
        return f"{state}, {'something' if left else 'nothing'} left"


WAYS = pytest.mark.parametrize("mode", [0o600, 0o640, None], ids=["0600", "0640", "new file"])


@WAYS
def test_kill_at_each_call_that_changes(tmp_path: Path, mode: int | None) -> None:
    """At each system call that changes a file a kill leaves the old or the new file, whole."""
    killing = Killing(tmp_path / "aws", mode)
    changes = [call for call in killing.calls if re.match(fire.CHANGES, call.name)]
    changes = [call for call in changes if "O_RDONLY" not in call.line]
    states = Counter(killing.kill(call) for call in changes)

    assert len(changes) >= 6
    assert "not reached" not in states
    assert any(state.startswith("old, something") for state in states)
    assert any(state.startswith("new") for state in states)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@WAYS
def test_kill_at_every_call(tmp_path: Path, mode: int | None) -> None:
    """It is killed at all calls from taking the lock to its end, also at reads and memory calls."""
    killing = Killing(tmp_path / "aws", mode)
    calls = [call for call in killing.calls if call.name != "exit_group"]
    states = Counter(killing.kill(call) for call in calls)
    way = f"replaced, mode {mode:o}" if mode else "made"
    reached = len(calls) - states.pop("not reached", 0)
    print(f"\nkilled at {reached} of {len(calls)} calls, {way}: {dict(states)}", file=sys.stderr)
    assert reached >= max(20, 0.8 * len(calls))
    assert_both(states)


def signed_in_with_keys(person: Person) -> str:
    """Sign in and write a legacy profile below another section; return the file's text."""
    person.sign_in()
    assert person.refresh("--profile", "dev").status == 0
    person.credentials.write_text(f"# mine\n[x]\nk = v\n\n{person.credentials.read_text()}")
    return person.credentials.read_text()


def assert_both(states: Counter[str]) -> None:
    """Check that some kills left the old file and some the new one."""
    found = +states
    assert any(state.startswith("old") for state in found), states
    assert any(state.startswith("new") for state in found), states


def assert_old_or_new(person: Person, old: str) -> str:
    """Check the file that a killed refresh left; return which one it is."""
    content = person.credentials.read_text()
    state = "old" if content == old else "new"
    assert re.sub(" = .*", "", content) == re.sub(" = .*", "", old)
    keys = person.sections()["dev-legacy-sso"]
    issued = person.center.keys_of(keys["aws_access_key_id"])
    assert issued
    assert keys["aws_secret_access_key"] == issued.secret_access_key
    assert keys["aws_session_token"] == keys["aws_security_token"] == issued.session_token
    fire.assert_no_wider(person.credentials, 0o600)
    return f"{state}, {'something' if fire.left_beside(person.credentials) else 'nothing'} left"


def assert_next_run_clears_up(person: Person) -> None:
    assert person.refresh("--profile", "dev").status == 0
    assert fire.left_beside(person.credentials) == []


@only(FROZEN)
def test_kill_of_a_refresh_at_the_rename(person: Person, tmp_path: Path) -> None:
    """The official CLI is killed as it enters the rename, and as it enters the sync after it."""
    old = signed_in_with_keys(person)
    log = tmp_path / "strace.log"
    command = [person.cli, "sso", "refresh-legacy", "--profile", "dev"]
    trace = ["-e", "trace=rename,renameat,renameat2,fsync"]
    done = fire.run([*fire.strace(log, *trace), *command], env=person.environment)
    assert done.returncode == 0
    *_, rename, sync = fire.calls(log, "")
    assert ".credentials.legacy-sso-" in rename.line
    for call, state in (rename, "old, something left"), (sync, "new, nothing left"):
        person.credentials.write_text(old)
        killing = fire.strace(log, *fire.kill_at(call))
        killed = fire.run([*killing, *command], env=person.environment)

        assert killed.returncode == -signal.SIGKILL
        assert assert_old_or_new(person, old) == state
    assert_next_run_clears_up(person)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@only(FROZEN)
def test_kill_of_a_refresh_at_each_call(person: Person, tmp_path: Path) -> None:
    """The official CLI is killed, because its own Python may write with other system calls."""
    old = signed_in_with_keys(person)
    log = tmp_path / "strace.log"
    command = [person.cli, "sso", "refresh-legacy", "--profile", "dev"]
    assert fire.run([*fire.strace(log), *command], env=person.environment).returncode == 0
    start = ".credentials.legacy-sso.lock"
    calls = [call for call in fire.calls(log, start) if re.match(fire.CHANGES, call.name)]
    calls = [call for call in calls if ".pyc" not in call.line]
    states: Counter[str] = Counter()
    for call in calls:
        person.credentials.write_text(old)
        killing = fire.strace(log, *fire.kill_at(call))
        killed = fire.run([*killing, *command], env=person.environment)
        states[assert_old_or_new(person, old)] += killed.returncode == -signal.SIGKILL
    assert_next_run_clears_up(person)
    print(f"\nreal refresh killed at {states.total()} calls: {dict(states)}", file=sys.stderr)
    assert states.total() >= 10
    assert_both(states)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@only(FROZEN)
def test_kill_of_a_refresh_at_random_moments(person: Person) -> None:
    """It is killed 1,000 times between the request for the keys and the end of the write."""
    old = signed_in_with_keys(person)
    states: Counter[str] = Counter()
    tries = 0
    while states.total() < 1000:
        tries += 1
        assert tries <= 2000, f"killed {states.total()} times"
        person.center.reset_calls()
        process = subprocess.Popen(
            [person.cli, "sso", "refresh-legacy", "--profile", "dev"],
            env=person.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        person.center.wait_for("GetRoleCredentials")
        time.sleep(random.uniform(0, 0.015))  # a random moment: there is nothing to wait for
        process.kill()
        was_killed = process.wait() == -signal.SIGKILL  # or it had ended before
        states[assert_old_or_new(person, old)] += was_killed
        if tries % 20 == 0:  # not every time: it takes as long as a kill
            assert_next_run_clears_up(person)
        old = person.credentials.read_text()
    assert_next_run_clears_up(person)
    print(f"\nreal refresh killed at 1,000 random moments: {dict(states)}", file=sys.stderr)
    assert_both(states)
