"""The stand-in follows the wire protocol: botocore is the client, its models check the answers."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import json
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ContainerProvider, Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, SSLError
from botocore.utils import InstanceMetadataFetcher
from botocore.validate import validate_parameters
from identity_center import Behaviour, IdentityCenter, Trust
from identity_center.state import Keys

ACCOUNT, ROLE = "111122223333", "Developer"
ROLE_ARN = "arn:aws:iam::444455556666:role/team/Deploy"
START_URL = "https://d-0123456789.awsapps.com/start"
REDIRECT_URI = "http://127.0.0.1:5000/oauth/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
VERIFIER = "a-verifier-that-only-the-client-knows-until-the-very-end"
CALLER_IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
MACHINE = "arn:aws:sts::999999999999:assumed-role/machine-role/i-0"
SESSION = botocore.session.Session()


# Clients


def client(service: str, center: IdentityCenter, **options: Any) -> Any:
    """Return a real client; each answer that it gets is compared with botocore's model."""
    options.setdefault(
        "config", Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    )
    made: Any = SESSION.create_client(service, "us-east-1", endpoint_url=center.url, **options)

    made.meta.events.register("after-call", check)
    return made


def check(http_response: Any, parsed: dict[str, Any], model: Any, **_: object) -> None:
    """Refuse an answer that the operation's model does not have."""
    document = members(http_response.content)
    if http_response.status_code < 300:
        shape = model.output_shape
        assert_known(shape, document.get(f"{model.name}Result", document))
        if shape is not None:
            modelled = {name: parsed[name] for name in parsed if name != "ResponseMetadata"}
            validate_parameters(modelled, shape)
        return
    shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
    if shape is not None:  # the models leave out some that the services send
        assert http_response.status_code == shape.metadata["error"]["httpStatusCode"]
        assert document.get("Error", document).keys() <= {*shape.members, "Type", "Code", "Message"}


def members(body: bytes) -> dict[str, Any]:
    if body.startswith(b"<"):
        document = element_members(ElementTree.fromstring(body))
        assert isinstance(document, dict)
        return document
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def element_members(element: ElementTree.Element) -> dict[str, Any] | str:
    if len(element) == 0:
        return element.text or ""
    return {child.tag.rpartition("}")[2]: element_members(child) for child in element}


def assert_known(shape: Any, document: dict[str, Any]) -> None:
    """Refuse members the model does not have, which botocore's own validation lets pass."""
    known = {} if shape is None else shape.members
    assert document.keys() <= known.keys()
    for name, value in document.items():
        if isinstance(value, dict):
            assert_known(known[name], value)


def sts(center: IdentityCenter, keys: Keys, **changed: str | None) -> Any:
    signing: dict[str, str | None] = {
        "aws_access_key_id": keys.access_key_id,
        "aws_secret_access_key": keys.secret_access_key,
        "aws_session_token": keys.session_token,
    }
    return client(
        "sts", center, config=Config(retries={"total_max_attempts": 1}), **(signing | changed)
    )


def refused(call: Callable[..., object], **parameters: object) -> tuple[int, str]:
    """Make a call that must fail; return HTTP status and error code."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def get(
    center: IdentityCenter, path: str, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Make a plain request, without following redirects."""
    with closing(http.client.HTTPConnection(urlsplit(center.url).netloc, timeout=10)) as connection:
        connection.request("GET", path, headers=headers or {})
        with connection.getresponse() as response:
            return response.status, dict(response.getheaders()), response.read()


# Sign-ins


@pytest.fixture
def oidc(center: IdentityCenter) -> Any:
    return client("sso-oidc", center)


@pytest.fixture
def portal(center: IdentityCenter) -> Any:
    return client("sso", center)


def register(oidc: Any, **extra: object) -> dict[str, str]:
    """Register a client that may get refresh tokens; return its id and secret."""
    asked = {"clientName": "test", "clientType": "public", "scopes": ["sso:account:access"]}
    registered = oidc.register_client(**(asked | extra))
    return {name: registered[name] for name in ("clientId", "clientSecret")}


