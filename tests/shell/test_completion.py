"""Tab completion, in real shells on a terminal: what is offered, and what was there before."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support import real_parts
from support.completing import EVERY, NOTHING, REGISTERED, TAB, at_a_prompt, source
from support.person import CHECKOUT
from support.real_shells import HOOKS, SHELLS, Shell, find_shell

from awscli_plugin_legacy_sso.legacy_profile import SOURCE_SETTINGS

PACKAGE = CHECKOUT / "awscli_plugin_legacy_sso"
OFFERED = re.compile(r"sso'\*' (\S+)'\*\)\s+\S+_values \|\| \S+_offer (.*)")
SOURCES = "[$(touch>ran)] [dev] [dev@home] [my profile] [org:ops]"
LEGACY = "[dev-legacy-sso] [my profile-legacy-sso]"
BOTH = "[list-legacy] [login] [logout] [refresh-legacy] [remove-legacy]"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each shell in turn; one that is missing is a failure, since it would go untested."""
    return find_shell(request.param)


def test_a_word_is_completed(shell: Shell, tmp_path: Path) -> None:
    """Commands, options and names, however many words stand before and however it is quoted."""
    refresh, refreshed = "aws sso refresh-legacy", "[sso] [refresh-legacy]"
    typed = {
        f"aws sso refr{TAB}": refreshed,
        f"aws  --region x  sso  rem{TAB}": "[--region] [x] [sso] [remove-legacy]",
        f"aws --profile x sso rem{TAB}": "[--profile] [x] [sso] [remove-legacy]",
        f"aws --profile sso refr{TAB}": "[--profile] [sso] [refr]",
        f"aws sso list-legacy --cre{TAB}": "[sso] [list-legacy] [--credentials-file]",
        f"{refresh} --source-profiles dev org:ops --dry{TAB}": (
            f"{refreshed} [--source-profiles] [dev] [org:ops] [--dry-run]"
        ),
        f"{refresh} --all --outp{TAB}": f"{refreshed} [--all] [--output]",
        f"{refresh} --output=js{TAB}": f"{refreshed} [--output=json]",
        f"{refresh} --profile my{TAB}": f"{refreshed} [--profile] [my profile]",
        f"{refresh} --profile my\\ p{TAB}": f"{refreshed} [--profile] [my profile]",
        f"{refresh} --profile 'my p{TAB}": f"{refreshed} [--profile] [my profile]",
        f'{refresh} --profile="my p{TAB}': f"{refreshed} [--profile=my profile]",
        f"{refresh} --profile org:{TAB}": f"{refreshed} [--profile] [org:ops]",
        f"{refresh} --profile=org:o{TAB}": f"{refreshed} [--profile=org:ops]",
        f"{refresh} --profile dev@{TAB}": f"{refreshed} [--profile] [dev@home]",
        f"aws sso list-accounts --profile my-list-legacy --cred{TAB}": (
            "[sso] [list-accounts] [--profile] [my-list-legacy] [--cred]"
        ),
        f"{refresh} --profile none{TAB}": f"{refreshed} [--profile] [none]",
    }
    with at_a_prompt(shell, tmp_path) as prompt:
        assert {line: prompt.run(line) for line in typed} == typed


def test_names_that_fit_are_offered(shell: Shell, tmp_path: Path) -> None:
    """Sources, legacy profiles and sessions, none that is something else; no name is ever run."""
    refresh, remove = "aws sso refresh-legacy", "aws sso remove-legacy"
    typed = {
        f"{refresh} --profile {EVERY}": f"[sso] [refresh-legacy] [--profile] {SOURCES}",
        f"{refresh} --source-profiles static {EVERY}": (
            f"[sso] [refresh-legacy] [--source-profiles] [static] {SOURCES}"
        ),
        f"{refresh} --sso-session {EVERY}": (
            "[sso] [refresh-legacy] [--sso-session] [corp] [my corp]"
        ),
        f"{remove} --legacy-profiles {EVERY}": (
            f"[sso] [remove-legacy] [--legacy-profiles] {LEGACY}"
        ),
    }
    with at_a_prompt(shell, tmp_path) as prompt:
        assert {line: prompt.run(line) for line in typed} == typed
        for name in ("config", "credentials"):
            (tmp_path / ".aws" / name).rename(tmp_path / name)
        moved = "AWS_CONFIG_FILE=~/config AWS_SHARED_CREDENTIALS_FILE=~/credentials"
        assert (
            prompt.run(f"{refresh} --profile my{TAB}") == "[sso] [refresh-legacy] [--profile] [my]"
        )
        prompt.typing.line(moved)
        assert {line: prompt.run(line) for line in typed} == typed
    assert not (tmp_path / "ran").exists()


