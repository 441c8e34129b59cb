"""What our commands share: an error becomes one line on stderr and an exit status."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from awscli.customizations.commands import BasicCommand
from awscli.formatter import get_formatter
from botocore.exceptions import ProfileNotFound

import awscli_plugin_legacy_sso

from ..configuration import Configuration
from ..errors import GENERAL, LegacySsoError, UsageError
from ..file import credentials_file
from .options import check_globals
from .output import print_problems


def from_file(name: str) -> Any:
    """Return what the AWS CLI reads a help text by, from the folder ``examples`` of our package."""
    return BasicCommand.FROM_FILE(name, root_module=awscli_plugin_legacy_sso)


class LegacyCommand(BasicCommand):
    """Base of our commands."""

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
        print_problems(sys.stdout, sys.stderr, [("ERROR", problem)])
        return status

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

    def _wants_document(self, parsed_globals: Any) -> bool:
        return parsed_globals.output is not None or parsed_globals.query is not None

    def _print_document(self, document: Mapping[str, Any], parsed_globals: Any) -> None:
        get_formatter(self._output(parsed_globals), parsed_globals)(self.NAME, document)

    def _output(self, parsed_globals: Any) -> str:
        try:
            output = parsed_globals.output or self._session.get_config_variable("output")
        except ProfileNotFound:  # AWS_PROFILE may name anything; these commands look elsewhere
            output = None
        return output or "json"
