"""Our three aliases in the AWS CLI's alias file, which every `aws` of the person reads.

Pure: text in, text out. Each new text is read as the AWS CLI reads it. It is refused unless it says
what the old text said, and our aliases.
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
from .edits import Mark, rows
from .places import COMMANDS, PACKAGE, PROGRAM, folder_of, script

Sections = dict[str, dict[str, str]]

SECTION = "command sso"
_DEFAULT = "DEFAULT"  # every other section has its keys too
_HEADER = re.compile(r"\s*\[(.+)\]")
_OURS = re.compile(rf"\s*(?i:{'|'.join(COMMANDS)})\s*[=:]\s*!.*/{PACKAGE}/shell/alias\.bash")


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
    usual = ("/bin/bash", "/usr/bin/bash")
    bash = next(filter(os.path.exists, usual), shutil.which("bash") or "bash")
    path = shlex.quote(script(folder, "alias.bash"))
    gone = f"legacy-sso: the plugin is not in {folder} here; on the machine that has it, run:"
    found = {}
    for name in COMMANDS:
        says = shlex.quote(f"{gone} {PROGRAM} aws sso {name}")
        fail = f"{{ printf '%s\\n' {says} >&2; exit 253; }}"
        found[name] = f"![ -r {path} ] || {fail}; exec {bash} -p {path} {name}"
    return found


def aliased(text: str, folder: str, mark: Mark) -> str:
    """Return an alias file's text with our aliases, or raise an :class:`AliasError`."""
    ours = commands(folder)
    there = aliases(text).get(SECTION, {})
    if ours.items() <= there.items():
        return text
    for name in COMMANDS:
        if name in there and not _OURS.match(f"{name} = {there[name]}"):
            raise AliasError(f"[{SECTION}] has an alias {name!r} of yours; give it another name")
    if old := Mark.in_text(text):
        mark, text = old, unaliased(text)
    before = aliases(text)
    expected = {**before, SECTION: {**before.get(SECTION, before[_DEFAULT]), **ours}}
    lines = [f"{name} = {command}" for name, command in ours.items()]
    for new in _candidates(text, lines, mark):
        with contextlib.suppress(AliasError):
            if aliases(new) == expected:
                return new
    by_hand = "\n".join([f"[{SECTION}]", *lines])
    raise AliasError(f"it has to be edited by hand; put in these lines:\n{by_hand}")


def unaliased(text: str) -> str:
    """Return an alias file's text as it was before our aliases, or raise an :class:`AliasError`."""
    lines = rows(text, "")
    ours = {at for at, line in enumerate(lines) if Mark.on(line) or _OURS.match(line)}
    if not ours:
        return text
    mark = Mark.on(lines[min(ours)])
    header = min(ours) + 1  # below the mark: we made that section
    others = (line for at, line in enumerate(lines) if at > header and at not in ours)
    has_other_key = not next(filter(_is_content, others), "[").lstrip().startswith("[")
    section_goes = mark and not has_other_key and any(map(_is_header, lines[header:][:1]))
    if section_goes:
        ours.add(header)
    new = "".join(line for at, line in enumerate(lines) if at not in ours)
    if mark and mark.newline and max(ours) == len(lines) - 1:
        new = new.removesuffix("\n").removesuffix("\r")
    try:
        before = aliases(text)
    except AliasError:  # no `aws` can read it, so there is nothing to compare with
        return new
    expected = {
        section: {name: it for name, it in values.items() if not _OURS.match(f"{name} = {it}")}
        for section, values in before.items()
        if section != SECTION or not section_goes
    }
    with contextlib.suppress(AliasError):
        if aliases(new) == expected:
            return new
    raise AliasError(f"it has to be edited by hand; take out the lines that name {PACKAGE}")


def folders(text: str) -> list[str]:
    """Return the folders of the plugin that our aliases name."""
    found = []
    for line in filter(_OURS.match, rows(text, "")):
        with contextlib.suppress(ValueError, IndexError):  # a person has edited the line
            found.append(folder_of(shlex.split(line.rpartition(" -p ")[2])[0]))
    return list(dict.fromkeys(filter(None, found)))


def aliases(text: str) -> Sections:
    """Return what an alias file says to the AWS CLI: of two sections of a name the last counts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AliasError("it is not UTF-8, and not every `aws` can read it") from None
    return {_name(name): values for name, values in sections(text).items()}


def _name(header: str) -> str:
    """Return a section's name as the AWS CLI takes it: it joins the words with one blank."""
    return " ".join(header.split()) if header.startswith("command ") else header


def _candidates(text: str, ours: list[str], mark: Mark) -> Iterator[str]:
    """Yield texts to try: our lines below a header of their section, then in a new section."""
    lines = rows(text, "")
    end = "\r\n" if "\r\n" in text else "\n"
    below_headers = [at + 1 for at, line in enumerate(lines) if _is_header(line)]
    for at in (*reversed(below_headers), None):
        above, below = lines[:at], lines[at:] if at else []
        newline = bool(above) and not above[-1].endswith(("\n", "\r"))
        # As far in as the line below: a line further in would continue our last value.
        content = next(filter(_is_content, below), "")
        indent = content[: len(content) - len(content.lstrip())]
        new = [str(replace(mark, newline=newline))]
        new += [f"[{SECTION}]"] * (not at) + [f"{indent}{line}" for line in ours]
        block = "".join(f"{line}{end}" for line in new)
        yield f"{''.join(above)}{end * newline}{block}{''.join(below)}"


def _is_header(line: str) -> bool:
    header = _HEADER.match(line)
    return header is not None and _name(header[1]) == SECTION


def _is_content(line: str) -> bool:
    return line.lstrip()[:1] not in ("", "#", ";")
