"""What can go wrong with a fetch, with the message and the status of each case.

The cases run through the Python function, which has the same messages as the commands. Some run
through the commands too, on each AWS CLI.
"""

from __future__ import annotations

import hashlib
import json
import re

import pexpect
import pytest
from support.person import PROFILES, Person, lines, on_both
from support.program import LEAF, ROLES, Caller, with_setting

# Contents of the token file.
TOKEN_FILES = {
    "empty": "",
    "cut off": '{"startUrl": "https://d-01',
    "null": "null",
    "a list": "[]",
    "text": '"accessToken expiresAt"',
    "a byte order mark": "\ufeff{}",
    "no UTF-8": "\udcff",
    "depth": "[" * 100_000,
}
TOKENS: dict[str, dict[str, object]] = {
    "no token": {"accessToken": None},
    "a token that is a number": {"accessToken": 7},
    "a token of two lines": {"accessToken": "a\nb"},
    "an expiry that is a number": {"expiresAt": 1893456000},
    "an expiry without a zone": {"expiresAt": "2099-01-01T00:00:00"},
    "an expiry tomorrow": {"expiresAt": "tomorrow"},
    "an expiry that is no day": {"expiresAt": "2099-99-99T00:00:00Z"},
    "a registration without a zone": {"registrationExpiresAt": "2099-01-01T00:00:00"},
    "a refresh token that is a list": {"refreshToken": []},
}
NOT_SIGNED_IN = {
    "dev": "not signed in to session 'corp'; run: aws sso login --sso-session corp",
    "leaf": "not signed in to session 'corp'; run: aws sso login --sso-session corp",
    "inline": "not signed in; run: aws sso login --profile inline",
}


@pytest.mark.parametrize("case", TOKEN_FILES)
def test_token_file_that_is_unusable(caller: Caller, case: str) -> None:
    """It counts as not signed in; the message has the login command for each kind of sign-in."""
    content = TOKEN_FILES[case].encode(errors="surrogateescape")
    for session in ("corp", None):
        caller.person.sign_in(session).write_bytes(content)
    for profile, said in NOT_SIGNED_IN.items():
        assert caller.refused(profile) == (253, said)


@pytest.mark.parametrize("case", TOKENS)
def test_token_that_is_unusable(caller: Caller, case: str) -> None:
    """A token with missing members or wrong types counts as not signed in too."""
    path = caller.person.sign_in()
    path.write_text(json.dumps({**json.loads(path.read_text()), **TOKENS[case]}))

    assert caller.refused("dev") == (253, NOT_SIGNED_IN["dev"])


SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def printing(**changed: object) -> str:
    """Return a script that prints keys as a ``credential_process`` must, with these changes."""
    answer = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": SECRET, "SessionToken": "t"}
    document = {key: value for key, value in {**answer, **changed}.items() if value is not None}
    return f"cat <<'END'\n{json.dumps(document)}\nEND"


NO_TIME = "printed an Expiration that is no time with a zone"
PROCESSES = {
    "true": (255, "printed nothing"),
    "echo": (255, "printed nothing"),
    f"echo '[mine] {SECRET}'": (255, "printed no JSON object"),
    "printf '\\377'": (255, "printed no JSON object"),
    f"echo '[\"{SECRET}\"]'": (255, "printed no JSON object"),
    "echo 7": (255, "printed no JSON object"),
    printing(Version=2): (255, "printed no Version 1, the only one there is"),
    printing(Version=None): (255, "printed no Version 1, the only one there is"),
    printing(AccessKeyId=None): (255, "printed no AccessKeyId"),
    printing(SessionToken=None): (253, "printed no SessionToken"),
    printing(SecretAccessKey=7): (
        255,
        "printed keys that cannot be used: SecretAccessKey is not text",
    ),
    printing(SessionToken=f"{SECRET}\n[x]"): (
        255,
        "printed keys that cannot be used: "
        "SessionToken has a line break or another control character in it",
    ),
    printing(Expiration="2020-01-01T00:00:00Z"): (255, "printed keys that have expired already"),
    printing(Expiration="2099-01-01T00:00:00"): (
        255,
        "printed an Expiration that is no time with a zone",
    ),
    printing(Expiration="soon"): (255, NO_TIME),
    printing(Expiration=1893456000): (255, NO_TIME),
    "kill -9 $$": (255, "was ended by SIGKILL"),
    "exit 3": (255, "failed with status 3"),
    f"echo 'run: tool login, {SECRET}' >&2; exit 3": (
        255,
        "failed with status 3: run: tool login, ***",
    ),
    f"{printing(SessionToken='short-one')}\necho 'not short-one' >&2; exit 3": (
        255,
        "failed with status 3: not ***",
    ),
}
SEE = "; see it with: aws configure get credential_process --profile process"


