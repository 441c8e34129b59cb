"""Setup and uninstall, from the wheel: on at once, off without a trace, and nothing broken."""

from __future__ import annotations

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

from awscli_plugin_legacy_sso.installer import package_copy, surroundings
from awscli_plugin_legacy_sso.installer.plugin_lines import hooked, turned_off, turned_on, unhooked
from awscli_plugin_legacy_sso.installer.reversible import changes, undone

PACKAGE = surroundings.PACKAGE
FOLDER = "/home/me/.local/share/awscli-plugin-legacy-sso"
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
    of_the_cli = (".aws/sso", ".aws/cli")
    assert before == {name: after[name] for name in after if not name.startswith(of_the_cli)}


def test_what_was_not_there_is_not_there_afterwards(newcomer: Newcomer) -> None:
    """No config, no ``~/.aws``, no rc file, no ``~/.local``: made for it, and gone with it."""
    newcomer.setup("--shell", "bash")
    assert stat.S_IMODE(newcomer.config.stat().st_mode) == 0o600
    assert "__aws_legacy_sso" in newcomer.run("bash", "-ic", "typeset -f aws").out

    newcomer.program("uninstall")
    assert newcomer.files() == {}


def test_another_plugin_stays_and_still_loads(newcomer: Newcomer, tmp_path: Path) -> None:
    """Its key and its folder are kept, first in the list; afterwards they are alone again."""
    others = tmp_path / "others"
    others.mkdir()
    (others / "other_plugin.py").write_text(
        "import sys\ndef awscli_initialize(events): sys.stderr.write('the other one is here\\n')\n"
    )
    config = f"[plugins]\nother = other_plugin\ncli_legacy_plugin_path = {others}  \n\n[default]\n"
    newcomer.write(".aws/config", config)
    newcomer.setup()
    asked = newcomer.run(*ASK)

    assert "the other one is here" in asked.err
    assert NAMES_US in asked.err
    assert f"= {others}:{newcomer.plugin}\n" in newcomer.config.read_text()
    newcomer.program("uninstall")
    assert newcomer.config.read_text() == config


@pytest.mark.parametrize("place", ["in front of", "behind"])
def test_a_v1_on_path_is_not_broken_unasked(newcomer: Newcomer, place: str) -> None:
    """It reads the same config: refused by name, with what would happen and what to do."""
    newcomer.have_aws_too(aws_v1(), first=place == "in front of")
    done = newcomer.program("setup")

    assert (done.status, done.out, newcomer.files()) == (1, "", {})
    [line] = done.err.splitlines()
    assert f"{aws_v1()} (1.18.49) is no v2, and not one of its commands will work" in line
    assert f"No module named '{newcomer.plugin}'" in line
    assert "-m pip uninstall awscli; or go on and break it with: awscli-plugin-legacy-sso" in line


def test_a_v2_on_a_python_too_old_is_not_taken(newcomer: Newcomer, tmp_path: Path) -> None:
    """A real v2 that takes its Python for 3.9: its commands would go on, ours would not."""
    old = tmp_path / "old" / "aws"
    old.parent.mkdir()
    old.write_text(
        "#!/usr/bin/python3\nimport sys, awscli.clidriver\n"
        "sys.version_info = (3, 9, 2, 'final', 0)\nsys.exit(awscli.clidriver.main())\n"
    )
    old.chmod(0o755)
    newcomer.have_aws_too(old, first=False)
    done = newcomer.program("setup")

    assert (done.status, newcomer.files()) == (1, {})
    assert f"{old} (2.9.19) cannot work with the plugin" in done.err
    assert "this is Python 3.9; update the AWS CLI" in done.err


def test_an_alias_and_a_function_are_tried_too(newcomer: Newcomer) -> None:
    """What new shells call ``aws``: here a v1, and a container that gets ``~/.aws``."""
    newcomer.write(".bashrc", f'aws() {{ "{aws_v1()}" "$@"; }}\n')
    newcomer.write(".zshrc", "alias aws='docker run -v ~/.aws:/root/.aws amazon/aws-cli'\n")
    done = newcomer.program("setup")
    of_bash, of_zsh = done.err.splitlines()

    assert done.status == 1
    assert "the function `aws` of bash (1.18.49) is no v2" in of_bash
    assert "the alias `aws` of zsh" in of_zsh
    assert "it runs in a container, and there the plugin is missing" in of_zsh


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
    newcomer.program("uninstall")
    assert newcomer.files() == before


