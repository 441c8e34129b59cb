"""`doctor` finds each failure, and what it tells the person to do removes the failure."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import real_parts
from support.newcomer import Newcomer, aws_v1, newcomer_with
from support.person import FROZEN

from awscli_plugin_legacy_sso.installer import package_copy
from awscli_plugin_legacy_sso.installer.alias_file import aliased
from awscli_plugin_legacy_sso.installer.edits import Mark

Break = Callable[[Newcomer], object]
LEGACY = """\
[{name}]
aws_access_key_id = ASIA
aws_secret_access_key = s
aws_session_token = t
aws_security_token = t
x_security_token_expires = 2999-01-01T00:00:00Z
x_legacy_sso_source = dev
"""
PROFILES = (
    "[profile dev]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\n[profile base]\n"
)


@pytest.fixture
def newcomer(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """A person whose plugin is on, with the files that `setup` writes, but without a run of it."""
    somebody = newcomer_with(real_parts.frozen_cli(FROZEN), tmp_path, tmp_path_factory)
    somebody.plugin.mkdir(parents=True)
    package_copy.renew(str(somebody.plugin))
    somebody.write(".aws/config", PROFILES)
    somebody.write(".aws/cli/alias", aliased("", str(somebody.plugin), Mark()))
    return somebody


def follow(newcomer: Newcomer, fix: str) -> None:
    """Do what `doctor` says: run the command, or edit the named file."""
    if edit := re.fullmatch(r"edit (.+), take out: (.+)", fix):
        path = Path(edit[1])
        for line in edit[2].split("; "):
            path.write_text(path.read_text().replace(f"{line}\n", ""))
    else:
        command = re.sub(r"^take line \d+ out of .*?: ", "", fix)
        done = newcomer.run("bash", "-c", command)
        assert done.status == 0, (command, done)


def classic(folder: str, value: str = "awscli_plugin_legacy_sso") -> Break:
    def write(newcomer: Newcomer) -> None:
        path = folder.format(newcomer.plugin)
        lines = f"[plugins]\ncli_legacy_plugin_path = {path}\nlegacy_sso = {value}\n"
        newcomer.config.write_text(lines + PROFILES)

    return write


def others_may_read(newcomer: Newcomer) -> None:
    newcomer.write(".aws/credentials", LEGACY.format(name="dev-legacy-sso")).chmod(0o644)


def keys_shadow_a_profile(newcomer: Newcomer) -> None:
    newcomer.write(".aws/credentials", LEGACY.format(name="base")).chmod(0o600)
    text = newcomer.config.read_text()
    newcomer.config.write_text(
        text.replace("[profile base]\n", "[profile base]\ncredential_process = x\n")
    )


# By group: what is broken, and what is said of it.
BROKEN: dict[str, dict[str, tuple[Break, str]]] = {
    "the folder": {
        "the folder is gone": (
            lambda newcomer: shutil.rmtree(newcomer.plugin),
            "the plugin is not in ",
        ),
        "the package is gone": (
            lambda newcomer: (newcomer.plugin / "awscli_plugin_legacy_sso").unlink(),
            "the plugin is not in ",
        ),
        "a file of it is another": (
            lambda newcomer: (newcomer.plugin / "awscli_plugin_legacy_sso" / "errors.py").unlink(),
            "is of another version",
        ),
        "its own config is gone": (
            lambda newcomer: (newcomer.plugin / "config").unlink(),
            "/config, which turns the plugin on, is gone",
        ),
        "its own config names another folder": (
            lambda newcomer: (newcomer.plugin / "config").write_text("[plugins]\n"),
            "/config, which turns the plugin on, is gone",
        ),
        "its dependency is gone": (
            lambda newcomer: (newcomer.plugin / "configupdater").unlink(),
            "is of another version",
        ),
    },
    "the aliases": {
        "the alias file is gone": (
            lambda newcomer: newcomer.aliases.unlink(),
            "/alias does not lead to ",
        ),
        "an alias is gone": (
            lambda newcomer: newcomer.aliases.write_text(
                "".join(newcomer.aliases.read_text().splitlines(keepends=True)[:-1])
            ),
            "/alias does not lead to ",
        ),
        "the aliases lead to another folder": (
            lambda newcomer: newcomer.aliases.write_text(aliased("", "/old", Mark())),
            "/alias does not lead to ",
        ),
    },
    "the person's files": {
        "classic lines that find nothing": (
            classic("/usr/lib/python3.8/site-packages"),
            "No module named 'awscli_plugin_legacy_sso'",
        ),
        "classic lines with a quoted path": (
            classic('"{}"'),
            "No module named 'awscli_plugin_legacy_sso'",
        ),
        "classic lines with the package index's name": (
            classic("{}", "awscli-plugin-legacy-sso"),
            "No module named 'awscli-plugin-legacy-sso'",
        ),
        "another plugin is gone": (classic("{}", "other_plugin"), "No module named 'other_plugin'"),
        "others may read the file": (others_may_read, "can be read by others"),
    },
}


# One failure of each group at a time: they do not hide each other.
ROUNDS = [
    [failure for failure in one_of_each if failure]
    for one_of_each in itertools.zip_longest(*(group.values() for group in BROKEN.values()))
]
# Seen only if the plugin works.
ROUNDS.append([(keys_shadow_a_profile, "a profile of this name has settings")])


def test_failures_found_and_fixed(newcomer: Newcomer) -> None:
    """Each failure gives status 1 and one cross with a command; after the commands all is well."""
    for failures in ROUNDS:
        for make, _ in failures:
            make(newcomer)
        sick = newcomer.program("doctor")

        assert sick.status == 1, sick
        # No other crosses: what was broken before is fixed.
        found = re.findall(r"(?m)^✗ (.*)\n  fix: (.+)$", sick.out)
        assert len(found) == len(failures), sick.out
        for _, words in failures:
            assert any(words in cross for cross, _ in found), (words, sick.out)
        for fix in dict.fromkeys(fix for _, fix in reversed(found)):
            follow(newcomer, fix)
    well = newcomer.program("doctor")
    assert (well.status, "✗" in well.out) == (0, False), well


def test_classic_lines_that_work_are_a_note(newcomer: Newcomer) -> None:
    """Classic lines that work are a note, not a failure; it says what they cost others."""
    classic("{}")(newcomer)
    done = newcomer.program("doctor")

    assert done.status == 0, done
    assert f"· {newcomer.config} turns the plugin on for all who read it (cli_legacy" in done.out
    assert "an AWS CLI v1, or a container without the plugin, can run no command with" in done.out


def test_v1_on_path(newcomer: Newcomer) -> None:
    """A v1 behind a v2 on PATH is no failure; in front of it, it hides our commands and is one."""
    newcomer.have_aws_too(aws_v1(), first=False)
    behind = newcomer.program("doctor")
    newcomer.have_aws_too(aws_v1(), first=True)
    in_front = newcomer.program("doctor")

    assert (behind.status, in_front.status) == (0, 1)
    assert f"✓ {aws_v1()} (1.18.49) is no v2: it goes on as before" in behind.out
    assert f"fix: put {newcomer.aws_folder} first on PATH" in in_front.out


def test_unreadable_file(newcomer: Newcomer) -> None:
    """For an unreadable file it prints `chmod` if the person owns it, otherwise `chown`."""
    mine = newcomer.write(".aws/credentials", LEGACY.format(name="dev-legacy-sso"))
    mine.chmod(0)
    newcomer.aliases.chmod(0o600)
    os.chown(newcomer.aliases, 65534, 65534)
    # Root, but without the capabilities that ignore file modes.
    less = "-dac_override,-dac_read_search"
    said = newcomer.run(
        *("/usr/bin/setpriv", f"--bounding-set={less}", f"--inh-caps={less}"),
        *(newcomer.programs / "awscli-plugin-legacy-sso", "doctor"),
    ).out

    chmod = f"chmod u+r '{mine}'"
    chown = f"sudo chown \"$(id -u)\" '{newcomer.aliases}'"
    assert f"✗ {mine} may not be read by you\n  fix: {chmod}\n" in said, said
    assert f"✗ {newcomer.aliases} may not be read by you\n  fix: {chown}\n" in said


def test_hooks_in_new_shells(newcomer: Newcomer) -> None:
    """In new shells it finds a hook that is missing, not reached, hidden by an alias, or works."""
    newcomer.write(".bashrc", "return\n")
    newcomer.write(".zshrc", "alias aws=/opt/aws\n")
    missing = newcomer.program("doctor").out
    assert f"✗ {newcomer.home}/.bashrc does not source the hook\n" in missing
    fix = "awscli-plugin-legacy-sso setup --shell bash --shell zsh"  # one command for both shells
    assert f"  fix: {fix}\n" in missing

    follow(newcomer, fix)
    hidden = newcomer.program("doctor").out
    assert f"✗ {newcomer.home}/.bashrc does not reach the line" in hidden
    assert "✗ in zsh an alias goes around the hook: aws=/opt/aws\n" in hidden
    zshrc = newcomer.home / ".zshrc"
    end = f"printf '\\nunalias aws\\n' >>'{zshrc}'"
    assert f"  fix: take line 1 out of {zshrc}, or end the alias: {end}\n" in hidden

    for rc in ".bashrc", ".zshrc":
        text = (newcomer.home / rc).read_text()
        newcomer.write(rc, text.partition("\n")[2])
    well = newcomer.program("doctor")
    assert (well.status, well.out.count(" has the hook, from ")) == (0, 2)


# The text of an rc file, with {} for the hook's line, and what `doctor` says about it.
RC_FILES = {
    "an alias that adds options": ("{}alias aws='AWS_PAGER= aws --no-cli-pager'\n", ""),
    "an alias that leads elsewhere": (
        "{}alias aws='aws-vault exec dev -- aws'\n",
        "an alias goes around the hook: ",
    ),
    "a function below": (
        '{}aws() { command aws "$@"; }\n',
        "the function `aws` of .*rc is in the hook's place\n  fix: move our line below",
    ),
    "a function above": ('aws() { command aws "$@"; }\n{}', ""),
    "one that asks for its name": (
        'aws() { command "NAME" "$@"; }\n{}',
        r"asks for its own name \(NAME\), so the hook leaves it alone\n  fix: write `aws`",
    ),
    "one that removes itself": (
        'aws() { unset -f aws; aws "$@"; }\n{}',
        "an `aws` function removes itself when called, and the hook with it",
    ),
}


def test_option_that_disables_hook(newcomer: Newcomer) -> None:
    """POSIX_BUILTINS above or below the hook's line is named, with a command to find its line."""
    rc = newcomer.write(".zshrc", "")
    newcomer.setup("--shell", "zsh")
    (newcomer.aws_folder / "aws").unlink()  # only the shell is asked
    line = rc.read_text()
    for text, words in (
        (f"setopt POSIX_BUILTINS\n{line}", "so the hook stays away"),
        (f"{line}emulate ksh\n", "and the hook is there"),
    ):
        rc.write_text(text)
        said = newcomer.program("doctor").out
        assert f"✗ zsh has the option POSIX_BUILTINS on, {words}" in said
        [command] = re.findall("fix: take out what sets it: (.+)", said)
        found = newcomer.run("bash", "-c", command).out
        assert [found.partition(":")[2].rstrip()] == [
            it for it in text.splitlines() if it[:2] in ("se", "em")
        ]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_alias_or_function_beside_hook(newcomer: Newcomer, shell: str) -> None:
    """An alias or function that leads to the hook is fine; for others the cause is named."""
    rc = newcomer.write(f".{shell}rc", "")
    newcomer.setup("--shell", shell)
    (newcomer.aws_folder / "aws").unlink()  # only the shell is asked
    line = rc.read_text()
    own_name = {"bash": "${FUNCNAME[0]}", "zsh": "$0"}[shell]
    for name, (text, words) in RC_FILES.items():
        rc.write_text(text.replace("{}", line).replace("NAME", own_name))
        done = newcomer.program("doctor")
        said = words.replace("NAME", {"bash": "FUNCNAME", "zsh": r"\$0"}[shell])
        wanted = f"✗ in {shell} .*{said}" if said else f"✓ {shell} has the hook, from "
        assert re.search(wanted, done.out), (name, done.out)


