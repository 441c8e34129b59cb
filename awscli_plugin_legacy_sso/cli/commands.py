"""The commands for ``aws sso``; those that need no network are here."""

from __future__ import annotations

import sys
from functools import partial

from ..errors import UsageError
from . import options, output
from .base import LegacyCommand
from .refresh_legacy import RefreshLegacyCommand


class ListLegacyCommand(LegacyCommand):
    NAME = "list-legacy"
    ARG_TABLE = options.LIST

    def _run(self) -> int:
        from ..jobs.list_and_remove import list_legacy

        wants_document = self._wants_document() or self._configured_output()
        print_document = self._document_printer()
        report = list_legacy(self.configuration, self._paths())
        if sys.stdout.isatty() and not wants_document:
            output.print_lines(sys.stdout, output.listed_lines(report))
        elif report.rows or not report.errors:
            print_document(output.listed_document(report))
        return self._end(report)


class RemoveLegacyCommand(LegacyCommand):
    NAME = "remove-legacy"
    NAMING_OPTION = "--legacy-profiles"
    ARG_TABLE = options.REMOVE

    def _run(self) -> int:
        from ..jobs.list_and_remove import Conditions, remove_legacy

        conditions = Conditions(
            names=self.args.legacy_profiles or (),
            all=self.args.all,
            sso_session=self.args.sso_session,
            expired=self.args.expired,
        )
        if conditions == Conditions():
            raise UsageError(
                "say what to remove: --legacy-profiles, --all, --sso-session or --expired"
            )
        files = self.configuration, self._paths()
        job = partial(remove_legacy, *files, conditions, signs_out=self.args.sign_out)
        lines = partial(output.removed_lines, dry_run=self.args.dry_run)
        return self._do(job, output.removed_document, lines)


COMMANDS = (RefreshLegacyCommand, ListLegacyCommand, RemoveLegacyCommand)