def ask_device_code(oidc: Any, **extra: object) -> dict[str, str]:
    """Return the arguments of ``create_token`` for a new device authorization."""
    identified = register(oidc, **extra)
    started = oidc.start_device_authorization(startUrl=START_URL, **identified)
    return {**identified, "grantType": DEVICE_GRANT, "deviceCode": started["deviceCode"]}


def ask_authorization_code(center: IdentityCenter, oidc: Any) -> dict[str, str]:
    """Do the browser's part of the flow; return the arguments of ``create_token``."""
    identified = register(
        oidc,
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl=START_URL,
    )
    status, headers, _ = get(center, authorize_path(identified["clientId"]))
    assert status == 302
    answer = parse_qs(urlsplit(headers["Location"]).query)
    assert headers["Location"].startswith(REDIRECT_URI)
    assert answer["state"] == ["a state"]
    return {
        **identified,
        "grantType": "authorization_code",
        "redirectUri": REDIRECT_URI,
        "codeVerifier": VERIFIER,
        "code": answer["code"][0],
    }


def authorize_path(client_id: str, **changed: str) -> str:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "state": "a state",
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }
    return f"/authorize?{urlencode(asked | changed)}"


def role_credentials(portal: Any, access_token: str, account: str = ACCOUNT) -> dict[str, Any]:
    answer = portal.get_role_credentials(accessToken=access_token, accountId=account, roleName=ROLE)
    credentials: dict[str, Any] = answer["roleCredentials"]
    return credentials


def new_keys(center: IdentityCenter, lifetime: float = 3600) -> Keys:
    return center.issue_keys("arn:aws:sts::111122223333:assumed-role/R/me", "AROAX:me", lifetime)


def access_token_of(file: Path) -> str:
    return str(json.loads(file.read_text())["accessToken"])


def test_device_code_works_once(oidc: Any, portal: Any) -> None:
    """A device code gives tokens that the portal accepts, and works only once."""
    arguments = ask_device_code(oidc)
    tokens = oidc.create_token(**arguments)

    assert tokens["expiresIn"] == 28800
    assert role_credentials(portal, tokens["accessToken"])
    assert refused(oidc.create_token, **arguments) == (400, "InvalidGrantException")


@pytest.mark.parametrize(
    ("decision", "error"),
    [
        ("pending", "AuthorizationPendingException"),
        ("slow_down", "SlowDownException"),
        ("deny", "AccessDeniedException"),
        ("expired", "ExpiredTokenException"),
    ],
)
def test_device_code_decision(center: IdentityCenter, oidc: Any, decision: Any, error: str) -> None:
    """Without the person's approval there is no token, and the error says why."""
    center.behaviour.device_approval = decision
    arguments = ask_device_code(oidc)

    assert refused(oidc.create_token, **arguments) == (400, error)


def test_device_code_approved_by_page(center: IdentityCenter, oidc: Any) -> None:
    """A pending device code is approved when ``verificationUriComplete`` is opened."""
    center.behaviour.device_approval = "pending"
    identified = register(oidc)
    started = oidc.start_device_authorization(startUrl=START_URL, **identified)
    with urllib.request.urlopen(started["verificationUriComplete"]) as page:
        assert page.status == 200

    assert oidc.create_token(grantType=DEVICE_GRANT, deviceCode=started["deviceCode"], **identified)


def test_client_must_identify_itself(oidc: Any) -> None:
    """A wrong secret, another client's device code and an unknown grant give different errors."""
    arguments = ask_device_code(oidc)

    assert refused(oidc.create_token, **{**arguments, "clientSecret": "wrong"}) == (
        401,
        "InvalidClientException",
    )
    assert refused(oidc.create_token, **(arguments | register(oidc))) == (
        400,
        "InvalidGrantException",
    )
    assert refused(oidc.create_token, **{**arguments, "grantType": "password"}) == (
        400,
        "UnsupportedGrantTypeException",
    )


