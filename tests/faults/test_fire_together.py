"""At once: many refreshes of one file, readers that never pause, and programs that take no lock."""

from __future__ import annotations

import configparser
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import fire
from support.person import FROZEN, Person, only
from support.profiles import SESSIONS, legacy, profiles

from awscli_plugin_legacy_sso.errors import CredentialsFileError
from awscli_plugin_legacy_sso.file import credentials_file
from awscli_plugin_legacy_sso.file.document import Document

MINE = "# mine\n[default]\naws_access_key_id=AKIA\naws_secret_access_key = s ; x\n\n"
# Reads until its stdin ends; then says how often, and in how many something was missing.
_READER = """
import configparser, select, sys
path, names = sys.argv[1], set(sys.argv[2:])
reads = torn = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    reads += 1
    parser = configparser.RawConfigParser()
    try:
        parser.read(path)
        whole = names <= set(parser.sections()) and all(
            parser[name]["aws_session_token"] == parser[name]["aws_security_token"]
            and parser[name]["x_legacy_sso_source"]
            for name in names
        )
    except (configparser.Error, KeyError):
        whole = False
    torn += not whole
print(reads, torn)
"""


@dataclass
class Reading:
    reads: int = 0
    torn: int = 0


@contextlib.contextmanager
def readers(path: Path, names: list[str], count: int = 2) -> Iterator[Reading]:
    """Have processes read a file without pause; how it went is known at the end."""
    reading = Reading()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _READER, str(path), *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        yield reading
    finally:
        for reader in running:
            reads, torn = map(int, reader.communicate("\n")[0].split())
            reading.reads += reads
            reading.torn += torn


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.torture)])
@pytest.mark.timeout(1800)
def test_sixteen_writers_undo_nothing_and_no_read_is_torn(tmp_path: Path, rounds: int) -> None:
    """Each process writes a section of its own; after each round all of them are there."""
    names = [f"p{number}" for number in range(16)]
    file = fire.renew(tmp_path / "aws", MINE + "\n".join(legacy(name, "dev") for name in names))
    with readers(file, names) as reading:
        for round_number in range(rounds):
            keys = [f"{name}-{round_number}-{'k' * 200}" for name in names]
            running = [
                subprocess.Popen(fire.writer(file, name, key))
                for name, key in zip(names, keys, strict=True)
            ]
            assert [writing.wait() for writing in running] == [0] * 16
            parser = configparser.RawConfigParser()
            parser.read(file)
            assert [parser[name]["aws_session_token"] for name in names] == keys
            assert file.read_text().startswith(MINE)

    assert reading.reads > 0
    assert reading.torn == 0
    assert fire.left_beside(file) == []
    if rounds > 3:
        print(
            f"\n16 writers, {rounds} rounds: no write undone, {reading.reads:,} reads, none torn",
            file=sys.stderr,
        )


