"""The shipped training files agree with the table of intents, and broken ones are reported with their place."""

from pathlib import Path

import pytest

from nlu.intents import ENTITIES, INTENTS, OUT_OF_SCOPE, TRAINED
from nlu.language import detect
from nlu.models import examples_of
from nlu.training import MOODS, TrainingDataError, clashes, read_audience, read_examples, read_moods, unmark
from tests.nlu.conftest import ROOT, write_training_files

CONFIG = ROOT / "config" / "nlu"


@pytest.mark.parametrize("audience", ["customer", "agent", "manager"])
def test_files_and_table_name_the_same_intents(audience):
    assert {example.intent for example in read_audience(CONFIG, audience)} == set(TRAINED[audience])


@pytest.mark.parametrize("audience", ["customer", "agent", "manager"])
def test_no_line_stands_twice(audience):
    assert [(one.text, one.line, two.line) for one, two in clashes(read_audience(CONFIG, audience))] == []


@pytest.mark.parametrize("audience", ["customer", "agent", "manager"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_intent_has_enough_lines_in_each_language(audience, language):
    counts = dict.fromkeys(TRAINED[audience], 0)
    for example in read_audience(CONFIG, audience):
        counts[example.intent] += detect(example.text)[0] == language
    assert {intent: count for intent, count in counts.items() if count < 20} == {}


def test_moods_are_the_three():
    assert {example.intent for example in read_moods(CONFIG)} == set(MOODS)


def test_managers_may_say_what_agents_say_except_what_is_out_of_scope():
    lines = examples_of(CONFIG)["manager"]
    assert {line.intent for line in lines} == set(INTENTS["manager"])
    own = {line.text for line in read_audience(CONFIG, "manager") if line.intent == OUT_OF_SCOPE}
    assert {line.text for line in lines if line.intent == OUT_OF_SCOPE} == own


def test_names_are_unique():
    for names in (*INTENTS.values(), ENTITIES):
        assert len(names) == len(set(names))


def _file(folder: Path, content: str) -> Path:
    path = folder / "customer.yml"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ('version: "3.1"\nnlu:\n- intent: greeting\n  examples: |\n    - hi\n bad: [\n', 6, "broken YAML"),
        ("nlu:\n- intent: dance\n  examples: |\n    - hi\n", 2, 'unknown intent "dance"'),
        ("nlu:\n- intent: greeting\n  examples: |\n    - hi\n    -\n", 5, "empty example"),
        ("nlu:\n- intent: greeting\n  examples: |\n    - hi\n    hello\n", 5, 'must begin with "- "'),
        ("nlu:\n- intent: greeting\n  examples: hi\n", 3, 'followed by "|"'),
        ("nlu:\n- intent: greeting\n", 2, 'no "examples:"'),
        ("version: 1\n", 1, '"nlu:"'),
        ("- a\n", 1, '"version:"'),
    ],
)
def test_broken_files_name_the_place_and_the_cure(tmp_path, content, line, words):
    path = _file(tmp_path, content)
    with pytest.raises(TrainingDataError) as caught:
        read_examples(path, {"greeting"})
    assert f"{path}, line {line}:" in str(caught.value)
    assert words in str(caught.value)


def test_missing_and_mis_encoded_files_are_reported(tmp_path):
    with pytest.raises(TrainingDataError, match="missing"):
        read_examples(tmp_path / "none.yml", {"greeting"})
    (tmp_path / "latin.yml").write_bytes("nlu: é".encode("latin-1"))
    with pytest.raises(TrainingDataError, match="UTF-8"):
        read_examples(tmp_path / "latin.yml", {"greeting"})


def test_list_form_and_foreign_groups_are_read(tmp_path):
    path = _file(
        tmp_path,
        "nlu:\n- intent: greeting\n  examples:\n  - text: |\n      hi [Anna](person_name)\n"
        "- synonym: x\n  examples: |\n    - y\n- regex: z\n  examples: |\n    - \\d\n",
    )
    (example,) = read_examples(path, {"greeting"})
    assert (example.text, example.entities[0].name, example.entities[0].text) == ("hi Anna", "person_name", "Anna")


def test_marks_become_entities_with_true_offsets():
    text, entities = unmark('to [Acme](company) for [5]{"entity": "quantity", "value": 5}')
    assert text == "to Acme for 5"
    assert [(one.name, one.value, text[one.start : one.end]) for one in entities] == [
        ("company", "Acme", "Acme"),
        ("quantity", 5, "5"),
    ]


def test_small_files_are_readable(tmp_path):
    assert len(examples_of(write_training_files(tmp_path))) == 4
