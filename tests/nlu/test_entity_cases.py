"""What people type for every kind of value, in both languages: the tables of `entity_cases`, one row a text.

Columns: audience, intent, region, entity, text, values as JSON. All seen from Monday 23 November 2026,
18:00 in Shanghai.
"""

import json
from pathlib import Path

import pytest

from nlu.entities import Catalogue, extract, read_names
from nlu.intents import ENTITIES, INTENTS
from tests.nlu.conftest import NOW

FOLDER = Path(__file__).parent / "entity_cases"
CATALOGUE = Catalogue(read_names(FOLDER / "names.json"))
ROWS = [line.split("\t") for file in sorted(FOLDER.glob("*.tsv")) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("audience", "intent", "region", "entity", "text", "values"), ROWS)
def test_values_are_found(audience, intent, region, entity, text, values):
    found = extract(text, CATALOGUE, audience=audience, intent=intent, now=NOW, zone="Asia/Shanghai", region=region)
    assert [one.value for one in found if one.name == entity] == json.loads(values)


def test_the_tables_speak_of_what_there_is():
    known = {intent for intents in INTENTS.values() for intent in intents} | {""}
    assert {row[3] for row in ROWS} <= set(ENTITIES)
    assert {row[1] for row in ROWS} <= known


def test_every_entity_has_rows_in_both_languages():
    missing = []
    for entity in sorted(set(ENTITIES) - NOT_HERE):
        texts = [row[4] for row in ROWS if row[3] == entity]
        if not any(text.isascii() for text in texts) or all(text.isascii() for text in texts):
            missing.append(entity)
    assert missing == []


NOT_HERE = {"brand", "category", "campaign", "colour", "competitor", "consent_type", "language", "mood", "recipient",
            "score_type", "segment", "tag"}  # fmt: skip
"""Whose tests stand in test_entities.py."""
