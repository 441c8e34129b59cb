"""Which values the settings of a profile may have, for the settings that a fetch uses. Pure.

botocore finds a bad value late and explains it badly, or sends it to the service.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

from .errors import ProfileError, option
from .legacy_profile import SOURCE_SETTINGS


def _one_of(*values: str) -> tuple[str, str]:
    return "|".join(values), f"{', '.join(values[:-1])} or {values[-1]}"


# The pattern of a value, upper or lower case, and the words for it in an error.
_REGION = "(?!-)[a-z0-9-]{1,63}(?<!-)", "a region"
_YES_OR_NO = _one_of("true", "false")
_URL = r"https?://\S+", "a URL"
_NUMBER = r"[1-9]\d*", "a number above zero"
_CHECKSUMS = _one_of("when_supported", "when_required")
_ANY = dict.fromkeys((*SOURCE_SETTINGS, "source_profile"), ("(?s:.*)", "a value"))
_NETWORK = {
    "retry_mode": _one_of("legacy", "standard", "adaptive"),
    "max_attempts": _NUMBER,
    "tcp_keepalive": _YES_OR_NO,
    "use_fips_endpoint": _YES_OR_NO,
    "use_dualstack_endpoint": _YES_OR_NO,
    "ignore_configured_endpoint_urls": _YES_OR_NO,
    "request_checksum_calculation": _CHECKSUMS,
    "response_checksum_validation": _CHECKSUMS,
    "endpoint_url": _URL,
    "sts_regional_endpoints": _one_of("legacy", "regional"),
    "defaults_mode": _one_of("legacy", "standard", "in-region", "cross-region", "mobile", "auto"),
}
_ROLE = {
    "role_arn": (r"arn:[\w-]+:iam::\d*:role/\S+", "the ARN of a role"),
    "external_id": (r"[\w+=,.@:/-]{2,1224}", "an external ID of 2 characters or more"),
    "role_session_name": (r"[\w+=,.@-]{2,64}", "a session name of 2 to 64 characters"),
    "duration_seconds": _NUMBER,
    "mfa_serial": (r"[\w+=/:,.@-]{9,256}", "the serial number or ARN of an MFA device"),
    "credential_source": _one_of("Environment", "Ec2InstanceMetadata", "EcsContainer"),
}
_SSO = {
    "sso_account_id": (r"\d+", "an account number"),
    "sso_role_name": (r"[\w+=,.@-]+", "the name of a role"),
    "sso_region": _REGION,
    "sso_start_url": _URL,
}


def check_profile(name: str, settings: Mapping[str, Any], *, is_source: bool) -> None:
    """Refuse a profile that has a setting with an invalid value.

    ``is_source`` is true for the source profile itself, and false for the others in its chain.
    """
    of_profile = option("--profile", name)
    known = _ANY | _SSO | _NETWORK
    if settings.get("role_arn"):
        known |= _ROLE
    if is_source:
        known |= {"region": _REGION}  # it is copied to the legacy profile
    _check(f"profile {name!r}", settings, known, f"aws configure set SETTING VALUE {of_profile}")
    try:
        shlex.split(settings.get("credential_process") or "")
    except ValueError:
        raise ProfileError(
            f"credential_process of profile {name!r} has a quote that is not closed; "
            f"see it with: aws configure get credential_process {of_profile}"
        ) from None


def check_session(name: str, sessions: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse an ``sso_session`` that does not exist, or has a setting with an invalid value."""
    mend = "aws configure sso-session"
    if name not in sessions:
        there = f"there are {', '.join(map(repr, sessions))}" if sessions else "there is none"
        raise ProfileError(f"there is no sso-session {name!r} ({there}); make it with: {mend}")
    needed = "sso_region", "sso_start_url"
    _check(f"sso-session {name!r}", sessions[name], _SSO, mend, needed)


def _check(
    owner: str,
    settings: Mapping[str, Any],
    known: Mapping[str, tuple[str, str]],
    mend: str,
    needed: Collection[str] = (),
) -> None:
    for setting, (pattern, what) in known.items():
        value = settings.get(setting)
        if isinstance(value, Mapping):
            wrong = f"{owner} has an indented block under {setting}, not a value"
        elif value is None and setting in needed:
            wrong = f"{setting} of {owner} is not set"
        elif value is None or re.fullmatch(pattern, value, re.IGNORECASE | re.ASCII):
            continue
        else:
            said = "***" if "@" in value else repr(value[:80])  # a password in a URL
            wrong = f"{setting} of {owner} is {said if value else 'empty'}, not {what}"
        raise ProfileError(f"{wrong}; mend it with: {mend.replace('SETTING', setting, 1)}")
