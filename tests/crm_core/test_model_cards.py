"""Model cards are made by the code: every target has one in both languages, and what it names is there."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import PROJECT
from crm_core.analytics.features.definition import COLUMNS
from crm_core.analytics.prediction import candidates, model_cards
from crm_core.analytics.prediction import learning as prediction
from crm_core.analytics.prediction.candidates import FAMILIES
from crm_core.analytics.prediction.model_cards import PLACES, card, read_words
from crm_core.analytics.prediction.targets import TARGETS
from tests.crm_core.test_prediction import FIRST, LAST, shop

MORE = {"overdue_share_milli", "last_category"}
"""What models are given beside the feature table; and columns of one category, `orders_in:tea`."""


@pytest.fixture(scope="module")
def learnt() -> prediction.Learnt:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "TREES", 5)
        return prediction.learn(shop(150), "churn", 60, trials=0)


def written(language: str, target: str) -> str:
    return (PROJECT / PLACES[language] / f"{target}.md").read_text("utf-8")  # type: ignore[index]


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ .*", text, re.MULTILINE)


def test_both_languages_have_the_same_words():
    english, chinese = read_words()["en"], read_words()["zh"]
    assert english.keys() == chinese.keys()
    for key, value in english.items():
        if isinstance(value, dict):
            assert value.keys() == chinese[key].keys(), key
        else:
            assert set(re.findall(r"{(\w+)}", value)) == set(re.findall(r"{(\w+)}", chinese[key])), key
    for words in (english, chinese):
        assert set(words["families"]) == set(FAMILIES)
        assert set(words["titles"]) == set(words["asks"]) == set(TARGETS)
        assert set(words["limit"]) == {"all", *TARGETS}


@pytest.mark.parametrize("language", PLACES)
def test_a_card_says_what_was_measured(language: str, learnt: prediction.Learnt):
    words = read_words()[language]  # type: ignore[index]
    text = card(learnt, FIRST, LAST, 7, words, "other.md")
    assert f"{FIRST}" in text
    assert f"{LAST}" in text
    assert str(learnt.days.test) in text
    assert f"`{7}`" in text
    for family, candidate in learnt.candidates.items():
        (row,) = re.findall(rf"^\| {re.escape(words['families'][family])} .*", text, re.MULTILINE)
        assert f"| {candidate.skill['test']:.3f} |" in row
        assert f"{candidate.figures['test']['auc']:.3g}" in row
    assert words["verdicts"][learnt.verdict] in text
    assert all(f"| {each.examples} |" in text for each in (*learnt.curve, *learnt.reliability))
    assert all(limit in text for limit in (*words["limit"]["all"], *words["limit"]["churn"]))


def test_a_card_says_when_the_naive_answer_is_kept(learnt: prediction.Learnt):
    words = read_words()["en"]
    kept = card(replace(learnt, chosen="naive"), FIRST, LAST, 0, words, "other.md")
    used = card(replace(learnt, chosen="linear"), FIRST, LAST, 0, words, "other.md")
    assert "**The naive answer.**" in kept
    assert "**The naive answer.**" not in used
    assert "**linear model**" in used


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("language", PLACES)
def test_every_target_has_its_card_as_the_code_writes_it(language: str, target: str, learnt: prediction.Learnt):
    words, text = read_words()[language], written(language, target)  # type: ignore[index]
    bins = learnt.reliability if TARGETS[target].kind != "amount" else ()
    fresh = card(replace(learnt, target=target, reliability=bins), FIRST, LAST, 0, words, "other.md")
    assert headings(text) == headings(fresh)
    assert words["made"] in text
    assert all(f"| {words['families'][family]} |" in text for family in FAMILIES)
    named = {each for each in re.findall(r"`([a-z_0-9]+(?::\w+)?)`", text) if "_" in each}
    parameters = {name for family in FAMILIES.values() for name in family.first}
    categories = {each for each in named if each.startswith(("orders_in:", "recency_in:"))}
    answers = {"coffee_beans"}
    assert named - categories - parameters - answers <= set(COLUMNS) | MORE


def test_cards_are_written_in_both_languages(
    tmp_path: Path, learnt: prediction.Learnt, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model_cards, "learn_all", lambda past, trials: iter([learnt]))
    files = model_cards.write_cards(shop(30), tmp_path, 3)  # type: ignore[arg-type]
    assert [path.relative_to(tmp_path).as_posix() for path in files] == [
        "docs/models/churn.md",
        "docs/zh/models/churn.md",
    ]
    for path in files:
        (other,) = re.findall(r"\]\(([^)]+churn\.md)\)", path.read_text("utf-8"))
        assert (path.parent / other).resolve() in {each.resolve() for each in files if each != path}
