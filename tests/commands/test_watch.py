"""``aws sso refresh-legacy --watch``: keys are renewed before they expire."""

from __future__ import annotations

import contextlib
import json
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.person import FROZEN, Person, on_both, only
from support.profiles import OTHER_START_URL, SESSIONS, legacy, profiles
from support.sources import USER, leave_login_session

LIFE = 12  # seconds; keys are renewed when half of it is left
Event = dict[str, Any]


@dataclass
class Watching:
    """A running watch and its events, read as they come."""

    process: subprocess.Popen[str]
    events: list[Event] = field(default_factory=list)
    _lines: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def end(self) -> None:
        self.process.kill()
        self._reader.join()
        self.process.communicate()

    def until(self, what: str, profile: str | None = None, timeout: float = 60) -> Event:
        """Wait for the next event of this kind; return it."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {what} of {profile}; there was: {self.events}")
            if not line:
                assert self.process.stderr
                pytest.fail(f"it has ended: {self.process.wait()}, {self.process.stderr.read()}")
            event: Event = json.loads(line)
            self.events.append(event)
            if event["Event"] == what and profile in (None, event["Profile"]):
                return event

    def count(self, what: str) -> int:
        return sum(event["Event"] == what for event in self.events)


def started(person: Person, *arguments: str, output: str = "json") -> subprocess.Popen[str]:
    more = ["--output", output] if output else []
    return person.start("sso", "refresh-legacy", "--watch", *more, *arguments)


@contextlib.contextmanager
def watch(person: Person, *arguments: str) -> Iterator[Watching]:
    """Run a watch; at the end check that its events contain no secret."""
    watching = Watching(started(person, *arguments))
    try:
        yield watching
        said = json.dumps(watching.events)
        assert [secret for secret in person.center.secrets if secret in said] == []
    finally:
        watching.end()


def signed_in(person: Person, count: int = 1, life: int = LIFE) -> list[str]:
    """Sign in and write profiles with short-lived keys; return the names of the legacy profiles."""
    person.configure(SESSIONS + profiles("p", count))
    person.sign_in()
    person.center.behaviour.role_lifetime = life
    assert person.refresh("--source-profiles", "p*").status == 0
    return [f"p{number}-legacy-sso" for number in range(count)]


def moment(event: Event, key: str) -> datetime:
    return datetime.fromisoformat(event[key])


# The keys in use


@dataclass
class InUse:
    """Signs requests with each legacy profile's keys in a thread; records what is refused."""

    person: Person
    names: Sequence[str]
    requests: int = 0
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> InUse:
        self._thread = threading.Thread(target=self._use)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _use(self) -> None:
        while not self._stop.wait(0.1):
            try:
                sections = self.person.sections()
                for name in self.names:
                    self.requests += 1
                    self._sign(sections[name])
            except Exception as error:  # noqa: BLE001  # a torn read may raise anything
                self.refused.append(f"{datetime.now(UTC)} {type(error).__name__}: {error}")

    def _sign(self, keys: dict[str, str]) -> None:
        body = "Action=GetCallerIdentity&Version=2011-06-15"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", f"{self.person.center.url}/", form, body)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        credentials = Credentials(*(keys[name] for name in names))
        SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
        with urllib.request.urlopen(
            urllib.request.Request(request.url, body.encode(), dict(request.headers.items()))
        ) as answer:
            assert answer.status == 200


@on_both
def test_watch_renews_before_expiry(person: Person) -> None:
    """Keys are renewed twice in time, and no request in between is refused; on both AWS CLIs."""
    names = signed_in(person, 3)
    with watch(person) as watching:
        first = {name: watching.until("refreshed") for name in names}
        with InUse(person, names) as use:
            for _ in range(2):
                again = [watching.until("refreshed") for _ in names]

                assert sorted(event["Profile"] for event in again) == names
                for event in again:
                    assert moment(event, "Time") < moment(first[event["Profile"]], "Expiration")
                first = {event["Profile"]: event for event in again}
        assert use.requests > 0
        assert use.refused == []
        assert watching.count("failed") == 0


@only(FROZEN)
def test_watch_keeps_lasting_keys(person: Person) -> None:
    """Keys with 50 minutes left stay; keys with seconds left are renewed."""
    signed_in(person, 1, 3000)
    person.center.behaviour.role_lifetime = LIFE
    assert person.refresh("--profile", "p0", "--output-profile", "short").status == 0
    with watch(person) as watching:
        assert watching.until("refreshed")["Profile"] == "short"
    assert watching.count("refreshed") == 1


# The file