def test_a_dry_run_shows_the_changes_and_makes_none(newcomer: Newcomer) -> None:
    """A diff for each file, without the lines around: they may hold keys."""
    newcomer.write(".aws/config", "[default]\naws_secret_access_key = SECRET")
    newcomer.write(".bashrc", "# mine\n")
    before = newcomer.files()
    done = newcomer.setup("--dry-run")

    assert newcomer.files() == before
    assert "+legacy_sso = awscli_plugin_legacy_sso" in done.out
    assert (
        f"+if [ -r '{newcomer.plugin}/awscli_plugin_legacy_sso/shell/legacy-sso.bash'" in done.out
    )
    assert "SECRET" not in done.out + done.err


def test_odd_files_are_handled(newcomer: Newcomer, tmp_path: Path) -> None:
    """A symlink stays one; ``AWS_CONFIG_FILE``, ``XDG_DATA_HOME`` and ``ZDOTDIR`` are followed."""
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "config").write_bytes(b"[default]\r\nregion = x\r\n")
    (newcomer.home / "elsewhere").symlink_to(dotfiles / "config")
    newcomer.write(".zshenv", "ZDOTDIR=~/zsh\n")  # not exported, as is usual
    newcomer.write("zsh/.zshrc", "bindkey -e\n")
    newcomer.environment |= {"AWS_CONFIG_FILE": "~/elsewhere", "XDG_DATA_HOME": f"{tmp_path}/data"}
    before = newcomer.files()
    newcomer.setup()

    assert NAMES_US in newcomer.run(*ASK).err
    assert b"\r\n[plugins]\r\ncli_legacy_plugin_path" in (dotfiles / "config").read_bytes()
    assert "__aws_legacy_sso" in newcomer.run("zsh", "-ic", "typeset -f aws").out
    assert "bash" not in "".join(newcomer.files())
    newcomer.program("uninstall")
    assert newcomer.files() == before
    assert (dotfiles / "config").read_bytes() == b"[default]\r\nregion = x\r\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "text", "mode", "words"),
    [
        (".aws/config", "[default]\n", 0o400, "is read-only; allow it with: chmod u+w"),
        (".aws/config", "[a]\n[a]\n", 0o600, "line 2: section 'a' is there twice"),
        (".aws/config", "\ufeff[a]\n", 0o600, "byte order mark"),
        (".aws/config", "[plugins]\ncli_legacy_plugin_path = /a\n /b\n", 0o600, "several lines"),
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


def test_without_a_v2_there_is_nothing_to_set_up(newcomer: Newcomer) -> None:
    """It says where to get one, and changes nothing."""
    (newcomer.aws_folder / "aws").unlink()
    done = newcomer.program("setup")

    assert (done.status, newcomer.files()) == (1, {})
    assert "there is no AWS CLI v2 on PATH; get it from https://docs.aws.amazon.com" in done.err


def test_uninstall_needs_neither_a_cli_nor_the_record(newcomer: Newcomer) -> None:
    """Where the CLI is gone and the record too, our lines are found by what they say."""
    rc = newcomer.write(".bashrc", "# mine\n")
    newcomer.write(".aws/config", "[default]\nregion = x\n")
    newcomer.setup()
    (newcomer.aws_folder / "aws").unlink()
    (newcomer.plugin / "setup.json").unlink()
    newcomer.config.write_text(newcomer.config.read_text() + "\n[profile added]\nregion = y\n")
    rc.write_text(rc.read_text() + "# added\n")

    assert newcomer.program("uninstall").status == 0
    assert newcomer.config.read_text() == "[default]\nregion = x\n\n[profile added]\nregion = y\n"
    assert rc.read_text() == "# mine\n# added\n"
    assert not newcomer.plugin.exists()
    assert newcomer.program("uninstall").out == "there is nothing to take back\n"


def test_uninstall_leaves_what_others_put_below_our_lines(newcomer: Newcomer) -> None:
    """Another plugin keeps its section, and two lines of an rc file stay two."""
    newcomer.write(".bashrc", "alias ll='ls -l'")
    newcomer.setup()
    for name, line in (".bashrc", "export X=1\n"), (".aws/config", "other = os\n"):
        newcomer.write(name, (newcomer.home / name).read_text() + line)

    assert newcomer.program("uninstall").status == 0
    assert (newcomer.home / ".bashrc").read_text() == "alias ll='ls -l'\nexport X=1\n"
    assert newcomer.config.read_text() == "[plugins]\nother = os\n"


def test_uninstall_remembers_every_config_that_was_set_up(newcomer: Newcomer) -> None:
    """With one `AWS_CONFIG_FILE` and then with another."""
    newcomer.setup("--no-hook")
    work = {"AWS_CONFIG_FILE": str(newcomer.home / "work")}
    assert newcomer.program("setup", "--no-hook", env=work).status == 0
    first, last = newcomer.config.read_text().splitlines(keepends=True)[-2:]
    newcomer.write(".aws/config", f"[plugins]\n{first}other = os\n{last}")

    assert newcomer.program("uninstall", env=work).status == 0
    assert newcomer.config.read_text() == "[plugins]\nother = os\n"
    assert newcomer.run("aws", "--version").status == 0


def test_a_setup_that_fails_leaves_what_was_made_by_hand(
    newcomer: Newcomer, plugin_path: Path
) -> None:
    """As in the README's "By hand", in the very folder that `setup` uses."""
    shutil.copytree(plugin_path / PACKAGE, newcomer.plugin / PACKAGE)
    newcomer.write(".aws/config", turned_on("", str(newcomer.plugin)))
    newcomer.write(".bashrc", "# mine\n").chmod(0o400)

    assert newcomer.program("setup").status == 1
    assert NAMES_US in newcomer.run(*ASK).err


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
    """Copies of somebody's files, locks, and half a record."""
    rc = newcomer.write(".bashrc", "# mine\n")
    before = newcomer.files()
    newcomer.setup()
    for name in (
        "..bashrc.legacy-sso-x.tmp",
        "..bashrc.legacy-sso.lock",
        f"{newcomer.plugin.relative_to(newcomer.home)}/setup.json.new",
    ):
        newcomer.write(name, "")
    newcomer.write(".bashrc", "# mine\n")

    assert newcomer.program("uninstall").status == 0
    assert rc.read_text() == "# mine\n"
    assert newcomer.files() == before


def test_uninstall_works_where_the_config_does_not_parse(newcomer: Newcomer) -> None:
    """What was recorded is undone as text; no AWS tool could read this file."""
    newcomer.setup()
    newcomer.config.write_text(newcomer.config.read_text() + "[broken\n")

    assert "No module" not in newcomer.program("uninstall").err
    assert newcomer.config.read_text() == "[broken\n"


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
    ("before", "path_list"),
    [
        ("", FOLDER),
        ("[default]\nregion = x", FOLDER),
        ("# mine\r\n[default]\r\n\r\n\r\n", FOLDER),
        ("[plugins]\n", FOLDER),
        ("[plugins]\n# none yet\n\n[default]\n", FOLDER),
        ("[plugins]\ncli_legacy_plugin_path=/a:/b \nx = y\n", f"/a:/b:{FOLDER}"),
        ("[plugins]\ncli_legacy_plugin_path =\n", FOLDER),
        (f"[plugins]\ncli_legacy_plugin_path = {FOLDER}/:/b\n", f"{FOLDER}:/b"),
        ('[plugins]\ncli_legacy_plugin_path = "/x/awscli-plugin-legacy-sso"\n', FOLDER),
        ("[plugins]\nlegacy_sso = awscli-plugin-legacy-sso\n", FOLDER),
        ("[default]\n[ plugins ]\nx = y\n", FOLDER),
    ],
)
def test_the_config_comes_back_byte_for_byte(before: str, path_list: str) -> None:
    """On and off again, whatever was there; the second time on changes nothing."""
    on = turned_on(before, FOLDER)

    assert f"{path_list}" in on.replace("\r", "").split("cli_legacy_plugin_path")[1].split("\n")[0]
    assert turned_on(on, FOLDER) == on
    assert undone(on, changes(before, on)) == before


