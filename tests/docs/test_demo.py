"""`make demo` shows the main job on this machine, and the README's picture shows the same."""

from __future__ import annotations

import contextlib
import html
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import real_parts
from support.newcomer import aws_v1
from support.person import CHECKOUT, arn

PICTURE = CHECKOUT / "docs" / "demo.svg"


@pytest.mark.timeout(300)  # eight starts of an AWS CLI, and an installation
def test_demo_shows_the_picture(tmp_path: Path) -> None:
    """The demo prints what the README's picture shows, and leaves no file and no process.

    `make picture` renews the picture.
    """
    home, scratch, programs = (tmp_path / name for name in ("home", "scratch", "programs"))
    for folder in home, scratch, programs:
        folder.mkdir()
    (programs / "aws").symlink_to(real_parts.frozen_cli())  # the one of the picture
    done = subprocess.run(
        ["make", "demo"],
        cwd=CHECKOUT,
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(scratch),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "\ndev -> dev-legacy-sso  expires " in said
    assert f"-who-am-i\n{arn('111122223333', 'Developer')}" in said
    assert said.endswith("-who-am-i\nrefused: InvalidClientTokenId\n")
    assert words(said) == words(text_of(PICTURE))
    assert (list(home.iterdir()), list(scratch.iterdir())) == ([], [])
    assert [line for line in processes() if str(scratch) in line] == []


def text_of(picture: Path) -> str:
    """Return the pieces of text in an SVG, one a line."""
    return html.unescape("\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text())))


def words(text: str) -> list[str]:
    """Return the words, whatever the line breaks are; times and port numbers are left out."""
    varying = r"\d+-\d+-\d+ \d+:\d+ \(in [^)]*\)|(?<=127\.0\.0\.1:)\d+"
    return re.sub(varying, "", text.replace("\xa0", " ")).split()


def processes() -> Iterator[str]:
    """Yield the command lines of all processes."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            yield file.read_bytes().decode(errors="replace")


def test_picture_is_self_contained() -> None:
    """The picture needs no network, and has no path of the machine that drew it."""
    picture = PICTURE.read_text()

    assert re.findall(r"url\((?!#)|@import|<image|href", picture) == []
    assert re.findall(r"/(?:tmp|home|root|var|work)/", text_of(PICTURE)) == []


def test_demo_takes_first_usable_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo takes the first AWS CLI on PATH that can run the plugin, also one behind a v1."""
    v1, v2 = aws_v1(), tmp_path / "aws"
    v2.symlink_to(real_parts.frozen_cli())
    version = subprocess.run([v1, "--version"], capture_output=True, text=True)
    monkeypatch.setenv("PATH", f"{v1.parent}:{tmp_path}:/usr/bin:/bin")

    assert version.stdout.startswith("aws-cli/1.")
    assert real_parts.find_cli_v2() == v2
