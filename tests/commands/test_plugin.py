"""The plugin inside the CLI: it adds its commands, and breaks no other, whatever is wrong."""

from __future__ import annotations

import ast
import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from support import real_parts
from support.person import CHECKOUT, DEBIAN, FROZEN, Person, only

PACKAGE = "awscli_plugin_legacy_sso"


@pytest.fixture
def person(person: Person, tmp_path: Path) -> Person:
    """A person with a copy of the plugin that can be broken."""
    mine = tmp_path / "my-plugin"
    shutil.copytree(person.plugin_path, mine)
    person.plugin_path = mine
    person.configure()
    return person


def break_it(person: Person, how: str) -> str:
    """Break the installed plugin; return what the command has to say."""
    module = person.plugin_path / PACKAGE / "cli" / "commands.py"
    match how:
        case "missing module":
            module.unlink()
            return "cannot import name 'commands'"
        case "all but one file gone":
            for other in module.parent.parent.iterdir():
                if other.name != "__init__.py":
                    shutil.rmtree(other) if other.is_dir() else other.unlink()
            return f"No module named '{PACKAGE}.cli'"
        case "syntax error":
            module.write_text("def broken(:\n")
            return "invalid syntax"
        case "raises":
            module.write_text("raise RuntimeError('half an upgrade')\n")
            return "half an upgrade"
        case "no locks":
            lock = person.plugin_path / PACKAGE / "lock.py"
            lock.write_text(lock.read_text().replace("import fcntl", "import msvcrt as fcntl"))
            return "Windows is not supported; use the Windows Subsystem for Linux"
        case "old python":
            init = person.plugin_path / PACKAGE / "__init__.py"
            init.write_text(init.read_text().replace("(3, 11)", "(4, 0)"))
            return "it needs Python 3.11 or newer"
    raise ValueError(how)


BREAKS = [
    *("missing module", "all but one file gone", "syntax error", "raises", "no locks"),
    "old python",
]


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_plugin_says_so_and_breaks_no_other_command(person: Person, how: str) -> None:
    """``aws --version`` and ``aws sso logout`` go on working; ours exit 253 with the reason."""
    reason = break_it(person, how)
    version, logout = person.aws("--version"), person.aws("sso", "logout")
    ours = person.legacy("refresh-legacy", "--profile", "dev")

    assert (version.status, logout.status) == (0, 0)
    assert version.out.startswith("aws-cli/2.")
    assert ours.status == 253
    assert f"the plugin {PACKAGE} cannot be loaded: " in ours.err
    assert reason in ours.err


def spoil_configupdater(person: Person, how: str) -> list[str]:
    """Leave the plugin without a ConfigUpdater that it can use; return what is to be said."""
    ours = person.plugin_path / "configupdater"
    if how == "missing":
        shutil.rmtree(ours)
        return ["configupdater"]
    if how == "broken":
        (ours / "parser.py").write_text("def broken(:\n")
        return ["invalid syntax", "parser.py"]
    other = person.plugin_path.with_name("other-plugin")
    shutil.copytree(real_parts.old_configupdater(), other)
    said = ["4.1 or newer", str(other)]
    if how == "older, no metadata":
        # Our own metadata, further down the path, then tells a version that is not this one's.
        (metadata,) = other.glob("*.dist-info")
        shutil.rmtree(metadata)
    else:
        said.append(f"configupdater {real_parts.OLD_CONFIGUPDATER} ")
    paths = f"{other}{os.pathsep}{person.plugin_path}"
    text = person.config.read_text()
    person.config.write_text(text.replace(str(person.plugin_path), paths))
    return said


@pytest.mark.parametrize(
    ("version", "how"),
    [
        *((FROZEN, how) for how in ("missing", "broken", "older", "older, no metadata")),
        *((DEBIAN, how) for how in ("missing", "older")),
    ],
    indirect=["version"],
)
def test_without_configupdater_ours_say_so_and_others_work(person: Person, how: str) -> None:
    """Missing, broken, or older in another plugin's folder: named, with 253; nothing is written."""
    said = spoil_configupdater(person, how)
    ours = person.legacy("refresh-legacy", "--profile", "dev")
    other = person.aws("configure", "list-profiles")

    assert (other.status, other.err) == (0, "")
    assert "dev" in other.out.split()
    assert ours.status == 253
    (line,) = ours.err.strip().splitlines()
    assert f"the plugin {PACKAGE} cannot be loaded: " in line
    assert [word for word in said if word not in line] == []
    assert not person.credentials.exists()


