"""Which profiles are copied, and under which names: decided from configuration alone."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest

from awscli_plugin_legacy_sso.configuration import Configuration, SignIn
from awscli_plugin_legacy_sso.errors import LegacySsoError, ProfileError, RefusedError, UsageError
from awscli_plugin_legacy_sso.file.document import Document
from awscli_plugin_legacy_sso.plan.profiles import Refresh, Selection, plan

FILE = "/credentials"
SSO = {"sso_session": "corp", "sso_account_id": "1", "sso_role_name": "Dev"}
INLINE = {"sso_start_url": "https://x", "sso_account_id": "1", "sso_role_name": "Dev"}
KEYS = "aws_access_key_id = A\naws_secret_access_key = S\n"
TOKEN = f"{KEYS}aws_session_token = T\n"


def legacy(name: str, source: str) -> str:
    return f"[{name}]\n{TOKEN}x_legacy_sso_source = {source}\n"


def configuration(**profiles: Mapping[str, Any]) -> Configuration:
    sessions = {"corp": {"sso_region": "us-east-1"}, "other": {"sso_region": "us-east-1"}}
    return Configuration({"profiles": profiles, "sso_sessions": sessions})


def planned(
    known: Configuration, text: str, selection: Selection
) -> list[tuple[str, str, str | None]]:
    items = plan(known, {FILE: Document(text)}, selection)
    return [(item.source, item.name, item.region) for item in items]


@pytest.mark.parametrize(
    ("template", "name"),
    [(None, "dev-legacy-sso"), ("old", "old"), ("{profile}-x", "dev-x")],
)
def test_the_name_comes_from_the_source_profile(template: str | None, name: str) -> None:
    """``{profile}`` in --output-profile stands for the source profile."""
    selection = Selection("dev", output_profile=template)

    assert planned(configuration(dev=SSO), "", selection) == [("dev", name, None)]


def test_the_default_name_can_be_set_in_the_config_file() -> None:
    """``output_profile`` in the ``[legacy-sso]`` section."""
    known = Configuration(
        {"profiles": {"dev": SSO}, "legacy-sso": {"output_profile": "{profile}-o"}}
    )

    assert planned(known, "", Selection("dev")) == [("dev", "dev-o", None)]


def test_a_legacy_profile_named_as_source_means_its_record() -> None:
    """People export AWS_PROFILE=dev-legacy-sso and refresh it."""
    text = legacy("dev-legacy-sso", "dev")
    known = configuration(dev=SSO, **{"dev-legacy-sso": {"aws_access_key_id": "A"}})

    assert planned(known, text, Selection("dev-legacy-sso")) == [("dev", "dev-legacy-sso", None)]


@pytest.mark.parametrize(
    ("settings", "target", "text", "asked", "region"),
    [
        pytest.param({"region": "eu-1"}, {}, "", None, "eu-1", id="the source's own"),
        pytest.param({"region": "eu-1"}, {}, "", "us-1", "us-1", id="--region wins"),
        pytest.param({}, {}, "", None, None, id="none to write"),
        pytest.param(
            {"region": "eu-1"},
            {},
            legacy("dev-legacy-sso", "dev"),
            None,
            None,
            id="once made it is the person's",
        ),
        pytest.param(
            {"region": "eu-1"}, {"region": "x"}, "", None, None, id="the config has one already"
        ),
    ],
)
def test_the_region_is_written_once(
    settings: dict[str, str],
    target: dict[str, str],
    text: str,
    asked: str | None,
    region: str | None,
) -> None:
    """When the section is made, from the source's own settings; later only when asked for."""
    known = configuration(dev={**SSO, **settings}, **{"dev-legacy-sso": target})
    selection = Selection("dev", region=asked)

    assert planned(known, text, selection) == [("dev", "dev-legacy-sso", region)]


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ("nosuch", "there is no profile 'nosuch'"),
        ("empty", "does not say how it gets credentials"),
        ("long-term", "holds long-term keys; old tools can use it as it is"),
        ("block", "has an indented block under sso_role_name, not a value"),
        ("half", "has no sso_account_id and no sso_role_name"),
    ],
)
def test_what_is_no_source_of_temporary_keys_is_refused(profile: str, why: str) -> None:
    """Whatever role the machine itself has: the profile's own configuration decides."""
    known = configuration(
        empty={"region": "eu-1"},
        half={"sso_session": "corp"},
        block={**SSO, "sso_role_name": {"a": "b"}},
        **{"long-term": {"aws_access_key_id": "A", "aws_secret_access_key": "S"}},
    )
    (item,) = plan(known, {FILE: Document("")}, Selection(profile))

    assert isinstance(item.error, ProfileError)
    assert why in str(item.error)


