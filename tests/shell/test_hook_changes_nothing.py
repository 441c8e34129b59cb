"""The hook in a shell with its own names, options and functions: it changes none of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.completing import REGISTERED, SET_UP
from support.real_shells import HOOKS, SHELLS, Shell, find_shell, interactive_shell
from support.real_shells import Typing as Prompt

# Sourced by the hook when they are needed.
PARTS = ("exports.sh", "explain.sh", "turn-on.sh")
FOLLOWED = "2 [sso] [login] as p1\n3 [sso] [refresh-legacy] [--same-login] as p1\n"
# Each makes p1 the profile of every `aws`, without its name on the command line.
WRAPPERS = {
    "a function that sets the variable": ('aws() { AWS_PROFILE=p1 command aws "$@"; }\n', FOLLOWED),
    "a function that adds the option": (
        'aws() { command aws --profile p1 "$@"; }\n',
        "4 [--profile] [p1] [sso] [login]\n"
        "5 [--profile] [p1] [sso] [refresh-legacy] [--same-login]\n",
    ),
    "a program on PATH": ("PATH=$HOME/shims:$PATH\n", FOLLOWED),
    "the environment": ("export AWS_PROFILE=p1\n", FOLLOWED),
    "the older variable": ("export AWS_DEFAULT_PROFILE=p1\n", FOLLOWED),
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    return find_shell(request.param)


@pytest.fixture(params=[shell for shell in SHELLS if "zsh" not in shell])
def bash(request: pytest.FixtureRequest) -> Shell:
    return find_shell(request.param)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_profile_of_follow_up(shell: Shell, tmp_path: Path, wrapper: str) -> None:
    """The follow-up runs the same `aws` as the login and finds the profile there; it names none."""
    shim = tmp_path / "shims" / "aws"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nAWS_PROFILE=p1 exec {tmp_path}/bin/aws "$@"\n')
    shim.chmod(0o755)
    before, calls = WRAPPERS[wrapper]
    ran = shell.run(f"{before}{shell.source}aws sso login", tmp_path)

    assert ran.calls == calls


# Under these, `X=1 f` leaves X set after the function f: in zsh, and in bash before 5.1.
LEAVING = {"zsh": ("setopt posixbuiltins", "emulate ksh"), "bash": ("set -o posix",)}
ASSIGNED = 'AWS_PROFILE=p1 aws sso login\necho "${AWS_PROFILE-unset}"\n'


def test_assignment_before_aws(shell: Shell, tmp_path: Path) -> None:
    """`AWS_PROFILE=p1 aws` sets the variable for that `aws` only.

    Under options with which it would stay set after a function, the hook is not defined.
    """
    for option in LEAVING[shell.kind]:
        ran = shell.run(f"{option}\n{shell.source}{ASSIGNED}typeset -f aws", tmp_path)
        login, left, function = ran.out.split("\n", 2)

        assert (login, left) == ("out: sso login", "unset"), option
        assert bool(function) != shell.leaves(option)
        assert ran.calls == (FOLLOWED if function else FOLLOWED.splitlines(keepends=True)[0])


def test_names_have_our_prefix(shell: Shell) -> None:
    """Each local, function and variable that the hooks define has our prefix."""
    files = [shell.hook, HOOKS / f"earlier.{shell.kind}", *(HOOKS / part for part in PARTS)]
    text = re.sub(r"(?m)(^| )#.*", "", "".join(file.read_text() for file in files))
    names = re.findall(
        r"\blocal (?:-x )?(\w+)|^ *(\w+)\+?=|\bfor (\w+)|function (\w+)", text, re.MULTILINE
    )
    found = {name for group in names for name in group if name}
    theirs = {"aws", "IFS", "AWS_CONFIG_FILE", "AWS_CLI_AUTO_PROMPT"}
    theirs |= {"AWS_LEGACY_SSO_CONFIG_FILE", "AWS_LEGACY_SSO_AUTO_PROMPT", "functions"}

    assert len(found) > 15
    assert {name for name in found - theirs if not name.startswith("__aws_legacy_sso_")} == set()


@pytest.mark.parametrize("strict", ["", "set -eu\n"])
def test_readonly_variables(shell: Shell, strict: str, tmp_path: Path) -> None:
    """Readonly variables of any name do no harm, also those that the hook sets for its commands."""
    names = "word name option words session profile command rc line file text theirs given"
    lines = "".join(f"readonly {name}=x _{name}=x\n" for name in names.split())
    lines += "readonly AWS_CONFIG_FILE=x AWS_CLI_AUTO_PROMPT=x\n"
    ran = shell.run(f"{strict}{lines}{shell.source}aws sso login\necho and on", tmp_path)

    assert ran.calls.endswith("3 [sso] [refresh-legacy] [--same-login]\n")
    assert ran.out == "out: sso login\nand on\n"
    assert ran.err == "err: sso login\nout: sso refresh-legacy\nerr: sso refresh-legacy\n"


def test_counter_from_environment(shell: Shell, tmp_path: Path) -> None:
    """A value for our counter in the environment is not evaluated as arithmetic."""
    evil = "export __aws_legacy_sso_depth='x[$(touch ran)]'\n"
    ran = shell.run(f"{evil}{shell.source}aws s3 ls", tmp_path)

    assert (ran.status, ran.out, ran.err) == (0, "out: s3 ls\n", "err: s3 ls\n")
    assert not (tmp_path / "ran").exists()


def test_sourced_in_function(shell: Shell, tmp_path: Path) -> None:
    """A function with its own options may source the hook, as plugin managers do."""
    options = (
        "emulate -L zsh; setopt warncreateglobal warnnestedvar" if shell.kind == "zsh" else "set -u"
    )
    lines = f"load() {{ {options}\n{shell.source}}}\nload\nAWS_PROFILE=p1 aws sso login\n"
    ran = shell.run(lines, tmp_path)

    assert ran.calls == FOLLOWED
    assert ran.err == "err: sso login\nout: sso refresh-legacy\nerr: sso refresh-legacy\n"


FUNCTIONS = (
    'aws() { command aws "$@"; }\n',
    'aws() { command aws "$@"; }\nexport -f aws\n',
    'aws() { command aws "$@"; }\ndeclare -ft aws\n',
    'aws() { command aws "$@"; }\ndeclare -ft aws\nexport -f aws\n',
    "",
)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_undo_restores_functions_in_bash(bash: Shell, function: str, tmp_path: Path) -> None:
    """The undo restores an exported or traced `aws`; functions with similar names do not change."""
    others = "aws_profile() { :; }\nexport -f aws_profile\nmy_aws() { :; }\ndeclare -ft my_aws\n"
    look = "declare -F; typeset -f; env | grep -c legacy_sso\n"
    before = bash.run(f"{others}{function}{look}", tmp_path)
    undo = "aws s3 ls >/dev/null 2>&1\n__aws_legacy_sso_off\n"
    after = bash.run(f"{others}{function}{bash.source}{undo}{look}", tmp_path)

    assert (after.out, after.err) == (before.out, before.err)


@pytest.mark.parametrize("made", ["functions -t aws", "autoload -Uz aws", "unfunction aws"])
def test_undo_restores_functions_in_zsh(made: str, tmp_path: Path) -> None:
    """The undo restores an `aws` that is traced, still to be loaded, or not defined."""
    zsh = find_shell("zsh")
    (tmp_path / "aws").write_text('command aws --theirs "$@"\n')
    lines = f'fpath=($PWD $fpath)\nfunction aws {{ command aws --theirs "$@"; }}\n{made}\n'
    look = "aws s3 ls; typeset -f aws; typeset -ft; typeset -f | grep legacy\n"
    before = zsh.run(f"{lines}{look}", tmp_path)
    after = zsh.run(f"{lines}{zsh.source}aws s3 ls\n__aws_legacy_sso_off\n{look}", tmp_path)

    assert after.out.replace(before.out, "", 1) == before.out.splitlines(keepends=True)[0]


RESTRICTED = {"bash": "set -r\n", "zsh": "setopt restricted\n"}


@pytest.mark.parametrize("before", ["", 'function aws {\n  command aws "$@"\n}\n'])
def test_restricted_shell(shell: Shell, before: str, tmp_path: Path) -> None:
    """The hook works in a restricted shell: its calls use no redirection to a file and no path."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(LEGACY.format("profile dev"))
    lines = "aws sso login\naws s3 ls\naws sso list-legacy\naws sso logout\n"
    lines += "export AWS_PROFILE=dev-legacy-sso TEST_STATUS=253\naws sso login\necho status $?\n"
    lines += "__aws_legacy_sso_off\ntypeset -f | grep -c legacy_sso || : >file\n"
    lines = f"{before}{shell.source}{RESTRICTED[shell.kind]}{lines}echo not here\n"
    ran = shell.run(lines, tmp_path)

    assert ran.calls == (
        "2 [sso] [login]\n3 [sso] [refresh-legacy] [--same-login]\n2 [s3] [ls]\n"
        "2 [sso] [list-legacy]\n2 [sso] [logout]\n4 [sso] [remove-legacy] [--all] [--sign-out]\n"
        "2 [sso] [login] as dev-legacy-sso\n"
    )
    assert ran.out.startswith("status 253\n0\n", ran.out.index("status")), "undo leaves nothing"
    assert ran.err.count("restricted: ") + ran.err.count("restricted mode") == 1, "of `: >file`"
    assert "legacy-sso:" not in ran.err
    assert not (tmp_path / "file").exists()


