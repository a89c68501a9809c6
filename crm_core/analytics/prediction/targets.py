"""What is foretold of customers, one line each in `TARGETS`: what the question is and what counts as its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from crm_core.analytics.prediction.snapshots import NONE, Followed, Frame, Ids, Past

Kind = Literal["chance", "choice", "amount"]
"""Whether something happens (0 or 1), which of several things does, or how much."""


@dataclass(frozen=True)
class Target:
    """One question about customers who have ordered before.

    `naive`: columns that a naive answer may go by alone: the rate of those alike in it. `horizon`: days ahead, None
    for the business's own (`horizon_of`). `categories`: whether what was bought of each category is known, too.
    """

    kind: Kind
    followed: Followed
    naive: tuple[str, ...]
    horizon: int | None = None
    categories: bool = False


def buys_not(past: Past, after: date, until: date, customers: Ids) -> Frame:
    """1 for a customer who does not order, 0 for one who does."""
    again = past.orders(after, until, customers)["customer_id"].unique()
    return pd.Series(np.isin(customers, again, invert=True).astype(np.int64), index=customers)


def spends(past: Past, after: date, until: date, customers: Ids) -> Frame:
    """What each customer spends, in minor units; 0 for many."""
    spent = past.orders(after, until, customers).groupby("customer_id")["spent_minor"].sum()
    return spent.reindex(customers, fill_value=0).astype(np.float64)


def buys_next(past: Past, after: date, until: date, customers: Ids) -> Frame:
    """The category with the most money in it on the day of the next order, ties by name; only of who orders."""
    lines = past.order_lines(after, until, customers)
    first = lines.groupby("customer_id")["day"].transform("min")
    spent = lines[lines["day"] == first].groupby(["customer_id", "category"], as_index=False)["spent_minor"].sum()
    ranked = spent.sort_values(["customer_id", "spent_minor", "category"], ascending=[True, False, True])
    return ranked.drop_duplicates("customer_id").set_index("customer_id")["category"].astype(object)


def writes_next(past: Past, after: date, until: date, customers: Ids) -> Frame:
    """What each customer writes about next, or `NONE`."""
    contacts = past.contacts(after, until, customers)
    first = contacts.drop_duplicates("customer_id").set_index("customer_id")["what"]
    return first.astype(object).reindex(customers, fill_value=NONE)


TARGETS: Mapping[str, Target] = {
    "churn": Target("chance", buys_not, ("recency_days", "overdue_share_milli")),
    "next_category": Target("choice", buys_next, ("top_category", "last_category"), categories=True),
    "next_contact": Target("choice", writes_next, ("recency_days", "messages_90"), horizon=30),
    "next_spend": Target("amount", spends, ("recency_days", "spend_90_minor", "spend_minor")),
}
