"""The copy of this package that the AWS CLI imports, what it depends on, and the config beside it.

Each is a link into a release, so that a new one takes its place at one stroke. What is put there by
hand, by ``pip install --target`` maybe, is never deleted.
"""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from .. import __version__
from ..errors import LegacySsoError
from .edits import read
from .marks import Mark, remove_if_empty
from .places import PACKAGE, own_config

DEPENDENCY = "configupdater"
_CONFIG = f"""\
{{mark}}
# This turns the plugin on for one `aws`, which then goes on with your own config.
[plugins]
cli_legacy_plugin_path = {{folder}}
legacy_sso = {PACKAGE}.cli.own_config
"""


def is_there(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, PACKAGE, "__init__.py"))


def trouble(folder: str) -> str:
    """Return what is wrong with the plugin in this folder; empty: it is what we would put there."""
    config, wanted = read(own_config(folder)), _wanted()
    if not is_there(folder):
        return f"the plugin is not in {folder}"
    if config != _CONFIG.format(folder=folder, mark=Mark.in_text(config)):
        return f"{own_config(folder)}, which turns the plugin on, is gone"
    there: dict[str, bytes] = {}
    for top in {file.split(os.sep)[0] for file in wanted}:
        there |= _files(os.path.join(folder, top), top)
    if there != wanted:
        return f"the plugin in {folder} is of another version than {__version__} here"
    return ""


def renew(folder: str, folders_made: int = 0) -> bool:
    """Put all of it into the folder, which is made for it; tell whether anything was to be done.

    An earlier `setup` may have made a number of folders for it, this one included.
    """
    if not trouble(folder):
        return False
    config = own_config(folder)
    mark = Mark(made=folders_made + 1) if folders_made else Mark.of_new(config)
    mark = Mark.in_text(read(config)) or mark
    os.makedirs(folder, exist_ok=True)
    _put(folder)
    unfinished = Path(f"{config}.new")
    unfinished.write_text(_CONFIG.format(folder=folder, mark=mark), encoding="utf-8")
    unfinished.replace(config)
    return True


def remove(folder: str) -> bool:
    """Remove what :func:`renew` put there and what Python cached in it; tell if it was there."""
    config = own_config(folder)
    mark = Mark.in_text(read(config))  # or it is a person's own
    there = [config] * bool(mark) + _links(folder)
    for path in (*there, f"{config}.new"):
        Path(path).unlink(missing_ok=True)
    _remove_releases(folder)
    remove_if_empty(folder)
    (mark or Mark()).remove_made(config)
    return bool(there)


def _put(folder: str) -> None:
    release = Path(tempfile.mkdtemp(prefix="release-", dir=folder))
    for file, content in _wanted().items():
        (release / file).parent.mkdir(parents=True, exist_ok=True)
        (release / file).write_bytes(content)
    for name in sorted(os.listdir(release), key=PACKAGE.__eq__):  # the package goes last
        path = Path(folder, name)
        if path.exists() and not path.is_symlink():
            aside = path.rename(Path(tempfile.mkdtemp(prefix="by-hand-", dir=folder), name))
            print(f"moved aside, as it was put there by hand: {aside}")
        new = Path(f"{path}.new")
        new.unlink(missing_ok=True)  # of a run that was killed
        new.symlink_to(os.path.join(release.name, name))
        new.replace(path)
    _remove_releases(folder, but=release)


def _links(folder: str) -> list[str]:
    links = filter(Path.is_symlink, Path(folder).glob("*"))
    return [str(link) for link in links if os.readlink(link).startswith("release-")]


def _remove_releases(folder: str, but: Path | None = None) -> None:
    for release in Path(folder).glob("release-*"):
        if release != but:
            # An `aws` that runs may be caching in there: what is left goes with the next release.
            shutil.rmtree(release, ignore_errors=True)
    for link in _links(folder):
        if not os.path.exists(link):  # a dependency of another version
            os.unlink(link)


def _wanted() -> dict[str, bytes]:
    """Return the contents of the files to copy by their path in the folder."""
    here = Path(__file__).parents[1]
    found = _files(here, PACKAGE)
    if not (here / "shell").is_dir():  # in a checkout it is beside the package
        found |= _files(here.parent / "shell", os.path.join(PACKAGE, "shell"))
    try:
        files = importlib.metadata.files(DEPENDENCY)
    except importlib.metadata.PackageNotFoundError:
        install = f"{shlex.quote(sys.executable)} -m pip install {DEPENDENCY}"
        why = f"the package {DEPENDENCY} is missing here; install it: {install}"
        raise LegacySsoError(why) from None
    for file in files or ():
        top = file.parts[0]
        if file.suffix != ".pyc" and (top == DEPENDENCY or top.endswith(".dist-info")):
            found[str(file)] = file.read_binary()
    return found


def _files(top: str | Path, name: str) -> dict[str, bytes]:
    """Return the files below a folder by their path under a name, without what Python cached."""
    return {
        os.path.join(name, path.relative_to(top)): path.read_bytes()
        for path in Path(top).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
