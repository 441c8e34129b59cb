"""Real shells, on a terminal of their own, with a recording ``aws`` first on PATH.

The hook does something only in an interactive shell, and an interactive shell wants a terminal that
it controls: one is opened for each, also where its output goes to files.
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

# Further shells to try the hooks in, such as a bash 3.2.
OTHERS = os.environ.get("LEGACY_SSO_TEST_SHELLS", "").split(os.pathsep)
SHELLS = ["bash", "zsh", *filter(None, OTHERS)]

# Stands in for the CLI: it writes down what it was called with, says a line on each stream, does
# what it is told, and ends so, with one status for the person's calls and one for ours.
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
    """What a script did: its status, what it wrote, and the calls that reached ``aws``."""

    status: int
    out: str
    err: str
    calls: str


@dataclass(frozen=True)
class Shell:
    """One bash or zsh, started without anybody's startup files."""

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
        # What bash 3.2, told to read a file, leaves out of being interactive.
        return "shopt -s expand_aliases\n" if self.kind == "bash" else ""

    def command(self, *arguments: str) -> list[str]:
        plain = ["-f"] if self.kind == "zsh" else ["--noprofile", "--norc"]
        return [self.path, *plain, *arguments]

    def leaves(self, option: str) -> bool:
        """Tell whether after this line `X=1 f` leaves X set: then the hook is not defined."""
        probe = f"{option}\nf() {{ :; }}\nX=1 f\necho ${{X-}}"
        command = self.command("-c", probe)
        return subprocess.run(command, capture_output=True, check=False).stdout == b"1\n"

    def run(self, script: str, folder: Path, *, interactive: bool = True) -> Ran:
        """Run a script, its output going to files; only the terminal is the input."""
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
    """Return an environment with a recording ``aws``, and nothing of the developer's own."""
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
    """Open a terminal; yield our end of it, and the name of the shell's."""
    ours, theirs = pty.openpty()
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def _on_terminal(tty: str, command: list[str], redirections: str) -> list[str]:
    # The first terminal that the leader of a new session opens is the one that controls it. To do
    # so in a child of Python would need a fork with threads about, which Python warns of.
    return ["/bin/sh", "-c", f'exec "$@" {redirections}', tty, *command]


@contextmanager
def interactive_shell(
    shell: Shell, folder: Path, extra: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Start a shell that somebody types to; yield the file descriptor to do so."""
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
    """Somebody at a prompt, who waits for an answer before they go on."""

    def __init__(self, shell: Shell, terminal: int) -> None:
        self.screen = pexpect.fdpexpect.fdspawn(terminal, timeout=20, encoding="utf-8")
        # In two halves, so that the line as it is typed does not look like the prompt.
        self.line("PS1='ready''> '")
        self.line(shell.source)

    def line(self, text: str, until: str = "ready> ") -> str:
        """Type a line; return what there is to see of it until some text appears."""
        self.screen.send(text.strip() + "\r")
        return self.wait(until)

    def wait(self, until: str = "ready> ") -> str:
        if self.screen.expect_exact([until, pexpect.TIMEOUT]) == 1:
            pytest.fail(f"no {until!r} on the screen:\n{self.screen.before}")
        return str(self.screen.before)
