"""Setup and uninstall, from the wheel: on at once, off without a trace, and nothing broken."""

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

# What a person does in the browser: follow the link. The stand-in approves.
ASK_WHO = """
import boto3, sys
print(boto3.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()["Arn"])
"""
NAMES_US = "there is no profile 'dev'"  # our command's answer to ASK
ASK = ("aws", "sso", "refresh-legacy", "--dry-run", "--source-profiles", "dev")


@pytest.fixture
def newcomer(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    return newcomer_with(real_parts.frozen_cli(FROZEN), tmp_path, tmp_path_factory)


def test_from_the_wheel_to_an_old_client_and_back(
    newcomer: Newcomer, center: IdentityCenter, tmp_path: Path
) -> None:
    """Setup, a sign-in in a new bash and a new zsh, an old client works; then nothing is left."""
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


def test_the_tests_set_up_as_setup_does(newcomer: Newcomer) -> None:
    """The other tests write what `setup` writes without a start of the AWS CLI: the very same."""
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


def test_what_was_not_there_is_not_there_afterwards(newcomer: Newcomer) -> None:
    """No config, no ``~/.aws``, no rc file, no ``~/.local``: made for it, and gone with it."""
    newcomer.setup("--shell", "bash")
    assert not newcomer.config.exists()
    assert stat.S_IMODE(newcomer.aliases.stat().st_mode) == 0o600
    assert "__aws_legacy_sso" in newcomer.run("bash", "-ic", "typeset -f aws").out

    newcomer.program("uninstall")
    assert newcomer.files() == {}


def test_another_plugin_still_loads(newcomer: Newcomer, tmp_path: Path) -> None:
    """Its key and its folder are in the person's own config, which no command of ours misses."""
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


def test_a_v1_on_path_goes_on_as_before(newcomer: Newcomer) -> None:
    """In front of a v2: it is not named, and reads the same files afterwards."""
    newcomer.write(".aws/config", PROFILES)
    newcomer.have_aws_too(aws_v1(), first=True)
    done = newcomer.setup()

    assert done.out.count("works: aws sso refresh-legacy") == 1
    assert done.err == ""
    assert (
        newcomer.run("aws", "configure", "get", "region", "--profile", "dev").out == "us-west-2\n"
    )


def test_a_v2_on_a_python_too_old_is_named(newcomer: Newcomer, tmp_path: Path) -> None:
    """A real v2 that takes its Python for 3.9: its commands go on, ours say why they do not."""
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


def test_a_second_run_changes_nothing_and_one_after_an_upgrade_updates(newcomer: Newcomer) -> None:
    """The config and rc files stay as they are; a copy of another version is replaced."""
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


def test_a_dry_run_shows_the_changes_and_makes_none(newcomer: Newcomer) -> None:
    """A diff for each file, without the lines around: they may hold keys."""
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


def test_odd_files_are_handled(newcomer: Newcomer, tmp_path: Path) -> None:
    """A symlink stays one; ``XDG_DATA_HOME`` and ``ZDOTDIR`` are followed, not by uninstall."""
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
def test_a_file_that_cannot_be_changed_is_refused(
    newcomer: Newcomer, name: str, text: str, mode: int, words: str
) -> None:
    """In one line that names it; what was done by then is taken back."""
    newcomer.write(name, text).chmod(mode)
    before = newcomer.files()
    done = newcomer.program("setup")

    assert done.status == 1
    assert words in done.err
    assert f"{newcomer.home / name}" in done.err
    assert len(done.err.splitlines()) == 1
    assert newcomer.files() == before


@pytest.mark.parametrize("name", [".bashrc", ".aws/cli/alias"])
def test_setup_refuses_what_is_no_regular_file(newcomer: Newcomer, name: str) -> None:
    """A FIFO, which nobody writes to, is not waited for: it is named, and nothing is changed."""
    path = newcomer.write(name, "")
    path.unlink()
    os.mkfifo(path)
    done = newcomer.program("setup", env={"SHELL": "/bin/bash"})

    assert done.status == 1
    assert done.err.endswith(f"{path} was left as it is: it is no regular file\n"), done
    assert not newcomer.plugin.exists()
    assert newcomer.program("uninstall").out == "there is nothing to take back\n"
    assert path.is_fifo()


def test_setup_says_that_an_rc_file_returns_early(newcomer: Newcomer) -> None:
    """It looks into a new shell: where the hook is not in place, that is no success."""
    newcomer.write(".bashrc", "return\n")
    done = newcomer.setup()

    assert f"warning: {newcomer.home}/.bashrc does not reach the line that sources" in done.err
    assert "start a new shell" not in done.out


def test_setup_and_doctor_say_what_works_in_fish(newcomer: Newcomer) -> None:
    """One line, for a person whose shell that is."""
    line = "fish has no hook; what works there: aws sso refresh-legacy, by its alias, and awscli-"
    fish = {"SHELL": "/usr/bin/fish"}
    said = newcomer.program("setup", env=fish).out
    (newcomer.aws_folder / "aws").unlink()

    assert said.count(line) == 1
    assert f"· {line}" in newcomer.program("doctor", env=fish).out
    assert "fish" not in newcomer.program("doctor").out


def test_setup_passes_an_empty_config_by(newcomer: Newcomer) -> None:
    """``AWS_CONFIG_FILE=/dev/null`` is no file of ours to change; no advice is given on it."""
    nothing = {"AWS_CONFIG_FILE": "/dev/null"}
    on = newcomer.program("setup", env=nothing)
    doctor = newcomer.program("doctor", env=nothing)
    off = newcomer.program("uninstall", env=nothing)

    assert (on.status, on.err) == (0, "")
    assert (doctor.status, doctor.err) == (0, ""), doctor
    assert (off.status, off.err, newcomer.files()) == (0, "", {})


def test_uninstall_says_how_many_working_keys_stay(newcomer: Newcomer) -> None:
    """With the command that removes them, which works although the plugin is off."""
    lasting = legacy("dev-legacy-sso", "dev", x_security_token_expires="2999-01-01T00:00:00Z")
    credentials = newcomer.write(".aws/credentials", lasting + legacy("expired", "dev"))
    said = newcomer.program("uninstall").out.splitlines()
    again = "awscli-plugin-legacy-sso uninstall --remove-legacy-profiles"

    assert said[-1] == f"1 legacy profile stays with working keys; to remove it: {again}"
    assert newcomer.program("uninstall", "--remove-legacy-profiles").status == 0
    assert not credentials.exists()
    assert "working keys" not in newcomer.program("uninstall").out


def test_version_is_said(newcomer: Newcomer) -> None:
    """By the program, as the wheel has it; and by `doctor`."""
    version = importlib.metadata.version("awscli-plugin-legacy-sso")
    (newcomer.aws_folder / "aws").unlink()
    set_up(newcomer.home)

    assert newcomer.program("--version").out == f"awscli-plugin-legacy-sso {version}\n"
    assert f"is this version, {version}\n" in newcomer.program("doctor").out


def test_without_a_v2_there_is_nothing_to_set_up(newcomer: Newcomer) -> None:
    """It says where to get one, and changes nothing."""
    (newcomer.aws_folder / "aws").unlink()
    done = newcomer.program("setup")

    assert (done.status, newcomer.files()) == (1, {})
    assert "there is no AWS CLI v2 on PATH; get it from https://docs.aws.amazon.com" in done.err


def test_uninstall_needs_no_cli(newcomer: Newcomer) -> None:
    """What others have put below our lines stays; two lines of an rc file stay two."""
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
    """Be in the state that the `setup` of an earlier version left, with its record."""
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
def test_an_earlier_setup_is_taken_back(newcomer: Newcomer, renewed: bool) -> None:
    """The new `setup` moves on from its record, once; `uninstall` leaves nothing of either."""
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


def test_a_setup_that_moves_the_plugin_leaves_nothing_behind(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    """With another `XDG_DATA_HOME` than before: the lines lead to the new place."""
    elsewhere = {"XDG_DATA_HOME": f"{tmp_path}/data"}
    newcomer.write(".bashrc", "# mine")
    assert newcomer.program("setup", env=elsewhere).status == 0
    newcomer.setup()

    assert not (tmp_path / "data").exists()
    assert NAMES_US in newcomer.run(*ASK).err
    newcomer.program("uninstall", env=elsewhere)
    assert newcomer.files() == {".bashrc": b"# mine"}


def test_lines_by_hand_stay_and_keep_the_folder(newcomer: Newcomer) -> None:
    """However the folder is written in them; without them a second run takes the rest back."""
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


def test_what_was_put_there_by_hand_is_never_deleted(newcomer: Newcomer, plugin_path: Path) -> None:
    """As in the README's "By hand", in the very folder that `setup` uses: it is moved aside."""
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


def test_setup_is_not_put_off_by_what_is_no_trouble(newcomer: Newcomer) -> None:
    """The CLI's auto-prompt, and a function that has docker log in."""
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


def test_what_a_killed_run_left_goes_with_uninstall(newcomer: Newcomer) -> None:
    """Copies of somebody's files, locks, and half of a config."""
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


def test_uninstall_works_where_a_file_does_not_parse(newcomer: Newcomer) -> None:
    """Our lines are found as text; no AWS tool could read these files."""
    newcomer.setup()
    newcomer.write(".aws/config", "[broken\n")
    newcomer.aliases.write_text(newcomer.aliases.read_text() + "[broken\n")

    assert newcomer.program("uninstall").status == 0
    assert newcomer.aliases.read_text() == "[broken\n"


def test_without_its_dependency_nothing_is_set_up(newcomer: Newcomer, tmp_path: Path) -> None:
    """Said in one line, with what installs it."""
    alone = tmp_path / "alone"
    shutil.copytree(CHECKOUT / PACKAGE, alone / PACKAGE)
    done = newcomer.run("/usr/bin/python3", "-m", PACKAGE, "setup", env={"PYTHONPATH": str(alone)})

    assert (done.status, newcomer.files()) == (1, {})
    assert "error: the package configupdater is missing here; install it: /usr/bin/pyth" in done.err


def test_it_runs_from_a_folder_of_packages_and_from_its_own_copy(
    newcomer: Newcomer, plugin_path: Path
) -> None:
    """``pip install --target``; and with the program uninstalled, the copy takes itself back."""
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
    """Each command documents its exit statuses; 2 is for bad usage."""
    assert "exit status: 0 " in newcomer.program(*command, "--help").out
    assert newcomer.program(*command, "--no-such-option").status == 2


def test_the_program_starts_aws_or_says_why_not(newcomer: Newcomer) -> None:
    """Every word behind `aws` is for the AWS CLI, and so is the status; before `setup`, a line."""
    before = newcomer.program("aws", *ASK[1:])
    set_up(newcomer.home)
    bad_usage = newcomer.program("aws", "--dry-run", "--help")
    (newcomer.aws_folder / "aws").unlink()
    without = newcomer.program("aws", *ASK[1:])

    assert (before.status, before.out) == (1, "")
    assert before.err.endswith("; put it there with: awscli-plugin-legacy-sso setup\n")
    assert bad_usage.status == 252
    assert without.err == "awscli-plugin-legacy-sso: error: aws: No such file or directory\n"


def test_an_aws_that_runs_never_sees_half_a_package(tmp_path: Path) -> None:
    """While one version takes the place of another, there is always a whole one."""
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
def test_on_macos_bash_reads_what_login_shells_read(
    files: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terminal starts login shells; only the name of the system is made up here."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "darwin")
    [shell] = machine.shells(["bash"])

    assert shell.rc == str(tmp_path / expected)
    assert shell.interactive == ["bash", "-lic"]