@pytest.mark.parametrize("before", ["", "# mine\n", "# mine", "x=\xff\n\n", "a\r\nb"])
def test_an_rc_file_comes_back_byte_for_byte(before: str) -> None:
    """One marked line at the end, on a line of its own; moved along when the folder moves."""
    on = hooked(before, "/a b/legacy-sso.bash")

    assert on.splitlines()[-1].startswith("if [ -r '/a b/legacy-sso.bash' ]; then source ")
    assert hooked(on, "/a b/legacy-sso.bash") == on
    assert undone(on, changes(before, on)) == before
    assert unhooked(hooked(on, "/c")).strip() == before.strip()


def test_off_keeps_what_others_need(tmp_path: Path) -> None:
    """Another copy of the plugin, in a folder of somebody's, goes on working."""
    (tmp_path / "awscli_plugin_legacy_sso").mkdir()
    (tmp_path / "awscli_plugin_legacy_sso" / "__init__.py").touch()
    theirs = f"[plugins]\ncli_legacy_plugin_path = {tmp_path}\nmine = awscli_plugin_legacy_sso\n"
    on = turned_on(theirs, FOLDER)

    assert f"{FOLDER}:{tmp_path}" in on  # first, or theirs would be the one in use
    assert turned_off(on, FOLDER) == theirs


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
    [shell] = surroundings.shells(["bash"])

    assert shell.rc == str(tmp_path / expected)
    assert shell.interactive("x") == ["bash", "-lic", "x"]
