"""The AWS CLIs v2 the plugin is proven on, from the first that can run it to today's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cli:
    """What is known of one AWS CLI."""

    python: str
    origin: str = "official"
    # What it cannot do itself.
    flaw: str = ""
    # How `aws sso login` gives a code to be typed in on another machine. Until 2.22 it always did.
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
