"""The AWS CLIs and the shells on this machine: they are started and asked, nothing is changed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .edits import read
from .places import PROGRAM, different, script, with_plugin

SHELLS = ("bash", "zsh")
GET_THE_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
SHELL_SECONDS = 15
# A source profile that does not exist: our command names it and ends, without fetching anything.
_NOBODY = f"{PROGRAM}-asks"
_NO_FILE = f"/nonexistent/{PROGRAM}"
# Left out of the environment of an `aws`: with the first two it may complain about a profile, not
# the plugin; with PYTHONPATH, which may be set to start this program, any Python finds the plugin.
_LEFT_OUT = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "PYTHONPATH")


class Answer(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    output: str

    @property
    def reason(self) -> str:
        """The last line: also in a traceback, that is the one with the reason."""
        last = (self.output.strip() or "it says nothing").splitlines()[-1]
        return last.removeprefix("aws: [ERROR]: ").strip()


@dataclass(frozen=True)
class Aws:
    """One AWS CLI on ``PATH``, and how it answers. It is started when it is asked."""

    path: str
    fails: str  # why our command does not work with the plugin on, if so

    @property
    def version(self) -> str:
        """Its version; empty where it does not print one."""
        return self._version[0]

    @property
    def broken(self) -> str:
        """Why no command works under the person's config, if so."""
        return self._version[1]

    @cached_property
    def _version(self) -> tuple[str, str]:
        return _version(self.path)

    def __str__(self) -> str:
        return f"{self.path} ({self.version or 'which says no version'})"

    @property
    def is_v2(self) -> bool:
        return self.version.startswith("2.")


def on_path() -> list[str]:
    """Return the paths of all AWS CLIs on ``PATH``, in its order; none is started."""
    paths = (os.path.join(os.path.abspath(folder), "aws") for folder in os.get_exec_path())
    return different(path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK))


def examine(folder: str) -> list[Aws]:
    """Try each AWS CLI on ``PATH``, with the plugin in this folder."""
    with ThreadPoolExecutor() as at_once:
        return list(at_once.map(lambda aws: Aws(aws, _trial(aws, folder)), on_path()))


def _trial(aws: str, folder: str) -> str:
    question = ("sso", "refresh-legacy", "--dry-run", "--source-profiles", _NOBODY)
    environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": _NO_FILE}
    answer = ask(aws, with_plugin(folder, environment), *question)
    return "" if answer.status == 253 and _NOBODY in answer.output else answer.reason


def _version(aws: str) -> tuple[str, str]:
    """Return its version, and why no command works under the person's config, if so."""
    answer = ask(aws, os.environ, "--version")
    broken = answer.reason if answer.status else ""
    if broken:
        answer = ask(aws, {**os.environ, "AWS_CONFIG_FILE": _NO_FILE}, "--version")
    said = re.search(r"aws-cli/(\S+)", answer.output)
    return said[1] if said else "", broken


def ask(aws: str, environment: Mapping[str, str], *arguments: str) -> Answer:
    """Run a command that changes nothing. HOME stays: version managers' shims need it."""
    kept = {name: value for name, value in environment.items() if name not in _LEFT_OUT}
    return run([aws, *arguments], kept)


def run(command: Sequence[str], environment: Mapping[str, str], seconds: float = 60) -> Answer:
    """Run a command without a terminal; after a time kill it and all that it started."""
    # A pipe would stay open as long as a daemon that an rc file starts; a file does not.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # or an interactive shell would take over the terminal
            )
            process.wait(seconds)
        except OSError as error:
            return Answer(127, f"{command[0]}: {error.strerror}")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Answer(124, f"no answer within {seconds:.0f} s")
        output.seek(0)
        return Answer(process.returncode, output.read().decode(errors="replace"))


@dataclass(frozen=True)
class Shell:
    """A shell, and the file that it reads when this person starts it."""

    name: str
    rc: str

    def hook(self, folder: str) -> str:
        return script(folder, f"legacy-sso.{self.name}")

    @property
    def interactive(self) -> list[str]:
        # Terminal on macOS starts login shells.
        return [self.name, "-lic" if sys.platform == "darwin" else "-ic"]


def ask_shell(shell: Sequence[str], questions: Sequence[str]) -> list[str] | None:
    """Have a shell run commands; return what each printed, or ``None`` if it did not run all."""
    mark = f"-- {PROGRAM} --"  # rc files may print something too
    script = "; ".join(f"printf '\\n%s\\n' '{mark}'; {each} 2>/dev/null" for each in questions)
    output = run([*shell, script], os.environ, SHELL_SECONDS).output
    _, *answers = map(str.strip, output.split(f"\n{mark}\n"))
    return answers if len(answers) == len(questions) else None


def shells(names: Sequence[str] | None = None) -> list[Shell]:
    """Return the shells of these names; without names, those that the person seems to use."""
    if names is not None:
        return [Shell(name, _rc_file(name)) for name in dict.fromkeys(names)]
    there = [Shell(name, _rc_file(name)) for name in SHELLS if shutil.which(name)]
    return [shell for shell in there if shell.name == _login_shell() or os.path.isfile(shell.rc)]


def in_fish() -> str:
    """Return what works in fish; empty where the person's shell is another one."""
    if _login_shell() != "fish":
        return ""
    by_alias = "aws sso refresh-legacy, by its alias, and " if sys.platform == "linux" else ""
    return f"fish has no hook; what works there: {by_alias}{PROGRAM} aws sso refresh-legacy"


def _login_shell() -> str:
    return os.path.basename(os.environ.get("SHELL", ""))


def _rc_file(name: str) -> str:
    if name == "zsh":
        # ZDOTDIR is usually set in ~/.zshenv and not exported: only zsh itself knows it.
        answers = ask_shell(["zsh", "-c"], ["print -r -- ${ZDOTDIR:-$HOME}"])
        return os.path.join(answers[0] if answers else os.path.expanduser("~"), ".zshrc")
    bashrc = os.path.expanduser("~/.bashrc")
    if sys.platform != "darwin":
        return bashrc
    # A login shell reads the first of these and no other; that one often reads ~/.bashrc.
    names = ("~/.bash_profile", "~/.bash_login", "~/.profile")
    profiles = [*map(os.path.expanduser, names)]
    first = next(filter(os.path.isfile, profiles), profiles[0])
    return bashrc if "bashrc" in read(first) else first
