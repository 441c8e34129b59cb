"""What to do with one copy: the copy and what stands in its place come in, a decision goes out.

:func:`decide` is called twice: before fetching, and again under the lock, since the file may have
changed in between. Pure; it reads no file and knows no configuration but what the copy brings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..errors import InvalidNameError, ProfileError, RefusedError, option
from ..legacy_profile import (
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
    """What is to be done with a copy, and what stood in its place when that was decided."""

    copy: Copy
    there: Standing
    is_planned: bool
    # The region to write, if any.
    region: str | None = None
    warnings: tuple[str, ...] = ()


def decide(
    copy: Copy, there: Standing, is_due: IsDue | None = None, before: Decision | None = None
) -> Decision:
    """Decide whether a legacy profile is written, left as it is, or refused.

    Args:
        copy: what is asked for.
        there: what stands under that name in the file now.
        is_due: says whether it has to be renewed; without it, it is.
        before: the first decision. What somebody has signed out or removed since stays so.

    Raises:
        ProfileError: the source cannot give temporary keys, by its settings.
        InvalidNameError: the name cannot be a profile's.
        RefusedError: writing would destroy or shadow what is not ours.
    """
    if before and (done := _taken_away(before.there, there)):
        return Decision(
            copy,
            there,
            is_planned=False,
            warnings=(f"{copy.name} was {done} meanwhile, and stays so",),
        )
    _check_source(copy, there)
    _check_name(copy, there)
    _check_section(copy, there)
    found = (_shadowing(copy, there), _odd_name(copy, there))
    return Decision(
        copy,
        there,
        is_planned=is_due is None or is_due(copy, there),
        region=_region(copy, there),
        warnings=tuple(warning for warning in found if warning),
    )


def _taken_away(before: Standing, now: Standing) -> str | None:
    """Return what somebody has done to a legacy profile since, if it must not be brought back."""
    if before.legacy is None:
        return None
    if now.legacy is None:
        return "removed"
    return "signed out" if now.legacy.signed_out and not before.legacy.signed_out else None


def _check_source(copy: Copy, there: Standing) -> None:
    if copy.any_source:
        return
    if not copy.source.exists and there.is_from(copy.source.name):
        raise ProfileError(
            f"there is no profile {copy.source.name!r} any more; remove what came of it with: "
            f"{_remove(copy)}"
        )
    copy.source.check()


def _check_name(copy: Copy, there: Standing) -> None:
    try:
        check_name(copy.name)
    except InvalidNameError as error:
        if there.legacy is None:
            raise
        raise InvalidNameError(f"{error}, and remove this one with: {_remove(copy)}") from None


def _check_section(copy: Copy, there: Standing) -> None:
    if there.swallows:
        raise RefusedError(swallowing(copy.path, copy.name, there.swallows))
    if there.unseen:
        raise RefusedError(
            f"{copy.path}, line {there.unseen}: some tools do not see a section with something "
            f"behind its name, and would give its keys to the one above; leave only [{copy.name}] "
            "in that line"
        )
    if there.holds is Holds.LONG_TERM_KEYS and not (copy.force and copy.is_literal):
        raise RefusedError(
            f"section {copy.name!r} of {copy.path} holds long-term keys, maybe their only "
            "copy; choose another name with --output-profile, or overwrite them for good with: "
            f"{option('--output-profile', copy.name)} --force"
        )
    if there.holds is Holds.SETTINGS and not copy.force:
        raise RefusedError(
            f"section {copy.name!r} of {copy.path} says itself how to get credentials; "
            "choose another name with --output-profile, or write there all the same with --force"
        )


def _shadowing(copy: Copy, there: Standing) -> str | None:
    """Refuse a name under which static keys would take the place of a profile that works.

    In the CLI they do so for ``credential_process`` and ``login_session`` profiles and for role
    profiles used as a ``source_profile``; in the SDKs for JavaScript and Go for SSO profiles too.
    """
    # Long-term keys that are not in this credentials file stand in the config file or another one.
    has_keys_elsewhere = not there.exists and copy.target.has_long_term_keys
    if copy.target.kind is None and not has_keys_elsewhere:
        return None
    is_own = copy.name == copy.source.name and copy.source.is_sso
    if is_own and copy.is_literal:
        return (
            f"{copy.name!r} is the source profile too: the SDKs for JavaScript and Go "
            "will use these keys in its place, also when they have expired"
        )
    # What is there already takes that place whether it is renewed or not: better renewed.
    is_renewal = there.is_from(copy.source.name)
    if is_own and is_renewal:
        return None  # it was said when the person asked for it
    if copy.force or is_renewal:
        return f"{copy.name!r} is a profile of its own: these keys may take its place"
    raise RefusedError(
        f"{copy.name!r} is a profile of its own, and static keys under its name would take its "
        "place; choose another name with --output-profile"
    )


def _odd_name(copy: Copy, there: Standing) -> str | None:
    if there.exists or is_plain_name(copy.name):
        return None
    return (
        f"some tools will not see {copy.name!r}: they know only letters, digits and -_/.%@:+ in a "
        "profile's name; choose another one with --output-profile"
    )


def _region(copy: Copy, there: Standing) -> str | None:
    """Return the region to write: once the section is made, the region in it is the person's."""
    if copy.name == copy.source.name:
        return None  # it would win over the configured one in the CLI itself
    if copy.region or there.exists or copy.target.region:
        return copy.region
    region: str | None = copy.source.settings.get("region")
    return region


def _remove(copy: Copy) -> str:
    return remove_command(copy.name, copy.credentials_file)
