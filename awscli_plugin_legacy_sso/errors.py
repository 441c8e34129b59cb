"""The errors that a person sees, one class for each kind of failure.

A message is one line that names what failed and ends in what to do about it. It holds names, paths
and reasons, never a secret.
"""

from __future__ import annotations

import shlex


def option(name: str, value: str) -> str:
    """Return an option as a person can type it in a shell, also if its value begins with "-"."""
    return f"{name}{'=' if value.startswith('-') else ' '}{shlex.quote(value)}"


class LegacySsoError(Exception):
    """Base of the errors that this package raises on purpose."""

    status = 255  # the exit status that the AWS CLI documents for this kind of failure


class UsageError(LegacySsoError):  # options that exclude each other, or an invalid value
    status = 252


class _ConfigurationError(LegacySsoError):
    status = 253


class ProfileError(_ConfigurationError):
    """A profile that does not exist, or that cannot be a source of temporary credentials."""


class InvalidNameError(_ConfigurationError):
    """A name or value that an INI file cannot hold without changing its meaning."""


class RefusedError(_ConfigurationError):
    """Writing would destroy or shadow something that this package did not write."""


class CredentialsFileError(_ConfigurationError):
    """The credentials file cannot be read, understood or written."""


class SignInError(_ConfigurationError):
    """The person is not signed in, or the sign-in has expired."""


class SourceConfigurationError(_ConfigurationError):
    """The source profile's own configuration cannot give credentials."""


class UnansweredError(LegacySsoError):  # the person pressed Ctrl-C at a question
    status = 130


class ServiceError(LegacySsoError):  # the service refused the request
    status = 254


class FetchError(LegacySsoError):
    """No usable answer: no network, a broken answer, a failing ``credential_process``."""
