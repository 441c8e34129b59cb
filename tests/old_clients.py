"""Clients from before SSO, each asking STS who it is with the profile named by ``AWS_PROFILE``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import real_parts

# Each is given the stand-in's address, and ends with a status other than 0 if it was refused.
_BOTO = """
import boto.regioninfo, boto.sts, os, re, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
region = boto.regioninfo.RegionInfo(name="us-east-1", endpoint=url.hostname)
profile = os.environ["AWS_PROFILE"]  # boto 2 itself reads no such variable
sts = boto.sts.STSConnection(region=region, port=url.port, is_secure=False, profile_name=profile)
answer = sts.make_request("GetCallerIdentity", {}, verb="POST").read().decode()
print(re.search("<Arn>(.*)</Arn>", answer)[1])
"""
_BOTO3 = """
import boto3, sys
sts = boto3.client("sts", region_name="us-east-1", endpoint_url=sys.argv[1])
print(sts.get_caller_identity()["Arn"])
"""
_CLI = ["sts", "get-caller-identity", "--region=us-east-1", "--query=Arn", "--output=text"]
_NODE = """
const AWS = require("aws-sdk");
const sts = new AWS.STS({ endpoint: process.argv[1], region: "us-east-1" });
sts.getCallerIdentity({}, (error, answer) => {
  if (error) { console.error(error.code); process.exit(1); }
  console.log(answer.Arn);
});
"""
# The release of 2015 does not know GetCallerIdentity. Whoever may assume a role is somebody, too.
_NODE_2_2_0 = """
const AWS = require("aws-sdk");
const sts = new AWS.STS({ endpoint: process.argv[1], region: "us-east-1" });
const role = "arn:aws:iam::555566667777:role/Any";
sts.assumeRole({ RoleArn: role, RoleSessionName: "old" }, (error, answer) => {
  if (error) { console.error(error.code); process.exit(1); }
  console.log(answer.AssumedRoleUser.Arn);
});
"""

CLIENTS: Mapping[str, Callable[[str], list[str | Path]]] = {
    "boto 2.49": lambda url: [real_parts.old_client("boto"), "-c", _BOTO, url],
    "boto3 1.12": lambda url: [real_parts.old_client("boto3"), "-c", _BOTO3, url],
    "AWS CLI 1.18": lambda url: [
        *(real_parts.old_client("awscli-v1"), "-m", "awscli"),
        *(*_CLI, "--endpoint-url", url),
    ],
    "aws-sdk 2.2.0 for Node": lambda url: ["node", "-e", _NODE_2_2_0, url],
    "aws-sdk 2.1692.0 for Node": lambda url: ["node", "-e", _NODE, url],
    "AWS CLI 2.9.19": lambda url: [real_parts.debian_cli(), *_CLI],
    "AWS CLI 2.38.5": lambda url: [real_parts.frozen_cli(), *_CLI],
}


def ask_who(client: str, url: str, environment: Mapping[str, str]) -> str | None:
    """Return the identity a client is told, or ``None`` if it is refused."""
    version = client.split()[1]
    modules = real_parts.node_client(version) / "node_modules" if "Node" in client else ""
    done = subprocess.run(
        CLIENTS[client](url),
        env={
            **environment,
            "NODE_PATH": str(modules),
            "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1",
        },
        capture_output=True,
        text=True,
        timeout=90,
    )
    return done.stdout.strip() if done.returncode == 0 else None
