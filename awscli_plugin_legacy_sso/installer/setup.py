"""`setup` and `uninstall`: the plugin on, and off again without a trace.

In an order in which nothing is broken in between: files first, then the lines that name them, and
back the other way. Nothing is recorded: each line says by itself how it comes out again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ..configuration import Configuration
from ..errors import LegacySsoError
from ..file import credentials_file
from ..jobs.remove import Conditions, remove_legacy
from . import alias_file, classic_lines, clis, package_copy, places
from .edits import Edit, warn
from .hook_line import hooked, sourced, unhooked
from .marks import Mark, remove_if_empty
from .shells import SHELLS, Shell, shells

_NO_CLI = f"there is no AWS CLI v2 on PATH; get it from {clis.GET_THE_CLI}"


class SetupError(LegacySsoError):
    """Why nothing was set up, or not everything taken back."""


def setup(names: Sequence[str] | None, *, hook: bool, dry_run: bool) -> None:
    """Turn the plugin on; the config file that others share stays as it is.

    Args:
        names: the shells to hook; without any, those the person has a use for.
        hook: whether to hook shells at all.
        dry_run: find out and print, and change nothing.

    Raises:
        LegacySsoError: why not. What a first run had changed by then is taken back.
    """
    _check_place(places.plugin_folder())
    if not clis.on_path():
        raise SetupError(_NO_CLI)
    theirs = shells(names)
    folder, *former = installed_folders()
    earlier = [classic_lines.Record.load(each) for each in (folder, *former)]
    edits = [edit for record in earlier for edit in record.edits()]
    edits += _edits(folder, theirs if hook else [])
    for edit in edits:  # what cannot be changed is found before anything is
        edit.new_text(edit.text())
    if dry_run:
        if not package_copy.is_current(folder):
            print(f"would copy the plugin to {folder}")
        _print_diffs(edits)
        return
    is_first = not package_copy.is_there(folder)
    try:
        _install(folder, earlier, theirs if hook else [])
        _prove(folder)
        _remove(former, but=_names_the_plugin([], former))
    except (LegacySsoError, OSError, KeyboardInterrupt):
        if is_first:
            _take_back(_undo(), [folder])
        raise
    if hook and not theirs:
        again = f"{places.program()} setup --shell bash"
        print(f"no hook, as neither bash nor zsh seems to be yours; to have one: {again}")
    if hook and theirs:
        print("start a new shell, then sign in with: aws sso login")
    print(f"undo all of this with: {places.program()} uninstall")


def uninstall(*, remove_legacy_profiles: bool, dry_run: bool) -> None:
    """Take back what `setup` added; no AWS CLI is needed for it.

    Raises:
        LegacySsoError: a file could not be put back, or a config names the plugin's folder, by
            lines that a person wrote; the plugin itself stays until that has been mended.
    """
    folders = installed_folders()
    edits = _undo()
    earlier = [classic_lines.Record.load(folder) for folder in folders]
    if dry_run:
        _print_diffs([*(edit for record in earlier for edit in record.edits()), *edits])
        for folder in filter(os.path.isdir, folders):
            print(f"would remove {folder}")
        return
    credentials = places.credentials_files(_config())
    anything = sum(map(_take_back_earlier, earlier)) > 0
    had_hooks = any(sourced(Edit(shell.rc, str).text()) for shell in shells(SHELLS))
    configs = [path for record in earlier for path in record.made]
    named = _names_the_plugin(configs, folders)
    if not _take_back(edits, folders, but=named) | anything:
        print("there is nothing to take back")
    elif had_hooks:
        print("shells that are open keep the hook; in each of them: __aws_legacy_sso_off")
    for record in earlier:
        record.remove_created()
    if remove_legacy_profiles:
        _remove_legacy_profiles(credentials)
    for path in credentials:
        for lock in credentials_file.lock_path(path), credentials_file.watch_lock_path(path):
            with contextlib.suppress(OSError):
                os.unlink(lock)
    if named:
        raise SetupError("\n".join(line for lines in named.values() for line in lines))


def installed_folders() -> list[str]:
    """Return where the plugin may be: the lines that `setup` wrote say it."""
    named = alias_file.folders(Edit(places.alias_file(), str).text())
    for shell in shells(SHELLS):
        hook = sourced(Edit(shell.rc, str).text())
        if hook and hook.endswith(ours := shell.hook("")):
            named.append(hook.removesuffix(f"/{ours}"))
    return places.different([places.plugin_folder(), *named])


def _check_place(folder: str) -> None:
    """Refuse a place that cannot be named in a config, and somebody else's home."""
    home = os.path.expanduser("~")
    if os.pathsep in folder or not folder.isprintable() or folder != folder.strip():
        raise SetupError(
            f"the AWS CLI cannot find plugins in {folder!r}: its name has a colon, a line break or "
            "a blank at its end; set XDG_DATA_HOME to a folder without"
        )
    if os.path.exists(home) and os.stat(home).st_uid != os.geteuid():
        raise SetupError(f"{home} belongs to another user; run this as that user, without sudo")


