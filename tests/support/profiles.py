"""Profiles for the tests' config files, and legacy profiles for their credentials files."""

from __future__ import annotations

from identity_center.center import START_URL

OTHER_START_URL = "https://d-9999999999.awsapps.com/start"
SESSIONS = "".join(
    f"""
[sso-session {name}]
sso_region = us-east-1
sso_start_url = {url}
sso_registration_scopes = sso:account:access
"""
    for name, url in (("corp", START_URL), ("other", OTHER_START_URL))
)


def profiles(prefix: str, count: int, session: str = "corp") -> str:
    """Return profiles with account numbers that begin with 1, or with 2 for another sign-in."""
    first = 1 if session == "corp" else 2
    return "".join(
        f"""
[profile {prefix}{number}]
sso_session = {session}
sso_account_id = {first}{number:011}
sso_role_name = Developer
"""
        for number in range(count)
    )


def legacy(name: str, source: str, **more: str) -> str:
    keys = {
        "aws_access_key_id": "ASIAOLD",
        "aws_secret_access_key": "old",
        "aws_session_token": "old",
        "aws_security_token": "old",
        "x_security_token_expires": "2020-01-01T00:00:00Z",
        **more,
        "x_legacy_sso_source": source,
    }
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
