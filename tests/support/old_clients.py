"""Clients that read static keys; each prints the identity of the profile in ``AWS_PROFILE``.

Standard library only: the demo uses it before anything is installed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from support import real_parts

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Client:
    """How to run a client, and what it does with an SSO profile."""

    # Takes the stand-in's address; the status is not 0 if the keys are refused.
    command: Callable[[str], Command]
    language: str
    profile_by: str = "`AWS_PROFILE`"
    sso_profile: str = "fails"
    # What it does with an SSO profile on a cloud machine that has a role.
    on_a_machine: str = "fails"


_BOTO = """
import boto.regioninfo, boto.sts, re, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
region = boto.regioninfo.RegionInfo(name="us-east-1", endpoint=url.hostname)
sts = boto.sts.STSConnection(region=region, port=url.port, is_secure=False)
answer = sts.make_request("GetCallerIdentity", {}, verb="POST").read().decode()
arn = re.search("<Arn>(.*)</Arn>", answer)
print(arn[1] if arn else sys.exit("refused: " + re.search("<Code>(.*)</Code>", answer)[1]))
"""
_BOTO3 = """
import boto3, sys
sts = boto3.client("sts", region_name="us-east-1", endpoint_url=sys.argv[1])
try:
    print(sts.get_caller_identity()["Arn"])
except Exception as error:
    sys.exit("refused: " + str(error))
"""
_NODE = """
const AWS = require(process.argv[1]);
const sts = new AWS.STS({ endpoint: process.argv[2], region: "us-east-1" });
sts.getCallerIdentity({}, (error, answer) => {
  if (error) { console.error(error.code); process.exit(1); }
  console.log(answer.Arn);
});
"""
# The last release also reads SSO profiles, but only if it is set to read the config file.
_NODE_WITH_CONFIG = f"""
process.env.AWS_SDK_LOAD_CONFIG = "1";
require(process.argv[1]).config.sso = {{ endpoint: process.argv[2] }};
{_NODE}
"""
# The release of 2015 has no GetCallerIdentity. A successful AssumeRole also proves the keys.
_NODE_2_2_0 = """
const AWS = require(process.argv[1]);
const sts = new AWS.STS({ endpoint: process.argv[2], region: "us-east-1" });
const role = "arn:aws:iam::555566667777:role/Any";
sts.assumeRole({ RoleArn: role, RoleSessionName: "old" }, (error, answer) => {
  if (error) { console.error(error.code); process.exit(1); }
  console.log(answer.AssumedRoleUser.Arn);
});
"""
# Its STS client needs TLS, so S3 is used, with the signature version that all regions accept.
_RUBY = """
require "aws-sdk-v1"
s3 = AWS::S3.new(
  s3_endpoint: ARGV[0], s3_port: ARGV[1].to_i, use_ssl: false, s3_force_path_style: true,
  s3_signature_version: :v4, s3_region: "us-east-1"
)
puts s3.buckets.map(&:name)
"""
# It ignores HOME and reads the system's list of users, so it gets a list with our HOME.
_S3FS = """
echo "me:x:$(id -u):$(id -g)::$HOME:/bin/sh" >"$HOME/.users"
echo "us:x:$(id -g):" >"$HOME/.groups"
export LD_PRELOAD=libnss_wrapper.so
export NSS_WRAPPER_PASSWD="$HOME/.users" NSS_WRAPPER_GROUP="$HOME/.groups"
s3fs --incomplete-mpu-list bucket-of-111122223333 \
  -o "url=$1,use_path_request_style,profile=$AWS_PROFILE"
"""


def _cli(aws: Callable[[], Command]) -> Callable[[str], Command]:
    ask = ["sts", "get-caller-identity", "--region=us-east-1", "--query=Arn", "--output=text"]
    return lambda url: [*aws(), *ask, "--endpoint-url", url]


def _cli_v1(environment: str) -> Callable[[str], Command]:
    return _cli(lambda: [real_parts.old_client(environment), "-m", "awscli"])


def _node(version: str, program: str) -> Callable[[str], Command]:
    return lambda url: [
        *("node", "-e", program),
        *(real_parts.node_client(version) / "node_modules" / "aws-sdk", url),
    ]


def _s4cmd(url: str) -> Command:
    python = real_parts.old_client("s4cmd")
    return [python, "-m", "s4cmd", "--endpoint-url", url, "ls"]


def _ruby(url: str) -> Command:
    real_parts.debian_packages("ruby-aws-sdk")
    address = urlsplit(url)
    return ["ruby", "-e", _RUBY, str(address.hostname), str(address.port)]


def _rclone(url: str) -> Command:
    real_parts.debian_packages("rclone")
    once = ["--config=", "--retries=1", "--low-level-retries=1"]
    return ["rclone", *once, "lsd", f":s3,env_auth,provider=AWS,endpoint='{url}':"]


def _s3cmd(url: str) -> Command:
    real_parts.debian_packages("s3cmd")
    host = urlsplit(url).netloc
    return ["s3cmd", "--no-ssl", f"--host={host}", f"--host-bucket={host}", "ls"]


def _s3fs(url: str) -> Command:
    real_parts.debian_packages("s3fs", "libnss-wrapper")
    return ["sh", "-c", _S3FS, "sh", url]


_MACHINE = "becomes the machine"

OLD: Mapping[str, Client] = {
    "boto 2.49": Client(
        lambda url: [real_parts.old_client("boto"), "-c", _BOTO, url],
        "Python",
    ),
    "boto3 1.12": Client(
        lambda url: [real_parts.old_client("boto3"), "-c", _BOTO3, url],
        "Python",
        on_a_machine=_MACHINE,
    ),
    "s4cmd 2.1 (boto3 1.12)": Client(_s4cmd, "Python", on_a_machine=_MACHINE),
    "s3cmd": Client(_s3cmd, "Python, no SDK"),
    "AWS CLI 1.18": Client(_cli_v1("awscli-v1"), "Python", on_a_machine=_MACHINE),
    "AWS CLI 1.46": Client(
        _cli_v1("awscli-v1-new"), "Python", sso_profile="works", on_a_machine="works"
    ),
    "aws-sdk 2.2.0": Client(_node("2.2.0", _NODE_2_2_0), "JavaScript"),
    "aws-sdk 2.1692.0": Client(_node("2.1692.0", _NODE), "JavaScript", on_a_machine=_MACHINE),
    "aws-sdk 2.1692.0, `AWS_SDK_LOAD_CONFIG=1`": Client(
        _node("2.1692.0", _NODE_WITH_CONFIG),
        "JavaScript",
        sso_profile="works",
        on_a_machine="works",
    ),
    "aws-sdk-v1": Client(_ruby, "Ruby"),
    "rclone (aws-sdk-go 1)": Client(_rclone, "Go"),
    "s3fs": Client(_s3fs, "C++, no SDK", profile_by="`-o profile=`"),
}
# The AWS CLIs that write the legacy profiles also read them.
CLIENTS: Mapping[str, Client] = {
    **OLD,
    "AWS CLI 2.9.19": Client(_cli(lambda: [real_parts.debian_cli()]), "Python"),
    "AWS CLI 2.38.5": Client(_cli(lambda: [real_parts.frozen_cli()]), "Python"),
}


def ask_who(client: str, url: str, environment: Mapping[str, str]) -> str | None:
    """Return the identity that a client prints (S3: its bucket), ``None`` if it is refused."""
    done = subprocess.run(
        CLIENTS[client].command(url),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )
    return done.stdout.strip() if done.returncode == 0 else None
