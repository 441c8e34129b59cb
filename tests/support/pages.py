"""The README and the pages in `docs/`, cut into blocks of code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from support.person import CHECKOUT

README = CHECKOUT / "README.md"
REFERENCE, RECIPES = (CHECKOUT / "docs" / f"{name}.md" for name in ("reference", "recipes"))
PAGES = (README, *sorted((CHECKOUT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^##+ ([^\n]+)$|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code, with its heading."""

    page: Path
    section: str
    language: str
    text: str

    def commands(self) -> list[str]:
        """Return the lines that a person types."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        if self.language == "console":
            return [line[2:] for line in lines if line.startswith("$ ")]
        return lines if self.language == "sh" else []


def blocks(*languages: str, page: Path | None = None) -> list[Block]:
    """Return the blocks in these languages, or in all; of one page, or of all."""
    found = []
    for each in PAGES if page is None else (page,):
        section = ""
        for match in _BLOCK.finditer(each.read_text()):
            heading, language, text = match.groups()
            section = heading or section
            if language and (not languages or language in languages):
                found.append(Block(each, section, language, text))
    return found


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the links to files of the repository, with the anchor of a heading or ``""``."""
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            found.append(((page.parent / name).resolve() if name else page, anchor))
    return found


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, which are made from their words."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", it.lower()).replace(" ", "-") for it in headings}
