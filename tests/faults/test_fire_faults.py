"""Faults of the system: one clear line, a documented status, and nothing is lost.

If the write can go on, it does, with a warning if there is something to know.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support import fire
from support.fire import OLD
from support.locks import exclusive
from support.person import DEBIAN, Person, lines, on_both, only

from awscli_plugin_legacy_sso.lock import LockTimeoutError

NOBODY = 65534
ERRORS = {
    "ENOSPC": "No space left on device",
    "EIO": "Input/output error",
    "EDQUOT": "Disk quota exceeded",
}


@contextlib.contextmanager
def mounted(where: Path, *arguments: str) -> Iterator[Path]:
    """Mount something for a while, which takes root."""
    subprocess.run(["mount", *arguments, where], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


def assert_untouched(file: Path, content: str = OLD) -> None:
    assert file.read_text() == content
    assert fire.left_beside(file) == []


# System errors at each call of a write that changes something.


class Injection:
    """A write, of a file that exists or of a new one, in which each call can be made to fail."""

    def __init__(self, folder: Path, *, is_new: bool) -> None:
        self.folder, self.is_new = folder, is_new
        self.log = folder.parent / "strace.log"
        self.calls = self.record()
        self.new = self.file.read_text()

    def record(self) -> list[fire.Call]:
        """Write once, and return the calls that change something."""
        self.file = self.renew()
        # -y adds its path to each descriptor.
        assert fire.run([*fire.strace(self.log, "-y"), *fire.writer(self.file)]).returncode == 0
        return [
            call
            for call in fire.calls(self.log, start="legacy-sso.lock")
            if re.match(fire.CHANGES, call.name)
            and not re.search(r"O_RDONLY|write\(1\b", call.line)
        ]

    def renew(self) -> Path:
        file = fire.renew(self.folder)
        if self.is_new:
            file.unlink()
        return file

    def at(self, words: str) -> int:
        """Return the index of the one call that matches."""
        (at,) = (at for at, call in enumerate(self.calls) if re.search(words, call.line))
        return at

    def inject(self, call: fire.Call, error: str) -> subprocess.CompletedProcess[str]:
        """Write with this call failing. Its number changes when Python compiles a module."""
        at = self.calls.index(call)
        for _ in range(5):
            self.renew()
            inject = f"inject={call.name}:error={error}:when={call.count}"
            options = ["-y", "-e", f"trace={call.name}", "-e", inject]
            done = fire.run([*fire.strace(self.log, *options), *fire.writer(self.file)])
            failed = [line for line in self.log.read_text().splitlines() if "INJECTED" in line]
            if [_without_numbers(line) for line in failed] == [_without_numbers(call.line)]:
                return done
            call = self.record()[at]
        pytest.fail(f"this call could not be made to fail: {call.line}")

    def fail(self, call: fire.Call, error: str) -> str:
        """Let a call fail, and check the result; return how the write ended."""
        done = self.inject(call, error)
        said = lines(done.stderr if done.returncode else done.stdout)
        if done.returncode:
            assert done.returncode == 253
            assert len(said) == 1, call.line
            assert ERRORS[error] in said[0]
            assert fire.left_beside(self.file) == []
            assert (self.file.read_text() if self.file.exists() else None) == (
                None if self.is_new else OLD
            )
            return "refused"
        assert self.file.read_text() == self.new
        if call.name.startswith("unlink"):  # the next run clears what is left
            assert said == []
            return "went on"
        assert fire.left_beside(self.file) == []
        if call.name.startswith("link"):  # without hard links the file is renamed
            assert said == []
            return "went on"
        assert len(said) == 1, call.line
        assert ERRORS[error] in said[0] or "could not be kept" in said[0]
        return "went on with a warning"


def _without_numbers(line: str) -> str:
    """Return a traced call without its process, descriptors, random name and result."""
    return re.sub(r"^\d+ +|\d+(?=<)|[0-9a-f]{16}| = .*", "", line)


WAYS = pytest.mark.parametrize("is_new", [False, True], ids=["replaced", "made"])


@WAYS
def test_sync_order_for_a_power_cut(tmp_path: Path, is_new: bool) -> None:
    """The content is synced before the file gets its name, and the folder after it.

    So a power cut leaves the old file or the new one.
    """
    writing = Injection(tmp_path / "aws", is_new=is_new)
    named = writing.at(r'^\d+ +(link|rename)\w*\(.*"credentials"')
    order = [
        writing.at(r"^\d+ +write\(\d+<.*\.tmp>"),
        writing.at(r"^\d+ +fsync\(\d+<.*\.tmp>"),
        named,
        writing.at(rf"^\d+ +fsync\(\d+<{writing.folder}>"),
    ]

    assert order == sorted(order)


@WAYS
def test_write_errors(tmp_path: Path, is_new: bool) -> None:
    """ENOSPC, EIO or EDQUOT at each call that changes something loses nothing."""
    injection = Injection(tmp_path / "aws", is_new=is_new)
    outcomes = [
        injection.fail(call, list(ERRORS)[number % 3])
        for number, call in enumerate(injection.calls)
    ]

    assert outcomes.count("refused") >= 4


@pytest.mark.torture
@WAYS
def test_write_errors_each_at_each_call(tmp_path: Path, is_new: bool) -> None:
    """Each of the errors at each of the calls loses nothing."""
    injection = Injection(tmp_path / "aws", is_new=is_new)
    outcomes = [injection.fail(call, error) for error in ERRORS for call in injection.calls]
    counts = {what: outcomes.count(what) for what in sorted(set(outcomes))}
    way = "made" if is_new else "replaced"
    print(f"\n{len(outcomes)} write errors injected, {way}: {counts}", file=sys.stderr)


# States of the file system. Each function makes one; `REFUSED` has the messages.

Fault = Callable[[Path], AbstractContextManager[Path]]


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    with mounted(folder, "-t", "tmpfs", "-o", "size=16k,mode=755", "tmpfs"):
        file = folder / "credentials"
        file.write_text(OLD)
        fill_up(folder)
        yield file


def fill_up(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 512)


@contextlib.contextmanager
def read_only_file_system(folder: Path) -> Iterator[Path]:
    file = fire.renew(folder)
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield file


@contextlib.contextmanager
def read_only_folder(folder: Path) -> Iterator[Path]:
    file = fire.renew(folder)
    os.chown(file, NOBODY, NOBODY)
    yield file


@contextlib.contextmanager
def another_persons_file(folder: Path) -> Iterator[Path]:
    file = fire.renew(folder)
    file.chmod(0o666)
    os.chown(folder, NOBODY, NOBODY)
    yield file


@contextlib.contextmanager
def no_folder_may_be_made(folder: Path) -> Iterator[Path]:
    yield folder / "aws" / "credentials"


@contextlib.contextmanager
def write_protected(folder: Path) -> Iterator[Path]:
    file = fire.renew(folder)
    file.chmod(0o400)
    yield file


@contextlib.contextmanager
def immutable(folder: Path) -> Iterator[Path]:
    file = fire.renew(folder)
    subprocess.run(["chattr", "+i", file], check=True)
    try:
        yield file
    finally:
        subprocess.run(["chattr", "-i", file], check=True)


@contextlib.contextmanager
def immutable_folder(folder: Path) -> Iterator[Path]:
    file = fire.renew(folder)
    subprocess.run(["chattr", "+i", folder], check=True)
    try:
        yield file
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)


@contextlib.contextmanager
def single_file_mount(folder: Path) -> Iterator[Path]:
    inside = folder / "inside"
    inside.write_text("")
    with mounted(inside, "--bind", str(fire.renew(folder / "outside"))):
        yield inside
        assert (folder / "outside" / "credentials").read_text() == OLD


@contextlib.contextmanager
def read_only_file_mount(folder: Path) -> Iterator[Path]:
    with single_file_mount(folder) as file:
        subprocess.run(["mount", "-o", "remount,bind,ro", file], check=True)
        yield file


@contextlib.contextmanager
def link_into_a_missing_folder(folder: Path) -> Iterator[Path]:
    link = folder / "link"
    link.symlink_to(folder / "far" / "credentials")
    yield link


@contextlib.contextmanager
def a_folder(folder: Path) -> Iterator[Path]:
    yield folder


@contextlib.contextmanager
def a_fifo(folder: Path) -> Iterator[Path]:
    os.mkfifo(folder / "fifo")
    yield folder / "fifo"


@contextlib.contextmanager
def a_loop_of_links(folder: Path) -> Iterator[Path]:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    yield folder / "a"


@contextlib.contextmanager
def a_file_on_the_way(folder: Path) -> Iterator[Path]:
    (folder / "file").write_text("")
    yield folder / "file" / "credentials"


# By fault: a pattern of the message; whether the write has to run as another user than root.
REFUSED: dict[Fault, tuple[str, bool]] = {
    full_disk: ("No space left on device", False),
    read_only_file_system: (r"aws may not be written \(Read-only file system\); name an", False),
    read_only_folder: (r"aws may not be written \(Permission denied\); name another file", True),
    another_persons_file: ("belongs to another user; only its owner may change it", True),
    no_folder_may_be_made: (r"aws may not be written \(Permission denied\); name an", True),
    write_protected: (r"is read-only; allow it with: chmod u\+w", False),
    immutable: ("Operation not permitted", False),
    immutable_folder: (r"aws may not be written \(Operation not permitted\); name an", False),
    single_file_mount: ("is mounted by itself .*; mount the folder, not the file", False),
    read_only_file_mount: ("is mounted by itself .*; mount the folder, not the file", False),
    link_into_a_missing_folder: ("a folder that is not there; mount its drive, or make", False),
    a_folder: ("is a folder; name another file with --credentials-file", False),
    a_fifo: ("is not a regular file; name another file with --credentials-file", False),
    a_loop_of_links: ("Too many levels of symbolic links", False),
    a_file_on_the_way: ("Not a directory", False),
}


@pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.__name__)
def test_write_that_is_refused(folder: Path, fault: Fault) -> None:
    """One line names the file and the reason; the file is unchanged, and nothing is left."""
    reason, for_nobody = REFUSED[fault]
    with fault(folder) as path:
        before = path.read_bytes() if path.is_file() else None
        names = sorted(folder.iterdir())
        env = {**os.environ, "FIRE_UID": str(NOBODY if for_nobody else 0)}
        done = fire.run(fire.writer(path), env=env)

        assert done.returncode == 253
        (line,) = lines(done.stderr)
        assert line.startswith(str(path))
        assert re.search(reason, line)
        assert (path.read_bytes() if path.is_file() else None) == before
        assert [name for name in sorted(folder.iterdir()) if name.suffix != ".lock"] == names


@contextlib.contextmanager
def dangling_link(folder: Path) -> Iterator[Path]:
    link = folder / "link"
    (folder / "far").mkdir()
    link.symlink_to(folder / "far" / "credentials")
    yield link


@contextlib.contextmanager
def link_to_another_file_system(folder: Path) -> Iterator[Path]:
    far = folder / "far"
    far.mkdir()
    with mounted(far, "-t", "tmpfs", "tmpfs"):
        (far / "credentials").write_text(OLD)
        (folder / "link").symlink_to(far / "credentials")
        yield folder / "link"


@contextlib.contextmanager
def missing_folder(folder: Path) -> Iterator[Path]:
    yield folder / "a" / "b" / "credentials"


@contextlib.contextmanager
def file_system_without_attributes(folder: Path) -> Iterator[Path]:
    with mounted(folder, "-t", "ramfs", "ramfs"):
        (folder / "credentials").write_text(OLD)
        yield folder / "credentials"


GOES_ON: tuple[Fault, ...] = (
    dangling_link,
    link_to_another_file_system,
    missing_folder,
    file_system_without_attributes,
)


@pytest.mark.parametrize("fault", GOES_ON, ids=lambda fault: fault.__name__)
def test_write_that_goes_on(folder: Path, fault: Fault) -> None:
    """Links stay links, mounts stay mounted, and missing folders are made."""
    with fault(folder) as path:
        was_link, old = path.is_symlink(), path.read_text() if path.exists() else ""
        done = fire.run(fire.writer(path))

        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
        assert path.is_symlink() is was_link
        assert path.read_text().startswith(old.partition("aws_access_key_id = ")[0])
        assert "aws_access_key_id = nnn" in path.read_text()
        assert fire.left_beside(path.resolve()) == []


# Attributes of the old file that cannot be kept.


def test_group_that_cannot_be_kept(folder: Path) -> None:
    """Then only the owner can read the file, and a warning says so."""
    file = fire.renew(folder, mode=0o640)
    for path, group in ((folder, NOBODY), (file, 4242)):
        os.chown(path, NOBODY, group)
    done = fire.run(fire.writer(file), env={**os.environ, "FIRE_UID": str(NOBODY)})

    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done.stdout) == [f"the group of {file} could not be kept; its mode is now 0600"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


# The lock.


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_file_system_without_locks(tmp_path: Path, error: str) -> None:
    """Some network file systems have no locks: the write goes on with a warning."""
    file = fire.renew(tmp_path / "aws")
    options = ["-e", "trace=flock", "-e", f"inject=flock:error={error}"]
    done = fire.run([*fire.strace(tmp_path / "log", *options), *fire.writer(file)])

    assert done.returncode == 0
    assert "on a file system without locks" in done.stdout
    assert "aws_access_key_id = nnn" in file.read_text()


def test_lock_of_a_dead_process(tmp_path: Path) -> None:
    """The system releases it; no file has to be removed."""
    file = fire.renew(tmp_path / "aws")
    hold = (
        "import sys, time; from awscli_plugin_legacy_sso.lock import lock\n"
        "file = open(sys.argv[1], 'w'); lock(file.fileno(), 0); print(flush=True); time.sleep(600)"
    )
    lock = file.parent / ".credentials.legacy-sso.lock"
    holder = subprocess.Popen([sys.executable, "-c", hold, lock], stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(LockTimeoutError), exclusive(str(lock), 0):
        pass
    holder.kill()
    holder.communicate()

    assert fire.run(fire.writer(file)).returncode == 0


def test_lock_that_is_not_released(tmp_path: Path) -> None:
    """The write gives up after a time; one line says what it waited for, and how long."""
    file = fire.renew(tmp_path / "aws")
    with exclusive(str(file.parent / ".credentials.legacy-sso.lock"), 0):
        done = fire.run(fire.writer(file))

    assert done.returncode == 253
    assert lines(done.stderr) == [
        f"another refresh has been holding {file} for 10 s; run this again"
    ]
    assert_untouched(file)


# The clock, and the real command.


@only(DEBIAN)
@pytest.mark.parametrize("shift", ["-2d", "+20y"])
def test_clock_that_is_wrong(person: Person, shift: str) -> None:
    """New keys may look expired; the file is whole either way."""
    person.sign_in()
    person.refresh("--profile", "dev")
    old = person.credentials.read_text()
    command = ["faketime", "-f", shift, person.cli, "sso", "refresh-legacy", "--profile", "dev"]
    done = fire.run(command, env=person.environment)

    assert fire.left_beside(person.credentials) == []
    if done.returncode:
        assert done.returncode in (253, 255)
        assert len(lines(done.stderr)) == 1
        assert person.credentials.read_text() == old
    else:
        keys = person.sections()["dev-legacy-sso"]
        issued = person.center.keys_of(keys["aws_access_key_id"])
        assert issued
        assert keys["aws_session_token"] == issued.session_token
    assert (done.returncode == 0) is (shift == "-2d")


@on_both
@pytest.mark.parametrize("fault", [full_disk, read_only_file_system], ids=lambda f: f.__name__)
def test_command_with_a_fault(person: Person, folder: Path, fault: Fault) -> None:
    """It prints one line, which begins as the CLI's own errors do, with status 253."""
    person.sign_in()
    with fault(folder) as file:
        done = person.refresh("--profile", "dev", "--credentials-file", str(file))

        assert (done.status, done.out) == (253, "")
        (line,) = lines(done.err)
        assert re.match(rf"aws: \[ERROR\]: dev: {file}: .*{REFUSED[fault][0]}", line)
        assert_untouched(file)
