"""Our three aliases in the AWS CLI's alias file, which every `aws` of the person reads.

Pure: text in, text out. Each new text is read as the AWS CLI reads it before it is given out: what
does not read as it did before, and our aliases, is refused.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..errors import LegacySsoError
from ..file.document import UnreadableTextError, parse
from .marks import Mark
from .places import COMMANDS, PACKAGE, PROGRAM, script

Sections = dict[str, dict[str, str]]

SECTION = "command sso"
_HEADER = re.compile(r"\s*\[(.+)\]")
_OURS = re.compile(rf"\s*({'|'.join(COMMANDS)})\s*[=:]\s*!.*/{PACKAGE}/shell/alias\.bash")


class AliasError(LegacySsoError):
    """Why our aliases cannot be put in, or taken out."""


def sections(text: str) -> Sections:
    """Return what an INI text says, as botocore reads it.

    Raises:
        AliasError: botocore refuses it.
    """
    try:
        parser = parse(text)
    except UnreadableTextError as error:
        raise AliasError(str(error)) from None
    return {name: dict(parser.items(name)) for name in [*parser.sections(), parser.default_section]}


def commands(folder: str) -> dict[str, str]:
    """Return the aliases that lead to the plugin in this folder."""
    bash = next(filter(os.path.exists, ("/bin/bash", "/usr/bin/bash")), shutil.which("bash"))
    path = shlex.quote(script(folder, "alias.bash"))
    gone = f"legacy-sso: the plugin is not in {folder} here; where it is, there is also:"
    found = {}
    for name in COMMANDS:
        says = shlex.quote(f"{gone} {PROGRAM} aws sso {name}")
        fail = f"{{ printf '%s\\n' {says} >&2; exit 253; }}"
        found[name] = f"![ -r {path} ] || {fail}; exec {bash or 'bash'} -p {path} {name}"
    return found


def aliased(text: str, folder: str, mark: Mark) -> str:
    """Return an alias file's text with our aliases.

    Raises:
        AliasError: they cannot be put in, and which lines a person may put in instead.
    """
    ours = commands(folder)
    before = _read(text)
    there = before.get(SECTION, {})
    if all(there.get(name) == command for name, command in ours.items()):
        return text
    for name in COMMANDS:
        if name in there and not _folder(there[name]):
            raise AliasError(f"[{SECTION}] has an alias {name!r} of yours; give it another name")
    if old := Mark.in_text(text):
        mark = old
        text = unaliased(text)
        before = _read(text)
    expected = {**before, SECTION: {**before.get(SECTION, before[_DEFAULT]), **ours}}
    for new in _candidates(text, ours, replace(mark, newline=False, section=False)):
        if _reads_as(new, expected):
            return new
    lines = "\n".join(_lines(ours))
    raise AliasError(f"it has to be edited by hand; put in these lines:\n[{SECTION}]\n{lines}")


def unaliased(text: str) -> str:
    """Return an alias file's text without our aliases, as it was before them.

    Raises:
        AliasError: others have come to hang on them.
    """
    lines = _rows(text)
    ours = {at for at, line in enumerate(lines) if Mark.on(line) or _OURS.match(line)}
    if not ours:
        return text
    mark = Mark.in_text(text) or Mark()
    at = min(ours) + 1
    header = {at} if mark.section and _HEADER.match(lines[at]) else set()
    whole = _without(lines, ours | header, newline=mark.newline)
    # With a header that others' lines have come to stand under.
    part = _without(lines, ours, newline=mark.newline and not header)
    try:
        before = _read(text)
    except AliasError:  # maybe no `aws` can: others' lines are not ours to judge
        below = next(filter(_is_content, lines[max(ours) + 1 :]), "[")
        return whole if below.lstrip().startswith("[") else part
    left = {k: v for k, v in before.get(SECTION, {}).items() if k not in COMMANDS}
    others = {name: values for name, values in before.items() if name != SECTION}
    if header and left == before[_DEFAULT] and _reads_as(whole, others):
        return whole
    if SECTION not in before or _reads_as(part, {**others, SECTION: left}):
        return part
    raise AliasError(f"it has to be edited by hand; take out the lines that name {PACKAGE}")


def folders(text: str) -> list[str]:
    """Return the folders of the plugin that our aliases name."""
    return list(dict.fromkeys(filter(None, map(_folder, filter(_OURS.match, _rows(text))))))


_DEFAULT = "DEFAULT"


def _rows(text: str) -> list[str]:
    """Return the lines with their ends, of whatever kind: to an INI file each is one."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _folder(command: str) -> str | None:
    """Return the folder that an alias names, if it is one of ours."""
    try:
        path = shlex.split(command.rpartition(" -p ")[2])[0]
    except (ValueError, IndexError):
        return None
    ours = script("", "alias.bash")
    return path.removesuffix(f"/{ours}") if path.endswith(f"/{ours}") else None


def _read(text: str) -> Sections:
    """Return what an alias file says to the AWS CLI: of two such names the last counts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AliasError("it is not UTF-8, and not every `aws` can read it") from None
    return {
        " ".join(name.split()) if name.startswith("command ") else name: values
        for name, values in sections(text).items()
    }


def _reads_as(text: str, expected: Mapping[str, Mapping[str, str]]) -> bool:
    try:
        return _read(text) == expected
    except AliasError:
        return False


def _candidates(text: str, ours: Mapping[str, str], mark: Mark) -> Iterator[str]:
    """Yield the places to try: below the header of their section, else in one of our own."""
    lines = _rows(text)
    end = "\r\n" if "\r\n" in text else "\n"
    for at in reversed(range(len(lines))):
        header = _HEADER.match(lines[at])
        if header and " ".join(header[1].split()) == SECTION:
            below = next(filter(_is_content, lines[at + 1 :]), "")
            # As what is below is indented, or that would be more of our last line.
            indent = below[: len(below) - len(below.lstrip())]
            yield _put(lines[: at + 1], _lines(ours, indent), lines[at + 1 :], mark, end)
    own = [f"[{SECTION}]", *_lines(ours)]
    yield _put(lines, own, [], replace(mark, section=True), end)


def _put(above: list[str], new: Iterable[str], below: list[str], mark: Mark, end: str) -> str:
    text = "".join(above)
    mark = replace(mark, newline=bool(text) and not text.endswith(("\n", "\r")))
    lines = [str(mark), *new]
    return f"{text}{end * mark.newline}{''.join(line + end for line in lines)}{''.join(below)}"


def _lines(ours: Mapping[str, str], indent: str = "") -> list[str]:
    return [f"{indent}{name} = {command}" for name, command in ours.items()]


def _is_content(line: str) -> bool:
    return bool(line.strip()) and line.lstrip()[0] not in "#;"


def _without(lines: list[str], ours: set[int], *, newline: bool) -> str:
    kept = [line for at, line in enumerate(lines) if at not in ours]
    if newline and max(ours) == len(lines) - 1 and kept:
        kept[-1] = kept[-1].removesuffix("\n").removesuffix("\r")
    return "".join(kept)
