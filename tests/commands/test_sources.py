"""Each kind of source profile that the CLI can use, on each CLI that knows it."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pexpect
import pytest
from identity_center.state import Trust
from support.person import DEBIAN, FROZEN, PROFILES, Person, arn, lines, on_both, only
from support.profiles import legacy
from support.sources import USER, hand_out, leave_login_session

LEAF = "arn:aws:iam::777788889999:role/Leaf"
MIDDLE = "arn:aws:iam::777788889999:role/Middle"
MFA = "arn:aws:iam::111122223333:mfa/me"
CONFIG = f"""{PROFILES}
[profile on-sso]
role_arn = {LEAF}
source_profile = dev
region = us-east-1

[profile on-inline]
role_arn = {LEAF}
source_profile = inline
region = us-east-1

[profile on-chain]
role_arn = {LEAF}
source_profile = middle
region = us-east-1
external_id = shibboleth
duration_seconds = 1800
role_session_name = somebody

[profile middle]
role_arn = {MIDDLE}
source_profile = dev
region = us-east-1

[profile on-keys]
role_arn = {LEAF}
source_profile = user
region = us-east-1

[profile on-environment]
role_arn = {LEAF}
credential_source = Environment
region = us-east-1

[profile web]
role_arn = {LEAF}
web_identity_token_file = {{home}}/token
region = us-east-1

[profile process]
credential_process = cat {{home}}/keys.json

[profile with-mfa]
role_arn = {LEAF}
source_profile = dev
mfa_serial = {MFA}
region = us-east-1

[profile console]
login_session = {USER}
region = us-east-1
"""
KEYS_OF_USER = "[user]\naws_access_key_id = AKIAUSER\naws_secret_access_key = the-users-own\n"
ASSUMED = "arn:aws:sts::777788889999:assumed-role/Leaf/"


@pytest.fixture
def person(person: Person) -> Person:
    """A signed-in person with long-term keys and a profile of each kind."""
    person.configure(CONFIG.format(home=person.home))
    person.credentials.write_text(KEYS_OF_USER)
    person.center.add_user("AKIAUSER", "the-users-own", USER)
    person.center.trust[LEAF] = Trust()
    (person.home / "token").write_text("made-up-web-identity-token")
    person.sign_in()
    person.sign_in(None)
    return person


@pytest.mark.parametrize(
    ("source", "identity"),
    [
        ("dev", arn("111122223333", "Developer")),
        ("inline", arn("444455556666", "ReadOnly")),
        ("on-sso", ASSUMED),
        ("on-inline", ASSUMED),
        ("on-chain", f"{ASSUMED}somebody"),
        ("on-keys", ASSUMED),
        ("on-environment", ASSUMED),
        ("web", ASSUMED),
        ("process", "arn:aws:sts::123456789012:assumed-role/P/x"),
    ],
)
def test_identity_of_each_source(person: Person, source: str, identity: str) -> None:
    """The written keys are the source profile's and equal the CLI's export.

    An available machine role is not used.
    """
    hand_out(person)
    person.center.trust[LEAF] = Trust(external_id="shibboleth" if source == "on-chain" else None)
    environment = person.center.machine_environment()
    if source == "on-environment":
        environment |= {"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "the-users-own"}
    done = person.refresh("--profile", source, env=environment)
    exported = person.aws("configure", "export-credentials", "--profile", source, env=environment)

    assert (done.status, done.err) == (0, "")
    assert person.identity(f"{source}-legacy-sso").startswith(identity)
    assert (
        json.loads(exported.out)["AccessKeyId"]
        == (person.sections()[f"{source}-legacy-sso"]["aws_access_key_id"])
    )
    assert person.credentials.read_text().startswith(KEYS_OF_USER)
    assert "machine-role" not in "".join(person.center.identities)


@only(FROZEN)
def test_role_settings_are_sent(person: Person) -> None:
    """External id, duration and session name are sent, also in a chain of two roles."""
    person.center.trust[LEAF] = Trust(external_id="shibboleth")
    person.refresh("--profile", "on-chain")
    details = [call.details for call in person.center.calls if call.operation == "AssumeRole"]

    assert [call["arn"] for call in details] == [MIDDLE, LEAF]
    assert details[1]["external_id"] == "shibboleth"
    assert details[1]["duration_seconds"] == "1800"
    assert details[1]["role_session_name"] == "somebody"


@only(FROZEN)
def test_role_keys_are_fresh(person: Person) -> None:
    """Neither the role's keys nor those of its source profile come from the CLI's cache."""
    person.refresh("--profile", "on-sso")
    person.center.reset_calls()
    person.refresh("--profile", "on-sso")

    assert person.center.count("GetRoleCredentials") == 1
    assert person.center.count("AssumeRole") == 1


@on_both
def test_mfa_code_is_asked_once(person: Person) -> None:
    """While the keys are in the CLI's cache there is no second question, and the line says so."""
    person.center.trust[LEAF] = Trust(mfa_serial=MFA, mfa_code="123456")
    terminal = on_a_terminal(person, "with-mfa")
    terminal.expect("Enter MFA code for")
    terminal.sendline("123456")
    terminal.expect("1 legacy profile written")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    person.center.reset_calls()
    again = person.refresh("--profile", "with-mfa")

    assert terminal.exitstatus == 0
    assert person.identity("with-mfa-legacy-sso").startswith(ASSUMED)
    assert again.status == 0
    assert "(in 1h 0m); with MFA the AWS CLI's cached keys are used while they last" in again.out
    assert person.center.count("AssumeRole") == 0


