"""Lists for customers, made of a model's scores: what may be new to them, and what to buy again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.recommendations.mix import LEARN_FROM, LENGTH, best_first
from crm_core.analytics.recommendations.models import (
    Array,
    BadPurchases,
    Key,
    Ledger,
    Model,
    Reason,
    Reasons,
    Rows,
    Sparse,
)

TEMPERATURES = (0.05, 20.0)
"""Between these the best one is looked for."""


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


def learn_temperature(
    model: Model, ledger: Ledger, later: Sparse, *, owned: bool, offered: NDArray[np.bool_] | None = None
) -> float:
    """The temperature at which what was bought later is likeliest: then chances are what they say they are.

    1, where nobody bought anything that could have stood in the list.

    Args:
        model: fitted on the ledger, which ends before the later purchases.
    """
    from scipy.optimize import minimize_scalar

    rows = np.flatnonzero(later.sum(axis=1))
    rows = rows[:: max(1, len(rows) // LEARN_FROM)]
    allowed = _allowed(ledger, rows, owned, offered)
    bought = (later[rows].toarray() > 0) & allowed
    if not bought.any():
        return 1.0
    scores = np.where(allowed, model.scores(rows), -np.inf)

    def unlikely(logarithm: float) -> float:
        chances = probabilities(scores, temperature=float(np.exp(logarithm)))
        return float(-np.log(np.maximum(chances[bought], 1e-300)).mean())

    return float(np.exp(minimize_scalar(unlikely, bounds=np.log(TEMPERATURES), method="bounded").x))


def _allowed(ledger: Ledger, rows: Rows, owned: bool, offered: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Which items may stand in the lists of customers."""
    allowed: NDArray[np.bool_] = (ledger.bought[rows].toarray() > 0) == owned
    return allowed if offered is None else allowed & offered


def lists(
    model: Model, ledger: Ledger, rows: Rows, *, owned: bool, count: int = LENGTH, temperature: float = 1.0,
    offered: NDArray[np.bool_] | None = None,
) -> Lists:  # fmt: skip
    """The lists of customers given as rows of the ledger: what they own, to buy again, or what they do not.

    Args:
        offered: which of the ledger's items may be listed at all; all of them unless given.
    """
    allowed = _allowed(ledger, rows, owned, offered)
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
