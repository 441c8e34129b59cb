"""What there is to say of the hook in one shell: the cause, and what mends it."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

from .edits import read
from .hook_line import sourced
from .places import is_same
from .shells import Shell, View

# With options, variables or a precommand word it still comes to the function `aws`.
_ALIAS_OF_AWS = re.compile(r"=['\"]?((\w+=\S*|noglob|nocorrect)\s+)*aws(?![\w.-])")
# What a function asks for its own name with.
_OWN_NAME = {"bash": "FUNCNAME", "zsh": "$0"}


@dataclass(frozen=True)
class Finding:
    """One link of the chain. ``mend`` is empty where there is nothing to mend."""

    what: str
    mend: str = ""
    is_note: bool = False  # nothing is wrong, and there is something to know


def hook_finding(shell: Shell, hook: str, setup: str) -> Finding:
    """Start a shell and return what there is to say of its hook, which has this path.

    ``setup`` is the command that puts the line in its place.
    """
    there = sourced(read(shell.rc))
    if there is None:
        return Finding(f"{shell.rc} does not source the hook", setup)
    if not os.path.exists(there):
        return Finding(f"{there}, which {shell.rc} sources, is missing", setup)
    if not is_same(there, hook):
        return Finding(f"{shell.rc} sources the hook of another plugin folder: {there}", setup)
    view = shell.look()
    if view is None:
        return Finding(f"{shell.name} does not start", f"see why: {shell.name} -ic 'type aws'")
    if view.assignments_stay:
        return _kept_away(shell, view)
    if not view.has_hook:
        return _missing(shell, view)
    if not view.stays:
        return Finding(
            f"in {shell.name} an `aws` function removes itself when called, and the hook with it",
            f"take that function out of {shell.rc}, or what it sources",
        )
    if view.alias and not _ALIAS_OF_AWS.search(view.alias):
        mend = f"take it out: grep -n alias.aws= {shlex.quote(shell.rc)}"
        if place := shell.alias_place():
            file, line = place
            mend = f"take line {line} out of {file}: sed -i.bak {line}d {shlex.quote(file)}"
        return Finding(f"in {shell.name} an alias goes around the hook: {view.alias}", mend)
    return Finding(f"{shell.name} has the hook, from {shell.rc}")


def _kept_away(shell: Shell, view: View) -> Finding:
    """Return what is wrong where the hook stays away, or should, because of an option."""
    option = {"bash": "posix", "zsh": "POSIX_BUILTINS"}[shell.name]
    why = "`AWS_PROFILE=x aws …` would leave AWS_PROFILE set in the shell"
    what = f"and the hook is there: {why}" if view.has_hook else f"so the hook stays away: {why}"
    words = {"bash": "posix", "zsh": "posix_?builtins|emulate"}[shell.name]
    return Finding(
        f"{shell.name} has the option {option} on, {what}",
        f"take out what sets it: grep -niE '{words}' {shlex.quote(shell.rc)}",
    )


def _missing(shell: Shell, view: View) -> Finding:
    """Return why the hook is not there, although the rc file sources it."""
    where = f"in {shell.name} the function `aws`{f' of {view.source}' if view.source else ''}"
    own_name = _OWN_NAME[shell.name]
    line = f"grep -n legacy-sso {shlex.quote(shell.rc)}"
    if own_name in view.function:
        return Finding(
            f"{where} asks for its own name ({own_name}), so the hook leaves it alone",
            f"write `aws` there in place of {own_name}",
        )
    if view.function:
        return Finding(f"{where} is in the hook's place", f"move our line below it: {line}")
    return Finding(
        f"{shell.rc} does not reach the line that sources the hook",
        f"move that line up, above what ends it: {line}",
    )
