"""`setup` and `uninstall`: the plugin on, and off again without a trace.

In an order in which nothing is broken in between: files first, then the lines that name them, and
back the other way. What was changed is recorded, so that it can be put back byte for byte.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ..configuration import Configuration
from ..errors import CredentialsFileError, LegacySsoError
from ..file import credentials_file
from ..file.document import Document
from ..jobs.remove import Conditions, remove_legacy
from . import package_copy
from .plugin_lines import (
    PATH_KEY,
    SECTION,
    has_package,
    hooked,
    moved,
    plugin_keys,
    turned_off,
    turned_on,
    unhooked,
)
from .reversible import Change, Edit, Record, remove_if_empty, undone
from .surroundings import (
    PACKAGE,
    PROGRAM,
    SHELLS,
    Aws,
    Shell,
    config_file,
    credentials_files,
    find_aws,
    plugin_folder,
    program,
    shells,
)

GET_THE_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"


class SetupError(LegacySsoError):
    """Why nothing was set up, or not everything taken back."""


def setup(names: Sequence[str] | None, *, hook: bool, force: bool, dry_run: bool) -> None:
    """Turn the plugin on for every AWS CLI that reads the config file.

    Args:
        names: the shells to hook; without any, those the person has a use for.
        hook: whether to hook shells at all.
        force: go on where an AWS CLI will stop working.
        dry_run: find out and print, and change nothing.

    Raises:
        LegacySsoError: why not. What a first run had changed by then is taken back.
    """
    config, folder = config_file(), plugin_folder()
    _check_place(folder)
    theirs = shells(names)
    hooked_shells = theirs if hook else []
    edits = [Edit(config, partial(turned_on, folder=folder))]
    for shell in hooked_shells:
        script = os.path.join(folder, PACKAGE, shell.hook)
        edits.append(Edit(shell.rc, partial(hooked, script=script)))
    clis = _check_clis(edits[0], folder, theirs, force=force)
    if dry_run:
        _print_plan(edits, folder)
        return
    record = Record.load(folder)
    is_first = not record.made and not has_package(folder)  # one may have been put there by hand
    record.config, record.shells = config, [shell.name for shell in hooked_shells]
    try:
        _install(edits, record)
        _prove(clis, config)
    except (LegacySsoError, OSError, KeyboardInterrupt):
        if is_first:
            _take_back(record, _undo(record))
        raise
    if hook and not theirs:
        again = f"{program()} setup --shell bash"
        print(f"no hook, as neither bash nor zsh seems to be yours; to have one: {again}")
    if hooked_shells:
        print("start a new shell, then sign in with: aws sso login")
    print(f"undo all of this with: {program()} uninstall")


def uninstall(*, remove_legacy_profiles: bool, dry_run: bool) -> None:
    """Take back what `setup` added; no AWS CLI is needed for it.

    Raises:
        LegacySsoError: a file could not be put back; the plugin itself stays until it can be.
    """
    folder = plugin_folder()
    record = Record.load(folder)
    edits = _undo(record)
    if dry_run:
        _print_diffs(edits)
        if os.path.isdir(folder):
            print(f"would remove {folder}")
        return
    credentials = credentials_files(_config_if_readable())
    if not _take_back(record, edits):
        print("there is nothing to take back")
    elif record.shells != []:
        print("shells that are open keep the hook; in each of them: __aws_legacy_sso_off")
    if remove_legacy_profiles:
        _remove_legacy_profiles(credentials)
    for path in credentials:
        for lock in credentials_file.lock_path(path), credentials_file.watch_lock_path(path):
            with contextlib.suppress(OSError):
                os.unlink(lock)


def how_to_mend(aws: Aws, why: str, config: Document) -> str | None:
    """Return what to do about an AWS CLI whose trial ended so; ``None``: that is not known."""
    if aws.in_container:
        return "give the container a folder of its own: see Containers in the README"
    if aws.in_shell:
        return f"take {aws.name} out of its rc file"
    if not aws.is_v2:
        return _how_to_remove(aws)
    for key, module in config.own(SECTION).items():
        if key not in (PATH_KEY, *plugin_keys(config)) and f"'{module}'" in why:
            return f"edit {config_file()}, take out this line of [{SECTION}]: {key} = {module}"
    return None


def _how_to_remove(aws: Aws) -> str:
    with contextlib.suppress(OSError), open(aws.command[0], "rb") as file:
        interpreter = file.readline().removeprefix(b"#!").decode(errors="replace").strip()
        if "python" in os.path.basename(interpreter):
            return f"{interpreter} -m pip uninstall awscli"
    return f"remove {aws.name} in the way it was installed"


def _check_place(folder: str) -> None:
    """Refuse a place that cannot be named in the config, and somebody else's home."""
    home = os.path.expanduser("~")
    if os.pathsep in folder or not folder.isprintable() or folder != folder.strip():
        raise SetupError(
            f"the AWS CLI cannot find plugins in {folder!r}: its name has a colon, a line break or "
            "a blank at its end; set XDG_DATA_HOME to a folder without"
        )
    if os.path.exists(home) and os.stat(home).st_uid != os.geteuid():
        raise SetupError(f"{home} belongs to another user; run this as that user, without sudo")


