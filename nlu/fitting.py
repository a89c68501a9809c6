"""Fits classifiers with scikit-learn. Imported in the training process only; serving never needs it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlu.classifier import Classifier, Mix, Rejector, Scores, kernel, softmax
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
REFUSED = 0.04
"""Share of in-scope examples that the rejector may refuse in cross-validation, where nothing else is said."""


WORDINGS = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6)
SHARPNESSES = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0)


@dataclass(frozen=True)
class HeldOut:
    """What a classifier fitted on the other examples says of those at `places`."""

    classifier: Classifier
    scores: list[Scores]
    places: list[int]


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    vectors: Vector,
    favoured: Collection[str] = (),
    refused: float = REFUSED,
) -> Classifier:
    """Fit on labelled texts and their sentence vectors; learns to reject if some are labelled out of scope.

    `favoured` labels are taken to be likelier than the others before a word is read. How both views are mixed, how
    sure the result is, and what is rejected, is learned from examples that were held out, not from those fitted on.
    """
    counted = [grams(text) for text in texts]
    whole = _favour(fit_views(counted, labels, vectors), favoured)
    if len(whole.labels) < 2 or min(Counter(labels).values()) < FOLDS:
        return whole
    parts = list(_hold_out(counted, labels, vectors, favoured))
    whole = replace(whole, mix=_mix(parts, labels))
    strange = whole.strange[np.concatenate([part.places for part in parts])]
    if min(strange.sum(), (~strange).sum()) < FOLDS:
        return whole
    signs = [replace(part.classifier, mix=whole.mix).signs(row) for part in parts for row in part.scores]
    return replace(whole, rejector=_rejector(np.array(signs), strange, refused))


def fit_views(texts: Sequence[Grams], labels: Sequence[str], vectors: Vector) -> Classifier:
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


def _hold_out(
    texts: Sequence[Grams], labels: Sequence[str], vectors: Vector, favoured: Collection[str]
) -> Iterator[HeldOut]:
    """Fit without one fold of the examples after the other, until enough were held out."""
    folds, seen = spread(labels), 0
    for fold in range(FOLDS):
        inner, held = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        lines, names = [texts[place] for place in inner], [labels[place] for place in inner]
        part = _favour(fit_views(lines, names, vectors[inner]), favoured)
        yield HeldOut(part, part.score_all([texts[place] for place in held], vectors[held]), held)
        seen += len(held)
        if seen >= ENOUGH:
            return


def _mix(parts: Sequence[HeldOut], labels: Sequence[str]) -> Mix:
    """Choose the mix under which the right labels of the held-out examples are likeliest."""
    names = parts[0].classifier.labels
    right = np.array([names.index(labels[place]) for part in parts for place in part.places])
    meaning = np.array([row.meaning + part.classifier.prior for part in parts for row in part.scores])
    wording = np.array([row.wording for part in parts for row in part.scores])

    def surprise(mix: Mix) -> float:
        chances = softmax(np.float32(mix.sharpness) * (meaning + np.float32(mix.wording) * wording))
        return -float(np.log(chances[np.arange(len(right)), right] + 1e-9).mean())

    return min((Mix(weight, size) for weight in WORDINGS for size in SHARPNESSES), key=surprise)


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
    gram = vectors @ vectors.T
    kernel(gram, out=gram)
    gram[np.diag_indices(len(gram))] += np.float32(SMOOTHING)
    factor = cho_factor(gram.T, overwrite_a=True, check_finite=False)  # turned, as LAPACK wants it: it is not copied
    return np.asarray(cho_solve(factor, wanted, overwrite_b=True, check_finite=False), dtype=np.float32)


def _rejector(rows: Floats, outside: NDArray[np.bool_], refused: float) -> Rejector:
    """Weigh the signs, and choose the threshold that refuses few in-scope texts."""
    from sklearn.linear_model import LogisticRegression

    spans = rows.std(axis=0) + 1e-6
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=500).fit(rows / spans, outside)
    inside = model.predict_proba((rows / spans)[~outside])[:, 1]
    threshold = float(np.clip(np.quantile(inside, 1 - refused), 0.3, 0.97))
    return Rejector((model.coef_[0] / spans).astype(np.float32), float(model.intercept_[0]), threshold)
