"""Signature Version 4 as a service checks it: it is computed again from the request."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from .service import ServiceError
from .state import Keys
from .wire import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_CLOCK_SKEW = 15 * 60


@dataclass(frozen=True)
class Authorization:
    """The parts of an Authorization header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def authenticate(request: Request, keys_of: Callable[[str], Keys | None], service: str) -> Keys:
    """Return the keys that a request is signed with, or raise the service's error."""
    authorization = _parse(request.headers.get("authorization"))
    keys = keys_of(authorization.access_key_id)
    token = request.headers.get("x-amz-security-token")
    if keys is None or keys.session_token != token:
        raise ServiceError(
            403, "InvalidClientTokenId", "The security token included in the request is invalid."
        )
    _check_scope(request, authorization, service)
    _check_date(request)
    if not hmac.compare_digest(_signature(request, authorization, keys), authorization.signature):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method."
        )
    if keys.expires_at is not None and keys.expires_at <= time.time():
        raise ServiceError(
            403, "ExpiredToken", "The security token included in the request is expired"
        )
    return keys


def _parse(header: str | None) -> Authorization:
    if header is None:
        raise ServiceError(
            403, "MissingAuthenticationToken", "Request is missing Authentication Token"
        )
    algorithm, _, rest = header.partition(" ")
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    scope = fields.get("Credential", "").split("/")
    if (
        algorithm != _ALGORITHM
        or len(scope) != 5
        or not fields.keys()
        >= {
            "SignedHeaders",
            "Signature",
        }
    ):
        raise ServiceError(400, "IncompleteSignature", "Authorization header is incomplete")
    access_key_id, date, region, service, _ = scope
    signed = tuple(fields["SignedHeaders"].split(";"))
    return Authorization(access_key_id, date, region, service, signed, fields["Signature"])


def _check_scope(request: Request, authorization: Authorization, service: str) -> None:
    # boto 2 takes the service's name from the host name, which is "127" on 127.0.0.1.
    named_by_host = request.headers.get("host", "").split(".")[0]
    if authorization.service not in (service, named_by_host):
        raise _mismatch(f"Credential should be scoped to correct service: '{service}'.")
    if not {"host", "x-amz-date"} <= set(authorization.signed_headers):
        raise _mismatch("'Host' and 'X-Amz-Date' must be signed.")
    if not request.headers.get("x-amz-date", "").startswith(authorization.date):
        raise _mismatch("Date in Credential scope does not match the request's.")


def _check_date(request: Request) -> None:
    try:
        signed_at = timegm(time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise ServiceError(400, "IncompleteSignature", "Date must be ISO-8601") from None
    if abs(time.time() - signed_at) > _CLOCK_SKEW:
        raise _mismatch("Signature expired.")


def _signature(request: Request, authorization: Authorization, keys: Keys) -> str:
    canonical = _canonical_request(request, authorization.signed_headers)
    text = "\n".join(
        (_ALGORITHM, request.headers["x-amz-date"], authorization.scope, _sha256(canonical))
    )
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in authorization.scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, text).hex()


def _canonical_request(request: Request, signed_headers: tuple[str, ...]) -> bytes:
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in request.query
    )
    headers = [
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers
    ]
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/~"),
            "&".join(f"{name}={value}" for name, value in query),
            "".join(headers),
            ";".join(signed_headers),
            _sha256(request.body),
        )
    ).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _mismatch(message: str) -> ServiceError:
    return ServiceError(403, "SignatureDoesNotMatch", message)
