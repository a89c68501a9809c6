"""The training lines: enough of them in both languages, all different, and no line that means two things."""

import re
from collections import Counter, defaultdict
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from nlu.intents import OUT_OF_SCOPE, TRAINED
from nlu.training import MOODS, Example, clashes, read_audience, read_moods
from nlu.understanding import Audience

FOLDER = Path(__file__).parents[2] / "config" / "nlu"
AUDIENCES: tuple[Audience, ...] = tuple(name for name in TRAINED if (FOLDER / f"{name}.yml").exists())
FILES = (*AUDIENCES, "mood")
FEWEST = {"customer": 40}
FEWEST_ELSEWHERE = 25
FEWEST_OUT_OF_SCOPE = 150
FEWEST_MOOD, FEWEST_MIXED_MOOD = 220, 30
NEAREST = 0.7
GRAM = 5
# Lines of one language are told apart by script alone; digits and emoji belong to both.
HAN = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")


@cache
def examples(name: str) -> tuple[Example, ...]:
    """All examples of one file."""
    return tuple(read_moods(FOLDER) if name == "mood" else read_audience(FOLDER, name))  # type: ignore[arg-type]


def by_intent(name: str) -> dict[str, list[Example]]:
    """The examples of one file under their intents."""
    grouped: dict[str, list[Example]] = defaultdict(list)
    for example in examples(name):
        grouped[example.intent].append(example)
    return grouped


def languages(lines: list[Example]) -> Counter[str]:
    """Count English, Chinese and mixed lines; a line without any word counts as English and as Chinese."""
    counts: Counter[str] = Counter()
    for example in lines:
        han, word = bool(HAN.search(example.text)), bool(WORD.search(example.text))
        counts["zh"] += han or not word
        counts["en"] += not han
        counts["mixed"] += han and word
    return counts


def grams(text: str) -> frozenset[str]:
    """Character 5-grams of the text in lower case; a shorter text is its own gram."""
    plain = " ".join(text.casefold().split())
    return frozenset(plain[start : start + GRAM] for start in range(max(1, len(plain) - GRAM + 1)))


def near_duplicates(lines: list[Example]) -> list[str]:
    """Pairs of lines that share more than 0.7 of their 5-grams."""
    known = [(example, grams(example.text)) for example in lines]
    return [
        f"lines {one.line} and {other.line}: {one.text!r} ~ {other.text!r}"
        for (one, first), (other, second) in combinations(known, 2)
        if len(first & second) > NEAREST * len(first | second)
    ]


def test_customers_have_training_lines() -> None:
    assert "customer" in AUDIENCES


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_intent_has_lines_in_both_languages(audience: Audience) -> None:
    grouped = by_intent(audience)
    fewest = FEWEST.get(audience, FEWEST_ELSEWHERE)
    thin = {}
    for intent in TRAINED[audience]:
        least = FEWEST_OUT_OF_SCOPE if intent == OUT_OF_SCOPE else fewest
        counts = languages(grouped[intent])
        if min(counts["en"], counts["zh"]) < least:
            thin[intent] = dict(counts)
    assert not thin


def test_customer_intents_have_mixed_lines() -> None:
    mixed = {intent: languages(lines)["mixed"] for intent, lines in by_intent("customer").items()}
    assert {intent: count for intent, count in mixed.items() if count < 4} == {}


@pytest.mark.parametrize("mood", MOODS)
def test_every_mood_has_lines_in_both_languages(mood: str) -> None:
    counts = languages(by_intent("mood")[mood])
    assert min(counts["en"], counts["zh"] - counts["mixed"]) >= FEWEST_MOOD
    assert counts["mixed"] >= FEWEST_MIXED_MOOD


@pytest.mark.parametrize("name", FILES)
def test_no_line_stands_twice(name: str) -> None:
    assert [(f"line {one.line}", f"line {two.line}", two.text) for one, two in clashes(examples(name))] == []


@pytest.mark.parametrize("name", FILES)
def test_lines_of_one_intent_differ(name: str) -> None:
    found = [pair for lines in by_intent(name).values() for pair in near_duplicates(lines)]
    assert found == []


def test_near_duplicates_are_seen() -> None:
    frame = [Example(f"where is my lovely green order number {number}", "order_status", number) for number in (1, 2)]
    assert near_duplicates(frame)
    assert not near_duplicates([frame[0], Example("has it shipped yet", "order_status", 3)])


def test_languages_are_told_apart() -> None:
    lines = [Example(text, "csat_rating", 1) for text in ("four stars", "给四星", "rating 给四星", "５")]
    assert languages(lines) == Counter(en=2, zh=3, mixed=1)
