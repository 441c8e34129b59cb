"""Fixtures: a person with a scratch HOME, a real AWS CLI, and the stand-in Identity Center."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from identity_center import IdentityCenter
from support import real_parts
from support.locks import exclusive
from support.person import CHECKOUT, DEBIAN, FROZEN, Person
from support.program import Caller, Program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, and spread those that mostly wait over the others."""
    longest = [item for item in items if item.path.name == "test_readme.py"]
    waiting = [item for item in items if item.path.name == "test_watch.py"]
    others = [item for item in items if item not in longest and item not in waiting]
    step = len(others) * 3 // 4 // max(1, len(waiting))
    for number, item in enumerate(waiting):
        others.insert(number * (step + 1), item)
    items[:] = longest + others


@pytest.fixture(scope="session", autouse=True)
def _signals_are_not_ignored() -> None:
    """Undo that a background job or ``nohup`` ignores signals, which child processes inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The tests go on when the terminal closes; child processes do not inherit this handler.
    signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(scope="session")
def plugin_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin installed from its wheel, as people have it, once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "plugin"
    with exclusive(str(shared / "plugin.lock"), 120):
        if not folder.exists():
            real_parts.plugin_folder(folder, CHECKOUT)
    return folder


@pytest.fixture
def center() -> Iterator[IdentityCenter]:
    with IdentityCenter() as running:
        yield running


@pytest.fixture(params=[FROZEN, pytest.param(DEBIAN, marks=pytest.mark.torture)])
def version(request: pytest.FixtureRequest) -> str:
    """The version of the AWS CLI: today's, and in `make torture` Debian's too."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def cli(version: str) -> Path:
    return real_parts.debian_cli() if version == DEBIAN else real_parts.frozen_cli(version)


@pytest.fixture
def person(tmp_path: Path, cli: Path, center: IdentityCenter, plugin_path: Path) -> Person:
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AWS_MAX_ATTEMPTS": "1",
        **center.environment(tmp_path / "endpoints"),
    }
    somebody = Person(home, cli, center, environment, plugin_path)
    somebody.configure()
    return somebody


@pytest.fixture(scope="session")
def _caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("caller")
    home = folder / "home"
    home.mkdir()
    with IdentityCenter() as center:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "AWS_MAX_ATTEMPTS": "1",
            **center.environment(folder / "endpoints"),
        }
        person = Person(home, Path("/nowhere/aws"), center, environment, folder)
        with Program(environment, folder / "log") as program:
            yield Caller(person, program)


@pytest.fixture
def caller(_caller: Caller) -> Caller:
    """A person who is signed in, and a program that calls the function."""
    _caller.start_over()
    return _caller


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="legacy-sso-"))
    path.chmod(0o755)
    (path / "aws").mkdir()
    yield path / "aws"
    shutil.rmtree(path)
