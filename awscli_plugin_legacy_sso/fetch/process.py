"""A ``credential_process``, whose end and answer are looked at before botocore makes use of them.

botocore says of a program that fails what it stumbled over itself. Here is said what the program
did. Its command, which may have a password in it, and what it printed are in no error.
"""

from __future__ import annotations

import re
import signal
import subprocess
from datetime import UTC, datetime
from typing import Any

from ..errors import (
    FetchError,
    InvalidNameError,
    LegacySsoError,
    ProfileError,
    SourceConfigurationError,
)
from ..legacy_profile import check_value
from . import keys
from .boundary import Exchange, current

_PLAIN_WORD = re.compile("[a-z-]*")


class ProcessError(Exception):
    """What a ``credential_process`` did instead of its job.

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
        ProcessError: on being made: it cannot be started. From ``communicate``: it failed, or
            printed nothing of use.
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
        self._exchange.note_secrets(out)
        stderr = err.decode(errors="replace")
        if self.returncode < 0:
            raise ProcessError(f"was ended by {signal.Signals(-self.returncode).name}", stderr)
        if self.returncode:
            raise ProcessError(f"failed with status {self.returncode}", stderr)
        _check_answer(out)
        return out, err


def _check_answer(out: bytes) -> None:
    if not out.strip():
        raise ProcessError("printed nothing")
    answer = keys.json_object(out)
    if answer is None:
        raise ProcessError("printed no JSON object")
    if answer.get("Version") != 1:
        raise ProcessError("printed no Version 1, the only one there is")
    for key in "AccessKeyId", "SecretAccessKey", "SessionToken":
        if answer.get(key) is None:
            # Without a token they are long-term keys, and it is no source of temporary ones.
            kind = ProfileError if key == "SessionToken" else FetchError
            raise ProcessError(f"printed no {key}", kind=kind)
        try:
            check_value(key, answer[key])
        except InvalidNameError as error:
            raise ProcessError(f"printed keys that cannot be used: {error}") from None
    if answer.get("Expiration") is not None:
        expiration = keys.time(answer["Expiration"])
        if expiration is None:
            raise ProcessError("printed an Expiration that is no time with a zone")
        if expiration <= datetime.now(UTC):
            raise ProcessError("printed keys that have expired already")