def test_a_file_is_completed(shell: Shell, tmp_path: Path) -> None:
    """Behind --credentials-file; bash 3.2 cannot do so."""
    typed = f"aws sso list-legacy --credentials-file ~/.aws/cr{TAB}"
    expected = f"[sso] [list-legacy] [--credentials-file] [{tmp_path}/.aws/credentials]"
    with at_a_prompt(shell, tmp_path) as prompt:
        assert prompt.run(typed) == expected


def test_what_was_registered_is_asked_for_the_rest(shell: Shell, tmp_path: Path) -> None:
    """It is asked as the shell would ask it, and beside ours behind `aws sso`; else it is not."""
    given = (
        3 if shell.kind == "bash" else 0
    )  # arguments that bash gives to a completer, and zsh not
    with at_a_prompt(shell, tmp_path, REGISTERED[shell.kind]) as prompt:
        assert prompt.run(f"aws sso {EVERY}") == f"[sso] {BOTH}"
        assert prompt.asked() == [f"{given} [] at 8 of [aws sso ]"]
        assert prompt.run(f"aws sso logo{TAB} help") == "[sso] [logout] [help]"
        assert prompt.run(f"aws s3 m{EVERY}") == "[s3] [mb] [mv]"
        assert prompt.asked()[1:] == [f"{given} [{'m' * (given > 0)}] at 8 of [aws s3 m]"]
        assert prompt.run(f"aws configure sso {EVERY}") == "[configure] [sso]"
        assert prompt.asked()

        assert prompt.run(f"aws sso refresh-legacy --wat{TAB}").endswith("[--watch]")
        assert prompt.run(f"aws sso refresh-legacy --profile d{TAB}\b").endswith("[de]")
        assert prompt.asked() == []


def test_files_are_completed_where_nothing_was_registered(shell: Shell, tmp_path: Path) -> None:
    """As before: a path behind any other command."""
    with at_a_prompt(shell, tmp_path, NOTHING[shell.kind]) as prompt:
        assert prompt.run(f"aws s3 cp .aws/cre{TAB}") == "[s3] [cp] [.aws/credentials]"


A_FUNCTION = "f() { COMPREPLY=($(compgen -W 'cp sync' -- \"$2\")); }"


@pytest.mark.parametrize(
    "registered",
    [
        pytest.param("complete -W 'cp sync' aws", id="a list of words"),
        pytest.param(f"{A_FUNCTION}; complete -F f aws", id="a function"),
        pytest.param(
            "f() { compgen -W 'cp sync' -- \"$3\"; }; complete -C 'true; f x' aws",
            id="a line of shell",
        ),
        pytest.param(
            f"{A_FUNCTION}; g() {{ complete -F f aws; return 124; }}; complete -F g aws",
            id="a function that loads another",
        ),
        pytest.param(
            f'{A_FUNCTION}; g() {{ complete -F f "$1"; return 124; }}; complete -D -F g',
            id="one that is loaded at the first Tab",
        ),
    ],
)
def test_bash_asks_each_kind_of_completion(registered: str, tmp_path: Path) -> None:
    """A function, what loads another, a line of shell; a list of words is left as it is."""
    refresh = "refr" if registered.startswith("complete -W") else "refresh-legacy"
    with at_a_prompt(find_shell("bash"), tmp_path, registered) as prompt:
        for _ in range(2):
            assert prompt.run(f"aws {EVERY}") == "[cp] [sync]"
            assert prompt.run(f"aws sso refr{TAB}") == f"[sso] [{refresh}]"
        prompt.typing.line("__aws_legacy_sso_completion_off")
        assert prompt.run(f"aws {EVERY}") == "[cp] [sync]"
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refr]"


