"""One file with many refreshes at once, constant readers, and programs that take no lock."""

from __future__ import annotations

import configparser
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import fire
from support.person import FROZEN, Person, only, wait_until
from support.profiles import SESSIONS, legacy, profiles

from awscli_plugin_legacy_sso.errors import CredentialsFileError
from awscli_plugin_legacy_sso.file import credentials_file
from awscli_plugin_legacy_sso.file.document import Document

MINE = "# mine\n[default]\naws_access_key_id=AKIA\naws_secret_access_key = s ; x\n\n"
# Reads until its stdin ends; then prints how often, and in how many reads something was missing.
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
    """Let processes read a file without pause; the counts are there after the block."""
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
def test_writers_at_once(tmp_path: Path, rounds: int) -> None:
    """16 processes write a section each: after each round all are there, and no read was torn."""
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
    """Refresh each profile in its own ``aws`` process, all at once; check that no write is lost."""
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
def test_refreshes_at_once(person: Person, processes: int, rounds: int) -> None:
    """Real ``aws`` processes refresh different profiles of one file, with readers beside them."""
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

# Reads, empties the file and writes, as `aws configure set` does; counts its own lost writes.
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
def test_update_beside_writes_without_a_lock(tmp_path: Path, writes: int) -> None:
    """The other program empties the file and writes it: no section of the file is lost."""
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
    assert lost <= 2 + ours / 50  # those between our last look and our rename


def updated(file: Path, number: int) -> bool:
    """Update the file; return False if the other program kept changing it."""
    try:
        credentials_file.update(str(file), lambda text: text.set("ours", {"k": str(number)}))
    except CredentialsFileError:
        return False
    return True


# Renames the file away, as editors do for a backup, and makes a new one 5 ms later. It counts how
# often a section that is not ours was missing, and how often its own last write was.
_RENAMING_PROGRAM = """
import os, random, re, sys, time
path, count, way, pause = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
theirs = re.findall(r"^\\[.*\\]$", open(path).read(), re.M)
gone = lost = 0
for number in range(1, count + 1):
    with open(path) as file:
        text = file.read()
    gone += not all(header in text for header in theirs)
    lost += f"counter = {number - 1}\\n" not in text
    os.rename(path, path + "~")
    time.sleep(0.005)
    new = path if way == "written" else path + ".new"
    with open(new, "w") as file:
        file.write(re.sub("counter = .*", f"counter = {number}", text))
    if way == "renamed":
        os.rename(new, path)
    time.sleep(random.uniform(0, pause))
print(gone, lost)
"""
_UPDATER = """
import os, sys
from awscli_plugin_legacy_sso.errors import CredentialsFileError
from awscli_plugin_legacy_sso.file import credentials_file
path, going, name, *expected = sys.argv[1:]
updates = refused = 0
parent = os.getppid()
while os.path.exists(going) and os.getppid() == parent:
    updates += 1
    try:
        credentials_file.update(path, lambda text: text.set(name, {"k": str(updates)}))
        with credentials_file.watched(path + name):
            pass
    except CredentialsFileError as error:
        assert any(words in str(error) for words in expected), error
        refused += 1
print(updates, refused)
"""


@dataclass
class Updating:
    updates: int = 0
    refused: int = 0


@contextlib.contextmanager
def updaters(file: Path, *expected: str) -> Iterator[Updating]:
    """Let two processes update a file without pause; a refusal must contain one of these texts."""
    updating = Updating()
    going = file.parent.with_name("going")
    going.touch()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _UPDATER, str(file), str(going), name, *expected],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("ours", "ours-too")
    ]
    try:
        yield updating
    finally:
        going.unlink()
        said = [updater.communicate()[0].split() for updater in running]
    assert [updater.returncode for updater in running] == [0, 0]
    for updates, refused in said:
        updating.updates += int(updates)
        updating.refused += int(refused)
    assert updating.refused < updating.updates


@pytest.mark.parametrize("way", ["written", "renamed"])
@pytest.mark.parametrize("pause", [0, 0.02], ids=["without pause", "with pauses"])
@pytest.mark.parametrize("writes", [100, pytest.param(10_000, marks=pytest.mark.torture)])
@pytest.mark.timeout(3600)
def test_update_beside_renames_of_the_file(
    tmp_path: Path, writes: int, pause: float, way: str
) -> None:
    """Two updaters without pause: no section of the other program is ever missing."""
    others = f"{MINE}{legacy('x', 'dev')}\n[other]\ncounter = 0\n"
    file = fire.renew(tmp_path / "aws", others)
    arguments = [str(file), str(writes), way, str(pause)]
    # The second text: the updaters wait for each other without pause.
    with updaters(file, "keeps being changed", "another refresh has been holding") as ours:
        program = fire.run([sys.executable, "-c", _RENAMING_PROGRAM, *arguments], timeout=3500)
    gone, lost = map(int, program.stdout.split())

    assert program.stderr == ""
    if writes > 100:
        print(
            f"\nbeside {writes:,} times of renaming away and making anew ({way}, pauses up to "
            f"{pause} s): {ours.updates:,} updates of ours ({ours.refused:,} gave up), others gone "
            f"{gone} times, {lost} writes of the other program lost",
            file=sys.stderr,
        )
    assert gone == 0
    assert file.read_text().startswith(MINE)
    assert set(Document(file.read_text()).sections()) >= {"default", "x", "other"}


