"""`setup` and `uninstall`, from the wheel: on at once, off without a trace, nothing broken."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import stat
import sys
import threading
from pathlib import Path

import pytest
from identity_center import IdentityCenter
from support import real_parts
from support.newcomer import BROWSER, Newcomer, aws_v1, newcomer_with
from support.person import CHECKOUT, FROZEN, PROFILES
from support.profiles import legacy
from support.set_up import set_up

from awscli_plugin_legacy_sso.installer import machine, package_copy
from awscli_plugin_legacy_sso.installer.places import PACKAGE

ASK_WHO = """
import boto3, sys
print(boto3.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()["Arn"])
"""
NAMES_US = "there is no profile 'dev'"  # our command's answer to ASK
ASK = ("aws", "sso", "refresh-legacy", "--dry-run", "--source-profiles", "dev")


@pytest.fixture
def newcomer(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    return newcomer_with(real_parts.frozen_cli(FROZEN), tmp_path, tmp_path_factory)


def test_setup_and_uninstall(newcomer: Newcomer, center: IdentityCenter, tmp_path: Path) -> None:
    """After `setup` and a sign-in in a new bash and a new zsh an old client works.

    After `uninstall` all files are as before.
    """
    newcomer.write(".aws/config", PROFILES + "# mine, with no newline")
    newcomer.write(".aws/credentials", "[mine]\nk = v\n")
    newcomer.write(".bashrc", "alias ll='ls -l' # mine, with no newline")
    newcomer.environment["SHELL"] = "/bin/zsh"
    before = newcomer.files()
    config = newcomer.config.stat()
    done = newcomer.setup()
    browser = tmp_path / "browser.py"
    browser.write_text(BROWSER)
    newcomer.environment |= center.environment(tmp_path / "endpoints")
    newcomer.environment["BROWSER"] = f"{sys.executable} {browser} %s &"

    assert done.out.endswith("undo all of this with: awscli-plugin-legacy-sso uninstall\n")
    for shell, profile in ("bash", "dev"), ("zsh", "inline"):
        login = newcomer.run(shell, "-ic", f"aws sso login --profile {profile}")
        assert login.status == 0, login
        assert f"{profile}-legacy-sso is new" in login.err
        keys = {"AWS_PROFILE": f"{profile}-legacy-sso", "AWS_DEFAULT_REGION": "us-east-1"}
        who = newcomer.run(real_parts.old_client("boto3"), "-c", ASK_WHO, center.url, env=keys)
        assert "assumed-role/AWSReservedSSO" in who.out, who

    assert newcomer.program("uninstall", "--remove-legacy-profiles").status == 0
    after = newcomer.files()
    now = newcomer.config.stat()
    assert (config.st_ino, config.st_mtime_ns) == (now.st_ino, now.st_mtime_ns)
    of_the_cli = (".aws/sso", ".aws/cli")
    assert before == {name: after[name] for name in after if not name.startswith(of_the_cli)}


def test_set_up_of_other_tests(newcomer: Newcomer) -> None:
    """The other tests write the same files as `setup`, without the start of an AWS CLI."""
    for name in ".bashrc", ".zshrc":
        newcomer.write(name, "# mine")
    newcomer.setup()
    by_setup = newcomer.files()
    newcomer.program("uninstall")
    set_up(newcomer.home, ".bashrc", ".zshrc")
    by_tests = newcomer.files()

    def same(files: dict[str, bytes | str]) -> dict[str, str]:
        return {
            re.sub("release-[^/]+", "R", k): re.sub("release-[^/]+", "R", str(v))
            for k, v in files.items()
        }

    assert same(by_tests) == same(by_setup)


def test_uninstall_removes_created_files(newcomer: Newcomer) -> None:
    """`setup` creates a missing ``~/.aws``, rc file or ``~/.local``, and `uninstall` removes it.

    `setup` creates no config.
    """
    newcomer.setup("--shell", "bash")
    assert not newcomer.config.exists()
    assert stat.S_IMODE(newcomer.aliases.stat().st_mode) == 0o600
    assert "__aws_legacy_sso" in newcomer.run("bash", "-ic", "typeset -f aws").out

    newcomer.program("uninstall")
    assert newcomer.files() == {}


def test_another_plugin_still_loads(newcomer: Newcomer, tmp_path: Path) -> None:
    """Another plugin in the person's own config still loads, also in our commands."""
    others = tmp_path / "others"
    others.mkdir()
    (others / "other_plugin.py").write_text(
        "import sys\ndef awscli_initialize(events): sys.stderr.write('the other one is here\\n')\n"
    )
    config = f"[plugins]\nother = other_plugin\ncli_legacy_plugin_path = {others}  \n\n[default]\n"
    newcomer.write(".aws/config", config)
    newcomer.setup("--shell", "bash")
    asked = newcomer.run("bash", "-ic", " ".join(ASK))

    assert asked.err.count("the other one is here") == 1
    assert NAMES_US in asked.err
    assert newcomer.config.read_text() == config


