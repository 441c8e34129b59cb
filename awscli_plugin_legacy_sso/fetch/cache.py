"""The AWS CLI's cache of role credentials, as a fetch uses it: a folder of JSON files."""

from __future__ import annotations

import os
import shlex
from typing import Any

from botocore.utils import JSONFileCache

from ..errors import SourceConfigurationError
from . import keys


class FreshRoleCache(dict[str, Any]):
    """The cache, written but not believed: what it holds may have 15 minutes left.

    Only what this very run has fetched is believed: a role that several chains start from is
    fetched once.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._files = JSONFileCache(folder)

    def __setitem__(self, key: str, value: Any) -> None:
        self._files[key] = value
        super().__setitem__(key, value)


class CheckedRoleCache(JSONFileCache):
    """The cache as it is; a file in it that cannot be used is named."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._folder = folder

    def __getitem__(self, key: str) -> Any:
        path = os.path.join(self._folder, f"{key}.json")
        with open(path, "rb") as file:
            entry = keys.json_object(file.read()) or {}
        cached, texts = entry.get("Credentials"), ("AccessKeyId", "SecretAccessKey", "SessionToken")
        if not (isinstance(cached, dict) and keys.has(cached, texts, ["Expiration"])):
            raise SourceConfigurationError(
                f"the AWS CLI's cached keys in {path} are damaged; "
                f"remove them with: rm {shlex.quote(path)}"
            )
        return entry
