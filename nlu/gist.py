"""What a thread (a post and its comments) is about: its key phrases, and the sentences that say most of it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from nlu.cleaning import HAN
from nlu.encoder import Vector
from nlu.entities.common_words import COMMON
from nlu.post_text import take_apart

LONGEST_PHRASE = 4
"""Words, or Chinese characters, of a key phrase."""
ALIKE = 0.8
"""Cosine from which a sentence says what another one said."""
_SENTENCE = re.compile(r"[^.!?。！？…\n]+[.!?。！？…]*")
_RUN = re.compile(rf"[{HAN}]+|[a-z0-9'’-]+")
_EMPTY = frozenset("的了是在我你他她它们这那就也都还很太不没有吗呢吧啊和与把被给让用到得着过要会能说个些什么怎")


def sentences(texts: Sequence[str]) -> list[str]:
    """The sentences of a thread in their order, each once."""
    found = (match.group().strip() for text in texts for match in _SENTENCE.finditer(take_apart(text).own))
    return [one for one in dict.fromkeys(found) if any(char.isalnum() for char in one)]


def summary(found: Sequence[str], vectors: Vector, most: int = 3) -> list[str]:
    """The sentences that are nearest to all others, without saying anything twice, in the order of the thread."""
    if not found:
        return []
    cosines = vectors @ vectors.T
    central = np.argsort(-cosines.sum(axis=1), kind="stable")
    taken: list[int] = []
    for place in central.tolist():
        if len(taken) < most and all(cosines[place, other] < ALIKE for other in taken):
            taken.append(place)
    return [found[place] for place in sorted(taken)]


def key_phrases(texts: Sequence[str], most: int = 5) -> list[str]:
    """What several posts of a thread name, the most telling first: said by many, and long."""
    said = Counter(phrase for text in texts for phrase in set(_phrases(take_apart(text).plain)))
    ranked = sorted(said, key=lambda phrase: (-said[phrase] * _size(phrase), phrase))
    taken: list[str] = []
    for phrase in ranked:
        if said[phrase] > 1 and len(taken) < most and not any(phrase in other or other in phrase for other in taken):
            taken.append(phrase)
    return taken


def _size(phrase: str) -> int:
    return len(phrase) if re.match(f"[{HAN}]", phrase) else 1 + phrase.count(" ")


def _phrases(plain: str) -> Iterator[str]:
    """Runs of telling words, or of two to four Chinese characters without the ones that only hold a sentence up."""
    words: list[str] = []
    for run in [*_RUN.findall(plain), ""]:
        if run and not re.match(f"[{HAN}]", run) and run not in COMMON and len(run) > 1:
            words.append(run)
            continue
        yield from _parts(words, " ", 1)
        words = []
        for piece in re.split(f"[{''.join(_EMPTY)}]", run) if run and re.match(f"[{HAN}]", run) else ():
            yield from _parts(list(piece), "", 2)


def _parts(words: Sequence[str], join: str, shortest: int) -> Iterator[str]:
    for size in range(shortest, min(len(words), LONGEST_PHRASE) + 1):
        for start in range(len(words) - size + 1):
            yield join.join(words[start : start + size])
