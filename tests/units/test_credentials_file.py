"""The safe write: the file is the old one or the new one, whole, and nobody new can read it."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from awscli_plugin_legacy_sso import lock as lock_module
from awscli_plugin_legacy_sso.errors import CredentialsFileError
from awscli_plugin_legacy_sso.file import credentials_file
from awscli_plugin_legacy_sso.file.document import Document

OLD = "[old]\nk = v\n"


def add_section(text: Document) -> None:
    text.set("new", {"k": "v"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "aws" / "credentials"
    path.parent.mkdir()
    path.write_text(OLD)
    path.chmod(0o600)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leftovers(path: Path) -> list[str]:
    """Everything beside the file but the lock, which is meant to stay."""
    lock = f".{path.name}.legacy-sso.lock"
    return sorted({other.name for other in path.parent.iterdir()} - {path.name, lock})


def test_a_missing_file_and_folder_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    """0600 and 0700, whatever the umask: what is made here holds keys."""
    path = tmp_path / "a" / "b" / "credentials"
    old_umask = os.umask(0)
    try:
        assert credentials_file.update(str(path), add_section).changed
    finally:
        os.umask(old_umask)

    assert path.read_text() == "[new]\nk = v\n"
    assert [mode(path), mode(path.parent), mode(path.parent.parent)] == [0o600, 0o700, 0o700]
    assert {mode(other) for other in path.parent.iterdir()} == {0o600}


def test_the_same_content_is_not_written_again(file: Path) -> None:
    """No write at all: the very same file stays, with its times."""
    before = file.stat()
    done = credentials_file.update(str(file), lambda text: text.set("old", {"k": "v"}))

    assert not done.changed
    assert before.st_ino == file.stat().st_ino
    assert before.st_mtime_ns == file.stat().st_mtime_ns


def test_the_file_is_replaced_and_nothing_is_left_beside_it(file: Path) -> None:
    """A reader that has the old file open goes on reading the old one, whole."""
    with file.open() as reader:
        credentials_file.update(str(file), add_section)

        assert reader.read() == OLD

    assert file.read_text() == f"{OLD}\n[new]\nk = v\n"
    assert leftovers(file) == []


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o644, 0o700])
def test_the_mode_is_kept(file: Path, kept: int) -> None:
    """Whoever gave the group access to the file meant it."""
    file.chmod(kept)
    credentials_file.update(str(file), add_section)

    assert mode(file) == kept


def test_the_group_is_kept(file: Path) -> None:
    """Where the process may give the file to that group."""
    os.chown(file, -1, 4242)
    file.chmod(0o640)
    credentials_file.update(str(file), add_section)

    assert (file.stat().st_gid, mode(file)) == (4242, 0o640)


def test_an_acl_and_other_attributes_are_kept(file: Path) -> None:
    """The access control list is the file's, and the next one's too."""
    subprocess.run(["setfacl", "-m", "u:4242:r", file], check=True)
    os.setxattr(file, "user.note", b"mine")
    before = subprocess.check_output(["getfacl", "-cpn", file])
    credentials_file.update(str(file), add_section)

    assert before == subprocess.check_output(["getfacl", "-cpn", file])
    assert os.getxattr(file, "user.note") == b"mine"


def test_an_acl_that_the_folder_would_give_lets_nobody_in(file: Path) -> None:
    """A new file inherits the folder's default ACL; the old file had none, so has the new one."""
    file.chmod(0o640)
    subprocess.run(["setfacl", "-d", "-m", "u:4242:rw", file.parent], check=True)
    before = subprocess.check_output(["getfacl", "-cpn", file])
    credentials_file.update(str(file), add_section)

    assert before == subprocess.check_output(["getfacl", "-cpn", file])


