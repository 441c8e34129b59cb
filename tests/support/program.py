"""A Python program that calls ``refresh_legacy_sso`` many times, with logging on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from identity_center.state import Behaviour

from support.person import CHECKOUT, PROFILES, Person

LEAF = "arn:aws:iam::777788889999:role/Leaf"
ROLES = f"""
[profile leaf]
role_arn = {LEAF}
source_profile = dev
region = us-east-1

[profile on-process]
role_arn = {LEAF}
source_profile = process
region = us-east-1
"""
MINE = "[mine]\nk = v\n"

# Its own process, since botocore reads HOME when it is imported; one process for many calls, since
# its start takes the most time. Its log file gets the messages of all loggers.
_PROGRAM = """
import json, logging, os, sys, warnings
import botocore.session
from awscli_plugin_legacy_sso import errors, refresh_legacy_sso
warnings.simplefilter("ignore")
logging.basicConfig(filename=sys.argv[1], level=1)
exec(sys.argv[2])
for line in sys.stdin:
    arguments = json.loads(line)
    os.seteuid(arguments.pop("uid", 0))
    if "session" in arguments:
        arguments["session"] = botocore.session.Session(profile=arguments["session"])
    try:
        answer = ["", 0, str(refresh_legacy_sso(**arguments))]
    except errors.LegacySsoError as error:
        answer = [type(error).__name__, error.status, str(error)]
    os.seteuid(0)
    logging.getLogger("program").info("that was an answer")
    print(json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class Answer:
    """The result of a call: the name of an error, its status, and its message."""

    error: str
    status: int
    said: str


class Program:
    """The running program. ``first`` is code that it runs at the start."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        first: str = "",
        python: str = sys.executable,
        prefix: Sequence[str] = (),
    ) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [*prefix, python, "-c", _PROGRAM, str(log), first],
            env={**environment, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def refresh(self, profile: str, **arguments: object) -> Answer:
        """Call the function for a profile, as the user ``uid`` if given."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"input_profile": profile, **arguments}) + "\n")
        self._process.stdin.flush()
        return Answer(*json.loads(self._process.stdout.readline()))


@dataclass
class Caller:
    """A person without an AWS CLI, and their program that calls the function."""

    person: Person
    program: Program

    def start_over(self) -> None:
        """Restore the first state: signed in, with a profile of each kind."""
        person = self.person
        person.center.behaviour = Behaviour()
        for cached in (person.home / ".aws").glob("*/cache/*.json"):
            cached.unlink()
        person.configure(PROFILES + ROLES, plugin=False)
        person.sign_in()
        person.sign_in(None)

    def refused(self, profile: str) -> tuple[int, str]:
        """Return status and message of a refresh that must fail and must not change the file."""
        self.person.credentials.write_text(MINE)
        answer = self.program.refresh(profile)
        assert answer.status, f"{profile} was refreshed"
        assert answer.said.isprintable()
        leaked = [it for it in self.person.center.secrets if it in answer.said]
        assert leaked == [], answer.said
        assert self.person.credentials.read_text() == MINE
        return answer.status, answer.said


def with_setting(config: str, profile: str, line: str) -> str:
    """Return a config with a line in a profile, in place of the setting's earlier value."""
    before, header, after = config.partition(f"[profile {profile}]\n")
    section, rest = re.match(r"((?:[^\[].*\n|\n)*)((?:.|\n)*)", after).groups()  # type: ignore[union-attr]
    key = line.partition(" =")[0]
    section = re.sub(rf"(?m)^{key} = .*\n", "", section)
    return f"{before}{header}{line}\n{section}{rest}"
