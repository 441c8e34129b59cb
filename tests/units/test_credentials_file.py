"""The safe write: the file is the old one or the new one, whole, and nobody new can read it."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("umask", [0, 0o22, 0o777], ids="{:03o}".format)
def test_a_missing_file_and_folder_are_made_for_their_owner_alone(
    tmp_path: Path, umask: int
) -> None:
    """0600 and 0700, whatever the umask: what is made here holds keys."""
    path = tmp_path / "a" / "b" / "credentials"
    old_umask = os.umask(umask)
    try:
        assert credentials_file.update(str(path), add_section).changed
        with credentials_file.watched(str(path)):
            pass
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
    end.parent.mkdir()
    link.symlink_to(end)
    credentials_file.update(str(link), add_section)

    assert link.is_symlink()
    assert end.read_text() == "[new]\nk = v\n"


@pytest.mark.parametrize("is_folder", [False, True], ids=["link to a file", "link to a folder"])
def test_a_folder_behind_a_link_is_not_made(tmp_path: Path, is_folder: bool) -> None:
    """It may be on a drive that is not mounted: the keys would lie below its mount point."""
    link, drive = tmp_path / "link", tmp_path / "drive"
    link.symlink_to(drive / "aws" if is_folder else drive / "aws" / "credentials")
    path = link / "credentials" if is_folder else link
    with pytest.raises(CredentialsFileError) as refused:
        credentials_file.update(str(path), add_section)

    assert str(refused.value) == (
        f"{link} is a link into {drive / 'aws'}, a folder that is not there; "
        f"mount its drive, or make it with: mkdir -p -m 700 {drive / 'aws'}"
    ).replace(f"{link} is", f"{path}: {link} is" if is_folder else f"{link} is")
    assert sorted(tmp_path.iterdir()) == [link]


def test_a_folder_in_a_linked_folder_is_made(tmp_path: Path) -> None:
    """The link leads somewhere: below that, folders are made as anywhere."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    credentials_file.update(str(tmp_path / "link" / "a" / "credentials"), add_section)

    assert (tmp_path / "real" / "a" / "credentials").read_text() == "[new]\nk = v\n"


def test_a_second_name_keeps_the_old_content_and_that_is_said(file: Path, tmp_path: Path) -> None:
    """A hard link: the file is replaced as any other, all or nothing."""
    twin = tmp_path / "twin"
    twin.hardlink_to(file)
    done = credentials_file.update(str(file), add_section)

    assert file.read_text() == f"{OLD}\n[new]\nk = v\n"
    assert twin.read_text() == OLD
    assert done.warnings == [f"{file} had a second name, a hard link, which keeps the old content"]
    assert credentials_file.update(str(file), lambda text: text.remove("new")).warnings == []


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


@pytest.mark.parametrize("path", ["/a\0b", "/a\ud800b"], ids=["NUL", "half a character"])
def test_a_path_that_no_file_can_have_is_refused(path: str) -> None:
    """One printable line, whatever is asked of it."""
    with pytest.raises(CredentialsFileError) as refused:
        credentials_file.read(path)
    assert str(refused.value).startswith(f"no file can have the path {path!a}; ")
    assert str(refused.value).isprintable()

    with pytest.raises(CredentialsFileError, match="no file can have the path"):
        credentials_file.update(path, add_section)
    with (
        pytest.raises(CredentialsFileError, match="no file can have the path"),
        credentials_file.watched(path),
    ):
        pass
    assert not credentials_file.is_readable_by_others(path)


def test_a_variable_that_is_set_but_empty_is_said_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not the current folder is named, which an empty path leads to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "")
    said = "AWS_SHARED_CREDENTIALS_FILE is set but empty; run: unset AWS_SHARED_CREDENTIALS_FILE"
    with pytest.raises(CredentialsFileError, match=f"^{said}$"):
        credentials_file.read("")
    with pytest.raises(CredentialsFileError, match=f"^{said}$"):
        credentials_file.update("", add_section)

    assert list(tmp_path.iterdir()) == []


def test_a_path_is_expanded_as_the_aws_clis_reader_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables first, then the home folder."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("WHERE", "~/x")

    assert credentials_file.expand("$WHERE/credentials") == "/home/me/x/credentials"
