"""The figures of the business: one table says what each counts, `measure` asks the database for it.

All sums are done by the database on whole numbers, so that SQLite and PostgreSQL say exactly the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from crm_core.customers import COUNTED
from crm_core.errors import CrmError
from crm_core.models import (
    Case,
    Conversation,
    Customer,
    Interaction,
    Order,
    OrderLine,
    Post,
    Product,
    Rating,
    Staff,
    Topic,
    TopicText,
)
from crm_core.query.conditions import BAD_MILLI, GOOD_MILLI, place_test
from crm_core.reports.aggregates import Aggregate, Grouped, Kind, Narrowing, Source, aggregate
from crm_core.reports.periods import Period, Unit

UNITS: tuple[Unit, ...] = ("day", "week", "month")
NO_WISH = ("greeting", "goodbye", "thanks", "help", "affirm", "deny", "csat_rating", "out_of_scope")
"""What people say without wanting something: not among the top intents."""
TOP = 10


class NotMeasured(CrmError):
    """This figure cannot be split or narrowed in that way; `possible` names the ways there are."""

    def __init__(self, metric: str, wanted: str, possible: Sequence[str]) -> None:
        super().__init__(f"{metric} cannot be told by {wanted}. Possible: {', '.join(possible)}.")
        self.metric, self.wanted, self.possible = metric, wanted, tuple(possible)


def begin(session: Session) -> datetime | None:
    """When the oldest order or message was made; None while there is neither."""
    oldest = (select(func.min(Order.placed_at)), select(func.min(Interaction.occurred_at)))
    return min((found for query in oldest if (found := session.execute(query).scalar_one())), default=None)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One part of a figure. `key`: an ISO date for days, weeks and months; else the value, None when not known."""

    key: str | None
    value: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure for a period. `unit`: count, seconds, mood (milli), rating (1-5), or an ISO currency (minor units).

    `count` is how many observations stand behind it; `value` is None where there are none and it is no count.
    `elsewhere` holds (currency, minor units) of money in further currencies.
    """

    metric: str
    unit: str
    value: float | None
    count: int
    rows: tuple[FigureRow, ...] = ()
    elsewhere: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """What one figure counts. `by`: the dimensions it can be told by, besides time."""

    unit: str
    kind: Kind
    source: Source
    what: Any
    where: tuple[ColumnElement[bool], ...]
    by: Mapping[str, Aggregate] = field(default_factory=dict)


def _tier_test(value: str) -> ColumnElement[bool]:
    return func.lower(Customer.tier) == value.lower()


_SPELLINGS = {"city": place_test, "tier": _tier_test}
"""Dimensions whose values records may spell in several ways."""


def _by(source: Source, **columns: Any) -> dict[str, Aggregate]:
    """Dimensions of a source; the customer's city and language come with a join."""
    return {
        name: Aggregate(column, source.joins.get(name, ()), test=_SPELLINGS.get(name))
        for name, column in columns.items()
    }


def _found_topic(of: ColumnElement[bool], record: Any) -> Any:
    """The name of the topic that a message or a post was found to be about."""
    query = select(Topic.name).join(TopicText, TopicText.topic_id == Topic.id).where(of)
    return query.correlate(record).scalar_subquery()


_STAFF = cast(Staff.id, String)
_CUSTOMER = ((Customer, Customer.id == Interaction.customer_id),)
_SAID = Source(Interaction, Interaction.occurred_at, {"city": _CUSTOMER, "tier": _CUSTOMER})
_FROM_CUSTOMERS = (Interaction.direction == "in", Interaction.author == "customer")
_MESSAGES = (*_FROM_CUSTOMERS, Interaction.kind != "edit")
_SAID_BY = _by(
    _SAID,
    channel=Interaction.channel,
    language=Interaction.language,
    intent=Interaction.intent,
    city=Customer.city,
    tier=Customer.tier,
)

