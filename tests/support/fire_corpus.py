"""What our commands do to a section, as data, and a plugin that does it inside an AWS CLI.

The official CLI has a newer Python, with another ``configparser``, than most tests run on. Standard
library and the package under test only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from awscli_plugin_legacy_sso.file import section
from awscli_plugin_legacy_sso.file.document import Document, EditError, UnreadableTextError
from awscli_plugin_legacy_sso.legacy_profile import Credentials, Holds

CORPUS = "FIRE_CORPUS"
EXPIRATION = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """One change that our commands make to a section."""

    kind: str  # write, sign-out, remove
    name: str
    value: str = "1"
    region: str | None = None
    expires: bool = True

    @property
    def asked(self) -> dict[str, str]:
        """Return the values that the section must have afterwards."""
        access, secret, token = (f"{start}{self.value}" for start in ("ASIA", "/+", "IQo"))
        if self.kind == "sign-out":
            access = secret = token = "SIGNED-OUT"
        values = {"aws_access_key_id": access, "aws_secret_access_key": secret}
        values |= {"aws_session_token": token, "aws_security_token": token}
        if self.kind == "write":
            values |= {"region": self.region} if self.region else {}
            values |= {"x_security_token_expires": "2026-11-22T20:00:00Z"} if self.expires else {}
            values["x_legacy_sso_source"] = "profile dev"
        else:
            # No text in the corpus has an earlier expiry.
            values["x_security_token_expires"] = "2026-11-22T20:00:00Z"
        return values

    def is_possible(self, text: Document) -> bool:
        """Tell whether our commands would do it: they sign out and remove only what is ours."""
        there = section.standing(text, self.name)
        if there.swallows:
            return False
        return self.kind == "write" or there.holds is Holds.LEGACY_PROFILE

    def apply(self, text: Document) -> None:
        if self.kind == "remove":
            text.remove(self.name)
        elif self.kind == "sign-out":
            section.sign_out(text, self.name, EXPIRATION)
        else:
            values = self.asked
            keys = Credentials(
                values["aws_access_key_id"],
                values["aws_secret_access_key"],
                values["aws_session_token"],
                EXPIRATION if self.expires else None,
            )
            section.write(text, self.name, "dev", keys, self.region)


def outcome(text: str, changes: list[Change]) -> list[str]:
    """Return the text after each change, or the name of the error."""
    texts: list[str] = []
    for change in changes:
        try:
            parsed = Document(text)
            if change.is_possible(parsed):
                change.apply(parsed)
                text = parsed.render()
            texts.append(text)
        except (EditError, UnreadableTextError) as error:
            texts.append(type(error).__name__)
    return texts


def write_corpus(path: Path, cases: list[tuple[str, list[Change]]]) -> None:
    document = [(text, [asdict(change) for change in changes]) for text, changes in cases]
    path.write_text(json.dumps(document), encoding="utf-8")


def awscli_initialize(event_emitter: object) -> None:
    """When loaded, answer the corpus in the file that an environment variable names."""
    path = Path(os.environ[CORPUS])
    cases = json.loads(path.read_text(encoding="utf-8"))
    answers = [outcome(text, [Change(**change) for change in changes]) for text, changes in cases]
    path.with_suffix(".answers").write_text(json.dumps(answers), encoding="utf-8")
