"""Run the stand-in by hand: ``python3 -m identity_center --data-path DIR``.

Prints the variables that make a client use it, for a shell to evaluate, and runs until a signal
ends it.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path

if not __package__:
    # `python3 tests/identity_center` puts this folder on the import path, not the one above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from identity_center import IdentityCenter


def main() -> int:
    arguments = _parser().parse_args()
    # Block them before any thread starts, so that only sigwait below gets them.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with IdentityCenter(port=arguments.port) as center:
        center.behaviour.delay = arguments.delay
        center.behaviour.role_lifetime = arguments.role_lifetime
        center.behaviour.requests_per_second = arguments.requests_per_second
        for name, value in center.environment(arguments.data_path).items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        signal.sigwait(ends)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="identity_center", description=__doc__)
    parser.add_argument("--data-path", type=Path, required=True, help="where endpoints.json goes")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--role-lifetime", type=int, default=3600, help="seconds")
    parser.add_argument("--requests-per-second", type=int, help="the portal's limit; default none")
    return parser


if __name__ == "__main__":
    sys.exit(main())
