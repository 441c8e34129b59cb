"""The doctor: each failure is made by hand, found, and mended by doing what it says, literally."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import real_parts
from support.newcomer import Newcomer, aws_v1, newcomer_with
from support.person import FROZEN

from awscli_plugin_legacy_sso.installer import package_copy
from awscli_plugin_legacy_sso.installer.plugin_lines import turned_on

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
    """Somebody whose plugin is on: there is what `setup` writes; how it does is not asked here."""
    somebody = newcomer_with(real_parts.frozen_cli(FROZEN), tmp_path, tmp_path_factory)
    somebody.plugin.mkdir(parents=True)
    package_copy.renew(str(somebody.plugin))
    somebody.write(".aws/config", turned_on(PROFILES, str(somebody.plugin)))
    return somebody


def follow(newcomer: Newcomer, mend: str) -> None:
    """Do what the doctor says: run the first command, or edit what it tells to."""
    if edit := re.fullmatch(r"edit (.+), this line: ((\w+) = .*)", mend):
        path, line, key = Path(edit[1]), edit[2], edit[3]
        path.write_text(re.sub(rf"(?m)^{key} = .*$", line, path.read_text()))
    elif edit := re.fullmatch(r"edit (.+), take out this line of \[plugins\]: (.+)", mend):
        path = Path(edit[1])
        path.write_text(path.read_text().replace(f"{edit[2]}\n", ""))
    else:
        command = mend.partition("; or ")[0]
        done = newcomer.run("bash", "-c", f"yes() {{ echo y; }}; yes | {command}")
        assert done.status == 0, (command, done)


def config_with(old: str, new: str) -> Break:
    return lambda newcomer: newcomer.config.write_text(
        newcomer.config.read_text().replace(
            old.format(newcomer.plugin), new.format(newcomer.plugin)
        )
    )


def path_list(new: str) -> Break:
    return config_with("cli_legacy_plugin_path = {}\n", f"{new}\n")


def another_copy_first(newcomer: Newcomer) -> None:
    folder = newcomer.root / "old"
    folder.mkdir()
    package_copy.renew(str(folder))
    (folder / "awscli_plugin_legacy_sso" / "cli" / "commands.py").write_text("COMMANDS = []\n")
    path_list(f"cli_legacy_plugin_path = {folder}:{{}}")(newcomer)


def others_may_read(newcomer: Newcomer) -> None:
    newcomer.write(".aws/credentials", LEGACY.format(name="dev-legacy-sso")).chmod(0o644)


def keys_shadow_a_profile(newcomer: Newcomer) -> None:
    newcomer.write(".aws/credentials", LEGACY.format(name="base")).chmod(0o600)
    config_with("[profile base]\n", "[profile base]\ncredential_process = x\n")(newcomer)


BROKEN: dict[str, tuple[Break, str]] = {
    "the path names another Python's packages": (
        path_list("cli_legacy_plugin_path = /usr/lib/python3.8/site-packages"),
        "does not name",
    ),
    "there is no path": (path_list(""), "does not name"),
    "the path is quoted": (path_list('cli_legacy_plugin_path = "{}"'), "as it is written"),
    "the path starts with ~": (
        path_list("cli_legacy_plugin_path = ~/.local/share/awscli-plugin-legacy-sso"),
        "but '~/.local/share/awscli-plugin-legacy-sso', as it is written",
    ),
    "the folder is gone": (
        lambda newcomer: (newcomer.plugin / "awscli_plugin_legacy_sso").unlink(),
        "No module named 'awscli_plugin_legacy_sso'",
    ),
    "there is no plugin line": (
        config_with("legacy_sso = awscli_plugin_legacy_sso\n", ""),
        "has no line with awscli_plugin_legacy_sso",
    ),
    "the name is the package index's": (
        config_with("= awscli_plugin_legacy_sso\n", "= awscli-plugin-legacy-sso\n"),
        "No module named 'awscli-plugin-legacy-sso'",
    ),
    "another plugin is gone": (
        config_with("[plugins]\n", "[plugins]\nother = other_plugin\n"),
        "No module named 'other_plugin'",
    ),
    "a path of old is left": (
        path_list("cli_legacy_plugin_path = /old/python3.8/site-packages:{}"),
        "names '/old/python3.8/site-packages', which is no folder",
    ),
    "an old copy is in use": (another_copy_first, "is another copy of the plugin, and is the one"),
    "others may read the file": (others_may_read, "can be read by others"),
    "keys shadow a profile": (keys_shadow_a_profile, "a profile of this name has settings"),
}


@pytest.mark.parametrize("failure", BROKEN)
def test_each_failure_is_found_and_mended(newcomer: Newcomer, failure: str) -> None:
    """Status 1, a cross and a command for it; all is well once that has been followed."""
    make, words = BROKEN[failure]
    make(newcomer)
    sick = newcomer.program("doctor")

    assert sick.status == 1, sick
    assert words in sick.out
    for mend in dict.fromkeys(re.findall(r"(?m)^✗ .*\n  mend: (.+)$", sick.out)):
        follow(newcomer, mend)
    well = newcomer.program("doctor")
    assert (well.status, "✗" in well.out) == (0, False), (sick, well)


def test_a_v1_that_was_forced_is_named(newcomer: Newcomer, tmp_path: Path) -> None:
    """With what removes it, or the plugin: following either, all that is there works again."""
    newcomer.have_aws_too(aws_v1(), first=True)
    newcomer.config.write_text(PROFILES)
    forced = newcomer.setup("--force")
    assert f"warning: {aws_v1()} (1.18.49) is no v2, and not one of its commands" in forced.err
    sick = newcomer.program("doctor")

    assert f"✗ {aws_v1()} (1.18.49) does not work with this config: " in sick.out
    [mend] = re.findall(r"  mend: (.+)", sick.out)
    remove, take_back = mend.split("; or take the plugin back with: ")
    assert remove == f"{aws_v1().parent / 'python'} -m pip uninstall awscli"
    follow(newcomer, take_back)
    assert newcomer.run(aws_v1(), "--version").status == 0
    assert newcomer.config.read_text() == PROFILES


def test_hooks_are_looked_for_in_new_shells(newcomer: Newcomer) -> None:
    """Not in the rc file, not reached, gone round by an alias; then found in place."""
    newcomer.write(".bashrc", "return\n")
    newcomer.write(".zshrc", "alias aws=/opt/aws\n")
    missing = newcomer.program("doctor").out
    assert f"✗ {newcomer.home}/.bashrc does not source the hook\n" in missing
    mend = "awscli-plugin-legacy-sso setup --shell bash --shell zsh"  # or one would be forgotten
    assert f"  mend: {mend}\n" in missing

    follow(newcomer, mend)
    hidden = newcomer.program("doctor").out
    assert f"✗ {newcomer.home}/.bashrc does not reach the line" in hidden
    assert "✗ in zsh an alias goes around the hook: aws=/opt/aws\n" in hidden

    for rc in ".bashrc", ".zshrc":
        text = (newcomer.home / rc).read_text()
        newcomer.write(rc, text.partition("\n")[2])
    well = newcomer.program("doctor")
    assert (well.status, well.out.count(" has the hook, from ")) == (0, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("alias aws='AWS_PAGER= aws --no-cli-pager'", None),
        ("alias aws='aws-vault exec dev -- aws'", "✗ in bash an alias goes around the hook: "),
        ('aws() { command aws "$@"; }', "✗ in bash another function `aws` is in the hook's place"),
    ],
)
def test_what_stands_below_the_hook_is_looked_at(
    newcomer: Newcomer, line: str, said: str | None
) -> None:
    """An alias may come to the hook or go around it, and a function takes its place."""
    rc = newcomer.write(".bashrc", "")
    newcomer.setup()
    rc.write_text(f"{rc.read_text()}{line}\n")
    done = newcomer.program("doctor")

    assert (said or "✓ bash has the hook, from ") in done.out


def test_legacy_profiles_are_told_with_their_age(newcomer: Newcomer) -> None:
    """What has expired is a cross; a file that botocore refuses is named with its line."""
    in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3601))
    text = LEGACY.format(name="fresh").replace("2999-01-01T00:00:00Z", in_an_hour)
    text += LEGACY.format(name="old").replace("2999", "1999")
    newcomer.write(".aws/credentials", text).chmod(0o600)
    said = newcomer.program("doctor").out

    assert "✓ fresh (from dev) is valid, 60 minutes left\n" in said or "59 minutes" in said
    assert "✗ old (from dev) expired at 1999-01-01T00:00:00Z\n  mend: aws sso refresh-" in said

    newcomer.write(".aws/credentials", f"{text}[old]\n")
    said = newcomer.program("doctor").out
    assert f"✗ credentials file: {newcomer.home}/.aws/credentials, line 15: section 'old'" in said


def test_where_there_is_nothing_at_all(newcomer: Newcomer) -> None:
    """No CLI and no plugin: it says so, and where to begin; words that any terminal can print."""
    (newcomer.aws_folder / "aws").unlink()
    newcomer.config.unlink()
    done = newcomer.program("doctor", env={"PYTHONIOENCODING": "ascii"})

    assert done.status == 1
    assert "!! there is no AWS CLI v2 on PATH\n" in done.out
    assert "mend: awscli-plugin-legacy-sso setup\n" in done.out
    assert shlex.quote(str(newcomer.config)) not in done.err
