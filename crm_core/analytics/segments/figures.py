"""Segments side by side: what their customers spend, order, say; and where they differ most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any, Literal, get_args

from sqlalchemy import Float, Select, cast, func, select
from sqlalchemy.orm import Session

from crm_core.customers import MOOD_WINDOW
from crm_core.models import Interaction
from crm_core.reports.aggregates import micros

Figure = Literal["spend", "orders", "recency", "mood", "complaints"]
FIGURES: tuple[Figure, ...] = get_args(Figure)
"""Per customer: money in minor units; orders; days since the last; mean mood in milli; complaints of 90 days."""
DAY = timedelta(days=1) // timedelta(microseconds=1)
HARDLY = 0.2
"""Difference of means, in standard deviations, below which segments count as alike (Cohen's "small")."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over customers: for how many it is known, their sum, the sum of squares."""

    count: int
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        """None where nobody has the figure."""
        return self.total / self.count if self.count else None

    @property
    def around(self) -> float:
        """Squared deviations from the mean, summed up."""
        return max(0.0, self.squares - self.total**2 / self.count) if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Side:
    """One segment in a comparison."""

    size: int
    figures: Mapping[Figure, Spread]


@dataclass(frozen=True, slots=True)
class Difference:
    """The figure in which sides differ most: positions of the highest and the lowest, and how far apart they are.

    `distance` is in standard deviations of a customer within a side, so that figures of any unit compare.
    """

    figure: Figure
    highest: int
    lowest: int
    distance: float


def side(session: Session, customers: Select[Any], now: datetime) -> Side:
    """The figures of the customers of a query as `to_sql` makes it."""
    found = customers.order_by(None).subquery()
    complaints = (
        select(Interaction.customer_id, func.count().label("n"))
        .where(
            Interaction.direction == "in", Interaction.intent == "complaint",
            Interaction.occurred_at >= now - MOOD_WINDOW, Interaction.occurred_at <= now,
        )
        .group_by(Interaction.customer_id)
        .subquery()
    )  # fmt: skip
    moment = int(now.timestamp() * 1_000_000)
    values: dict[Figure, Any] = {
        "spend": found.c.spend,
        "orders": found.c.orders,
        "recency": cast(moment - micros(found.c.last_order), Float) / DAY,
        "mood": cast(found.c.mood_sum, Float) / cast(func.nullif(found.c.mood_count, 0), Float),
        "complaints": func.coalesce(complaints.c.n, 0),
    }
    columns = [
        column
        for value in values.values()
        for column in (
            func.count(value),
            func.coalesce(func.sum(cast(value, Float)), 0.0),
            func.coalesce(func.sum(cast(value, Float) * cast(value, Float)), 0.0),
        )
    ]
    joined = found.outerjoin(complaints, complaints.c.customer_id == found.c.id)
    row = session.execute(select(func.count(), *columns).select_from(joined)).one()
    spreads = [Spread(int(row[i]), float(row[i + 1]), float(row[i + 2])) for i in range(1, len(row), 3)]
    return Side(int(row[0]), dict(zip(values, spreads, strict=True)))


def greatest_difference(sides: Sequence[Side]) -> Difference | None:
    """Where sides differ most; None where they are alike, or too few have any figure."""
    found = [one for one in (_difference(figure, sides) for figure in FIGURES) if one and one.distance >= HARDLY]
    return max(found, key=lambda one: one.distance, default=None)


def _difference(figure: Figure, sides: Sequence[Side]) -> Difference | None:
    means = {
        position: spread.total / spread.count
        for position, spread in enumerate(one.figures[figure] for one in sides)
        if spread.count
    }
    if len(means) < 2:
        return None
    highest, lowest = max(means, key=lambda place: means[place]), min(means, key=lambda place: means[place])
    spreads = [sides[place].figures[figure] for place in means]
    freedom = sum(spread.count - 1 for spread in spreads)
    deviation = sqrt(sum(spread.around for spread in spreads) / freedom) if freedom else 0.0
    gap = means[highest] - means[lowest]
    if not gap or not deviation:
        return None
    return Difference(figure, highest, lowest, gap / deviation)
