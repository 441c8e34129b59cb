"""Mounts, links and foreign files in place of the credentials file: what a container sees.

The tests mount in mount namespaces, which takes root; without root they fail.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from support.person import FROZEN, Finished, Person, lines, only


def in_namespace(person: Person, script: str) -> Finished:
    """Run a script in a mount namespace of its own; ``$AWS`` is the CLI."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", script],
        env=person.env({"AWS": str(person.cli)}),
        cwd=person.home,
        capture_output=True,
        text=True,
        timeout=90,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def inside(person: Person) -> Path:
    """A container's ``~/.aws`` with an empty file, over which a test mounts the host's file."""
    folder = person.home / "container"
    folder.mkdir()
    (folder / "credentials").write_text("")
    person.credentials.write_text("# of the host\n[mine]\nk = v\n")
    person.sign_in()
    return folder


@only(FROZEN)
def test_single_file_mount_inside(person: Person, inside: Path) -> None:
    """In the container the file cannot be replaced (EBUSY), and it is never written in place.

    The error says to mount the folder.
    """
    target = inside / "credentials"
    done = in_namespace(
        person,
        f"mount --bind {person.credentials} {target}\n"
        f'"$AWS" sso refresh-legacy --profile dev --credentials-file {target}',
    )

    assert done.status == 253
    assert lines(done.err) == [
        f"aws: [ERROR]: dev: {target} is mounted by itself and cannot be replaced; "
        "mount the folder, not the file"
    ]
    assert person.credentials.read_text() == "# of the host\n[mine]\nk = v\n"
    assert {path.name for path in inside.iterdir()} == {
        "credentials",
        ".credentials.legacy-sso.lock",
    }


@only(FROZEN)
def test_single_file_mount_from_the_host(person: Person, inside: Path) -> None:
    """After a refresh on the host a container with the file mounted has the old one.

    With the folder mounted it has the new one.
    """
    folder = person.home / "container2"
    folder.mkdir()
    done = in_namespace(
        person,
        f"mount --bind {person.credentials} {inside / 'credentials'}\n"
        f"mount --bind {person.credentials.parent} {folder}\n"
        '"$AWS" sso refresh-legacy --profile dev >&2\n'
        f"grep -c dev-legacy-sso {inside / 'credentials'} || true\n"
        f"grep -c dev-legacy-sso {folder / 'credentials'}\n",
    )

    assert done.status == 0
    assert done.out.split() == ["0", "1"]


@only(FROZEN)
def test_symlink_to_another_file_system(person: Person) -> None:
    """The temporary file is made beside the link's target, so the target can be replaced."""
    person.sign_in()
    mounted = person.home / "other"
    mounted.mkdir()
    person.credentials.symlink_to(mounted / "credentials")
    done = in_namespace(
        person,
        f"mount -t tmpfs none {mounted}\n"
        f"echo '[mine]' > {mounted}/credentials\n"
        '"$AWS" sso refresh-legacy --profile dev >&2\n'
        f"cat {mounted}/credentials",
    )

    assert done.status == 0
    assert done.out.startswith("[mine]\n\n[dev-legacy-sso]\n")
    assert person.credentials.is_symlink()


@only(FROZEN)
@pytest.mark.parametrize("place", ["~/keys/file", "$HOME/keys/file", "${HOME}/keys/file"])
def test_file_variable_is_expanded(person: Person, place: str) -> None:
    """``~`` and ``$VAR`` are expanded, so that the CLI reads the file that was written."""
    person.sign_in()
    environment = {"AWS_SHARED_CREDENTIALS_FILE": place}
    done = person.refresh("--profile", "dev", env=environment)
    known = person.aws("configure", "list-profiles", env=environment)

    assert done.status == 0
    assert list(person.sections(person.home / "keys" / "file")) == ["dev-legacy-sso"]
    assert "dev-legacy-sso" in known.out.split()
    assert not (person.home / shlex.split(place)[0]).exists()


@only(FROZEN)
def test_file_of_another_user_is_refused(person: Person) -> None:
    """Root is refused too, although it could write: the new file would belong to root."""
    person.sign_in()
    person.credentials.write_text("[theirs]\n")
    subprocess.run(["chown", "65534", person.credentials], check=True)
    done = person.refresh("--profile", "dev")

    assert done.status == 253
    assert "belongs to another user" in done.err
    assert person.credentials.read_text() == "[theirs]\n"


@only(FROZEN)
def test_acl_is_kept(person: Person) -> None:
    """A refresh by the real CLI leaves the file's ACL as it was."""
    person.sign_in()
    person.credentials.write_text("[mine]\n")
    person.credentials.chmod(0o600)
    subprocess.run(["setfacl", "-m", "u:4242:r", person.credentials], check=True)
    before = subprocess.check_output(["getfacl", "-cpn", person.credentials])
    person.refresh("--profile", "dev")

    assert before == subprocess.check_output(["getfacl", "-cpn", person.credentials])
    assert "dev-legacy-sso" in person.sections()