@only(FROZEN)
def test_mfa_questions_one_at_a_time(person: Person) -> None:
    """Two roles ask for their codes one after the other; other profiles are fetched meanwhile."""
    person.center.trust[LEAF] = Trust(mfa_serial=MFA, mfa_code="123456")
    another = MFA.replace("/me", "/other-phone")
    person.center.trust[MIDDLE] = Trust(mfa_serial=another, mfa_code="654321")
    person.configure(
        f"{person.config.read_text()}\n[profile with-mfa-too]\nrole_arn = {MIDDLE}\n"
        f"source_profile = dev\nmfa_serial = {another}\nregion = us-east-1\n",
        plugin=False,
    )
    terminal = on_a_terminal(person, "with-mfa", "with-mfa-too", "inline")
    terminal.expect(f"Enter MFA code for {MFA}")
    person.center.wait_for("GetRoleCredentials", 2)
    terminal.sendline("123456")
    terminal.expect(f"Enter MFA code for {another}")
    terminal.sendline("654321")
    terminal.expect("3 legacy profiles written")
    terminal.expect(pexpect.EOF)
    terminal.wait()

    assert terminal.exitstatus == 0


@only(FROZEN)
def test_mfa_question_ctrl_c(person: Person) -> None:
    """Ctrl-C at a question: no further question, status 130; profiles without MFA are written."""
    person.center.trust[LEAF] = Trust(mfa_serial=MFA, mfa_code="123456")
    person.configure(
        f"{person.config.read_text()}\n[profile with-mfa-too]\nrole_arn = {MIDDLE}\n"
        f"source_profile = dev\nmfa_serial = {MFA}2\nregion = us-east-1\n",
        plugin=False,
    )
    terminal = on_a_terminal(person, "with-mfa", "with-mfa-too", "inline")
    terminal.expect("Enter MFA code for")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.wait()

    assert terminal.exitstatus == 130
    assert "with-mfa, with-mfa-too: no MFA code was given" in terminal.before
    assert "Enter MFA code" not in terminal.before
    assert person.identity("inline-legacy-sso")
    assert "with-mfa-legacy-sso" not in person.sections()


@only(FROZEN)
def test_mfa_without_a_terminal_beside_inline(person: Person) -> None:
    """Without a terminal only the profile with MFA fails; the keys of the other one are valid."""
    person.center.trust[LEAF] = Trust(mfa_serial=MFA, mfa_code="123456")
    done = person.refresh("--source-profiles", "with-mfa", "inline")

    assert done.status == 1
    assert "an MFA code is needed; run this in a terminal, where you can be asked" in done.err
    assert person.identity("inline-legacy-sso")


def on_a_terminal(person: Person, *sources: str) -> Any:
    """Start a refresh of these source profiles on a terminal."""
    return pexpect.spawn(
        str(person.cli),
        ["sso", "refresh-legacy", "--source-profiles", *sources],
        env=person.environment,
        timeout=60,
        encoding="utf-8",
    )


