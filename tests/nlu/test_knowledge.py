"""Answers from the knowledge base."""

import numpy as np
import pytest

from nlu.knowledge import CONFIDENT, KnowledgeBase
from nlu.training import NotTrained
from tests.nlu.conftest import ROOT


def write(folder, name, rows):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(rows, encoding="utf-8")


EN = """\
- id: shipping
  questions: [how much is shipping, do you ship for free]
  answer: Five.
- id: hours
  questions: [when are you open]
  answer: Nine to six.
  intent: business_hours
"""
ZH = """\
- id: shipping
  questions: [运费多少, 包邮吗]
  answer: 五元。
- id: hours
  questions: [几点开门]
  answer: 九点到六点。
  intent: business_hours
"""


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "knowledge", "en", EN)
    write(tmp_path / "knowledge", "zh", ZH)
    return tmp_path / "knowledge"


def test_the_answer_is_in_the_language_asked_for(folder, interpreter):
    base = KnowledgeBase.load(folder, interpreter)
    (first, *_) = base.search("what does shipping cost", "en")
    assert (first.id, first.answer) == ("shipping", "Five.")
    (first, *_) = base.search("邮费要多少钱", "zh")
    assert (first.id, first.answer) == ("shipping", "五元。")
    (first, *_) = base.search("邮费要多少钱", "en")
    assert (first.id, first.answer) == ("shipping", "Five.")


def test_each_entry_is_given_once_and_the_best_first(folder, interpreter):
    hits = KnowledgeBase.load(folder, interpreter).search("when do you open", "en")
    assert [hit.id for hit in hits] == ["hours", "shipping"]
    assert hits[0].score > CONFIDENT > hits[1].score
    assert hits[0].intent == "business_hours"


def test_what_it_does_not_know_stays_below_the_threshold(folder, interpreter):
    base = KnowledgeBase.load(folder, interpreter)
    for text in ("who won the football match", "今天股市怎么样", "", "🦄", "x" * 5000):
        assert all(hit.score < CONFIDENT for hit in base.search(text, "en"))


def test_shipped_questions_find_their_own_answers(interpreter):
    base = KnowledgeBase.load(ROOT / "config" / "knowledge", interpreter)
    wrong = [
        (question, best.id, best.score)
        for entry, question in base._rows
        if question != entry.answer and (best := base.search(question, entry.language)[0])
        if best.id != entry.id or best.score < CONFIDENT or best.answer != base.answer(entry.id, entry.language)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("do you ship to canada", "en", "shipping_countries"),
        ("can i pay with paypal", "en", "payment_methods"),
        ("邮费多少钱", "zh", "shipping_cost"),
        ("how long does delivery take", "en", "shipping_time"),
        ("你们几点关门", "zh", "opening_hours"),
    ],
)
def test_questions_in_other_words_find_the_entry(interpreter, text, language, wanted):
    best = KnowledgeBase.load(ROOT / "config" / "knowledge", interpreter).search(text, language)[0]
    assert (best.id, best.score >= CONFIDENT) == (wanted, True)


def test_vectors_are_kept_and_remade_when_corrupt(folder, interpreter, tmp_path):
    first = KnowledgeBase.load(folder, interpreter, tmp_path / "cache")
    (stored,) = (tmp_path / "cache").glob("knowledge-*/texts.npz")
    again = KnowledgeBase.load(folder, interpreter, tmp_path / "cache")
    assert np.array_equal(first._vectors, again._vectors)
    stored.write_bytes(b"rubbish")
    assert np.allclose(KnowledgeBase.load(folder, interpreter, tmp_path / "cache")._vectors, first._vectors, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("zh", ZH.replace("id: hours", "id: times"), "one language only: hours, times"),
        ("en", EN.replace("id: hours", "id: shipping"), "twice"),
        ("en", EN.replace("answer: Five.", "answer: ''"), r"entry 1 \(shipping\).*answer"),
        ("en", EN.replace("intent: business_hours", "intent: dance"), r"entry 2 \(hours\).*intent"),
        ("en", "- id: a\n  questions: x\n  answer: y\n", "list of texts"),
        ("en", "- questions: [x]\n", '"id" is missing'),
        ("en", "a: [", "line 2: broken YAML|line 1: broken YAML"),
        ("en", "a: 1", "list of entries"),
    ],
)
def test_broken_files_say_where(folder, interpreter, name, rows, words):
    write(folder, name, rows)
    with pytest.raises(NotTrained, match=words):
        KnowledgeBase.load(folder, interpreter)


def test_a_missing_file_is_named(tmp_path, interpreter):
    with pytest.raises(NotTrained, match=r"en\.yml"):
        KnowledgeBase.load(tmp_path, interpreter)
