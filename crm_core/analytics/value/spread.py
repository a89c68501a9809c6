"""How expected value is spread over the customers: bands of it, the median, and what the best tenth makes up.

Counted by the database from the stored scores, so that it costs no memory however many customers there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.analytics.facts.views import Dialect

BANDS = 10
"""Bands of equal width, up to where nineteen of twenty customers end; one more holds all beyond."""
NEARLY_ALL = 0.95
TENTH = 10


@dataclass(frozen=True, slots=True)
class Band:
    """How many customers are worth from `low_milli` up to, not including, `high_milli` (None: no end)."""

    low_milli: int
    high_milli: int | None
    customers: int


@dataclass(frozen=True, slots=True)
class ValueSpread:
    """Expected values in thousandths of money. `top`: the best tenth, at least one customer."""

    bands: tuple[Band, ...]
    customers: int
    total_milli: int
    median_milli: int
    top: int
    top_total_milli: int
    top_from_milli: int
    horizon_days: int
    computed_at: datetime
    data_until: datetime
    older: int
    """Values of an earlier night, which a run that broke off left; the oldest of them is from `oldest_at`."""
    oldest_at: datetime

    @property
    def top_share(self) -> float:
        """What the best tenth makes up of all."""
        return self.top_total_milli / self.total_milli if self.total_milli else 0.0

    @property
    def width_milli(self) -> int:
        """How wide a band is."""
        return self.bands[0].high_milli or 1


def value_spread(session: Session) -> ValueSpread | None:
    """How expected value is spread; None while none is computed."""
    say = Dialect(session.get_bind().dialect.name)
    values = f"""
        SELECT s.customer_id, s.value_milli, s.horizon_days, s.computed_at, s.data_until
        FROM {say.view("scores")} AS s JOIN {say.view("customers")} AS c ON c.customer_id = s.customer_id
        WHERE s.kind = 'value' AND s.value_milli IS NOT NULL"""

    def ask(what: str, rest: str = "") -> Any:
        return session.execute(text(f"SELECT {what} FROM ({values}) AS v {rest}"))

    def at(place: int) -> int:
        return int(ask("v.value_milli", f"ORDER BY 1 LIMIT 1 OFFSET {place}").scalar_one())

    count, total, horizon, computed, oldest, until = ask(
        "COUNT(*), SUM(v.value_milli), MAX(v.horizon_days), MAX(v.computed_at), MIN(v.computed_at), MAX(v.data_until)"
    ).one()
    if not count:
        return None
    older = ask("COUNT(*)", f"WHERE v.computed_at < {int(computed)}").scalar_one()
    width = nice_width(at(min(count - 1, int(count * NEARLY_ALL))) / BANDS)
    band = f"CASE WHEN v.value_milli >= {width * BANDS} THEN {BANDS} ELSE v.value_milli / {width} END"
    counted = {int(row[0]): int(row[1]) for row in ask(f"{band}, COUNT(*)", "GROUP BY 1")}
    top = max(1, count // TENTH)
    best = f"SELECT v.value_milli FROM ({values}) AS v ORDER BY 1 DESC LIMIT {top}"
    top_total = session.execute(text(f"SELECT SUM(value_milli) FROM ({best}) AS best")).scalar_one()
    return ValueSpread(
        bands=tuple(_bands(width, counted)), customers=count, total_milli=int(total),
        median_milli=(at((count - 1) // 2) + at(count // 2)) // 2, top=top, top_total_milli=int(top_total),
        top_from_milli=at(count - top), horizon_days=int(horizon), computed_at=datetime.fromtimestamp(computed, UTC),
        data_until=datetime.fromtimestamp(until, UTC), older=int(older), oldest_at=datetime.fromtimestamp(oldest, UTC),
    )  # fmt: skip


def _bands(width: int, counted: dict[int, int]) -> Iterator[Band]:
    """All bands up to the highest that holds anybody, the empty ones between them included."""
    for place in range(max(counted) + 1):
        yield Band(place * width, (place + 1) * width if place < BANDS else None, counted.get(place, 0))


def nice_width(least: float) -> int:
    """The next round width of bands in thousandths: 1, 2 or 5 with noughts behind, at least one unit of money.

    >>> nice_width(1), nice_width(1300), nice_width(23_456), nice_width(60_000)
    (1000, 2000, 50000, 100000)
    """
    unit = 1000
    while True:
        for step in (1, 2, 5):
            if unit * step >= least:
                return unit * step
        unit *= 10
