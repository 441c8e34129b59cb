"""What to do with one copy: a copy and what stands in its place come in, a decision goes out. Pure.

:func:`decide` is called twice: before fetching, and again under the lock, since the file may have
changed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..errors import InvalidNameError, ProfileError, RefusedError, option
from ..legacy_profile import (
    RECORD,
    Holds,
    Standing,
    check_name,
    is_plain_name,
    remove_command,
    swallowing,
)
from .copies import Copy

IsDue = Callable[[Copy, Standing], bool]


class Decision(NamedTuple):
    """What to do with a copy, and what stood in its place when that was decided."""

    copy: Copy
    there: Standing
    is_planned: bool
    region: str | None = None  # to write
    warnings: tuple[str, ...] = ()


def decide(
    copy: Copy, there: Standing, is_due: IsDue | None = None, before: Decision | None = None
) -> Decision:
    """Decide whether a legacy profile is written, left as it is, or refused.

    Args:
        copy: what is asked for.
        there: what the file has under that name now.
        is_due: says whether it has to be renewed; without it, it always is.
        before: the first decision. What was signed out or removed since then stays so.

    A refusal is raised as a ``LegacySsoError``.
    """
    if before and (done := _taken_away(before.there, there)):
        warning = f"{copy.name} was {done} meanwhile, and stays so"
        return Decision(copy, there, is_planned=False, warnings=(warning,))
    _check_source_and_name(copy, there)
    _check_section(copy, there)
    warnings = [*_shadowing(copy, there)]
    if not there.exists and not is_plain_name(copy.name):
        warnings.append(
            f"some tools will not see {copy.name!r}: they know only letters, digits and -_/.%@:+ "
            "in a profile's name; choose another one with --output-profile"
        )
    is_planned = is_due is None or is_due(copy, there)
    return Decision(copy, there, is_planned, _region(copy, there), tuple(warnings))


def _taken_away(before: Standing, now: Standing) -> str | None:
    if before.legacy is None:
        return None
    if now.legacy is None:
        return "removed"
    return "signed out" if now.legacy.signed_out and not before.legacy.signed_out else None


def _check_source_and_name(copy: Copy, there: Standing) -> None:
    remove = remove_command(copy.name, copy.selection.credentials_file)
    if not copy.selection.any_source:
        if not copy.source.exists and there.is_from(copy.source.name):
            raise ProfileError(
                f"there is no profile {copy.source.name!r} any more; remove its legacy profile "
                f"with: {remove}"
            )
        copy.source.check()
    try:
        check_name(copy.name)
    except InvalidNameError as error:
        if there.legacy is None:
            raise
        raise InvalidNameError(f"{error}, and remove this one with: {remove}") from None


def _check_section(copy: Copy, there: Standing) -> None:
    force = copy.selection.force
    if there.swallows:
        raise RefusedError(swallowing(copy.path, copy.name, there.swallows))
    if there.unseen:
        raise RefusedError(
            f"{copy.path}, line {there.unseen}: some tools do not see a section with something "
            f"behind its name, and would give its keys to the one above; leave only [{copy.name}] "
            "in that line"
        )
    if there.holds is Holds.LONG_TERM_KEYS and not (force and copy.is_literal):
        raise RefusedError(
            f"section {copy.name!r} of {copy.path} holds long-term keys, maybe their only "
            "copy; choose another name with --output-profile, or overwrite them for good with: "
            f"{option('--output-profile', copy.name)} --force"
        )
    if there.holds is Holds.SETTINGS and not force:
        raise RefusedError(
            f"section {copy.name!r} of {copy.path} has settings that say how to get credentials; "
            "choose another name with --output-profile, or write there anyway with --force"
        )


def _shadowing(copy: Copy, there: Standing) -> Iterator[str]:
    """Refuse a name under which static keys would take the place of a working profile, or warn.

    The CLI prefers static keys to ``credential_process`` and ``login_session``, and to the role of
    a ``source_profile``; the SDKs for JavaScript and Go prefer them to SSO settings too.
    """
    # Long-term keys that are not in this file stand in the config file or in another one.
    has_keys_elsewhere = not there.exists and copy.target.has_long_term_keys
    if copy.target.kind is None and not has_keys_elsewhere:
        return
    is_own = copy.name == copy.source.name and copy.source.profile.is_sso
    # Keys that stand there already take its place anyway: renewed ones are better than old ones.
    is_renewal = there.is_from(copy.source.name)
    if is_own and copy.is_literal:
        yield (
            f"{copy.name!r} is the source profile too: the SDKs for JavaScript and Go "
            "will use these keys in its place, also when they have expired"
        )
    elif is_own and is_renewal:
        pass  # the warning came when the person asked for this name
    elif copy.selection.force or is_renewal:
        yield f"{copy.name!r} is a profile of its own: these keys may take its place"
    else:
        raise RefusedError(
            f"{copy.name!r} is a profile of its own, and static keys under its name would take "
            "its place; choose another name with --output-profile"
        )


def _region(copy: Copy, there: Standing) -> str | None:
    """Return the region to write; in a legacy profile of this source it is the person's to set."""
    if copy.name == copy.source.name:
        return None  # in the CLI it would win over the one in the config file
    asked, target = copy.selection.region, copy.target.settings
    # The region of a legacy profile may come from another credentials file.
    is_theirs = there.exists and (there.legacy is None or there.is_from(copy.source.name))
    if asked or is_theirs or (target.get("region") and RECORD not in target):
        return asked
    return copy.source.profile.settings.get("region")