_CHAT = (Conversation, Conversation.id == Interaction.conversation_id)
_HAND_OVERS = (
    Interaction.kind == "state",
    Interaction.status == "waiting",
    Interaction.topic.is_distinct_from("wrote_again"),  # waking up from "later" is no new request
)

_BUYER = ((Customer, Customer.id == Order.customer_id),)
_LINES = ((OrderLine, OrderLine.order_id == Order.id), (Product, Product.id == OrderLine.product_id))
_BOUGHT = Source(
    Order, Order.placed_at,
    {"city": _BUYER, "language": _BUYER, "tier": _BUYER, "category": _LINES, "product": _LINES},
)  # fmt: skip
_ORDERS = (Order.status.in_(COUNTED),)
_BOUGHT_BY = _by(
    _BOUGHT, city=Customer.city, language=Customer.language, tier=Customer.tier, category=Product.category,
    product=Product.sku,
)  # fmt: skip
_OF_GOODS = OrderLine.quantity * OrderLine.unit_minor
_GOODS = {
    "category": Aggregate(Product.category, _LINES, instead=_OF_GOODS),
    "product": Aggregate(Product.sku, _LINES, instead=_OF_GOODS),
}

_JOINED = Source(Customer, Customer.first_seen_at, {})
_RATED_CHAT = ((Conversation, Conversation.id == Rating.conversation_id),)
_RATER = ((Customer, Customer.id == Rating.customer_id),)
_RATED = Source(
    Rating, Rating.given_at,
    {
        "channel": _RATED_CHAT, "language": _RATED_CHAT, "city": _RATER, "tier": _RATER,
        "agent": ((Staff, Staff.id == Rating.staff_id),),
    },
)  # fmt: skip

_SERVED = Source(
    Interaction, Interaction.occurred_at,
    {"city": _CUSTOMER, "tier": _CUSTOMER, "language": (_CHAT,), "agent": ((Staff, Staff.id == Interaction.staff_id),)},
)  # fmt: skip
_SERVED_BY = _by(
    _SERVED, agent=_STAFF, channel=Interaction.channel, language=Conversation.language, city=Customer.city,
    tier=Customer.tier,
)  # fmt: skip
_WROTE = (Interaction.direction == "out", Interaction.author == "staff")
_TOOK = and_(Interaction.kind == "state", Interaction.status == "person", Interaction.staff_id.is_not(None))

_CASED = ((Customer, Customer.id == Case.customer_id),)
_CASE_JOINS = {
    "city": _CASED, "tier": _CASED, "language": _CASED, "agent": ((Staff, Staff.id == Case.owner_id),)
}  # fmt: skip
_OPENED, _CLOSED = Source(Case, Case.opened_at, _CASE_JOINS), Source(Case, Case.closed_at, _CASE_JOINS)
_CASE_BY = _by(
    _CLOSED, agent=_STAFF, city=Customer.city, language=Customer.language, tier=Customer.tier, priority=Case.priority
)
_WAS_CLOSED = (Case.status == "closed", Case.closed_at.is_not(None))


def _first_staff_word(*, who: bool = False) -> ColumnElement[Any]:
    """When (or who of) staff first wrote to the customer after a call for a person, and before the next call."""
    said, asked_again = aliased(Interaction), aliased(Interaction)
    again = (
        exists()
        .where(
            asked_again.conversation_id == Interaction.conversation_id,
            asked_again.kind == "state",
            asked_again.status == "waiting",
            asked_again.topic.is_distinct_from("wrote_again"),
            asked_again.occurred_at > Interaction.occurred_at,
            asked_again.occurred_at <= said.occurred_at,
        )
        .correlate(Interaction, said)
    )
    return (
        select(said.staff_id if who else said.occurred_at)
        .where(
            said.conversation_id == Interaction.conversation_id,
            and_(said.direction == "out", said.author == "staff"),
            said.occurred_at >= Interaction.occurred_at,
            ~again,
        )
        .order_by(said.occurred_at, said.id)
        .limit(1)
        .correlate(Interaction)
        .scalar_subquery()
    )


