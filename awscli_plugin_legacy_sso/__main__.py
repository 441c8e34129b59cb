"""The program ``awscli-plugin-legacy-sso``: arguments, and mistakes as one line each."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

PROGRAM = "awscli-plugin-legacy-sso"
_SETUP = """\
Copy the plugin to {folder}, put three aliases into the AWS CLI's alias file ({aliases}), and source
the hook in the rc files of your shells. The config file stays as it is. Run it again after an
upgrade."""
_DOCTOR = """\
Look at each link of the chain, from the AWS CLI to the legacy profiles, and print for each problem
what mends it. Nothing is changed, and the network is not used."""
_UNINSTALL = """\
Put the alias file and the rc files back as they were, and remove the plugin. It needs no AWS CLI,
and works where that is broken. Legacy profiles stay."""


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
    options = vars(parser.parse_args(arguments))
    try:
        return int(options.pop("run")(**options) or 0)
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

    from .installer import doctor, places, setup, shells

    statuses = "exit status: 0 done, and all is well; 1 refused, failed, or not all is well, and "
    epilog = f"{statuses}the message says what to do; 2 bad usage"
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Turn the legacy-sso plugin of the AWS CLI v2 on, look after it, turn it off.",
        epilog=f"{epilog}. Each command has a --help of its own.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, summary, description in (
        ("setup", setup.setup, "turn the plugin on, or update it", _SETUP),
        ("doctor", doctor.main, "find out what is wrong, and how to mend it", _DOCTOR),
        ("uninstall", setup.uninstall, "take back what setup did", _UNINSTALL),
        ("aws", None, "start that one `aws` with the plugin on: for cron, services and macOS", ""),
    ):
        about = description.format(folder=places.plugin_folder(), aliases=places.alias_file())
        command = commands.add_parser(name, help=summary, description=about, epilog=epilog)
        command.set_defaults(run=run)
        if name == "setup":
            no_hook = "leave the rc files alone"
            command.add_argument("--no-hook", action="store_false", dest="hook", help=no_hook)
            shell = "the shell to hook, for those you seem to use; may be given twice"
            command.add_argument(
                "--shell", action="append", dest="names", choices=shells.SHELLS, help=shell
            )
        if name == "uninstall":
            legacy = "also remove them from the credentials files; the rest of these files stays"
            command.add_argument("--remove-legacy-profiles", action="store_true", help=legacy)
        if name in ("setup", "uninstall"):
            dry_run = "show the changes as a diff, and make none"
            command.add_argument("--dry-run", action="store_true", help=dry_run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
