"""Credentials files on which readers differ, and what a refresh is to make of each.

Which reader needs which rule, measured with the readers of :mod:`support.readers`:

- An indented ``[section]`` below a value is more of that value to botocore, to an AWS CLI v1 and to
  boto 2. JS 2, JS 3 and Ruby 1 read a section there; Ruby 3 and s5cmd do not.
- ``#`` or ``;`` behind a blank in a header: JS 2 and 3 see no section there and give its keys to
  the one above it; s5cmd and rclone refuse the file. ``[`` in a header: JS 2.2.0 and both Ruby do
  as above, s5cmd and rclone refuse the file.
- JS 3 does not see a section whose name is a word, a blank and another word.
- A number in a value (``e2``, ``-1``, ``.5``, ``970b00``) hides every profile of the file from
  s5cmd and rclone, also as a later word of the value or behind a ``:``: ``profile e2`` does so too.
  In quotes it does not.
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
    """A text, what is written into it, and how that is to end.

    ``refused`` is a word of the message, nothing where the text is written; ``line`` the line that
    the message names. ``removal`` is tried afterwards: a word of its refusal, nothing where it
    works, ``None`` where there is nothing to remove.
    """

    name: str
    text: str
    source: str = "dev"
    output: str = "dev-legacy-sso"
    refused: str = ""
    line: int = 0
    removal: str | None = ""
    warned: bool = False
    # Readers that do not see our keys under such a name, or in such a place.
    blind: tuple[str, ...] = ()
    # Readers that saw no profile at all in the text before, and do afterwards.
    mended: tuple[str, ...] = ()
    # What is left when ours is removed, where a reader took ours for another's before.
    left: str = ""


def indented(text: str, by: str = "  ") -> str:
    """Indent every line that is not blank."""
    return "".join(by + line if line.strip() else line for line in text.splitlines(keepends=True))


def _runs_on(name: str, section: str, line: str, removal: str | None = "column 0") -> Row:
    """A section of ours that swallows what is not ours: nothing of it is touched."""
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
    """A name that is written, with a warning when it is new."""
    return Row(f"name {name}", DEFAULT + MORE, output=name, warned=True, blind=blind)


def _cut(name: str) -> tuple[Row, Row]:
    """A name that other parsers cut: not written, and where it is already, only removed."""
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
    *(_odd(name) for name in ("dev=1", "dev,ops", "dev'1", 'dev"1', "dev\\1", "dev!", "dev*")),
    *(
        Row(f"name {name}", DEFAULT + MORE, output=name)
        for name in ("a+b", "a:b", "50%", "%(x)s", "a.b", "a@b", "a/b", "a_b", "-a", "7e2", "1:2")
    ),
    Row(
        "name with a blank, there",
        AROUND.format(OURS.replace("dev-legacy-sso", "my dev")),
        output="my dev",
        blind=("JS 3",),
    ),
)

_NUMBERS = ("e2", "-1", ".5", "970b00", "0x10", "1_000", "10", "1e5", "true", "null", "profile")
_HIDDEN = ("e2", "-1", ".5", "970b00")  # of these, what hides all profiles from s5cmd
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

# Below lines at column 0 an indented header would be more of the last value.
_ABOVE = indented(DEFAULT) + "\n"
_DEEP = f"  [dev-legacy-sso]\n{indented(BODY)}"
_NO_REGION = BODY.replace("region = us-west-2\n", "")
_NOTE = "  note = mine\n"
# It sees no key that is indented: ours are where they would be swallowed by what follows.
_RUBY = ("Ruby 3",)


def _body(lines: str) -> str:
    return AROUND.format(f"[dev-legacy-sso]\n{lines}")


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


NEW = (
    Row("new, in an empty file", ""),
    Row("new, at the end", DEFAULT + MORE),
    Row("new, behind a missing newline", (DEFAULT + MORE).rstrip("\n")),
    Row("new, behind comments", f"{DEFAULT}{MORE}\n# the end\n  # of it\n"),
    Row("new, behind an indented section", f"{DEFAULT}\n{indented(PROD)}"),
    Row("new, behind a block", f"{DEFAULT}s3 =\n  max_queue_size = 10\n"),
    Row("new, CRLF", _crlf(DEFAULT + MORE)),
    Row("new, CRLF and no newline", _crlf(DEFAULT + MORE).rstrip()),
)
PLACES = (
    Row("ours, first", OURS + MORE),
    Row("ours, in the middle", AROUND.format(OURS)),
    Row("ours, last", f"{DEFAULT}{MORE}\n{OURS}"),
    Row("ours, last without a newline", f"{DEFAULT}{MORE}\n{OURS}".rstrip("\n")),
    Row("ours, CRLF", _crlf(AROUND.format(OURS))),
    Row("ours, CRLF without a newline", _crlf(f"{DEFAULT}\n{OURS}".rstrip("\n"))),
    Row("ours, comments between", _body(BODY.replace("aws_", "# c\naws_"))),
    Row("ours, comments at the ends of lines", _body(BODY.replace("-west-2", "-west-2 ; c"))),
    Row("with [DEFAULT]", AROUND.format(OURS) + "\n[DEFAULT]\noutput = json\nregion = eu-west-3\n"),
    Row("with keys in [DEFAULT]", f"[DEFAULT]\naws_session_token = made/up\n\n{DEFAULT}"),
    Row("with another's odd forms", f"{DEFAULT}\n{PROD.replace(' = ', ': ').upper()}"),
    Row("with odd blanks", f"{DEFAULT}# \u2028\n{PROD}note = a\x0bb\x0c\u2029c\x85d\n"),
)
FORMS = (
    Row("colons", _body(BODY.replace(" = ", ": "))),
    Row("colons and blanks", _body(BODY.replace(" = ", "\t:  "))),
    Row("no blanks", _body(BODY.replace(" = ", "="))),
    Row("more blanks", _body(BODY.replace(" = ", "\t=\t "))),
    Row("capitals", _body(BODY.upper().replace("PROFILE DEV", "profile dev"))),
    Row("mixed case", _body(BODY.replace("aws_", "Aws_"))),
    Row("indented", _body(indented(_NO_REGION))),
    Row("indented by a tab", _body(indented(_NO_REGION, "\t"))),
    Row("indented, with the region", _body(indented(BODY)), blind=_RUBY),
    Row("indented, colons", _body(indented(_NO_REGION).replace(" =", ":"))),
    Row("indented, CRLF", _crlf(_body(indented(_NO_REGION)))),
    Row(
        "indented less and less",
        _body(BODY.replace("aws_access", "   aws_access").replace("aws_secret", "  aws_secret")),
    ),
    Row("a person's indented key follows", _body(indented(BODY) + _NOTE), blind=_RUBY),
    Row("a person's key follows a comment", _body(f"{indented(BODY)}\n# c\n{_NOTE}"), blind=_RUBY),
    Row(
        "a person's indented key between", _body(f"{indented(KEYS)}{_NOTE}  {RECORD}"), blind=_RUBY
    ),
    Row("a person's indented key first", _body(_NOTE + indented(_NO_REGION))),
    Row("an indented header", f"{_ABOVE}{_DEEP}{MORE}", blind=_RUBY),
    Row("an indented header, CRLF", _crlf(f"{_ABOVE}{_DEEP}{MORE}"), blind=_RUBY),
    Row("an indented section follows", f"{_ABOVE}{_DEEP}\n{indented(PROD)}", blind=_RUBY),
    Row("a comment, an indented section", f"{_ABOVE}{_DEEP}\n# c\n{indented(PROD)}", blind=_RUBY),
    Row(
        "no keys, an indented section follows",
        f"{DEFAULT}\n[dev-legacy-sso]\n{indented(PROD)}",
        removal="line 12",
        blind=_RUBY,
    ),
    # Ruby 3 sees no section here: keys at column 0 would be those of the section above.
    Row(
        "an indented header below one that is not",
        DEFAULT.replace("aws_", "  aws_") + f"  [dev-legacy-sso]\n{indented(_NO_REGION)}{MORE}",
        blind=_RUBY,
    ),
)
# What follows the bracket hides the header from some readers, as in a name: to JS 2.2.0 and Ruby 1
# a `#` does, to all but those of Python and Go other words do. A `;` hides it from none.
HEADERS = (
    Row("a comment behind the header", AROUND.format(OURS.replace("]", "] ; c"))),
    Row(
        "a # comment behind the header",
        AROUND.format(OURS.replace("]", "] # c")),
        refused="line",
        line=5,
        left=DEFAULT + MORE,
    ),
    Row(
        "words behind the header",
        AROUND.format(OURS.replace("]", "] c")),
        refused="line",
        line=5,
        left=DEFAULT + MORE,
    ),
)

_LONE = "\r"
REFUSED = (
    Row(
        "a lone carriage return",
        f"{DEFAULT}# c{_LONE}# d{MORE}",
        refused="line",
        line=4,
        removal=None,
    ),
    Row(
        "a lone carriage return at the end",
        f"{DEFAULT}{PROD}".rstrip("\n") + _LONE,
        refused="line",
        line=6,
        removal=None,
    ),
    Row(
        "a lone carriage return in ours",
        AROUND.format(OURS.replace("aws_session", f"# c{_LONE}aws_session")),
        refused="line",
        line=8,
        removal="line",
    ),
    Row(
        "a key in two forms",
        AROUND.format(OURS + "AWS_ACCESS_KEY_ID: ASIAMADEUPTWICE\n"),
        refused="line",
        line=13,
        removal="line",
    ),
)

ROWS = (*VALUES_THAT_RUN_ON, *NAMES, *RECORDS, *NEW, *PLACES, *FORMS, *HEADERS, *REFUSED)
