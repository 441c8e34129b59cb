"""The round-trip edit: what is not ours stays to the byte, and reads back as botocore reads it."""

from __future__ import annotations

import configparser
import io
from collections.abc import Mapping

import pytest

from awscli_plugin_legacy_sso.file.document import Document, EditError, UnreadableTextError

NEW = {"a": "1", "b": "2"}


def read_as_botocore(text: str) -> Mapping[str, Mapping[str, str]]:
    """Read a text as botocore reads a file of that content: universal newlines, RawConfigParser."""
    parser = configparser.RawConfigParser()
    parser.read_file(io.StringIO(text, newline=None))
    return {name: dict(parser.items(name)) for name in parser.sections()}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "[new]\na = 1\nb = 2\n", id="empty file"),
        pytest.param("[x]\nk = v\n", "[x]\nk = v\n\n[new]\na = 1\nb = 2\n", id="LF"),
        pytest.param("[x]\r\nk=v\r\n", "[x]\r\nk=v\r\n\r\n[new]\r\na = 1\r\nb = 2\r\n", id="CRLF"),
        pytest.param("[x]\rk=v\r", "[x]\rk=v\r\r[new]\ra = 1\rb = 2\r", id="CR"),
        pytest.param("[x]\nk = v", "[x]\nk = v\n\n[new]\na = 1\nb = 2", id="no final newline"),
        pytest.param("# c", "# c\n\n[new]\na = 1\nb = 2", id="nothing but a comment"),
        pytest.param(
            "[x]\nk = v\n\n\n",
            "[x]\nk = v\n\n\n\n[new]\na = 1\nb = 2\n",
            id="blank lines at the end",
        ),
    ],
)
def test_a_new_section_is_appended_and_removing_it_gives_the_old_bytes_back(
    before: str, after: str
) -> None:
    """A new section goes to the end, in the file's own newlines; removing it undoes it exactly."""
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
        pytest.param("[s]\nA:x\nB=y\n", [], "[s]\nA:1\nB=2\n", id="spelling and spacing kept"),
        pytest.param("[s]\nb = x\n\n# tail\n", [], "[s]\nb = 2\na = 1\n\n# tail\n", id="one added"),
        pytest.param("[s]\n", [], "[s]\na = 1\nb = 2\n", id="empty section"),
        pytest.param("[s]", [], "[s]\na = 1\nb = 2", id="empty section, no newline"),
        pytest.param(
            "[s]\na = x\n   y\n\n   z\nother = 1\n",
            [],
            "[s]\na = 1\n\nother = 1\nb = 2\n",
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
def test_a_section_that_is_there_is_edited_line_by_line(
    before: str, drop: list[str], after: str
) -> None:
    """Only the lines of the values that change are touched."""
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
def test_a_section_is_removed_with_its_lines_alone(before: str, after: str) -> None:
    """Header, keys and values go, and one blank line before them; the neighbours stay."""
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
def test_a_text_is_read_as_botocore_reads_it_and_comes_back_unchanged(text: str) -> None:
    """Indented comments, nesting, inheritance, odd headers: the parser is botocore's own."""
    parsed = Document(text)

    assert read_as_botocore(text) == parsed.reading()
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
    ],
)
def test_a_text_that_botocore_refuses_is_refused_by_line_and_never_quoted(
    text: str, line: int
) -> None:
    """The message says where, and nothing of what stands there: it may be a key."""
    with pytest.raises(UnreadableTextError, match=f"^line {line}: ") as refused:
        Document(text)

    assert "SECRET" not in str(refused.value)


def test_an_edit_that_would_not_read_back_as_asked_is_refused() -> None:
    """A value with a line break would become something else: nothing is returned to be written."""
    text = Document("[s]\nk = v\n")
    text.set("s", {"k": "v\nother = 1"})

    with pytest.raises(EditError, match="'s' would not read back"):
        text.render()
