"""What a fetch sends and receives is in no log, no history and no error."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest
from identity_center import IdentityCenter
from support.person import FROZEN, PROFILES, Person, on_both, only
from support.program import Program

LEAF = "arn:aws:iam::777788889999:role/Leaf"
ROLES = f"""
[profile leaf]
role_arn = {LEAF}
source_profile = dev
region = us-east-1
"""
# Patches the HTTP client, as some libraries do: each request is logged by a logger with its own
# handler, above all levels. Another thread logs only that there was a request.
SPY = """
import logging, threading
from botocore.httpsession import URLLib3Session
spy = logging.getLogger("made.up")
spy.propagate = False
spy.addHandler(logging.{handler})
spy.setLevel(1)
send = URLLib3Session.send
def spying(self, request):
    spy.log(60, "%s %s", dict(request.headers), request.body)
    spy.handle(spy.makeRecord("made.up", 60, "", 0, str(request.headers), (), None))
    other = threading.Thread(target=spy.critical, args=("another thread saw a request",))
    other.start()
    other.join()
    return send(self, request)
URLLib3Session.send = spying
"""
# An answer with keys that is cut off; botocore logs its text.
CUT_OFF = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>made-up-secret-key"
    b"</SecretAccessKey><SessionToken>made-up-token"
)
NOBODY = 65534


def somebody_at(home: Path, center: IdentityCenter) -> Person:
    """Return a person without an AWS CLI, whose profiles include a role."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "AWS_MAX_ATTEMPTS": "1",
        **center.environment(home / "endpoints"),
    }
    somebody = Person(home, Path("/nowhere"), center, environment, home)
    somebody.configure(PROFILES + ROLES, plugin=False)
    return somebody


@pytest.fixture
def somebody(tmp_path: Path, center: IdentityCenter) -> Person:
    """A person whose access token has to be renewed."""
    home = tmp_path / "home"
    home.mkdir()
    somebody = somebody_at(home, center)
    somebody.sign_in(expires_in=60)
    return somebody


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home folder that every user can enter."""
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def secrets_in(text: str, person: Person) -> list[str]:
    """Return the first letters of each secret in a text."""
    known = {*person.center.secrets, "made-up-secret-key", "made-up-token"}
    return [secret[:6] for secret in known if secret in text]


def test_log_of_the_function(somebody: Person, tmp_path: Path) -> None:
    """No logger of the program gets a request or answer, also if the fetch fails.

    Other threads log as before.
    """
    log = tmp_path / "log"
    first = SPY.format(handler=f"FileHandler({str(log)!r})")
    with Program(somebody.environment, log, first) as program:
        assert program.refresh("leaf").status == 0
        assert somebody.center.count("CreateToken") == 1
        assert program.refresh("dev", session="dev").status == 0
        somebody.center.behaviour.raw_answers["AssumeRole"] = (200, {}, CUT_OFF)
        assert program.refresh("leaf").status == 255
        somebody.center.behaviour.failures["GetRoleCredentials"] = 500
        assert program.refresh("dev").status == 254
    text = log.read_text()

    assert secrets_in(text, somebody) == []
    assert "x-amz-sso_bearer_token" not in text
    assert text.count("another thread saw a request") == 7
    assert text.count("that was an answer") == 4


@only(FROZEN)
def test_log_of_the_command(person: Person, tmp_path: Path) -> None:
    """No secret is logged with ``--debug`` beside another plugin that logs each request."""
    (tmp_path / "legacy_sso_spy.py").write_text(
        SPY.format(handler="StreamHandler()") + "def awscli_initialize(events): pass\n"
    )
    person.configure(PROFILES + ROLES)
    config = person.config.read_text()
    config = config.replace(str(person.plugin_path), f"{person.plugin_path}:{tmp_path}")
    person.config.write_text(config.replace("legacy_sso =", "spy = legacy_sso_spy\nlegacy_sso ="))
    person.sign_in(expires_in=60)
    person.center.behaviour.raw_answers["AssumeRole"] = (200, {}, CUT_OFF)
    done = person.refresh("--source-profiles", "leaf", "dev", "--debug")

    assert done.status == 1
    assert secrets_in(done.err, person) == []
    assert "x-amz-sso_bearer_token" not in done.err
    assert done.err.count("another thread saw a request") == 3
    assert "awscli.clidriver" in done.err


@on_both
def test_history_of_the_cli(person: Person) -> None:
    """With ``cli_history = enabled`` it has the command, but not its tokens and keys."""
    person.configure(f"{PROFILES}\n[default]\ncli_history = enabled\n")
    person.sign_in(expires_in=60)
    done = person.refresh("--source-profiles", "dev", "inline")
    folder = person.home / ".aws" / "cli" / "history"
    history = "".join(path.read_text("latin-1") for path in folder.iterdir())

    assert done.status == 1  # the other profile is not signed in
    assert person.center.count("CreateToken") == 1
    assert "refresh-legacy" in history
    assert secrets_in(history, person) == []


# What a service says, with ``{}`` for the secret, and what is shown of it.
ECHOES = (
    ("bad token {}", "bad token ***"),
    ("bad token '{}'", "bad token '***'"),
    (f"{'bad ' * 70}{{}}", f"{'bad ' * 70}***"),
    ("bad token {:.200}", "bad token ***"),
    (
        "canonical 'POST\n\nx-amz-security-token:{}\n'",
        "canonical 'POST  x-amz-security-token:*** '",
    ),
)


def test_token_echoed_by_the_portal(somebody: Person, tmp_path: Path) -> None:
    """The access token in the portal's message is masked, and nothing else of it."""
    path = somebody.sign_in()
    made_up = "made/up+" * 50
    path.write_text(json.dumps({**json.loads(path.read_text()), "accessToken": made_up}))
    answers = somebody.center.behaviour.raw_answers
    with Program(somebody.environment, tmp_path / "log") as program:
        for message, shown in ECHOES:
            for token in made_up, quote(made_up, safe=""), made_up.replace("/", "\\/"):
                answers["GetRoleCredentials"] = refusal(message.format(token))
                answer = program.refresh("dev")

                assert answer.status == 254
                assert answer.said == (
                    f"GetRoleCredentials was refused (ForbiddenException: {shown})"
                )


