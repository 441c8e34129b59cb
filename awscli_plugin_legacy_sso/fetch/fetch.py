"""From source profiles to temporary credentials, many at a time.

botocore's own providers do the fetching, so whatever the AWS CLI resolves is resolved in the same
way. What is added: the keys are fresh; a profile's own configuration alone decides, never the
environment's keys nor the machine's role; and each client is made and each role fetched once.
Nothing is written but the AWS CLI's own caches.
"""

from __future__ import annotations

import getpass
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from botocore.credentials import create_credential_resolver
from botocore.session import Session

from ..configuration import Source
from ..errors import FetchError, LegacySsoError
from ..legacy_profile import Credentials
from ..private_folders import check_folder, make_folder
from .botocore_private import adapt
from .boundary import boundary, watch
from .explain import explained, file_error
from .keys import CheckedRoleCache, FreshRoleCache, Process, credentials_of
from .session import SessionFactory
from .sso import CONNECTIONS, SharedClient, client_settings

# Where every AWS CLI v2 keeps the keys of roles. It hangs on HOME alone.
_ROLE_CACHE = os.path.join("~", ".aws", "cli", "cache")
# botocore's names of the providers that follow a profile's own settings. The others, which find
# keys in the environment, on the machine or as they stand in a file, must not take their place.
_OWN_PROVIDERS = {"assume-role", "assume-role-with-web-identity", "sso", "login", "custom-process"}
# Longer than botocore waits for a service, with all its retries; a process may hang for ever.
_SILENCE_SECONDS = 600.0

_T = TypeVar("_T")
Outcome = Credentials | LegacySsoError
Ask = Callable[[str], str]


def fetch(
    sessions: SessionFactory, sources: Collection[Source], ask: Ask = getpass.getpass
) -> Iterator[tuple[Source, Outcome]]:
    """Yield each source with its credentials, or with the reason why there are none, as they come.

    It waits. Sources that need an MFA code are done here, one at a time, while daemon threads do
    the others; ``ask`` is given the prompt and returns the code. Ctrl-C ends it whatever is in
    flight.
    """
    fetcher = _Fetcher(sessions, ask)
    waiting = deque(source for source in sources if not source.asks_for_mfa)
    missing = dict.fromkeys(waiting)
    done: queue.SimpleQueue[tuple[Source, Outcome]] = queue.SimpleQueue()

    def work() -> None:
        while waiting:
            try:
                source = waiting.popleft()
            except IndexError:  # another thread has taken the last
                return
            done.put((source, fetcher.outcome(source)))

    with boundary():
        # Not a ThreadPoolExecutor: at Ctrl-C that waits for calls that hang.
        for _ in range(min(CONNECTIONS, len(waiting))):
            threading.Thread(target=work, daemon=True).start()
        try:
            for source in sources:
                if source.asks_for_mfa:
                    yield source, fetcher.outcome(source)
            while missing:
                source, outcome = done.get(timeout=_SILENCE_SECONDS)
                del missing[source]
                yield source, outcome
        except queue.Empty:
            yield from ((source, _silence()) for source in missing)
        finally:
            waiting.clear()


def fetch_from_session(
    session: Session, sources: Collection[Source]
) -> Iterator[tuple[Source, Outcome]]:
    """Do what :func:`fetch` does, with the credentials that a session has, fresh or not."""
    watch(session)
    for source in sources:
        yield source, _outcome(lambda: credentials_of(session.get_credentials()), source)


class _Fetcher:
    """Fetches sources; each client is made, and each role is fetched, once for all of them."""

    def __init__(self, sessions: SessionFactory, ask: Ask) -> None:
        self._sessions = sessions
        self._ask = ask
        self._folder = os.path.expanduser(_ROLE_CACHE)
        try:
            # Beforehand: botocore makes it too, and its threads would get in each other's way.
            make_folder(self._folder)
            check_folder(self._folder)
        except OSError as error:
            raise file_error(error) from None
        self._cache = FreshRoleCache(self._folder)
        self._lock = threading.Lock()
        self._shared: dict[object, Future[Any]] = {}

    def outcome(self, source: Source) -> Outcome:
        """Fetch a source in this thread."""
        return _outcome(lambda: self._credentials(source), source)

    def _credentials(self, source: Source) -> Credentials:
        """Return a source's credentials: the role that its chain starts from, then the chain."""
        base, failure = source.base, None
        if base.has_sso_role and base.name == source.name:
            return self._role(source)
        try:
            if base.has_sso_role:
                self._role(source)
        except LegacySsoError as error:
            # With MFA a chain may do without: its own keys may be in the CLI's cache.
            if not source.asks_for_mfa:
                raise
            failure = error
        try:
            return self._resolve(source)
        except Exception as error:  # noqa: BLE001  # the role's own failure came first
            raise failure or error from None

    def _role(self, source: Source) -> Credentials:
        """Return the keys of the SSO role that a source is, or that its chain starts from."""
        base = source.base
        alone = Source(base.name, True, (base,), source.sso_sessions)
        client_key = client_settings(base)

        def fetch_role() -> Credentials:
            make = partial(SharedClient, self._sessions, alone)
            client = self._once(client_key, partial(explained, make, alone))
            return client.fetch(base, self._cache)

        role_key = client_key, base.account, base.role
        return self._once(role_key, partial(explained, fetch_role, alone))

    def _once(self, key: object, make: Callable[[], _T]) -> _T:
        """Return what the first thread that asked for it made, or raise its error; may wait."""
        with self._lock:
            is_first = key not in self._shared
            future: Future[_T] = self._shared.setdefault(key, Future())
        if is_first:
            try:
                future.set_result(make())
            except LegacySsoError as error:
                future.set_exception(error)
        try:
            return future.result(_SILENCE_SECONDS)
        except TimeoutError:
            raise _silence() from None

    def _resolve(self, source: Source) -> Credentials:
        """Resolve a source in a session of its own, as the CLI would with ``--profile``."""
        session = self._sessions.for_source(source)
        # With the CLI's cache as it is, a person is asked only when the CLI itself would ask.
        cache = CheckedRoleCache(self._folder) if source.asks_for_mfa else self._cache
        resolver = create_credential_resolver(session, cache=cache)
        resolver.providers = [it for it in resolver.providers if it.METHOD in _OWN_PROVIDERS]
        adapt(resolver.providers, Process, self._ask)
        return credentials_of(resolver.load_credentials())


def _outcome(call: Callable[[], Credentials], source: Source) -> Outcome:
    try:
        return explained(call, source)
    except LegacySsoError as error:
        return error


def _silence() -> FetchError:
    return FetchError(f"nothing came back within {_SILENCE_SECONDS:g} s")
