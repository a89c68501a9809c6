"""Finds thousands of known phrases in one pass: a dictionary from the first word of a phrase to all that begin so."""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nlu.cleaning import HAN, fold

_TOKEN = re.compile(rf"[a-z0-9\u00c0-\u024f\u1e00-\u1eff]+(?:['’](?!s(?![a-z]))[a-z]+)?|[{HAN}]|[<>]=?|[≤≥+]")
Meanings = tuple[tuple[str, str], ...]
"""What a phrase may stand for: (kind, value) pairs."""
LONGEST = 12
"""Words in the longest phrase that is looked for."""


@dataclass(frozen=True)
class Token:
    """One word or one Chinese character, without a plural s and accents, with its place."""

    key: str
    start: int
    end: int


@dataclass(frozen=True)
class Hit:
    """A phrase found: everything it may stand for, and its place."""

    meanings: Meanings
    start: int
    end: int


def tokens(folded: str) -> list[Token]:
    """Split folded text into words and characters."""
    return [Token(_singular(_plain(match.group())), *match.span()) for match in _TOKEN.finditer(folded)]


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word.replace("’", "'")


def _plain(word: str) -> str:
    """A word without accents: Siobhán is Siobhan."""
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFD", word.replace("đ", "d").replace("ø", "o").replace("ł", "l"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)) or word


class Phrases:
    """A fixed set of phrases, each with one or more meanings."""

    def __init__(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Take (phrase, kind, value) triples; an empty value means that the phrase is to be passed over.

        Words and meanings that many phrases have are kept once: with ten thousand customers that saves 5 MB.
        """
        self._meanings: dict[tuple[str, ...], Meanings] = {}
        longest: dict[str, int] = {}
        same: dict[Meanings, Meanings] = {}
        for phrase, kind, value in entries:
            key = tuple(sys.intern(token.key) for token in tokens(fold(phrase)))
            if not key or len(key) > LONGEST:
                continue
            meanings = self._meanings.get(key, ())
            if (kind, value) not in meanings:
                meanings = (*meanings, (kind, value))
                self._meanings[key] = same.setdefault(meanings, meanings)
            longest[key[0]] = max(longest.get(key[0], 0), len(key))
        self._longest = longest

    def __len__(self) -> int:
        return len(self._meanings)

    def find(self, words: list[Token]) -> Iterator[Hit]:
        """Yield the longest phrases from left to right, without overlaps."""
        keys = [word.key for word in words]
        place = 0
        while place < len(words):
            step = 1
            for length in range(min(self._longest.get(keys[place], 0), len(words) - place), 0, -1):
                meanings = self._meanings.get(tuple(keys[place : place + length]))
                if meanings:
                    yield Hit(meanings, words[place].start, words[place + length - 1].end)
                    step = length
                    break
            place += step