def test_what_cannot_be_kept_is_not_widened(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that may not be given: then only the owner can read it, and we say so, once."""
    edits: list[Document] = []

    def refuse(*_: object) -> None:
        if len(edits) == 1:  # somebody writes in between, and it starts over
            file.write_text(f"{file.read_text()}[more]\n")
        raise PermissionError(1, "Operation not permitted")

    def edit(text: Document) -> None:
        edits.append(text)
        add_section(text)

    os.chown(file, -1, 4242)
    file.chmod(0o640)
    monkeypatch.setattr(os, "fchown", refuse)
    done = credentials_file.update(str(file), edit)

    assert len(edits) == 2
    assert mode(file) == 0o600
    assert done.warnings == [f"the group of {file} could not be kept; its mode is now 0600"]


def test_a_symlink_stays_one(file: Path, tmp_path: Path) -> None:
    """The file it leads to is replaced, however many links are on the way."""
    link, other = tmp_path / "link", tmp_path / "other"
    other.symlink_to(file)
    link.symlink_to("other")
    credentials_file.update(str(link), add_section)

    assert (link.is_symlink(), other.is_symlink()) == (True, True)
    assert file.read_text() == f"{OLD}\n[new]\nk = v\n"


def test_a_dangling_symlink_is_filled_at_its_end(tmp_path: Path) -> None:
    """The file is made where the link says it should be."""
    link, end = tmp_path / "link", tmp_path / "far" / "credentials"
    link.symlink_to(end)
    credentials_file.update(str(link), add_section)

    assert link.is_symlink()
    assert end.read_text() == "[new]\nk = v\n"


def test_hard_links_stay_one_file(file: Path, tmp_path: Path) -> None:
    """Replacing would tear them apart; the file is rewritten in place, and nothing is left."""
    twin = tmp_path / "twin"
    twin.hardlink_to(file)
    credentials_file.update(str(file), add_section)

    assert twin.read_text() == f"{OLD}\n[new]\nk = v\n"
    assert twin.samefile(file)
    assert leftovers(file) == []


@pytest.mark.parametrize("progress", [0, 1, 5, 14, 20])
def test_an_in_place_write_that_was_cut_short_is_undone_by_the_next_run(
    file: Path, progress: int
) -> None:
    """Whatever part of the new content had been written, the old one comes back."""
    new = "[changed]\nall = of it\n"
    journal = file.parent / f".{file.name}.legacy-sso-journal"
    journal.write_text(f"{len(OLD)}\n{OLD}{new}")
    file.write_text(new[:progress] + OLD[progress:])
    credentials_file.update(str(file), lambda text: None)

    assert file.read_text() == OLD
    assert leftovers(file) == []


@pytest.mark.parametrize("read", [True, False])
def test_an_in_place_write_cut_short_before_its_end_was_cut_off_is_completed(
    file: Path, tmp_path: Path, read: bool
) -> None:
    """The new content was there, with nothing of the old one below it: botocore could read it."""
    (tmp_path / "other-name").hardlink_to(file)
    shorter = OLD.partition("k")[0]
    killed = os.fork()
    if not killed:
        os.ftruncate = lambda *_: os._exit(0)
        credentials_file.rewrite(str(file), lambda _: shorter.encode())
    os.waitpid(killed, 0)

    assert file.read_text() == shorter + "\n" * (len(OLD) - len(shorter))

    if read:
        credentials_file.read(str(file))
    else:
        credentials_file.update(str(file), lambda text: None)
    assert file.read_text() == shorter
    assert leftovers(file) == []


def test_what_somebody_wrote_after_a_cut_in_place_write_is_not_undone(file: Path) -> None:
    """Then the file is theirs, and the journal is of no use any more."""
    journal = file.parent / f".{file.name}.legacy-sso-journal"
    journal.write_text(f"{len(OLD)}\n{OLD}[changed]\n")
    file.write_text("[theirs]\nk = v\n")
    credentials_file.update(str(file), lambda text: None)

    assert file.read_text() == "[theirs]\nk = v\n"
    assert leftovers(file) == []


def test_what_a_killed_run_left_is_cleared(file: Path) -> None:
    """Its temporary file holds keys, so the next run removes it."""
    (file.parent / f".{file.name}.legacy-sso-abc.tmp").write_text("keys")
    credentials_file.update(str(file), lambda text: None)

    assert leftovers(file) == []


def test_a_write_that_came_in_between_is_not_lost(file: Path) -> None:
    """Other programs take no lock: what they wrote meanwhile is read, and the edit made again."""
    seen = []

    def edit(text: Document) -> None:
        seen.append(text.sections())
        if len(seen) == 1:
            file.write_text(f"{OLD}[theirs]\nk = v\n")
        add_section(text)

    credentials_file.update(str(file), edit)

    assert seen == [["old"], ["old", "theirs"]]
    assert file.read_text() == f"{OLD}[theirs]\nk = v\n\n[new]\nk = v\n"


def test_two_writers_do_not_undo_each_other(file: Path) -> None:
    """Each edits what the one before it left: no section is lost."""

    def write(number: int) -> None:
        credentials_file.update(str(file), lambda text: text.set(f"new{number}", {"k": "v"}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(Document(file.read_text()).sections()) == {"old", *(f"new{n}" for n in range(16))}


def test_a_lock_that_is_held_too_long_is_an_error_that_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing waits for ever."""
    monkeypatch.setattr(credentials_file, "_LOCK_SECONDS", 0)
    with (
        lock_module.exclusive(str(file.parent / f".{file.name}.legacy-sso.lock"), 0),
        pytest.raises(CredentialsFileError, match="another refresh has been holding"),
    ):
        credentials_file.update(str(file), add_section)

    assert file.read_text() == OLD


def test_without_locks_it_goes_on_and_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have none."""

    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    done = credentials_file.update(str(file), add_section)

    assert done.changed
    assert "without locks" in done.warnings[0]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xef\xbb\xbf[s]\nk = SECRET\n", "line 1: the file starts with a byte order mark"),
        (b"[s]\nk = SECRET\xe9\n", "line 2: not valid UTF-8"),
        ("[s]\nk = SECRET\n".encode("utf-16-le"), "line 3: neither"),
        (b"[s]\nk = SECRET\nk = SECRET\n", "line 3: key 'k' is there twice"),
    ],
)
def test_a_file_that_botocore_refuses_is_left_as_it_is(
    file: Path, content: bytes, line: str
) -> None:
    """The line is named, the content is not."""
    file.write_bytes(content)
    with pytest.raises(CredentialsFileError, match=line) as refused:
        credentials_file.update(str(file), add_section)

    assert "SECRET" not in str(refused.value)
    assert file.read_bytes() == content
    assert leftovers(file) == []


def test_a_file_without_its_owners_write_bit_is_refused(file: Path) -> None:
    """The person made it read-only: replacing it would go round that."""
    file.chmod(0o400)
    with pytest.raises(CredentialsFileError, match=r"read-only; allow it with: chmod u\+w"):
        credentials_file.update(str(file), add_section)

    assert file.read_text() == OLD


def test_somebody_elses_file_is_refused(file: Path) -> None:
    """Replacing it would make it ours."""
    os.chown(file, 4242, -1)
    with pytest.raises(CredentialsFileError, match="belongs to another user"):
        credentials_file.update(str(file), add_section)

    assert file.read_text() == OLD


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    """A folder, a FIFO (without waiting for a writer), a loop of links: one clear line each."""
    fifo, loop = tmp_path / "fifo", tmp_path / "loop"
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    for path, reason in [
        (tmp_path, "is a folder"),
        (fifo, "is not a regular file"),
        (loop, "Too many levels of symbolic links"),
    ]:
        with pytest.raises(CredentialsFileError, match=reason):
            credentials_file.update(str(path), add_section)


def test_a_path_is_expanded_as_the_aws_clis_reader_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables first, then the home folder."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("WHERE", "~/x")

    assert credentials_file.expand("$WHERE/credentials") == "/home/me/x/credentials"
