"""Turned on by the hook, the program and the alias: our commands work, and nothing else changes."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from support import real_parts
from support.every_cli import CLIS
from support.newcomer import install_wheel
from support.person import DEBIAN, FROZEN, PROFILES, Finished, Person, only, wait_until
from support.profiles import legacy
from support.set_up import WAYS, on, set_up

from awscli_plugin_legacy_sso.installer.places import COMMANDS

LIST = ("sso", "list-legacy", "--output", "json", "--query", "LegacyProfiles[].Profile")
# With libraries of its own that all it starts would find first.
OLD_FROZEN = "2.24.4"
# What the person has in the alias file: a section that ours come into, and one behind it.
ALIASES = b"[command sso]\r\n  mine = list-legacy\r\n[toplevel]\r\nsetting = configure get\r\n"
OTHERS = (
    ("--version",),
    ("configure", "get", "region", "--profile", "dev"),
    ("sso", "no-such-command"),
    ("s3", "ls", "--no-such-option"),
    ("setting", "profile.dev.region"),
)
Way = Callable[..., Finished]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_wheel(tmp_path_factory)


@pytest.fixture
def someone(person: Person) -> Person:
    """Somebody with the plugin set up, a legacy profile, and their `aws` first on PATH."""
    person.configure(plugin=False)
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    (person.home / "bin").mkdir()
    (person.home / "bin" / "aws").symlink_to(person.cli)
    person.environment["PATH"] = f"{person.home / 'bin'}:/usr/bin:/bin"
    aliases = person.home / ".aws" / "cli" / "alias"
    aliases.parent.mkdir(parents=True)
    aliases.write_bytes(ALIASES)
    set_up(person.home, ".bashrc", ".zshrc")
    return person


def go(someone: Person, programs: Path, way: str, *words: str, **env: str) -> Finished:
    """Have `aws` run in one of the ways."""
    command = WAYS[way](someone.home / "bin" / "aws", words, programs)
    return run(someone, command, **env)


def run(someone: Person, command: Sequence[str | Path], **env: str) -> Finished:
    done = subprocess.run(
        command,
        env=someone.env(env),
        cwd=someone.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def pairs(builds: Iterable[str], ways: Iterable[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("version", "way"), list(itertools.product(builds, ways)), indirect=["version"]
    )


def check_way(someone: Person, programs: Path, way: str) -> None:
    config = someone.config.stat()
    done = go(someone, programs, way, *LIST)
    now = someone.config.stat()

    assert (done.status, json.loads(done.out or "0")) == (0, ["dev-legacy-sso"]), done
    assert (config.st_ino, config.st_mtime_ns) == (now.st_ino, now.st_mtime_ns)


@pairs((FROZEN, DEBIAN, OLD_FROZEN), ("hook in bash", "program", "sh"))
def test_our_commands_work(someone: Person, programs: Path, way: str) -> None:
    """In each way, with no word lost; the shared config is not written to."""
    check_way(someone, programs, way)


@pairs((FROZEN,), ("env -i",))
def test_our_commands_work_in_an_empty_environment(
    someone: Person, programs: Path, way: str
) -> None:
    """There is not even a PATH."""
    check_way(someone, programs, way)


@pytest.mark.torture
@pairs(CLIS, WAYS)
def test_our_commands_work_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """The whole table."""
    check_way(someone, programs, way)


@pytest.mark.torture
@pytest.mark.parametrize("version", CLIS, indirect=True)
def test_no_other_command_changes(someone: Person, programs: Path) -> None:
    """Of this v2 and of two v1 on the same HOME: output and status are as without the plugin."""
    v1 = [real_parts.old_client(name).parent / "aws" for name in ("awscli-v1", "awscli-v1-new")]
    said = {}
    for state in "on", "off":
        if state == "off":
            (someone.home / ".aws" / "cli" / "alias").write_bytes(ALIASES)
        said[state] = [
            run(someone, [aws, *words]) for aws in (someone.cli, *v1) for words in OTHERS
        ]

    with_it, without = (
        [Finished(done.status, done.out, without_our_names(done.err)) for done in said[state]]
        for state in ("on", "off")
    )
    assert with_it == without


def without_our_names(text: str) -> str:
    """Take our commands out of the list of valid choices: a person may well see that they exist."""
    words = [word for word in re.split(r"[\s|,']+", text) if word not in COMMANDS]
    return " ".join(words)


@pytest.mark.parametrize("version", [FROZEN, DEBIAN], indirect=True)
def test_an_alias_of_the_persons_works(someone: Person) -> None:
    """It stands in the same file, with ours in front of it."""
    assert run(someone, [someone.cli, "setting", "profile.dev.region"]) == Finished(
        0, "us-west-2\n", ""
    )


@pytest.mark.parametrize("client", ["awscli-v1", "awscli-v1-new"])
@only(FROZEN)
def test_a_v1_on_the_same_home_works(someone: Person, client: str) -> None:
    """It reads the config and the alias file."""
    v1 = real_parts.old_client(client).parent / "aws"
    done = run(someone, [v1, "configure", "get", "region", "--profile", "dev"])

    assert done == Finished(0, "us-west-2\n", "")


def check_options(someone: Person, programs: Path, way: str) -> None:
    someone.sign_in()
    bundle = someone.home / "a bundle.pem"
    bundle.write_text("")
    done = go(
        *(someone, programs, way, "--prof", "dev", "--debug", "--region", "eu-west-9", "sso"),
        *("--out", "json", "refresh-legacy", "--ca-b", str(bundle), "--cli-read-timeout=5"),
        *("--query", "LegacyProfiles[].[Profile, Status]"),
    )

    assert (done.status, json.loads(done.out or "0")) == (0, [["dev-legacy-sso", "refreshed"]]), (
        done
    )
    assert someone.sections()["dev-legacy-sso"]["region"] == "eu-west-9"
    assert str(bundle) in done.err
    assert "DEBUG" in done.err


@pairs((FROZEN,), ("sh",))
def test_options_are_kept(someone: Person, programs: Path, way: str) -> None:
    """The CLI's own ones, abbreviated and in any place."""
    check_options(someone, programs, way)


