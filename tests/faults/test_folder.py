"""The door to the folder: what lies there under the names of our files, and whose it is.

Links in place of the lock, files of other users, folders that are renamed: each is met on a real
file system, and where another user is needed the write is done by one.
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


# Links and the like, where a file of ours has to be.


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
def test_a_link_where_our_file_has_to_be_is_refused(
    tmp_path: Path, ours: str, trap: Callable[[Path, Path], None]
) -> None:
    """What it leads to keeps its content and mode, and the way out is named."""
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
    # The command that was named is the way out.
    subprocess.run(str(refused.value).rpartition("with: ")[2], shell=True, check=True)
    DOORS[ours](file)


def test_what_is_no_watch_lock_is_not_overwritten(tmp_path: Path) -> None:
    """It was a second name of another file, whose first one is gone by now."""
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


def test_a_lock_of_another_user_is_named_with_the_command(folder: Path) -> None:
    """As `sudo` leaves it: root's, in this user's folder."""
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


def test_a_watch_lock_of_another_user_is_named_with_the_command(tmp_path: Path) -> None:
    """Also one that could be opened."""
    file = fire.renew(tmp_path / "aws")
    place = put(file.parent / ".credentials.legacy-sso.watch", NOBODY, 0o666)
    with pytest.raises(CredentialsFileError) as refused:
        watch(file)

    assert str(refused.value) == (
        f"{file}: {place} belongs to another user; make it yours with: sudo chown root {place}"
    )


def test_a_temporary_file_that_cannot_be_cleared_is_named(folder: Path) -> None:
    """It may hold keys. The refresh goes on."""
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
def test_root_leaves_nothing_in_another_users_folder(
    folder: Path, door: Callable[[Path], None], path: str
) -> None:
    """That user could not use it: what `sudo aws` does with HOME as it was."""
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(CredentialsFileError) as refused:
        door(folder / path)

    assert str(refused.value) == (
        f"{folder / path}: the folder {folder} belongs to another user; "
        "run this as that user, without sudo"
    )
    assert list(folder.iterdir()) == []


def test_another_users_file_is_refused_before_a_lock_is_left_beside_it(folder: Path) -> None:
    """In a folder of this user's own too."""
    file = fire.renew(folder)
    os.chown(file, NOBODY, NOBODY)
    for door in DOORS.values():
        with pytest.raises(CredentialsFileError, match="belongs to another user; only its owner"):
            door(file)

    assert list(folder.iterdir()) == [file]


@only(FROZEN)
def test_root_with_another_users_home_is_refused_before_anything_is_fetched(
    person: Person,
) -> None:
    """No cache of role credentials, no lock: that HOME is as it was."""
    person.sign_in()
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", person.home], check=True)
    before = sorted(person.home.rglob("*"))
    script = "import awscli_plugin_legacy_sso as it; it.refresh_legacy_sso('dev')"
    done = fire.run([sys.executable, "-c", script], env=person.environment)

    assert "belongs to another user; run this as that user, without sudo" in done.stderr
    assert sorted(person.home.rglob("*")) == before
    assert person.center.calls == []


# Folders and files under a harsh umask, by a user to whom modes mean something.


def test_umask_777_is_no_hindrance(folder: Path) -> None:
    """What is made has its mode all the same, so that the next run can use it."""
    os.chown(folder, NOBODY, NOBODY)
    file = folder / "a" / "b" / "credentials"
    command = ["sh", "-c", 'umask 777; exec "$@"', "sh", *fire.writer(file)]
    for _ in range(2):
        done = fire.run(command, env=AS_NOBODY)
        assert (done.returncode, done.stderr) == (0, "")

    made = [file, file.parent / ".credentials.legacy-sso.lock", file.parent, file.parent.parent]
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600, 0o600, 0o700, 0o700]


# A folder that may not be written.


def test_a_link_into_a_read_only_store_is_explained(folder: Path) -> None:
    """The folder it leads to is named, not a file of ours, and the option that helps."""
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
def test_an_empty_variable_is_said_by_the_command(person: Person) -> None:
    """AWS_SHARED_CREDENTIALS_FILE set, but to nothing."""
    person.sign_in()
    done = person.refresh("--profile", "dev", env={"AWS_SHARED_CREDENTIALS_FILE": ""})

    assert done.status == 253
    assert lines(done.err) == [
        "aws: [ERROR]: AWS_SHARED_CREDENTIALS_FILE is set but empty; "
        "run: unset AWS_SHARED_CREDENTIALS_FILE"
    ]


# A path that leads elsewhere meanwhile.


def test_a_folder_that_is_renamed_meanwhile_is_left_as_it_was(tmp_path: Path) -> None:
    """The update starts over where the path now leads, and is locked there."""
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


def test_a_link_that_is_moved_meanwhile_is_followed_anew(tmp_path: Path) -> None:
    """As tools do that switch between accounts: what the link now leads to is updated."""
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


def test_a_file_that_another_program_makes_at_that_very_moment_stays(tmp_path: Path) -> None:
    """There was none, so there is nothing to replace: ours comes beside what is there now."""
    file = tmp_path / "aws" / "credentials"
    log = tmp_path / "log"
    calls = "link,linkat,rename,renameat,renameat2"
    tracing = ["-e", f"trace={calls}", "-e", f"inject={calls}:delay_enter=1s:when=1"]
    with subprocess.Popen([*fire.strace(log, *tracing), *fire.writer(file)]) as writing:
        # On its way into the call that gives the new file its name.
        wait_until(lambda: log.exists() and "credentials.legacy-sso" in log.read_text())
        file.write_text(OLD)
        assert writing.wait() == 0

    assert file.read_text().startswith("# mine\n[default]\n")
    assert "aws_access_key_id = nnn" in file.read_text()


def test_a_file_that_has_just_gone_is_waited_for(tmp_path: Path) -> None:
    """Editors rename a file away before they write it: the new one must not be replaced."""
    file = fire.renew(tmp_path / "aws")
    update(file)
    file.rename(tmp_path / "backup")
    (file.parent / ".credentials.legacy-sso.lock").unlink()

    def bring_back() -> None:
        wait_until((file.parent / ".credentials.legacy-sso.lock").exists)
        time.sleep(0.005)  # the other program's time, not one to wait for
        (tmp_path / "backup").rename(file)

    other = threading.Thread(target=bring_back)
    other.start()
    credentials_file.update(str(file), lambda text: text.set("more", {"k": "v"}))
    other.join()

    assert file.read_text() == f"{OLD}\n[ours]\nk = v\n\n[more]\nk = v\n"


# The first error is the one that is said.


def test_a_failing_clean_up_does_not_hide_what_went_wrong(tmp_path: Path) -> None:
    """The disk is full for the new name, and then the temporary file cannot be removed."""
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
