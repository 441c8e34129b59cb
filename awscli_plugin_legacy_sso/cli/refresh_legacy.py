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
from .base import LegacyCommand

if TYPE_CHECKING:
    from ..jobs.news import Event


class RefreshLegacyCommand(LegacyCommand):
    NAME = "refresh-legacy"
    ARG_TABLE = options.REFRESH

    def _run(self) -> int:
        selection = self._selection()
        every = selection.of_written or selection.same_login
        paths = self._paths(every=every)
        sessions = SessionFactory(self._session, self.globals.verify_ssl)
        if self.args.watch:
            return self._watch(sessions, paths, selection)
        least = options.minutes(self.args.min_remaining)
        job = partial(
            refresh,
            partial(fetch, sessions, ask=_Questions().ask),
            *(self.configuration, paths, selection),
            is_due=None if least is None else partial(_expires_within, least),
            progress=_show_progress,
            login=self._login() if self.args.login else None,
        )
        lines = partial(output.refreshed_lines, credentials_file=self.args.credentials_file)
        return self._do(job, output.refreshed_document, lines)

    def _selection(self) -> Selection:
        args = self.args
        given = {f"--{key.replace('_', '-')}": value for key, value in vars(args).items()}
        given |= {"--profile": self.globals.profile, "--query": self.globals.query}
        options.check_together(
            option for option, value in given.items() if value not in (None, False)
        )
        if args.watch and self.globals.output not in (None, "json"):
            raise UsageError("--watch prints lines, or with --output json one JSON object a line")
        selecting = ("--profile", "--source-profiles", "--sso-session", "--same-login")
        names_some = any(given[option] for option in (*selecting, "--output-profile"))
        return Selection(
            profile=self._session.get_config_variable("profile") or "default",
            source_profiles=args.source_profiles or (),
            all=args.all or (args.watch and not names_some),
            sso_session=args.sso_session,
            same_login=args.same_login,
            output_profile=args.output_profile,
            region=self.globals.region,
            force=args.force,
            credentials_file=args.credentials_file,
        )

    def _watch(self, sessions: SessionFactory, paths: Sequence[str], selection: Selection) -> int:
        from ..jobs.news import News
        from ..jobs.watch import Watch

        def load() -> tuple[Fetch, Configuration]:
            again = sessions.reread()
            return partial(fetch, again), again.configuration()

        config_file = credentials_file.expand(self._session.get_config_variable("config_file"))
        tell = partial(_tell, quiet=self.args.quiet, as_json=self.globals.output is not None)
        try:
            with _stopped_by_signals(), contextlib.ExitStack() as one_at_a_time:
                for path in paths:
                    one_at_a_time.enter_context(credentials_file.watched(path))
                Watch(load, config_file, paths, selection, News(tell)).run()
        except _Stopped as stopped:
            return int(stopped.args[0])
        except BrokenPipeError:  # Python would flush stdout once more, and fail again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + signal.SIGPIPE

    def _login(self) -> Callable[[Source], bool]:
        known = {argument["name"] for argument in LoginCommand.ARG_TABLE}
        given = [
            f"--{name}"
            for name in ("no-browser", "use-device-code")
            if getattr(self.args, name.replace("-", "_")) and name in known
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
                    command = partial(LoginCommand(self._session), arguments, self.globals)
                    return bool(explained(command, source) == 0)
            except LegacySsoError as error:
                output.print_problem("ERROR", f"signing in did not succeed: {error}")
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
    """Raised by the SIGTERM and SIGHUP handlers of a watch, with the exit status.

    A BaseException, so that ``except Exception`` does not swallow it.
    """


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    def stop(signal_number: int, frame: Any) -> NoReturn:
        raise _Stopped(128 + signal_number)

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
    legacy = there.legacy if there.is_from(copy.source.name) else None
    if legacy is None or legacy.expiration is None:  # signed out, or not known
        return True
    return legacy.expiration - datetime.now(UTC) < least


def _tell(event: Event, *, quiet: bool, as_json: bool) -> None:
    """Print an event of a watch."""
    kind = {"failed": "ERROR", "warning": "WARNING"}.get(event.what)
    if kind and (quiet or not as_json):
        output.print_problem(kind, output.event_line(event))
    elif not quiet:
        line = output.event_document(event) if as_json else output.event_line(event)
        output.print_lines(sys.stdout, [line])
