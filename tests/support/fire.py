"""What the fault tests share: a write in its own process, and strace to disturb it."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Refreshes one legacy profile as the command does, but without the AWS CLI, which starts slowly.
_WRITER = """
import os, sys
from datetime import UTC, datetime
from awscli_plugin_legacy_sso.file import credentials_file, document, section
from awscli_plugin_legacy_sso.legacy_profile import Credentials
from awscli_plugin_legacy_sso import errors
path, name, keys = sys.argv[1:]
credentials = Credentials(keys, keys, keys, datetime(2026, 11, 22, tzinfo=UTC))
document.Document("\\n")  # so that all is imported that another user may not reach
if uid := int(os.environ.get("FIRE_UID", 0)):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
edit = lambda text: section.write(text, name, "dev", credentials, None)
try:
    done = credentials_file.update(path, edit)
except errors.LegacySsoError as error:
    print(error, file=sys.stderr)
    sys.exit(error.status)
print(*done.warnings, sep="\\n")
"""
# The system calls that change a file's content, name or access.
CHANGES = (
    "^(openat|write|pwrite64|ftruncate|fsync|f?chmod|fchmodat|fchown|fsetxattr"
    "|link(at)?|rename(at2?)?|unlink(at)?|mkdir(at)?)$"
)
OLD = "# mine\n[default]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n\n[dev-legacy-sso]\n"
OLD += f"aws_access_key_id = {'o' * 900}\naws_session_token = o\nx_legacy_sso_source = dev\n"
KEYS = "n" * 200


def writer(path: Path | str, name: str = "dev-legacy-sso", keys: str = KEYS) -> list[str]:
    """Return the command that writes a legacy profile with these keys."""
    return [sys.executable, "-c", _WRITER, str(path), name, keys]


def run(
    command: Sequence[object], env: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and capture its output."""
    return subprocess.run(
        [str(part) for part in command],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@dataclass(frozen=True)
class Call:
    """One system call of a traced command: its name, and its number among those of that name."""

    name: str
    count: int
    line: str


def strace(log: Path, *options: str) -> list[str]:
    return ["strace", "--follow-forks", "--quiet=attach,exit", "-o", str(log), *options]


def calls(log: Path, start: str) -> Iterator[Call]:
    """Yield a traced command's calls, from the first one that mentions ``start``."""
    counts: Counter[tuple[str, str]] = Counter()
    started = False
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+) +(\w+)\(", line)
        if found:
            process, name = found.groups()
            counts[process, name] += 1  # strace counts them for each thread
            started = started or start in line
            if started:
                yield Call(name, counts[process, name], line)


def kill_at(call: Call) -> list[str]:
    """Return the options by which strace kills a command on its way into a call."""
    return ["-e", f"trace={call.name}", "-e", f"inject={call.name}:signal=KILL:when={call.count}"]


def left_beside(path: Path) -> list[Path]:
    """Return our files beside a file, without the lock file, which stays on purpose."""
    lock = f".{path.name}.legacy-sso.lock"
    return [other for other in path.parent.glob(f".{path.name}.*") if other.name != lock]


def assert_no_wider(path: Path, mode: int) -> None:
    """Check that files beside a file give no access that its mode does not give."""
    for other in path.parent.glob(f".{path.name}.*"):
        access = stat.S_IMODE(other.stat().st_mode)
        assert access & 0o077 & ~mode == 0, f"{other.name} has mode {access:o}"


def renew(folder: Path, content: str = OLD, mode: int = 0o600) -> Path:
    """Make the folder again, with only a credentials file in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file = folder / "credentials"
    file.write_text(content)
    file.chmod(mode)
    return file
