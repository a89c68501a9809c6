"""The records behind a fact: what a stored reason names, or what is found for it now, as of the day of the score.

A record that is not the customer's own is never given, whatever a reason says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from crm_core.analytics.features.contact_kinds import CONTACTS
from crm_core.analytics.reasons import Reason
from crm_core.customers import COUNTED
from crm_core.models import Campaign, CampaignContact, Case, Interaction, Order, Post, Rating, Refund
from crm_core.orders import CHAT

Kind = Literal["order", "case", "interaction", "rating", "campaign", "post"]
WINDOW = timedelta(days=90)
MOST = 2
"""Records shown for one fact."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record. `key`: an order's or case's number, else the id of the record; `text`: what was written, the state it
    is in, or what a campaign is called."""

    kind: Kind
    key: str
    at: datetime
    text: str = ""
    amount_minor: int | None = None
    currency: str = ""


def evidence(session: Session, customer_id: int, reason: Reason, until: datetime) -> tuple[Evidence, ...]:
    """What a reason rests on, newest first; nothing when nothing single can be shown."""
    named = [_named(session, customer_id, reference) for reference in reason.evidence[:MOST]]
    known = tuple(each for each in named if each is not None)
    if known or reason.fact not in _FINDERS:
        return known
    return tuple(_FINDERS[reason.fact](session, customer_id, reason, until))[:MOST]


# --- named by the reason --------------------------------------------------------------------------------------------
def _named(session: Session, customer_id: int, reference: str) -> Evidence | None:
    kind, _, key = reference.partition(":")
    if kind == "order":
        return next(_orders(session, customer_id, Order.number == key), None)
    if kind == "case" and key.isdecimal():
        return next(_cases(session, customer_id, Case.number == int(key)), None)
    if kind == "interaction" and key.isdecimal():
        return next(_messages(session, customer_id, Interaction.id == int(key)), None)
    if kind == "rating" and key.isdecimal():
        return next(_ratings(session, customer_id, Rating.id == int(key)), None)
    return None


# --- found for it ---------------------------------------------------------------------------------------------------
Finder = Callable[[Session, int, Reason, datetime], Sequence[Evidence]]


def _last_orders(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    count = 1 if reason.fact == "recency_days" else MOST
    return list(_orders(session, customer_id, Order.status.in_(COUNTED), Order.placed_at <= until, limit=count))


def _lost_orders(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    if reason.fact == "returned_orders":
        return list(_orders(session, customer_id, Order.status == "returned", Order.placed_at <= until))
    never = and_(Order.source == CHAT, Order.cancelled_at.is_(None))  # a draft that was turned down is no order
    return list(_orders(session, customer_id, Order.status == "cancelled", ~never, Order.placed_at <= until))


def _refunded(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    refunded = select(Refund.order_id).where(Refund.requested_at <= until)
    return list(_orders(session, customer_id, Order.id.in_(refunded)))


def _discounted(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    return list(_orders(session, customer_id, Order.discount_minor > 0, Order.placed_at <= until))


def _complaints(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    """The newest complaint in the customer's words, and the case that it became."""
    since = _since(reason, until)
    said = list(_messages(session, customer_id, Interaction.intent == "complaint", *since, limit=1))
    opened = list(_cases(session, customer_id, Case.opened_at <= until, limit=1))
    return [*said, *opened] or list(_messages(session, customer_id, *since, limit=MOST))