def test_with_the_plugin_on_other_commands_say_what_they_said_before(person: Person) -> None:
    """Same output and status, and no request is made."""
    commands = [["--version"], ["configure", "list-profiles"], ["sso", "login", "--profile", "x"]]
    with_it = [person.aws(*command) for command in commands]
    person.configure(plugin=False)
    without = [person.aws(*command) for command in commands]

    assert with_it == without
    assert person.center.calls == []


def test_it_works_from_a_folder_that_cannot_be_written_to(person: Person) -> None:
    """Where the bytecode cannot be kept, things take a moment longer, and that is all."""
    folder = person.plugin_path / PACKAGE / "cli"
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    (folder / "__pycache__").write_text("in the way, as root may write anywhere")

    assert person.refresh("--all").status == 0


@only(FROZEN)
def test_our_modules_are_compiled_once_and_other_plugins_never(person: Person) -> None:
    """The official CLI keeps no bytecode; we lift that for our own imports alone."""
    other = person.plugin_path / "other_plugin"
    other.mkdir()
    (other / "__init__.py").write_text(
        "import sys\n"
        "def awscli_initialize(events):\n"
        "    events.register_last('building-command-table.sso', late)\n"
        "def late(**kwargs):\n"
        "    assert sys.dont_write_bytecode\n"
    )
    ours = "legacy_sso = awscli_plugin_legacy_sso\n"
    text = person.config.read_text()
    person.config.write_text(text.replace(ours, f"{ours}other = other_plugin\n"))
    compiled = person.plugin_path / PACKAGE / "cli" / "__pycache__"
    shutil.rmtree(compiled, ignore_errors=True)
    done = person.refresh("--all")

    assert (done.status, done.err) == (0, "")
    assert list(compiled.glob("commands.*.pyc"))
    assert not (other / "__pycache__").exists()


@pytest.mark.parametrize("module", ["__init__.py", "cli/__init__.py", "cli/own_config.py"])
def test_what_every_aws_command_imports_is_nothing(module: str) -> None:
    """The ways in import only inside functions, and old Pythons can read them."""
    source = (CHECKOUT / PACKAGE / module).read_text()
    tree = ast.parse(source, feature_version=(3, 7))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

    assert imports == []
    assert "awscli.botocore" not in source  # another copy of each class


def test_only_configupdater_is_needed_from_pypi() -> None:
    """awscli from PyPI is the v1, and would take the place of a v2: it must not be a dependency."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]

    assert project["dependencies"] == ["configupdater>=4.1"]


HELP = Path(__file__).parent / "help"


@only(DEBIAN)
@pytest.mark.parametrize("command", ["refresh-legacy", "list-legacy", "remove-legacy"])
def test_help_is_a_full_page(person: Person, command: str) -> None:
    """Description, options and examples, as for the CLI's own; ``help/`` holds them."""
    done = person.aws(
        *("sso", command, "help"), env={"AWS_PAGER": "cat", "MANWIDTH": "80", "TERM": "dumb"}
    )
    page = _plain(done.out)

    assert done.status == 0
    for heading in ("DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "EXAMPLES"):
        assert heading in page
    assert (HELP / f"{command}.txt").read_text() == page


def _plain(page: str) -> str:
    """Return a page without the overstrikes that a terminal shows as bold."""
    return re.sub(".\b|\x1b\\[[0-9;]*m", "", page)


@only(DEBIAN)
def test_the_commands_are_listed_with_those_of_the_cli(person: Person) -> None:
    """``aws sso help`` names them beside login and logout."""
    done = person.aws("sso", "help", env={"AWS_PAGER": "cat", "TERM": "dumb"})
    listed = [line.strip(" o\n") for line in _plain(done.out).splitlines()]

    assert {"login", "logout", "refresh-legacy", "list-legacy", "remove-legacy"} <= set(listed)
