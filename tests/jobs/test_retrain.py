"""The nightly learning and the sweep beside it: what is used, when it is taken up, and what must be forgotten."""

import importlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bot.names import KnownNames
from config.settings import Settings
from crm_core import privacy
from crm_core.corrections import last_learnt, lines_to_learn
from crm_core.database import Store
from crm_core.models import JobRun
from jobs import JOBS
from jobs.due import read_schedule
from nlu import generations
from nlu.encoder import Encoder
from nlu.interpreter import Interpreter, build_interpreter
from nlu.learning import learn
from nlu.models import base_name
from tests.conftest import Clock
from tests.crm_core.test_corrections import Desk
from tests.nlu.conftest import write_training_files

retrain = importlib.import_module("jobs.retrain")  # the package's name for it is the job itself
DUE = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
SAID, OTHER = "the postie left zilch on my doorstep", "my bundle of joy never turned up"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Interpreter]:
    """A few training lines, a folder of models made from them, and what understands with these."""
    folder = tmp_path_factory.mktemp("small")
    config = write_training_files(folder / "config")
    return config, folder / "models", build_interpreter(config, folder / "models")


@pytest.fixture
def app(
    store: Store, clock: Clock, tmp_path: Path, trained: tuple[Path, Path, Interpreter], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """What the jobs need of the product; training happens in this process, which the child's own test covers."""
    config, models, interpreter = trained
    shutil.copytree(models, tmp_path / "data" / "models")
    monkeypatch.setattr(retrain, "TRAINING", config)
    monkeypatch.setattr(retrain, "learn_in_child", learn)
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    names = KnownNames(store, interpreter, settings, clock)
    return SimpleNamespace(store=store, clock=clock, settings=settings, names=names, base=base_name(config))


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def understood(app: Any, text: str) -> str:
    return str(app.names.interpreter().understand(text, "customer", now=app.clock()).intent)


def holds(app: Any, text: str) -> bool:
    vector = Encoder().vectors([text])[0]
    rows = [
        row
        for path in (app.settings.data_dir / "models").glob("*/*.npz")
        for row in np.load(path, allow_pickle=False)["examples"]
    ]
    return max(float(row @ vector) for row in rows) > 0.999


def test_both_jobs_are_in_the_schedule() -> None:
    entries = read_schedule(JOBS)
    assert entries["retrain"].every_seconds is None
    assert entries["model_sweep"].every_seconds


def test_without_corrections_nothing_is_trained(app: Any) -> None:
    assert retrain.retrain(app, DUE) == {"trained": False, "approved": 0, "model": app.base}
    assert app.names.model == app.base


def test_an_approved_line_is_understood_the_next_morning_without_a_restart(app: Any, desk: Desk) -> None:
    before = app.names.interpreter()
    assert understood(app, SAID) == "order_status"
    desk.approve(desk.said(desk.customer(), SAID), "greeting")
    told = retrain.retrain(app, DUE)
    assert told["trained"]
    assert told["corrections"] == 1
    assert told["swapped"]
    assert all(told["after"][name] >= told["before"][name] for name in ("customer", "mood"))
    assert understood(app, SAID) == "greeting"
    assert before.understand(SAID, "customer", now=app.clock()).intent == "order_status", (
        "a message under way keeps its own"
    )
    assert SAID not in repr(told)
    with app.store.write() as session:
        run = JobRun(job="retrain", due_at=DUE, state="done", owner="me", lease_until=DUE, started_at=DUE, result=told)
        session.add(run)
        session.flush()
        assert last_learnt(session) == told
    assert retrain.retrain(app, DUE + timedelta(days=1)) == {"trained": False, "approved": 1, "model": told["model"]}


def test_what_another_process_chose_is_taken_up_by_the_sweep(app: Any, desk: Desk) -> None:
    desk.approve(desk.said(desk.customer(), SAID), "greeting")
    retrain.retrain(app, DUE)
    models = app.settings.data_dir / "models"
    generations.go_back(models, app.base, app.base)
    assert retrain.model_sweep(app, DUE) == {"removed": 0, "trained": False, "swapped": True}
    assert understood(app, SAID) == "order_status"
    assert retrain.model_sweep(app, DUE)["swapped"] is False


def test_who_went_back_stays_there_until_they_follow_again(app: Any, desk: Desk, clock: Clock) -> None:
    desk.approve(desk.said(desk.customer(), SAID), "greeting")
    first = retrain.retrain(app, DUE)["model"]
    models = app.settings.data_dir / "models"
    generations.go_back(models, app.base, app.base)
    desk.approve(desk.said(desk.customer(), OTHER), "order_status")
    clock.advance(days=1)
    told = retrain.retrain(app, DUE + timedelta(days=1))
    assert (told["held_back"], app.names.model) == (True, app.base)
    assert told["model"] not in (first, app.base)
    generations.go_back(models, "newest", app.base)
    retrain.model_sweep(app, DUE)
    assert app.names.model == told["model"]


def test_an_erased_customers_line_leaves_every_file_and_the_serving_process(app: Any, desk: Desk, clock: Clock) -> None:
    gone, other = desk.customer(), desk.customer()
    desk.approve(desk.said(gone, SAID), "greeting")
    desk.approve(desk.said(other, OTHER), "order_status")
    retrain.retrain(app, DUE)
    assert holds(app, SAID)
    privacy.erase_customer(app.store, gone, actor="staff:1", now=clock())
    clock.advance(minutes=1)
    assert retrain.model_sweep(app, DUE) == {"removed": 1, "trained": True, "swapped": True}
    assert understood(app, SAID) == "order_status"
    assert not holds(app, SAID)
    assert holds(app, OTHER), "what others taught is learnt anew"
    assert app.names.model.startswith("learned-")
    for path in (app.settings.data_dir / "models").rglob("*"):
        assert not path.is_file() or b"postie" not in path.read_bytes()
    with app.store.read() as session:
        assert [line.text for line in lines_to_learn(session).lines] == [OTHER]


def test_an_erasure_from_a_terminal_takes_the_files_at_once_and_the_service_follows(
    app: Any, desk: Desk, clock: Clock
) -> None:
    gone = desk.customer()
    desk.approve(desk.said(gone, SAID), "greeting")
    retrain.retrain(app, DUE)
    privacy.erase_customer(app.store, gone, actor="command line", now=clock(), models=app.settings.data_dir / "models")
    assert not holds(app, SAID)
    retrain.model_sweep(app, DUE)
    assert (app.names.model, understood(app, SAID)) == (app.base, "order_status")
    assert retrain.model_sweep(app, DUE) == {"removed": 0, "trained": False, "swapped": False}


def test_a_training_that_fails_is_not_repeated_every_minute(
    app: Any, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, other = desk.customer(), desk.customer()
    desk.approve(desk.said(gone, SAID), "greeting")
    desk.approve(desk.said(other, OTHER), "order_status")
    retrain.retrain(app, DUE)
    privacy.erase_customer(app.store, gone, actor="staff:1", now=clock())
    tries: list[int] = []

    def fails(*given: Any) -> Any:
        tries.append(1)
        raise RuntimeError("no memory")

    monkeypatch.setattr(retrain, "learn_in_child", fails)
    with pytest.raises(RuntimeError):
        retrain.model_sweep(app, DUE)
    assert not holds(app, SAID)
    assert app.names.model == app.base
    retrain.model_sweep(app, DUE)
    assert len(tries) == 1
    monkeypatch.setattr(retrain, "learn_in_child", learn)
    assert retrain.retrain(app, DUE + timedelta(days=1))["trained"]


def test_a_rejected_line_goes_too(app: Any, desk: Desk) -> None:
    made = desk.approve(desk.said(desk.customer(), SAID), "greeting")
    retrain.retrain(app, DUE)
    with app.store.write() as session:
        desk.acting(session, "manager").reject(made)
    retrain.model_sweep(app, DUE)
    assert not holds(app, SAID)
    assert app.names.model == app.base
