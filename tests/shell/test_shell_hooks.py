"""The shell hooks in real shells: what they do, and that they change nothing else."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.real_shells import SHELLS, Shell, Typing, find_shell, interactive_shell
from support.shell_table import CALLS, FEW_CALLS, Call, expected, script

STRICT = ("set -e", "set -u", "set -o pipefail", "set -o noclobber")
ZOO = (
    "ksharrays",
    "shwordsplit",
    "errreturn",
    "warncreateglobal",
    "globsubst",
    "noglob",
    "noequals",
)
OPTIONS = {
    "bash": (*STRICT, "set -o posix"),
    "zsh": (*STRICT, *(f"setopt {option}" for option in ZOO)),
}
# An alias for each word in the hooks that is not a keyword.
WORDS = "builtin command local return printf set shift continue export eval typeset unset true"
ALIASES = "".join(
    f"alias {word}='echo alias of {word}'\n"
    for word in [*WORDS.split(), "declare", "shopt", "functions"]
)
# Not `command aws`: under set -e it ends a bash 3.2, with or without the hook.
OLD = 'function aws {\n  env aws "$@"\n}\n'
REFRESHED = "3 [sso] [refresh-legacy] [--same-login]\n"
LOGGED_IN = f"2 [sso] [login]\n{REFRESHED}"


def options_of(shell: Shell) -> tuple[str, ...]:
    """Return the options to try, without those under which the hook is not defined."""
    return tuple(option for option in OPTIONS[shell.kind] if not shell.leaves(option))


def subsets(options: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(options) + 1):
        yield from itertools.combinations(options, size)


def check(
    shell: Shell, folder: Path, calls: Sequence[Call], before: str = "", after: str = ""
) -> None:
    """Source the hook between these lines: it prints nothing, and the calls are as in the table."""
    ran = shell.run(before + "\n" + shell.source + after + script(calls), folder)

    assert expected(calls) == (ran.out, ran.err, ran.calls), before
    assert ran.status == 0, before


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each shell in turn; a missing shell is a failure, since it would stay untested."""
    return find_shell(request.param)


@pytest.fixture
def bash() -> Shell:
    return find_shell("bash")


def test_options_in_pairs(shell: Shell, tmp_path: Path) -> None:
    """Under every two options, sourcing is silent and each kind of call works."""
    for options in subsets(options_of(shell)):
        if len(options) <= 2:
            check(shell, tmp_path, FEW_CALLS, "\n".join(options))


@pytest.mark.torture
@pytest.mark.parametrize("strict", list(subsets(STRICT)), ids=" ".join)
def test_options_in_all_combinations(shell: Shell, strict: tuple[str, ...], tmp_path: Path) -> None:
    """The same holds for all 32 combinations in bash, and all 2,048 in zsh."""
    for others in subsets(options_of(shell)[len(STRICT) :]):
        check(shell, tmp_path, FEW_CALLS, "\n".join(strict + others))


@pytest.mark.parametrize("which", ["none", *range(len(OPTIONS["zsh"])), "all"])
def test_table_of_calls(shell: Shell, which: str | int, tmp_path: Path) -> None:
    """All calls work with no option, with each one, and with all."""
    options = options_of(shell)
    if isinstance(which, int):
        options = options[which : which + 1]
    check(shell, tmp_path, CALLS, "\n".join(() if which == "none" else options))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "{source}", id="sourced twice"),
        pytest.param(ALIASES, "", id="aliases for every word of ours"),
        pytest.param("", ALIASES, id="aliases made later"),
        pytest.param(OLD, "", id="an aws function before ours"),
        pytest.param(OLD, "{source}", id="an aws function before ours, sourced twice"),
        pytest.param(OLD, OLD + "{source}", id="the startup file is read again"),
        pytest.param("", "__aws_legacy_sso_off\n{source}", id="turned off and on"),
        pytest.param("IFS=s", "", id="words are split at an s"),
    ],
)
@pytest.mark.parametrize("strict", ["", "\n".join(STRICT)], ids=["", "strict"])
def test_table_of_calls_in_odd_shells(
    shell: Shell, before: str, after: str, strict: str, tmp_path: Path
) -> None:
    """Functions and aliases, before or after the hook, and a second sourcing change no call."""
    check(shell, tmp_path, CALLS, f"{strict}\n{before}", after.replace("{source}", shell.source))


