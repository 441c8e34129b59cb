"""The text of the credentials file: read as botocore reads it, edited with ConfigUpdater.

botocore's parser, ``configparser.RawConfigParser``, says what is in a text. ConfigUpdater keeps
each line that is not edited. The new text goes through the parser again, which must read exactly
what was asked for. No other module imports these two libraries.
"""

from __future__ import annotations

import configparser
import io
import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cached_property, lru_cache
from importlib.metadata import DistributionFinder, MetadataPathFinder

import configupdater
from configupdater import Comment, ConfigUpdater, Option, Section, Space

_FOLDER = os.path.dirname(os.path.dirname(configupdater.__file__))
# Another plugin may bring an older ConfigUpdater that comes first on the path. `__version__` may be
# of yet another copy, so the metadata beside the imported one counts. Without metadata, a method
# that came with 4.0 has to do.
_METADATA = MetadataPathFinder.find_distributions(
    DistributionFinder.Context(name="configupdater", path=[_FOLDER])
)
_VERSION = next((found.version for found in _METADATA), "without a version")
if not hasattr(Section, "add_before_skip_comments") or _VERSION.startswith("4.0"):
    raise ImportError(f"configupdater {_VERSION} in {_FOLDER} is too old; 4.1 or newer is needed")

_LONE_CR = re.compile(r"\r(?!\n)")
# A header with more than a `;` comment behind it.
_CROWDED = re.compile(r"^[^\S\n]*\[[^\n]*\][^\S\n]*[^\s;]", re.MULTILINE)
# ConfigUpdater reads an indented comment as a part of the value above it. So each comment line gets
# one more "#" at column 0 while ConfigUpdater has the text.
_UNMARKED = re.compile(r"^(?=[^\S\n]*[#;])", re.MULTILINE)
_MARKED = re.compile(r"^#", re.MULTILINE)
# Stands where a section was removed. No text has it, as a lone carriage return is refused.
_GONE = "\r\r"
_WITH_BLANK_LINE = re.compile(r"(?:(?:^|(?<=\r\r))\r?\n)?\r\r", re.MULTILINE)


class UnreadableTextError(ValueError):
    """A text that is refused. The error does not quote it: it may hold a key."""

    def __init__(self, line: int | None, reason: str, mend: str = "") -> None:
        mend = mend or "no AWS tool can read the file until that is mended"
        super().__init__(f"line {line}: {reason}; {mend}")


class EditError(ValueError):
    """The edited text would not read as asked."""


class Document:
    """The text of an INI file, to read and to edit. :meth:`render` returns the new text.

    A text that botocore would refuse, or with a lone carriage return, is an UnreadableTextError.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._defaults, own = _read(text)
        self._own = dict(own)
        self._has_crowded_header = bool(_CROWDED.search(text))
        self._newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        self._is_unterminated = bool(text) and not text.endswith("\n")
        self._is_edited = False

    def __contains__(self, section: str) -> bool:
        return section in self._own

    def sections(self) -> list[str]:
        """Return the names of the sections, in the order of the file, without ``DEFAULT``."""
        return list(self._own)

    def own(self, section: str) -> Mapping[str, str]:
        """Return the values in a section's own lines, without those of ``[DEFAULT]``."""
        return self._own.get(section, {})

    def swallowed_line(self, section: str, ours: Collection[str]) -> int | None:
        """Return the number of a line that botocore reads as a part of the value above it.

        It may be meant as a section, and other tools read it as one. Below a value of the keys
        ``ours`` any line counts but comments, elsewhere only one that begins with ``[``.
        """
        for key in (key for key, value in self.own(section).items() if "\n" in value):
            start = "" if key in ours else "["
            for number, line in _lines(self._text).get((section, key), [])[1:]:
                if line and line.startswith(start):
                    return number
        return None

    def unseen_header(self, section: str) -> int | None:
        """Return the line of a header that some tools miss: more than a ``;`` comment follows."""
        lines = _lines(self._text).get((section, ""), []) if self._has_crowded_header else []
        return next((number for number, line in lines if _CROWDED.match(line)), None)

    def set(self, section: str, values: Mapping[str, str], drop: Collection[str] = ()) -> None:
        """Give a section these values, and drop these keys; its other lines stay as they are.

        A value replaces the old one in place, or comes below the last option. A missing section
        is appended, after a blank line.
        """
        self._is_edited = True
        if section not in self._sections:
            new = _parsed(f"{self._newline}[{section}]{self._newline}")
            self._blocks += new.structure if self._blocks else new.structure[1:]
            self._sections[section] = len(self._blocks) - 1, next(new.iter_sections())
        at, old = self._sections[section]
        options = {option.raw_key.lower(): option for option in old.iter_options()}
        others = (option for key, option in options.items() if key not in {*values, *drop})
        following = (self._blocks[i] for i in range(at + 1, len(self._blocks)))
        below = (block for block in following if isinstance(block, Section))
        # An option is indented like the line below it, or that would become a part of its value;
        # and no less than the rest of its section, or a tool that misses an indented header would
        # read it as a key of the section above.
        floor = min([_indent(old), *map(_indent, others)], key=len)
        indent = max(floor, next(map(_indent, below), ""), key=len)
        blocks: list[Option | Comment | Space] = [_cut_tail(old)]  # from the last one up
        missing = [Option(key, line=self._newline) for key in values if key not in options]
        for block in reversed([*old.structure, *missing]):
            key = block.raw_key.lower() if isinstance(block, Option) else ""
            if key in values:
                newline = "\r\n" if block.lines[0].endswith("\r\n") else "\n"
                blocks.append(Option(key, line=f"{indent}{key} = {values[key]}{newline}"))
            elif key not in drop:
                blocks.append(block)
            if key and key not in drop:
                indent = max(floor, _indent(blocks[-1]), key=len)
        old.structure[:] = reversed(blocks)
        kept = {key: value for key, value in self.own(section).items() if key not in drop}
        self._own[section] = {**kept, **values}

    def remove(self, section: str) -> None:
        """Remove a section and a blank line before it; comments below its options stay."""
        self._is_edited = True
        at, block = self._sections.pop(section)
        self._blocks[at] = tail = _cut_tail(block)
        tail.lines.insert(0, _GONE)
        del self._own[section]

    def render(self) -> str:
        """Return the edited text, or raise an EditError if it would not read as asked."""
        if not self._is_edited:
            return self._text
        text = _MARKED.sub("", _WITH_BLANK_LINE.sub("", "".join(map(str, self._blocks))))
        text = re.sub(r"\r?\n\Z", "", text) if self._is_unterminated else text
        try:
            defaults, own = _read(text)
        except UnreadableTextError as error:
            raise EditError(str(error)) from None
        if (defaults, own) == (self._defaults, self._own):
            return text
        if missing := next((name for name in self._own if name not in own), None):
            line, _ = _lines(self._text).get((missing, ""), [(0, "")])[0]
            reason = "would become a part of the value above it; begin it at column 0 first"
            raise EditError(f"line {line} {reason}")
        wrong = next((name for name in own if own[name] != self._own.get(name)), "DEFAULT")
        raise EditError(f"section {wrong!r} would not read back as it should")

    @cached_property
    def _blocks(self) -> list[Section | Comment | Space]:
        # A missing final newline is added, and taken out again when the text is rendered.
        return _parsed(self._text + self._newline * self._is_unterminated).structure

    @cached_property
    def _sections(self) -> dict[str, tuple[int, Section]]:
        # With their places: ConfigUpdater finds a section by comparing it with all before it.
        return {it.name: (at, it) for at, it in enumerate(self._blocks) if isinstance(it, Section)}


