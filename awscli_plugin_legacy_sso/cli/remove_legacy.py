"""The command ``aws sso remove-legacy``."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from ..errors import UsageError
from . import options, output
from .base import LegacyCommand, from_file


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
        if parsed_globals.query is not None:
            self._check_query(output.removed_document(remove(dry_run=True)), parsed_globals)
        report = remove(dry_run=parsed_args.dry_run)
        if self._wants_document(parsed_globals):
            self._print_document(output.removed_document(report), parsed_globals)
        else:
            lines = output.removed_lines(report, dry_run=parsed_args.dry_run)
            output.print_lines(sys.stdout, lines)
        return self._end(report)
