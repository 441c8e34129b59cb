"""The README and `docs/` are true: their commands are run here, or by a test named here.

One test types the whole README, from the clone of this repository to the removal of the plugin.
"""

from __future__ import annotations

import ast
import configparser
import plistlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from identity_center import IdentityCenter
from identity_center.center import START_URL
from support import pages, readme_tables
from support.newcomer import BROWSER, Newcomer, install_wheel
from support.pages import README, RECIPES, REFERENCE, blocks
from support.person import CHECKOUT, FROZEN, Person, arn, only
from support.set_up import set_up
from support.typed_shell import Said, typed_bash

from awscli_plugin_legacy_sso.cli import options

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
ASK_WHO = """#!/bin/sh
exec aws sts get-caller-identity --query Arn --output text --region us-east-1
"""
PACKAGE = CHECKOUT / "awscli_plugin_legacy_sso"
PROGRAM = "awscli-plugin-legacy-sso"
# Known errors that are messages of the AWS CLI.
THE_CLIS_WORDS = {
    "Invalid choice",
    "Found invalid choice 'refresh-legacy'",
    "No module named 'awscli_plugin_legacy_sso'",
    "No module named '/home/…'",
    "Unable to parse config file: /home/alex/.aws/credentials",
    "Missing the following required SSO configuration values: …",
}
# Commands that are not typed here, and what runs them, or why nothing does.
ELSEWHERE = {
    "make test": "runs this",
    "make demo": "test_demo.py",
    "make bench": "figures, which tests do not assert",
    "make torture": "takes hours",
    "docker run": "test_containers.py mounts that folder, and nothing else, for a client",
}
RUN_HERE = {
    (README, "Install"): "test_readme_typed",
    (README, "Use"): "test_readme_typed",
    (README, "The shell hook"): "test_readme_typed",
    (README, "Containers"): "test_readme_typed",
    (README, "Upgrade and remove"): "test_readme_typed",
    (README, "Without pipx"): "test_program_typed_without_pipx",
    (REFERENCE, "The program"): "test_program_typed_without_pipx",
    (REFERENCE, "Without the program"): "test_program_typed_without_pipx",
    (REFERENCE, "By hand"): "test_program_typed_without_pipx",
    (REFERENCE, "list-legacy and remove-legacy"): "test_list_and_remove_typed",
    (RECIPES, "The watch"): "test_recipes_keep_keys_fresh",
    (RECIPES, "Containers"): "test_recipe_for_containers",
}


def commands(page: Path, section: str) -> list[str]:
    """Return the commands under a heading that are typed here."""
    return [
        command
        for block in blocks("sh", "console", page=page)
        if block.section == section
        for command in block.commands()
        if not command.startswith(tuple(ELSEWHERE))
    ]


def test_commands_are_run() -> None:
    """A command added to a page is run by the test of its section, or is in ELSEWHERE."""
    sections = {(block.page, block.section) for block in blocks()}
    everything = [command for block in blocks() for command in block.commands()]

    assert {key for key in sections if commands(*key)} == set(RUN_HERE)
    assert set(RUN_HERE.values()) <= set(globals())
    assert [key for key in ELSEWHERE if not any(c.startswith(key) for c in everything)] == []
    known = {"sh", "console", "python", "ini", "systemd", "xml", "crontab", "text"}
    assert {block.language for block in blocks()} <= known


def test_readme_length_and_links() -> None:
    """The README has at most 250 lines; each link to a file names a file and heading that exist."""
    assert len(README.read_text().splitlines()) <= 250
    for page in pages.PAGES:
        for target, anchor in pages.links(page):
            assert target.exists(), (page, target)
            assert not anchor or anchor in pages.anchors(target), (page, anchor)


def test_generated_tables() -> None:
    """The tables are current; ``PYTHONPATH=tests python3 -m support.readme_tables`` renews them."""
    assert readme_tables.stale() == []


class Typist:
    """A person who types the commands of the pages, each section in a new shell."""

    def __init__(self, person: Newcomer, repository: Path) -> None:
        self.person = person
        self._repository = repository

    def type(self, lines: Sequence[str]) -> list[Said]:
        """Type lines; each must succeed."""
        rc = self.person.home / ".bashrc"
        said = []
        with typed_bash(rc, self.person.environment, self.person.home) as bash:
            for line in lines:
                said.append(bash.type(line.replace("REPOSITORY", f"'{self._repository}'")))
                assert said[-1].status == 0, (line, said[-1])
        return said

    def release(self, version: str) -> None:
        """Commit another version to the repository."""
        module = self._repository / "awscli_plugin_legacy_sso" / "__init__.py"
        line = f'__version__ = "{version}"'
        module.write_text(re.sub(r'(?m)^__version__ = ".*"$', line, module.read_text()))
        git("-C", self._repository, "commit", "--quiet", "--all", "--message", version)

    def section(self, page: Path, section: str) -> str:
        """Type the commands under a heading; return all that they print."""
        return "\n".join(said.text for said in self.type(commands(page, section)))


