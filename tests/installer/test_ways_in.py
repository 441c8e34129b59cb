"""The hook, the program and the alias turn the plugin on, and no other command changes."""

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
from support.person import DEBIAN, FROZEN, PROFILES, Finished, Person, on_both, only, wait_until
from support.profiles import legacy
from support.set_up import WAYS, on, set_up

from awscli_plugin_legacy_sso.installer.places import COMMANDS

LIST = ("sso", "list-legacy", "--output", "json", "--query", "LegacyProfiles[].Profile")
# Its child processes would find its own libraries first.
OLD_FROZEN = "2.24.4"
# The person's alias file: a section that gets our aliases too, and one below it.
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
    """A person with the plugin set up, a legacy profile, and their `aws` first on PATH."""
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
    """Run `aws` in one of the ways."""
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
    """Our commands work in each way and get all words; the shared config is not written."""
    check_way(someone, programs, way)


@pairs((FROZEN,), ("env -i", "fish"))
def test_our_commands_from_other_callers(someone: Person, programs: Path, way: str) -> None:
    """Our commands work in an empty environment, without a PATH, and in fish, without a hook."""
    check_way(someone, programs, way)


@pytest.mark.torture
@pairs(CLIS, WAYS)
def test_our_commands_work_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """Our commands work on every build in every way."""
    check_way(someone, programs, way)


@pytest.mark.torture
@pytest.mark.parametrize("version", CLIS, indirect=True)
def test_other_commands_unchanged(someone: Person, programs: Path) -> None:
    """Other commands, of the v2 and two v1, have the same output and status without the plugin."""
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
    """Remove our commands from the list of valid choices, where they may appear."""
    words = [word for word in re.split(r"[\s|,']+", text) if word not in COMMANDS]
    return " ".join(words)


@on_both
def test_alias_of_person(someone: Person) -> None:
    """An alias of the person's own, below ours in the same file, still works."""
    assert run(someone, [someone.cli, "setting", "profile.dev.region"]) == Finished(
        0, "us-west-2\n", ""
    )


@pytest.mark.parametrize("client", ["awscli-v1", "awscli-v1-new"])
@only(FROZEN)
def test_v1_on_same_home(someone: Person, client: str) -> None:
    """A v1 reads the same config and alias file."""
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
    """The CLI's own options have their effect, abbreviated and in any place."""
    check_options(someone, programs, way)


@pytest.mark.torture
@pairs(CLIS, ("hook in zsh", "program", "sh", "make"))
def test_options_are_kept_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """The same holds on every build in each way."""
    check_options(someone, programs, way)


FORBIDDEN = ("111122223333", "Developer")
# Commands and their exit statuses, while the service refuses the role of `dev`.
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
def test_exit_status(someone: Person, programs: Path, way: str) -> None:
    """The exit status is passed on, here that of a profile that the service refuses."""
    check_statuses(someone, programs, way, 254)


@pytest.mark.torture
@pairs(CLIS, ("hook in bash", "program", "sh", "Python"))
def test_exit_status_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """Each exit status in the README is passed on in each way."""
    check_statuses(someone, programs, way, None)


def waiting(someone: Person, programs: Path, way: str) -> subprocess.Popen[bytes]:
    """Start a refresh whose request to the service gets no answer."""
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
        os.killpg(process.pid, signal.SIGINT)  # to the whole group, as a terminal does
        assert process.wait(30) == 130


@pairs((FROZEN,), ("exec",))
def test_ctrl_c(someone: Person, programs: Path, way: str) -> None:
    """Ctrl-C ends the command with status 130."""
    check_ctrl_c(someone, programs, way)


@pytest.mark.torture
@pairs(CLIS, ("program", "exec"))
def test_ctrl_c_on_every_build(someone: Person, programs: Path, way: str) -> None:
    """The same holds on every build."""
    check_ctrl_c(someone, programs, way)


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] + [d for c in children for d in descendants(int(c))]