@only(FROZEN)
def test_watch_follows_the_file(person: Person) -> None:
    """What another command writes is renewed from then on; what one removes stays removed."""
    person.configure(SESSIONS + profiles("p", 2))
    person.sign_in()
    person.center.behaviour.role_lifetime = LIFE
    with watch(person) as watching:
        assert "aws sso refresh-legacy --profile NAME" in watching.until("note")["Message"]

        assert person.refresh("--profile", "p0").status == 0
        watching.until("refreshed", "p0-legacy-sso")

        assert person.legacy("remove-legacy", "--all").status == 0
        assert person.refresh("--profile", "p1").status == 0
        before = len(watching.events)
        watching.until("refreshed", "p1-legacy-sso")
        watching.until("refreshed", "p1-legacy-sso")

    assert {event["Profile"] for event in watching.events[before:]} == {"p1-legacy-sso"}
    assert set(person.sections()) == {"p1-legacy-sso"}


@only(FROZEN)
def test_watch_follows_the_configuration(person: Person) -> None:
    """A source profile that is added later is used.

    A config that cannot be read is reported, and the watch goes on.
    """
    signed_in(person, 1)
    with watch(person) as watching:
        watching.until("refreshed", "p0-legacy-sso")
        text = person.config.read_text()
        person.config.write_text("[broken")

        assert str(person.config) in watching.until("failed")["Message"]

        person.config.write_text(text + profiles("q", 1))
        watching.until("solved")
        assert person.refresh("--profile", "q0").status == 0
        watching.until("refreshed", "q0-legacy-sso")


@only(FROZEN)
def test_watch_after_a_sign_out(person: Person) -> None:
    """A login fills the signed-out profiles of its own session, and no others."""
    person.configure(SESSIONS + profiles("p", 1) + profiles("o", 1, "other"))
    person.sign_in()
    person.sign_in("other", start_url=OTHER_START_URL)
    assert person.refresh("--source-profiles", "p0", "o0").status == 0
    with watch(person, "--all") as watching:
        assert person.aws("sso", "logout").status == 0
        assert person.legacy("remove-legacy", "--all", "--sign-out").status == 0
        said = {watching.until("note")["Message"] for _ in range(2)}
        assert said == {
            f"{name}0-legacy-sso was signed out; the next sign-in fills it" for name in "po"
        }
        person.sign_in("other", start_url=OTHER_START_URL)
        watching.until("refreshed", "o0-legacy-sso")

        assert person.sections()["p0-legacy-sso"]["aws_session_token"] == "SIGNED-OUT"

        # A login in another shell, and the hook's refresh after it.
        person.sign_in()
        watching.until("refreshed", "p0-legacy-sso")
        assert person.refresh("--same-login", "--profile", "p0").status == 0
        assert person.legacy("remove-legacy", "--all").status == 0
        assert person.refresh("--profile", "o0").status == 0
        person.center.behaviour.role_lifetime = LIFE
        assert person.refresh("--profile", "p0", "--output-profile", "marker").status == 0
        watching.until("refreshed", "marker")

    refreshed = [event["Profile"] for event in watching.events if event["Event"] == "refreshed"]
    assert refreshed == ["o0-legacy-sso", "p0-legacy-sso", "marker"]
    assert watching.count("failed") == 0


@only(FROZEN)
def test_watch_start_fills_signed_out(
    person: Person,
) -> None:
    """A watch that starts while the session is signed in fills its signed-out profiles."""
    [name] = signed_in(person, 1)
    assert person.legacy("remove-legacy", "--all", "--sign-out").status == 0
    with watch(person) as watching:
        watching.until("refreshed", name)


# Failures that end


@only(FROZEN)
def test_watch_sign_in_ended(person: Person) -> None:
    """One event for all its profiles names the login command; after a login the watch goes on."""
    names = signed_in(person, 3)
    with watch(person) as watching:
        for _ in names:
            watching.until("refreshed")
        assert person.aws("sso", "logout").status == 0

        said = watching.until("failed")["Message"]
        assert re.search("and 2 more: .*'corp'.*; run: aws sso login --sso-session corp$", said)

        expired = moment(watching.events[-2], "Expiration") + timedelta(seconds=1)
        while datetime.now(UTC) < expired:
            time.sleep(0.1)
        person.sign_in()
        watching.until("solved")

    assert Counter(event["Event"] for event in watching.events[3:]) == {
        "failed": 1,
        "refreshed": 3,
        "solved": 1,
    }


@only(FROZEN)
def test_watch_service_unreachable(person: Person) -> None:
    """One event reports that it is away, one that it is back.

    The old keys stay, and new ones come before those have expired.
    """
    names = signed_in(person, 2, 40)
    with watch(person) as watching:
        last = [watching.until("refreshed") for _ in names][-1]
        before = person.credentials.read_bytes()
        person.center.stop()
        assert "cannot be reached" in watching.until("failed")["Message"]
        assert person.credentials.read_bytes() == before
        person.center.start()
        back = [watching.until("refreshed") for _ in names][-1]
        watching.until("solved")

    assert moment(back, "Time") < moment(last, "Expiration")
    assert (watching.count("failed"), watching.count("solved")) == (1, 1)


