"""Mounts of ``~/.aws`` in a container: the one that the README advises, and the others.

A mount namespace stands in for the container, which is the same as far as files go. It needs root;
without root these tests fail and say so.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support import real_parts
from support.every_cli import CLIS
from support.newcomer import aws_v1
from support.person import DEBIAN, FROZEN, PROFILES, Finished, Person, only
from support.profiles import legacy
from support.set_up import set_up

KEY = ("configure", "get", "aws_access_key_id", "--profile", "dev-legacy-sso")


class Container:
    """A shell in a mount namespace, where the plugin's folder is hidden; it runs many commands."""

    def __init__(self, person: Person, shell: subprocess.Popen[str]) -> None:
        self._person = person
        self._shell = shell

    def run(self, command: str) -> Finished:
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f'{{ {command}\n}} 2>&1 </dev/null; printf "\\nended $?\\n"\n')
        self._shell.stdin.flush()
        said = ""
        for line in self._shell.stdout:
            if line.startswith("ended "):
                return Finished(int(line.split()[1]), said.strip(), "")
            said += line
        raise AssertionError(f"the container ended; only root can have one: {said}")

    def v1(self, *arguments: str) -> Finished:
        return self.run(f"'{aws_v1()}' {' '.join(arguments)}")

    def v2(self, *arguments: str) -> Finished:
        return self.run(f"'{self._person.cli}' {' '.join(arguments)}")


@contextmanager
def container(
    person: Person, *mounts: tuple[str, str], options: str = "ro", home: str = ""
) -> Iterator[Container]:
    """Start a container whose HOME has these files or folders of the HOME outside.

    Its HOME has the path of the one outside, or the path ``home``.
    """
    outside = person.home.parent / "outside"
    outside.mkdir()
    script = f"set -e; mount --bind '{person.home}' '{outside}'"
    for hidden in person.home, person.plugin_path:
        script += f"; mount -t tmpfs none '{hidden}'"
    for source, target in mounts:
        make = f"mkdir -p ~/{target}"
        if (person.home / source).is_file():
            make = f"mkdir -p $(dirname ~/{target}); touch ~/{target}"
        script += f"; {make}; mount -o bind,{options} '{outside}/{source}' ~/{target}"
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", f"{script}; umount '{outside}'; set +e; exec sh"],
        env={**person.env({"HOME": home} if home else {}), "AWS_DEFAULT_REGION": "us-east-1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as shell:
        yield Container(person, shell)


@only(FROZEN)
def test_container_with_legacy_folder(person: Person) -> None:
    """A folder of legacy profiles is enough for old and new CLIs, without the plugin.

    ``--all`` outside is seen inside.
    """
    person.configure(f"{PROFILES}\n[legacy-sso]\ncredentials_files = ~/.aws-legacy/credentials\n")
    person.sign_in()
    own = ("--credentials-file", "~/.aws-legacy/credentials")
    assert person.refresh("--profile", "dev", *own).status == 0

    with container(person, (".aws-legacy", ".aws")) as inside:
        who = ("--profile", "dev-legacy-sso", "sts", "get-caller-identity")
        for ask in inside.v1, inside.v2:
            answer = ask(*who, "--endpoint-url", person.center.url)
            assert "assumed-role/AWSReservedSSO_Developer" in answer.out, answer
        before = inside.v2(*KEY).out
        assert person.refresh("--all").status == 0
        after = inside.v2(*KEY).out
        assert after.startswith("ASIA")
        assert before != after
        assert inside.v1(*KEY).out == after
        assert "accessToken" not in inside.run("cat ~/.aws/* ~/.aws/.[a-z]*").out


OURS = ("sso", "list-legacy")
REGION = ("configure", "get", "region", "--profile", "dev")
V1 = ("awscli-v1", "awscli-v1-new")


def check_mounted(person: Person, options: str, home: str, *v1: str) -> None:
    """Run `aws` with all of ~/.aws but without the plugin: only our commands fail."""
    person.configure(plugin=False)
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    folder = set_up(person.home)
    shared = [person.config, person.credentials, person.home / ".aws" / "cli" / "alias"]
    before = [path.read_bytes() for path in shared]
    if home:
        home = str(person.home.parent / "another home")
        (person.home.parent / "another home").mkdir()
    with container(person, (".aws", ".aws"), options=options, home=home) as inside:
        assert inside.v2(*REGION) == Finished(0, "us-west-2", "")
        for name in v1:
            aws = real_parts.old_client(name).parent / "aws"
            assert inside.run(f"'{aws}' {' '.join(REGION)}") == Finished(0, "us-west-2", "")
        ours = inside.v2(*OURS)

    assert ours == Finished(
        253,
        f"legacy-sso: the plugin is not in {folder} here; on the machine that has it, run: "
        "awscli-plugin-legacy-sso aws sso list-legacy",
        "",
    )
    assert [path.read_bytes() for path in shared] == before


@pytest.mark.parametrize(
    ("version", "options", "home", "v1"),
    [(FROZEN, "ro", "", V1), (FROZEN, "rw", "another", ()), (DEBIAN, "ro", "another", ())],
    indirect=["version"],
)
def test_container_with_aws_folder(
    person: Person, options: str, home: str, v1: tuple[str, ...]
) -> None:
    """With all of ~/.aws, only our commands fail; they say that the plugin is not there."""
    check_mounted(person, options, home, *v1)


@pytest.mark.torture
@pytest.mark.parametrize("version", CLIS, indirect=True)
@pytest.mark.parametrize("options", ["ro", "rw"])
@pytest.mark.parametrize("home", ["", "another"])
def test_container_with_aws_folder_all_builds(person: Person, options: str, home: str) -> None:
    """The same holds on every build, with each mount option and HOME."""
    check_mounted(person, options, home, *V1)


@only(FROZEN)
def test_container_with_aws_folder_has_token(person: Person) -> None:
    """All of ~/.aws includes the sign-in token, so the README advises against it."""
    person.sign_in()

    with container(person, (".aws", ".aws")) as inside:
        assert "accessToken" in inside.run("cat ~/.aws/sso/cache/*").out


@only(FROZEN)
def test_container_with_single_file(person: Person) -> None:
    """A single file works until the first refresh: the container keeps the replaced file."""
    person.sign_in()
    assert person.refresh("--profile", "dev").status == 0

    with container(person, (".aws/credentials", ".aws/credentials")) as inside:
        before = inside.v1(*KEY).out
        assert before.startswith("ASIA")
        person.refresh("--all")
        assert inside.v1(*KEY).out == before
        assert person.sections()["dev-legacy-sso"]["aws_access_key_id"] != before