_ANSWERED = ((Staff, Staff.id == _first_staff_word(who=True)),)
_ASKED = Source(
    Interaction, Interaction.occurred_at,
    {"city": _CUSTOMER, "tier": _CUSTOMER, "language": (_CHAT,), "agent": _ANSWERED},
)  # fmt: skip
_ASKED_BY = _by(
    _ASKED, channel=Interaction.channel, language=Conversation.language, city=Customer.city, tier=Customer.tier
)

US = "us"
_PUBLIC = Source(Post, Post.occurred_at, {})
VOICES = (Post.kind != "reaction", Post.spam.is_(False), Post.own.is_(False))
"""What counts as said in public by others than us; a post that repeats another is volume, and no opinion of its own."""
OPINIONS = (*VOICES, Post.duplicate_of_id.is_(None), Post.sentiment_milli.is_not(None))
TOPIC_OF_POST = func.coalesce(_found_topic(TopicText.post_id == Post.id, Post), Post.topic)
"""The topic that was found, else what came with the post."""
_PRODUCTS = cast(Post.products, String)


def _names_product(sku: str) -> ColumnElement[bool]:
    return _PRODUCTS.contains(f'"{sku}"', autoescape=True)


def _names_brand(brand: str) -> ColumnElement[bool]:
    """About it, or naming it among others."""
    named = Post.brand_named if brand == US else cast(Post.competitors, String).contains(f'"{brand}"', autoescape=True)
    return or_(Post.about == brand, named)


_FEELING = case(
    (Post.sentiment_milli <= BAD_MILLI, "negative"), (Post.sentiment_milli >= GOOD_MILLI, "positive"),
    (Post.sentiment_milli.is_not(None), "neutral"),
)  # fmt: skip
_PUBLIC_BY = {
    **_by(_PUBLIC, network=Post.connector, language=Post.language, topic=TOPIC_OF_POST, need=Post.need),
    "product": Aggregate(_PRODUCTS, test=_names_product),
}
_FELT = {"feeling": Aggregate(_FEELING)}
_BRAND = {"brand": Aggregate(Post.about, test=_names_brand)}
_SPOKEN_OF = {"topic": Aggregate(_found_topic(TopicText.interaction_id == Interaction.id, Interaction))}


