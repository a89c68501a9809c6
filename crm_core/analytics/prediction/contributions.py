"""What each number adds to what a model says, so that the parts and the base sum to it.

Linear models: coefficient times the distance from the mean. Trees, forests and boosting: at every fork the step from
the mean of all examples there to the mean of those on the way taken (Saabas, 2014). For all others the columns are
changed from the usual value to the customer's one after the other, forwards and backwards, and each gets the mean of
the two steps that it makes: a sample of Shapley's value from two orders, whose parts still sum exactly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from crm_core.analytics.prediction.inputs import Inputs
from crm_core.analytics.prediction.snapshots import Array, Frame

BOOSTED = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


@dataclass(frozen=True)
class Parts:
    """`base`, shape (answers,), and what each column adds to it for each row, shape (n, columns, answers)."""

    base: Array
    added: Array

    @property
    def total(self) -> Array:
        """What the model says, shape (n, answers)."""
        said: Array = self.base + self.added.sum(axis=1)
        return said


@dataclass(frozen=True)
class Tree:
    """A tree as arrays by node: where it asks (`source` of `feature`), where it goes, what examples there say."""

    feature: NDArray[np.intp]
    threshold: Array
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    values: Array
    """Shape (nodes, answers)."""


def linear_parts(model: Any, numbers: Array, inputs: Inputs) -> Parts:
    """Of a model with coefficients on numbers whose mean over the training examples is 0."""
    weights = np.atleast_2d(model.coef_)
    by_column = np.zeros((len(inputs.columns), len(inputs.sources)))
    by_column[inputs.sources, np.arange(len(inputs.sources))] = 1
    added = np.stack([(numbers * row) @ by_column.T for row in weights], axis=2)
    return Parts(np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64)), added)


def tree_parts(model: Any, numbers: Array, inputs: Inputs) -> Parts:
    """Of a decision tree, a random forest or histogram gradient boosting."""
    base, trees = _trees(model)
    if not isinstance(model, BOOSTED):
        numbers = numbers.astype(np.float32)  # as scikit-learn itself compares them
    added = np.zeros((len(numbers), len(inputs.columns), len(base)))
    for tree in trees:
        base = base + tree.values[0]
        _walk(tree, numbers, inputs.sources, added)
    return Parts(base, added)


def sampled_parts(answer: Callable[[Frame], Array], known: Frame, inputs: Inputs) -> Parts:
    """Of anything that answers rows with numbers, shape (n, answers)."""
    usual = known.assign(**dict(inputs.usual))
    base = answer(usual.iloc[:1])[0]
    added = np.zeros((len(known), len(inputs.columns), len(base)))
    for order in (range(len(inputs.columns)), reversed(range(len(inputs.columns)))):
        now, before = usual.copy(), np.broadcast_to(base, (len(known), len(base)))
        for position in order:
            column = inputs.columns[position]
            now[column] = known[column]
            said = answer(now)
            added[:, position] += (said - before) / 2
            before = said
    return Parts(base, added)


def _walk(tree: Tree, numbers: Array, sources: NDArray[np.intp], added: Array) -> None:
    """Follow all rows down the tree at once, adding each step to the column that was asked for."""
    rows, node = np.arange(len(numbers)), np.zeros(len(numbers), dtype=np.intp)
    while True:
        inner = tree.left[node] >= 0
        rows, node = rows[inner], node[inner]
        if not len(rows):
            return
        asked = tree.feature[node]
        goes_left = numbers[rows, asked] <= tree.threshold[node]
        below = np.where(goes_left, tree.left[node], tree.right[node])
        added[rows, sources[asked]] += tree.values[below] - tree.values[node]
        node = below


def _trees(model: Any) -> tuple[Array, Iterator[Tree]]:
    """Where the sum of a model's trees begins, and its trees."""
    if isinstance(model, BOOSTED):
        start = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
        return start, _boosted(model._predictors, len(start))
    forest = list(getattr(model, "estimators_", [model]))
    return np.zeros(forest[0].tree_.value.shape[2 if hasattr(model, "classes_") else 1]), _grown(forest)


def _grown(forest: list[Any]) -> Iterator[Tree]:
    """The trees of a forest, each worth its share; a classifier's nodes hold shares of each answer."""
    for each in forest:
        tree = each.tree_
        values = tree.value[:, 0, :] / len(forest)
        yield Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right, values)


def _boosted(stages: list[list[Any]], answers: int) -> Iterator[Tree]:
    """The trees of boosting: one an answer and stage. Only leaves hold values there; forks get the mean of theirs."""
    for stage in stages:
        for answer, predictor in enumerate(stage):
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            left = np.where(inner, nodes["left"].astype(np.intp), -1)
            right = np.where(inner, nodes["right"].astype(np.intp), -1)
            value, count = nodes["value"].astype(np.float64), nodes["count"].astype(np.float64)
            for node in np.flatnonzero(inner)[::-1]:  # what is below a node stands behind it
                pair = [left[node], right[node]]
                value[node] = np.average(value[pair], weights=count[pair])
            values = np.zeros((len(nodes), answers))
            values[:, answer] = value
            yield Tree(nodes["feature_idx"].astype(np.intp), nodes["num_threshold"], left, right, values)
