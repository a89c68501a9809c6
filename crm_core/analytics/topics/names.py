"""Names of topics, and which topic of this week is which of the weeks before. For a job's own process."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from crm_core.analytics.topics.chinese_words import RUN
from crm_core.analytics.topics.glossary import Glossary, Term
from crm_core.analytics.topics.model import likest

NAMED_BY, ENOUGH = 3, 2
"""Words that a name has, if it can; and those of the glossary that need no others beside them."""
_NO_NOUN = re.compile(r"(?:ly|ed|ing|ous|ful|est)$")
"""How English words end that seldom name a thing."""
OTHER = {"en": "zh", "zh": "en"}
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


def named(
    words: Sequence[str],
    texts: Sequence[Spoken],
    forms: Mapping[str, str],
    taken: Collection[str],
    language: str,
    known: Glossary,
) -> dict[str, str]:
    """Names of a topic by language, of a few words that stand for it; longer where the name is taken.

    What can be told in both languages comes first, and alone if it is enough. The name in the other language is of
    these words alone, and missing where there are none.
    """
    terms = _terms(words, texts, forms, language, known)
    other, enough = OTHER[language], max(ENOUGH, sum(term is not None for _, term in terms))
    for count in range(min(NAMED_BY, enough, len(terms)), len(terms) + 1):
        name = _joined(said for said, _ in terms[:count])
        if name not in taken:
            break
    else:
        count = min(NAMED_BY, enough)
        name = _numbered(_joined(said for said, _ in terms[:count]), taken)
    translated = _joined(term.said(other) for _, term in terms[:count] if term)
    return {language: name} | ({other: translated} if translated else {})


def _joined(said: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(said))[:LONGEST]


def _numbered(name: str, taken: Collection[str]) -> str:
    return next(f"{name} ({number})" for number in range(2, len(taken) + 3) if f"{name} ({number})" not in taken)


def _terms(
    words: Sequence[str], texts: Sequence[Spoken], forms: Mapping[str, str], language: str, known: Glossary
) -> list[tuple[str, Term | None]]:
    """What words say, each once, those of the glossary first; others that stand beside each other are one."""
    found: list[tuple[str, Term | None]] = []
    for parts in _beside(words, texts):
        told = [forms.get(part, part) for part in parts]
        whole = ("" if all(RUN.fullmatch(part) for part in told) else " ").join(told)
        one = known.find(whole)
        terms = [one] if one else [term for term in map(known.find, told) if term]
        found += [(term.said(language), term) for term in dict.fromkeys(terms)] or [(whole, None)]
    found = list(dict.fromkeys(found))
    return sorted(found, key=lambda each: (each[1] is None, each[1] is None and bool(_NO_NOUN.search(each[0]))))


def _beside(words: Sequence[str], texts: Sequence[Spoken]) -> list[list[str]]:
    """Words one by one, or two where one mostly stands beside the other."""
    single = Counter(word for text in texts for word in set(text) if word is not None)
    pairs = Counter(pair for text in texts for pair in set(pairwise(text)) if None not in pair and len(set(pair)) > 1)
    terms: list[list[str]] = []
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
        terms.append(term)
    return terms
