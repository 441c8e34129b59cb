"""The hook turns the plugin on for our commands: for that one process only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.real_shells import HOOKS, SHELLS, Shell, find_shell

SHOW = "echo $AWS_CONFIG_FILE,${AWS_CLI_AUTO_PROMPT-},${AWS_LEGACY_SSO_CONFIG_FILE-none}"
PLAIN = "theirs,,none"
OLD = 'function aws {\n  env aws "$@"\n}\n'

# The words after `aws`, and whether they are one of our commands.
TYPED = (
    ("sso refresh-legacy", True),
    ("sso list-legacy --output json", True),
    ("sso remove-legacy --all", True),
    ("--profile sso sso --region x refresh-legacy", True),
    ("--prof=a sso --debug refresh-legacy --source-profiles a b", True),
    ("s3api list-objects --bucket sso-audit-legacy", False),
    ("s3 cp sso refresh-legacy", False),
    ("s3 cp sso list-legacy", False),
    ("s3 cp sso remove-legacy", False),
    ("--profile sso refresh-legacy", False),
    ("sso refresh-legacy-not", False),
    ("sso login --profile refresh-legacy", False),
    ("configure set sso.refresh-legacy x", False),
    ("refresh-legacy sso", False),
)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    return find_shell(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plugin folder with the files that the hook needs, and with a blank in its name."""
    folder = tmp_path / "the plugin"
    shutil.copytree(HOOKS, folder / "awscli_plugin_legacy_sso" / "shell")
    (folder / "config").touch()
    return folder


def seen(shell: Shell, tmp_path: Path, folder: Path, lines: str, before: str = "") -> list[str]:
    """Return the values of our variables in `aws`, one line for each call."""
    hook = f"\\. 'the plugin/awscli_plugin_legacy_sso/shell/{shell.hook.name}'\n"
    ran = shell.run(f"{before}{hook}export TEST_DO='{SHOW}'\n{lines}", tmp_path)
    assert ran.status == 0, ran
    ours, said = str(folder / "config"), ran.out + ran.err
    found = [line for line in said.splitlines() if line.count(",") == 2]
    return [line.replace(ours, "ours") for line in found]


def test_our_commands_and_no_others(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """The plugin is on for exactly our commands, with options in any place.

    The hook is sourced by a path that is not absolute.
    """
    lines = "".join(f"aws {words}\n" for words, _ in TYPED)
    expected = ["ours,off,theirs" if is_ours else PLAIN for _, is_ours in TYPED]
    off = "export AWS_CONFIG_FILE=theirs AWS_LEGACY_SSO_HOOK=0\n"

    assert seen(shell, tmp_path, folder, lines, off) == expected


def test_follow_up_is_our_command(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """The plugin is on for the follow-up of a login, but not for the login."""
    theirs = "export AWS_CONFIG_FILE=theirs\n"

    assert seen(shell, tmp_path, folder, "aws sso login\n", theirs) == [PLAIN, "ours,off,theirs"]


@pytest.mark.parametrize(
    ("before", "handed_over"),
    [
        ("", "ours,off,none"),
        ("AWS_CONFIG_FILE=theirs\n", "ours,off,none"),  # not exported: the CLI does not see it
        ("export AWS_CONFIG_FILE=\n", "ours,off,"),
        ("export AWS_CONFIG_FILE='a b'\n", "ours,off,a b"),
        ("set -eu\n", "ours,off,none"),
    ],
)
def test_config_of_person_handed_over(
    shell: Shell, folder: Path, tmp_path: Path, before: str, handed_over: str
) -> None:
    """The person's AWS_CONFIG_FILE is handed over if it is exported, also if it is empty.

    After the call all variables are as before.
    """
    after = "echo ${AWS_CONFIG_FILE-},${AWS_CLI_AUTO_PROMPT-none},after\n"
    said = seen(shell, tmp_path, folder, f"aws sso list-legacy\n{after}", before)
    value = handed_over.split(",")[2].replace("none", "theirs" if "=theirs" in before else "")

    assert said == [handed_over, f"{value},none,after"]


ASSIGNED = ("", "AWS_CONFIG_FILE=mine\n", "export AWS_CONFIG_FILE=mine AWS_CLI_AUTO_PROMPT=on\n")


@pytest.mark.parametrize("before", ASSIGNED)
def test_variables_for_one_call(shell: Shell, folder: Path, tmp_path: Path, before: str) -> None:
    """A variable that is set for one call is handed over, and afterwards it is as before."""
    look = "echo ${AWS_CONFIG_FILE-none},${AWS_CLI_AUTO_PROMPT-none},after\n"
    call = "AWS_CONFIG_FILE=x AWS_CLI_AUTO_PROMPT=x aws sso list-legacy\n"
    said = seen(shell, tmp_path, folder, f"{look}{call}{look}", before)

    assert said == [said[0], "ours,off,x", said[0]]


TRAPS = {
    "bash": ("set -T\ntrap 'echo trapped' DEBUG\n", "set -E\ntrap 'echo trapped' ERR\n"),
    "zsh": ("trap 'echo trapped' DEBUG\n", "trap 'echo trapped' ZERR\n"),
}


def test_traps_that_print(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """What a person's trap prints is not taken for the answer to a question of the hook."""
    for trap in TRAPS[shell.kind]:
        lines = f"set -e\n{trap}aws sso list-legacy\n__aws_legacy_sso_off\naws sso list-legacy\n"
        said = seen(shell, tmp_path, folder, lines)

        assert said == ["ours,off,none", ",,none"]


def test_switch_stops_follow_up_only(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """With AWS_LEGACY_SSO_HOOK=0 a login has no follow-up, and our commands still work."""
    theirs = "export AWS_CONFIG_FILE=theirs AWS_LEGACY_SSO_HOOK=0\n"
    said = seen(shell, tmp_path, folder, "aws sso list-legacy\naws sso login\n", theirs)

    assert said == ["ours,off,theirs", PLAIN]


@pytest.mark.parametrize("reason", ["no config", "an aws function"])
def test_left_to_alias(shell: Shell, folder: Path, tmp_path: Path, reason: str) -> None:
    """Without our config, or with an earlier `aws` function, the hook sets no variables.

    That function may read AWS_CONFIG_FILE.
    """
    before = "export AWS_CONFIG_FILE=theirs\n"
    if reason == "no config":
        (folder / "config").unlink()
    else:
        before += OLD

    assert seen(shell, tmp_path, folder, "aws sso list-legacy\n", before) == [PLAIN]


def test_script_with_exported_function(folder: Path, tmp_path: Path) -> None:
    """After `export -f aws` a script has `aws` but not our other functions: it sets nothing."""
    bash = find_shell("bash")
    lines = "export AWS_CONFIG_FILE=theirs\nexport -f aws\nbash -c 'aws sso list-legacy'\n"

    assert seen(bash, tmp_path, folder, lines) == [PLAIN]


def test_off_removes_variables(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """After the one-line undo no variable of ours is left; our commands are like others."""
    lines = "__aws_legacy_sso_off\naws sso list-legacy\ntypeset -p | grep -c aws_legacy || :\n"

    assert seen(shell, tmp_path, folder, lines, "export AWS_CONFIG_FILE=theirs\n") == [PLAIN]
