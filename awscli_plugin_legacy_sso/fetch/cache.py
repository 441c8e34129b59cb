"""The AWS CLI's cache of role credentials, as a fetch uses it: a folder of JSON files."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
from typing import Any

from botocore.utils import JSONFileCache

from ..errors import SourceConfigurationError
from . import documents

# Where every AWS CLI v2 keeps it. It hangs on HOME alone.
_ROLE_CACHE = os.path.join("~", ".aws", "cli", "cache")


class FreshRoleCache(JSONFileCache):
    """The cache, written but not believed.

    What it holds may have 15 minutes left. Only what this very run has fetched is believed: a role
    that several chains start from is fetched once.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._fetched: dict[str, Any] = {}

    def __contains__(self, cache_key: str) -> bool:
        return cache_key in self._fetched

    def __getitem__(self, cache_key: str) -> Any:
        return self._fetched[cache_key]

    def __setitem__(self, cache_key: str, value: Any) -> None:
        super().__setitem__(cache_key, value)
        self._fetched[cache_key] = value


class CheckedRoleCache(JSONFileCache):
    """The cache as it is; a file in it that cannot be used is named."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._folder = folder

    def __getitem__(self, cache_key: str) -> Any:
        path = os.path.join(self._folder, f"{cache_key}.json")
        entry = documents.read(path)
        keys = entry.get("Credentials") if isinstance(entry, dict) else None
        texts = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        if not documents.has(keys, texts, times=["Expiration"]):
            raise SourceConfigurationError(
                f"the AWS CLI's cached keys in {path} are damaged; "
                f"remove them with: rm {shlex.quote(path)}"
            )
        return entry


def make_role_cache() -> str:
    """Return the folder of the cache; make it where it is missing, for its owner alone.

    Made beforehand: botocore's cache makes it too, and its threads would get in each other's way.

    Raises:
        SourceConfigurationError: it cannot be made, or this is root in another user's HOME.
    """
    folder = os.path.expanduser(_ROLE_CACHE)
    try:
        _make(folder)
    except OSError as error:
        raise file_error(error) from None
    return folder


def _make(folder: str) -> None:
    if os.path.isdir(folder):
        owner = os.stat(folder).st_uid
        if os.geteuid() == 0 != owner:
            raise SourceConfigurationError(
                f"{folder} belongs to {_name(owner)}, who could not use what root leaves there; "
                f"run this as {_name(owner)}"
            )
        return
    _make(os.path.dirname(folder))
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
        os.chmod(folder, 0o700)  # whatever the umask


def file_error(error: OSError) -> SourceConfigurationError:
    """Return the error for a file that cannot be used, with a way out where its owner is in it."""
    path = str(error.filename)
    hint = ""
    with contextlib.suppress(OSError):
        owner, own = os.stat(path).st_uid, os.geteuid()
        if isinstance(error, PermissionError) and owner != own:
            take = f"sudo chown {_name(own)} {shlex.quote(path)}"
            hint = f"; it belongs to {_name(owner)}, take it back with: {take}"
    return SourceConfigurationError(f"{path}: {error.strerror}{hint}")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
