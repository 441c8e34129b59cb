"""The program ``awscli-plugin-legacy-sso``: arguments, and mistakes as one line each."""

from __future__ import annotations

import sys
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

PROGRAM = "awscli-plugin-legacy-sso"
_STATUSES = "exit status: 0 done; 1 refused or failed, and the message says what to do; 2 bad usage"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["aws"]:  # whatever follows is its own, --help too
            from .installer.run_aws import run_aws

            sys.exit(f"{PROGRAM}: error: {run_aws(arguments[1:])}")
        from .errors import LegacySsoError

        parser = _parser()
    except ImportError as error:
        why = str(error)
        if error.name == "configupdater":
            install = f"{sys.executable} -m pip install configupdater"
            why = f"the package configupdater is missing here; install it: {install}"
        sys.exit(f"{PROGRAM}: error: {why}")
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except LegacySsoError as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
    except OSError as error:
        at = f"{error.filename}: " if error.filename else ""
        print(f"{PROGRAM}: error: {at}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Turn the legacy-sso plugin of the AWS CLI v2 on, look after it, turn it off.",
        epilog=f"{_STATUSES}. Each command has a --help of its own.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in _add_setup, _add_doctor, _add_uninstall, _add_aws:
        add(commands)
    return parser


def _add_setup(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from .installer.places import alias_file, plugin_folder
    from .installer.setup import setup
    from .installer.shells import SHELLS

    command = commands.add_parser(
        "setup",
        help="turn the plugin on, or update it",
        description=(
            f"Copy the plugin to {plugin_folder()}, put three aliases into the AWS CLI's alias "
            f"file ({alias_file()}), and source the hook in the rc files of your shells. The "
            "config file stays as it is. Run it again after an upgrade."
        ),
        epilog=_STATUSES,
    )
    command.add_argument("--no-hook", action="store_true", help="leave the rc files alone")
    command.add_argument(
        "--shell",
        action="append",
        choices=SHELLS,
        help="the shell to hook, for those you seem to use; may be given twice",
    )
    _add_dry_run(command)
    command.set_defaults(
        run=lambda options: setup(options.shell, hook=not options.no_hook, dry_run=options.dry_run)
    )


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from .installer import doctor

    command = commands.add_parser(
        "doctor",
        help="find out what is wrong, and how to mend it",
        description=(
            "Look at each link of the chain, from the AWS CLI to the legacy profiles, and print "
            "for each problem what mends it. Nothing is changed, and the network is not used."
        ),
        epilog="exit status: 0 all is well; 1 something is not; 2 bad usage",
    )
    command.set_defaults(run=lambda options: doctor.main())


def _add_uninstall(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from .installer.setup import uninstall

    command = commands.add_parser(
        "uninstall",
        help="take back what setup did",
        description=(
            "Put the alias file and the rc files back as they were, and remove the plugin. It "
            "needs no AWS CLI, and works where that is broken. Legacy profiles stay."
        ),
        epilog=_STATUSES,
    )
    command.add_argument(
        "--remove-legacy-profiles",
        action="store_true",
        help="also remove them from the credentials files; nothing else in there is touched",
    )
    _add_dry_run(command)
    command.set_defaults(
        run=lambda options: uninstall(
            remove_legacy_profiles=options.remove_legacy_profiles, dry_run=options.dry_run
        )
    )


def _add_aws(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Have it in the help; what comes after it never gets here."""
    commands.add_parser(
        "aws", help="start that one `aws` with the plugin on: for cron, services and macOS"
    )


def _add_dry_run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dry-run", action="store_true", help="show the changes as a diff, and make none"
    )


if __name__ == "__main__":
    sys.exit(main())
