"""Where things are: the plugin, its own config, and the person's files that name the plugin."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping

PACKAGE = "awscli_plugin_legacy_sso"
PROGRAM = "awscli-plugin-legacy-sso"
COMMANDS = ("refresh-legacy", "list-legacy", "remove-legacy")
_USUAL = f".local/share/{PROGRAM}"  # the plugin's folder below HOME


def config_file() -> str:
    """Return the path of the config file that the AWS CLI reads."""
    return os.path.abspath(_expand(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"))


def alias_file() -> str:
    """Return the path of the AWS CLI's alias file; no setting changes it."""
    return os.path.expanduser("~/.aws/cli/alias")


def credentials_files(config: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the paths of the credentials files: the CLI's own, then those of ``[legacy-sso]``."""
    first = os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    further = config.get("legacy-sso", {}).get("credentials_files", "").split(os.pathsep)
    return list(dict.fromkeys(_expand(path) for path in (first, *further) if path))


def plugin_folder() -> str:
    """Return where `setup` puts the plugin. The path holds no version: it outlives upgrades."""
    data = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(data):  # the XDG specification says to ignore a relative path
        return os.path.join(data, PROGRAM)
    return os.path.expanduser(f"~/{_USUAL}")


def is_of_another_home(folder: str) -> bool:
    """Tell whether a plugin folder is another user's, or in another home of this user.

    Dotfiles that were copied from there name it.
    """
    if folder.endswith(f"/{_USUAL}"):
        return os.path.realpath(folder) != os.path.realpath(os.path.expanduser(f"~/{_USUAL}"))
    return os.path.exists(folder) and os.stat(folder).st_uid != os.geteuid()


def own_config(folder: str) -> str:
    return os.path.join(folder, "config")


def script(folder: str, name: str) -> str:
    return os.path.join(folder, PACKAGE, "shell", name)


def folder_of(script: str) -> str:
    """Return the plugin folder of one of our shell scripts; empty: the path is no such script."""
    return script.rpartition(f"/{PACKAGE}/shell/")[0]


def different(paths: Iterable[str]) -> list[str]:
    """Return the paths without those that lead to the same place as an earlier one."""
    found: dict[str, str] = {}
    for path in paths:
        found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def with_plugin(folder: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that turns the plugin on for one ``aws``."""
    changed = {**environment, "AWS_CONFIG_FILE": own_config(folder), "AWS_CLI_AUTO_PROMPT": "off"}
    # The person's values are handed over only if they are set: empty differs from unset.
    if "AWS_CONFIG_FILE" in environment:
        changed["AWS_LEGACY_SSO_CONFIG_FILE"] = environment["AWS_CONFIG_FILE"]
    if "AWS_CLI_AUTO_PROMPT" in environment:
        changed["AWS_LEGACY_SSO_AUTO_PROMPT"] = environment["AWS_CLI_AUTO_PROMPT"]
    return changed


def program(command: str) -> str:
    """Return what a person types to run a command of this program, however it was started."""
    if shutil.which(PROGRAM):
        return f"{PROGRAM} {command}"
    module = f"{shlex.quote(sys.executable)} -m {PACKAGE} {command}"
    path = os.environ.get("PYTHONPATH")
    return f"PYTHONPATH={shlex.quote(path)} {module}" if path else module


def _expand(path: str) -> str:
    return os.path.expanduser(os.path.expandvars(path))  # the AWS CLI's order
