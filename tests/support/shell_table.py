"""The table of calls: the line that a person types, what reaches ``aws``, and what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOGIN = ("sso", "login")
REFRESH = ("sso", "refresh-legacy", "--same-login")
SIGN_OUT = ("sso", "remove-legacy", "--all", "--sign-out")
FAILED = "legacy-sso: {} failed; to run it again: aws {}; to turn the hook off: export AWS_LEGACY_"
FAILED += "SSO_HOOK=0\n"


@dataclass(frozen=True)
class Call:
    """A line that is typed, its call of ``aws``, and the call of the follow-up, if there is one."""

    line: str
    arguments: Sequence[str]
    then: Sequence[str] | None = None
    status: int = 0
    then_fails: bool = False
    seen: str = ""  # the profile in the environment of both calls


CALLS = (
    # A profile on the command line is passed on. Others are found by the CLI as for the sign-in.
    Call("aws sso login", LOGIN, REFRESH),
    Call("aws sso login --profile dev", (*LOGIN, "--profile", "dev"), (*REFRESH, "--profile=dev")),
    Call("aws sso login --profile=dev", (*LOGIN, "--profile=dev"), (*REFRESH, "--profile=dev")),
    Call("aws --profile dev sso login", ("--profile", "dev", *LOGIN), (*REFRESH, "--profile=dev")),
    Call(
        "aws --profile x sso --no-browser login",
        ("--profile", "x", "sso", "--no-browser", "login"),
        (*REFRESH, "--profile=x"),
    ),
    Call(
        "aws sso --profile login login",
        ("sso", "--profile", "login", "login"),
        (*REFRESH, "--profile=login"),
    ),
    Call("aws --profile sso sso login", ("--profile", "sso", *LOGIN), (*REFRESH, "--profile=sso")),
    Call("aws sso login --prof dev", (*LOGIN, "--prof", "dev"), (*REFRESH, "--prof=dev")),
    Call("aws sso login --p=dev", (*LOGIN, "--p=dev"), (*REFRESH, "--p=dev")),
    Call(
        "aws --profile a sso login --profile b",
        ("--profile", "a", *LOGIN, "--profile", "b"),
        (*REFRESH, "--profile=a", "--profile=b"),
    ),
    Call("AWS_PROFILE=dev aws sso login", LOGIN, REFRESH, seen="dev"),
    Call("AWS_DEFAULT_PROFILE=dev aws sso login", LOGIN, REFRESH, seen="dev"),
    Call(r"\builtin export AWS_PROFILE=dev; aws sso login", LOGIN, REFRESH, seen="dev"),
    Call("AWS_DEFAULT_PROFILE=a AWS_PROFILE=b aws sso login", LOGIN, REFRESH, seen="b"),
    Call("AWS_PROFILE=dev; aws sso login", LOGIN, REFRESH),
    Call(
        "AWS_PROFILE=a aws sso login --profile b",
        (*LOGIN, "--profile", "b"),
        (*REFRESH, "--profile=b"),
        seen="a",
    ),
    Call("aws sso login --profile=", (*LOGIN, "--profile="), (*REFRESH, "--profile=")),
    Call("aws sso login --profile=-x", (*LOGIN, "--profile=-x"), (*REFRESH, "--profile=-x")),
    Call(
        "aws sso login --sso-session=-x",
        (*LOGIN, "--sso-session=-x"),
        ("sso", "refresh-legacy", "--sso-session=-x"),
    ),
    Call("aws sso login --sso-session=", (*LOGIN, "--sso-session="), REFRESH),
    # Names with characters that are special in a shell.
    Call(
        "aws sso login --profile 'a  b'",
        (*LOGIN, "--profile", "a  b"),
        (*REFRESH, "--profile=a  b"),
    ),
    Call("aws sso login --profile '*'", (*LOGIN, "--profile", "*"), (*REFRESH, "--profile=*")),
    Call(
        "aws sso login --profile '=ls'", (*LOGIN, "--profile", "=ls"), (*REFRESH, "--profile==ls")
    ),
    Call("aws sso login --profile='a=b'", (*LOGIN, "--profile=a=b"), (*REFRESH, "--profile=a=b")),
    Call(r"AWS_PROFILE='~[$x]\n' aws sso login", LOGIN, REFRESH, seen=r"~[$x]\n"),
    # The sign-in session, which has priority over the profile.
    Call(
        "aws sso login --sso-session corp",
        (*LOGIN, "--sso-session", "corp"),
        ("sso", "refresh-legacy", "--sso-session=corp"),
    ),
    Call(
        "aws sso login --sso-s=corp",
        (*LOGIN, "--sso-s=corp"),
        ("sso", "refresh-legacy", "--sso-session=corp"),
    ),
    Call(
        "AWS_PROFILE=a aws --profile b sso --sso-session=login login",
        ("--profile", "b", "sso", "--sso-session=login", "login"),
        ("sso", "refresh-legacy", "--sso-session=login", "--profile=b"),
        seen="a",
    ),
    # Options for the connection are passed on; those for output and sign-in are not.
    Call(
        "aws --ca-bundle my.pem sso login --no-verify-ssl --debug --cli-read-timeout=5"
        " --cli-connect-timeout 6",
        (
            *("--ca-bundle", "my.pem", *LOGIN, "--no-verify-ssl", "--debug"),
            *("--cli-read-timeout=5", "--cli-connect-timeout", "6"),
        ),
        (
            *(*REFRESH, "--ca-bundle=my.pem", "--no-verify-ssl", "--debug"),
            *("--cli-read-timeout=5", "--cli-connect-timeout=6"),
        ),
    ),
    Call(
        "aws sso login --sso-session corp --ca-b 'my own.pem'",
        (*LOGIN, "--sso-session", "corp", "--ca-b", "my own.pem"),
        ("sso", "refresh-legacy", "--sso-session=corp", "--ca-b=my own.pem"),
    ),
    Call(
        "aws --region login --output=json sso login --query sso --color off --no-browser"
        " --use-device-code --no-cli-pager --endpoint-url http://sso",
        (
            *("--region", "login", "--output=json", *LOGIN, "--query", "sso", "--color", "off"),
            *(
                "--no-browser",
                "--use-device-code",
                "--no-cli-pager",
                "--endpoint-url",
                "http://sso",
            ),
        ),
        REFRESH,
    ),
    # Signing out.
    Call("aws sso logout", ("sso", "logout"), SIGN_OUT),
    Call(
        "aws sso logout --profile dev --debug",
        ("sso", "logout", "--profile", "dev", "--debug"),
        SIGN_OUT,
    ),
    Call("aws sso --query login logout", ("sso", "--query", "login", "logout"), SIGN_OUT),
    # The switch.
    Call("AWS_LEGACY_SSO_HOOK=0 aws sso login", LOGIN),
    Call("AWS_LEGACY_SSO_HOOK=0 aws sso logout", ("sso", "logout")),
    Call("AWS_LEGACY_SSO_HOOK=0; aws sso login", LOGIN),
    Call("AWS_LEGACY_SSO_HOOK=login aws sso login", LOGIN, REFRESH),
    Call("AWS_LEGACY_SSO_HOOK=login aws sso logout", ("sso", "logout")),
    Call("AWS_LEGACY_SSO_HOOK=1 aws sso logout", ("sso", "logout"), SIGN_OUT),
    # No sign-in and no sign-out.
    Call("aws", ()),
    Call("aws ''", ("",)),
    Call("aws --version", ("--version",)),
    Call("aws s3 cp sso login", ("s3", "cp", "sso", "login")),
    Call("aws --profile login s3 ls", ("--profile", "login", "s3", "ls")),
    Call(
        "aws --output sso --region login s3 ls",
        ("--output", "sso", "--region", "login", "s3", "ls"),
    ),
    Call("aws sso help login", ("sso", "help", "login")),
    Call("aws sso login help", (*LOGIN, "help")),
    Call("aws sso login --version", (*LOGIN, "--version")),
    Call("aws --profile sso login", ("--profile", "sso", "login")),
    Call("aws login sso", ("login", "sso")),
    Call("aws sso list-accounts --region login", ("sso", "list-accounts", "--region", "login")),
    Call(
        "aws sso refresh-legacy --profile login",
        ("sso", "refresh-legacy", "--profile", "login"),
    ),
    # In AWS CLI v1 `sso logout` is another command, and `login` does not exist.
    Call("aws sso logout --access-token t", ("sso", "logout", "--access-token", "t")),
    Call("TEST_STATUS=252 aws sso login", LOGIN, status=252),
    # A call that fails has no follow-up, and keeps its status.
    Call("TEST_STATUS=1 aws sso login", LOGIN, status=1),
    Call("TEST_STATUS=130 aws sso login", LOGIN, status=130),
    Call("TEST_STATUS=255 aws sso login", LOGIN, status=255),
    Call("TEST_STATUS=253 aws sso logout", ("sso", "logout"), status=253),
    Call("TEST_STATUS=254 aws s3 ls", ("s3", "ls"), status=254),
    # If the follow-up fails, we print one line, and the login still succeeds.
    Call("TEST_FOLLOW_STATUS=253 aws sso login", LOGIN, REFRESH, then_fails=True),
    Call(
        "TEST_FOLLOW_STATUS=1 aws sso login --sso-session corp --debug",
        (*LOGIN, "--sso-session", "corp", "--debug"),
        ("sso", "refresh-legacy", "--sso-session=corp", "--debug"),
        then_fails=True,
    ),
    Call("TEST_FOLLOW_STATUS=255 aws sso logout", ("sso", "logout"), SIGN_OUT, then_fails=True),
    # Typed by hand, our commands keep their status.
    Call("TEST_FOLLOW_STATUS=253 aws sso refresh-legacy", ("sso", "refresh-legacy"), status=253),
)
# One of each kind, for tests that would run all too often.
FEW_CALLS = (
    Call("AWS_PROFILE='=ls' aws sso login", LOGIN, REFRESH, seen="=ls"),
    Call(
        "aws --no-verify-ssl sso --sso-session 'a *' login",
        ("--no-verify-ssl", "sso", "--sso-session", "a *", "login"),
        ("sso", "refresh-legacy", "--sso-session=a *", "--no-verify-ssl"),
    ),
    Call("TEST_STATUS=130 aws sso login", LOGIN, status=130),
    Call("TEST_FOLLOW_STATUS=255 aws sso logout", ("sso", "logout"), SIGN_OUT, then_fails=True),
)


def script(calls: Sequence[Call]) -> str:
    """Return the lines to type; each prints a mark and its status on all streams and in the log."""
    lines = []
    for number, call in enumerate(calls):
        mark = f"\\builtin printf '== %s\\n' {number}"
        lines += [
            "\\builtin unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_LEGACY_SSO_HOOK",
            "\\builtin unset TEST_STATUS TEST_FOLLOW_STATUS",
            f'{mark}; {mark} >&2; {mark} >>"$TEST_LOG"; rc=0',
            # Under set -e a call that must succeed is alone: an error of ours ends the shell.
            call.line if call.status == 0 else f"{call.line} || rc=$?",
            r"""\builtin printf 'status %s\n' "$rc" """,
        ]
    return "\n".join(lines) + "\n"


def expected(calls: Sequence[Call]) -> tuple[str, str, str]:
    """Return what these calls write to stdout and stderr, and what reaches ``aws``."""
    out = err = log = ""
    for number, call in enumerate(calls):
        words = " ".join([*call.arguments, "", ""][:2]) if call.arguments else " "
        out += f"== {number}\nout: {words}\nstatus {call.status}\n"
        err += f"== {number}\nerr: {words}\n"
        log += f"== {number}\n" + _recorded(call.arguments, call.seen)
        if call.then is not None:
            log += _recorded(call.then, call.seen)
            err += "out: {0} {1}\nerr: {0} {1}\n".format(*call.then)
            if call.then_fails:
                err += FAILED.format(call.then[1], " ".join(call.then))
    return out, err, log


def _recorded(arguments: Sequence[str], seen: str) -> str:
    words = "".join(f" [{word}]" for word in arguments or [""])
    return f"{len(arguments)}{words}{f' as {seen}' if seen else ''}\n"
