"""What is known about each customer, in one definition for every engine: SQLite, PostgreSQL and Spark.

It is written in Ibis over the views of facts and counts as of the end of a day (UTC): what happened later, or was
cancelled, given back, paid or answered later, does not count yet. All figures are integers that every engine computes
alike: sums of minor units and of thousandths, days, means rounded down; ties go by id or by name.

What is stored has days in place of distances, which would change for everybody every day (`DISTANCES`), and sums and
counts in place of means (`MEANS`), because most stored columns are sums over events: from one day to a later one it is
enough to add what the events between count for, and what those that leave a window of 90 days count for less (`added`).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import reduce
from operator import and_

import ibis
from ibis.expr import types as ir

from crm_core.analytics.facts.views import DISTANCES, MEANS
from crm_core.analytics.features.contact_kinds import CONTACTS

WINDOW = 90
EPOCH = date(1970, 1, 1)
OPTIONAL = (
    "first_order_day", "last_order_day", "last_contact_day", *DISTANCES, "mean_order_minor", "gap_mean_days",
    "last_gap_days", "top_category", "top_category_share_milli", "discount_share_milli", *MEANS,
)  # fmt: skip
"""NULL where there is nothing to tell it from; the other columns are 0 there."""

COLUMNS = (
    "customer_id", "recency_days", "tenure_days", "orders", "orders_90", "orders_prev90", "spend_minor",
    "spend_90_minor", "spend_prev90_minor", "mean_order_minor", "gap_mean_days", "last_gap_days", "categories",
    "top_category", "top_category_share_milli", "discount_share_milli", "cancelled_orders", "returned_orders",
    "refunds_minor", "units", "messages", "messages_90", "messages_prev90", "messages_telegram", "messages_web",
    "contacts_delivery", "contacts_return", "contacts_question", "complaints", "complaints_90", "cases",
    "mood_mean_milli", "mood_90_milli", "mood_prev90_milli", "contact_recency_days", "ratings", "rating_mean_milli",
    "campaigns_sent", "campaigns_replied", "campaigns_converted", "posts", "posts_90", "post_mood_milli",
)  # fmt: skip
"""The features as they are read."""

Facts = Mapping[str, ir.Table]
Aggregates = dict[str, ir.Value]
Sums = Callable[..., Aggregates]
"""What rows come to as of a day; given the rows, the day and, where later ones are among them, whether each is seen."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def features(facts: Facts, as_of: date, *, currency: str) -> ir.Table:
    """Every stored column, one row per customer; money in other currencies is not added up."""
    day = day_number(as_of)
    messages = _messages(facts, day)
    parts = [
        *_bought(facts, day, currency),
        messages.group_by("customer_id").agg(last_contact_day=messages.occurred_day.max(), **_talk(messages, day)),
        *(rows.group_by("customer_id").agg(**sums(rows, day)) for rows, _, sums in _few(facts, day, currency)),
    ]
    return _joined(facts["customers"], parts)


def bought(facts: Facts, as_of: date, *, currency: str) -> ir.Table:
    """The columns about orders alone, but for refunds."""
    return _joined(facts["customers"], _bought(facts, day_number(as_of), currency))


def added(facts: Facts, last: date, as_of: date, *, currency: str) -> list[ir.Table]:
    """What the stored columns grow by from one day to a later one, from the facts that count otherwise then.

    Of columns about orders only those that look at windows, for customers whose orders are the same on both days. The
    `last_contact_day` is a day: the later one holds.
    """
    day, before = day_number(as_of), day_number(last)
    grown = [*_few(facts, day, currency)]
    if "interactions" in facts:
        grown.append((_messages(facts, day), "occurred_day", _talk))
    if "orders" in facts:
        orders = _orders(facts, day, currency)
        grown.append((orders.filter(_counted(orders, day)), "placed_day", _trade_windows))
    return [_grown(rows, when, sums, before, day) for rows, when, sums in grown]


def _grown(rows: ir.Table, when: str, sums: Sums, before: int, day: int) -> ir.Table:
    now, then = sums(rows, day), sums(rows, before, rows[when] <= before)
    latest = {"last_contact_day": rows[when].max()} if sums is _talk else {}
    return rows.group_by("customer_id").agg(**latest, **{name: now[name] - then[name] for name in now})


