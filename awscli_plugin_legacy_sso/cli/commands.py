"""The commands as the AWS CLI has them: arguments, help, printing, exit status.

The only module that knows ``awscli``.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from awscli.customizations.commands import BasicCommand
from awscli.customizations.sso.login import LoginCommand
from awscli.customizations.utils import uni_print
from awscli.formatter import get_formatter
from botocore.exceptions import BotoCoreError, ProfileNotFound

import awscli_plugin_legacy_sso

from .. import errors
from ..configuration import Configuration, Source
from ..errors import LegacySsoError, SourceConfigurationError, UsageError
from ..fetch.boundary import explained
from ..fetch.exchange import watch
from ..fetch.explain import one_line
from ..fetch.fetch import fetch
from ..fetch.session import SessionFactory
from ..file import credentials_file
from ..jobs.refresh import Fetch, Manner, Report, expires_within, refresh
from ..legacy_profile import timestamp
from ..plan.profiles import Selection

if TYPE_CHECKING:
    from ..jobs.watch import Event

_CREDENTIALS_FILE = {
    "name": "credentials-file",
    "help_text": (
        "The credentials file to use. By default the one that the AWS CLI itself uses: "
        "``AWS_SHARED_CREDENTIALS_FILE``, else ``~/.aws/credentials``."
    ),
}
_DRY_RUN = {
    "name": "dry-run",
    "action": "store_true",
    "help_text": "Say what would be done; fetch nothing and write nothing.",
}


def _from_file(name: str) -> Any:
    return BasicCommand.FROM_FILE(name, root_module=awscli_plugin_legacy_sso)


class _LegacyCommand(BasicCommand):
    """What our commands share: an error becomes one line on stderr and an exit status."""

    def _run_main(self, parsed_args: Any, parsed_globals: Any) -> int:
        try:
            _refuse_globals_without_meaning(parsed_globals)
            return self._run(parsed_args, parsed_globals)
        except LegacySsoError as error:
            _print_problem("ERROR", str(error))
            return error.status
        except Exception as error:  # noqa: BLE001  # what is let through, the CLI logs in full
            # Neither its text nor its traceback: nobody knows what is in them.
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{os.path.basename(at.filename)}, line {at.lineno}"
            _print_problem("ERROR", f"a bug, please report it: {type(error).__name__} in {where}")
            return errors.GENERAL
        finally:
            # The process ends now, and would spend a tenth of a second on looking once more
            # through all that the CLI has loaded, for something to collect.
            gc.freeze()

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        raise NotImplementedError

    def _configuration(self) -> Configuration:
        return Configuration(self._session.full_config)

    def _paths(self, given: str | None, configuration: Configuration, *, every: bool) -> list[str]:
        """Return the credentials files to look at, the CLI's own first."""
        if given is not None:
            if not given:
                raise UsageError("--credentials-file is empty; name a file")
            return [credentials_file.expand(given)]
        paths = [self._session.get_config_variable("credentials_file")]
        if every:
            paths += filter(None, configuration.own_setting("credentials_files").split(os.pathsep))
        files: dict[str, str] = {}
        for path in map(credentials_file.expand, paths):
            files.setdefault(os.path.realpath(path), path)  # two names of one file are one file
        return list(files.values())

    def _print_document(self, document: Mapping[str, Any], parsed_globals: Any) -> None:
        get_formatter(self._output(parsed_globals), parsed_globals)(self.NAME, document)

    def _output(self, parsed_globals: Any) -> str:
        try:
            output = parsed_globals.output or self._session.get_config_variable("output")
        except ProfileNotFound:  # AWS_PROFILE may name anything; these commands look elsewhere
            output = None
        return output or "json"