def test_authorization_code_works_once(center: IdentityCenter, oidc: Any, portal: Any) -> None:
    """The browser flow gives a code that gives tokens, and works only once."""
    arguments = ask_authorization_code(center, oidc)
    tokens = oidc.create_token(**arguments)

    assert tokens["refreshToken"]
    assert role_credentials(portal, tokens["accessToken"])
    assert refused(oidc.create_token, **arguments) == (400, "InvalidGrantException")


@pytest.mark.parametrize(
    "changed",
    [{"codeVerifier": VERIFIER + "x"}, {"redirectUri": REDIRECT_URI + "/other"}, {"code": "none"}],
)
def test_authorization_code_stolen(
    center: IdentityCenter, oidc: Any, changed: dict[str, str]
) -> None:
    """A wrong code, or a code with a wrong PKCE verifier or redirect address, is refused."""
    arguments = ask_authorization_code(center, oidc)

    assert refused(oidc.create_token, **(arguments | changed)) == (400, "InvalidGrantException")


def test_browser_redirect_unregistered(center: IdentityCenter, oidc: Any) -> None:
    """The browser is not redirected to an unregistered address, nor for an unknown client."""
    client_id = register(oidc, redirectUris=["http://127.0.0.1/oauth/callback"])["clientId"]
    elsewhere = authorize_path(client_id, redirect_uri="http://example.com/oauth/callback")

    assert get(center, elsewhere)[0] == 400
    assert get(center, authorize_path("nobody"))[0] == 400


