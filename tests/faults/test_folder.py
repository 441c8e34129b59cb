"""Links, foreign files and renamed folders at the place of the credentials file.

The tests use a real file system. Where another user is needed, that user does the write.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import fire
from support.fire import OLD
from support.locks import exclusive
from support.person import FROZEN, Person, lines, only, wait_until

from awscli_plugin_legacy_sso.errors import CredentialsFileError
from awscli_plugin_legacy_sso.file import credentials_file
from awscli_plugin_legacy_sso.file.document import Document
from awscli_plugin_legacy_sso.lock import LockTimeoutError

NOBODY = 65534
AS_NOBODY = {**os.environ, "FIRE_UID": str(NOBODY)}


def set_key(text: Document) -> None:
    text.set("ours", {"k": "v"})


def update(path: Path) -> None:
    credentials_file.update(str(path), set_key)


def watch(path: Path) -> None:
    with credentials_file.watched(str(path)):
        pass


# Links and the like in place of our files.


def link(place: Path, victim: Path) -> None:
    place.symlink_to(victim)


def dangling_link(place: Path, victim: Path) -> None:
    place.symlink_to(victim.parent / "none")


def second_name(place: Path, victim: Path) -> None:
    place.hardlink_to(victim)


def fifo(place: Path, victim: Path) -> None:
    os.mkfifo(place)


def a_folder(place: Path, victim: Path) -> None:
    place.mkdir()


DOORS: dict[str, Callable[[Path], None]] = {"lock": update, "watch": watch}
TRAPS = (link, dangling_link, second_name, fifo, a_folder)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
@pytest.mark.parametrize("ours", DOORS)
def test_link_in_place_of_our_file(
    tmp_path: Path, ours: str, trap: Callable[[Path, Path], None]
) -> None:
    """Its target keeps its content and mode, and the error names the command that moves it away."""
    file = fire.renew(tmp_path / "aws")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o644)
    place = file.parent / f".credentials.legacy-sso.{ours}"
    trap(place, victim)
    with pytest.raises(CredentialsFileError) as refused:
        DOORS[ours](file)

    assert str(refused.value) == (
        f"{file}: {place} has the name of a file of this tool, but is a link or something else; "
        f"move it away with: mv {place} {place}.old"
    )
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode)) == ("mine", 0o644)
    assert sorted(tmp_path.iterdir()) == sorted([file.parent, victim])
    assert file.read_text() == OLD
    # The command in the error works.
    subprocess.run(str(refused.value).rpartition("with: ")[2], shell=True, check=True)
    DOORS[ours](file)


def test_watch_lock_with_other_content(tmp_path: Path) -> None:
    """It is not overwritten: it may be another file's second name, and the only one left."""
    file = fire.renew(tmp_path / "aws")
    place = file.parent / ".credentials.legacy-sso.watch"
    place.write_text("mine")
    with pytest.raises(CredentialsFileError, match="move it away with: mv "):
        watch(file)

    assert place.read_text() == "mine"


# Other users' files and folders.


def put(place: Path, owner: int, mode: int = 0o600) -> Path:
    place.write_text("")
    place.chmod(mode)
    os.chown(place, owner, owner)
    return place


def test_lock_of_another_user(folder: Path) -> None:
    """``sudo`` may leave root's lock in a user's folder: the error has the command that helps."""
    file = fire.renew(folder)
    lock = put(folder / ".credentials.legacy-sso.lock", 0)
    for path in (folder, file):
        os.chown(path, NOBODY, NOBODY)
    done = fire.run(fire.writer(file), env=AS_NOBODY)

    assert done.returncode == 253
    assert lines(done.stderr) == [
        f"{file}: {lock} belongs to another user; make it yours with: sudo chown nobody {lock}"
    ]
    subprocess.run(shlex.split(done.stderr.rpartition("sudo ")[2]), check=True)
    assert fire.run(fire.writer(file), env=AS_NOBODY).returncode == 0


