"""What the models foretell of customers, as rows of `scores` and `needs` with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from crm_core.analytics.prediction.fitted import Fitted
from crm_core.analytics.prediction.learning import Learnt
from crm_core.analytics.prediction.snapshots import NONE, OTHER, Array, Frame, with_more
from crm_core.analytics.reasons import Figure, Reason

Row = dict[str, Any]
REASONS = 3
MOST_NEEDS = 3
LEAST_CHANCE = 0.02
"""A need that is less likely is none."""


@dataclass(frozen=True)
class Predicted:
    """Rows to be written, by table; by rising customer_id, needs by rank."""

    scores: list[Row]
    needs: list[Row]


def predict_all(
    features: Frame, bought: Frame, models: Mapping[str, Learnt], *, computed_at: datetime, data_until: datetime
) -> Predicted:
    """Foretell everything that was learnt, of the customers in a part of the feature table.

    A churn score is the chance that no order comes within its horizon. The chance of a category is that of ordering at
    all times that of this category then, so that it needs the churn model; the chance of a contact is that it is the
    next one. Customers who never ordered are left out: nothing was learnt about them.

    Args:
        features: the feature table as of the end of a day, `data_until`; any customers.
        bought: what they bought by category (`Past.bought_categories`).
        models: target → what was learnt; those that are not there are not foretold.
    """
    categories = models["next_category"].categories if "next_category" in models else ()
    known = with_more(features[features["orders"] > 0], bought, data_until.date(), categories)
    stamp = {"computed_at": computed_at, "data_until": data_until}
    found = Predicted([], [])
    if not len(known) or "churn" not in models:
        return found
    churn = models["churn"]
    leaving = churn.fitted.predict(known)[:, 0]
    reasons = _Reasons(churn.fitted, known)
    for row, customer in enumerate(known["customer_id"].tolist()):
        found.scores.append({
            "customer_id": customer, "kind": "churn", "value_milli": round(1000 * leaving[row]), "low_milli": None,
            "high_milli": None, "horizon_days": churn.days.horizon, "model": churn.chosen,
            "reasons": reasons.of(row, 0), **stamp,
        })  # fmt: skip
    chances = {"category": ("next_category", 1 - leaving), "contact": ("next_contact", np.ones(len(known)))}
    for kind, (target, share) in chances.items():
        if target in models:
            found.needs.extend(_needs(kind, models[target], known, share, stamp))
    return found


def _needs(kind: str, learnt: Learnt, known: Frame, share: Array, stamp: Row) -> list[Row]:
    """The likeliest answers of each customer, likeliest first, ties by name."""
    names = learnt.fitted.answers.names
    chances = learnt.fitted.predict(known) * share[:, None]
    chances[:, [name in (NONE, OTHER) for name in names]] = 0
    ranked = np.argsort(-chances, axis=1, kind="stable")[:, :MOST_NEEDS]
    reasons, rows = _Reasons(learnt.fitted, known, share), []
    for row, customer in enumerate(known["customer_id"].tolist()):
        for rank, answer in enumerate(ranked[row].tolist(), start=1):
            if chances[row, answer] < LEAST_CHANCE:
                break
            rows.append({
                "customer_id": customer, "kind": kind, "rank": rank, "what": names[answer],
                "chance_milli": round(1000 * chances[row, answer]), "horizon_days": learnt.days.horizon,
                "model": learnt.chosen, "reasons": reasons.of(row, answer), **stamp,
            })  # fmt: skip
    return rows


class _Reasons:
    """The strongest reasons of each row and answer, out of what each column adds."""

    def __init__(self, fitted: Fitted, known: Frame, share: Array | None = None) -> None:
        added = fitted.explain(known).added
        self._added = added if share is None else added * share[:, None, None]
        self._columns = fitted.columns
        self._usual = {} if fitted.inputs is None else fitted.inputs.usual
        self._values = {column: known[column].to_numpy(dtype=object, na_value=None) for column in self._columns}
        self._order = np.argsort(-np.abs(self._added), axis=1, kind="stable")[:, :REASONS]

    def of(self, row: int, answer: int) -> list[Row]:
        """As they are stored; what adds less than half a thousandth is no reason."""
        stored = []
        for position in self._order[row, :, answer].tolist():
            effect = round(1000 * float(self._added[row, position, answer]))
            if effect:
                stored.append(self._reason(self._columns[position], row, effect).as_json())
        return stored

    def _reason(self, column: str, row: int, effect: int) -> Reason:
        """A column of one category, `orders_in:tea`, is the fact `orders_in` of that category."""
        fact, _, category = column.partition(":")
        if category:
            return Reason(fact, category, effect_milli=effect)
        return Reason(fact, _figure(self._values[column][row]), _figure(self._usual.get(column)), effect)


def _figure(value: Any) -> Figure:
    """A value as it is stored: whole, or a word; None for one that is not there."""
    if value is None or isinstance(value, str):
        return value or None
    return None if pd.isna(value) else round(float(value))
