"""Why a fetch failed, in one line that says what to do: botocore's exceptions turned into ours.

What botocore, a service or a ``credential_process`` says is quoted only where it is known to hold
no secret, without control characters, and not at any length.
"""

from __future__ import annotations

import re
import shlex

from botocore import exceptions

from ..configuration import Source
from ..errors import (
    FetchError,
    LegacySsoError,
    ProfileError,
    ServiceError,
    SignInError,
    SourceConfigurationError,
)

_LONGEST_QUOTE = 300
# As long as a key or a token, and of their letters.
_MAYBE_SECRET = re.compile(r"[\w+/=-]{20,}")
# What CLI 2.9.0 to 2.10.1 say when a role starts from an sso-session profile.
_OLD_CHAIN_BUG = "'NoneType' object has no attribute 'get_frozen_token'"


def explain(error: Exception, source: Source) -> LegacySsoError:
    """Return the error to show a person for what was raised while fetching for ``source``."""
    if isinstance(error, LegacySsoError):
        return error
    for kinds, make in _EXPLANATIONS:
        if isinstance(error, kinds):
            return make(error, source)
    if str(error) == _OLD_CHAIN_BUG:
        return SourceConfigurationError(
            "this botocore cannot assume a role from an sso-session profile, a bug of its time "
            "(AWS CLI 2.9.0 to 2.10.1); update it, or give the source profile an inline "
            "sso_start_url"
        )
    return _unknown(error)


def one_line(text: object) -> str:
    """Return foreign words as one printable line of bounded length."""
    line = "".join(c if c.isprintable() else " " for c in str(text)).strip()
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."


def _sign_in(error: Exception, source: Source) -> LegacySsoError:
    sign_in = source.sign_in
    name = f" to session {sign_in.session!r}" if sign_in and sign_in.session else ""
    never = isinstance(error, exceptions.SSOTokenLoadError)
    what = f"not signed in{name}" if never else f"the sign-in{name} is over"
    return SignInError(f"{what}; run: {source.login_command}")


def _login(error: Exception, source: Source) -> LegacySsoError:
    return SignInError(f"not signed in; run: {source.login_command}")


def _service(error: Exception, source: Source) -> LegacySsoError:
    assert isinstance(error, exceptions.ClientError)
    details = error.response.get("Error", {})
    code, message = one_line(details.get("Code", "Unknown")), one_line(details.get("Message", ""))
    said = f"{code}: {message}" if message else code
    return ServiceError(f"{error.operation_name} was refused ({said})")


def _settings(error: Exception, source: Source) -> LegacySsoError:
    return SourceConfigurationError(f"{one_line(error)}; correct that in your config file")


def _file(error: Exception, source: Source) -> LegacySsoError:
    assert isinstance(error, OSError)
    if not error.filename:
        return _unknown(error)
    return SourceConfigurationError(f"{one_line(error.filename)}: {error.strerror}")


def _unknown(error: Exception) -> LegacySsoError:
    # The text is left out: nobody knows what is in it.
    return FetchError(f"no usable credentials came back ({type(error).__name__})")


def _no_region(error: Exception, source: Source) -> LegacySsoError:
    return SourceConfigurationError(
        "assuming its role needs a region; "
        f"set one with: aws configure set region REGION --profile {shlex.quote(source.name)}"
    )


def _unreachable(error: Exception, source: Source) -> LegacySsoError:
    return FetchError(f"the service cannot be reached: {one_line(error)}")


def _process(error: Exception, source: Source) -> LegacySsoError:
    # What a program says on its stderr is often the way out, but it may have let slip a key.
    return FetchError(one_line(_MAYBE_SECRET.sub("***", str(error))))


def _no_terminal(error: Exception, source: Source) -> LegacySsoError:
    return ProfileError("an MFA code is needed; run this in a terminal, where you can be asked")


_EXPLANATIONS = (
    (
        (
            exceptions.SSOTokenLoadError,
            exceptions.UnauthorizedSSOTokenError,
            exceptions.TokenRetrievalError,
        ),
        _sign_in,
    ),
    (getattr(exceptions, "LoginError", ()), _login),  # `aws login` is there since CLI 2.32
    (exceptions.ClientError, _service),
    (exceptions.CredentialRetrievalError, _process),
    (
        (
            exceptions.InvalidConfigError,
            exceptions.PartialCredentialsError,
            exceptions.ProfileNotFound,
            exceptions.InfiniteLoopConfigError,
            exceptions.UnknownCredentialError,
        ),
        _settings,
    ),
    (exceptions.NoRegionError, _no_region),
    # Not every HTTPClientError: some quote a header, and the token is in one.
    (
        (
            exceptions.ConnectionError,
            exceptions.ConnectionClosedError,
            exceptions.ReadTimeoutError,
        ),
        _unreachable,
    ),
    (EOFError, _no_terminal),
    (OSError, _file),
)