@pytest.fixture
def typist(tmp_path: Path, cli: Path, center: IdentityCenter) -> Typist:
    """A person with an AWS CLI v2, git, Python, pipx and SSO profiles, without the plugin."""
    repository = tmp_path / "repository"
    git("clone", "--quiet", CHECKOUT, repository)
    git("-C", repository, "checkout", "--quiet", "-B", "main")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "pipx").symlink_to(Path(sys.executable).with_name("pipx"))
    person = Newcomer(tmp_path, programs)
    (person.aws_folder / "aws").symlink_to(cli)
    person.write(".aws/config", PROFILES + SESSION)
    script = person.write("the-script-from-2016", ASK_WHO)
    script.chmod(0o755)
    browser = tmp_path / "browser.py"
    browser.write_text(BROWSER)
    path = (person.home / ".local" / "bin", person.aws_folder, programs, "/usr/bin", "/bin")
    person.environment |= {
        **center.environment(tmp_path / "endpoints"),
        "SHELL": "/bin/bash",
        "PATH": ":".join(map(str, path)),
        "BROWSER": f"{sys.executable} {browser} %s &",
        "AWS_PAGER": "",  # or the output of a terminal is paged
    }
    center.behaviour.role_lifetime = 8 * 3600
    return Typist(person, repository)


def git(*arguments: str | Path) -> None:
    settings = ("user.name=Alex", "user.email=alex@example.com", "commit.gpgSign=false")
    options = [option for setting in settings for option in ("-c", setting)]
    subprocess.run(["git", *options, *arguments], check=True)


@only(FROZEN)
@pytest.mark.timeout(600)  # pipx installs, and some thirty AWS CLIs start
def test_readme_typed(typist: Typist) -> None:
    """Each command of the README succeeds in a fresh HOME, and at the end nothing of it is left.

    The clone has the last commit.
    """
    person = typist.person
    program = person.home / ".local" / "bin" / PROGRAM
    assert "works: aws sso refresh-legacy" in typist.section(README, "Install")
    assert_shown(typist.type(commands(README, "Use")), person)
    assert signed_out(person.home) == {"ops-legacy-sso", "team-a-legacy-sso", "team-b-legacy-sso"}

    person.environment["AWS_PROFILE"] = "dev"
    typist.section(README, "The shell hook")
    assert "aws is a function" in "".join(said.text for said in typist.type(["type aws"]))
    typist.section(README, "Containers")
    parser = configparser.RawConfigParser()
    parser.read(person.home / ".aws-legacy" / "credentials")
    assert parser.sections() == ["dev-legacy-sso"]
    assert "1 legacy profile written to " in "".join(
        said.text for said in typist.type(["aws sso refresh-legacy --all"])
    )

    typist.release("99.0.0")
    said = typist.section(README, "Upgrade and remove")
    assert re.search(r"upgraded package .* to 99\.0\.0", said), said
    assert "works: aws sso refresh-legacy" in said
    assert not [path for path in (person.aliases, person.plugin, program) if path.exists()]
    assert not (person.home / ".bashrc").exists()


def assert_shown(said: Sequence[Said], person: Newcomer) -> None:
    """Check that the first commands under "Use" print what the README shows below them."""
    [shown] = [block for block in blocks("console", page=README) if block.section == "Use"]
    expected = [line for line in shown.text.splitlines() if not line.startswith("$ ")]
    login, script = said[:2]

    start = next(at for at, line in enumerate(login.lines) if line.startswith("dev -> "))
    for line, seen in zip(expected, login.lines[start:], strict=True):
        pattern = re.escape(line).replace("/home/alex", re.escape(str(person.home)))
        pattern = re.sub(r"[\d\\-]+\\ \d+:\d+", r"[-\\d]+ [:\\d]+", pattern)
        assert re.fullmatch(pattern, seen), (line, seen)
    assert script.text.startswith(arn("111122223333", "Developer"))


def signed_out(home: Path) -> set[str]:
    """Return the legacy profiles in the credentials file; all must be signed out."""
    parser = configparser.RawConfigParser()
    parser.read(home / ".aws" / "credentials")
    assert {parser[name]["aws_session_token"] for name in parser.sections()} == {"SIGNED-OUT"}
    return set(parser.sections())


