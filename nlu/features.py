"""Text as hashed n-grams: what the linear models look at. NumPy alone, so that serving never imports scikit-learn.

Latin text gives words, word pairs and 2-5 characters of a word; Chinese gives 1-3 characters; mixed text gives both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlu.cleaning import HAN, fold

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Hashes = NDArray[np.uint64]
Floats = NDArray[np.float32]
Grams = tuple[tuple[Hashes, NDArray[np.intp]], ...]
"""For each block of a text: its different n-grams and how often each stands there."""

MAX_CHARACTERS = 1_000
PRUNED_FROM = 1_000
"""From so many texts on, what stands in one of them alone is left out: a third of the memory, and as good."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]")
_DIGITS = re.compile(r"\d+")
_HAN_RUN = re.compile(f"[{HAN}]+")
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_SPACE = np.uint64(32)


def _codes(text: str) -> Hashes:
    return np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)


def _mixed(hashes: Hashes, salt: int) -> Hashes:
    mixed: Hashes = (hashes + np.uint64(salt)) * _MIX
    return mixed ^ (mixed >> _SHIFT)


def _hash_grams(codes: Hashes, sizes: range, of_han: bool) -> Hashes:
    """Hash every n-gram: inside words (a space at an end at most), or with a Han character in it and no space."""
    space, han = codes == _SPACE, (codes >= 0x3400) & (codes < 0xA000)
    found: list[Hashes] = []
    for size in sizes:
        count = len(codes) - size + 1
        if count <= 0:
            break
        hashes = codes[:count]
        for offset in range(1, size):
            hashes = hashes * _PRIME + codes[offset : offset + count]
        unwanted = _any(space, 0 if of_han else 1, size if of_han else size - 1, count)
        keep = ~unwanted & _any(han, 0, size, count) if of_han else ~unwanted
        found.append(_mixed(hashes[keep], size + 100 * of_han))
    return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)


def _any(flags: NDArray[np.bool_], first: int, last: int, count: int) -> NDArray[np.bool_]:
    """Say for each of `count` windows whether a flag is set at an offset from `first` up to, not including, `last`."""
    result = np.zeros(count, dtype=bool)
    for offset in range(first, last):
        result |= flags[offset : offset + count]
    return result


def _shape(match: re.Match[str]) -> str:
    return "0" * min(len(match.group()), 4)


def grams(text: str) -> Grams:
    """Return the hashed n-grams of one text, counted, in blocks: words, characters of words, Chinese characters."""
    plain = _DIGITS.sub(_shape, fold(text[:MAX_CHARACTERS]))
    words = _WORD.findall(_HAN_RUN.sub(" ", plain))
    names = words + [f"{left} {right}" for left, right in pairwise(words)]
    word_block = np.array([crc32(name.encode("utf-8", "replace")) for name in names], dtype=np.uint64)
    letters = [word for word in words if word[0].isalnum()]
    char_block = (
        _hash_grams(_codes(f" {' '.join(letters)} "), range(2, 6), False) if letters else np.empty(0, dtype=np.uint64)
    )
    han_block = (
        _hash_grams(_codes(plain), range(1, 4), True) if _HAN_RUN.search(plain) else np.empty(0, dtype=np.uint64)
    )
    found = (_mixed(word_block, 7), char_block, han_block)
    return tuple(np.unique(block, return_counts=True) for block in found if len(block))


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams seen in training (sorted hashes) and how rare each is."""

    hashes: Hashes
    rarity: Floats

    @classmethod
    def of(cls, texts: Sequence[Grams]) -> "Vocabulary":
        """Learn the vocabulary and its inverse document frequencies."""
        seen = [unique for text in texts for unique, _ in text]
        if not seen:
            return cls(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))
        hashes, documents = np.unique(np.concatenate(seen), return_counts=True)
        if len(texts) >= PRUNED_FROM:
            hashes, documents = hashes[documents > 1], documents[documents > 1]
        rarity = np.log((1 + len(texts)) / (1 + documents)) + 1
        return cls(hashes, rarity.astype(np.float32))

    def weigh(self, text: Grams) -> tuple[NDArray[np.intp], Floats]:
        """Return indices and weights of the known n-grams of a text; each block has length one."""
        indices, weights = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.float32)]
        for unique, counts in text:
            if not len(self.hashes):
                break
            places = np.minimum(np.searchsorted(self.hashes, unique), len(self.hashes) - 1)
            known = self.hashes[places] == unique
            places = places[known]
            if len(places):
                values = (1 + np.log(counts[known])).astype(np.float32) * self.rarity[places]
                indices.append(places)
                weights.append(values / np.float32(np.sqrt(values @ values)))
        return np.concatenate(indices), np.concatenate(weights)

    def matrix(self, texts: Sequence[Grams]) -> "csr_matrix":
        """Return one sparse row per text, for fitting."""
        from scipy.sparse import csr_matrix

        rows = [self.weigh(text) for text in texts]
        starts = np.cumsum([0] + [len(indices) for indices, _ in rows])
        indices = np.concatenate([indices for indices, _ in rows])
        values = np.concatenate([weights for _, weights in rows])
        return csr_matrix((values, indices, starts), shape=(len(texts), len(self.hashes)))
