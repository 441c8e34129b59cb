"""The README is true: each command in it is run here as it stands, or by a test named here."""

from __future__ import annotations

import ast
import configparser
import os
import plistlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from identity_center.center import START_URL
from support import real_parts
from support.newcomer import BROWSER, Newcomer, aws_v1, install_wheel, newcomer_with
from support.person import CHECKOUT, FROZEN, Person, arn, only
from support.set_up import set_up

README = CHECKOUT / "README.md"
BLOCK = re.compile(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROFILES = "".join(
    f"""
[profile {name}]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
"""
    for name in ("dev", "ops", "team-a", "team-b")
)
SESSION = f"""
[sso-session corp]
sso_region = us-east-1
sso_start_url = {START_URL}
sso_registration_scopes = sso:account:access
"""
PACKAGE = CHECKOUT / "awscli_plugin_legacy_sso"
# Known errors that are not in our words.
THE_CLIS_WORDS = {
    "Invalid choice",
    "Found invalid choice 'refresh-legacy'",
    "No module named 'awscli_plugin_legacy_sso'",
    "No module named '/home/…'",
    "Unable to parse config file: /home/alex/.aws/credentials",
    "Missing the following required SSO configuration values: …",
}
# Not run here, and what runs it, or why nothing can.
ELSEWHERE = {
    "make test": "runs this",
    "make demo": "test_the_demo_works, below",
    "make bench": "figures, which tests do not assert",
    "make torture": "takes hours",
    ".venv/bin/python -m pytest": "how tests are run",
    "pipx install .": "newcomer.install_wheel installs it with pip, into an environment as pipx's",
    "docker run": "test_containers.py mounts that folder, and nothing else, for a client",
}


@dataclass(frozen=True)
class Block:
    section: str
    language: str
    text: str

    def commands(self) -> list[str]:
        lines = [line for line in self.text.splitlines() if line.strip()]
        if self.language == "console":
            return [line[2:] for line in lines if line.startswith("$ ")]
        return lines


def blocks(*languages: str) -> list[Block]:
    found, section = [], "legacy-sso"
    for match in BLOCK.finditer(README.read_text()):
        heading, language, text = match.groups()
        section = heading or section
        if language and (not languages or language in languages):
            found.append(Block(section, language, text))
    return found


def commands(section: str) -> list[str]:
    """Return the commands of a section that are to be run here."""
    return [
        command
        for block in blocks("sh", "console")
        if block.section == section
        for command in block.commands()
        if not command.startswith(tuple(ELSEWHERE))
    ]


RUN_HERE = {
    "legacy-sso": "test_the_first_screen_is_what_one_sees",
    "Install": "test_it_is_installed_examined_and_taken_back",
    "Use": "test_it_is_used",
    "The shell hook": "test_the_hook_is_turned_on_and_off",
    "Keeping fresh": "test_it_keeps_fresh",
    "Containers": "test_a_folder_for_containers_is_filled",
}


def test_every_command_is_run() -> None:
    """One that is added to the README is run by the test of its section, or stands in ELSEWHERE."""
    assert {s for s in {b.section for b in blocks()} if commands(s)} == set(RUN_HERE)
    assert set(RUN_HERE.values()) <= set(globals())
    everything = [command for block in blocks("sh", "console") for command in block.commands()]
    assert [key for key in ELSEWHERE if not any(c.startswith(key) for c in everything)] == []
    known = {"sh", "console", "python", "ini", "systemd", "xml", "crontab", "text"}
    assert {block.language for block in blocks()} <= known


@pytest.fixture
def reader(person: Person) -> Person:
    """Somebody with the profiles and the paths of the README, signed in."""
    programs = person.home / "bin"
    programs.mkdir()
    (programs / "aws").symlink_to(person.cli)
    script = programs.parent / "the-script-from-2016"
    script.write_text("#!/bin/sh\nexec aws sts get-caller-identity --region us-east-1\n")
    script.chmod(0o755)
    browser = person.home / "browser.py"
    browser.write_text(BROWSER)
    data = person.home / ".local" / "share"
    data.mkdir(parents=True)
    (data / "awscli-plugin-legacy-sso").symlink_to(person.plugin_path)
    person.environment |= {
        "PATH": f"{programs}:/usr/bin:/bin",
        "BROWSER": f"{sys.executable} {browser} %s &",
    }
    person.configure(PROFILES + SESSION)
    person.sign_in()
    return person


def bash(person: Person, script: str, *options: str) -> str:
    """Run lines of the README; each is to succeed. Returns what they print."""
    done = subprocess.run(
        ["bash", "--norc", *options, "-c", f"set -e\n{script}"],
        env=person.environment,
        cwd=person.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@only(FROZEN)
def test_the_first_screen_is_what_one_sees(reader: Person) -> None:
    """The sign-in, the two commands, and word for word what they print."""
    shown = blocks("console")[0]
    reader.center.behaviour.role_lifetime = 8 * 3600
    said = bash(reader, "\n".join(commands("legacy-sso")))
    expected = [line for line in shown.text.splitlines() if not line.startswith("$ ")]

    lines = said.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("dev -> "))
    for line, seen in zip(expected, lines[start:], strict=False):
        pattern = re.escape(line).replace(r"/home/alex", re.escape(str(reader.home)))
        pattern = re.sub(r"[\d\\-]+\\ \d+:\d+", r"[-\\d]+ [:\\d]+", pattern)
        assert re.fullmatch(pattern, seen), (line, seen)
    assert arn("111122223333", "Developer") in said


@only(FROZEN)
def test_it_is_used(reader: Person) -> None:
    """Each way to refresh, to list and to remove; at the end everything is signed out."""
    said = bash(reader, "\n".join(commands("Use")))

    assert "team-b -> team-b-legacy-sso" in said
    assert "dev-legacy-sso removed" in said
    left = reader.sections()
    assert set(left) == {"ops-legacy-sso", "team-a-legacy-sso", "team-b-legacy-sso"}
    assert {section["aws_session_token"] for section in left.values()} == {"SIGNED-OUT"}


@only(FROZEN)
def test_the_hook_is_turned_on_and_off(reader: Person) -> None:
    """In an interactive bash: `type aws` says what the README shows, until it is off again."""
    reader.environment["AWS_PROFILE"] = "dev"
    said = bash(reader, "\n".join(commands("The shell hook")) + "\ntype aws", "-i")

    assert "aws is a function" in said
    assert said.splitlines()[-1].startswith("aws is ")
    assert not said.splitlines()[-1].endswith("function")


@only(FROZEN)
def test_it_keeps_fresh(reader: Person, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The watch, which never ends by itself, says what it renews; cron's line finds it fresh."""
    [command] = commands("Keeping fresh")
    reader.center.behaviour.role_lifetime = 60
    assert reader.refresh("--profile", "dev").status == 0
    reader.center.behaviour.role_lifetime = 3600
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        env=reader.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout
        said = watching.stdout.readline()
        watching.terminate()
    assert "dev -> dev-legacy-sso  expires" in said

    (reader.home / ".local" / "share" / "awscli-plugin-legacy-sso").unlink()
    set_up(reader.home)
    reader.configure(PROFILES + SESSION, plugin=False)
    [cron] = blocks("crontab")
    path, line = cron.text.splitlines()
    assert ":/usr/local/bin:" in path
    reader.environment["PATH"] += f":{install_wheel(tmp_path_factory)}"
    reader.center.reset_calls()
    bash(reader, line.split(maxsplit=5)[5])
    assert reader.center.calls == []


def test_the_systemd_unit_is_sound(tmp_path: Path) -> None:
    """`systemd-analyze verify` exits 0 whatever it finds: it is to say nothing."""
    [unit] = blocks("systemd")
    file = tmp_path / "legacy-sso.service"
    file.write_text(unit.text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", file],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_launchd_agent_runs_the_same_command_as_the_systemd_unit() -> None:
    """It is a property list, and launchd would start what systemd starts."""
    [agent], [unit] = blocks("xml"), blocks("systemd")
    started = plistlib.loads(agent.text.encode())["ProgramArguments"]

    assert f"\nExecStart={' '.join(started)}\n" in unit.text
    assert ":/usr/local/bin:" in unit.text
    assert ":/usr/local/bin:" in agent.text


@only(FROZEN)
def test_a_folder_for_containers_is_filled(reader: Person) -> None:
    """The lines above `docker run`; from then on --all covers that file too."""
    bash(reader, "\n".join(commands("Containers")))

    assert set(reader.sections(reader.home / ".aws-legacy" / "credentials")) == {"dev-legacy-sso"}
    assert "1 legacy profile written to " in reader.refresh("--all").out


@pytest.fixture
def newcomer(tmp_path: Path, cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    return newcomer_with(cli, tmp_path, tmp_path_factory)


@only(FROZEN)
def test_it_is_installed_examined_and_taken_back(newcomer: Newcomer, tmp_path: Path) -> None:
    """The program's commands in their order; then the lines for doing it by hand."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("awscli_plugin_legacy_sso", "shell"):
        shutil.copytree(CHECKOUT / name, checkout / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, checkout)
    newcomer.environment["PATH"] += f":{Path(sys.executable).parent}:/usr/bin:/bin"
    script = "\n".join(["set -e", f"cd {checkout}", *commands("Install")])
    done = newcomer.run("bash", "-c", script)

    assert done.status == 0, done
    assert "works: aws sso refresh-legacy" in done.out
    assert "No legacy profile to refresh." in done.out.splitlines()[-1]


@only(FROZEN)
def test_the_python_function_does_it(reader: Person) -> None:
    """The block is run as it stands, outside the AWS CLI."""
    [example] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", f"{example.text}\nprint(expires)"],
        env=reader.environment,
        capture_output=True,
        text=True,
    )
    assert re.match(r"\d{4}-", done.stdout), done.stderr
    assert set(reader.sections()) == {"dev-legacy-sso"}


def test_the_settings_are_read_as_settings() -> None:
    """Each piece of a config or credentials file is one that botocore's parser takes."""
    for block in blocks("ini"):
        parser = configparser.RawConfigParser()
        parser.read_string(block.text)
        assert parser.sections(), block


def test_every_option_is_in_it() -> None:
    """Of each command; read off the text, as the AWS CLI's own modules are not to be had here."""
    options = {
        value.value
        for node in ast.walk(ast.parse((PACKAGE / "cli" / "commands.py").read_text()))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "name"
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }
    readme = README.read_text()

    assert {"source-profiles", "legacy-profiles", "credentials-file", "dry-run"} <= options
    assert [name for name in options if not re.search(rf"--{name}(?![\w-])", readme)] == []


def test_the_known_errors_are_said_in_these_words() -> None:
    """Each of ours stands in our source, `…` and names aside; the others stand in the table."""
    table = README.read_text().partition("\n## Known errors\n")[2].partition("\n## ")[0]
    first_column = [row.split(" | ")[0] for row in table.splitlines() if row.startswith("| ")][1:]
    known = {text for cell in first_column for text in re.findall("`([^`]+)`", cell)}
    shell = (CHECKOUT / "shell" / "alias.bash").read_text()
    said = set(re.findall("_fail '([^']+)'", shell)) | {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert known >= THE_CLIS_WORDS
    assert len(known) > len(THE_CLIS_WORDS)
    assert [text for text in known - THE_CLIS_WORDS if not _is_made_of(said, text)] == []


def _is_made_of(said: set[str], text: str) -> bool:
    """Tell whether a text is a cut from one of ours, or some of them, put together with names."""
    for part in filter(None, text.split("…")):
        left = part
        if not any(part.strip() in ours for ours in said):
            for ours in sorted(said, key=len, reverse=True):
                left = left.replace(ours, "") if len(ours) > 5 else left
            if left.replace("'corp'", "").replace("corp", ""):
                return False
    return True


def test_the_demo_works(tmp_path: Path) -> None:
    """`make demo` ends with who the old client is; outside the cache folder it leaves nothing."""
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    done = subprocess.run(
        ["make", "demo"],
        cwd=CHECKOUT,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(scratch),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(arn("111122223333", "Developer"))
    assert (list(home.iterdir()), list(scratch.iterdir())) == ([], [])


def test_the_demo_takes_the_first_aws_cli_that_can_run_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may stand on PATH behind an AWS CLI v1."""
    v1, v2 = aws_v1(), tmp_path / "aws"
    v2.symlink_to(real_parts.frozen_cli())
    version = subprocess.run([v1, "--version"], capture_output=True, text=True)
    monkeypatch.setenv("PATH", f"{v1.parent}:{tmp_path}:/usr/bin:/bin")

    assert version.stdout.startswith("aws-cli/1.")
    assert real_parts.find_cli_v2() == v2