def test_v1_on_path(newcomer: Newcomer) -> None:
    """`setup` ignores a v1 in front of a v2, and the v1 reads the same files afterwards."""
    newcomer.write(".aws/config", PROFILES)
    newcomer.have_aws_too(aws_v1(), first=True)
    done = newcomer.setup()

    assert done.out.count("works: aws sso refresh-legacy") == 1
    assert done.err == ""
    assert (
        newcomer.run("aws", "configure", "get", "region", "--profile", "dev").out == "us-west-2\n"
    )


def test_v2_on_old_python(newcomer: Newcomer, tmp_path: Path) -> None:
    """A v2 on Python 3.9 gives a warning; if there is no other v2, an error says why.

    It is a real v2, whose Python's version number is faked.
    """
    old = tmp_path / "old" / "aws"
    old.parent.mkdir()
    old.write_text(
        "#!/usr/bin/python3\nimport sys, awscli.clidriver\n"
        "sys.version_info = (3, 9, 2, 'final', 0)\nsys.exit(awscli.clidriver.main())\n"
    )
    old.chmod(0o755)
    newcomer.have_aws_too(old, first=False)

    assert f"warning: {old} (2.9.19) does not answer: " in newcomer.setup().err
    newcomer.program("uninstall")
    (newcomer.aws_folder / "aws").unlink()
    done = newcomer.program("setup")
    assert (done.status, newcomer.files()) == (1, {})
    assert "this is Python 3.9; update the AWS CLI" in done.err


def test_setup_again(newcomer: Newcomer) -> None:
    """A second `setup` changes no file; a copy of another version is replaced."""
    newcomer.write(".bashrc", "# mine\n")
    before = newcomer.files()
    newcomer.setup()
    first = newcomer.files()
    again = newcomer.setup()
    assert again.out.count("up to date") == 3
    assert newcomer.files() == first

    (newcomer.plugin / "awscli_plugin_legacy_sso" / "errors.py").write_text("raise ImportError\n")
    assert newcomer.setup().out.count("up to date") == 2
    assert NAMES_US in newcomer.run(*ASK).err
    assert (newcomer.plugin / "configupdater" / "__init__.py").exists()
    newcomer.program("uninstall")
    assert newcomer.files() == before


def test_dry_run(newcomer: Newcomer) -> None:
    """A dry run prints a diff of each file and changes nothing.

    The diff has no lines of context, since these may hold keys.
    """
    newcomer.write(".aws/cli/alias", "[toplevel]\nx = !echo SECRET")
    newcomer.write(".bashrc", "# mine\n")
    before = newcomer.files()
    done = newcomer.setup("--dry-run")

    assert newcomer.files() == before
    assert "+refresh-legacy = ![ -r " in done.out
    assert (
        f"+if [ -r '{newcomer.plugin}/awscli_plugin_legacy_sso/shell/legacy-sso.bash'" in done.out
    )
    assert "SECRET" not in done.out + done.err


