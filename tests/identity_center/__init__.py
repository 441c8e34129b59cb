"""A stand-in for IAM Identity Center that speaks its wire protocol on 127.0.0.1.

Tests, demo and benchmarks start it in place of the services nobody can reach from a laptop:
``sso-oidc``, the access portal, STS, a little of S3 and the credentials of a cloud machine. It
checks what the real services check (tokens, PKCE, rotated refresh tokens, request signatures) and
is deliberately not a mock of any client: whatever talks to AWS can talk to it. Standard library
only.

``center``     what a test holds: the running services, their knobs and what they saw
``state``      what the services know: sign-ins, keys, calls
``oidc``, ``portal``, ``sts``, ``s3``, ``machine``   one service each
``signature``  Signature Version 4, from the service's side
``wire``       HTTP, and nothing of AWS
"""

from .center import IdentityCenter
from .state import Behaviour, Call, Trust

__all__ = ["Behaviour", "Call", "IdentityCenter", "Trust"]
