"""Credentials files that readers read differently, and the right result of a refresh of each.

Measured with the readers in :mod:`support.readers`:

- An indented ``[section]`` below a value is more of that value to botocore, to an AWS CLI v1 and to
  boto 2. JS 2, JS 3, Ruby 1, s5cmd and rclone read a section there.
- In a name, ``#`` behind a blank hides the header from JS 2.1692.0 and JS 3, ``;`` behind a blank
  from all of JS and Ruby, ``[`` from JS 2.2.0 and both Ruby: its keys are then those of the section
  above. s5cmd and rclone refuse the whole file for each of the three.
- JS 3 does not see a section whose name is a word, a blank and another word.
- A number in a value (``e2``, ``-1``, ``.5``, ``970b00``) hides every profile of the file from
  s5cmd and rclone, also as a later word of the value, as in ``profile e2``, or behind a ``:``. In
  quotes it does not.
- ``key: value`` is no key to JS 2, JS 3 and both Ruby; capitals make it another key to them, and to
  s5cmd and rclone.
- Ruby 3 sees no indented header, and takes an indented key for a nested one.
- ``#`` behind a header's bracket hides it from JS 2.2.0 and Ruby 1, other words from all of JS and
  Ruby: its keys are then those of the section above. ``;`` hides it from none.
"""

from __future__ import annotations

from dataclasses import dataclass

KEYS = """\
aws_access_key_id = ASIAMADEUPOLD
aws_secret_access_key = made+up/old
aws_session_token = made/up+old==
aws_security_token = made/up+old==
region = us-west-2
x_security_token_expires = 2026-11-22T20:00:00Z
"""
RECORD = "x_legacy_sso_source = profile dev\n"
BODY = KEYS + RECORD
OURS = f"[dev-legacy-sso]\n{BODY}"
DEFAULT = """\
[default]
aws_access_key_id = AKIAMADEUPDEFAULT
aws_secret_access_key = made+up/default
"""
PROD = """\
[prod]
aws_access_key_id = AKIAMADEUPPROD
aws_secret_access_key = made+up/prod
"""
MORE = f"\n# the team's\n{PROD}region = eu-west-1\n"
AROUND = f"{DEFAULT}\n{{}}{MORE}"


@dataclass(frozen=True)
class Row:
    """A text, what is written into it, and the expected result.

    ``refused`` is a word of the error message, empty if the text is written; ``line`` is the line
    that the message names. ``removal`` is tried afterwards: a word of its error message, empty if
    it succeeds, ``None`` if there is nothing to remove.
    """

    name: str
    text: str
    source: str = "dev"
    output: str = "dev-legacy-sso"
    refused: str = ""
    line: int = 0
    removal: str | None = ""
    warned: bool = False
    # Readers that do not see our keys under this name or in this place.
    blind: tuple[str, ...] = ()
    # Readers that see no profile in the text before, but see them afterwards.
    mended: tuple[str, ...] = ()
    # The text after the removal, if a reader took our keys for another section's before.
    left: str = ""


def indented(text: str, by: str = "  ") -> str:
    """Indent every line that is not blank."""
    return "".join(by + line if line.strip() else line for line in text.splitlines(keepends=True))


def _runs_on(name: str, section: str, line: str, removal: str | None = "column 0") -> Row:
    """Return a row where our section swallows what is not ours: the file must not change."""
    text = AROUND.format(section)
    number = text.splitlines().index(line) + 1
    return Row(name, text, refused="column 0", line=number, removal=removal)


