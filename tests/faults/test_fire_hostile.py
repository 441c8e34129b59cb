"""Hostile input never gets into the file unescaped; at worst the error is one line.

Other people wrote the names and settings; a portal and a ``credential_process`` may answer with
anything.
"""

from __future__ import annotations

import itertools
import json
import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from identity_center.center import START_URL
from support import fire
from support.person import FROZEN, PROFILES, Person, interrupted, only, wait_until

from awscli_plugin_legacy_sso.errors import InvalidNameError
from awscli_plugin_legacy_sso.file.document import Document
from awscli_plugin_legacy_sso.file.section import write
from awscli_plugin_legacy_sso.legacy_profile import Credentials, record

MINE = "[mine]\nk = v\n"
NAMES = st.one_of(
    st.text(max_size=20),
    st.text(
        st.sampled_from("ab[]=:#;%${} \t\r\n\0\x0b\x1c\x7f\x85\xa0\u200b\u2028\u202e\ufeff\ud800")
    ),
)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(name=NAMES, source=NAMES, key=NAMES, region=st.one_of(st.none(), NAMES))
@example("n" * 10_000, "s", "k", None)
@example("\u202egnp.exe\u2066", "a\u200bb", "k", None)
@example("${HOME}%(x)s", "%", "=;#", "[x]")
@example("\ufeffx", "x", "k", None)
def test_names_and_values_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, source: str, key: str, region: str | None
) -> None:
    """Each is read back exactly or refused. None becomes a section, a key or a line of its own."""
    text = Document(MINE)
    credentials = Credentials("ASIA", key, "token", None)
    try:
        write(text, name, source, credentials, region)
    except InvalidNameError as error:
        refusal = str(error)
    else:
        refusal = ""
        file = tmp_path_factory.getbasetemp() / "credentials"
        file.write_bytes(text.render().encode())
        reading = raw_config_parse(str(file))
        assert reading.pop("mine") == {"k": "v"}
        assert list(reading) == [name]
        assert reading[name]["aws_secret_access_key"] == key
        assert reading[name]["x_legacy_sso_source"] == record(source)
        assert reading[name].get("region") == (region or None)
    assert refusal.isprintable()
    assert len(key) < 3 or key not in refusal or key in name


# Calls the Python function in a process of its own, which starts faster than the command. The
# command would report any other exception as a bug, so it is not caught here.
_REFRESH = """
import json, sys
from awscli_plugin_legacy_sso import errors, refresh_legacy_sso
try:
    refresh_legacy_sso(sys.argv[1])
except errors.LegacySsoError as error:
    print(json.dumps([error.status, str(error)]))
"""


def refusal(person: Person, profile: str) -> tuple[int, str]:
    """Run a refresh that must fail and leave the file unchanged; return its status and its line."""
    person.sign_in()
    person.credentials.write_text(MINE)
    done = fire.run([sys.executable, "-c", _REFRESH, profile], env=person.environment)
    assert (done.returncode, done.stderr) == (0, "")
    status, said = json.loads(done.stdout)
    assert said.isprintable()
    assert person.credentials.read_text() == MINE
    return status, said


# Profile names in a configuration that others wrote. Dev and dEV are two profiles.
ODD_NAMES = (
    "a%b",
    "${HOME}",
    "a=b:c",
    "Dev",
    "dEV",
    "né\u200b\u202e",
    "n" * 10_000,
    "-rf",
)


def test_odd_profile_names(person: Person) -> None:
    """Each gets its own section, also if names differ only in case.

    A warning names those that some tools cannot see.
    """
    configuration = "".join(
        f"""
[profile {shlex.quote(name)}]
sso_session = corp
sso_account_id = {number:012}
sso_role_name = Developer
"""
        for number, name in enumerate(ODD_NAMES)
    )
    person.configure(PROFILES + configuration)
    person.sign_in()
    person.sign_in(None)
    done = person.refresh("--source-profiles", "*")
    warned = [name for name in ODD_NAMES if f"some tools will not see '{name}" in done.err]

    assert done.status == 0
    assert warned == ["${HOME}", "a=b:c"]
    sections = person.sections()
    for number, name in enumerate(ODD_NAMES):
        keys = sections[f"{name}-legacy-sso"]
        issued = person.center.keys_of(keys["aws_access_key_id"])
        assert issued
        assert issued.account == f"{number:012}"
        assert keys["x_legacy_sso_source"] == record(name)


