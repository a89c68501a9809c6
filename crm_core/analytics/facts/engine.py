"""Runs a definition on an engine: SQLite and PostgreSQL where the data lies, Spark on the facts as Parquet files.

Ibis only writes the SQL. On a database it runs on a connection of the store, whose rows come in batches, so that
memory stays bounded whatever the number of customers.
"""

import gc
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ibis
from ibis.expr import types as ir
from sqlalchemy import Connection

from crm_core.analytics.facts.views import SCHEMA
from crm_core.database import Store

BATCH = 5000
_NUMBER, _WORD = "int64", "string"
WORDS = frozenset((
    "kind", "country", "language", "tier", "sku", "name_en", "name_zh", "category", "currency", "number", "status",
    "source", "reason", "direction", "author", "channel", "intent", "topic", "priority", "variant", "connector",
    "about",
))  # fmt: skip
COLUMNS = {
    "customers": "customer_id kind company_id country language tier first_seen_at first_seen_day",
    "products": "product_id sku name_en name_zh category price_minor currency stock consumable active",
    "orders": "order_id customer_id status currency total_minor discount_minor shipping_minor source placed_at"
    " placed_day cancelled_day returned_day",
    "order_lines": "line_id order_id customer_id product_id sku category quantity unit_minor line_minor currency"
    " placed_at placed_day cancelled_day",
    "refunds": "refund_id order_id customer_id status amount_minor currency reason requested_at requested_day paid_day",
    "interactions": "interaction_id customer_id conversation_id staff_id direction author kind channel language intent"
    " topic mood_milli occurred_at occurred_day",
    "cases": "case_id customer_id order_id topic status priority owner_id opened_at opened_day closed_at closed_day",
    "ratings": "rating_id customer_id conversation_id staff_id score given_at given_day",
    "campaign_contacts": "contact_id campaign_id customer_id variant held_out sent_day replied_day converted_day"
    " opted_out_day",
    "posts": "post_id customer_id connector kind about language topic need mood_milli likes replies shares brand_named"
    " spam duplicate_of_id occurred_at occurred_day",
}
"""Fact -> the columns that definitions and exports may use."""


def facts_of(dialect: str) -> dict[str, ir.Table]:
    """The facts as tables to define something on, named as the engine knows them."""
    places = {"sqlite": f"{SCHEMA}_{{}}", "pyspark": f"{SCHEMA}_{{}}"}
    return {
        fact: ibis.table(
            kinds(columns),
            name=places.get(dialect, "{}").format(fact),
            database=SCHEMA if dialect not in places else None,
        )
        for fact, columns in COLUMNS.items()
    }


def kinds(columns: str) -> dict[str, str]:
    """Columns with what stands in them."""
    return {column: _WORD if column in WORDS else _NUMBER for column in columns.split()}


def plain_sql(table: ir.Table, dialect: str) -> str:
    """The SQL of a definition as Ibis makes it."""
    return str(ibis.to_sql(table, dialect={"postgresql": "postgres"}.get(dialect, dialect), pretty=False))


def sql_of(table: ir.Table, dialect: str) -> str:
    """The SQL of a definition, in the order of customers where it runs on a database."""
    sql = plain_sql(table, dialect)
    if dialect == "pyspark":
        return sql
    kinds = table.schema().items()  # PostgreSQL adds integers up to decimals, which become integers again
    cells = (f'CAST("{name}" AS BIGINT) AS "{name}"' if kind.is_integer() else f'"{name}"' for name, kind in kinds)
    return f"SELECT {', '.join(cells if dialect == 'postgresql' else '*')} FROM ({sql}) AS wide ORDER BY customer_id"


@contextmanager
def connected(store: Store) -> Iterator[Connection]:
    """A connection of its own, whose temporary tables end with it."""
    with store.engine.connect() as connection:
        connection.detach()
        if connection.dialect.name == "sqlite":
            _prepare_sqlite(connection)
        yield connection


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A long reading of one state of the data: it sorts on disk, not in memory, and blocks no writer."""
    with connection.execution_options(rapport_reads=True).begin():
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for setting in ("cursor_tuple_fraction = 1", "jit = off", "work_mem = '128MB'"):
                connection.exec_driver_sql(f"SET LOCAL {setting}")
        yield


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """A short transaction, which sees the temporary tables of earlier ones."""
    with connection.execution_options(rapport_reads=False).begin():
        yield


@contextmanager
def reading(store: Store) -> Iterator[Connection]:
    """A connection of its own for one long reading."""
    with connected(store) as connection, snapshot(connection):
        yield connection


def batches(connection: Connection, table: ir.Table) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a definition, `BATCH` at a time, in the order of its columns."""
    sql = sql_of(table, connection.dialect.name)
    yield from connection.exec_driver_sql(sql, execution_options={"stream_results": True}).partitions(BATCH)


def expect_few(connection: Connection) -> None:
    """From now on this connection looks rows up by index, even thousands of them, before it reads whole tables."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET random_page_cost = 1.1")


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing that is there by now is looked through for garbage: it stays, and making SQL would set that off."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def keep(connection: Connection, name: str, query: str) -> None:
    """The rows of a query as a temporary table."""
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} AS {query}")


def put(connection: Connection, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows in bulk."""
    columns = ", ".join(names)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [tuple(row) for row in rows])
        return
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _prepare_sqlite(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA temp_store = FILE")
    driver.execute("PRAGMA cache_size = -65536")
    driver.create_function("floor", 1, None)  # SQLAlchemy's, which fails for NULL
    try:
        driver.execute("SELECT floor(1.5)")
    except sqlite3.OperationalError:  # an SQLite that was built without mathematics
        driver.create_function("floor", 1, lambda value: None if value is None else math.floor(value))
