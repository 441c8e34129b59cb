"""More of :mod:`support.reader_texts`: places and forms of our section."""

from __future__ import annotations

from support.reader_texts import (
    AROUND,
    BODY,
    DEFAULT,
    KEYS,
    MORE,
    OURS,
    PROD,
    RECORD,
    Row,
    indented,
)

# All is indented: below lines at column 0 an indented header would continue the last value.
_ABOVE = indented(DEFAULT) + "\n"
_DEEP = f"  [dev-legacy-sso]\n{indented(BODY)}"
_NO_REGION = BODY.replace("region = us-west-2\n", "")
_NOTE = "  note = mine\n"
# It sees no indented keys; ours must be indented, or what follows would become part of a value.
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
    # Ruby 3 sees no section here, and would take keys at column 0 for those of the section above.
    Row(
        "an indented header below one that is not",
        DEFAULT.replace("aws_", "  aws_") + f"  [dev-legacy-sso]\n{indented(_NO_REGION)}{MORE}",
        blind=_RUBY,
    ),
)
# Text behind the bracket hides the header from some readers: a `#` from JS 2.2.0 and Ruby 1, other
# words from all but those in Python and Go, and a `;` from none.
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