class RefreshLegacyCommand(_LegacyCommand):
    """``aws sso refresh-legacy``."""

    NAME = "refresh-legacy"
    DESCRIPTION = _from_file("refresh-legacy-description.rst")
    EXAMPLES = _from_file("refresh-legacy-examples.rst")
    ARG_TABLE = [
        {
            "name": "source-profiles",
            "nargs": "+",
            "help_text": (
                "The source profiles, instead of the one of ``--profile``. Shell-style wildcards "
                "match every profile that gets temporary credentials; quote them."
            ),
        },
        {
            "name": "all",
            "action": "store_true",
            "help_text": "Refresh every legacy profile that has been written before.",
        },
        {
            "name": "sso-session",
            "help_text": "As ``--all``, but only what this ``sso-session`` signs in to.",
        },
        {
            "name": "same-login",
            "action": "store_true",
            "help_text": (
                "Refresh the profile, and every legacy profile written before that signs in the "
                "same way. This is what the shell hook runs after ``aws sso login``."
            ),
        },
        {
            "name": "output-profile",
            "help_text": (
                "The name of the legacy profile. ``{profile}`` in it stands for the name of the "
                "source profile. By default ``{profile}-legacy-sso``."
            ),
        },
        _CREDENTIALS_FILE,
        {
            "name": "min-remaining",
            "help_text": (
                "A number of minutes. A legacy profile whose keys last that long is left alone."
            ),
        },
        {
            "name": "login",
            "action": "store_true",
            "help_text": "Where the sign-in is over, run ``aws sso login`` first.",
        },
        {
            "name": "no-browser",
            "action": "store_true",
            "help_text": "With ``--login``: do not open a browser.",
        },
        {
            "name": "use-device-code",
            "action": "store_true",
            "help_text": "With ``--login``: use the device code flow where there is a choice.",
        },
        {
            "name": "force",
            "action": "store_true",
            "help_text": (
                "Write even where that takes the place of another profile. Long-term keys are "
                "overwritten only under a name given literally with ``--output-profile``."
            ),
        },
        _DRY_RUN,
        {
            "name": "watch",
            "action": "store_true",
            "help_text": (
                "Stay, and renew each legacy profile before it expires, until interrupted. "
                "Without any selection that is ``--all``, but for what may need you: an MFA code, "
                "or another ``aws login``. With ``--output json`` each event is one line of JSON."
            ),
        },
        {
            "name": "quiet",
            "action": "store_true",
            "help_text": "With ``--watch``: say only what goes wrong.",
        },
    ]

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        selection = self._selection(parsed_args, parsed_globals)
        configuration = self._configuration()
        every = selection.of_written or selection.same_login
        paths = self._paths(parsed_args.credentials_file, configuration, every=every)
        sessions = SessionFactory(self._session, parsed_globals.verify_ssl)
        if parsed_args.watch:
            return self._watch(sessions, paths, selection, parsed_args, parsed_globals)
        least = _minutes(parsed_args.min_remaining)
        progress = _Progress()
        report = refresh(
            partial(fetch, sessions),
            configuration,
            paths,
            selection,
            Manner(
                is_due=partial(expires_within, least) if least else None,
                dry_run=parsed_args.dry_run,
                progress=progress.show,
                login=(self._login(parsed_args, parsed_globals) if parsed_args.login else None),
            ),
        )
        progress.clear()
        if parsed_globals.output is not None or parsed_globals.query is not None:
            self._print_document(_document(report), parsed_globals)
        else:
            _print_lines(_lines(report, configuration))
        _print_problems(report)
        return _status(report)

    def _watch(
        self,
        sessions: SessionFactory,
        paths: Sequence[str],
        selection: Selection,
        parsed_args: Any,
        parsed_globals: Any,
    ) -> int:
        from ..jobs import watch

        def load() -> tuple[Fetch, Configuration]:
            again = sessions.reread()
            try:
                configuration = Configuration(again.full_config)
            except BotoCoreError as error:
                raise SourceConfigurationError(one_line(error)) from None
            return partial(fetch, again), configuration

        config_file = credentials_file.expand(self._session.get_config_variable("config_file"))
        tell = _tell_as_json if parsed_globals.output else _tell
        if parsed_args.quiet:
            tell = _tell_problem
        try:
            with watch.stopped_by_signals(), contextlib.ExitStack() as one_at_a_time:
                for path in paths:
                    one_at_a_time.enter_context(credentials_file.watched(path))
                watch.Watch(load, config_file, paths, selection, tell).run()
        except watch.Stopped as stopped:
            return stopped.status
        except BrokenPipeError:  # nobody listens any more; nor would they when Python flushes
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + signal.SIGPIPE

    def _selection(self, parsed_args: Any, parsed_globals: Any) -> Selection:
        _check_watch(parsed_args, parsed_globals)
        names_some = (
            parsed_globals.profile,
            parsed_args.source_profiles,
            parsed_args.sso_session,
            parsed_args.same_login,
            parsed_args.output_profile,
        )
        selection = Selection(
            profile=self._session.get_config_variable("profile") or "default",
            source_profiles=parsed_args.source_profiles or (),
            all=parsed_args.all or (parsed_args.watch and not any(names_some)),
            sso_session=parsed_args.sso_session,
            same_login=parsed_args.same_login,
            output_profile=parsed_args.output_profile,
            region=parsed_globals.region,
            force=parsed_args.force,
        )
        ways = {
            "--source-profiles": bool(selection.source_profiles),
            "--sso-session" if selection.sso_session else "--all": selection.of_written,
            "--same-login": selection.same_login,
        }
        _refuse_together(*(option for option, given in ways.items() if given))
        written = next((way for way in ways if ways[way] and way != "--source-profiles"), None)
        if written and selection.output_profile is not None:
            _refuse_together(written, "--output-profile")
        if written and selection.force:
            _refuse_together(written, "--force")
        if parsed_globals.profile and (selection.all or selection.source_profiles):
            _refuse_together("--profile", "--all" if selection.all else "--source-profiles")
        return selection

    def _login(self, parsed_args: Any, parsed_globals: Any) -> Callable[[Source], bool]:
        known = {argument["name"] for argument in LoginCommand.ARG_TABLE}
        options = [
            f"--{name}"
            for name in ("no-browser", "use-device-code")
            if getattr(parsed_args, name.replace("-", "_")) and name in known
        ]

        watch(self._session)

        def login(source: Source) -> bool:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                return False
            name = source.sign_in.session if source.sign_in else None
            if not name:
                self._session.set_config_variable("profile", source.signing_in.name)
            session = ["--sso-session", name] if name else []
            try:
                # On stdout is what we have to say, and that may be a document.
                with contextlib.redirect_stdout(sys.stderr):
                    command = partial(LoginCommand(self._session), [*options, *session])
                    status = explained(partial(command, parsed_globals), source)
            except LegacySsoError as why:
                _print_problem("ERROR", f"signing in did not succeed: {why}")
                return False
            return bool(status == 0)

        return login