def read_form(table: ir.Table, as_of: date) -> ir.Table:
    """Features as they are read, from those as they are stored: distances instead of days, means instead of sums."""
    day = day_number(as_of)
    distances = {name: day - table[since] for name, since in DISTANCES.items()}
    means = {name: _divided(table[total], table[count]) for name, (total, count) in MEANS.items()}
    return table.mutate(**distances, **means)[list(COLUMNS)]


def _joined(customers: ir.Table, parts: list[ir.Table]) -> ir.Table:
    rows = customers.select("customer_id")
    for number, part in enumerate(parts):
        rows = rows.left_join(part, "customer_id", rname=f"{{name}}_{number}")
    names = [name for part in parts for name in part.columns if name != "customer_id"]
    filled = {name: rows[name] if name in OPTIONAL else rows[name].fill_null(0) for name in names}
    return rows.select("customer_id", **filled)


# --- what was bought ------------------------------------------------------------------------------------------------
def _bought(facts: Facts, day: int, currency: str) -> list[ir.Table]:
    orders = _orders(facts, day, currency)
    return [_trade(orders, day), _cancelled(orders, day), _baskets(facts, orders, day)]


def _orders(facts: Facts, day: int, currency: str) -> ir.Table:
    orders = facts["orders"]
    spend = (orders.currency == currency).ifelse(orders.total_minor, 0)
    return (
        orders.filter(orders.placed_day <= day)
        .select(
            "customer_id",
            "order_id",
            "placed_at",
            "placed_day",
            "cancelled_day",
            "returned_day",
            "discount_minor",
            spend_minor=spend,
        )
        .alias("placed")
    )  # fmt: skip - named, so that every engine computes it once


def _counted(orders: ir.Table, day: int) -> ir.BooleanValue:
    """Not cancelled by then."""
    return orders.cancelled_day.isnull() | (orders.cancelled_day > day)


def _trade(orders: ir.Table, day: int) -> ir.Table:
    counted = orders.filter(_counted(orders, day))
    newest = ibis.window(group_by=counted.customer_id, order_by=[counted.placed_at.desc(), counted.order_id.desc()])
    counted = counted.mutate(place=ibis.row_number().over(newest))
    count, last, first = counted.count(), counted.placed_day.max(), counted.placed_day.min()
    return counted.group_by("customer_id").agg(
        first_order_day=first,
        last_order_day=last,
        orders=count,
        spend_minor=counted.spend_minor.sum(),
        mean_order_minor=_divided(counted.spend_minor.sum(), count),
        gap_mean_days=_divided(last - first, count - 1),
        last_gap_days=last - counted.placed_day.max(where=counted.place == 1),
        discount_share_milli=_divided(1000 * _times(counted.discount_minor > 0), count),
        returned_orders=_times(counted.returned_day <= day),
        **_trade_windows(counted, day),
    )


def _cancelled(orders: ir.Table, day: int) -> ir.Table:
    cancelled = orders.filter(orders.cancelled_day <= day)
    return cancelled.group_by("customer_id").agg(cancelled_orders=cancelled.count())


