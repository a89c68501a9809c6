"""What is bought together: association rules on baskets.

Measures as in Agrawal, Imieliński and Swami, Mining Association Rules, SIGMOD 1993; lift as in Brin et al., 1997.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.errors import CrmError

LONGEST = 5
"""Items in a rule, both sides together; longer ones are many, and nobody acts on them."""


Counts = Mapping[frozenset[str], int]
"""Set of items -> how many baskets hold all of it."""


class BadBaskets(CrmError):
    """Rules cannot be found in this; the text says what to change."""


@dataclass(frozen=True)
class Rule:
    """Who buys all of `items` also buys `also`.

    baskets: how many hold all of it.
    support: share of all baskets that do.
    confidence: share of the baskets with `items` that also hold `also`.
    lift: how many times as often as in any basket; above 1 the one speaks for the other.
    """

    items: tuple[str, ...]
    also: str
    baskets: int
    support: float
    confidence: float
    lift: float


def find_rules(
    baskets: Iterable[Collection[str]], *, support: float, confidence: float, longest: int = LONGEST
) -> list[Rule]:
    """Return all rules with one item on the right, those with the greatest lift first.

    An item counts once in a basket; baskets with nothing in them are left out. Loads pandas and mlxtend: call it in a
    job's own process.

    Args:
        support: smallest share of all baskets, above 0 to 1.
        confidence: smallest share of the baskets with the left side, 0 to 1.
        longest: most items in a rule, at least 2.

    Raises:
        BadBaskets: there is no basket, a basket is a text, or a limit is out of its range.
    """
    sets = _checked(baskets, support, confidence, longest)
    counts = frequent(sets, least_baskets(support, len(sets)), longest)
    return rules_from(counts, len(sets), confidence=confidence)


def least_baskets(support: float, total: int) -> int:
    """How many baskets of all are this share of them, at least."""
    return next(count for count in range(max(1, int(support * total)), total + 1) if count / total >= support)


def rules_from(counts: Counts, total: int, *, confidence: float) -> list[Rule]:
    """Return the rules as `find_rules` does, from sets that were counted already, among `total` baskets."""
    found = []
    for items, also in _pairs(counts, total, confidence):
        both, left, right = counts[items | {also}], counts[items], counts[frozenset([also])]
        if both / left >= confidence:
            lift = both * total / (left * right)
            found.append(Rule(tuple(sorted(items)), also, both, both / total, both / left, lift))
    return sorted(found, key=lambda rule: (-rule.lift, -rule.confidence, rule.items, rule.also))


def _checked(
    baskets: Iterable[Collection[str]], support: float, confidence: float, longest: int
) -> list[frozenset[str]]:
    if not 0 < support <= 1 or not 0 <= confidence <= 1:
        raise BadBaskets("Support must lie above 0 and up to 1, confidence between 0 and 1.")
    if longest < 2:
        raise BadBaskets("A rule has at least two items, one on each side.")
    sets = []
    for number, basket in enumerate(baskets, start=1):
        if isinstance(basket, str):
            raise BadBaskets(f"Basket {number} is a text; a basket is a list of items.")
        sets.append(frozenset(basket))
    sets = [each for each in sets if each]
    if not sets:
        raise BadBaskets("There is no basket with anything in it: check the file or the period.")
    return sets


def frequent(sets: Collection[frozenset[str]], least: int, longest: int) -> Counts:
    """Sets of items → how many baskets hold them, if at least so many do."""
    import pandas
    from mlxtend.frequent_patterns import fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    encoder = TransactionEncoder()
    matrix = encoder.fit(sets).transform(sets, sparse=True)
    table = pandas.DataFrame.sparse.from_spmatrix(matrix, columns=encoder.columns_)
    share = (least - 0.5) / len(sets)  # mlxtend rounds share times baskets up: no float may tip it over
    often = fpgrowth(table, min_support=share, use_colnames=True, max_len=longest)
    return {
        frozenset(items): round(part * len(sets))
        for items, part in zip(often["itemsets"], often["support"], strict=True)
    }


def _pairs(counts: Counts, total: int, confidence: float) -> Iterable[tuple[frozenset[str], str]]:
    """Left and right sides of the rules with one item on the right."""
    import pandas
    from mlxtend.frequent_patterns import association_rules

    if not counts:
        return []
    table = pandas.DataFrame({"itemsets": list(counts), "support": [count / total for count in counts.values()]})
    slack = max(0.0, confidence - 1e-9)  # the caller compares whole numbers; here floats must not lose a rule
    rules: Any = association_rules(table, metric="confidence", min_threshold=slack, return_metrics=["confidence"])
    sides = zip(rules["antecedents"], rules["consequents"], strict=True)
    return [(left, next(iter(right))) for left, right in sides if len(right) == 1]