class ListLegacyCommand(_LegacyCommand):
    """``aws sso list-legacy``."""

    NAME = "list-legacy"
    DESCRIPTION = _from_file("list-legacy-description.rst")
    EXAMPLES = _from_file("list-legacy-examples.rst")
    ARG_TABLE = [_CREDENTIALS_FILE]

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        from ..jobs import manage

        configuration = self._configuration()
        paths = self._paths(parsed_args.credentials_file, configuration, every=True)
        listed, unreadable = manage.list_legacy(configuration, paths)
        if listed or not unreadable:
            self._print_document({"LegacyProfiles": listed}, parsed_globals)
        return _print_errors(unreadable, is_partly=bool(listed))


class RemoveLegacyCommand(_LegacyCommand):
    """``aws sso remove-legacy``."""

    NAME = "remove-legacy"
    DESCRIPTION = _from_file("remove-legacy-description.rst")
    EXAMPLES = _from_file("remove-legacy-examples.rst")
    ARG_TABLE = [
        {
            "name": "legacy-profiles",
            "nargs": "+",
            "help_text": "The legacy profiles to remove. Shell-style wildcards work; quote them.",
        },
        {"name": "all", "action": "store_true", "help_text": "Remove every legacy profile."},
        {"name": "sso-session", "help_text": "Remove what this ``sso-session`` signs in to."},
        {"name": "expired", "action": "store_true", "help_text": "Remove what has expired."},
        {
            "name": "sign-out",
            "action": "store_true",
            "help_text": (
                "Keep the sections, but put the word ``SIGNED-OUT`` in place of their keys, so "
                "that every tool is refused and none goes on under another identity. The next "
                "refresh fills them again. What no SSO sign-in feeds is left alone."
            ),
        },
        _CREDENTIALS_FILE,
        _DRY_RUN,
    ]

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        from ..jobs import manage

        choice = manage.Choice(
            names=parsed_args.legacy_profiles or (),
            all=parsed_args.all,
            sso_session=parsed_args.sso_session,
            expired=parsed_args.expired,
        )
        if not choice.is_made:
            raise UsageError(
                "say what to remove: --legacy-profiles, --all, --sso-session or --expired"
            )
        configuration = self._configuration()
        paths = self._paths(parsed_args.credentials_file, configuration, every=True)
        removed = manage.remove_legacy(
            configuration,
            paths,
            choice,
            sign_out=parsed_args.sign_out,
            dry_run=parsed_args.dry_run,
        )
        if parsed_globals.output is not None or parsed_globals.query is not None:
            self._print_document({"LegacyProfiles": removed.results}, parsed_globals)
        else:
            _print_lines(removed.lines)
        for warning in removed.warnings:
            _print_problem("WARNING", warning)
        return _print_errors(removed.errors, is_partly=bool(removed.results))


