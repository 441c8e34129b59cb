"""The plugin inside the CLI: it adds its commands, and even if broken, breaks no other command."""

from __future__ import annotations

import ast
import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from support import real_parts
from support.person import CHECKOUT, DEBIAN, FROZEN, Person, on_both, only

PACKAGE = "awscli_plugin_legacy_sso"


@pytest.fixture
def person(person: Person, tmp_path: Path) -> Person:
    """A person with a copy of the plugin that a test may break."""
    mine = tmp_path / "my-plugin"
    shutil.copytree(person.plugin_path, mine)
    person.plugin_path = mine
    person.configure()
    return person


def break_it(person: Person, how: str) -> str:
    """Break the installed plugin; return what the error has to contain."""
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
def test_broken_plugin(person: Person, how: str) -> None:
    """Other ``aws`` commands work; our commands exit with 253 and the reason."""
    reason = break_it(person, how)
    version, logout = person.aws("--version"), person.aws("sso", "logout")
    ours = person.legacy("refresh-legacy", "--profile", "dev")

    assert (version.status, logout.status) == (0, 0)
    assert version.out.startswith("aws-cli/2.")
    assert ours.status == 253
    assert f"the plugin {PACKAGE} cannot be loaded: " in ours.err
    assert reason in ours.err


def spoil_configupdater(person: Person, how: str) -> list[str]:
    """Leave the plugin no usable ConfigUpdater; return what the error has to contain."""
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
        # The metadata found is then that of our copy, further down the path: another version.
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
def test_configupdater_missing_or_unusable(person: Person, how: str) -> None:
    """It is missing, broken, or an older one in another plugin's folder.

    Our commands exit with 253, name it and write nothing; other commands work.
    """
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


@on_both
def test_other_commands_are_unchanged(person: Person) -> None:
    """With the plugin on they have the same output and status, and send no request."""
    commands = [["--version"], ["configure", "list-profiles"], ["sso", "login", "--profile", "x"]]
    with_it = [person.aws(*command) for command in commands]
    person.configure(plugin=False)
    without = [person.aws(*command) for command in commands]

    assert with_it == without
    assert person.center.calls == []


def test_plugin_folder_not_writable(person: Person) -> None:
    """If the bytecode cannot be saved, the commands still work."""
    folder = person.plugin_path / PACKAGE / "cli"
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    (folder / "__pycache__").write_text("in the way, as root may write anywhere")

    assert person.refresh("--all").status == 0


@only(FROZEN)
def test_bytecode_of_our_modules_only(person: Person) -> None:
    """The official CLI saves no bytecode.

    The plugin saves that of its own modules, not of other plugins.
    """
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
def test_entry_modules_import_nothing(module: str) -> None:
    """Every ``aws`` command loads these modules, so they import only inside functions.

    Python 3.7 can parse them.
    """
    source = (CHECKOUT / PACKAGE / module).read_text()
    tree = ast.parse(source, feature_version=(3, 7))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

    assert imports == []
    assert "awscli.botocore" not in source  # a second copy of each class


def test_dependencies_are_only_configupdater() -> None:
    """awscli on PyPI is the v1 and would replace a v2, so it must not be a dependency."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]

    assert project["dependencies"] == ["configupdater>=4.1"]


HELP = Path(__file__).parent / "help"


@only(DEBIAN)
@pytest.mark.parametrize("command", ["refresh-legacy", "list-legacy", "remove-legacy"])
def test_help_page(person: Person, command: str) -> None:
    """It has description, options and examples; ``help/`` holds the expected pages."""
    done = person.aws(
        *("sso", command, "help"), env={"AWS_PAGER": "cat", "MANWIDTH": "80", "TERM": "dumb"}
    )
    page = _plain(done.out)

    assert done.status == 0
    for heading in ("DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "EXAMPLES"):
        assert heading in page
    assert (HELP / f"{command}.txt").read_text() == page


def _plain(page: str) -> str:
    """Return a page without the overstrikes and escape codes for bold."""
    return re.sub(".\b|\x1b\\[[0-9;]*m", "", page)


@only(DEBIAN)
def test_help_lists_our_commands(person: Person) -> None:
    """``aws sso help`` lists them beside login and logout."""
    done = person.aws("sso", "help", env={"AWS_PAGER": "cat", "TERM": "dumb"})
    listed = [line.strip(" o\n") for line in _plain(done.out).splitlines()]

    assert {"login", "logout", "refresh-legacy", "list-legacy", "remove-legacy"} <= set(listed)
