"""What is known about one customer, in one value: the profile behind every card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from crm_core.models import Case, Customer, CustomerTag, Interaction, Order, Post, Segment, SegmentMember
from crm_core.reports.periods import add_months
from crm_core.scores import ScoreView, refuses_profiling, scores_of

COUNTED = ("placed", "paid", "shipped", "delivered")
"""States of orders whose money counts."""
MOOD_WINDOW = timedelta(days=90)
SHOWN_ORDERS = 3
MONTHS = 24
"""Months of spend that a card shows, the present one included."""


@dataclass(frozen=True, slots=True)
class OrderBrief:
    """One line about an order."""

    number: str
    status: str
    placed_at: datetime
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer at a glance. `mood_milli` is the mean of the last 90 days, None when they wrote nothing."""

    customer_id: int
    number: int
    kind: str
    name: str
    company: str
    city: str
    language: str
    tier: str
    email: str
    phone: str
    first_seen_at: datetime
    order_count: int
    spend_minor: int
    currency: str
    last_order_at: datetime | None
    last_contact_at: datetime | None
    mood_milli: int | None
    orders: tuple[OrderBrief, ...] = ()
    open_cases: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    segments: tuple[tuple[str, str], ...] = ()
    """(English name, Chinese name) of the segments the customer is in now; that of the RFM grid first."""
    scores: Mapping[str, ScoreView] = field(default_factory=dict)
    public_posts: int = 0
    """What they said in public, kept apart from what they wrote to us."""
    monthly_minor: tuple[int, ...] = ()
    """Spend in each of the last 24 months (UTC), the present one last."""


def profile(session: Session, customer_id: int, now: datetime) -> Profile | None:  # long: it names every field
    """Gather the profile of a customer; None when there is no such customer (any more)."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        return None
    count, spend, last, currency = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Order.total_minor), 0),
            func.max(Order.placed_at),
            func.max(Order.currency),
        ).where(Order.customer_id == customer_id, Order.status.in_(COUNTED))
    ).one()
    last_contact, mood = session.execute(
        select(func.max(Interaction.occurred_at), func.avg(Interaction.sentiment_milli)).where(
            Interaction.customer_id == customer_id,
            Interaction.direction == "in",
            Interaction.occurred_at > now - MOOD_WINDOW,
        )
    ).one()
    refused = refuses_profiling(session, customer_id)
    return Profile(
        customer_id=customer.id,
        number=customer.number,
        kind=customer.kind,
        name=customer.name or "",
        company=customer.company.name if customer.company else "",
        city=customer.city or "",
        language=customer.language or "",
        tier=customer.tier or "",
        email=customer.email or "",
        phone=customer.phone or "",
        first_seen_at=customer.first_seen_at,
        order_count=count,
        spend_minor=int(spend),
        currency=currency or "",
        last_order_at=last,
        last_contact_at=last_contact,
        mood_milli=None if mood is None else round(mood),
        orders=_last_orders(session, customer_id),
        open_cases=_open_cases(session, customer_id),
        tags=_tags(session, customer_id),
        segments=_segments(session, customer_id),
        scores={} if refused else scores_of(session, customer_id),
        public_posts=session.execute(select(func.count()).where(Post.customer_id == customer_id)).scalar_one(),
        monthly_minor=_monthly(session, customer_id, currency or "", now),
    )


def _last_orders(session: Session, customer_id: int) -> tuple[OrderBrief, ...]:
    query = select(Order).where(Order.customer_id == customer_id).order_by(Order.placed_at.desc()).limit(SHOWN_ORDERS)
    return tuple(
        OrderBrief(order.number, order.status, order.placed_at, order.total_minor, order.currency)
        for order in session.execute(query).scalars()
    )


def _open_cases(session: Session, customer_id: int) -> tuple[int, ...]:
    query = select(Case.number).where(Case.customer_id == customer_id, Case.status != "closed").order_by(Case.number)
    return tuple(session.execute(query).scalars())


def _tags(session: Session, customer_id: int) -> tuple[str, ...]:
    query = select(CustomerTag.tag).where(CustomerTag.customer_id == customer_id).order_by(CustomerTag.tag)
    return tuple(session.execute(query).scalars())


def _segments(session: Session, customer_id: int) -> tuple[tuple[str, str], ...]:
    query = (
        select(Segment.name_en, Segment.name_zh)
        .join(SegmentMember, SegmentMember.segment_id == Segment.id)
        .where(SegmentMember.customer_id == customer_id, SegmentMember.until.is_(None))
        .order_by(case({"rfm": 0, "rule": 1}, value=Segment.kind, else_=2), SegmentMember.since, Segment.id)
    )
    return tuple((english, chinese) for english, chinese in session.execute(query))


def _monthly(session: Session, customer_id: int, currency: str, now: datetime) -> tuple[int, ...]:
    """Counted here and not in SQL: months are called differently on every database, and orders of one customer few."""
    first = add_months(now.astimezone(UTC).date().replace(day=1), 1 - MONTHS)
    query = select(Order.placed_at, Order.total_minor).where(
        Order.customer_id == customer_id,
        Order.status.in_(COUNTED),
        Order.currency == currency,
        Order.placed_at >= datetime.combine(first, time(), UTC),
    )
    months = [0] * MONTHS
    for placed_at, total in session.execute(query):
        place = (placed_at.year - first.year) * 12 + placed_at.month - first.month
        if place < MONTHS:
            months[place] += total
    return tuple(months)