COMMANDS = (RefreshLegacyCommand, ListLegacyCommand, RemoveLegacyCommand)


class _Progress:
    """How far a long fetch is, on stderr, for a person who watches."""

    _PATIENCE_SECONDS = 1.0

    def __init__(self) -> None:
        self._show_from = time.monotonic() + self._PATIENCE_SECONDS
        self._shown = False

    def show(self, done: int, of: int) -> None:
        if of > 1 and time.monotonic() >= self._show_from and sys.stderr.isatty():
            self._shown = True
            uni_print(f"\r{done} of {of} profiles fetched", sys.stderr)

    def clear(self) -> None:
        if self._shown:
            uni_print("\r\x1b[K", sys.stderr)


def _refuse_globals_without_meaning(parsed_globals: Any) -> None:
    if parsed_globals.endpoint_url is not None:
        raise UsageError("--endpoint-url has no meaning here; set endpoint_url in the profile")
    if parsed_globals.sign_request is False:
        raise UsageError("--no-sign-request has no meaning here; leave it out")


def _refuse_together(*options: str) -> None:
    if len(options) > 1:
        raise UsageError(f"{' and '.join(options)} do not go together; give one of them")


def _check_watch(parsed_args: Any, parsed_globals: Any) -> None:
    if not parsed_args.watch:
        if parsed_args.quiet:
            raise UsageError("--quiet goes with --watch; add it, or leave both out")
        return
    without_meaning = {
        "--dry-run": parsed_args.dry_run,
        "--login": parsed_args.login,
        "--min-remaining": parsed_args.min_remaining is not None,
        "--query": parsed_globals.query is not None,
    }
    for option, given in without_meaning.items():
        if given:
            _refuse_together("--watch", option)
    if parsed_globals.output not in (None, "json"):
        raise UsageError("--watch prints lines, or with --output json one JSON object a line")


def _minutes(given: str | None) -> timedelta | None:
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        raise UsageError(f"--min-remaining takes a whole number of minutes, not {given!r}")
    return timedelta(minutes=int(given))


def _status(report: Report) -> int:
    failed = [result.error for result in report.results if result.error]
    is_partly = len(failed) < len(report.results)
    return _common_status([*failed, *report.unreadable], is_partly=is_partly)


def _common_status(failed: Sequence[LegacySsoError], *, is_partly: bool) -> int:
    statuses = {error.status for error in failed}
    if not statuses:
        return 0
    if is_partly:
        return 1
    return statuses.pop() if len(statuses) == 1 else errors.GENERAL


def _document(report: Report) -> Mapping[str, Any]:
    return {
        "LegacyProfiles": [
            {
                "Profile": result.refresh.name,
                "SourceProfile": result.refresh.source,
                "CredentialsFile": result.refresh.path,
                "Status": result.status,
                "Expiration": timestamp(result.expiration) if result.expiration else None,
                "Message": str(result.error) if result.error else None,
            }
            for result in report.results
        ]
    }


