"""Tools that know nothing of SSO work with a legacy profile, before and after a refresh."""

from __future__ import annotations

from collections.abc import Mapping

import botocore.session
import pytest
from botocore.exceptions import ClientError
from identity_center import IdentityCenter
from identity_center.machine import ARN as MACHINE
from identity_center.state import Keys
from support.old_clients import OLD, ask_who
from support.person import FROZEN, Person, arn, only
from support.profiles import legacy
from support.set_up import on, set_up

DEVELOPER = arn("111122223333", "Developer")
SIGNED = {"GetCallerIdentity", "AssumeRole", "ListBuckets", "ListMultipartUploads"}


@only(FROZEN)
@pytest.mark.parametrize("client", OLD)
def test_client_uses_the_legacy_profile(person: Person, client: str) -> None:
    """The client signs with the legacy profile's keys, and after a refresh with the new ones."""
    person.sign_in()
    person.configure(plugin=False)
    folder = set_up(person.home)
    used = []
    for _ in range(2):
        person.refresh("--profile", "dev", env=on(folder, {}))
        written = person.sections()["dev-legacy-sso"]["aws_access_key_id"]
        who, key = use(person, client, {"AWS_PROFILE": "dev-legacy-sso"})
        assert who.startswith(DEVELOPER)
        assert key == written
        used.append(key)

    assert used[0] != used[1]


@only(FROZEN)
@pytest.mark.parametrize("client", OLD)
def test_client_with_the_sso_profile(person: Person, client: str) -> None:
    """The client does with the SSO profile itself what ``docs/evidence.md`` says."""
    person.configure(plugin=False)
    set_up(person.home)
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    person.sign_in()
    who, _ = use(person, client, {"AWS_PROFILE": "dev"})
    environment = {"AWS_PROFILE": "dev", **person.center.machine_environment()}
    on_a_machine, _ = use(person, client, environment)

    assert _in_words(who) == OLD[client].sso_profile
    assert _in_words(on_a_machine) == OLD[client].on_a_machine


def use(person: Person, client: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Let a client ask who it is; return the identity and key id that the stand-in saw, if any."""
    person.center.reset_calls()
    answer = ask_who(client, person.center.url, person.env(environment))
    signed = [call for call in person.center.calls if call.operation in SIGNED]
    if answer is None:
        assert signed == []
        return "", ""
    (call,) = signed
    who = call.details["caller" if call.operation == "AssumeRole" else "arn"]
    return who, call.details["access_key_id"]


def _in_words(identity: str) -> str:
    if identity.startswith(DEVELOPER):
        return "works"
    return {MACHINE: "becomes the machine", "": "fails"}[identity]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aws_secret_access_key": "another"}, "SignatureDoesNotMatch"),
        ({"aws_session_token": None}, "InvalidClientTokenId"),
        ({"aws_session_token": "another"}, "InvalidClientTokenId"),
        ({"aws_access_key_id": "SIGNED-OUT"}, "InvalidClientTokenId"),
    ],
)
def test_stand_in_s3_checks_signatures(
    center: IdentityCenter, changed: dict[str, str | None], code: str
) -> None:
    """It accepts only valid keys; else the tests of tools that use only S3 would prove nothing."""
    keys = center.issue_keys("arn:aws:sts::111122223333:assumed-role/R/me", "AROAX:me", 60)
    buckets = _list_buckets(center, keys)
    with pytest.raises(ClientError) as refusal:
        _list_buckets(center, keys, **changed)

    assert buckets == ["bucket-of-111122223333"]
    assert refusal.value.response["Error"]["Code"] == code


def _list_buckets(center: IdentityCenter, keys: Keys, **changed: str | None) -> list[str]:
    signing = {
        "aws_access_key_id": keys.access_key_id,
        "aws_secret_access_key": keys.secret_access_key,
        "aws_session_token": keys.session_token,
    }
    session = botocore.session.Session()
    s3 = session.create_client("s3", "us-east-1", endpoint_url=center.url, **(signing | changed))
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