METRICS: dict[str, Metric] = {
    "conversations": Metric("count", "distinct", _SAID, Interaction.conversation_id, _MESSAGES, _SAID_BY),
    "messages": Metric("count", "distinct", _SAID, Interaction.id, _MESSAGES, {**_SAID_BY, **_SPOKEN_OF}),
    "new_customers": Metric(
        "count", "distinct", _JOINED, Customer.id,
        (Customer.kind != "visitor", Customer.merged_into_id.is_(None)),
        _by(_JOINED, city=Customer.city, language=Customer.language, tier=Customer.tier),
    ),
    "orders": Metric("count", "distinct", _BOUGHT, Order.id, _ORDERS, _BOUGHT_BY),
    "revenue": Metric("money", "sum", _BOUGHT, Order.total_minor, _ORDERS, {**_BOUGHT_BY, **_GOODS}),
    "first_response": Metric(
        "seconds", "median", _ASKED, (Interaction.occurred_at, _first_staff_word()), _HAND_OVERS,
        {**_ASKED_BY, "agent": Aggregate(_STAFF, _ANSWERED)},
    ),
    "answer_time": Metric(
        "seconds", "median", _SAID, (Interaction.received_at, Interaction.answered_at),
        (*_MESSAGES, Interaction.status == "answered", Interaction.answered_at.is_not(None)), _SAID_BY,
    ),
    "mood": Metric(
        "mood", "mean", _SAID, Interaction.sentiment_milli, (*_MESSAGES, Interaction.sentiment_milli.is_not(None)),
        {**_SAID_BY, **_SPOKEN_OF},
    ),
    "complaints": Metric(
        "count", "distinct", _SAID, Interaction.id, (*_MESSAGES, Interaction.intent == "complaint"), _SAID_BY
    ),
    "handovers": Metric("count", "distinct", _ASKED, Interaction.id, _HAND_OVERS, _ASKED_BY),
    "csat": Metric(
        "rating", "mean", _RATED, Rating.score, (Rating.score.is_not(None),),
        _by(
            _RATED, agent=_STAFF, channel=Conversation.channel, language=Conversation.language, city=Customer.city,
            tier=Customer.tier,
        ),
    ),
    "top_intents": Metric(
        "count", "distinct", _SAID, Interaction.id,
        (*_MESSAGES, Interaction.intent.is_not(None), Interaction.intent.not_in(NO_WISH)), _SAID_BY,
    ),
    "taken": Metric(
        "count", "distinct", _SERVED, Interaction.conversation_id, (or_(and_(*_WROTE), _TOOK),), _SERVED_BY
    ),
    "staff_messages": Metric("count", "distinct", _SERVED, Interaction.id, _WROTE, _SERVED_BY),
    "cases_opened": Metric("count", "distinct", _OPENED, Case.id, (), _CASE_BY),
    "cases_closed": Metric("count", "distinct", _CLOSED, Case.id, _WAS_CLOSED, _CASE_BY),
    "resolution_time": Metric(
        "seconds", "median", _CLOSED, (Case.opened_at, Case.closed_at), _WAS_CLOSED, _CASE_BY
    ),
    "voice": Metric("count", "distinct", _PUBLIC, Post.id, VOICES, {**_PUBLIC_BY, **_BRAND, **_FELT}),
    "voice_mood": Metric("mood", "mean", _PUBLIC, Post.sentiment_milli, OPINIONS, {**_PUBLIC_BY, **_BRAND}),
    "mentions": Metric("count", "distinct", _PUBLIC, Post.id, (*VOICES, Post.about == US), {**_PUBLIC_BY, **_FELT}),
    "post_mood": Metric(
        "mood", "mean", _PUBLIC, Post.sentiment_milli, (*OPINIONS, Post.about == US), _PUBLIC_BY
    ),
}  # fmt: skip
"""Name to what it counts. first_response and answer_time are medians of the ones that were answered.

Posts are split by the products they name together: a post that names two is in a part of its own.
"""


def dimensions(metric: str) -> tuple[str, ...]:
    """What a figure can be told by."""
    return (*UNITS, *METRICS[metric].by)


Values = Mapping[str, Sequence[str]]
"""Dimension -> values."""


