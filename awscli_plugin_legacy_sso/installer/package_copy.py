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

from ..errors import LegacySsoError
from .edits import read
from .marks import Mark
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


def has_config(folder: str) -> bool:
    text = read(own_config(folder))
    return text == _CONFIG.format(folder=folder, mark=Mark.in_text(text))


def is_current(folder: str) -> bool:
    """Tell whether what is in this folder is what this very package would put there."""
    return has_config(folder) and not _is_stale(folder, _wanted())


def renew(folder: str, folders_made: int = 0) -> bool:
    """Put all of it into the folder: an `aws` that runs never sees half of the package.

    Args:
        folder: it is made if it is not there.
        folders_made: how many had been made for it before, itself included.
    """
    wanted, config = _wanted(), own_config(folder)
    mark = Mark(file=True, folders=folders_made) if folders_made else Mark.of_new(config)
    mark = Mark.in_text(read(config)) or mark
    os.makedirs(folder, exist_ok=True)
    stale = _is_stale(folder, wanted)
    if not stale and has_config(folder):
        return False
    if stale:
        _put(folder, wanted)
    unfinished = Path(f"{config}.new")
    unfinished.write_text(_CONFIG.format(folder=folder, mark=mark), encoding="utf-8")
    unfinished.replace(config)
    return True


def remove(folder: str) -> bool:
    """Remove what :func:`renew` put there and what Python cached in it; tell if it was there."""
    config = own_config(folder)
    mark = Mark.in_text(read(config))
    if mark:
        os.unlink(config)
    links = _links(folder)
    for path in (Path(f"{config}.new"), *links):
        path.unlink(missing_ok=True)
    _remove_releases(folder)
    if mark:
        mark.remove_new(config)
    return bool(mark or links)


def _put(folder: str, wanted: dict[str, bytes]) -> None:
    for link in _links(folder):
        if link.suffix == ".new":  # of a run that was killed
            link.unlink()
    release = Path(tempfile.mkdtemp(prefix="release-", dir=folder))
    for file, content in wanted.items():
        (release / file).parent.mkdir(parents=True, exist_ok=True)
        (release / file).write_bytes(content)
    for name in sorted(os.listdir(release), key=PACKAGE.__eq__):  # the package goes last
        path = Path(folder, name)
        if path.exists() and not path.is_symlink():
            aside = path.rename(Path(tempfile.mkdtemp(prefix="by-hand-", dir=folder), name))
            print(f"moved aside, as it was put there by hand: {aside}")
        new = Path(f"{path}.new")
        new.symlink_to(os.path.join(release.name, name))
        new.replace(path)
    _remove_releases(folder, but=release)


def _links(folder: str) -> list[Path]:
    there = [path for path in Path(folder).glob("*") if path.is_symlink()]
    return [path for path in there if os.readlink(path).startswith("release-")]


def _remove_releases(folder: str, but: Path | None = None) -> None:
    for release in Path(folder).glob("release-*"):
        if release != but:
            # An `aws` that runs may be caching in there: what is left goes with the next release.
            shutil.rmtree(release, ignore_errors=True)
    for link in _links(folder):
        if not link.exists():  # a dependency of another version
            link.unlink()


def _is_stale(folder: str, wanted: dict[str, bytes]) -> bool:
    tops = {file.split(os.sep)[0] for file in wanted}
    there: dict[str, bytes] = {}
    for top in tops:
        there |= _files(os.path.join(folder, top), top)
    return there != wanted


def _wanted() -> dict[str, bytes]:
    """Return the contents of the files to copy by their path in the folder."""
    here = Path(__file__).parents[1]
    found = _files(here, PACKAGE)
    if not (here / "shell").is_dir():  # in a checkout it is beside the package
        found |= _files(here.parent / "shell", os.path.join(PACKAGE, "shell"))
    try:
        files = importlib.metadata.files(DEPENDENCY) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    if not files:
        install = f"{shlex.quote(sys.executable)} -m pip install {DEPENDENCY}"
        raise LegacySsoError(f"the package {DEPENDENCY} is missing here; install it: {install}")
    for file in files:
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
