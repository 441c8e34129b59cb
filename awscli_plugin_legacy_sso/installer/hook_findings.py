"""What `doctor` has to say of the hook in one shell: the cause, and what mends it."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

from .edits import Edit
from .hook_line import sourced
from .places import is_same
from .shells import OWN_NAME, Shell, View

# With options, variables or a precommand word it still comes to the function `aws`.
_ALIAS_OF_AWS = re.compile(r"=['\"]?((\w+=\S*|noglob|nocorrect)\s+)*aws(?![\w.-])")


@dataclass(frozen=True)
class Finding:
    """One link of the chain. ``mend`` is empty where there is nothing to mend."""

    what: str
    mend: str = ""
    is_note: bool = False  # nothing is wrong, and there is something to know


def hook_finding(shell: Shell, hook: str, setup: str) -> Finding:
    """Return what there is to say of this shell.

    Args:
        shell: which is started, to see what it calls ``aws``.
        hook: the path of its hook.
        setup: the command that puts the line in its place.
    """
    there = sourced(Edit(shell.rc, str).text())
    if there is None:
        return Finding(f"{shell.rc} does not source the hook", setup)
    if not os.path.exists(there):
        return Finding(f"{there}, which {shell.rc} sources, is missing", setup)
    if not is_same(there, hook):
        return Finding(f"{shell.rc} sources the hook of another plugin folder: {there}", setup)
    view = shell.look()
    if view is None:
        return Finding(f"{shell.name} does not start", f"see why: {shell.name} -ic 'type aws'")
    return _option(shell, view) or _function(shell, view) or _alias(shell, view) or _in_place(shell)


def _option(shell: Shell, view: View) -> Finding | None:
    """Return what is wrong where the hook stays away, or should, because of an option."""
    if not view.assignments_stay:
        return None
    option = {"bash": "posix", "zsh": "POSIX_BUILTINS"}[shell.name]
    why = "`AWS_PROFILE=x aws …` would leave AWS_PROFILE set in the shell"
    what = f"and the hook is there: {why}" if view.has_hook else f"so the hook stays away: {why}"
    words = {"bash": "posix", "zsh": "posix_?builtins|emulate"}[shell.name]
    return Finding(
        f"{shell.name} has the option {option} on, {what}",
        f"take out what sets it: grep -niE '{words}' {shlex.quote(shell.rc)}",
    )


def _function(shell: Shell, view: View) -> Finding | None:
    """Return what is wrong where a function `aws` does not go with the hook."""
    where = f"in {shell.name} the function `aws`{f' of {view.source}' if view.source else ''}"
    own_name = OWN_NAME[shell.name]
    line = f"grep -n legacy-sso {shlex.quote(shell.rc)}"
    if view.has_hook and not view.stays:
        return Finding(
            f"in {shell.name} an `aws` function removes itself when called, and the hook with it",
            f"take that function out of {shell.rc}, or what it sources",
        )
    if not view.has_hook and own_name in view.function:
        return Finding(
            f"{where} asks for its own name ({own_name}), so the hook leaves it alone",
            f"write `aws` there in place of {own_name}",
        )
    if not view.has_hook and view.function:
        return Finding(f"{where} is in the hook's place", f"move our line below it: {line}")
    if not view.has_hook:
        return Finding(
            f"{shell.rc} does not reach the line that sources the hook",
            f"move that line up, above what ends it: {line}",
        )
    return None


def _alias(shell: Shell, view: View) -> Finding | None:
    if not view.alias or _ALIAS_OF_AWS.search(view.alias):
        return None
    place = shell.alias_place()
    mend = f"take it out: grep -n alias.aws= {shlex.quote(shell.rc)}"
    if place:
        file, line = place
        mend = f"take line {line} out of {file}: sed -i.bak {line}d {shlex.quote(file)}"
    return Finding(f"in {shell.name} an alias goes around the hook: {view.alias}", mend)


def _in_place(shell: Shell) -> Finding:
    return Finding(f"{shell.name} has the hook, from {shell.rc}")