@only(FROZEN)
@pytest.mark.timeout(600)
def test_program_typed_without_pipx(typist: Typist) -> None:
    """Installed with Python alone, the program works as described, and so do the lines by hand."""
    person = typist.person
    person.environment["PATH"] = person.environment["PATH"].replace(
        f":{person.programs}:", f":{Path(sys.executable).parent}:"
    )
    clone = next(line for line in commands(README, "Install") if line.startswith("git clone"))
    typist.type([clone, *commands(README, "Without pipx")])
    program = person.home / ".local" / "bin" / PROGRAM
    assert person.run(program, "setup", "--help").status == 0

    said = typist.section(REFERENCE, "The program")
    assert "works: aws sso refresh-legacy" in said
    typist.type([f"{PROGRAM} setup --no-hook"])
    assert f"removed: {person.plugin}" in typist.section(REFERENCE, "Without the program")

    last = typist.type(["cd legacy-sso", *commands(REFERENCE, "By hand")])[-1]
    assert "No legacy profile to refresh." in last.text


@pytest.fixture
def reader(person: Person) -> Person:
    """A person with the profiles of the pages and the plugin on, signed in."""
    programs = person.home / "bin"
    programs.mkdir()
    (programs / "aws").symlink_to(person.cli)
    data = person.home / ".local" / "share"
    data.mkdir(parents=True)
    (data / "awscli-plugin-legacy-sso").symlink_to(person.plugin_path)
    person.environment["PATH"] = f"{programs}:/usr/bin:/bin"
    person.configure(PROFILES + SESSION)
    person.sign_in()
    return person


def bash(person: Person, script: str) -> str:
    """Run lines of a page, which must succeed; return what they print."""
    done = subprocess.run(
        ["bash", "--norc", "-c", f"set -e\n{script}"],
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
def test_list_and_remove_typed(reader: Person) -> None:
    """The table shows the state; a dry run names what would be removed, and removes nothing."""
    assert reader.refresh("--profile", "dev").status == 0
    said = bash(reader, "\n".join(commands(REFERENCE, "list-legacy and remove-legacy")))

    assert re.search(r"\|\s+dev-legacy-sso\s+\|\s+valid\s+\|\s+\d+\s+\|", said), said
    assert "dev-legacy-sso would be removed" in said
    assert set(reader.sections()) == {"dev-legacy-sso"}


@only(FROZEN)
def test_recipes_keep_keys_fresh(reader: Person, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The watch reports what it renews; the line for cron then finds fresh keys."""
    [command] = commands(RECIPES, "The watch")
    reader.center.behaviour.role_lifetime = 10  # renewed when half of it is left
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


def test_systemd_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` prints nothing; its exit status is 0 in any case."""
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


def test_launchd_agent() -> None:
    """The launchd agent is a property list, and runs the same command as the systemd unit.

    The README has the three lines in short.
    """
    [agent], [unit] = blocks("xml"), blocks("systemd")
    started = plistlib.loads(agent.text.encode())["ProgramArguments"]

    assert f"\nExecStart={' '.join(started)}\n" in unit.text
    assert ":/usr/local/bin:" in unit.text
    assert ":/usr/local/bin:" in agent.text
    [cron] = blocks("crontab")
    for line in f"ExecStart={' '.join(started)}", cron.text.splitlines()[1]:
        assert f"`{line}`" in README.read_text()


def test_recipe_for_containers() -> None:
    """The recipe has the same commands as the README, which are typed from there."""
    there = [
        [b.text for b in blocks("sh", page=page) if b.section == "Containers"]
        for page in (README, RECIPES)
    ]
    assert there[0] == there[1]


@only(FROZEN)
def test_python_example(reader: Person) -> None:
    """The example is run as it stands, outside the AWS CLI."""
    [example] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", f"{example.text}\nprint(expires)"],
        env=reader.environment,
        capture_output=True,
        text=True,
    )
    assert re.match(r"\d{4}-", done.stdout), done.stderr
    assert set(reader.sections()) == {"dev-legacy-sso"}


def test_settings() -> None:
    """botocore's parser reads each piece of a config or credentials file."""
    for block in blocks("ini"):
        parser = configparser.RawConfigParser()
        parser.read_string(block.text)
        assert parser.sections(), block


def test_options_are_in_reference() -> None:
    """Each option of each command is in the reference."""
    tables = (*options.REFRESH, *options.LIST, *options.REMOVE)
    names = {option["name"] for option in tables}
    reference = REFERENCE.read_text()

    assert [name for name in names if not re.search(rf"--{name}(?![\w-])", reference)] == []


def test_known_errors() -> None:
    """Each known error of ours is in the source, apart from `…` and names.

    The table also has those of the AWS CLI.
    """
    table = REFERENCE.read_text().partition("\n## Known errors\n")[2].partition("\n## ")[0]
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
    """Tell whether a text is a piece of our messages, or several of them together with names."""
    for part in filter(None, text.split("…")):
        left = part
        if not any(part.strip() in ours for ours in said):
            for ours in sorted(said, key=len, reverse=True):
                left = left.replace(ours, "") if len(ours) > 5 else left
            if left.replace("'corp'", "").replace("corp", "").strip():
                return False
    return True
