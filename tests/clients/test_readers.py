"""The credentials file as other tools' parsers read it, before and after our edits."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.credentials import RefreshableCredentials
from botocore.session import Session
from identity_center.center import START_URL
from support.reader_forms import FORMS, HEADERS, NEW, PLACES, REFUSED
from support.reader_texts import NAMES, RECORDS, VALUES_THAT_RUN_ON, Row
from support.readers import READERS, Reading

from awscli_plugin_legacy_sso import refresh_legacy_sso
from awscli_plugin_legacy_sso.configuration import Configuration
from awscli_plugin_legacy_sso.errors import LegacySsoError
from awscli_plugin_legacy_sso.jobs.list_and_remove import Conditions, list_legacy, remove_legacy

ROWS = (*VALUES_THAT_RUN_ON, *NAMES, *RECORDS, *NEW, *PLACES, *FORMS, *HEADERS, *REFUSED)
pytestmark = pytest.mark.xdist_group("readers")  # all rows are written once, by one worker
EXPIRES = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
SESSION = f"""
[sso-session corp]
sso_region = us-east-1
sso_start_url = {START_URL}
"""
PROFILE = """
[profile "{}"]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = us-west-2
"""


@dataclass
class Trial:
    """The result of a row: the file before, after each of two writes, and after the removal."""

    row: Row
    folder: Path
    refusal: str = ""
    removal: str = ""
    # The source profile that `list-legacy` shows before the removal.
    listed: str = ""
    warnings: list[str] = field(default_factory=list)
    after_refusal: bytes = b""

    @property
    def before(self) -> Path:
        return self.folder / "before"

    @property
    def name(self) -> str:
        return self.row.output.replace("{profile}", self.row.source)

    def file(self, stage: str) -> Path:
        return self.folder / stage

    def stages(self) -> Iterator[tuple[str, Path]]:
        """Yield the files that were written, in order."""
        for stage in "1", "2", "removed":
            if self.file(stage).exists():
                yield stage, self.file(stage)


def keys(number: str) -> Mapping[str, str]:
    """Return the values that the first or the second write asks for."""
    token = f"made/up+token{number}=="
    return {
        "aws_access_key_id": f"ASIAMADEUP{number}",
        "aws_secret_access_key": f"made+up/secret{number}",
        "aws_session_token": token,
        "aws_security_token": token,
        "x_security_token_expires": "2031-01-02T03:04:05Z",
    }


def session_of(profile: str, number: str) -> Session:
    """Return a botocore session with keys that last an hour; it sends no request."""
    asked = keys(number)
    held = RefreshableCredentials(
        asked["aws_access_key_id"],
        asked["aws_secret_access_key"],
        asked["aws_session_token"],
        EXPIRES,
        dict,
        "sso",
        time_fetcher=lambda: EXPIRES - timedelta(hours=1),
    )
    session = Session(profile=profile)
    session.get_credentials = lambda *_: held
    return session


def try_row(row: Row, folder: Path) -> Trial:
    folder.mkdir()
    trial = Trial(row, folder)
    content = row.text.encode()
    trial.before.write_bytes(content)
    file = folder / "credentials"
    file.write_bytes(content)
    for number in "1", "2":
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                session = session_of(row.source, number)
                refresh_legacy_sso(row.source, row.output, str(file), session=session)
        except LegacySsoError as refusal:
            trial.refusal = str(refusal)
            trial.after_refusal = file.read_bytes()
            break
        trial.warnings += [f"{number}: {warning.message}" for warning in warned]
        trial.file(number).write_bytes(file.read_bytes())
    if row.removal is not None:
        try_removal(trial, file)
    return trial


def try_removal(trial: Trial, file: Path) -> None:
    before = file.read_bytes()
    configuration = Configuration(Session(profile=trial.row.source).full_config)
    rows = list_legacy(configuration, [str(file)]).rows
    trial.listed = "".join(row.source.name for row in rows if row.name == trial.name)
    try:
        removal = remove_legacy(configuration, [str(file)], Conditions(names=[trial.name]))
        trial.removal = "".join(map(str, removal.errors))
    except LegacySsoError as refusal:
        trial.removal = str(refusal)
    if not trial.removal:
        trial.file("removed").write_bytes(file.read_bytes())
    elif file.read_bytes() != before:
        trial.removal = "refused, and bytes changed"


@pytest.fixture(scope="session")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Trial]]:
    """Write each row into a file twice and remove it."""
    folder = tmp_path_factory.mktemp("readers")
    config = folder / "config"
    sources = {row.source for row in ROWS}
    config.write_text(SESSION + "".join(map(_profile, sorted(sources))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", str(config))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_DEFAULT_PROFILE", raising=False)
        yield {row.name: try_row(row, folder / str(at)) for at, row in enumerate(ROWS)}


def _profile(name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return PROFILE.format(quoted)


@pytest.mark.parametrize("row", [row.name for row in ROWS])
def test_text_is_written_or_refused(trials: Mapping[str, Trial], row: str) -> None:
    """Each text is written or refused as the table says.

    A refusal is one line with the reason, the place and what to do, and changes no byte.
    """
    trial = trials[row]
    expected = trial.row

    assert bool(trial.refusal) is bool(expected.refused), trial.refusal
    if expected.refused:
        assert expected.refused in trial.refusal
        assert "\n" not in trial.refusal
        assert trial.after_refusal == expected.text.encode()
        if expected.line:
            assert re.search(rf"\bline {expected.line}\b", trial.refusal), trial.refusal
            assert str(trial.folder) in trial.refusal
    if expected.removal is not None:
        assert bool(trial.removal) is bool(expected.removal), trial.removal
        assert expected.removal in trial.removal
    if expected.removal == "" or expected.removal == expected.refused == "column 0":
        assert trial.listed == expected.source
    if (removed := trial.file("removed")).exists():
        new = f"[{trial.name}]" not in expected.text
        left = expected.text if new else expected.left
        assert not left or removed.read_bytes() == left.encode()
    said = [warning for warning in trial.warnings if "not see" in warning]
    assert len(said) == int(expected.warned)
    assert all(warning.startswith("1: ") and repr(trial.name) in warning for warning in said)


def test_messages_contain_no_value(trials: Mapping[str, Trial]) -> None:
    """A refusal names lines and sections only, because a value may be a secret."""
    said = [
        message
        for trial in trials.values()
        for message in (trial.refusal, trial.removal, *trial.warnings)
        if re.search("made[+/]?up", message, re.IGNORECASE)
    ]

    assert said == []


@pytest.mark.parametrize("reader", READERS)
def test_reader_sees_the_right_values(trials: Mapping[str, Trial], reader: str) -> None:
    """A reader reads other sections as before, ours as written, and no removed one."""
    # Many files are equal, such as those before a write and after the removal.
    files = {
        path.read_bytes(): path
        for trial in trials.values()
        for path in (trial.before, *(path for _, path in trial.stages()))
    }
    readings = dict(zip(files, READERS[reader](list(files.values())), strict=True))
    wrong = []
    for name, trial in trials.items():
        before = readings[trial.before.read_bytes()]
        for stage, path in trial.stages():
            if what := compare(trial, reader, stage, before, readings[path.read_bytes()]):
                wrong.append(f"{name}: {stage}: {what}")

    assert not wrong, "\n".join(wrong)


def compare(trial: Trial, reader: str, stage: str, before: Reading, after: Reading) -> str:
    """Return what is wrong with a reading, or an empty text."""
    if reader in trial.row.mended:
        if before:
            return "it read the text before"
    elif stage == "removed" and trial.row.left:
        return ""
    elif _without(before, trial.name) != _without(after, trial.name):
        return "another section reads otherwise than before"
    if stage == "removed":
        return "ours is still there" if trial.name in after else ""
    asked, ours = keys(stage), after.get(trial.name, {})
    if reader in ("s5cmd", "rclone"):
        asked = {key: asked[key] for key in ("aws_access_key_id", "aws_session_token")}
    wrong = [key for key, value in asked.items() if ours.get(key) != value]
    if reader in trial.row.blind:
        return "" if wrong else "it sees ours"
    if wrong:
        return f"reads otherwise than asked: {', '.join(wrong)}"
    if trial.name in before and _added(before[trial.name]) != _added(ours):
        return "a key that a person added reads otherwise"
    return ""


def _without(reading: Reading, name: str) -> dict[str, object]:
    return {section: values for section, values in reading.items() if section != name}


def _added(section: Mapping[str, object]) -> dict[str, object]:
    """Return the keys that are not ours; a reader may change our keys' case or append to them."""
    ours = (*keys("1"), "x_legacy_sso_source", "region")
    return {key: value for key, value in section.items() if not key.lower().startswith(ours)}
