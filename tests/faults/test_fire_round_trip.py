"""Random changes to our sections in random texts that botocore reads.

botocore itself reads each text from a real file, before and after. The owner of each line is found
without the code under test: the text is cut off after each line and parsed.
"""

from __future__ import annotations

import configparser
import io
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import fire_corpus
from support.every_cli import CLIS
from support.fire_corpus import Change
from support.person import FROZEN, Person, only

from awscli_plugin_legacy_sso.errors import CredentialsFileError
from awscli_plugin_legacy_sso.file import credentials_file
from awscli_plugin_legacy_sso.file.document import Document, EditError, UnreadableTextError

# Sections that the texts may have, and that the changes are made to.
OURS = ("dev-legacy-sso", "a", "Ä \N{SNOWMAN}")
OUR_KEYS = (*Change("write", "").asked, "region")
# Blanks or line ends to some programs, but Python ends no line of a text file at them.
ODD_BLANKS = ("\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\xa0", "\u2028", "\u2029", "\u3000")

ENDINGS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r\n", "\r"])
INDENTS = st.sampled_from(["", "", "", "", " ", "  ", "\t", " \t ", "\x0b", "\u3000"])
WORDS = st.one_of(
    st.sampled_from(["v", "v", "", "=", ":", "[a]", "[", "# no", "v ; no", "%(x)s", "${HOME}"]),
    st.text(st.sampled_from(["v", "K", "=", ":", "#", ";", "[", "]", " ", "é", *ODD_BLANKS])),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8),
)
KEYS = st.sampled_from(
    [*OUR_KEYS, *OUR_KEYS, "k", "K2", "aws_Session_Token", "REGION", "s3", "role_arn", "é", "a b"]
)
DELIMITERS = st.sampled_from([" = ", "=", ":", " : ", "\t=\t", " =", "= \x0b", " =\u3000"])
HEADERS = st.builds(
    str.format,
    st.sampled_from(["[{}]", "[{}]", "[{}] ; c", "[{}]x", "[{}] ; see [y]"]),
    st.sampled_from([*OURS, *OURS, "default", "DEFAULT", " spaced ", "A", "[b", "profile x"]),
)
ASIDES = st.sampled_from(["", "", "", "  ", "# c", "; [a]", "   # k = v", "\t;c", *ODD_BLANKS])


@st.composite
def _option(draw: st.DrawFn) -> list[str]:
    """A key with its value: on one line, continued below, or nested."""
    key, indent = draw(KEYS), draw(INDENTS)
    match draw(st.sampled_from(["plain", "plain", "plain", "going on", "nested"])):
        case "going on":
            below = [f"{indent} {draw(WORDS)}", draw(ASIDES), f"{indent}\t{draw(WORDS)}"]
        case "nested":
            return [f"{indent}{key} =", f"{indent}  a={draw(WORDS)}", f"{indent}\tb =1"]
        case _:
            below = []
    return [f"{indent}{key}{draw(DELIMITERS)}{draw(WORDS)}", *below]