@pytest.mark.torture
@pairs(CLIS, ("hook in zsh", "program", "sh", "make"))
def test_options_are_kept_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """The same in each way."""
    check_options(someone, programs, way)


FORBIDDEN = ("111122223333", "Developer")
# What is typed, with the role of `dev` refused, and how it ends.
STATUSES = (
    (("sso", "refresh-legacy", "--source-profiles", "dev", "inline"), 1),
    (("sso", "refresh-legacy", "--all", "--profile", "dev"), 252),
    (("sso", "refresh-legacy", "--profile", "nosuch"), 253),
    (("sso", "refresh-legacy", "--profile", "dev"), 254),
)


def check_statuses(someone: Person, programs: Path, way: str, expected: int | None) -> None:
    someone.sign_in()
    someone.sign_in(None)
    someone.center.behaviour.forbidden.add(FORBIDDEN)
    for words, status in STATUSES:
        if expected in {None, status}:
            done = go(someone, programs, way, *words)
            assert done.status == status, done


@pairs((FROZEN,), ("sh",))
def test_an_exit_status_is_passed_on(someone: Person, programs: Path, way: str) -> None:
    """Here that of a profile the service refuses."""
    check_statuses(someone, programs, way, 254)


@pytest.mark.torture
@pairs(CLIS, ("hook in bash", "program", "sh", "Python"))
def test_every_exit_status_is_passed_on(someone: Person, programs: Path, way: str) -> None:
    """In each way, as the README has them."""
    check_statuses(someone, programs, way, None)


