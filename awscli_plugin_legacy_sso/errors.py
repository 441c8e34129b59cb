"""What can go wrong for a person, one class a mistake.

Every message is one line that names the thing and ends in what to do about it.
``status`` is the exit status the AWS CLI documents for that kind of failure.
Nothing here ever holds a secret: messages carry names, paths and reasons.
"""

from __future__ import annotations

import shlex

INTERRUPTED = 130
USAGE = 252
CONFIGURATION = 253
SERVICE = 254
GENERAL = 255


def option(name: str, *values: str) -> str:
    """Return an option as a person can type it in a shell, whatever its value begins with."""
    if len(values) == 1 and values[0].startswith("-"):
        return f"{name}={shlex.quote(values[0])}"
    return " ".join([name, *map(shlex.quote, values)])


class LegacySsoError(Exception):
    """Base of every error this package raises on purpose."""

    status = GENERAL


class UsageError(LegacySsoError):
    """Options that do not go together."""

    status = USAGE


class ProfileError(LegacySsoError):
    """A profile that is missing, or that cannot be a source of temporary credentials."""

    status = CONFIGURATION


class InvalidNameError(LegacySsoError):
    """A name or value that an INI file cannot hold without changing its meaning."""

    status = CONFIGURATION


class RefusedError(LegacySsoError):
    """Writing there would destroy or shadow something that is not ours."""

    status = CONFIGURATION


class CredentialsFileError(LegacySsoError):
    """The credentials file cannot be read, understood or written."""

    status = CONFIGURATION


class SignInError(LegacySsoError):
    """No sign-in, or one that is over."""

    status = CONFIGURATION


class SourceConfigurationError(LegacySsoError):
    """The source profile's own configuration cannot give credentials."""

    status = CONFIGURATION


class UnansweredError(LegacySsoError):
    """A question that was stopped with Ctrl-C."""

    status = INTERRUPTED


class ServiceError(LegacySsoError):
    """The service answered, and said no."""

    status = SERVICE


class FetchError(LegacySsoError):
    """No usable answer: no network, a broken answer, a failing ``credential_process``."""
