"""Evaluation and the commands: figures that are right, files that are read, errors that help."""

import json

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from nlu.__main__ import app
from nlu.evaluation import Case, measure, read_cases
from nlu.serving import build_service
from nlu.training import NotTrained
from nlu.understanding import Entity, Understanding
from tests.nlu.conftest import NOW, ROOT
from tests.peers.rasa_replay import recorded


class Scripted:
    """Understands what it was told to."""

    def __init__(self, answers):
        self.answers = answers

    def understand(self, text, audience, *, now, zone="UTC", region="CN"):
        intent, sentiment, entities = self.answers[text]
        made = tuple(Entity(name=name, value=value) for name, value in entities)
        return Understanding(
            text=text, language="en", intent=intent, confidence=0.9, sentiment=sentiment, entities=made
        )


def test_figures_are_counted_right():
    cases = [
        Case(
            "a",
            "customer",
            "en",
            "greeting",
            (("order_id", "1"), ("money", {"amount_minor": 5, "currency": None})),
            "positive",
        ),
        Case("b", "customer", "en", "greeting", None, "negative"),
        Case("c", "customer", "en", "thanks", (), "negative"),
        Case("d", "customer", "en", "out_of_scope"),
        Case("e", "agent", "zh", "out_of_scope"),
    ]
    answers = {
        "a": ("greeting", 0.9, [("order_id", "1"), ("money", {"amount_minor": 5})]),
        "b": ("thanks", -0.9, []),
        "c": ("out_of_scope", 0.0, []),
        "d": ("out_of_scope", 0.0, []),
        "e": ("greeting", 0.0, []),
    }
    report = measure(Scripted(answers), cases, now=NOW)
    assert report["intent_accuracy"] == pytest.approx(2 / 5)
    assert report["oos_recall"] == pytest.approx(1 / 2)
    assert report["in_scope_refused"] == pytest.approx(1 / 3)
    assert report["entity_recall"] == 1.0
    assert report["mood_macro_recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert report["macro_f1"] == pytest.approx((2 * 1 / 4 + 0 + 2 * 1 / 4) / 3)
    assert report["by"]["customer.en"]["intent_accuracy"] == pytest.approx(2 / 4)
    assert report["by"]["agent.zh"]["oos_recall"] == 0.0
    assert {"wanted": "greeting", "found": "thanks", "times": 1} in report["confusions"]
    assert {row["text"] for row in report["errors"]} == {"b", "c", "e"}


def test_what_was_not_labelled_has_no_figure():
    report = measure(Scripted({"a": ("greeting", 0.0, [])}), [Case("a", "customer", "en", "greeting")], now=NOW)
    assert report["entity_recall"] is None
    assert report["oos_recall"] is None
    assert report["mood_macro_recall"] is None


def test_the_three_kinds_of_files_are_read(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"text": "hi", "audience": "agent", "lang": "en", "intent": "greeting", '
        '"entities": {"count": [1, 2]}, "sentiment": "neutral"}\n\n',
        "utf-8",
    )
    (tmp_path / "b.csv").write_text("text,category\n你好,greeting\n", "utf-8")
    (tmp_path / "c.yml").write_text("nlu:\n- intent: greeting\n  examples: |\n    - hi [Anna](person_name)\n", "utf-8")
    (json_case,) = read_cases(tmp_path / "a.jsonl")
    assert (json_case.audience, json_case.entities, json_case.mood) == (
        "agent",
        (("count", 1), ("count", 2)),
        "neutral",
    )
    (csv_case,) = read_cases(tmp_path / "b.csv")
    assert (csv_case.audience, csv_case.language, csv_case.intent) == ("customer", "zh", "greeting")
    (yaml_case,) = read_cases(tmp_path / "c.yml", "agent")
    assert yaml_case.entities == (("person_name", None),)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", "{", "line 1"),
        ("a.jsonl", '{"text": "x", "audience": "boss"}', "boss"),
        ("a.jsonl", '{"text": "x", "intent": "dance"}', "dance"),
        ("a.csv", "words\nx\n", "text and category"),
        ("a.txt", "x", r"\.jsonl"),
        ("a.jsonl", "", "no labelled texts"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, name, content, words):
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(NotTrained, match=words):
        read_cases(tmp_path / name)


def test_try_and_evaluate_print_json(interpreter, models_dir, tmp_path):
    runner = CliRunner()
    tried = runner.invoke(app, ["try", "订单 8821 到哪了", "--as", "customer", "--cache", str(models_dir)])
    assert json.loads(tried.stdout)["intent"] == "order_status"
    (tmp_path / "a.jsonl").write_text('{"text": "hello", "intent": "greeting"}\n', "utf-8")
    measured = runner.invoke(app, ["evaluate", str(tmp_path / "a.jsonl"), "--json", "--cache", str(models_dir)])
    report = json.loads(measured.stdout)
    contract = {"intent_accuracy", "macro_f1", "oos_recall", "in_scope_refused", "entity_recall", "mood_macro_recall"}
    assert contract <= report.keys()
    assert contract <= report["by"]["customer.en"].keys()


def test_an_unknown_audience_is_refused():
    result = CliRunner().invoke(app, ["try", "x", "--as", "boss"])
    assert result.exit_code == 2
    assert "customer, agent or manager" in result.output


def test_the_service_answers_in_rasas_shape(interpreter):
    client = TestClient(build_service(interpreter, clock=lambda: NOW))
    answer = client.post("/model/parse", json={"text": "order #8821 到哪了", "message_id": "m1"}).json()
    assert answer["intent"]["name"] == answer["intent_ranking"][0]["name"] == "order_status"
    entity = next(one for one in answer["entities"] if one["entity"] == "order_id")
    assert (entity["value"], answer["text"][entity["start"] : entity["end"]]) == ("8821", "8821")
    assert answer["message_id"] == "m1"
    assert client.post("/model/parse", json={"text": "x", "audience": "boss"}).status_code == 422
    assert client.post("/model/parse", json={"text": "x" * 100_001}).status_code == 422


def test_the_service_has_all_that_a_real_rasa_answers(interpreter):
    """So that what reads Rasa's answers can read ours; `text_tokens` is left out, as words are not ours to cut."""
    client = TestClient(build_service(interpreter, clock=lambda: NOW))
    ours = client.post("/model/parse", json={"text": "where is my order"}).json()
    theirs = recorded("parse_order_en")["body"]
    assert theirs.keys() - {"text_tokens", "response_selector"} <= ours.keys()
    assert theirs["intent"].keys() == ours["intent"].keys()
    assert theirs["intent_ranking"][0].keys() == ours["intent_ranking"][0].keys()


def test_the_shipped_lines_are_learnt(interpreter):
    """Not a measure of quality: what was taught must be known."""
    cases = read_cases(ROOT / "config" / "nlu" / "customer.yml", "customer")[::12]
    assert measure(interpreter, cases, now=NOW)["intent_accuracy"] > 0.97
