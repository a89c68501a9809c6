"""The blind test set: written from the list of intents alone by somebody who had not read the training lines.

Nothing may be tuned on it: what is found here is mended by writing more lines of the kind, never by writing these.
Measure with `python -m nlu evaluate tests/nlu/unseen.jsonl --names tests/nlu/unseen_names.json`.
"""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from nlu.evaluation import Case, read_cases
from nlu.intents import TRAINED
from nlu.training import read_audience, read_moods
from nlu.understanding import Audience

FOLDER = Path(__file__).parent
CONFIG = FOLDER.parents[1] / "config" / "nlu"
FEWEST, FEWEST_OF_INTENT = 200, 4
NEAREST, GRAM = 0.5, 5


@cache
def cases() -> tuple[Case, ...]:
    return tuple(read_cases(FOLDER / "unseen.jsonl"))


def grams(text: str) -> frozenset[str]:
    plain = " ".join(text.casefold().split())
    return frozenset(plain[start : start + GRAM] for start in range(max(1, len(plain) - GRAM + 1)))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("audience", list(TRAINED))
def test_there_is_enough_of_everything(audience: Audience, language: str) -> None:
    counts = Counter(one.intent for one in cases() if (one.audience, one.language) == (audience, language))
    assert counts.total() >= FEWEST
    assert {intent: counts[intent] for intent in TRAINED[audience] if counts[intent] < FEWEST_OF_INTENT} == {}


def test_no_line_is_near_a_training_line() -> None:
    lines = {line.text for audience in TRAINED for line in read_audience(CONFIG, audience)}
    lines |= {line.text for line in read_moods(CONFIG)}
    where: dict[str, set[str]] = {}
    for line in lines:
        for gram in grams(line):
            where.setdefault(gram, set()).add(line)
    size = {line: len(grams(line)) for line in lines}
    near = []
    for case in cases():
        mine = grams(case.text)
        shared = Counter(line for gram in mine for line in where.get(gram, ()))
        near += [
            (case.text, line)
            for line, count in shared.items()
            if count > NEAREST * (len(mine) + size[line] - count)  # of the grams that either has
        ]
    assert near == []