def test_token_echoed_by_sts(somebody: Person, tmp_path: Path) -> None:
    """The session token that signed the request is masked, as a SignatureDoesNotMatch shows it."""
    keys = somebody.center.issue_keys("arn:aws:sts::1:assumed-role/x/y", "A:y", 3600)
    credentials = {
        "accessKeyId": keys.access_key_id,
        "secretAccessKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
        "expiration": 4102444800000,
    }
    body = json.dumps({"roleCredentials": credentials}).encode()
    answers = somebody.center.behaviour.raw_answers
    answers["GetRoleCredentials"] = 200, {}, body
    with Program(somebody.environment, tmp_path / "log") as program:
        for message, shown in ECHOES:
            said = message.format(keys.session_token)
            text = f"<Code>SignatureDoesNotMatch</Code><Message>{said}</Message>"
            document = f"<ErrorResponse><Error>{text}</Error></ErrorResponse>"
            answers["AssumeRole"] = 403, {}, document.encode()
            answer = program.refresh("leaf")

            assert answer.status == 254
            assert answer.said == f"AssumeRole was refused (SignatureDoesNotMatch: {shown})"


def refusal(message: str) -> tuple[int, dict[str, str], bytes]:
    """Return the portal's answer if the role is forbidden."""
    headers = {"x-amzn-errortype": "ForbiddenException"}
    return 403, headers, json.dumps({"message": message}).encode()


@only(FROZEN)
def test_token_echoed_with_output(person: Person) -> None:
    """It is masked on stderr and in the document on stdout."""
    token = json.loads(person.sign_in().read_text())["accessToken"]
    person.center.behaviour.raw_answers["GetRoleCredentials"] = refusal(f"bad token {token}")
    done = person.refresh("--profile", "dev", "--output", "json")
    (item,) = json.loads(done.out)["LegacyProfiles"]

    assert item["Message"] == "GetRoleCredentials was refused (ForbiddenException: bad token ***)"
    assert done.err.endswith("(ForbiddenException: bad token ***)\n")


@pytest.mark.parametrize("umask", ["000", "077", "777"])
def test_cache_folders_under_any_umask(somebody: Person, umask: str, tmp_path: Path) -> None:
    """Folders of the CLI's cache that the plugin makes are open only to their owner."""
    prefix = ["sh", "-c", f'umask {umask}; exec "$@"', "sh"]
    with Program(somebody.environment, tmp_path / "log", prefix=prefix) as program:
        program.refresh("dev")
    folders = [somebody.home / ".aws" / "cli", somebody.home / ".aws" / "cli" / "cache"]

    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]


def test_root_in_another_users_home(
    open_home: Path, center: IdentityCenter, tmp_path: Path
) -> None:
    """Root is refused before anything is fetched, made or locked there.

    This is so wherever the keys should go.
    """
    other = somebody_at(open_home, center)
    other.sign_in(expires_in=60)
    subprocess.run(["chown", "-R", str(NOBODY), open_home], check=True)
    before = sorted(open_home.rglob("*"))
    with Program(other.environment, tmp_path / "log") as program:
        answer = program.refresh("dev")
        elsewhere = program.refresh("dev", credentials_file=str(tmp_path / "credentials"))
    folder = open_home / ".aws"
    said = f"the folder {folder} belongs to another user; run this as that user, without sudo"

    assert (answer.status, answer.said) == (253, f"{folder}/credentials: {said}")
    assert (elsewhere.status, elsewhere.said) == (253, said)
    assert sorted(open_home.rglob("*")) == before
    assert center.calls == []


def test_token_file_of_another_user(
    open_home: Path, center: IdentityCenter, tmp_path: Path
) -> None:
    """A login as root left the token file: the error names it and the command that corrects it."""
    other = somebody_at(open_home, center)
    token = other.sign_in()
    with Program(other.environment, tmp_path / "log") as program:
        assert program.refresh("dev").status == 0  # imports what `nobody` cannot read
        subprocess.run(["chown", "-R", str(NOBODY), open_home], check=True)
        subprocess.run(["chown", "root", token], check=True)
        answer = program.refresh("dev", uid=NOBODY)

    assert answer.status == 253
    assert answer.said == (
        f"{token}: Permission denied; it belongs to root, "
        f"take it back with: sudo chown nobody {token}"
    )
