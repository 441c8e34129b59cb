"""`setup` and `uninstall`: turn the plugin on, and off again without a trace.

`setup` puts files in place before the lines that name them, and `uninstall` goes the other way, so
nothing is broken in between. Nothing is recorded: each line's mark says how to undo it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from ..configuration import Configuration
from ..errors import LegacySsoError
from ..file import credentials_file
from ..jobs.list_and_remove import Conditions, list_legacy, remove_legacy
from ..private_folders import check_folder
from . import alias_file, classic_lines, machine, package_copy, places
from .edits import Edit, Mark, read, remove_if_empty, warn
from .hook import hook_finding, hooked, sourced, unhooked
from .machine import SHELLS, Shell, shells

_NO_CLI = f"there is no AWS CLI v2 on PATH; get it from {machine.GET_THE_CLI}"


def setup(names: Sequence[str] | None, *, hook: bool, dry_run: bool) -> None:
    """Turn the plugin on, and hook the shells of these names, or those that the person uses.

    If it fails in the first run, what it changed is undone.
    """
    check_folder(os.path.expanduser("~"))
    if not machine.on_path():
        raise LegacySsoError(_NO_CLI)
    theirs = shells(names) if hook else []
    if len(places.different(shell.rc for shell in theirs)) < len(theirs):
        one = f"{' and '.join(shell.rc for shell in theirs)} are one file"
        raise LegacySsoError(
            f"{one}, and each shell needs a line of its own; leave out the hook with: "
            f"{places.program('setup --no-hook')}"
        )
    folder, *former = _installed_folders()
    earlier = [classic_lines.Record(each) for each in (folder, *former)]
    if dry_run:
        if package_copy.trouble(folder):
            print(f"would copy the plugin to {folder}")
        for edit in _edits(folder, earlier, theirs):
            edit.print_diff()
        return
    for edit in _edits(folder, earlier, theirs):
        edit.texts()  # raises if the file cannot be changed
    _install(folder, former, earlier, theirs)
    if hook:
        _say_what_shells_do(theirs, folder)
    print(f"undo all of this with: {places.program('uninstall')}")


def _install(
    folder: str,
    former: Iterable[str],
    earlier: Sequence[classic_lines.Record],
    theirs: Sequence[Shell],
) -> None:
    is_first = not package_copy.is_there(folder)
    before, after = dict[str, str](), dict[str, str]()  # the text of each file
    try:
        changed = package_copy.renew(folder, earlier[0].folders_made())
        print(f"{'copied' if changed else 'up to date'}: the plugin in {folder}")
        for edit in _edits(folder, earlier, theirs):
            old, after[edit.path] = edit.texts()
            before.setdefault(edit.path, old)
            print(f"{'changed' if edit.write() else 'up to date'}: {edit.path}")
        for record in earlier:
            record.forget()
        _prove(folder)
        if former:  # a line may still name one
            for each in {*former} - {*_named(former)} - {*_installed_folders()}:
                package_copy.remove(each)
    except (LegacySsoError, OSError, KeyboardInterrupt):
        if is_first:
            _undo_all(before, after)
            package_copy.remove(folder)
        raise


def _undo_all(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Take our lines out. If lines of ours for another folder were there before, they come back."""
    if not any(map(Mark.in_text, before.values())):
        _take_back(_undo())
        return
    for path, old in before.items():
        if Edit(path, partial(_former, old, after[path])).write():
            print(f"put back: {path}")
        if not old:
            (Mark.in_text(after[path]) or Mark()).remove_made(path)


def _former(old: str, new: str, now: str) -> str:
    return old if now == new else now  # somebody has changed it meanwhile


