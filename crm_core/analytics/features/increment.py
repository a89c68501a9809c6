"""Brings the stored features from one day to a later one without looking at everybody's history.

From one state of the data, tables are made of what differs: what columns grow by, and what else new orders change.
Customers whose older facts changed begin from nothing, and all their facts are what differs. The tables are written in
short transactions; but for what was bought of each category before, no rows leave the database.
"""

from collections.abc import Iterator, Sequence
from datetime import date

import ibis
from ibis.expr import types as ir
from sqlalchemy import Connection, Table, select, text

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features import affected
from crm_core.analytics.features.definition import day_number, new_orders, newly_bought, sums
from crm_core.models import ChangedCustomer, CustomerFeatures

FEATURES: Table = CustomerFeatures.__table__  # type: ignore[assignment]
_SOME = "customer_id BETWEEN :first AND :last"
STORED, THERE, BOUGHT = FEATURES.name, "changed_and_there", "newly_bought"
"""The stored features; changed customers who are still there; what new orders change besides sums."""
_ORDER_DAYS = {
    "first_order_day": f"COALESCE({STORED}.first_order_day, d.first_order_day)",
    "last_order_day": "d.last_order_day",
    "previous_order_day": f"COALESCE(d.previous_order_day, {STORED}.last_order_day)",
}
"""New orders are later than those that are stored."""


def between(
    connection: Connection, noted: set[int], last: date, as_of: date, *, currency: str
) -> tuple[set[int], list[int], list[str]]:
    """Make the tables; returns who begins from nothing, whom anything is written of (rising), and how to write.

    `noted`: whose facts of the last day or before changed, as far as it was noted when the run began. The statements
    are for the customers from `:first` to `:last`.
    """
    with engine.uncollected(), engine.snapshot(connection):
        engine.expect_few(connection)
        late = select(ChangedCustomer.customer_id).where(ChangedCustomer.since_day <= day_number(last))
        noted = noted | set(connection.scalars(late))  # noted since, and in what is read now; stays for the next run
        changed = affected.choose_changed(connection, noted, day_number(last), day_number(as_of))
        statements = _from_nothing(connection) if changed else []
        tables = [affected.CHANGED]
        for table, values in _differing(connection, last, as_of, currency, changed=bool(changed)):
            tables.append(table)
            statements.append(_update(table, values))
        whose = " UNION ".join(f"SELECT customer_id FROM {table}" for table in tables)
        return changed, sorted(connection.exec_driver_sql(whose).scalars()), statements


def write(connection: Connection, customers: Sequence[int], statements: Sequence[str]) -> Iterator[int]:
    """Write the tables for some customers after the other; yields how many they were."""
    for start in range(0, len(customers), engine.BATCH):
        some = customers[start : start + engine.BATCH]
        with engine.writing(connection):
            for statement in statements:
                connection.execute(text(statement), {"first": some[0], "last": some[-1]})
        yield len(some)


def _from_nothing(connection: Connection) -> list[str]:
    """Rows of nothing for changed customers, but for who was merged into another one; who was erased stays so."""
    view, held = Dialect(connection.dialect.name).view("customers"), ""
    chosen = f"(SELECT customer_id FROM {affected.CHANGED})"
    engine.keep(connection, THERE, f"SELECT customer_id FROM {view} WHERE customer_id IN {chosen}")
    counts = [column.name for column in FEATURES.c if not column.nullable and column.name not in ("id", "customer_id")]
    if connection.dialect.name != "sqlite":
        held = "FOR KEY SHARE OF c"
    return [
        f"DELETE FROM {STORED} WHERE id IN (SELECT customer_id FROM {affected.CHANGED} WHERE {_SOME})",
        f"INSERT INTO {STORED} (id, customer_id, {', '.join(counts)}) SELECT c.id, c.id{', 0' * len(counts)} "
        f"FROM {THERE} AS d JOIN customers AS c ON c.id = d.customer_id WHERE d.{_SOME} {held}",
    ]


def _differing(
    connection: Connection, last: date, as_of: date, currency: str, *, changed: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """The tables, each with what it makes of columns."""
    day, dialect = day_number(as_of), connection.dialect.name
    facts = affected.moved(connection, day_number(last), day, changed=changed)
    for place, table in enumerate(sums(facts, currency=currency)):
        engine.keep(connection, f"added_{place}", _difference(table, dialect, day))
        yield f"added_{place}", {name: _grown(name) for name in table.columns}
    if "orders" in facts:
        orders = new_orders(facts, last, as_of, affected.changed_ones(), currency=currency)
        engine.keep(connection, affected.NEW_ORDERS, engine.plain_sql(orders, dialect))
        placed = ibis.table(orders.schema(), name=affected.NEW_ORDERS)
        bought = newly_bought(placed, affected.bought_lines(connection))
        engine.keep(connection, BOUGHT, engine.plain_sql(bought, dialect))
        yield BOUGHT, {name: _if_bought(name) for name in bought.columns} | _ORDER_DAYS


def _difference(table: ir.Table, dialect: str, day: int) -> str:
    """What the sums as of two days differ by; of `last_contact_day` what it is as of the later one."""
    names = [name for name in table.columns if name not in ("customer_id", "as_of")]
    cells = {name: f"SUM(CASE WHEN as_of = {day} THEN {name} ELSE -{name} END)" for name in names}
    if "last_contact_day" in cells:
        cells["last_contact_day"] = f"MAX(CASE WHEN as_of = {day} THEN last_contact_day END)"
    each = ", ".join(f"{cell} AS {name}" for name, cell in cells.items())
    return f"SELECT customer_id, {each} FROM ({engine.plain_sql(table, dialect)}) AS s GROUP BY customer_id"


def _update(table: str, values: dict[str, str]) -> str:
    columns = ", ".join(f"{name} = {value}" for name, value in values.items() if name not in ("customer_id", "as_of"))
    return f"UPDATE {STORED} SET {columns} FROM {table} AS d WHERE {STORED}.id = d.customer_id AND d.{_SOME}"


def _grown(name: str) -> str:
    before = f"{STORED}.{name}"
    if name == "last_contact_day":
        return f"CASE WHEN {before} > d.{name} THEN {before} ELSE d.{name} END"
    return f"{before} + d.{name}"


def _if_bought(name: str) -> str:
    """Orders without lines leave as it is what was bought."""
    return f"CASE WHEN d.categories IS NULL THEN {STORED}.{name} ELSE d.{name} END"