def measure(
    session: Session,
    metric: str,
    period: Period,
    group_by: str | None = None,
    *,
    only: Values | None = None,
    without: Values | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> Figure:
    """One figure for a period, split by `group_by`; `only` narrows it to values of dimensions, `without` to all others.

    `where` narrows it by what is no dimension (`subjects.py`).

    Rows of time come in order with none left out; others by size. A conversation that goes on for two days counts in
    both, so that rows may add up to more than the whole. Revenue by category or product is of goods, before discounts
    and postage.

    Raises:
        NotMeasured: not by this dimension.
    """
    asked = replace(METRICS[metric], where=(*METRICS[metric].where, *where))
    if metric == "top_intents" and group_by is None:
        group_by = "intent"
    narrowed = narrowings(metric, only or {}, without or {})
    if group_by is not None and group_by not in dimensions(metric):
        raise NotMeasured(metric, group_by, dimensions(metric))
    if asked.unit == "money":
        return _money(session, metric, asked, period, group_by, narrowed)
    whole, rows = _ask(session, asked, period, group_by, narrowed)
    return _figure(metric, asked.unit, asked.kind, whole, rows, group_by)


def narrowings(metric: str, only: Values, without: Values) -> list[Narrowing]:
    """What narrows a figure.

    Raises:
        NotMeasured: one of the dimensions says nothing about this figure.
    """
    found = []
    for values, excluded in ((only, False), (without, True)):
        for name, wanted in values.items():
            if name not in METRICS[metric].by:
                raise NotMeasured(metric, name, dimensions(metric))
            found.append(Narrowing(METRICS[metric].by[name], tuple(wanted), excluded))
    return found


def _money(
    session: Session,
    metric: str,
    asked: Metric,
    period: Period,
    group_by: str | None,
    narrowed: Sequence[Narrowing],
) -> Figure:
    """Money is told in the currency of most orders; other currencies are named apart, never added up."""
    by_currency = Aggregate(Order.currency)
    found = aggregate(session, asked.source, asked.kind, asked.what, asked.where, period, by=by_currency, only=narrowed)
    ranked = sorted(found, key=lambda part: (-part.count, part.key or ""))
    currency = (ranked[0].key or "") if ranked else ""
    within = [*narrowed, Narrowing(by_currency, (currency,))]
    _, rows = _ask(session, asked, period, group_by, within, whole=False)
    figure = _figure(metric, currency, "sum", ranked[0] if ranked else None, rows, group_by)
    elsewhere = tuple((part.key or "", part.total) for part in ranked[1:])
    return Figure(figure.metric, figure.unit, figure.value, figure.count, figure.rows, elsewhere)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a figure is made of, in whole numbers: `unit` as in `Figure`, all of it, and its parts."""

    unit: str
    whole: Grouped
    parts: tuple[Grouped, ...]


def sums(
    session: Session, metric: str, period: Period, by: str, only: Values, without: Values, currency: str | None = None
) -> Sums:
    """The sums behind a figure and its parts; of times between two moments (microseconds), those behind their mean.

    Args:
        currency: of money; that of most orders unless given.

    Raises:
        NotMeasured: not by this dimension.
    """
    asked, narrowed, unit = METRICS[metric], narrowings(metric, only, without), METRICS[metric].unit
    if by not in asked.by:
        raise NotMeasured(metric, by, dimensions(metric))
    if unit == "money":
        unit = currency or measure(session, metric, period, only=only, without=without).unit
        narrowed.append(Narrowing(Aggregate(Order.currency), (unit,)))
    kind: Kind = "span" if asked.kind == "median" else asked.kind

    def ask(**split: Any) -> list[Grouped]:
        return aggregate(session, asked.source, kind, asked.what, asked.where, period, only=narrowed, **split)

    return Sums(unit, next(iter(ask()), Grouped(None, 0, 0)), tuple(ask(by=asked.by[by])))


def _ask(
    session: Session,
    asked: Metric,
    period: Period,
    group_by: str | None,
    narrowed: Sequence[Narrowing],
    *,
    whole: bool = True,
) -> tuple[Grouped | None, list[Grouped]]:
    def ask(**split: Any) -> list[Grouped]:
        return aggregate(session, asked.source, asked.kind, asked.what, asked.where, period, only=narrowed, **split)

    total = next(iter(ask()), None) if whole else None
    if group_by is None:
        return total, []
    if group_by in UNITS:
        return total, ask(unit=group_by)
    return total, ask(by=asked.by[group_by])


def _figure(
    metric: str, unit: str, kind: Kind, whole: Grouped | None, rows: Sequence[Grouped], group_by: str | None
) -> Figure:
    parts = [FigureRow(row.key, _value(kind, row), row.count) for row in rows]
    if group_by not in UNITS:
        parts.sort(key=lambda part: (-(part.value or 0), part.key is None, part.key or ""))
    if metric == "top_intents":
        parts = parts[:TOP]
    value = _value(kind, whole) if whole else (0 if kind in ("distinct", "sum") else None)
    return Figure(metric, unit, value, whole.count if whole else 0, tuple(parts))


def _value(kind: Kind, part: Grouped) -> float | None:
    """From whole sums to what people read: the only place where a fraction appears."""
    if kind in ("distinct", "sum"):
        return part.total
    if not part.count:
        return None
    if kind == "median":
        return part.total / part.terms / 1_000_000
    return round(part.total / part.count, 2)
