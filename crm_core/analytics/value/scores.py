"""What each customer will be worth within a year, as rows of `scores` with interval and reasons.

The models are fitted on some of the customers, drawn without favour: more of them change parameters less than a
thousandth. Money is in minor units of the business's currency while it is computed.

Reasons: the expected value is purchases of one who stays × the chance to have stayed × the value of a purchase. How it
differs from the usual value (that of the medians) is shared out to these three by their logarithms, so that the parts
sum up to the difference exactly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features.definition import day_number
from crm_core.analytics.reasons import Reason
from crm_core.analytics.results import Replacing, Row, parts
from crm_core.analytics.value.models import (
    DAYS_PER_WEEK,
    Array,
    BgNbd,
    GammaGamma,
    History,
    expected_purchases,
    expected_value,
    fit_purchases,
    fit_values,
    probability_alive,
    value_over,
)
from crm_core.database import Store

KIND = "value"
MODEL = "BG/NBD with Gamma-Gamma"
HORIZON_DAYS = 365
FITTED_ON = 50_000
"""Customers, at most."""
DRAWS = 200
"""Futures of each customer behind the interval."""
MILLI = 10
"""Thousandths of a major unit in a minor one; currencies have two decimals here."""
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Buyers:
    """Customers who ordered, rising, with their history in weeks, and what reasons tell of them."""

    customer: Ids
    history: History
    orders: Ids
    recency_days: Ids
    gap_days: Array
    """Mean days between two orders; not a number with one alone."""
    mean_minor: Array

    def only(self, some: Any) -> "Buyers":
        """Some of them."""
        history = History(*(getattr(self.history, field.name)[some] for field in fields(History)))
        mine = (self.customer, self.orders, self.recency_days, self.gap_days, self.mean_minor)
        customer, orders, recency, gap, mean = (each[some] for each in mine)
        return Buyers(customer, history, orders, recency, gap, mean)


@dataclass(frozen=True)
class Fitted:
    """Both models."""

    purchases: BgNbd
    values: GammaGamma


def read_buyers(store: Store, as_of: date, currency: str) -> Buyers:
    """Everybody who ordered up to a day; the orders of one day count as one purchase."""
    view, day = Dialect(store.engine.dialect.name).view("orders"), day_number(as_of)
    query = text(
        f"SELECT customer_id, placed_day, SUM(total_minor), COUNT(*) FROM {view} WHERE placed_day <= :day "
        "AND (cancelled_day IS NULL OR cancelled_day > :day) AND currency = :currency "
        "GROUP BY customer_id, placed_day ORDER BY customer_id, placed_day"
    )
    with engine.reading(store) as connection:
        found = connection.execution_options(stream_results=True).execute(query, {"day": day, "currency": currency})
        blocks = [np.array([tuple(row) for row in rows], dtype=np.int64) for rows in found.partitions(engine.BATCH)]
    return _buyers(np.concatenate([np.zeros((0, 4), dtype=np.int64), *blocks]), day)


def _buyers(days: NDArray[np.int64], until: int) -> Buyers:
    """From lines of customer, day, money, orders; by customer, then by day."""
    customer, first = np.unique(days[:, 0], return_index=True)
    count = np.diff(np.append(first, len(days)))
    last = first + count - 1
    spent, orders = (np.add.reduceat(days[:, at], first) if len(first) else days[:0, at] for at in (2, 3))
    repeats, span = count - 1, days[last, 1] - days[first, 1]
    later = np.maximum(spent - days[first, 2], 0) / np.maximum(repeats, 1)
    history = History(
        repeats, span / DAYS_PER_WEEK, (until - days[first, 1]) / DAYS_PER_WEEK, np.where(repeats > 0, later, 0.0)
    )
    gap = np.where(repeats > 0, span / np.maximum(repeats, 1), np.nan)
    return Buyers(customer, history, orders, until - days[last, 1], gap, spent / orders)


def fit(buyers: Buyers, seed: int = 0) -> Fitted:
    """Fit both models.

    Raises:
        TooFewPurchases: there is not enough to learn from yet.
    """
    count = len(buyers.customer)
    if count > FITTED_ON:
        buyers = buyers.only(np.sort(np.random.default_rng(seed).choice(count, FITTED_ON, replace=False)))
    return Fitted(fit_purchases(buyers.history), fit_values(buyers.history))


def score_values(
    store: Store, buyers: Buyers, models: Fitted, stamp: Row, progress: Callable[[int, int], None], seed: int = 0
) -> int:
    """Write the value of every buyer; returns of how many."""
    from crm_core.models import Score

    writing, total = Replacing(store, Score, Score.kind == KIND), len(buyers.customer)
    usual = _usual(buyers, models)
    for part in parts(total):
        some = buyers.only(part)
        writing.write(
            int(some.customer[-1]), _rows(some, models, usual, stamp, np.random.default_rng([seed, part.start]))
        )
        progress(part.stop, total)
    writing.finish()
    return writing.written


def _rows(buyers: Buyers, models: Fitted, usual: Array, stamp: Row, random: np.random.Generator) -> Iterator[Row]:
    horizon = HORIZON_DAYS / DAYS_PER_WEEK
    found = value_over(models.purchases, models.values, buyers.history, horizon, random, draws=DRAWS)
    shares = shared_out(_factors(buyers, models, found.purchases), usual[:3])
    figures = zip(
        buyers.customer.tolist(), _milli(found.expected), _milli(found.low), _milli(found.high),
        _reasons(buyers, shares, usual[3:]), strict=True,
    )  # fmt: skip
    for customer, expected, low, high, reasons in figures:
        yield {
            "customer_id": customer, "kind": KIND, "value_milli": expected, "low_milli": low, "high_milli": high,
            "horizon_days": HORIZON_DAYS, "model": MODEL, "reasons": reasons, **stamp,
        }  # fmt: skip


def _factors(buyers: Buyers, models: Fitted, expected: Array) -> Array:
    """Purchases of one who stays, chance to have stayed, value of a purchase: shape (3, n), all above 0."""
    alive = np.maximum(probability_alive(models.purchases, buyers.history), 1e-9)
    staying = np.maximum(expected / alive, 1e-9)
    return np.stack([staying, alive, np.maximum(expected_value(models.values, buyers.history), 1e-9)])


def _usual(buyers: Buyers, models: Fitted) -> Array:
    """The medians of the three factors, then of orders and of mean orders, over some of the customers."""
    some = buyers.only(slice(None, None, max(1, len(buyers.customer) // FITTED_ON)))
    expected = expected_purchases(models.purchases, some.history, HORIZON_DAYS / DAYS_PER_WEEK)
    factors = np.median(_factors(some, models, expected), axis=1)
    return np.array([*factors, np.median(some.orders), np.median(some.mean_minor)])


def shared_out(factors: Array, usual: Array) -> Array:
    """What each factor adds to the product of all, compared with that of the usual ones: shape as `factors`.

    Logarithmic mean Divisia decomposition: (v − u) / ln(v / u) × ln(factor / usual factor); their sum is v − u.
    """
    value, base = factors.prod(axis=0), usual.prod()
    logs = np.log(factors / usual[:, None])
    total = logs.sum(axis=0)
    even = np.abs(total) < 1e-9
    mean = np.where(even, base, (value - base) / np.where(even, 1.0, total))
    shares: Array = mean * logs
    return shares


def _reasons(buyers: Buyers, shares: Array, usual: Array) -> Iterator[list[dict[str, Any]]]:
    orders, mean = round(float(usual[0])), round(float(usual[1]))
    figures = zip(
        buyers.orders.tolist(), buyers.recency_days.tolist(), buyers.gap_days.tolist(), buyers.mean_minor.tolist(),
        *(_milli(each) for each in shares), strict=True,
    )  # fmt: skip
    for count, recency, gap, spent, by_orders, by_recency, by_mean in figures:
        own_gap = None if isnan(gap) else round(gap)
        yield [
            Reason("orders", count, orders, by_orders).as_json(),
            Reason("recency_days", recency, own_gap, by_recency).as_json(),
            Reason("mean_order_minor", round(spent), mean, by_mean).as_json(),
        ]


def _milli(minor: Array) -> list[int]:
    return [int(each) for each in np.rint(minor * MILLI).tolist()]
