"""Why a fetch failed, in one line that says what to do.

The words of services and programs are quoted without secrets and control characters, and cut.
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
_MAYBE_SECRET = re.compile(r"[\w+/=-]{20,}")  # the length and the letters of a key or a token
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
    """Make a call that fetches for a source; if it fails, raise an error that says why.

    The call is made within a boundary, and no secret is in the error.
    """
    with boundary() as exchange:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  # each is explained
            failure = _explain(error, source, exchange)
        raise failure  # outside of the handler, so that the cause, with its secrets, is not kept


def one_line(text: object) -> str:
    """Return foreign words as one printable line of bounded length."""
    line = "".join(c if c.isprintable() else " " for c in str(text)).strip()
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."


def file_error(error: OSError) -> errors.SourceConfigurationError:
    """Return the error for a file that cannot be used; if another user owns it, with a command."""
    if isinstance(error, PlaceError):
        return errors.SourceConfigurationError(error.strerror)
    words, path = str(error.strerror), str(error.filename)
    with contextlib.suppress(OSError):
        owner, own = os.stat(path).st_uid, os.geteuid()
        if isinstance(error, PermissionError) and owner != own:
            take = f"sudo chown {user_name(own)} {shlex.quote(path)}"
            words += f"; it belongs to {user_name(owner)}, take it back with: {take}"
    return errors.SourceConfigurationError(f"{path}: {words}")


def _explain(error: Exception, source: Source, exchange: Exchange) -> LegacySsoError:
    if isinstance(error, LegacySsoError) and not isinstance(error, errors.InvalidNameError):
        return error
    if isinstance(error, (*_OVER, *_NEVER)):
        session = source.sign_in.session if source.sign_in else None
        to_session = f" to session {session!r}" if session else ""
        is_over = isinstance(error, _OVER)
        what = f"the sign-in{to_session} is over" if is_over else f"not signed in{to_session}"
        return errors.SignInError(f"{what}; run: {source.login_command}")
    if isinstance(error, exceptions.ClientError):
        return _service(error, exchange)
    if isinstance(error, ProcessError):
        profiles = (it.name for it in source.chain if it.settings.get("credential_process"))
        profile = option("--profile", next(profiles, source.name))
        said = _quote_program(error.stderr, exchange)
        did = f"{error}: {said}" if said else str(error)
        see = f"see it with: aws configure get credential_process {profile}"
        return error.kind(f"its credential_process {did}; {see}")
    if isinstance(error, exceptions.CredentialRetrievalError):
        return errors.FetchError(_quote_program(error, exchange))
    if isinstance(error, EOFError):
        return errors.ProfileError(
            "an MFA code is needed; run this in a terminal, where you can be asked"
        )
    if isinstance(error, PlaceError) or (isinstance(error, OSError) and error.filename):
        return file_error(error)
    return _other(error, source, exchange)


def _quote(text: object, exchange: Exchange) -> str:
    # Cut last: a secret that is cut in half would not be recognised.
    return one_line(exchange.without_secrets(str(text)))


def _quote_program(text: object, exchange: Exchange) -> str:
    """Quote what a program says: often it is what to do, but it may contain a key."""
    return _quote(_MAYBE_SECRET.sub("***", str(text)), exchange)


def _service(error: exceptions.ClientError, exchange: Exchange) -> LegacySsoError:
    details = error.response.get("Error", {})
    code = _quote(details.get("Code", "Unknown"), exchange)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in (str(status), "Unknown", ""):  # not an error of AWS, but of something in between
        return _no_answer(exchange, exchange.what_is_wrong())
    message = _quote(details.get("Message", ""), exchange)
    said = f"{code}: {message}" if message else code
    return errors.ServiceError(f"{error.operation_name} was refused ({said})")


def _other(error: Exception, source: Source, exchange: Exchange) -> LegacySsoError:
    profile = option("--profile", source.name)
    if type(error) is RuntimeError:  # botocore's: new keys that have expired already
        now = f"{datetime.now(UTC):%H:%M} UTC"
        return errors.FetchError(
            f"its new keys have expired already: is this machine's clock right? it says {now}"
        )
    if isinstance(error, exceptions.NoRegionError):
        command = f"aws configure set region REGION {profile}"
        return errors.SourceConfigurationError(
            f"assuming its role needs a region; set one with: {command}"
        )
    if isinstance(error, _CUT_OFF):
        return _no_answer(exchange, "it is cut off")
    if isinstance(error, _UNREACHABLE):
        return errors.FetchError(f"the service cannot be reached: {_quote(error, exchange)}")
    is_of_http = isinstance(error, exceptions.HTTPClientError)
    # A ValueError before anything was sent is about a setting too.
    is_value = isinstance(error, ValueError) and not exchange.operation
    if is_value or (isinstance(error, exceptions.BotoCoreError) and not is_of_http):
        return errors.SourceConfigurationError(
            f"{_quote(error, exchange).rstrip('.')}; correct that in the environment, or with: "
            f"aws configure set SETTING VALUE {profile}"
        )
    has_words = isinstance(error, errors.InvalidNameError)  # of keys that a file cannot hold
    if exchange.operation and not is_of_http:
        return _no_answer(exchange, str(error) if has_words else exchange.what_is_wrong())
    # Other texts are left out, as they may contain anything; some of HTTP quote a header.
    what = f": {error}" if has_words else f" ({type(error).__name__})"
    return errors.FetchError(f"no usable credentials came back{what}")


def _no_answer(exchange: Exchange, what: str) -> LegacySsoError:
    is_error = exchange.answer is not None and exchange.answer["status_code"] >= 300
    kind = errors.ServiceError if is_error else errors.FetchError
    return kind(f"{exchange.operation} got no usable answer: {what}")
