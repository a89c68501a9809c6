"""What differs between two days: facts that count otherwise by the later one, and the customers whose they are.

What is chosen stands in temporary tables, so that definitions are computed of it where the facts lie. The tables are
asked for moments, because the views have no indexes; the facts themselves are copied from the views, once for each of
the two days (`as_of`). Of customers whose older facts changed all facts are chosen, as of the later day alone, so that
what they come to is added to nothing.
"""

from collections.abc import Sequence

import ibis
from ibis.expr import types as ir
from sqlalchemy import Connection

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features.definition import WINDOW, Facts, units_told
from crm_core.models import CustomerFeatures

CHANGED, NEW_ORDERS, BOUGHT = "changed_for_features", "new_orders", "bought_lines"
"""Customers whose older facts changed; orders to add; lines of these, and of what the same people bought before."""
_SAID = "direction = 'in' AND author = 'customer' AND kind <> 'edit'"
_NOW, _WINDOWS = (0,), (0, WINDOW, 2 * WINDOW)
_MOVED: dict[str, tuple[str, Sequence[tuple[str, str, Sequence[int]]]]] = {
    "interactions": ("interaction_id", [(f"SELECT id FROM interactions WHERE {_SAID} AND", "occurred_at", _WINDOWS)]),
    "orders": (
        "order_id",
        [
            ("SELECT id FROM orders WHERE", "placed_at", _WINDOWS),
            ("SELECT id FROM orders WHERE status = 'returned' AND", "updated_at", _NOW),
            ("SELECT order_id FROM refunds WHERE", "requested_at", _NOW),  # a return counts from when it was asked for
        ],
    ),
    "refunds": (
        "refund_id", [("SELECT id FROM refunds WHERE", moment, _NOW) for moment in ("requested_at", "paid_at")],
    ),
    "cases": ("case_id", [("SELECT id FROM cases WHERE", "opened_at", _NOW)]),
    "ratings": ("rating_id", [("SELECT id FROM ratings WHERE", "given_at", _NOW)]),
    "campaign_contacts": (
        "contact_id",
        [
            ("SELECT id FROM campaign_contacts WHERE", moment, _NOW)
            for moment in ("sent_at", "replied_at", "converted_at")
        ],
    ),
    "posts": ("post_id", [("SELECT id FROM posts WHERE NOT own AND", "occurred_at", _WINDOWS)]),
}  # fmt: skip
"""Fact: its key, which of it, the moments that decide, and after how many days it counts otherwise."""
_NEEDED = {
    "interactions": "customer_id direction author kind channel intent mood_milli occurred_day",
    "orders": "order_id customer_id placed_at placed_day cancelled_day returned_day currency total_minor"
    " discount_minor",
    "refunds": "customer_id amount_minor currency paid_day",
    "cases": "customer_id opened_day",
    "ratings": "customer_id score given_day",
    "campaign_contacts": "customer_id sent_day replied_day converted_day",
    "posts": "customer_id mood_milli occurred_day",
}
"""The columns that features are made of."""


def choose_changed(connection: Connection, noted: set[int], last: int, day: int) -> set[int]:
    """Write down whose older facts changed: noted customers, and who cancelled an older order, which no sum shows."""
    say = Dialect(connection.dialect.name)
    cancelled = _between(say, "SELECT customer_id FROM orders WHERE", "cancelled_at", last, day)
    older = f"{cancelled} AND placed_at < {say.begin(last + 1)}"
    changed = noted | set(connection.exec_driver_sql(older).scalars())
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {CHANGED} (customer_id BIGINT PRIMARY KEY)")
    if changed:
        engine.put(connection, CHANGED, ["customer_id"], [(customer,) for customer in sorted(changed)])
        _measure(connection, CHANGED)
    return changed


def changed_ones() -> ir.Table:
    """Those customers."""
    return ibis.table(engine.kinds("customer_id"), name=CHANGED)


def moved(connection: Connection, last: int, day: int, *, changed: bool) -> Facts:
    """The facts that count otherwise by the later day; kinds of which there are none are left out."""
    found = {fact: _moved(connection, fact, last, day, changed) for fact in _MOVED}
    some = " UNION ALL ".join(
        f"SELECT '{fact}' WHERE EXISTS (SELECT 1 FROM {table.get_name()})" for fact, table in found.items()
    )
    return {fact: found[fact] for fact in connection.exec_driver_sql(some).scalars()}


def bought_lines(connection: Connection) -> ir.Table:
    """The lines of new orders, and what is stored of older ones as if it were a line for each category."""
    say = Dialect(connection.dialect.name)
    engine.keep(
        connection, BOUGHT,
        f"SELECT o.customer_id, {say.word('p.category')} AS category, l.quantity FROM {NEW_ORDERS} AS o "
        "CROSS JOIN order_lines AS l JOIN products AS p ON p.id = l.product_id WHERE l.order_id = o.order_id",
    )  # fmt: skip
    stored = connection.exec_driver_sql(
        f"SELECT id, category_units FROM {CustomerFeatures.__tablename__} WHERE category_units IS NOT NULL "
        f"AND id IN (SELECT customer_id FROM {NEW_ORDERS}) AND id NOT IN (SELECT customer_id FROM {CHANGED})"
    )
    rows = [(customer, *told) for customer, units in stored for told in units_told(units)]
    if rows:
        engine.put(connection, BOUGHT, ["customer_id", "category", "quantity"], rows)
    return ibis.table(engine.kinds("customer_id category quantity"), name=BOUGHT)


def only(facts: Facts, chosen: str) -> Facts:
    """The facts about the chosen alone."""
    wanted = ibis.table(engine.kinds("customer_id"), name=chosen).customer_id
    return {
        name: table.filter(table.customer_id.isin(wanted)) if "customer_id" in table.columns else table
        for name, table in facts.items()
    }


def _moved(connection: Connection, fact: str, last: int, day: int, changed: bool) -> ir.Table:
    say, (key, chosen) = Dialect(connection.dialect.name), _MOVED[fact]
    keys = " UNION ".join(
        _between(say, query, moment, last - back, day - back) for query, moment, borders in chosen for back in borders
    )
    columns, view, whose = ", ".join(_NEEDED[fact].split()), say.view(fact), f"(SELECT customer_id FROM {CHANGED})"
    others = f" AND customer_id NOT IN {whose}" if changed else ""
    query = (
        f"WITH once AS MATERIALIZED (SELECT {columns} FROM {view} WHERE {key} IN ({keys}){others}) "
        f"SELECT {columns}, {day} AS as_of FROM once UNION ALL SELECT {columns}, {last} FROM once"
    )
    if changed:
        told = f"{_SAID} AND" if fact == "interactions" else ""  # which an index on whose they are can tell
        query += f" UNION ALL SELECT {columns}, {day} FROM {view} WHERE {told} customer_id IN {whose}"
    engine.keep(connection, f"moved_{fact}", query)
    return ibis.table(engine.kinds(f"{_NEEDED[fact]} as_of"), name=f"moved_{fact}")


def _between(say: Dialect, query: str, moment: str, after: int, until: int) -> str:
    """With a moment on the days from the one after `after` to `until`."""
    return f"{query} {moment} >= {say.begin(after + 1)} AND {moment} < {say.begin(until + 1)}"


def _measure(connection: Connection, name: str) -> None:
    """PostgreSQL looks at temporary tables for its plans only when told to."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ANALYZE {name}")
