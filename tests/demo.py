"""The main job, shown: a person signs in and out, and an old client can be used in between.

Everything is real except Identity Center, which the stand-in on 127.0.0.1 replaces. It runs in a
scratch HOME, which is removed; only downloads stay, in the cache folder. Standard library only:
this runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from identity_center import IdentityCenter
from identity_center.center import START_URL
from support import real_parts
from support.old_clients import CLIENTS
from support.typed_shell import NoAnswer, TypedShell, typed_bash

CHECKOUT = Path(__file__).parent.parent
CONFIG = f"""\
[profile dev]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = us-east-1

[sso-session corp]
sso_region = us-east-1
sso_start_url = {START_URL}
sso_registration_scopes = sso:account:access
"""
# Opens the link, as a person does in the browser; the stand-in approves.
BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"
OLD_TOOL = "{}-who-am-i"
# A remark, the line that is typed, and whether it must succeed.
STEPS = (
    ("Sign in. There is nothing else to type.", "aws sso login --profile dev", True),
    ("An old tool has a profile that it can use.", "AWS_PROFILE=dev-legacy-sso {}", True),
    ("Sign out.", "aws sso logout", True),
    ("The old tool is refused.", "AWS_PROFILE=dev-legacy-sso {}", False),
)

# Takes "remark", "typed" or "printed", and a line.
Show = Callable[[str, str], None]


class DemoError(Exception):
    """A step did not end as expected; the message names it."""


def main() -> int:
    print("demo: getting an AWS CLI v2, the plugin and an old client ready ...", file=sys.stderr)
    try:
        run(print_line)
    except (DemoError, NoAnswer, real_parts.RealPartMissing) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def run(show: Show) -> None:
    """Run the demo from the beginning to the end.

    Raises:
        DemoError: a command failed, or one succeeded that must fail.
        NoAnswer: a command did not end.
        RealPartMissing: there is no AWS CLI here, and none can be fetched.
    """
    with tempfile.TemporaryDirectory(prefix="legacy-sso-demo-") as name, IdentityCenter() as center:
        scratch = Path(name).resolve()
        environment = make_home(scratch, center)
        tool = make_old_tool(scratch, center.url)
        rc = set_up(scratch, environment)
        with typed_bash(rc, environment, scratch / "home") as bash:
            for remark, line, succeeds in STEPS:
                show("remark", f"# {remark}")
                type_line(bash, line.format(tool), show, scratch, succeeds=succeeds)


def make_home(scratch: Path, center: IdentityCenter) -> Mapping[str, str]:
    """Make a HOME with an SSO profile, and an AWS CLI v2 on PATH; return the environment."""
    (scratch / "browser.py").write_text(BROWSER)
    (scratch / "home" / ".aws").mkdir(parents=True)
    (scratch / "home" / ".aws" / "config").write_text(CONFIG)
    (scratch / "bin").mkdir()
    (scratch / "bin" / "aws").symlink_to(real_parts.find_cli_v2() or real_parts.frozen_cli())
    return {
        **center.environment(scratch / "endpoints"),
        "HOME": str(scratch / "home"),
        "PATH": f"{scratch / 'bin'}:/usr/bin:/bin",
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        # In the background: the page redirects to the CLI, which must be able to answer.
        "BROWSER": f"{sys.executable} {scratch / 'browser.py'} %s &",
    }


def make_old_tool(scratch: Path, url: str) -> str:
    """Put a program on PATH that asks STS who it is, with the oldest client that runs here."""
    runs_boto = real_parts.runs_here(real_parts.OLD_CLIENTS["boto"])
    client = "boto 2.49" if runs_boto else "boto3 1.12"
    program = scratch / "bin" / OLD_TOOL.format("boto2" if runs_boto else "boto3")
    program.write_text(f"#!/bin/sh\nexec {shlex.join(map(str, CLIENTS[client].command(url)))}\n")
    program.chmod(0o755)
    return program.name


def set_up(scratch: Path, environment: Mapping[str, str]) -> Path:
    """Install the plugin and run its `setup`; return the rc file that has the hook."""
    installed = real_parts.plugin_folder(scratch / "installed", CHECKOUT)
    command = [sys.executable, "-m", "awscli_plugin_legacy_sso", "setup", "--shell", "bash"]
    done = subprocess.run(
        command,
        env={**environment, "PYTHONPATH": str(installed)},
        cwd=scratch,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise DemoError(f"setup failed:\n{done.stdout}{done.stderr}")
    [rc] = (scratch / "home").glob(".bash*")
    return rc


def type_line(bash: TypedShell, line: str, show: Show, scratch: Path, *, succeeds: bool) -> None:
    show("typed", f"$ {line}")
    said = bash.type(line, lambda printed: show("printed", shortened(printed, scratch)))
    if (said.status == 0) != succeeds:
        raise DemoError(f"{line} ended with status {said.status}:\n{said.text}")


def shortened(line: str, scratch: Path) -> str:
    """Return a line of output with `~` for HOME, and with the sign-in's long address cut."""
    line = line.replace(str(scratch / "home"), "~")
    return re.sub(r"(http://127\.0\.0\.1:\d+/\w+\?)\S+", r"\1...", line)


def print_line(kind: str, line: str) -> None:
    style = {"remark": "2", "typed": "1"}.get(kind)
    is_plain = style is None or not sys.stdout.isatty() or "NO_COLOR" in os.environ
    print(line if is_plain else f"\x1b[{style}m{line}\x1b[0m", flush=True)


if __name__ == "__main__":
    sys.exit(main())
