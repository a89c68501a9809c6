"""Brings the stored features from one day to a later one without looking at everybody's history.

From one state of the data, tables are made of what differs: what columns grow by, the columns about orders of those who
have other orders than before, and everything about those whose older facts changed (`changed`). They are written in
short transactions, one after the other, so that the later tables, which say more, have the last word. The rows never
leave the database.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, text

from crm_core.analytics.facts import engine
from crm_core.analytics.features import affected
from crm_core.analytics.features.definition import added, bought, day_number, features
from crm_core.models import ChangedCustomer, CustomerFeatures

STORED = CustomerFeatures.__tablename__
_SOME = "customer_id BETWEEN :first AND :last"
Names = Sequence[str]


@dataclass(frozen=True, slots=True)
class Differing:
    """A table of what differs, and the statements that write it for a range of customers."""

    table: str
    statements: Sequence[str]


def between(
    connection: Connection, noted: set[int], last: date, as_of: date, *, currency: str
) -> tuple[set[int], list[int], list[Differing]]:
    """Make the tables; returns who is computed anew, whom anything is written of (rising), and the tables.

    `noted`: whose facts of the last day or before changed, as far as it was noted when the run began.
    """
    with engine.uncollected(), engine.snapshot(connection):
        engine.expect_few(connection)
        late = select(ChangedCustomer.customer_id).where(ChangedCustomer.since_day <= day_number(last))
        changed = noted | set(connection.scalars(late))  # noted since, and in what is read now; stays for the next run
        found = list(_differing(connection, changed, last, as_of, currency))
        whose = " UNION ".join(f"SELECT customer_id FROM {each.table}" for each in found)
        return changed, sorted(connection.exec_driver_sql(whose).scalars()), found


def write(connection: Connection, customers: Sequence[int], found: Sequence[Differing]) -> Iterator[int]:
    """Write the tables for some customers after the other; yields how many they were."""
    for start in range(0, len(customers), engine.BATCH):
        some = customers[start : start + engine.BATCH]
        with engine.writing(connection):
            for each in found:
                for statement in each.statements:
                    connection.execute(text(statement), {"first": some[0], "last": some[-1]})
        yield len(some)


def _differing(
    connection: Connection, changed: set[int], last: date, as_of: date, currency: str
) -> Iterator[Differing]:
    days = day_number(last), day_number(as_of)
    for place, table in enumerate(added(affected.moved(connection, *days), last, as_of, currency=currency)):
        engine.keep(connection, f"added_{place}", table)
        yield Differing(f"added_{place}", [_update(f"added_{place}", table.columns, _grown)])
    orders = bought(affected.of_buyers(connection, *days), as_of, currency=currency)
    engine.keep(connection, "bought", orders)
    yield Differing("bought", [_update("bought", orders.columns, lambda name: f"d.{name}")])
    if changed:
        affected.choose_changed(connection, changed)
        facts = engine.facts_of(connection.dialect.name)
        everything = features(affected.only(facts, affected.CHANGED), as_of, currency=currency)
        engine.keep(connection, "anew", everything)
        yield Differing(affected.CHANGED, _replace("anew", everything.columns, connection.dialect.name))


def _update(table: str, names: Names, value: Callable[[str], str]) -> str:
    columns = ", ".join(f"{name} = {value(name)}" for name in names if name != "customer_id")
    return f"UPDATE {STORED} SET {columns} FROM {table} AS d WHERE {STORED}.id = d.customer_id AND d.{_SOME}"


def _grown(name: str) -> str:
    before = f"{STORED}.{name}"
    if name == "last_contact_day":
        return f"CASE WHEN {before} > d.{name} THEN {before} ELSE d.{name} END"
    return f"{before} + d.{name}"


def _replace(table: str, names: Names, dialect: str) -> list[str]:
    """Whoever has no row in the table any more was merged into another customer; who was erased since stays so."""
    columns, held = ", ".join(names), "" if dialect == "sqlite" else "FOR KEY SHARE OF c"
    return [
        f"DELETE FROM {STORED} WHERE id IN (SELECT customer_id FROM {affected.CHANGED} WHERE {_SOME})",
        f"INSERT INTO {STORED} (id, {columns}) SELECT d.customer_id, {', '.join(f'd.{name}' for name in names)} "
        f"FROM {table} AS d JOIN customers AS c ON c.id = d.customer_id WHERE d.{_SOME} {held}",
    ]
