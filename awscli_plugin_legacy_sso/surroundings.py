"""What is on this machine: config file, AWS CLIs, shells. It looks and asks; it changes nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .credentials_file import expand
from .ini_text import IniText

PACKAGE = "awscli_plugin_legacy_sso"
PROGRAM = "awscli-plugin-legacy-sso"
SHELLS = ("bash", "zsh")

_PATIENCE_SECONDS = 60
_SHELL_PATIENCE_SECONDS = 15
# A source profile nobody has: our command answers with this word, and fetches and writes nothing.
_NOBODY = "awscli-plugin-legacy-sso-asks"
# What would have a trial say something about the person's settings instead of the plugin.
# PYTHONPATH too: it may be there to start us, and an `aws` must find the plugin without it.
_UNSETTLING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CLI_AUTO_PROMPT", "PYTHONPATH")
_IN_CONTAINER = re.compile(r"\b(docker|podman|nerdctl|finch)\b")
_MARK = "-- awscli-plugin-legacy-sso --"


def config_file() -> str:
    """Return the path of the config file that the AWS CLI reads."""
    return os.path.abspath(expand(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"))


def credentials_files(config: IniText) -> list[str]:
    """Return the paths of the credentials files: the CLI's own, then those of ``[legacy-sso]``."""
    first = os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    further = config.own("legacy-sso").get("credentials_files", "").split(os.pathsep)
    return list(dict.fromkeys(expand(path) for path in (first, *further) if path))


def plugin_folder() -> str:
    """Return where the plugin lives: no Python's and no CLI's version is in that path."""
    data = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data):  # the specification has relative ones ignored
        data = os.path.expanduser("~/.local/share")
    return os.path.join(data, PROGRAM)


def program() -> str:
    """Return what a person types to run this very program again."""
    if shutil.which(PROGRAM):
        return PROGRAM
    module = f"{shlex.quote(sys.executable)} -m {PACKAGE}"
    if os.environ.get("PYTHONPATH"):
        return f"PYTHONPATH={shlex.quote(os.environ['PYTHONPATH'])} {module}"
    return module


@dataclass(frozen=True)
class Answer:
    """How a command ended, and the last line it said: the one that says why."""

    status: int
    said: str


@dataclass(frozen=True)
class Aws:
    """One AWS CLI. ``version`` and ``python`` are empty where it does not even say these."""

    name: str  # its path, or "the alias `aws` of bash"
    command: Sequence[str]
    version: str = ""
    python: str = ""
    in_container: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.version or 'which says no version'})"

    @property
    def is_v2(self) -> bool:
        return self.version.startswith("2.")

    def trial(self, config: str) -> str | None:
        """Return what is wrong with this CLI if it reads this config; ``None`` if all is well.

        A v2 has to run our command, any other has to do what it did without.
        """
        if self.in_container:
            return "it runs in a container, where the plugin's folder is missing"
        if not self.is_v2:
            answer = self.ask(config, "--version")
            return answer.said if answer.status else None
        question = ("sso", "refresh-legacy", "--dry-run", "--source-profiles", _NOBODY)
        answer = self.ask(config, *question)
        return None if answer.status == 253 and _NOBODY in answer.said else answer.said

    def ask(self, config: str, *arguments: str) -> Answer:
        """Run a harmless command with this config, and with no credentials file.

        HOME stays: the shims of version managers find what they stand for by it.
        """
        environment = {k: v for k, v in os.environ.items() if k not in _UNSETTLING}
        environment["AWS_CONFIG_FILE"] = config
        # Named by a path that cannot be: a file in it would be somebody's.
        environment["AWS_SHARED_CREDENTIALS_FILE"] = f"{os.devnull}/none"
        return _run([*self.command, *arguments], environment, _PATIENCE_SECONDS)


def find_aws(shells: Iterable[Shell]) -> list[Aws]:
    """Return every AWS CLI on ``PATH``, in its order, and what shells call ``aws`` besides."""
    found: dict[str, Aws] = {}
    for folder in os.get_exec_path():
        path = os.path.join(folder, "aws")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            found.setdefault(os.path.realpath(path), Aws(path, [path]))
    with ThreadPoolExecutor() as at_once:
        in_shells = [aws for aws in at_once.map(_aws_of_shell, shells) if aws]
        return list(at_once.map(_with_version, [*found.values(), *in_shells]))


