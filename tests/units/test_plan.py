"""Which profiles are copied, and under which names: decided from configuration alone."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest

from awscli_plugin_legacy_sso.configuration import Configuration, SignIn
from awscli_plugin_legacy_sso.errors import (
    InvalidNameError,
    LegacySsoError,
    ProfileError,
    RefusedError,
    UsageError,
)
from awscli_plugin_legacy_sso.file.document import Document
from awscli_plugin_legacy_sso.file.section import legacy_profiles, standing
from awscli_plugin_legacy_sso.legacy_profile import Standing
from awscli_plugin_legacy_sso.plan.copies import Copy, Selection, plan
from awscli_plugin_legacy_sso.plan.decide import Decision, decide

FILE = "/credentials"
SESSION = {"sso_region": "us-east-1", "sso_start_url": "https://x"}
SESSIONS = {"corp": SESSION, "other": SESSION}
ROLE = {"role_arn": "arn:aws:iam::1:role/r", "source_profile": "dev"}
SSO = {"sso_session": "corp", "sso_account_id": "1", "sso_role_name": "Dev"}
INLINE = {**SESSION, "sso_account_id": "1", "sso_role_name": "Dev"}
KEYS = "aws_access_key_id = A\naws_secret_access_key = S\n"
TOKEN = f"{KEYS}aws_session_token = T\n"


def legacy(name: str, source: str) -> str:
    return f"[{name}]\n{TOKEN}x_legacy_sso_source = {source}\n"


def configuration(**profiles: Mapping[str, Any]) -> Configuration:
    return Configuration({"profiles": profiles, "sso_sessions": SESSIONS})


def planned(
    known: Configuration, text: str, selection: Selection
) -> list[tuple[str, str, str | None]]:
    decisions = [decided(copy, text) for copy in copies(known, text, selection)]
    return [(it.copy.source.name, it.copy.name, it.region) for it in decisions]


def copies(known: Configuration, text: str, selection: Selection) -> list[Copy]:
    return plan(known, {FILE: legacy_profiles(Document(text))}, selection)


def decided(copy: Copy, text: str) -> Decision:
    return decide(copy, standing(Document(text), copy.name))


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
    own = {"output_profile": "{profile}-o"}
    known = Configuration({"profiles": {"dev": SSO}, "sso_sessions": SESSIONS, "legacy-sso": own})

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
    (copy,) = copies(known, "", Selection(profile))

    with pytest.raises(ProfileError, match=why):
        decide(copy, Standing())


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
        copies(configuration(a=SSO, b=SSO), "", selection)


def test_all_sso_session_and_same_login_select_by_the_record() -> None:
    """A chain of roles belongs to the sign-in at its end."""
    known = configuration(
        dev=SSO,
        ops={**SSO, "sso_role_name": "Ops"},
        chained=ROLE,
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
    "role": {**ROLE, "source_profile": "sso"},
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
        source, target = known.source("sso"), known.profile(name)
        output_profile = name if is_literal else None
        selection = Selection("sso", output_profile=output_profile, force=force)
        copy = Copy(source, name, FILE, target, selection)
        with contextlib.suppress(RefusedError):
            decided(copy, text)
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
    (accident,) = copies(known, "", Selection("sso", output_profile="{profile}"))
    (meant,) = copies(known, "", Selection("sso", output_profile="sso", region="x"))

    with pytest.raises(RefusedError):
        decide(accident, Standing())
    assert "in its place" in "".join(decide(meant, Standing()).warnings)
    assert decide(meant, Standing()).region is None


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
    record = {"aws_session_token": "T", "x_legacy_sso_source": "dev"}
    known = configuration(dev=SSO, **{"dev-legacy-sso": record})

    assert planned(known, "", Selection("dev-legacy-sso")) == [("dev", "dev-legacy-sso", None)]


@pytest.mark.parametrize("key", ["output_profile", "hook_new"])
def test_an_indented_block_in_our_own_section_is_named(key: str) -> None:
    """Not a bug of ours, and not silently something else."""
    known = Configuration({"profiles": {"dev": SSO}, "legacy-sso": {key: {"a": "b"}}})

    with pytest.raises(ProfileError, match=f"{key} in .legacy-sso. is an indented block"):
        copies(known, "", Selection("dev", same_login=True))


def test_what_stands_under_its_sources_own_name_is_renewed_without_being_asked_for() -> None:
    """By ``--all`` and after each login: keys that nobody renews would be used all the same."""
    known = configuration(sso=SSO)
    text = legacy("sso", "sso")
    for selection in Selection("default", all=True), Selection("sso", same_login=True):
        (renewal,) = copies(known, text, selection)

        assert (renewal.name, decided(renewal, text).warnings) == ("sso", ())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("DEFAULT", "cannot be a profile"),
        (" a", "begins or ends with a blank"),
        ("a ", "begins or ends with a blank"),
        ("a\nb", "another control character"),
        ("a\rb", "another control character"),
        ("a\x85b", "another control character"),
        ("a\u2028b", "another control character"),
        ("dev #1-legacy-sso", "has a '#' in it, .*; choose another name with --output-profile"),
        ("dev#1", "has a '#' in it"),
        ("a;b", "has a ';' in it"),
        ("[a", "has a '.' in it"),
        ("a]b", "has a ']' in it"),
    ],
)
def test_a_name_that_not_every_tool_reads_is_refused(name: str, why: str) -> None:
    """What a header cannot hold, and where the SDKs for JavaScript, Ruby, Go and C cut it off."""
    known = configuration(sso=SSO)
    copy = Copy(known.source("sso"), name, FILE, known.profile(name), Selection("sso"))

    with pytest.raises(InvalidNameError, match=why):
        decide(copy, Standing())


def test_a_legacy_profile_of_such_a_name_is_refused_with_the_command_that_removes_it() -> None:
    """One that was written before is no longer renewed: other tools give its keys to another."""
    known = configuration(sso=SSO)
    (copy,) = copies(known, legacy("dev #1", "sso"), Selection("x", all=True))

    with pytest.raises(InvalidNameError, match="aws sso remove-legacy --legacy-profiles 'dev #1'"):
        decided(copy, legacy("dev #1", "sso"))


@pytest.mark.parametrize("name", ["a b", "né", "a=b", "${HOME}", "a'b", "a(b)", "a,b"])
def test_a_new_name_that_some_tools_do_not_see_is_written_with_a_warning(name: str) -> None:
    """Once: a legacy profile that is there is renewed in silence."""
    known = configuration(sso=SSO)
    copy = Copy(known.source("sso"), name, FILE, known.profile(name), Selection("sso"))

    assert "some tools will not see" in "".join(decide(copy, Standing()).warnings)
    assert decided(copy, legacy(name, "sso")).warnings == ()


def test_a_name_that_every_tool_sees_is_written_without_a_warning() -> None:
    """Letters, digits, and the characters that the SDKs' own patterns have."""
    known = configuration(sso=SSO)
    name = "aZ09-_/.%@:+"
    copy = Copy(known.source("sso"), name, FILE, known.profile(name), Selection("sso"))

    assert decide(copy, Standing()).warnings == ()