SECTIONS = st.builds(
    lambda indent, header, asides, options: [
        indent + header,
        *asides,
        *(line for option in options for line in option),
    ],
    INDENTS,
    HEADERS,
    st.lists(ASIDES, max_size=2),
    st.lists(
        st.one_of(_option(), _option(), _option(), st.lists(ASIDES, min_size=1, max_size=2)),
        max_size=5,
        unique_by=lambda lines: lines[0].replace(":", "=").partition("=")[0].strip().lower(),
    ),
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    sections = st.lists(SECTIONS, max_size=5, unique_by=lambda lines: lines[0].strip())
    lines = [*draw(st.lists(ASIDES, max_size=2)), *(x for lines in draw(sections) for x in lines)]
    endings = st.just(draw(ENDINGS)) if draw(st.booleans()) else ENDINGS
    text = "".join(line + draw(endings) for line in lines)
    return text if draw(st.booleans()) else text.rstrip("\r\n")


TEXTS = _texts()
CHANGES = st.lists(
    st.builds(
        Change,
        kind=st.sampled_from(["write", "write", "write", "sign-out", "remove", "remove"]),
        name=st.sampled_from([*OURS, OURS[0]]),
        value=st.sampled_from(["1", "2 ; x", "[a]", "=#%(a)s", "é\u200b"]),
        region=st.sampled_from([None, None, "us-west-2"]),
        expires=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@dataclass(frozen=True)
class Line:
    """A line with the section and key it belongs to, found without the code under test."""

    text: str
    section: str | None
    key: str | None

    @property
    def content(self) -> str:
        return self.text.rstrip("\r\n")

    @property
    def is_aside(self) -> bool:
        return self.content.strip()[:1] in ("", "#", ";")


@lru_cache(maxsize=64)
def owned_lines(text: str) -> tuple[Line, ...]:
    """Return each line with its owner: parse the text up to it, with a probe key after it."""
    lines, owned = list(io.StringIO(text, newline="")), []
    before: Mapping[str, Mapping[str, str]] = {}
    for end, line in enumerate(lines, 1):
        try:
            reading = own_values("".join(lines[:end]) + "\nprobe = there\n")
        except configparser.MissingSectionHeaderError:
            owned.append(Line(line, None, None))
            continue
        (section,) = (name for name, values in reading.items() if "probe" in values)
        del reading[section]["probe"]
        there, now = before.get(section, {}), reading[section]
        key = next((key for key in now if there.get(key) != now[key]), None)
        owned.append(Line(line, section, key))
        before = reading
    return tuple(owned)


def own_values(text: str) -> dict[str, dict[str, str]]:
    """Parse each section's own values; ``[DEFAULT]`` counts as a section like the others."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    parser.read_file(io.StringIO(text, newline=None))
    return {name: dict(parser.items(name)) for name in parser.sections()}


class Judge:
    """Makes changes to texts and checks what botocore reads from real files before and after."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "credentials"
        self.figures: Counter[str] = Counter()

    def botocore(self, text: str) -> dict[str, Any] | None:
        """Return what botocore reads; ``None`` if it refuses the file."""
        self.file.write_bytes(text.encode())
        try:
            return dict(raw_config_parse(str(self.file)))
        except ConfigParseError:
            return None

    def round_trip(self, text: str, changes: Sequence[Change]) -> None:
        if self.botocore(text) is None:
            self.figures["texts that botocore refuses"] += 1
            with pytest.raises(UnreadableTextError):
                Document(text)
            return
        if re.search(r"\r(?!\n)", text):
            self.figures["texts with a lone carriage return, refused"] += 1
            with pytest.raises(UnreadableTextError, match="a carriage return with no line feed"):
                Document(text)
            return
        self.figures["texts that botocore reads"] += 1
        for change in changes:
            text = self.change(text, change)

    def change(self, before: str, change: Change) -> str:
        text = Document(before)
        if not change.is_possible(text):
            return before
        change.apply(text)
        try:
            after = text.render()
        except EditError:
            self.check_refusal(before, change)
            self.figures["changes refused: there is no right text"] += 1
            return before
        self.figures[f"changes: {change.kind}"] += 1
        self.check_bytes(before, change, after)
        self.check_reading(before, change, after)
        return after

    def check_refusal(self, before: str, change: Change) -> None:
        """A change may be refused only if botocore would misread the one right text."""
        if change.kind == "remove":
            right = self.botocore(_without(before, change.name))
            assert right != _less(self.botocore(before), change.name)
        else:  # [DEFAULT] has a value that botocore refuses in the section that would inherit it
            own = own_values(before)
            kept = own.get(change.name, {}).keys() - {"x_security_token_expires"}
            inherited = own.get("DEFAULT", {}).keys() - kept - change.asked.keys()
            blocks = [own["DEFAULT"][key].replace("\n", "\n ") for key in inherited]
            assert any(self.botocore(f"[x]\nk ={block}\n") is None for block in blocks)

    def check_bytes(self, before: str, change: Change, after: str) -> None:
        """Each byte outside the section stays, and so does each line in it that is not ours."""
        if change.kind == "remove":
            assert after == _without(before, change.name)
        elif change.name not in own_values(before):
            assert after.startswith(before)
            assert not before or after.endswith(("\r", "\n")) is before.endswith(("\r", "\n"))
            undone = Document(after)
            undone.remove(change.name)
            assert undone.render() == before
        else:
            head, old, tail = _parts(before, change.name)
            assert after.startswith(head)
            assert after.endswith(tail)
            _, new, _ = _parts(after, change.name)
            touched = {*change.asked, "x_security_token_expires"}
            assert _not_of(old, touched) == _not_of(new, touched)

    def check_reading(self, before: str, change: Change, after: str) -> None:
        """botocore reads the other sections as before, and ours with the new values."""
        old, new = self.botocore(before), self.botocore(after)
        assert new is not None, "botocore refuses the file"
        assert _less(old, change.name) == _less(new, change.name)
        own = own_values(after).get(change.name)
        if change.kind == "remove":
            assert own is None
        else:
            kept = own_values(before).get(change.name, {})
            kept.pop("x_security_token_expires", None)
            assert own == kept | change.asked
            assert own.items() <= new[change.name].items() or any("\n" in v for v in own.values())


def _less(reading: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    return {section: values for section, values in (reading or {}).items() if section != name}


def _parts(text: str, section: str) -> tuple[str, Sequence[Line], str]:
    lines = owned_lines(text)
    at = [number for number, line in enumerate(lines) if line.section == section]
    head, tail = lines[: at[0]], lines[at[-1] + 1 :]
    return _join(head), lines[at[0] : at[-1] + 1], _join(tail)


def _join(lines: Sequence[Line]) -> str:
    return "".join(line.text for line in lines)


def _not_of(lines: Sequence[Line], keys: set[str]) -> str:
    # Joined, not by line: if a line between a lone \r and a \n is removed, these become one line
    # end. The end of the last line is left out, because it depends on the file.
    kept = _join([line for line in lines if line.is_aside or line.key not in keys])
    return re.sub("(\r\n|\r|\n)\\Z", "", kept)


def _without(text: str, section: str) -> str:
    """Cut out a section and one blank line before it, but not the comments below it."""
    head, lines, tail = _parts(text, section)
    if (above := list(io.StringIO(head, newline=""))) and above[-1] in ("\n", "\r\n", "\r"):
        head = "".join(above[:-1])
    last = max(number for number, line in enumerate(lines) if not line.is_aside)
    left = head + _join(lines[last + 1 :]) + tail
    if text.endswith(("\n", "\r")):
        return left
    return next((left.removesuffix(n) for n in ("\r\n", "\n", "\r") if left.endswith(n)), left)


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("judge"))


def run_cases(
    count: int, check: Callable[[str, list[Change]], None], *, always_the_same: bool = True
) -> None:
    """Call ``check`` with this many random texts, each with changes to make to it."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=always_the_same,
        suppress_health_check=list(HealthCheck),
    )
    @given(TEXTS, CHANGES)
    @example("[x]\nk = v\n# c\r", [Change("write", "a")])
    @example("[a]\n   [b]\nk = v\n", [Change("write", "a")])
    @example("[a]\n  \n[x]\nk=v\n \n", [Change("write", "a"), Change("remove", "a")])
    @example("[DEFAULT]\nk =\n  no block\n", [Change("write", "a")])
    @example(
        "[DEFAULT]\nx_security_token_expires =\n no block\n",
        [Change("write", "a"), Change("write", "a", expires=False)],
    )
    @example("[a]\naws_access_key_id = v\n v\n\n# c\r\r[b]\r", [Change("write", "a")])
    @example("[a]\nregion = v\rx_security_token_expires = v\n\n", [Change("write", "a")])
    @example("[a]\naws_access_key_id = v\r v\n\n# c\r", [Change("write", "a")])
    def case(text: str, changes: list[Change]) -> None:
        check(text, changes)

    case()


def test_edit_of_random_texts(judge: Judge) -> None:
    """Other sections keep their bytes and their reading, and ours has the new values.

    A text that botocore refuses is refused.
    """
    run_cases(200, judge.round_trip)


@settings(max_examples=80, deadline=None, database=None, derandomize=True)
@given(
    text=st.one_of(TEXTS, st.text()),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-32"]),
    spoil=st.sampled_from([b"", b"", b"\xff", b"\xed\xa0\x80", b"[x]\nk=1\nK=2", b"[y]\n[y]\n"]),
)
@example("[x]\nk = v\n", "utf-8-sig", b"")
@example("[x]\nk = é\n", "latin-1", b"")
@example("[x]\nk = v\n", "utf-16", b"")
@example("[x]\nk = v\n", "utf-8", b"K = w\n")
@example("[x]\nk = v\n", "utf-8", b"[x]\n")
def test_update_of_unreadable_files(judge: Judge, text: str, encoding: str, spoil: bytes) -> None:
    """What botocore refuses, by its encoding or for duplicates, is refused and stays unchanged."""
    content = text.encode(encoding, "replace") + spoil
    judge.file.write_bytes(content)
    try:
        readable = raw_config_parse(str(judge.file)) is not None
    except ConfigParseError:
        readable = False
    refusal = None
    try:
        credentials_file.update(str(judge.file), Change("write", "new").apply)
    except CredentialsFileError as error:
        refusal = str(error)
    if refusal is None:
        assert readable
        assert "new" in raw_config_parse(str(judge.file))
    else:
        assert not readable or "was left as it is" in refusal or "carriage return" in refusal
        assert judge.file.read_bytes() == content
        assert "\n" not in refusal


Case = tuple[str, list[Change]]


def cases_of(count: int, *, always_the_same: bool = True) -> list[Case]:
    """Return this many random texts, each with changes to make to it."""
    cases: list[Case] = []
    run_cases(count, lambda *case: cases.append(case), always_the_same=always_the_same)
    return cases


def in_the_cli(person: Person, folder: Path, cases: list[Case]) -> int:
    """Run the cases in a CLI's own Python; return how many results differ from those here."""
    folder.mkdir()
    corpus = folder / "corpus.json"
    fire_corpus.write_corpus(corpus, cases)
    (folder / "fire_corpus.py").write_text(Path(fire_corpus.__file__).read_text())
    path = str(person.plugin_path)
    plugins = f"{path}{os.pathsep}{folder}\nfire_corpus = fire_corpus"
    person.config.write_text(person.config.read_text().replace(path, plugins))
    done = person.aws("--version", env={fire_corpus.CORPUS: str(corpus)})
    assert (done.status, done.err) == (0, "")
    answers = json.loads(corpus.with_suffix(".answers").read_text())
    assert len(answers) == len(cases)
    here = [fire_corpus.outcome(*case) for case in cases]
    return sum(mine != its for mine, its in zip(here, answers, strict=True))


@only(FROZEN)
def test_edit_in_the_official_clis_python(person: Person, tmp_path: Path) -> None:
    """Its ``configparser`` is newer than that of this Python; every text comes out the same."""
    assert in_the_cli(person, tmp_path / "corpus", cases_of(150)) == 0


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(2))
def test_edit_of_100_000_random_texts(judge: Judge, part: int) -> None:
    """The texts come in two halves, which can run in parallel."""
    start, judge.figures = time.monotonic(), Counter()
    while judge.figures["texts that botocore reads"] < 50_000:
        run_cases(5_000, judge.round_trip, always_the_same=False)
    figures = ", ".join(f"{what} {count:,}" for what, count in sorted(judge.figures.items()))
    print(
        f"\nround trip {part + 1}/2: {figures}; {time.monotonic() - start:.0f} s", file=sys.stderr
    )


@pytest.fixture(scope="session")
def ten_thousand() -> list[Case]:
    return cases_of(10_000, always_the_same=False)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", CLIS, indirect=True)
def test_edit_in_every_clis_python(
    person: Person, tmp_path: Path, ten_thousand: list[Case]
) -> None:
    """10,000 texts come out the same in each CLI's Python, with its own ``configparser``."""
    differed = in_the_cli(person, tmp_path / "corpus", ten_thousand)
    print(f"\n10,000 texts in {person.cli}: {differed} came out otherwise", file=sys.stderr)
    assert differed == 0
