"""A stand-in for IAM Identity Center that speaks its wire protocol on 127.0.0.1.

Tests, demo and benchmarks start it in place of the real services: ``sso-oidc``, the access portal,
STS, a little of S3 and the credentials of a cloud machine. It checks what these check: tokens,
PKCE, rotated refresh tokens, request signatures. It is not a mock of a client, so any program that
talks to AWS can talk to it. Standard library only.

``center``     the running services, with their settings and records, for tests
``state``      what the services know: sign-ins, keys, calls
``oidc``, ``portal``, ``sts``, ``s3``, ``machine``   one service each
``signature``  Signature Version 4, from the service's side
``wire``       HTTP, without anything of AWS
"""

from .center import IdentityCenter
from .state import Behaviour, Call, Trust

__all__ = ["Behaviour", "Call", "IdentityCenter", "Trust"]
