"""The tables of tested clients and CLIs in `docs/evidence.md`, and the README's list of them.

A test asserts each row. ``PYTHONPATH=tests python3 -m support.readme_tables`` puts them between
their markers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support.every_cli import CLIS
from support.old_clients import OLD

CHECKOUT = Path(__file__).parent.parent.parent
EVIDENCE = CHECKOUT / "docs" / "evidence.md"
README = CHECKOUT / "README.md"


def clients() -> str:
    """Return the table of the old clients, without its markers."""
    head = (
        *("client", "language", "profile named by", "legacy profile"),
        *("SSO profile itself", "the same on a cloud machine"),
    )
    rows = [
        (name, old.language, old.profile_by, "works", old.sso_profile, old.on_a_machine)
        for name, old in OLD.items()
    ]
    return _markdown(head, rows)


def clis() -> str:
    """Return the table of the AWS CLIs v2, without its markers."""
    rows = [
        (f"{version}, {cli.origin}", cli.python, f"works; {cli.flaw}" if cli.flaw else "works")
        for version, cli in CLIS.items()
    ]
    return _markdown(("AWS CLI", "Python", "result"), rows)


def names() -> str:
    """Return the README's sentences about the clients and the AWS CLIs, without their markers."""
    languages: dict[str, dict[str, None]] = {}
    for name, old in OLD.items():
        plain = re.sub(r",.*| \(.*", "", name)
        languages.setdefault(old.language.partition(",")[0], {})[plain] = None
    lists = [f"{', '.join(named)} ({language})" for language, named in languages.items()]
    return (
        "These clients were given nothing but the profile's name, and made a signed request before"
        f" and after a refresh: {'; '.join(lists)}.\n"
        f"These AWS CLIs run the plugin: {', '.join(CLIS)}."
    )


# For each name of a marker: its page, and the function that makes its text.
GENERATED: Mapping[str, tuple[Path, Callable[[], str]]] = {
    "clients": (EVIDENCE, clients),
    "clis": (EVIDENCE, clis),
    "names": (README, names),
}


def stale() -> list[str]:
    """Return the names of the parts that differ in a page from what is generated now."""
    return [name for name, (page, text) in GENERATED.items() if _found(page, name) != text()]


def _found(page: Path, name: str) -> str:
    after = page.read_text().partition(f"<!-- {name} -->\n")[2]
    return after.partition(f"<!-- /{name} -->")[0].strip("\n")


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def main() -> None:
    for name, (page, text) in GENERATED.items():
        before, start, after = page.read_text().partition(f"<!-- {name} -->\n")
        _, end, rest = after.partition(f"<!-- /{name} -->")
        if not (start and end):
            sys.exit(f"{page}: there are no markers named {name}")
        page.write_text(f"{before}{start}\n{text()}\n\n{end}{rest}")


if __name__ == "__main__":
    main()
