"""Lists for customers, made of a model's scores: what may be new to them, and what to buy again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.recommendation_mix import LENGTH, best_first
from crm_core.analytics.recommendations import Array, BadPurchases, Key, Ledger, Model, Reason, Reasons, Rows


@dataclass(frozen=True)
class Recommendation:
    """An item for a customer; `probability` is its share among all items that could stand in the list."""

    item: str
    probability: float
    reason: Reason


@dataclass(frozen=True)
class Lists:
    """The lists of many customers, a row each, the best item first: arrays of the shape (customers, length).

    item: position in the ledger, -1 after the end of a shorter list. chance: its share among all that could stand
    there.
    """

    item: Rows
    chance: Array
    reasons: Reasons


def probabilities(scores: Array, *, temperature: float = 1.0) -> Array:
    """P(item | customer) = softmax(scores / temperature), along the last axis; items that score -inf have none.

    Args:
        temperature: above 0; small ones favour the best item, great ones make all alike.

    Raises:
        BadPurchases: the temperature is not above 0.
    """
    if not 0 < temperature < np.inf:
        raise BadPurchases("The temperature must be a number above 0.")
    best = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    each: Array = np.exp((scores - np.where(np.isfinite(best), best, 0.0)) / temperature)
    total = each.sum(axis=-1, keepdims=True)
    shares: Array = np.divide(each, total, out=np.zeros_like(each), where=total > 0)
    return shares


def lists(
    model: Model, ledger: Ledger, rows: Rows, *, owned: bool, count: int = LENGTH, temperature: float = 1.0,
    offered: NDArray[np.bool_] | None = None,
) -> Lists:  # fmt: skip
    """The lists of customers given as rows of the ledger: what they own, to buy again, or what they do not.

    Args:
        offered: which of the ledger's items may be listed at all; all of them unless given.
    """
    allowed = (ledger.bought[rows].toarray() > 0) == owned
    if offered is not None:
        allowed &= offered
    scores = np.where(allowed, model.scores(rows), -np.inf)
    best = best_first(scores, count)
    reasons = model.reasons(rows, best)
    by_buyers = np.where(ledger.buyers[best] > 0, "popular", "new")  # the order of items that no model speaks for
    kind = np.where(reasons.kind == "", by_buyers, reasons.kind)
    chances = np.take_along_axis(probabilities(scores, temperature=temperature), best, axis=1)
    listed = np.isfinite(np.take_along_axis(scores, best, axis=1))
    return Lists(np.where(listed, best, -1), chances, Reasons(kind, reasons.what))


def new_items(
    model: Model, ledger: Ledger, customer: Key, *, count: int = LENGTH, temperature: float = 1.0
) -> list[Recommendation]:
    """Items that a customer has not bought, the best first; the popular ones for a customer nobody knows."""
    return _listed(
        lists(model, ledger, ledger.rows([customer]), owned=False, count=count, temperature=temperature), ledger
    )


def buy_again(
    model: Model, ledger: Ledger, customer: Key, *, count: int = LENGTH, temperature: float = 1.0
) -> list[Recommendation]:
    """Items that a customer has bought, the best first; with `fit_habit`, what is due. Empty for the unknown."""
    return _listed(
        lists(model, ledger, ledger.rows([customer]), owned=True, count=count, temperature=temperature), ledger
    )


def _listed(found: Lists, ledger: Ledger) -> list[Recommendation]:
    made = []
    for place, item in enumerate(found.item[0].tolist()):
        reason = found.reasons.at((0, place), ledger.items)
        if item >= 0 and reason:
            made.append(Recommendation(ledger.items[item], float(found.chance[0, place]), reason))
    return made