LEGACY = """\
[dev]
x_legacy_sso_source = profile not-this
[dev-legacy-sso]
aws_access_key_id = ASIAIOSFODNN7EXAMPLE
x_legacy_sso_source = {}
[other]
x_legacy_sso_source = profile nor-this
"""
HINT = "legacy-sso: dev-legacy-sso is a legacy profile; sign in with: aws sso login --profile "
RECORDS = {
    "profile dev": "dev",
    '"profile e2"': "e2",
    "dev": "dev",
    "profile my profile": r"my\ profile",
    "profile dev-legacy-sso": None,  # a hint with this name would not help
}


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_login_for_legacy_profile(shell: Shell, record: str, end: str, tmp_path: Path) -> None:
    """Such a login fails with the CLI's message and status; one line names the right profile."""
    file = tmp_path / "credentials"
    file.write_text(LEGACY.format(record), newline=end)
    file = file if end == "\n" else file.rename(tmp_path / "my own")
    lines = f"export AWS_PROFILE=dev-legacy-sso AWS_SHARED_CREDENTIALS_FILE='{file}'\n"
    lines += "export TEST_STATUS=253\naws sso login\necho status $?\n"
    ran = shell.run(f"set -u\nIFS=s\n{shell.source}{lines}", tmp_path)
    named = RECORDS[record]

    assert ran.out == "out: sso login\nstatus 253\n"
    assert ran.err == "err: sso login\n" + (f"{HINT}{named}\n" if named else "")


