"""Our lines in other people's files: added or refused, and removed again byte for byte."""

from __future__ import annotations

import random
import re
from pathlib import Path

import botocore.configloader
import pytest
from botocore.exceptions import ConfigParseError

from awscli_plugin_legacy_sso.installer import classic_lines
from awscli_plugin_legacy_sso.installer.alias_file import (
    SECTION,
    AliasError,
    aliased,
    commands,
    folders,
    unaliased,
)
from awscli_plugin_legacy_sso.installer.classic_lines import Change, taken_back
from awscli_plugin_legacy_sso.installer.edits import Mark
from awscli_plugin_legacy_sso.installer.hook import hooked, sourced, unhooked

FOLDER = "/home/a b/it's/awscli-plugin-legacy-sso"
HOOK = f"{FOLDER}/awscli_plugin_legacy_sso/shell/legacy-sso.bash"
OURS = commands(FOLDER)
TOP = "[toplevel]\nwhoami = sts get-caller-identity\n"


def as_the_cli_reads(text: str, folder: Path) -> dict[str, dict[str, str]]:
    """Read an alias file with botocore's function and the AWS CLI's rule for section names."""
    path = folder / "alias"
    path.write_bytes(text.encode(errors="surrogateescape"))
    read = botocore.configloader.raw_config_parse(str(path), parse_subsections=False)
    return {
        " ".join(name.split()) if name.startswith("command ") else name: {
            key: value.strip() for key, value in values.items()
        }
        for name, values in read.items()
    }


def put_in(text: str, folder: Path) -> str:
    """Add our aliases; check that the rest is read as before, and that a removal restores all."""
    on = aliased(text, FOLDER, Mark())
    before = as_the_cli_reads(text, folder)
    in_every_section = as_the_cli_reads(f"{text}\n[an empty one]\n", folder)["an empty one"]
    assert as_the_cli_reads(on, folder) == {
        **before,
        SECTION: {**before.get(SECTION, in_every_section), **OURS},
    }
    assert aliased(on, FOLDER, Mark()) == on
    assert folders(on) == [FOLDER]
    assert unaliased(on) == text
    return on


