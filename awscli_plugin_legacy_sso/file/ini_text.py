"""An INI file's text, read as botocore reads it and edited without touching another byte.

botocore reads its files with ``configparser.RawConfigParser``.
So does this module, and it has that very parser say on which line each header and option stands:
what is edited here is by construction what botocore will read, whatever the file's
newlines, spacing, comments or nesting.

Deliberately not here: what a section means, and files. Text comes in, text goes out.
"""

from __future__ import annotations

import configparser
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

# Universal newlines, as Python's text files have them: \r\n, \r and \n end a line, nothing else.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_BEFORE_VALUE = re.compile(r"[^=:]*[=:][ \t]*")


class UnreadableTextError(ValueError):
    """Text that botocore's parser refuses. ``str()`` never quotes the text: it may hold a key."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")


class EditError(ValueError):
    """An edit that would not read back as asked. Nothing is returned, so nothing is written."""


@dataclass
class _Section:
    header: int
    # The next header, if there is one.
    end: int
    # The lines of each option, from its key up to the next option, header or end.
    options: dict[str, range] = field(default_factory=dict)


class _PositionParser(configparser.RawConfigParser):
    """A RawConfigParser that notes the line of every header and option while it reads.

    It asks ``SECTCRE`` about headers and ``optionxform`` about keys, both documented as ours to
    replace, and it asks right after having taken the line in question from the iterator.
    """

    def __init__(self) -> None:
        super().__init__()
        self.line = -1
        self.found: list[tuple[int, str, str]] = []
        self._reading = False
        self.SECTCRE = self  # type: ignore[assignment]  # only .match() is ever called on it

    def match(self, value: str) -> re.Match[str] | None:
        header = configparser.RawConfigParser.SECTCRE.match(value)
        if header:
            self.found.append((self.line, "header", header["header"]))
        return header

    def optionxform(self, optionstr: str) -> str:
        key = super().optionxform(optionstr)
        if self._reading:
            self.found.append((self.line, "option", key))
        return key

    def read_file(self, f: Iterable[str], source: str | None = None) -> None:
        self._reading = True
        super().read_file(self._counted(f), source)
        self._reading = False

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for self.line, line in enumerate(lines):
            yield line


class _Reading(NamedTuple):
    """What a text reads as, and where that stands. Shared: nobody may change it."""

    lines: list[str]
    sections: Mapping[str, _Section]
    defaults: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]


class IniText:
    """The text of an INI file, to look into and to edit.

    Each section can be edited once; :meth:`render` gives the new text.

    Raises:
        UnreadableTextError: botocore would refuse this text.
    """

    def __init__(self, text: str) -> None:
        reading = _read(text)
        self._lines = list(reading.lines)
        self._sections = reading.sections
        self._defaults = reading.defaults
        self._own = dict(reading.own)
        self._newline = _commonest_newline(self._lines)
        # A missing final newline stays missing; in between, every line has one.
        self._unterminated = bool(self._lines) and not self._lines[-1].endswith(("\r", "\n"))
        if self._unterminated:
            self._lines[-1] += self._newline
        self._appended: list[str] = []

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

    def set(self, section: str, values: Mapping[str, str], drop: Collection[str] = ()) -> None:
        """Give a section these values, and drop these keys; the rest of it stays as it is.

        A section that is not there is appended, after a blank line.
        """
        if section in self._own:
            self._rewrite(self._sections[section], values, drop)
        else:
            self._append(section, values)
        kept = {key: value for key, value in self.own(section).items() if key not in drop}
        self._own[section] = {**kept, **values}

    def remove(self, section: str) -> None:
        """Take a section out, and the blank line before it that :meth:`set` puts there."""
        where = self._sections[section]
        start, end = where.header, self._end_of_content(where)
        if start and not self._lines[start - 1].rstrip("\r\n"):
            start -= 1
        self._lines[start:end] = [""] * (end - start)
        del self._own[section]

    def render(self) -> str:
        """Return the edited text, after reading it back.

        Raises:
            EditError: botocore would not read the new text as what was asked for.
        """
        text = "".join([*self._lines, *self._appended])
        if self._unterminated:
            text = re.sub(r"(\r\n|\r|\n)\Z", "", text)
        try:
            parser = configparser.RawConfigParser()
            _parse(parser, text)
        except UnreadableTextError as error:
            raise EditError(str(error)) from None
        reading = {name: dict(parser.items(name)) for name in parser.sections()}
        asked = self.reading()
        # A section of ours may be the first to inherit what nobody read until now.
        if any(map(_unreadable_key, reading.values())):
            raise EditError("[DEFAULT] has a value that no section can inherit")
        if reading != asked:
            wrong = next(name for name in asked | reading if asked.get(name) != reading.get(name))
            raise EditError(f"section {wrong!r} would not read back as it should")
        return text

    def _append(self, section: str, values: Mapping[str, str]) -> None:
        lines = [f"[{section}]", *(f"{key} = {value}" for key, value in values.items())]
        if self._lines or self._appended:
            lines.insert(0, "")
        # After a lone \r, a blank line that is a \n would be the rest of that line's end.
        newline = "\r" if self._lines and self._lines[-1].endswith("\r") else self._newline
        self._appended += [line + newline for line in lines]

    def _rewrite(self, where: _Section, values: Mapping[str, str], drop: Collection[str]) -> None:
        anchor = self._end_of_content(where) - 1
        indent = self._indent(where)
        for key in drop:
            for line in where.options.get(key, ()):
                if not _is_aside(self._lines[line]):
                    self._lines[line] = ""
        added = []
        for key, value in values.items():
            if lines := where.options.get(key):
                self._replace_value(lines, value)
            else:
                added.append(f"{indent}{key} = {value}")
        newline = self._newline_before(anchor + 1, self._newline)
        self._lines[anchor] += "".join(line + newline for line in added)

    def _replace_value(self, lines: range, value: str) -> None:
        first = self._lines[lines.start]
        before = _BEFORE_VALUE.match(first)
        assert before, "an option's first line has a delimiter"  # the parser found it there
        for line in lines[1:]:
            if not _is_aside(self._lines[line]):
                self._lines[line] = ""
        newline = self._newline_before(lines.start + 1, first[len(first.rstrip("\r\n")) :])
        self._lines[lines.start] = before[0] + value + newline

    def _newline_before(self, line: int, newline: str) -> str:
        """Return a newline that does not become one with the next line's, should that be blank."""
        following = next(filter(None, self._lines[line:]), "")
        return "\n" if newline == "\r" and following.startswith("\n") else newline

    def _indent(self, where: _Section) -> str:
        """Indent so that what follows is no deeper, and is not taken for a value's next line.

        The last option is the measure; where there is none, the two headers are.
        """
        beside = [self._lines[where.header], *self._lines[where.end : where.end + 1]]
        if where.options:
            beside = [self._lines[max(lines.start for lines in where.options.values())]]
        return max((line[: len(line) - len(line.lstrip())] for line in beside), key=len)

    def _end_of_content(self, where: _Section) -> int:
        """Return the line after a section's last option: comments below belong to what follows."""
        end = max((lines.stop for lines in where.options.values()), default=where.header + 1)
        while end > where.header + 1 and _is_aside(self._lines[end - 1]):
            end -= 1
        return end


