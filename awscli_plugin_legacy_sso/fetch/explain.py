"""Why a fetch failed, in one line that says what to do: the one table of answers to a failure.

What others say is quoted without the secrets that were sent or came back, without control
characters, and not at any length.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from botocore import exceptions
from urllib3.exceptions import ProtocolError

from .. import errors
from ..configuration import Source
from ..errors import LegacySsoError, option
from ..private_folders import PlaceError, user_name
from .boundary import Exchange, boundary
from .keys import ProcessError

_LONGEST_QUOTE = 300
# As long as a key or a token, and of their letters.
_MAYBE_SECRET = re.compile(r"[\w+/=-]{20,}")
_OVER = (exceptions.UnauthorizedSSOTokenError, exceptions.TokenRetrievalError)
# `aws login` is there since CLI 2.32.
_NEVER = (exceptions.SSOTokenLoadError, getattr(exceptions, "LoginError", ()))
_UNREACHABLE = (
    exceptions.ConnectionError,
    exceptions.ConnectionClosedError,
    exceptions.ReadTimeoutError,
)
# The first from within the AWS CLI, the second elsewhere.
_CUT_OFF = (ProtocolError, getattr(exceptions, "ResponseStreamingError", ()))

_T = TypeVar("_T")


def explained(call: Callable[[], _T], source: Source) -> _T:
    """Make a call that fetches for a source, in this thread, within a boundary.

    Raises:
        LegacySsoError: it failed, and why, without a secret.
    """
    with boundary() as exchange:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  # explain() knows what to make of each
            failure = explain(error, source, exchange)
        raise failure  # here, where nothing of the cause hangs on it


def explain(error: BaseException, source: Source, exchange: Exchange) -> LegacySsoError:
    """Return the error to show a person for what was raised while fetching for ``source``."""
    if isinstance(error, LegacySsoError) and not isinstance(error, errors.InvalidNameError):
        return error
    if isinstance(error, (*_OVER, *_NEVER)):
        return _sign_in(error, source)
    if isinstance(error, exceptions.ClientError):
        return _service(error, exchange)
    if isinstance(error, ProcessError):
        return _process(error, source, exchange)
    if isinstance(error, exceptions.CredentialRetrievalError):
        return errors.FetchError(_quote(_MAYBE_SECRET.sub("***", str(error)), exchange))
    if isinstance(error, EOFError):
        return errors.ProfileError(
            "an MFA code is needed; run this in a terminal, where you can be asked"
        )
    if isinstance(error, PlaceError) or (isinstance(error, OSError) and error.filename):
        return file_error(error)
    if type(error) is RuntimeError:  # botocore's: new keys that have expired already
        return errors.FetchError(
            "its new keys have expired already: is this machine's clock right? "
            f"it says {datetime.now(UTC):%H:%M} UTC"
        )
    return _other(error, source, exchange)


def one_line(text: object) -> str:
    """Return foreign words as one printable line of bounded length."""
    line = "".join(c if c.isprintable() else " " for c in str(text)).strip()
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."


def file_error(error: OSError) -> errors.SourceConfigurationError:
    """Return the error for a file that cannot be used; where another user owns it, the way out."""
    if isinstance(error, PlaceError):
        return errors.SourceConfigurationError(error.strerror)
    words, path = str(error.strerror), str(error.filename)
    with contextlib.suppress(OSError):
        owner, own = os.stat(path).st_uid, os.geteuid()
        if isinstance(error, PermissionError) and owner != own:
            take = f"sudo chown {user_name(own)} {shlex.quote(path)}"
            words += f"; it belongs to {user_name(owner)}, take it back with: {take}"
    return errors.SourceConfigurationError(f"{path}: {words}")


def _quote(text: object, exchange: Exchange) -> str:
    # In this order: half a secret, where the line is cut, would not be known.
    return one_line(exchange.without_secrets(str(text)))


def _sign_in(error: BaseException, source: Source) -> LegacySsoError:
    session = source.sign_in.session if source.sign_in else None
    to_session = f" to session {session!r}" if session else ""
    is_over = isinstance(error, _OVER)
    what = f"the sign-in{to_session} is over" if is_over else f"not signed in{to_session}"
    return errors.SignInError(f"{what}; run: {source.login_command}")


def _service(error: exceptions.ClientError, exchange: Exchange) -> LegacySsoError:
    details = error.response.get("Error", {})
    code = _quote(details.get("Code", "Unknown"), exchange)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in (str(status), "Unknown", ""):  # not an error of AWS, but of something in between
        return _no_answer(exchange, exchange.what_is_wrong())
    message = _quote(details.get("Message", ""), exchange)
    said = f"{code}: {message}" if message else code
    return errors.ServiceError(f"{error.operation_name} was refused ({said})")


def _process(error: ProcessError, source: Source, exchange: Exchange) -> LegacySsoError:
    profiles = (it.name for it in source.chain if it.settings.get("credential_process"))
    profile = option("--profile", next(profiles, source.name))
    # What a program says on its stderr is often the way out, but it may have let slip a key.
    said = _quote(_MAYBE_SECRET.sub("***", error.stderr), exchange)
    return error.kind(
        f"its credential_process {error}{f': {said}' if said else ''}; "
        f"see it with: aws configure get credential_process {profile}"
    )


def _other(error: BaseException, source: Source, exchange: Exchange) -> LegacySsoError:
    if isinstance(error, exceptions.NoRegionError):
        return errors.SourceConfigurationError(
            "assuming its role needs a region; set one with: "
            f"aws configure set region REGION {option('--profile', source.name)}"
        )
    if isinstance(error, _CUT_OFF):
        return _no_answer(exchange, "it is cut off")
    if isinstance(error, _UNREACHABLE):
        return errors.FetchError(f"the service cannot be reached: {_quote(error, exchange)}")
    is_of_http = isinstance(error, exceptions.HTTPClientError)
    # Before anything was sent, a value that is none is one of a setting too.
    is_value = isinstance(error, ValueError) and not exchange.operation
    if is_value or (isinstance(error, exceptions.BotoCoreError) and not is_of_http):
        return errors.SourceConfigurationError(
            f"{_quote(error, exchange).rstrip('.')}; correct that in the environment, or with: "
            f"aws configure set SETTING VALUE {option('--profile', source.name)}"
        )
    has_words = isinstance(error, errors.InvalidNameError)  # of keys that a file cannot hold
    if exchange.operation and not is_of_http:
        return _no_answer(exchange, str(error) if has_words else exchange.what_is_wrong())
    # Other texts are left out: nobody knows what is in them. Some of HTTP quote a header.
    what = f": {error}" if has_words else f" ({type(error).__name__})"
    return errors.FetchError(f"no usable credentials came back{what}")


def _no_answer(exchange: Exchange, what: str) -> LegacySsoError:
    is_error = exchange.answer is not None and exchange.answer["status_code"] >= 300
    kind = errors.ServiceError if is_error else errors.FetchError
    return kind(f"{exchange.operation} got no usable answer: {what}")
