"""The copy of this package that the AWS CLI imports, what it depends on, and the config beside it.

Each is a link into a release, so that a new one takes its place at one stroke. What is put there by
hand, by ``pip install --target`` maybe, is never deleted.
"""

from __future__ import annotations

import contextlib
import glob
import importlib.metadata
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from ..errors import LegacySsoError
from .marks import missing_parts, remove_if_empty
from .places import PACKAGE, PROGRAM, own_config

DEPENDENCY = "configupdater"
_CONFIG = f"""\
# {PROGRAM}: turns the plugin on for one `aws`, which then goes on with your own config.
# {{made}} folders above this one were made for it.
[plugins]
cli_legacy_plugin_path = {{folder}}
legacy_sso = {PACKAGE}.cli.own_config
"""
_MADE = re.compile(rf"# {PROGRAM}: .*\n# (\d+) folders")


def is_there(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, PACKAGE, "__init__.py"))


def is_current(folder: str) -> bool:
    """Tell whether what is in this folder is what this very package would put there."""
    return has_config(folder) and not _is_stale(folder, _wanted())


def renew(folder: str, folders_made: int = 0) -> bool:
    """Put all of it into the folder: an `aws` that runs never sees half of the package.

    Args:
        folder: it is made if it is not there.
        folders_made: how many above it had been made for it before.
    """
    wanted = _wanted()
    folders_made = max(folders_made, _folders_made(folder) or len([*missing_parts(folder)][1:]))
    os.makedirs(folder, exist_ok=True)
    stale = _is_stale(folder, wanted)
    if not stale and has_config(folder):
        return False
    _remove_unfinished(folder)
    if stale:
        release = tempfile.mkdtemp(prefix="release-", dir=folder)
        for name, path in wanted.items():
            target = os.path.join(release, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(path, target)
        for name in sorted(os.listdir(release), key=lambda name: name == PACKAGE):  # it goes last
            _put(os.path.join(folder, name), os.path.basename(release))
        _remove_releases(folder, but=release)
    unfinished = f"{own_config(folder)}.new"
    Path(unfinished).write_text(_CONFIG.format(folder=folder, made=folders_made), encoding="utf-8")
    os.replace(unfinished, own_config(folder))
    return True


def remove(folder: str) -> bool:
    """Remove what :func:`renew` put there and what Python cached in it; tell if it was there."""
    made = _folders_made(folder)
    there = bool(_links(folder)) or made is not None
    if made is not None:
        os.unlink(own_config(folder))
    _remove_unfinished(folder)
    for link in _links(folder):
        os.unlink(link)
    _remove_releases(folder)
    for _ in range((made or 0) + 1):
        remove_if_empty(folder)
        folder = os.path.dirname(folder)
    return there


def _put(path: str, release: str) -> None:
    name = os.path.basename(path)
    if os.path.exists(path) and not os.path.islink(path):
        aside = tempfile.mkdtemp(prefix="by-hand-", dir=os.path.dirname(path))
        os.rename(path, os.path.join(aside, name))
        print(f"moved aside, as it was put there by hand: {aside}/{name}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}.new")
    os.symlink(os.path.join(release, name), f"{path}.new")
    os.replace(f"{path}.new", path)


def has_config(folder: str) -> bool:
    made = _folders_made(folder)
    try:
        text = Path(own_config(folder)).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text == _CONFIG.format(folder=folder, made=made)


def _folders_made(folder: str) -> int | None:
    """Return what our config there says of them; ``None``: there is none of ours."""
    try:
        found = _MADE.match(Path(own_config(folder)).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(found[1]) if found else None


def _links(folder: str) -> list[str]:
    paths = glob.glob(os.path.join(glob.escape(folder), "*"))
    return [p for p in paths if os.path.islink(p) and os.readlink(p).startswith("release-")]


def _remove_releases(folder: str, but: str = "") -> None:
    for release in glob.glob(os.path.join(glob.escape(folder), "release-*")):
        if release != but:
            # An `aws` that runs may be caching in there: what is left goes with the next release.
            shutil.rmtree(release, ignore_errors=True)
    for link in _links(folder):
        if not os.path.exists(link):  # a dependency of another version
            os.unlink(link)


def _remove_unfinished(folder: str) -> None:
    links = (link for link in _links(folder) if link.endswith(".new"))
    for path in (*links, f"{own_config(folder)}.new"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _is_stale(folder: str, wanted: dict[str, str]) -> bool:
    contents = {name: Path(path).read_bytes() for name, path in wanted.items()}
    tops = {name.split(os.sep)[0] for name in wanted}
    there = {
        os.path.join(top, name): Path(path).read_bytes()
        for top in tops
        for name, path in _files(os.path.join(folder, top)).items()
    }
    return contents != there


def _wanted() -> dict[str, str]:
    """Return the files to copy by their path in the folder."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = _files(here)
    if not os.path.isdir(os.path.join(here, "shell")):  # in a checkout it is beside the package
        hooks = _files(os.path.join(os.path.dirname(here), "shell"))
        found |= {os.path.join("shell", name): path for name, path in hooks.items()}
    return {os.path.join(PACKAGE, name): path for name, path in found.items()} | _dependency()


def _dependency() -> dict[str, str]:
    found: dict[str, str] = {}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution(DEPENDENCY)
        found = {
            str(file): str(distribution.locate_file(file))
            for file in distribution.files or ()
            if (file.parts[0] == DEPENDENCY or file.parts[0].endswith(".dist-info"))
            and file.suffix != ".pyc"
        }
    if not found:
        install = f"{shlex.quote(sys.executable)} -m pip install {DEPENDENCY}"
        raise LegacySsoError(f"the package {DEPENDENCY} is missing here; install it: {install}")
    return found


def _files(top: str) -> dict[str, str]:
    """Return the files below a folder by their path in it, without what Python cached there."""
    return {
        os.path.relpath(path, top): path
        for path in glob.glob(os.path.join(glob.escape(top), "**"), recursive=True)
        if os.path.isfile(path) and not path.endswith(".pyc")
    }
