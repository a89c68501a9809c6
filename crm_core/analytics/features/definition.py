"""What is known about each customer, in one definition for every engine: SQLite, PostgreSQL and Spark.

It is written in Ibis over the views of facts and counts as of the end of a day (UTC): what happened later, or was
cancelled, given back, paid or answered later, does not count yet. All figures are integers that every engine computes
alike: sums of minor units and of thousandths, days, means rounded down; ties go by id or by name.

What is stored has days in place of distances, which would change for everybody every day (`DISTANCES`), and sums and
counts in place of means (`MEANS`), because most stored columns are sums over events: from one day to a later one it is
enough to add what the events between count for, and what those that leave a window of 90 days count for less (`sums`).
The day of the first order, the favourite category and the like are no sums; new orders are enough for them, too, with
what is stored of the older ones (`newly_bought`).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import reduce
from operator import and_
from typing import TypeAlias

import ibis
from ibis.expr import types as ir

from crm_core.analytics.facts.views import DISTANCES, MEANS
from crm_core.analytics.features.contact_kinds import CONTACTS

WINDOW = 90
EPOCH = date(1970, 1, 1)
OPTIONAL = (
    "first_order_day", "last_order_day", "previous_order_day", "last_contact_day", *DISTANCES, "gap_mean_days",
    "last_gap_days", "top_category", "top_category_share_milli", "category_units", *MEANS,
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
Day: TypeAlias = int | ir.IntegerColumn
"""A day, or the column of it in facts that are counted as of several days."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def features(facts: Facts, as_of: date, *, currency: str) -> ir.Table:
    """Every stored column, one row per customer; money in other currencies is not added up."""
    day = day_number(as_of)
    orders = _orders(facts, day, currency)
    counted, lines = _counted(orders, day), facts["order_lines"].select("order_id", "category", "quantity")
    newest = _newest_first(counted)
    messages = _messages(facts, day)
    parts = [
        _grouped(newest, {**_order_days(newest), **_trade(newest, day)}),
        _grouped(*_cancelled(orders, day)),
        _favourites(counted.select("order_id", "customer_id").join(lines, "order_id")),
        _grouped(messages, {"last_contact_day": messages.occurred_day.max(), **_talk(messages, day)}),
        *(_grouped(rows, sums) for rows, sums in _few(facts, day, currency)),
    ]
    rows = facts["customers"].select("customer_id")
    for number, part in enumerate(parts):
        rows = rows.left_join(part, "customer_id", rname=f"{{name}}_{number}")
    names = [name for part in parts for name in part.columns if name != "customer_id"]
    filled = {name: rows[name] if name in OPTIONAL else rows[name].fill_null(0) for name in names}
    return rows.select("customer_id", **filled)


def sums(facts: Facts, *, currency: str) -> Iterator[ir.Table]:
    """The columns that are sums, by customer and by the day `as_of` that each fact names: it is there once for each.

    `last_contact_day` is among them: it is the last of these facts.
    """
    if "orders" in facts:
        orders = _orders(facts, facts["orders"].as_of, currency)
        counted = _counted(orders, orders.as_of)
        yield _grouped(counted, _trade(counted, counted.as_of))
        yield _grouped(*_cancelled(orders, orders.as_of))
    if "interactions" in facts:
        messages = _messages(facts, facts["interactions"].as_of)
        last = {"last_contact_day": messages.occurred_day.max()}
        yield _grouped(messages, {**last, **_talk(messages, messages.as_of)})
    yield from (_grouped(rows, sums) for rows, sums in _few(facts, None, currency))


def new_orders(facts: Facts, last: date, as_of: date, changed: ir.Table, *, currency: str) -> ir.Table:
    """Orders that count and were placed since the last day, or by whom older facts changed, of such facts."""
    day = day_number(as_of)
    orders = _counted(_orders({"orders": facts["orders"].filter(facts["orders"].as_of == day)}, day, currency), day)
    return orders.filter((orders.placed_day > day_number(last)) | orders.customer_id.isin(changed.customer_id))


