"""Draw `docs/demo.svg`, the picture at the top of the README, from a run of the demo."""

from __future__ import annotations

import io
import os
import sys

import demo
from rich.console import Console
from rich.text import Text
from support import real_parts

PICTURE = demo.CHECKOUT / "docs" / "demo.svg"
# Wide enough for all lines but the longest, which is broken as on a terminal.
WIDTH = 100
STYLES = {"remark": "bright_black", "typed": "bold", "printed": ""}
# rich's own template loads a font from the network. Each line of text carries its width, so any
# monospaced font will do.
TEMPLATE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def draw(lines: list[tuple[str, str]]) -> str:
    """Return the SVG of a terminal with these lines, each with its kind."""
    console = Console(file=io.StringIO(), record=True, width=WIDTH)
    for number, (kind, line) in enumerate(lines):
        if kind == "remark" and number:
            console.print()
        console.print(Text(line, style=STYLES[kind]))
    return console.export_svg(title="", code_format=TEMPLATE, unique_id="demo")


def main() -> int:
    # The newest AWS CLI of the tests, whatever is on PATH here.
    os.environ["PATH"] = f"{real_parts.frozen_cli().parent}:{os.environ['PATH']}"
    lines: list[tuple[str, str]] = []
    demo.run(lambda kind, line: lines.append((kind, line)))
    PICTURE.write_text(draw(lines), encoding="utf-8")
    print(f"drawn: {PICTURE.relative_to(demo.CHECKOUT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
