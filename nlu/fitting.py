"""Fits classifiers with scikit-learn. Imported in the training process only; serving never needs it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nlu.classifier import Classifier, Rejector, kernel
from nlu.encoder import Vector
from nlu.features import Floats, Grams, Vocabulary, grams
from nlu.intents import OUT_OF_SCOPE

FOLDS = 3
ENOUGH = 2_000
"""Held-out examples from which the rejector learns no more; saves fits where there are many."""
FAVOUR = 0.12
"""Added to a favoured label's score: cross-validated, managers' own intents gain two points, agents' lose three."""
SMOOTHING = 0.1
"""Ridge of the kernel regression."""
REFUSED_AT_MOST = 0.04
"""Share of in-scope examples that the rejector may refuse in cross-validation."""


def fit(texts: Sequence[str], labels: Sequence[str], vectors: Vector, favoured: Collection[str] = ()) -> Classifier:
    """Fit on labelled texts and their sentence vectors; learns to reject if some are labelled out of scope.

    `favoured` labels are taken to be likelier than the others before a word is read.
    """
    counted = [grams(text) for text in texts]
    classifier = _favour(fit_without_rejector(counted, labels, vectors), favoured)
    strange = classifier.strange
    if strange.sum() < 2 * FOLDS or (~strange).sum() < 2 * FOLDS:
        return classifier
    folds = spread(labels)
    rows: list[Floats] = []
    held_out: list[NDArray[np.intp]] = []
    for fold in range(FOLDS):
        inner, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        lines, names = [counted[int(i)] for i in inner], [labels[int(i)] for i in inner]
        part = _favour(fit_without_rejector(lines, names, vectors[inner]), favoured)
        rows += map(part.signs, part.score_all([counted[int(i)] for i in held], vectors[held]))
        held_out.append(held)
        if len(rows) >= ENOUGH:
            break
    return replace(classifier, rejector=_rejector(np.array(rows), strange[np.concatenate(held_out)]))


def fit_without_rejector(texts: Sequence[Grams], labels: Sequence[str], vectors: Vector) -> Classifier:
    """Fit the two views alone."""
    names = np.unique(np.asarray(labels, dtype=np.str_))
    targets = np.searchsorted(names, np.asarray(labels, dtype=np.str_))
    vocabulary = Vocabulary.of(texts)
    margins, bias = _svm(vocabulary, texts, targets, len(names))
    return Classifier(
        labels=tuple(map(str, names)),
        vocabulary=vocabulary,
        margins=margins,
        margins_bias=bias,
        examples=np.asarray(vectors, dtype=np.float32),
        dual=_kernel_regression(vectors, targets, len(names)),
        strange=np.asarray(labels, dtype=np.str_) == OUT_OF_SCOPE,
        prior=np.zeros(len(names), dtype=np.float32),
    )


def _favour(classifier: Classifier, favoured: Collection[str]) -> Classifier:
    prior = np.array([FAVOUR if label in favoured else 0.0 for label in classifier.labels], dtype=np.float32)
    return replace(classifier, prior=prior)


def spread(labels: Sequence[str], folds: int = FOLDS) -> NDArray[np.intp]:
    """Return a fold for each example: every label's examples spread evenly, the same way every time."""
    result = np.zeros(len(labels), dtype=np.intp)
    names = np.asarray(labels, dtype=np.str_)
    for place, label in enumerate(np.unique(names)):
        members = np.flatnonzero(names == label)
        np.random.default_rng(place).shuffle(members)
        result[members] = (np.arange(len(members)) + place) % folds
    return result


def _svm(
    vocabulary: Vocabulary, texts: Sequence[Grams], targets: NDArray[np.intp], classes: int
) -> tuple[NDArray[np.float16], Floats]:
    """One column of weights per label."""
    from sklearn.svm import LinearSVC

    if classes < 2:
        return np.zeros((len(vocabulary.hashes), classes), np.float16), np.zeros(classes, np.float32)
    model = LinearSVC(C=1.0, random_state=0, tol=1e-2).fit(vocabulary.matrix(texts), targets)
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:  # two labels share one row in scikit-learn
        weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    return np.ascontiguousarray(weights.T, dtype=np.float16), np.asarray(bias, dtype=np.float32)


def _kernel_regression(vectors: Vector, targets: NDArray[np.intp], classes: int) -> Floats:
    """Least squares towards +1 for the right label and -1 for the others, in closed form."""
    from scipy.linalg import cho_factor, cho_solve

    wanted = np.full((len(targets), classes), -1, dtype=np.float32)
    wanted[np.arange(len(targets)), targets] = 1
    gram = kernel(vectors @ vectors.T)
    gram[np.diag_indices(len(gram))] += np.float32(SMOOTHING)
    factor = cho_factor(gram, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, wanted, overwrite_b=True, check_finite=False), dtype=np.float32)


def _rejector(rows: Floats, outside: NDArray[np.bool_]) -> Rejector:
    """Weigh the signs, and choose the threshold that refuses few in-scope texts."""
    from sklearn.linear_model import LogisticRegression

    spans = rows.std(axis=0) + 1e-6
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=500).fit(rows / spans, outside)
    inside = model.predict_proba((rows / spans)[~outside])[:, 1]
    threshold = float(np.clip(np.quantile(inside, 1 - REFUSED_AT_MOST), 0.3, 0.97))
    return Rejector((model.coef_[0] / spans).astype(np.float32), float(model.intercept_[0]), threshold)