def _trade_windows(counted: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    now, before = _windows(counted.placed_day, day, *seen)
    return {
        "orders_90": _times(now),
        "orders_prev90": _times(before),
        "spend_90_minor": _total(counted.spend_minor, now),
        "spend_prev90_minor": _total(counted.spend_minor, before),
    }


def _baskets(facts: Facts, orders: ir.Table, day: int) -> ir.Table:
    counted = orders.filter(_counted(orders, day)).select("order_id", "customer_id")
    lines = counted.join(facts["order_lines"].select("order_id", "category", "quantity"), "order_id")
    each = lines.group_by("customer_id", "category").agg(units=lines.quantity.sum())
    most = ibis.window(group_by=each.customer_id, order_by=[each.units.desc(), each.category])
    each = each.mutate(place=ibis.row_number().over(most))
    return each.group_by("customer_id").agg(
        units=each.units.sum(),
        categories=each.count(),
        top_category=each.category.max(where=each.place == 0),
        top_category_share_milli=_divided(1000 * each.units.max(), each.units.sum()),
    )


# --- what was said --------------------------------------------------------------------------------------------------
def _messages(facts: Facts, day: int) -> ir.Table:
    said = facts["interactions"]
    return said.filter(
        said.direction == "in", said.author == "customer", said.kind != "edit", said.customer_id.notnull(),
        said.occurred_day <= day,
    )  # fmt: skip


def _talk(messages: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    """Sums as of a day; `seen`: by then, where there are later messages among these."""
    now, before = _windows(messages.occurred_day, day, *seen)
    mood, complaint = messages.mood_milli, messages.intent == "complaint"
    return {
        "messages": messages.count(where=_all(*seen)),
        "messages_90": _times(now),
        "messages_prev90": _times(before),
        "messages_telegram": _times(*seen, messages.channel == "telegram"),
        "messages_web": _times(*seen, messages.channel == "web"),
        **{name: _times(*seen, messages.intent.isin(intents)) for name, intents in CONTACTS.items()},
        "complaints": _times(*seen, complaint),
        "complaints_90": _times(now, complaint),
        "mood_sum_milli": _total(mood, *seen),
        "mood_count": mood.count(where=_all(*seen)),
        "mood_90_sum_milli": _total(mood, now),
        "mood_90_count": mood.count(where=now),
        "mood_prev90_sum_milli": _total(mood, before),
        "mood_prev90_count": mood.count(where=before),
    }


def _few(facts: Facts, day: int, currency: str) -> Iterator[tuple[ir.Table, str, Sums]]:
    """The facts of which there are few, up to a day, with the column of the day they are of."""
    counted: dict[str, tuple[str, Sums]] = {
        "refunds": ("paid_day", _refunds), "cases": ("opened_day", _cases), "ratings": ("given_day", _ratings),
        "campaign_contacts": ("sent_day", _campaigns), "posts": ("occurred_day", _posts),
    }  # fmt: skip
    for fact, (when, sums) in counted.items():
        if fact in facts:
            rows = facts[fact].filter(facts[fact][when] <= day, facts[fact].customer_id.notnull())
            yield rows.filter(rows.currency == currency) if fact == "refunds" else rows, when, sums


def _refunds(paid: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    return {"refunds_minor": _total(paid.amount_minor, *seen)}


def _cases(opened: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    return {"cases": opened.count(where=_all(*seen))}


def _ratings(given: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    return {"ratings": given.count(where=_all(*seen)), "rating_sum_milli": _total(1000 * given.score, *seen)}


def _campaigns(sent: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    return {
        "campaigns_sent": sent.count(where=_all(*seen)),
        "campaigns_replied": _times(*seen, sent.replied_day <= day),
        "campaigns_converted": _times(*seen, sent.converted_day <= day),
    }


def _posts(posts: ir.Table, day: int, *seen: ir.BooleanValue) -> Aggregates:
    return {
        "posts": posts.count(where=_all(*seen)),
        "posts_90": _times(_windows(posts.occurred_day, day, *seen)[0]),
        "post_mood_sum_milli": _total(posts.mood_milli, *seen),
        "post_mood_count": posts.mood_milli.count(where=_all(*seen)),
    }


# --- arithmetic that is the same everywhere -------------------------------------------------------------------------
def _windows(when: ir.IntegerValue, day: int, *seen: ir.BooleanValue) -> tuple[ir.BooleanValue, ir.BooleanValue]:
    """The last days, and as many before."""
    now = [*seen, when > day - WINDOW]
    return reduce(and_, now), (when > day - 2 * WINDOW) & (when <= day - WINDOW)


def _all(*conditions: ir.BooleanValue) -> ir.BooleanValue | None:
    return reduce(and_, conditions) if conditions else None


def _times(*conditions: ir.BooleanValue) -> ir.IntegerScalar:
    """In how many rows they all hold."""
    return reduce(and_, conditions).ifelse(1, 0).sum()


def _total(values: ir.IntegerValue, *conditions: ir.BooleanValue) -> ir.IntegerScalar:
    """The sum over the rows in which they all hold, 0 of none."""
    return (reduce(and_, conditions).ifelse(values, 0) if conditions else values).sum().fill_null(0)


def _divided(amount: ir.IntegerValue, by: ir.IntegerValue) -> ir.IntegerValue:
    """Rounded down, below zero too; NULL where there is nothing to divide by.

    Engines disagree on dividing integers. Dividing as doubles and rounding down is exact up to 2 to the power of 53.
    """
    return amount // by.nullif(0)
