"""Mixing recommenders: weights that rank best what was bought in a period after the one the models learnt from.

Measures of a list of k items: recall (share of what was bought that is in it), NDCG (Järvelin and Kekäläinen, 2002;
each item bought counts 1) and hit (whether any of it was bought).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.recommendations.models import (
    Array,
    BadPurchases,
    Bought,
    Ledger,
    Model,
    Purchases,
    Reasons,
    Rows,
    Sparse,
)

LENGTH = 10
"""Items in a list."""
BATCH = 256
"""Customers scored at once."""
LEARN_FROM = 1000
"""Customers that weights are learnt from, at most; more change them little."""
CANDIDATES = 50
"""Best items of each model that compete while weights are learnt."""
DRAWS = 40
"""Weights drawn at random before the best of them are refined."""
STEPS = (0.0, 0.5, 2.0)
"""What a single weight is multiplied with while refining."""
LEAST_WEIGHT = 0.02
"""What a model left out before is tried with again."""
ROUNDS = 4
"""How often all weights are refined, at most."""


@dataclass(frozen=True)
class Mix:
    """A weighted sum of models; each customer's scores of each are brought to mean 0 and deviation 1 before."""

    models: Mapping[str, Model]
    weights: Mapping[str, float]

    def scores(self, rows: Rows) -> Array:
        """As `Model.scores`."""
        first, *others = (name for name in self.models if self.weights[name] > 0)
        total = self.weights[first] * standardised(self.models[first].scores(rows))
        for name in others:
            total += self.weights[name] * standardised(self.models[name].scores(rows))
        return total

    def reasons(self, rows: Rows, items: Rows) -> Reasons:
        """The reasons of the model that speaks most for each item, among those that have one."""
        found = Reasons(np.full(items.shape, "", dtype="<U11"), np.zeros(items.shape))
        most = np.zeros(items.shape)
        for name, model in self.models.items():
            if self.weights[name] > 0:
                share = self.weights[name] * np.take_along_axis(standardised(model.scores(rows)), items, axis=1)
                of_model = model.reasons(rows, items)
                more = (share > most) & (of_model.kind != "")
                most[more], found.kind[more], found.what[more] = share[more], of_model.kind[more], of_model.what[more]
        return found


@dataclass(frozen=True)
class Measured:
    """How well lists met what was bought; one figure per customer with something to meet, shape (rows,)."""

    rows: Rows
    recall: Array
    ndcg: Array
    hit: Array


def standardised(scores: Array) -> Array:
    """Each row less its mean, by its standard deviation; 0 where all scores of a row are equal."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    found: Array = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)
    return found


def best_first(scores: Array, count: int) -> Rows:
    """The columns with the highest scores of each row, the first of equal ones first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def bought_after(ledger: Ledger, purchases: Purchases | Iterable[Bought], *, new_only: bool) -> Sparse:
    """What the ledger's customers bought of its items in later purchases: 1 or nothing, shape (customers + 1, items).

    Purchases of unknown customers or items are left out; with `new_only` also what they had bought before.
    """
    given = purchases if isinstance(purchases, Purchases) else Purchases.of(purchases)
    column = {name: at for at, name in enumerate(ledger.items)}
    rows, columns = (
        ledger.rows(given.customers),
        np.array([column.get(each, -1) for each in given.items], dtype=np.intp),
    )
    row, item = rows[given.customer], columns[given.item]
    pairs = np.unique((row * len(ledger.items) + item)[(row >= 0) & (item >= 0)])
    later = ledger.matrix(pairs, np.ones(len(pairs)))
    if new_only:
        later = later - later * ledger.bought
        later.eliminate_zeros()
    return later


def measure(model: Model, ledger: Ledger, later: Sparse, *, new_only: bool, count: int = LENGTH) -> Measured:
    """Compare a model's lists with what was bought later, for every customer who bought something then."""
    rows, bought = np.flatnonzero(later.sum(axis=1)), ledger.bought
    hits = [np.zeros((0, count), dtype=np.bool_)]
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        scores = _masked(model.scores(some), bought[some], new_only)
        hits.append(_padded(np.take_along_axis(later[some].toarray() > 0, best_first(scores, count), axis=1), count))
    met = np.concatenate(hits)
    wanted: Array = later.sum(axis=1)[rows]
    recall = np.asarray(met.sum(axis=1) / wanted, dtype=np.float64)
    hit = np.asarray(met.any(axis=1), dtype=np.float64)
    return Measured(rows, recall, _ndcg(met, wanted), hit)