@pytest.mark.parametrize(
    ("decision", "changed", "error"),
    [
        ("deny", {}, "access_denied"),
        ("approve", {"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_browser_redirect_with_error(
    center: IdentityCenter, oidc: Any, decision: Any, changed: dict[str, str], error: str
) -> None:
    """If the person refuses, or without S256, the redirect has an error and no code."""
    center.behaviour.device_approval = decision
    client_id = register(oidc, redirectUris=["http://127.0.0.1/oauth/callback"])["clientId"]
    _, headers, _ = get(center, authorize_path(client_id, **changed))

    assert parse_qs(urlsplit(headers["Location"]).query) == {
        "error": [error],
        "state": ["a state"],
    }


def test_refresh_token_works_once(center: IdentityCenter, oidc: Any, portal: Any) -> None:
    """Each use of a refresh token gives a new one; a second use is refused and counted."""
    arguments = ask_device_code(oidc)
    first = oidc.create_token(**arguments)
    center.expire_access_tokens()
    assert refused(
        portal.get_role_credentials,
        accessToken=first["accessToken"],
        accountId=ACCOUNT,
        roleName=ROLE,
    ) == (401, "UnauthorizedException")

    renewal = arguments | {"grantType": "refresh_token", "refreshToken": first["refreshToken"]}
    second = oidc.create_token(**renewal)
    third = oidc.create_token(**(renewal | {"refreshToken": second["refreshToken"]}))

    assert role_credentials(portal, second["accessToken"])
    assert role_credentials(portal, third["accessToken"])
    assert len({tokens["refreshToken"] for tokens in (first, second, third)}) == 3
    assert center.reused_refresh_tokens == 0
    assert refused(oidc.create_token, **renewal) == (400, "InvalidGrantException")
    assert center.reused_refresh_tokens == 1


def test_refresh_token_conditions(center: IdentityCenter, oidc: Any) -> None:
    """A refresh token needs a client with the account scope, and ``supports_refresh``."""
    assert "refreshToken" not in oidc.create_token(**ask_device_code(oidc, scopes=[]))
    center.behaviour.supports_refresh = False

    assert "refreshToken" not in oidc.create_token(**ask_device_code(oidc))


def test_ended_sign_ins_end_all_their_tokens(center: IdentityCenter, oidc: Any) -> None:
    """After ``end_sign_ins`` no token of these sign-ins works any more."""
    arguments = ask_device_code(oidc)
    tokens = oidc.create_token(**arguments)
    center.end_sign_ins()
    renewal = arguments | {"grantType": "refresh_token", "refreshToken": tokens["refreshToken"]}

    assert refused(oidc.create_token, **renewal) == (400, "InvalidGrantException")
    assert center.sign_in_of(tokens["accessToken"]) is None


# The portal


def test_role_credentials_look_real(center: IdentityCenter, portal: Any, tmp_path: Path) -> None:
    """Keys have the service's alphabet, length and lifetime, and no two are the same."""
    center.behaviour.role_lifetime = 1200
    token = access_token_of(center.sign_in(tmp_path, session_name="corp"))
    one, other = role_credentials(portal, token), role_credentials(portal, token)

    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", one["accessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", one["secretAccessKey"])
    assert {"+", "/"} <= set(one["secretAccessKey"])
    assert len(one["sessionToken"]) > 600
    assert abs(one["expiration"] / 1000 - time.time() - 1200) < 60
    assert not set(one.values()) & (set(other.values()) - {other["expiration"]})
    assert {one["secretAccessKey"], one["sessionToken"], token} <= center.secrets


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        (Behaviour(forbidden={(ACCOUNT, ROLE)}), (403, "ForbiddenException")),
        (Behaviour(unknown={(ACCOUNT, ROLE)}), (404, "ResourceNotFoundException")),
        (Behaviour(failures={"GetRoleCredentials": 429}), (429, "TooManyRequestsException")),
        (Behaviour(failures={"GetRoleCredentials": 500}), (500, "InternalServerException")),
    ],
)
def test_portal_refusals(
    center: IdentityCenter,
    portal: Any,
    tmp_path: Path,
    behaviour: Behaviour,
    answer: tuple[int, str],
) -> None:
    """Each refusal is the service's own error, and the call is recorded with account and role."""
    token = access_token_of(center.sign_in(tmp_path))
    center.behaviour = behaviour
    asked = {"accessToken": token, "accountId": ACCOUNT, "roleName": ROLE}

    assert refused(portal.get_role_credentials, **asked) == answer
    (call,) = center.calls
    assert (call.details["account"], call.details["role"]) == (ACCOUNT, ROLE)


def test_token_of_another_sign_in_is_refused(
    center: IdentityCenter, portal: Any, tmp_path: Path
) -> None:
    """If a start URL has its own ``accounts``, its tokens work only for these accounts."""
    center.accounts["https://d-1.awsapps.com/start"] = {"111111111111"}
    bound, free = (
        access_token_of(center.sign_in(tmp_path, start_url=f"https://d-{n}.awsapps.com/start"))
        for n in (1, 2)
    )

    assert role_credentials(portal, bound, "111111111111")
    assert role_credentials(portal, free, "222222222222")
    with pytest.raises(ClientError, match="ForbiddenException"):
        role_credentials(portal, bound, "222222222222")


def test_logout_ends_the_sign_in(center: IdentityCenter, portal: Any, tmp_path: Path) -> None:
    """After a logout the sign-in gives no more keys; other sign-ins go on."""
    ended, other = (access_token_of(center.sign_in(tmp_path / name)) for name in "ab")
    portal.logout(accessToken=ended)

    assert role_credentials(portal, other)
    with pytest.raises(ClientError, match="UnauthorizedException"):
        role_credentials(portal, ended)


def test_portal_rate_limit(center: IdentityCenter, tmp_path: Path) -> None:
    """In any one second the portal grants at most as many requests as the limit says."""
    center.behaviour.requests_per_second = 5
    token = access_token_of(center.sign_in(tmp_path))
    path = f"/federation/credentials?account_id={ACCOUNT}&role_name={ROLE}"
    granted: list[tuple[float, float]] = []
    while len(granted) < 12:
        before = time.monotonic()
        status, _, _ = get(center, path, {"x-amz-sso_bearer_token": token})
        assert status in (200, 429)
        if status == 200:
            granted.append((before, time.monotonic()))

    # Of any six in a row, the last was answered a second or more after the first was asked.
    for (asked, _), (_, answered) in zip(granted, granted[5:], strict=False):
        assert answered - asked >= 1.0


# STS


def test_role_keys_have_identity(center: IdentityCenter, portal: Any, tmp_path: Path) -> None:
    """STS returns the identity of each key that the portal gave."""
    given = role_credentials(portal, access_token_of(center.sign_in(tmp_path)))
    keys = center.keys_of(given["accessKeyId"])
    assert keys is not None
    identity = sts(center, keys).get_caller_identity()

    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_{ROLE}_0123456789abcdef/"
    assert identity["Arn"].startswith(arn)
    assert identity["Account"] == ACCOUNT
    assert center.identities == [identity["Arn"]]


def test_long_term_keys(center: IdentityCenter) -> None:
    """Keys made known with ``add_user`` need no session token, and are refused with one."""
    arn = "arn:aws:iam::123456789012:user/old"
    center.add_user("AKIAIOSFODNN7EXAMPLE", "a secret", arn)
    keys = center.keys_of("AKIAIOSFODNN7EXAMPLE")
    assert keys is not None

    assert sts(center, keys).get_caller_identity()["Arn"] == arn
    with_token = sts(center, keys, aws_session_token="one")
    assert refused(with_token.get_caller_identity) == (403, "InvalidClientTokenId")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"aws_secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"aws_session_token": "wrong"}, "InvalidClientTokenId"),
        ({"aws_session_token": None}, "InvalidClientTokenId"),
        ({"aws_access_key_id": "ASIAIOSFODNN7EXAMPLE"}, "InvalidClientTokenId"),
    ],
)
def test_wrong_keys_are_refused(
    center: IdentityCenter, changed: dict[str, str | None], error: str
) -> None:
    """Keys with one wrong part are refused by every signed operation."""
    wrong = sts(center, new_keys(center), **changed)

    assert refused(wrong.get_caller_identity) == (403, error)
    asked = {"RoleArn": ROLE_ARN, "RoleSessionName": "me"}
    assert refused(wrong.assume_role, **asked) == (403, error)
    assert center.identities == []


