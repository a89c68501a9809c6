"""Retention by the month of the first order: exact on made-up orders, and as counting by hand on random ones."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm_core.analytics.value.retention import Cohort, Retention, retention
from crm_core.database import Store
from crm_core.models import Customer, Order
from crm_core.reports.periods import Period, add_months
from tests.conftest import NOW
from tests.crm_core import figures as make
from tests.crm_core.random_business import Business

ZONE = "Asia/Shanghai"
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1), ZONE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_cohort_is_its_first_month_and_only_whole_months_after_it_count(store: Store) -> None:
    """Months are those of the zone; a cancelled order is none; what is not over yet (November) is not told."""
    orders: dict[str, list[tuple[str, str]]] = {
        "back at once, and again": [("2026-07-31T16:00:00", "paid"), ("2026-09-01", "paid"), ("2026-09-02", "paid"),
                                    ("2026-10-05", "returned")],
        "back late": [("2026-08-31T15:59:59", "paid"), ("2026-10-05", "paid"), ("2026-11-05", "paid")],
        "cancelled first": [("2026-07-05", "cancelled"), ("2026-09-10", "paid"), ("2026-09-20", "paid")],
        "cancelled again": [("2026-08-05", "paid"), ("2026-09-10", "cancelled")],
        "of October": [("2026-10-10", "paid")],
    }  # fmt: skip
    with store.write() as session:
        for name, bought in orders.items():
            who = make.customer(session, at("2026-01-01"), name=name, tier="VIP" if "back" in name else None)
            for moment, status in bought:
                make.bought(session, who, at(moment), 100, status=status)
    with store.read() as session:
        found = retention(session, YEAR, NOW)
        vips = retention(session, YEAR, NOW, {"tier": ["vip"]})
        others = retention(session, YEAR, NOW, without={"tier": ["vip"]})
    assert found.cohorts == (Cohort(date(2026, 8, 1), 3, (1, 2), (1, 1)), Cohort(date(2026, 9, 1), 1, (0,), (0,)))
    assert (found.active(1), found.active(2), found.active(3)) == (0.25, 2 / 3, None)
    assert (found.soon, found.back_soon) == (2, 2 / 3)
    assert [cohort.size for cohort in vips.cohorts] == [2]
    assert [cohort.size for cohort in others.cohorts] == [1, 1]


def test_it_is_what_counting_by_hand_gives(store: Store) -> None:
    today = NOW.date()
    business = Business(3, today)
    with store.write() as session:
        business.found(session, 40)
        for _ in range(300):
            business.order(session)
    first = add_months(today.replace(day=1), -13)
    period = Period(first, today.replace(day=1), ZONE)
    with store.read() as session:
        found = retention(session, period, NOW)
        rows = session.execute(
            select(Order.customer_id, Order.placed_at)
            .join(Customer, Customer.id == Order.customer_id)
            .where(Order.status.not_in(("draft", "cancelled")), Customer.kind != "visitor",
                   Customer.merged_into_id.is_(None))
        ).all()  # fmt: skip
    months: dict[int, set[date]] = defaultdict(set)
    for customer, placed in rows:
        months[customer].add(placed.astimezone(ZoneInfo(ZONE)).date().replace(day=1))
    assert len(found.cohorts) > 3
    for cohort in found.cohorts:
        mine = [seen for seen in months.values() if min(seen) == cohort.month]
        assert cohort.size == len(mine)
        for after, active in enumerate(cohort.active, 1):
            assert active == sum(add_months(cohort.month, after) in seen for seen in mine)
        for within in range(1, len(cohort.active) + 1):
            wanted = {add_months(cohort.month, after) for after in range(1, within + 1)}
            assert cohort.returned(within) == sum(bool(wanted & seen) for seen in mine)


def test_only_what_chance_does_not_explain_stands_out() -> None:
    def cohort(month: int, size: int, back: int) -> Cohort:
        return Cohort(date(2026, month, 1), size, (back, 0, 0), (back, 0, 0))

    alike = [cohort(month, 100, 28 + month) for month in range(1, 5)]
    assert Retention(tuple(alike)).outstanding() == []
    far, few = cohort(5, 100, 60), cohort(6, 10, 10)
    [(one, mine, others)] = Retention((*alike, far, few)).outstanding()
    assert (one, mine) == (far, 0.6)
    assert others < 0.4


def test_no_more_than_a_year_of_cohorts_and_none_before_a_month_is_over(store: Store) -> None:
    with store.write() as session:
        for month in range(20):
            make.bought(session, make.customer(session, at("2024-01-01")), at("2025-01-05") + timedelta(30 * month), 1)
    with store.read() as session:
        found = retention(session, Period(date(2025, 1, 1), date(2026, 11, 1), ZONE), NOW)
        nothing = retention(session, Period(date(2026, 10, 1), date(2026, 12, 1), ZONE), NOW)
    assert found.left_out == 9
    assert found.cohorts[0].month == date(2025, 10, 1)
    assert found.months == 12
    assert nothing.cohorts == ()
