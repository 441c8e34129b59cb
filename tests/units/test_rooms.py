"""The rooms of the code: which module imports which. CONTRIBUTING.md has the map."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from support.person import CHECKOUT

PACKAGE = "awscli_plugin_legacy_sso"
ROOT = CHECKOUT / PACKAGE
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")
}
# From the entry points down. A module imports from its own room and from lower floors.
FLOORS = (
    ("__init__", "__main__"),
    ("cli", "installer", "python_function"),
    ("jobs",),
    ("plan", "fetch", "file"),
    ("configuration",),
    ("setting_values",),
    ("legacy_profile", "lock", "private_folders"),
    ("errors",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imports(module: str) -> Iterator[str]:
    """Yield the absolute name of each import of a module, also of those inside functions."""
    here = [PACKAGE, *module.split(".")]
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            assert base or not node.level, f"{module} imports from above the package"
            start = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{start}.{alias.name}"
                yield name if name.removeprefix(f"{PACKAGE}.") in MODULES else start


def ours(module: str) -> set[str]:
    """Return the modules of the package that a module imports."""
    names = {name.removeprefix(f"{PACKAGE}.") for name in imports(module)}
    return {name for name in names | {f"{name}.__init__" for name in names} if name in MODULES}


def room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("module", MODULES)
def test_room_imports_no_room_above_it(module: str) -> None:
    """A room imports only from lower floors: rooms on the same floor do not import each other."""
    wrong = {
        other
        for other in ours(module)
        if room(other) != room(module) and FLOOR[room(other)] <= FLOOR[room(module)]
    }

    assert wrong - {"__init__"} == set()  # cli/ names the package itself, to find examples/


def test_imports_have_no_circle() -> None:
    """Modules do not import each other in a circle, not even within a room."""
    done: set[str] = set()

    def follow(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join([*way, module])
        if module not in done:
            for other in ours(module) - {"__init__"}:
                follow(other, (*way, module))
            done.add(module)

    for module in MODULES:
        follow(module, ())


@pytest.mark.parametrize("module", MODULES)
def test_foreign_names_have_one_room(module: str) -> None:
    """Only cli/ uses the AWS CLI, one module INI parsers, and one botocore's private names."""
    tops = {name.split(".")[0] for name in imports(module)}
    private = {
        node.attr
        for node in ast.walk(ast.parse(MODULES[module].read_text()))
        if isinstance(node, ast.Attribute)
        and re.match(r"_[^_]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }

    assert "awscli" not in tops or room(module) == "cli" or module == "__init__"
    assert not {"configparser", "configupdater"} & tops or module == "file.document"
    assert not (private and "botocore" in tops) or module == "fetch.botocore_private"


@pytest.mark.parametrize("module", MODULES)
def test_module_size(module: str) -> None:
    """A module has at most 300 lines, and a function at most 45 without its docstring."""
    text = MODULES[module].read_text()
    long = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or 0) - node.lineno + 1
            docstring = (ast.get_docstring(node) or "").splitlines()
            long += [node.name] if lines - len(docstring) > 45 else []

    assert len(text.splitlines()) <= 300
    assert long == []


def test_files_do_not_import_each_other() -> None:
    """A test file imports from no other; what they share is in tests/support."""
    tests = CHECKOUT / "tests"
    names = {path.stem for path in tests.rglob("test_*.py")}
    for path in tests.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.module in names), path


def test_names_of_tests_are_short() -> None:
    """A test's name has at most 50 characters; what it promises stands in its docstring."""
    names = [
        node.name
        for path in (CHECKOUT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]

    assert [name for name in names if len(name) > 50] == []
