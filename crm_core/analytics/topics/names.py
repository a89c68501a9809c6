"""Names of topics, and which topic of this week is which of the weeks before. For a job's own process."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np

from crm_core.analytics.topics.model import likest

NAMED_BY = 3
LONGEST = 120
BESIDE = 0.4
"""Two words are one term where so large a part of the rarer one stands beside the other."""
PEOPLE = 3
"""Customers who wrote a word, before it is kept."""

Spoken = Sequence[str | None]


def kept_words(texts: Sequence[Spoken], people: Sequence[int | None]) -> list[Spoken]:
    """Texts without the words of fewer than three people: names and numbers of one's own are nobody's topic."""
    said: dict[str, set[int | None]] = defaultdict(set)
    for words, person in zip(texts, people, strict=True):
        for word in words:
            if word is not None and person is not None and len(said[word]) < PEOPLE:
                said[word].add(person)
    return [[word if word is not None and len(said[word]) >= PEOPLE else None for word in words] for words in texts]


def matched(found: Sequence[Mapping[str, int]], known: Sequence[Mapping[str, int]]) -> dict[int, int]:
    """Topic found -> the known one that it is, by the words of both."""
    place = {word: index for index, word in enumerate({word for each in (*found, *known) for word in each})}
    rows = np.zeros((len(found) + len(known), len(place)))
    for row, weights in enumerate((*found, *known)):
        for word, weight in weights.items():
            rows[row, place[word]] = weight
    return likest(rows[: len(found)], rows[len(found) :]) if found and known else {}


def named(words: Sequence[str], texts: Sequence[Spoken], forms: Mapping[str, str], taken: Collection[str]) -> str:
    """A name of a few words that stand for a topic, as they are mostly written; longer where that name is taken."""
    terms = _terms(words, texts, forms)
    for count in range(min(NAMED_BY, len(terms)), len(terms) + 1):
        name = " · ".join(terms[:count])[:LONGEST]
        if name not in taken:
            return name
    name = " · ".join(terms[:NAMED_BY])[:LONGEST]
    return next(f"{name} ({number})" for number in range(2, len(taken) + 3) if f"{name} ({number})" not in taken)


def _terms(words: Sequence[str], texts: Sequence[Spoken], forms: Mapping[str, str]) -> list[str]:
    """Words, with those that stand beside each other as one."""
    single = Counter(word for text in texts for word in set(text) if word is not None)
    pairs = Counter(pair for text in texts for pair in set(pairwise(text)) if None not in pair and len(set(pair)) > 1)
    terms: list[str] = []
    used: set[str] = set()
    for word in words:
        if word in used:
            continue
        beside = [pair for pair in pairs if word in pair and not used & set(pair) and set(pair) <= set(words)]
        best = max(beside, key=lambda pair: (pairs[pair], pair), default=None)
        if best and pairs[best] >= max(2, BESIDE * min(single[part] for part in best if part)):
            term = [part for part in best if part]
        else:
            term = [word]
        used.update(term)
        told = [forms.get(part, part) for part in term]
        terms.append(("" if all("\u4e00" <= part[0] <= "\u9fff" for part in told) else " ").join(told))
    return terms