def test_alias_in_sourced_file(newcomer: Newcomer) -> None:
    """For an alias in a file that the rc file sources, that file and line are named."""
    aliases = newcomer.write(".bash_aliases", "if true; then\n  alias aws=/opt/aws\nfi\n")
    newcomer.write(".bashrc", ". ~/.bash_aliases\n")
    newcomer.setup()
    sick = newcomer.program("doctor").out

    assert "✗ in bash an alias goes around the hook: alias aws='/opt/aws'\n" in sick
    [fix] = re.findall(r"(?m)^  fix: (.+)$", sick)
    follow(newcomer, fix)
    assert f"take line 2 out of {aliases}" in fix
    assert aliases.read_text() == "if true; then\n  alias aws=/opt/aws\nfi\n"
    assert newcomer.run("bash", "-ic", "alias").err.count("syntax error") == 0
    assert newcomer.program("doctor").status == 0


def test_hook_by_hand(newcomer: Newcomer) -> None:
    """A hook that a person sources by a line of their own counts; if it is turned off, a note."""
    script = newcomer.plugin / "awscli_plugin_legacy_sso" / "shell" / "legacy-sso.bash"
    newcomer.write(".bashrc", f"source '{script}'\n")
    well = newcomer.program("doctor")
    newcomer.write(".bashrc", f"source '{script}'\nexport AWS_LEGACY_SSO_HOOK=0\n")
    off = newcomer.program("doctor")

    assert (well.status, off.status) == (0, 0), (well, off)
    assert "✓ bash has the hook, from " in well.out
    assert "· bash has the hook, but AWS_LEGACY_SSO_HOOK=0 turns it off\n" in off.out


