"""Rows of the feature table: as stored, and made up of three plain kinds of buyers and some who never bought."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm_core.analytics.features.definition import units_told
from crm_core.database import Store
from crm_core.models import CustomerFeatures

if TYPE_CHECKING:
    import pandas


def stored(store: Store) -> list[dict[str, Any]]:
    """Every column; what was bought of each category in the order of their names, whatever order an engine keeps."""
    columns = CustomerFeatures.__table__.c
    with store.read() as session:
        found = [dict(row) for row in session.execute(select(columns).order_by(columns.id)).mappings()]
    return [row | {"category_units": sorted(units_told(row["category_units"] or ""))} for row in found]


def made_up(ids: Sequence[int], seed: int = 1) -> "pandas.DataFrame":
    """Regulars, one-time buyers of lately, those who left, and who never bought: the kind is in column `made_as`."""
    import numpy
    import pandas

    random = numpy.random.default_rng(seed)
    count = len(ids)
    kind = random.choice(4, count, p=[0.3, 0.2, 0.4, 0.1])
    recency = numpy.select(
        [kind == 0, kind == 1], [random.integers(0, 30, count), random.integers(0, 60, count)],
        random.integers(150, 400, count),
    )  # fmt: skip
    orders = numpy.select([kind == 0, kind == 1, kind == 2], [random.integers(6, 20, count), 1, 2], 0)
    each = numpy.where(kind == 0, random.integers(20_000, 60_000, count), random.integers(3_000, 9_000, count))
    columns: dict[str, Any] = {
        "customer_id": list(ids),
        "recency_days": pandas.array(numpy.where(orders > 0, recency, 0), dtype="Int64"),
        "orders": orders,
        "spend_minor": orders * each,
        "mean_order_minor": pandas.array(each, dtype="Int64"),
        "discount_share_milli": 0,
        "complaints": (random.random(count) < 0.05).astype(int),
        "made_as": kind,
    }
    table = pandas.DataFrame(columns)
    table.loc[table["orders"] == 0, ["recency_days", "mean_order_minor"]] = pandas.NA
    return table
