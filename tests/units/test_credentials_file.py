"""The safe write: a reader sees the whole old or the whole new file; access never gets wider."""

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
    """Return the files beside this one, without the lock file, which stays on purpose."""
    lock = f".{path.name}.legacy-sso.lock"
    return sorted({other.name for other in path.parent.iterdir()} - {path.name, lock})


@pytest.mark.parametrize("umask", [0, 0o22, 0o777], ids="{:03o}".format)
def test_missing_file_and_folder_modes(tmp_path: Path, umask: int) -> None:
    """A new file gets mode 0600 and new folders 0700 under any umask, since the file holds keys."""
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


def test_same_content_not_rewritten(file: Path) -> None:
    """If the edit changes nothing, the file is not written: inode and modification time stay."""
    before = file.stat()
    done = credentials_file.update(str(file), lambda text: text.set("old", {"k": "v"}))

    assert not done.changed
    assert before.st_ino == file.stat().st_ino
    assert before.st_mtime_ns == file.stat().st_mtime_ns


def test_replace_with_open_reader(file: Path) -> None:
    """A reader that has the old file open still reads it whole, and no temporary file is left."""
    with file.open() as reader:
        credentials_file.update(str(file), add_section)

        assert reader.read() == OLD

    assert file.read_text() == f"{OLD}\n[new]\nk = v\n"
    assert leftovers(file) == []


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o644, 0o700])
def test_mode_kept(file: Path, kept: int) -> None:
    """The new file has the mode of the old one, for example one that gives the group access."""
    file.chmod(kept)
    credentials_file.update(str(file), add_section)

    assert mode(file) == kept


def test_group_kept(file: Path) -> None:
    """The new file has the group of the old one, if the process may set that group."""
    os.chown(file, -1, 4242)
    file.chmod(0o640)
    credentials_file.update(str(file), add_section)

    assert (file.stat().st_gid, mode(file)) == (4242, 0o640)


def test_acl_and_attributes_kept(file: Path) -> None:
    """The new file has the access control list and the extended attributes of the old one."""
    subprocess.run(["setfacl", "-m", "u:4242:r", file], check=True)
    os.setxattr(file, "user.note", b"mine")
    before = subprocess.check_output(["getfacl", "-cpn", file])
    credentials_file.update(str(file), add_section)

    assert before == subprocess.check_output(["getfacl", "-cpn", file])
    assert os.getxattr(file, "user.note") == b"mine"


def test_default_acl_not_inherited(file: Path) -> None:
    """The new file does not get the folder's default ACL if the old file had no ACL."""
    file.chmod(0o640)
    subprocess.run(["setfacl", "-d", "-m", "u:4242:rw", file.parent], check=True)
    before = subprocess.check_output(["getfacl", "-cpn", file])
    credentials_file.update(str(file), add_section)

    assert before == subprocess.check_output(["getfacl", "-cpn", file])


def test_symlink_stays(file: Path, tmp_path: Path) -> None:
    """Symbolic links stay, and the file at the end of the chain is replaced."""
    link, other = tmp_path / "link", tmp_path / "other"
    other.symlink_to(file)
    link.symlink_to("other")
    credentials_file.update(str(link), add_section)

    assert (link.is_symlink(), other.is_symlink()) == (True, True)
    assert file.read_text() == f"{OLD}\n[new]\nk = v\n"


def test_symlink_to_missing_file(tmp_path: Path) -> None:
    """A link to a missing file stays, and the file is created where the link points."""
    link, end = tmp_path / "link", tmp_path / "far" / "credentials"
    end.parent.mkdir()
    link.symlink_to(end)
    credentials_file.update(str(link), add_section)

    assert link.is_symlink()
    assert end.read_text() == "[new]\nk = v\n"


@pytest.mark.parametrize("is_folder", [False, True], ids=["link to a file", "link to a folder"])
def test_linked_folder_missing(tmp_path: Path, is_folder: bool) -> None:
    """A missing folder behind a link is an error.

    The folder may be on a drive that is not mounted; a new folder would put the keys below the
    mount point.
    """
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


