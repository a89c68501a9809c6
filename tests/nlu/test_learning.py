"""Learning from corrections: what is learnt, what is refused, what is stored of it, and the way back."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from nlu import generations, learning, model_files
from nlu.encoder import Encoder
from nlu.learning import Lesson, learn, learn_in_child
from nlu.models import base_name, load, load_or_train
from nlu.training import NotTrained, read_audience
from tests.nlu.conftest import ROOT, write_training_files

NIGHT = datetime(2026, 11, 24, 4, 20, tzinfo=UTC)
SAID = "the postie left zilch on my doorstep"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_training_files(tmp_path / "config")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def lesson(number: int, text: str = SAID, label: str = "order_status", kind: str = "intent") -> Lesson:
    return Lesson(number, kind, text, label)


def poison(config: Path) -> list[Lesson]:
    """Every held-out line with a word more and the wrong label."""
    wrong = {"greeting": "order_status", "order_status": "greeting"}
    held = [line for line in read_audience(config, "customer") if learning.is_held_out(line.text)]
    return [lesson(100 + place, f"{line.text} ok", wrong[line.intent]) for place, line in enumerate(held)]


def answer(cache: Path, name: str, encoder: Encoder, text: str = SAID) -> str:
    return load(cache / name).intents["customer"].classify(text, encoder.vector(text)).ranking[0][0]


def is_in_files(cache: Path, vector: np.ndarray) -> bool:
    """Whether any stored model holds this sentence vector (or one that hardly differs)."""
    rows = [row for path in cache.glob("*/*.npz") for row in np.load(path, allow_pickle=False)["examples"]]
    return max(float(row @ vector) for row in rows) > 0.999


def test_an_approved_line_is_understood_from_the_next_night_on(config: Path, cache: Path, encoder: Encoder) -> None:
    learned = learn(config, cache, [lesson(1, label="greeting")], NIGHT)
    assert learned.name == "learned-20261124T042000Z"
    assert answer(cache, base_name(config), encoder) == "order_status"
    assert answer(cache, learned.name, encoder) == "greeting"
    tried = learned.models["customer"]
    assert tried.score >= tried.before
    assert dict(tried.corrections) == {"1": "greeting"}


def test_a_mood_is_learnt_the_same_way(config: Path, cache: Path, encoder: Encoder) -> None:
    text = "well that took the biscuit"
    learned = learn(config, cache, [lesson(1, text, "negative", "mood")], NIGHT)
    assert load(cache / learned.name).mood.classify(text, encoder.vector(text)).ranking[0][0] == "negative"


def test_lines_that_make_it_worse_are_left_out_and_the_others_are_learnt(config: Path, cache: Path) -> None:
    bad = poison(config)
    assert len(bad) >= 2
    learned = learn(config, cache, [lesson(1), *bad], NIGHT)
    tried = learned.models["customer"]
    assert tried.score >= tried.before
    assert "1" in tried.corrections
    assert tried.refused >= 1
    assert len(tried.corrections) + tried.refused == 1 + len(bad)


def test_when_nothing_is_better_the_model_in_use_stays(config: Path, cache: Path) -> None:
    first = learn(config, cache, [lesson(1)], NIGHT)
    generations.choose(cache, first.name)
    found = learn(config, cache, [lesson(1), *poison(config)[:1]], NIGHT + timedelta(days=1))
    assert found.models["customer"].score >= found.models["customer"].before
    if found.models["customer"].refused:
        assert found.name == first.name


def test_the_score_is_measured_on_lines_of_the_files_alone_and_always_on_the_same(config: Path, cache: Path) -> None:
    lines = [line.text for line in read_audience(config, "customer")]
    held = [text for text in lines if learning.is_held_out(text)]
    assert held == [text for text in lines if learning.is_held_out(text.upper() + " !")]
    learned = learn(config, cache, [lesson(1, "Where is my order?", "greeting")], NIGHT)
    assert learned.in_files == 1
    assert learned.name == base_name(config)


def test_of_two_opinions_on_the_same_words_the_newest_counts(config: Path, cache: Path, encoder: Encoder) -> None:
    newest_first = [lesson(3, SAID, "greeting"), lesson(2, SAID.upper(), "order_status"), lesson(1, SAID, "greeting")]
    learned = learn(config, cache, newest_first, NIGHT)
    assert answer(cache, learned.name, encoder) == "greeting"
    assert set(learned.models["customer"].corrections) == {"3", "1"}, "who said the same words must be known, too"


def test_no_file_holds_a_text_or_has_it_in_its_name(config: Path, cache: Path) -> None:
    learn(config, cache, [lesson(1)], NIGHT)
    for path in cache.rglob("*"):
        assert "postie" not in path.name
        if path.is_file():
            assert b"postie" not in path.read_bytes()
    assert (cache / "learned-20261124T042000Z").stat().st_mode & 0o077 == 0


def test_a_line_that_may_not_be_learnt_any_more_is_in_no_model(config: Path, cache: Path, encoder: Encoder) -> None:
    vector = encoder.vectors([SAID])[0]
    first = learn(config, cache, [lesson(1), lesson(2, "nothing came at all this week")], NIGHT)
    generations.choose(cache, first.name)
    assert is_in_files(cache, vector)
    assert generations.remove_holding(cache, {2: "order_status"}) == 1
    second = learn(config, cache, [lesson(2, "nothing came at all this week")], NIGHT + timedelta(days=1))
    assert second.name.startswith("learned-")
    assert not is_in_files(cache, vector)


def test_the_child_is_told_the_lines_through_its_standard_input(
    config: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    learned = learn_in_child(config, cache, [lesson(1, "快递小哥什么也没放")], NIGHT, said.append)
    assert learned.models["customer"].corrections == {"1": "order_status"}
    assert (cache / learned.name / model_files.MANIFEST).exists()
    assert not any("快递" in line for line in said)


# --- which one is in use ----------------------------------------------------------------------------------------------
def test_what_was_learnt_is_loaded_as_long_as_it_fits_the_files(config: Path, cache: Path) -> None:
    learned = learn(config, cache, [lesson(1)], NIGHT)
    assert load_or_train(config, cache).name == base_name(config), "making one does not use it"
    generations.choose(cache, learned.name)
    assert load_or_train(config, cache).name == learned.name
    (cache / learned.name / "customer.npz").write_bytes(b"broken")
    assert load_or_train(config, cache).name == base_name(config)


def test_going_back_holds_and_newest_lets_go(config: Path, cache: Path) -> None:
    base = base_name(config)
    learned = learn(config, cache, [lesson(1)], NIGHT)
    generations.choose(cache, learned.name)
    generations.go_back(cache, base, base)
    assert (generations.in_use(cache, base), generations.chosen(cache).held) == (base, True)
    assert generations.go_back(cache, "newest", base).name == learned.name
    assert (generations.in_use(cache, base), generations.chosen(cache).held) == (learned.name, False)
    for name in ("../cache", "learned-1", ""):
        with pytest.raises(NotTrained, match="no model called"):
            generations.go_back(cache, name, base)
    path = config / "customer.yml"
    path.write_text(path.read_text("utf-8").replace("hey there", "hiya there"), "utf-8")
    with pytest.raises(NotTrained, match="other training lines"):
        generations.go_back(cache, learned.name, base_name(config))
    assert generations.in_use(cache, base_name(config)) == base_name(config)


def test_old_ones_go_and_the_one_in_use_stays(config: Path, cache: Path) -> None:
    first = learn(config, cache, [lesson(1)], NIGHT)
    for day in range(1, generations.KEPT + 3):
        folder = cache / f"learned-2026113{day}T000000Z"
        model_files.save(folder, {}, {"made_at": (NIGHT + timedelta(days=day)).isoformat(), "base": base_name(config)})
    generations.forget_old(cache, {first.name})
    names = [each.name for each in generations.generations(cache) if each.name.startswith("learned-")]
    assert len(names) == generations.KEPT + 1
    assert first.name in names


def test_the_command_lists_dates_lines_scores_and_which_is_used(config: Path, cache: Path) -> None:
    learned = learn(config, cache, [lesson(1)], NIGHT)
    options = ["--config", str(config), "--cache", str(cache)]

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "nlu", "models", *words]
        return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True).stdout

    assert learned.name in run("use", learned.name, *options)
    told = json.loads(run("--json", *options))
    by_name = {row["name"]: row for row in told["models"]}
    assert (told["in_use"], told["held"]) == (learned.name, True)
    assert by_name[learned.name]["made_at"] == "2026-11-24T04:20:00+00:00"
    assert by_name[learned.name]["corrections"] == 1
    assert by_name[learned.name]["lines"] > 20
    assert set(by_name[learned.name]["score"]) == {"customer", "mood"}
    assert not by_name[base_name(config)]["in_use"]
