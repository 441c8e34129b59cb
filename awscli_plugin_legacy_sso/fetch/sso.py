"""IAM Identity Center: the roles that SSO profiles take from it, many with one sign-in.

Profiles that reach it in the same way share a :class:`SharedClient`: a sign-in's token is looked
after once, and a hundred profiles cost little more than one. botocore's provider does the fetching.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator, MutableMapping
from types import SimpleNamespace
from typing import Any

from botocore.config import Config
from botocore.credentials import SSOProvider
from botocore.exceptions import SSOTokenLoadError, TokenRetrievalError
from botocore.session import Session
from botocore.tokens import SSOTokenProvider

from ..configuration import Profile, SignIn, Source
from ..legacy_profile import Credentials
from ..lock import LockTimeoutError, lock
from .boundary import json_object
from .keys import credentials_of, has
from .session import SessionFactory

# Where every AWS CLI v2 keeps the tokens of sign-ins. It hangs on HOME alone.
_TOKEN_CACHE = os.path.join("~", ".aws", "sso", "cache")
_TOKEN_LOCK_SECONDS = 30
_SETTLE_SECONDS = 0.1  # in which who writes a token file in place is done with it
# The lock file of earlier versions. Other tools read every file in that folder as a token.
_OLD_TOKEN_LOCK = "legacy-sso.lock"

CONNECTIONS = 20  # as many requests as the portal answers in a second
# Once it has said that it was too much, everybody holds for a moment, and then requests go out
# this far apart until all are done.
_HOLD_SECONDS = 0.8
_GAP_SECONDS = 0.0508
_PATIENCE_SECONDS = 120  # without a single request granted

# Settings that reach neither client nor token, nor do keys that stand under the same name. A
# setting that is not known here costs time at worst.
_NOT_FOR_CLIENT = re.compile("(sso_account_id|sso_role_name|region|output)$|aws_|x_")


def token_file(sign_in: SignIn) -> str:
    """Return the file in which every AWS CLI v2 keeps the token of a sign-in."""
    what = sign_in.session or sign_in.start_url or ""
    name = hashlib.sha1(what.encode(), usedforsecurity=False).hexdigest()
    return os.path.join(os.path.expanduser(_TOKEN_CACHE), f"{name}.json")


def client_settings(profile: Profile) -> object:
    """Return what has to be the same for two SSO profiles to use one :class:`SharedClient`."""
    settings = profile.settings.items()
    return frozenset((key, repr(it)) for key, it in settings if not _NOT_FOR_CLIENT.match(key))


class SharedClient:
    """A client for the roles of one sign-in, its pace, and its token.

    Making it waits for a lock, and may ask the service for a new access token: once for all
    profiles, as a refresh token works once.
    """

    def __init__(self, sessions: SessionFactory, source: Source) -> None:
        self._full_config = sessions.full_config
        self._pace = _Pace()
        session = sessions.for_source(source)
        self._make_client = session.create_client
        self._client: Any = None
        self._client_lock = threading.Lock()
        self._token_provider = None
        sign_in = source.sign_in or SignIn(None, None)
        if sign_in.session:
            token = _fresh_token(session, sign_in)
            known = SimpleNamespace(get_frozen_token=lambda: token)
            self._token_provider = SimpleNamespace(load_token=lambda: known)
        else:
            _check_token_file(sign_in)

    def fetch(self, profile: Profile, cache: MutableMapping[str, Any]) -> Credentials:
        """Fetch the credentials of a profile's role; waits while the service wants a pause."""
        provider = SSOProvider(
            load_config=lambda: self._full_config,
            client_creator=self._shared_client,
            profile_name=profile.name,
            cache=cache,
            token_provider=self._token_provider,
        )
        self._pace.wait()
        return credentials_of(provider.load())

    def _shared_client(self, service_name: str, config: Config, **kwargs: Any) -> Any:
        with self._client_lock:
            if self._client is None:
                # Or some connections would be made anew for each request.
                config = config.merge(Config(max_pool_connections=CONNECTIONS))
                self._client = self._make_client(service_name, config=config, **kwargs)
                self._client.meta.events.register_first(
                    "needs-retry.sso.GetRoleCredentials", self._pace.when_throttled
                )
            return self._client


def _fresh_token(session: Session, sign_in: SignIn) -> Any:
    """Return the sign-in's access token, renewed first if its time is nearly over."""
    with _token_lock():
        _check_token_file(sign_in)
        try:
            return SSOTokenProvider(session).load_token().get_frozen_token()
        except TokenRetrievalError:
            # The CLI takes no such lock: what it wrote in the meantime is in the file by now.
            return SSOTokenProvider(session).load_token().get_frozen_token()


def _check_token_file(sign_in: SignIn) -> None:
    """Refuse a sign-in without a token in its file; wait a moment if that may be half written."""
    for pause in (_SETTLE_SECONDS, 0):
        try:
            with open(token_file(sign_in), "rb") as file:
                token = json_object(file.read()) or {}
        except FileNotFoundError:
            break
        # Without those that may be missing it cannot be renewed, and is good while it lasts.
        texts = {"refreshToken", "clientId", "clientSecret"} & token.keys()
        times = {"registrationExpiresAt"} & token.keys()
        if has(token, {"accessToken", *texts}, {"expiresAt", *times}):
            return
        time.sleep(pause)
    raise SSOTokenLoadError(error_msg="no token")


@contextlib.contextmanager
def _token_lock() -> Iterator[None]:
    """Hold the lock on the folder of tokens; wait for it, and go on without one in the end.

    Two refreshes at once, in two shells, would both use the one refresh token.
    """
    folder = os.path.expanduser(_TOKEN_CACHE)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError, LockTimeoutError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, descriptor)  # and with it the lock
            lock(descriptor, _TOKEN_LOCK_SECONDS)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, _OLD_TOKEN_LOCK))
        yield


class _Pace:
    """When the next request may go out. At once, until the service says that it was too much."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0
        self._give_up_at: float | None = None

    def wait(self) -> None:
        """Wait until it is this caller's turn."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._gap
        time.sleep(at - now)

    def when_throttled(self, response: Any, **kwargs: Any) -> float | None:
        """Wait where the service says 429, and have botocore send the request again.

        botocore's own retries give up after a few throttled attempts; other failures are theirs.
        """
        if response is None or response[0].status_code != 429:
            self._give_up_at = None
            return None
        with self._lock:
            now = time.monotonic()
            self._give_up_at = self._give_up_at or now + _PATIENCE_SECONDS
            if now > self._give_up_at:
                return None
            self._gap = _GAP_SECONDS
            self._next = max(self._next, now + _HOLD_SECONDS)
        self.wait()
        return 0.0