def test_patterns_match_every_source_and_no_legacy_profile() -> None:
    """Wildcards are the shell's. A profile that is a source is one with our keys under it too."""
    known = configuration(
        **{"team-a": SSO, "team-b": INLINE, "team-c": {"region": "x"}, "other": SSO},
        **{"team-a-legacy-sso": {"aws_access_key_id": "A"}},
    )
    text = legacy("team-a-legacy-sso", "team-a") + legacy("team-b", "team-b")
    selection = Selection("default", source_profiles=["team-*", "other"])

    assert [source for source, _, _ in planned(known, text, selection)] == [
        "team-a",
        "team-b",
        "other",
    ]


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (Selection("x", source_profiles=["nothing-*"]), ProfileError),
        (Selection("x", sso_session="nosuch"), ProfileError),
        (Selection("x", source_profiles=["a", "b"], output_profile="one"), UsageError),
    ],
)
def test_a_selection_that_cannot_work_is_refused_before_anything_is_fetched(
    selection: Selection, error: type[LegacySsoError]
) -> None:
    """A pattern without a match, an unknown session, two sources with one output."""
    with pytest.raises(error):
        plan(configuration(a=SSO, b=SSO), {FILE: Document("")}, selection)


def test_all_sso_session_and_same_login_select_by_the_record() -> None:
    """A chain of roles belongs to the sign-in at its end."""
    known = configuration(
        dev=SSO,
        ops={**SSO, "sso_role_name": "Ops"},
        chained={"role_arn": "arn", "source_profile": "dev"},
        elsewhere={**SSO, "sso_session": "other"},
        process={"credential_process": "x"},
    )
    text = "\n".join(
        legacy(f"{name}-o", name) for name in ("dev", "chained", "elsewhere", "process")
    )

    def sources(selection: Selection) -> list[str]:
        return [source for source, _, _ in planned(known, text, selection)]

    assert sources(Selection("x", all=True)) == ["dev", "chained", "elsewhere", "process"]
    assert sources(Selection("x", sso_session="corp")) == ["dev", "chained"]
    assert sources(Selection("dev", same_login=True)) == ["dev", "chained"]
    assert sources(Selection("ops", same_login=True)) == ["ops", "dev", "chained"]
    assert sources(Selection("process", same_login=True)) == ["process"]


def test_hook_new_no_limits_the_hook_to_what_is_recorded() -> None:
    """``hook_new = no`` in ``[legacy-sso]``: a login writes nothing for the first time."""
    known = Configuration({"profiles": {"dev": SSO}, "legacy-sso": {"hook_new": "no"}})

    assert planned(known, "", Selection("dev", same_login=True)) == []


def test_inline_profiles_of_one_start_url_are_one_sign_in() -> None:
    """Without an sso_session the start URL is what tells one sign-in from another."""
    known = configuration(a=INLINE, b={**INLINE, "sso_role_name": "X"})

    assert known.source("a").sign_in == known.source("b").sign_in == SignIn(None, "https://x")


NAMES = {
    "free": {},
    "sso": SSO,
    "process": {"credential_process": "x"},
    "role": {"role_arn": "arn", "source_profile": "sso"},
    "in-config": {"aws_access_key_id": "A", "aws_secret_access_key": "S"},
}
# What stands under the output name -> what happens without --force, with it, and with a literal
# name and --force.
GUARDS = [
    pytest.param("free", "", "written", "written", "written", id="nothing"),
    pytest.param(
        "free", "[free]\nregion = x\n", "written", "written", "written", id="only a region"
    ),
    pytest.param("free", legacy("free", "sso"), "written", "written", "written", id="ours"),
    pytest.param(
        "free",
        f"[free]\n{TOKEN}aws_session_expiration = x\n",
        "written",
        "written",
        "written",
        id="yawsso's",
    ),
    pytest.param(
        "free",
        f"[free]\n{TOKEN}x_principal_arn = a\nx_security_token_expires = y\n",
        "written",
        "written",
        "written",
        id="saml2aws's",
    ),
    pytest.param(
        "free",
        f"[free]\n{TOKEN}manager = awsume\nexpiration = x\n",
        "written",
        "written",
        "written",
        id="awsume's",
    ),
    pytest.param("free", f"[free]\n{KEYS}", "refused", "refused", "written", id="long-term keys"),
    pytest.param(
        "free",
        f"[free]\n{KEYS}x_legacy_sso_source = sso\n",
        "refused",
        "refused",
        "written",
        id="long-term keys pasted into ours",
    ),
    pytest.param(
        "free",
        f"[DEFAULT]\n{TOKEN}[free]\n{KEYS}",
        "refused",
        "refused",
        "written",
        id="inherited token",
    ),
    pytest.param(
        "free", "[free]\nrole_arn = a\n", "refused", "written", "written", id="settings in the file"
    ),
    pytest.param("process", "", "refused", "written", "written", id="a process profile's name"),
    pytest.param("role", "", "refused", "written", "written", id="a role profile's name"),
    pytest.param(
        "process",
        legacy("process", "sso"),
        "written",
        "written",
        "written",
        id="ours under a process profile's name",
    ),
    pytest.param(
        "process",
        legacy("process", "other"),
        "refused",
        "written",
        "written",
        id="ours, from another source, under a process profile's name",
    ),
    pytest.param("in-config", "", "refused", "written", "written", id="keys in the config file"),
]


