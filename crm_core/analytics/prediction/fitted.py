"""A model that has learnt: what it foretells of customers, and what each column adds to that."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from crm_core.analytics.prediction.candidates import FAMILIES, Naive, Parameters, learn_naive
from crm_core.analytics.prediction.contributions import Parts, linear_parts, sampled_parts, tree_parts
from crm_core.analytics.prediction.inputs import Inputs, learn_inputs
from crm_core.analytics.prediction.snapshots import OTHER, Array, Frame, Snapshots
from crm_core.analytics.prediction.targets import Kind

FOLDS = 3
ISOTONIC_FROM = 1000
"""Examples of the rarest answer from which probabilities are calibrated freely; with fewer, along a curve."""
RARE = 30
"""An answer with fewer examples is no answer of its own."""


@dataclass(frozen=True)
class Answers:
    """What may be answered: ("yes",) of a chance, the words of a choice, ("amount",) of an amount."""

    kind: Kind
    names: tuple[str, ...]

    def wanted(self, followed: NDArray[Any]) -> Array:
        """What followed as numbers, shape (n, answers)."""
        if self.kind != "choice":
            return followed.astype(np.float64)[:, None]
        place = {name: position for position, name in enumerate(self.names)}
        rest = place.get(OTHER, -1)
        found = np.zeros((len(followed), len(self.names) + 1))
        found[np.arange(len(followed)), [place.get(each, rest) for each in followed]] = 1
        return found[:, :-1]


@dataclass(frozen=True)
class Fitted:
    """A model of one of the families, or a naive answer (`model` is None then).

    `calibration`: isotonic, sigmoid, or "" where there are no probabilities.
    """

    answers: Answers
    name: str
    columns: tuple[str, ...]
    model: Any
    inputs: Inputs | None
    naive: Naive | None
    calibration: str = ""

    def predict(self, known: Frame) -> Array:
        """What is foretold, shape (n, answers)."""
        if self.naive is not None:
            return self.naive.predict(known)
        numbers = self._numbers(known)
        with threadpool_limits(1):
            if self.answers.kind == "amount":
                return np.maximum(np.asarray(self.model.predict(numbers), dtype=np.float64), 0)[:, None]
            chances: Array = self.model.predict_proba(numbers)
        return chances[:, 1:] if self.answers.kind == "chance" else self._placed(chances)

    def explain(self, known: Frame) -> Parts:
        """The base and what each of `columns` adds; together they are exactly what is foretold.

        Where a probability is a curve of a sum (of log-odds, calibrated), the way from the base to it is shared out
        as the sum is. Where probabilities of several answers were brought to 1, base and parts are, too.
        """
        if self.naive is not None:
            step = (self.naive.predict(known) - self.naive.overall)[:, None, :]
            return Parts(self.naive.overall, step if self.columns else step[:, :0])
        assert self.inputs is not None
        family = FAMILIES[self.name]
        if not family.parts:
            return sampled_parts(self.predict, known, self.inputs)
        model = self.model if self.answers.kind == "amount" else self.model.calibrated_classifiers_[0].estimator
        raw = (linear_parts if family.scaled else tree_parts)(model, self._numbers(known), self.inputs)
        if self.answers.kind == "amount":
            return _shared_out(raw, np.maximum(raw.base, 0), np.maximum(raw.total, 0))
        return self._calibrated(raw)

    def _calibrated(self, raw: Parts) -> Parts:
        """Parts of probabilities out of parts of what the model said before calibration."""
        if self.answers.kind == "chance" and len(raw.base) == 2:  # a forest counts both sides
            raw = Parts(raw.base[1:], raw.added[:, :, 1:])
        curves = self.model.calibrated_classifiers_[0].calibrators

        def curve(said: Array) -> Array:
            return np.column_stack([each.predict(said[:, at]) for at, each in enumerate(curves)])

        base, total = curve(np.atleast_2d(raw.base)), curve(raw.total)
        found = _shared_out(raw, base, total)
        if self.answers.kind == "chance":
            return found
        whole = total.sum(axis=1, keepdims=True)
        parts = Parts(found.base / whole, found.added / whole[:, :, None])
        return Parts(self._placed(parts.base), self._placed(parts.added))

    def _numbers(self, known: Frame) -> Array:
        assert self.inputs is not None
        return self.inputs.scaled(known) if FAMILIES[self.name].scaled else self.inputs.numbers(known)

    def _placed(self, chances: Array) -> Array:
        """Answers as they are in `answers`: the model knows only those that it has seen."""
        found = np.zeros((*chances.shape[:-1], len(self.answers.names)))
        found[..., self.model.classes_] = chances
        return found


def answers_of(kind: Kind, followed: NDArray[Any]) -> Answers:
    """The answers that training examples have; rare ones together are `OTHER`."""
    if kind != "choice":
        return Answers(kind, ("yes",) if kind == "chance" else ("amount",))
    names, counts = np.unique(followed.astype(str), return_counts=True)
    common = {str(name) for name, count in zip(names, counts, strict=True) if count >= RARE}
    return Answers(kind, tuple(sorted(common | ({OTHER} if len(common) < len(names) else set()))))


def learnable(answers: Answers, examples: Snapshots) -> bool:
    """Whether there are enough examples of each answer to calibrate with."""
    if answers.kind == "amount":
        return True
    wanted = answers.wanted(examples.followed)
    counts = np.append(wanted.sum(axis=0), (1 - wanted).sum(axis=0) if answers.kind == "chance" else [])
    return bool(counts.min() >= 2 * FOLDS)


def fit_naive(answers: Answers, examples: Snapshots, column: str | None) -> Fitted:
    """The averages by one column, or of everybody."""
    naive = learn_naive(examples.known, answers.wanted(examples.followed), column)
    name = f"rate by {column}" if column else "rate of all"
    return Fitted(answers, name, (column,) if column else (), None, None, naive)


def fit(
    answers: Answers, examples: Snapshots, name: str, parameters: Parameters, columns: Sequence[str], seed: int
) -> Fitted:
    """Fit a model of a family; probabilities are calibrated on customers that it had not learnt from."""
    family, inputs = FAMILIES[name], learn_inputs(examples.known, columns)
    numbers = inputs.scaled(examples.known) if family.scaled else inputs.numbers(examples.known)
    with threadpool_limits(1), warnings.catch_warnings():  # many small models: more threads only wait for each other
        warnings.simplefilter("ignore", ConvergenceWarning)  # one that has not converged is measured as it is
        if answers.kind == "amount":
            model = family.regressor(parameters, seed).fit(numbers, examples.followed.astype(np.float64))
            return Fitted(answers, name, tuple(columns), model, inputs, None)
        wanted = answers.wanted(examples.followed)
        kinds = wanted[:, 0].astype(np.intp) if answers.kind == "chance" else wanted.argmax(axis=1)
        method = "isotonic" if np.unique(kinds, return_counts=True)[1].min() >= ISOTONIC_FROM else "sigmoid"
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        parts = list(folds.split(numbers, kinds, examples.customer))
        model = CalibratedClassifierCV(family.classifier(parameters, seed), method=method, cv=parts, ensemble=False)
        return Fitted(answers, name, tuple(columns), model.fit(numbers, kinds), inputs, None, method)


def _shared_out(raw: Parts, base: Array, total: Array) -> Parts:
    """Parts whose base and total are these, in the proportions of the raw ones; shapes (1 or n, answers)."""
    way = raw.total - raw.base
    rate = np.divide(total - base, way, out=np.zeros_like(way), where=np.abs(way) > 1e-12)
    return Parts(np.broadcast_to(base, total.shape), raw.added * rate[:, None, :])
