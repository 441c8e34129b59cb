"""Edits of other people's files that can be taken back byte for byte, and the record of them."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import CredentialsFileError, LegacySsoError
from ..file import credentials_file
from ..file.document import EditError, UnreadableTextError


@dataclass(frozen=True)
class Change:
    """Lines of a file that `setup` replaced by others: what it takes to put them back."""

    removed: Sequence[str]
    added: Sequence[str]


def changes(old: str, new: str) -> list[Change]:
    """Return what was changed, to be undone with :func:`undone`."""
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    return [
        Change(old_lines[a:b], new_lines[c:d])
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def undone(text: str, made: Iterable[Change]) -> str:
    """Undo what is still there as it was written, and only where there is no doubt about it."""
    lines = text.splitlines(keepends=True)
    for change in reversed(list(made)):
        size = len(change.added)
        starts = [at for at in range(len(lines)) if lines[at : at + size] == list(change.added)]
        if size and len(starts) == 1 and _is_no_loss(change, lines[starts[0] + size :]):
            lines[starts[0] : starts[0] + size] = change.removed
    return "".join(lines)


def _is_no_loss(change: Change, below: Sequence[str]) -> bool:
    """Tell whether what has come to stand below a change is the same without it."""
    if below and change.removed and not change.removed[-1].endswith("\n"):
        return False  # it would be glued to what had no newline
    has_header = any(line.startswith("[") for line in change.added)
    content = (line for line in below if line.strip() and line.lstrip()[0] not in "#;")
    return not has_header or next(content, "[").startswith("[")  # or it changes its section


@dataclass(frozen=True)
class Edit:
    """A change to one file. It is asked for the new text each time: the file may have changed."""

    path: str
    edit: Callable[[str], str]
    warnings: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the text as it is; a file that is not there reads as empty."""
        try:
            with open(self.path, "rb") as file:
                return _decode(file.read())
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise CredentialsFileError(f"{self.path}: {error.strerror}") from None

    def new_text(self, old: str) -> str:
        try:
            return self.edit(old)
        except (UnreadableTextError, EditError, LegacySsoError) as error:
            raise CredentialsFileError(f"{self.path} was left as it is: {error}") from None

    def diff(self) -> Iterator[str]:
        """Yield the change as a diff, without the lines around it: a secret may stand there."""
        old = self.text()
        before, after = old.splitlines(), self.new_text(old).splitlines()
        yield from difflib.unified_diff(before, after, self.path, self.path, n=0, lineterm="")

    def write(self) -> bool:
        """Change the file, and tell whether there was something to change."""
        old = self.text()
        # A lock that lies about is a killed run's: what else that left goes with it.
        if self.new_text(old) == old and not os.path.exists(credentials_file.lock_path(self.path)):
            return False

        def new_content(content: bytes | None) -> bytes:
            return self.new_text(_decode(content or b"")).encode(errors="surrogateescape")

        try:
            done = credentials_file.rewrite(self.path, new_content)
        finally:
            # Nobody else locks these files: the lock would only lie about in somebody's HOME.
            with contextlib.suppress(OSError):
                os.unlink(credentials_file.lock_path(self.path))
        self.warnings.extend(done.warnings)
        return done.changed


@dataclass
class Record:
    """What `setup` changed, kept beside the plugin."""

    folder: str
    config: str = ""
    made: dict[str, list[Change]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)  # files and folders that were not there
    shells: list[str] | None = None  # that are to have the hook, if anybody has said

    @classmethod
    def load(cls, folder: str) -> Record:
        """Read the record; a missing or a broken one is empty."""
        record = cls(folder)
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            with open(record.path, encoding="utf-8") as file:
                document = json.load(file)
            made = {
                path: [Change(**change) for change in there]
                for path, there in document["made"].items()
            }
            record = cls(folder, document["config"], made, document["created"], document["shells"])
        return record

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "setup.json")

    @property
    def unfinished_path(self) -> str:
        return f"{self.path}.new"

    def add(self, edit: Edit) -> None:
        """Note a change before it is made: killed in between, nothing is forgotten."""
        old = edit.text()
        self.note_missing(edit.path)
        there = self.made.setdefault(edit.path, [])
        there += [change for change in changes(old, edit.new_text(old)) if change not in there]
        self.save()

    def note_missing(self, path: str) -> None:
        """Note what has to be made for this file or folder to be there."""
        self.created += [path for path in missing(path) if path not in self.created]

    def save(self) -> None:
        made = {path: [vars(change) for change in there] for path, there in self.made.items()}
        document = {
            "config": self.config,
            "made": made,
            "created": self.created,
            "shells": self.shells,
        }
        # 0600: a last line without a newline gets one, so it is in here, whatever it holds.
        descriptor = os.open(self.unfinished_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
        os.replace(self.unfinished_path, self.path)

    def remove(self) -> None:
        for path in self.path, self.unfinished_path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def remove_if_empty(path: str) -> None:
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.getsize(path) == 0:
            os.unlink(path)


def missing(path: str) -> list[str]:
    """Return a path and the folders above it, as far as they are not there."""
    path = os.path.realpath(path)
    found = []
    while not os.path.exists(path):
        found.append(path)
        path = os.path.dirname(path)
    return found


def _decode(content: bytes) -> str:
    # Whatever is in an rc file, all of it comes out again.
    return content.decode(errors="surrogateescape")