def test_symlink_and_moved_folders(newcomer: Newcomer, tmp_path: Path) -> None:
    """A symlink stays; `setup` follows ``XDG_DATA_HOME`` and ``ZDOTDIR``.

    `uninstall` finds all without ``XDG_DATA_HOME``.
    """
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "alias").write_bytes(b"[toplevel]\r\nx = y\r\n")
    newcomer.aliases.parent.mkdir(parents=True)
    newcomer.aliases.symlink_to(dotfiles / "alias")
    newcomer.write(".zshenv", "ZDOTDIR=~/zsh\n")  # not exported, as is usual
    newcomer.write("zsh/.zshrc", "bindkey -e\n")
    before = newcomer.files()
    elsewhere = {"XDG_DATA_HOME": f"{tmp_path}/data"}
    assert newcomer.program("setup", env=elsewhere).status == 0

    assert NAMES_US in newcomer.run(*ASK).err
    assert NAMES_US in newcomer.program(*ASK).err
    assert b"\r\n[command sso]\r\nrefresh-legacy" in (dotfiles / "alias").read_bytes()
    assert "__aws_legacy_sso" in newcomer.run("zsh", "-ic", "typeset -f aws").out
    assert "bash" not in "".join(newcomer.files())
    newcomer.program("uninstall")
    assert newcomer.files() == before
    assert (dotfiles / "alias").read_bytes() == b"[toplevel]\r\nx = y\r\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "text", "mode", "words"),
    [
        (".aws/cli/alias", "[a]\n", 0o400, "is read-only; allow it with: chmod u+w"),
        (".aws/cli/alias", "[a]\n[a]\n", 0o600, "is there twice"),
        (".aws/cli/alias", "[command sso]\nlist-legacy = x\n", 0o600, "'list-legacy' of yours"),
        (".bashrc", "# mine\n", 0o400, "is read-only; allow it with: chmod u+w"),
    ],
)
def test_setup_refuses_file(
    newcomer: Newcomer, name: str, text: str, mode: int, words: str
) -> None:
    """A file that cannot be changed is named in one line, and earlier steps are undone."""
    newcomer.write(name, text).chmod(mode)
    before = newcomer.files()
    done = newcomer.program("setup")

    assert done.status == 1
    assert words in done.err
    assert f"{newcomer.home / name}" in done.err
    assert len(done.err.splitlines()) == 1
    assert newcomer.files() == before


@pytest.mark.parametrize("name", [".bashrc", ".aws/cli/alias"])
def test_setup_refuses_fifo(newcomer: Newcomer, name: str) -> None:
    """`setup` does not wait for a FIFO: it names it and changes nothing."""
    path = newcomer.write(name, "")
    path.unlink()
    os.mkfifo(path)
    done = newcomer.program("setup", env={"SHELL": "/bin/bash"})

    assert done.status == 1
    assert done.err.endswith(f"{path} was left as it is: it is no regular file\n"), done
    assert not newcomer.plugin.exists()
    assert newcomer.program("uninstall").out == "there is nothing to take back\n"
    assert path.is_fifo()


def test_setup_with_early_return_in_rc_file(newcomer: Newcomer) -> None:
    """`setup` starts a new shell, and warns if the hook is not defined there."""
    newcomer.write(".bashrc", "return\n")
    done = newcomer.setup()

    assert f"warning: {newcomer.home}/.bashrc does not reach the line that sources" in done.err
    assert "start a new shell" not in done.out


def test_fish(newcomer: Newcomer) -> None:
    """If the person's shell is fish, `setup` and `doctor` say in one line what works there."""
    line = "fish has no hook; what works there: aws sso refresh-legacy, by its alias, and awscli-"
    fish = {"SHELL": "/usr/bin/fish"}
    said = newcomer.program("setup", env=fish).out
    (newcomer.aws_folder / "aws").unlink()

    assert said.count(line) == 1
    assert f"· {line}" in newcomer.program("doctor", env=fish).out
    assert "fish has no hook" not in newcomer.program("doctor").out