def _opened(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    return list(_cases(session, customer_id, Case.opened_at <= until))


def _moods(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    """The messages that pull the mean the furthest to the side on which it is."""
    bad = isinstance(reason.value, int) and reason.value < 0
    side = Interaction.sentiment_milli < 0 if bad else Interaction.sentiment_milli >= 0
    order = Interaction.sentiment_milli.asc() if bad else Interaction.sentiment_milli.desc()
    since = _since(reason, until)
    return list(_messages(session, customer_id, Interaction.sentiment_milli.is_not(None), side, *since, order=order))


def _written(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    return list(_messages(session, customer_id, *_since(reason, until), limit=1))


def _rated(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    return list(_ratings(session, customer_id, Rating.given_at <= until))


def _wanted(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    """The messages whose intent a fact counts."""
    about = Interaction.intent.in_(CONTACTS[reason.fact])
    return list(_messages(session, customer_id, about, Interaction.occurred_at <= until))


def _by_channel(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    channel = Interaction.channel == reason.fact.removeprefix("messages_")
    return list(_messages(session, customer_id, channel, Interaction.occurred_at <= until))


def _first_order(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    query = select(Order.id).where(Order.customer_id == customer_id, Order.status.in_(COUNTED))
    first = query.order_by(Order.placed_at, Order.id).limit(1).scalar_subquery()
    return list(_orders(session, customer_id, Order.id == first, Order.placed_at <= until))


def _orders_before(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    """Of the 90 days before the last 90."""
    window = (Order.placed_at > until - 2 * WINDOW, Order.placed_at <= until - WINDOW)
    return list(_orders(session, customer_id, Order.status.in_(COUNTED), *window))


def _sent(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    """The campaigns that reached, moved or brought somebody, by what the fact counts."""
    at = _CAMPAIGN_MOMENTS[reason.fact]
    query = (
        select(CampaignContact, Campaign.name, at.label("at"))
        .join(Campaign, Campaign.id == CampaignContact.campaign_id)
        .where(CampaignContact.customer_id == customer_id, at <= until)
    )
    rows = session.execute(query.order_by(at.desc(), CampaignContact.id.desc()).limit(MOST))
    return [Evidence("campaign", str(row.CampaignContact.campaign_id), row.at, row.name) for row in rows]


def _posted(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    query = select(Post).where(Post.customer_id == customer_id, Post.own.is_(False), Post.occurred_at <= until)
    if reason.fact == "posts_90":
        query = query.where(Post.occurred_at > until - WINDOW)
    rows = session.execute(query.order_by(Post.occurred_at.desc(), Post.id.desc()).limit(MOST)).scalars()
    return [Evidence("post", str(row.id), row.occurred_at, row.text or "") for row in rows]


def _said_before(session: Session, customer_id: int, reason: Reason, until: datetime) -> Sequence[Evidence]:
    """Of the 90 days before the last 90."""
    window = (Interaction.occurred_at > until - 2 * WINDOW, Interaction.occurred_at <= until - WINDOW)
    return list(_messages(session, customer_id, *window))


_CAMPAIGN_MOMENTS = {
    "campaigns_sent": CampaignContact.sent_at, "campaigns_replied": CampaignContact.replied_at,
    "campaigns_converted": CampaignContact.converted_at,
}  # fmt: skip

_FINDERS: Mapping[str, Finder] = {
    **dict.fromkeys(("recency_days", "last_gap_days", "gap_mean_days", "orders", "orders_90"), _last_orders),
    **dict.fromkeys(("spend_minor", "spend_90_minor", "mean_order_minor", "units", "categories"), _last_orders),
    **dict.fromkeys(("top_category", "top_category_share_milli"), _last_orders),
    **dict.fromkeys(("cancelled_orders", "returned_orders"), _lost_orders),
    "refunds_minor": _refunded,
    "discount_share_milli": _discounted,
    **dict.fromkeys(("complaints", "complaints_90"), _complaints),
    "cases": _opened,
    **dict.fromkeys(("mood_mean_milli", "mood_90_milli"), _moods),
    **dict.fromkeys(("messages", "messages_90", "contact_recency_days"), _written),
    **dict.fromkeys(("ratings", "rating_mean_milli"), _rated),
    **dict.fromkeys(CONTACTS, _wanted),
    **dict.fromkeys(("messages_telegram", "messages_web"), _by_channel),
    **dict.fromkeys(("messages_prev90", "mood_prev90_milli"), _said_before),
    **dict.fromkeys(("orders_prev90", "spend_prev90_minor"), _orders_before),
    "tenure_days": _first_order,
    **dict.fromkeys(_CAMPAIGN_MOMENTS, _sent),
    **dict.fromkeys(("posts", "posts_90", "post_mood_milli"), _posted),
}


def _since(reason: Reason, until: datetime) -> list[ColumnElement[bool]]:
    """The time that a fact is about."""
    bounds = [Interaction.occurred_at <= until]
    return [*bounds, Interaction.occurred_at > until - WINDOW] if "_90" in reason.fact else bounds


# --- rows -----------------------------------------------------------------------------------------------------------
def _orders(session: Session, customer_id: int, *tests: ColumnElement[bool], limit: int = MOST) -> Any:
    query = select(Order).where(Order.customer_id == customer_id, *tests)
    query = query.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit)
    for row in session.execute(query).scalars():
        yield Evidence("order", row.number, row.placed_at, row.status, row.total_minor, row.currency)


def _cases(session: Session, customer_id: int, *tests: ColumnElement[bool], limit: int = MOST) -> Any:
    query = select(Case).where(Case.customer_id == customer_id, *tests)
    for row in session.execute(query.order_by(Case.opened_at.desc(), Case.id.desc()).limit(limit)).scalars():
        yield Evidence("case", str(row.number), row.opened_at, row.title or "")


def _messages(
    session: Session, customer_id: int, *tests: ColumnElement[bool], limit: int = MOST, order: Any = None
) -> Any:
    newest = (Interaction.occurred_at.desc(), Interaction.id.desc())
    query: Select[Any] = select(Interaction).where(
        Interaction.customer_id == customer_id, Interaction.direction == "in", Interaction.author == "customer", *tests
    )
    ordered = query.order_by(*newest) if order is None else query.order_by(order, *newest)
    for row in session.execute(ordered.limit(limit)).scalars():
        yield Evidence("interaction", str(row.id), row.occurred_at, row.text or "")


def _ratings(session: Session, customer_id: int, *tests: ColumnElement[bool]) -> Any:
    query = select(Rating).where(Rating.customer_id == customer_id, Rating.score.is_not(None), *tests)
    for row in session.execute(query.order_by(Rating.given_at.desc(), Rating.id.desc()).limit(MOST)).scalars():
        yield Evidence("rating", str(row.id), row.given_at or row.asked_at, str(row.score))
