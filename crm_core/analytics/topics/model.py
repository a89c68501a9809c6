"""Topics of texts: TF-IDF and LDA, started from a factorisation so that it ends in much the same place every time.

Short texts leave plain LDA in chance: every start ends elsewhere. Here a non-negative factorisation of the weighted
words says where to begin. A topic is shown by words that it has more of than other topics, and that stand together in
texts (coherence: NPMI). Loads scikit-learn: call it in a job's own process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.topics.lda import ETA, FEW, Floats, Lda

NUMBERS = (2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40)
"""Numbers of topics that are tried."""
LEAST_TEXTS, LEAST_WORDS = 12, 15
"""Texts and words for each topic, at least."""
LEAST_WORD, COMMON_WORD = 3, 0.3
"""Texts that hold a word, at least; and the share of texts from which on it tells nothing."""
TRIED_ON, FITTED_ON = 4_000, 10_000
"""Texts, at most, that the number of topics is chosen on, and that topics are found in; the others follow them."""
TOP = 10
CANDIDATES = 25
"""Words of a topic among which those are looked for that stand together."""
MOSTLY = 0.5
"""A word stands for a topic that has at least this much of it, held against the topic that has most."""
DOUBT = 1.0
"""Texts that are added where the number of topics is chosen: what half of the texts never shows is not impossible."""
SAME = 0.5
"""Likeness (cosine of the weights of words) from which on a topic is one of the weeks before."""
KNOWN = 0.3
"""What is known of a topic counts like so much of the texts about it."""
TOGETHER = 2.0
"""What standing together weighs, held against the logarithm of how often a word is in the topic."""


@dataclass(frozen=True, slots=True)
class Topics:
    """`tops`: the words of each topic, best first. `weights`: how many texts of a topic hold a word. `shares`: of each
    topic in each text; all zero where a text has no known word. `by_weight`: what LDA itself would show."""

    vocabulary: Sequence[str]
    tops: list[list[int]]
    weights: Floats
    shares: Floats
    by_weight: list[list[int]]

    def words(self, topic: int) -> list[str]:
        """The words of a topic, best first."""
        return [self.vocabulary[word] for word in self.tops[topic]]


def occurrences(texts: Sequence[Sequence[str | None]]) -> tuple[Any, list[str]]:
    """Which text holds which word, as a sparse matrix of ones, and the words."""
    from scipy.sparse import csr_matrix

    counts: dict[str, int] = {}
    for text in texts:
        for word in {word for word in text if word is not None}:
            counts[word] = counts.get(word, 0) + 1
    least = max(LEAST_WORD, len(texts) // 500)
    vocabulary = sorted(word for word, count in counts.items() if least <= count <= COMMON_WORD * len(texts))
    place = {word: index for index, word in enumerate(vocabulary)}
    rows, columns = [], []
    for row, text in enumerate(texts):
        known = sorted({place[word] for word in text if word is not None and word in place})
        rows += [row] * len(known)
        columns += known
    shape = (len(texts), len(vocabulary))
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape), vocabulary


def find_topics(
    matrix: Any,
    vocabulary: Sequence[str],
    number: int,
    seed: int,
    learnt: NDArray[np.int64] | None = None,
    known: Sequence[Mapping[str, float]] = (),
) -> Topics:
    """Topics of the texts of a matrix, as many as asked for.

    Args:
        learnt: places of the texts to learn from; all, if left out.
        known: words of topics of the weeks before, with their weights; those that are there again stay what they were.
    """
    source = matrix if learnt is None else matrix[learnt]
    chosen = source[_sample(source.shape[0], FITTED_ON, seed)]
    model = _fit(chosen, number, seed, _as_rows(known, vocabulary))
    shares = model.shares(weighted_words(matrix, chosen))
    shares[np.asarray(matrix.sum(axis=1)).ravel() == 0] = 0
    weights = np.asarray(source.T @ (shares if learnt is None else shares[learnt])).T
    return Topics(vocabulary, top_words(weights, npmi(source)), weights, shares, largest(model.weights))


def choose_number(matrix: Any, seed: int, last: int | None = None) -> int:
    """How many topics there are, 0 if too little is said.

    Topics are found in one half of the texts, and their words looked up in the other, and the other way round. The more
    topics the better, as long as they hold together as well as those of the best number, within one standard error; but
    where last time's number does, it is only given up for the best one, and only for more.
    """
    chosen = _sample(matrix.shape[0], TRIED_ON, seed)
    halves = matrix[chosen[::2]], matrix[chosen[1::2]]
    most = min(matrix.shape[0] // LEAST_TEXTS, matrix.shape[1] // LEAST_WORDS)
    found = {number: _held_out(halves, number, seed) for number in NUMBERS if number <= most}
    if not found:
        return 0
    best = max(found, key=lambda number: found[number].mean())
    least = found[best].mean() - found[best].std() / np.sqrt(len(found[best]))
    good = [number for number in found if found[number].mean() >= least]
    return max(last, best) if last in good else max(good)


def _held_out(halves: tuple[Any, Any], number: int, seed: int) -> Floats:
    """How well the topics of one half hold together in the other."""
    found = []
    for learnt, other in (halves, halves[::-1]):
        shares = _fit(learnt, number, seed).shares(weighted_words(learnt, learnt))
        tops = top_words(np.asarray(learnt.T @ shares).T, npmi(learnt))
        found.append(coherences(tops, npmi(other, DOUBT)))
    return np.concatenate(found)


def weighted_words(matrix: Any, learnt: Any) -> Any:
    """Words weighted by how rare they are in the texts that are learnt from; damped, or rare words would lead."""
    total = learnt.shape[0]
    rare = np.log((1 + total) / (1 + np.asarray(learnt.sum(axis=0)).ravel())) + 1
    return matrix.multiply(np.sqrt(rare)).tocsr()


def npmi(matrix: Any, more: float = 0.0) -> Floats:
    """How much two words stand together in texts: from -1 (never) over 0 (by chance) to 1 (always).

    Args:
        more: texts that are added to those found and to those to be expected, so that rare words say little.
    """
    total = matrix.shape[0]
    together = np.asarray((matrix.T @ matrix).todense(), dtype=float)
    single = np.diag(together)
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.log((together + more) / (np.outer(single, single) / total + more))
        values = above / -np.log((together + more) / (total + more))
    values[together + more == 0] = -1
    values[together == total] = 1
    return np.asarray(values)


def coherences(tops: Sequence[Sequence[int]], values: Floats) -> Floats:
    """The mean NPMI of the words of each topic, pair by pair."""
    return np.array([
        np.mean([values[one, other] for place, one in enumerate(top) for other in top[:place]]) for top in tops
    ])  # fmt: skip


def diversity(tops: Sequence[Sequence[int]]) -> float:
    """The share of different words among all words of topics."""
    return len({word for top in tops for word in top}) / max(1, sum(map(len, tops)))


def top_words(weights: Floats, values: Floats) -> list[list[int]]:
    """Of each topic, the words that are its own, often in it, and together in texts; then others, if these are few."""
    most = np.maximum(weights.max(axis=0), FEW)
    found = []
    for weight in weights:
        own = np.where(weight >= MOSTLY * most, weight, 0)
        order = [int(word) for word in np.argsort(-own, kind="stable")[:CANDIDATES] if own[word] > 0]
        chosen = _together(order, np.log(own[order]), values)
        rest = [
            int(word) for word in np.argsort(-weight * weight / most, kind="stable")[: 2 * TOP] if word not in chosen
        ]
        found.append([*chosen, *rest][:TOP])
    return found


def _together(order: list[int], often: Floats, values: Floats) -> list[int]:
    """The first word, and one by one those that go best with the words before."""
    chosen, left = order[:1], list(range(1, len(order)))
    beside = np.zeros(len(order))
    while left and len(chosen) < TOP:
        beside += values[order, chosen[-1]]
        best = max(left, key=lambda place: often[place] + TOGETHER * beside[place] / len(chosen))
        left.remove(best)
        chosen.append(order[best])
    return chosen


def _fit(matrix: Any, number: int, seed: int, known: Floats | None = None) -> Lda:
    """LDA on weighted words, begun at a factorisation of them."""
    from sklearn.decomposition import NMF

    weighted = weighted_words(matrix, matrix)
    parts = NMF(number, init="nndsvda", random_state=seed, max_iter=400, tol=1e-3).fit(weighted).components_
    shares = parts / np.maximum(parts.sum(axis=1, keepdims=True), FEW)
    mass = weighted.sum() / number
    prior = np.full(shares.shape, ETA)
    if known is not None and len(known):
        for topic, place in likest(shares, known).items():
            prior[topic] += KNOWN * mass * known[place]
    return Lda.fitted(weighted, shares * mass, prior)


def _as_rows(known: Sequence[Mapping[str, float]], vocabulary: Sequence[str]) -> Floats:
    """Weights of words as rows of shares; words that nobody writes any more are left out."""
    place = {word: index for index, word in enumerate(vocabulary)}
    rows = np.zeros((len(known), len(vocabulary)))
    for row, words in enumerate(known):
        for word in words.keys() & place.keys():
            rows[row, place[word]] = words[word]
    return np.asarray(rows / np.maximum(rows.sum(axis=1, keepdims=True), FEW))


def likest(found: Floats, known: Floats) -> dict[int, int]:
    """Row of one table -> row of the other that is the same topic; each once, with the greatest likeness in all."""
    from scipy.optimize import linear_sum_assignment

    one, other = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), FEW) for rows in (found, known))
    alike = one @ other.T
    pairs = zip(*linear_sum_assignment(-alike), strict=True)
    return {int(row): int(column) for row, column in pairs if alike[row, column] >= SAME}


def largest(weights: Floats) -> list[list[int]]:
    """The words of each topic that weigh most."""
    return [[int(word) for word in order[:TOP]] for order in np.argsort(-weights, axis=1, kind="stable")]


def _sample(total: int, most: int, seed: int) -> NDArray[np.int64]:
    """The places of texts to learn from, in random order."""
    return np.random.default_rng(seed).permutation(total)[:most]