_HEADER = "  [prod]"
_SWALLOWED = indented(PROD.replace("prod", "other"))
_OTHER = "  [other]"
VALUES_THAT_RUN_ON = (
    _runs_on("record runs on over a section", f"{OURS}{_SWALLOWED}", _OTHER),
    _runs_on("record runs on, a blank line between", f"{OURS}\n{_SWALLOWED}", _OTHER),
    _runs_on("record runs on, a comment between", f"{OURS}# other\n{_SWALLOWED}", _OTHER),
    _runs_on("record runs on, an indented comment", f"{OURS}\n  ; other\n{_SWALLOWED}", _OTHER),
    _runs_on("record runs on, by a tab", f"{OURS}{indented(PROD, chr(9))}", "\t[prod]"),
    _runs_on(
        "key runs on over a section",
        f"[dev-legacy-sso]\n{RECORD}{KEYS}\n{_SWALLOWED}",
        _OTHER,
    ),
    _runs_on(
        "token runs on over a line",
        OURS.replace("aws_security", "  the rest\naws_security"),
        "  the rest",
    ),
    _runs_on(
        "token begins on the next line",
        OURS.replace("aws_session_token = ", "aws_session_token =\n  a = "),
        "  a = made/up+old==",
    ),
    _runs_on(
        "person's key runs on over a section",
        f"{OURS}note = mine\n{_SWALLOWED}",
        _OTHER,
    ),
    _runs_on(
        "region runs on over a section",
        OURS.replace("x_security", f"{_SWALLOWED}x_security"),
        _OTHER,
    ),
    _runs_on(
        "keys of another tool run on over a section",
        f"[dev-legacy-sso]\n{KEYS}\n{_SWALLOWED}",
        _OTHER,
        removal=None,
    ),
    Row(
        "person's block has a section in it",
        AROUND.format(f"{OURS}s3 =\n  max_queue_size = 10\n{_SWALLOWED}"),
        refused="'key = value'",
        line=13,
        removal="'key = value'",
    ),
    _runs_on(
        "person's block has a line in brackets",
        f"{OURS}s3 =\n  max_queue_size = 10\n  [other] = 1\n",
        "  [other] = 1",
    ),
    Row("person's block", AROUND.format(f"{OURS}s3 =\n  max_queue_size = 10\n")),
    Row("person's block first", AROUND.format(f"[dev-legacy-sso]\ns3 =\n  a = 10\n{BODY}")),
    Row("person's value on two lines", AROUND.format(f"{OURS}note = mine\n  and yours\n")),
    Row("comments and blanks below", AROUND.format(f"{OURS}\n   # mine\n \t\n  ; and yours\n")),
    Row("comments and blanks between", AROUND.format(OURS.replace("aws_", "\n  # c\n\naws_"))),
    Row("another section runs on over a section", f"{DEFAULT}\n{_SWALLOWED}"),
    Row("another one runs on, ours below", f"{DEFAULT}\n{_SWALLOWED}\n{OURS}{MORE}"),
)


def _odd(name: str, *blind: str) -> Row:
    """Return a row with a name that is written, with a warning when it is new."""
    return Row(f"name {name}", DEFAULT + MORE, output=name, warned=True, blind=blind)


def _cut(name: str) -> tuple[Row, Row]:
    """Return rows with a name that other parsers cut: not written; if it exists, only removed."""
    there = OURS.replace("dev-legacy-sso", name)
    way_out = "--output-profile"
    return (
        Row(f"name {name}", DEFAULT + MORE, output=name, refused=way_out, removal=None),
        Row(
            f"name {name}, there",
            AROUND.format(there),
            output=name,
            refused="remove-legacy",
            left=DEFAULT + MORE,
        ),
    )


NAMES = (
    *(row for name in ("ops #1", "ops ;1", "ops#1", "ops;1", "ops[1") for row in _cut(name)),
    Row(
        "name of the source",
        DEFAULT + MORE,
        source="dev #1",
        output="{profile}-legacy-sso",
        refused="--output-profile",
        removal=None,
    ),
    Row("source's name, another output", DEFAULT + MORE, source="dev #1"),
    Row(
        "beside ours of a name that is cut",
        AROUND.format(OURS.replace("dev-", "dev #1-")),
        blind=("s5cmd", "rclone"),
    ),
    *(_odd(name, "JS 3") for name in ("my dev", "my dev+ops")),
    *(_odd(name) for name in ("my dev (1)", "my dev, ops")),
    *(_odd(name) for name in ("Gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "dev&ops", "dev(1)")),
    *(
        _odd(name)
        for name in ("dev=1", "dev,ops", "dev'1", 'dev"1', "dev\\1", "dev!", "dev*", "%(x)s")
    ),
    *(
        Row(f"name {name}", DEFAULT + MORE, output=name)
        for name in ("a+b", "a:b", "50%", "a.b", "a@b", "a/b", "a_b", "-a", "7e2", "1:2")
    ),
    Row(
        "name with a blank, there",
        AROUND.format(OURS.replace("dev-legacy-sso", "my dev")),
        output="my dev",
        blind=("JS 3",),
    ),
)

_NUMBERS = ("e2", "-1", ".5", "970b00", "0x10", "1_000", "10", "1e5", "true", "null", "profile")
_HIDDEN = ("e2", "-1", ".5", "970b00")  # those that hide all profiles from s5cmd
RECORDS = (
    *(Row(f"source {name}", DEFAULT + MORE, source=name) for name in _NUMBERS),
    *(
        Row(f"source {name}", DEFAULT + MORE, source=name)
        for name in ("my e2", "dev -1", "a:e2", "a:-1", "a=e2", "-1 -1", 'the "e2"', "it's e2")
    ),
    *(
        Row(f"source {name}", DEFAULT + MORE, source=name)
        for name in ("#1", "dev ;e2", "[e2]", '"e2"', "'e2'", "Gr\N{LATIN SMALL LETTER U}n e2")
    ),
    *(
        Row(
            f"source {name}, recorded without the word",
            AROUND.format(OURS.replace("profile dev", name)),
            source=name,
            mended=("s5cmd", "rclone") if name in _HIDDEN else (),
        )
        for name in _NUMBERS
    ),
    Row("record with a colon", AROUND.format(OURS.replace("source = profile", "source:"))),
)
