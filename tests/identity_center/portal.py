"""The access portal (service ``sso``): role credentials for an access token, and logout."""

from __future__ import annotations

import threading
import time
from collections import deque

from . import minting
from .service import Operation, Service, ServiceError, json_answer
from .state import Call, SignIn, State
from .wire import Answer, Request

# The session name in an SSO role's identity is the person's user name.
USER = "alex@example.com"
_ERRORS = {
    400: "InvalidRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "ResourceNotFoundException",
    429: "TooManyRequestsException",
}


class Portal(Service):
    def __init__(self, state: State) -> None:
        self._state = state
        self._granted: deque[float] = deque()
        self._lock = threading.Lock()
        self.routes = {
            ("GET", "/federation/credentials"): Operation(
                "GetRoleCredentials", self._get_role_credentials
            ),
            ("POST", "/logout"): Operation("Logout", self._logout),
        }

    def failure(self, status: int) -> ServiceError:
        return _error(status, "this operation was told to fail")

    def _get_role_credentials(self, request: Request, call: Call) -> Answer:
        sign_in = self._admit(request)
        call.details["start_url"] = sign_in.start_url or ""
        account, role = (request.parameters.get(name, "") for name in ("account_id", "role_name"))
        if not account or not role:
            raise _error(400, "account_id and role_name are required")
        self._authorise(sign_in, account, role)

        keys = self._state.issue_keys(
            f"arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_0123456789abcdef/{USER}",
            f"{minting.principal_id()}:{USER}",
            self._state.behaviour.role_lifetime,
        )
        call.details["access_key_id"] = keys.access_key_id
        return json_answer(
            {
                "roleCredentials": {
                    "accessKeyId": keys.access_key_id,
                    "secretAccessKey": keys.secret_access_key,
                    "sessionToken": keys.session_token,
                    "expiration": int((keys.expires_at or 0) * 1000),
                }
            }
        )

    def _logout(self, request: Request, call: Call) -> Answer:
        self._admit(request).ended = True
        return json_answer({})

    def _admit(self, request: Request) -> SignIn:
        if not self._within_rate():
            raise _error(429, "HTTP 429 Unknown Code")
        sign_in = self._state.sign_in_of(request.headers.get("x-amz-sso_bearer_token", ""))
        if sign_in is None:
            raise _error(401, "Session token not found or invalid")
        return sign_in

    def _authorise(self, sign_in: SignIn, account: str, role: str) -> None:
        behaviour = self._state.behaviour
        reachable = self._state.accounts.get(sign_in.start_url or "", {account})
        if account not in reachable or (account, role) in behaviour.forbidden:
            raise _error(403, "No access")
        if (account, role) in behaviour.unknown:
            raise _error(404, "Role not found")

    def _within_rate(self) -> bool:
        """Grant at most N requests in any period of one second."""
        limit = self._state.behaviour.requests_per_second
        if limit is None:
            return True
        with self._lock:
            now = time.monotonic()
            while self._granted and self._granted[0] <= now - 1.0:
                self._granted.popleft()
            if len(self._granted) >= limit:
                return False
            self._granted.append(now)
            return True


def _error(status: int, message: str) -> ServiceError:
    return ServiceError(status, _ERRORS.get(status, "InternalServerException"), message)
