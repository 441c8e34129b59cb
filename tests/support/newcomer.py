"""A person who has just installed the wheel, with a blank in HOME and chosen programs on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import real_parts
from support.locks import exclusive
from support.person import CHECKOUT, Finished

# Opens the link, as a person does in the browser; the stand-in approves.
BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"
# What shells and `doctor`'s commands need. /usr/bin is not on PATH, since it has an `aws`.
TOOLS = ("bash", "zsh", "sh", "env", "cat", "chmod", "grep", "rm", "sed")


@dataclass
class Newcomer:
    """A person, their HOME and PATH."""

    root: Path
    programs: Path  # where the wheel was installed
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aws_folder.mkdir(parents=True)
        tools = self.root / "tools"
        tools.mkdir()
        for tool in TOOLS:
            (tools / tool).symlink_to(shutil.which(tool) or pytest.fail(f"there is no {tool}"))
        self.home.mkdir()
        self.environment = {
            "HOME": str(self.home),
            "PATH": f"{self.aws_folder}:{self.programs}:{tools}",
            "LANG": "C.UTF-8",
            **self.environment,
        }

    @property
    def home(self) -> Path:
        return self.root / "my home"

    @property
    def aws_folder(self) -> Path:
        return self.root / "cli"

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    @property
    def aliases(self) -> Path:
        return self.home / ".aws" / "cli" / "alias"

    @property
    def plugin(self) -> Path:
        return self.home / ".local" / "share" / "awscli-plugin-legacy-sso"

    def have_aws_too(self, aws: Path, *, first: bool) -> None:
        """Put the folder of another `aws` on PATH."""
        path = self.environment["PATH"]
        self.environment["PATH"] = f"{aws.parent}:{path}" if first else f"{path}:{aws.parent}"

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
        return path

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> Finished:
        done = subprocess.run(
            command,
            env={**self.environment, **(env or {})},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert "Traceback" not in done.stderr or Path(command[0]).name == "aws"
        return Finished(done.returncode, done.stdout, done.stderr)

    def program(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        return self.run("awscli-plugin-legacy-sso", *arguments, env=env)

    def setup(self, *arguments: str) -> Finished:
        """Run `setup`, which must succeed."""
        done = self.program("setup", *arguments)
        assert done.status == 0, done
        return done

    def files(self) -> dict[str, bytes | str]:
        """Return all files in HOME with their content, and the links with their targets."""
        found: dict[str, bytes | str] = {}
        for path in sorted(self.home.rglob("*")):
            name = str(path.relative_to(self.home))
            if "__pycache__" in name:
                continue  # Python may create and delete these
            if path.is_symlink():
                found[name] = str(path.readlink())
            else:
                found[name] = path.read_bytes() if path.is_file() else "folder"
        return found


def install_wheel(factory: pytest.TempPathFactory) -> Path:
    """Install the wheel once for all workers; return a folder that has only the program."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    environment, programs = shared / "wheel", shared / "programs"
    with exclusive(str(shared / "wheel.lock"), 120):
        if not programs.exists():
            venv.create(environment, symlinks=True)
            pip = (sys.executable, "-m", "pip", "--python", str(environment), "--quiet")
            subprocess.run([*pip, "install", str(CHECKOUT)], check=True)
            programs.mkdir()
            name = "awscli-plugin-legacy-sso"
            (programs / name).symlink_to(environment / "bin" / name)
    return programs


def newcomer_with(aws: Path, folder: Path, factory: pytest.TempPathFactory) -> Newcomer:
    """Return a person with this AWS CLI, without rc files and config."""
    somebody = Newcomer(folder, install_wheel(factory))
    (somebody.aws_folder / "aws").symlink_to(aws)
    return somebody


def aws_v1() -> Path:
    return real_parts.old_client("awscli-v1").parent / "aws"
