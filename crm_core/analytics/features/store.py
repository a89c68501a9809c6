"""Keeps the table `customer_features` right: computed for everybody once, then added to (`increment`).

A refresh looks at what happened between the two days, at what leaves a window of days by now, and at customers whose
older facts changed (`change_log`), who are computed anew. The result equals a computation for everybody to the cell.

A run that breaks off leaves its row unfinished, and the next one computes everybody. Rows are written in short
transactions, so that nobody who writes has to wait long.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect, views
from crm_core.analytics.features import increment
from crm_core.analytics.features.contact_kinds import CONTACTS
from crm_core.analytics.features.definition import COLUMNS, EPOCH, OPTIONAL, day_number, features, read_form
from crm_core.database import Store
from crm_core.models import ChangedCustomer, Customer, CustomerFeatures, FeatureRun

if TYPE_CHECKING:
    import pandas as pd

MOST_DAYS = 31
"""After a longer pause everybody is computed: that is quicker than looking who is affected."""
CHANGED_PART = 4
"""The same, when the facts of more than one in so many customers changed."""
TABLE: Table = CustomerFeatures.__table__  # type: ignore[assignment]
Rows = Sequence[Sequence[Any]]
Progress = Callable[[str, int], None]
"""Called with the name of a step (everybody, changed) and the number of customers just done."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: how many it computed, and to how many rows it added."""

    as_of: date
    everybody: bool
    computed: int
    added: int


def refresh(
    store: Store, as_of: date, *, currency: str, now: datetime, everybody: bool = False,
    progress: Progress = lambda step, customers: None, everybody_from: Callable[[], Iterable[Rows]] | None = None,
) -> Refreshed:  # fmt: skip
    """Bring the stored features to the end of a day (UTC); `currency` is the one that money is added up in.

    `everybody_from`: computes them for everybody elsewhere, if that has to be done, in the order of customers.
    """
    definition = _definition(store.engine.dialect.name, currency)
    with store.write() as session:
        run, last, changed = _begin(session, day_number(as_of), definition, now)
        many = _many(session, len(changed))
    if everybody or last is None or many:
        done = _everybody(store, as_of, currency, progress, everybody_from)
    else:
        done = _increment(store, changed, last, as_of, currency, progress)
    with store.write() as session:
        row = session.get_one(FeatureRun, run)
        row.everybody, row.written, row.finished_at = done.everybody, done.computed + done.added, now
    return done


def stored(store: Store) -> "pd.DataFrame":
    """The features as of the newest refresh: `COLUMNS`, integers with NA where there is nothing to tell."""
    view = Dialect(store.engine.dialect.name).view("customer_features")
    with engine.reading(store) as connection:
        found = connection.exec_driver_sql(f"SELECT {', '.join(COLUMNS)} FROM {view} ORDER BY customer_id")
        return frame(found.partitions(engine.BATCH))


def compute(store: Store, as_of: date, *, currency: str) -> "pd.DataFrame":
    """The same as of any day, computed for everybody and not stored: for learning from the past."""
    table = read_form(features(engine.facts_of(store.engine.dialect.name), as_of, currency=currency), as_of)
    with engine.reading(store) as connection:
        return frame(engine.batches(connection, table))


# --- what has to be computed ----------------------------------------------------------------------------------------
@cache
def _definition(dialect: str, currency: str) -> str:
    """Changes when the same facts would give other features."""
    code = Path(features.__code__.co_filename).read_text("utf-8")
    return hashlib.sha256("\n".join([currency, code, repr(CONTACTS), *views(dialect).values()]).encode()).hexdigest()[
        :16
    ]


def _begin(session: Session, day: int, definition: str, now: datetime) -> tuple[int, date | None, set[int]]:
    """Note that a run begins and take whom it has to compute anew, in one transaction.

    Returns the run's id, the day of the last run (None: it does not help, compute everybody) and whose facts of that
    day or before changed.
    """
    newest = session.scalars(select(FeatureRun).order_by(FeatureRun.id.desc()).limit(1)).one_or_none()
    helps = newest is not None and newest.finished_at is not None and newest.definition == definition
    last = newest.as_of_day if newest and helps and 0 <= day - newest.as_of_day <= MOST_DAYS else None
    changed = _taken(session, -1 if last is None else last)
    run = FeatureRun(as_of_day=day, definition=definition, everybody=False, started_at=now)
    session.add(run)
    return run.id, None if last is None else EPOCH + timedelta(days=last), changed


