"""What gives reason to act: one function each, which finds customers with the facts and records that say so."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from crm_core.analytics.reasons import Reason
from crm_core.customers import COUNTED
from crm_core.models import (
    Customer,
    CustomerFeatures,
    Interaction,
    Order,
    Rating,
    Refund,
    Score,
    Segment,
    SegmentMember,
)
from crm_core.scores import HIGH_CHURN, high_value_cut

LATELY = timedelta(days=3)
REFUND_WITHIN = timedelta(days=7)
LOW_STARS = 2
MILESTONES = (5, 10, 20, 50, 100)
"""Orders that somebody is thanked for."""
SILENT_DAYS = 120
"""Without an order for so long, and three times as long as usual, somebody is silent; for four times as long, gone."""
FELL_TO = ("at_risk", "cant_lose_them", "about_to_sleep", "needs_attention")
GOOD_CELLS = ("champions", "loyal", "potential_loyalist", "promising")
"""Cells of the RFM grid that good customers fall into, and out of."""
MOST = 2000
"""Customers that one trigger finds at most."""
GAP_MEAN_DAYS: ColumnElement[int | None] = (
    CustomerFeatures.last_order_day - CustomerFeatures.first_order_day
) // func.nullif(CustomerFeatures.orders - 1, 0, type_=BigInteger)
"""Whole days between two orders, as the feature of that name says."""


@dataclass(frozen=True, slots=True)
class Found:
    """A customer with a reason to act. `within`: until when that makes sense."""

    customer_id: int
    trigger: str
    kind: str
    reasons: tuple[Reason, ...]
    within: timedelta


Trigger = Callable[[Session, datetime], Iterable[Found]]


# --- events ---------------------------------------------------------------------------------------------------------
def complaint(session: Session, now: datetime) -> Iterable[Found]:
    """A complaint of the last days that no person has answered yet."""
    for customer_id, message_id, at in _said(session, "complaint", now):
        facts = (Reason("complained_days", _days(now, at), evidence=(f"interaction:{message_id}",)),)
        yield Found(customer_id, "complaint", "apologise", facts, timedelta(days=1))


def refund_overdue(session: Session, now: datetime) -> Iterable[Found]:
    """A refund that is not paid a week after it was asked for."""
    query = (
        select(Order.customer_id, Order.number, func.min(Refund.requested_at))
        .join(Order, Order.id == Refund.order_id)
        .where(Refund.status.in_(("requested", "approved", "received")), Refund.requested_at <= now - REFUND_WITHIN)
        .group_by(Order.customer_id, Order.number)
        .order_by(func.min(Refund.requested_at))
    )
    for customer_id, number, since in session.execute(query.limit(MOST)):
        facts = (Reason("refund_waiting_days", _days(now, since), evidence=(f"order:{number}",)),)
        yield Found(customer_id, "refund_overdue", "apologise", facts, timedelta(days=1))


def low_rating(session: Session, now: datetime) -> Iterable[Found]:
    """One or two stars of the last days."""
    query = (
        select(Rating.customer_id, Rating.score, Rating.id)
        .where(Rating.score <= LOW_STARS, Rating.given_at > now - LATELY, Rating.customer_id.is_not(None))
        .order_by(Rating.given_at.desc(), Rating.id.desc())
    )
    for customer_id, score, rating_id in session.execute(query.limit(MOST)):
        facts = (Reason("low_rating", score, evidence=(f"rating:{rating_id}",)),)
        if customer_id is not None:
            yield Found(customer_id, "low_rating", "call", facts, timedelta(days=2))


def praise(session: Session, now: datetime) -> Iterable[Found]:
    """A kind word of the last days: the moment to ask for a review."""
    for customer_id, message_id, at in _said(session, "praise", now):
        facts = (Reason("praised_days", _days(now, at), evidence=(f"interaction:{message_id}",)),)
        yield Found(customer_id, "praise", "ask_review", facts, timedelta(days=3))


def milestone(session: Session, now: datetime) -> Iterable[Found]:
    """The fifth, tenth, twentieth ... order, placed in the last days."""
    recent = select(Order.customer_id).where(Order.placed_at > now - LATELY, Order.status.in_(COUNTED))
    orders = func.count()
    query = (
        select(Order.customer_id, orders)
        .where(Order.customer_id.in_(recent), Order.status.in_(COUNTED))
        .group_by(Order.customer_id)
        .having(orders.in_(MILESTONES))
        .order_by(orders.desc(), Order.customer_id)
    )
    for customer_id, count in session.execute(query.limit(MOST)):
        yield Found(customer_id, "milestone", "thank", (Reason("orders", count),), timedelta(days=4))


def _said(session: Session, intent: str, now: datetime) -> Iterable[tuple[int, int, datetime]]:
    """The newest message of this intent of each customer in the last days, unless a person wrote since."""
    answer = aliased(Interaction)
    answered = (
        select(answer.id)
        .where(
            answer.customer_id == Interaction.customer_id,
            answer.direction == "out",
            answer.author == "staff",
            answer.occurred_at > Interaction.occurred_at,
        )
        .exists()
    )
    query = (
        select(Interaction.customer_id, Interaction.id, Interaction.occurred_at)
        .where(
            Interaction.intent == intent,
            Interaction.direction == "in",
            Interaction.author == "customer",
            Interaction.customer_id.is_not(None),
            Interaction.occurred_at > now - LATELY,
            ~answered,
        )
        .order_by(Interaction.occurred_at.desc(), Interaction.id.desc())
        .limit(MOST)
    )
    seen: set[int] = set()
    for customer_id, message_id, at in session.execute(query):
        if customer_id is not None and customer_id not in seen:
            seen.add(customer_id)
            yield customer_id, message_id, at


# --- what was computed at night -------------------------------------------------------------------------------------
def at_risk(session: Session, now: datetime) -> Iterable[Found]:
    """Of the customers who are worth most, those who are likely to leave: they are called."""
    value = aliased(Score)
    query = (
        select(Score.customer_id, Score.value_milli, value.value_milli)
        .join(value, (value.customer_id == Score.customer_id) & (value.kind == "value"))
        .where(Score.kind == "churn", Score.value_milli >= HIGH_CHURN, value.value_milli >= high_value_cut())
        .order_by(value.value_milli.desc(), Score.customer_id)
    )
    for customer_id, churn, worth in session.execute(query.limit(MOST)):
        facts = (Reason("churn_share_milli", churn), Reason("worth_minor", round(worth / 10)))
        yield Found(customer_id, "at_risk", "call", facts, timedelta(days=7))


def churn_rising(session: Session, now: datetime) -> Iterable[Found]:
    """Who fell in the last days from a good cell of the RFM grid into a worse one."""
    cell, before, old = aliased(Segment), aliased(SegmentMember), aliased(Segment)
    query = (
        select(SegmentMember.customer_id, SegmentMember.since, cell.conditions, old.conditions)
        .join(cell, cell.id == SegmentMember.segment_id)
        .join(before, (before.customer_id == SegmentMember.customer_id) & (before.until == SegmentMember.since))
        .join(old, old.id == before.segment_id)
        .where(cell.kind == "rfm", old.kind == "rfm", SegmentMember.until.is_(None))
        .where(SegmentMember.since > now - LATELY)
        .order_by(SegmentMember.customer_id)
    )
    for customer_id, since, conditions, earlier in session.execute(query.limit(MOST)):
        if _key(earlier) in GOOD_CELLS and _key(conditions) in FELL_TO:
            facts = (Reason("fell_days", _days(now, since)),)
            yield Found(customer_id, "churn_rising", "offer", facts, timedelta(days=7))


def _key(conditions: list[Any]) -> str:
    return str(conditions[0].get("key", "")) if conditions else ""


def habit_due(session: Session, now: datetime) -> Iterable[Found]:
    """Who buys regularly and is due again, or a little late."""
    gone, gap = _since_last_order(now), GAP_MEAN_DAYS
    regular = (CustomerFeatures.orders >= 3, gap >= 5)
    for customer_id, days, usual in _due(session, now, *regular, gone * 10 >= gap * 9, gone * 2 <= gap * 3):
        facts = (Reason("gap_mean_days", usual), Reason("recency_days", days))
        yield Found(customer_id, "habit_due", "offer", facts, timedelta(days=max(3, usual // 4)))


def silence(session: Session, now: datetime) -> Iterable[Found]:
    """Who bought more than once and has been silent for much longer than usual."""
    gone, gap = _since_last_order(now), GAP_MEAN_DAYS
    silent = (gone >= SILENT_DAYS, gone > gap * 3, gone <= SILENT_DAYS * 4)
    for customer_id, days, usual in _due(session, now, CustomerFeatures.orders >= 2, *silent):
        facts = (Reason("recency_days", days), Reason("gap_mean_days", usual))
        yield Found(customer_id, "silence", "win_back", facts, timedelta(days=14))


def _due(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> Iterator[tuple[int, int, int]]:
    """Customers by their figures, who spent most first: days since the last order, days between orders."""
    query = (
        select(CustomerFeatures.customer_id, CustomerFeatures.last_order_day, GAP_MEAN_DAYS)
        .where(*conditions)
        .order_by(CustomerFeatures.spend_minor.desc(), CustomerFeatures.customer_id)
        .limit(MOST)
    )
    for customer_id, last_day, gap in session.execute(query).tuples():
        if last_day is not None and gap is not None:
            yield customer_id, _today(now) - last_day, gap


def _since_last_order(now: datetime) -> Any:
    return _today(now) - CustomerFeatures.last_order_day


def _today(now: datetime) -> int:
    return int(now.timestamp()) // 86_400


def _days(now: datetime, then: datetime) -> int:
    return max(0, (now - then).days)


EVENTS: tuple[Trigger, ...] = (complaint, refund_overdue, low_rating, praise, milestone)
"""Looked for every few minutes."""
NIGHTLY: tuple[Trigger, ...] = (at_risk, churn_rising, habit_due, silence)
"""Looked for when the figures about customers are new; about nobody who does not want to be profiled."""


def real_customers(session: Session, customer_ids: Iterable[int]) -> set[int]:
    """Those who are known and not joined into another record."""
    wanted, known = sorted(set(customer_ids)), set[int]()
    for start in range(0, len(wanted), 500):
        query = select(Customer.id).where(
            Customer.id.in_(wanted[start : start + 500]), Customer.merged_into_id.is_(None), Customer.kind != "visitor"
        )
        known |= set(session.execute(query).scalars())
    return known
