"""The AWS CLIs v2 that the plugin is tested on, from the first that can run it to the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cli:
    """The facts about one AWS CLI."""

    python: str
    origin: str = "official"
    # What this AWS CLI itself cannot do.
    flaw: str = ""
    # The options with which `aws sso login` uses a device code. Before 2.22 it always did.
    device_code: tuple[str, ...] = ("--no-browser",)


_TOLD = ("--no-browser", "--use-device-code")

CLIS: Mapping[str, Cli] = {
    "2.9.19": Cli(
        "3.11",
        origin="Debian 12",
        flaw="the CLI itself cannot use a `role_arn` on an `sso_session` profile, a bug of 2.9.0"
        " to 2.10.1; its legacy profile works",
    ),
    "2.11.0": Cli("3.11"),
    "2.12.7": Cli("3.11"),
    "2.19.0": Cli("3.12"),
    "2.24.4": Cli("3.12", device_code=_TOLD),
    "2.33.11": Cli("3.13", device_code=_TOLD),
    "2.38.5": Cli("3.14", device_code=_TOLD),
}