def test_watch_lock_of_another_user(tmp_path: Path) -> None:
    """It is refused with that command, even if it can be opened."""
    file = fire.renew(tmp_path / "aws")
    place = put(file.parent / ".credentials.legacy-sso.watch", NOBODY, 0o666)
    with pytest.raises(CredentialsFileError) as refused:
        watch(file)

    assert str(refused.value) == (
        f"{file}: {place} belongs to another user; make it yours with: sudo chown root {place}"
    )


def test_temporary_file_not_removable(folder: Path) -> None:
    """A warning names it, because it may hold keys; the refresh goes on."""
    file = fire.renew(folder)
    left = put(folder / ".credentials.legacy-sso-x.tmp", 0)
    os.chown(file, NOBODY, NOBODY)
    folder.chmod(0o1777)
    done = fire.run(fire.writer(file), env=AS_NOBODY)

    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done.stdout) == [
        f"{left} was left by a refresh that was killed, and may hold keys "
        f"(Operation not permitted); remove it with: sudo rm {left}"
    ]
    assert "aws_access_key_id = nnn" in file.read_text()


@pytest.mark.parametrize("path", ["credentials", "a/b/credentials"])
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_root_in_another_users_folder(
    folder: Path, door: Callable[[Path], None], path: str
) -> None:
    """``sudo aws`` makes no file there, because that user could not use a file of root's."""
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(CredentialsFileError) as refused:
        door(folder / path)

    assert str(refused.value) == (
        f"{folder / path}: the folder {folder} belongs to another user; "
        "run this as that user, without sudo"
    )
    assert list(folder.iterdir()) == []


def test_file_of_another_user(folder: Path) -> None:
    """It is refused before a lock is made beside it, also in this user's own folder."""
    file = fire.renew(folder)
    os.chown(file, NOBODY, NOBODY)
    for door in DOORS.values():
        with pytest.raises(CredentialsFileError, match="belongs to another user; only its owner"):
            door(file)

    assert list(folder.iterdir()) == [file]


@only(FROZEN)
def test_root_with_another_users_home(
    person: Person,
) -> None:
    """It is refused before anything is fetched; no cache and no lock is made in that HOME."""
    person.sign_in()
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", person.home], check=True)
    before = sorted(person.home.rglob("*"))
    script = "import awscli_plugin_legacy_sso as it; it.refresh_legacy_sso('dev')"
    done = fire.run([sys.executable, "-c", script], env=person.environment)

    assert "belongs to another user; run this as that user, without sudo" in done.stderr
    assert sorted(person.home.rglob("*")) == before
    assert person.center.calls == []


# A harsh umask, under a user who, unlike root, is bound by modes.


def test_umask_777(folder: Path) -> None:
    """New files and folders get their modes all the same, so that the next run can use them."""
    os.chown(folder, NOBODY, NOBODY)
    file = folder / "a" / "b" / "credentials"
    command = ["sh", "-c", 'umask 777; exec "$@"', "sh", *fire.writer(file)]
    for _ in range(2):
        done = fire.run(command, env=AS_NOBODY)
        assert (done.returncode, done.stderr) == (0, "")

    made = [file, file.parent / ".credentials.legacy-sso.lock", file.parent, file.parent.parent]
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600, 0o600, 0o700, 0o700]


# A folder that may not be written.


def test_link_into_a_read_only_folder(folder: Path) -> None:
    """The error names the target's folder, not a file of ours, and the option that helps."""
    store = folder / "store"
    file = fire.renew(store)
    os.chown(file, NOBODY, NOBODY)
    (folder / "link").symlink_to(file)
    done = fire.run(fire.writer(folder / "link"), env=AS_NOBODY)

    assert done.returncode == 253
    assert lines(done.stderr) == [
        f"{folder / 'link'}: the folder {store} may not be written (Permission denied); "
        "name another file with --credentials-file"
    ]


@only(FROZEN)
def test_file_variable_is_empty(person: Person) -> None:
    """If AWS_SHARED_CREDENTIALS_FILE is an empty text, the error says so and what to run."""
    person.sign_in()
    done = person.refresh("--profile", "dev", env={"AWS_SHARED_CREDENTIALS_FILE": ""})

    assert done.status == 253
    assert lines(done.err) == [
        "aws: [ERROR]: AWS_SHARED_CREDENTIALS_FILE is set but empty; "
        "run: unset AWS_SHARED_CREDENTIALS_FILE"
    ]


