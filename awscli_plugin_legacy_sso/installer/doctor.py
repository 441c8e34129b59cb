"""`doctor`: each link of the chain, with a tick or a cross and what mends it. Changes nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .. import __version__
from ..errors import LegacySsoError
from ..file import credentials_file
from ..legacy_profile import remove_command
from . import alias_file, classic_lines, clis, package_copy, places
from .clis import Aws
from .edits import read
from .hook_findings import Finding, hook_finding
from .shells import in_fish, shells

_NOT_BY_V1 = "an AWS CLI v1, or a container without the plugin, can run no command with it"


def main() -> int:
    """Print all findings; return 0 if all is well, else 1."""
    tick, cross, note = "✓✗·"
    try:
        "✓✗·".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        tick, cross, note = "ok", "!!", "--"
    is_well = True
    for finding in examine():
        is_well = is_well and not finding.mend
        print(f"{cross if finding.mend else note if finding.is_note else tick} {finding.what}")
        if finding.mend:
            print(f"  mend: {finding.mend}", flush=True)
    return 0 if is_well else 1


def examine() -> Iterator[Finding]:
    """Yield what there is to say, each link after those it hangs on."""
    config, folder, aliases = places.config_file(), places.plugin_folder(), places.alias_file()
    if trouble := _trouble(config, _sections):
        yield trouble
        return
    is_on = package_copy.is_current(folder)
    yield _package(folder)
    yield from _classic_lines(config, folder)
    yield _trouble(aliases, _sections) or _aliases(aliases, folder)
    working = yield from _clis(config, folder, is_on=is_on)
    theirs = shells()
    again = places.setup() + "".join(f" --shell {shell.name}" for shell in theirs)
    for shell in theirs if is_on else ():
        yield _trouble(shell.rc, read) or hook_finding(shell, shell.hook(folder), again)
    if fish := in_fish():
        yield Finding(fish, is_note=True)
    paths = places.credentials_files(_sections(config))
    for path in paths:
        trouble = _trouble(path, credentials_file.read, "credentials file")
        yield trouble or _credentials_file(path)
    if working and any(map(os.path.exists, paths)):
        yield from _legacy_profiles(working[0], folder)


def _trouble(path: str, parse: Callable[[str], object], what: str = "") -> Finding | None:
    """Return why a file cannot be read, by this person or at all."""
    if os.path.exists(path) and not os.access(path, os.R_OK):
        is_ours = os.stat(path).st_uid == os.geteuid()
        mend = "chmod u+r" if is_ours else 'sudo chown "$(id -u)"'
        return Finding(f"{path} may not be read by you", f"{mend} {shlex.quote(path)}")
    try:
        parse(path)
    except LegacySsoError as error:
        return Finding(f"{what or path}: {error}", f"edit {path}")
    return None


def _sections(path: str) -> alias_file.Sections:
    return alias_file.sections(read(path))


def _package(folder: str) -> Finding:
    if not package_copy.is_there(folder):
        what = f"the plugin is not in {folder}"
    elif not package_copy.has_config(folder):
        what = f"{places.own_config(folder)}, which turns the plugin on, is gone"
    elif not package_copy.is_current(folder):
        what = f"the plugin in {folder} is of another version than {__version__} here"
    else:
        return Finding(f"the plugin in {folder} is this version, {__version__}")
    return Finding(what, places.setup())


def _classic_lines(config: str, folder: str) -> Iterator[Finding]:
    """Say what lines in the config that others share cost them; who wrote them wants them so."""
    if lines := classic_lines.lines_for(read(config)):
        where = f"{config} turns the plugin on for all who read it ({'; '.join(lines)})"
        if classic_lines.Record(folder).edits:
            yield Finding(f"{where}, as an earlier setup had it: {_NOT_BY_V1}", places.setup())
        else:
            yield Finding(f"{where}: {_NOT_BY_V1}", is_note=True)


def _aliases(path: str, folder: str) -> Finding:
    there = _sections(path).get(alias_file.SECTION, {})
    if alias_file.commands(folder).items() <= there.items():
        return Finding(f"[{alias_file.SECTION}] in {path} leads to the plugin")
    return Finding(f"[{alias_file.SECTION}] in {path} does not lead to {folder}", places.setup())


def _clis(config: str, folder: str, *, is_on: bool) -> Generator[Finding, None, Sequence[Aws]]:
    """Yield what is to say about each AWS CLI; return those that run our commands."""
    with ThreadPoolExecutor() as at_once:
        examined = list(at_once.map(Aws.examined, clis.on_path()))
        found = [aws for aws, _ in examined]
        trials = list(at_once.map(lambda aws: aws.trial(folder), found if is_on else ()))
    working = []
    for at, (aws, fails) in enumerate(examined):
        if not aws.is_v2:
            yield Finding(f"{aws} is no v2: it goes on as before, and has none of our commands")
        elif fails:
            yield Finding(f"{aws} does not work with {config}: {fails}", _mend(config, fails))
        elif is_on and (why := trials[at]):
            yield Finding(f"{aws} does not run our commands: {why}", places.setup())
        elif is_on:
            working.append(aws)
            yield Finding(f"{aws} runs aws sso refresh-legacy")
    better = next((aws for aws in found if aws.is_v2), None)
    if not better:
        yield Finding("there is no AWS CLI v2 on PATH", f"get it from {clis.GET_THE_CLI}")
    elif not found[0].is_v2:
        first = f"put {os.path.dirname(better.path)} first on PATH"
        yield Finding(f"`aws` is {found[0]}, and that is no v2", first)
    return working


def _mend(config: str, why: str) -> str:
    """Return what to do where no command works under the person's own config."""
    text = read(config)
    missing = re.search(r"No module named ['\"]+(.+?)['\"]+$", why)
    lines = [
        line.strip()
        for line in text.splitlines()
        if missing and line.partition("=")[2].strip(" \"'").split(".")[0] == missing[1]
    ]
    if lines and places.PACKAGE in lines[0].replace("-", "_"):
        lines = classic_lines.lines_for(text)
    return f"edit {config}, take out: {'; '.join(lines)}" if lines else f"edit {config}"


def _credentials_file(path: str) -> Finding:
    if credentials_file.is_readable_by_others(path):
        return Finding(f"{path} can be read by others", f"chmod 600 {shlex.quote(path)}")
    if not os.path.exists(path):
        return Finding(f"{path} is not there yet")
    count = len(credentials_file.read(path).sections())
    return Finding(f"{path} can be read, by you alone: {count} profile{'s' if count != 1 else ''}")


def _legacy_profiles(aws: Aws, folder: str) -> Iterator[Finding]:
    answer = aws.ask(folder, "sso", "list-legacy", "--output", "json")
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
    remove = remove_command(legacy["Profile"])
    for warning in legacy["Warnings"]:
        if "read by others" not in warning:  # said of the file
            yield Finding(f"{name}: {warning}", refresh if "refresh" in warning else remove)