def test_setup_with_empty_config(newcomer: Newcomer) -> None:
    """``AWS_CONFIG_FILE=/dev/null`` is not changed, and there is no advice about it."""
    nothing = {"AWS_CONFIG_FILE": "/dev/null"}
    on = newcomer.program("setup", env=nothing)
    doctor = newcomer.program("doctor", env=nothing)
    off = newcomer.program("uninstall", env=nothing)

    assert (on.status, on.err) == (0, "")
    assert (doctor.status, doctor.err) == (0, ""), doctor
    assert (off.status, off.err, newcomer.files()) == (0, "", {})


def test_uninstall_with_working_keys(newcomer: Newcomer) -> None:
    """`uninstall` says how many legacy profiles with working keys stay.

    It prints the command that removes them, which works although the plugin is off.
    """
    lasting = legacy("dev-legacy-sso", "dev", x_security_token_expires="2999-01-01T00:00:00Z")
    credentials = newcomer.write(".aws/credentials", lasting + legacy("expired", "dev"))
    said = newcomer.program("uninstall").out.splitlines()
    again = "awscli-plugin-legacy-sso uninstall --remove-legacy-profiles"

    assert said[-1] == f"1 legacy profile stays with working keys; to remove it: {again}"
    assert newcomer.program("uninstall", "--remove-legacy-profiles").status == 0
    assert not credentials.exists()
    assert "working keys" not in newcomer.program("uninstall").out


def test_version(newcomer: Newcomer) -> None:
    """The program and `doctor` print the version of the wheel."""
    version = importlib.metadata.version("awscli-plugin-legacy-sso")
    (newcomer.aws_folder / "aws").unlink()
    set_up(newcomer.home)

    assert newcomer.program("--version").out == f"awscli-plugin-legacy-sso {version}\n"
    assert f"is this version, {version}\n" in newcomer.program("doctor").out


def test_setup_without_v2(newcomer: Newcomer) -> None:
    """Without a v2 `setup` says where to get one, and changes nothing."""
    (newcomer.aws_folder / "aws").unlink()
    done = newcomer.program("setup")

    assert (done.status, newcomer.files()) == (1, {})
    assert "there is no AWS CLI v2 on PATH; get it from https://docs.aws.amazon.com" in done.err


def test_uninstall_needs_no_cli(newcomer: Newcomer) -> None:
    """`uninstall` needs no AWS CLI, and keeps lines that others added below ours."""
    rc = newcomer.write(".bashrc", "# mine")
    newcomer.write(".aws/cli/alias", "[toplevel]\nx = y")
    newcomer.setup()
    (newcomer.aws_folder / "aws").unlink()
    newcomer.aliases.write_text(newcomer.aliases.read_text() + "[command ec2]\nx = y\n")
    rc.write_text(rc.read_text() + "# added\n")

    assert newcomer.program("uninstall").status == 0
    assert newcomer.aliases.read_text() == "[toplevel]\nx = y\n[command ec2]\nx = y\n"
    assert rc.read_text() == "# mine\n# added\n"
    assert not newcomer.plugin.exists()
    assert newcomer.program("uninstall").out == "there is nothing to take back\n"


CLASSIC = "cli_legacy_plugin_path = {}\nlegacy_sso = awscli_plugin_legacy_sso\n"


def earlier_setup(newcomer: Newcomer) -> None:
    """Put HOME into the state that the `setup` of an earlier version left, with its record."""
    config = newcomer.write(".aws/config", "[default]\nregion = x")
    rc = newcomer.write(".bashrc", "# mine")
    newcomer.plugin.mkdir(parents=True)
    package_copy.renew(str(newcomer.plugin))
    (newcomer.plugin / "config").unlink()
    hook = f"source '{newcomer.plugin}/{PACKAGE}/shell/legacy-sso.bash'"
    added = {
        config: ["\n", "[plugins]\n", *CLASSIC.format(newcomer.plugin).splitlines(keepends=True)],
        rc: [f"if [ -r x ]; then {hook}; fi  # awscli-plugin-legacy-sso\n"],
    }
    made = {}
    for path, lines in added.items():
        *_, last = path.read_text().splitlines(keepends=True)
        made[str(path)] = [{"removed": [last], "added": [f"{last}\n", *lines]}]
        path.write_text(f"{path.read_text()}\n{''.join(lines)}")
    record = {
        "config": str(config),
        "made": made,
        "created": [str(folder) for folder in (newcomer.plugin, *newcomer.plugin.parents[:2])],
        "shells": ["bash"],
    }
    (newcomer.plugin / "setup.json").write_text(json.dumps(record))


