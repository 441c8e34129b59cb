"""The sign-in itself (service ``sso-oidc``): clients, device codes, PKCE and tokens.

``behaviour.device_approval`` says what the person decides, in the browser and for device codes.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from . import minting
from .service import Operation, Service, ServiceError, in_seconds, json_answer
from .state import Call, SignIn, State, Tokens
from .wire import Answer, Request

# Only a client registered with this scope gets refresh tokens. For profiles with an inline start
# URL the CLI registers a client without it, so the person must sign in again.
ACCOUNT_SCOPE = "sso:account:access"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_REGISTRATION_LIFETIME = 90 * 24 * 3600
_AUTHORIZATION_LIFETIME = 600
_POLL_INTERVAL = 1

_ERRORS = {
    "InvalidRequestException": (400, "invalid_request"),
    "InvalidClientException": (401, "invalid_client"),
    "InvalidGrantException": (400, "invalid_grant"),
    "UnsupportedGrantTypeException": (400, "unsupported_grant_type"),
    "InvalidRedirectUriException": (400, "invalid_redirect_uri"),
    "AuthorizationPendingException": (400, "authorization_pending"),
    "SlowDownException": (400, "slow_down"),
    "AccessDeniedException": (400, "access_denied"),
    "ExpiredTokenException": (400, "expired_token"),
    "InternalServerException": (500, "server_error"),
}
_FAILURES = {400: "InvalidRequestException", 401: "InvalidClientException"}
_UNAPPROVED = {
    "pending": "AuthorizationPendingException",
    "deny": "AccessDeniedException",
    "slow_down": "SlowDownException",
    "expired": "ExpiredTokenException",
}


@dataclass(frozen=True)
class Client:
    """A registered client application."""

    client_id: str
    client_secret: str
    expires_at: int
    issuer_url: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]

    def may_return_to(self, redirect_uri: str) -> bool:
        return _without_port(redirect_uri) in map(_without_port, self.redirect_uris)


@dataclass
class DeviceAuthorization:
    client_id: str
    start_url: str
    user_code: str
    expires_at: float
    approved: bool = False


@dataclass(frozen=True)
class AuthorizationCode:
    client_id: str
    redirect_uri: str
    code_challenge: str


class SignInService(Service):
    def __init__(self, state: State) -> None:
        self._state = state
        self._clients: dict[str, Client] = {}
        self._devices: dict[str, DeviceAuthorization] = {}
        self._codes: dict[str, AuthorizationCode] = {}
        self._lock = threading.Lock()
        self._grants = {
            _DEVICE_GRANT: self._grant_device_code,
            "authorization_code": self._grant_authorization_code,
            "refresh_token": self._grant_refresh_token,
        }
        self.routes = {
            ("POST", "/client/register"): Operation("RegisterClient", self._register_client),
            ("POST", "/device_authorization"): Operation(
                "StartDeviceAuthorization", self._start_device_authorization
            ),
            ("GET", "/device"): Operation("ApproveDevice", self._approve_device),
            ("GET", "/authorize"): Operation("Authorize", self._authorize),
            ("POST", "/token"): Operation("CreateToken", self._create_token),
        }

    def failure(self, status: int) -> ServiceError:
        error = _error(_FAILURES.get(status, "InternalServerException"), "told to fail")
        error.status = status
        return error

    def error_members(self, error: ServiceError) -> dict[str, str]:
        return {"error": _ERRORS[error.code][1], "error_description": error.message}

    def register(self, parameters: dict[str, Any]) -> Client:
        client = Client(
            client_id=minting.client_id(),
            client_secret=self._state.secret(minting.client_secret()),
            expires_at=in_seconds(_REGISTRATION_LIFETIME),
            issuer_url=parameters.get("issuerUrl"),
            redirect_uris=tuple(parameters.get("redirectUris", ())),
            scopes=tuple(parameters.get("scopes", ())),
        )
        with self._lock:
            self._clients[client.client_id] = client
        return client

    def _register_client(self, request: Request, call: Call) -> Answer:
        _required(request, "clientName", "clientType")
        client = self.register(request.parameters)
        return json_answer(
            {
                "clientId": client.client_id,
                "clientSecret": client.client_secret,
                "clientIdIssuedAt": in_seconds(0),
                "clientSecretExpiresAt": client.expires_at,
            }
        )

    def _start_device_authorization(self, request: Request, call: Call) -> Answer:
        client = self._client(request)
        (start_url,) = _required(request, "startUrl")
        code, user_code = minting.code(), minting.user_code()
        expires_at = time.time() + _AUTHORIZATION_LIFETIME
        with self._lock:
            self._devices[code] = DeviceAuthorization(
                client.client_id, start_url, user_code, expires_at
            )
        page = f"{request.origin}/device"
        return json_answer(
            {
                "deviceCode": code,
                "userCode": user_code,
                "verificationUri": page,
                "verificationUriComplete": f"{page}?user_code={user_code}",
                "expiresIn": _AUTHORIZATION_LIFETIME,
                "interval": _POLL_INTERVAL,
            }
        )

    def _approve_device(self, request: Request, call: Call) -> Answer:
        """Answer as the page where a person confirms the code: opening it confirms the code."""
        with self._lock:
            for device in self._devices.values():
                if device.user_code == request.parameters.get("user_code"):
                    device.approved = True
        return _page("You may close this window.")

    def _authorize(self, request: Request, call: Call) -> Answer:
        """Answer the browser's request in the authorization code grant."""
        asked = request.parameters
        client = self._clients.get(asked.get("client_id", ""))
        redirect_uri = asked.get("redirect_uri", "")
        if client is None or not client.may_return_to(redirect_uri):
            return _page("This client may not ask for a sign-in.", 400)
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return _redirect(redirect_uri, error="invalid_request", state=asked.get("state", ""))
        if self._state.behaviour.device_approval == "pending":
            return _page("Waiting for a person who does not come.")
        if self._state.behaviour.device_approval != "approve":
            return _redirect(redirect_uri, error="access_denied", state=asked.get("state", ""))

        code = minting.code()
        with self._lock:
            self._codes[code] = AuthorizationCode(
                client.client_id, redirect_uri, asked["code_challenge"]
            )
        return _redirect(redirect_uri, code=code, state=asked.get("state", ""))

    def _create_token(self, request: Request, call: Call) -> Answer:
        client = self._client(request)
        grant = self._grants.get(request.parameters.get("grantType", ""))
        if grant is None:
            raise _error("UnsupportedGrantTypeException", "This grant type is not supported")
        tokens = grant(request, client)
        call.details["start_url"] = tokens.sign_in.start_url or ""
        document = {
            "accessToken": tokens.access_token,
            "tokenType": "Bearer",
            "expiresIn": tokens.lifetime,
        }
        if tokens.refresh_token is not None:
            document["refreshToken"] = tokens.refresh_token
        return json_answer(document)

    def _grant_device_code(self, request: Request, client: Client) -> Tokens:
        (code,) = _required(request, "deviceCode")
        with self._lock:
            device = self._devices.get(code)
        if device is None or device.client_id != client.client_id:
            raise _error("InvalidGrantException", "Invalid device code")
        if device.expires_at <= time.time():
            raise _error("ExpiredTokenException", "Device code expired")
        decision = self._state.behaviour.device_approval
        if decision != "approve" and not (decision == "pending" and device.approved):
            raise _error(_UNAPPROVED[decision], "The person has not approved this device")
        with self._lock:
            if self._devices.pop(code, None) is None:
                raise _error("InvalidGrantException", "Device code already used")
        return self._sign_in(client, device.start_url)

    def _grant_authorization_code(self, request: Request, client: Client) -> Tokens:
        code, verifier, redirect_uri = _required(request, "code", "codeVerifier", "redirectUri")
        # Removed before the checks: a code works for one try only, whether that succeeds or not.
        with self._lock:
            granted = self._codes.pop(code, None)
        if granted is None or granted.client_id != client.client_id:
            raise _error("InvalidGrantException", "Invalid authorization code")
        if granted.redirect_uri != redirect_uri:
            raise _error("InvalidGrantException", "The redirect URI is not the one asked with")
        if granted.code_challenge != _challenge(verifier):
            raise _error("InvalidGrantException", "PKCE verification failed")
        return self._sign_in(client, client.issuer_url)

    def _grant_refresh_token(self, request: Request, client: Client) -> Tokens:
        (refresh_token,) = _required(request, "refreshToken")
        tokens = self._state.renew_tokens(refresh_token)
        if tokens is None:
            raise _error("InvalidGrantException", "Invalid refresh token provided")
        return tokens

    def _sign_in(self, client: Client, start_url: str | None) -> Tokens:
        return self._state.issue_tokens(SignIn(start_url), refresh=ACCOUNT_SCOPE in client.scopes)

    def _client(self, request: Request) -> Client:
        client_id, client_secret = _required(request, "clientId", "clientSecret")
        client = self._clients.get(client_id)
        if client is None or client.client_secret != client_secret:
            raise _error("InvalidClientException", "Invalid client")
        return client


def _required(request: Request, *names: str) -> list[str]:
    values = [request.parameters.get(name) for name in names]
    if not all(isinstance(value, str) and value for value in values):
        raise _error("InvalidRequestException", f"required: {', '.join(names)}")
    return [str(value) for value in values]


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _without_port(uri: str) -> tuple[str | None, str]:
    """Return host and path: a native application's port changes, and is not registered."""
    parts = urlsplit(uri)
    return parts.hostname, parts.path


def _error(code: str, message: str) -> ServiceError:
    status, _ = _ERRORS[code]
    return ServiceError(status, code, message)


def _page(text: str, status: int = 200) -> Answer:
    return Answer(status, f"<p>{text}</p>".encode(), {"Content-Type": "text/html"})


def _redirect(uri: str, **query: str) -> Answer:
    return Answer(302, headers={"Location": f"{uri}?{urlencode(query)}"})
