"""From source profiles to temporary credentials, many at a time.

botocore's own providers fetch them, so every source is resolved as the AWS CLI resolves it, except
that the keys are fresh, that only a profile's own configuration counts, not the environment's keys
nor the machine's role, and that each client is made and each role fetched once. Only the AWS CLI's
own caches are written.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
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
from .keys import CheckedRoleCache, FreshRoleCache, credentials_of, run_process
from .session import SessionFactory
from .sso import CONNECTIONS, SharedClient, client_settings

# Where every AWS CLI v2 keeps the keys of roles, whatever its settings.
_ROLE_CACHE = os.path.join("~", ".aws", "cli", "cache")
# botocore's names of the providers that follow a profile's own settings. The others find keys in
# the environment, on the machine or in a file.
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

    Sources that need an MFA code are fetched here, one at a time, while daemon threads fetch the
    others; ``ask`` gets the prompt and returns the code. Ctrl-C ends it at once.
    """
    fetcher = _Fetcher(sessions, ask)
    waiting = deque(source for source in sources if not source.asks_for_mfa)
    missing = dict.fromkeys(waiting)
    done: queue.SimpleQueue[tuple[Source, Outcome]] = queue.SimpleQueue()

    def work() -> None:
        while waiting:
            with contextlib.suppress(IndexError):  # another thread has taken the last one
                source = waiting.popleft()
                done.put((source, _outcome(fetcher.credentials, source)))

    with boundary():
        # Not a ThreadPoolExecutor: at Ctrl-C that waits for calls that hang.
        for _ in range(min(CONNECTIONS, len(waiting))):
            threading.Thread(target=work, daemon=True).start()
        try:
            for source in sources:
                if source.asks_for_mfa:
                    yield source, _outcome(fetcher.credentials, source)
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
        yield source, _outcome(lambda _: credentials_of(session.get_credentials()), source)


def _outcome(call: Callable[[Source], Credentials], source: Source) -> Outcome:
    try:
        return explained(lambda: call(source), source)
    except LegacySsoError as error:
        return error


def _silence() -> FetchError:
    return FetchError(f"nothing came back within {_SILENCE_SECONDS:g} s")


class _Fetcher:
    """Fetches sources; each client is made, and each role is fetched, once for all of them."""

    def __init__(self, sessions: SessionFactory, ask: Ask) -> None:
        self._sessions = sessions
        self._ask = ask
        self._folder = os.path.expanduser(_ROLE_CACHE)
        try:
            make_folder(self._folder)  # now: botocore's threads would all try to
            check_folder(self._folder)
        except OSError as error:
            raise file_error(error) from None
        self._cache = FreshRoleCache(self._folder)
        self._lock = threading.Lock()
        self._shared: dict[object, Future[Any]] = {}

    def credentials(self, source: Source) -> Credentials:
        """Return a source's credentials: of the role that its chain starts from, then the chain."""
        base = source.base
        try:
            role = self._role(source) if base.has_sso_role else None
        except LegacySsoError:
            if base.name == source.name or not source.asks_for_mfa:
                raise
            with contextlib.suppress(Exception):  # its own keys may be in the CLI's cache
                return self._resolve(source)
            raise
        return role if role and base.name == source.name else self._resolve(source)

    def _role(self, source: Source) -> Credentials:
        """Return the keys of the SSO role that a source's chain starts from."""
        base = source.base
        alone = Source(base.name, True, (base,), source.sso_sessions)
        client_key = client_settings(base)

        def fetch_role() -> Credentials:
            client = self._once(client_key, alone, lambda: SharedClient(self._sessions, alone))
            return client.fetch(base, self._cache)

        return self._once((client_key, base.account, base.role), alone, fetch_role)

    def _once(self, key: object, source: Source, make: Callable[[], _T]) -> _T:
        """Return what the first thread that asked for it made, or raise its error; may wait."""
        with self._lock:
            is_first = key not in self._shared
            future: Future[_T] = self._shared.setdefault(key, Future())
        if is_first:
            try:
                future.set_result(explained(make, source))
            except LegacySsoError as error:
                future.set_exception(error)
        try:
            return future.result(_SILENCE_SECONDS)
        except TimeoutError:
            raise _silence() from None

    def _resolve(self, source: Source) -> Credentials:
        """Resolve a source in a session of its own, as the CLI would with ``--profile``."""
        session = self._sessions.for_source(source)
        # With MFA the CLI's cache is read: a person is asked only when the CLI itself would ask.
        cache = CheckedRoleCache(self._folder) if source.asks_for_mfa else self._cache
        resolver = create_credential_resolver(session, cache=cache)
        own = [it for it in resolver.providers if it.METHOD in _OWN_PROVIDERS]
        resolver.providers = adapt(own, run_process, self._ask)
        return credentials_of(resolver.load_credentials())
