"""The commands for ``aws sso``; those that need no network are here."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from ..errors import UsageError
from . import options, output
from .base import LegacyCommand, from_file
from .refresh_legacy import RefreshLegacyCommand


class ListLegacyCommand(LegacyCommand):
    """``aws sso list-legacy``."""

    NAME = "list-legacy"
    DESCRIPTION = from_file("list-legacy-description.rst")
    EXAMPLES = from_file("list-legacy-examples.rst")
    ARG_TABLE = options.LIST

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        from ..jobs.list import list_legacy

        configuration = self._configuration()
        paths = self._paths(parsed_args.credentials_file, configuration, every=True)
        report = list_legacy(configuration, paths)
        if sys.stdout.isatty() and not self._wants_document(parsed_globals, or_is_set=True):
            output.print_lines(sys.stdout, output.listed_lines(report))
        elif report.rows or not report.errors:
            document = output.listed_document(report)
            self._check_query(lambda: document, parsed_globals)
            self._print_document(document, parsed_globals)
        return self._end(report)


class RemoveLegacyCommand(LegacyCommand):
    """``aws sso remove-legacy``."""

    NAME = "remove-legacy"
    NAMING_OPTION = "--legacy-profiles"
    DESCRIPTION = from_file("remove-legacy-description.rst")
    EXAMPLES = from_file("remove-legacy-examples.rst")
    ARG_TABLE = options.REMOVE

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        from ..jobs.remove import Conditions, remove_legacy

        conditions = Conditions(
            names=parsed_args.legacy_profiles or (),
            all=parsed_args.all,
            sso_session=parsed_args.sso_session,
            expired=parsed_args.expired,
        )
        if not conditions.are_given:
            raise UsageError(
                "say what to remove: --legacy-profiles, --all, --sso-session or --expired"
            )
        configuration = self._configuration()
        paths = self._paths(parsed_args.credentials_file, configuration, every=True)
        remove = partial(
            remove_legacy, configuration, paths, conditions, signs_out=parsed_args.sign_out
        )
        self._check_query(lambda: output.removed_document(remove(dry_run=True)), parsed_globals)
        report = remove(dry_run=parsed_args.dry_run)
        if self._wants_document(parsed_globals):
            self._print_document(output.removed_document(report), parsed_globals)
        else:
            lines = output.removed_lines(report, dry_run=parsed_args.dry_run)
            output.print_lines(sys.stdout, lines)
        return self._end(report)


COMMANDS = (RefreshLegacyCommand, ListLegacyCommand, RemoveLegacyCommand)
