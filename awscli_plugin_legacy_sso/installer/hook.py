"""The shell hook: its line in an rc file, and whether a new shell has it."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from .edits import Mark, read, rows
from .machine import SHELL_SECONDS, Shell, ask_shell, run

_SOURCED = re.compile(r"; then source (.+); fi  # ")
# An alias that still calls the function `aws`: it only adds options, variables or such a word.
_ALIAS_OF_AWS = re.compile(r"=['\"]?((\w+=\S*|noglob|nocorrect)\s+)*aws(?![\w.-])")

_OURS = "__aws_legacy_sso"
_QUESTIONS = (
    "alias aws",
    "typeset -f aws",
    # The hook keeps an earlier `aws` function under this name. When called, it may remove the hook.
    "if typeset -f __aws_legacy_sso_old; then aws --version; fi >&2",
    "typeset -f aws",
    # Prints something where `A=b f` leaves A set, as with zsh's POSIX_BUILTINS.
    "legacy_sso_probe() { :; }; A_=1 legacy_sso_probe; printf %s ${A_+stays}",
    "printf %s ${AWS_LEGACY_SSO_HOOK-}",
)
# Prints the file that the function `aws` was read from; bash: its name, the line, the file.
_SOURCE = {
    "bash": "shopt -s extdebug; declare -F aws; shopt -u extdebug",
    "zsh": "print -r -- $functions_source[aws]",
}


def hooked(text: str, script: str, mark: Mark) -> str:
    """Return an rc file's text with one line that sources the hook: where it was, or at the end.

    The line does nothing where the script is gone. A new line gets ``mark``.
    """
    old = next(filter(None, map(_mark_on, rows(text))), None)
    path = shlex.quote(script)
    mark = old or replace(mark, newline=bool(text) and not text.endswith("\n"))
    ours = f"if [ -r {path} ]; then source {path}; fi  {mark}\n"
    if not old:
        return text + "\n" * mark.newline + ours
    lines = rows(text)
    first, *more = (at for at, line in enumerate(lines) if _mark_on(line))
    lines[first] = ours
    return "".join(line for at, line in enumerate(lines) if at not in more)


def unhooked(text: str) -> str:
    """Return an rc file's text without our lines, as it was before them."""
    lines = rows(text)
    kept = "".join(line for line in lines if not _mark_on(line))
    last = _mark_on(lines[-1]) if lines else None  # only the last line's newline is not needed
    return kept.removesuffix("\n") if last and last.newline else kept


def _mark_on(line: str) -> Mark | None:
    """Return the mark on a line that sources a hook; a person may have copied the mark alone."""
    return Mark.on(line) if "source " in line else None


def sourced(text: str) -> str | None:
    """Return the path of the hook that our line sources, if there is such a line."""
    found = next(filter(None, map(_SOURCED.search, filter(_mark_on, rows(text)))), None)
    return shlex.split(found[1])[0] if found else None


@dataclass(frozen=True)
class Finding:
    """One result of `doctor`. ``fix`` is empty where nothing has to be fixed."""

    what: str
    fix: str = ""
    is_note: bool = False  # nothing is wrong, but a person should know it


def hook_finding(shell: Shell, hook: str, setup: str) -> Finding:
    """Start a shell, and return whether it has the hook of this path, or why not.

    ``setup`` is the command that writes the hook's line.
    """
    name, rc = shell.name, shell.rc
    there = sourced(read(rc))
    if there and not os.path.exists(there):
        return Finding(f"{there}, which {rc} sources, is missing", setup)
    if there and os.path.realpath(there) != os.path.realpath(hook):
        return Finding(f"{rc} sources the hook of another plugin folder: {there}", setup)
    answers = ask_shell(shell.interactive, [*_QUESTIONS, _SOURCE[name]])
    if answers is None:
        return Finding(f"{name} does not start", f"see why: {name} -ic 'type aws'")
    alias, function, _, after, assignment_stays, off, source = answers
    has_hook = _OURS in function
    if not there and not has_hook:  # a person may source it by a line of their own
        return Finding(f"{rc} does not source the hook", setup)
    if assignment_stays:
        return _kept_away(shell, has_hook=has_hook)
    if not has_hook:
        return _missing(shell, function, re.sub(r"^aws \d+ ", "", source))
    if _OURS not in after:
        return Finding(
            f"in {name} an `aws` function removes itself when called, and the hook with it",
            f"take that function out of {rc}, or what it sources",
        )
    if alias and not _ALIAS_OF_AWS.search(alias):
        return Finding(f"in {name} an alias goes around the hook: {alias}", _alias_fix(shell))
    if off == "0":
        return Finding(f"{name} has the hook, but AWS_LEGACY_SSO_HOOK=0 turns it off", is_note=True)
    return Finding(f"{name} has the hook, from {rc}")


def _kept_away(shell: Shell, *, has_hook: bool) -> Finding:
    """Return that a shell option keeps the hook away, or would if it were set above the hook."""
    option, words = {
        "bash": ("posix", "posix"),
        "zsh": ("POSIX_BUILTINS", "posix_?builtins|emulate"),
    }[shell.name]
    why = "`AWS_PROFILE=x aws …` would leave AWS_PROFILE set in the shell"
    what = f"and the hook is there: {why}" if has_hook else f"so the hook stays away: {why}"
    return Finding(
        f"{shell.name} has the option {option} on, {what}",
        f"take out what sets it: grep -niE '{words}' {shlex.quote(shell.rc)}",
    )


def _missing(shell: Shell, function: str, source: str) -> Finding:
    """Return why a shell does not have the hook, although its rc file sources it."""
    line = f"grep -n legacy-sso {shlex.quote(shell.rc)}"
    if not function:
        what = f"{shell.rc} does not reach the line that sources the hook"
        return Finding(what, f"move that line up, above what ends it: {line}")
    where = f"in {shell.name} the function `aws`{f' of {source}' if source else ''}"
    own_name = {"bash": "FUNCNAME", "zsh": "$0"}[shell.name]
    if own_name in function:
        what = f"{where} asks for its own name ({own_name}), so the hook leaves it alone"
        return Finding(what, f"write `aws` there in place of {own_name}")
    return Finding(f"{where} is in the hook's place", f"move our line below it: {line}")


def _alias_fix(shell: Shell) -> str:
    """Return how to remove the alias ``aws``; a trace of the rc file shows which line makes it."""
    rc = shlex.quote(shell.rc)
    with tempfile.TemporaryDirectory() as scratch:
        if shell.name == "bash":
            trace = f"PS4='+${{BASH_SOURCE[0]}}:${{LINENO}}: '; set -x; . {rc}"
            command = ["bash", "--rcfile", f"{scratch}/.bashrc", "-ic", "exit"]
        else:
            folder = shlex.quote(os.path.dirname(shell.rc))
            trace = f"ZDOTDIR={folder}; PS4='+%x:%i: '; set -x; . {rc}"
            command = ["env", f"ZDOTDIR={scratch}", "zsh", "-ic", "exit"]
        Path(scratch, f".{shell.name}rc").write_text(trace, encoding="utf-8")
        traced = run(command, os.environ, SHELL_SECONDS).output
    places = re.findall(r"^\++(/.+?):(\d+): alias (?:-- )?'?aws=", traced, re.MULTILINE)
    if not places:
        return f"take it out: grep -n alias.aws= {rc}"
    file, line = places[-1]
    # Not `sed -i`: the line may be the only one of an `if`, and the file may be a link.
    return f"take line {line} out of {file}, or end the alias: printf '\\nunalias aws\\n' >>{rc}"
