"""Keys and tokens that look like the real ones, in length and alphabet.

Secrets with ``/`` and ``+``, and tokens of several hundred characters, are what file formats,
shells and URL encoders can get wrong.
"""

from __future__ import annotations

import base64
import secrets

_KEY_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def access_key_id() -> str:
    return "ASIA" + _letters(16)


def principal_id() -> str:
    return "AROA" + _letters(17)


def secret_access_key() -> str:
    while True:
        key = _base64(30)
        if "/" in key and "+" in key:
            return key


def session_token() -> str:
    return "IQoJb3JpZ2luX2Vj" + _base64(480)


def access_token() -> str:
    return "aoaAAAAAG" + _base64(240)


def refresh_token() -> str:
    return "aorAAAAAG" + _base64(240)


def client_id() -> str:
    return secrets.token_urlsafe(24)


def client_secret() -> str:
    return f"eyJraWQi{secrets.token_urlsafe(90)}.eyJ{secrets.token_urlsafe(300)}.{_url_safe()}"


def code() -> str:
    """Return a device code or an authorization code."""
    return secrets.token_urlsafe(48)


def user_code() -> str:
    return f"{_letters(4)}-{_letters(4)}"


def _url_safe() -> str:
    return secrets.token_urlsafe(48)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_KEY_ID_ALPHABET) for _ in range(count))


def _base64(count: int) -> str:
    return base64.b64encode(secrets.token_bytes(count)).decode()
