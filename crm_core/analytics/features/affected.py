"""What differs between two days: facts that count otherwise by the later one, and the customers whose they are.

What is chosen stands in temporary tables, so that definitions are computed of it where the facts lie. The tables are
asked for moments, because the views have no indexes; the facts themselves are copied from the views.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
from sqlalchemy import BigInteger, Column, Connection, MetaData, Select, Table, insert, select, union
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features.definition import WINDOW, Facts
from crm_core.models import CampaignContact, Case, Interaction, Order, Post, Rating, Refund

CHANGED, BUYERS = "changed_for_features", "buyers"
"""Customers whose older facts changed, and those who have other orders than before."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MESSAGES = select(Interaction.id).where(
    Interaction.direction == "in", Interaction.author == "customer", Interaction.kind != "edit"
)
_SENT = (CampaignContact.sent_at, CampaignContact.replied_at, CampaignContact.converted_at)
_BEGIN, _LEAVE = (0,), (WINDOW, 2 * WINDOW)
_COUNTED = {
    "interactions": ("interaction_id", _MESSAGES, (Interaction.occurred_at,), (*_BEGIN, *_LEAVE)),
    "orders": ("order_id", select(Order.id), (Order.placed_at,), _LEAVE),
    "refunds": ("refund_id", select(Refund.id), (Refund.requested_at, Refund.paid_at), _BEGIN),
    "cases": ("case_id", select(Case.id), (Case.opened_at,), _BEGIN),
    "ratings": ("rating_id", select(Rating.id), (Rating.given_at,), _BEGIN),
    "campaign_contacts": ("contact_id", select(CampaignContact.id), _SENT, _BEGIN),
    "posts": ("post_id", select(Post.id).where(Post.own.is_(False)), (Post.occurred_at,), (*_BEGIN, *_LEAVE)),
}
"""Fact: its key, which of it, the moments that decide, and after how many days it counts otherwise."""
_NEEDED = {
    "orders": "order_id customer_id placed_at placed_day cancelled_day returned_day currency total_minor"
    " discount_minor",
    "interactions": "customer_id direction author kind channel intent mood_milli occurred_day",
}
"""Of facts with many rows, the columns that features are made of."""
_RETURNED = Order.status == "returned"
_ORDERED = (
    (select(Order.customer_id), Order.placed_at),
    (select(Order.customer_id), Order.cancelled_at),
    (select(Order.customer_id).where(_RETURNED), Order.updated_at),
)
"""Who has other orders than before, and the moment since when."""
_ASKED = select(Refund.order_id)
"""The orders whose return counts from when it was asked for: looked at first, they are fewer than the returned ones."""


def moved(connection: Connection, last: int, day: int) -> Facts:
    """The facts that count otherwise by the later day; kinds of which there are none are left out."""
    found = {}
    for fact, (key, query, moments, borders) in _COUNTED.items():
        chosen = union(*(_between(query, at, last - back, day - back) for at in moments for back in borders))
        if _fill(connection, f"{fact}_to_look_at", key, chosen):
            found[fact] = _copied(connection, fact, key, f"{fact}_to_look_at")
    return found


def of_buyers(connection: Connection, last: int, day: int) -> Facts:
    """The facts about orders of customers whose orders are others since the last day."""
    returned = _RETURNED & Order.id.in_(_between(_ASKED, Refund.requested_at, last, day))
    ordered = (_between(query, at, last, day) for query, at in _ORDERED)
    _fill(connection, BUYERS, "customer_id", union(*ordered, select(Order.customer_id).where(returned)))
    orders = _copied(connection, "orders", "customer_id", BUYERS)
    buyers = ibis.table({"customer_id": "int64"}, name=BUYERS)
    return {"customers": buyers, "orders": orders, "order_lines": _lines_of(connection, orders)}


def choose_changed(connection: Connection, customers: Iterable[int]) -> None:
    """Write down whose older facts changed, for `only`."""
    table = _temporary(connection, CHANGED, "customer_id")
    connection.execute(insert(table), [{"customer_id": customer} for customer in sorted(customers)])
    _measure(connection, CHANGED, "customer_id")


def only(facts: Facts, chosen: str) -> Facts:
    """The facts about the chosen alone."""
    wanted = ibis.table({"customer_id": "int64"}, name=chosen).customer_id
    return {
        name: table.filter(table.customer_id.isin(wanted)) if "customer_id" in table.columns else table
        for name, table in facts.items()
    }


def _between(query: Select[Any], moment: InstrumentedAttribute[Any], after: int, until: int) -> Select[Any]:
    """With a moment on the days from the one after `after` to `until`."""
    return query.where(moment >= _EPOCH + timedelta(days=after + 1), moment < _EPOCH + timedelta(days=until + 1))


def _fill(connection: Connection, name: str, key: str, query: Any) -> int:
    done = connection.execute(insert(_temporary(connection, name, key)).from_select([key], query))
    _measure(connection, name, key)
    return done.rowcount


def _copied(connection: Connection, fact: str, key: str, chosen: str) -> ibis.Table:
    """Those rows of a fact whose key was chosen, as a table of its own."""
    view, name = Dialect(connection.dialect.name).view(fact), f"{chosen}_{fact}"
    table = engine.facts_of(connection.dialect.name)[fact][_NEEDED.get(fact, engine.COLUMNS[fact]).split()]
    columns = ", ".join(table.columns)
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {name} AS SELECT {columns} FROM {view} WHERE {key} IN (SELECT {key} FROM {chosen})"
    )
    return ibis.table(table.schema(), name=name)


def _lines_of(connection: Connection, orders: ibis.Table) -> ibis.Table:
    """The lines of orders that were copied; the view would look each of these orders up again."""
    _measure(connection, orders.get_name(), "order_id")
    say, name = Dialect(connection.dialect.name), f"{BUYERS}_order_lines"
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {name} AS SELECT l.order_id, {say.word('p.category')} AS category, l.quantity "
        f"FROM {orders.get_name()} AS o CROSS JOIN order_lines AS l JOIN products AS p ON p.id = l.product_id "
        "WHERE l.order_id = o.order_id"
    )
    return ibis.table({"order_id": "int64", "category": "string", "quantity": "int64"}, name=name)


def _temporary(connection: Connection, name: str, key: str) -> Table:
    table = Table(name, MetaData(), Column(key, BigInteger, primary_key=True), prefixes=["TEMPORARY"])
    table.create(connection)
    return table


def _measure(connection: Connection, name: str, key: str) -> None:
    """PostgreSQL looks at temporary tables for its plans only when told to."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ANALYZE {name} ({key})")
