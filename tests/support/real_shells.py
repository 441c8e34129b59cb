"""Real shells, each on its own terminal, with a recording ``aws`` first on PATH.

The hook works only in an interactive shell, and an interactive shell needs a terminal that it
controls: each gets one, also if its output goes to files.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect.fdpexpect
import pytest

HOOKS = Path(__file__).parent.parent.parent / "shell"

# More shells to test the hooks in, such as a bash 3.2.
OTHERS = os.environ.get("LEGACY_SSO_TEST_SHELLS", "").split(os.pathsep)
SHELLS = ["bash", "zsh", *filter(None, OTHERS)]

# Stands in for the CLI: it records its arguments, prints a line on each stream, runs TEST_DO, and
# ends with one status for the person's calls and with another for ours.
RECORDING_AWS = """\
#!/bin/sh
profile=${AWS_PROFILE:-${AWS_DEFAULT_PROFILE-}}
{ printf '%s' "$#"; printf ' [%s]' "$@"; printf '%s\n' "${profile:+ as $profile}"; } >>"$TEST_LOG"
echo "out: $1 $2"
echo "err: $1 $2" >&2
eval "${TEST_DO-}"
case ${2-} in *-legacy) exit "${TEST_FOLLOW_STATUS:-0}" ;; esac
exit "${TEST_STATUS:-0}"
"""


@dataclass(frozen=True)
class Ran:
    """The result of a script: its status, its output, and the calls that reached ``aws``."""

    status: int
    out: str
    err: str
    calls: str


@dataclass(frozen=True)
class Shell:
    """A bash or zsh, started without startup files."""

    path: str

    @property
    def kind(self) -> str:
        return "zsh" if "zsh" in Path(self.path).name else "bash"

    @property
    def hook(self) -> Path:
        return HOOKS / f"legacy-sso.{self.kind}"

    @property
    def source(self) -> str:
        return f"\\. '{self.hook}'\n"

    @property
    def startup(self) -> str:
        # bash 3.2 does not turn this on, although it is interactive, when it reads a file.
        return "shopt -s expand_aliases\n" if self.kind == "bash" else ""

    def command(self, *arguments: str) -> list[str]:
        plain = ["-f"] if self.kind == "zsh" else ["--noprofile", "--norc"]
        return [self.path, *plain, *arguments]

    def leaves(self, option: str) -> bool:
        """Tell whether `X=1 f` leaves X set after this line; then the hook is not defined."""
        probe = f"{option}\nf() {{ :; }}\nX=1 f\necho ${{X-}}"
        command = self.command("-c", probe)
        return subprocess.run(command, capture_output=True, check=False).stdout == b"1\n"

    def run(self, script: str, folder: Path, *, interactive: bool = True) -> Ran:
        """Run a script, with its output in files, so that only the input is the terminal."""
        log, script_file = folder / "calls", folder / "script"
        log.write_text("")
        script_file.write_text(self.startup + script)
        arguments = ["-i", str(script_file)] if interactive else [str(script_file)]
        with (
            (folder / "out").open("wb+") as out,
            (folder / "err").open("wb+") as err,
            terminal() as (_, tty),
        ):
            done = subprocess.run(
                _on_terminal(tty, self.command(*arguments), '<"$0"'),
                env=environment(folder),
                cwd=folder,
                stdout=out,
                stderr=err,
                start_new_session=True,
                timeout=60,
            )
        return Ran(
            done.returncode,
            (folder / "out").read_text(),
            (folder / "err").read_text(),
            log.read_text(),
        )


def find_shell(name_or_path: str) -> Shell:
    path = shutil.which(name_or_path)
    if path is None:
        pytest.fail(f"{name_or_path} is not installed, and the hooks are tested in real shells")
    return Shell(path)


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment with a recording ``aws``, and without the developer's variables."""
    programs = folder / "bin"
    if not programs.exists():
        programs.mkdir()
        (programs / "aws").write_text(RECORDING_AWS)
        (programs / "aws").chmod(0o755)
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TEST_LOG": str(folder / "calls"),
        **(extra or {}),
    }


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """Open a terminal; yield our end of it, and the name of the shell's end."""
    ours, theirs = pty.openpty()
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def _on_terminal(tty: str, command: list[str], redirections: str) -> list[str]:
    # The first terminal that the leader of a new session opens becomes its controlling terminal. In
    # Python this would need a fork in a process with threads, which Python warns about.
    return ["/bin/sh", "-c", f'exec "$@" {redirections}', tty, *command]


@contextmanager
def interactive_shell(
    shell: Shell, folder: Path, extra: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Start a shell on a terminal; yield the file descriptor to type to it."""
    with terminal() as (ours, tty):
        started = subprocess.Popen(
            _on_terminal(tty, shell.command("-i"), '<>"$0" >&0 2>&0'),
            env=environment(folder, extra),
            cwd=folder,
            start_new_session=True,
        )
        try:
            yield ours
        finally:
            started.kill()
            started.wait()


class Typing:
    """A person at a prompt, who waits for each answer before the next line."""

    def __init__(self, shell: Shell, terminal: int) -> None:
        self.screen = pexpect.fdpexpect.fdspawn(terminal, timeout=20, encoding="utf-8")
        # In two halves, so that the echo of this line does not look like the prompt.
        self.line("PS1='ready''> '")
        self.line(shell.source)

    def line(self, text: str, until: str = "ready> ") -> str:
        """Type a line; return what the terminal shows until this text appears."""
        self.screen.send(text.strip() + "\r")
        return self.wait(until)

    def wait(self, until: str = "ready> ") -> str:
        if self.screen.expect_exact([until, pexpect.TIMEOUT]) == 1:
            pytest.fail(f"no {until!r} on the screen:\n{self.screen.before}")
        return str(self.screen.before)
