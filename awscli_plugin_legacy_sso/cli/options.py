"""The options of the commands: their tables for the AWS CLI, and which exclude each other.

This module does not need ``awscli``, so its tests run without an AWS CLI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..errors import UsageError

Option = Mapping[str, Any]


def _option(name: str, help_text: str, **more: str) -> Option:
    return {"name": name, "help_text": help_text, **more}


def _flag(name: str, help_text: str) -> Option:
    return _option(name, help_text, action="store_true")


_CREDENTIALS_FILE = _option(
    "credentials-file",
    "The credentials file to use. By default the one that the AWS CLI itself uses: "
    "``AWS_SHARED_CREDENTIALS_FILE``, else ``~/.aws/credentials``.",
)
_DRY_RUN = _flag("dry-run", "Say what would be done; fetch nothing and write nothing.")

REFRESH: list[Option] = [
    _option(
        "source-profiles",
        "The source profiles, instead of the one of ``--profile``. Shell-style wildcards "
        "match every profile that gets temporary credentials; quote them.",
        nargs="+",
    ),
    _flag("all", "Refresh every legacy profile that has been written before."),
    _option("sso-session", "As ``--all``, but only those that sign in with this ``sso-session``."),
    _flag(
        "same-login",
        "Refresh the profile, and every legacy profile written before that signs in the "
        "same way. This is what the shell hook runs after ``aws sso login``.",
    ),
    _option(
        "output-profile",
        "The name of the legacy profile. ``{profile}`` in it stands for the name of the "
        "source profile. By default ``{profile}-legacy-sso``.",
    ),
    _CREDENTIALS_FILE,
    _option(
        "min-remaining",
        "A number of minutes. A legacy profile whose keys last that long is not renewed.",
    ),
    _flag("login", "If the sign-in has expired, run ``aws sso login`` first."),
    _flag("no-browser", "With ``--login``: do not open a browser."),
    _flag("use-device-code", "With ``--login``: use the device code flow where there is a choice."),
    _flag(
        "force",
        "Write even over another profile's settings, or under another profile's name. "
        "Long-term keys are overwritten only if ``--output-profile`` is exactly their name.",
    ),
    _DRY_RUN,
    _flag(
        "watch",
        "Keep running, and renew each legacy profile before it expires, until interrupted. "
        "Without any selection it renews all, except those that may need an MFA code or another "
        "``aws login``. With ``--output json`` each event is one line of JSON.",
    ),
    _flag("quiet", "With ``--watch``: print only errors and warnings."),
]

LIST: list[Option] = [_CREDENTIALS_FILE]

REMOVE: list[Option] = [
    _option(
        "legacy-profiles",
        "The legacy profiles to remove. Shell-style wildcards work; quote them.",
        nargs="+",
    ),
    _flag("all", "Remove every legacy profile."),
    _option("sso-session", "Remove those that sign in with this ``sso-session``."),
    _flag("expired", "Remove those whose keys have expired."),
    _flag(
        "sign-out",
        "Keep the sections, but replace their keys by the word ``SIGNED-OUT``, so that every "
        "tool is refused, and no tool uses another identity instead. The next refresh writes "
        "keys again. Legacy profiles that need no SSO sign-in are not changed.",
    ),
    _CREDENTIALS_FILE,
    _DRY_RUN,
]

# Each option with those it excludes. "--all" may go with "--sso-session".
_EXCLUDES: Mapping[str, Sequence[str]] = {
    "--source-profiles": ("--all", "--sso-session", "--same-login"),
    "--all": ("--same-login", "--output-profile", "--force"),
    "--sso-session": ("--same-login", "--output-profile", "--force"),
    "--same-login": ("--output-profile", "--force"),
    "--profile": ("--all", "--source-profiles"),
    "--watch": ("--dry-run", "--login", "--min-remaining", "--query"),
}


def check_together(given: Iterable[str]) -> None:
    """Raise a ``UsageError`` that names two options that exclude each other."""
    options = set(given)
    for option, others in _EXCLUDES.items():
        for other in others:
            if {option, other} <= options:
                raise UsageError(f"{option} and {other} do not go together; give one of them")
    if "--quiet" in options and "--watch" not in options:
        raise UsageError("--quiet goes with --watch; add it, or leave both out")


def check_globals(parsed_globals: Any) -> None:
    """Raise a ``UsageError`` for an option of the AWS CLI that these commands do not use."""
    if parsed_globals.endpoint_url is not None:
        raise UsageError("--endpoint-url has no meaning here; set endpoint_url in the profile")
    if parsed_globals.sign_request is False:
        raise UsageError("--no-sign-request has no meaning here; leave it out")


def minutes(given: str | None) -> timedelta | None:
    """Return the value of ``--min-remaining``."""
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        raise UsageError(f"--min-remaining takes a whole number of minutes, not {given!r}")
    return timedelta(minutes=int(given))