def _taken(session: Session, last: int) -> set[int]:
    """Empty the notes; returns who was noted with facts of a day or before."""
    log: Table = ChangedCustomer.__table__  # type: ignore[assignment]
    taken: Any = delete(log).returning(log.c.customer_id, log.c.since_day)
    if session.get_bind().dialect.name == "sqlite":
        return {customer for customer, since in session.execute(taken) if since <= last}
    notes = taken.cte("taken").c  # in one statement: a customer may be noted many times, and others note meanwhile
    return set(session.execute(select(notes.customer_id).where(notes.since_day <= last).distinct()).scalars())


def _many(session: Session, changed: int) -> bool:
    """Whether these are more than the part of all customers; the others need not be counted for that."""
    further = select(Customer.id).order_by(Customer.id).offset(CHANGED_PART * changed - 1).limit(1)
    return changed > 0 and session.scalar(further) is None


def _everybody(
    store: Store, as_of: date, currency: str, progress: Progress, elsewhere: Callable[[], Iterable[Rows]] | None
) -> Refreshed:
    with engine.reading(store) as connection:
        table = features(engine.facts_of(connection.dialect.name), as_of, currency=currency)
        rows = elsewhere() if elsewhere else engine.batches(connection, table)
        return Refreshed(as_of, True, _write_all(store, table.columns, rows, progress), 0)


def _increment(store: Store, noted: set[int], last: date, as_of: date, currency: str, progress: Progress) -> Refreshed:
    with engine.connected(store) as connection:
        changed, customers, statements = increment.between(connection, noted, last, as_of, currency=currency)
        for written in increment.write(connection, customers, statements):
            progress("changed", written)
    return Refreshed(as_of, False, len(changed), len(changed.symmetric_difference(customers)))


# --- how it is written ----------------------------------------------------------------------------------------------
def _write_all(store: Store, names: Sequence[str], found: Iterable[Rows], progress: Progress) -> int:
    """In the order of customers, so that rows of who is gone are met on the way."""
    written = after = 0
    for rows in found:
        with store.write() as session:
            session.execute(delete(TABLE).where(TABLE.c.customer_id.between(after + 1, rows[-1][0])))
            written += _insert(session, names, rows)
        after = rows[-1][0]
        progress("everybody", len(rows))
    with store.write() as session:
        session.execute(delete(TABLE).where(TABLE.c.customer_id > after))
    return written


def _insert(session: Session, names: Sequence[str], rows: Rows) -> int:
    """Write rows in bulk, but for those whose customers were erased since; returns how many were written."""
    asked = select(Customer.id).where(Customer.id.between(rows[0][0], rows[-1][0]))
    there = set(session.scalars(asked.with_for_update(read=True, key_share=True)))
    kept = [(row[0], *row) for row in rows if row[0] in there]
    engine.put(session.connection(), TABLE.name, ("id", *names), kept)
    return len(kept)


def frame(found: Iterable[Rows]) -> "pd.DataFrame":
    """Rows of all `COLUMNS` as a data frame, whose types do not depend on what the rows are."""
    import pandas as pd
    import pyarrow as pa

    kinds = pa.schema([(name, pa.string() if name == "top_category" else pa.int64()) for name in COLUMNS])
    parts = [
        pa.record_batch(
            [pa.array(cells, kind.type) for cells, kind in zip(zip(*rows, strict=True), kinds, strict=True)],
            schema=kinds,
        )
        for rows in found
    ]
    table = pa.Table.from_batches(parts, kinds)
    columns = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype(na_value=float("nan"))}
    return pd.DataFrame(
        {
            name: table[name].to_pandas(types_mapper=columns.get) if name in OPTIONAL else table[name].to_pandas()
            for name in COLUMNS
        }
    )
