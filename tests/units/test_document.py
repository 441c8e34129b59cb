"""Edits of the text: what is not ours stays byte for byte, and botocore reads back what was set."""

from __future__ import annotations

import configparser
import io
from collections.abc import Mapping

import pytest

from awscli_plugin_legacy_sso.file.document import Document, EditError, UnreadableTextError

NEW = {"a": "1", "b": "2"}


def read_as_botocore(text: str) -> Mapping[str, Mapping[str, str]]:
    """Read a text as botocore reads a file of that content: universal newlines, RawConfigParser.

    It has no default section, so that each section has only the values of its own lines.
    """
    parser = configparser.RawConfigParser(default_section="\0", strict=False)
    parser.read_file(io.StringIO(text, newline=None))
    return {name: dict(parser.items(name)) for name in parser.sections() if name != "DEFAULT"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "[new]\na = 1\nb = 2\n", id="empty file"),
        pytest.param("[x]\nk = v\n", "[x]\nk = v\n\n[new]\na = 1\nb = 2\n", id="LF"),
        pytest.param("[x]\r\nk=v\r\n", "[x]\r\nk=v\r\n\r\n[new]\r\na = 1\r\nb = 2\r\n", id="CRLF"),
        pytest.param("[x]\nk = v", "[x]\nk = v\n\n[new]\na = 1\nb = 2", id="no final newline"),
        pytest.param("# c", "# c\n\n[new]\na = 1\nb = 2", id="nothing but a comment"),
        pytest.param(
            "[x]\nk = v\n\n\n",
            "[x]\nk = v\n\n\n\n[new]\na = 1\nb = 2\n",
            id="blank lines at the end",
        ),
    ],
)
def test_new_section_appended_and_removed(before: str, after: str) -> None:
    """A new section goes to the end, in the file's newlines; its removal restores the bytes."""
    text = Document(before)
    text.set("new", NEW)
    written = text.render()

    assert after == written

    text = Document(written)
    text.remove("new")

    assert before == text.render()


@pytest.mark.parametrize(
    ("before", "drop", "after"),
    [
        pytest.param("[s]\na = x\nb = y\n", [], "[s]\na = 1\nb = 2\n", id="replaced in place"),
        pytest.param("[s]\nA:x\nB=y\n", [], "[s]\na = 1\nb = 2\n", id="one form for all readers"),
        pytest.param("[s]\nb = x\n\n# tail\n", [], "[s]\nb = 2\na = 1\n\n# tail\n", id="one added"),
        pytest.param("[s]\n", [], "[s]\na = 1\nb = 2\n", id="empty section"),
        pytest.param("[s]", [], "[s]\na = 1\nb = 2", id="empty section, no newline"),
        pytest.param(
            "[s]\na = x\n   y\n\n   z\nother = 1\n",
            [],
            "[s]\na = 1\nother = 1\nb = 2\n",
            id="continuation lines go with their value",
        ),
        pytest.param(
            "[s]\na = x\n  # a comment\nb = 1\n; another\n",
            [],
            "[s]\na = 1\n  # a comment\nb = 2\n; another\n",
            id="comments stay",
        ),
        pytest.param(
            "[s]\na = x\nold = 1\nb = y\n", ["old"], "[s]\na = 1\nb = 2\n", id="stale key dropped"
        ),
        pytest.param(
            "[s]\n  a = x\n  [t]\n  k = v\n",
            [],
            "[s]\n  a = 1\n  b = 2\n  [t]\n  k = v\n",
            id="indented file",
        ),
        pytest.param(
            "[DEFAULT]\na = 9\n[s]\nk = v\n",
            [],
            "[DEFAULT]\na = 9\n[s]\nk = v\na = 1\nb = 2\n",
            id="inherited keys are not the section's own",
        ),
    ],
)
def test_section_edited_line_by_line(before: str, drop: list[str], after: str) -> None:
    """An edit of an existing section changes only the lines whose values change."""
    text = Document(before)
    text.set("s", NEW, drop=drop)

    assert after == text.render()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "[a]\nk = 1\n\n[s]\nx = 1\n\n[b]\n", "[a]\nk = 1\n\n[b]\n", id="in the middle"
        ),
        pytest.param("[s]\nx = 1\n", "", id="the only one"),
        pytest.param("[s]\nx = 1\n# of b\n[b]\n", "# of b\n[b]\n", id="comment of the next stays"),
        pytest.param("[a]\n[s]\nx = 1\n  y\n[b]\n", "[a]\n[b]\n", id="no blank line before"),
    ],
)
def test_section_removed(before: str, after: str) -> None:
    """A removal takes the header, the keys and one blank line above; the neighbours stay."""
    text = Document(before)
    text.remove("s")

    assert after == text.render()


