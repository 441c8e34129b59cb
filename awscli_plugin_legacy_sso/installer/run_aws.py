"""`awscli-plugin-legacy-sso aws …`: that one ``aws`` with the plugin on, in the place of this one.

For cron, services and macOS: no shell hook, no alias, no second start.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from . import places


def run_aws(arguments: Sequence[str]) -> str:
    """Become ``aws``; return why not, in a line."""
    folder = places.plugin_folder()
    if not os.path.isfile(places.own_config(folder)):
        # Maybe `setup` was run under another XDG_DATA_HOME. Imported here: each start pays for it.
        from . import alias_file, edits

        folder = next(iter(alias_file.folders(edits.read(places.alias_file()))), folder)
    if not os.path.isfile(places.own_config(folder)):
        return f"the plugin is not in {folder}; put it there with: {places.program()} setup"
    # As any program is started: Python has these ignored.
    for name in signal.SIGPIPE, signal.SIGXFSZ:
        signal.signal(name, signal.SIG_DFL)
    try:
        environment = places.with_plugin(folder, os.environ)
        os.execvpe("aws", ["aws", *arguments], environment)  # noqa: S606  # no shell is wanted
    except OSError as error:
        return f"aws: {error.strerror}"
