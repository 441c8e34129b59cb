"""The text of the credentials file: read as botocore reads it, edited with ConfigUpdater.

Text comes in, text goes out. Every question about the text is answered by the parser that botocore
itself uses, ``configparser.RawConfigParser``. Every edit is made on ConfigUpdater's blocks, which
keep each line that is not edited as it is. At the end that parser judges the new text: it must read
exactly as asked, or nothing is returned.

Not here: what a section means, and files. This is the only module that imports ``configparser`` or
``configupdater``.
"""

from __future__ import annotations

import configparser
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import configupdater
from configupdater import Comment, ConfigUpdater, Option, Section, Space

# Another plugin may bring an older one that comes first on the path.
if configupdater.__version__.split(".")[:1] < ["4"] or configupdater.__version__.startswith("4.0"):
    raise ImportError(
        f"configupdater {configupdater.__version__} in {os.path.dirname(configupdater.__file__)} "
        "is too old; 4.1 or newer is needed"
    )

# One more of these stands before each comment line while ConfigUpdater has the text. It knows a
# comment only at the beginning of a line, and takes others for a part of what stands above them.
_MARK = "#"
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_LONE_CR = re.compile(r"\r(?!\n)")
_NO_TOOL = "no AWS tool can read the file until that is mended"


class UnreadableTextError(ValueError):
    """Text that is not read here. ``str()`` never quotes the text: it may hold a key."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")


class EditError(ValueError):
    """An edit that would not read back as asked. Nothing is returned, so nothing is written."""


class _Reading(NamedTuple):
    """What a text reads as. It is shared, so nobody may change it."""

    defaults: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]


class Document:
    """The text of an INI file, to look into and to edit. :meth:`render` returns the new text.

    Raises:
        UnreadableTextError: botocore would refuse this text, or a lone carriage return ends a line.
    """

    def __init__(self, text: str) -> None:
        reading = _read(text)
        self._text = text
        self._defaults = reading.defaults
        self._own = dict(reading.own)
        self._blocks: _Blocks | None = None  # made by the first edit

    def __contains__(self, section: str) -> bool:
        return section in self._own

    def sections(self) -> list[str]:
        """Return the names of the sections, in the order of the file, without ``DEFAULT``."""
        return list(self._own)

    def own(self, section: str) -> Mapping[str, str]:
        """Return what stands in a section's own lines; nothing inherited from ``[DEFAULT]``."""
        return self._own.get(section, {})

    def reading(self) -> dict[str, dict[str, str]]:
        """Return what botocore reads: each section's values, inherited ones included."""
        return {name: {**self._defaults, **own} for name, own in self._own.items()}

    def swallowed_line(self, section: str, ours: Collection[str]) -> int | None:
        """Return the number of a line that botocore reads as a part of the value above it.

        Such a line may be meant as a section of its own, and other tools read it as one. In a value
        of the keys ``ours`` that is any further line, elsewhere only one that begins with ``[``.
        Comments and blank lines do not count.
        """
        for key, value in self.own(section).items():
            further = value.split("\n")[1:]
            if any(line.startswith("[") or (line and key in ours) for line in further):
                return _line_of(self._text, section, key, swallows="" if key in ours else "[")
        return None

    def set(self, section: str, values: Mapping[str, str], drop: Collection[str] = ()) -> None:
        """Give a section these values, and drop these keys; the rest of it stays as it is.

        Each value is written as ``key = value`` in the place of the old one, else below the last
        option. A section that is not there is appended, after a blank line.
        """
        blocks = self._edited()
        if section in self._own:
            blocks.rewrite(section, values, drop)
        else:
            blocks.append(section, values)
        kept = {key: value for key, value in self.own(section).items() if key not in drop}
        self._own[section] = {**kept, **values}

    def remove(self, section: str) -> None:
        """Take a section out, and the blank line before it that :meth:`set` puts there.

        Comments and blank lines below its last option stay: they belong to what follows.
        """
        self._edited().remove(section)
        del self._own[section]

    def render(self) -> str:
        """Return the edited text, after reading it back.

        Raises:
            EditError: botocore would not read the new text as what was asked for.
        """
        if self._blocks is None:
            return self._text
        text = self._blocks.render()
        if reason := _why_not_as_asked(text, self.reading()):
            raise EditError(self._blocks.why_not_without() or reason)
        return text

    def _edited(self) -> _Blocks:
        if self._blocks is None:
            self._blocks = _Blocks(self._text)
        return self._blocks