@pytest.mark.parametrize(("name", "text", "plain", "forced", "literal"), GUARDS)
def test_what_is_taken_over_and_what_is_refused(
    name: str, text: str, plain: str, forced: str, literal: str
) -> None:
    """The table of what may stand under the name, row by row."""
    known = configuration(**NAMES)

    def attempt(*, force: bool = False, is_literal: bool = False) -> str:
        refresh = Refresh("sso", name, FILE, force=force, is_literal=is_literal)
        with contextlib.suppress(RefusedError):
            refresh.check(known, Document(text))
            return "written"
        return "refused"

    assert [plain, forced, literal] == [
        attempt(),
        attempt(force=True),
        attempt(force=True, is_literal=True),
    ]


def test_an_sso_sources_own_name_is_taken_only_when_asked_for_and_without_region() -> None:
    """A pattern that comes out as the source's own name is an accident; a literal name is not."""
    known = configuration(sso={**SSO, "region": "eu-1"})
    (accident,) = plan(known, {FILE: Document("")}, Selection("sso", output_profile="{profile}"))
    (meant,) = plan(known, {FILE: Document("")}, Selection("sso", output_profile="sso", region="x"))

    with pytest.raises(RefusedError):
        accident.check(known, Document(""))
    assert "in its place" in "".join(meant.check(known, Document("")))
    assert meant.region is None


def test_a_sources_own_name_gets_no_region_by_a_renewal_either() -> None:
    """``--all --region``: it would win over the configured one in the CLI itself."""
    text = legacy("sso", "sso") + legacy("other", "sso")

    for selection in (
        Selection("x", all=True, region="eu-1"),
        Selection("sso", same_login=True, region="eu-1"),
    ):
        assert planned(configuration(sso=SSO), text, selection) == [
            ("sso", "sso", None),
            ("sso", "other", "eu-1"),
        ]


def test_a_name_that_belongs_to_another_source_stays_its_own_at_a_login() -> None:
    """The hook renews what is recorded, and does not stop at a name that is taken."""
    known = configuration(a=SSO, b=SSO)
    text = legacy("b-legacy-sso", "a")

    assert planned(known, text, Selection("b", same_login=True)) == [("a", "b-legacy-sso", None)]


def test_a_legacy_profile_is_known_by_its_record_in_whatever_file_is_written() -> None:
    """``AWS_PROFILE=dev-legacy-sso`` with ``--credentials-file``."""
    record = {"aws_access_key_id": "A", "x_legacy_sso_source": "dev"}
    known = configuration(dev=SSO, **{"dev-legacy-sso": record})

    assert planned(known, "", Selection("dev-legacy-sso")) == [("dev", "dev-legacy-sso", None)]


@pytest.mark.parametrize("key", ["output_profile", "hook_new"])
def test_an_indented_block_in_our_own_section_is_named(key: str) -> None:
    """Not a bug of ours, and not silently something else."""
    known = Configuration({"profiles": {"dev": SSO}, "legacy-sso": {key: {"a": "b"}}})

    with pytest.raises(ProfileError, match=f"{key} in .legacy-sso. is an indented block"):
        plan(known, {FILE: Document("")}, Selection("dev", same_login=True))


def test_what_stands_under_its_sources_own_name_is_renewed_without_being_asked_for() -> None:
    """By ``--all`` and after each login: keys that nobody renews would be used all the same."""
    known = configuration(sso=SSO)
    text = Document(legacy("sso", "sso"))
    for selection in Selection("default", all=True), Selection("sso", same_login=True):
        (renewal,) = plan(known, {FILE: text}, selection)

        assert (renewal.name, renewal.check(known, text)) == ("sso", [])


@pytest.mark.parametrize(
    "name", ["", "DEFAULT", "a]b", " a", "a ", "a\nb", "a\rb", "a\x85b", "a\u2028b"]
)
def test_a_name_that_a_section_header_cannot_hold_is_refused(name: str) -> None:
    """Control characters, a bracket, blanks at the ends, nothing at all, and DEFAULT."""
    with pytest.raises(LegacySsoError):
        Refresh("sso", name, FILE).check(configuration(), Document(""))