def newly_bought(orders: ir.Table, lines: ir.Table) -> ir.Table:
    """The columns about orders that are no sums, from new orders and lines that hold what was bought before, too."""
    orders = _newest_first(orders)
    days, liked = _grouped(orders, _order_days(orders)), _favourites(lines)
    return days.left_join(liked, "customer_id").drop("customer_id_right")


def units_told(category_units: str) -> Iterator[tuple[str, int]]:
    """What `category_units` says: each category with its units. The length of a name says where the next one begins."""
    rest = category_units
    while rest:
        units, length, rest = rest.split(" ", 2)
        yield rest[: int(length)], int(units)
        rest = rest[int(length) :]


def read_form(table: ir.Table, as_of: date) -> ir.Table:
    """Features as they are read, from those as they are stored: distances instead of days, means instead of sums."""
    day = day_number(as_of)
    distances = {name: day - table[since] for name, since in DISTANCES.items()}
    means = {name: _divided(table[total], table[count]) for name, (total, count) in MEANS.items()}
    gaps = {
        "gap_mean_days": _divided(table.last_order_day - table.first_order_day, table.orders - 1),
        "last_gap_days": table.last_order_day - table.previous_order_day,
    }
    return table.mutate(**distances, **means, **gaps)[list(COLUMNS)]


def _grouped(rows: ir.Table, sums: Aggregates) -> ir.Table:
    return rows.group_by("customer_id", *_days_of(rows)).agg(**sums)


def _days_of(rows: ir.Table) -> list[str]:
    return [name for name in rows.columns if name == "as_of"]


# --- what was bought ------------------------------------------------------------------------------------------------
def _orders(facts: Facts, day: Day, currency: str) -> ir.Table:
    orders = facts["orders"]
    spend = (orders.currency == currency).ifelse(orders.total_minor, 0)
    needed = ("customer_id", "order_id", "placed_at", "placed_day", "cancelled_day", "returned_day", "discount_minor")
    placed = orders.filter(orders.placed_day <= day)
    return placed.select(*needed, *_days_of(orders), spend_minor=spend).alias("placed")  # engines compute it once


def _counted(orders: ir.Table, day: Day) -> ir.Table:
    """Those not cancelled by then."""
    return orders.filter(orders.cancelled_day.isnull() | (orders.cancelled_day > day))


def _newest_first(orders: ir.Table) -> ir.Table:
    newest = ibis.window(group_by=orders.customer_id, order_by=[orders.placed_at.desc(), orders.order_id.desc()])
    return orders.mutate(place=ibis.row_number().over(newest))


def _order_days(counted: ir.Table) -> Aggregates:
    day = counted.placed_day
    return {
        "first_order_day": day.min(),
        "last_order_day": day.max(),
        "previous_order_day": day.max(where=counted.place == 1),
    }


def _trade(counted: ir.Table, day: Day) -> Aggregates:
    now, before = _windows(counted.placed_day, day)
    return {
        "orders": counted.count(),
        "spend_minor": counted.spend_minor.sum(),
        "discounted_sum_milli": 1000 * _times(counted.discount_minor > 0),
        "returned_orders": _times(counted.returned_day <= day),
        "orders_90": _times(now),
        "orders_prev90": _times(before),
        "spend_90_minor": _total(counted.spend_minor, now),
        "spend_prev90_minor": _total(counted.spend_minor, before),
    }


def _cancelled(orders: ir.Table, day: Day) -> tuple[ir.Table, Aggregates]:
    cancelled = orders.filter(orders.cancelled_day <= day)
    return cancelled, {"cancelled_orders": cancelled.count()}