class _Blocks:
    """A text as ConfigUpdater's blocks, and the edits on them. Each section is edited once."""

    def __init__(self, text: str) -> None:
        lines = _marked_lines(text)
        self._newline = _commonest_newline(lines)
        # A missing final newline stays missing; in between, every line has one.
        self._unterminated = bool(lines) and not lines[-1].endswith("\n")
        if self._unterminated:
            lines[-1] += self._newline
        self._document = _parsed(lines)
        # By index, because looking a section up by its name compares it with all before it.
        self._at = {
            block.name: index
            for index, block in enumerate(self._document.structure)
            if isinstance(block, Section)
        }
        self._text = text
        # The sections that were removed, each with the one below it.
        self._removed: dict[str, str] = {}

    def rewrite(self, name: str, values: Mapping[str, str], drop: Collection[str]) -> None:
        section = self._section(name)
        tail = _cut_tail(section)
        there = {block.raw_key.lower() for block in section.iter_options()}
        following = self._section_below(name)
        below = _indent(following.lines[0]) if following else ""
        added: list[Option] = []
        for key in reversed([key for key in values if key not in there]):
            added.insert(0, _option(f"{below}{key} = {values[key]}{self._newline}"))
        kept: list[Comment | Option | Space] = []
        for block in reversed(section.structure):
            if not isinstance(block, Option):
                kept.append(block)
                continue
            key, line = block.raw_key.lower(), block.lines[0]
            if key in drop and key not in values:
                continue
            if key in values:
                # As deep as the next line, which would be swallowed if it were deeper.
                line = f"{below}{key} = {values[key]}{_newline_of(line)}"
                kept.append(_option(line))
            else:
                kept.append(block)
            below = _indent(line)
        section.structure[:] = [*reversed(kept), *added, tail]

    def append(self, name: str, values: Mapping[str, str]) -> None:
        structure = self._document.structure
        if structure:
            structure.append(_space([self._newline]))
        lines = [f"[{name}]", *(f"{key} = {value}" for key, value in values.items())]
        self._at[name] = len(structure)
        structure.append(_section("".join(line + self._newline for line in lines)))

    def remove(self, name: str) -> None:
        if following := self._section_below(name):
            self._removed[name] = following.name
        at = self._at.pop(name)
        section = self._document.structure[at]
        assert isinstance(section, Section)
        self._document.structure[at] = _cut_tail(section)
        above = self._lines_above(at)
        if above and above[-1] in ("\n", "\r\n"):
            del above[-1]

    def render(self) -> str:
        text = "".join(_unmarked(self._lines()))
        return re.sub(r"\r?\n\Z", "", text) if self._unterminated else text

    def _section(self, name: str) -> Section:
        section = self._document.structure[self._at[name]]
        assert isinstance(section, Section)  # remove() takes the name out of the index
        return section

    def _lines(self) -> Iterator[str]:
        for block in self._document.structure:
            yield from block.lines
            for inner in block.structure if isinstance(block, Section) else ():
                yield from inner.lines

    def why_not_without(self) -> str | None:
        """Return why a section could not be removed, if it is that the one below needs it."""
        for name, below in self._removed.items():
            if below in self._at and _indent(self._section(below).lines[0]):
                line = _line_of(self._text, below)
                return (
                    f"without section {name!r}, line {line} would become a part of the value above "
                    "it; begin that line at column 0 first"
                )
        return None

    def _section_below(self, name: str) -> Section | None:
        # One at a time and no slice: there may be thousands.
        structure = self._document.structure
        below = (structure[index] for index in range(self._at[name] + 1, len(structure)))
        return next((block for block in below if isinstance(block, Section)), None)

    def _lines_above(self, at: int) -> list[str] | None:
        """Return the lines of the block above that one, of which the last line stands above it."""
        for index in range(at - 1, -1, -1):
            block = self._document.structure[index]
            inner = block.structure if isinstance(block, Section) else []
            for each in (*reversed(inner), block):
                if each.lines:
                    return each.lines
        return None


def _cut_tail(section: Section) -> Space:
    """Take the comments and blank lines below a section's last option out of it."""
    tail: list[str] = []
    while section.structure:
        lines = section.structure[-1].lines
        while lines and _is_aside(lines[-1]):
            tail.append(lines.pop())
        if lines:
            break
        del section.structure[-1]
    return _space(reversed(tail))


def _space(lines: Iterable[str]) -> Space:
    space = Space()
    space.lines.extend(lines)
    return space


def _section(text: str) -> Section:
    section = _parsed(_lines(text)).first_block
    assert isinstance(section, Section)
    return section


def _option(line: str) -> Option:
    option = _section(f"[x]\n{line}").first_block
    assert isinstance(option, Option)
    return option