def test_a_loader_that_loads_nothing_does_no_harm(tmp_path: Path) -> None:
    """Not even that bash asks it again and again."""
    loader = "g() { echo again >>~/loads; return 124; }; complete -D -F g"
    with at_a_prompt(find_shell("bash"), tmp_path, loader) as prompt:
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refresh-legacy]"
        assert prompt.run(f"aws s3 cp .aws/cre{TAB}") == "[s3] [cp] [.aws/credentials]"
    assert (tmp_path / "loads").read_text() == "again\n"


@pytest.mark.parametrize("kind", ["bash", "zsh"])
def test_debians_own_is_asked(kind: str, tmp_path: Path) -> None:
    """What Debian loads for `aws` at the first Tab is still loaded, and answers at once."""
    load = {"bash": "\\. /usr/share/bash-completion/bash_completion", "zsh": ""}
    if kind == "bash":
        real_parts.debian_packages("awscli", "bash-completion")
    with at_a_prompt(find_shell(kind), tmp_path, load[kind]) as prompt:
        prompt.typing.screen.timeout = 60
        assert prompt.run(f"aws sso log{EVERY} help") == "[sso] [login] [logout] [help]"
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refresh-legacy]"


def test_turned_off_it_answers_nothing(shell: Shell, tmp_path: Path) -> None:
    """AWS_LEGACY_SSO_HOOK=0: as if it were not there, asked at each Tab."""
    with at_a_prompt(shell, tmp_path, REGISTERED[shell.kind]) as prompt:
        prompt.typing.line("AWS_LEGACY_SSO_HOOK=0")
        assert prompt.run(f"aws sso {EVERY} help") == "[sso] [login] [logout] [help]"
        assert prompt.run(f"aws sso refresh-legacy --wat{TAB}").endswith("[--wat]")
        prompt.typing.line("AWS_LEGACY_SSO_HOOK=login")
        assert prompt.run(f"aws sso refresh-legacy --wat{TAB}").endswith("[--watch]")


@pytest.mark.parametrize("is_registered", [True, False])
def test_undone_nothing_is_left(shell: Shell, is_registered: bool, tmp_path: Path) -> None:
    """Sourced twice, used and taken out: what was there answers, and no name of ours is left."""
    registered = REGISTERED[shell.kind] if is_registered else NOTHING[shell.kind]
    names = "complete -p; compgen -v; compgen -A function"
    if shell.kind == "zsh":
        names = "print -l ${(kv)_comps} ${(k)parameters} ${(k)functions}"
    before, after = (f"{{ {names}; }} | grep aws | sort >~/{name}" for name in ("before", "after"))
    with at_a_prompt(shell, tmp_path, registered, before) as prompt:
        prompt.typing.line(source(shell))
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refresh-legacy]"
        prompt.typing.line("__aws_legacy_sso_completion_off")
        prompt.typing.line(after)
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()


def test_every_name_has_the_prefix(shell: Shell, tmp_path: Path) -> None:
    """Names of the shell's own that are made read-only do no harm, nor do aliases of our words."""
    words = "builtin local shift continue return eval set export unset complete compopt source"
    words += " compdef compadd compset printf read true"
    odd = "; ".join(f"alias {word}='echo alias of {word}'" for word in words.split())
    odd += "; readonly line=x word=x option=x fit=x kept=x old=x name=x text=x config=x sources=x"
    with at_a_prompt(shell, tmp_path, odd) as prompt:
        seen = prompt.typing.line(source(shell))
        assert prompt.run(f"aws sso refr{TAB} --prof{TAB}my{TAB}") == (
            "[sso] [refresh-legacy] [--profile] [my profile]"
        )
    assert "alias of" not in seen