def _with_version(aws: Aws) -> Aws:
    if aws.in_container:
        return aws
    answer = aws.ask(f"{os.devnull}/none", "--version")
    version = re.search(r"aws-cli/(\S+) Python/(\S+)", answer.said)
    return Aws(aws.name, aws.command, version[1], version[2]) if version else aws


@dataclass(frozen=True)
class Shell:
    """A shell of the person's, and the file it reads when a person starts it."""

    name: str
    rc: str

    @property
    def hook(self) -> str:
        """The file that this shell's hook is in, from the package's folder on."""
        return f"shell/legacy-sso.{self.name}"

    def interactive(self, script: str) -> list[str]:
        # Terminal on macOS starts login shells.
        return [self.name, "-lic" if sys.platform == "darwin" else "-ic", script]

    def look(self) -> View | None:
        """Start this shell as a person does, and see what it calls ``aws``; ``None``: no answer."""
        parts = (
            "alias aws",
            "typeset -f __aws_legacy_sso_follow",
            "typeset -f __aws_legacy_sso_earlier || typeset -f aws",
        )
        script = "; ".join(f"printf '\\n%s\\n' '{_MARK}'; {part} 2>/dev/null" for part in parts)
        said = _output(self.interactive(script))
        _, *answers = said.split(f"\n{_MARK}\n")
        if len(answers) != len(parts):
            return None
        alias, hook, function = (answer.strip() for answer in answers)
        return View(alias, bool(hook), "" if "__aws_legacy_sso_follow" in function else function)


@dataclass(frozen=True)
class View:
    """What ``aws`` is in a new shell, apart from a program on ``PATH``."""

    alias: str
    has_hook: bool
    function: str  # one that is not the hook


def shells(names: Sequence[str] = ()) -> list[Shell]:
    """Return the shells of these names; without names those the person has a use for."""
    if names:
        return [Shell(name, _rc_file(name)) for name in dict.fromkeys(names)]
    login_shell = os.path.basename(os.environ.get("SHELL", ""))
    there = [Shell(name, _rc_file(name)) for name in SHELLS if shutil.which(name)]
    return [shell for shell in there if shell.name == login_shell or os.path.isfile(shell.rc)]


def _rc_file(name: str) -> str:
    if name == "zsh":
        # Usually set, and not exported, in ~/.zshenv: zsh itself is the one to know.
        asked = _output(["zsh", "-c", "print -r -- ${ZDOTDIR-}"]).strip()
        return os.path.join(asked or os.environ.get("ZDOTDIR") or os.path.expanduser("~"), ".zshrc")
    bashrc = os.path.expanduser("~/.bashrc")
    if sys.platform != "darwin":
        return bashrc
    # A login shell reads the first of these and no other; often that one reads ~/.bashrc in turn.
    profiles = [
        os.path.expanduser(f"~/.{file}") for file in ("bash_profile", "bash_login", "profile")
    ]
    first = next(filter(os.path.isfile, profiles), profiles[0])
    with contextlib.suppress(OSError), open(first, errors="replace") as file:
        if "bashrc" in file.read():
            return bashrc
    return first


def _aws_of_shell(shell: Shell) -> Aws | None:
    view = shell.look()
    if view is None or not (view.alias or view.function):
        return None
    kind = "alias" if view.alias else "function"
    # The rc file may set AWS_CONFIG_FILE itself: what we ask is about ours.
    script = 'export AWS_CONFIG_FILE="$1"; shift; aws "$@"'
    in_container = bool(_IN_CONTAINER.search(view.alias or view.function))
    return _ShellAws(
        f"the {kind} `aws` of {shell.name}",
        shell.interactive(script),
        in_container=in_container,
    )


class _ShellAws(Aws):
    pass


def _run(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Answer: ...


def _output(command: Sequence[str]) -> str: ...
