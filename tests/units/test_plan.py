"""Which profiles are copied, and under which names: decided from configuration and text alone."""

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
def test_name_from_source_profile(template: str | None, name: str) -> None:
    """``{profile}`` in --output-profile is replaced by the name of the source profile."""
    selection = Selection("dev", output_profile=template)

    assert planned(configuration(dev=SSO), "", selection) == [("dev", name, None)]


def test_name_default_from_config() -> None:
    """``output_profile`` in the ``[legacy-sso]`` section sets the default name."""
    own = {"output_profile": "{profile}-o"}
    known = Configuration({"profiles": {"dev": SSO}, "sso_sessions": SESSIONS, "legacy-sso": own})

    assert planned(known, "", Selection("dev")) == [("dev", "dev-o", None)]


def test_legacy_profile_as_source() -> None:
    """If the source given is a legacy profile, its recorded source is used.

    People export AWS_PROFILE=dev-legacy-sso, and then refresh it.
    """
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
            {"region": "eu-1"},
            {},
            legacy("dev-legacy-sso", "other"),
            None,
            "eu-1",
            id="it was another source's",
        ),
        pytest.param(
            {"region": "eu-1"}, {"region": "x"}, "", None, None, id="the config has one already"
        ),
    ],
)
def test_region_written_once(
    settings: dict[str, str],
    target: dict[str, str],
    text: str,
    asked: str | None,
    region: str | None,
) -> None:
    """The source's region is written when the section is created; later only ``--region`` is."""
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
def test_profile_without_temporary_keys(profile: str, why: str) -> None:
    """A profile that gives no temporary keys is refused with the reason.

    Only the configuration of the profile counts, not a role of the machine.
    """
    known = configuration(
        empty={"region": "eu-1"},
        half={"sso_session": "corp"},
        block={**SSO, "sso_role_name": {"a": "b"}},
        **{"long-term": {"aws_access_key_id": "A", "aws_secret_access_key": "S"}},
    )
    (copy,) = copies(known, "", Selection(profile))

    with pytest.raises(ProfileError, match=why):
        decide(copy, Standing())


def test_patterns_match_sources() -> None:
    """Patterns work as in a shell, and match source profiles but no legacy profiles.

    A source profile that has our keys under its own name still matches.
    """
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
def test_selection_refused(selection: Selection, error: type[LegacySsoError]) -> None:
    """A pattern without a match, an unknown session, and two sources for one name are refused.

    This happens before anything is fetched.
    """
    with pytest.raises(error):
        copies(configuration(a=SSO, b=SSO), "", selection)


def test_selection_by_record() -> None:
    """``--all``, ``--sso-session`` and ``--same-login`` select by the recorded source.

    A chain of roles belongs to the sign-in of its last source profile.
    """
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


def test_hook_new_off() -> None:
    """With ``hook_new = no`` in ``[legacy-sso]`` a login creates no new legacy profile."""
    known = Configuration({"profiles": {"dev": SSO}, "legacy-sso": {"hook_new": "no"}})

    assert planned(known, "", Selection("dev", same_login=True)) == []


def test_inline_profiles_share_sign_in() -> None:
    """Profiles without an sso_session share a sign-in if they have the same start URL."""
    known = configuration(a=INLINE, b={**INLINE, "sso_role_name": "X"})

    assert known.source("a").sign_in == known.source("b").sign_in == SignIn(None, "https://x")


NAMES = {
    "free": {},
    "sso": SSO,
    "process": {"credential_process": "x"},
    "role": {**ROLE, "source_profile": "sso"},
    "in-config": {"aws_access_key_id": "A", "aws_secret_access_key": "S"},
}
# What exists under the output name -> the result without --force, with --force, and with --force
# and a literal name.
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
def test_guards_of_existing_names(
    name: str, text: str, plain: str, forced: str, literal: str
) -> None:
    """Each row says whether an existing section or profile under the name is written over."""
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


def test_own_name_of_source() -> None:
    """The source's own name is refused from a pattern; a literal one is written without region."""
    known = configuration(sso={**SSO, "region": "eu-1"})
    (accident,) = copies(known, "", Selection("sso", output_profile="{profile}"))
    (meant,) = copies(known, "", Selection("sso", output_profile="sso", region="x"))

    with pytest.raises(RefusedError):
        decide(accident, Standing())
    assert "in its place" in "".join(decide(meant, Standing()).warnings)
    assert decide(meant, Standing()).region is None


