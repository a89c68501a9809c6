"""The shop's knowledge: the same entries in both languages, short answers, no question that belongs to two."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from nlu.training import read_audience

CONFIG = Path(__file__).parents[2] / "config"
LANGUAGES = ("en", "zh")
HAN = re.compile(r"[\u3400-\u9fff]")
SENTENCE = re.compile(r"[.!?](?=\s|$)|[。！？]")
QUESTIONS = range(4, 13)
MOST_SENTENCES = 3


def entries(language: str) -> list[dict[str, Any]]:
    """The entries of one language, in the order of the file."""
    content: list[dict[str, Any]] = yaml.safe_load((CONFIG / "knowledge" / f"{language}.yml").read_text("utf-8"))
    return content


def test_both_languages_hold_the_same_entries() -> None:
    english, chinese = ([(entry["id"], entry["intent"]) for entry in entries(language)] for language in LANGUAGES)
    assert english == chinese
    assert len(dict(english)) == len(english) >= 40
    assert {intent for _, intent in english} == {"faq", "business_hours"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_are_complete_and_short(language: str) -> None:
    for entry in entries(language):
        assert set(entry) == {"id", "intent", "questions", "answer"}, entry["id"]
        assert len(entry["questions"]) in QUESTIONS, entry["id"]
        assert 1 <= len(SENTENCE.findall(entry["answer"])) <= MOST_SENTENCES, entry["id"]
        assert len(entry["answer"]) <= 330, entry["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_have_no_gap_from_folding(language: str) -> None:
    gaps = [entry["id"] for entry in entries(language) if re.search(r"[。！？；，] ", entry["answer"])]
    assert gaps == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_its_language(language: str) -> None:
    texts = [text for entry in entries(language) for text in (*entry["questions"], entry["answer"])]
    wrong = [text for text in texts if bool(HAN.search(text.replace("鹤与杜松", ""))) != (language == "zh")]
    assert wrong == []


@pytest.mark.parametrize("entry_id", ["shipping_cost", "shipping_time", "opening_hours", "instalments"])
def test_figures_agree_between_the_languages(entry_id: str) -> None:
    english, chinese = (
        next(re.findall(r"\d+", entry["answer"]) for entry in entries(language) if entry["id"] == entry_id)
        for language in LANGUAGES
    )
    assert english
    assert english == chinese


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_stands_twice_or_in_the_training_lines(language: str) -> None:
    asked = Counter(question.casefold() for entry in entries(language) for question in entry["questions"])
    assert [question for question, count in asked.items() if count > 1] == []
    trained = {line.text.casefold() for line in read_audience(CONFIG / "nlu", "customer")}
    assert trained & set(asked) == set()
