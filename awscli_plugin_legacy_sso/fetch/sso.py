"""The roles that SSO profiles take from IAM Identity Center, many with one sign-in.

Profiles that reach it in the same way share a :class:`SharedClient`, so that a hundred cost little
more than one. botocore's provider fetches.
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
from botocore.tokens import SSOTokenProvider

from ..configuration import Profile, SignIn, Source
from ..legacy_profile import Credentials
from ..lock import LockTimeoutError, lock
from .boundary import json_object
from .keys import credentials_of, has
from .session import SessionFactory

# Where every AWS CLI v2 keeps the tokens of sign-ins, whatever its settings.
_TOKEN_CACHE = os.path.join("~", ".aws", "sso", "cache")
_TOKEN_LOCK_SECONDS = 30
_SETTLE_SECONDS = 0.1  # enough for another program to finish writing a token file in place
# The lock file of earlier versions. Other tools read every file in that folder as a token.
_OLD_TOKEN_LOCK = "legacy-sso.lock"

CONNECTIONS = 20  # as many requests as the portal answers in a second
# After the first 429 all threads pause, then send one request every gap.
_PAUSE_SECONDS = 0.8
_GAP_SECONDS = 0.0508
_PATIENCE_SECONDS = 120  # without a single request granted

# Settings that change neither the client nor the token, and the keys and records of other profiles.
# An unknown setting only costs time: it makes a client of its own.
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

    Making it waits for a lock, and may renew the access token: once for all profiles, as a refresh
    token works only once.
    """

    def __init__(self, sessions: SessionFactory, source: Source) -> None:
        self._full_config = sessions.session.full_config
        self._pace = _Pace()
        session = sessions.for_source(source)
        self._make_client = session.create_client
        self._client: Any = None
        self._client_lock = threading.Lock()
        self._token_provider = None
        sign_in = source.sign_in or SignIn(None, None)
        if not sign_in.session:
            _check_token_file(sign_in)
            return
        with _token_lock():
            _check_token_file(sign_in)
            try:
                token = SSOTokenProvider(session).load_token().get_frozen_token()
            except TokenRetrievalError:
                # The CLI takes no such lock: it may have renewed the token in the meantime.
                token = SSOTokenProvider(session).load_token().get_frozen_token()
        renewed = SimpleNamespace(get_frozen_token=lambda: token)
        self._token_provider = SimpleNamespace(load_token=lambda: renewed)

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
                # By default 10, and each further request would make a connection of its own.
                config = config.merge(Config(max_pool_connections=CONNECTIONS))
                self._client = self._make_client(service_name, config=config, **kwargs)
                self._client.meta.events.register_first(
                    "needs-retry.sso.GetRoleCredentials", self._pace.when_throttled
                )
            return self._client


def _check_token_file(sign_in: SignIn) -> None:
    """Refuse a sign-in without a token in its file; read it again if it may be half written."""
    for pause in (_SETTLE_SECONDS, 0):
        try:
            with open(token_file(sign_in), "rb") as file:
                token = json_object(file.read()) or {}
        except FileNotFoundError:
            break
        # Without these members a token cannot be renewed, but is good until it expires.
        texts = {"refreshToken", "clientId", "clientSecret"} & token.keys()
        times = {"registrationExpiresAt"} & token.keys()
        if has(token, {"accessToken", *texts}, {"expiresAt", *times}):
            return
        time.sleep(pause)
    raise SSOTokenLoadError(error_msg="no token")


@contextlib.contextmanager
def _token_lock() -> Iterator[None]:
    """Hold the lock on the folder of tokens; after 30 s, go on without it.

    Two refreshes at once, in two shells, would both use the one refresh token.
    """
    folder = os.path.expanduser(_TOKEN_CACHE)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError, LockTimeoutError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, descriptor)  # which unlocks it
            lock(descriptor, _TOKEN_LOCK_SECONDS)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, _OLD_TOKEN_LOCK))
        yield


class _Pace:
    """When the next request may go out: at once, until the service throttles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0
        self._give_up_at: float | None = None

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._gap
        time.sleep(at - now)

    def when_throttled(self, response: Any, **kwargs: Any) -> float | None:
        """Wait after a 429, and have botocore send the request again.

        botocore's own retries give up after a few throttled attempts; they handle other failures.
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
            self._next = max(self._next, now + _PAUSE_SECONDS)
        self.wait()
        return 0.0
