"""The command ``aws sso refresh-legacy``, with its ``--watch`` and its questions for MFA codes."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from awscli.customizations.sso.login import LoginCommand

from ..configuration import Configuration, Source
from ..errors import LegacySsoError, UnansweredError, UsageError
from ..fetch.boundary import watch
from ..fetch.explain import explained
from ..fetch.fetch import fetch
from ..fetch.session import SessionFactory
from ..file import credentials_file
from ..jobs.refresh import Fetch, refresh
from ..legacy_profile import Standing
from ..plan.copies import Copy, Selection
from . import options, output
from .base import LegacyCommand, from_file

if TYPE_CHECKING:
    from ..jobs.news import Event


class RefreshLegacyCommand(LegacyCommand):
    """``aws sso refresh-legacy``."""

    NAME = "refresh-legacy"
    DESCRIPTION = from_file("refresh-legacy-description.rst")
    EXAMPLES = from_file("refresh-legacy-examples.rst")
    ARG_TABLE = options.REFRESH

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        selection = self._selection(parsed_args, parsed_globals)
        configuration = self._configuration()
        every = selection.of_written or selection.same_login
        paths = self._paths(parsed_args.credentials_file, configuration, every=every)
        sessions = SessionFactory(self._session, parsed_globals.verify_ssl)
        if parsed_args.watch:
            return self._watch(sessions, paths, selection, parsed_args, parsed_globals)
        least = options.minutes(parsed_args.min_remaining)
        job = partial(
            refresh,
            partial(fetch, sessions, ask=_Questions().ask),
            configuration,
            paths,
            selection,
            is_due=partial(_expires_within, least) if least else None,
        )
        self._check_query(lambda: output.refreshed_document(job(dry_run=True)), parsed_globals)
        login = self._login(parsed_args, parsed_globals) if parsed_args.login else None
        report = job(dry_run=parsed_args.dry_run, progress=_show_progress, login=login)
        if self._wants_document(parsed_globals):
            self._print_document(output.refreshed_document(report), parsed_globals)
        else:
            lines = output.refreshed_lines(report, parsed_args.credentials_file)
            output.print_lines(sys.stdout, lines)
        return self._end(report)

    def _selection(self, parsed_args: Any, parsed_globals: Any) -> Selection:
        given = {
            f"--{option['name']}": getattr(parsed_args, option["name"].replace("-", "_"))
            for option in self.ARG_TABLE
        }
        given |= {"--profile": parsed_globals.profile, "--query": parsed_globals.query}
        options.check_together(
            option for option, value in given.items() if value not in (None, False)
        )
        if parsed_args.watch and parsed_globals.output not in (None, "json"):
            raise UsageError("--watch prints lines, or with --output json one JSON object a line")
        selecting = ("--profile", "--source-profiles", "--sso-session", "--same-login")
        names_some = any(given[option] for option in (*selecting, "--output-profile"))
        return Selection(
            profile=self._session.get_config_variable("profile") or "default",
            source_profiles=parsed_args.source_profiles or (),
            all=parsed_args.all or (parsed_args.watch and not names_some),
            sso_session=parsed_args.sso_session,
            same_login=parsed_args.same_login,
            output_profile=parsed_args.output_profile,
            region=parsed_globals.region,
            force=parsed_args.force,
            credentials_file=parsed_args.credentials_file,
        )

    def _watch(
        self,
        sessions: SessionFactory,
        paths: Sequence[str],
        selection: Selection,
        parsed_args: Any,
        parsed_globals: Any,
    ) -> int:
        from ..jobs.news import News
        from ..jobs.watch import Watch

        def load() -> tuple[Fetch, Configuration]:
            again = sessions.reread()
            return partial(fetch, again), again.configuration()

        config_file = credentials_file.expand(self._session.get_config_variable("config_file"))
        tell = partial(_tell, quiet=parsed_args.quiet, as_json=parsed_globals.output is not None)
        try:
            with _stopped_by_signals(), contextlib.ExitStack() as one_at_a_time:
                for path in paths:
                    one_at_a_time.enter_context(credentials_file.watched(path))
                Watch(load, config_file, paths, selection, News(tell)).run()
        except _Stopped as stopped:
            return stopped.status
        except BrokenPipeError:  # Python would flush stdout once more, and fail again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + signal.SIGPIPE

    def _login(self, parsed_args: Any, parsed_globals: Any) -> Callable[[Source], bool]:
        known = {argument["name"] for argument in LoginCommand.ARG_TABLE}
        given = [
            f"--{name}"
            for name in ("no-browser", "use-device-code")
            if getattr(parsed_args, name.replace("-", "_")) and name in known
        ]
        watch(self._session)

        def login(source: Source) -> bool:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                return False
            session = source.sign_in.session if source.sign_in else None
            if not session:
                self._session.set_config_variable("profile", source.signing_in.name)
            arguments = [*given, *(["--sso-session", session] if session else [])]
            try:
                # stdout is for the result, which may be a document.
                with contextlib.redirect_stdout(sys.stderr):
                    command = partial(LoginCommand(self._session), arguments, parsed_globals)
                    return bool(explained(command, source) == 0)
            except LegacySsoError as error:
                problem = f"signing in did not succeed: {error}"
                output.print_problems(sys.stdout, sys.stderr, [("ERROR", problem)])
                return False

        return login


class _Questions:
    """Asks for MFA codes. After Ctrl-C at one of them it asks no more; the other profiles go on."""

    _is_over = False

    def ask(self, prompt: str) -> str:
        if not self._is_over:
            try:
                return getpass.getpass(prompt)
            except KeyboardInterrupt:
                self._is_over = True
                sys.stderr.write("\n")  # ends the line of the question
        raise UnansweredError("no MFA code was given; to be asked again, run this again")


class _Stopped(BaseException):
    """Raised by the SIGTERM and SIGHUP handlers of a watch.

    A BaseException, so that ``except Exception`` does not swallow it.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.status = 128 + signal_number


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    def stop(signal_number: int, frame: Any) -> NoReturn:
        raise _Stopped(signal_number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # under nohup it stays ignored
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_progress(done: int, of: int) -> None:
    """Show on a terminal how many profiles have been fetched, and clear that at the end."""
    if of > 1 and sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {of} profiles fetched" if done < of else "\r\x1b[K")
        sys.stderr.flush()


def _expires_within(least: timedelta, copy: Copy, there: Standing) -> bool:
    """Tell whether a legacy profile has less time left than that, or no keys of this source."""
    legacy = there.legacy
    return (
        legacy is None
        or not there.is_from(copy.source.name)
        or legacy.signed_out
        or legacy.expiration is None
        or legacy.expiration - datetime.now(UTC) < least
    )


def _tell(event: Event, *, quiet: bool, as_json: bool) -> None:
    """Print an event of a watch."""
    is_problem = event.what in ("failed", "warning")
    if quiet or (is_problem and not as_json):
        if is_problem:
            kind = "ERROR" if event.what == "failed" else "WARNING"
            output.print_problems(sys.stdout, sys.stderr, [(kind, output.event_line(event))])
    else:
        line = output.event_document(event) if as_json else output.event_line(event)
        output.print_lines(sys.stdout, [line])