NOT_EXPLAINED = {
    "a profile is typed": "export AWS_PROFILE=dev-legacy-sso\naws sso login --profile x",
    "a session is typed": "export AWS_PROFILE=dev-legacy-sso\naws sso login --sso-session x",
    "it is not exported": "AWS_PROFILE=dev-legacy-sso\naws sso login",
    "it has no record": "export AWS_PROFILE=default\naws sso login",
    "it does not exist": "export AWS_PROFILE=nobody\naws sso login",
    "no login": "export AWS_PROFILE=dev-legacy-sso\naws sso logout\naws s3 ls",
    "turned off": "export AWS_LEGACY_SSO_HOOK=0 AWS_PROFILE=dev-legacy-sso\naws sso login",
    "no file": "export HOME=/nowhere AWS_PROFILE=dev-legacy-sso\naws sso login",
    "no home": "unset HOME\nexport AWS_PROFILE=dev-legacy-sso\naws sso login",
}


@pytest.mark.parametrize("case", NOT_EXPLAINED)
def test_other_failures_not_explained(shell: Shell, case: str, tmp_path: Path) -> None:
    """After other failures there is only the AWS CLI's own message."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[default]\nregion = x\n{LEGACY.format('profile dev')}"
    )
    lines = f"export TEST_STATUS=253\n{NOT_EXPLAINED[case]}\n"
    ran = shell.run(f"set -u\n{shell.source}{lines}", tmp_path)

    assert "legacy-sso:" not in ran.err
    assert ran.err.count("\n") == lines.count("aws s")


def test_older_profile_variable(shell: Shell, tmp_path: Path) -> None:
    """AWS_DEFAULT_PROFILE counts if AWS_PROFILE is not set, also for one call."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(LEGACY.format("profile dev"))
    lines = "export TEST_STATUS=253\nAWS_DEFAULT_PROFILE=dev-legacy-sso aws sso login\n"
    lines += "AWS_DEFAULT_PROFILE=dev-legacy-sso AWS_PROFILE=x aws sso login\n"
    ran = shell.run(f"{shell.source}{lines}", tmp_path)

    assert ran.err == f"err: sso login\n{HINT}dev\nerr: sso login\n"


