"""When somebody is pinged: never what is switched off, later what falls into quiet hours, nothing lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.quiet_hours import DAY
from crm_core.staff.notifications import KINDS, Notifications

ZONE = "Asia/Shanghai"
MONDAY = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""


def at(hour: int, *, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour - 12)


def test_whoever_said_nothing_is_pinged_at_any_time() -> None:
    assert Notifications().ping("task", at(3), ZONE) == "now"


@pytest.mark.parametrize(("hour", "ping"), [(18, "now"), (19, "later"), (23, "later"), (3, "later"), (9, "now")])
def test_quiet_hours_pass_midnight(hour: int, ping: str) -> None:
    assert Notifications(quiet_from=19 * 60, quiet_until=9 * 60).ping("case", at(hour), ZONE) == ping


def test_the_hours_are_those_of_the_persons_own_zone() -> None:
    quiet = Notifications(quiet_from=19 * 60, quiet_until=9 * 60)
    assert quiet.ping("case", at(20), "Europe/London") == "now"


def test_a_day_off_and_a_stretch_end() -> None:
    weekend = Notifications(days_off=(5, 6))
    assert [weekend.ping("task", at(12, day=day), ZONE) for day in (4, 5, 6, 7)] == ["now", "later", "later", "now"]
    away = Notifications(muted_from=at(9, day=1).isoformat(), muted_until=at(9, day=3).isoformat())
    assert [away.ping("task", at(10, day=day), ZONE) for day in (0, 1, 2, 3)] == ["now", "later", "later", "now"]


def test_what_is_switched_off_never_comes() -> None:
    assert Notifications(muted=True).ping("task", at(12), ZONE) == "never"
    assert Notifications(off=("task",)).ping("task", at(12), ZONE) == "never"
    assert Notifications(off=("task",)).ping("case", at(12), ZONE) == "now"
    assert Notifications(urgent_only=True).ping("case", at(12), ZONE) == "never"
    assert Notifications(urgent_only=True).ping("case", at(12), ZONE, urgent=True) == "now"


wishes = st.builds(
    Notifications,
    quiet_from=st.none() | st.integers(0, DAY - 1),
    quiet_until=st.none() | st.integers(0, DAY - 1),
    days_off=st.sets(st.integers(0, 5)).map(lambda days: tuple(sorted(days))),
    urgent_only=st.booleans(),
    off=st.sets(st.sampled_from(KINDS)).map(lambda kinds: tuple(sorted(kinds))),
)


@given(wishes)
def test_what_is_kept_reads_back(wished: Notifications) -> None:
    assert Notifications.load(wished.dump()) == wished
    assert Notifications.load({**wished.dump(), "of an older version": 1}) == wished


@given(wishes, st.sampled_from(KINDS), st.integers(0, 7 * 24))
def test_later_is_not_for_ever(wished: Notifications, kind: str, hours: int) -> None:
    """Whatever is put off comes within a week: one day at least is no day off, and no day is quiet as a whole."""
    now = MONDAY + timedelta(hours=hours)
    if wished.ping(kind, now, ZONE) == "later":
        soon = (now + timedelta(minutes=minutes) for minutes in range(1, 8 * DAY))
        assert any(wished.ping(kind, moment, ZONE) == "now" for moment in soon)