def option_names(shell: Shell) -> list[str]:
    """Return the commands that set and unset each option that this shell knows."""
    if shell.kind == "zsh":
        lists, commands = "print -l ${(k)options}", {"": ("setopt {}", "unsetopt {}")}
    else:
        lists = "shopt -o | sed 's/^/-o /'; shopt"
        commands = {"-o": ("set -o {}", "set +o {}"), "": ("shopt -s {}", "shopt -u {}")}
    # Options that make a shell print, read or stop by itself; and `keyword`, under which no shell
    # script works, since `local x=y` is a `local` without arguments then.
    not_these = (
        "exec noexec xtrace verbose sourcetrace ignoreeof interactive shinstdin stdin onecmd "
    )
    not_these += "singlecommand privileged restricted login monitor zle keyword"
    found = []
    listed = subprocess.run(shell.command("-c", lists), capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        flag, name = ("-o", line.split()[1]) if line.startswith("-o ") else ("", line.split()[0])
        if name not in not_these.split():
            found += [command.format(name) + " 2>/dev/null" for command in commands[flag]]
    return found


@pytest.mark.torture
@pytest.mark.timeout(600)
def test_options_all_others(shell: Shell, tmp_path: Path) -> None:
    """Each option that the shell knows, set or unset, changes no call."""
    for option in option_names(shell):
        if not shell.leaves(option):
            check(shell, tmp_path, FEW_CALLS, option)


def test_script(shell: Shell, tmp_path: Path) -> None:
    """In a shell that is not interactive the file defines nothing."""
    ran = shell.run(f"{shell.source}typeset -f\naws sso login", tmp_path, interactive=False)

    assert (
        ran.status,
        ran.out,
        ran.err,
        ran.calls,
    ) == (0, "out: sso login\n", "err: sso login\n", "2 [sso] [login]\n")


def test_alias_named_aws(shell: Shell, tmp_path: Path) -> None:
    """An alias for the CLI's Docker image goes before the hook, and is no syntax error in it."""
    alias = "alias aws='echo docker run --rm -it amazon/aws-cli'\n"
    ran = shell.run(f"{alias}{shell.source}aws sso login\n__aws_legacy_sso_off\naws", tmp_path)

    docker = "docker run --rm -it amazon/aws-cli"
    assert (0, f"{docker} sso login\n{docker}\n", "", "") == (
        ran.status,
        ran.out,
        ran.err,
        ran.calls,
    )


def test_alias_that_adds_options(shell: Shell, tmp_path: Path) -> None:
    """An alias that runs `aws` with more options reaches the hook with these."""
    ran = shell.run(f"alias aws='aws --debug'\n{shell.source}aws sso login", tmp_path)

    assert ran.calls == f"3 [--debug] [sso] [login]\n4{REFRESHED[1:-1]} [--debug]\n"


@pytest.mark.parametrize("earlier", ["", OLD, 'function aws {\n  command aws --debug "$@"\n}\n'])
def test_undo(shell: Shell, earlier: str, tmp_path: Path) -> None:
    """After the one-line undo the shell has the functions and variables that it had before."""
    look = "typeset -f; typeset -p | grep -c aws_legacy\n"
    before = shell.run(earlier + look, tmp_path)
    after = shell.run(
        f"{earlier}{shell.source}{shell.source}__aws_legacy_sso_off\n{look}", tmp_path
    )

    assert before == after
    assert after.err == ""


def test_earlier_function_variables(shell: Shell, tmp_path: Path) -> None:
    """The earlier `aws` is also called for the follow-up, and finds the variables it reads."""
    earlier = 'function aws { echo "$profile $word $session"; command aws "$@"; }\n'
    variables = "profile=mine word=own session=alone\n"
    ran = shell.run(f"{earlier}{variables}{shell.source}aws sso login", tmp_path)

    assert ran.calls == LOGGED_IN
    assert ran.out == "mine own alone\nout: sso login\n"
    assert ran.err.startswith("err: sso login\nmine own alone\n")


def test_earlier_function_and_new_alias(bash: Shell, tmp_path: Path) -> None:
    """The earlier function is kept as text, which is not read with aliases made later."""
    later = "alias command='echo not'\n"
    ran = bash.run(f"{OLD}{later}{bash.source}{bash.source}aws sso login", tmp_path)

    assert ran.calls == LOGGED_IN


def test_earlier_function_with_extglob(bash: Shell, tmp_path: Path) -> None:
    """A function that was written with `extglob` is kept, also if it is off when we are sourced."""
    earlier = (
        "shopt -s extglob\nfunction aws { case $1 in !(x)) command aws --theirs $1 ;; esac; }\n"
    )
    state = "shopt extglob; shopt expand_aliases\n"
    lines = f"{earlier}shopt -u extglob\n{state}{bash.source}{state}"
    ran = bash.run(lines + "shopt -s extglob\naws s3", tmp_path)
    *states, out = ran.out.splitlines()

    assert (ran.status, ran.err, out) == (0, "err: --theirs s3\n", "out: --theirs s3")
    assert states[:2] == states[2:]


def test_earlier_function_using_its_name(shell: Shell, tmp_path: Path) -> None:
    """The hook is not defined if the earlier function uses its own name, which would change."""
    name = "$0" if shell.kind == "zsh" else "${FUNCNAME[0]}"
    earlier = f'function aws {{ command {name} "$@"; }}\n'
    look = "typeset -f; typeset -p | grep -c aws_legacy || :\n"
    before = shell.run(f"{earlier}{look}aws sso login", tmp_path)
    after = shell.run(f"{earlier}{shell.source}{look}aws sso login", tmp_path)

    assert after == before
    assert after.calls == "2 [sso] [login]\n"


@pytest.mark.parametrize("strict", ["", "set -eu\n"])
def test_earlier_function_not_kept(shell: Shell, strict: str, tmp_path: Path) -> None:
    """If the file that keeps it is missing, it stays, and the hook is not defined.

    Beside a link to the hook there is no such file.
    """
    (tmp_path / "hook").symlink_to(shell.hook)
    look = "typeset -f; typeset -p | grep -c aws_legacy || :\n"
    before = shell.run(f"{strict}{OLD}{look}", tmp_path)

    assert shell.run(f"{strict}{OLD}\\. ./hook\n{look}", tmp_path) == before


def test_new_function_using_its_name(shell: Shell, tmp_path: Path) -> None:
    """The hook is sourced again after a new `aws` that uses its own name: that one stays."""
    name = "$0" if shell.kind == "zsh" else "${FUNCNAME[0]}"
    new = f'function aws {{ command {name} "$@"; }}\n'
    lines = f"{OLD}{shell.source}{new}{shell.source}aws sso login\n"
    ran = shell.run(f"set -u\n{lines}__aws_legacy_sso_off\ntypeset -f", tmp_path)
    before = shell.run(f"set -u\n{OLD}aws sso login\ntypeset -f", tmp_path)

    assert ran == before


def test_earlier_function_exported(bash: Shell, tmp_path: Path) -> None:
    """If the earlier `aws` was exported, a script still gets that function, and none of ours."""
    earlier = 'aws() { command aws --theirs "$@"; }; export -f aws\n'
    child = "bash -c 'aws sso login'\n"
    ran = bash.run(f"{earlier}{bash.source}{child}__aws_legacy_sso_off\n{child}", tmp_path)

    assert (
        ran.status,
        ran.err.replace("err: --theirs sso\n", ""),
        ran.calls,
    ) == (0, "", 2 * "3 [--theirs] [sso] [login]\n")


def test_wrappers_of_each_other(shell: Shell, tmp_path: Path) -> None:
    """A wrapper of our function becomes our earlier one on a second sourcing, without a loop."""
    copy = "functions -c aws theirs\n"
    if shell.kind == "bash":
        copy = 'eval "theirs () $(typeset -f aws | tail -n +2)"\n'
    wrapped = f'{shell.source}{copy}function aws {{ theirs "$@"; }}\n'
    ran = shell.run(f"{wrapped}{shell.source}aws s3 ls", tmp_path)

    assert (ran.status, ran.out, ran.err) == (0, "out: s3 ls\n", "err: s3 ls\n")


NOT_FOUND = "command_not_found_handle{} () {{ echo no $1 here >&2; return 127; }}\n"


@pytest.mark.parametrize("handled", [False, True], ids=["plain", "handler"])
@pytest.mark.parametrize("strict", ["", "set -e\n"], ids=["", "errexit"])
def test_missing_aws(shell: Shell, strict: str, handled: bool, tmp_path: Path) -> None:
    """Without an `aws` the shell prints its own message, with its own status."""
    handler = NOT_FOUND.format("r" if shell.kind == "zsh" else "") if handled else ""
    lines = (
        f"{handler}PATH=/nowhere\n{strict}aws sso login || echo $?\naws sso login\necho went on\n"
    )
    without = shell.run(lines, tmp_path)
    with_hook = shell.run(shell.source + lines, tmp_path)

    assert (without.status, without.out) == (with_hook.status, with_hook.out)
    assert "127\n" in with_hook.out
    # zsh's message begins with the function's name; an interactive bash names none.
    assert last_words(without.err) == last_words(with_hook.err)


def last_words(text: str) -> list[str]:
    """Return the lines of an error message without the place at their start, "x: line 1: "."""
    return [re.sub(r"^.*?: (line \d+: )?", "", line) for line in text.splitlines()]


@pytest.mark.parametrize("options", ["", "set -e", "set -eu -o pipefail"])
@pytest.mark.parametrize("status", [0, 1, 130, 255])
def test_status_after_call(shell: Shell, options: str, status: int, tmp_path: Path) -> None:
    """With set -e a failing call ends the shell in the same cases as without the hook."""
    lines = f"{options}\nif aws s3 ls; then echo yes; else echo no $?; fi\naws s3 ls | cat\n"
    if shell.kind == "bash":  # zsh 5.9 ends at `! f` under set -e, for any function f that succeeds
        lines += "! aws s3 ls\n"
    lines += "aws s3 ls && echo and\necho before\naws s3 ls\necho after $?\n"
    told = f"export TEST_STATUS={status}\n"

    assert shell.run(told + lines, tmp_path) == shell.run(shell.source + told + lines, tmp_path)


def test_aws_is_child_of_shell(shell: Shell, tmp_path: Path) -> None:
    """`aws` is the shell's own child: no subshell, no pipe, no capture."""
    ran = shell.run(f"{shell.source}export TEST_DO='echo $PPID'\necho $$\naws s3 ls", tmp_path)
    this_shell, _, parent = ran.out.split("\n", 2)

    assert this_shell == parent.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc to count them in")
def test_sourcing_starts_no_process(shell: Shell, tmp_path: Path) -> None:
    """Sourcing the hook costs only the reading of the file."""
    count = 'read -r line </proc/$$/stat; echo "$line"\n'
    ran = shell.run(f"{count}{shell.source}{count}", tmp_path)
    children = [line.rpartition(")")[2].split()[8] for line in ran.out.splitlines()]

    assert children == ["0", "0"], "page faults of children that ended"


def test_input_of_login(shell: Shell, tmp_path: Path) -> None:
    """A login reads its input, and the follow-up takes none of the rest."""
    reads = "case $2 in login) read -r line; echo read $line ;; *) cat ;; esac"
    pipe = "printf 'one\\ntwo\\n' | { aws sso login; cat; }"
    ran = shell.run(f"{shell.source}export TEST_DO='{reads}'\n{pipe}", tmp_path)

    assert (ran.out, ran.calls) == ("out: sso login\nread one\ntwo\n", LOGGED_IN)


def test_auto_prompt_off_for_follow_up(shell: Shell, tmp_path: Path) -> None:
    """AWS_CLI_AUTO_PROMPT=on would fail in the follow-up, which has no input, so it is off there.

    The person's value stays.
    """
    prompt = "export AWS_CLI_AUTO_PROMPT=on TEST_DO='echo prompt $AWS_CLI_AUTO_PROMPT'\n"
    ran = shell.run(f"{prompt}{shell.source}aws sso login\necho $AWS_CLI_AUTO_PROMPT", tmp_path)

    assert ran.out == "out: sso login\nprompt on\non\n"
    assert "prompt off\n" in ran.err


INTERRUPTED = [
    pytest.param("echo waiting; exec sleep 60", id="killed"),
    pytest.param(
        "trap 'exit 130' INT; echo waiting; while :; do sleep 0.1; done",
        id="exits, as the CLI does",
    ),
]


@pytest.mark.parametrize("does", INTERRUPTED)
def test_interrupted_login(shell: Shell, does: str, tmp_path: Path) -> None:
    """Ctrl-C at a login ends it with status 130, and no refresh is run."""
    with interactive_shell(shell, tmp_path, {"TEST_DO": does}) as terminal:
        typing = Typing(shell, terminal)
        typing.line("aws sso login", until="waiting")
        typing.screen.send("\x03")
        typing.wait()
        answer = typing.line("echo status $?")

    assert "status 130" in answer
    assert (tmp_path / "calls").read_text() == "2 [sso] [login]\n"


@pytest.mark.parametrize("does", INTERRUPTED)
def test_interrupted_follow_up(shell: Shell, does: str, tmp_path: Path) -> None:
    """Ctrl-C at the follow-up ends only that, and the next call works."""
    only_ours = f"case $2 in *-legacy) {does} ;; esac"
    with interactive_shell(shell, tmp_path, {"TEST_DO": only_ours}) as terminal:
        typing = Typing(shell, terminal)
        typing.line("aws sso login", until="waiting")
        typing.screen.send("\x03")
        typing.wait()
        answer = typing.line("aws s3 ls; echo status $? ${AWS_CLI_AUTO_PROMPT-unset}")

    assert "out: s3 ls" in answer
    assert "status 0 unset" in answer
    assert (tmp_path / "calls").read_text() == f"{LOGGED_IN}2 [s3] [ls]\n"


def test_terminal_of_login(shell: Shell, tmp_path: Path) -> None:
    """A login has the terminal on all three streams; the follow-up only prints on it."""
    streams = "for fd in 0 1 2; do test -t $fd && echo stream $fd; done"
    with interactive_shell(shell, tmp_path, {"TEST_DO": streams}) as terminal:
        seen = Typing(shell, terminal).line("aws sso login")
    login, _, refresh = seen.partition("out: sso refresh-legacy")

    assert [f"stream {fd}" in login for fd in range(3)] == [True, True, True]
    assert [f"stream {fd}" in refresh for fd in range(3)] == [False, True, True]


def test_completion_still_works(shell: Shell, tmp_path: Path) -> None:
    """A completer that was registered for `aws` before the hook still completes its words."""
    completer = tmp_path / "completer"
    completer.write_text("#!/bin/sh\necho sso-of-the-completer\n")
    completer.chmod(0o755)
    zsh = "autoload -Uz compinit bashcompinit; compinit -D -u; bashcompinit; "
    with interactive_shell(shell, tmp_path) as terminal:
        typing = Typing(shell, terminal)
        typing.line(f"{zsh if shell.kind == 'zsh' else ''}complete -C '{completer}' aws")
        typing.line(shell.source)
        typing.screen.send("aws ss\t")
        typing.wait("sso-of-the-completer")
