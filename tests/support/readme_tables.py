"""The README's tables of what is proven, each row of which a test asserts.

``python3 tests/support/readme_tables.py`` prints them, to be put between their markers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from support.every_cli import CLIS
from support.old_clients import OLD

README = Path(__file__).parent.parent.parent / "README.md"


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


def in_readme(name: str) -> str:
    """Return what the README has between the markers of that name."""
    after = README.read_text().partition(f"<!-- {name} -->\n")[2]
    return after.partition(f"<!-- /{name} -->")[0].strip("\n")


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def main() -> None:
    for name, table in (("clients", clients()), ("clis", clis())):
        print(f"<!-- {name} -->\n\n{table}\n\n<!-- /{name} -->\n")


if __name__ == "__main__":
    main()