@only(FROZEN)
def test_watch_stopped_past_expiry(person: Person) -> None:
    """After a stop, such as a laptop's sleep, expired keys are renewed at once."""
    [name] = signed_in(person, 1, 8)
    with watch(person) as watching:
        expires = moment(watching.until("refreshed", name), "Expiration")
        watching.process.send_signal(signal.SIGSTOP)
        while datetime.now(UTC) < expires + timedelta(seconds=1):
            time.sleep(0.1)
        person.center.reset_calls()
        watching.process.send_signal(signal.SIGCONT)
        watching.until("refreshed", name)


@only(FROZEN)
def test_watch_process_with_the_same_keys(person: Person) -> None:
    """Its keys are due as soon as they come: the watch pauses and renews others meanwhile."""
    expires = datetime.now(UTC) + timedelta(seconds=40)
    keys = {
        "Version": 1,
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "made-up",
        "SessionToken": "made-up",
        "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
    }
    program = person.home / "keys"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(keys)}\nEND\n")
    program.chmod(0o755)
    person.configure(SESSIONS + f"[profile x]\ncredential_process = {program}\n" + profiles("p", 1))
    person.sign_in()
    person.center.behaviour.role_lifetime = 8
    assert person.refresh("--source-profiles", "x", "p0").status == 0
    with watch(person) as watching:
        watching.until("refreshed", "x-legacy-sso")
        first = len(watching.events)
        watching.until("refreshed", "x-legacy-sso")

    # The process runs with 20 s left and with 10 s left; p0 is renewed every 4 s.
    assert "p0-legacy-sso" in [event["Profile"] for event in watching.events[first:]]


@only(FROZEN)
def test_watch_leaves_out_what_may_ask(person: Person) -> None:
    """Profiles that may need an MFA code or ``aws login`` are only noted, unless they are named."""
    console = f"[profile console]\nlogin_session = {USER}\nregion = us-east-1\n"
    mfa = "[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/Admin\nsource_profile = p0\n"
    mfa += "mfa_serial = arn:aws:iam::111122223333:mfa/me\nregion = us-east-1\n"
    [name] = signed_in(person, 1)
    person.configure(SESSIONS + profiles("p", 1) + mfa + console)
    leave_login_session(person, minutes=12)
    with person.credentials.open("a") as file:
        for source in ("mfa", "console"):
            file.write("\n" + legacy(f"{source}-legacy-sso", source))
    with watch(person) as watching:
        notes = [watching.until("note")["Message"] for _ in range(2)]
        watching.until("refreshed", name)
        watching.until("refreshed", name)

    assert [note.partition(";")[0] for note in notes] == [
        "mfa-legacy-sso is not watched, as it may need an MFA code",
        "console-legacy-sso is not watched, as it may need another aws login",
    ]
    assert watching.count("failed") == 0
    for left_out in ("mfa-legacy-sso", "console-legacy-sso"):
        assert person.sections()[left_out]["aws_access_key_id"] == "ASIAOLD"

    with watch(person, *notes[1].partition("to watch it, use ")[2].split()) as watching:
        watching.until("refreshed", "console-legacy-sso")


# One watch at a time, and its end


@only(FROZEN)
def test_watch_second_of_same_files(person: Person) -> None:
    """A second watch ends with status 253 and names the first one's process and how to end it.

    After the first was killed a new one can start.
    """
    signed_in(person, 1)
    with watch(person) as watching:
        watching.until("refreshed")
        second = person.refresh("--watch")

        pid = watching.process.pid
        assert (second.status, second.out) == (253, "")
        assert second.err.startswith(f"aws: [ERROR]: process {pid} is watching ")
        assert second.err.endswith(f"; end it with: kill {pid}\n")

    with watch(person) as third:
        third.until("refreshed")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_watch_ended_by_a_signal(person: Person, number: signal.Signals, status: int) -> None:
    """It ends at once and without output while the service hangs; the file is unchanged."""
    signed_in(person, 1)
    before = person.credentials.read_bytes()
    person.center.reset_calls()
    person.center.behaviour.hang = {"GetRoleCredentials"}
    process = started(person)
    person.center.wait_for("GetRoleCredentials", timeout=30)
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()

    assert (process.returncode, out.strip(), err) == (status, "", "")
    assert person.credentials.read_bytes() == before


