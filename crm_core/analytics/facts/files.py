"""Writes the facts as Parquet files, a file for each day (UTC) on which they happened, for Spark and other readers.

A file is named by its day and a stamp of what is in it: the database counts the rows of every day and adds up a hash of
each, and only days whose stamp has no file yet are read. So the folder itself says what is done: an export that broke
off goes on where it was, and what was corrected, moved or erased makes its old days go. A row that changes between the
counting and the reading gives its day another stamp at the next export.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.folder import writing
from crm_core.analytics.facts.views import Dialect, views
from crm_core.analytics.features.definition import EPOCH
from crm_core.database import Store

if TYPE_CHECKING:
    import pyarrow as pa

DAYS: Mapping[str, str | None] = {
    "customers": "first_seen_day", "products": None, "orders": "placed_day", "order_lines": "placed_day",
    "refunds": "requested_day", "interactions": "occurred_day", "cases": "opened_day", "ratings": "given_day",
    "campaign_contacts": "sent_day", "posts": "occurred_day",
}  # fmt: skip
"""Fact -> the column that says on which day it happened; what has none, or is not known yet, is `undated`."""
ROWS = 50_000
"""Rows in memory at once."""
Progress = Callable[[str, int, int], None]
"""Called with the name of a fact, how many of its changed days are written, and of how many."""
Day = int | None


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did: files of days, and rows in those that were written."""

    written: int
    removed: int
    unchanged: int
    rows: int


def export_facts(
    store: Store, folder: Path, *, now: datetime, progress: Progress = lambda fact, done, total: None
) -> Exported:
    """Bring the files to what the database holds.

    Raises:
        FactsBusy: another export is running.
    """
    done = []
    with writing(folder, now), engine.reading(store) as connection:
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            driver.create_function("stamp_of_row", -1, _stamp_of_row, deterministic=True)
        for fact in engine.COLUMNS:
            done.append(_export(store, connection, folder / fact, fact, progress))
    return Exported(*(sum(counts) for counts in zip(*done, strict=True)))


def _export(
    store: Store, connection: Connection, place: Path, fact: str, progress: Progress
) -> tuple[int, int, int, int]:
    place.mkdir(mode=0o700, exist_ok=True)
    wanted = _names(connection, fact)
    found = {file.name for file in place.iterdir()}
    gone = found - set(wanted.values())
    for name in gone:  # before anything is written, so that no day is there twice
        (place / name).unlink()
    changed = {day: name for day, name in wanted.items() if name not in found}
    written = rows = 0
    for count in _write(store, connection, place, fact, changed) if changed else ():
        written, rows = written + 1, rows + count
        progress(fact, written, len(changed))
    return written, len(gone), len(wanted) - len(changed), rows


# --- which days changed ---------------------------------------------------------------------------------------------
def _names(connection: Connection, fact: str) -> dict[Day, str]:
    """Day -> the name of the file that holds it as it is now."""
    say = Dialect(connection.dialect.name)
    columns, day = engine.COLUMNS[fact].split(), DAYS[fact] or "NULL"
    cells = ", ".join(columns)
    stamp = f"stamp_of_row({cells})" if say.name == "sqlite" else f"hashtextextended(CAST(ROW({cells}) AS text), 0)"
    query = f"SELECT {day}, COUNT(*), SUM({stamp}) FROM {say.view(fact)} GROUP BY 1"
    meaning = "|".join([say.name, cells, views(say.name)[fact]])
    return {
        day: f"{_word(day)}.{hashlib.blake2b(f'{meaning}|{rows}|{total}'.encode(), digest_size=10).hexdigest()}.parquet"
        for day, rows, total in connection.exec_driver_sql(query)
    }


def _word(day: Day) -> str:
    return "undated" if day is None else (EPOCH + timedelta(days=day)).isoformat()


def _stamp_of_row(*cells: str | int | None) -> int:
    """40 bits, so that the sum of a day's millions of rows fits into SQLite's whole numbers."""
    return int.from_bytes(hashlib.blake2b(repr(cells).encode(), digest_size=5).digest())


# --- how they are written -------------------------------------------------------------------------------------------
def _write(store: Store, connection: Connection, place: Path, fact: str, names: Mapping[Day, str]) -> Iterator[int]:
    """Write the files of these days; yields the rows of each when it is there as a whole."""
    from pyarrow import parquet

    schema = arrow_schema(fact)
    pieces = _by_day(_read(store, connection, _query(connection, fact, names), schema), DAYS[fact])
    for day, parts in groupby(pieces, key=lambda piece: piece[0]):
        if day not in names:
            continue  # it happened since the days were counted
        partial, rows = place / f".{names[day]}", 0
        with parquet.ParquetWriter(partial, schema) as file:
            for _, part in parts:
                file.write_batch(part)
                rows += part.num_rows
        partial.replace(place / names[day])
        yield rows


def arrow_schema(fact: str) -> "pa.Schema":
    """The columns of a fact's files."""
    import pyarrow as pa

    table = engine.facts_of("sqlite")[fact]
    return pa.schema([
        (name, pa.string() if kind.is_string() else pa.int64()) for name, kind in table.schema().items()
    ])  # fmt: skip


def _query(connection: Connection, fact: str, names: Mapping[Day, str]) -> str:
    """The rows of these days, day after day."""
    say, day = Dialect(connection.dialect.name), DAYS[fact]
    query = f"SELECT {', '.join(engine.COLUMNS[fact].split())} FROM {say.view(fact)}"
    if day is None:
        return query
    known = ", ".join(str(each) for each in sorted(each for each in names if each is not None))
    asked = [f"{day} IN ({known})"] * bool(known) + [f"{day} IS NULL"] * (None in names)
    return f"{query} WHERE {' OR '.join(asked)} ORDER BY {day}"


def _read(store: Store, connection: Connection, query: str, schema: "pa.Schema") -> Iterator["pa.RecordBatch"]:
    if connection.dialect.name == "postgresql" and find_spec("adbc_driver_postgresql"):
        yield from _read_columns(store, query, schema)
        return
    import pyarrow as pa

    result = connection.exec_driver_sql(query, execution_options={"stream_results": True})
    for rows in result.partitions(ROWS):
        cells = zip(zip(*rows, strict=True), schema.types, strict=True)
        yield pa.record_batch([pa.array(column, kind) for column, kind in cells], schema=schema)


def _read_columns(store: Store, query: str, schema: "pa.Schema") -> Iterator["pa.RecordBatch"]:
    """The same by ADBC, which needs a connection of its own and makes no Python objects."""
    from adbc_driver_postgresql import dbapi

    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET work_mem = '128MB'")
        cursor.execute(query)
        for batch in cursor.fetch_record_batch():
            yield batch.cast(schema)


def _by_day(batches: Iterator["pa.RecordBatch"], column: str | None) -> Iterator[tuple[Day, "pa.RecordBatch"]]:
    """Batches cut where another day begins."""
    for batch in batches:
        days = [None] * batch.num_rows if column is None else batch.column(column).to_pylist()
        start = 0
        for day, same in groupby(days):
            rows = sum(1 for _ in same)
            yield day, batch.slice(start, rows)
            start += rows
