"""From profiles to temporary credentials, many at a time.

botocore's own providers do the fetching, so whatever the AWS CLI resolves is resolved here, in the
same way. What this module adds is that the keys are fresh, that a profile's own configuration
alone decides (never the environment's keys nor the machine's role), and that a hundred profiles
cost little more than one: a sign-in's token is looked after once, each role is fetched once, and
one client serves all profiles that reach the service in the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from botocore.config import Config
from botocore.credentials import SSOProvider, create_credential_resolver
from botocore.exceptions import TokenRetrievalError
from botocore.session import Session
from botocore.tokens import SSOTokenProvider
from botocore.utils import JSONFileCache

from ..configuration import Profile, SignIn, Source
from ..errors import FetchError, LegacySsoError, ProfileError, SourceConfigurationError
from ..legacy_profile import Credentials
from ..lock import LockTimeoutError, exclusive
from . import botocore_private
from .explain import explain

# Where every AWS CLI v2 keeps role credentials and sign-in tokens; both hang on HOME alone.
_ROLE_CACHE = os.path.join("~", ".aws", "cli", "cache")
_TOKEN_CACHE = os.path.join("~", ".aws", "sso", "cache")
_TOKEN_LOCK = "legacy-sso.lock"
_TOKEN_LOCK_SECONDS = 30

_THREADS = 20  # as many requests as the portal answers in a second
# botocore's names of the providers that follow a profile's own settings. The others, which find
# keys in the environment, on the machine or as they stand in a file, must not take their place.
_OWN_PROVIDERS = {"assume-role", "assume-role-with-web-identity", "sso", "login", "custom-process"}
# Settings that differ from profile to profile and do not reach the client that fetches SSO roles.
_NOT_FOR_CLIENT = {"sso_account_id", "sso_role_name", "region", "output"}
# These loggers write requests and answers, keys and tokens included, when `--debug` is given.
_TELLTALES = (
    "botocore.auth",
    "botocore.endpoint",
    "botocore.httpsession",
    "botocore.parsers",
    "botocore.tokens",
)

# The portal answers about 20 requests a second. Once it has said that it was too much, everybody
# holds for a moment, and then requests go out this far apart until all are done.
_HOLD_SECONDS = 0.8
_GAP_SECONDS = 0.0508
_PATIENCE_SECONDS = 120  # without a single request granted
# Longer than botocore waits for a service, with all its retries; a process may hang for ever.
_SILENCE_SECONDS = 600.0

Outcome = Credentials | LegacySsoError


class Host(NamedTuple):
    """Whose settings the fetches use: the AWS CLI's session, as its global options left it."""

    session: Session
    # False: certificates are not verified. A path: a CA bundle. None: as the profile says.
    verify: bool | str | None = None


def fetch(host: Host, sources: Collection[Source]) -> Iterator[tuple[Source, Outcome]]:
    """Yield each source with its credentials, or with the reason why there are none, as they come.

    The work is done on daemon threads, so that Ctrl-C ends it whatever is in flight. Sources
    that may ask for an MFA code are done here, one at a time, beside the others.
    """
    role_cache = os.path.expanduser(_ROLE_CACHE)
    # Made beforehand: botocore's cache makes it too, and its threads would get in each other's way.
    try:
        os.makedirs(role_cache, mode=0o700, exist_ok=True)
    except OSError as error:
        raise SourceConfigurationError(f"{error.filename}: {error.strerror}") from None
    asking = [source for source in sources if source.asks_for_mfa]
    rest = [source for source in sources if source not in asking]
    work = _Work(host, _FreshRoleCache(role_cache))
    with _quiet_loggers(), work.running(rest):
        for source in asking:
            # With the CLI's cache as it is: a person is asked only when the CLI itself would ask.
            yield source, work.resolve_asking(source, JSONFileCache(role_cache))
        yield from work.results(rest)


def reread(host: Host) -> Host:
    """Return a host that reads the configuration anew, its settings for the network the same."""
    session = Session()
    _reach_services_alike(host.session, session)
    return Host(session, host.verify)


def token_file(sign_in: SignIn) -> str:
    """Return the file in which every AWS CLI v2 keeps the token of a sign-in."""
    what = sign_in.session or sign_in.start_url or ""
    name = hashlib.sha1(what.encode(), usedforsecurity=False).hexdigest()
    return os.path.join(os.path.expanduser(_TOKEN_CACHE), f"{name}.json")


def credentials_of(given: Any) -> Credentials:
    """Turn botocore's credentials into ours, fetching them if they are deferred.

    Raises:
        ProfileError: there are none, or they are long-term keys.
    """
    if given is None:
        raise ProfileError("its settings give no credentials; see: aws configure list")
    frozen = given.get_frozen_credentials()
    if not frozen.token:
        raise ProfileError("it gives long-term keys, which old tools can use as they are")
    return Credentials(
        access_key=frozen.access_key,
        secret_key=frozen.secret_key,
        session_token=frozen.token,
        expiration=botocore_private.expiration(given),
    )


