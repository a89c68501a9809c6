"""The sentences of a conversation that say most of it."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from nlu.cleaning import HAN
from nlu.encoder import Vector
from nlu.post_text import take_apart

FEWEST_WORDS, FEWEST_CHARACTERS = 4, 6
"""Words, or Chinese characters, of a sentence that may tell something: "ok thanks" and 好的 do not."""
ALIKE = 0.8
"""Cosine from which a sentence says what another one said."""
_SENTENCE = re.compile(r"[^.!?。！？…\n]+[.!?。！？…]*")
_WORD = re.compile(r"[^\W\d_]+")
_CHARACTER = re.compile(f"[{HAN}]")


def sentences(texts: Sequence[str]) -> list[str]:
    """The sentences of these texts that are long enough to tell something, in their order, each once."""
    found = (match.group().strip() for text in texts for match in _SENTENCE.finditer(take_apart(text).own))
    return [one for one in dict.fromkeys(found) if _tells(one)]


def _tells(sentence: str) -> bool:
    return len(_CHARACTER.findall(sentence)) >= FEWEST_CHARACTERS or len(_WORD.findall(sentence)) >= FEWEST_WORDS


def telling(vectors: Callable[[list[str]], Vector], texts: Sequence[str], most: int = 3) -> list[str]:
    """The sentences that are nearest to all others, without saying anything twice, in their order."""
    found = sentences(texts)
    if not found:
        return []
    directions = vectors(found)
    cosines = directions @ directions.T
    central = np.argsort(-cosines.sum(axis=1), kind="stable")
    taken: list[int] = []
    for place in central.tolist():
        if len(taken) < most and all(cosines[place, other] < ALIKE for other in taken):
            taken.append(place)
    return [found[place] for place in sorted(taken)]