@on_both
def test_sigterm_ends_inner_process(someone: Person, programs: Path, version: str) -> None:
    """A SIGTERM to the outer process also ends the inner one.

    A service manager or `timeout` knows only the process that it started.
    """
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
def test_cli_used_as_library(someone: Person) -> None:
    """A program that uses the AWS CLI as a library is not run twice.

    Its own arguments do not name our command. It gets one line with a command that works, and
    status 253.
    """
    program = someone.home / "library.py"
    program.write_text(LIBRARY)
    done = run(someone, ["/usr/bin/python3", program])

    assert (done.status, done.out) == (253, "started\n")
    assert done.err == (
        "legacy-sso: the calling program was not started with the words aws sso; "
        "start it with: awscli-plugin-legacy-sso aws sso list-legacy\n"
    )


@only(DEBIAN)
def test_pid_namespace_with_outer_proc(someone: Person) -> None:
    """In a PID namespace with the /proc of outside, the alias reads the right process.

    There $PPID is the number of another process.
    """
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
def test_alias_error(someone: Person, script: str, says: str) -> None:
    """If the alias cannot work, one line has the reason and a command that works; status 253."""
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
def test_alias_ignores_bash_settings(someone: Person) -> None:
    """BASH_ENV, SHELLOPTS and exported functions do not affect the alias."""
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
def test_environment_of_child_processes(
    someone: Person, programs: Path, theirs: dict[str, str], by: str, version: str
) -> None:
    """A child process of the CLI sees the person's config variables, and none of ours.

    These are AWS_CONFIG_FILE, set, empty or not set, and AWS_CLI_AUTO_PROMPT.
    """
    environment = {name: value.format(home=someone.home) for name, value in theirs.items()}
    for name in ".aws/config", "other":
        (someone.home / name).write_text(f"[profile process]\n{CHILD}")
    credentials = someone.home / "credentials"  # the only file read with an empty AWS_CONFIG_FILE
    credentials.write_text(f"[process]\n{CHILD}")
    keys = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t"}
    (someone.home / "keys").write_text(json.dumps({**keys, "Expiration": "2999-01-01T00:00:00Z"}))
    out = ("--credentials-file", str(someone.home / "out"))
    refresh = ("sso", "refresh-legacy", "--profile", "process", *out)
    environment_of_it = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), **environment}
    done = go(someone, programs, by, *refresh, **environment_of_it)

    assert done.status == 0, done
    child = dict(row.split("=", 1) for row in (someone.home / "child").read_text().splitlines())
    # 2.38.5 itself sets the PyInstaller variables for its child processes.
    names = "LEGACY_SSO|LD_LIBRARY_PATH" + ("" if version == FROZEN else "|PYINSTALLER")
    ours = re.compile(names)
    seen = {name: value for name, value in child.items() if name in theirs or ours.search(name)}
    assert seen == environment


@only(DEBIAN)
def test_own_config_in_environment(someone: Person, programs: Path) -> None:
    """The plugin's own config in AWS_CONFIG_FILE, by any path, is not taken for the person's."""
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


@on_both
def test_configure_set(someone: Person) -> None:
    """`aws configure set` with the plugin on writes the person's config, not the plugin's."""
    plugin = next((someone.home / ".local" / "share").iterdir())
    ours = (plugin / "config").read_bytes()
    words = ("configure", "set", "region", "eu-west-9", "--profile", "dev")
    done = run(someone, [someone.cli, *words], **on(plugin, {}))

    assert done == Finished(0, "", "")
    assert someone.config.read_text() == PROFILES.replace("us-west-2", "eu-west-9")
    assert (plugin / "config").read_bytes() == ours


@only(FROZEN)
def test_broken_plugin(someone: Person, programs: Path) -> None:
    """If the plugin cannot be loaded, our commands exist and say why."""
    plugin = next((someone.home / ".local" / "share").iterdir())
    (plugin / "awscli_plugin_legacy_sso" / "cli" / "commands.py").unlink()
    done = go(someone, programs, "program", *LIST)

    assert done.status == 253
    assert "the plugin awscli_plugin_legacy_sso cannot be loaded: " in done.err
