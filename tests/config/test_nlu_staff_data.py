"""The training lines of agents and managers: enough in both languages and mixed, all different across both files."""

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from nlu.intents import OUT_OF_SCOPE, TRAINED
from nlu.training import Example, read_audience
from nlu.understanding import Audience

FOLDER = Path(__file__).parents[2] / "config" / "nlu"
STAFF: tuple[Audience, ...] = ("agent", "manager")

# The intents people use all day need more ways of saying them than the others.
BUSY = {
    "agent": {
        *("find_customer", "show_customer", "show_timeline", "order_lookup", "list_customers", "add_note"),
        *("tag_customer", "add_task", "case_create", "handoff_take", "handoff_return", "suggest_reply"),
        "recommend_for_customer",
    },
    "manager": {"metric_query", "digest_now"},
}
FEWEST, FEWEST_BUSY, FEWEST_OUT_OF_SCOPE = 25, 40, 150
FEWEST_MIXED, FEWEST_MIXED_BUSY = 3, 5
NEAREST = 0.7
GRAM = 5
HAN = re.compile(r"[\u3400-\u9fff]")
# Names, numbers and addresses do not make a Chinese line a mixed one; a lower-case English word does.
ENGLISH_WORD = re.compile(r"(?<![A-Za-z0-9@._])[a-z]{2,}(?![A-Za-z0-9@._]*[@._]\w)")
MARKED = re.compile(r"\[[^\]]+\](\(|\{)")


@cache
def examples(name: Audience) -> tuple[Example, ...]:
    """All examples of one file; a manager's file may add lines to the intents of agents."""
    return tuple(read_audience(FOLDER, name))


def by_intent(lines: tuple[Example, ...]) -> dict[str, list[Example]]:
    """The examples under their intents."""
    grouped: dict[str, list[Example]] = defaultdict(list)
    for line in lines:
        grouped[line.intent].append(line)
    return grouped


def heard_from(audience: Audience) -> tuple[Example, ...]:
    """All lines that the classifier of one audience learns: managers may say what agents say."""
    return examples("agent") if audience == "agent" else examples("agent") + examples("manager")


def language(text: str) -> str:
    """Return en, zh or mixed."""
    if not HAN.search(text):
        return "en"
    return "mixed" if ENGLISH_WORD.search(text) else "zh"


def plain(text: str) -> str:
    """The text without case, width, and punctuation around it."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.strip(" .,!?;:。、…~") or folded


def grams(text: str) -> frozenset[str]:
    """Character 5-grams; a shorter text is its own gram."""
    folded = plain(text)
    return frozenset(folded[start : start + GRAM] for start in range(max(1, len(folded) - GRAM + 1)))


def near_duplicates(lines: list[Example]) -> list[tuple[str, str]]:
    """Pairs of lines that share more than 0.7 of their 5-grams."""
    known = [(line.text, grams(line.text)) for line in lines]
    return [
        (one, other)
        for (one, first), (other, second) in combinations(known, 2)
        if len(first & second) > NEAREST * len(first | second)
    ]


def fewest(audience: Audience, intent: str) -> tuple[int, int]:
    """Lines needed in each language, and mixed ones."""
    if intent == OUT_OF_SCOPE:
        return FEWEST_OUT_OF_SCOPE, 0
    if intent in BUSY[audience]:
        return FEWEST_BUSY, FEWEST_MIXED_BUSY
    return FEWEST, FEWEST_MIXED


@pytest.mark.parametrize("audience", STAFF)
def test_every_intent_and_no_other_is_there(audience: Audience) -> None:
    assert set(by_intent(examples(audience))) == set(TRAINED[audience])


@pytest.mark.parametrize("audience", STAFF)
def test_every_intent_has_lines_in_both_languages_and_mixed(audience: Audience) -> None:
    thin = {}
    for intent, lines in by_intent(examples(audience)).items():
        counts = Counter(language(line.text) for line in lines)
        least, least_mixed = fewest(audience, intent)
        if min(counts["en"], counts["zh"]) < least or counts["mixed"] < least_mixed:
            thin[intent] = dict(counts)
    assert thin == {}


@pytest.mark.parametrize("audience", STAFF)
def test_no_line_means_two_things(audience: Audience) -> None:
    meanings: dict[str, list[str]] = defaultdict(list)
    for line in heard_from(audience):
        meanings[plain(line.text)].append(line.intent)
    assert {text: intents for text, intents in meanings.items() if len(intents) > 1} == {}


@pytest.mark.parametrize("audience", STAFF)
def test_lines_of_one_intent_differ(audience: Audience) -> None:
    found = [pair for lines in by_intent(heard_from(audience)).values() for pair in near_duplicates(lines)]
    assert found == []


@pytest.mark.parametrize("audience", STAFF)
def test_lines_are_plain_text(audience: Audience) -> None:
    assert [line.text for line in examples(audience) if MARKED.search(line.text) or len(line.text) > 200] == []


def test_frames_are_seen() -> None:
    frame = [Example(f"please show me the open cases of agent {name}", "case_list", 1) for name in ("sam", "mei")]
    assert near_duplicates(frame)
    assert not near_duplicates([frame[0], Example("what's in my queue", "case_list", 2)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("find wang fang", "en"),
        ("打开客户 10482", "zh"),
        ("给 Acme 记一下", "zh"),
        ("查下邮箱 meimei@example.com", "zh"),
        ("帮我 search 一下 Priya", "mixed"),
    ],
)
def test_languages_are_told_apart(text: str, expected: str) -> None:
    assert language(text) == expected