def test_mfa_without_a_terminal(person: Person) -> None:
    """Without a terminal the profile with MFA fails with one line; the other one is written."""
    person.center.trust[LEAF] = Trust(mfa_serial=MFA, mfa_code="123456")
    done = person.refresh("--source-profiles", "with-mfa", "dev")

    assert done.status == 1
    assert done.err.endswith(
        "aws: [ERROR]: with-mfa: an MFA code is needed; "
        "run this in a terminal, where you can be asked\n"
    )
    assert "dev-legacy-sso" in person.sections()


def test_mfa_role_not_signed_in(person: Person) -> None:
    """If its source profile is not signed in, this is the error, not the missing MFA code."""
    person.center.trust[LEAF] = Trust(mfa_serial=MFA, mfa_code="123456")
    person.aws("sso", "logout")
    done = person.refresh("--profile", "with-mfa")

    assert done.status == 253
    assert done.err.endswith(
        "with-mfa: not signed in to session 'corp'; run: aws sso login --sso-session corp\n"
    )


def test_process_with_keys_of_nine_minutes(person: Person) -> None:
    """Keys with nine minutes left are written; the line says the time left and the reason."""
    hand_out(person, minutes=9)
    done = person.refresh("--profile", "process")

    assert done.status == 0
    assert "(in 9m); credential_process may hand out keys it has had for a while" in done.out


@only(FROZEN)
def test_process_without_an_expiration(
    person: Person,
) -> None:
    """A process may print no Expiration: then the one of an earlier refresh is removed."""
    hand_out(person)
    person.refresh("--profile", "process")
    hand_out(person, Expiration="")
    done = person.refresh("--profile", "process")

    assert "process -> process-legacy-sso  does not say when it expires" in done.out
    assert "x_security_token_expires" not in person.sections()["process-legacy-sso"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("{", "its credential_process printed no JSON object"),
        ('{"Version": 2}', "its credential_process printed no Version 1"),
        (
            '{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s"}',
            "its credential_process printed no SessionToken",
        ),
    ],
)
@only(FROZEN)
def test_process_with_unusable_output(person: Person, output: str, said: str) -> None:
    """One line says what is wrong and shows nothing of the output."""
    (person.home / "keys.json").write_text(output)
    done = person.refresh("--profile", "process")
    (line,) = lines(done.err)

    assert done.status in (253, 255)
    assert said in line
    assert person.credentials.read_text() == KEYS_OF_USER


@only(FROZEN)
def test_login_session(person: Person) -> None:
    """Its keys are written, and the line says that they live 15 minutes at most."""
    leave_login_session(person, minutes=12)
    done = person.refresh("--profile", "console")

    assert (done.status, done.err) == (0, "")
    assert person.identity("console-legacy-sso").endswith("assumed-role/C/x")
    assert "(in 12m); keys of a login_session live 15 minutes at most" in done.out


@only(FROZEN)
def test_login_session_not_signed_in(person: Person) -> None:
    """The line names the CLI's login command."""
    done = person.refresh("--profile", "console")

    assert done.status == 253
    assert "not signed in; run: aws login --profile console" in done.err


@only(FROZEN)
def test_role_not_signed_in(person: Person) -> None:
    """The line's login command names the source profile, as a login cannot use the role's one."""
    person.configure(
        f"{person.config.read_text()}\n[profile on-console]\nrole_arn = {LEAF}\n"
        "source_profile = console\nregion = us-east-1\n",
        plugin=False,
    )
    person.aws("sso", "logout")
    done = person.refresh("--source-profiles", "on-inline", "on-console")

    assert lines(done.err) == [
        "aws: [ERROR]: on-inline: not signed in; run: aws sso login --profile inline",
        "aws: [ERROR]: on-console: not signed in; run: aws login --profile console",
    ]


def test_token_with_a_line_break_is_not_shown(person: Person) -> None:
    """The HTTP client's error would quote the header with the token in it; ours does not."""
    hand_out(person, SessionToken="a-made-up-token\n")
    person.configure(
        f"{person.config.read_text()}\n[profile on-process]\nrole_arn = {LEAF}\n"
        "source_profile = process\nregion = us-east-1\n",
        plugin=False,
    )
    done = person.refresh("--profile", "on-process")

    assert done.status == 255
    assert "its credential_process printed keys that cannot be used" in done.err
    assert "made-up" not in done.err


