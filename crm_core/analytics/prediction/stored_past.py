"""The past as it is in the database, read through the views of facts: what models learn from (`snapshots.Past`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr import types as ir
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, delete, insert, text

from crm_core.analytics.facts import engine
from crm_core.analytics.features import affected
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.contact_kinds import CONTACTS
from crm_core.analytics.features.definition import Facts, day_number, features, read_form
from crm_core.analytics.prediction.snapshots import EPOCH, Frame, Ids
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.database import Store

ASKED = Table(
    "asked_customers", MetaData(), Column("customer_id", BigInteger, primary_key=True), prefixes=["TEMPORARY"]
)
KINDS = {intent: name.removeprefix("contacts_") for name, intents in CONTACTS.items() for intent in intents} | {
    "complaint": "complaint",
    "praise": "praise",
}
"""Intent → the kind of contact that it is."""


class StoredPast:
    """See `Past`. Money in other currencies than the business's own is left out, as it is in the feature table."""

    def __init__(self, connection: Connection, currency: str, last: date) -> None:
        self._connection = connection
        self._currency = currency
        self._facts = engine.facts_of(connection.dialect.name)
        self._asked: Ids | None = None
        ASKED.create(connection)
        began = self._one(self._facts["orders"].placed_day.min())
        if began is None:
            raise TooFewPurchases("Nobody has ordered anything yet.")
        self.first, self.last = EPOCH + timedelta(began), last

    def customers(self) -> Ids:
        rows = self._rows(self._facts["customers"].select("customer_id"))
        return np.array([row[0] for row in rows], dtype=np.int64)

    def features(self, day: date, customers: Ids | None = None) -> Frame:
        table = features(self._only(customers), day, currency=self._currency)
        return feature_store.frame(engine.batches(self._connection, read_form(table, day)))

    def bought_categories(self, day: date, customers: Ids | None = None) -> Frame:
        lines = self._counted("order_lines", EPOCH, day, customers)
        grouped = lines.group_by("customer_id", "category")
        return self._frame(grouped.agg(orders=lines.order_id.nunique(), last_day=lines.placed_day.max()))

    def orders(self, after: date, until: date, customers: Ids | None = None) -> Frame:
        orders = self._counted("orders", after, until, customers)
        own = orders.currency == self._currency
        return self._frame(
            orders.select("customer_id", day=orders.placed_day, spent_minor=own.ifelse(orders.total_minor, 0))
        )

    def order_lines(self, after: date, until: date, customers: Ids | None = None) -> Frame:
        lines = self._counted("order_lines", after, until, customers)
        return self._frame(lines.select("customer_id", "category", day=lines.placed_day, spent_minor=lines.line_minor))

    def contacts(self, after: date, until: date, customers: Ids | None = None) -> Frame:
        said = self._only(customers)["interactions"]
        said = said.filter(
            said.direction == "in", said.author == "customer", said.kind != "edit", said.customer_id.notnull(),
            said.intent.isin(sorted(KINDS)), said.occurred_day > day_number(after),
            said.occurred_day <= day_number(until),
        )  # fmt: skip
        found = self._frame(
            said.select("customer_id", "occurred_at", "interaction_id", "intent", day=said.occurred_day)
        )
        found = found.sort_values(["customer_id", "occurred_at", "interaction_id"], ignore_index=True)
        return found.assign(what=found["intent"].map(KINDS))[["customer_id", "day", "what"]]

    def _counted(self, fact: str, after: date, until: date, customers: Ids | None) -> ir.Table:
        """Orders, or their lines, of the days after one up to another that were not cancelled by then."""
        rows, end = self._only(customers)[fact], day_number(until)
        kept = rows.cancelled_day.isnull() | (rows.cancelled_day > end)
        return rows.filter(rows.placed_day > day_number(after), rows.placed_day <= end, kept)

    def _only(self, customers: Ids | None) -> Facts:
        """The facts about these alone, who are written down where the facts lie."""
        if customers is None:
            return self._facts
        if self._asked is None or not np.array_equal(self._asked, customers):
            self._connection.execute(delete(ASKED))
            if len(customers):
                self._connection.execute(insert(ASKED), [{"customer_id": each} for each in customers.tolist()])
            if self._connection.dialect.name != "sqlite":
                self._connection.execute(text(f"ANALYZE {ASKED.name}"))
            self._asked = customers
        return affected.only(self._facts, ASKED.name)

    def _frame(self, table: ir.Table) -> Frame:
        names = list(table.columns)
        parts = [pd.DataFrame([tuple(row) for row in rows], columns=names) for rows in self._batches(table)]
        empty = pd.DataFrame({name: pd.Series(dtype="int64") for name in names})
        return pd.concat(parts, ignore_index=True) if parts else empty

    def _rows(self, table: ir.Table) -> Iterator[Sequence[Any]]:
        for rows in self._batches(table):
            yield from rows

    def _batches(self, table: ir.Table) -> Iterator[Sequence[Sequence[Any]]]:
        return engine.batches(self._connection, table)

    def _one(self, value: ir.IntegerScalar) -> int | None:
        table = value.name("found").as_table().mutate(customer_id=ibis.literal(0))
        found: int | None = next(self._rows(table))[0]
        return found


@contextmanager
def reading_past(store: Store, currency: str, last: date) -> Iterator[StoredPast]:
    """The past up to the end of a day (UTC), on a connection of its own.

    Raises:
        TooFewPurchases: there is no order at all.
    """
    with engine.reading(store) as connection:
        yield StoredPast(connection, currency, last)