@pytest.mark.parametrize("renewed", [True, False], ids=["after the new setup", "as it was"])
def test_earlier_setup_undone(newcomer: Newcomer, renewed: bool) -> None:
    """`setup` replaces the lines of an earlier version's `setup`; `uninstall` removes both."""
    earlier_setup(newcomer)
    if renewed:
        newcomer.setup()
        assert newcomer.config.read_text() == "[default]\nregion = x"
        assert NAMES_US in newcomer.run(*ASK).err
        assert not (newcomer.plugin / "setup.json").exists()
        state = newcomer.files()
        assert newcomer.setup().out.count("up to date") == 3
        assert newcomer.files() == state

    assert newcomer.program("uninstall").status == 0
    assert newcomer.files() == {
        ".aws": "folder",
        ".aws/config": b"[default]\nregion = x",
        ".bashrc": b"# mine",
    }


def test_setup_moves_plugin(newcomer: Newcomer, tmp_path: Path) -> None:
    """With another ``XDG_DATA_HOME`` `setup` moves the plugin; the lines name the new folder."""
    elsewhere = {"XDG_DATA_HOME": f"{tmp_path}/data"}
    newcomer.write(".bashrc", "# mine")
    assert newcomer.program("setup", env=elsewhere).status == 0
    newcomer.setup()

    assert not (tmp_path / "data").exists()
    assert NAMES_US in newcomer.run(*ASK).err
    newcomer.program("uninstall", env=elsewhere)
    assert newcomer.files() == {".bashrc": b"# mine"}


@pytest.mark.parametrize("command", ["setup", "uninstall"])
def test_plugin_of_another_home_stays(newcomer: Newcomer, tmp_path: Path, command: str) -> None:
    """Dotfiles copied from another home name the plugin there, which is not removed."""
    newcomer.write(".bashrc", "# mine\n")
    newcomer.setup()
    before = newcomer.files()
    other = tmp_path / "another home"
    for name in ".bashrc", ".aws/cli/alias":
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(newcomer.home / name, other / name)
    done = newcomer.program(command, env={"HOME": str(other)})

    assert done.status == 0, done
    assert newcomer.files() == before
    assert NAMES_US in newcomer.run(*ASK).err
    assert str(newcomer.plugin) not in (other / ".bashrc").read_text()


def test_failed_setup_keeps_earlier_one(newcomer: Newcomer, tmp_path: Path) -> None:
    """A `setup` into another folder that fails leaves the earlier one as it was."""
    newcomer.write(".bashrc", "# mine\n")
    newcomer.setup("--no-hook")
    before = newcomer.files()
    aws = newcomer.aws_folder / "aws"
    real = aws.readlink()
    aws.unlink()
    aws.write_text("#!/bin/sh\necho aws-cli/2.99; exit $(($# - 1))\n")
    aws.chmod(0o755)
    elsewhere = {"XDG_DATA_HOME": f"{tmp_path}/data"}
    failed = newcomer.program("setup", env=elsewhere)

    assert failed.status != 0
    assert newcomer.files() == before
    assert not (tmp_path / "data").exists()

    aws.unlink()
    aws.symlink_to(real)
    newcomer.setup()  # now with the hook
    assert newcomer.program("setup", "--no-hook", env=elsewhere).status == 0
    hooks = newcomer.run("bash", "-ic", "typeset -f aws")
    assert "__aws_legacy_sso" in hooks.out, "its line names the first folder, so that one stays"


def test_one_file_for_both_shells(newcomer: Newcomer) -> None:
    """If .zshrc is a link to .bashrc, no line can serve both shells: it stays as it is."""
    newcomer.write(".bashrc", "# mine\n")
    (newcomer.home / ".zshrc").symlink_to(".bashrc")
    done = newcomer.program("setup")

    assert done.status != 0
    assert "are one file" in done.err
    assert newcomer.files() == {".bashrc": b"# mine\n", ".zshrc": ".bashrc"}


