"""A person who presses Tab at the prompt of a real shell that has the completion.

The completed line is run, and the test looks at the arguments of ``aws``, so that the quotes are
tested too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.real_shells import HOOKS, Shell, Typing, interactive_shell

# The first key completes one word, the second inserts all that fit.
TAB, EVERY = "\t", "\x1b*"

CONFIG = """\
[default]
region = us-west-2
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
[profile dev]

s3 =
  max_concurrent_requests = 20
sso_session = corp
[profile "my profile"]
sso_start_url=https://example.awsapps.com/start
[profile static]
region = us-west-2
# role_arn = arn:aws:iam::111122223333:role/Developer
[profile org:ops]
credential_process = /bin/true
[profile dev@home] # a comment
role_arn = arn:aws:iam::111122223333:role/Developer
[profile no name]
role_arn = arn:aws:iam::111122223333:role/Developer
[sso-session "my corp"]
sso_region = us-east-1
[plugins]
sso_session = none
[profile $(touch>ran)]
role_arn = arn:aws:iam::111122223333:role/Developer
"""
CREDENTIALS = """\
[default]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
[dev-legacy-sso]
aws_access_key_id = ASIAIOSFODNN7EXAMPLE
x_legacy_sso_source = dev
[my profile-legacy-sso]
x_legacy_sso_source=my profile
[other]
# x_legacy_sso_source = other
"""

# A completer like the AWS CLI's: it gets the line and prints words.
COMPLETER = """\
#!/bin/sh
echo "$# [$2] at ${COMP_POINT-} of [${COMP_LINE-}]" >>"$TEST_LOG.completer"
case $COMP_LINE in
  'aws sso '*) printf '%s\\n' login logout ;;
  'aws s3 '*) printf '%s\\n' cp mb mv ;;
  *--profile*) printf '%s\\n' "$COMP_LINE" ;;
esac | grep "^${COMP_LINE##* }"
"""
# As oh-my-zsh's plugin for aws does, and as the AWS CLI's manual says.
REGISTERED = {
    "bash": "complete -C aws_completer aws",
    "zsh": "autoload -Uz bashcompinit && bashcompinit && complete -C aws_completer aws",
}
NOTHING = {"bash": "", "zsh": "compdef -d aws"}  # zsh in Debian has one
SET_UP = {
    "bash": "bind 'set enable-bracketed-paste off' 2>/dev/null",
    "zsh": "autoload -Uz compinit && compinit -D -u; unsetopt beep; "
    "__test_every() { _main_complete; compstate[insert]=all compstate[list]=; }; "
    r"zle -C every complete-word __test_every; bindkey '\e*' every",
}


@dataclass
class Prompt:
    """A person at the prompt of a shell with the completion."""

    typing: Typing
    folder: Path

    def run(self, line: str) -> str:
        """Type a line with keys in it, enter it, and return the arguments that reached ``aws``."""
        log = self.folder / "calls"
        log.write_text("")
        self.typing.screen.send(line + "\r")
        self.typing.wait()
        return log.read_text().partition(" ")[2].strip()

    def asked(self) -> list[str]:
        """Return the requests to the earlier completer since the last time."""
        log = self.folder / "calls.completer"
        asked = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return asked


@contextmanager
def at_a_prompt(shell: Shell, folder: Path, *before: str, after: str = "") -> Iterator[Prompt]:
    """Start a shell, type some lines, and source the completion."""
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(CONFIG)
    (folder / ".aws" / "credentials").write_text(CREDENTIALS)
    with interactive_shell(shell, folder) as terminal:
        completer = folder / "bin" / "aws_completer"
        completer.write_text(COMPLETER)
        completer.chmod(0o755)
        prompt = Prompt(Typing(shell, terminal), folder)
        for line in (SET_UP[shell.kind], *before, source(shell), after):
            prompt.typing.line(line)
        yield prompt


def source(shell: Shell) -> str:
    return f"\\. '{HOOKS}/completion.{shell.kind}'"
