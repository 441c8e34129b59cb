"""What the services know and record: sign-ins, keys, calls, and how to behave.

All services share it, so it locks. It knows no protocol.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from . import minting

RawBody = bytes | Iterable[bytes]
RawAnswer = bytes | tuple[int, dict[str, str], RawBody]
DeviceApproval = Literal["approve", "pending", "deny", "slow_down", "expired"]

# The parameters that are recorded, under these names. It lists what may be kept,
# since tests print the records, and no record may have a secret.
_RECORDED = {
    "account_id": "account",
    "role_name": "role",
    "RoleArn": "arn",
    "RoleSessionName": "role_session_name",
    "DurationSeconds": "duration_seconds",
    "ExternalId": "external_id",
    "SerialNumber": "serial_number",
    "grantType": "grant_type",
    "clientName": "client_name",
    "startUrl": "start_url",
}


@dataclass
class Behaviour:
    """How the services behave; any field may be changed while they run."""

    delay: float = 0.0
    """Seconds before each answer."""
    requests_per_second: int | None = None
    """How many requests the portal grants in any one second; the others get a 429."""
    role_lifetime: int = 3600
    access_token_lifetime: int = 28800
    supports_refresh: bool = True
    device_approval: DeviceApproval = "approve"
    failures: dict[str, int] = field(default_factory=dict)
    """For an operation, the HTTP status that each call of it fails with."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """(account, role) that this person may not use."""
    unknown: set[tuple[str, str]] = field(default_factory=set)
    """(account, role) that do not exist."""
    hang: set[str] = field(default_factory=set)
    """Operations that get no answer until ``release()``."""
    raw_answers: dict[str, RawAnswer] = field(default_factory=dict)
    """For an operation, what is sent instead of its answer: bytes, with their own status line, or
    (status, headers, body), where a body that is not bytes is streamed without a length."""


@dataclass(frozen=True)
class Call:
    """One request that arrived. ``details`` never holds a secret."""

    operation: str
    at: float
    details: dict[str, str]


@dataclass(frozen=True)
class Trust:
    """What a role requires from a caller that assumes it."""

    external_id: str | None = None
    mfa_serial: str | None = None
    mfa_code: str | None = None


@dataclass(frozen=True)
class Keys:
    """An access key and its identity. Long-term keys have no token and do not expire."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    expires_at: float | None
    arn: str
    principal_id: str

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


@dataclass
class SignIn:
    """One person's sign-in: all its tokens end with it."""

    start_url: str | None
    ended: bool = False


@dataclass
class Tokens:
    """What a client gets from a sign-in."""

    sign_in: SignIn
    access_token: str
    refresh_token: str | None
    lifetime: int
    expires_at: float
    refreshed: bool = False


class State:
    """Shared by all services; its methods may be called from their threads."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.accounts: dict[str, set[str]] = {}
        self.trust: dict[str, Trust] = {}
        self.calls: list[Call] = []
        self.identities: list[str] = []
        self.secrets: set[str] = set()
        self.reused_refresh_tokens = 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._keys: dict[str, Keys] = {}
        self._tokens: list[Tokens] = []
        self._by_access_token: dict[str, Tokens] = {}
        self._by_refresh_token: dict[str, Tokens] = {}

    # Calls

    def record(self, operation: str, parameters: dict[str, Any]) -> Call:
        details = {
            kept: str(parameters[name]) for name, kept in _RECORDED.items() if name in parameters
        }
        call = Call(operation, time.monotonic(), details)
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        return call

    def count(self, operation: str) -> int:
        with self._changed:
            return sum(call.operation == operation for call in self.calls)

    def reset_calls(self) -> None:
        """Forget the recorded calls and identities; issued keys and tokens stay valid."""
        with self._changed:
            self.calls.clear()
            self.identities.clear()

    def wait_for(self, operation: str, count: int = 1, timeout: float = 10.0) -> None:
        """Return as soon as the operation has been called that many times."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.count(operation) >= count, timeout):
                raise TimeoutError(f"no {count} calls of {operation} within {timeout} s")

    def answered_identity(self, arn: str) -> None:
        with self._changed:
            self.identities.append(arn)

    # Waiting

    def release(self) -> None:
        """Let all calls go on that ``behaviour.hang`` holds."""
        with self._changed:
            self.behaviour.hang.clear()
            self._changed.notify_all()

    def hold(self, operation: str) -> bool:
        """Wait as long as the behaviour says; False if the service was stopped meanwhile."""
        self._stopped.wait(self.behaviour.delay)
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped.is_set() or operation not in self.behaviour.hang
            )
        return not self._stopped.is_set()

    def end_waiting(self) -> None:
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    # Sign-ins

    def issue_tokens(
        self, sign_in: SignIn, *, refresh: bool, lifetime: int | None = None
    ) -> Tokens:
        if lifetime is None:
            lifetime = self.behaviour.access_token_lifetime
        refresh_token = None
        if refresh and self.behaviour.supports_refresh:
            refresh_token = self.secret(minting.refresh_token())
        access_token = self.secret(minting.access_token())
        tokens = Tokens(sign_in, access_token, refresh_token, lifetime, time.time() + lifetime)
        with self._changed:
            self._tokens.append(tokens)
            self._by_access_token[access_token] = tokens
            if refresh_token is not None:
                self._by_refresh_token[refresh_token] = tokens
        return tokens

    def renew_tokens(self, refresh_token: str) -> Tokens | None:
        """Use a refresh token, which works once; a second use is counted."""
        with self._changed:
            tokens = self._by_refresh_token.get(refresh_token)
            if tokens is None or tokens.sign_in.ended:
                return None
            if tokens.refreshed:
                self.reused_refresh_tokens += 1
                return None
            tokens.refreshed = True
        return self.issue_tokens(tokens.sign_in, refresh=True)

    def sign_in_of(self, access_token: str) -> SignIn | None:
        with self._changed:
            tokens = self._by_access_token.get(access_token)
        if tokens is None or tokens.sign_in.ended or tokens.expires_at <= time.time():
            return None
        return tokens.sign_in

    def end_sign_ins(self) -> None:
        """End every sign-in, as an administrator does: none of its tokens works any more."""
        with self._changed:
            for tokens in self._tokens:
                tokens.sign_in.ended = True

    def expire_access_tokens(self) -> None:
        """Expire the access tokens; the sign-ins and their refresh tokens stay valid."""
        with self._changed:
            for tokens in self._tokens:
                tokens.expires_at = 0.0

    # Keys

    def issue_keys(self, arn: str, principal: str, lifetime: float) -> Keys:
        keys = Keys(
            access_key_id=minting.access_key_id(),
            secret_access_key=self.secret(minting.secret_access_key()),
            session_token=self.secret(minting.session_token()),
            expires_at=time.time() + lifetime,
            arn=arn,
            principal_id=principal,
        )
        with self._changed:
            self._keys[keys.access_key_id] = keys
        return keys

    def add_user(self, access_key: str, secret_key: str, arn: str) -> None:
        """Make long-term keys known."""
        self.secret(secret_key)
        with self._changed:
            self._keys[access_key] = Keys(
                access_key, secret_key, None, None, arn, minting.principal_id()
            )

    def keys_of(self, access_key_id: str) -> Keys | None:
        with self._changed:
            return self._keys.get(access_key_id)

    def secret(self, value: str) -> str:
        """Remember a value that must not appear anywhere."""
        with self._changed:
            self.secrets.add(value)
        return value
