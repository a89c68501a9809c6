"""How good foretelling was: errors, rates, calibration, and what learning curves say.

Answers are given as numbers: of a chance the probability, shape (n, 1); of a choice the probability of each answer,
shape (n, answers); of an amount the amount, shape (n, 1). What followed, `wanted`, has the same shape: 1 for what
happened, else 0 (a row of zeros for an answer that nobody had given when the model learnt). One measure decides
everywhere, the mean squared error; of probabilities it is known as the Brier score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from crm_core.analytics.prediction.snapshots import Array
from crm_core.analytics.prediction.targets import Kind

HEADLINE: Mapping[Kind, str] = {"chance": "auc", "choice": "accuracy", "amount": "r2"}
"""The figure by which people know how good a model is; larger is better."""
BINS = 5
"""Groups of equal size in which probabilities are compared with what happened."""
GAP = 0.10
"""Skill lost from training to validation from which a model is said to have learnt by heart."""
GAIN = 0.01
"""Skill gained by the second half of the examples from which more are said to help."""

Verdict = Literal["underfitting", "overfitting", "more_examples", "balanced"]


@dataclass(frozen=True)
class Bin:
    """Examples of similar probability: the mean that was foretold, and the share that it happened to."""

    foretold: float
    happened: float
    examples: int


@dataclass(frozen=True)
class Step:
    """A point of a learning curve: skill (1 is perfect, 0 is the naive answer) on what was learnt and on validation."""

    examples: int
    training: float
    validation: float


def squared(wanted: Array, answers: Array) -> Array:
    """The squared error of each example, shape (n,)."""
    errors: Array = ((answers - wanted) ** 2).sum(axis=1)
    return errors


def skill(loss: float, naive: float) -> float:
    """The share of the naive answer's error that is avoided."""
    return 1 - loss / naive if naive > 0 else 0.0


def figures(kind: Kind, wanted: Array, answers: Array) -> dict[str, float]:
    """All measures that apply; those that do not exist on these examples are left out."""
    if kind == "amount":
        return _of_amounts(wanted[:, 0], answers[:, 0])
    found = {"brier": float(squared(wanted, answers).mean())}
    return found | (_of_chances(wanted[:, 0], answers[:, 0]) if kind == "chance" else _of_choices(wanted, answers))


def _of_amounts(wanted: Array, answers: Array) -> dict[str, float]:
    error = float(np.mean((answers - wanted) ** 2))
    found = {"mse": error, "mae": float(np.abs(answers - wanted).mean())}
    return found | ({"r2": 1 - error / float(wanted.var())} if wanted.var() > 0 else {})


def _of_chances(wanted: Array, answers: Array) -> dict[str, float]:
    said = answers >= 0.5
    found = {
        "accuracy": float((said == wanted).mean()),
        "precision": float(precision_score(wanted, said, zero_division=0)),
        "recall": float(recall_score(wanted, said, zero_division=0)),
        "f1": float(f1_score(wanted, said, zero_division=0)),
    }
    if 0 < wanted.mean() < 1:
        found["auc"] = float(roc_auc_score(wanted, answers))
    return found


def _of_choices(wanted: Array, answers: Array) -> dict[str, float]:
    """Recall, F1 and AUC are means over the answers that were right for anybody (macro); `top3`: among the first 3."""
    right = np.where(wanted.any(axis=1), wanted.argmax(axis=1), -1)
    said = answers.argmax(axis=1)
    ranks = (answers > np.take_along_axis(answers, np.maximum(right, 0)[:, None], axis=1)).sum(axis=1)
    there = [answer for answer in range(wanted.shape[1]) if 0 < wanted[:, answer].mean() < 1]
    found = {
        "accuracy": float((said == right).mean()),
        "recall": float(recall_score(right, said, labels=there, average="macro", zero_division=0)) if there else 0.0,
        "f1": float(f1_score(right, said, labels=there, average="macro", zero_division=0)) if there else 0.0,
        "top3": float(((ranks < 3) & (right >= 0)).mean()),
    }
    if there:
        found["auc"] = float(np.mean([roc_auc_score(wanted[:, each], answers[:, each]) for each in there]))
    return found


def reliability(wanted: Array, answers: Array) -> tuple[Bin, ...]:
    """Probabilities, all answers together, in groups of equal size from low to high."""
    foretold, happened = answers.ravel(), wanted.ravel()
    order = np.argsort(foretold, kind="stable")
    groups = [part for part in np.array_split(order, BINS) if len(part)]
    return tuple(Bin(float(foretold[part].mean()), float(happened[part].mean()), len(part)) for part in groups)


def calibration_error(bins: Sequence[Bin]) -> float:
    """How far what was foretold is from what happened, in the mean over all examples."""
    return sum(abs(each.foretold - each.happened) * each.examples for each in bins) / sum(
        each.examples for each in bins
    )


def verdict(curve: Sequence[Step]) -> Verdict:
    """What a learning curve, from few examples to all, says about the model.

    Underfitting: even what it learnt from it answers no better than the naive answer. Overfitting: it answers that far
    better than what it has not seen. Else either more examples still help, or it has learnt what there is to learn.
    """
    last = curve[-1]
    if last.training < GAIN:
        return "underfitting"
    if last.training - last.validation > GAP:
        return "overfitting"
    half = min(curve, key=lambda step: abs(step.examples - last.examples / 2))
    return "more_examples" if half is not last and last.validation - half.validation > GAIN else "balanced"
