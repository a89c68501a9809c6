"""A file of names for the commands: read as it is, refused with the reason and the place."""

import json

import pytest
from typer.testing import CliRunner

from nlu.__main__ import app
from nlu.entities import Gazetteer, read_names


def test_names_are_read(tmp_path):
    file = tmp_path / "names.json"
    file.write_text('{"products": [["T9 lantern", "T9"], ["T9 灯笼", "T9"]], "people": []}', "utf-8")
    assert read_names(file) == Gazetteer(products=(("T9 lantern", "T9"), ("T9 灯笼", "T9")))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object"),
        ('{"cats": []}', '"cats" is none of products, categories'),
        ('{"products": {}}', "products: must be a list"),
        ('{"people": [["Wang Fang", "1"], ["Li Mei"]]}', "people, entry 2"),
        ('{"people": [["Wang Fang", 1]]}', "both text"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, content, words):
    file = tmp_path / "names.json"
    file.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=words):
        read_names(file)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_names(tmp_path / "none.json")


def test_commands_know_the_names(interpreter, models_dir, tmp_path):
    names, cases = tmp_path / "names.json", tmp_path / "cases.jsonl"
    names.write_text('{"products": [["Zorblax", "Z-1"]]}', "utf-8")
    cases.write_text('{"text": "is the zorblax in stock", "entities": {"product": "Z-1"}}\n', "utf-8")
    common = ["--names", str(names), "--cache", str(models_dir)]
    tried = json.loads(CliRunner().invoke(app, ["try", "is the zorblax in stock", *common]).stdout)
    assert {"name": "product", "value": "Z-1"}.items() <= tried["entities"][0].items()
    measured = json.loads(CliRunner().invoke(app, ["evaluate", str(cases), "--json", *common]).stdout)
    assert measured["entity_recall"] == 1.0
