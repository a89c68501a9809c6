"""Local days where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from crm_core.reports.periods import Period, last_days, local_moment, one_day


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight does not exist
        ("America/Santiago", date(2026, 9, 6), 23),  # nor here
        ("Asia/Shanghai", date(2026, 11, 22), 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, day: date, hours: int) -> None:
    period = one_day(day, zone)
    assert period.end - period.start == timedelta(hours=hours)
    assert one_day(day - timedelta(days=1), zone).end == period.start


def test_a_time_that_is_skipped_comes_later_and_one_that_comes_twice_is_the_first() -> None:
    assert local_moment(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert local_moment(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_days_of_a_week_with_a_change_add_up_without_gap() -> None:
    period = Period(date(2026, 10, 19), date(2026, 10, 26), "Europe/Berlin")
    spans = list(period.buckets("day"))
    assert [first.day for first, _, _ in spans] == [19, 20, 21, 22, 23, 24, 25]
    assert all(left[2] == right[1] for left, right in pairwise(spans))
    assert spans[-1][2] == period.end


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    period = Period(date(2026, 10, 28), date(2026, 11, 12), "UTC")
    assert [first for first, _, _ in period.buckets("week")] == [
        date(2026, 10, 28), date(2026, 11, 2), date(2026, 11, 9),
    ]  # fmt: skip
    assert [first for first, _, _ in period.buckets("month")] == [date(2026, 10, 28), date(2026, 11, 1)]


def test_the_period_before() -> None:
    assert one_day(date(2026, 3, 1), "UTC").before().first == date(2026, 2, 28)
    march = Period(date(2026, 3, 1), date(2026, 4, 1), "UTC").before()
    assert (march.first, march.last) == (date(2026, 2, 1), date(2026, 3, 1))
    quarter = Period(date(2026, 7, 1), date(2026, 10, 1), "UTC").before()
    assert (quarter.first, quarter.last) == (date(2026, 4, 1), date(2026, 7, 1))


def test_a_period_that_goes_on_is_held_against_the_same_stretch() -> None:
    now = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    month = Period(date(2026, 11, 1), date(2026, 12, 1), "Asia/Shanghai", now)
    assert month.is_partial
    assert month.end == now
    assert month.before().end == datetime(2026, 10, 23, 4, 0, tzinfo=UTC)
    today = one_day(date(2026, 11, 23), "Asia/Shanghai", now)
    assert today.before().end == now - timedelta(days=1)


def test_what_lies_ahead_has_no_buckets() -> None:
    now = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    week = Period(date(2026, 11, 23), date(2026, 11, 30), "Asia/Shanghai", now)
    assert [first for first, _, _ in week.buckets("day")] == [date(2026, 11, 23)]
    assert last_days(date(2026, 11, 23), 3, "UTC").first == date(2026, 11, 21)
