"""From source profiles to temporary credentials, many at a time.

In: sources. Out: for each its credentials, or the reason why there are none. botocore's own
providers do the fetching, so whatever the AWS CLI resolves is resolved here, in the same way. What
is added: the keys are fresh; a profile's own configuration alone decides (never the environment's
keys nor the machine's role); and each client is made and each role fetched once, however many
profiles need it. Nothing is written but the AWS CLI's own caches.
"""

from __future__ import annotations

import getpass
import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

from botocore.credentials import create_credential_resolver
from botocore.session import Session
from botocore.utils import JSONFileCache

from ..configuration import Profile, Source
from ..errors import FetchError, LegacySsoError
from ..legacy_profile import Credentials
from .botocore_private import ask_by, start_processes_with
from .boundary import explained
from .cache import CheckedRoleCache, FreshRoleCache, make_role_cache
from .exchange import watch
from .keys import credentials_of
from .process import Process
from .session import SessionFactory
from .silence import silence
from .sso import CONNECTIONS, SharedClient, client_settings

_THREADS = CONNECTIONS
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

    It waits for services, and for a person where an MFA code is needed: those sources are done
    here, one at a time, while daemon threads do the others. ``ask`` is given the prompt and
    returns the code. Ctrl-C ends it whatever is in flight.
    """
    folder = make_role_cache()
    asking = [source for source in sources if source.asks_for_mfa]
    with silence(), _Jobs(min(_THREADS, len(sources))) as jobs:
        batch = _Batch(sessions, folder, jobs, ask)
        batch.start(source for source in sources if not source.asks_for_mfa)
        for source in asking:
            yield source, batch.ask(source)
        yield from batch.as_they_come()


def fetch_from_session(
    session: Session, sources: Collection[Source]
) -> Iterator[tuple[Source, Outcome]]:
    """Do what :func:`fetch` does, with the credentials that a session has, fresh or not."""
    watch(session)
    for source in sources:
        yield source, _outcome(lambda: credentials_of(session.get_credentials()), source)


class _Jobs:
    """Calls that daemon threads make, each once what it needs is there.

    Not a ``ThreadPoolExecutor``: at Ctrl-C that waits for calls that hang.
    """

    def __init__(self, threads: int) -> None:
        self._ready: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._futures: list[Future[Any]] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self) -> _Jobs:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        for future in self._futures:
            future.cancel()
        for _ in self._threads:
            self._ready.put(None)

    def add(self, call: Callable[[], _T], after: Future[Any] | None = None) -> Future[_T]:
        """Have a thread make a call, once ``after`` is done; return the future of its result."""
        future: Future[_T] = Future()
        self._futures.append(future)
        job = partial(_keep, future, call)
        if after is None:
            self._ready.put(job)
        else:
            after.add_done_callback(lambda done: self._ready.put(job))
        return future

    def _run(self) -> None:
        while job := self._ready.get():
            job()


def _keep(future: Future[_T], call: Callable[[], _T]) -> None:
    """Make a call and keep what comes of it, unless nobody wants it any more."""
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised again where the result is wanted
            future.set_exception(error)


class _Batch:
    """The sources of one fetch. Each client is made, and each role is fetched, for all of them."""

    def __init__(self, sessions: SessionFactory, folder: str, jobs: _Jobs, ask: Ask) -> None:
        self._sessions = sessions
        self._ask = ask
        self._folder = folder
        self._cache = FreshRoleCache(folder)
        self._jobs = jobs
        self._clients: dict[object, Future[SharedClient]] = {}
        self._roles: dict[object, Future[Credentials]] = {}
        self._started: dict[Future[Credentials], Source] = {}
        self._done: queue.SimpleQueue[Future[Credentials]] = queue.SimpleQueue()

    def start(self, sources: Iterable[Source]) -> None:
        """Have the threads fetch sources, one job for each."""
        for source in sources:
            role = self._role(source)
            call = partial(self._credentials, source, role, self._cache)
            future = self._jobs.add(partial(explained, call, source), after=role)
            self._started[future] = source
            future.add_done_callback(self._done.put)

    def ask(self, source: Source) -> Outcome:
        """Fetch a source here, where a person can be asked for an MFA code."""
        role = self._role(source)
        if role and wait([role], _SILENCE_SECONDS).not_done:
            return _silence()
        # With the CLI's cache as it is: a person is asked only when the CLI itself would ask.
        cache = CheckedRoleCache(self._folder)
        return _outcome(lambda: self._credentials(source, role, cache), source)

    def as_they_come(self) -> Iterator[tuple[Source, Outcome]]:
        """Yield what came of the sources that were started; waits for each."""
        waiting = dict(self._started)
        while waiting:
            try:
                future = self._done.get(timeout=_SILENCE_SECONDS)
            except queue.Empty:
                yield from ((source, _silence()) for source in waiting.values())
                return
            source = waiting.pop(future)
            yield source, _outcome(future.result, source)

    def _role(self, source: Source) -> Future[Credentials] | None:
        """Return the future of the SSO role that a source is, or that its chain starts from."""
        base = source.base
        if not base.has_sso_role:
            return None
        base_source = Source(base.name, True, (base,), source.sso_sessions)
        client_key = client_settings(base)
        role_key = client_key, base.account, base.role
        if client_key not in self._clients:
            make = partial(SharedClient, self._sessions, base_source)
            self._clients[client_key] = self._jobs.add(partial(explained, make, base_source))
        if role_key not in self._roles:
            client = self._clients[client_key]
            call = partial(self._fetch_role, client, base)
            job = partial(explained, call, base_source)
            self._roles[role_key] = self._jobs.add(job, after=client)
        return self._roles[role_key]

    def _fetch_role(self, client: Future[SharedClient], base: Profile) -> Credentials:
        return client.result().fetch(base, self._cache)

    def _credentials(
        self, source: Source, role: Future[Credentials] | None, cache: JSONFileCache
    ) -> Credentials:
        """Return a source's credentials, once the role that it starts from has been fetched."""
        if role and source.base.name == source.name:
            return role.result()
        failure = role.exception() if role else None
        # With MFA a chain may do without: its own keys may be in the CLI's cache.
        if failure and not source.asks_for_mfa:
            raise failure
        try:
            return self._resolve(source, cache)
        except Exception:
            if failure:
                raise failure from None
            raise

    def _resolve(self, source: Source, cache: JSONFileCache) -> Credentials:
        """Resolve a source in a session of its own, as the CLI would with ``--profile``."""
        session = self._sessions.for_source(source)
        resolver = create_credential_resolver(session, cache=cache)
        resolver.providers = [it for it in resolver.providers if it.METHOD in _OWN_PROVIDERS]
        start_processes_with(resolver.providers, Process)
        ask_by(resolver.providers, self._ask)
        return credentials_of(resolver.load_credentials())


def _outcome(call: Callable[[], Credentials], source: Source) -> Outcome:
    try:
        return explained(call, source)
    except LegacySsoError as error:
        return error


def _silence() -> FetchError:
    return FetchError(f"nothing came back within {_SILENCE_SECONDS:g} s")