def learn_weights(
    models: Mapping[str, Model], ledger: Ledger, later: Sparse, random: np.random.Generator, *, new_only: bool
) -> dict[str, float]:
    """Return the weights, which sum to 1, with the best mean NDCG on what was bought later.

    Every model alone is among the weights tried, so that on these customers the mix is no worse than the best of them.

    Args:
        models: fitted on the ledger, which ends before the later purchases.

    Raises:
        BadPurchases: there is no model, or nobody bought anything later.
    """
    rows = np.flatnonzero(later.sum(axis=1))
    if not models or not len(rows):
        raise BadPurchases("Nobody bought anything in the period to learn weights from: take a longer one.")
    rows = np.sort(random.permutation(rows)[:LEARN_FROM])
    parts, relevant = _candidates(models, ledger, later, rows, new_only)
    wanted = later.sum(axis=1)[rows]

    def quality(weights: Array) -> float:
        ranked = best_first(np.tensordot(weights, parts, axes=1), LENGTH)
        return float(_ndcg(_padded(np.take_along_axis(relevant, ranked, axis=1), LENGTH), wanted).mean())

    alone = np.eye(len(models))
    drawn = random.dirichlet(np.ones(len(models)), size=DRAWS)
    tried = [(quality(each), each) for each in (*alone, np.full(len(models), 1 / len(models)), *drawn)]
    best, weights = max(tried, key=lambda each: each[0])
    for _ in range(ROUNDS):
        before = best
        for part, step in ((part, step) for part in range(len(models)) for step in STEPS):
            changed = weights.copy()
            changed[part] = max(changed[part], LEAST_WEIGHT) * step
            if changed.sum() > 0:
                changed /= changed.sum()
                reached = quality(changed)
                if reached > best or (reached == best and step == 0):  # what changes nothing is left out
                    best, weights = reached, changed
        if best == before:
            break
    return dict(zip(models, weights.tolist(), strict=True))


def difference(
    one: Array, other: Array, random: np.random.Generator, *, probability: float = 0.95, draws: int = 2000
) -> tuple[float, float]:
    """The interval of the mean of one less the other, both of shape (n,), by drawing customers anew (bootstrap)."""
    less = one - other
    means = [float(less[random.integers(len(less), size=len(less))].mean()) for _ in range(draws)]
    low, high = np.quantile(means, [(1 - probability) / 2, (1 + probability) / 2])
    return float(low), float(high)


def _candidates(
    models: Mapping[str, Model], ledger: Ledger, later: Sparse, rows: Rows, new_only: bool
) -> tuple[Array, NDArray[np.bool_]]:
    """Standardised scores (models, rows, candidates) and whether each candidate was bought (rows, candidates).

    Candidates are the best few of each model, in the order of items; one that is there twice counts once.
    """
    bought, parts, relevant = ledger.bought, [], []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        scores = [standardised(model.scores(some)) for model in models.values()]
        best = [best_first(_masked(each, bought[some], new_only), CANDIDATES) for each in scores]
        chosen = np.sort(np.concatenate(best, axis=1), axis=1)
        out = np.zeros(chosen.shape, dtype=np.bool_)
        out[:, 1:] = chosen[:, 1:] == chosen[:, :-1]
        if new_only:
            out |= np.take_along_axis(bought[some].toarray() > 0, chosen, axis=1)
        given = np.stack([np.take_along_axis(each, chosen, axis=1) for each in scores])
        given[:, out] = -1e9  # finite: a weight of 0 times infinity is not a number
        parts.append(given)
        relevant.append((np.take_along_axis(later[some].toarray(), chosen, axis=1) > 0) & ~out)
    return np.concatenate(parts, axis=1), np.concatenate(relevant)


def _masked(scores: Array, bought: Sparse, new_only: bool) -> Array:
    return np.where(bought.toarray() > 0, -np.inf, scores) if new_only else scores


def _padded(hits: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Where there are fewer items than a list is long, the rest of it met nothing."""
    return np.pad(hits, ((0, 0), (0, count - hits.shape[1])))


def _ndcg(hits: NDArray[np.bool_], wanted: Array) -> Array:
    """NDCG of lists, shape (n,), from what they met (n, count) and how many items there were to meet."""
    count = hits.shape[1]
    gains = 1 / np.log2(np.arange(count) + 2)
    ideal = np.cumsum(gains)[np.minimum(wanted, count).astype(np.intp) - 1]
    reached: Array = hits @ gains / ideal
    return reached
