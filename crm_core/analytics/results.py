"""How what was computed about customers takes the place of what was computed before: a part of them at a time.

Customers come in rising order. Each part is replaced in one short transaction, so that readers see old or new results
of a customer, never none, and nobody who writes waits long. A run that breaks off leaves the old ones of the rest.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.orm import Session

from crm_core.bulk import insert_rows
from crm_core.database import Store
from crm_core.ids import new_id
from crm_core.models import Base, Consent, Customer
from crm_core.scores import PROFILING

Row = dict[str, Any]
CUSTOMERS_AT_ONCE = 2000
"""Whose results are written in one transaction."""


class Replacing:
    """Replaces the rows of one table that fulfil some conditions, customer by customer.

    Usage: `write` once for each part of the customers, then `finish`.
    """

    def __init__(self, store: Store, model: type[Base], *which: ColumnElement[bool]) -> None:
        self._store = store
        self._table: Table = model.__table__  # type: ignore[assignment]
        self._which = which
        self._after = 0
        self.written = 0

    def write(self, last: int, rows: Iterable[Row]) -> None:
        """Put these rows in the place of all there are of the customers up to `last`, from where the last part ended.

        Whoever was erased or merged since their rows were computed gets none, nor does who refuses profiling.
        """
        with self._store.write() as session:
            self._clear(session, self._table.c.customer_id <= last)
            there = _still_there(session, self._after, last) - refusing(session, self._after, last)
            kept = [{"id": new_id(), **row} for row in rows if row["customer_id"] in there]
            insert_rows(session, self._table, kept)
        self._after = last
        self.written += len(kept)

    def finish(self) -> None:
        """Remove what there is of customers after the last one."""
        with self._store.write() as session:
            self._clear(session)

    def _clear(self, session: Session, *more: ColumnElement[bool]) -> None:
        session.execute(delete(self._table).where(self._table.c.customer_id > self._after, *self._which, *more))


def _still_there(session: Session, after: int, last: int) -> set[int]:
    """Customers who stay until the transaction ends."""
    asked = select(Customer.id).where(Customer.id > after, Customer.id <= last, Customer.merged_into_id.is_(None))
    return set(session.scalars(asked.with_for_update(read=True, key_share=True)))


def refusing(session: Session, after: int = 0, last: int | None = None) -> set[int]:
    """Customers, of all or of a part, whose newest word about being profiled is no."""
    said = select(Consent.customer_id, Consent.granted).where(Consent.kind == PROFILING, Consent.customer_id > after)
    if last is not None:
        said = said.where(Consent.customer_id <= last)
    newest = {row.customer_id: row.granted for row in session.execute(said.order_by(Consent.occurred_at, Consent.id))}
    return {customer for customer, granted in newest.items() if not granted}


def parts(customers: int) -> Iterable[slice]:
    """Where the parts of so many customers begin and end."""
    return (slice(at, min(at + CUSTOMERS_AT_ONCE, customers)) for at in range(0, customers, CUSTOMERS_AT_ONCE))
