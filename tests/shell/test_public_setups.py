"""The hook together with popular shell setups: each works as it does alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import real_parts
from support.real_shells import SHELLS, Shell, Typing, find_shell, interactive_shell

FOLLOWED = "2 [sso] [login] as p1\n3 [sso] [refresh-legacy] [--same-login] as p1\n"
READY = "LP_PS1_POSTFIX='ready''> '"
# For each: lines to type, with {0} for the shell, and a function that is defined then.
LOADED = {
    "direnv": (
        'eval "$(direnv hook {0})"\nmkdir -p work\necho export AWS_PROFILE=p1 >work/.envrc\n'
        "direnv allow work\ncd work",
        "_direnv_hook",
    ),
    "liquidprompt": (
        f"{READY}\nTERM=xterm\nsource /usr/share/liquidprompt/liquidprompt\nexport AWS_PROFILE=p1",
        "__lp_set_prompt",
    ),
    "kitty": (
        "export KITTY_SHELL_INTEGRATION=enabled AWS_PROFILE=p1\n{1}",
        "edit-in-kitty",
    ),
}
KITTY = {
    "bash": "source /usr/lib/kitty/shell-integration/bash/kitty.bash",
    "zsh": "source /usr/lib/kitty/shell-integration/zsh/kitty.zsh",
}
# Other setups, imitated by what they do to a shell that may affect a function `aws`.
SHAPES = {
    "oh-my-zsh's aws plugin": "function asp() { export AWS_DEFAULT_PROFILE=$1; "
    'export AWS_PROFILE=$1; if [[ "$2" == login ]]; then aws sso login; fi; }',
    "bash-preexec": "seen() { last=$BASH_COMMAND; }; trap 'seen \"$_\"' DEBUG; "
    "before() { local __last=$?; (exit $__last); }; PROMPT_COMMAND='before'",
    "a preexec of zsh": "preexec() { last=$1; }; precmd() { local __last=$?; (exit $__last); }",
    "a guard of variables": "set -o noclobber; TRAPDEBUG() { last=$?; }; trap 'last=$?' ERR",
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    return find_shell(request.param)


def check(typing: Typing, folder: Path, login: str) -> None:
    """Check the follow-up of a login, the statuses of two logins, and the undo."""
    typing.line(login)
    assert "status=0=" in typing.line("echo status=$?=")
    assert (folder / "calls").read_text() == FOLLOWED
    typing.line("TEST_STATUS=7 aws sso login")
    assert "status=7=" in typing.line("echo status=$?=")
    typing.line("__aws_legacy_sso_off")
    assert "legacy_sso_" not in typing.line("typeset -f aws").replace("__aws_legacy_sso_off", "")
    typing.line("aws s3 ls")
    assert (folder / "calls").read_text().endswith("2 [s3] [ls] as p1\n")


@pytest.mark.torture
@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)  # they need current shells
@pytest.mark.parametrize("name", LOADED)
def test_setup_loaded(shell: Shell, name: str, tmp_path: Path) -> None:
    """The hook works after setups from Debian's packages, with its line as the last one."""
    real_parts.debian_packages("direnv", "liquidprompt", "kitty-shell-integration")
    lines, function = LOADED[name]
    with interactive_shell(shell, tmp_path) as terminal:
        typing = Typing(shell, terminal)
        typing.line("__aws_legacy_sso_off")
        for line in lines.format(shell.kind, KITTY[shell.kind]).splitlines():
            typing.line(line)
        assert "is loaded" in typing.line(f"typeset -f {function} >/dev/null && echo is' loaded'")
        typing.line(shell.source)
        check(typing, tmp_path, "aws sso login")


@pytest.mark.parametrize("name", SHAPES)
def test_setup_imitated(shell: Shell, name: str, tmp_path: Path) -> None:
    """The hook works with a switch of profiles, traps, and hooks at the prompt."""
    with interactive_shell(shell, tmp_path) as terminal:
        typing = Typing(shell, terminal)
        typing.line(SHAPES[name])
        typing.line(shell.source)
        if "asp" in SHAPES[name]:
            check(typing, tmp_path, "asp p1 login")
        else:
            typing.line("export AWS_PROFILE=p1")
            check(typing, tmp_path, "aws sso login")
