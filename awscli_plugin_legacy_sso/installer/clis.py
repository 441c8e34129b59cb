"""The AWS CLIs on this machine, and what they answer. It looks and asks; it changes nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .places import PROGRAM, different, with_plugin

GET_THE_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"

# A source profile nobody has: our command answers with this word, and fetches and writes nothing.
_NOBODY = f"{PROGRAM}-asks"
# What would have a trial say something about the person's settings instead of the plugin.
# PYTHONPATH too: it may be there to start us, and an `aws` must find the plugin without it.
_UNSETTLING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "PYTHONPATH")
_NO_FILE = f"/nonexistent/{PROGRAM}"


@dataclass(frozen=True)
class Answer:
    """How a command ended, and all it said."""

    status: int
    output: str

    @property
    def reason(self) -> str:
        """The last line: in a traceback too the one that says why."""
        last = (self.output.strip() or "it says nothing").splitlines()[-1]
        return last.removeprefix("aws: [ERROR]: ").strip()


@dataclass(frozen=True)
class Aws:
    """One AWS CLI on ``PATH``. ``version`` is empty where it does not even say that."""

    path: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.path} ({self.version or 'which says no version'})"

    @property
    def is_v2(self) -> bool:
        return self.version.startswith("2.")

    def trial(self, folder: str) -> str | None:
        """Return why our command does not answer with the plugin in this folder, if so."""
        question = ("sso", "refresh-legacy", "--dry-run", "--source-profiles", _NOBODY)
        environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": _NO_FILE}
        answer = self.ask(with_plugin(folder, environment), *question)
        return None if answer.status == 253 and _NOBODY in answer.output else answer.reason

    def examined(self) -> tuple[Aws, str | None]:
        """Return it with its version, and why no command works under the person's config, if so."""
        answer = self.ask(os.environ, "--version")
        why = answer.reason if answer.status else None
        if why:
            answer = self.ask({**os.environ, "AWS_CONFIG_FILE": _NO_FILE}, "--version")
        said = re.search(r"aws-cli/(\S+)", answer.output)
        return replace(self, version=said[1] if said else ""), why

    def ask(self, environment: Mapping[str, str], *arguments: str) -> Answer:
        """Run a harmless command."""
        # HOME stays: the shims of version managers find what they stand for by it.
        kept = {name: value for name, value in environment.items() if name not in _UNSETTLING}
        return run([self.path, *arguments], kept)


def on_path() -> list[Aws]:
    """Return every AWS CLI on ``PATH``, in its order; none is started."""
    paths = (os.path.join(os.path.abspath(folder), "aws") for folder in os.get_exec_path())
    there = (path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK))
    return [Aws(path) for path in different(there)]


def run(command: Sequence[str], environment: Mapping[str, str], seconds: float = 60) -> Answer:
    """Run a command without a terminal, and end it with all it started if it takes too long."""
    # A file and no pipe: of a daemon that an rc file starts we would wait for the end.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # or an interactive shell would take the terminal from us
            )
            process.wait(seconds)
        except OSError as error:
            return Answer(127, f"{command[0]}: {error.strerror}")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Answer(124, f"no answer within {seconds:.0f} s")
        output.seek(0)
        return Answer(process.returncode, output.read().decode(errors="replace"))
