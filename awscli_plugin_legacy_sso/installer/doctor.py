"""`doctor`: checks each part, and prints what is wrong and how to fix it. Changes nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence

from .. import __version__
from ..errors import LegacySsoError
from ..file import credentials_file
from ..legacy_profile import remove_command
from . import alias_file, classic_lines, machine, package_copy, places
from .edits import read
from .hook import Finding, hook_finding

_FILE = "AWS_SHARED_CREDENTIALS_FILE"
_UPDATE = f"install it again: {machine.GET_THE_CLI}"


def main() -> int:
    """Print all findings; return 0 if all is well, else 1."""
    tick, cross, note = "✓✗·"
    try:
        "✓✗·".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        tick, cross, note = "ok", "!!", "--"
    status = 0
    for finding in examine():
        print(f"{cross if finding.fix else note if finding.is_note else tick} {finding.what}")
        if finding.fix:
            print(f"  fix: {finding.fix}", flush=True)
            status = 1
    return status


def examine() -> Iterator[Finding]:
    """Yield the findings; each part comes after the parts that it needs."""
    config, folder, alias = places.config_file(), places.plugin_folder(), places.alias_file()
    if trouble := _trouble(config, _sections):
        yield trouble
        return
    wrong = package_copy.trouble(folder)
    fine = f"the plugin in {folder} is this version, {__version__}"
    yield Finding(wrong, places.program("setup")) if wrong else Finding(fine)
    if lines := classic_lines.lines_for(read(config)):  # a person wrote them on purpose
        where = f"{config} turns the plugin on for all who read it ({'; '.join(lines)})"
        cost = "an AWS CLI v1, or a container without the plugin, can run no command with it"
        yield Finding(f"{where}: {cost}", is_note=True)
    yield _trouble(alias, _alias_sections) or _aliases(alias, folder)
    found = machine.examine(folder)
    yield from _clis(found, config, is_on=not wrong)
    theirs = machine.shells()
    again = places.program("setup") + "".join(f" --shell {shell.name}" for shell in theirs)
    for shell in () if wrong else theirs:
        yield _trouble(shell.rc, read) or hook_finding(shell, shell.hook(folder), again)
    if fish := machine.in_fish():
        yield Finding(fish, is_note=True)
    if os.environ.get(_FILE) == "":
        yield Finding(f"{_FILE} is set but empty, and our commands refuse that", f"unset {_FILE}")
    paths = places.credentials_files(_sections(config))
    for path in paths:
        trouble = _trouble(path, credentials_file.read, "credentials file")
        yield trouble or _credentials_file(path)
    working = [aws.path for aws in found if aws.is_v2 and not (wrong or aws.broken or aws.fails)]
    if working and any(map(os.path.exists, paths)):
        yield from _legacy_profiles(working[0], folder)


def _trouble(path: str, parse: Callable[[str], object], what: str = "") -> Finding | None:
    """Return why a file cannot be read, by this person or at all."""
    if os.path.exists(path) and not os.access(path, os.R_OK):
        is_ours = os.stat(path).st_uid == os.geteuid()
        fix = "chmod u+r" if is_ours else 'sudo chown "$(id -u)"'
        return Finding(f"{path} may not be read by you", f"{fix} {shlex.quote(path)}")
    try:
        parse(path)
    except LegacySsoError as error:
        return Finding(f"{what or path}: {error}", f"edit {path}")
    return None


def _sections(path: str) -> alias_file.Sections:
    return alias_file.sections(read(path))


def _alias_sections(path: str) -> alias_file.Sections:
    return alias_file.aliases(read(path))


def _aliases(path: str, folder: str) -> Finding:
    ours = alias_file.commands(folder).items()
    where = f"[{alias_file.SECTION}] in {path}"
    if ours <= _alias_sections(path).get(alias_file.SECTION, {}).items():
        return Finding(f"{where} leads to the plugin")
    return Finding(f"{where} does not lead to {folder}", places.program("setup"))


def _clis(found: Sequence[machine.Aws], config: str, *, is_on: bool) -> Iterator[Finding]:
    for aws in found:
        if aws.broken and aws.version:
            why = aws.broken
            yield Finding(f"{aws} does not work with {config}: {why}", _config_fix(config, why))
        elif aws.broken:
            yield Finding(f"{aws.path} does not start: {aws.broken}", _start_fix(aws.broken))
        elif not aws.is_v2:
            yield Finding(f"{aws} is no v2: it goes on as before, and has none of our commands")
        elif is_on and aws.fails:
            why = aws.fails
            fix = _UPDATE if "it needs Python" in why else places.program("setup")
            yield Finding(f"{aws} does not run our commands: {why}", fix)
        elif is_on:
            yield Finding(f"{aws} runs aws sso refresh-legacy")
    v2 = next((aws for aws in found if aws.is_v2), None)
    if not v2 and not any(aws.broken for aws in found):
        yield Finding("there is no AWS CLI v2 on PATH", f"get it from {machine.GET_THE_CLI}")
    elif v2 and v2 != found[0] and not found[0].broken:
        first = f"put {os.path.dirname(v2.path)} first on PATH"
        yield Finding(f"`aws` is {found[0]}, and that is no v2", first)


def _start_fix(why: str) -> str:
    """Return what to do where an `aws` does not start, whatever the config."""
    alias = places.alias_file()
    return f"edit {alias}" if alias in why else _UPDATE


def _config_fix(config: str, why: str) -> str:
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


def _legacy_profiles(aws: str, folder: str) -> Iterator[Finding]:
    environment = places.with_plugin(folder, os.environ)
    answer = machine.ask(aws, environment, "sso", "list-legacy", "--output", "json")
    start = re.search(r'\{\s*"LegacyProfiles"', answer.output)  # other plugins may print above it
    if answer.status or not start:
        yield Finding(f"aws sso list-legacy does not work: {answer.reason}", "do what it says")
        return
    refresh = "aws sso refresh-legacy --all --login"
    document, _ = json.JSONDecoder().raw_decode(answer.output, start.start())
    for legacy in document["LegacyProfiles"]:
        name = f"{legacy['Profile']} (from {legacy['SourceProfile']})"
        left = legacy["SecondsRemaining"]
        if legacy["State"] == "expired":
            yield Finding(f"{name} expired at {legacy['Expiration']}", refresh)
        else:
            until = f", {left // 60} minutes left" if left is not None else ""
            yield Finding(f"{name} is {legacy['State']}{until}")
        for warning in legacy["Warnings"]:
            if "read by others" not in warning:  # that is a finding of the file already
                fix = refresh if "refresh" in warning else remove_command(legacy["Profile"])
                yield Finding(f"{name}: {warning}", fix)