def waiting(someone: Person, programs: Path, way: str) -> subprocess.Popen[bytes]:
    """Start a refresh that waits for the service for ever."""
    someone.sign_in()
    someone.center.behaviour.hang.add("GetRoleCredentials")
    words = ("sso", "refresh-legacy", "--profile", "dev")
    command = WAYS[way](someone.home / "bin" / "aws", words, programs)
    process = subprocess.Popen(
        command,
        env=someone.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    someone.center.wait_for("GetRoleCredentials", timeout=60)
    return process


def check_ctrl_c(someone: Person, programs: Path, way: str) -> None:
    with waiting(someone, programs, way) as process:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all in the foreground get it
        assert process.wait(30) == 130


@pairs((FROZEN,), ("exec",))
def test_ctrl_c_ends_it(someone: Person, programs: Path, way: str) -> None:
    """With 130."""
    check_ctrl_c(someone, programs, way)


@pytest.mark.torture
@pairs(CLIS, ("program", "exec"))
def test_ctrl_c_ends_it_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """The same."""
    check_ctrl_c(someone, programs, way)


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] + [d for c in children for d in descendants(int(c))]


@pytest.mark.parametrize("version", [FROZEN, DEBIAN], indirect=True)
def test_sigterm_to_the_outer_process_ends_the_inner_one(
    someone: Person, programs: Path, version: str
) -> None:
    """A service manager or a `timeout` knows the one it started, and no other."""
    with waiting(someone, programs, "exec") as process:
        inner = descendants(process.pid)
        assert inner
        process.terminate()
        process.wait(30)
        wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in inner))


LIBRARY = """
import sys
import awscli.clidriver
print("started", flush=True)
sys.exit(awscli.clidriver.create_clidriver().main(["sso", "list-legacy"]))
"""


@only(DEBIAN)
def test_a_program_that_uses_the_aws_cli_as_a_library_is_not_run_twice(someone: Person) -> None:
    """Its words do not ask for our command: one line and 253, which names a way that works."""
    program = someone.home / "library.py"
    program.write_text(LIBRARY)
    done = run(someone, ["/usr/bin/python3", program])

    assert (done.status, done.out) == (253, "started\n")
    assert done.err == (
        "legacy-sso: the calling program was not started with the words aws sso; "
        "start it with: awscli-plugin-legacy-sso aws sso list-legacy\n"
    )


@only(DEBIAN)
def test_in_a_pid_namespace_over_the_outer_proc_it_is_the_right_process(someone: Person) -> None:
    """There $PPID is the number of a stranger."""
    aws = someone.home / "bin" / "aws"
    script = 'echo $$; "$@"; exit $?'
    done = run(someone, ["unshare", "--pid", "--fork", "sh", "-c", script, "sh", aws, *LIST])
    number, _, answer = done.out.partition("\n")

    assert (done.status, number, json.loads(answer)) == (0, "1", ["dev-legacy-sso"]), done


@only(DEBIAN)
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("mount -t tmpfs none /proc", "there is no /proc here to read the command from"),
        ('rm "$PLUGIN/awscli_plugin_legacy_sso"', "the plugin is not in "),
        ('rm "$PLUGIN/config"', "there is no "),
        ('export AWS_CONFIG_FILE="$PLUGIN/config"; echo >"$PLUGIN/config"', "did not load the"),
    ],
)
def test_the_alias_says_why_it_cannot(someone: Person, script: str, says: str) -> None:
    """One line, 253, and the program that needs none of it."""
    plugin = next((someone.home / ".local" / "share").iterdir())
    done = run(
        someone,
        ["unshare", "--mount", "sh", "-c", f'{script}; exec "$@"', "sh", someone.cli, *LIST],
        PLUGIN=str(plugin),
    )
    [line] = done.err.splitlines()

    assert (done.status, done.out) == (253, ""), done
    assert says in line
    assert line.endswith("awscli-plugin-legacy-sso aws sso list-legacy")


@only(DEBIAN)
def test_the_alias_is_no_business_of_bash_settings(someone: Person) -> None:
    """BASH_ENV, SHELLOPTS and exported functions are for the person's own scripts."""
    spoil = someone.home / "spoil"
    spoil.write_text("echo spoilt; cd /; HOME=/\n")
    settings = {
        "BASH_ENV": str(spoil),
        "SHELLOPTS": "nounset:noexec",
        "BASH_FUNC_exec%%": "() { echo spoilt; }",
    }
    done = run(someone, [someone.cli, *LIST], **settings)

    assert (done.status, json.loads(done.out or "0")) == (0, ["dev-legacy-sso"]), done