@pytest.mark.parametrize(
    "text",
    [
        "[s]\n  # k = 1\n  # k = 2\n  ; k\n",
        "[s]\nk = 1\n# c\n\n  two\n",
        "[s]\nk =\n  a = 1\n  b = 2\n",
        "[ s ]\n K : v ; not a comment\n",
        "[x] ; see [y]\nk = v\n",
        "[DEFAULT]\na = 1\n[DEFAULT]\nb = 2\n[s]\n",
        "[DEFAULT]\nk =\n  refused where it is inherited\n[s]\nk = 1\n",
        "[s]\nk = \N{SNOWMAN}\u2028\x85\x0b\n",
        "\n\n# only a comment",
        "",
    ],
)
def test_text_read_as_by_botocore(text: str) -> None:
    """Each text is read as by botocore, and renders unchanged."""
    parsed = Document(text)

    assert read_as_botocore(text) == {name: parsed.own(name) for name in parsed.sections()}
    assert text == parsed.render()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[s]\nk = v\n[s]\n", 3),
        ("[s]\nk = SECRET\nK = SECRET\n", 3),
        ("k = SECRET\n", 1),
        ("[s]\nSECRET\n", 2),
        ("[s]\nx = 1\nk =\n  SECRET\n", 3),
        ("[r]\nk = 1\n[s]\nk =\n  SECRET\n", 4),
        ("[r]\nk = 1\n[DEFAULT]\nk =\n  SECRET\n[s]\n", 4),
        ("[s]\nk = SECRET\rj = 1\n", 2),
        ("[s]\r\nk = SECRET\r\n\r\r\n", 3),
        ("[s]\rk = SECRET\r", 1),
    ],
)
def test_refused_text_named_by_line(text: str, line: int) -> None:
    """The error names the line and never quotes it, since it may hold a key.

    Refused is what botocore refuses, and also a line that ends in a lone carriage return, which
    botocore accepts.
    """
    with pytest.raises(UnreadableTextError, match=f"^line {line}: ") as refused:
        Document(text)

    assert "SECRET" not in str(refused.value)


def test_edit_that_reads_back_wrong() -> None:
    """A value with a line break would read back as something else, so rendering raises an error."""
    text = Document("[s]\nk = v\n")
    text.set("s", {"k": "v\nother = 1"})

    with pytest.raises(EditError, match="'s' would not read back"):
        text.render()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("[s]\n  a: x\n  B=y\n", "[s]\na = 1\nb = 2\n", id="nothing follows"),
        pytest.param("[s]\n  a: x\nk = v\n", "[s]\na = 1\nk = v\nb = 2\n", id="next is not"),
        pytest.param(
            "[s]\n    a: x\n  k = v\n", "[s]\n  a = 1\n  k = v\nb = 2\n", id="next is less deep"
        ),
        pytest.param(
            "[s]\n\ta: x\n\n# c\n    ; d\n\tk = v\n[t]\n",
            "[s]\n\ta = 1\n\n# c\n    ; d\n\tk = v\nb = 2\n[t]\n",
            id="comments and blank lines do not count",
        ),
        pytest.param(
            "[s]\n  b = x\n\n # of t\n [t]\n  k = v\n",
            "[s]\n b = 2\n a = 1\n\n # of t\n [t]\n  k = v\n",
            id="the next section is indented",
        ),
        pytest.param(
            "[s]\r\n  A = x\r\n  k = v\r\n  b:y\r\n",
            "[s]\r\n  a = 1\r\n  k = v\r\nb = 2\r\n",
            id="CRLF",
        ),
    ],
)
def test_option_indentation(before: str, after: str) -> None:
    """An option starts at column 0, as some tools need it.

    It is indented only if the next line is indented and would become a part of its value.
    """
    text = Document(before)
    text.set("s", NEW)

    assert after == text.render()


