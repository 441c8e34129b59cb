"""The main job, shown: sign in, refresh, and have a client from before SSO use the keys.

Everything is real but Identity Center itself, whose part the stand-in plays on 127.0.0.1. It all
happens in a scratch HOME, which is removed. Only what had to be downloaded stays, in the cache
folder. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from identity_center import IdentityCenter
from identity_center.center import START_URL
from support import real_parts
from support.old_clients import ask_who

CHECKOUT = Path(__file__).parent.parent
CONFIG = f"""\
[plugins]
cli_legacy_plugin_path = {{plugin_path}}
legacy_sso = awscli_plugin_legacy_sso

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
# What a person does in the browser: follow the link. The stand-in approves.
BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"


def main() -> int:
    try:
        with tempfile.TemporaryDirectory(prefix="legacy-sso-demo-") as scratch:
            return demonstrate(Path(scratch))
    except real_parts.RealPartMissing as missing:
        print(f"demo: {missing}", file=sys.stderr)
        return 1


def demonstrate(scratch: Path) -> int:
    aws = real_parts.find_cli_v2() or real_parts.frozen_cli()
    client = "boto 2.49" if runs_boto() else "boto3 1.12"
    home = make_home(scratch)
    with IdentityCenter() as center:
        environment = {
            **center.environment(scratch / "endpoints"),
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            # In the background: the page leads back to the CLI, which must be free to answer.
            "BROWSER": f"{sys.executable} {scratch / 'browser.py'} %s &",
        }
        say(1, f"an AWS CLI v2: {aws}, and a stand-in Identity Center on {center.url}")

        say(2, "aws sso login --sso-session corp")
        run([aws, "sso", "login", "--sso-session", "corp"], environment, quiet=True)

        say(3, "aws sso refresh-legacy --profile dev")
        print(run([aws, "sso", "refresh-legacy", "--profile", "dev"], environment))

        say(4, "~/.aws/credentials now has an ordinary profile (keys cut here):")
        print(cut_secrets((home / ".aws" / "credentials").read_text()))

        say(5, f"{client}, which knows nothing of SSO, asks STS who it is:")
        identity = ask_who(client, center.url, {**environment, "AWS_PROFILE": "dev-legacy-sso"})
        print(identity or "nobody: it was refused")
    return int(identity is None)


def runs_boto() -> bool:
    """Whether the Python here can run the oldest client there is."""
    return real_parts.runs_here(real_parts.OLD_CLIENTS["boto"])


def make_home(scratch: Path) -> Path:
    """Make a HOME for somebody who has just enabled the plugin."""
    plugin_path = real_parts.plugin_folder(scratch / "plugins", CHECKOUT)
    (scratch / "browser.py").write_text(BROWSER)
    home = scratch / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text(CONFIG.format(plugin_path=plugin_path))
    return home


def run(command: list[str | Path], environment: Mapping[str, str], *, quiet: bool = False) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"demo: {' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return "" if quiet else done.stdout


def cut_secrets(text: str) -> str:
    return re.sub(r"(?m)^(aws_\w+ = ).*$", r"\1...", text)


def say(step: int, what: str) -> None:
    print(f"\x1b[1m{step}. {what}\x1b[0m" if sys.stdout.isatty() else f"{step}. {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
