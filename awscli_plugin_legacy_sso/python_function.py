"""The Python function ``refresh_legacy_sso``, for programs."""

from __future__ import annotations

import warnings
from datetime import datetime
from functools import partial

from botocore.session import Session

from .errors import UsageError
from .fetch.fetch import fetch, fetch_from_session
from .fetch.session import SessionFactory
from .file.credentials_file import expand
from .jobs.refresh import refresh
from .legacy_profile import RECORD
from .plan.copies import Selection


def refresh_legacy_sso(
    input_profile: str | None = None,
    output_profile: str | None = None,
    credentials_file: str | None = None,
    *,
    session: Session | None = None,
) -> datetime | None:
    """Copy the temporary credentials of a profile to a legacy profile.

    Args:
        input_profile: the source profile. Default: ``AWS_PROFILE`` or ``AWS_DEFAULT_PROFILE``,
            else ``default``. With ``session`` it can only be that session's own profile.
        output_profile: the legacy profile; ``{profile}`` in it stands for the source profile's
            name. Default: ``output_profile`` in the ``[legacy-sso]`` section of the AWS CLI's
            config file, else ``{profile}-legacy-sso``.
        credentials_file: default: ``AWS_SHARED_CREDENTIALS_FILE``, else ``~/.aws/credentials``.
        session: a botocore session, whose credentials are used even if they are not fresh.
            Without one, fresh credentials are fetched for ``input_profile``.

    Returns:
        When the written credentials expire, in UTC; ``None`` if their source does not say it.

    Raises:
        awscli_plugin_legacy_sso.errors.LegacySsoError: nothing was written. The subclass says
            why: ``ProfileError`` (no such profile, or not a source of temporary credentials),
            ``SignInError`` (``aws sso login`` is needed), ``ServiceError``, ``FetchError``,
            ``SourceConfigurationError``, ``RefusedError`` (the section holds something else),
            ``InvalidNameError``, ``CredentialsFileError``, ``UsageError``.

    Warns:
        UserWarning: the credentials were written, but the caller should know something.

    Example:
        >>> from awscli_plugin_legacy_sso import refresh_legacy_sso
        >>> refresh_legacy_sso("dev")  # writes dev-legacy-sso
        datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
    """
    sessions = SessionFactory(session or Session())
    configuration = sessions.configuration()
    own_profile = sessions.session.get_config_variable("profile") or "default"
    if session and input_profile not in (None, own_profile):
        raise UsageError(
            f"the session is of profile {own_profile!r}; input_profile cannot be {input_profile!r}"
        )
    if session and RECORD in configuration.profile(own_profile).settings:
        raise UsageError(
            f"{own_profile!r} is a legacy profile; give a session of the profile it came from"
        )
    report = refresh(
        partial(fetch_from_session, session) if session else partial(fetch, sessions),
        configuration,
        [expand(credentials_file or sessions.session.get_config_variable("credentials_file"))],
        Selection(
            profile=input_profile or own_profile,
            output_profile=output_profile,
            any_source=session is not None,
        ),
    )
    for warning in report.warnings:
        warnings.warn(warning, stacklevel=2)
    (row,) = report.rows
    if row.error:
        raise row.error
    return row.expiration
