"""What our commands share: an error becomes one line on stderr and an exit status."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from awscli.customizations.commands import BasicCommand
from awscli.customizations.exceptions import ParamValidationError
from awscli.formatter import get_formatter
from botocore.exceptions import ProfileNotFound
from jmespath.exceptions import JMESPathError

import awscli_plugin_legacy_sso

from ..configuration import Configuration
from ..errors import GENERAL, USAGE, LegacySsoError, UsageError, option
from ..file import credentials_file
from ..jobs.rows import Report
from . import output
from .options import check_globals


def from_file(name: str) -> Any:
    """Return what the AWS CLI reads a help text by, from the folder ``examples`` of our package."""
    return BasicCommand.FROM_FILE(name, root_module=awscli_plugin_legacy_sso)


class LegacyCommand(BasicCommand):
    """Base of our commands."""

    NAMING_OPTION = "--profile"

    def _run_main(self, parsed_args: Any, parsed_globals: Any) -> int:
        try:
            check_globals(parsed_globals)
            return self._run(parsed_args, parsed_globals)
        except LegacySsoError as error:
            problem, status = str(error), error.status
        except Exception as error:  # noqa: BLE001  # what is let through, the CLI logs in full
            # Neither its text nor its traceback: nobody knows what is in them.
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{os.path.basename(at.filename)}, line {at.lineno}"
            problem = f"a bug, please report it: {type(error).__name__} in {where}"
            status = GENERAL
        finally:
            # The process ends now, and would spend a tenth of a second on looking once more
            # through all that the CLI has loaded, for something to collect.
            gc.freeze()
        output.print_problems(sys.stdout, sys.stderr, [("ERROR", problem)])
        return status

    def __call__(self, args: Any, parsed_globals: Any) -> Any:
        """Say what a word without an option may have meant, where the AWS CLI only refuses it."""
        try:
            return super().__call__(args, parsed_globals)
        except ParamValidationError as error:
            _, found, words = str(error).partition("Unknown options: ")
            word = words.split(",")[0].strip()
            if not found or word.startswith("-"):
                raise
        how = f"aws sso {self.NAME} {option(self.NAMING_OPTION, word)}"
        problem = f"{word!r} is no option; to name a profile, write: {how}"
        output.print_problems(sys.stdout, sys.stderr, [("ERROR", problem)])
        return USAGE

    def _run(self, parsed_args: Any, parsed_globals: Any) -> int:
        raise NotImplementedError

    def _end(self, report: Report) -> int:
        """Print what went wrong, after the rest, and return the exit status."""
        output.print_problems(sys.stdout, sys.stderr, output.problems(report))
        return output.status(report)

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

    def _check_query(self, document: Mapping[str, Any], parsed_globals: Any) -> None:
        """Try ``--query`` before anything is done, with text where there is nothing yet.

        Raises:
            UsageError: it does not fit what the command prints.
        """
        rows = [
            {key: "" if value is None else value for key, value in row.items()}
            for row in document["LegacyProfiles"]
        ]
        try:
            parsed_globals.query.search({"LegacyProfiles": rows})
        except JMESPathError as error:
            said = " ".join(str(error).split())
            raise UsageError(f"--query does not fit what this command prints: {said}") from None

    def _wants_document(self, parsed_globals: Any, *, or_is_set: bool = False) -> bool:
        is_given = parsed_globals.output is not None or parsed_globals.query is not None
        return is_given or (or_is_set and bool(self._configured_output()))

    def _print_document(self, document: Mapping[str, Any], parsed_globals: Any) -> None:
        kind = parsed_globals.output or self._configured_output() or "json"
        get_formatter(kind, parsed_globals)(self.NAME, document)

    def _configured_output(self) -> Any:
        """Return the output that a person has set; the CLI's own variable has a default."""
        if output := os.environ.get("AWS_DEFAULT_OUTPUT"):
            return output
        try:
            return self._session.get_scoped_config().get("output")
        except ProfileNotFound:  # AWS_PROFILE may name anything; these commands look elsewhere
            return None