@only(FROZEN)
@pytest.mark.parametrize("session", ["a%b=${HOME}:#", "né\u200b\u202e", "s" * 10_000])
def test_odd_session_names(person: Person, session: str) -> None:
    """The sign-in is found as the CLI finds it, and the list has the name."""
    person.configure(
        f"[profile p]\nsso_session = {session}\nsso_account_id = 111122223333\n"
        f"sso_role_name = Developer\n[sso-session {shlex.quote(session)}]\n"
        f"sso_region = us-east-1\nsso_start_url = {START_URL}\n"
    )
    person.sign_in(session)
    done = person.refresh("--sso-session", session)
    assert (done.status, done.err) == (0, "")
    done = person.refresh("--profile", "p")
    assert (done.status, done.err) == (0, "")

    (listed,) = json.loads(person.legacy("list-legacy").out)["LegacyProfiles"]
    assert listed["SsoSession"] == session


SETTINGS = {
    "a region of two lines": "region = us-west-2\n  [evil]",
    "a region that is a block": "region =\n  a = b",
    "a region with a control character": "region = us\x1bwest",
    "a session that is a block": "sso_session =\n  a = b",
    "a session of two lines": "sso_session = corp\n  other",
    "a role that is a block": "sso_role_name =\n  a = b",
    "a source profile that is a block": "source_profile =\n  a = b",
}


@only(FROZEN)
@pytest.mark.parametrize("case", SETTINGS)
def test_odd_settings_are_refused(person: Person, case: str) -> None:
    """One line refuses what cannot be a setting's value; nothing of it gets into the file."""
    key = SETTINGS[case].partition(" =")[0]
    dev, inline, others = PROFILES.partition("[profile inline]")
    dev = re.sub(f"(?m)^{key} = .*\n", "", dev).rstrip()
    person.configure(f"{dev}\n{SETTINGS[case]}\n\n{inline}{others}", plugin=False)

    status, _ = refusal(person, "dev")
    assert status in (253, 254, 255)


# The portal.


def keys(**changed: object) -> tuple[int, dict[str, str], bytes]:
    """Return a raw answer with role credentials and these changes; ``None`` leaves a member out."""
    whole = {
        "accessKeyId": "ASIAMADEUP",
        "secretAccessKey": "made-up-secret",
        "sessionToken": "made-up-token",
        "expiration": int(time.time() + 3600) * 1000,
        **changed,
    }
    answer = {key: value for key, value in whole.items() if value is not None}
    return 200, {}, json.dumps({"roleCredentials": answer}).encode()


# The answer, and the exit status: 254 for a refusal, 255 for an unusable answer.
ANSWERS = {
    "HTML": ((200, {"content-type": "text/html"}, b"<html>\n<body>hotel</body>"), 255),
    "nothing": (b"", 255),
    "no HTTP": (b"\x00\xff garbage\r\n\r\n", 255),
    "a list": ((200, {}, b"[]"), 255),
    "a number": ((200, {}, b"7"), 255),
    "null": ((200, {}, b'{"roleCredentials": null}'), 255),
    "depth": ((200, {}, b'{"roleCredentials":' * 100_000), 255),
    "cut short": ((200, {"content-length": "5000"}, iter([b'{"role'])), 255),
    "no secret key": (keys(secretAccessKey=None), 255),
    "no token": (keys(sessionToken=None), 255),
    "no expiration": (keys(expiration=None), 255),
    "an empty token": (keys(sessionToken=""), 255),
    "a key that is a number": (keys(accessKeyId=7), 255),
    "a key that is a block": (keys(secretAccessKey={"a": "b"}), 255),
    "line breaks": (keys(sessionToken="a\r\n[evil]\nk = v"), 255),
    "U+2028": (keys(sessionToken="a\u2028b"), 255),
    "half a character": (keys(sessionToken="a\ud800b"), 255),
    "an expiration in the past": (keys(expiration=1), 255),
    "an expiration in words": (keys(expiration="soon"), 255),
    "an expiration after all time": (keys(expiration=10**20), 255),
    "an error in HTML": ((503, {}, b"<html>\r\n\x1b[31mbusy"), 254),
    "an error with control characters": (
        (403, {"x-amzn-errortype": "No\x7f"}, b'{"message": "\\u001b[2J\\n\\u202eno"}'),
        254,
    ),
}


