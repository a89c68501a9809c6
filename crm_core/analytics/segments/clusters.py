"""Customers who are alike: KMeans on the feature table, each cluster said in words by a shallow tree.

How many there are is chosen by silhouette among the numbers that come out the same on resampled customers. Loads
scikit-learn: call it in a job's own process. Every random choice has a seed; the same table gives the same clusters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crm_core.analytics.segments.words import Both, joined, segment_words

if TYPE_CHECKING:
    import pandas

SEED = 20_261
FEWEST_CLUSTERS, MOST_CLUSTERS = 3, 8
"""Two kinds of customers would say no more than a single condition does."""
FEWEST_IN_ONE = 30
"""Buyers for each cluster at least, so that a handful is no kind of customer."""
SAMPLE = 20_000
"""Buyers that the number of clusters is chosen on."""
SILHOUETTE_SAMPLE = 4_000
"""The silhouette compares everybody with everybody."""
RESAMPLES = 6
STABLE = 0.8
"""Mean adjusted Rand index from which a number of clusters counts as the same on resampled customers."""
CLOSE = 0.03
"""A better silhouette by less than this is no reason for another number than last time."""
FARTHEST = 3.0
"""Nobody is farther out than this, in spreads, so that one odd customer makes no cluster."""
LONGEST_FIT = 500
"""Rounds until nobody moves; even a million buyers rarely need a hundred."""
TREE_SAMPLE = 50_000
DEPTH = 3
"""Questions on the way to a place in the tree; one more when there are more than four clusters."""


LITTLE = 3
"""Points of fit (percent inside less percent outside) that a condition must add to be said."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition on a column: values over `low` (None: no bound) and up to `high`."""

    column: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A cluster in words, and how well the words fit: percent of it, and of all others, that meet the bounds."""

    name: Both
    means: Both
    bounds: tuple[Bound, ...] = ()
    inside: int = 100
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Clusters:
    """Customer id -> number of a cluster for every buyer; what each is; how the number of clusters was chosen."""

    of_customer: Mapping[int, int]
    described: Sequence[Described]
    silhouettes: Mapping[int, float] = field(default_factory=dict)
    stabilities: Mapping[int, float] = field(default_factory=dict)


def find_clusters(features: "pandas.DataFrame", last: Mapping[int, int] | None = None) -> Clusters:
    """Group all buyers of a feature table.

    Args:
        last: customer id -> number of the cluster at the last time; as many clusters are then preferred, and the search
            begins where these were, so that they do not change without a reason.
    """
    import sklearn.cluster  # noqa: F401 - loaded before its threads are limited
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):  # sums do not depend on how many threads there are; small fits do not wait for them
        return _found(features, last or {})


def _found(features: "pandas.DataFrame", last: Mapping[int, int]) -> Clusters:
    import numpy

    words = segment_words().clusters
    bought = features[features["orders"] > 0].sort_values("customer_id", ignore_index=True)
    ids = [int(one) for one in bought["customer_id"].tolist()]
    raw = bought[list(words.facts)].fillna(0).astype("int64")
    places = _scaled(raw.to_numpy(dtype=float)) if ids else raw.to_numpy(dtype=float)
    before = numpy.array([last.get(one, -1) for one in ids])
    count, silhouettes, stabilities = choose_count(places, len(set(last.values())) or None)
    if count == 1:
        everybody = Described(words.everybody.name, words.everybody.means)
        return Clusters(dict.fromkeys(ids, 0), [everybody], silhouettes, stabilities)
    labels = _fitted(places, count, before)
    return Clusters(dict(zip(ids, labels.tolist(), strict=True)), describe(raw, labels), silhouettes, stabilities)


# --- how many -------------------------------------------------------------------------------------------------------
def choose_count(places: Any, last: int | None = None) -> tuple[int, dict[int, float], dict[int, float]]:
    """The number of clusters, with the silhouette and the stability of each number that was tried."""
    import numpy

    most = min(MOST_CLUSTERS, len(places) // FEWEST_IN_ONE, len(numpy.unique(places[:SAMPLE], axis=0)))
    if most < FEWEST_CLUSTERS:
        return 1, {}, {}
    random = numpy.random.default_rng(SEED)
    sample = places if len(places) <= SAMPLE else places[numpy.sort(random.permutation(len(places))[:SAMPLE])]
    silhouettes, stabilities = {}, {}
    for count in range(FEWEST_CLUSTERS, most + 1):
        labels = _kmeans(count).fit(sample).labels_
        silhouettes[count] = _silhouette(sample, labels)
        stabilities[count] = _stability(sample, labels, count)
    return _best(silhouettes, stabilities, last), silhouettes, stabilities


def _best(silhouettes: Mapping[int, float], stabilities: Mapping[int, float], last: int | None) -> int:
    stable = [count for count, index in stabilities.items() if index >= STABLE]
    if not stable:
        return max(stabilities, key=lambda count: (stabilities[count], -count))
    best = max(stable, key=lambda count: (silhouettes[count], -count))
    if last in stable and silhouettes[last] > silhouettes[best] - CLOSE:
        return last
    return best


def _silhouette(places: Any, labels: Any) -> float:
    from sklearn.metrics import silhouette_score

    size = min(SILHOUETTE_SAMPLE, len(places))
    try:
        return float(silhouette_score(places, labels, sample_size=size, random_state=SEED))
    except ValueError:  # the sample fell into one cluster: there is nothing to tell apart
        return -1.0


def _stability(places: Any, labels: Any, count: int) -> float:
    """How alike the clusters are when they are found on resampled customers: mean adjusted Rand index."""
    import numpy
    from sklearn.metrics import adjusted_rand_score

    random = numpy.random.default_rng(SEED + count)
    indices = []
    for _ in range(RESAMPLES):
        drawn = random.integers(0, len(places), len(places))
        again = _kmeans(count).fit(places[drawn]).predict(places)
        indices.append(adjusted_rand_score(labels, again))
    return float(numpy.mean(indices))


def _kmeans(count: int) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=4, max_iter=100, random_state=SEED)


def _fitted(places: Any, count: int, before: Any) -> Any:
    """The cluster of everybody; begun from where the last ones were when there are as many.

    It goes on until nobody moves, so that beginning from there again moves nobody either.
    """
    import numpy
    from sklearn.cluster import KMeans

    known = sorted(set(before.tolist()) - {-1})
    if len(known) == count:
        start = numpy.array([places[before == one].mean(axis=0) for one in known])
    else:
        start = _kmeans(count).fit(places).cluster_centers_
    return KMeans(count, init=start, n_init=1, tol=0, max_iter=LONGEST_FIT, random_state=SEED).fit(places).labels_


def _scaled(values: Any) -> Any:
    """Logarithms, in spreads around the median; all facts are amounts, counts and shares of 0 or more.

    What is the same for most (complaints, discounts) has no spread: it counts for one spread from none to most, so that
    a rare fact does not outweigh all others.
    """
    import numpy

    logs = numpy.log1p(numpy.maximum(values, 0))
    lower, middle, upper = numpy.percentile(logs, [25, 50, 75], axis=0)
    spread = (upper - lower) / 1.349  # of a normal distribution this is its standard deviation
    spread = numpy.where(spread > 0, spread, numpy.ptp(logs, axis=0))
    return numpy.clip((logs - middle) / numpy.where(spread > 0, spread, 1), -FARTHEST, FARTHEST)


# --- in words -------------------------------------------------------------------------------------------------------
def describe(raw: "pandas.DataFrame", labels: Any) -> list[Described]:
    """Each cluster by the place in a shallow tree where most of it is."""
    import numpy
    from sklearn.tree import DecisionTreeClassifier

    count = int(labels.max()) + 1
    random = numpy.random.default_rng(SEED)
    chosen = numpy.sort(random.permutation(len(raw))[:TREE_SAMPLE])
    sample, of_sample = raw.iloc[chosen], labels[chosen]
    tree = DecisionTreeClassifier(
        max_depth=DEPTH + (count > 4),
        min_samples_leaf=max(5, len(sample) // 200),
        class_weight="balanced",
        random_state=SEED,
    ).fit(sample.to_numpy(), of_sample)
    places = _places(tree.tree_, list(raw.columns))
    found = []
    for cluster in range(count):
        shares = [(_shares(sample, of_sample == cluster, bounds), bounds) for bounds in places]
        best = max(shares, key=lambda each: each[0][0] - each[0][1])[1]
        bounds = _shortest(sample, of_sample == cluster, best)
        found.append(_in_words(bounds, *_shares(sample, of_sample == cluster, bounds)))
    return _told_apart(found)


def _shortest(sample: "pandas.DataFrame", inside: Any, bounds: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """The bounds without those that say next to nothing."""
    sides = [Bound(b.column, b.low, None) for b in bounds if b.low is not None]
    sides += [Bound(b.column, None, b.high) for b in bounds if b.high is not None]
    fit = _fit(sample, inside, sides)
    while len(sides) > 1:
        shorter = [[side for side in sides if side is not left_out] for left_out in sides]
        best = max(shorter, key=lambda each: _fit(sample, inside, each))
        if _fit(sample, inside, best) < fit - LITTLE:
            break
        sides = best
    order = [bound.column for bound in bounds]
    columns = sorted({side.column for side in sides}, key=order.index)
    return tuple(
        Bound(
            column,
            next((side.low for side in sides if side.column == column and side.low is not None), None),
            next((side.high for side in sides if side.column == column and side.high is not None), None),
        )
        for column in columns
    )


def _fit(sample: "pandas.DataFrame", inside: Any, bounds: Sequence[Bound]) -> int:
    own, others = _shares(sample, inside, bounds)
    return own - others


def _places(tree: Any, columns: Sequence[str]) -> list[tuple[Bound, ...]]:
    """The bounds of every leaf, rounded to what people say, from left to right."""
    found = []

    def walk(node: int, bounds: dict[str, Bound]) -> None:
        if tree.children_left[node] < 0:
            found.append(tuple(bounds.values()))
            return
        column = columns[tree.feature[node]]
        limit = _round(column, float(tree.threshold[node]))
        known = bounds.get(column, Bound(column))
        walk(tree.children_left[node], {**bounds, column: Bound(column, known.low, limit)})
        walk(tree.children_right[node], {**bounds, column: Bound(column, limit, known.high)})

    walk(0, {})
    return found


def _round(column: str, limit: float) -> int:
    """Two digits that count, in the unit that is shown."""
    scale = _SCALES[segment_words().clusters.facts[column].unit]
    shown = limit / scale
    digits = 1 - len(str(int(shown))) + 1 if shown >= 1 else 0
    return int(round(shown, min(digits, 0)) if shown >= 10 else int(shown)) * scale


_SCALES = {"days": 1, "count": 1, "money": 100, "percent": 10}
"""What is stored for one of what is shown."""


def _shares(sample: "pandas.DataFrame", inside: Any, bounds: Sequence[Bound]) -> tuple[int, int]:
    """Percent of a cluster, and of all others, that meet the bounds."""
    import numpy

    meets = numpy.ones(len(sample), dtype=bool)
    for bound in bounds:
        values = sample[bound.column].to_numpy()
        meets &= values > bound.low if bound.low is not None else True
        meets &= values <= bound.high if bound.high is not None else True
    return tuple(round(100 * int(meets[who].sum()) / max(1, int(who.sum()))) for who in (inside, ~inside))  # type: ignore[return-value]


def _in_words(bounds: Sequence[Bound], inside: int, outside: int) -> Described:
    words = segment_words().clusters
    said, traits = [], []
    for bound in bounds:
        fact = words.facts[bound.column]
        over, at_most = (fact.over if bound.low else fact.some), (fact.at_most if bound.high else fact.none)
        for limit, text in ((bound.low, over), (bound.high, at_most)):
            if limit is not None:
                said.append(text.filled(value=f"{limit // _SCALES[fact.unit]:,}"))
        if bound.low is None or bound.high is None:
            traits.append(fact.low if bound.low is None else fact.high)
    joint = joined(said, words.joint)
    means = Both(
        en=words.fits.en.format(conditions=joint.en, inside=inside, outside=outside),
        zh=words.fits.zh.format(conditions=joint.zh, inside=inside, outside=outside),
    )
    name = joined(traits, words.listed) if traits else joint
    return Described(Both(en=name.en[:1].upper() + name.en[1:], zh=name.zh), means, tuple(bounds), inside, outside)


def _told_apart(found: Sequence[Described]) -> list[Described]:
    """Clusters of the same name get numbers."""
    names: dict[str, int] = {}
    apart = []
    for one in found:
        names[one.name.en] = number = names.get(one.name.en, 0) + 1
        name = one.name if number == 1 else Both(en=f"{one.name.en} {number}", zh=f"{one.name.zh}{number}")
        apart.append(replace(one, name=name))
    return apart
