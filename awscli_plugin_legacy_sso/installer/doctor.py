"""`doctor`: each link of the chain, with a tick or a cross and what mends it. Changes nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

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
    if wrong := package_copy.trouble(folder):
        yield Finding(wrong, places.setup())
    else:
        yield Finding(f"the plugin in {folder} is this version, {__version__}")
    if lines := classic_lines.lines_for(read(config)):  # who wrote them wants them so
        where = f"{config} turns the plugin on for all who read it ({'; '.join(lines)})"
        yield Finding(f"{where}: {_NOT_BY_V1}", is_note=True)
    yield _trouble(aliases, _sections) or _aliases(aliases, folder)
    working = yield from _clis(config, folder, is_on=not wrong)
    theirs = shells()
    again = places.setup() + "".join(f" --shell {shell.name}" for shell in theirs)
    for shell in () if wrong else theirs:
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


def _aliases(path: str, folder: str) -> Finding:
    ours = alias_file.commands(folder).items()
    where = f"[{alias_file.SECTION}] in {path}"
    if ours <= _sections(path).get(alias_file.SECTION, {}).items():
        return Finding(f"{where} leads to the plugin")
    return Finding(f"{where} does not lead to {folder}", places.setup())


def _clis(config: str, folder: str, *, is_on: bool) -> Generator[Finding, None, Sequence[Aws]]:
    """Yield what is to say about each AWS CLI; return those that run our commands."""
    found = clis.on_path()
    with ThreadPoolExecutor() as at_once:
        tried = at_once.map(lambda aws: is_on and aws.trial(folder), found)
        examined = list(at_once.map(Aws.examined, found))
        trials = list(tried)
    found = [aws for aws, _ in examined]
    working = []
    for (aws, fails), why in zip(examined, trials, strict=True):
        if not aws.is_v2:
            yield Finding(f"{aws} is no v2: it goes on as before, and has none of our commands")
        elif fails:
            yield Finding(f"{aws} does not work with {config}: {fails}", _mend(config, fails))
        elif why:
            yield Finding(f"{aws} does not run our commands: {why}", places.setup())
        elif is_on:
            working.append(aws)
            yield Finding(f"{aws} runs aws sso refresh-legacy")
    v2 = next((aws for aws in found if aws.is_v2), None)
    if not v2:
        yield Finding("there is no AWS CLI v2 on PATH", f"get it from {clis.GET_THE_CLI}")
    elif v2 != found[0]:
        first = f"put {os.path.dirname(v2.path)} first on PATH"
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
    with_plugin = places.with_plugin(folder, os.environ)
    answer = aws.ask(with_plugin, "sso", "list-legacy", "--output", "json")
    document = re.search(r"\{.*\}", answer.output, re.DOTALL)
    if answer.status or not document:
        yield Finding(f"aws sso list-legacy does not work: {answer.reason}", "do what it says")
        return
    refresh = "aws sso refresh-legacy --all --login"
    for legacy in json.loads(document[0])["LegacyProfiles"]:
        name = f"{legacy['Profile']} (from {legacy['SourceProfile']})"
        left = legacy["SecondsRemaining"]
        if legacy["State"] == "expired":
            yield Finding(f"{name} expired at {legacy['Expiration']}", refresh)
        else:
            until = f", {left // 60} minutes left" if left is not None else ""
            yield Finding(f"{name} is {legacy['State']}{until}")
        for warning in legacy["Warnings"]:
            if "read by others" not in warning:  # said of the file
                mend = refresh if "refresh" in warning else remove_command(legacy["Profile"])
                yield Finding(f"{name}: {warning}", mend)