@only(FROZEN)
def test_missing_file_is_named(person: Person) -> None:
    """The error has the path of a web identity's token or of the CLI's cache.

    It does not have the command of a process.
    """
    person.configure(
        f"{PROFILES}\n[profile process]\ncredential_process = /nowhere/program --secret\n"
        f"[profile web]\nrole_arn = {LEAF}\nweb_identity_token_file = /nowhere/token\n"
        "region = us-east-1\n"
    )
    done = person.refresh("--source-profiles", "process", "web")
    shutil.rmtree(person.home / ".aws" / "cli")
    (person.home / ".aws" / "cli").write_text("in the way")
    cache = person.refresh("--profile", "dev")

    assert lines(done.err) == [
        "aws: [ERROR]: process: its credential_process cannot be started: No such file or "
        "directory; see it with: aws configure get credential_process --profile process",
        "aws: [ERROR]: web: /nowhere/token: No such file or directory",
    ]
    assert lines(cache.err) == [
        f"aws: [ERROR]: {person.home}/.aws/cli/cache: Not a directory",
    ]
    assert (done.status, cache.status) == (253, 253)


@only(DEBIAN)
def test_login_session_on_old_cli(person: Person) -> None:
    """``aws login`` came with 2.32; to an older CLI the settings give no credentials."""
    done = person.refresh("--profile", "console")

    assert done.status == 253
    assert "its settings give no credentials" in done.err


@only(FROZEN)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("role_arn = arn:aws:iam::777788889999:role/X\nsource_profile = loop", "Infinite loop"),
        ("role_arn = arn:aws:iam::777788889999:role/X\nsource_profile = nosuch", "nosuch"),
        ("role_arn = arn:aws:iam::777788889999:role/X", "source_profile"),
        ("sso_session = nosuch\nsso_account_id = 1\nsso_role_name = X", "nosuch"),
        ("role_arn = arn:aws:iam::777788889999:role/X\nsource_profile = dev", "needs a region"),
    ],
)
def test_settings_that_cannot_work(person: Person, settings: str, said: str) -> None:
    """One line says what is wrong, with status 253."""
    person.configure(f"{PROFILES}\n[profile loop]\n{settings}\n")
    done = person.refresh("--profile", "loop")
    (line,) = lines(done.err)

    assert done.status == 253
    assert said in line


@only(FROZEN)
def test_role_denied(person: Person) -> None:
    """The line has the service's reason; status 254."""
    person.center.behaviour.forbidden.add(("777788889999", "Leaf"))
    done = person.refresh("--profile", "on-sso")

    assert done.status == 254
    assert "on-sso: AssumeRole was refused (AccessDenied: " in done.err


@only(FROZEN)
def test_role_over_a_legacy_profile(person: Person) -> None:
    """It is fetched with new keys of the legacy profile's own source.

    The CLI uses the keys in the file and fails once they have expired.
    """
    person.configure(
        f"{person.config.read_text()}\n[profile ops]\nrole_arn = {LEAF}\n"
        "source_profile = dev-legacy-sso\nregion = us-east-1\n",
        plugin=False,
    )
    person.credentials.write_text(legacy("dev-legacy-sso", "dev"))
    cli = person.aws("configure", "export-credentials", "--profile", "ops")
    done = person.refresh("--profile", "ops")
    callers = [it.details["caller"] for it in person.center.calls if "caller" in it.details]

    assert cli.status != 0
    assert (done.status, done.err) == (0, "")
    assert person.identity("ops-legacy-sso").startswith(ASSUMED)
    assert [it.startswith(arn("111122223333", "Developer")) for it in callers] == [True]


def test_process_under_its_own_name(person: Person) -> None:
    """The CLI would use the static keys under the profile's name for ever.

    A refresh still runs the process.
    """
    hand_out(person)
    person.refresh("--profile", "process", "--output-profile", "process", "--force")
    fresh = hand_out(person)
    done = person.refresh("--profile", "process", "--output-profile", "process", "--force")

    assert done.status == 0
    assert "aws: [WARNING]: 'process' is a profile of its own" in done.err
    assert person.sections()["process"]["aws_access_key_id"] == fresh["AccessKeyId"]
