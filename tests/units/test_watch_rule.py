"""When a watch renews a legacy profile, and how long it waits after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from awscli_plugin_legacy_sso.configuration import Configuration
from awscli_plugin_legacy_sso.errors import FetchError
from awscli_plugin_legacy_sso.jobs import watch
from awscli_plugin_legacy_sso.jobs.watch import Memory, Pause, Stamp, due_at, pause_after
from awscli_plugin_legacy_sso.legacy_profile import Holds, LegacyProfile, Standing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
SOURCE = Configuration({"profiles": {"dev": {"credential_process": "x"}}}).source("dev")
NOBODY: Stamp = (None,)
SIGNED_IN: Stamp = ((1, 2, 3),)
AGAIN: Stamp = ((1, 2, 4),)


class Clock(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Clock:
        return cls.combine(NOW.date(), NOW.time(), tz)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "datetime", Clock)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def there(left: float | None, source: str = "dev", *, signed_out: bool = False) -> Standing:
    """Return a legacy profile whose keys have this many seconds left."""
    expiration = None if left is None else NOW + timedelta(seconds=left)
    legacy = LegacyProfile("dev-legacy-sso", source, expiration, signed_out, tokens_differ=False)
    return Standing(True, Holds.LEGACY_PROFILE, legacy)


MINUTE = 60.0
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("left", "seen", "due_in"),
    [
        pytest.param(HOUR, 0, 40 * MINUTE, id="20 minutes before the end"),
        pytest.param(8 * HOUR, 0, 8 * HOUR - 20 * MINUTE, id="of long ones too"),
        pytest.param(15 * MINUTE, 0, 7.5 * MINUTE, id="or half of what was left"),
        pytest.param(5 * MINUTE, 10 * MINUTE, -2.5 * MINUTE, id="when it was first seen"),
        pytest.param(5 * MINUTE, 0, 2.5 * MINUTE, id="not when somebody else has just renewed it"),
        pytest.param(30, 0, 15, id="of short ones too"),
        pytest.param(0, 0, 0, id="at its end"),
        pytest.param(-HOUR, 0, -HOUR, id="long ago"),
        pytest.param(None, 0, None, id="never, if it does not say when it ends"),
    ],
)
def test_due_before_the_keys_end(left: float | None, seen: float, due_in: float | None) -> None:
    """Due when 20 minutes are left, or half of what was left when first seen, if that is less."""
    standing = there(left)
    assert standing.legacy
    memory = Memory(ago(seen), standing.legacy.expiration)

    due = due_at(SOURCE, standing, memory, ())

    assert due == (NEVER if due_in is None else NOW + timedelta(seconds=due_in))


@pytest.mark.parametrize(
    ("standing", "before", "sign_in", "is_due"),
    [
        pytest.param(Standing(), (), SIGNED_IN, True, id="nothing is there"),
        pytest.param(there(HOUR, "other"), (), SIGNED_IN, True, id="of another source"),
        pytest.param(there(None, signed_out=True), SIGNED_IN, SIGNED_IN, False, id="signed out"),
        pytest.param(there(None, signed_out=True), SIGNED_IN, NOBODY, False, id="nobody is in"),
        pytest.param(there(None, signed_out=True), SIGNED_IN, AGAIN, True, id="signed in again"),
        pytest.param(there(None, signed_out=True), (), SIGNED_IN, True, id="at the start"),
    ],
)
def test_due_at_once(standing: Standing, before: Stamp, sign_in: Stamp, is_due: bool) -> None:
    """A missing legacy profile is due at once; a signed-out one waits for the next sign-in."""
    due = due_at(SOURCE, standing, Memory(NOW, None, before), sign_in)

    assert due == (NOW if is_due else NEVER)


def test_removed_profile_is_not_due() -> None:
    """A legacy profile that another command has removed stays removed, also a named one."""
    memory = Memory(NOW, was_there=True)

    assert due_at(SOURCE, Standing(), memory, SIGNED_IN) == NEVER
    assert due_at(SOURCE, there(0), memory, SIGNED_IN) == NOW


@pytest.mark.parametrize(
    ("since", "sign_in", "is_over"),
    [
        pytest.param(0, SIGNED_IN, False, id="it runs"),
        pytest.param(300, SIGNED_IN, True, id="its time is over"),
        pytest.param(280, SIGNED_IN, True, id="nearly: what is due together is done together"),
        pytest.param(0, AGAIN, True, id="somebody has signed in"),
        pytest.param(-HOUR, SIGNED_IN, True, id="the clock was set back"),
    ],
)
def test_pause_length(since: float, sign_in: Stamp, is_over: bool) -> None:
    """A pause lasts until its end, another sign-in, or a clock set back before its start."""
    pause = Pause(ago(since), timedelta(minutes=5), SIGNED_IN, FetchError("no network"))
    memory = Memory(NOW, None, SIGNED_IN, pause)

    due = due_at(SOURCE, there(-1), memory, sign_in)

    assert due == (ago(1) if is_over else pause.end)


def pauses(left: float | None, count: int) -> list[float]:
    """Return the seconds between failures, with keys that expire after ``left`` seconds."""
    expiration = None if left is None else NOW + timedelta(seconds=left)
    memory, lengths = Memory(NOW, expiration), []
    for _ in range(count):
        memory = memory._replace(pause=pause_after(None, memory, ()))
        assert memory.pause
        lengths.append(memory.pause.length.total_seconds())
    return lengths


def test_pause_grows_to_five_minutes() -> None:
    """Each pause is twice as long as the one before, up to five minutes."""
    assert pauses(None, 7) == [15, 30, 60, 120, 240, 300, 300]


@pytest.mark.parametrize(
    ("left", "seconds"), [(3600, 15), (30, 15), (20, 10), (3, 1.5), (1, 1), (0, 15), (-9, 15)]
)
def test_pause_is_half_of_what_is_left(left: float, seconds: float) -> None:
    """While the old keys work, a pause is half of their time left, but at least one second.

    After their expiry it has the usual length.
    """
    assert pauses(left, 1) == [seconds]
