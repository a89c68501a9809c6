"""The fitted models of the built-in engine: made from the training files when they change, else read from the cache."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from nlu import generations, model_files
from nlu.classifier import Arrays, Classifier
from nlu.encoder import ENCODERS, Vector
from nlu.intents import INTENTS, MANAGER, OUT_OF_SCOPE
from nlu.training import Example, NotTrained, read_audience, read_moods, with_names
from nlu.understanding import Audience

log = structlog.get_logger(__name__)

REFUSED_OF_STAFF = 0.07
"""Share of staff's lines that may be refused in cross-validation: theirs are odder than what they really type."""
Progress = Callable[[str], None]
AUDIENCES: tuple[Audience, ...] = ("customer", "agent", "manager")
ROOT = Path(__file__).resolve().parents[1]
_CODE = ("cleaning", "chinese", "features", "encoder", "classifier", "fitting", "training", "intents", "models")
_TIMEOUT = 600


@dataclass(frozen=True)
class Models:
    """One classifier of intents for each audience, and one of moods."""

    intents: dict[Audience, Classifier]
    mood: Classifier
    name: str = ""
    """The folder they are stored in."""


def load_or_train(
    config_dir: Path, cache_dir: Path, progress: Progress | None = None, encoder: str = "light"
) -> Models:
    """Return the models in use: what was learnt from corrections too, as long as it fits the files in `config_dir`.

    Where none are stored for these files, they are trained in a child process.

    Raises NotTrained, naming file and line, when a training file cannot be used.
    """
    base = base_name(config_dir, encoder)
    for name in dict.fromkeys((generations.in_use(cache_dir, base), base)):
        try:
            return load(cache_dir / name)
        except model_files.CorruptModel as error:
            if name != base:
                log.warning("model_unusable", name=name, reason=str(error))
    examples_of(config_dir)  # a broken file is reported from here, with its place
    _train_in_child(config_dir, cache_dir, progress or (lambda line: None), encoder)
    try:
        return load(cache_dir / base)
    except model_files.CorruptModel as error:
        raise NotTrained(f"The models could not be stored: {error}. Check space and rights of {cache_dir}.") from None


def train(config_dir: Path, cache_dir: Path, progress: Progress = lambda line: None, encoder: str = "light") -> Path:
    """Fit everything here and now, and return the folder it was stored in."""
    folder = cache_dir / base_name(config_dir, encoder)
    examples = examples_of(config_dir)
    sentences = ENCODERS[encoder]()
    texts = sorted({example.text for group in examples.values() for example in group})
    progress(f"Reading {len(texts)} examples")
    vectors = dict(zip(texts, sentences.vectors(texts), strict=True))
    stored = {}
    for name, group in examples.items():
        progress(f"Learning what {name}s say" if name != "mood" else "Learning moods")
        rows = sentences.stack([vectors[example.text] for example in group])
        stored[name] = fitted(name, [(example.text, example.intent) for example in group], rows).arrays()
    model_files.save(folder, stored)
    progress("Done")
    return folder


def fitted(name: str, labelled: Sequence[tuple[str, str]], rows: Vector) -> Classifier:
    """Fit one of the models on (text, label) pairs and the rows of their sentence vectors; in a training process."""
    from nlu.features import grams
    from nlu.fitting import fit, fit_views

    lines, labels = [text for text, _ in labelled], [label for _, label in labelled]
    if name == "mood":
        return fit_views([grams(line) for line in lines], labels, rows)
    if name == "customer":
        return fit(lines, labels, rows)
    return fit(lines, labels, rows, favoured=MANAGER if name == "manager" else (), refused=REFUSED_OF_STAFF)


