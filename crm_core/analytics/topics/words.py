"""Texts as words, for finding topics: English by its letters, Chinese by `topics/chinese_words.py`."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from config.settings import FOLDER
from crm_core.analytics.topics.chinese_words import RUN, ChineseWords, background

_NOISE = re.compile(r"https?://\S+|www\.\S+|[@＠][\w.@-]+|&\w+;")
_LATIN = re.compile(r"[a-z]+\d+|[a-z][a-z]*(?:'[a-z]+)?", re.IGNORECASE)
_PIECES = re.compile(rf"{_LATIN.pattern}|{RUN.pattern}|[^\sa-z\u4e00-\u9fff]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of each text in order, None where something stands between them; how each is mostly written."""

    texts: Sequence[Sequence[str | None]]
    forms: dict[str, str]


def words_of(texts: Sequence[str], language: str, names: Collection[str] = ()) -> Words:
    """Take texts of one language apart; words that are about nothing are left out, and so are `names`: whom one talks
    about is no topic, and would tell topics apart by it."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    named = _any_of(names)
    clean = [named.sub(" ; ", _NOISE.sub(" ", text)) for text in texts]
    chinese = ChineseWords((*clean, *background())) if language == "zh" else None
    raw = [_pieces(text, chinese) for text in clean]
    stop = ENGLISH_STOP_WORDS | chatty()
    base = _singulars({piece.lower() for pieces in raw for piece in pieces})
    written: dict[str, Counter[str]] = defaultdict(Counter)
    found: list[list[str | None]] = []
    for pieces in raw:
        words: list[str | None] = []
        for piece in pieces:
            lower = piece.lower()
            word = base.get(lower, lower)
            said = _says_something(lower) and lower not in stop and word not in stop
            words.append(word if said else None)
            if said:
                written[word][piece if piece.isupper() else lower] += 1
        found.append(words)
    return Words(found, {word: forms.most_common(1)[0][0] for word, forms in written.items()})


@cache
def chatty() -> frozenset[str]:
    """Words that are everywhere and about nothing: `config/topics.yml`."""
    words: dict[str, str] = yaml.safe_load((FOLDER / "topics.yml").read_text("utf-8"))
    return frozenset(word for listed in words.values() for word in listed.split())


def _any_of(names: Collection[str]) -> re.Pattern[str]:
    """Any of some names, also as a tag; Latin ones as whole words. Of none, what is nowhere."""
    longest_first = sorted({name.strip() for name in names if name.strip()}, key=lambda name: (-len(name), name))
    said = [rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])" for name in longest_first]
    return re.compile("|".join(said) or r"(?!)", re.IGNORECASE)


def _pieces(text: str, chinese: ChineseWords | None) -> list[str]:
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        pieces += chinese.split(piece) if chinese and RUN.fullmatch(piece) else [piece]
    return pieces


def _says_something(word: str) -> bool:
    if RUN.fullmatch(word):
        return len(word) > 1
    return bool(_LATIN.fullmatch(word)) and (len(word) > 2 or word[-1].isdecimal()) and "'" not in word


def _singulars(words: Iterable[str]) -> dict[str, str]:
    """Plurals whose singular is written, too."""
    known = set(words)
    found: dict[str, str] = {}
    for word in known:
        ends = [(1, "")] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else []
        ends += [(2, "")] if word.endswith("es") else []
        ends += [(3, "y")] if word.endswith("ies") else []
        single = next((word[:-cut] + end for cut, end in ends if word[:-cut] + end in known), None)
        if single:
            found[word] = single
    return found