@only(FROZEN)
def test_watch_under_nohup(person: Person) -> None:
    """It goes on after a SIGHUP, as when the terminal closes."""
    [name] = signed_in(person, 1)
    nohup = shutil.which("nohup")
    assert nohup
    command = [nohup, person.cli, "sso", "refresh-legacy", "--watch", "--output", "json"]
    process = subprocess.Popen(
        [str(part) for part in command],
        env=person.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watching = Watching(process)
    try:
        watching.until("refreshed", name)
        process.send_signal(signal.SIGHUP)
        watching.until("refreshed", name)
        process.terminate()

        assert process.wait(10) == 143
    finally:
        watching.end()


@only(FROZEN)
def test_watch_into_a_closed_pipe(person: Person) -> None:
    """It ends with 128 plus the number of SIGPIPE and without a traceback."""
    signed_in(person, 1)
    command = f"{person.cli} sso refresh-legacy --watch | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        env=person.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    line, status = done.stdout.splitlines()

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  p0 -> p0-legacy-sso  expires \S+ \S+ \(in 0m\)", line
    )
    assert (status, done.stderr) == ("141", "")


@only(FROZEN)
def test_watch_quiet(person: Person) -> None:
    """``--quiet``, for services, prints only failures: a line with the time on stderr."""
    signed_in(person, 1)
    process = started(person, "--quiet", output="")
    try:
        person.center.wait_for("GetRoleCredentials", 2, timeout=30)
        person.center.stop()
        assert process.stderr
        line = process.stderr.readline()
        process.terminate()
        out, rest = process.communicate(timeout=10)
    finally:
        process.kill()

    assert re.match(r"aws: \[ERROR\]: \d{4}-\S+ \S+  p0: the service cannot be reached: ", line)
    assert (out, rest) == ("", "")


@only(FROZEN)
def test_watch_with_debug(person: Person) -> None:
    """The log has no secret, also after the second round and a renewal of the token."""
    [name] = signed_in(person, 1)
    person.sign_in(expires_in=60)
    log = person.home / "log"
    command = [person.cli, "sso", "refresh-legacy", "--watch", "--output", "json", "--debug"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=person.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
    watching = Watching(process)
    try:
        for _ in range(2):
            watching.until("refreshed", name)
    finally:
        watching.end()
    said = log.read_text() + json.dumps(watching.events)

    assert "refresh-legacy" in said
    assert person.center.count("CreateToken") == 1
    assert [secret for secret in person.center.secrets if secret in said] == []


# Long runs


@only(FROZEN)
@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_watch_ten_minutes(person: Person) -> None:
    """With keys that live 30 to 90 seconds no request of the 20 profiles is refused."""
    names = signed_in(person, 20, 90)
    end = time.monotonic() + 600
    with watch(person) as watching:
        for _ in names:
            watching.until("refreshed")
        with InUse(person, names) as use:
            while time.monotonic() < end:
                person.center.behaviour.role_lifetime = random.randint(30, 90)
                watching.until("refreshed", timeout=120)
    print(
        f"\n20 profiles, 10 minutes: {watching.count('refreshed')} renewals, {use.requests:,} "
        f"requests, {len(use.refused)} refused",
        file=sys.stderr,
    )
    assert use.refused == []
    assert watching.count("failed") == 0


def _status(process: subprocess.Popen[str], key: str) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def _cpu_seconds(process: subprocess.Popen[str]) -> float:
    ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / 100


@only(FROZEN)
@pytest.mark.torture
@pytest.mark.timeout(2400)
def test_watch_memory(person: Person) -> None:
    """After 1,000 renewals it is at most a tenth more than after ten."""
    [name] = signed_in(person, 1, 2)
    sizes = {}
    with watch(person) as watching:
        for number in range(1, 1001):
            watching.until("refreshed", name)
            if number in (10, 100, 1000):
                sizes[number] = _status(watching.process, "VmRSS")
    print(f"\nresident KiB after 10, 100 and 1,000 renewals: {sizes}", file=sys.stderr)
    assert sizes[1000] <= 1.1 * sizes[10]


@only(FROZEN)
@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_watch_idle_cpu_time(person: Person) -> None:
    """It takes less than two seconds of CPU time an hour and sends no request."""
    names = signed_in(person, 20)
    person.center.behaviour.role_lifetime = 8 * 3600
    with watch(person) as watching:
        for _ in names:
            watching.until("refreshed")
        person.center.reset_calls()
        before = _cpu_seconds(watching.process)
        time.sleep(600)
        spent = _cpu_seconds(watching.process) - before
    print(
        f"\nten idle minutes: {spent:.2f} s of CPU time, {spent * 6:.2f} an hour", file=sys.stderr
    )
    assert person.center.calls == []
    assert spent * 6 < 2