def test_own_name_renewed_without_region() -> None:
    """``--all --region`` writes no region under a source's own name.

    In the CLI it would win over the configured region.
    """
    text = legacy("sso", "sso") + legacy("other", "sso")

    for selection in (
        Selection("x", all=True, region="eu-1"),
        Selection("sso", same_login=True, region="eu-1"),
    ):
        assert planned(configuration(sso=SSO), text, selection) == [
            ("sso", "sso", None),
            ("sso", "other", "eu-1"),
        ]


def test_name_of_other_source_at_login() -> None:
    """A login renews the recorded source; a name that belongs to another source is no error."""
    known = configuration(a=SSO, b=SSO)
    text = legacy("b-legacy-sso", "a")

    assert planned(known, text, Selection("b", same_login=True)) == [("a", "b-legacy-sso", None)]


def test_legacy_profile_in_other_file() -> None:
    """A legacy profile is recognized by its record, also with another ``--credentials-file``.

    For example with ``AWS_PROFILE=dev-legacy-sso``.
    """
    record = {"aws_session_token": "T", "x_legacy_sso_source": "dev"}
    known = configuration(dev=SSO, **{"dev-legacy-sso": record})

    assert planned(known, "", Selection("dev-legacy-sso")) == [("dev", "dev-legacy-sso", None)]


@pytest.mark.parametrize("key", ["output_profile", "hook_new"])
def test_indented_block_in_our_section(key: str) -> None:
    """An indented block as a value in ``[legacy-sso]`` is an error that names the key."""
    known = Configuration({"profiles": {"dev": SSO}, "legacy-sso": {key: {"a": "b"}}})

    with pytest.raises(ProfileError, match=f"{key} in .legacy-sso. is an indented block"):
        copies(known, "", Selection("dev", same_login=True))


def test_own_name_renewed() -> None:
    """``--all`` and each login renew a legacy profile under its source's name, with no warning.

    Tools would use these keys even if they were not renewed.
    """
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
def test_name_not_read_by_all_tools(name: str, why: str) -> None:
    """A name that a section header cannot hold, or that some SDKs cut off, is refused."""
    known = configuration(sso=SSO)
    copy = Copy(known.source("sso"), name, FILE, known.profile(name), Selection("sso"))

    with pytest.raises(InvalidNameError, match=why):
        decide(copy, Standing())


def test_name_not_read_by_all_tools_renewed() -> None:
    """A legacy profile of such a name is not renewed; the error has the command that removes it.

    Other tools read its keys as those of another profile.
    """
    known = configuration(sso=SSO)
    (copy,) = copies(known, legacy("dev #1", "sso"), Selection("x", all=True))

    with pytest.raises(InvalidNameError, match="aws sso remove-legacy --legacy-profiles 'dev #1'"):
        decided(copy, legacy("dev #1", "sso"))


@pytest.mark.parametrize("name", ["a b", "né", "a=b", "${HOME}", "a'b", "a(b)", "a,b"])
def test_name_with_warning(name: str) -> None:
    """A new name that some tools do not see gives a warning; its later renewals give none."""
    known = configuration(sso=SSO)
    copy = Copy(known.source("sso"), name, FILE, known.profile(name), Selection("sso"))

    assert "some tools will not see" in "".join(decide(copy, Standing()).warnings)
    assert decided(copy, legacy(name, "sso")).warnings == ()


def test_name_without_warning() -> None:
    """Letters, digits and the characters in the SDKs' own patterns give no warning."""
    known = configuration(sso=SSO)
    name = "aZ09-_/.%@:+"
    copy = Copy(known.source("sso"), name, FILE, known.profile(name), Selection("sso"))

    assert decide(copy, Standing()).warnings == ()


@pytest.mark.parametrize(
    "below",
    ["\n  [prod]\n  aws_secret_access_key = madeup\n", "  aws_secret_access_key = madeup\n"],
)
def test_swallowing_section_refused(below: str) -> None:
    """The error names file and line and says what to do; it quotes nothing of what is swallowed."""
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
def test_record_with_and_without_profile(record: str, source: str) -> None:
    """The record is read with the word ``profile`` and without it.

    Older versions did not write the word, and some Go SDKs then took the name for a number.
    """
    (found,) = legacy_profiles(Document(legacy("x", record)))

    assert found.source == source


def test_region_with_other_file() -> None:
    """The source's region is written if the section is new in the file that is written.

    A legacy profile of that name in another credentials file does not count.
    """
    main = {"region": "eu-1", "aws_session_token": "T", "x_legacy_sso_source": "profile dev"}
    known = configuration(dev={**SSO, "region": "eu-1"}, **{"dev-legacy-sso": main})

    assert planned(known, "", Selection("dev")) == [("dev", "dev-legacy-sso", "eu-1")]