def test_folder_below_linked_folder(tmp_path: Path) -> None:
    """If the linked folder exists, missing folders below it are created."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    credentials_file.update(str(tmp_path / "link" / "a" / "credentials"), add_section)

    assert (tmp_path / "real" / "a" / "credentials").read_text() == "[new]\nk = v\n"


def test_hard_link_keeps_old_content(file: Path, tmp_path: Path) -> None:
    """A second hard link of the file keeps the old content, and a warning says so."""
    twin = tmp_path / "twin"
    twin.hardlink_to(file)
    done = credentials_file.update(str(file), add_section)

    assert file.read_text() == f"{OLD}\n[new]\nk = v\n"
    assert twin.read_text() == OLD
    assert done.warnings == [f"{file} had a second name, a hard link, which keeps the old content"]
    assert credentials_file.update(str(file), lambda text: text.remove("new")).warnings == []


def test_leftover_of_killed_run_removed(file: Path) -> None:
    """The temporary file of a killed run holds keys, so the next run removes it."""
    (file.parent / f".{file.name}.legacy-sso-abc.tmp").write_text("keys")
    credentials_file.update(str(file), lambda text: None)

    assert leftovers(file) == []


def test_foreign_write_in_between_kept(file: Path) -> None:
    """If another program, which takes no lock, writes meanwhile, the file is edited again."""
    seen = []

    def edit(text: Document) -> None:
        seen.append(text.sections())
        if len(seen) == 1:
            file.write_text(f"{OLD}[theirs]\nk = v\n")
        add_section(text)

    credentials_file.update(str(file), edit)

    assert seen == [["old"], ["old", "theirs"]]
    assert file.read_text() == f"{OLD}[theirs]\nk = v\n\n[new]\nk = v\n"


def test_writers_at_the_same_time(file: Path) -> None:
    """Each writer edits the file that the one before it wrote, so no section is lost."""

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
def test_unreadable_file_unchanged(file: Path, content: bytes, line: str) -> None:
    """A file that botocore refuses stays unchanged; the error names the line, not its content."""
    file.write_bytes(content)
    with pytest.raises(CredentialsFileError, match=line) as refused:
        credentials_file.update(str(file), add_section)

    assert "SECRET" not in str(refused.value)
    assert file.read_bytes() == content
    assert leftovers(file) == []


def test_read_only_file_refused(file: Path) -> None:
    """A file without the owner's write bit is not replaced: the person made it read-only."""
    file.chmod(0o400)
    with pytest.raises(CredentialsFileError, match=r"read-only; allow it with: chmod u\+w"):
        credentials_file.update(str(file), add_section)

    assert file.read_text() == OLD


def test_file_of_other_user_refused(file: Path) -> None:
    """A file of another user is not replaced: the new file would belong to us."""
    os.chown(file, 4242, -1)
    with pytest.raises(CredentialsFileError, match="belongs to another user"):
        credentials_file.update(str(file), add_section)

    assert file.read_text() == OLD


def test_path_of_no_regular_file(tmp_path: Path) -> None:
    """A folder, a FIFO and a loop of links each give a clear error; a FIFO is not waited for."""
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
def test_impossible_path(path: str) -> None:
    """A path with a NUL or half a character gives one printable line, whatever the operation is."""
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


def test_empty_path_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty AWS_SHARED_CREDENTIALS_FILE is an error that names the variable.

    The empty path would mean the current folder.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "")
    said = "AWS_SHARED_CREDENTIALS_FILE is set but empty; run: unset AWS_SHARED_CREDENTIALS_FILE"
    with pytest.raises(CredentialsFileError, match=f"^{said}$"):
        credentials_file.read("")
    with pytest.raises(CredentialsFileError, match=f"^{said}$"):
        credentials_file.update("", add_section)

    assert list(tmp_path.iterdir()) == []


def test_path_expanded_as_by_aws_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the AWS CLI, variables in the path are expanded first, then `~`."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("WHERE", "~/x")

    assert credentials_file.expand("$WHERE/credentials") == "/home/me/x/credentials"
