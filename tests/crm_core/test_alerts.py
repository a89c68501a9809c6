"""Lines that figures cross: told once each time, armed again only once they went well back."""

from datetime import UTC, datetime, timedelta

import pytest

from crm_core.alerts import look, settle
from crm_core.database import Store
from crm_core.models import Alert, Staff
from tests.crm_core import figures as make

ZONE = "Asia/Shanghai"
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def alert(store: Store, metric: str, test: str, threshold: float, **more: object) -> Alert:
    with store.write() as session:
        staff = Staff(external_id="slack:U1", name="Hong", role="manager")
        session.add(staff)
        session.flush()
        one = Alert(
            staff_id=staff.id, number=1, metric=metric, test=test, threshold_milli=round(threshold * 1000),
            zone=ZONE, language="en", channel="slack", created_at=NOON, **{"window": "day", **more},
        )  # fmt: skip
        session.add(one)
    return one


def seen(store: Store, one: Alert, now: datetime) -> bool:
    """One look of the job; whether it tells."""
    with store.read() as session:
        fresh = session.get_one(Alert, one.id)
        reading = look(session, fresh, now)
    with store.write() as session:
        return settle(session, fresh, reading, now)


def wrote(store: Store, times: int, at: datetime, **more: object) -> None:
    with store.write() as session:
        who = make.customer(session, at - 300 * DAY)
        where = make.chat(session, who, at - 300 * DAY)
        for minute in range(times):
            make.said(session, where, at + timedelta(minutes=minute), **more)


def test_a_count_of_today_is_told_once_and_again_on_another_day(store: Store):
    one = alert(store, "complaints", "above", 10)
    wrote(store, 10, NOON - timedelta(hours=2), intent="complaint")
    assert not seen(store, one, NOON)
    wrote(store, 1, NOON - timedelta(hours=1), intent="complaint")
    assert seen(store, one, NOON)
    assert not seen(store, one, NOON + timedelta(hours=1))
    assert not seen(store, one, NOON + DAY)  # back to none: armed again
    wrote(store, 11, NOON + DAY, intent="complaint")
    assert seen(store, one, NOON + DAY + timedelta(hours=1))


def test_a_figure_that_wavers_around_its_line_is_told_once(store: Store):
    one = alert(store, "mood", "below", -200, window="week")
    wrote(store, 10, NOON - timedelta(hours=9), sentiment_milli=-210)
    assert seen(store, one, NOON)
    wrote(store, 2, NOON - timedelta(hours=3), sentiment_milli=-100)  # -192: not well back
    assert not seen(store, one, NOON)
    wrote(store, 8, NOON - timedelta(hours=2), sentiment_milli=-300)
    assert not seen(store, one, NOON)
    wrote(store, 40, NOON - timedelta(hours=1, minutes=30), sentiment_milli=100)
    assert not seen(store, one, NOON)
    wrote(store, 200, NOON - timedelta(minutes=40), sentiment_milli=-400)
    assert seen(store, one, NOON + timedelta(hours=4))


def test_few_observations_say_nothing(store: Store):
    one = alert(store, "mood", "below", -200)
    wrote(store, 4, NOON - timedelta(hours=2), sentiment_milli=-900)
    assert not seen(store, one, NOON)


@pytest.mark.parametrize(("yesterday", "before", "told"), [(8, 10, True), (9, 10, False), (0, 4, False)])
def test_a_fall_is_between_whole_days_of_enough(store: Store, yesterday: int, before: int, told: bool):
    one = alert(store, "messages", "fall", 20)
    wrote(store, before, NOON - 2 * DAY)
    wrote(store, yesterday, NOON - DAY)
    wrote(store, 50, NOON - timedelta(hours=1))  # today is not over
    assert seen(store, one, NOON) is told
    assert not seen(store, one, NOON + timedelta(hours=1))


def test_a_rise_over_the_day_that_has_25_hours(store: Store):
    """Berlin, 25 October 2026: the day lasts from 22:00 to 23:00 UTC of the next."""
    one = alert(store, "messages", "rise", 50, window="day")
    with store.write() as session:
        session.get_one(Alert, one.id).zone = "Europe/Berlin"
    end = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)  # 23:30, still the 25th
    wrote(store, 10, datetime(2026, 10, 24, 12, tzinfo=UTC))
    wrote(store, 15, end)
    assert not seen(store, one, datetime(2026, 10, 25, 22, 59, tzinfo=UTC))
    assert seen(store, one, datetime(2026, 10, 26, 0, 0, tzinfo=UTC))


def test_of_two_processes_that_see_the_same_one_tells(store: Store):
    one = alert(store, "messages", "above", 3)
    wrote(store, 5, NOON - timedelta(hours=1))
    with store.read() as session:
        fresh = session.get_one(Alert, one.id)
        reading = look(session, fresh, NOON)
    told = []
    for _ in range(3):
        with store.write() as session:
            told.append(settle(session, fresh, reading, NOON))
    assert told == [True, False, False]
