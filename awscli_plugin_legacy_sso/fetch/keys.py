"""Keys from botocore, the AWS CLI's role cache and a ``credential_process``: each is checked."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
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

    botocore raises a RuntimeError if they have expired already.
    """
    if given is None:
        raise ProfileError("its settings give no credentials; see: aws configure list")
    keys = given.get_frozen_credentials()
    if keys.token is None:
        raise ProfileError("it gives long-term keys, which old tools can use as they are")
    names = "access key", "secret key", "session token"
    for name, value in zip(names, keys, strict=False):
        check_value(f"its {name}", value)
    expiration = botocore_private.expiration(given)
    return Credentials(keys.access_key, keys.secret_key, keys.token, expiration)


def has(document: Any, texts: Iterable[str], times: Iterable[str]) -> bool:
    """Tell whether a document has these members: texts of one line, and times with a zone."""
    values = [document.get(key) for key in texts] if isinstance(document, Mapping) else [None]
    are_texts = all(isinstance(it, str) and it and it.isprintable() for it in values)
    return are_texts and all(_time(document.get(key)) for key in times)


def _time(value: Any) -> datetime | None:
    """Return the time that a text gives, as botocore reads it; ``None`` without a time zone."""
    try:
        found: datetime | None = parse(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
    return found if found and found.tzinfo else None


class FreshRoleCache(dict[str, Any]):
    """The AWS CLI's cache: written, but only what this run has fetched is read back.

    Older keys in it may expire in 15 minutes.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._files = JSONFileCache(folder)

    def __setitem__(self, key: str, value: Any) -> None:
        self._files[key] = value
        super().__setitem__(key, value)


class CheckedRoleCache(JSONFileCache):
    """The AWS CLI's cache as it is; an error names a file in it that cannot be used."""

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
    """What a ``credential_process`` did wrong, without its command and output.

    ``stderr`` may hold secrets; ``kind`` is the class of the error to show.
    """

    def __init__(
        self, what: str, stderr: str = "", kind: type[LegacySsoError] = FetchError
    ) -> None:
        super().__init__(what)
        self.stderr, self.kind = stderr, kind


def run_process(arguments: list[str], **options: Any) -> Any:
    """Run a ``credential_process`` in place of botocore's ``Popen``, and check what it prints."""
    exchange = current() or Exchange()
    for argument in arguments[1:]:
        if not _PLAIN_WORD.fullmatch(argument):  # a password, perhaps
            exchange.note_secret(argument)
            exchange.note_secret(argument.partition("=")[2])
    try:
        done = subprocess.run(arguments, check=False, **options)
    except OSError as error:
        what = f"cannot be started: {error.strerror}"
        raise ProcessError(what, kind=SourceConfigurationError) from None
    exchange.note_secrets(done.stdout.decode(errors="replace"))
    stderr = done.stderr.decode(errors="replace")
    if done.returncode < 0:
        names = {number.value: number.name for number in signal.Signals}
        name = names.get(-done.returncode, f"signal {-done.returncode}")  # some have no name
        raise ProcessError(f"was ended by {name}", stderr)
    if done.returncode:
        raise ProcessError(f"failed with status {done.returncode}", stderr)
    _check_answer(done.stdout)
    return SimpleNamespace(communicate=lambda: (done.stdout, done.stderr), returncode=0)


def _check_answer(out: bytes) -> None:
    answer = json_object(out)
    if answer is None:
        raise ProcessError("printed no JSON object" if out.strip() else "printed nothing")
    if answer.get("Version") != 1:
        raise ProcessError("printed no Version 1, the only one there is")
    for name in _NAMES:
        if answer.get(name) is None:
            # Long-term keys have no token.
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
