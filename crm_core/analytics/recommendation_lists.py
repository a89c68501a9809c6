"""Lists for one customer, made of a model's scores: what may be new to them, and what to buy again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.recommendations import Array, BadPurchases, Ledger, Model, Reason


@dataclass(frozen=True)
class Recommendation:
    """An item for a customer; `probability` is its share among all items that could stand in the list."""

    item: str
    probability: float
    reason: Reason


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


def new_items(
    model: Model, ledger: Ledger, customer: str, *, count: int = 10, temperature: float = 1.0
) -> list[Recommendation]:
    """Items that a customer has not bought, the best first; the popular ones for a customer nobody knows."""
    return _listed(model, ledger, customer, count, temperature, owned=False)


def buy_again(
    model: Model, ledger: Ledger, customer: str, *, count: int = 10, temperature: float = 1.0
) -> list[Recommendation]:
    """Items that a customer has bought, the best first; with `fit_habit`, what is due. Empty for the unknown."""
    return _listed(model, ledger, customer, count, temperature, owned=True)


def _listed(
    model: Model, ledger: Ledger, customer: str, count: int, temperature: float, *, owned: bool
) -> list[Recommendation]:
    rows = ledger.rows([customer])
    has: NDArray[np.bool_] = ledger.bought[rows].toarray()[0] > 0
    scores = np.where(has == owned, model.scores(rows)[0], -np.inf)
    chances = probabilities(scores, temperature=temperature)
    best = [int(item) for item in np.argsort(-scores, kind="stable")[:count] if np.isfinite(scores[item])]
    return [
        Recommendation(
            ledger.items[item],
            float(chances[item]),
            model.reason(int(rows[0]), item) or _without_model(ledger, item),
        )
        for item in best
    ]


def _without_model(ledger: Ledger, item: int) -> Reason:
    """Items are in the order of their buyers: one that no model speaks for is there because of that."""
    return Reason("popular" if ledger.bought[:, [item]].nnz else "new")