def test_folder_modes(newcomer: Newcomer) -> None:
    """Whatever the umask, the plugin's folder and its config are the person's alone."""
    newcomer.write(".bashrc", "# mine\n")
    done = newcomer.run("sh", "-c", "umask 0; exec awscli-plugin-legacy-sso setup --no-hook")

    assert done.status == 0, done
    assert stat.S_IMODE(newcomer.plugin.stat().st_mode) == 0o700
    assert stat.S_IMODE((newcomer.plugin / "config").stat().st_mode) == 0o600


def test_lines_by_hand_keep_folder(newcomer: Newcomer) -> None:
    """Lines written by hand stay, and so does the folder that they name, in any spelling.

    Once they are gone, a second `uninstall` removes the rest.
    """
    by_hand = "[plugins]\n" + CLASSIC.format(
        f"{newcomer.plugin.parent}/./x/..//{newcomer.plugin.name}/"
    )
    newcomer.write(".aws/config", by_hand)
    (newcomer.plugin.parent / "x").mkdir(parents=True)
    newcomer.setup("--no-hook")
    assert newcomer.config.read_text() == by_hand
    first = newcomer.program("uninstall")

    assert first.status == 1
    assert f"{newcomer.plugin} stays, as {newcomer.config} names it: delete there: " in first.err
    assert NAMES_US in newcomer.run(*ASK).err
    assert not newcomer.aliases.exists()
    newcomer.config.unlink()
    assert newcomer.program("uninstall").status == 0
    assert not newcomer.plugin.exists()


def test_package_by_hand_not_deleted(newcomer: Newcomer, plugin_path: Path) -> None:
    """A package put into the folder by hand, as in the README, is moved aside, not deleted."""
    shutil.copytree(plugin_path, newcomer.plugin)
    newcomer.write(".aws/config", "[plugins]\n" + CLASSIC.format(newcomer.plugin))
    newcomer.write(".bashrc", "# mine\n").chmod(0o400)
    assert newcomer.program("setup").status == 1
    assert NAMES_US in newcomer.run(*ASK).err

    (newcomer.home / ".bashrc").chmod(0o600)
    newcomer.setup()
    newcomer.config.unlink()
    assert newcomer.program("uninstall").status == 0
    assert [*newcomer.plugin.glob(f"by-hand-*/{PACKAGE}/__init__.py")]


def test_setup_with_auto_prompt_and_function(newcomer: Newcomer) -> None:
    """`setup` works with the CLI's auto-prompt on, and with a function that logs in docker."""
    newcomer.write(".aws/config", "[default]\ncli_auto_prompt = on\n")
    newcomer.write(
        ".bashrc",
        "aws() {\n"
        '  [ "$1" != ecr-login ] || docker login "$(cat "$HOME/.ecr")"\n'
        '  command aws "$@"\n'
        "}\n",
    )

    newcomer.setup()
    assert NAMES_US in newcomer.run(*ASK, env={"AWS_CLI_AUTO_PROMPT": "off"}).err


def test_uninstall_after_killed_run(newcomer: Newcomer) -> None:
    """`uninstall` removes what a killed run left: temporary copies, locks and half a config."""
    rc = newcomer.write(".bashrc", "# mine\n")
    before = newcomer.files()
    newcomer.setup()
    for name in (
        "..bashrc.legacy-sso-x.tmp",
        "..bashrc.legacy-sso.lock",
        f"{newcomer.plugin.relative_to(newcomer.home)}/config.new",
    ):
        newcomer.write(name, "")
    newcomer.write(".bashrc", "# mine\n")

    assert newcomer.program("uninstall").status == 0
    assert rc.read_text() == "# mine\n"
    assert newcomer.files() == before


def test_uninstall_with_broken_files(newcomer: Newcomer) -> None:
    """`uninstall` finds our lines as text, also in files that no AWS tool can read."""
    newcomer.setup()
    newcomer.write(".aws/config", "[broken\n")
    newcomer.aliases.write_text(newcomer.aliases.read_text() + "[broken\n")

    assert newcomer.program("uninstall").status == 0
    assert newcomer.aliases.read_text() == "[broken\n"