# A file is read to plan and again under the lock, where it is mostly the same as before.
@lru_cache(maxsize=4)
def _read(text: str) -> _Reading:
    parser = _PositionParser()
    _parse(parser, text)
    lines = _LINE.findall(text)
    sections = _positions(parser.found, len(lines))
    own = {
        name: {k: v for k, v in parser.items(name) if k in sections[name].options}
        for name in parser.sections()
    }
    defaults = dict(parser.defaults())
    _check_nested(own, defaults, sections)
    return _Reading(lines, sections, defaults, own)


def _parse(parser: configparser.RawConfigParser, text: str) -> None:
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.DuplicateSectionError as error:
        reason = f"section {error.section!r} is there twice"
        raise UnreadableTextError(error.lineno or 0, reason) from None
    except configparser.DuplicateOptionError as error:
        reason = f"key {error.option!r} is there twice in section {error.section!r}"
        raise UnreadableTextError(error.lineno or 0, reason) from None
    except configparser.MissingSectionHeaderError as error:
        reason = "a line before the first [section]"
        raise UnreadableTextError(error.lineno, reason) from None
    except configparser.ParsingError as error:
        reason = "neither a [section] nor a key with a value"
        raise UnreadableTextError(error.errors[0][0], reason) from None


def _check_nested(
    own: Mapping[str, Mapping[str, str]],
    defaults: Mapping[str, str],
    sections: Mapping[str, _Section],
) -> None:
    for name, values in own.items():
        if key := _unreadable_key({**defaults, **values}):
            section = sections[name if key in values else "DEFAULT"]
            reason = f"the indented lines under {key!r} are not all 'key = value'"
            raise UnreadableTextError(section.options[key].start + 1, reason)


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


def _positions(found: list[tuple[int, str, str]], line_count: int) -> dict[str, _Section]:
    sections: dict[str, _Section] = {}
    ends = [line for line, _, _ in found[1:]] + [line_count]
    current = _Section(0, line_count)
    for (line, kind, name), end in zip(found, ends, strict=False):
        if kind == "header":
            current.end = line
            current = sections.setdefault(name, _Section(line, line_count))
        else:
            current.options[name] = range(line, end)
    return sections


def _is_aside(line: str) -> bool:
    """Tell a blank or comment line, which the parser passes over wherever it stands."""
    return not line.strip() or line.lstrip().startswith(("#", ";"))


def _commonest_newline(lines: list[str]) -> str:
    endings = Counter(line[len(line.rstrip("\r\n")) :] for line in lines)
    del endings[""]
    return endings.most_common(1)[0][0] if endings else "\n"