COMMENTS = "[a]\n  # before\nk = v\n{}[s]\n # in s\nx = 1\n# between\ny = 2\n{}[b]\nz = 3\n"


@pytest.mark.parametrize(
    "aside",
    ["", "\n", "# c\n", "  # c\n", "  # old = x\n", "\t\n", "\n \n ; c\n\n", "; [x]\n\n  #\n"],
)
def test_comments_around_edits(aside: str) -> None:
    """A removal leaves comments below the last option, and takes those between options."""
    before = f" # first\n{COMMENTS.format(aside, aside)}{aside}"
    text = Document(before)
    text.remove("s")
    without = text.render()
    blank = aside.removesuffix("\n") if aside.endswith("\n\n") or aside == "\n" else aside

    assert without == f" # first\n[a]\n  # before\nk = v\n{blank}{aside}[b]\nz = 3\n{aside}"

    text = Document(before)
    text.set("s", {"x": "9", "new": "1"}, drop=["y"])
    changed = before.replace("x = 1", "x = 9").replace("y = 2\n", "new = 1\n")

    assert text.render() == changed


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("[s]\na = 1\n", None, id="one line"),
        pytest.param("[s]\na = 1\n\n  # c\n\t\n; d\n", None, id="comments and blank lines"),
        pytest.param("[s]\na = 1\n\n  [prod]\n  k = v\n", 4, id="an indented section"),
        pytest.param("[s]\na = 1\n  more\n", 3, id="anything below a value of ours"),
        pytest.param("[s]\nA: 1\n# c\n  # d\n\n  more\n", 6, id="below comments"),
        pytest.param("[s]\na =\n  more = 1\n", 3, id="below an empty value of ours"),
        pytest.param("[s]\ns3 =\n  k = v\n  j = w\n", None, id="a person's own block"),
        pytest.param("[s]\nx = 1\n  y\n  [prod]\n  k = v\n", 4, id="a section below any value"),
        pytest.param("[s]\nx = 1\n  [prod]\n[t]\na = 2\n", 3, id="in the middle"),
        pytest.param("[t]\na = 1\n  [prod]\n[s]\na = 2\n", None, id="in another section"),
    ],
)
def test_swallowed_line(text: str, line: int | None) -> None:
    """The line below a value that may be meant as a section is found.

    Tools other than botocore read it as a section.
    """
    assert Document(text).swallowed_line("s", {"a"}) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[a]\nk = v\n\n[s]\n  x = 1\n# c\n  [b]\n  y = 2\n", 7),
        ("[a]\nk = v\n[s]\n\t[b]\n", 4),
        ("[gone]\n\n[a]\nk = v\n[s]\n [b]\n", 6),
    ],
)
def test_shielding_section_not_removed(text: str, line: int) -> None:
    """A removal is refused if the indented header below would join the value above."""
    document = Document(text)
    if "gone" in document:
        document.remove("gone")
    document.remove("s")

    with pytest.raises(EditError, match=f"line {line} would become a part of the value above it"):
        document.render()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("between", ["", "\n", "\n\n", "# c\n", "\n# c\n\n"])
def test_sections_removed_together(between: str, newline: str) -> None:
    """Several sections removed in one edit leave the same text as when removed one by one."""
    names = "stuv"
    sections = [f"[{name}]\nx = 1\n" for name in names]
    before = between.join(["[a]\nk = v\n", *sections, "[b]\n"]).replace("\n", newline)
    text, one_by_one = Document(before), before
    for name in names:
        text.remove(name)
        single = Document(one_by_one)
        single.remove(name)
        one_by_one = single.render()

    assert text.render() == one_by_one


def test_edits_of_one_text_combined() -> None:
    """A section can be removed and set again; edits of one text do not disturb each other."""
    text = Document("[a]\nk = v\n\n[s]\nx = 1\n\n[b]\ny = 2")
    text.remove("s")
    text.set("b", {"y": "3"})
    text.set("s", NEW)
    text.set("new", NEW)
    text.remove("new")

    assert text.render() == "[a]\nk = v\n\n[b]\ny = 3\n\n[s]\na = 1\nb = 2"