@pytest.mark.parametrize(
    "below",
    ["\n  [prod]\n  aws_secret_access_key = madeup\n", "  aws_secret_access_key = madeup\n"],
)
def test_a_section_that_swallows_what_is_not_ours_is_refused(below: str) -> None:
    """By file and line, with what to do; nothing of what it swallows is said."""
    known = configuration(p0=SSO)
    text = f"# mine\n{legacy('p0-legacy-sso', 'p0')}{below}"
    (copy,) = copies(known, text, Selection("x", all=True))
    line = text[: text.index("  ")].count("\n") + 1

    with pytest.raises(
        RefusedError, match=f"{FILE}, line {line}: .*begin it at column 0"
    ) as refused:
        decided(copy, text)
    assert "madeup" not in str(refused.value)


@pytest.mark.parametrize(("record", "source"), [("profile e2", "e2"), ("e2", "e2"), ("-1", "-1")])
def test_the_record_is_read_with_and_without_its_first_word(record: str, source: str) -> None:
    """Older versions wrote none, and some Go SDKs then took the name for a number."""
    (found,) = legacy_profiles(Document(legacy("x", record)))

    assert found.source == source


def test_the_region_is_decided_by_the_file_that_is_written() -> None:
    """A legacy profile of that name in another credentials file is no setting of this one's."""
    main = {"region": "eu-1", "aws_session_token": "T", "x_legacy_sso_source": "profile dev"}
    known = configuration(dev={**SSO, "region": "eu-1"}, **{"dev-legacy-sso": main})

    assert planned(known, "", Selection("dev")) == [("dev", "dev-legacy-sso", "eu-1")]
