"""Examples to learn from: what was known of customers at the end of past days, and what they did afterwards.

Every example is a customer on a day. What is known is the feature table as of that day; what followed is looked for in
the days after it, the horizon. Days for training, choosing and reporting lie so far apart that what followed one never
reaches into what followed the next (`plan`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.value.models import TooFewPurchases

Array = NDArray[np.float64]
Ids = NDArray[np.int64]
Frame = Any
"""A pandas DataFrame; pandas brings no types."""

HORIZONS = (30, 180)
"""The shortest and the longest time ahead that is looked at, in days."""
BETWEEN = 30
"""Days between two days that are learnt from: closer ones say nearly the same again."""
LEAST_HISTORY = 60
"""Days that must have been seen before the first day that is learnt from."""
MOST_DAYS = 8
"""Days that are learnt from, at most: what customers did years ago says little about them now."""
ROWS = 50_000
"""Examples to learn from, at most."""
MOST_CATEGORIES = 20
"""Categories looked at one by one, the most bought ones; all others together are `OTHER`."""
EPOCH = date(1970, 1, 1)
NONE = "none"
OTHER = "other"


class Past(Protocol):
    """What is stored about customers. `first` and `last` are the days, both complete, between which it was gathered.

    Frames are by rising customer_id; with `customers` only of these. Days in frames are days since 1970-01-01.
    """

    @property
    def first(self) -> date: ...

    @property
    def last(self) -> date: ...

    def customers(self) -> Ids:
        """All customers, rising."""

    def features(self, day: date, customers: Ids | None = None) -> Frame:
        """The feature table as of the end of a day: customer_id and the columns of `features/definition.py`."""

    def bought_categories(self, day: date, customers: Ids | None = None) -> Frame:
        """What was bought up to a day, as customer_id, category, orders, last_day."""

    def orders(self, after: date, until: date, customers: Ids | None = None) -> Frame:
        """Orders that count, as customer_id, day, spent_minor."""

    def order_lines(self, after: date, until: date, customers: Ids | None = None) -> Frame:
        """Lines of orders that count, as customer_id, day, category, spent_minor."""

    def contacts(self, after: date, until: date, customers: Ids | None = None) -> Frame:
        """What customers wrote about, in the order they did, as customer_id, day, what (a kind of `CONTACTS`)."""


@dataclass(frozen=True)
class Days:
    """The days that examples are taken of."""

    training: tuple[date, ...]
    validation: tuple[date, ...]
    test: date
    horizon: int


@dataclass(frozen=True)
class Snapshots:
    """Examples: one row each in `known`, whose customer it is, and what followed (a number or a word)."""

    known: Frame
    customer: Ids
    followed: NDArray[Any]

    def __len__(self) -> int:
        return len(self.customer)

    def only(self, rows: NDArray[Any]) -> "Snapshots":
        """Some of the rows, by position or by mask."""
        return Snapshots(self.known.iloc[rows] if rows.dtype != bool else self.known[rows], self.customer[rows],
                         self.followed[rows])  # fmt: skip


def joined(*parts: Snapshots) -> Snapshots:
    """The examples of several parts, in their order."""
    known = pd.concat([part.known for part in parts], ignore_index=True)
    customer = np.concatenate([part.customer for part in parts])
    return Snapshots(known, customer, np.concatenate([part.followed for part in parts]))


Followed = Callable[[Past, date, date, Ids], Frame]
"""What these customers did after one day up to another: a series by customer, without those who are no example."""


def horizon_of(past: Past) -> int:
    """Twice the usual time between two orders of a customer, in whole months of 30 days.

    Within this time most customers who still are any order again, so that silence means something. It follows the
    business (a shop for coffee is not one for mattresses) and is read only from the first half of what is known, so
    that the days to be reported on have no say in it.
    """
    half = past.first + (past.last - past.first) // 2
    bought = past.orders(past.first - timedelta(1), half)[["customer_id", "day"]].drop_duplicates()
    gaps = bought.sort_values(["customer_id", "day"]).groupby("customer_id")["day"].diff().dropna()
    months = round(2 * float(gaps.median()) / 30) if len(gaps) else 0
    return int(min(max(months * 30, HORIZONS[0]), HORIZONS[1]))


def plan(first: date, last: date, horizon: int) -> Days:
    """The latest days whose horizons have passed: test; before it two for validation; before them those for training.

    Raises:
        TooFewPurchases: not enough time has passed.
    """
    test = last - timedelta(horizon)
    validation = (test - timedelta(horizon + BETWEEN), test - timedelta(horizon))
    training = _steps(validation[0] - timedelta(horizon), first)
    if not training:
        needed = 3 * horizon + BETWEEN + LEAST_HISTORY
        raise TooFewPurchases(f"Looking {horizon} days ahead needs {needed} days of history: wait, or import more.")
    return Days(training, validation, test, horizon)


def latest(first: date, last: date, horizon: int) -> tuple[date, ...]:
    """The days to learn from for use: as for training, but up to the newest whose horizon has passed."""
    return _steps(last - timedelta(horizon), first)


def _steps(newest: date, first: date) -> tuple[date, ...]:
    days = [newest - timedelta(BETWEEN * back) for back in range(MOST_DAYS)]
    return tuple(sorted(day for day in days if day - first >= timedelta(LEAST_HISTORY)))


def known_on(past: Past, day: date, customers: Ids | None, categories: Sequence[str] = ()) -> Frame:
    """What is known at the end of a day: the feature table and what `with_more` adds."""
    bought = past.bought_categories(day, customers) if categories else None
    return with_more(past.features(day, customers), bought, day, categories)


def with_more(features: Frame, bought: Frame | None, day: date, categories: Sequence[str]) -> Frame:
    """The feature table with how overdue an order is (1000: one usual gap), and what was bought of some categories."""
    frame = features.reset_index(drop=True)
    frame["overdue_share_milli"] = (1000 * frame["recency_days"]) // frame["gap_mean_days"].clip(lower=1)
    if bought is None or not categories:
        return frame
    latest_first = bought.sort_values(["last_day", "category"], ascending=[False, True])
    last = latest_first.drop_duplicates("customer_id").set_index("customer_id")["category"]
    extra: dict[str, Any] = {"last_category": frame["customer_id"].map(last)}
    for category in categories:
        of_it = bought[bought["category"] == category].set_index("customer_id")
        extra[f"orders_in:{category}"] = frame["customer_id"].map(of_it["orders"]).fillna(0)
        extra[f"recency_in:{category}"] = (day - EPOCH).days - frame["customer_id"].map(of_it["last_day"])
    return pd.concat([frame, pd.DataFrame(extra)], axis=1)


def common_categories(past: Past, until: date, customers: Ids | None = None) -> tuple[str, ...]:
    """The categories most customers had bought by a day, ties by name."""
    counts = past.bought_categories(until, customers)["category"].value_counts()
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(str(name) for name, _ in ranked[:MOST_CATEGORIES])


def gather(
    past: Past, days: Sequence[date], horizon: int, followed: Followed, customers: Ids, categories: Sequence[str] = ()
) -> Snapshots:
    """The examples on these days of those of the customers who had ordered by then; by day, then by customer.

    Raises:
        TooFewPurchases: all of them did the same, whatever the day.
    """
    parts = []
    for day in days:
        known = known_on(past, day, customers, categories)
        known = known[known["orders"].to_numpy(np.int64) > 0]
        label = followed(past, day, day + timedelta(horizon), known["customer_id"].to_numpy(np.int64))
        if len(days) > 1 and label.nunique() < 2:
            continue  # it could not be otherwise yet, as before there was a chat
        known = known[known["customer_id"].isin(label.index).to_numpy()]
        parts.append((known, label.loc[known["customer_id"]].to_numpy()))
    if not parts:
        raise TooFewPurchases("Nothing has happened yet that could be foretold.")
    known = pd.concat([frame for frame, _ in parts], ignore_index=True)
    return Snapshots(known, known["customer_id"].to_numpy(np.int64), np.concatenate([labels for _, labels in parts]))


def some_customers(past: Past, days: int, random: np.random.Generator) -> Ids:
    """So many customers, drawn without favour, that their examples on so many days are about `ROWS`."""
    everybody = past.customers()
    count = -(-ROWS // days)
    return everybody if len(everybody) <= count else np.sort(random.choice(everybody, count, replace=False))


def fewer(snapshots: Snapshots, rows: int, random: np.random.Generator) -> Snapshots:
    """At most so many examples; what followed keeps its shares (stratified) where it is a word or 0 and 1."""
    if len(snapshots) <= rows:
        return snapshots
    _, kinds = np.unique(snapshots.followed, return_inverse=True)
    if kinds.max() > MOST_CATEGORIES + 1:
        kinds = np.zeros_like(kinds)
    order = random.permutation(len(snapshots))
    place = np.empty(len(snapshots), dtype=np.float64)
    for kind in np.unique(kinds):
        of_it = order[kinds[order] == kind]
        place[of_it] = (np.arange(len(of_it)) + 0.5) / len(of_it)
    return snapshots.only(np.sort(np.argsort(place, kind="stable")[:rows]))
