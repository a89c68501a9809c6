"""Every figure on exact data, on both databases; and both databases against each other on the sample business."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crm_core.database import Store, open_store
from crm_core.reports.metrics import METRICS, Figure, NotMeasured, dimensions, measure
from crm_core.reports.periods import Period, last_days, one_day
from tests.conftest import NOW, _database
from tests.crm_core import figures as make

ZONE = "Europe/Berlin"
LONG_DAY = one_day(date(2026, 10, 25), ZONE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def values(figure: Figure) -> dict[str | None, float | None]:
    return {row.key: row.value for row in figure.rows}


def test_local_days_hold_exactly_their_own(store: Store) -> None:
    with store.write() as session:
        where = make.chat(session, make.customer(session, at("2026-01-01")), at("2026-01-01"))
        for moment in (
            "2026-10-24T21:59:59.999999", "2026-10-24T22:00:00", "2026-10-25T22:59:59.999999", "2026-10-25T23:00:00",
        ):  # fmt: skip
            make.said(session, where, at(moment))
    with store.read() as session:
        assert measure(session, "messages", LONG_DAY).value == 2
        week = Period(date(2026, 10, 24), date(2026, 10, 27), ZONE)
        assert values(measure(session, "messages", week, "day")) == {"2026-10-24": 1, "2026-10-25": 2, "2026-10-26": 1}
        assert values(measure(session, "messages", week, "month")) == {"2026-10-24": 4}


def test_messages_and_conversations_leave_out_edits_staff_and_bot(store: Store) -> None:
    with store.write() as session:
        first = make.chat(session, make.customer(session, at("2026-01-01"), language="en"), at("2026-01-01"))
        second = make.chat(session, make.customer(session, at("2026-01-01"), language="zh"), at("2026-01-01"), "web")
        for where in (first, first, second):
            make.said(session, where, at("2026-10-25T10:00:00"), intent="order_status")
        make.said(session, first, at("2026-10-25T10:00:00"), kind="edit")
        make.staff_said(session, first, at("2026-10-25T10:00:00"))
    with store.read() as session:
        assert measure(session, "messages", LONG_DAY).value == 3
        assert measure(session, "conversations", LONG_DAY).value == 2
        assert values(measure(session, "messages", LONG_DAY, "channel")) == {"telegram": 2, "web": 1}
        assert values(measure(session, "conversations", LONG_DAY, "language")) == {"en": 1, "zh": 1}
        assert measure(session, "messages", LONG_DAY, only={"channel": ["web"]}).value == 1


def test_nothing_to_count_is_zero_and_no_mean(store: Store) -> None:
    with store.read() as session:
        for name, metric in METRICS.items():
            figure = measure(session, name, LONG_DAY)
            assert figure.value == (0 if metric.kind in ("distinct", "sum") else None), name
            assert figure.count == 0
            per_day = measure(session, name, LONG_DAY, "day")
            assert [row.key for row in per_day.rows] == ["2026-10-25"], name


def test_mood_is_the_mean_of_whole_numbers(store: Store) -> None:
    with store.write() as session:
        where = make.chat(session, make.customer(session, at("2026-01-01")), at("2026-01-01"))
        for mood in (100, 100, -301, None):
            make.said(session, where, at("2026-10-25T10:00:00"), sentiment_milli=mood)
    with store.read() as session:
        figure = measure(session, "mood", LONG_DAY)
    assert (figure.value, figure.count, figure.unit) == (-33.67, 3, "mood")


@pytest.mark.parametrize(("waits", "middle"), [([5, 1, 9], 5), ([5, 1, 9, 6], 5.5), ([0.000001, 0.000002], 0.0000015)])
def test_medians_are_exact(store: Store, waits: list[float], middle: float) -> None:
    with store.write() as session:
        where = make.chat(session, make.customer(session, at("2026-01-01")), at("2026-01-01"))
        for wait in waits:
            make.said(session, where, at("2026-10-25T10:59:59.999999"), wait=wait)
    with store.read() as session:
        figure = measure(session, "answer_time", LONG_DAY)
    assert (figure.value, figure.count) == (middle, len(waits))


def test_first_response_is_from_the_call_to_the_first_word_of_staff(store: Store) -> None:
    day = "2026-10-25T10:"
    with store.write() as session:
        who = make.customer(session, at("2026-01-01"), language="en")
        where, other = make.chat(session, who, at("2026-01-01")), make.chat(session, who, at("2026-01-01"), "web")
        make.staff_said(session, where, at(f"{day}00:00"))  # before anybody asked
        make.called_person(session, where, at(f"{day}01:00"))  # never answered: asked again first
        make.called_person(session, where, at(f"{day}10:00"))
        make.staff_said(session, where, at(f"{day}14:00"))
        make.staff_said(session, where, at(f"{day}15:00"))
        make.called_person(session, other, at(f"{day}20:00"), why="complaint")
        make.staff_said(session, other, at(f"{day}22:00"))
        make.called_person(session, other, at(f"{day}40:00"), why="wrote_again")  # woke up from "later"
        make.called_person(session, other, at(f"{day}50:00"))  # still waiting
    with store.read() as session:
        figure = measure(session, "first_response", LONG_DAY, "channel")
        assert (figure.value, figure.count, figure.unit) == (180, 2, "seconds")
        assert values(figure) == {"telegram": 240, "web": 120}
        assert measure(session, "handovers", LONG_DAY).value == 4


def test_orders_and_revenue_leave_out_what_came_back(store: Store) -> None:
    with store.write() as session:
        who = make.customer(session, at("2026-01-01"), city="Shanghai")
        tea, cups = make.product(session, "tea"), make.product(session, "cups")
        make.bought(session, who, at("2026-10-25T10:00:00"), 3500, (tea, 2), (cups, 1))
        make.bought(session, who, at("2026-10-25T11:00:00"), 2000, (tea, 2))
        for status in ("cancelled", "returned", "draft"):
            make.bought(session, who, at("2026-10-25T10:00:00"), 9000, (cups, 9), status=status)
        make.bought(session, who, at("2026-10-25T10:00:00"), 700, currency="EUR")
    with store.read() as session:
        revenue = measure(session, "revenue", LONG_DAY, "city")
        assert (revenue.value, revenue.unit, revenue.elsewhere) == (5500, "CNY", (("EUR", 700),))
        assert values(revenue) == {"Shanghai": 5500}
        assert measure(session, "orders", LONG_DAY).value == 3
        assert values(measure(session, "revenue", LONG_DAY, "category")) == {"tea": 4000, "cups": 1000}
        assert values(measure(session, "orders", LONG_DAY, "category")) == {"tea": 2, "cups": 1}


def test_new_customers_are_neither_visitors_nor_merged(store: Store) -> None:
    moment = at("2026-10-25T10:00:00")
    with store.write() as session:
        make.customer(session, moment, city="上海")
        make.customer(session, moment, city="Hangzhou")
        make.customer(session, moment, kind="visitor")
        make.customer(session, moment, merged_into_id=1)
    with store.read() as session:
        assert measure(session, "new_customers", LONG_DAY).value == 2
        assert measure(session, "new_customers", LONG_DAY, only={"city": ["Shanghai"]}).value == 1


def test_ratings_count_when_given(store: Store) -> None:
    with store.write() as session:
        where = make.chat(session, make.customer(session, at("2026-01-01")), at("2026-01-01"))
        for score in (5, 4, 2, None):
            make.rated(session, where, at("2026-10-25T10:00:00"), score)
    with store.read() as session:
        figure = measure(session, "csat", LONG_DAY)
    assert (figure.value, figure.count) == (3.67, 3)


def test_top_intents_are_wishes_in_order(store: Store) -> None:
    with store.write() as session:
        where = make.chat(session, make.customer(session, at("2026-01-01")), at("2026-01-01"))
        for intent in ("faq", "complaint", "complaint", "thanks", "greeting", None):
            make.said(session, where, at("2026-10-25T10:00:00"), intent=intent)
    with store.read() as session:
        figure = measure(session, "top_intents", LONG_DAY)
    assert [(row.key, row.value) for row in figure.rows] == [("complaint", 2), ("faq", 1)]


def test_what_cannot_be_split_says_how_it_can(store: Store) -> None:
    with store.read() as session, pytest.raises(NotMeasured) as caught:
        measure(session, "new_customers", LONG_DAY, "channel")
    assert caught.value.possible == ("day", "week", "month", "city", "language", "tier")


def test_both_databases_say_the_same_of_the_sample(
    sample_sqlite: Path, sample_postgres: tuple[str, Path], postgres_server: str
) -> None:
    name, key = sample_postgres
    stores = (
        open_store(f"sqlite:///{sample_sqlite / 'rapport.sqlite'}", sample_sqlite, None),
        open_store(_database(postgres_server, name), key, None),
    )
    period = last_days(NOW.date() - timedelta(days=1), 30, "Asia/Shanghai")
    with stores[0].read() as lite, stores[1].read() as grown:
        for metric in METRICS:
            for group_by in (None, *dimensions(metric)):
                left, right = (measure(session, metric, period, group_by) for session in (lite, grown))
                assert left == right, f"{metric} by {group_by}"
        assert measure(lite, "first_response", period).count > 10
    for store in stores:
        store.close()