# Exchanges two folders in one call; each has a file with a section of its own.
_EXCHANGING_PROGRAM = """
import ctypes, os, random, sys, time
one, two, count = *sys.argv[1:3], int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
wrong = 0
for number in range(1, count + 1):
    assert libc.renameat2(-100, one.encode(), -100, two.encode(), 2) == 0, ctypes.get_errno()
    time.sleep(random.uniform(0, 0.002))
    one_is, two_is = ("[two]", "[one]") if number % 2 else ("[one]", "[two]")
    for folder, has, has_not in [(one, one_is, two_is), (two, two_is, one_is)]:
        with open(folder + "/credentials") as file:
            text = file.read()
        wrong += has not in text or has_not in text
print(wrong)
"""


@pytest.mark.parametrize("times", [500, pytest.param(50_000, marks=pytest.mark.torture)])
@pytest.mark.timeout(3600)
def test_update_beside_renames_of_the_folder(tmp_path: Path, times: int) -> None:
    """Two updaters without pause: what is in one folder never gets into the other."""
    one = fire.renew(tmp_path / "one", f"{MINE}[one]\n")
    two = fire.renew(tmp_path / "two", f"{MINE}[two]\n")
    arguments = [str(one.parent), str(two.parent), str(times)]
    with updaters(one, "keeps being changed") as ours:
        program = fire.run([sys.executable, "-c", _EXCHANGING_PROGRAM, *arguments], timeout=3500)

    assert (program.stdout, program.stderr) == ("0\n", "")
    for file in one, two:
        assert file.read_text().startswith(MINE)
        assert list(file.parent.glob("*.tmp")) == []
    if times > 500:
        print(
            f"\nbeside {times:,} exchanges of two folders: {ours.updates:,} updates of ours "
            f"({ours.refused:,} gave up), none in the wrong folder",
            file=sys.stderr,
        )


_TRAPPING_PROGRAM = """
import itertools, os, random, sys, time
victim, count, *places = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
for number, place in zip(range(count), itertools.cycle(places)):
    (os.symlink if number % 4 < 2 else os.link)(victim, place + "~")
    os.replace(place + "~", place)
    if os.path.lexists(place + "~"):  # it was the same file already
        os.unlink(place + "~")
    time.sleep(random.uniform(0, 0.003))
    os.unlink(place)
    time.sleep(random.uniform(0, 0.003))
"""


@pytest.mark.parametrize("times", [500, pytest.param(50_000, marks=pytest.mark.torture)])
@pytest.mark.timeout(3600)
def test_update_beside_links_for_our_files(tmp_path: Path, times: int) -> None:
    """The target of links in place of the lock and of the watch locks is never changed."""
    file = fire.renew(tmp_path / "aws", MINE)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o644)
    before = victim.stat()
    places = [credentials_file.lock_path(str(file))]
    places += [credentials_file.watch_lock_path(f"{file}{name}") for name in ("ours", "ours-too")]
    arguments = [str(victim), str(times), *places]
    words = ["is a link or something else", "keeps being changed"]
    # For a link that is gone before it can be checked.
    words += ["Too many levels of symbolic links", "No such file or directory"]
    with updaters(file, *words) as ours:
        program = fire.run([sys.executable, "-c", _TRAPPING_PROGRAM, *arguments], timeout=3500)

    assert (program.stdout, program.stderr) == ("", "")
    assert (victim.read_text(), victim.stat().st_mode) == ("mine", before.st_mode)
    assert victim.stat().st_mtime_ns == before.st_mtime_ns
    assert file.read_text().startswith(MINE)
    assert ours.refused > 0
    if times > 500:
        print(
            f"\nbeside {times:,} links in place of our files: {ours.updates:,} updates of ours "
            f"({ours.refused:,} refused), what the links lead to untouched",
            file=sys.stderr,
        )


def in_the_meantime(file: Path, act: Callable[[], object]) -> threading.Thread:
    """Call ``act`` in a thread as soon as an update has begun, which is when its lock exists."""

    def wait() -> None:
        wait_until(Path(credentials_file.lock_path(str(file))).exists)
        act()

    other = threading.Thread(target=wait)
    other.start()
    return other


def test_update_of_an_empty_file(tmp_path: Path) -> None:
    """The file is empty until another program has written it: what it writes is not lost."""
    file = fire.renew(tmp_path / "aws", "")
    other = in_the_meantime(file, lambda: file.write_text(MINE))
    credentials_file.update(str(file), lambda text: text.set("ours", {"k": "v"}))
    other.join()

    assert file.read_text() == f"{MINE}\n[ours]\nk = v\n"


def test_update_of_a_file_emptied_again(tmp_path: Path) -> None:
    """It is empty before and after, but not in between: another program is writing it.

    What that program writes is not lost.
    """
    file = fire.renew(tmp_path / "aws", "")
    emptied = threading.Event()

    def edit(text: Document) -> None:
        if not text.sections():
            file.write_text(MINE)
            file.write_text("")
            emptied.set()
        text.set("ours", {"k": "v"})

    other = in_the_meantime(file, lambda: emptied.wait() and file.write_text(MINE))
    credentials_file.update(str(file), edit)
    other.join()

    assert file.read_text() == f"{MINE}\n[ours]\nk = v\n"


@only(FROZEN)
@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_refresh_beside_configure_set(person: Person) -> None:
    """``aws configure set`` reads, and writes a while later, without a lock.

    At most 1 % of the writes of either side is lost.
    """
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
