"""Settings that cannot work are reported before anything is fetched."""

from __future__ import annotations

import pytest
from support.person import PROFILES
from support.program import ROLES, Caller, with_setting

SETTINGS = {
    "region = us-east-1   # where we live": ("dev", "region"),
    "region = us-east-1 ; where we live": ("leaf", "region"),
    "sso_account_id = 111122223333 # ours": ("dev", "sso_account_id"),
    "sso_role_name = Developer ; ours": ("dev", "sso_role_name"),
    "sso_region = eu-west-1 ; Ireland": ("inline", "sso_region"),
    "sso_start_url = d-0123456789.awsapps.com": ("inline", "sso_start_url"),
    "role_arn = Ops": ("leaf", "role_arn"),
    "external_id =": ("leaf", "external_id"),
    "role_session_name = a b": ("leaf", "role_session_name"),
    "duration_seconds = 1h": ("leaf", "duration_seconds"),
    "mfa_serial = me # phone": ("leaf", "mfa_serial"),
    "retry_mode = fast": ("dev", "retry_mode"),
    "max_attempts = many": ("dev", "max_attempts"),
    "max_attempts = 0": ("leaf", "max_attempts"),
    "tcp_keepalive = on": ("dev", "tcp_keepalive"),
    "use_fips_endpoint = 1": ("dev", "use_fips_endpoint"),
    "request_checksum_calculation = always": ("leaf", "request_checksum_calculation"),
    "response_checksum_validation = always": ("dev", "response_checksum_validation"),
    "endpoint_url = 127.0.0.1": ("dev", "endpoint_url"),
    "defaults_mode = fast": ("dev", "defaults_mode"),
    "sts_regional_endpoints = global": ("leaf", "sts_regional_endpoints"),
}


@pytest.mark.parametrize("line", SETTINGS)
def test_setting_that_is_invalid(caller: Caller, line: str) -> None:
    """The error names the setting, its value, the profile and the command; nothing is fetched."""
    profile, setting = SETTINGS[line]
    value = line.partition("=")[2].strip()
    caller.person.configure(with_setting(PROFILES + ROLES, profile, line), plugin=False)
    caller.person.center.reset_calls()
    status, said = caller.refused(profile)

    assert status == 253
    assert said.startswith(
        f"{setting} of profile '{profile}' is {repr(value) if value else 'empty'}, not "
    )
    assert said.endswith(f"; mend it with: aws configure set {setting} VALUE --profile {profile}")
    assert caller.person.center.calls == []


def test_setting_of_a_source_profile(caller: Caller) -> None:
    """The error names the source profile that has it, not the role that was asked for."""
    line = "sso_account_id = 1 # ours"
    caller.person.configure(with_setting(PROFILES + ROLES, "dev", line), plugin=False)

    assert caller.refused("leaf") == caller.refused("dev")


SESSION_REGION = "[sso-session corp]\nsso_region ="
SESSIONS = {
    "one that is not there": (
        ("sso_session = corp", "sso_session = nosuch"),
        "there is no sso-session 'nosuch' (there are 'corp')",
    ),
    "a comment": (
        (f"{SESSION_REGION} us-east-1", f"{SESSION_REGION} eu-west-1 ; Ireland"),
        "sso_region of sso-session 'corp' is 'eu-west-1 ; Ireland', not a region",
    ),
    "nothing": (
        (f"{SESSION_REGION} us-east-1", SESSION_REGION),
        "sso_region of sso-session 'corp' is empty, not a region",
    ),
    "no region": (
        (f"{SESSION_REGION} us-east-1", "[sso-session corp]"),
        "sso_region of sso-session 'corp' is not set",
    ),
}


@pytest.mark.parametrize("profile", ["dev", "leaf"])
@pytest.mark.parametrize("case", SESSIONS)
def test_session_missing_or_invalid(caller: Caller, case: str, profile: str) -> None:
    """A missing session is reported with those that exist, an invalid value with its setting."""
    (old, new), what = SESSIONS[case]
    caller.person.configure((PROFILES + ROLES).replace(old, new), plugin=False)
    status, said = caller.refused(profile)

    assert status == 253
    assert said.startswith(f"{what}; ")
    assert said.endswith(" with: aws configure sso-session")


def test_source_profile_missing(caller: Caller) -> None:
    """The error names the profile that refers to it, and the command."""
    config = with_setting(PROFILES + ROLES, "leaf", "source_profile = nosuch")
    caller.person.configure(config, plugin=False)

    assert caller.refused("leaf") == (
        253,
        "there is no profile 'nosuch', the source_profile of 'leaf'; "
        "mend it with: aws configure set source_profile VALUE --profile leaf",
    )


def test_setting_that_botocore_refuses(caller: Caller) -> None:
    """The error has botocore's own words and one command that corrects the setting."""
    config = with_setting(PROFILES + ROLES, "dev", "services = nosuch")
    caller.person.configure(config, plugin=False)
    status, said = caller.refused("dev")

    assert status == 253
    assert '"nosuch" services configuration does not exist; correct that' in said
    assert said.endswith(" with: aws configure set SETTING VALUE --profile dev")