@pytest.mark.parametrize("profile", ["process", "on-process"])
@pytest.mark.parametrize("script", PROCESSES)
def test_process_that_is_unusable(caller: Caller, script: str, profile: str) -> None:
    """The message says what it did and how to see it; its stdout and its command are not shown."""
    status, did = PROCESSES[script]
    program = caller.person.home / "process"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    process = f"[profile process]\ncredential_process = {program} --password hunter2\n"
    caller.person.configure(PROFILES + ROLES + process, plugin=False)

    assert caller.refused(profile) == (status, f"its credential_process {did}{SEE}")


@pytest.mark.parametrize(
    ("command", "did"),
    [
        ("PASSWORD=hunter2 /nowhere/tool", "cannot be started: No such file or directory"),
        ("/etc/passwd hunter2", "cannot be started: Permission denied"),
        ("sh -c 'echo no hunter2 >&2; exit 3' hunter2", "failed with status 3: no ***"),
        ("sh -c 'echo no hunter2 >&2; exit 3' --pin=hunter2", "failed with status 3: no ***"),
        ("sh -c 'kill -40 $$'", "was ended by signal 40"),  # one without a name
    ],
)
def test_process_command_is_not_shown(caller: Caller, command: str, did: str) -> None:
    """It may contain a password: a failed start does not show it, and its stderr is masked."""
    process = f"[profile process]\ncredential_process = {command}\n"
    caller.person.configure(process, plugin=False)
    _, said = caller.refused("process")

    assert said == f"its credential_process {did}{SEE}"


def test_process_with_an_open_quote(caller: Caller) -> None:
    """It is refused before anything runs, and not shown."""
    process = "[profile process]\ncredential_process = tool 'hunter2\n"
    caller.person.configure(process, plugin=False)

    assert caller.refused("process") == (
        253,
        f"credential_process of profile 'process' has a quote that is not closed{SEE}",
    )


