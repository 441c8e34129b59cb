"""The boundary of a fetch: what is sent and received inside it is neither logged nor quoted.

Requests and answers hold tokens and keys. The :class:`Exchange` of a thread notes them, so that an
error message leaves them out and says what was wrong with the last answer.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from http.client import responses
from typing import Any
from urllib.parse import quote, unquote

from botocore.history import HistoryRecorder
from botocore.session import Session

# Members and headers of requests and answers whose values are secret.
_SECRETS = re.compile(
    r"(?i)\b(?:accessToken|refreshToken|idToken|clientSecret|secretAccessKey|sessionToken|"
    r"WebIdentityToken|TokenCode|Signature|x-amz-security-token|x-amz-sso_bearer_token)"
    r'"?\s*[:=>]\s*"?([^"<&\s,}]+)'
)
_SHORTEST_SECRET = 6  # an MFA code; a shorter one would hide half of each message
_PIECE = 12  # a part of a secret that has this length is hidden too
_LONGEST_TEXT = 4000
_exchanges: dict[int, Exchange] = {}  # by the id of the thread


class Exchange:
    """What a thread has sent and received."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self.operation: str | None = None  # the last one that was sent
        self.answer: Mapping[str, Any] | None = None  # to that, if one came

    def note_secrets(self, text: str) -> None:
        """Remember the secrets in a header or a body, of a request or an answer."""
        for found in _SECRETS.findall(text):
            self.note_secret(found)
            self.note_secret(unquote(found))

    def note_secret(self, secret: str) -> None:
        """Remember a secret, also as URLs and JSON may write it."""
        if len(secret) >= _SHORTEST_SECRET:
            self._secrets |= {secret, quote(secret, safe=""), secret.replace("/", "\\/")}

    def without_secrets(self, text: str) -> str:
        """Return a text with ``***`` for each secret in it, or part of one."""
        text = text[:_LONGEST_TEXT]
        shown = list(text)
        for secret in self._secrets:
            size = min(len(secret), _PIECE)
            pieces = {secret[at : at + size] for at in range(len(secret) - size + 1)}
            for at in range(len(text) - size + 1):
                if text[at : at + size] in pieces:
                    shown[at : at + size] = "\0" * size
        return re.sub("\0+", "***", "".join(shown))

    def what_is_wrong(self) -> str:
        """Return in words what is wrong with the last answer, which botocore could not use."""
        if self.answer is None:
            return "it could not be read"
        status, headers = self.answer["status_code"], self.answer["headers"]
        body, length = self.answer["body"] or b"", headers.get("content-length", "")
        if status >= 300:
            return f"status {status} ({responses.get(status, 'unknown')}), and no error of AWS"
        if length.isdigit() and int(length) > len(body):
            return "it is cut off"
        if not body.strip():
            return "it is empty"
        if encoding := headers.get("content-encoding"):
            return f"it is encoded ({encoding!a})"
        if re.match(rb"\s*<(!doctype|html)", body, re.IGNORECASE):
            return "it is a web page"
        if self.operation in ("GetRoleCredentials", "CreateToken") and json_object(body) is None:
            return "it is no JSON object"
        return "it lacks something, or has a value of a wrong type"


@contextlib.contextmanager
def boundary() -> Iterator[Exchange]:
    """Have this thread note what it sends and receives in one exchange, and log nothing."""
    _close_outlets()
    thread = threading.get_ident()
    before = _exchanges.get(thread)
    _exchanges[thread] = exchange = Exchange()
    try:
        yield exchange
    finally:
        _exchanges.pop(thread)
        if before:
            _exchanges[thread] = before


def current() -> Exchange | None:
    """Return the exchange of this thread; ``None`` outside of any boundary."""
    return _exchanges.get(threading.get_ident())


def json_object(content: bytes) -> dict[str, Any] | None:
    """Return the object that JSON text holds; ``None`` if it is no JSON object."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def watch(session: Session) -> None:
    """Have what a session's clients send and receive noted in the exchange of their thread."""
    session.register("before-send", _note_request, "legacy-sso-request")
    # The first has the raw answer; botocore has it since 2024.
    session.register("before-parse", _note_answer, "legacy-sso-raw-answer")
    session.register("response-received", _note_answer, "legacy-sso-answer")


def _note_request(event_name: str, request: Any, **kwargs: Any) -> None:
    if exchange := current():
        exchange.operation, exchange.answer = event_name.rpartition(".")[2], None
        for name, value in request.headers.items():
            exchange.note_secrets(f"{name}: {_text(value)}")
        exchange.note_secrets(_text(request.body))


def _note_answer(response_dict: Mapping[str, Any] | None, **kwargs: Any) -> None:
    if response_dict is not None and (exchange := current()):
        exchange.answer = response_dict
        exchange.note_secrets(_text(response_dict["body"]))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)


@functools.cache
def _close_outlets() -> None:
    """Drop what a thread within a boundary logs, or records for ``aws history``.

    It goes by the thread, as any logger may get a request. The patches stay for good: when a
    boundary ends, other threads may be logging.
    """

    def close(owner: type, name: str) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def closed(*args: Any, **kwargs: Any) -> Any:
            return False if current() else original(*args, **kwargs)

        setattr(owner, name, closed)

    # The first and the last step of every logger, and the CLI's history.
    close(logging.Logger, "isEnabledFor")
    close(logging.Logger, "callHandlers")
    close(HistoryRecorder, "record")