def _sso_base(source: Source) -> Profile | None:
    """Return the SSO profile that a source is, or that its chain of roles starts from."""
    base = source.base
    complete = all(isinstance(part, str) and part for part in (base.account, base.role))
    return base if base.is_sso and complete else None


def _way_to_service(profile: Profile) -> object:
    """Return what has to be the same for two SSO profiles to share a token and a client.

    That is every setting but those known to reach neither, so an unknown one costs time at worst.
    """
    return frozenset(
        (key, repr(value))
        for key, value in profile.settings.items()
        if key not in _NOT_FOR_CLIENT and not key.startswith(("aws_", "x_"))
    )


@contextlib.contextmanager
def _quiet_loggers() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in _TELLTALES}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


class _FreshRoleCache(JSONFileCache):
    """The CLI's own cache of role credentials, written but not believed.

    What it holds may have 15 minutes left. Only what this very run has fetched is believed: a role
    that several chains start from is fetched once.
    """

    def __init__(self, working_dir: str) -> None:
        super().__init__(working_dir)
        self._fetched: dict[str, Any] = {}

    def __contains__(self, cache_key: str) -> bool:
        return cache_key in self._fetched

    def __getitem__(self, cache_key: str) -> Any:
        return self._fetched[cache_key]

    def __setitem__(self, cache_key: str, value: Any) -> None:
        super().__setitem__(cache_key, value)
        self._fetched[cache_key] = value


class _ProfileSession(Session):
    """A session for one explicitly named profile, with the host's settings for the network."""

    def __init__(self, host: Host, profile: str) -> None:
        super().__init__(profile=profile)
        self._verify = host.verify
        _reach_services_alike(host.session, self)
        botocore_private.lend_parsed_files(host.session, self)

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        # The CLI forgets --ca-bundle and --no-verify-ssl when it fetches credentials.
        return super().create_client(*args, **{"verify": self._verify, **kwargs})


def _reach_services_alike(host: Session, session: Session) -> None:
    session.user_agent_name = host.user_agent_name
    session.user_agent_version = host.user_agent_version
    session.user_agent_extra = host.user_agent_extra
    session.set_default_client_config(host.get_default_client_config())
    session.register_component("data_loader", host.get_component("data_loader"))


@dataclass
class _Role:
    """One SSO role to fetch, the sources that are it, and those whose chain starts from it."""

    base: Profile
    sources: list[Source] = field(default_factory=list)
    chained: list[Source] = field(default_factory=list)


