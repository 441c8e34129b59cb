"""The copy of this package that the AWS CLI imports, its dependency, and the config beside it.

Packages are links into a release folder, so that a new release replaces an old one in one step.
What a person put there, by ``pip install --target`` maybe, is never deleted.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import tempfile
from pathlib import Path

from .. import __version__
from ..private_folders import make_folder
from .edits import Mark, read, remove_if_empty
from .places import PACKAGE, own_config

_DEPENDENCY = "configupdater"
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
    paths = {file: Path(folder, file) for file in wanted}
    there = {file: path.read_bytes() for file, path in paths.items() if path.is_file()}
    if there != wanted:
        return f"the plugin in {folder} is of another version than {__version__} here"
    return ""


def renew(folder: str, folders_made: int = 0) -> bool:
    """Put the package and its config into the folder; tell whether there was something to do.

    ``folders_made``: how many folders an earlier `setup` made for it, this one included.
    """
    if not trouble(folder):
        return False
    config = own_config(folder)
    mark = Mark(made=folders_made + 1) if folders_made else Mark.of_new(config)
    mark = Mark.in_text(read(config)) or mark
    make_folder(folder)
    _put(folder)
    unfinished = Path(f"{config}.new")
    unfinished.write_text(_CONFIG.format(folder=folder, mark=mark), encoding="utf-8")
    unfinished.chmod(0o600)
    unfinished.replace(config)
    return True


def remove(folder: str) -> bool:
    """Remove what :func:`renew` put there, and Python's caches in it; tell if there was any."""
    config = own_config(folder)
    mark = Mark.in_text(read(config))
    for path in [config] * bool(mark) + [f"{config}.new"]:  # without a mark, a person wrote it
        Path(path).unlink(missing_ok=True)
    was_there = _remove_releases(folder) or bool(mark)
    remove_if_empty(folder)
    (mark or Mark()).remove_made(config)
    if was_there:
        print(f"removed: {folder}")
    return was_there


def _put(folder: str) -> None:
    release = Path(tempfile.mkdtemp(prefix="release-", dir=folder))
    for file, content in _wanted().items():
        (release / file).parent.mkdir(parents=True, exist_ok=True)
        (release / file).write_bytes(content)
    for name in sorted(os.listdir(release), key=PACKAGE.__eq__):  # what the package needs is first
        path = Path(folder, name)
        if path.exists() and not path.is_symlink():
            aside = path.rename(Path(tempfile.mkdtemp(prefix="by-hand-", dir=folder), name))
            print(f"moved aside, as it was put there by hand: {aside}")
        new = Path(f"{path}.new")
        new.unlink(missing_ok=True)  # left from a killed run
        new.symlink_to(os.path.join(release.name, name))
        new.replace(path)
    _remove_releases(folder, but=release.name)


def _remove_releases(folder: str, but: str = "") -> bool:
    """Remove the links into releases, then the releases; tell if there was such a link."""
    links = {link: link.readlink().parts[0] for link in Path(folder).glob("*") if link.is_symlink()}
    old = [link for link, top in links.items() if top.startswith("release-") and top != but]
    for link in old:
        link.unlink()
    for release in Path(folder).glob("release-*"):
        if release.name != but:
            # A running `aws` may write its cache there meanwhile: the next run removes the rest.
            shutil.rmtree(release, ignore_errors=True)
    return bool(old)


def _wanted() -> dict[str, bytes]:
    """Return the contents of the files to copy, by their path in the folder."""
    here = Path(__file__).parents[1]
    tops = {here: PACKAGE}
    if not (here / "shell").is_dir():  # in a checkout it is beside the package
        tops[here.parent / "shell"] = os.path.join(PACKAGE, "shell")
    found = {
        os.path.join(name, path.relative_to(top)): path.read_bytes()
        for top, name in tops.items()
        for path in top.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    for file in importlib.metadata.files(_DEPENDENCY) or ():
        top = file.parts[0]
        if file.suffix != ".pyc" and (top == _DEPENDENCY or top.endswith(".dist-info")):
            found[str(file)] = file.read_binary()
    return found
