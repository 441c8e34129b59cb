"""Keys that others hand out, looked at before botocore or anybody else uses them.

By botocore, by the AWS CLI's cache of role credentials, and by a ``credential_process``.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.utils import JSONFileCache
from dateutil.parser import parse  # type: ignore[import-untyped]  # botocore brings it along

from .. import errors
from ..errors import FetchError, LegacySsoError, ProfileError, SourceConfigurationError
from ..legacy_profile import Credentials, check_value
from . import botocore_private
from .boundary import Exchange, current, json_object

_NAMES = "AccessKeyId", "SecretAccessKey", "SessionToken"
_PLAIN_WORD = re.compile("[a-z-]*")


def credentials_of(given: Any) -> Credentials:
    """Turn botocore's credentials into ours, fetching them if they are deferred.

    Raises:
        LegacySsoError: there are none, or none that a credentials file can hold.
        RuntimeError: botocore's: they have expired already.
    """
    if given is None:
        raise ProfileError("its settings give no credentials; see: aws configure list")
    keys = given.get_frozen_credentials()
    if keys.token is None:
        raise ProfileError("it gives long-term keys, which old tools can use as they are")
    check_value("its access key", keys.access_key)
    check_value("its secret key", keys.secret_key)
    check_value("its session token", keys.token)
    expiration = botocore_private.expiration(given)
    return Credentials(keys.access_key, keys.secret_key, keys.token, expiration)


def has(document: Any, texts: Iterable[str], times: Iterable[str]) -> bool:
    """Tell whether a document has these members: texts of one line, and times with a zone."""
    values = [document.get(key) for key in texts] if isinstance(document, Mapping) else [None]
    are_texts = all(isinstance(it, str) and it and it.isprintable() for it in values)
    return are_texts and all(_time(document.get(key)) for key in times)


def _time(value: Any) -> datetime | None:
    """Return the time that a text names, as botocore reads it, if it names one with its zone."""
    try:
        found: datetime | None = parse(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
    return found if found and found.tzinfo else None


class FreshRoleCache(dict[str, Any]):
    """The AWS CLI's cache, written but not read: what it holds may have 15 minutes left.

    What this very run has fetched is used again, by several chains that start from one role.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._files = JSONFileCache(folder)

    def __setitem__(self, key: str, value: Any) -> None:
        self._files[key] = value
        super().__setitem__(key, value)


class CheckedRoleCache(JSONFileCache):
    """The AWS CLI's cache as it is; a file in it that cannot be used is named."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._folder = folder

    def __getitem__(self, key: str) -> Any:
        path = os.path.join(self._folder, f"{key}.json")
        with open(path, "rb") as file:
            entry = json_object(file.read())
        if entry is None or not has(entry.get("Credentials"), _NAMES, ["Expiration"]):
            raise SourceConfigurationError(
                f"the AWS CLI's cached keys in {path} are damaged; "
                f"remove them with: rm {shlex.quote(path)}"
            )
        return entry


class ProcessError(Exception):
    """What a ``credential_process`` did instead of its job.

    Neither its command, which may have a password in it, nor what it printed is in the text.
    ``stderr`` is as it came; ``kind`` is the error that a person is shown.
    """

    def __init__(
        self, what: str, stderr: str = "", kind: type[LegacySsoError] = FetchError
    ) -> None:
        super().__init__(what)
        self.stderr = stderr
        self.kind = kind


class Process(subprocess.Popen[bytes]):
    """What botocore starts a ``credential_process`` with, in place of ``Popen``.

    Raises:
        ProcessError: it cannot be started; from ``communicate``: it gave no keys that can be used.
    """

    def __init__(self, arguments: list[str], **options: Any) -> None:
        self._exchange = current() or Exchange()
        for argument in arguments[1:]:
            if not _PLAIN_WORD.fullmatch(argument):  # a password, perhaps
                self._exchange.note_secret(argument)
        try:
            super().__init__(arguments, **options)
        except OSError as error:
            what = f"cannot be started: {error.strerror}"
            raise ProcessError(what, kind=SourceConfigurationError) from None

    def communicate(self, *args: Any, **kwargs: Any) -> tuple[bytes, bytes]:
        """Wait for its end; return what it printed: stdout, which has been checked, and stderr."""
        out, err = super().communicate(*args, **kwargs)
        self._exchange.note_secrets(out.decode(errors="replace"))
        stderr = err.decode(errors="replace")
        if self.returncode < 0:
            raise ProcessError(f"was ended by {signal.Signals(-self.returncode).name}", stderr)
        if self.returncode:
            raise ProcessError(f"failed with status {self.returncode}", stderr)
        _check_answer(out)
        return out, err


def _check_answer(out: bytes) -> None:
    answer = json_object(out)
    if answer is None:
        raise ProcessError("printed no JSON object" if out.strip() else "printed nothing")
    if answer.get("Version") != 1:
        raise ProcessError("printed no Version 1, the only one there is")
    for name in _NAMES:
        if answer.get(name) is None:
            # Without a token they are long-term keys, and it is no source of temporary ones.
            kind = ProfileError if name == "SessionToken" else FetchError
            raise ProcessError(f"printed no {name}", kind=kind)
        try:
            check_value(name, answer[name])
        except errors.InvalidNameError as error:
            raise ProcessError(f"printed keys that cannot be used: {error}") from None
    if answer.get("Expiration") is not None:
        expiration = _time(answer["Expiration"])
        if expiration is None:
            raise ProcessError("printed an Expiration that is no time with a zone")
        if expiration <= datetime.now(UTC):
            raise ProcessError("printed keys that have expired already")
