"""Every dialogue of tests/conversations, on SQLite and on PostgreSQL."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from config.settings import FOLDER
from nlu.cleaning import HAN, fold
from nlu.training import read_audience
from nlu.understanding import Audience
from tests.dialogues import Stage
from tests.playing import STAFF_STEPS, load_dialogues, play
from tests.secrets_of_others import assert_nothing_of_others

DIALOGUES = load_dialogues(Path(__file__).parent / "conversations")
CUSTOMER_INTENTS = (
    "greeting", "help", "order_status", "delivery_problem", "refund_status", "return_request", "cancel_order",
    "stock_check", "price_question", "product_question", "product_recommend", "business_hours", "faq", "complaint",
    "praise", "talk_to_human", "csat_rating", "unsubscribe", "switch_language", "link_identity",
    "change_order", "place_order", "payment_problem", "invoice_request", "technical_problem", "warranty_check",
    "feature_suggestion", "set_preferences", "data_access", "data_erase",
)  # fmt: skip
"""What customers can do: each is shown in both languages."""
_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"(?<![\w@.-])[a-z]{2,}(?![\w@.-])", re.IGNORECASE)
_SIGNS = re.compile(r"\W+")
COMMONPLACE = 5
"""Letters or characters up to which a line is nobody's own: there are only so many ways to say yes."""


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda d: f"{d['file']}-{d['name']}".replace(" ", "_"))
def test_dialogue(dialogue: dict[str, Any], stage: Stage, character: Callable[[str], int]) -> None:
    play(stage, dialogue, character)


LEAKS = (
    "SO-20931", "SF1390020931001", "wang.fang@example.com", "+8613800138000", "王芳", "Wang Fang",
    "上海市长宁区愚园路88号3单元502",
)  # fmt: skip


def test_a_leak_would_be_noticed(stage: Stage, character: Callable[[str], int]) -> None:
    stage.link("70001", character("li_mei"))
    stage.customer_says("70001", "hello")
    assert_nothing_of_others(stage, "70001", "SO-20488, 李梅")
    for leak in LEAKS:
        with pytest.raises(AssertionError, match="told of others"):
            assert_nothing_of_others(stage, "70001", f"Here you are: {leak}")


def test_there_are_enough_dialogues_in_each_language() -> None:
    languages = Counter(dialogue["language"] for dialogue in DIALOGUES)
    handed_over = [
        dialogue["name"]
        for dialogue in DIALOGUES
        if any(turn.get("state") in ("waiting", "person") for turn in dialogue["turns"])
        and any(step in turn for turn in dialogue["turns"] for step in STAFF_STEPS)
    ]
    assert len(DIALOGUES) >= 100
    assert languages["zh"] >= 40
    assert languages["en"] >= 40
    assert languages["mixed"] >= 12
    assert len(handed_over) >= 14


def test_every_dialogue_is_in_the_language_it_says() -> None:
    for dialogue in DIALOGUES:
        lines = [
            line for turn in dialogue["turns"] for line in _spoken(turn) if len(_SIGNS.sub("", line)) > COMMONPLACE
        ]
        chinese = [line for line in lines if _HAN.search(line)]
        both = [line for line in chinese if _LATIN_WORD.search(line)]
        if dialogue["language"] == "en":
            assert not chinese, dialogue["name"]
        elif dialogue["language"] == "zh":
            assert len(chinese) * 2 >= len(lines), dialogue["name"]
        else:
            assert both, dialogue["name"]


def test_every_intent_that_customers_may_have_is_shown_in_both_languages() -> None:
    shown: dict[str, set[str]] = {}
    for dialogue in DIALOGUES:
        for turn in dialogue["turns"]:
            if "said" in turn and "intent" in turn:
                shown.setdefault(turn["intent"], set()).add("zh" if _HAN.search(turn["said"]) else "en")
    missing = {intent: {"en", "zh"} - shown.get(intent, set()) for intent in CUSTOMER_INTENTS}
    assert {intent: languages for intent, languages in missing.items() if languages} == {}


def test_no_line_of_a_dialogue_was_learnt_by_heart() -> None:
    lines = [line for audience in get_args(Audience) for line in read_audience(FOLDER / "nlu", audience)]
    trained = {_plain(line.text) for line in lines}
    known = [
        line
        for dialogue in DIALOGUES
        for turn in dialogue["turns"]
        for line in _spoken(turn)
        if len(_plain(line)) > COMMONPLACE and _plain(line) in trained
    ]
    assert known == []


def _spoken(turn: dict[str, Any]) -> Iterator[str]:
    for key in ("said", "edited", "staff", "staff_edits", "caption"):
        if turn.get(key):
            yield str(turn[key])


def _plain(text: str) -> str:
    return _SIGNS.sub("", fold(text))
