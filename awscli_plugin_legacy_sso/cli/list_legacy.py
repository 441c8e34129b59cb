"""The command ``aws sso list-legacy``."""

from __future__ import annotations

import sys
from typing import Any

from . import options, output
from .base import LegacyCommand, from_file


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
            if parsed_globals.query is not None:
                self._check_query(document, parsed_globals)
            self._print_document(document, parsed_globals)
        return self._end(report)