class _Work:
    """The sources to do, as jobs for the threads; a job may add those that waited for it."""

    def __init__(self, host: Host, cache: _FreshRoleCache) -> None:
        self._host = host
        self._cache = cache
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Source, Outcome]] = queue.SimpleQueue()

    @contextlib.contextmanager
    def running(self, sources: Collection[Source]) -> Iterator[None]:
        self._plan(sources)
        threads = [
            threading.Thread(target=self._run, daemon=True)
            for _ in range(min(_THREADS, len(sources)))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for _ in threads:
                self._jobs.put(None)

    def results(self, sources: Iterable[Source]) -> Iterator[tuple[Source, Outcome]]:
        waiting = dict.fromkeys(sources)
        while waiting:
            try:
                source, outcome = self._done.get(timeout=_SILENCE_SECONDS)
            except queue.Empty:
                silence = FetchError(f"nothing came back within {_SILENCE_SECONDS:g} s")
                yield from ((source, silence) for source in waiting)
                return
            del waiting[source]
            yield source, outcome

    def resolve(self, source: Source, cache: JSONFileCache) -> Outcome:
        """Resolve one source in a session of its own, as the CLI would with ``--profile``."""
        try:
            session = _ProfileSession(self._host, source.name)
            resolver = create_credential_resolver(session, cache=cache)
            resolver.providers = [p for p in resolver.providers if p.METHOD in _OWN_PROVIDERS]
            return credentials_of(resolver.load_credentials())
        except Exception as error:  # noqa: BLE001  # explain() knows what to make of each
            return explain(error, source)

    def resolve_asking(self, source: Source, cache: JSONFileCache) -> Outcome:
        """Resolve a source that may ask for an MFA code."""
        failure = self._fetch_base(source, cache)
        outcome = self.resolve(source, cache)
        return failure if failure and isinstance(outcome, LegacySsoError) else outcome

    def _fetch_base(self, source: Source, cache: JSONFileCache) -> LegacySsoError | None:
        """Have the role that a chain starts from in the cache; return why it is not.

        CLI 2.9 cannot fetch it as a part of the chain, and says so when the code has been typed.
        The chain may do without it: its own keys may be in the cache.
        """
        base = _sso_base(source)
        if base is None:
            return None
        try:
            _WayToService(self._host, base).fetch(base, cache)
        except Exception as error:  # noqa: BLE001  # explain() knows what to make of each
            return explain(error, source)
        return None

    def _plan(self, sources: Iterable[Source]) -> None:
        ways: dict[object, dict[tuple[str, str], _Role]] = {}
        for source in sources:
            base = _sso_base(source)
            if base is None:
                self._jobs.put(partial(self._resolve, source))
                continue
            roles = ways.setdefault(_way_to_service(base), {})
            role = roles.setdefault((base.account, base.role), _Role(base))
            (role.sources if base.name == source.name else role.chained).append(source)
        for roles in ways.values():
            self._jobs.put(partial(self._open_way, list(roles.values())))

    def _run(self) -> None:
        while job := self._jobs.get():
            job()

    def _resolve(self, source: Source) -> None:
        self._done.put((source, self.resolve(source, self._cache)))

    def _open_way(self, roles: list[_Role]) -> None:
        """Make what a sign-in's roles share, then let the threads fetch them."""
        try:
            way = _WayToService(self._host, roles[0].base)
        except Exception as error:  # noqa: BLE001  # explain() knows what to make of each
            for role in roles:
                self._fail(role, error)
            return
        for role in roles:
            self._jobs.put(partial(self._fetch_role, way, role))

    def _fetch_role(self, way: _WayToService, role: _Role) -> None:
        try:
            credentials = way.fetch(role.base, self._cache)
        except Exception as error:  # noqa: BLE001  # explain() knows what to make of each
            self._fail(role, error)
            return
        for source in role.sources:
            self._done.put((source, credentials))
        for source in role.chained:
            self._jobs.put(partial(self._resolve, source))

    def _fail(self, role: _Role, error: Exception) -> None:
        for source in (*role.sources, *role.chained):
            self._done.put((source, explain(error, source)))


class _WayToService:
    """What the roles of one sign-in share: a client, its pace, and a token that is looked after.

    Making it may ask the service for a new access token. That is done here once, because a refresh
    token works once: threads that each used it would be told that the sign-in is over.
    """

    def __init__(self, host: Host, profile: Profile) -> None:
        self._configuration = host.session.full_config
        self._pace = _Pace()
        session = _ProfileSession(host, profile.name)
        self._make_client = session.create_client
        self._client: Any = None
        self._client_lock = threading.Lock()
        has_session = bool(profile.settings.get("sso_session"))
        self._token = _KnownToken(_fresh_token(session)) if has_session else None

    def fetch(self, profile: Profile, cache: JSONFileCache) -> Credentials:
        provider = SSOProvider(
            load_config=lambda: self._configuration,
            client_creator=self._shared_client,
            profile_name=profile.name,
            cache=cache,
            token_provider=self._token,
        )
        self._pace.wait()
        return credentials_of(provider.load())

    def _shared_client(self, service_name: str, config: Config, **kwargs: Any) -> Any:
        with self._client_lock:
            if self._client is None:
                # Or some connections would be made anew for each request.
                config = config.merge(Config(max_pool_connections=_THREADS))
                self._client = self._make_client(service_name, config=config, **kwargs)
                self._client.meta.events.register_first(
                    "needs-retry.sso.GetRoleCredentials", self._pace.when_throttled
                )
            return self._client


class _KnownToken(NamedTuple):
    """A botocore token provider that hands out one token it was given."""

    token: Any

    def load_token(self) -> _KnownToken:
        return self

    def get_frozen_token(self) -> Any:
        return self.token


def _fresh_token(session: Session) -> Any:
    """Return the sign-in's access token, renewed first if its time is nearly over."""
    with contextlib.ExitStack() as held:
        # Two refreshes at once, in two shells, would both use the one refresh token.
        with contextlib.suppress(OSError, LockTimeoutError):
            lock = os.path.join(os.path.expanduser(_TOKEN_CACHE), _TOKEN_LOCK)
            held.enter_context(exclusive(lock, _TOKEN_LOCK_SECONDS))
        try:
            return SSOTokenProvider(session).load_token().get_frozen_token()
        except (TokenRetrievalError, KeyError):
            # The CLI takes no such lock: what it wrote in the meantime is in the file by now.
            # (A KeyError is botocore's word for a file that was being written.)
            return SSOTokenProvider(session).load_token().get_frozen_token()


class _Pace:
    """When the next request may go out. At once, until the service says that it was too much."""

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
        """Answer botocore's question whether to send a request again: a ``needs-retry`` handler.

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
