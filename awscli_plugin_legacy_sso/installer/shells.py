"""The shells on this machine, and what they make of the word ``aws``. It changes nothing."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .clis import run
from .edits import read
from .places import PROGRAM, script

SHELLS = ("bash", "zsh")
_PATIENCE_SECONDS = 15
_MARK = f"-- {PROGRAM} --"
# Where the function `aws` was read from.
_SOURCE = {
    "bash": "shopt -s extdebug; declare -F aws; shopt -u extdebug",  # name, line, file
    "zsh": "print -r -- $functions_source[aws]",
}
# Says something where `A=b f` leaves A set, as with zsh's POSIX_BUILTINS: the hook stays away.
_PROBE = "legacy_sso_probe() { :; }; A_=1 legacy_sso_probe; printf %s ${A_+stays}"


@dataclass(frozen=True)
class View:
    """What ``aws`` is in a new shell, apart from a program on ``PATH``."""

    alias: str
    function: str  # one that is not the hook
    has_hook: bool
    source: str  # the file that the function comes from
    stays: bool  # the hook, after `aws` has been called
    assignments_stay: bool  # those before a function


@dataclass(frozen=True)
class Shell:
    """A shell of the person's, and the file it reads when a person starts it."""

    name: str
    rc: str

    def hook(self, folder: str) -> str:
        """Return the path of this shell's hook."""
        return script(folder, f"legacy-sso.{self.name}")

    def interactive(self, script: str) -> list[str]:
        # Terminal on macOS starts login shells.
        return [self.name, "-lic" if sys.platform == "darwin" else "-ic", script]

    def look(self) -> View | None:
        """Start this shell as a person does, and see what it calls ``aws``; ``None``: no answer."""
        # The hook keeps an `aws` function that was there before it under another name. That one may
        # do away with the hook when it is called: it is called.
        parts = (
            "alias aws",
            "typeset -f aws",
            "typeset -f __aws_legacy_sso_old",
            _SOURCE[self.name],
            "if typeset -f __aws_legacy_sso_old; then aws --version; fi >&2",
            "typeset -f aws",
            _PROBE,
        )
        script = "; ".join(f"printf '\\n%s\\n' '{_MARK}'; {part} 2>/dev/null" for part in parts)
        output = run(self.interactive(script), os.environ, _PATIENCE_SECONDS).output
        _, *answers = map(str.strip, output.split(f"\n{_MARK}\n"))
        if len(answers) != len(parts):
            return None
        alias, function, before, source, _, after, probe = answers
        has_hook = "__aws_legacy_sso" in function
        source = re.sub(r"^aws \d+ ", "", source)
        other = before if has_hook else function
        return View(alias, other, has_hook, source, "__aws_legacy_sso" in after, bool(probe))

    def alias_place(self) -> tuple[str, int] | None:
        """Return the file and line that make the alias ``aws``, read off what the shell runs."""
        with tempfile.TemporaryDirectory() as scratch:
            rc = shlex.quote(self.rc)
            if self.name == "bash":
                trace = f"PS4='+${{BASH_SOURCE[0]}}:${{LINENO}}: '; set -x; . {rc}"
                command = ["bash", "--rcfile", f"{scratch}/.bashrc", "-ic", "exit"]
            else:
                folder = shlex.quote(os.path.dirname(self.rc))
                trace = f"ZDOTDIR={folder}; PS4='+%x:%i: '; set -x; . {rc}"
                command = ["env", f"ZDOTDIR={scratch}", "zsh", "-ic", "exit"]
            Path(scratch, f".{self.name}rc").write_text(trace, encoding="utf-8")
            said = run(command, os.environ, _PATIENCE_SECONDS).output
        places = re.findall(r"^\++(/.+?):(\d+): alias (?:-- )?'?aws=", said, re.MULTILINE)
        return (places[-1][0], int(places[-1][1])) if places else None


def shells(names: Sequence[str] | None = None) -> list[Shell]:
    """Return the shells of these names; without names those the person has a use for."""
    if names is not None:
        return [Shell(name, _rc_file(name)) for name in dict.fromkeys(names)]
    there = [Shell(name, _rc_file(name)) for name in SHELLS if shutil.which(name)]
    return [shell for shell in there if shell.name == _login_shell() or os.path.isfile(shell.rc)]


def in_fish() -> str:
    """Return what works in fish, for a person whose shell that is; to others nothing is said."""
    if _login_shell() != "fish":
        return ""
    by_alias = "aws sso refresh-legacy, by its alias, and " if sys.platform == "linux" else ""
    return f"fish has no hook; what works there: {by_alias}{PROGRAM} aws sso refresh-legacy"


def _login_shell() -> str:
    return os.path.basename(os.environ.get("SHELL", ""))


def _rc_file(name: str) -> str:
    if name == "zsh":
        # Usually set, and not exported, in ~/.zshenv: zsh itself is the one to know.
        script = f"print -r -- '{_MARK}'${{ZDOTDIR:-$HOME}}"
        answer = run(["zsh", "-c", script], os.environ, _PATIENCE_SECONDS)
        asked = re.search(f"^{_MARK}(.+)", answer.output, re.MULTILINE)
        return os.path.join(asked[1] if asked else os.path.expanduser("~"), ".zshrc")
    bashrc = os.path.expanduser("~/.bashrc")
    if sys.platform != "darwin":
        return bashrc
    # A login shell reads the first of these and no other; often that one reads ~/.bashrc in turn.
    names = ("bash_profile", "bash_login", "profile")
    profiles = [os.path.expanduser(f"~/.{profile}") for profile in names]
    first = next(filter(os.path.isfile, profiles), profiles[0])
    return bashrc if "bashrc" in read(first) else first
