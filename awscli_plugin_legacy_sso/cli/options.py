"""The options of our commands: their tables for the AWS CLI, and which of them exclude each other.

Nothing of ``awscli`` is needed here, so all of it is tested without an AWS CLI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..errors import UsageError

ArgTable = list[Mapping[str, Any]]

_CREDENTIALS_FILE = {
    "name": "credentials-file",
    "help_text": (
        "The credentials file to use. By default the one that the AWS CLI itself uses: "
        "``AWS_SHARED_CREDENTIALS_FILE``, else ``~/.aws/credentials``."
    ),
}
_DRY_RUN = {
    "name": "dry-run",
    "action": "store_true",
    "help_text": "Say what would be done; fetch nothing and write nothing.",
}

REFRESH: ArgTable = [
    {
        "name": "source-profiles",
        "nargs": "+",
        "help_text": (
            "The source profiles, instead of the one of ``--profile``. Shell-style wildcards "
            "match every profile that gets temporary credentials; quote them."
        ),
    },
    {
        "name": "all",
        "action": "store_true",
        "help_text": "Refresh every legacy profile that has been written before.",
    },
    {
        "name": "sso-session",
        "help_text": "As ``--all``, but only what this ``sso-session`` signs in to.",
    },
    {
        "name": "same-login",
        "action": "store_true",
        "help_text": (
            "Refresh the profile, and every legacy profile written before that signs in the "
            "same way. This is what the shell hook runs after ``aws sso login``."
        ),
    },
    {
        "name": "output-profile",
        "help_text": (
            "The name of the legacy profile. ``{profile}`` in it stands for the name of the "
            "source profile. By default ``{profile}-legacy-sso``."
        ),
    },
    _CREDENTIALS_FILE,
    {
        "name": "min-remaining",
        "help_text": (
            "A number of minutes. A legacy profile whose keys last that long is left alone."
        ),
    },
    {
        "name": "login",
        "action": "store_true",
        "help_text": "Where the sign-in is over, run ``aws sso login`` first.",
    },
    {
        "name": "no-browser",
        "action": "store_true",
        "help_text": "With ``--login``: do not open a browser.",
    },
    {
        "name": "use-device-code",
        "action": "store_true",
        "help_text": "With ``--login``: use the device code flow where there is a choice.",
    },
    {
        "name": "force",
        "action": "store_true",
        "help_text": (
            "Write even where that takes the place of another profile. Long-term keys are "
            "overwritten only under a name given literally with ``--output-profile``."
        ),
    },
    _DRY_RUN,
    {
        "name": "watch",
        "action": "store_true",
        "help_text": (
            "Stay, and renew each legacy profile before it expires, until interrupted. "
            "Without any selection that is ``--all``, but for what may need you: an MFA code, "
            "or another ``aws login``. With ``--output json`` each event is one line of JSON."
        ),
    },
    {
        "name": "quiet",
        "action": "store_true",
        "help_text": "With ``--watch``: say only what goes wrong.",
    },
]

LIST: ArgTable = [_CREDENTIALS_FILE]

REMOVE: ArgTable = [
    {
        "name": "legacy-profiles",
        "nargs": "+",
        "help_text": "The legacy profiles to remove. Shell-style wildcards work; quote them.",
    },
    {"name": "all", "action": "store_true", "help_text": "Remove every legacy profile."},
    {"name": "sso-session", "help_text": "Remove what this ``sso-session`` signs in to."},
    {"name": "expired", "action": "store_true", "help_text": "Remove what has expired."},
    {
        "name": "sign-out",
        "action": "store_true",
        "help_text": (
            "Keep the sections, but put the word ``SIGNED-OUT`` in place of their keys, so "
            "that every tool is refused and none goes on under another identity. The next "
            "refresh fills them again. What no SSO sign-in feeds is left alone."
        ),
    },
    _CREDENTIALS_FILE,
    _DRY_RUN,
]

# Each option with those that make no sense beside it. "--all" may go with "--sso-session".
_EXCLUDES: Mapping[str, Sequence[str]] = {
    "--source-profiles": ("--all", "--sso-session", "--same-login"),
    "--all": ("--same-login", "--output-profile", "--force"),
    "--sso-session": ("--same-login", "--output-profile", "--force"),
    "--same-login": ("--output-profile", "--force"),
    "--profile": ("--all", "--source-profiles"),
    "--watch": ("--dry-run", "--login", "--min-remaining", "--query"),
}


def check_together(given: Iterable[str]) -> None:
    """Refuse options that exclude each other.

    Raises:
        UsageError: it names two of them.
    """
    options = set(given)
    for option, others in _EXCLUDES.items():
        for other in others:
            if {option, other} <= options:
                raise UsageError(f"{option} and {other} do not go together; give one of them")
    if "--quiet" in options and "--watch" not in options:
        raise UsageError("--quiet goes with --watch; add it, or leave both out")


def check_globals(parsed_globals: Any) -> None:
    """Refuse the AWS CLI's own options that have no meaning for our commands.

    Raises:
        UsageError: it names the option.
    """
    if parsed_globals.endpoint_url is not None:
        raise UsageError("--endpoint-url has no meaning here; set endpoint_url in the profile")
    if parsed_globals.sign_request is False:
        raise UsageError("--no-sign-request has no meaning here; leave it out")


def minutes(given: str | None) -> timedelta | None:
    """Return what ``--min-remaining`` says.

    Raises:
        UsageError: it is no whole number of minutes.
    """
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        raise UsageError(f"--min-remaining takes a whole number of minutes, not {given!r}")
    return timedelta(minutes=int(given))