def examples_of(config_dir: Path) -> dict[str, list[Example]]:
    """Read all training files, by model. A manager may say what an agent may, except what is out of scope."""
    own: dict[str, list[Example]] = {audience: read_audience(config_dir, audience) for audience in AUDIENCES}
    mine = {example.text for example in own["manager"]}
    borrowed = [line for line in own["agent"] if line.intent != OUT_OF_SCOPE and line.text not in mine]
    allowed = set(INTENTS["manager"])
    manager = [line for line in own["manager"] + borrowed if line.intent in allowed]
    groups = {**own, "manager": manager}
    return {**{name: _with_names(group) for name, group in groups.items()}, "mood": read_moods(config_dir)}


def _with_names(group: list[Example]) -> list[Example]:
    rows = with_names([(example.text, example.intent) for example in group])
    return group + [Example(text, intent, line=0) for text, intent in rows[len(group) :]]


def base_name(config_dir: Path, encoder: str = "light") -> str:
    """Return the name of the models that are made from the training files alone."""
    return f"models-{fingerprint(config_dir, encoder)}"


def fingerprint(config_dir: Path, encoder: str = "light") -> str:
    """Return a hash of the training files, the libraries and the code that the models depend on."""
    return model_files.fingerprint(config_dir, (*AUDIENCES, "mood"), _CODE, encoder)


def load(folder: Path) -> Models:
    """Read stored models; raises CorruptModel where they are missing or damaged."""
    stored = model_files.load(folder)
    try:
        stored["agent"], stored["manager"] = sharing(stored["agent"], stored["manager"])
        intents = {audience: Classifier.of_arrays(stored[audience]) for audience in AUDIENCES}
        return Models(intents, Classifier.of_arrays(stored["mood"]), folder.name)
    except KeyError as error:
        raise model_files.CorruptModel(f"{folder} lacks {error}") from error


def sharing(first: Arrays, second: Arrays) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return both models with the vectors of their examples in one table, those that both have only once.

    Managers learn from agents' lines, too: kept twice, they would take 11 MB. First the examples of the one model
    alone, then the common ones, then those of the other, so that each model's are rows in a row: the order of examples
    means nothing.
    """
    places = {row.tobytes(): place for place, row in enumerate(second["examples"])}
    pairs = [(place, places.pop(row.tobytes(), None)) for place, row in enumerate(first["examples"])]
    common = np.array([pair for pair in pairs if pair[1] is not None], dtype=np.intp).reshape(-1, 2)
    alone = [np.delete(np.arange(len(one["examples"])), common[:, side]) for side, one in enumerate((first, second))]
    orders = np.concatenate([alone[0], common[:, 0]]), np.concatenate([common[:, 1], alone[1]])
    table = np.concatenate([first["examples"][orders[0]], second["examples"][alone[1]]]).astype(np.float32)
    rows = table[: len(orders[0])], table[len(alone[0]) :]
    one, other = (
        {**model, "examples": part, "dual": model["dual"][order], "strange": model["strange"][order]}
        for model, part, order in zip((first, second), rows, orders, strict=True)
    )
    return one, other


def _train_in_child(config_dir: Path, cache_dir: Path, progress: Progress, encoder: str) -> None:
    """Train from the files in a process of its own."""
    in_child("train", config_dir, cache_dir, progress, encoder)


def in_child(command: str, config_dir: Path, cache_dir: Path, progress: Progress, encoder: str, fed: str = "") -> str:
    """Run a command that trains, with `fed` as its standard input; return the last line it printed.

    scikit-learn would cost the serving process over 100 MB for good; a child gives them back.
    """
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    words = [sys.executable, "-m", "nlu", command, "--encoder", encoder]
    words += ["--config", str(config_dir.resolve()), "--cache", str(cache_dir.resolve())]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        words, cwd=ROOT, env={**os.environ, **single}, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended before it read; what it printed says why
            child.stdin.write(fed)
            child.stdin.close()
        last = ""
        for line in child.stdout or ():
            last = line.strip() or last
            progress(last)
        code = child.wait(_TIMEOUT)
    if code:
        raise NotTrained(f"Training failed: {last} Run `python -m nlu train` to see all of it.")
    return last
