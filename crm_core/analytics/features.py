"""What is known about each customer, in one definition for every engine: SQLite, PostgreSQL and Spark.

It is written in Ibis over the views of facts and counts as of the end of a day (UTC): what happened later, or was
cancelled, given back, paid or answered later, does not count yet. All figures are integers that every engine computes
alike: sums of minor units and of thousandths, days, means rounded down; ties go by id or by name.

What is stored has days in place of distances, which would change for everybody every day (`DISTANCES`). The
columns of `WINDOWED` look at the last 90 days and the 90 before; they alone change by mere lapse of time.
"""

from collections.abc import Mapping
from datetime import date

import ibis
from ibis.expr import types as ir

from crm_core.analytics.contact_kinds import CONTACTS
from crm_core.analytics.fact_views import DISTANCES

WINDOW = 90
EPOCH = date(1970, 1, 1)
WINDOWED = (
    "orders_90", "orders_prev90", "spend_90_minor", "spend_prev90_minor", "messages_90", "messages_prev90",
    "complaints_90", "mood_90_milli", "mood_prev90_milli", "posts_90",
)  # fmt: skip
OPTIONAL = (
    "first_order_day", "last_order_day", "last_contact_day", *DISTANCES, "mean_order_minor", "gap_mean_days",
    "last_gap_days", "top_category", "top_category_share_milli", "discount_share_milli", "mood_mean_milli",
    "mood_90_milli", "mood_prev90_milli", "rating_mean_milli", "post_mood_milli",
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


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def features(facts: Facts, as_of: date, *, currency: str) -> ir.Table:
    """Every stored column, one row per customer; money in other currencies is not added up."""
    day = day_number(as_of)
    orders, messages, posts = _orders(facts, day, currency), _messages(facts, day), _posts(facts, day)
    parts = [
        _trade(orders, day),
        _cancelled(orders, day),
        _baskets(facts, orders, day),
        _refunds(facts, day, currency),
        messages.group_by("customer_id").agg(**_talk(messages), **_talk_windows(messages, day)),
        _cases(facts, day),
        _ratings(facts, day),
        _campaigns(facts, day),
        posts.group_by("customer_id").agg(posts=posts.count(), post_mood_milli=_mean(posts.mood_milli),
                                          **_post_windows(posts, day)),
    ]  # fmt: skip
    return _joined(facts["customers"], parts)


def read_form(table: ir.Table, as_of: date) -> ir.Table:
    """Features as they are read, from those as they are stored: distances instead of days."""
    day = day_number(as_of)
    return table.mutate(**{name: day - table[since] for name, since in DISTANCES.items()})[list(COLUMNS)]


def windowed(facts: Facts, as_of: date, *, currency: str) -> ir.Table:
    """The columns of `WINDOWED` alone, from the facts of these days alone."""
    day = day_number(as_of)
    first = day - 2 * WINDOW + 1
    orders, messages, posts = _orders(facts, day, currency), _messages(facts, day), _posts(facts, day)
    orders = orders.filter(orders.placed_day >= first, _counted(orders, day))
    messages = messages.filter(messages.occurred_day >= first)
    posts = posts.filter(posts.occurred_day >= first)
    parts = [
        orders.group_by("customer_id").agg(**_trade_windows(orders, day)),
        messages.group_by("customer_id").agg(**_talk_windows(messages, day)),
        posts.group_by("customer_id").agg(**_post_windows(posts, day)),
    ]
    return _joined(facts["customers"], parts)


def _joined(customers: ir.Table, parts: list[ir.Table]) -> ir.Table:
    rows = customers.select("customer_id")
    for number, part in enumerate(parts):
        rows = rows.left_join(part, "customer_id", rname=f"{{name}}_{number}")
    names = [name for part in parts for name in part.columns if name != "customer_id"]
    filled = {name: rows[name] if name in OPTIONAL else rows[name].fill_null(0) for name in names}
    return rows.select("customer_id", **filled)


# --- what was bought ------------------------------------------------------------------------------------------------
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


def _trade_windows(counted: ir.Table, day: int) -> Aggregates:
    now, before = _windows(counted.placed_day, day)
    return {
        "orders_90": _times(now),
        "orders_prev90": _times(before),
        "spend_90_minor": now.ifelse(counted.spend_minor, 0).sum(),
        "spend_prev90_minor": before.ifelse(counted.spend_minor, 0).sum(),
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


def _refunds(facts: Facts, day: int, currency: str) -> ir.Table:
    refunds = facts["refunds"]
    paid = refunds.filter(refunds.paid_day <= day, refunds.currency == currency)
    return paid.group_by("customer_id").agg(refunds_minor=paid.amount_minor.sum())


# --- what was said --------------------------------------------------------------------------------------------------
def _messages(facts: Facts, day: int) -> ir.Table:
    said = facts["interactions"]
    return said.filter(
        said.direction == "in", said.author == "customer", said.kind != "edit", said.customer_id.notnull(),
        said.occurred_day <= day,
    )  # fmt: skip


def _talk(messages: ir.Table) -> Aggregates:
    return {
        "last_contact_day": messages.occurred_day.max(),
        "messages": messages.count(),
        "messages_telegram": _times(messages.channel == "telegram"),
        "messages_web": _times(messages.channel == "web"),
        **{name: _times(messages.intent.isin(intents)) for name, intents in CONTACTS.items()},
        "complaints": _times(messages.intent == "complaint"),
        "mood_mean_milli": _mean(messages.mood_milli),
    }


def _talk_windows(messages: ir.Table, day: int) -> Aggregates:
    now, before = _windows(messages.occurred_day, day)
    return {
        "messages_90": _times(now),
        "messages_prev90": _times(before),
        "complaints_90": _times(now & (messages.intent == "complaint")),
        "mood_90_milli": _mean(messages.mood_milli, now),
        "mood_prev90_milli": _mean(messages.mood_milli, before),
    }


def _cases(facts: Facts, day: int) -> ir.Table:
    opened = facts["cases"].filter(lambda case: (case.opened_day <= day) & case.customer_id.notnull())
    return opened.group_by("customer_id").agg(cases=opened.count())


def _ratings(facts: Facts, day: int) -> ir.Table:
    given = facts["ratings"].filter(lambda rating: (rating.given_day <= day) & rating.customer_id.notnull())
    return given.group_by("customer_id").agg(ratings=given.count(), rating_mean_milli=_mean(1000 * given.score))


def _campaigns(facts: Facts, day: int) -> ir.Table:
    sent = facts["campaign_contacts"].filter(lambda contact: contact.sent_day <= day)
    return sent.group_by("customer_id").agg(
        campaigns_sent=sent.count(),
        campaigns_replied=_times(sent.replied_day <= day),
        campaigns_converted=_times(sent.converted_day <= day),
    )


def _posts(facts: Facts, day: int) -> ir.Table:
    return facts["posts"].filter(lambda post: (post.occurred_day <= day) & post.customer_id.notnull())


def _post_windows(posts: ir.Table, day: int) -> Aggregates:
    return {"posts_90": _times(_windows(posts.occurred_day, day)[0])}


# --- arithmetic that is the same everywhere -------------------------------------------------------------------------
def _windows(when: ir.IntegerValue, day: int) -> tuple[ir.BooleanValue, ir.BooleanValue]:
    """The last days, and as many before."""
    return when > day - WINDOW, (when > day - 2 * WINDOW) & (when <= day - WINDOW)


def _times(condition: ir.BooleanValue) -> ir.IntegerScalar:
    return condition.ifelse(1, 0).sum()


def _mean(values: ir.IntegerValue, where: ir.BooleanValue | None = None) -> ir.IntegerScalar:
    return _divided(values.sum(where=where), values.count(where=where))


def _divided(amount: ir.IntegerValue, by: ir.IntegerValue) -> ir.IntegerValue:
    """Rounded down, below zero too; NULL where there is nothing to divide by.

    Engines disagree on dividing integers. Dividing as doubles and rounding down is exact up to 2 to the power of 53.
    """
    return amount // by.nullif(0)
