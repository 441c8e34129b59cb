"""The program ``awscli-plugin-legacy-sso``: its arguments, and one line for each error."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence

from . import __version__
from .errors import LegacySsoError
from .installer import places
from .installer.places import PROGRAM

# The rest is imported where it is needed: `awscli-plugin-legacy-sso aws` has to start fast.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SETUP = """\
Copy the plugin to {folder}, put three aliases into the AWS CLI's alias file ({aliases}), and source
the hook in the rc files of your shells. The config file stays as it is. Run it again after an
upgrade."""
_DOCTOR = """\
Check each part, from the AWS CLI to the legacy profiles, and print for each problem what fixes it.
Nothing is changed, and the network is not used."""
_UNINSTALL = """\
Put the alias file and the rc files back as they were, and remove the plugin. No working AWS CLI is
needed for it. Legacy profiles stay."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] != ["aws"]:
            options = _options(arguments)
            return int(options.pop("run")(**options) or 0)
        why = _run_aws(arguments[1:])  # also --help is for the AWS CLI
    except ImportError as error:
        install = f"{shlex.quote(sys.executable)} -m pip install configupdater"
        missing = f"the package configupdater is missing here; install it: {install}"
        why = missing if error.name == "configupdater" else str(error)
    except OSError as error:
        at = f"{error.filename}: " if error.filename else ""
        why = f"{at}{error.strerror or error}"
    except LegacySsoError as error:
        why = str(error)
    except KeyboardInterrupt:
        return 130
    print(f"{PROGRAM}: error: {why}", file=sys.stderr)
    return 1


def _run_aws(arguments: Sequence[str]) -> str:
    """Replace this process with ``aws`` and the plugin on; return why not, in a line."""
    folder = places.plugin_folder()
    if not os.path.isfile(places.own_config(folder)):  # maybe XDG_DATA_HOME was another in `setup`
        from .installer import alias_file, edits

        folder = next(iter(alias_file.folders(edits.read(places.alias_file()))), folder)
    if not os.path.isfile(places.own_config(folder)):
        return f"the plugin is not in {folder}; put it there with: {places.program('setup')}"
    for name in signal.SIGPIPE, signal.SIGXFSZ:  # Python ignores these; `aws` would inherit that
        signal.signal(name, signal.SIG_DFL)
    try:
        environment = places.with_plugin(folder, os.environ)
        os.execvpe("aws", ["aws", *arguments], environment)  # noqa: S606  # no shell is wanted
    except OSError as error:
        return f"aws: {error.strerror}"


def _options(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the function to run, as ``run``, and its arguments."""
    import argparse

    from .installer import doctor, machine, setup

    statuses = "exit status: 0 done, and all is well; 1 refused, failed, or not all is well, and "
    epilog = f"{statuses}the message says what to do; 2 bad usage"
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Turn the legacy-sso plugin of the AWS CLI v2 on, check it, turn it off.",
        epilog=f"{epilog}. Each command has a --help of its own.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, summary, description in (
        ("setup", setup.setup, "turn the plugin on, or update it", _SETUP),
        ("doctor", doctor.main, "find out what is wrong, and how to fix it", _DOCTOR),
        ("uninstall", setup.uninstall, "undo what setup did", _UNINSTALL),
        ("aws", None, "start one `aws` with the plugin on: for cron, services and macOS", ""),
    ):
        about = description.format(folder=places.plugin_folder(), aliases=places.alias_file())
        command = commands.add_parser(name, help=summary, description=about, epilog=epilog)
        command.set_defaults(run=run)
        if name == "setup":
            no_hook = "do not change the rc files"
            command.add_argument("--no-hook", action="store_false", dest="hook", help=no_hook)
            shell = "add the hook for this shell, not for those you seem to use; may be repeated"
            command.add_argument(
                "--shell", action="append", dest="names", choices=machine.SHELLS, help=shell
            )
        if name == "uninstall":
            legacy = "also remove them from the credentials files; the rest of these files stays"
            command.add_argument("--remove-legacy-profiles", action="store_true", help=legacy)
        if name in ("setup", "uninstall"):
            dry_run = "show the changes as a diff, and make none"
            command.add_argument("--dry-run", action="store_true", help=dry_run)
    return vars(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
