"""The plugin turned on as a person does it, and the ways in which `aws` is started then.

The files of `setup` are written here without the start of an AWS CLI that it ends with;
`tests/installer/test_installer.py` compares the two.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from awscli_plugin_legacy_sso.installer import alias_file, package_copy, places
from awscli_plugin_legacy_sso.installer.edits import Mark
from awscli_plugin_legacy_sso.installer.hook import hooked

Command = Sequence[str | Path]


def set_up(home: Path, *rc_files: str) -> Path:
    """Turn the plugin on in this HOME; return its folder."""
    folder = home / ".local" / "share" / places.PROGRAM
    package_copy.renew(str(folder))
    aliases = home / ".aws" / "cli" / "alias"
    mark = Mark.of_new(str(aliases))
    aliases.parent.mkdir(parents=True, exist_ok=True)
    before = aliases.read_bytes().decode() if aliases.exists() else ""
    aliases.write_text(alias_file.aliased(before, str(folder), mark), newline="")
    aliases.chmod(0o600)
    for name in rc_files:
        rc = home / name
        script = places.script(str(folder), f"legacy-sso.{name[1:-2]}")
        before = rc.read_text() if rc.exists() else ""
        rc.write_text(hooked(before, script, Mark.of_new(str(rc))))
    return folder


def on(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the hook and the program start `aws`."""
    return places.with_plugin(str(folder), environment)


_PYTHON = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
_ENV_I = 'exec env -i HOME="$HOME" AWS_DATA_PATH="$AWS_DATA_PATH" "$@"'
_NODE = (
    "const done = require('child_process').spawnSync(process.argv[1], process.argv.slice(2),"
    " {stdio: 'inherit'}); process.exit(done.status);"
)


def _make(aws: Path, words: Sequence[str], programs: Path) -> Command:
    rule = f"all:\n\t@{shlex.join([str(aws), *words])}\n".replace("$", "$$")
    return ["sh", "-c", 'printf %s "$1" | make -s -f -', "sh", rule]


# Each makes a command from the path of `aws`, its arguments and the folder of our program.
WAYS: Mapping[str, Callable[[Path, Sequence[str], Path], Command]] = {
    "hook in bash": lambda aws, words, programs: ["bash", "-ic", shlex.join(["aws", *words])],
    "hook in zsh": lambda aws, words, programs: ["zsh", "-ic", shlex.join(["aws", *words])],
    "program": lambda aws, words, programs: [programs / places.PROGRAM, "aws", *words],
    "exec": lambda aws, words, programs: [aws, *words],
    "sh": lambda aws, words, programs: ["sh", "-c", shlex.join([str(aws), *words])],
    "fish": lambda aws, words, programs: ["fish", "-c", shlex.join([str(aws), *words])],
    "make": _make,
    "env -i": lambda aws, words, programs: ["sh", "-c", _ENV_I, "sh", aws, *words],
    "Python": lambda aws, words, programs: [sys.executable, "-c", _PYTHON, aws, *words],
    "node": lambda aws, words, programs: ["node", "-e", _NODE, aws, *words],
}
