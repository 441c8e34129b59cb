"""Keys that sources other than Identity Center hand out, known to the stand-in."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta

from support.person import Person

USER = "arn:aws:iam::123456789012:user/me"


def hand_out(person: Person, minutes: int = 50, **changed: str) -> dict[str, str]:
    """Make the credential_process print keys that the stand-in knows."""
    keys = person.center.issue_keys(
        "arn:aws:sts::123456789012:assumed-role/P/x", "A:x", minutes * 60
    )
    answer = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
        "Expiration": f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
        **changed,
    }
    (person.home / "keys.json").write_text(json.dumps({k: v for k, v in answer.items() if v}))
    return {key: str(value) for key, value in answer.items()}


def leave_login_session(person: Person, minutes: int) -> None:
    """Write the cache file of ``aws login``, with keys that the stand-in knows."""
    keys = person.center.issue_keys(
        "arn:aws:sts::123456789012:assumed-role/C/x", "A:x", minutes * 60
    )
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    key = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"]
    document = {
        "accessToken": {
            "accessKeyId": keys.access_key_id,
            "secretAccessKey": keys.secret_access_key,
            "sessionToken": keys.session_token,
            "accountId": "123456789012",
            "expiresAt": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        },
        "tokenType": "aws_sigv4",
        "refreshToken": "made-up",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": subprocess.check_output(key, stderr=subprocess.DEVNULL, text=True),
    }
    cache = person.home / ".aws" / "login" / "cache"
    cache.mkdir(parents=True)
    name = hashlib.sha256(USER.encode()).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(document))