@only(FROZEN)
@pytest.mark.parametrize("case", ANSWERS)
def test_portal_answers(person: Person, case: str) -> None:
    """The error is one line without any value of the answer; the file is unchanged."""
    answer, status = ANSWERS[case]
    person.center.behaviour.raw_answers["GetRoleCredentials"] = answer  # type: ignore[assignment]
    was, said = refusal(person, "dev")

    assert was == status, said
    assert not re.search("made-up|evil", said)


@only(FROZEN)
def test_portal_extra_fields_and_year_9999(person: Person) -> None:
    """Unknown fields are not written to the file; keys that expire in 9999 are."""
    person.sign_in()
    last = 253_402_300_799_000
    answer = keys(expiration=last, evil="[x]\nk = v", region="evil")
    person.center.behaviour.raw_answers["GetRoleCredentials"] = answer
    done = person.refresh("--profile", "dev")

    assert (done.status, done.err) == (0, "")
    (section,) = person.sections().values()
    assert section["x_security_token_expires"] == "9999-12-31T23:59:59Z"
    assert "evil" not in person.credentials.read_text()
    assert json.loads(person.legacy("list-legacy").out)["LegacyProfiles"][0]["State"] == "valid"


def without_end() -> Iterator[bytes]:
    return itertools.repeat(b" " * 1000)


@only(FROZEN)
def test_portal_endless_answer_ctrl_c(person: Person) -> None:
    """Ctrl-C ends the command at once with status 130; the file is unchanged."""
    person.sign_in()
    person.credentials.write_text(MINE)
    person.center.behaviour.raw_answers["GetRoleCredentials"] = (200, {}, without_end())
    process = person.start("sso", "refresh-legacy", "--profile", "dev")
    person.center.wait_for("GetRoleCredentials")

    assert interrupted(process) == 130
    assert person.credentials.read_text() == MINE


# A credential_process.

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def printing(**changed: object) -> str:
    """Return a script that prints keys as a ``credential_process`` must, with these changes."""
    answer = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t"}
    document = {key: value for key, value in {**answer, **changed}.items() if value is not None}
    return f"cat <<'END'\n{json.dumps(document)}\nEND"


PROCESSES = {
    "garbage": "printf '\\000\\377[x]\\nk = v'",
    "nothing": "true",
    "no JSON object": "echo 7",
    "version 2": printing(Version=2),
    "keys missing": printing(SecretAccessKey=None),
    "line breaks": printing(SecretAccessKey="a\n[x]"),
    "no token": printing(SessionToken=None),
    "an expiry in words": printing(Expiration="soon"),
    "an expiry in the past": printing(Expiration="2020-01-01T00:00:00Z"),
    "stderr and failure": f"printf '\\033[2J key is {SECRET}\\nrun: tool login\\n' >&2; exit 3",
    "killed": "kill -9 $$",
    "much stderr": f"yes '{SECRET}' | head -n 100000 >&2; exit 3",
    "no such program": "",
}


def have_process(person: Person, script: str, *, plugin: bool = True) -> None:
    program = person.home / "process"
    if script:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    person.configure(f"[profile p]\ncredential_process = {program}\n", plugin=plugin)
    person.credentials.write_text(MINE)


@only(FROZEN)
@pytest.mark.parametrize("case", PROCESSES)
def test_process_answers(person: Person, case: str) -> None:
    """The error is one line without any key from the process's stderr; the file is unchanged."""
    have_process(person, PROCESSES[case], plugin=False)
    status, said = refusal(person, "p")

    assert status in (253, 255), said
    assert SECRET not in said
    assert ("run: tool login" in said) is (case == "stderr and failure")


@only(FROZEN)
def test_process_that_also_writes_to_stderr(person: Person) -> None:
    """If it succeeds, its stderr is not shown."""
    have_process(person, f"echo {SECRET} >&2\n{printing()}")
    done = person.refresh("--profile", "p")

    assert (done.status, done.err) == (0, "")
    assert person.sections()["p-legacy-sso"]["aws_secret_access_key"] == "s"


@only(FROZEN)
def test_process_that_hangs_ctrl_c(person: Person, tmp_path: Path) -> None:
    """Ctrl-C ends the command at once with status 130; the file is unchanged."""
    started = tmp_path / "started"
    have_process(person, f"touch {started}; exec sleep 60")
    process = person.start("sso", "refresh-legacy", "--profile", "p")
    wait_until(started.exists)

    assert interrupted(process) == 130
    assert person.credentials.read_text() == MINE