def _check_clis(
    turn_on: Edit, folder: str, theirs: Sequence[Shell], *, force: bool
) -> Sequence[Aws]:
    """Return the CLIs that can run the plugin, each tried; refuse to break any other."""
    old = turn_on.text()
    credentials_file.read(turn_on.path)  # what botocore refuses is not ours to edit
    new = turn_on.new_text(old)
    found = find_aws(theirs)
    if not any(aws.is_v2 for aws in found):
        raise SetupError(f"there is no AWS CLI v2 on PATH; get it from {GET_THE_CLI}")
    trials = zip(found, _trials(found, new, folder), strict=True)
    broken = {aws: _complaint(aws, why, new) for aws, why in trials if why}
    # What fails already is not broken by us; `doctor` names it.
    breaking = [
        complaint
        for aws, complaint in broken.items()
        if new != old and (aws.in_container or not aws.ask(turn_on.path, "--version").status)
    ]
    if breaking and not force:
        anyway = f"go on and break it with: {program()} setup --force"
        raise SetupError("\n".join(f"{complaint}; or {anyway}" for complaint in breaking))
    for complaint in broken.values():
        _warn(complaint)
    return [aws for aws in found if aws.runs_plugin and aws not in broken]


def _complaint(aws: Aws, why: str, config: str) -> str:
    what = "cannot work" if aws.is_v2 else "is no v2, and not one of its commands will work"
    mend = how_to_mend(aws, why, Document(config))
    return f"{aws} {what} with the plugin in {config_file()}: {why}{f'; {mend}' if mend else ''}"


def _trials(found: Sequence[Aws], config: str, folder: str) -> list[str | None]:
    """Try each AWS CLI on a copy of the config, with a copy of the plugin."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor() as at_once:
        package_copy.copy_package(os.path.join(scratch, PACKAGE))
        copy = os.path.join(scratch, "config")
        with open(copy, "w", encoding="utf-8", newline="") as file:
            file.write(moved(config, folder, scratch))
        said = at_once.map(lambda aws: aws.trial(copy), found)
        return [why and why.replace(scratch, folder) for why in said]


def _install(edits: Iterable[Edit], record: Record) -> None:
    record.note_missing(record.folder)
    os.makedirs(record.folder, exist_ok=True)
    record.save()
    changed = package_copy.renew(record.folder)
    print(f"{'copied' if changed else 'up to date'}: the plugin in {record.folder}")
    for edit in edits:
        record.add(edit)
        print(f"{'changed' if _write(edit) else 'up to date'}: {edit.path}")


def _prove(clis: Sequence[Aws], config: str) -> None:
    with ThreadPoolExecutor() as at_once:
        for aws, why in zip(clis, at_once.map(lambda aws: aws.trial(config), clis), strict=True):
            if why:
                raise SetupError(f"{aws} does not answer: {why}; see: {program()} doctor")
            print(f"works: aws sso refresh-legacy, in {aws}")


def _undo(record: Record) -> list[Edit]:
    """Return the edits that take everything back, config first; no record is needed for it."""
    earlier = [
        path
        for path, made in record.made.items()
        if any(PATH_KEY in line for change in made for line in change.added)
    ]
    configs = dict.fromkeys(filter(None, (config_file(), record.config, *earlier)))
    rcs = dict.fromkeys([*record.made, *(shell.rc for shell in shells(SHELLS))])
    off = partial(turned_off, folder=record.folder)
    return [
        Edit(path, partial(_put_back, record.made.get(path, ()), rest))
        for paths, rest in ((configs, off), (rcs, unhooked))
        for path in paths
        if rest is off or path not in configs
    ]


def _put_back(made: Iterable[Change], rest: Callable[[str], str], text: str) -> str:
    """Undo what was recorded, then whatever else of ours is in there."""
    return rest(undone(text, made))


def _take_back(record: Record, edits: Iterable[Edit]) -> bool:
    """Undo, lines first and files last; tell whether there was anything."""
    anything = False
    for edit in edits:
        if _write(edit):
            anything = True
            print(f"put back: {edit.path}")
    if package_copy.remove(record.folder):
        anything = True
        print(f"removed: {record.folder}")
    record.remove()
    for path in sorted([record.folder, *record.created], key=len, reverse=True):
        remove_if_empty(path)
    return anything


def _write(edit: Edit) -> bool:
    changed = edit.write()
    for warning in edit.warnings:
        _warn(warning)
    return changed


def _remove_legacy_profiles(paths: Sequence[str]) -> None:
    removal = remove_legacy(Configuration({}), paths, Conditions(all=True))
    for row in removal.rows:
        print(f"{row.name} removed in {row.path}")
    if not (removal.rows or removal.errors):
        print("No legacy profile to remove.")
    for warning in removal.warnings:
        _warn(warning)
    for path in {row.path for row in removal.rows}:
        remove_if_empty(path)
    if removal.errors:
        raise removal.errors[0]


def _print_plan(edits: Sequence[Edit], folder: str) -> None:
    if not package_copy.is_current(folder):
        print(f"would copy the plugin to {folder}")
    _print_diffs(edits)


def _print_diffs(edits: Iterable[Edit]) -> None:
    for edit in edits:
        for line in edit.diff():
            print(line)


def _config_if_readable() -> Document:
    try:
        return credentials_file.read(config_file())
    except CredentialsFileError:  # all the more reason to uninstall
        return Document("")


def _warn(text: str) -> None:
    print(f"{PROGRAM}: warning: {text}", file=sys.stderr)
