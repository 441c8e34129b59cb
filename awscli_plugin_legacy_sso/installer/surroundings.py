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
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..file.credentials_file import expand
from ..file.document import Document

PACKAGE = "awscli_plugin_legacy_sso"
PROGRAM = "awscli-plugin-legacy-sso"
SHELLS = ("bash", "zsh")

_PATIENCE_SECONDS = 60
_SHELL_PATIENCE_SECONDS = 15
# A source profile nobody has: our command answers with this word, and fetches and writes nothing.
_NOBODY = "awscli-plugin-legacy-sso-asks"
# What would have a trial say something about the person's settings instead of the plugin.
# PYTHONPATH too: it may be there to start us, and an `aws` must find the plugin without it.
_UNSETTLING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "PYTHONPATH")
NO_FILE = f"/nonexistent/{PROGRAM}"
_CONFIG = "AWSCLI_PLUGIN_LEGACY_SSO_CONFIG"
_CONTAINER = re.compile(r"\b(docker|podman|nerdctl|finch)\b[^\n|;&]*\b(run|exec)\b")
_MOUNTED = re.compile(r"\.aws|HOME|~")
_MARK = "-- awscli-plugin-legacy-sso --"


def config_file() -> str:
    """Return the path of the config file that the AWS CLI reads."""
    return os.path.abspath(expand(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"))


def credentials_files(config: Document) -> list[str]:
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
    """How a command ended, and all it said."""

    status: int
    output: str

    @property
    def reason(self) -> str:
        """The last line: in a traceback too the one that says why."""
        lines = [line for line in self.output.splitlines() if line.strip()] or ["it says nothing"]
        return lines[-1].removeprefix("aws: [ERROR]: ").strip()


@dataclass(frozen=True)
class Aws:
    """One AWS CLI. ``version`` is empty where it does not even say that."""

    name: str  # its path, or "the alias `aws` of bash"
    command: tuple[str, ...]
    version: str = ""
    in_shell: bool = False
    in_container: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.version or 'which says no version'})"

    @property
    def is_v2(self) -> bool:
        return self.version.startswith("2.")

    @property
    def runs_plugin(self) -> bool:
        """Whether it is one to run our command, and not just one to be left unharmed.

        What a shell calls `aws` is not: it may add options that make no sense for us.
        """
        return self.is_v2 and not self.in_shell

    def trial(self, config: str) -> str | None:
        """Return what is wrong with this CLI when it reads this config; ``None`` if all is well."""
        if self.in_container:
            return "it runs in a container, and there the plugin is missing"
        if not self.runs_plugin:
            answer = self.ask(config, "--version")
            return answer.reason if answer.status else None
        question = ("sso", "refresh-legacy", "--dry-run", "--source-profiles", _NOBODY)
        answer = self.ask(config, *question)
        return None if answer.status == 253 and _NOBODY in answer.output else answer.reason

    def ask(self, config: str, *arguments: str, with_credentials: bool = False) -> Answer:
        """Run a harmless command with this config, by default without a credentials file.

        HOME stays: the shims of version managers find what they stand for by it.
        """
        environment = {k: v for k, v in os.environ.items() if k not in _UNSETTLING}
        environment["AWS_CONFIG_FILE"] = environment[_CONFIG] = config
        environment["AWS_CLI_AUTO_PROMPT"] = "off"  # the config may have it on, and nobody is there
        if not with_credentials:
            environment["AWS_SHARED_CREDENTIALS_FILE"] = NO_FILE
        return run([*self.command, *arguments], environment)


def find_aws(shells: Iterable[Shell]) -> list[Aws]:
    """Return every AWS CLI on ``PATH``, in its order, and what shells call ``aws`` besides."""
    found: dict[str, Aws] = {}
    for folder in os.get_exec_path():
        path = os.path.join(os.path.abspath(folder), "aws")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            found.setdefault(os.path.realpath(path), Aws(path, (path,)))
    with ThreadPoolExecutor() as at_once:
        in_shells = [aws for aws in at_once.map(_aws_of_shell, shells) if aws]
        return list(at_once.map(_with_version, [*found.values(), *in_shells]))


def _with_version(aws: Aws) -> Aws:
    if aws.in_container:  # asking might fetch an image
        return aws
    said = re.search(r"aws-cli/(\S+)", aws.ask(NO_FILE, "--version").output)
    return replace(aws, version=said[1]) if said else aws


def _aws_of_shell(shell: Shell) -> Aws | None:
    view = shell.look()
    if view is None or not (view.alias or view.function):
        return None
    kind, definition = ("alias", view.alias) if view.alias else ("function", view.function)
    in_container = bool(_CONTAINER.search(definition))
    if in_container and not _MOUNTED.search(definition):
        return None  # it has a config of its own, if any
    # The rc file may set AWS_CONFIG_FILE too, and comes later than our environment.
    script = f'export AWS_CONFIG_FILE="${_CONFIG}"; aws "$@"'
    return Aws(
        f"the {kind} `aws` of {shell.name}",
        (*shell.interactive(script), shell.name),
        in_shell=True,
        in_container=in_container,
    )


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
        # The hook keeps an `aws` function that was there before it under this name.
        parts = ("alias aws", "typeset -f aws", "typeset -f __aws_legacy_sso_old")
        script = "; ".join(f"printf '\\n%s\\n' '{_MARK}'; {part} 2>/dev/null" for part in parts)
        answer = run(self.interactive(script), os.environ, _SHELL_PATIENCE_SECONDS)
        _, *answers = answer.output.split(f"\n{_MARK}\n")
        if len(answers) != len(parts):
            return None
        alias, function, before = (answer.strip() for answer in answers)
        has_hook = "__aws_legacy_sso" in function
        return View(alias, before if has_hook else function, has_hook)


@dataclass(frozen=True)
class View:
    """What ``aws`` is in a new shell, apart from a program on ``PATH``."""

    alias: str
    function: str  # one that is not the hook
    has_hook: bool


def shells(names: Sequence[str] | None = None) -> list[Shell]:
    """Return the shells of these names; without names those the person has a use for."""
    if names is not None:
        return [Shell(name, _rc_file(name)) for name in dict.fromkeys(names)]
    login_shell = os.path.basename(os.environ.get("SHELL", ""))
    there = [Shell(name, _rc_file(name)) for name in SHELLS if shutil.which(name)]
    return [shell for shell in there if shell.name == login_shell or os.path.isfile(shell.rc)]


def _rc_file(name: str) -> str:
    if name == "zsh":
        # Usually set, and not exported, in ~/.zshenv: zsh itself is the one to know.
        script = f"print -r -- '{_MARK}'${{ZDOTDIR:-$HOME}}"
        answer = run(["zsh", "-c", script], os.environ, _SHELL_PATIENCE_SECONDS)
        asked = re.search(f"^{_MARK}(.+)", answer.output, re.MULTILINE)
        return os.path.join(asked[1] if asked else os.path.expanduser("~"), ".zshrc")
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


def run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float = _PATIENCE_SECONDS
) -> Answer:
    """Run a command without a terminal, and end it with all it started if it takes too long."""
    # A file and no pipe: of a daemon that an rc file starts we would wait for the end.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # or an interactive shell would take the terminal from us
            )
        except OSError as error:
            return Answer(127, f"{command[0]}: {error.strerror}")
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Answer(124, f"no answer within {seconds:.0f} s")
        output.seek(0)
        return Answer(process.returncode, output.read().decode(errors="replace"))