def functions(shell: str) -> dict[str, str]:
    text = (HOOKS / f"legacy-sso.{shell}").read_text()
    return dict(re.findall(r"(?ms)^function (\w+) \{(.*?) ?\}$", text))


def test_hooks_have_the_same_text() -> None:
    """Both hooks have the same functions in the same order; only the shell-specific ones differ."""
    bash, zsh = functions("bash"), functions("zsh")
    own = {"__aws_legacy_sso_read_words", "aws"}

    assert list(bash) == list(zsh)
    assert {name for name in bash if bash[name] != zsh[name]} == own


@pytest.mark.parametrize("hook", ["on", "off"])
def test_completion_comes_with_hook(shell: Shell, hook: str, tmp_path: Path) -> None:
    """If completion is set up, the hook brings ours, but not with AWS_LEGACY_SSO_HOOK=0.

    The undo of the hook removes it too.
    """
    look = {"bash": "complete -p aws", "zsh": "echo $_comps[aws]"}[shell.kind]
    with interactive_shell(shell, tmp_path) as terminal:
        prompt = Prompt(shell, terminal)
        prompt.line(SET_UP[shell.kind])
        prompt.line(REGISTERED[shell.kind])
        before = prompt.line(look)
        prompt.line("AWS_LEGACY_SSO_HOOK=0" if hook == "off" else "")
        prompt.line(shell.source)
        answers = "__aws_legacy_sso_complete" in prompt.line(look)
        prompt.line("__aws_legacy_sso_off")
        after = prompt.line(look)
        left = prompt.line("typeset -f | grep -c legacy_sso")

    assert answers == (hook == "on")
    assert after == before
    assert "\n0" in left


def test_completer_that_calls_aws(shell: Shell, tmp_path: Path) -> None:
    """An earlier completer runs inside ours at a Tab, and its call of `aws` works as usual."""
    theirs = {
        "bash": "theirs() { COMPREPLY=($(aws of-theirs)); }; complete -F theirs aws",
        "zsh": "theirs() { compadd $(aws of-theirs); }; compdef theirs aws",
    }[shell.kind]
    with interactive_shell(shell, tmp_path) as terminal:
        prompt = Prompt(shell, terminal)
        prompt.line(SET_UP[shell.kind])
        prompt.line(theirs)
        prompt.line(shell.source)
        prompt.screen.send('aws s3 "x\t')
        prompt.wait("err: of-theirs")

    assert (tmp_path / "calls").read_text() == "1 [of-theirs]\n"
