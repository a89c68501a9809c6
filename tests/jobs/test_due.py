"""Due times: each local time once, also where clocks change; the schedule's file read with clear errors."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jobs import JOBS
from jobs.due import Entry, ScheduleError, read_schedule

CHANGES = [
    ("Africa/Cairo", 0, 0, date(2026, 4, 24)),
    ("America/Santiago", 0, 0, date(2026, 9, 6)),
    ("Europe/Berlin", 2, 30, date(2026, 10, 25)),
    ("Europe/Berlin", 2, 30, date(2026, 3, 29)),
    ("America/New_York", 1, 30, date(2026, 11, 1)),
    ("America/New_York", 2, 30, date(2026, 3, 8)),
    ("Australia/Lord_Howe", 2, 0, date(2026, 10, 4)),
]


def daily(zone: str, hour: int, minute: int = 0, **cron: object) -> Entry:
    return Entry.model_validate({"cron": {"hour": hour, "minute": minute, **cron}, "zone": zone})


@pytest.mark.parametrize(("zone", "hour", "minute", "change"), CHANGES)
def test_each_local_date_has_one_due_time(zone: str, hour: int, minute: int, change: date) -> None:
    """Ticking every half minute from two days before to two days after sees one new due time a day."""
    entry = daily(zone, hour, minute)
    now = datetime.combine(change - timedelta(days=2), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    seen: list[datetime] = []
    while now.astimezone(ZoneInfo(zone)).date() <= change + timedelta(days=2):
        due = entry.newest_due(now, "UTC")
        assert due is not None
        if due not in seen:
            assert not seen or due > seen[-1]
            assert not seen or now - due < timedelta(seconds=30)
            seen.append(due)
        now += timedelta(seconds=30)
    dates = [due.astimezone(ZoneInfo(zone)).date() for due in seen]
    first = change - timedelta(days=3 if (hour, minute) != (0, 0) else 2)
    assert dates == [first + timedelta(days=day) for day in range((change + timedelta(days=2) - first).days + 1)]


@pytest.mark.parametrize(("zone", "hour", "minute", "change"), CHANGES)
def test_next_follows_newest(zone: str, hour: int, minute: int, change: date) -> None:
    entry = daily(zone, hour, minute)
    now = datetime.combine(change, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC) - timedelta(hours=12)
    for _ in range(48):
        following = entry.next_due(now, "UTC")
        assert following is not None
        assert following > now
        assert entry.newest_due(following, "UTC") == following
        assert entry.newest_due(following - timedelta(microseconds=1), "UTC") != following
        now += timedelta(minutes=30)


def test_weekdays_have_names() -> None:
    monday_noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert daily("UTC", 9, day_of_week="mon-fri").next_due(monday_noon, "UTC") == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert daily("UTC", 9, day_of_week="mon").newest_due(monday_noon, "UTC") == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert daily("UTC", 9, day_of_week="sun").newest_due(monday_noon, "UTC") == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert daily("UTC", 9, day_of_week="sat-mon").next_due(monday_noon, "UTC") == datetime(2026, 11, 28, 9, tzinfo=UTC)


def test_several_hours_and_days_of_the_month() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    twice = Entry.model_validate({"cron": {"hour": [9, 18]}, "zone": "UTC"})
    assert twice.next_due(now, "UTC") == datetime(2026, 11, 23, 18, tzinfo=UTC)
    assert twice.newest_due(now, "UTC") == datetime(2026, 11, 23, 9, tzinfo=UTC)
    monthly = Entry.model_validate({"cron": {"hour": 6, "day": 31}, "zone": "UTC"})
    assert monthly.newest_due(now, "UTC") == datetime(2026, 10, 31, 6, tzinfo=UTC)
    assert monthly.next_due(now, "UTC") == datetime(2026, 12, 31, 6, tzinfo=UTC)


def test_the_business_zone_is_the_default() -> None:
    entry = Entry.model_validate({"cron": {"hour": 9}})
    now = datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert entry.newest_due(now, "Asia/Shanghai") == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_the_schedule_that_ships_names_every_job() -> None:
    entries = read_schedule(JOBS)
    assert set(entries) == set(JOBS)
    assert entries["daily_digest"].late_hours == 6


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("digest: {cron: {hour: 9}}", "no job digest"),
        ("cleanup: {cron: {hour: 25}}", "less than or equal to 23"),
        ("cleanup: {cron: {hour: 9, day_of_week: 1-5}}", "write names"),
        ("cleanup: {cron: {hour: 9}, every_seconds: 60}", "either cron or every_seconds"),
        ("cleanup: {cron: {hour: 9}, zone: Mars/Base}", "Mars/Base"),
        ("cleanup: {cron: {hours: 9}}", "hours"),
        ("cleanup: [", "schedule.yml"),
    ],
)
def test_a_schedule_that_makes_no_sense_names_the_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text(text)
    with pytest.raises(ScheduleError, match=told):
        read_schedule(JOBS, path)