def _lines(report: Report, configuration: Configuration) -> Iterable[str]:
    if not report.results:
        yield (
            "No legacy profile to refresh. Write the first one with: "
            "aws sso refresh-legacy --profile NAME"
        )
    for result in report.results:
        if not result.error:
            item = result.refresh
            what = _WORDS[result.status].format(when=_when(result.expiration))
            if result.status == "kept" and not result.expiration:
                what = "kept as it is"
            note = configuration.source(item.source).why_not_fresh if result.expiration else None
            yield f"{item.source} -> {item.name}  {what}{f'; {note}' if note else ''}"
    for result in report.results:
        if result.status == "refreshed" and result.is_new:
            name = shlex.quote(result.refresh.name)
            yield (
                f"{result.refresh.name} is new; "
                f"remove it with: aws sso remove-legacy --legacy-profiles {name}"
            )
    for path in dict.fromkeys(result.refresh.path for result in report.results):
        statuses = [result.status for result in report.results if result.refresh.path == path]
        if "refreshed" in statuses:
            yield f"{_count(statuses.count('refreshed'))} written to {path}"
        elif "planned" in statuses:
            yield f"{_count(statuses.count('planned'))} would be written to {path}"


_WORDS = {
    "refreshed": "{when}",
    "kept": "kept, {when}",
    "planned": "would be refreshed",
}


def _count(number: int) -> str:
    return f"{number} legacy profile{'' if number == 1 else 's'}"


def _when(expiration: datetime | None) -> str:
    if expiration is None:
        return "does not say when it expires"
    left = expiration - datetime.now(UTC)
    minutes = max(0, round(left.total_seconds() / 60))
    ahead = f"{minutes // 60}h {minutes % 60}m" if minutes >= 60 else f"{minutes}m"
    try:
        local = expiration.astimezone()
    except (OverflowError, OSError):  # the last day of the year 9999, east of Greenwich
        local = expiration
    return f"expires {local:%Y-%m-%d %H:%M} (in {ahead})"


def _tell(event: Event) -> None:
    """Print what happened in a watch for a person, with the time."""
    if event.what in ("failed", "warning"):
        _tell_problem(event)
        return
    text = f"solved: {event.message}" if event.what == "solved" else event.message
    if event.result:
        item = event.result.refresh
        text = f"{item.source} -> {item.name}  {_when(event.result.expiration)}"
    uni_print(f"{_now()}  {_printable(text or '')}\n")
    sys.stdout.flush()


def _tell_problem(event: Event) -> None:
    if event.what in ("failed", "warning"):
        kind = {"failed": "ERROR", "warning": "WARNING"}[event.what]
        _print_problem(kind, f"{_now()}  {event.message}")


def _tell_as_json(event: Event) -> None:
    result = event.result
    document = {
        "Time": timestamp(datetime.now(UTC)),
        "Event": event.what,
        "Profile": result.refresh.name if result else None,
        "SourceProfile": result.refresh.source if result else None,
        "CredentialsFile": result.refresh.path if result else None,
        "Expiration": timestamp(result.expiration) if result and result.expiration else None,
        "Message": event.message,
    }
    uni_print(json.dumps(document) + "\n")
    sys.stdout.flush()


def _now() -> str:
    return f"{datetime.now():%Y-%m-%d %H:%M:%S}"  # noqa: DTZ005  # the person's own time


def _print_lines(lines: Iterable[str]) -> None:
    uni_print("".join(f"{line}\n" for line in lines))


def _print_problems(report: Report) -> None:
    for warning in report.warnings:
        _print_problem("WARNING", warning)
    for unreadable in report.unreadable:
        _print_problem("ERROR", str(unreadable))
    # A sign-in that is over is over for all its profiles: one line, and none of them left out.
    sources: dict[str, dict[str, None]] = {}
    for result in report.results:
        if result.error:
            sources.setdefault(str(result.error), {})[result.refresh.source] = None
    for error, of in sources.items():
        _print_problem("ERROR", f"{', '.join(of)}: {error}")


def _print_errors(failed: Sequence[LegacySsoError], *, is_partly: bool) -> int:
    """Print what could not be done beside the rest; return the exit status."""
    for error in failed:
        _print_problem("ERROR", str(error))
    return _common_status(failed, is_partly=is_partly)


def _print_problem(kind: str, text: str) -> None:
    """Print one line as the AWS CLI prints its own; names in it cannot break the line."""
    sys.stdout.flush()
    uni_print(f"aws: [{kind}]: {_printable(text)}\n", sys.stderr)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
