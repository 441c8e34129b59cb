"""The CLI's network settings apply to our fetches as they do to the CLI's own calls."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from identity_center import IdentityCenter
from support.person import FROZEN, PROFILES, Person, lines, only


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A private CA's certificate, which is also the stand-in's server certificate."""
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", names),
            *("-keyout", tmp_path / "key.pem", "-out", tmp_path / "ca.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path / "ca.pem"


@pytest.fixture
def center(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IdentityCenter]:
    """The stand-in; it speaks TLS in the tests that use ``authority``."""
    tls = None
    if "authority" in request.fixturenames:
        tls = (str(request.getfixturevalue("authority")), str(tmp_path / "key.pem"))
    with IdentityCenter(tls=tls) as running:
        yield running


@pytest.mark.parametrize("how", ["--ca-bundle", "AWS_CA_BUNDLE", "ca_bundle", "--no-verify-ssl"])
def test_private_ca_is_trusted(person: Person, authority: Path, how: str) -> None:
    """An option, a variable or the profile names the CA, for the token's renewal and the role."""
    arguments: list[str] = []
    environment: dict[str, str] = {}
    match how:
        case "--ca-bundle":
            arguments = [how, str(authority)]
        case "--no-verify-ssl":
            arguments = [how]
        case "AWS_CA_BUNDLE":
            environment = {how: str(authority)}
        case "ca_bundle":
            profiles = PROFILES.replace("region = us-west-2", f"ca_bundle = {authority}")
            person.configure(profiles)
    person.sign_in(expires_in=-10)
    done = person.refresh("--profile", "dev", *arguments, env=environment)

    assert done.status == 0
    assert "dev-legacy-sso" in person.sections()


def test_private_ca_not_named(person: Person, authority: Path) -> None:
    """If nothing names the CA, the TLS check fails with one line and status 255."""
    person.sign_in()
    done = person.refresh("--profile", "dev")
    (line,) = lines(done.err)

    assert done.status == 255
    assert "SSL validation failed" in line


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that records the hosts it is asked for and connects to none."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if request := re.match(rb"CONNECT (\S+):443 ", connection.recv(4096)):
                    asked.append(request[1].decode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


GOV = PROFILES.replace("sso_region = us-east-1", "sso_region = us-gov-west-1")
CHINA = PROFILES.replace("sso_region = us-east-1", "sso_region = cn-north-1")


@pytest.mark.parametrize(
    ("profiles", "settings", "host"),
    [
        pytest.param(PROFILES, "", "portal.sso.us-east-1.amazonaws.com", id="aws"),
        pytest.param(GOV, "", "portal.sso.us-gov-west-1.amazonaws.com", id="aws-us-gov"),
        pytest.param(CHINA, "", "portal.sso.cn-north-1.amazonaws.com.cn", id="aws-cn"),
        pytest.param(PROFILES, "use_fips_endpoint = true", None, id="FIPS"),
        pytest.param(PROFILES, "use_dualstack_endpoint = true", None, id="dual-stack"),
    ],
)
def test_proxy_and_endpoint_as_in_the_cli(
    person: Person, profiles: str, settings: str, host: str | None
) -> None:
    """The request goes through the proxy to the same host that the CLI asks for this profile."""
    person.configure(profiles.replace("region = us-west-2", f"region = us-west-2\n{settings}"))
    person.sign_in()
    del person.environment["AWS_DATA_PATH"]
    with proxy() as (url, asked):
        environment = {"HTTPS_PROXY": url}
        person.aws("configure", "export-credentials", "--profile", "dev", env=environment)
        theirs = list(asked)
        asked.clear()
        done = person.refresh("--profile", "dev", env=environment)

    assert done.status == 255
    assert theirs
    assert set(asked) == set(theirs) == {host or theirs[0]}


@only(FROZEN)
def test_services_section_sets_the_endpoint(person: Person) -> None:
    """An ``endpoint_url`` under ``services``, known since AWS CLI 2.13, is used."""
    services = f"\n[services here]\nsso =\n  endpoint_url = {person.center.url}\n"
    profiles = PROFILES.replace("region = us-west-2", "region = us-west-2\nservices = here")
    person.configure(profiles + services)
    person.sign_in()
    del person.environment["AWS_DATA_PATH"]
    done = person.refresh("--profile", "dev")

    assert (done.status, done.err) == (0, "")
    assert person.center.count("GetRoleCredentials") == 1


@only(FROZEN)
def test_retries_as_in_the_cli(person: Person) -> None:
    """``AWS_MAX_ATTEMPTS`` applies to our fetches too."""
    person.sign_in()
    person.center.behaviour.failures["GetRoleCredentials"] = 500
    person.refresh("--profile", "dev", env={"AWS_MAX_ATTEMPTS": "3"})

    assert person.center.count("GetRoleCredentials") == 3