def test_expired_keys_are_refused(center: IdentityCenter) -> None:
    """Keys past their expiry get the error for expired keys, not the one for wrong keys."""
    expired = sts(center, new_keys(center, lifetime=-1))

    assert refused(expired.get_caller_identity) == (403, "ExpiredToken")


def signed_request(center: IdentityCenter, service: str = "sts") -> AWSRequest:
    keys = new_keys(center)
    request = AWSRequest(
        "POST",
        f"{center.url}/?b=%20%2F&a=1",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data=CALLER_IDENTITY,
    )
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    SigV4Auth(credentials, service, "eu-west-1").add_auth(request)
    return request


def send(request: AWSRequest, body: bytes = CALLER_IDENTITY) -> tuple[int, str]:
    """Send a request as it was signed, or with another body; return status and error code."""
    parts = urlsplit(str(request.url))
    target = f"{parts.path}?{parts.query}"
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("POST", target, body, dict(request.headers.items()))
        with connection.getresponse() as response:
            error = members(response.read()).get("Error", {})
            return response.status, error.get("Code", "")


def test_signature_covers_the_whole_request(
    center: IdentityCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature is valid for one request: not for another body, service or day."""
    good = signed_request(center)
    unsigned = signed_request(center)
    del unsigned.headers["Authorization"]
    broken = signed_request(center)
    broken.headers.replace_header("Authorization", "AWS4-HMAC-SHA256 Credential=a/b")

    assert send(good) == (200, "")
    assert send(good, CALLER_IDENTITY + b"&Extra=1") == (403, "SignatureDoesNotMatch")
    assert send(signed_request(center, "sso")) == (403, "SignatureDoesNotMatch")
    assert send(unsigned) == (403, "MissingAuthenticationToken")
    assert send(broken) == (400, "IncompleteSignature")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: long_ago)
    assert send(signed_request(center)) == (403, "SignatureDoesNotMatch")


def test_assumed_role_identity(center: IdentityCenter) -> None:
    """AssumeRole gives keys of the assumed role, and the record names the caller."""
    caller = new_keys(center)
    given = sts(center, caller).assume_role(
        RoleArn=ROLE_ARN, RoleSessionName="me", DurationSeconds=900
    )
    keys = center.keys_of(given["Credentials"]["AccessKeyId"])
    assert keys is not None

    arn = "arn:aws:sts::444455556666:assumed-role/Deploy/me"
    assert sts(center, keys).get_caller_identity()["Arn"] == arn
    assert given["AssumedRoleUser"]["Arn"] == arn
    assert abs(given["Credentials"]["Expiration"].timestamp() - time.time() - 900) < 60
    assert center.calls[0].details["caller"] == caller.arn
    assert center.calls[0].details["arn"] == ROLE_ARN


def test_role_trust_conditions(center: IdentityCenter) -> None:
    """A role that requires an external id or an MFA code is refused without the right one."""
    serial = "arn:aws:iam::111122223333:mfa/me"
    center.trust[ROLE_ARN] = Trust(external_id="an id", mfa_serial=serial, mfa_code="123456")
    assume = sts(center, new_keys(center)).assume_role
    right = {
        "RoleArn": ROLE_ARN,
        "RoleSessionName": "me",
        "ExternalId": "an id",
        "SerialNumber": serial,
        "TokenCode": "123456",
    }

    assert assume(**right)
    for changed in (
        {"ExternalId": "another"},
        {"TokenCode": "654321"},
        {"SerialNumber": serial + "x"},
    ):
        assert refused(assume, **(right | changed)) == (403, "AccessDenied")
    center.behaviour.forbidden.add(("444455556666", "Deploy"))
    assert refused(assume, **right) == (403, "AccessDenied")


@pytest.mark.parametrize(
    "changed",
    [
        {"DurationSeconds": 3601},
        {"DurationSeconds": 899},
        {"RoleSessionName": "me you"},
        {"RoleArn": "arn:aws:iam::444455556666:user/Deploy"},
        {"SerialNumber": "arn:aws:iam::111122223333:mfa/me"},
        {"SerialNumber": "arn:aws:iam::111122223333:mfa/me", "TokenCode": "abcdef"},
    ],
)
def test_ill_formed_role_requests_are_refused(
    center: IdentityCenter, changed: dict[str, object]
) -> None:
    """Invalid requests are refused, also more than one hour for a chained role."""
    made: Any = SESSION.create_client(
        "sts",
        "us-east-1",
        endpoint_url=center.url,
        aws_access_key_id=(keys := new_keys(center)).access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
        config=Config(parameter_validation=False),
    )
    asked = {"RoleArn": ROLE_ARN, "RoleSessionName": "me"} | changed

    assert refused(made.assume_role, **asked) == (400, "ValidationError")


def test_web_identity_needs_no_signature(center: IdentityCenter) -> None:
    """AssumeRoleWithWebIdentity takes a token in place of a signature."""
    assume = client("sts", center).assume_role_with_web_identity
    asked = {"RoleArn": ROLE_ARN, "RoleSessionName": "me", "WebIdentityToken": "a.b.c"}
    keys = center.keys_of(assume(**asked)["Credentials"]["AccessKeyId"])

    assert keys is not None
    assert keys.arn == "arn:aws:sts::444455556666:assumed-role/Deploy/me"


# The machine


def test_machine_gives_role_credentials(center: IdentityCenter) -> None:
    """IMDSv2, IMDSv1 and the container endpoint give keys of the machine's role."""
    environment = center.machine_environment()
    url = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    offered = [
        InstanceMetadataFetcher(base_url=url, env={}).retrieve_iam_role_credentials()["access_key"],
        ContainerProvider(environ=environment).load().access_key,
    ]
    path = f"{url}latest/meta-data/iam/security-credentials/"
    with urllib.request.urlopen(path) as role:
        name = role.read().decode()
    with urllib.request.urlopen(path + name) as credentials:
        offered.append(json.load(credentials)["AccessKeyId"])

    assert [keys.arn for key in offered if (keys := center.keys_of(key))] == [MACHINE] * 3
    assert center.count("InstanceToken") == 1
    assert center.count("InstanceCredentials") == 2
    assert center.count("ContainerCredentials") == 1


def test_machine_checks_its_session_token(center: IdentityCenter) -> None:
    """A metadata token that was never given out is refused."""
    url = center.machine_environment()["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    request = urllib.request.Request(
        f"{url}latest/meta-data/iam/security-credentials/",
        headers={"x-aws-ec2-metadata-token": "made up"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    caught.value.close()

    assert caught.value.code == 401


# Behaviour


def test_hanging_call_is_answered_when_released(
    center: IdentityCenter, portal: Any, tmp_path: Path
) -> None:
    """A hanging call is recorded at once, and is answered as usual after ``release``."""
    token = access_token_of(center.sign_in(tmp_path))
    center.behaviour.hang.add("GetRoleCredentials")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(role_credentials, portal, token)
        center.wait_for("GetRoleCredentials")
        assert not answer.done()
        center.release()

        assert answer.result(timeout=10)["accessKeyId"]


def test_stop_and_start_again(center: IdentityCenter, portal: Any, tmp_path: Path) -> None:
    """``stop`` closes connections; after ``start`` the address and the tokens are the same."""
    token = access_token_of(center.sign_in(tmp_path))
    url = center.url
    center.behaviour.hang.add("GetRoleCredentials")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(role_credentials, portal, token)
        center.wait_for("GetRoleCredentials")
        center.stop()
        assert isinstance(answer.exception(timeout=10), ConnectionClosedError)
    center.behaviour.hang.clear()
    center.start()

    assert center.url == url
    assert role_credentials(portal, token)


def test_delay_holds_every_answer(center: IdentityCenter) -> None:
    """No answer comes before the delay is over."""
    center.behaviour.delay = 0.2
    started = time.monotonic()
    get(center, "/device")

    assert time.monotonic() - started >= 0.2


def test_raw_answers(center: IdentityCenter) -> None:
    """Raw answers reach the client as given: an HTML page, half an answer, one without an end."""
    raw = center.behaviour.raw_answers
    raw["ApproveDevice"] = (503, {"Content-Type": "text/html"}, b"<h1>Maintenance</h1>")
    status, headers, body = get(center, "/device")
    assert (status, headers["Content-Type"], body) == (503, "text/html", b"<h1>Maintenance</h1>")

    raw["ApproveDevice"] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of"
    with pytest.raises(http.client.IncompleteRead):
        get(center, "/device")

    raw["ApproveDevice"] = (200, {}, itertools.repeat(b"x" * 1000))
    with urllib.request.urlopen(f"{center.url}/device", timeout=10) as endless:
        assert len(endless.read(10_000_000)) == 10_000_000


def test_connections_are_reused(center: IdentityCenter) -> None:
    """One connection serves many requests, also after refused ones."""
    connection = http.client.HTTPConnection(urlsplit(center.url).netloc, timeout=10)
    connection.connect()
    sockets = set()
    for path in ("/device", "/nowhere", "/federation/credentials", "/device"):
        connection.request("GET", path)
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()

    assert len(sockets) == 1
    assert None not in sockets


def test_broken_connections_print_nothing(
    center: IdentityCenter, capfd: pytest.CaptureFixture[str]
) -> None:
    """Connections that are reset, send nonsense or end too early print nothing."""
    address = ("127.0.0.1", urlsplit(center.url).port)
    center.behaviour.raw_answers["ApproveDevice"] = (200, {}, itertools.repeat(b"x" * 1000))
    for text in (b"", b"nonsense\r\n\r\n", b"GET /device HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n"):
        with socket.create_connection(address, timeout=10) as connection:
            # Close it with a reset instead of a regular end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(text)
    center.wait_for("ApproveDevice")
    center.stop()

    assert capfd.readouterr().err == ""


def test_records_hold_no_secret(center: IdentityCenter, oidc: Any, portal: Any) -> None:
    """The recorded calls name accounts, roles and grants, but never a key or a token."""
    tokens = oidc.create_token(**ask_device_code(oidc))
    given = role_credentials(portal, tokens["accessToken"])
    keys = center.keys_of(given["accessKeyId"])
    assert keys is not None
    sts(center, keys).assume_role(RoleArn=ROLE_ARN, RoleSessionName="me")
    recorded = repr(center.calls)

    assert [call.operation for call in center.calls] == [
        "RegisterClient",
        "StartDeviceAuthorization",
        "CreateToken",
        "GetRoleCredentials",
        "AssumeRole",
    ]
    assert center.calls[2].details["grant_type"] == DEVICE_GRANT
    assert {tokens["accessToken"], tokens["refreshToken"]} <= center.secrets
    assert [secret for secret in center.secrets if secret in recorded] == []
    center.reset_calls()
    assert center.count("AssumeRole") == 0


# How clients find it


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_data_path_covers_every_region(center: IdentityCenter, tmp_path: Path, region: str) -> None:
    """With ``AWS_DATA_PATH`` set, clients of every partition connect to the stand-in."""
    environment = center.environment(tmp_path / "data")
    session = botocore.session.Session()
    session.set_config_variable("data_path", environment["AWS_DATA_PATH"])

    for service in ("sso", "sso-oidc", "sts"):
        found = session.create_client(
            service, region, aws_access_key_id="a", aws_secret_access_key="b"
        )
        assert found.meta.endpoint_url == center.url


def test_sign_in_token_file(center: IdentityCenter, tmp_path: Path) -> None:
    """The token file has the name, fields and mode that ``aws sso login`` gives it."""
    by_session = center.sign_in(tmp_path, session_name="corp", region="eu-west-1")
    by_url = center.sign_in(tmp_path)
    document = json.loads(by_session.read_text())

    assert by_session.name == f"{hashlib.sha1(b'corp').hexdigest()}.json"
    assert by_url.name == f"{hashlib.sha1(START_URL.encode()).hexdigest()}.json"
    assert by_session.parent == tmp_path / ".aws" / "sso" / "cache"
    assert stat.S_IMODE(by_session.stat().st_mode) == 0o600
    assert document.keys() == {
        "startUrl",
        "region",
        "accessToken",
        "expiresAt",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "refreshToken",
    }
    assert document["region"] == "eu-west-1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["expiresAt"])
    assert "refreshToken" not in json.loads(by_url.read_text())


def test_sign_in_gives_keys(center: IdentityCenter, tmp_path: Path) -> None:
    """A client with only the token file gets keys, and renews an expired access token itself."""
    center.sign_in(tmp_path, session_name="corp", expires_in=-60)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {ROLE}\n"
        f"[sso-session corp]\nsso_region = us-east-1\nsso_start_url = {START_URL}\n"
    )
    program = (
        "import botocore.session as s; print(s.Session(profile='dev').get_credentials().access_key)"
    )
    environment = {"HOME": str(tmp_path), **center.environment(tmp_path / "data")}
    printed = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)

    assert center.keys_of(printed.strip()) is not None
    assert center.count("CreateToken") == 1
    assert center.reused_refresh_tokens == 0


def test_tls(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With a certificate it uses TLS; a client that does not trust it fails in silence."""
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    command += " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    with IdentityCenter(tls=(certificate, key)) as center:
        assert register(client("sso-oidc", center, verify=certificate))
        with pytest.raises(SSLError):
            register(client("sso-oidc", center))
        with pytest.raises(ConnectionError):
            get(center, "/device")

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", [["-m", "identity_center"], ["identity_center"]])
def test_program_prints_variables(tmp_path: Path, command: list[str], end: signal.Signals) -> None:
    """Run as a program it prints the variables, answers requests, and ends quietly on a signal."""
    running = subprocess.Popen(
        [sys.executable, *command, "--data-path", str(tmp_path / "a folder")],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == f"export AWS_DATA_PATH='{tmp_path}/a folder'\n"
    assert running.stdout.readline() == "export AWS_EC2_METADATA_DISABLED=true\n"
    assert running.stdout.readline() == "export AWS_STS_REGIONAL_ENDPOINTS=regional\n"
    endpoints = json.loads((tmp_path / "a folder" / "endpoints.json").read_text())
    services = endpoints["partitions"][0]["services"]
    with urllib.request.urlopen(
        f"http://{services['oidc']['defaults']['hostname']}/device"
    ) as page:
        assert page.status == 200
    running.send_signal(end)

    assert running.communicate(timeout=10) == ("", "")
    assert running.returncode == 0
