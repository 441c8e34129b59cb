"""What the commands share: an error becomes one line on stderr and an exit status."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from awscli.customizations.commands import BasicCommand
from awscli.customizations.exceptions import ParamValidationError
from awscli.formatter import get_formatter
from botocore.exceptions import ProfileNotFound
from jmespath.exceptions import JMESPathError

import awscli_plugin_legacy_sso

from ..configuration import Configuration
from ..errors import LegacySsoError, UsageError, option
from ..file import credentials_file
from ..jobs.rows import Report
from . import output
from .options import check_globals


class LegacyCommand(BasicCommand):
    """Base of the commands; their help texts are in ``examples/``."""

    NAMING_OPTION = "--profile"

    def __init_subclass__(cls) -> None:
        text = partial(BasicCommand.FROM_FILE, root_module=awscli_plugin_legacy_sso)
        cls.DESCRIPTION = text(f"{cls.NAME}-description.rst")
        cls.EXAMPLES = text(f"{cls.NAME}-examples.rst")

    def _run_main(self, parsed_args: Any, parsed_globals: Any) -> int:
        self.args, self.globals = parsed_args, parsed_globals
        try:
            check_globals(parsed_globals)
            self.configuration = Configuration(self._session.full_config)
            return self._run()
        except LegacySsoError as error:
            return _failed(error)
        except Exception as error:  # noqa: BLE001  # the CLI would log it in full
            # Its text and its traceback may hold a secret.
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{os.path.basename(at.filename)}, line {at.lineno}"
            bug = f"a bug, please report it: {type(error).__name__} in {where}"
            return _failed(LegacySsoError(bug))
        finally:
            # The process ends now. Without this, Python would search all objects of the CLI for
            # garbage once more, which takes a tenth of a second.
            gc.freeze()

    def __call__(self, args: Any, parsed_globals: Any) -> Any:
        """Say what a word without an option may mean; the AWS CLI only refuses it."""
        try:
            return super().__call__(args, parsed_globals)
        except ParamValidationError as error:
            _, found, words = str(error).partition("Unknown options: ")
            word = words.split(",")[0].strip()
            if not found or word.startswith("-"):
                raise
        how = f"aws sso {self.NAME} {option(self.NAMING_OPTION, word)}"
        return _failed(UsageError(f"{word!r} is no option; to name a profile, write: {how}"))

    def _run(self) -> int:
        raise NotImplementedError

    def _do(
        self,
        job: Callable[..., Report],
        document: Callable[[Report], output.Document],
        lines: Callable[[Report], Iterable[str]],
    ) -> int:
        """Do a job that has a dry run, print its report, and return the exit status."""
        if self.globals.query is not None:
            self._check_query(document(job(dry_run=True)))
        print_document = self._document_printer() if self._wants_document() else None
        report = job(dry_run=self.args.dry_run)
        try:
            if print_document:
                print_document(document(report))
            else:
                output.print_lines(sys.stdout, lines(report))
        except UsageError:  # the query
            self._end(report)
            raise
        return self._end(report)

    def _end(self, report: Report) -> int:
        for kind, text in output.problems(report):
            output.print_problem(kind, text)
        return output.status(report)

    def _paths(self, *, every: bool = True) -> list[str]:
        """Return the credentials files to look at, the CLI's own first."""
        given = self.args.credentials_file
        if given is not None:
            if not given:
                raise UsageError("--credentials-file is empty; name a file")
            return [credentials_file.expand(given)]
        paths = [self._session.get_config_variable("credentials_file")]
        if every:
            further = self.configuration.own_setting("credentials_files")
            paths += filter(None, map(str.strip, further.split(os.pathsep)))
        files: dict[str, str] = {}
        for path in map(credentials_file.expand, paths):
            files.setdefault(os.path.realpath(path), path)  # two paths may lead to one file
        return list(files.values())

    def _check_query(self, planned: output.Document) -> None:
        """Try ``--query`` before anything is done; what is not known yet may be a text or null."""
        rows = [
            {key: "" if value is None else value for key, value in row.items()}
            for row in planned["LegacyProfiles"]
        ]
        with contextlib.suppress(JMESPathError, TypeError):
            self.globals.query.search({"LegacyProfiles": rows})
            return
        with _query_errors():
            self.globals.query.search(planned)

    def _wants_document(self) -> bool:
        return self.globals.output is not None or self.globals.query is not None

    def _document_printer(self) -> Callable[[output.Document], None]:
        """Return what prints a document; a format that the AWS CLI does not know is refused."""
        kind = self.globals.output or self._configured_output() or "json"
        try:
            formatter = get_formatter(kind, self.globals)
        except ValueError as error:
            raise UsageError(str(error)) from None

        def print_document(document: output.Document) -> None:
            with _query_errors():
                formatter(self.NAME, document)

        return print_document

    def _configured_output(self) -> Any:
        """Return the output that the person has set; the CLI's own variable has a default."""
        if output := os.environ.get("AWS_DEFAULT_OUTPUT"):
            return output
        try:
            return self._session.get_scoped_config().get("output")
        except ProfileNotFound:  # AWS_PROFILE may name a profile that these commands do not use
            return None


@contextlib.contextmanager
def _query_errors() -> Iterator[None]:
    """Make a :class:`UsageError` of what JMESPath raises, such as for a null in a comparison."""
    try:
        yield
    except (JMESPathError, TypeError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"--query does not fit what this command prints: {said}") from None


def _failed(error: LegacySsoError) -> int:
    output.print_problem("ERROR", str(error))
    return error.status