def test_alias_file_of_person(newcomer: Newcomer) -> None:
    """Many blanks in a section's name are right; a file that no `aws` can read is to be edited.

    The AWS CLI is not blamed for that.
    """
    newcomer.write(".aws/cli/alias", "[command   sso]\nwho = list-accounts\n")
    newcomer.setup("--no-hook")
    well = newcomer.program("doctor")
    assert f"✓ [command sso] in {newcomer.aliases} leads to the plugin\n" in well.out

    good = newcomer.aliases.read_bytes()
    for wrong in b"[a]\n[a]\n", b"[a]\nx = !echo \xe9\n":
        newcomer.aliases.write_bytes(good + wrong)
        sick = newcomer.program("doctor").out
        found = re.findall(r"(?m)^✗ .*\n  fix: (.+)$", sick)
        assert set(found) == {f"edit {newcomer.aliases}"}, sick
        assert "no v2" not in sick
        assert "no AWS CLI v2" not in sick


def test_cli_that_does_not_start(newcomer: Newcomer) -> None:
    """It is not taken for a v1; an empty variable that our commands refuse is named, too."""
    (newcomer.aws_folder / "aws").unlink()
    broken = newcomer.write("../cli/aws", "#!/bin/sh\necho 'No module named awscli' >&2; exit 1\n")
    broken.chmod(0o755)
    done = newcomer.program("doctor", env={"AWS_SHARED_CREDENTIALS_FILE": ""})

    assert "aws does not start: No module named awscli\n  fix: install it again" in done.out
    assert "  fix: unset AWS_SHARED_CREDENTIALS_FILE\n" in done.out
    assert "v2" not in done.out


