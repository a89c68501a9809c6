"""Whose features differ between two days: those with changed facts, and those for whom time alone changes something.

They are chosen into temporary tables, so that a definition can be restricted to them where the facts lie. The tables
are asked and not the views, because only the tables have indexes on moments.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
from sqlalchemy import BigInteger, Column, Connection, MetaData, Select, Table, insert, select, union
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.analytics.features import WINDOW, Facts
from crm_core.models import CampaignContact, Case, Interaction, Order, Post, Rating, Refund

CHANGED, LEAVING = "changed_for_features", "leaving_a_window"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_CUSTOMERS = (Interaction.direction == "in", Interaction.author == "customer", Interaction.kind != "edit")
_BUYERS = select(Order.customer_id).join(Refund, Refund.order_id == Order.id)
_WINDOWED = (
    (select(Order.customer_id), Order.placed_at),
    (select(Interaction.customer_id).where(*_FROM_CUSTOMERS), Interaction.occurred_at),
    (select(Post.customer_id), Post.occurred_at),
)
"""Who did something that windows look at, and the moment of it."""
_COUNTED = (
    *_WINDOWED,
    (select(Order.customer_id), Order.cancelled_at),
    (select(Order.customer_id).where(Order.status == "returned"), Order.updated_at),
    (_BUYERS, Refund.requested_at),
    (_BUYERS, Refund.paid_at),
    (select(Case.customer_id), Case.opened_at),
    (select(Rating.customer_id), Rating.given_at),
    (select(CampaignContact.customer_id), CampaignContact.sent_at),
    (select(CampaignContact.customer_id), CampaignContact.replied_at),
    (select(CampaignContact.customer_id), CampaignContact.converted_at),
)
"""Who did anything that counts from its day on."""


def choose_changed(connection: Connection, noted: set[int], last: int, day: int) -> set[int]:
    """Choose whose facts were noted as changed, or whose facts begin to count after the last day; returns them."""
    begun = union(*(_between(query, moment, last, day) for query, moment in _COUNTED))
    everyone = noted | {customer for customer in connection.scalars(begun) if customer is not None}
    _fill(connection, CHANGED, everyone)
    return everyone


def choose_leaving(connection: Connection, changed: set[int], last: int, day: int) -> None:
    """Choose for whom something leaves a window, except those who are computed anew anyway."""
    borders = (WINDOW, 2 * WINDOW)
    left = union(*(_between(query, moment, last - back, day - back) for query, moment in _WINDOWED for back in borders))
    _fill(connection, LEAVING, {customer for customer in connection.scalars(left) if customer is not None} - changed)


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


def _fill(connection: Connection, name: str, customers: Iterable[int]) -> None:
    table = Table(name, MetaData(), Column("customer_id", BigInteger, primary_key=True), prefixes=["TEMPORARY"])
    table.create(connection)
    if rows := [{"customer_id": customer} for customer in sorted(customers)]:
        connection.execute(insert(table), rows)
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ANALYZE {name}")
