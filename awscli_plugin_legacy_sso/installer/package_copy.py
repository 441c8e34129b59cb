"""The copy of this package that the AWS CLI imports, in a folder that holds nothing else to import.

The package there is a link to a release, so that a new one takes its place at one stroke.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .surroundings import PACKAGE


def is_current(folder: str) -> bool:
    """Tell whether the package in this folder is this very one."""
    return _contents(_package_files()) == _contents(_files(os.path.join(folder, PACKAGE)))


def renew(folder: str) -> bool:
    """Put this package into the folder at one stroke: an `aws` that runs never sees half of it."""
    if is_current(folder):
        return False
    link = os.path.join(folder, PACKAGE)
    _remove_unfinished(folder)
    release = tempfile.mkdtemp(prefix="release-", dir=folder)
    copy_package(os.path.join(release, PACKAGE))
    os.symlink(os.path.join(os.path.basename(release), PACKAGE), f"{link}.new")
    if os.path.isdir(link) and not os.path.islink(link):  # made by hand, by pip --target maybe
        os.rename(link, f"{release}-before")
    os.replace(f"{link}.new", link)
    _remove_releases(folder, but=release)
    return True


def remove(folder: str) -> bool:
    """Remove the package, what Python cached beside it, and nothing else; tell if it was there."""
    link = os.path.join(folder, PACKAGE)
    there = os.path.islink(link)
    if there:  # or it was made by hand
        os.unlink(link)
    _remove_releases(folder)
    _remove_unfinished(folder)
    return there


def _remove_releases(folder: str, but: str = "") -> None:
    for release in glob.glob(os.path.join(glob.escape(folder), "release-*")):
        if release != but:
            # An `aws` that runs may be caching in there: what is left goes with the next release.
            shutil.rmtree(release, ignore_errors=True)


def _remove_unfinished(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, f"{PACKAGE}.new"))


def copy_package(to: str) -> None:
    for name, path in _package_files().items():
        target = os.path.join(to, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(path, target)


def _package_files() -> dict[str, str]:
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = _files(here)
    if not os.path.isdir(os.path.join(here, "shell")):  # in a checkout it is beside the package
        hooks = _files(os.path.join(os.path.dirname(here), "shell"))
        found |= {os.path.join("shell", name): path for name, path in hooks.items()}
    return found


def _files(top: str) -> dict[str, str]:
    """Return the files below a folder by their path in it, without what Python cached there."""
    return {
        os.path.relpath(path, top): path
        for path in glob.glob(os.path.join(glob.escape(top), "**"), recursive=True)
        if os.path.isfile(path) and not path.endswith(".pyc")
    }


def _contents(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: Path(path).read_bytes() for name, path in files.items()}
