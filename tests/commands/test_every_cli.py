"""Refresh, list, remove and the error cases on each AWS CLI v2 of ``support/every_cli.py``."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.every_cli import CLIS
from support.person import CHECKOUT, DEBIAN, FROZEN, PROFILES, Person, arn, lines, only

OTHERS = "# mine\n[default]\naws_access_key_id = AKIA\naws_secret_access_key=s ; x\n\n[ odd ]\nk:v"
LEGACY = "dev-legacy-sso"
ROLE = """
[profile role]
role_arn = arn:aws:iam::777788889999:role/Deploy
source_profile = dev
region = eu-west-1
"""

# The first that can run the plugin, Debian's and today's; `make torture` has the others.
_ALWAYS = ("2.9.19", "2.11.0", FROZEN)
every_cli = pytest.mark.parametrize(
    "version",
    [pytest.param(each, marks=[] if each in _ALWAYS else pytest.mark.torture) for each in CLIS],
    indirect=True,
)


@every_cli
def test_refresh_list_remove_on_every_cli(person: Person, version: str) -> None:
    """After ``aws sso login``: two refreshes, a list and a removal print the same on every CLI.

    All other bytes of the file stay.
    """
    person.credentials.write_text(OTHERS)
    login = person.aws("sso", "login", "--sso-session", "corp", *CLIS[version].device_code)
    first = person.refresh("--profile", "dev")
    keys, who = person.sections()[LEGACY], person.identity(LEGACY)
    second = person.refresh("--profile", "dev")
    new_keys, still_who = person.sections()[LEGACY], person.identity(LEGACY)
    text = person.credentials.read_text()
    listed = person.legacy("list-legacy", "--output", "json")
    removed = person.legacy("remove-legacy", "--legacy-profiles", LEGACY)

    assert login.status == 0, login.err
    assert person.center.count("StartDeviceAuthorization") == 1
    assert (first.status, first.err, second.status, second.err) == (0, "", 0, "")
    assert [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "T", line) for line in lines(first.out)] == [
        f"dev -> {LEGACY}  expires T (in 1h 0m)",
        f"{LEGACY} is new; remove it with: aws sso remove-legacy --legacy-profiles {LEGACY}",
        f"1 legacy profile written to {person.credentials}",
    ]
    assert who.startswith(arn("111122223333", "Developer"))
    assert who == still_who
    assert keys["aws_access_key_id"] != new_keys["aws_access_key_id"]
    assert list(keys) == list(new_keys)
    assert text.startswith(OTHERS)
    (item,) = json.loads(listed.out)["LegacyProfiles"]
    assert (item["Profile"], item["AccountId"], item["State"]) == (LEGACY, "111122223333", "valid")
    assert (removed.status, person.credentials.read_text()) == (0, OTHERS)


@every_cli
def test_errors_on_every_cli(person: Person) -> None:
    """A mistake gives one line and the documented status, and the file is unchanged."""
    person.credentials.write_text(OTHERS)
    signed_out = person.refresh("--profile", "dev")
    unknown = person.refresh("--profile", "nosuch")
    person.sign_in()
    person.center.behaviour.forbidden.add(("111122223333", "Developer"))
    refused = person.refresh("--profile", "dev")

    for done, status, said in (
        (signed_out, 253, "not signed in to session 'corp'; run: aws sso login"),
        (unknown, 253, "there is no profile 'nosuch'; list yours with: aws configure"),
        (refused, 254, "GetRoleCredentials was refused"),
    ):
        (line,) = lines(done.err)
        assert (done.status, done.out) == (status, "")
        assert said in line
    assert person.credentials.read_text() == OTHERS


@only(DEBIAN)
def test_role_over_sso_on_old_cli(person: Person) -> None:
    """AWS CLI 2.9.0 to 2.10.1 cannot use a role over an SSO profile; a refresh can."""
    person.configure(PROFILES + ROLE)
    person.sign_in()
    itself = person.aws("configure", "export-credentials", "--profile", "role")
    done = person.refresh("--profile", "role")

    assert itself.status == 255
    assert "'NoneType' object has no attribute 'get_frozen_token'" in itself.err
    assert (done.status, done.err) == (0, "")
    assert "assumed-role/Deploy/" in person.identity("role-legacy-sso")


@every_cli
def test_standard_library_on_every_cli(person: Person, version: str, tmp_path: Path) -> None:
    """Each CLI's Python has all that the plugin uses of the standard library.

    Some official builds lack parts: those of 2.11 and 2.12 have no ``os.O_CLOEXEC``.
    """
    probe = tmp_path / "plugins" / "probe"
    probe.mkdir(parents=True)
    names = sorted(set(standard_library_names()))
    (probe / "__init__.py").write_text(PROBE.format(names=names))
    plugins = f"[plugins]\ncli_legacy_plugin_path = {probe.parent}\nprobe = probe\n"
    person.configure(plugins, plugin=False)
    done = person.aws("--version")
    missing, said = done.out.splitlines()

    assert ("os", "open") in names
    assert missing == "[]"
    assert said.startswith(f"aws-cli/{version} Python/{CLIS[version].python}.")


PROBE = """
def awscli_initialize(events):
    import importlib
    missing = []
    for module, name in {names}:
        try:
            if not hasattr(importlib.import_module(module), name):
                importlib.import_module(module + "." + name)
        except ImportError:
            missing.append((module, name))
    print(missing)
"""


def standard_library_names() -> Iterator[tuple[str, str]]:
    """Yield each module and name of the standard library that the plugin's code mentions."""
    for path in (CHECKOUT / "awscli_plugin_legacy_sso").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        imported = {
            alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
        }
        found = [(module, "__name__") for module in imported]
        for node in nodes:
            match node:
                case ast.ImportFrom(module=str(module), names=names, level=0):
                    found += [(module, alias.name) for alias in names]
                case ast.Attribute(value=ast.Name(id=module), attr=name) if module in imported:
                    found += [(module, name)]
        for module, name in found:
            if module.partition(".")[0] in sys.stdlib_module_names:
                yield module, name
