"""The rooms of the code: who imports whom. CONTRIBUTING.md has the map of them."""

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
# From the way in down. A module imports from its own room, and from those of a lower floor.
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
    """Yield what a module imports, wherever in it, as absolute names."""
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
    """Return the modules of ours that a module imports."""
    names = {name.removeprefix(f"{PACKAGE}.") for name in imports(module)}
    return {name for name in names | {f"{name}.__init__" for name in names} if name in MODULES}


def room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("module", MODULES)
def test_room_imports_no_room_above_it(module: str) -> None:
    """Data runs one way: cli, jobs, then plan, fetch and file, which know nothing of each other."""
    wrong = {
        other
        for other in ours(module)
        if room(other) != room(module) and FLOOR[room(other)] <= FLOOR[room(module)]
    }

    assert wrong - {"__init__"} == set()  # cli/ names the package itself, to find examples/


def test_imports_have_no_circle() -> None:
    """Within a room too."""
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
    """The AWS CLI's: cli/. INI parsers: the document. botocore's private names: one file."""
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
def test_module_fits_on_a_few_screens(module: str) -> None:
    """At most 300 lines, and no function over 45 beside its docstring."""
    text = MODULES[module].read_text()
    long = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or 0) - node.lineno + 1
            docstring = (ast.get_docstring(node) or "").splitlines()
            long += [node.name] if lines - len(docstring) > 45 else []

    assert len(text.splitlines()) <= 300
    assert long == []


def test_no_test_file_imports_from_another() -> None:
    """What they share is in tests/support."""
    tests = CHECKOUT / "tests"
    names = {path.stem for path in tests.rglob("test_*.py")}
    for path in tests.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.module in names), path
