"""The models that compete to foretell something, and the naive answers that they have to beat.

`FAMILIES` is in the order in which they are easy to explain: among models that are equally good the first is taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial
from pandas.api.types import is_numeric_dtype
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from crm_core.analytics.prediction.snapshots import Array, Frame

Parameters = Mapping[str, Any]
BRACKETS = 8
"""Groups that the naive answer makes of a number, of the same size."""
DRAWN_TO_ALL = 10
"""So many more examples, with the rate of all, are added to each group: a group of three proves nothing."""
NODES = 120
"""Points by which the SVM's kernel is approximated (Nystroem): a full one grows with the square of the examples."""
TREES = 120
TRAINED = {"early_stopping": True, "max_iter": 200, "learning_rate_init": 0.005, "n_iter_no_change": 8}
"""How networks are trained: until a tenth of the examples, kept aside, says that they learn no more."""


@dataclass(frozen=True)
class Family:
    """A kind of model: how one is built, with which parameters at first, and which others may be tried.

    `scaled`: takes numbers drawn in and standardised. `parts`: what it says is a sum of what each number adds.
    """

    classifier: Callable[[Parameters, int], Any]
    regressor: Callable[[Parameters, int], Any]
    first: Parameters
    tried: Callable[[BaseTrial], Parameters]
    scaled: bool
    parts: bool


def _linear(parameters: Parameters, seed: int) -> Any:
    return LogisticRegression(C=parameters["strength"], max_iter=1000)


def _ridge(parameters: Parameters, seed: int) -> Any:
    return Ridge(alpha=1 / parameters["strength"])


def _svm(parameters: Parameters, seed: int) -> Any:
    kernel = Nystroem(gamma=parameters["width"], n_components=NODES, random_state=seed)
    return make_pipeline(kernel, LinearSVC(C=parameters["strength"], random_state=seed, max_iter=5000))


def _svm_regressor(parameters: Parameters, seed: int) -> Any:
    kernel = Nystroem(gamma=parameters["width"], n_components=NODES, random_state=seed)
    squared = LinearSVR(C=parameters["strength"], loss="squared_epsilon_insensitive", random_state=seed, max_iter=5000)
    return TransformedTargetRegressor(make_pipeline(kernel, squared), transformer=StandardScaler())


def _network(parameters: Parameters, seed: int) -> Any:
    return MLPClassifier(
        hidden_layer_sizes=(parameters["width"],), alpha=parameters["decay"], random_state=seed, **TRAINED
    )


def _network_regressor(parameters: Parameters, seed: int) -> Any:
    network = MLPRegressor(
        hidden_layer_sizes=(parameters["width"],), alpha=parameters["decay"], random_state=seed, **TRAINED
    )
    return TransformedTargetRegressor(network, transformer=StandardScaler())


def _tree(trial: BaseTrial) -> Parameters:
    return {
        "max_depth": trial.suggest_int("max_depth", 2, 8),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 10, 100, log=True),
    }


def _forest(trial: BaseTrial) -> Parameters:
    return {
        "max_depth": trial.suggest_int("max_depth", 4, 12),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 3, 40, log=True),
        "max_features": trial.suggest_float("max_features", 0.15, 0.7),
    }


def _boosting(trial: BaseTrial) -> Parameters:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "max_iter": trial.suggest_int("max_iter", 30, 150),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 3, 15),
        "l2_regularization": trial.suggest_float("l2_regularization", 0.1, 50, log=True),
    }


FAMILIES: Mapping[str, Family] = {
    "linear": Family(
        _linear, _ridge, {"strength": 0.1},
        lambda trial: {"strength": trial.suggest_float("strength", 1e-3, 10, log=True)},
        scaled=True, parts=True,
    ),
    "decision_tree": Family(
        lambda parameters, seed: DecisionTreeClassifier(**parameters, random_state=seed),
        lambda parameters, seed: DecisionTreeRegressor(**parameters, random_state=seed),
        {"max_depth": 5, "min_samples_leaf": 30}, _tree, scaled=False, parts=True,
    ),
    "random_forest": Family(
        lambda parameters, seed: RandomForestClassifier(TREES, **parameters, random_state=seed),
        lambda parameters, seed: RandomForestRegressor(TREES, **parameters, random_state=seed),
        {"max_depth": 8, "min_samples_leaf": 8, "max_features": 0.35}, _forest, scaled=False, parts=True,
    ),
    "gradient_boosting": Family(
        lambda parameters, seed: HistGradientBoostingClassifier(**parameters, early_stopping=False, random_state=seed),
        lambda parameters, seed: HistGradientBoostingRegressor(**parameters, early_stopping=False, random_state=seed),
        {"learning_rate": 0.06, "max_iter": 80, "max_leaf_nodes": 7, "l2_regularization": 5.0}, _boosting,
        scaled=False, parts=True,
    ),
    "svm": Family(
        _svm, _svm_regressor, {"strength": 0.5, "width": 0.02},
        lambda trial: {
            "strength": trial.suggest_float("strength", 0.01, 3, log=True),
            "width": trial.suggest_float("width", 1e-3, 0.1, log=True),
        },
        scaled=True, parts=False,
    ),
    "neural_network": Family(
        _network, _network_regressor, {"width": 16, "decay": 0.1},
        lambda trial: {
            "width": trial.suggest_int("width", 4, 48, log=True),
            "decay": trial.suggest_float("decay", 1e-3, 10, log=True),
        },
        scaled=True, parts=False,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Naive:
    """What followed on average for those alike in one column; without a column, for everybody.

    `answers` holds one row of averages for each group, the last for whom the column says nothing; `overall` those of
    everybody.
    """

    column: str | None
    edges: Array
    words: tuple[str, ...]
    answers: Array
    overall: Array

    def groups(self, known: Frame) -> NDArray[np.intp]:
        """The group of each row."""
        if self.column is None:
            return np.zeros(len(known), dtype=np.intp)
        if self.words:
            place = {word: position for position, word in enumerate(self.words)}
            return np.array([place.get(word, len(self.words)) for word in known[self.column]], dtype=np.intp)
        numbers = known[self.column].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isnan(numbers), len(self.edges) + 1, np.searchsorted(self.edges, numbers))

    def predict(self, known: Frame) -> Array:
        """The averages of each row's group, shape (n, answers)."""
        found: Array = self.answers[self.groups(known)]
        return found


def learn_naive(known: Frame, wanted: Array, column: str | None) -> Naive:
    """Average what followed, `wanted` of shape (n, answers), over groups of one column."""
    edges, count = np.zeros(0), 1
    words: tuple[str, ...] = ()
    if column is not None and is_numeric_dtype(known[column].dtype):
        numbers = known[column].to_numpy(dtype=np.float64, na_value=np.nan)
        inner = np.linspace(0, 1, BRACKETS + 1)[1:-1]
        edges = np.unique(np.nanquantile(numbers, inner)) if not np.isnan(numbers).all() else edges
        count = len(edges) + 2
    elif column is not None:
        words = tuple(sorted({str(word) for word in known[column].dropna()}))
        count = len(words) + 1
    overall = wanted.mean(axis=0)
    empty = Naive(column, edges, words, np.zeros((count, wanted.shape[1])), overall)
    groups = empty.groups(known)
    sums = np.zeros((count, wanted.shape[1]))
    np.add.at(sums, groups, wanted)
    sizes = np.bincount(groups, minlength=count)[:, None]
    return Naive(column, edges, words, (sums + DRAWN_TO_ALL * overall) / (sizes + DRAWN_TO_ALL), overall)