def uninstall(*, remove_legacy_profiles: bool, dry_run: bool) -> None:
    """Undo what `setup` did; no AWS CLI is needed for it.

    If lines that a person wrote name the plugin's folder, it stays, and that is an error.
    """
    folders = _installed_folders()
    earlier = [classic_lines.Record(folder) for folder in folders]
    edits = [*(edit for record in earlier for edit in record.edits), *_undo()]
    if dry_run:
        for edit in edits:
            edit.print_diff()
        for folder in filter(os.path.isdir, folders):
            print(f"would remove {folder}")
        return
    config: alias_file.Sections = {}
    with contextlib.suppress(LegacySsoError):  # a config that is broken must not stop us
        config = alias_file.sections(read(places.config_file()))
    credentials = places.credentials_files(config)
    changed = _take_back(edits)
    named = _named(folders, [edit.path for edit in edits])
    removed = [package_copy.remove(folder) for folder in folders if folder not in named]
    if not changed and not any(removed):
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
        raise LegacySsoError("\n".join(why for whys in named.values() for why in whys))


def _installed_folders() -> list[str]:
    """Return where the plugin may be: the usual folder first, then those that our lines name."""
    hooks = filter(None, (sourced(read(shell.rc)) for shell in shells(SHELLS)))
    named = [*alias_file.folders(read(places.alias_file())), *map(places.folder_of, hooks)]
    own = [each for each in filter(None, named) if not places.is_of_another_home(each)]
    return places.different([places.plugin_folder(), *own])


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
    """Run our command in each AWS CLI; refuse unless it works in one."""
    found = machine.examine(folder)
    for aws in found:
        if not aws.fails:
            print(f"works: aws sso refresh-legacy, in {aws.path}")
    reasons = [f"{aws} does not answer: {aws.fails}" for aws in found if aws.fails and aws.is_v2]
    if all(aws.fails for aws in found):
        raise LegacySsoError("\n".join(reasons) or _NO_CLI)
    for reason in reasons:
        warn(reason)


def _say_what_shells_do(theirs: Sequence[Shell], folder: str) -> None:
    again = places.program("setup")
    findings = [hook_finding(shell, shell.hook(folder), again) for shell in theirs]
    for finding in findings:
        if finding.fix:
            warn(f"{finding.what}; {finding.fix}")
    if fish := machine.in_fish():
        print(fish)
    elif not theirs:
        print(f"no hook: you seem to use neither bash nor zsh; to have one: {again} --shell bash")
    if not all(finding.fix for finding in findings):
        print("start a new shell, then sign in with: aws sso login")


def _undo() -> list[Edit]:
    """Return the edits that take our lines out, wherever they may be."""
    rcs = places.different(shell.rc for shell in shells(SHELLS))
    hooks = [Edit(path, unhooked) for path in rcs]
    return [*hooks, Edit(places.alias_file(), alias_file.unaliased)]


def _take_back(edits: Iterable[Edit]) -> list[str]:
    """Make the edits, and remove what their marks say was made; return the changed files."""
    changed = []
    for edit in edits:
        mark = Mark.in_text(read(edit.path)) or Mark()
        if edit.write():
            changed.append(edit.path)
            print(f"put back: {edit.path}")
        mark.remove_made(edit.path)
    return changed


def _named(folders: Iterable[str], configs: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the folders that a config has the AWS CLI look into, and what to say of each."""
    paths = places.different([places.config_file(), os.path.expanduser("~/.aws/config"), *configs])
    again = places.program("uninstall")
    said: dict[str, list[str]] = {}
    for folder in filter(package_copy.is_there, folders):
        for path in paths:
            text = read(path)
            if classic_lines.names(text, folder):
                lines = "; ".join(classic_lines.lines_for(text))
                why = f"{folder} stays, as {path} names it: delete there: {lines}; then: {again}"
                said.setdefault(folder, []).append(why)
    return said


def _legacy_profiles(paths: Sequence[str], *, removed: bool) -> None:
    """Remove the legacy profiles, or say how many stay that still work."""
    if not removed:
        listed = list_legacy(Configuration({}), paths).rows
        count = sum(row.status in ("valid", "unknown") for row in listed)
        if count:
            stay, them = ("s stay", "them") if count > 1 else (" stays", "it")
            again = places.program("uninstall --remove-legacy-profiles")
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