RIGHT = {
    "nothing": "",
    "other sections": TOP + "\n[command ec2]\nids = describe-instances\n",
    "no newline at the end": TOP.rstrip(),
    "CRLF": TOP.replace("\n", "\r\n"),
    "CRLF, no newline": TOP.replace("\n", "\r\n").rstrip(),
    "a line end of old": "[toplevel]\rwhoami = sts get-caller-identity\r",
    "comments alone": "# mine\n; mine",
    "a section of theirs": "[command sso]\nwho = list-accounts\n",
    "a section of theirs, no newline": "[command sso]",
    "in the middle": f"[command sso]\nwho = list-accounts\n\n{TOP}",
    "many blanks in its name": "[command   sso]\nwho = list-accounts\n",
    "a comment behind its header": "[command sso] # mine\nwho = list-accounts\n",
    "indented keys": "[command sso]\n  who = list-accounts\n  all = list-accounts\n",
    "keys with tabs": "[command sso]\n\twho = list-accounts\n",
    "an indented header of theirs": "  [command sso]\n    who = list-accounts\n",
    "before an indented header": "[command sso]\n  [toplevel]\n  x = y\n",
    "empty, before an indented header": "[command sso]\n\n# mine\n    [toplevel]\nx = y\n",
    "behind an indented header": "  [toplevel]\n  x = !f() {\n    :\n    }; f\n",
    "a value of many lines": "[command sso]\nwho = !f() {\n  aws\n\n  }; f\n[toplevel]\nx = y\n",
    "a value that looks like our header": "[toplevel]\nx = !cat <<E\n  [command sso]\n  E\n",
    "another name that looks like it": "[command\tsso]\nx = y\n[ command sso ]\nx = y\n",
    "two spellings, of which the last counts": "[command sso]\na = b\n[command  sso]\nc = d\n",
    "defaults": "[DEFAULT]\nall = list-accounts\n[toplevel]\nx = y\n",
    "our old lines": aliased(TOP, "/old/awscli-plugin-legacy-sso", Mark()),
    "words in other alphabets": "[toplevel]\ngrüße = !echo 世界\n",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_aliases_added(text: str, tmp_path: Path) -> None:
    """With our three aliases added, `aws` reads the rest of any file as before."""
    if text == RIGHT["our old lines"]:
        on = aliased(text, FOLDER, Mark())
        assert (folders(on), unaliased(on)) == ([FOLDER], TOP)
    else:
        put_in(text, tmp_path)


REFUSED = {
    "an alias of theirs": ("[command sso]\nlist-legacy = list-accounts\n", "has an alias 'list-l"),
    "one in capitals": ("[command sso]\nList-Legacy = list-accounts\n", "has an alias 'list-l"),
    "one they all have": ("[DEFAULT]\nlist-legacy = x\n[command sso]\n", "has an alias 'list-l"),
    "no INI file": ("alias x=y\n", "line 1: a line before the first [section]"),
    "a section twice": ("[command sso]\n[command sso]\n", "is there twice"),
    "a byte order mark": ("\ufeff[toplevel]\n", "line 1: a line before the first [section]"),
    "not UTF-8": ("[toplevel]\nx = \udcff\n", "it is not UTF-8"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_aliases_refused(text: str, words: str) -> None:
    """A file that cannot take our aliases is refused with the reason."""
    with pytest.raises(AliasError, match=re.escape(words)):
        aliased(text, FOLDER, Mark())


def test_aliases_printed() -> None:
    """Aliases that would not be read correctly are printed, to be added by hand.

    Here the folder's name is the cause.
    """
    with pytest.raises(AliasError, match=r"by hand; put in these lines:\n\[command sso\]\n"):
        aliased(TOP, "/a\n[toplevel]\nb", Mark())


def test_aliases_by_hand() -> None:
    """Aliases added by hand count as ours, and are removed too, because of what they name."""
    by_hand = f"[{SECTION}]\n" + "".join(f"{name}: {value}\n" for name, value in OURS.items())

    assert aliased(by_hand, FOLDER, Mark()) == by_hand
    assert unaliased(by_hand) == f"[{SECTION}]\n"


@pytest.mark.parametrize(
    ("before", "below", "after"),
    [
        ("", "[toplevel]\nx = y\n", "[toplevel]\nx = y\n"),
        (TOP.rstrip(), "[command ec2]\nx = y\n", f"{TOP}[command ec2]\nx = y\n"),
        (TOP, "mine = list-accounts\n", f"{TOP}[command sso]\nmine = list-accounts\n"),
        (TOP, "[broken\n", f"{TOP}[broken\n"),
        (TOP, "mine = x\n[toplevel]\n", f"{TOP}[command sso]\nmine = x\n[toplevel]\n"),
    ],
)
def test_aliases_removed_from_grown_file(before: str, below: str, after: str) -> None:
    """Lines added below ours stay; a key that was added to our section keeps its header."""
    assert unaliased(aliased(before, FOLDER, Mark()) + below) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (f"{TOP}{Mark()}\n", TOP),
        (f"{TOP}{Mark()}\n[command sso]\n", TOP),
        (f"{TOP}{Mark()}\n[x]\n", f"{TOP}[x]\n"),
        (f"[toplevel]\nlist-legacy = {OURS['list-legacy']}\nx = y\n", "[toplevel]\nx = y\n"),
    ],
)
def test_aliases_partly_deleted(text: str, after: str) -> None:
    """If a part of our lines was deleted, the rest of them is removed."""
    assert unaliased(text) == after


def test_aliases_with_continuation_line() -> None:
    """A removal is refused if a line below continues our last value: its meaning would change."""
    on = aliased(TOP, FOLDER, Mark())
    with pytest.raises(AliasError, match="take out the lines that name awscli_plugin_legacy_sso"):
        unaliased(f"{on}  more of it\n")


PIECES = (
    *("[command sso]", "[command  sso] ", "  [command sso]", "[toplevel]", "\t[toplevel]", "[x]"),
    *("who = list-accounts", "  who = x", "\tall = !f() {", "    }; f", "a: b", "A = c", "=", "d"),
    *("# mine", "  ; mine", "", " ", "list-legacy = x", "[DEFAULT]", "[command sso", "é = ü"),
)


def random_text(source: random.Random) -> str:
    ends = source.choice((["\n"], ["\n"], ["\r\n"], ["\n", "\r\n", "\r"]))
    pieces = source.choices(PIECES, k=source.randrange(9))
    text = "".join(piece + source.choice(ends) for piece in pieces)
    return text if source.random() < 0.6 else text.rstrip("\r\n")


def check_random_texts(count: int, folder: Path) -> tuple[int, int]:
    source, right, refused = random.Random(20), 0, 0
    for _ in range(count):
        text = random_text(source)
        try:
            as_the_cli_reads(text, folder)
        except ConfigParseError:
            with pytest.raises(AliasError):
                aliased(text, FOLDER, Mark())
            continue
        try:
            put_in(text, folder)
            right += 1
        except AliasError:
            refused += 1
    return right, refused


def test_aliases_in_random_texts(tmp_path: Path) -> None:
    """In random texts our aliases are added or refused, and removed byte for byte."""
    right, refused = check_random_texts(600, tmp_path)

    assert right > 4 * refused > 0


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_aliases_in_many_random_texts(tmp_path: Path) -> None:
    """The same holds in 200,000 random texts."""
    print(check_random_texts(200_000, tmp_path))


@pytest.mark.parametrize("before", ["", "# mine\n", "# mine", "x=\udcff\n\n", "a\r\nb", "a\fb\x85"])
def test_hook_line(before: str) -> None:
    """The hook is one marked line at the end; its removal restores the file byte for byte.

    If the folder moves, the line is updated.
    """
    on = hooked(before, HOOK, Mark(made=0 if before else 3))
    whole = before if before.endswith("\n") or not before else f"{before}\n"

    assert on.startswith(f"{whole}if [ -r '/home/a b/it")
    assert sourced(on) == HOOK
    assert hooked(on, HOOK, Mark()) == on
    assert unhooked(on) == before
    assert unhooked(hooked(on, "/c", Mark())) == before
    assert unhooked(f"{on}more\n") == f"{whole}more\n"
    assert (
        hooked(on + on[len(whole) :], HOOK, Mark()) == on
    )  # twice, for example from a copied dotfile


def test_hook_line_of_person() -> None:
    """A person's line with our mark, but without a hook, is not ours."""
    theirs = "# awscli-plugin-legacy-sso: see the wiki\nexport X=1  # awscli-plugin-legacy-sso\n"
    on = hooked(theirs, HOOK, Mark())

    assert on.startswith(theirs)
    assert unhooked(on) == theirs


def test_hook_lines_in_random_texts() -> None:
    """In random texts the hook's line is removed byte for byte."""
    source = random.Random(20)
    for _ in range(2000):
        text = "".join(source.choices("a\n\r\f\x85 #[\\\udcff", k=source.randrange(12)))
        assert unhooked(hooked(text, HOOK, Mark())) == text


@pytest.mark.parametrize("mark", [Mark(), Mark(newline=True, made=4), Mark(made=1)])
def test_mark(mark: Mark) -> None:
    """A mark is written as words and read back; a line without a mark is not ours."""
    assert Mark.on(f"x  {mark}\r\n") == mark
    assert Mark.on("x # awscli-plugin-legacy-sso-more") is None


EARLIER = Change(
    ["last line"],
    ["last line\n", "[plugins]\n", f"cli_legacy_plugin_path = {FOLDER}\n", "legacy_sso = x\n"],
)
OF_OTHERS = Change(
    ["cli_legacy_plugin_path = /a\n"],
    [f"cli_legacy_plugin_path = /a:{FOLDER}\n", "legacy_sso = awscli_plugin_legacy_sso\n"],
)


@pytest.mark.parametrize(
    ("change", "now", "before"),
    [
        (EARLIER, "".join(EARLIER.added), "last line"),
        (OF_OTHERS, "[plugins]\n" + "".join(OF_OTHERS.added), "[plugins]\n" + OF_OTHERS.removed[0]),
        (
            OF_OTHERS,  # a line was added in between
            "[plugins]\n" + "x = y\n".join(OF_OTHERS.added),
            "[plugins]\n" + OF_OTHERS.removed[0] + "x = y\n",
        ),
        (
            OF_OTHERS,  # a similar line, written by hand
            "[plugins]\nmine = awscli_plugin_legacy_sso\n",
            "[plugins]\nmine = awscli_plugin_legacy_sso\n",
        ),
    ],
)
def test_earlier_record_undone(change: Change, now: str, before: str) -> None:
    """The changes in an earlier version's record are undone.

    If the file was edited since, only the recorded lines are removed.
    """
    assert taken_back(now, [change]) == before


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[plugins]\ncli_legacy_plugin_path = {}\nmine = other\n", []),
        (
            "[plugins]\ncli_legacy_plugin_path={}\nx = 'awscli-plugin-legacy-sso'\n",
            ["cli_legacy_plugin_path={}", "x = 'awscli-plugin-legacy-sso'"],
        ),
        (
            "[plugins]\ncli_legacy_plugin_path = /a:{}\nx = awscli_plugin_legacy_sso\n",
            ["x = awscli_plugin_legacy_sso"],  # another plugin uses the other line too
        ),
    ],
)
def test_classic_lines_found(text: str, lines: list[str]) -> None:
    """Lines are found that turn on this plugin and no other."""
    text = text.format(FOLDER)

    assert classic_lines.lines_for(text) == [line.format(FOLDER) for line in lines]
    assert classic_lines.names(text, f"{FOLDER}//../{Path(FOLDER).name}/.") == bool(lines)