# Answers of the services: JSON from the portal, XML from STS.
HTML = (200, {"content-type": "text/html"}, b"<html>\n<body>hotel</body>")
PORTAL = {
    "nothing": ((200, {}, b""), 255, "it is empty"),
    "HTML": (HTML, 255, "it is a web page"),
    "a list": ((200, {}, b"[]"), 255, "it is no JSON object"),
    "no JSON": ((200, {}, b"roleCredentials"), 255, "it is no JSON object"),
    "cut off": ((200, {"content-length": "5000"}, iter([b'{"role'])), 255, "it is cut off"),
    "gzip": (
        (200, {"content-encoding": "gzip"}, b"\x1f\x8b\x08\x00"),
        255,
        "it is encoded ('gzip')",
    ),
    "302": (
        (302, {"location": "https://hotel.example"}, b""),
        254,
        "status 302 (Found), and no error of AWS",
    ),
    "401": ((401, {}, b"<html>"), 254, "status 401 (Unauthorized), and no error of AWS"),
    "404": ((404, {}, b""), 254, "status 404 (Not Found), and no error of AWS"),
    "503": ((503, {}, b"<html>"), 254, "status 503 (Service Unavailable), and no error of AWS"),
    "null": (
        (200, {}, b'{"roleCredentials": null}'),
        255,
        "it lacks something, or has a value of a wrong type",
    ),
    "no keys": (
        (200, {}, b'{"roleCredentials": {"accessKeyId": "ASIA"}}'),
        255,
        "it lacks something, or has a value of a wrong type",
    ),
}
STS = {
    "nothing": ((200, {}, b""), 255, "it is empty"),
    "HTML": (HTML, 255, "it is a web page"),
    "cut off": ((200, {"content-length": "5000"}, iter([b"<Assu"])), 255, "it is cut off"),
    "no keys": (
        (200, {}, b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"),
        255,
        "it lacks something, or has a value of a wrong type",
    ),
    "302": ((302, {"location": "/"}, b""), 254, "status 302 (Found), and no error of AWS"),
    "404": ((404, {}, b""), 254, "status 404 (Not Found), and no error of AWS"),
}


@pytest.mark.parametrize("case", PORTAL)
def test_answer_of_the_portal(caller: Caller, case: str) -> None:
    """The message says what is wrong; status 254 if the answer has an error's status, else 255."""
    answer, status, what = PORTAL[case]
    caller.person.center.behaviour.raw_answers["GetRoleCredentials"] = answer  # type: ignore[assignment]

    assert caller.refused("dev") == (status, f"GetRoleCredentials got no usable answer: {what}")


@pytest.mark.parametrize("case", STS)
def test_answer_of_sts(caller: Caller, case: str) -> None:
    """The same for the answer to a role's request."""
    answer, status, what = STS[case]
    caller.person.center.behaviour.raw_answers["AssumeRole"] = answer  # type: ignore[assignment]

    assert caller.refused("leaf") == (status, f"AssumeRole got no usable answer: {what}")


@pytest.mark.parametrize("case", ["nothing", "HTML", "a list", "404"])
def test_answer_to_a_token_renewal(caller: Caller, case: str) -> None:
    """It is not reported as an ended sign-in, unless the answer has an error's status."""
    answer, _, _ = PORTAL[case]
    caller.person.sign_in(expires_in=-10)
    caller.person.center.behaviour.raw_answers["CreateToken"] = answer  # type: ignore[assignment]
    status, said = caller.refused("dev")

    if case == "404":  # botocore takes any error for the end of the sign-in
        assert (status, said.partition(";")[0]) == (253, "the sign-in to session 'corp' is over")
    else:
        assert status == 255
        assert said.startswith("CreateToken got no usable answer: ")


@pytest.mark.parametrize("profile", ["dev", "leaf"])
def test_keys_expired_on_arrival(caller: Caller, profile: str) -> None:
    """The message asks whether this machine's clock is right, because it may be ahead."""
    caller.person.center.behaviour.role_lifetime = -60

    status, said = caller.refused(profile)
    assert status == 255
    assert re.fullmatch(
        r"its new keys have expired already: is this machine's clock right\? "
        r"it says \d\d:\d\d UTC",
        said,
    )


MFA = "mfa_serial = arn:aws:iam::111122223333:mfa/me"
CACHED = {"empty": b"", "cut off": b'{"Cred', "null": b"null", "a list": b"[]", "no keys": b"{}"}


@pytest.mark.parametrize("case", CACHED)
def test_cached_keys_that_are_damaged(caller: Caller, case: str) -> None:
    """With MFA the CLI's cache is used: the message names the file and the command to remove it."""
    person = caller.person
    assert caller.program.refresh("leaf").status == 0
    cache = person.home / ".aws" / "cli" / "cache"
    person.configure(with_setting(PROFILES + ROLES, "leaf", MFA), plugin=False)
    before = set(cache.iterdir())
    # The name of botocore's cache file for this role with this device.
    arguments = {"RoleArn": LEAF, "SerialNumber": MFA.partition(" = ")[2]}
    name = hashlib.sha1(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
    (cache / f"{name}.json").write_bytes(CACHED[case])

    assert before
    assert caller.refused("leaf") == (
        253,
        f"the AWS CLI's cached keys in {cache / name}.json are damaged; "
        f"remove them with: rm {cache / name}.json",
    )


EVERY_KIND = f"""{PROFILES}{ROLES}
[profile comment]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = us-east-1   # where we live

[profile elsewhere]
sso_session = nosuch
sso_account_id = 111122223333
sso_role_name = Developer

[profile killed]
credential_process = sh -c 'kill -9 $$'

[profile expired]
credential_process = cat {{home}}/expired.json

[profile web]
role_arn = {LEAF}
web_identity_token_file = {{home}}/web-token
region = us-east-1
"""


@on_both
def test_commands_have_the_same_messages(person: Person) -> None:
    """Each kind of failure has its line on each AWS CLI; the status is 255 if theirs differ."""
    person.configure(EVERY_KIND.format(home=person.home))
    person.sign_in()
    person.sign_in(None).write_text("null")
    (person.home / "web-token").write_text("made-up-web-identity-token")
    expired = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}
    expired["Expiration"] = "2020-01-01T00:00:00Z"
    (person.home / "expired.json").write_text(json.dumps(expired))
    cut_off = (200, {"content-length": "5000"}, iter([b'{"role']))
    person.center.behaviour.raw_answers["GetRoleCredentials"] = cut_off
    answer = b"<Response><AssumeRoleWithWebIdentityResult/></Response>"
    person.center.behaviour.raw_answers["AssumeRoleWithWebIdentity"] = (200, {}, answer)
    sources = ("comment", "elsewhere", "inline", "killed", "expired", "dev", "web")
    done = person.refresh("--source-profiles", *sources)
    see = "see it with: aws configure get credential_process --profile"

    assert done.status == 255
    assert lines(done.err) == [
        f"aws: [ERROR]: {line}"
        for line in (
            "comment: region of profile 'comment' is 'us-east-1   # where we live', not a region; "
            "mend it with: aws configure set region VALUE --profile comment",
            "elsewhere: there is no sso-session 'nosuch' (there are 'corp'); "
            "make it with: aws configure sso-session",
            "inline: not signed in; run: aws sso login --profile inline",
            f"killed: its credential_process was ended by SIGKILL; {see} killed",
            "expired: its credential_process printed keys that have expired already; "
            f"{see} expired",
            "dev: GetRoleCredentials got no usable answer: it is cut off",
            "web: AssumeRoleWithWebIdentity got no usable answer: "
            "it lacks something, or has a value of a wrong type",
        )
    ]


def test_login_with_an_unusable_token_file(person: Person) -> None:
    """``--login`` on a terminal signs in, as if there were no token file."""
    person.sign_in().write_text("null")
    device_code = "--use-device-code --no-browser"
    command = f"{person.cli} sso refresh-legacy --profile dev --login {device_code}"
    terminal = pexpect.spawn(
        "/bin/sh", ["-c", command], env=person.environment, timeout=60, encoding="utf-8"
    )
    said = terminal.read()
    terminal.wait()

    assert terminal.exitstatus == 0, said
    assert "1 legacy profile written" in said
