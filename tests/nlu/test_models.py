"""Models are trained once, stored without pickle, checked at loading, and made again when anything is wrong."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from nlu import model_files, models
from nlu.classifier import Classifier
from nlu.engines import BuiltinEngine
from nlu.interpreter import Interpreter, build_interpreter
from nlu.sentiment import Sentiment
from nlu.training import NotTrained, TrainingDataError
from tests.nlu.conftest import write_training_files


@pytest.fixture
def config(tmp_path):
    return write_training_files(tmp_path / "config")


@pytest.fixture
def trainings(monkeypatch):
    """Train in this process, and count how often."""
    runs = []

    def here(config_dir, cache_dir, progress, encoder):
        runs.append(config_dir)
        models.train(config_dir, cache_dir, progress, encoder)

    monkeypatch.setattr(models, "_train_in_child", here)
    return runs


def test_the_cache_is_used_again(config, tmp_path, trainings):
    first = models.load_or_train(config, tmp_path / "cache")
    second = models.load_or_train(config, tmp_path / "cache")
    assert len(trainings) == 1
    assert np.array_equal(first.mood.dual, second.mood.dual)


def test_a_changed_line_trains_again(config, tmp_path, trainings):
    models.load_or_train(config, tmp_path / "cache")
    path = config / "customer.yml"
    path.write_text(path.read_text("utf-8").replace("hey there", "hiya there"), "utf-8")
    models.load_or_train(config, tmp_path / "cache")
    assert len(trainings) == 2


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete", "manifest", "empty manifest"])
def test_a_corrupt_cache_is_made_again(config, tmp_path, trainings, harm):
    models.load_or_train(config, tmp_path / "cache")
    (folder,) = (tmp_path / "cache").glob("models-*")
    file = folder / "customer.npz"
    content = file.read_bytes()
    if harm == "flip":
        file.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    elif harm == "truncate":
        file.write_bytes(content[:50])
    elif harm == "delete":
        file.unlink()
    elif harm == "manifest":
        (folder / "manifest.json").write_text("{", "utf-8")
    else:
        (folder / "manifest.json").write_text(json.dumps({"sha256": {}}), "utf-8")
    models.load_or_train(config, tmp_path / "cache")
    assert len(trainings) == 2
    models.load_or_train(config, tmp_path / "cache")
    assert len(trainings) == 2


def test_pickled_arrays_are_refused_even_with_a_right_sum(tmp_path):
    """A forged manifest must not be a way to run code."""
    folder = tmp_path / "models-x"
    model_files.save(folder, {"one": {"a": np.array([{"evil": 1}], dtype=object)}})
    with pytest.raises(model_files.CorruptModel):
        model_files.load(folder)


def test_a_manifest_cannot_point_outside(tmp_path):
    folder = tmp_path / "models-x"
    model_files.save(folder, {"one": {"a": np.zeros(1)}})
    (folder / "manifest.json").write_text(json.dumps({"sha256": {"../../etc/passwd": "0"}}), "utf-8")
    with pytest.raises(model_files.CorruptModel):
        model_files.load(folder)


def test_old_generations_are_forgotten(tmp_path):
    for number in range(6):
        model_files.save(tmp_path / f"models-{number}", {"one": {"a": np.zeros(1)}})
    assert len(list(tmp_path.glob("models-*"))) == model_files.KEPT
    assert (tmp_path / "models-5").exists()


def test_broken_training_data_is_reported_before_a_child_starts(config, tmp_path, trainings):
    (config / "agent.yml").write_text("nlu:\n- intent: dance\n  examples: |\n    - x\n", "utf-8")
    with pytest.raises(TrainingDataError, match=r"agent\.yml, line 2"):
        models.load_or_train(config, tmp_path / "cache")
    assert trainings == []


def test_the_child_process_trains_and_reports(config, tmp_path):
    lines = []
    interpreter = build_interpreter(config, tmp_path / "cache", progress=lines.append)
    assert any("Learning" in line for line in lines)
    found = interpreter.understand("你好", "customer", now=datetime.now(UTC))
    assert found.intent == "greeting"


def test_an_unknown_engine_names_the_setting(config, tmp_path):
    with pytest.raises(NotTrained, match="RAPPORT_NLU__ENGINE"):
        build_interpreter(config, tmp_path, engine="gpt")


def test_arrays_round_trip(config, tmp_path, trainings):
    made = models.load_or_train(config, tmp_path / "cache").intents["customer"]
    again = Classifier.of_arrays(made.arrays())
    vector = np.ones(512, dtype=np.float32) / np.sqrt(512).astype(np.float32)
    assert made.classify("where is it", vector) == again.classify("where is it", vector)


def test_two_interpreters_from_the_same_files_agree(config, tmp_path, trainings):
    answers = []
    for name in ("a", "b"):
        made = models.load_or_train(config, tmp_path / name)
        interpreter = Interpreter(BuiltinEngine(made), Sentiment(made.mood))
        answers.append(interpreter.understand("has it shipped?", "customer", now=datetime.now(UTC)))
    assert answers[0] == answers[1]


def test_lines_of_agents_that_managers_say_too_are_in_memory_once(config, tmp_path, trainings):
    found = models.load_or_train(config, tmp_path / "cache").intents
    (folder,) = (tmp_path / "cache").glob("models-*")
    stored = model_files.load(folder)
    assert np.shares_memory(found["agent"].examples, found["manager"].examples)
    vectors = np.random.default_rng(5).normal(size=(3, 512)).astype(np.float32) / 25
    for audience in ("agent", "manager"):
        alone = Classifier.of_arrays(stored[audience])
        assert len(found[audience].examples) == len(alone.examples)
        for said, wanted in zip(
            found[audience].classify_all(["find anna", "上周订单量", "hm"], vectors),
            alone.classify_all(["find anna", "上周订单量", "hm"], vectors),
            strict=True,
        ):
            assert dict(said.ranking) == pytest.approx(dict(wanted.ranking), abs=1e-5)
            assert said.outside == pytest.approx(wanted.outside, abs=1e-5)


def test_models_that_share_nothing_stay_as_they_were():
    rows = np.eye(4, dtype=np.float16)
    one = {"examples": rows[:2], "dual": np.arange(2.0), "strange": np.array([True, False])}
    other = {"examples": rows[2:], "dual": np.arange(2.0), "strange": np.array([False, True])}
    for before, after in zip((one, other), models.sharing(one, other), strict=True):
        assert all(np.array_equal(before[name], after[name]) for name in before)