def _favourites(lines: ir.Table) -> ir.Table:
    """How much of what; `category_units` says it of every category, so that a day's lines can be added."""
    each = lines.group_by("customer_id", "category").agg(units=lines.quantity.sum())
    most = ibis.window(group_by=each.customer_id, order_by=[each.units.desc(), each.category])
    each = each.mutate(place=ibis.row_number().over(most))
    length = each.category.length().cast("string")
    return each.group_by("customer_id").agg(
        units=each.units.sum(),
        categories=each.count(),
        top_category=each.category.max(where=each.place == 0),
        top_category_share_milli=_divided(1000 * each.units.max(), each.units.sum()),
        category_units=ibis.literal(" ").join([each.units.cast("string"), length, each.category]).group_concat(""),
    )


# --- what was said --------------------------------------------------------------------------------------------------
def _messages(facts: Facts, day: Day) -> ir.Table:
    said = facts["interactions"]
    return said.filter(
        said.direction == "in", said.author == "customer", said.kind != "edit", said.customer_id.notnull(),
        said.occurred_day <= day,
    )  # fmt: skip


def _talk(messages: ir.Table, day: Day) -> Aggregates:
    now, before = _windows(messages.occurred_day, day)
    mood, complaint = messages.mood_milli, messages.intent == "complaint"
    return {
        "messages": messages.count(),
        "messages_90": _times(now),
        "messages_prev90": _times(before),
        "messages_telegram": _times(messages.channel == "telegram"),
        "messages_web": _times(messages.channel == "web"),
        **{name: _times(messages.intent.isin(intents)) for name, intents in CONTACTS.items()},
        "complaints": _times(complaint),
        "complaints_90": _times(now, complaint),
        "mood_sum_milli": _total(mood),
        "mood_count": mood.count(),
        "mood_90_sum_milli": _total(mood, now),
        "mood_90_count": mood.count(where=now),
        "mood_prev90_sum_milli": _total(mood, before),
        "mood_prev90_count": mood.count(where=before),
    }


def _few(facts: Facts, as_of: int | None, currency: str) -> Iterator[tuple[ir.Table, Aggregates]]:
    """The facts of which there are few, up to a day, with what they come to; None: each fact names its day."""
    counted = {
        "refunds": ("paid_day", _refunds), "cases": ("opened_day", _cases), "ratings": ("given_day", _ratings),
        "campaign_contacts": ("sent_day", _campaigns), "posts": ("occurred_day", _posts),
    }  # fmt: skip
    for fact, (when, sums) in counted.items():
        if fact in facts:
            rows = facts[fact]
            rows = rows.filter(rows[when] <= (rows.as_of if as_of is None else as_of), rows.customer_id.notnull())
            rows = rows.filter(rows.currency == currency) if fact == "refunds" else rows
            yield rows, sums(rows, rows.as_of if as_of is None else as_of)


def _refunds(paid: ir.Table, day: Day) -> Aggregates:
    return {"refunds_minor": _total(paid.amount_minor)}


def _cases(opened: ir.Table, day: Day) -> Aggregates:
    return {"cases": opened.count()}


def _ratings(given: ir.Table, day: Day) -> Aggregates:
    return {"ratings": given.count(), "rating_sum_milli": _total(1000 * given.score)}


def _campaigns(sent: ir.Table, day: Day) -> Aggregates:
    return {
        "campaigns_sent": sent.count(),
        "campaigns_replied": _times(sent.replied_day <= day),
        "campaigns_converted": _times(sent.converted_day <= day),
    }


def _posts(posts: ir.Table, day: Day) -> Aggregates:
    return {
        "posts": posts.count(),
        "posts_90": _times(_windows(posts.occurred_day, day)[0]),
        "post_mood_sum_milli": _total(posts.mood_milli),
        "post_mood_count": posts.mood_milli.count(),
    }


# --- arithmetic that is the same everywhere -------------------------------------------------------------------------
def _windows(when: ir.IntegerValue, day: Day) -> tuple[ir.BooleanValue, ir.BooleanValue]:
    """The last days, and as many before."""
    return when > day - WINDOW, (when > day - 2 * WINDOW) & (when <= day - WINDOW)


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