# Paths that change during an update.


def test_folder_renamed_during_an_update(tmp_path: Path) -> None:
    """The update starts again in the folder that now has the path, with a lock there.

    The renamed folder stays as it was.
    """
    file = fire.renew(tmp_path / "aws")
    away = tmp_path / "away"
    edits: list[Document] = []

    def edit(text: Document) -> None:
        with pytest.raises(LockTimeoutError), exclusive(credentials_file.lock_path(str(file)), 0):
            pass
        if not edits:
            file.parent.rename(away)
            fire.renew(file.parent, "[new]\nk = v\n")
        edits.append(text)
        set_key(text)

    credentials_file.update(str(file), edit)

    assert len(edits) == 2
    assert file.read_text() == "[new]\nk = v\n\n[ours]\nk = v\n"
    assert (away / "credentials").read_text() == OLD
    assert fire.left_beside(away / "credentials") == []


def test_link_changed_during_an_update(tmp_path: Path) -> None:
    """The update follows the new link, which account switchers make; the old target stays."""
    one, two = fire.renew(tmp_path / "one"), fire.renew(tmp_path / "two")
    path = tmp_path / "link"
    path.symlink_to(one)

    def edit(text: Document) -> None:
        path.unlink()
        path.symlink_to(two)
        set_key(text)

    credentials_file.update(str(path), edit)

    assert one.read_text() == OLD
    assert two.read_text() == f"{OLD}\n[ours]\nk = v\n"


def test_file_made_during_an_update(tmp_path: Path) -> None:
    """At first there is no file.

    One that another program makes meanwhile is kept, and our section is added to it.
    """
    file = tmp_path / "aws" / "credentials"
    log = tmp_path / "log"
    calls = "link,linkat,rename,renameat,renameat2"
    tracing = ["-e", f"trace={calls}", "-e", f"inject={calls}:delay_enter=1s:when=1"]
    with subprocess.Popen([*fire.strace(log, *tracing), *fire.writer(file)]) as writing:
        # strace delays the call that gives the new file its name.
        wait_until(lambda: log.exists() and "credentials.legacy-sso" in log.read_text())
        file.write_text(OLD)
        assert writing.wait() == 0

    assert file.read_text().startswith("# mine\n[default]\n")
    assert "aws_access_key_id = nnn" in file.read_text()


def test_file_gone_for_a_moment(tmp_path: Path) -> None:
    """Editors rename the file away before they write it again: the update waits for that."""
    file = fire.renew(tmp_path / "aws")
    update(file)
    file.rename(tmp_path / "backup")
    (file.parent / ".credentials.legacy-sso.lock").unlink()

    def bring_back() -> None:
        wait_until((file.parent / ".credentials.legacy-sso.lock").exists)
        time.sleep(0.005)  # how long the other program takes
        (tmp_path / "backup").rename(file)

    other = threading.Thread(target=bring_back)
    other.start()
    credentials_file.update(str(file), lambda text: text.set("more", {"k": "v"}))
    other.join()

    assert file.read_text() == f"{OLD}\n[ours]\nk = v\n\n[more]\nk = v\n"


# The first error is the one that is reported.


def test_clean_up_that_fails_too(tmp_path: Path) -> None:
    """A full disk is reported, even if the temporary file cannot be removed after it."""
    file = fire.renew(tmp_path / "aws")
    faults = [
        *("-e", "inject=rename,renameat,renameat2:error=ENOSPC"),
        *("-e", "inject=unlink,unlinkat:error=EIO"),
    ]
    done = fire.run([*fire.strace(tmp_path / "log", *faults), *fire.writer(file)])

    assert done.returncode == 253
    assert [line.split(" (")[0] for line in lines(done.stderr)] == [
        f"{file}: No space left on device"
    ]
    assert file.read_text() == OLD