def test_setup_without_dependency(newcomer: Newcomer, tmp_path: Path) -> None:
    """Without ConfigUpdater `setup` fails with one line that says how to install it."""
    alone = tmp_path / "alone"
    shutil.copytree(CHECKOUT / PACKAGE, alone / PACKAGE)
    done = newcomer.run("/usr/bin/python3", "-m", PACKAGE, "setup", env={"PYTHONPATH": str(alone)})

    assert (done.status, newcomer.files()) == (1, {})
    assert "error: the package configupdater is missing here; install it: /usr/bin/pyth" in done.err


def test_program_from_folders(newcomer: Newcomer, plugin_path: Path) -> None:
    """`setup` runs from ``pip install --target``, and `uninstall` from the plugin's copy.

    So the plugin can be removed after the program was uninstalled.
    """
    module = (sys.executable, "-m", "awscli_plugin_legacy_sso")
    newcomer.environment["PATH"] = newcomer.environment["PATH"].replace(str(newcomer.programs), "")
    done = newcomer.run(*module, "setup", env={"PYTHONPATH": str(plugin_path)})

    assert done.status == 0, done
    assert f"PYTHONPATH={plugin_path} {sys.executable} -m awscli_plugin_legacy_sso" in done.out
    assert NAMES_US in newcomer.run(*ASK).err
    done = newcomer.run(*module, "uninstall", env={"PYTHONPATH": str(newcomer.plugin)})
    assert (done.status, newcomer.files()) == (0, {})


@pytest.mark.parametrize("command", [(), ("setup",), ("doctor",), ("uninstall",)])
def test_help_and_bad_usage(newcomer: Newcomer, command: tuple[str, ...]) -> None:
    """The help of each command names its exit statuses; bad usage gives 2."""
    assert "exit status: 0 " in newcomer.program(*command, "--help").out
    assert newcomer.program(*command, "--no-such-option").status == 2


def test_program_starts_aws(newcomer: Newcomer) -> None:
    """All words after `aws` go to the AWS CLI, and its status comes back.

    Before `setup`, and without an AWS CLI, one line says what is missing.
    """
    before = newcomer.program("aws", *ASK[1:])
    set_up(newcomer.home)
    bad_usage = newcomer.program("aws", "--dry-run", "--help")
    (newcomer.aws_folder / "aws").unlink()
    without = newcomer.program("aws", *ASK[1:])

    assert (before.status, before.out) == (1, "")
    assert before.err.endswith("; put it there with: awscli-plugin-legacy-sso setup\n")
    assert bad_usage.status == 252
    assert without.err == "awscli-plugin-legacy-sso: error: aws: No such file or directory\n"


def test_package_replaced_at_once(tmp_path: Path) -> None:
    """While one version replaces another, there is always a complete package."""
    package = tmp_path / "awscli_plugin_legacy_sso"
    package_copy.renew(str(tmp_path))
    missed: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            missed.extend([1] if not (package / "cli" / "commands.py").exists() else [])

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        (package / "errors.py").write_text("# of another version\n")
        assert package_copy.renew(str(tmp_path))
    done.set()
    watcher.join()

    assert missed == []
    assert (package / "errors.py").read_bytes() == (
        CHECKOUT / "awscli_plugin_legacy_sso" / "errors.py"
    ).read_bytes()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ".bash_profile"),
        ({".profile": "x=1\n", ".bashrc": ""}, ".profile"),
        ({".bash_profile": ". ~/.bashrc\n", ".profile": ""}, ".bashrc"),
    ],
)
def test_macos_rc_file_of_bash(
    files: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS the hook goes into the rc file of login shells, which Terminal starts.

    Only the name of the system is faked.
    """
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "darwin")
    [shell] = machine.shells(["bash"])

    assert shell.rc == str(tmp_path / expected)
    assert shell.interactive == ["bash", "-lic"]
