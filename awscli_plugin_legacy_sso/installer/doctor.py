"""`doctor`: each link of the chain, with a tick or a cross and what mends it. Changes nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..errors import LegacySsoError
from ..file import credentials_file
from ..file.document import Document
from . import GET_THE_CLI, how_to_mend
from .package_copy import is_current
from .plugin_lines import (
    PATH_KEY,
    SECTION,
    has_hook_line,
    has_package,
    means,
    path_list,
    plugin_keys,
    with_folder,
)
from .reversible import Edit, Record
from .surroundings import (
    PACKAGE,
    Aws,
    Shell,
    config_file,
    credentials_files,
    find_aws,
    plugin_folder,
    program,
    shells,
)

# With options, variables or a precommand word it still comes to the function `aws`.
_ALIAS_OF_AWS = re.compile(r"=['\"]?((\w+=\S*|noglob|nocorrect)\s+)*aws(?![\w.-])")


@dataclass(frozen=True)
class Finding:
    """One link of the chain. ``mend`` is empty where there is nothing to mend."""

    what: str
    mend: str = ""


def main() -> int:
    """Print all findings; return 0 if all is well, else 1."""
    tick, cross = ("✓", "✗") if _prints("✓✗") else ("ok", "!!")
    is_well = True
    for finding in examine():
        is_well = is_well and not finding.mend
        print(f"{cross if finding.mend else tick} {finding.what}")
        if finding.mend:
            print(f"  mend: {finding.mend}", flush=True)
    return 0 if is_well else 1


def examine() -> Iterator[Finding]:
    """Yield what there is to say, each link after those it hangs on."""
    config, folder = config_file(), plugin_folder()
    try:
        text = credentials_file.read(config)
        entries = path_list(text)
    except LegacySsoError as error:
        yield Finding(f"config file: {error}", f"edit {config}")
        return
    yield from _plugin_lines(config, text, entries, folder)
    for entry in entries:
        if not means(entry, folder):
            yield _other_folder(config, entries, entry, folder)
    yield _package(folder)
    working = yield from _clis(config, text)
    theirs = shells(Record.load(folder).shells)
    again = _setup() + "".join(f" --shell {shell.name}" for shell in theirs)
    for shell in theirs:
        yield _hook(shell, again)
    paths = credentials_files(text)
    for path in paths:
        yield _credentials_file(path)
    if working and any(map(os.path.exists, paths)):
        yield from _legacy_profiles(working[0], config)


def _plugin_lines(
    config: str, text: Document, entries: Sequence[str], folder: str
) -> Iterator[Finding]:
    written = next((entry for entry in entries if means(entry, folder)), None)
    if written == folder:
        yield Finding(f"{PATH_KEY} in {config} names {folder}")
    else:
        instead = f"but {written!r}, as it is written" if written else "so no plugin is found there"
        yield Finding(f"{PATH_KEY} in {config} does not name {folder}, {instead}", _setup())
    keys = plugin_keys(text)
    if keys and all(text.own(SECTION)[key] == PACKAGE for key in keys):
        yield Finding(f"[{SECTION}] in {config} has {keys[0]} = {PACKAGE}")
    else:
        yield Finding(f"[{SECTION}] in {config} has no line with {PACKAGE}", _setup())


def _other_folder(config: str, entries: Sequence[str], entry: str, folder: str) -> Finding:
    if not os.path.isdir(entry):
        there = (e for e in with_folder(entries, folder) if e == folder or os.path.isdir(e))
        return Finding(
            f"{PATH_KEY} names {entry!r}, which is no folder; ~, $ and quotes mean nothing there",
            f"edit {config}, this line: {PATH_KEY} = {os.pathsep.join(there)}",
        )
    if not has_package(entry):
        return Finding(f"{PATH_KEY} also names {entry}")
    comes_first = folder not in entries or entries.index(entry) < entries.index(folder)
    copy = os.path.join(entry, PACKAGE)
    return Finding(
        f"{copy} is another copy of the plugin{', and is the one in use' if comes_first else ''}",
        f"rm -r {shlex.quote(copy)}",
    )


def _package(folder: str) -> Finding:
    if not has_package(folder):
        return Finding(f"the plugin is not in {folder}", _setup())
    if not is_current(folder):
        return Finding(f"the plugin in {folder} is of another version", _setup())
    return Finding(f"the plugin in {folder} is this version")


def _clis(config: str, text: Document) -> Generator[Finding, None, Sequence[Aws]]:
    """Yield what is to say about each AWS CLI; return those that can run the plugin."""
    found = find_aws(shells())
    with ThreadPoolExecutor() as at_once:
        trials = list(at_once.map(lambda aws: aws.trial(config), found))
    for aws, why in zip(found, trials, strict=True):
        if not why:
            can = "runs aws sso refresh-legacy" if aws.runs_plugin else "works with this config"
            yield Finding(f"{aws} {can}")
        else:
            mend = how_to_mend(aws, why, text) or _setup()
            off = "" if aws.is_v2 else f"; or take the plugin back with: {program()} uninstall"
            yield Finding(f"{aws} does not work with this config: {why}", f"{mend}{off}")
    working = [aws for aws, why in zip(found, trials, strict=True) if aws.runs_plugin and not why]
    if not any(aws.is_v2 for aws in found):
        yield Finding("there is no AWS CLI v2 on PATH", f"get it from {GET_THE_CLI}")
    elif not found[0].is_v2 and not trials[0]:
        better = next(aws for aws in found if aws.is_v2)
        first = f"put {os.path.dirname(better.name)} first on PATH"
        yield Finding(
            f"`aws` is {found[0]}, and that is no v2",
            f"{how_to_mend(found[0], '', text)}; or {first}",
        )
    return working


def _hook(shell: Shell, again: str) -> Finding:
    if not has_hook_line(Edit(shell.rc, str).text()):
        return Finding(f"{shell.rc} does not source the hook", again)
    view = shell.look()
    if view is None:
        return Finding(f"{shell.name} does not start", f"see why: {shell.name} -ic 'type aws'")
    if view.function and not view.has_hook:
        return Finding(
            f"in {shell.name} another function `aws` is in the hook's place",
            f"move the line below that function: grep -n legacy-sso {shlex.quote(shell.rc)}",
        )
    if not view.has_hook:
        return Finding(
            f"{shell.rc} does not reach the line that sources the hook",
            f"move that line up, above what ends it: grep -n legacy-sso {shlex.quote(shell.rc)}",
        )
    if view.alias and not _ALIAS_OF_AWS.search(view.alias):
        return Finding(
            f"in {shell.name} an alias goes around the hook: {view.alias}",
            f"take it out: grep -n alias.aws= {shlex.quote(shell.rc)}",
        )
    return Finding(f"{shell.name} has the hook, from {shell.rc}")


def _credentials_file(path: str) -> Finding:
    try:
        text = credentials_file.read(path)
    except LegacySsoError as error:
        return Finding(f"credentials file: {error}", f"edit {path}")
    if credentials_file.is_readable_by_others(path):
        return Finding(f"{path} can be read by others", f"chmod 600 {shlex.quote(path)}")
    if not os.path.exists(path):
        return Finding(f"{path} is not there yet")
    count = len(text.sections())
    return Finding(f"{path} can be read, by you alone: {count} profile{'s' if count != 1 else ''}")


def _legacy_profiles(aws: Aws, config: str) -> Iterator[Finding]:
    answer = aws.ask(config, "sso", "list-legacy", "--output", "json", with_credentials=True)
    document = re.search(r"\{.*\}", answer.output, re.DOTALL)
    if answer.status or not document:
        yield Finding(f"aws sso list-legacy does not work: {answer.reason}", "do what it says")
        return
    for legacy in json.loads(document[0])["LegacyProfiles"]:
        yield from _legacy_profile(legacy)


def _legacy_profile(legacy: Mapping[str, Any]) -> Iterator[Finding]:
    name = f"{legacy['Profile']} (from {legacy['SourceProfile']})"
    refresh = "aws sso refresh-legacy --all --login"
    if legacy["State"] == "expired":
        yield Finding(f"{name} expired at {legacy['Expiration']}", refresh)
    else:
        left = legacy["SecondsRemaining"]
        until = f", {left // 60} minutes left" if left is not None else ""
        yield Finding(f"{name} is {legacy['State']}{until}")
    remove = f"aws sso remove-legacy --legacy-profiles {shlex.quote(legacy['Profile'])}"
    for warning in legacy["Warnings"]:
        if "read by others" not in warning:  # said of the file
            yield Finding(f"{name}: {warning}", refresh if "refresh" in warning else remove)


def _setup() -> str:
    return f"{program()} setup"


def _prints(characters: str) -> bool:
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
