"""Finds the words of the closed lists in a passage."""

import re
from collections.abc import Mapping

from nlu.entities import places, words
from nlu.entities.phrases import Phrases, Token
from nlu.entities.spans import Passage


def _compile(lists: Mapping[str, places.Table]) -> dict[str, Phrases]:
    return {
        entity: Phrases((phrase, entity, value) for value, said in table.items() for phrase in said.split("|"))
        for entity, table in lists.items()
    }


_CLAIMING = _compile(words.CLAIMING)
_LEANING = _compile(words.LEANING)
_SHARING = _compile(words.SHARING)
_SCORE_WORDS = _compile({"score_type": words.SCORE_WORDS})
_FIGURES = frozenset({"", "list_customers"})
"""What agents ask in which a figure may be meant; reports are for managers."""
_SCORES = frozenset({"get_score", "explain_score"})
_FOR_STAFF = frozenset({"metric", "group_by", "score_type", "file_format", "priority", "mood"})
"""Lists that say nothing in a customer's message."""
_FOR_CUSTOMERS = frozenset({"recipient", "colour"})


def find_zones(passage: Passage, tokens: list[Token]) -> None:
    """Claim time zones, which are called like places."""
    for start, end, zone in places.offsets(passage.folded, passage.text):
        if passage.free(start, end):
            passage.claim("timezone", zone, start, end)
    _claim_words(passage, tokens, {"timezone": _CLAIMING["timezone"]})


def find_claiming(passage: Passage, tokens: list[Token]) -> None:
    """Claim the words that have one reading."""
    if passage.intent in _SCORES:
        for lists in ({"score_type": _CLAIMING["score_type"]}, _SCORE_WORDS):
            _claim_words(passage, tokens, lists)
    _claim_words(passage, tokens, _CLAIMING)


def _claim_words(passage: Passage, tokens: list[Token], lists: Mapping[str, Phrases]) -> None:
    for entity, phrases in lists.items():
        if not _meant(passage, entity):
            continue
        for hit in phrases.find(tokens):
            value = hit.meanings[0][1]
            if entity == "location" and not places.meant(passage.folded, hit.start, hit.end):
                continue
            if value and passage.free(hit.start, hit.end):
                passage.claim(entity, value, hit.start, hit.end)


def find_leaning(passage: Passage, tokens: list[Token]) -> None:
    """Add the words that yield to what was found before."""
    for entity, phrases in _LEANING.items():
        if not _meant(passage, entity):
            continue
        for hit in phrases.find(tokens):
            value = hit.meanings[0][1]
            if value and passage.free(hit.start, hit.end):
                passage.add(entity, value, hit.start, hit.end)


def find_sharing(passage: Passage, tokens: list[Token]) -> None:
    """Add comparators and negations wherever they stand, except inside names and identifiers."""
    solid = [entity for entity in passage.entities if entity.name not in _MAY_CONTAIN]
    asked = [match.span() for match in _ASKED.finditer(passage.folded)]
    for entity, phrases in _SHARING.items():
        for hit in phrases.find(tokens):
            inside = any(other.start < hit.end and hit.start < other.end for other in solid)
            value = hit.meanings[0][1]
            if passage.folded[hit.start : hit.end] in _SUPERLATIVES and not _NUMBER.match(passage.folded, hit.end):
                continue
            if entity == "negation" and any(start <= hit.start < end for start, end in asked):
                continue
            if value and not inside:
                passage.add(entity, value if entity == "comparator" else True, hit.start, hit.end)
    for pattern, value in _BESIDE_NUMBERS:
        for match in pattern.finditer(passage.folded):
            passage.add("comparator", value, *match.span())


_SUPERLATIVES = frozenset({"最多", "最少"})
"""Bounds only before a number: 最多三个, but not 投诉最多的."""
_NUMBER = re.compile(r"[是为买要有下发收给过了]{0,2} ?[\d一二两三四五六七八九十百千万半]")
_ASKED = re.compile(r"([\u4e00-\u9fff])不\1|了没有?(?=$|[?？。!！,，])|(?<![a-z])or not(?=$|[?.!,])")
"""高不高, 到了没: questions, which deny nothing."""
_BESIDE_NUMBERS = (
    (re.compile(r"(?<=\d)\+(?! ?\d)"), ">="),
    (re.compile(r"(?<![跌突打])破(?= ?[\d一二两三四五六七八九十百千万亿])"), ">"),
    (
        re.compile(
            r"(?:一旦|要是|如果|假如|若是?|只要|当).{0,10}?(?<![超通经不])过(?= ?[\d一二两三四五六七八九十百千万])"
        ),
        ">",
    ),
    (re.compile(r"(?<![客爆不未])满(?= ?[\d一二两三四五六七八九十百千万])(?!.{1,6}[减送返])"), ">="),
)
"""3+ orders, 破万, 满五单: signs that compare only where a number stands beside them."""
_MAY_CONTAIN = frozenset(
    {"money", "percent", "rating", "quantity", "count", "date_range", "datetime", "duration", "status", "reason"}
)


def _meant(passage: Passage, entity: str) -> bool:
    if passage.audience == "customer":
        return entity not in _FOR_STAFF
    if entity == "metric" and passage.audience == "agent":
        return passage.intent in _FIGURES
    return entity not in _FOR_CUSTOMERS or passage.intent in {"list_customers", "recommend_for_customer"}
