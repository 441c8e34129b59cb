"""Tab completion in real shells on a terminal: what it offers, and what it leaves unchanged."""

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
    """Each shell in turn; a missing shell is a failure, since it would stay untested."""
    return find_shell(request.param)


def test_word(shell: Shell, tmp_path: Path) -> None:
    """Commands, options and names are completed, after any words before, and in any quotes."""
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


def test_names(shell: Shell, tmp_path: Path) -> None:
    """Only fitting sources, legacy profiles and sessions are offered; no name is run as code."""
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


def test_file(shell: Shell, tmp_path: Path) -> None:
    """A file is completed after --credentials-file.

    In bash 3.2 this cannot work.
    """
    typed = f"aws sso list-legacy --credentials-file ~/.aws/cr{TAB}"
    expected = f"[sso] [list-legacy] [--credentials-file] [{tmp_path}/.aws/credentials]"
    with at_a_prompt(shell, tmp_path) as prompt:
        assert prompt.run(typed) == expected


def test_registered_completer(shell: Shell, tmp_path: Path) -> None:
    """The completer registered before is called as the shell would call it.

    After `aws sso` its answers are offered together with ours; for our commands it is not called.
    """
    given = 3 if shell.kind == "bash" else 0  # bash passes arguments to a completer, zsh does not
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


def test_files_without_completer(shell: Shell, tmp_path: Path) -> None:
    """If no completer was registered, files are completed after other commands, as before."""
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
def test_bash_completer_of_each_kind(registered: str, tmp_path: Path) -> None:
    """In bash each kind of registered completer still answers.

    A list of words is left as it is: then our words are not offered.
    """
    refresh = "refr" if registered.startswith("complete -W") else "refresh-legacy"
    with at_a_prompt(find_shell("bash"), tmp_path, registered) as prompt:
        for _ in range(2):
            assert prompt.run(f"aws {EVERY}") == "[cp] [sync]"
            assert prompt.run(f"aws sso refr{TAB}") == f"[sso] [{refresh}]"
        prompt.typing.line("__aws_legacy_sso_completion_off")
        assert prompt.run(f"aws {EVERY}") == "[cp] [sync]"
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refr]"


def test_loader_that_loads_nothing(tmp_path: Path) -> None:
    """A loader that loads nothing is called once, and bash does not repeat it without end."""
    loader = "g() { echo again >>~/loads; return 124; }; complete -D -F g"
    with at_a_prompt(find_shell("bash"), tmp_path, loader) as prompt:
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refresh-legacy]"
        assert prompt.run(f"aws s3 cp .aws/cre{TAB}") == "[s3] [cp] [.aws/credentials]"
    assert (tmp_path / "loads").read_text() == "again\n"


@pytest.mark.parametrize("kind", ["bash", "zsh"])
def test_debian_completion(kind: str, tmp_path: Path) -> None:
    """What Debian loads for `aws` at the first Tab is still loaded, and answers at that Tab."""
    load = {"bash": "\\. /usr/share/bash-completion/bash_completion", "zsh": ""}
    if kind == "bash":
        real_parts.debian_packages("awscli", "bash-completion")
    with at_a_prompt(find_shell(kind), tmp_path, load[kind]) as prompt:
        prompt.typing.screen.timeout = 60
        assert prompt.run(f"aws sso log{EVERY} help") == "[sso] [login] [logout] [help]"
        assert prompt.run(f"aws sso refr{TAB}") == "[sso] [refresh-legacy]"


def test_turned_off(shell: Shell, tmp_path: Path) -> None:
    """With AWS_LEGACY_SSO_HOOK=0, read at each Tab, our completion offers nothing."""
    with at_a_prompt(shell, tmp_path, REGISTERED[shell.kind]) as prompt:
        prompt.typing.line("AWS_LEGACY_SSO_HOOK=0")
        assert prompt.run(f"aws sso {EVERY} help") == "[sso] [login] [logout] [help]"
        assert prompt.run(f"aws sso refresh-legacy --wat{TAB}").endswith("[--wat]")
        prompt.typing.line("AWS_LEGACY_SSO_HOOK=login")
        assert prompt.run(f"aws sso refresh-legacy --wat{TAB}").endswith("[--watch]")


@pytest.mark.parametrize("is_registered", [True, False])
def test_undo(shell: Shell, is_registered: bool, tmp_path: Path) -> None:
    """After it was sourced twice, used and undone, no name of ours is left in the shell."""
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


def test_readonly_names_and_aliases(shell: Shell, tmp_path: Path) -> None:
    """Readonly variables with common names, and aliases of the words that we use, do no harm."""
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


def test_strict_shell(shell: Shell, tmp_path: Path) -> None:
    """Under `set -eu` and noclobber it is sourced in silence, answers, and ends no shell."""
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
def test_odd_options(kind: str, options: str, tmp_path: Path) -> None:
    """Under odd shell options our completion and the earlier one answer as usual."""
    with at_a_prompt(find_shell(kind), tmp_path, REGISTERED[kind], options) as prompt:
        assert prompt.run(f"aws sso {EVERY}") == f"[sso] {BOTH}"
        assert prompt.run(f"aws s3 m{EVERY}") == "[s3] [mb] [mv]"
        assert prompt.run(f"aws sso remove-legacy --legacy-profiles {EVERY}").endswith(LEGACY)


def test_restricted_bash(tmp_path: Path) -> None:
    """In a restricted bash, made with `set -r`, an answer needs nothing that is forbidden."""
    registered = REGISTERED["bash"]
    with at_a_prompt(find_shell("bash"), tmp_path, registered, after="set -r") as prompt:
        assert prompt.run(f"aws sso {EVERY}") == f"[sso] {BOTH}"
        assert prompt.run(f"aws sso refresh-legacy --prof{TAB}my{TAB}").endswith("[my profile]")
        seen = prompt.run(f"aws sso list-legacy --credentials-file ~/.aws/cr{TAB}")
        assert seen.endswith(f"[{tmp_path}/.aws/credentials]")


def test_options_match_commands() -> None:
    """The completion has each command's options, and the same source settings as the plugin."""
    text = (HOOKS / "completion.sh").read_text()
    offered = dict(OFFERED.findall(text.replace("\\\n", "")))
    assert set(offered) == {"list-legacy", "refresh-legacy", "remove-legacy"}
    for command, options in arguments_of_commands().items():
        of_the_cli = {"--output", "--profile", "--query", "--region"}
        assert set(offered[command].split()) - of_the_cli == options, command
    settings = " ".join(re.findall(r"__aws_legacy_sso_sources\+?='(.*)'", text)).split()
    assert sorted(settings) == sorted(SOURCE_SETTINGS)


def arguments_of_commands() -> dict[str, set[str]]:
    """Return the options of each command, read from the source: an import needs the AWS CLI."""
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