def test_hook_file_missing(newcomer: Newcomer) -> None:
    """A missing hook file is reported as missing, not as a line that is not reached."""
    newcomer.write(".bashrc", "")
    newcomer.setup()
    (newcomer.aws_folder / "aws").unlink()  # only the shell is asked
    rc = newcomer.home / ".bashrc"
    rc.write_text(rc.read_text().replace("/awscli-plugin-legacy-sso/", "/old/"))
    said = newcomer.program("doctor").out

    assert re.search(r"✗ \S+.*/old/.*legacy-sso.bash, which .*\.bashrc sources, is missing", said)


def test_legacy_profiles_with_time_left(newcomer: Newcomer) -> None:
    """Legacy profiles are listed with the time left; an expired one is a failure.

    For a file that botocore refuses, the line is named.
    """
    in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3601))
    text = LEGACY.format(name="fresh").replace("2999-01-01T00:00:00Z", in_an_hour)
    text += LEGACY.format(name="old").replace("2999", "1999")
    newcomer.write(".aws/credentials", text).chmod(0o600)
    said = newcomer.program("doctor").out

    assert "✓ fresh (from dev) is valid, 60 minutes left\n" in said or "59 minutes" in said
    assert "✗ old (from dev) expired at 1999-01-01T00:00:00Z\n  fix: aws sso refresh-" in said

    newcomer.write(".aws/credentials", f"{text}[old]\n")
    said = newcomer.program("doctor").out
    assert f"✗ credentials file: {newcomer.home}/.aws/credentials, line 15: section 'old'" in said


def test_nothing_installed(newcomer: Newcomer) -> None:
    """Without a CLI and the plugin it names the first step, in characters that the terminal has."""
    (newcomer.aws_folder / "aws").unlink()
    newcomer.config.unlink()
    newcomer.aliases.unlink()
    shutil.rmtree(newcomer.plugin)
    done = newcomer.program("doctor", env={"PYTHONIOENCODING": "ascii"})

    assert done.status == 1
    assert "!! there is no AWS CLI v2 on PATH\n" in done.out
    assert "fix: awscli-plugin-legacy-sso setup\n" in done.out
    assert shlex.quote(str(newcomer.config)) not in done.err
