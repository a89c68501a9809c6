"""Learns at night from what staff approved, and sees to it that no model holds a line that may not be in it."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from bot.app import App
from config.settings import FOLDER
from crm_core.corrections import Lines, approved, lines_to_learn
from nlu import generations
from nlu.learning import Learned, Lesson, learn_in_child
from nlu.model_files import CorruptModel
from nlu.models import base_name, load

log = structlog.get_logger(__name__)
TRAINING = FOLDER / "nlu"


def retrain(app: App, due_at: datetime) -> dict[str, Any]:
    """Train on the files and the approved corrections, in a child process; use what does not understand less."""
    models = app.settings.data_dir / "models"
    with app.store.read() as session:
        known, found = approved(session), lines_to_learn(session)
    generations.remove_holding(models, known)
    base, choice = _base(app), generations.chosen(models)
    digest = _digest(base, found)
    nothing_new = choice.tried == digest or not (found.lines or choice.tried)
    if nothing_new and choice.name in ("", generations.in_use(models, base)):
        return {"trained": False, "approved": len(known), "model": generations.in_use(models, base)}
    lessons = [Lesson(line.id, line.kind, line.text, line.label) for line in found.lines]
    learned = learn_in_child(TRAINING, models, lessons, app.clock(), lambda line: None, app.settings.nlu.encoder)
    stays = choice.held and generations.in_use(models, base) == choice.name
    generations.choose(models, choice.name if stays else learned.name, held=stays, tried=digest)
    taken = _take(app, models)
    return {"trained": True, "approved": len(known), "over_cap": found.over, "swapped": taken, **_told(learned, stays)}


def model_sweep(app: App, due_at: datetime) -> dict[str, Any]:
    """Take up a model chosen elsewhere; remove those that hold a line of somebody erased, and train without it."""
    models = app.settings.data_dir / "models"
    with app.store.read() as session:
        known = approved(session)
    removed = generations.remove_holding(models, known)
    taken = _take(app, models)  # first: nothing of theirs stays in memory while it trains
    chosen, used = generations.chosen(models).name, generations.in_use(models, _base(app))
    if chosen in ("", used):
        return {"removed": removed, "trained": False, "swapped": taken}
    generations.choose(models, used, tried="")  # so that it trains once; should that fail, the night tries again
    retrain(app, due_at)
    return {"removed": removed, "trained": True, "swapped": True}


def _take(app: App, models: Path) -> bool:
    """Let this process understand with the model in use, unless it does."""
    name = generations.in_use(models, _base(app))
    if name == app.names.model:
        return False
    try:
        app.names.take(load(models / name))
    except CorruptModel as error:
        log.warning("model_unusable", name=name, reason=str(error))
        return False
    log.info("model_taken", name=name)
    return True


def _base(app: App) -> str:
    """The name of the models of the files alone."""
    return base_name(TRAINING, app.settings.nlu.encoder)


def _told(learned: Learned, stays: bool) -> dict[str, Any]:
    """For the record of runs: figures, never a line."""
    corrections = {key: label for tried in learned.models.values() for key, label in tried.corrections.items()}
    return {
        "model": learned.name,
        "held_back": stays,
        "corrections": len(corrections),
        "refused": sum(tried.refused for tried in learned.models.values()),
        "in_files": learned.in_files,
        "before": {name: tried.before for name, tried in learned.models.items()},
        "after": {name: tried.score for name, tried in learned.models.items()},
    }


def _digest(base: str, found: Lines) -> str:
    """A name for what would be trained on: ids and labels."""
    content = [base, sorted([line.id, line.label] for line in found.lines)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