CHILD = """credential_process = sh -c 'env >"$HOME/child"; cat "$HOME/keys"'\n"""


@pytest.mark.parametrize(
    ("theirs", "by", "version"),
    [
        ({}, "program", DEBIAN),
        ({"AWS_CONFIG_FILE": "{home}/other", "AWS_CLI_AUTO_PROMPT": "off"}, "program", FROZEN),
        ({"AWS_CONFIG_FILE": "{home}/other", "AWS_CLI_AUTO_PROMPT": "off"}, "exec", FROZEN),
        ({"AWS_CONFIG_FILE": "", "AWS_CLI_AUTO_PROMPT": "on"}, "program", DEBIAN),
        ({"AWS_CONFIG_FILE": ""}, "exec", DEBIAN),
        ({}, "exec", OLD_FROZEN),
    ],
    indirect=["version"],
)
def test_what_the_cli_starts_sees_the_persons_environment(
    someone: Person, programs: Path, theirs: dict[str, str], by: str, version: str
) -> None:
    """Their config file, set, empty or not set, and their auto-prompt; and nothing of ours."""
    environment = {name: value.format(home=someone.home) for name, value in theirs.items()}
    for name in ".aws/config", "other":
        (someone.home / name).write_text(f"[profile process]\n{CHILD}")
    credentials = someone.home / "credentials"  # all there is with an empty AWS_CONFIG_FILE
    credentials.write_text(f"[process]\n{CHILD}")
    keys = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t"}
    (someone.home / "keys").write_text(json.dumps({**keys, "Expiration": "2999-01-01T00:00:00Z"}))
    out = ("--credentials-file", str(someone.home / "out"))
    refresh = ("sso", "refresh-legacy", "--profile", "process", *out)
    environment_of_it = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), **environment}
    done = go(someone, programs, by, *refresh, **environment_of_it)

    assert done.status == 0, done
    child = dict(row.split("=", 1) for row in (someone.home / "child").read_text().splitlines())
    # 2.38.5 itself sets the last of these for all it starts.
    names = "LEGACY_SSO|LD_LIBRARY_PATH" + ("" if version == FROZEN else "|PYINSTALLER")
    ours = re.compile(names)
    seen = {name: value for name, value in child.items() if name in theirs or ours.search(name)}
    assert seen == environment


@only(DEBIAN)
def test_the_plugins_own_config_is_nobodys(someone: Person, programs: Path) -> None:
    """Where it is in the environment already, by another path even, it is not taken for theirs."""
    plugin = next((someone.home / ".local" / "share").iterdir())
    own = f"{plugin}/../{plugin.name}//config"
    done = go(
        someone,
        programs,
        "program",
        "configure",
        "get",
        "sso_account_id",
        "--profile",
        "dev",
        AWS_CONFIG_FILE=own,
    )

    assert done == Finished(0, "111122223333\n", "")


@pytest.mark.parametrize("version", [FROZEN, DEBIAN], indirect=True)
def test_what_is_configured_goes_into_the_persons_own_file(someone: Person) -> None:
    """`aws configure set` with the plugin on leaves its config alone."""
    plugin = next((someone.home / ".local" / "share").iterdir())
    ours = (plugin / "config").read_bytes()
    words = ("configure", "set", "region", "eu-west-9", "--profile", "dev")
    done = run(someone, [someone.cli, *words], **on(plugin, {}))

    assert done == Finished(0, "", "")
    assert someone.config.read_text() == PROFILES.replace("us-west-2", "eu-west-9")
    assert (plugin / "config").read_bytes() == ours


@only(FROZEN)
def test_a_broken_plugin_says_so(someone: Person, programs: Path) -> None:
    """Whatever is missing: under its own config our commands are there, and say why not."""
    plugin = next((someone.home / ".local" / "share").iterdir())
    (plugin / "awscli_plugin_legacy_sso" / "cli" / "commands.py").unlink()
    done = go(someone, programs, "program", *LIST)

    assert done.status == 253
    assert "the plugin awscli_plugin_legacy_sso cannot be loaded: " in done.err
