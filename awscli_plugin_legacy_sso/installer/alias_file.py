"""Our three aliases in the AWS CLI's alias file, which every `aws` of the person reads.

Pure: text in, text out. Each new text is read as the AWS CLI reads it, and refused unless it says
what it said before, and our aliases.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace

from ..errors import LegacySsoError
from ..file.document import UnreadableTextError, parse
from .marks import Mark, rows
from .places import COMMANDS, PACKAGE, PROGRAM, folder_of, script

Sections = dict[str, dict[str, str]]

SECTION = "command sso"
_DEFAULT = "DEFAULT"  # the section whose keys all others have
_HEADER = re.compile(r"\s*\[(.+)\]")
_OURS = re.compile(rf"\s*({'|'.join(COMMANDS)})\s*[=:]\s*!.*/{PACKAGE}/shell/alias\.bash")


class AliasError(LegacySsoError):
    """Why our aliases cannot be put in, or taken out."""


def sections(text: str) -> Sections:
    """Return what an INI text says, as botocore reads it, or raise an :class:`AliasError`."""
    try:
        parser = parse(text)
    except UnreadableTextError as error:
        raise AliasError(str(error)) from None
    return {name: dict(parser.items(name)) for name in [*parser.sections(), _DEFAULT]}


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
    there = _read(text).get(SECTION, {})
    if ours.items() <= there.items():
        return text
    for name in COMMANDS:
        if name in there and not _OURS.match(f"{name} = {there[name]}"):
            raise AliasError(f"[{SECTION}] has an alias {name!r} of yours; give it another name")
    if old := Mark.in_text(text):
        mark, text = old, unaliased(text)
    before = _read(text)
    expected = {**before, SECTION: {**before.get(SECTION, before[_DEFAULT]), **ours}}
    lines = [f"{name} = {command}" for name, command in ours.items()]
    for new in _candidates(text, lines, mark):
        if _reads_as(new, expected):
            return new
    by_hand = "\n".join([f"[{SECTION}]", *lines])
    raise AliasError(f"it has to be edited by hand; put in these lines:\n{by_hand}")


def unaliased(text: str) -> str:
    """Return an alias file's text without our aliases, as it was before them.

    Raises:
        AliasError: others have come to hang on them.
    """
    lines = rows(text, "")
    ours = {at for at, line in enumerate(lines) if Mark.on(line) or _OURS.match(line)}
    if not ours:
        return text
    mark = Mark.on(lines[min(ours)])
    header = min(ours) + 1
    others = (line for at, line in enumerate(lines) if at > header and at not in ours)
    # Whether no key of anybody else's stands in our section.
    is_whole = next(filter(_is_content, others), "[").lstrip().startswith("[")
    takes_section = is_whole and mark and any(map(_HEADER.match, lines[header : header + 1]))
    if takes_section:
        ours.add(header)
    kept = [line for at, line in enumerate(lines) if at not in ours]
    if mark and mark.newline and kept and max(ours) == len(lines) - 1:
        kept[-1] = kept[-1].removesuffix("\n").removesuffix("\r")
    new = "".join(kept)
    try:
        before = _read(text)
    except AliasError:  # no `aws` can read it: our lines are taken out, the rest is not judged
        return new
    there = before.pop(SECTION, None)
    if there is None:  # they stood in another section, and no command was made of them
        return new
    if not takes_section:
        before[SECTION] = {name: it for name, it in there.items() if name not in COMMANDS}
    if _reads_as(new, before):
        return new
    raise AliasError(f"it has to be edited by hand; take out the lines that name {PACKAGE}")


def folders(text: str) -> list[str]:
    """Return the folders of the plugin that our aliases name."""
    found: dict[str | None, None] = {}
    for line in filter(_OURS.match, rows(text, "")):
        with contextlib.suppress(ValueError, IndexError):  # somebody has edited the line
            found[folder_of(shlex.split(line.rpartition(" -p ")[2])[0])] = None
    return [folder for folder in found if folder]


def _read(text: str) -> Sections:
    """Return what an alias file says to the AWS CLI: of two such names the last counts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AliasError("it is not UTF-8, and not every `aws` can read it") from None
    return {_name(name): values for name, values in sections(text).items()}


def _name(header: str) -> str:
    """Return a section's name as the AWS CLI takes it: how many blanks it has is no matter."""
    return " ".join(header.split()) if header.startswith("command ") else header


def _reads_as(text: str, expected: Sections) -> bool:
    try:
        return _read(text) == expected
    except AliasError:
        return False


def _candidates(text: str, ours: list[str], mark: Mark) -> Iterator[str]:
    """Yield the places to try: below the header of their section, else in one of our own."""
    lines = rows(text, "")
    end = "\r\n" if "\r\n" in text else "\n"
    headers = [
        at + 1
        for at, line in enumerate(lines)
        if (header := _HEADER.match(line)) and _name(header[1]) == SECTION
    ]
    for at in (*reversed(headers), None):
        above, below = lines[:at], lines[at:] if at else []
        newline = bool(above) and not above[-1].endswith(("\n", "\r"))
        # Indented as what is below, or that would be more of our last line.
        content = next(filter(_is_content, below), "")
        indent = content[: len(content) - len(content.lstrip())]
        new = [str(replace(mark, newline=newline))]
        new += [f"[{SECTION}]"] * (not at) + [f"{indent}{line}" for line in ours]
        block = "".join(f"{line}{end}" for line in new)
        yield f"{''.join(above)}{end * newline}{block}{''.join(below)}"


def _is_content(line: str) -> bool:
    return bool(line.strip()) and line.lstrip()[0] not in "#;"
