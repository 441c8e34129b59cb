"""The lines that `setup` puts into other people's files, and how they come out again.

Pure: text in, text out, apart from a look at which folders are there.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from ..errors import LegacySsoError
from ..file.credentials_file import expand
from ..file.document import Document
from .surroundings import PACKAGE, PROGRAM

SECTION = "plugins"
PATH_KEY = "cli_legacy_plugin_path"
PLUGIN_KEY = "legacy_sso"
_MARK = f"# {PROGRAM}"


def path_list(config: Document) -> list[str]:
    """Return the folders the CLI looks for plugins in, as they are written.

    Raises:
        LegacySsoError: the value goes over several lines, which the CLI cannot read.
    """
    value = config.own(SECTION).get(PATH_KEY, "")
    if "\n" in value:
        raise LegacySsoError(f"{PATH_KEY} goes over several lines; write it on one, with colons")
    return value.split(os.pathsep) if value else []


def plugin_keys(config: Document) -> list[str]:
    """Return the keys that name our package, also where its name is in quotes or has dashes."""
    return [
        key
        for key, value in config.own(SECTION).items()
        if key != PATH_KEY and value.strip("\"'").replace("-", "_") == PACKAGE
    ]


def means(entry: str, folder: str) -> bool:
    """Tell whether an entry is meant to be our folder, written as it is or as a shell would."""
    meant = os.path.normpath(expand(entry.strip("\"' ")))
    is_gone = os.path.basename(meant) == PROGRAM and not os.path.isdir(meant)
    return meant == folder or is_gone


def has_package(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, PACKAGE, "__init__.py"))


def turned_on(text: str, folder: str) -> str:
    """Return a config file's text with the plugin on; other plugins and their paths stay."""
    config = Document(text)
    entries = path_list(config)
    keys = plugin_keys(config) or [PLUGIN_KEY]
    values = {
        PATH_KEY: os.pathsep.join(with_folder(entries, folder)),
        **dict.fromkeys(keys, PACKAGE),
    }
    own = config.own(SECTION)
    due = {key: value for key, value in values.items() if own.get(key) != value}
    if due:
        config.set(SECTION, due)
    return config.render()


def with_folder(entries: Sequence[str], folder: str) -> list[str]:
    """Return the list of folders with ours in it once, where it will be the one in use."""
    kept = [entry for entry in entries if not means(entry, folder)]
    places = [at for at, entry in enumerate(entries) if means(entry, folder)]
    copies = [at for at, entry in enumerate(kept) if has_package(entry)]
    # Last, unless it has a place already or another copy of the package would win.
    at = min([*places[:1], *copies[:1], len(kept)])
    return [*kept[:at], folder, *kept[at:]]


def turned_off(text: str, folder: str) -> str:
    """Return a config file's text without our folder, and without a key that would find nothing."""
    if PROGRAM not in text and PACKAGE not in text:
        return text  # which may even be one that no AWS tool can read
    config = Document(text)
    entries = path_list(config)
    kept = [entry for entry in entries if not means(entry, folder)]
    drop = [] if any(map(has_package, kept)) else plugin_keys(config)
    values = {}
    if kept != entries and kept:
        values = {PATH_KEY: os.pathsep.join(kept)}
    elif kept != entries:
        drop.append(PATH_KEY)
    if not (values or drop):
        return text
    if set(config.own(SECTION)) == set(drop):
        config.remove(SECTION)
    else:
        config.set(SECTION, values, drop)
    return config.render()


def moved(text: str, folder: str, to: str) -> str:
    """Return a config file's text that finds the plugin in another folder."""
    config = Document(text)
    entries = [to if entry == folder else entry for entry in path_list(config)]
    config.set(SECTION, {PATH_KEY: os.pathsep.join(entries)})
    return config.render()


def hooked(text: str, script: str) -> str:
    """Return an rc file's text with one line that sources the hook, silent where it is gone."""
    line = f"if [ -r {shlex.quote(script)} ]; then source {shlex.quote(script)}; fi  {_MARK}\n"
    lines = text.splitlines(keepends=True)
    places = [at for at, there in enumerate(lines) if _is_hook(there)]
    if places:
        lines[places[0]] = line
        return "".join(there for at, there in enumerate(lines) if at not in places[1:])
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines, line])


def unhooked(text: str) -> str:
    """Return an rc file's text without our lines."""
    return "".join(line for line in text.splitlines(keepends=True) if not _is_hook(line))


def has_hook_line(text: str) -> bool:
    return any(map(_is_hook, text.splitlines()))


def _is_hook(line: str) -> bool:
    return line.rstrip().endswith(_MARK)