def _cut_tail(section: Section) -> Space:
    """Take the comments and blank lines below a section's last option out of it."""
    tail = Space()
    while section.structure:
        lines = section.structure[-1].lines
        while lines and _is_aside(lines[-1]):
            tail.lines.insert(0, lines.pop())
        if lines:
            break
        del section.structure[-1]
    return tail


def _parsed(text: str) -> ConfigUpdater:
    try:
        return ConfigUpdater(strict=False).read_string(_UNMARKED.sub("#", text))
    except configparser.Error as error:  # its text quotes the line
        raise EditError(f"ConfigUpdater cannot read it ({type(error).__name__})") from None


@lru_cache(maxsize=4)
def _lines(text: str) -> Mapping[tuple[str, str], list[tuple[int, str]]]:
    """Return the lines of each section and key, numbered and stripped, and ``""`` for comments.

    The header of a section has the key ``""``.
    """
    lines: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    number, section, key = 0, "", ""
    for block in _parsed(text).structure:
        for part in (block, *(block.structure if isinstance(block, Section) else ())):
            if isinstance(part, Section):
                section, key = part.name, ""
            elif isinstance(part, Option):
                key = part.raw_key.lower()
            for line in part.lines:
                number += 1
                lines[section, key].append((number, "" if _is_aside(line) else line.strip()))
    return lines


# A file is read to plan and again under the lock, mostly unchanged. The result must not be changed.
@lru_cache(maxsize=4)
def _read(text: str) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """Return the values of ``[DEFAULT]``, and those in each other section's own lines."""
    if lone := _LONE_CR.search(text):
        line, reason = text.count("\n", 0, lone.start()) + 1, "a carriage return with no line feed"
        raise UnreadableTextError(line, reason, "save the file with LF or CRLF line ends")
    judge = own_lines = parse(text)
    if defaults := judge.defaults():  # read again, so that no section inherits them
        own_lines = configparser.RawConfigParser(default_section="", strict=False)
        own_lines.read_file(io.StringIO(text, newline=None))
    own = {name: dict(own_lines.items(name)) for name in judge.sections()}
    for name, values in own.items():
        for key, value in {**defaults, **values}.items():
            # botocore reads a value that starts on the line below its key as a nested section.
            nested = value.splitlines() if value.startswith("\n") else ()
            if not all("=" in line for line in nested if line.strip()):
                number, _ = _lines(text)[name if key in values else "DEFAULT", key][0]
                reason = f"the indented lines under {key!r} are not all 'key = value'"
                raise UnreadableTextError(number, reason)
    return defaults, own


def parse(text: str) -> configparser.RawConfigParser:
    """Read a text as botocore does, or raise an :class:`UnreadableTextError`."""
    parser = configparser.RawConfigParser()
    line: int | None
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.DuplicateSectionError as error:
        line, reason = error.lineno, f"section {error.section!r} is there twice"
    except configparser.DuplicateOptionError as error:
        line = error.lineno
        reason = f"key {error.option!r} is there twice in section {error.section!r}"
    except configparser.MissingSectionHeaderError as error:
        line, reason = error.lineno, "a line before the first [section]"
    except configparser.ParsingError as error:
        line, reason = error.errors[0][0], "neither a [section] nor a key with a value"
    else:
        return parser
    raise UnreadableTextError(line, reason)


def _is_aside(line: str) -> bool:
    """Tell whether it is a blank line or a comment."""
    return line.lstrip()[:1] in ("", "#", ";")


def _indent(block: Section | Option | Comment | Space) -> str:
    line = block.lines[0]
    return line[: len(line) - len(line.lstrip())]