def test_a_strict_shell(shell: Shell, tmp_path: Path) -> None:
    """Under `set -eu` and noclobber it is sourced in silence, answers, and ends nothing."""
    strict = "set -u; set -o noclobber; set -o pipefail; set -e"
    with at_a_prompt(shell, tmp_path, strict) as prompt:
        prompt.typing.line(f"{source(shell)} >|~/said 2>&1")
        assert (tmp_path / "said").read_text() == ""
        assert prompt.run(f"aws sso refr{TAB} --prof{TAB}my{TAB}") == (
            "[sso] [refresh-legacy] [--profile] [my profile]"
        )
        assert prompt.run(f"aws sso refresh-legacy --sso-session none{TAB}").endswith("[none]")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bash", "set -o posix"),
        ("bash", "shopt -s nullglob failglob extglob nocasematch; IFS=s"),
        ("bash", "set -f; set +B; IFS="),
        (
            "zsh",
            "setopt ksharrays shwordsplit errreturn warncreateglobal globsubst noglob noequals",
        ),
        ("zsh", "setopt posixbuiltins nofunctionargzero ignorebraces extendedglob cshnullglob"),
    ],
)
def test_odd_options_change_nothing(kind: str, options: str, tmp_path: Path) -> None:
    """Ours and what was there before answer as ever."""
    with at_a_prompt(find_shell(kind), tmp_path, REGISTERED[kind], options) as prompt:
        assert prompt.run(f"aws sso {EVERY}") == f"[sso] {BOTH}"
        assert prompt.run(f"aws s3 m{EVERY}") == "[s3] [mb] [mv]"
        assert prompt.run(f"aws sso remove-legacy --legacy-profiles {EVERY}").endswith(LEGACY)


def test_a_restricted_bash(tmp_path: Path) -> None:
    """In `bash -r`, as `set -r` makes one, an answer needs nothing that is forbidden."""
    registered = REGISTERED["bash"]
    with at_a_prompt(find_shell("bash"), tmp_path, registered, after="set -r") as prompt:
        assert prompt.run(f"aws sso {EVERY}") == f"[sso] {BOTH}"
        assert prompt.run(f"aws sso refresh-legacy --prof{TAB}my{TAB}").endswith("[my profile]")
        seen = prompt.run(f"aws sso list-legacy --credentials-file ~/.aws/cr{TAB}")
        assert seen.endswith(f"[{tmp_path}/.aws/credentials]")


def test_the_options_are_those_of_the_commands() -> None:
    """The list for Tab has each command's options, and settings of a source are the plugin's."""
    text = (HOOKS / "completion.sh").read_text()
    offered = dict(OFFERED.findall(text.replace("\\\n", "")))
    assert set(offered) == {"list-legacy", "refresh-legacy", "remove-legacy"}
    for command, options in arguments_of_commands().items():
        of_the_cli = {"--output", "--profile", "--query", "--region"}
        assert set(offered[command].split()) - of_the_cli == options, command
    settings = " ".join(re.findall(r"__aws_legacy_sso_sources\+?='(.*)'", text)).split()
    assert sorted(settings) == sorted(SOURCE_SETTINGS)


def arguments_of_commands() -> dict[str, set[str]]:
    """Return the options of each command, read off the text: to import it takes the AWS CLI."""
    module = ast.parse((PACKAGE / "cli" / "commands.py").read_text())
    shared = dict(_assigned(module.body))
    found = {}
    for node in module.body:
        attributes = dict(_assigned(node.body)) if isinstance(node, ast.ClassDef) else {}
        if isinstance(table := attributes.get("ARG_TABLE"), ast.List):
            arguments = [
                shared[argument.id] if isinstance(argument, ast.Name) else argument
                for argument in table.elts
            ]
            found[ast.literal_eval(attributes["NAME"])] = {f"--{_name(a)}" for a in arguments}
    return found


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _name(argument: ast.expr) -> str:
    assert isinstance(argument, ast.Dict)
    first = next(zip(argument.keys, argument.values, strict=True))
    assert isinstance(first[0], ast.Constant)
    assert first[0].value == "name"
    return str(ast.literal_eval(first[1]))
