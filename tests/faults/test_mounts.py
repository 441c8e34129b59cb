"""Files that are not plain files, in mount namespaces: what a container sees.

These tests mount, which takes root. Where that is not to be had they fail, and say so.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from support.person import FROZEN, Finished, Person, lines, only


def in_namespace(person: Person, script: str) -> Finished:
    """Run a script with mounts of its own; ``$AWS`` is the CLI."""
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
    """A folder that a container would have as its ``~/.aws``, with one file mounted into it."""
    folder = person.home / "container"
    folder.mkdir()
    (folder / "credentials").write_text("")
    person.credentials.write_text("# of the host\n[mine]\nk = v\n")
    person.sign_in()
    return folder


@only(FROZEN)
def test_from_inside_a_single_file_mount_is_refused(person: Person, inside: Path) -> None:
    """It cannot be replaced (EBUSY), and is never written in place: what to mount is said."""
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
def test_from_outside_a_single_file_mount_goes_stale_and_a_mounted_folder_does_not(
    person: Person, inside: Path
) -> None:
    """Replaced on the host, the file in the container is the old one for ever: mount the folder."""
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
def test_a_symlink_across_file_systems_is_followed(person: Person) -> None:
    """The temporary file is made beside the real one, so replacing works."""
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
def test_the_variable_for_the_file_is_expanded_as_the_cli_reads_it(
    person: Person, place: str
) -> None:
    """What is written is what the CLI then reads, ``~`` and ``$VAR`` included."""
    person.sign_in()
    environment = {"AWS_SHARED_CREDENTIALS_FILE": place}
    done = person.refresh("--profile", "dev", env=environment)
    known = person.aws("configure", "list-profiles", env=environment)

    assert done.status == 0
    assert list(person.sections(person.home / "keys" / "file")) == ["dev-legacy-sso"]
    assert "dev-legacy-sso" in known.out.split()
    assert not (person.home / shlex.split(place)[0]).exists()


@only(FROZEN)
def test_another_persons_file_is_refused(person: Person) -> None:
    """Even for root, who could: it would become root's."""
    person.sign_in()
    person.credentials.write_text("[theirs]\n")
    subprocess.run(["chown", "65534", person.credentials], check=True)
    done = person.refresh("--profile", "dev")

    assert done.status == 253
    assert "belongs to another user" in done.err
    assert person.credentials.read_text() == "[theirs]\n"


@only(FROZEN)
def test_an_acl_is_kept_and_nobody_else_gets_in(person: Person) -> None:
    """Written by the real CLI."""
    person.sign_in()
    person.credentials.write_text("[mine]\n")
    person.credentials.chmod(0o600)
    subprocess.run(["setfacl", "-m", "u:4242:r", person.credentials], check=True)
    before = subprocess.check_output(["getfacl", "-cpn", person.credentials])
    person.refresh("--profile", "dev")

    assert before == subprocess.check_output(["getfacl", "-cpn", person.credentials])
    assert "dev-legacy-sso" in person.sections()