def _edits(folder: str, hooked_shells: Iterable[Shell]) -> list[Edit]:
    path = places.alias_file()
    edits = [Edit(path, partial(alias_file.aliased, folder=folder, mark=Mark.of_new(path)))]
    for shell in hooked_shells:
        mark = Mark.of_new(shell.rc)
        edits.append(Edit(shell.rc, partial(hooked, script=shell.hook(folder), mark=mark)))
    return edits


def _install(
    folder: str, earlier: Sequence[classic_lines.Record], hooked_shells: Iterable[Shell]
) -> None:
    changed = package_copy.renew(folder, earlier[0].folders_made())
    print(f"{'copied' if changed else 'up to date'}: the plugin in {folder}")
    for record in earlier:
        _take_back_earlier(record)
    for edit in _edits(folder, hooked_shells):  # asked now: what is not there may be another
        print(f"{'changed' if edit.write() else 'up to date'}: {edit.path}")


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


def _undo() -> list[Edit]:
    """Return the edits that take our lines out, wherever they may be."""
    rcs = places.different(shell.rc for shell in shells(SHELLS))
    hooks = [Edit(path, unhooked) for path in rcs]
    return [*hooks, Edit(places.alias_file(), alias_file.unaliased)]


def _take_back(edits: Iterable[Edit], folders: Iterable[str], but: Container[str] = ()) -> bool:
    """Undo, lines first and files last; tell whether there was anything."""
    anything = False
    for edit in edits:
        mark = Mark.in_text(edit.text()) or Mark()
        if edit.write():
            anything = True
            print(f"put back: {edit.path}")
        mark.remove_new(edit.path)
    return _remove(folders, but) or anything


def _remove(folders: Iterable[str], but: Container[str]) -> bool:
    removed = [folder for folder in folders if folder not in but and package_copy.remove(folder)]
    for folder in removed:
        print(f"removed: {folder}")
    return bool(removed)


def _take_back_earlier(record: classic_lines.Record) -> bool:
    """Undo what an earlier `setup` recorded; tell whether there was anything."""
    changed = [edit for edit in record.edits() if edit.write()]
    for edit in changed:
        print(f"put back, as it was before an earlier setup: {edit.path}")
    record.remove()
    record.remove_created()
    return bool(changed)


def _names_the_plugin(configs: Iterable[str], folders: Iterable[str]) -> dict[str, list[str]]:
    """Return the folders that a config has the AWS CLI look into, and what to say of each."""
    paths = places.different([places.config_file(), os.path.expanduser("~/.aws/config"), *configs])
    texts = {path: Edit(path, str).text() for path in paths}
    said: dict[str, list[str]] = {}
    for folder in folders:
        for path, text in texts.items():
            if package_copy.is_there(folder) and classic_lines.names(text, folder):
                lines = "; ".join(classic_lines.lines_for(text))
                again = f"{places.program()} uninstall"
                why = f"{folder} stays, as {path} names it: delete there: {lines}; then: {again}"
                said.setdefault(folder, []).append(why)
    return said


def _remove_legacy_profiles(paths: Sequence[str]) -> None:
    removal = remove_legacy(Configuration({}), paths, Conditions(all=True))
    for row in removal.rows:
        print(f"{row.name} removed in {row.path}")
    if not (removal.rows or removal.errors):
        print("No legacy profile to remove.")
    for warning in removal.warnings:
        warn(warning)
    for path in {row.path for row in removal.rows}:
        remove_if_empty(path)
    if removal.errors:
        raise removal.errors[0]


def _print_diffs(edits: Iterable[Edit]) -> None:
    for edit in edits:
        for line in edit.diff():
            print(line)


def _config() -> alias_file.Sections:
    try:
        return alias_file.sections(Edit(places.config_file(), str).text())
    except LegacySsoError:  # all the more reason to uninstall
        return {}