def one_round(person: Person, names: list[str]) -> float:
    """Refresh each profile in a real ``aws`` of its own, all at once; check that none is undone."""
    person.center.reset_calls()
    started = time.monotonic()
    running = [
        subprocess.Popen(
            [person.cli, "sso", "refresh-legacy", "--profile", name],
            env=person.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    said = [refreshing.communicate()[1] for refreshing in running]
    took = time.monotonic() - started
    assert said == [""] * len(names)
    given = {
        call.details["account"]: call.details["access_key_id"]
        for call in person.center.calls
        if call.operation == "GetRoleCredentials"
    }
    sections = person.sections()
    for number, name in enumerate(names):
        keys = sections[f"{name}-legacy-sso"]
        issued = person.center.keys_of(keys["aws_access_key_id"])
        assert issued
        assert keys["aws_access_key_id"] == given[f"1{number:011}"]
        assert keys["aws_secret_access_key"] == issued.secret_access_key
        assert keys["aws_session_token"] == keys["aws_security_token"] == issued.session_token
    assert person.credentials.read_text().startswith(MINE)
    assert fire.left_beside(person.credentials) == []
    return took


def have_profiles(person: Person, count: int) -> list[str]:
    person.configure(SESSIONS + profiles("p", count))
    person.sign_in()
    names = [f"p{number}" for number in range(count)]
    text = MINE + "\n".join(legacy(f"{name}-legacy-sso", name) for name in names)
    person.credentials.write_text(text)
    person.credentials.chmod(0o600)
    return names


@only(FROZEN)
@pytest.mark.parametrize(
    ("processes", "rounds"), [(4, 1), pytest.param(16, 50, marks=pytest.mark.torture)]
)
@pytest.mark.timeout(3600)
def test_real_refreshes_at_once(person: Person, processes: int, rounds: int) -> None:
    """Different profiles of one file, each in an ``aws`` of its own, and readers beside them."""
    names = have_profiles(person, processes)
    with readers(person.credentials, [f"{name}-legacy-sso" for name in names]) as reading:
        took = sum(one_round(person, names) for _ in range(rounds))

    assert reading.reads > 0
    assert reading.torn == 0
    if rounds > 1:
        print(
            f"\n{processes} real refreshes at once, {rounds} rounds in {took:.0f} s: none undone, "
            f"{reading.reads:,} reads, none torn",
            file=sys.stderr,
        )


# Beside programs that take no lock.

# What `aws configure set` does: read, empty the file, write. It counts what was lost of its own.
_OTHER_PROGRAM = """
import random, re, sys, time
path, count, lost = sys.argv[1], int(sys.argv[2]), 0
for number in range(1, count + 1):
    with open(path) as file:
        text = file.read()
    lost += f"counter = {number - 1}\\n" not in text
    with open(path, "w") as file:
        file.write(re.sub("counter = .*", f"counter = {number}", text))
    time.sleep(random.uniform(0, 0.01))
print(lost)
"""


@pytest.mark.parametrize("writes", [200, pytest.param(10_000, marks=pytest.mark.torture)])
@pytest.mark.timeout(1800)
def test_beside_a_program_that_takes_no_lock(tmp_path: Path, writes: int) -> None:
    """It empties the file and writes, at any moment; no section that is there is lost to us."""
    others = f"{MINE}{legacy('x', 'dev')}\n[other]\ncounter = 0\n"
    file = fire.renew(tmp_path / "aws", others)
    program = subprocess.Popen(
        [sys.executable, "-c", _OTHER_PROGRAM, str(file), str(writes)],
        stdout=subprocess.PIPE,
        text=True,
    )
    ours = refused = 0
    while program.poll() is None:
        ours += 1
        refused += not updated(file, ours)
    lost = int(program.communicate()[0])
    text = Document(file.read_text())

    assert file.read_text().startswith(MINE)
    assert set(text.sections()) >= {"default", "x", "other"}
    if writes > 200:
        print(
            f"\nbeside {writes:,} writes of a program without a lock: {ours:,} updates of ours "
            f"({refused:,} gave up: the file kept changing), {lost} of its writes lost to one",
            file=sys.stderr,
        )
    assert lost <= writes / 100


def updated(file: Path, number: int) -> bool:
    """Make an update of ours; False if the other program never left the file alone for it."""
    try:
        credentials_file.update(str(file), lambda text: text.set("ours", {"k": str(number)}))
    except CredentialsFileError:
        return False
    return True


def test_a_file_that_another_program_is_about_to_fill_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is empty for a moment: what then comes must not be lost."""
    file = fire.renew(tmp_path / "aws", "")
    monkeypatch.setattr(time, "sleep", lambda seconds: file.write_text(MINE))
    credentials_file.update(str(file), lambda text: text.set("ours", {"k": "v"}))

    assert file.read_text() == f"{MINE}\n[ours]\nk = v\n"


def test_a_file_that_another_program_has_emptied_again_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was empty and it is empty, but in between it was not: somebody is at work there."""
    file = fire.renew(tmp_path / "aws", "")
    filled = iter([None, MINE])

    def wait(seconds: float) -> None:
        if content := next(filled):
            file.write_text(content)

    def edit(text: Document) -> None:
        if not text.sections():
            file.write_text(MINE)
            file.write_text("")
        text.set("ours", {"k": "v"})

    monkeypatch.setattr(time, "sleep", wait)
    credentials_file.update(str(file), edit)

    assert file.read_text() == f"{MINE}\n[ours]\nk = v\n"


@only(FROZEN)
@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_beside_the_real_configure_set(person: Person) -> None:
    """How often one undoes the other: it reads, and writes a while later, without a lock."""
    names = have_profiles(person, 4)
    theirs_lost = ours_undone = 0
    for number in range(100):
        running = [
            subprocess.Popen(
                [person.cli, *command],
                env=person.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            for command in (
                *(("sso", "refresh-legacy", "--profile", name) for name in names),
                ("configure", "set", "aws_secret_access_key", str(number), "--profile", "theirs"),
            )
        ]
        assert [process.wait() for process in running] == [0] * len(running)
        sections = person.sections()
        assert {"default", *(f"{name}-legacy-sso" for name in names)} <= set(sections)
        theirs = sections.get("theirs", {}).get("aws_secret_access_key")
        theirs_lost += theirs != str(number)
        given = {
            call.details["access_key_id"]
            for call in person.center.calls
            if call.operation == "GetRoleCredentials"
        }
        person.center.reset_calls()
        ours_undone += sum(
            sections[f"{name}-legacy-sso"]["aws_access_key_id"] not in given for name in names
        )
    print(
        f"\nbeside `aws configure set`, 100 times with 4 refreshes: {theirs_lost} of its 100 "
        f"writes lost to ours, {ours_undone} of our 400 undone by it",
        file=sys.stderr,
    )
    assert theirs_lost <= 1
    assert ours_undone <= 4
