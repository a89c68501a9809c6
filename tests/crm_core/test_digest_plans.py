"""When a digest is due: each local date once, on days when the clocks change, too; pauses; which days it is about."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm_core.database import Store
from crm_core.digest_plans import LEASE, TRIES, Due, claim, newest_due, next_due, period_of
from crm_core.models import DigestPlan, Staff

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def plan(every: str = "day", minute: int = 9 * 60, zone: str = "Europe/Berlin", **more: object) -> DigestPlan:
    given = {
        "interval": 1,
        "weekdays": [0],
        "month_day": 1,
        "language": "en",
        "channel": "slack",
        "parts": [],
        "number": 1,
    }
    kind = {"day": "daily", "workday": "daily", "week": "weekly", "month": "monthly"}[every]
    return DigestPlan(staff_id=1, kind=kind, every=every, minute=minute, zone=zone, since=SINCE, **{**given, **more})


def test_it_is_due_at_its_local_time_whatever_the_season():
    nine = plan()
    assert next_due(nine, datetime(2026, 3, 28, 8, 1, tzinfo=UTC)) == Due(
        date(2026, 3, 29), datetime(2026, 3, 29, 7, tzinfo=UTC)
    )
    assert newest_due(nine, datetime(2026, 3, 28, 8, 0, tzinfo=UTC)) == Due(
        date(2026, 3, 28), datetime(2026, 3, 28, 8, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 does not exist: 03:30
        (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 02:30 comes twice: the first
    ],
)
def test_an_hour_that_is_skipped_or_comes_twice_brings_one_digest(day: date, at: datetime):
    half_past_two = plan(minute=150)
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=m) for m in range(0, 24 * 60, 15)]
    found = {due for moment in moments if (due := newest_due(half_past_two, moment)) and due.day == day}
    assert found == {Due(day, at)}


def test_days_of_the_week_and_of_the_month():
    def days(one: DigestPlan, count: int) -> list[str]:
        found, now = [], datetime(2026, 1, 28, tzinfo=UTC)
        while len(found) < count:
            due = next_due(one, now)
            assert due
            found.append(due.day.isoformat())
            now = due.at
        return found

    assert days(plan("workday"), 4) == ["2026-01-28", "2026-01-29", "2026-01-30", "2026-02-02"]
    assert days(plan("week", weekdays=[1, 3]), 3) == ["2026-01-29", "2026-02-03", "2026-02-05"]
    assert days(plan("week", interval=2), 2) == ["2026-02-09", "2026-02-23"]
    assert days(plan("month", month_day=31), 3) == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert days(plan("month", month_day=-1), 2) == ["2026-01-31", "2026-02-28"]
    assert days(plan("month", nth=1), 2) == ["2026-02-02", "2026-03-02"]
    assert days(plan("month", nth=-1, weekdays=[4]), 3) == ["2026-01-30", "2026-02-27", "2026-03-27"]
    assert days(plan("month", interval=3), 2) == ["2026-04-01", "2026-07-01"]


def test_what_is_too_late_or_was_before_it_was_set_is_not_owed():
    nine, due = plan(zone="UTC"), datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert newest_due(nine, due + timedelta(hours=20))
    assert newest_due(nine, due + timedelta(hours=20, minutes=1)) is None
    nine.since = due
    assert newest_due(nine, due + timedelta(hours=1)) is None
    weekly = plan("week", zone="UTC")
    assert newest_due(weekly, datetime(2026, 11, 25, 8, tzinfo=UTC)) == Due(date(2026, 11, 23), due)
    assert newest_due(weekly, datetime(2026, 11, 27, tzinfo=UTC)) is None


def test_pauses_begin_and_end():
    nine = plan(zone="UTC", paused_from=datetime(2026, 11, 24, tzinfo=UTC))
    tuesday = datetime(2026, 11, 24, 9, 1, tzinfo=UTC)
    assert newest_due(nine, tuesday - timedelta(days=1))
    assert newest_due(nine, tuesday) is None
    assert next_due(nine, tuesday) is None
    nine.paused_until = datetime(2026, 11, 26, tzinfo=UTC)
    due = next_due(nine, tuesday)
    assert due
    assert due.day == date(2026, 11, 26)
    assert newest_due(nine, datetime(2026, 11, 26, 8, tzinfo=UTC)) is None  # Wednesday's lay in the pause


@pytest.mark.parametrize(
    ("every", "minute", "day", "first", "last", "partial"),
    [
        ("day", 9 * 60, date(2026, 11, 23), date(2026, 11, 22), date(2026, 11, 23), False),
        ("day", 18 * 60, date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 24), True),
        ("week", 9 * 60, date(2026, 11, 23), date(2026, 11, 16), date(2026, 11, 23), False),
        ("month", 9 * 60, date(2026, 11, 1), date(2026, 10, 1), date(2026, 11, 1), False),
        ("month", 9 * 60, date(2026, 11, 30), date(2026, 11, 1), date(2026, 12, 1), True),
        ("workday", 9 * 60, date(2026, 11, 23), date(2026, 11, 20), date(2026, 11, 23), False),
        ("workday", 9 * 60, date(2026, 11, 24), date(2026, 11, 23), date(2026, 11, 24), False),
    ],
)
def test_which_days_it_is_about(every: str, minute: int, day: date, first: date, last: date, *, partial: bool):
    one = plan(every, minute)
    period = period_of(one, Due(day, datetime(day.year, day.month, day.day, 8, tzinfo=UTC)))
    assert (period.first, period.last, period.is_partial) == (first, last, partial)


def test_a_rarer_one_is_about_all_the_days_since_the_last():
    morning = datetime(2026, 11, 24, 8, tzinfo=UTC)
    weeks = period_of(plan("week", interval=2, weekdays=[1]), Due(morning.date(), morning))
    assert (weeks.first, weeks.last) == (date(2026, 11, 10), date(2026, 11, 24))
    quarter = period_of(plan("month", interval=3), Due(date(2026, 10, 1), morning))
    assert (quarter.first, quarter.last) == (date(2026, 7, 1), date(2026, 10, 1))


def test_one_process_gets_a_digest_and_a_dead_ones_is_taken_over(store: Store):
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    with store.write() as session:
        staff = Staff(external_id="slack:U1", name="Hong", role="manager")
        session.add(staff)
        session.flush()
        mine = plan(zone="UTC")
        mine.staff_id = staff.id
        session.add(mine)
        session.flush()
    due = Due(now.date(), now)

    def claimed(at: datetime) -> int | None:
        with store.write() as session:
            return claim(session, mine, due, at)

    first = claimed(now)
    assert first
    assert claimed(now) is None
    assert claimed(now + LEASE - timedelta(seconds=1)) is None
    for number in range(1, TRIES):
        assert claimed(now + LEASE * number) == first
    assert claimed(now + LEASE * TRIES) is None
    assert claimed(now + LEASE * (TRIES + 1)) is None
