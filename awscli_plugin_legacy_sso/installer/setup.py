"""`setup` and `uninstall`: the plugin on, and off again without a trace.

In an order in which nothing is broken in between: files first, then the lines that name them, and
back the other way. Nothing is recorded: each line says by itself how it comes out again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ..configuration import Configuration
from ..errors import LegacySsoError
from ..file import credentials_file
from ..jobs.offline import Conditions, list_legacy, remove_legacy
from ..private_folders import check_folder
from . import alias_file, classic_lines, clis, package_copy, places
from .edits import Edit, read, warn
from .hook_findings import hook_finding
from .hook_line import hooked, sourced, unhooked
from .marks import Mark, remove_if_empty
from .shells import SHELLS, Shell, in_fish, shells

_NO_CLI = f"there is no AWS CLI v2 on PATH; get it from {clis.GET_THE_CLI}"


class SetupError(LegacySsoError):
    """Why nothing was set up, or not everything taken back."""


def setup(names: Sequence[str] | None, *, hook: bool, dry_run: bool) -> None:
    """Turn the plugin on, and hook shells: those of these names, else those the person uses.

    Raises:
        LegacySsoError, OSError: why not. What a first run had changed by then is taken back.
    """
    check_folder(os.path.expanduser("~"))
    if not clis.on_path():
        raise SetupError(_NO_CLI)
    theirs = shells(names) if hook else []
    folder, *former = _installed_folders()
    earlier = [classic_lines.Record(each) for each in (folder, *former)]
    if dry_run:
        if package_copy.trouble(folder):
            print(f"would copy the plugin to {folder}")
        _print_diffs(_edits(folder, earlier, theirs))
        return
    for edit in _edits(folder, earlier, theirs):  # what cannot be changed is found before anything
        edit.check()
    is_first = not package_copy.is_there(folder)
    try:
        changed = package_copy.renew(folder, earlier[0].folders_made())
        print(f"{'copied' if changed else 'up to date'}: the plugin in {folder}")
        for edit in _edits(folder, earlier, theirs):
            print(f"{'changed' if edit.write() else 'up to date'}: {edit.path}")
        for record in earlier:
            record.forget()
        _prove(folder)
        _remove(former, but=_named(former))
    except (LegacySsoError, OSError, KeyboardInterrupt):
        if is_first:
            _take_back(_undo())
            _remove([folder])
        raise
    if hook:
        _say_what_shells_do(theirs, folder)
    print(f"undo all of this with: {places.program()} uninstall")


def uninstall(*, remove_legacy_profiles: bool, dry_run: bool) -> None:
    """Take back what `setup` added; no AWS CLI is needed for it.

    Raises:
        LegacySsoError: a file could not be put back, or lines that a person wrote name the
            plugin's folder, which stays until they are gone.
    """
    folders = _installed_folders()
    earlier = [classic_lines.Record(folder) for folder in folders]
    edits = [*(edit for record in earlier for edit in record.edits), *_undo()]
    if dry_run:
        _print_diffs(edits)
        for folder in filter(os.path.isdir, folders):
            print(f"would remove {folder}")
        return
    config: alias_file.Sections = {}
    with contextlib.suppress(LegacySsoError):  # broken: all the more reason to uninstall
        config = alias_file.sections(read(places.config_file()))
    credentials = places.credentials_files(config)
    changed = _take_back(edits)
    named = _named(folders, [edit.path for edit in edits])
    if not _remove(folders, but=named) and not changed:
        print("there is nothing to take back")
    elif {*changed} - {places.alias_file()}:
        print("shells that are open keep the hook; in each of them: __aws_legacy_sso_off")
    for record in earlier:
        record.forget()
    _legacy_profiles(credentials, removed=remove_legacy_profiles)
    for path in credentials:
        for lock in credentials_file.lock_path(path), credentials_file.watch_lock_path(path):
            with contextlib.suppress(OSError):
                os.unlink(lock)
    if named:
        raise SetupError("\n".join(named.values()))


def _installed_folders() -> list[str]:
    """Return where the plugin may be: the lines that `setup` wrote say it."""
    hooks = filter(None, (sourced(read(shell.rc)) for shell in shells(SHELLS)))
    named = [*alias_file.folders(read(places.alias_file())), *map(places.folder_of, hooks)]
    return places.different([places.plugin_folder(), *filter(None, named)])


def _edits(
    folder: str, earlier: Iterable[classic_lines.Record], theirs: Iterable[Shell]
) -> Iterator[Edit]:
    """Yield what `setup` changes: each mark is made when the edits before it are done."""
    for record in earlier:
        yield from record.edits
    path = places.alias_file()
    yield Edit(path, partial(alias_file.aliased, folder=folder, mark=Mark.of_new(path)))
    for shell in theirs:
        mark = Mark.of_new(shell.rc)
        yield Edit(shell.rc, partial(hooked, script=shell.hook(folder), mark=mark))


def _prove(folder: str) -> None:
    """Have each AWS CLI v2 answer to our command; one that does is enough."""
    found = clis.on_path()
    with ThreadPoolExecutor() as at_once:
        trials = list(at_once.map(lambda aws: aws.trial(folder), found))
    reasons = []
    for aws, why in zip(found, trials, strict=True):
        if not why:
            print(f"works: aws sso refresh-legacy, in {aws.path}")
        elif (known := aws.examined()[0]).is_v2:  # a v1 goes on as before
            reasons.append(f"{known} does not answer: {why}")
    if None not in trials:
        raise SetupError("\n".join(reasons) or _NO_CLI)
    for reason in reasons:
        warn(reason)


def _say_what_shells_do(theirs: Sequence[Shell], folder: str) -> None:
    findings = [hook_finding(shell, shell.hook(folder), places.setup()) for shell in theirs]
    for finding in findings:
        if finding.mend:
            warn(f"{finding.what}; {finding.mend}")
    if fish := in_fish():
        print(fish)
    elif not theirs:
        again = f"{places.setup()} --shell bash"
        print(f"no hook, as neither bash nor zsh seems to be yours; to have one: {again}")
    if not all(finding.mend for finding in findings):
        print("start a new shell, then sign in with: aws sso login")


def _undo() -> list[Edit]:
    """Return the edits that take our lines out, wherever they may be."""
    rcs = places.different(shell.rc for shell in shells(SHELLS))
    hooks = [Edit(path, unhooked) for path in rcs]
    return [*hooks, Edit(places.alias_file(), alias_file.unaliased)]


def _take_back(edits: Iterable[Edit]) -> list[str]:
    """Take our lines out; return the files that had some."""
    changed = []
    for edit in edits:
        mark = Mark.in_text(read(edit.path)) or Mark()
        if edit.write():
            changed.append(edit.path)
            print(f"put back: {edit.path}")
        mark.remove_made(edit.path)
    return changed


def _remove(folders: Iterable[str], but: Container[str] = ()) -> bool:
    removed = [folder for folder in folders if folder not in but and package_copy.remove(folder)]
    for folder in removed:
        print(f"removed: {folder}")
    return bool(removed)


def _named(folders: Iterable[str], configs: Iterable[str] = ()) -> dict[str, str]:
    """Return the folders that a config has the AWS CLI look into, and what to say of each."""
    paths = places.different([places.config_file(), os.path.expanduser("~/.aws/config"), *configs])
    said: dict[str, str] = {}
    for folder in filter(package_copy.is_there, folders):
        for path in paths:
            text = read(path)
            if classic_lines.names(text, folder):
                lines = "; ".join(classic_lines.lines_for(text))
                again = f"{places.program()} uninstall"
                why = f"{folder} stays, as {path} names it: delete there: {lines}; then: {again}"
                said[folder] = "\n".join(filter(None, [said.get(folder), why]))
    return said


def _legacy_profiles(paths: Sequence[str], *, removed: bool) -> None:
    """Remove them all, or say how many stay that still let somebody in."""
    if not removed:
        listed = list_legacy(Configuration({}), paths).rows
        count = sum(row.status in ("valid", "unknown") for row in listed)
        if count:
            stay, them = ("s stay", "them") if count > 1 else (" stays", "it")
            again = f"{places.program()} uninstall --remove-legacy-profiles"
            print(f"{count} legacy profile{stay} with working keys; to remove {them}: {again}")
        return
    removal = remove_legacy(Configuration({}), paths, Conditions(all=True))
    for row in removal.rows:
        print(f"{row.name} removed in {row.path}")
        remove_if_empty(row.path)
    if not (removal.rows or removal.errors):
        print("No legacy profile to remove.")
    for warning in removal.warnings:
        warn(warning)
    if removal.errors:
        raise removal.errors[0]


def _print_diffs(edits: Iterable[Edit]) -> None:
    for edit in edits:
        for line in edit.diff():
            print(line)