def _parsed(lines: Iterable[str]) -> ConfigUpdater:
    try:
        return ConfigUpdater(strict=False).read_file(lines)
    except configparser.Error as error:  # it quotes the line
        raise EditError(f"ConfigUpdater cannot read it ({type(error).__name__})") from None


def _lines(text: str) -> list[str]:
    # Not str.splitlines(), which also ends lines where botocore does not, at U+2028 for instance.
    lines: list[str] = _LINE.findall(text)
    return lines


def _marked_lines(text: str) -> list[str]:
    return [_MARK + line if _is_comment(line) else line for line in _lines(text)]


def _unmarked(lines: Iterable[str]) -> Iterator[str]:
    return (line.removeprefix(_MARK) for line in lines)


def _line_of(text: str, section: str, key: str | None = None, swallows: str | None = None) -> int:
    """Return the number of the line of a section's header, or of one of its options.

    With ``swallows`` it is the first further line of that option's value which begins so.
    """
    number, at = 0, 0
    for block in _parsed(_marked_lines(text)).iter_blocks():
        is_it = isinstance(block, Section) and block.name == section
        for each in (block, *(block.structure if isinstance(block, Section) else ())):
            is_key = isinstance(each, Option) and each.raw_key.lower() == key
            if is_it and (is_key if key else each is block):
                at = number + 1
            elif isinstance(each, (Option, Section)) and at:
                return at
            for line in each.lines:
                number += 1
                is_further = at and number > at and not _is_aside(line)
                if swallows is not None and is_further and line.lstrip().startswith(swallows):
                    return number
    return at


# A file is read to plan and again under the lock, where it is mostly the same as before.
@lru_cache(maxsize=4)
def _read(text: str) -> _Reading:
    if lone := _LONE_CR.search(text):
        raise UnreadableTextError(
            text.count("\n", 0, lone.start()) + 1,
            "a carriage return without a line feed; "
            "save the file with one kind of line ends, LF or CRLF",
        )
    judge = _parse(text)
    # Without a default section nothing is inherited: each section has what stands in its lines.
    parser = configparser.RawConfigParser(default_section="", strict=False)
    parser.read_file(io.StringIO(text, newline=None))
    reading = _Reading(
        judge.defaults(), {name: dict(parser.items(name)) for name in judge.sections()}
    )
    for name in reading.own:
        if key := _unreadable_key(dict(judge.items(name))):
            section = name if key in reading.own[name] else judge.default_section
            reason = f"the indented lines under {key!r} are not all 'key = value'; {_NO_TOOL}"
            raise UnreadableTextError(_line_of(text, section, key), reason)
    return reading


def _parse(text: str) -> configparser.RawConfigParser:
    """Read a text as botocore does."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.DuplicateSectionError as error:
        line, reason = error.lineno or 0, f"section {error.section!r} is there twice"
    except configparser.DuplicateOptionError as error:
        line = error.lineno or 0
        reason = f"key {error.option!r} is there twice in section {error.section!r}"
    except configparser.MissingSectionHeaderError as error:
        line, reason = error.lineno, "a line before the first [section]"
    except configparser.ParsingError as error:
        line, reason = error.errors[0][0], "neither a [section] nor a key with a value"
    else:
        return parser
    raise UnreadableTextError(line, f"{reason}; {_NO_TOOL}")


def _why_not_as_asked(text: str, asked: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return why botocore would not read a text as what was asked for; ``None`` if it would."""
    try:
        parser = _parse(text)
    except UnreadableTextError as error:
        return str(error)
    reading = {name: dict(parser.items(name)) for name in parser.sections()}
    # A new section may be the first to inherit a value that nobody read until now.
    if any(map(_unreadable_key, reading.values())):
        return "[DEFAULT] has a value that no section can inherit"
    for name in {**asked, **reading}:
        if asked.get(name) != reading.get(name):
            return f"section {name!r} would not read back as it should"
    return None


def _unreadable_key(values: Mapping[str, str]) -> str | None:
    """Return a key whose value starts on the line below it and is not to botocore's liking.

    It reads such a value as a nested section, in which each line must be ``key = value``.
    """
    for key, value in values.items():
        if value.startswith("\n"):
            nested = (line for line in value.splitlines() if line.strip())
            if not all("=" in line for line in nested):
                return key
    return None


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", ";"))


def _is_aside(line: str) -> bool:
    """Tell a blank or comment line, which the parser passes over wherever it stands."""
    return not line.strip() or _is_comment(line)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _newline_of(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"


def _commonest_newline(lines: list[str]) -> str:
    endings = Counter(_newline_of(line) for line in lines if line.endswith("\n"))
    return endings.most_common(1)[0][0] if endings else "\n"
