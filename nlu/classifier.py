"""Says which label a text has, and whether it is any of them. Pure NumPy: fitting lives in `nlu.fitting`.

Two views are added up: a linear SVM on n-grams (what was written) and kernel regression on sentence vectors (what was
meant; in cross-validation two points better than logistic regression). Both languages share one model, because a
sentence and its translation have near vectors: each language learns from the other's examples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Vector
from nlu.features import Floats, Grams, Vocabulary, grams
from nlu.intents import OUT_OF_SCOPE

NEIGHBOURS = 3
Arrays = Mapping[str, NDArray[Any]]


def softmax(scores: Floats) -> Floats:
    """Turn the scores of the last axis into probabilities."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def kernel(cosines: Floats, out: Floats | None = None) -> Floats:
    """Gaussian kernel of unit vectors, from their cosines; `out` may be these themselves, where they are many."""
    result = np.subtract(cosines, 1, out=out)
    result *= 2
    return np.exp(result, out=result)


@dataclass(frozen=True)
class Mix:
    """How both views become probabilities; learned from held-out examples."""

    wording: float = 0.15
    """Weight of the SVM's margins beside the kernel regression's scores."""
    sharpness: float = 8.0
    """Scores are multiplied by this before the softmax (temperature scaling; Guo et al. 2017)."""


@dataclass(frozen=True)
class Rejector:
    """Logistic regression that says how likely a text is to be none of the labels."""

    weights: Floats
    bias: float
    threshold: float

    def outside(self, signs: Floats) -> float:
        """Return the probability of being out of scope, moved so that 0.5 is the chosen threshold."""
        logit = float(signs @ self.weights) + self.bias - float(np.log(self.threshold / (1 - self.threshold)))
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))


@dataclass(frozen=True)
class Verdict:
    """Labels with their probabilities, best first, and the probability of being none of them."""

    ranking: tuple[tuple[str, float], ...]
    outside: float


@dataclass(frozen=True)
class Scores:
    """What both views say of one text, per label, both added up, and its cosine to every training example."""

    wording: Floats
    meaning: Floats
    total: Floats
    cosines: Floats


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier; `strange` marks the training examples that are out of scope."""

    labels: tuple[str, ...]
    vocabulary: Vocabulary
    margins: NDArray[np.float16]
    """One row per n-gram; half precision, because it is the largest part and few rows are read at a time."""
    margins_bias: Floats
    examples: Vector
    dual: Floats
    strange: NDArray[np.bool_]
    prior: Floats
    """Added to each label's score: what is likelier before a word is read."""
    mix: Mix = Mix()
    rejector: Rejector | None = None

    def classify(self, text: str, vector: Vector) -> Verdict:
        """Rank the labels for one text and its sentence vector."""
        return self.classify_all([text], vector[np.newaxis])[0]

    def classify_all(self, texts: Sequence[str], vectors: Vector) -> list[Verdict]:
        """Rank the labels for many texts and the rows of their sentence vectors: cheaper than one by one."""
        scores = self.score_all([grams(text) for text in texts], vectors)
        return [self._verdict(row) for row in scores]

    def _verdict(self, scores: Scores) -> Verdict:
        known = self.known
        if not len(known):
            return Verdict((), 1.0)
        probabilities = softmax(self.mix.sharpness * scores.total[known])
        order = np.argsort(-probabilities)
        ranking = tuple((self.labels[known[place]], float(probabilities[place])) for place in order)
        outside = self.rejector.outside(self.signs(scores)) if self.rejector else 0.0
        return Verdict(ranking, outside)

    def score_all(self, texts: Sequence[Grams], vectors: Vector) -> list[Scores]:
        """Return what both views say of each text."""
        cosines = vectors @ self.examples.T
        meaning = kernel(cosines) @ self.dual
        found = []
        for place, text in enumerate(texts):
            indices, weights = self.vocabulary.weigh(text)
            wording = weights @ self.margins[indices].astype(np.float32) + self.margins_bias
            total = meaning[place] + np.float32(self.mix.wording) * wording + self.prior
            found.append(Scores(wording, meaning[place], total, cosines[place]))
        return found

    @cached_property
    def known(self) -> NDArray[np.intp]:
        """The places of the labels that are in scope."""
        return np.array([place for place, label in enumerate(self.labels) if label != OUT_OF_SCOPE], dtype=np.intp)

    def signs(self, scores: Scores) -> Floats:
        """Return what the rejector looks at: how sure, by how much, how near to what is known and what is strange."""
        known = self.known
        total = softmax(self.mix.sharpness * scores.total)
        top = np.sort(total[known])[::-1]
        second = top[1] if len(top) > 1 else 0.0
        inside = [top[0], top[0] - second, scores.meaning[known].max(), scores.wording[known].max()]
        near = [closest(scores.cosines[~self.strange]), closest(scores.cosines[self.strange])]
        other = [place for place, label in enumerate(self.labels) if label == OUT_OF_SCOPE]
        outside = [total[other[0]], scores.meaning[other[0]], scores.wording[other[0]]] if other else [0.0, 0.0, 0.0]
        return np.array([*inside, *near, *outside], dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as named arrays, for saving without pickle."""
        named: dict[str, NDArray[Any]] = {
            "labels": np.array(self.labels, dtype=np.str_),
            "hashes": self.vocabulary.hashes,
            "rarity": self.vocabulary.rarity,
            "margins": self.margins,
            "margins_bias": self.margins_bias,
            "examples": self.examples.astype(np.float16),
            "dual": self.dual,
            "strange": self.strange,
            "prior": self.prior,
            "mix": np.array([self.mix.wording, self.mix.sharpness]),
        }
        if self.rejector is not None:
            named["rejector"] = np.append(self.rejector.weights, [self.rejector.bias, self.rejector.threshold])
        return named

    @classmethod
    def of_arrays(cls, named: Arrays) -> "Classifier":
        """Build from what `arrays` returned."""
        rejector = None
        if "rejector" in named:
            row = np.asarray(named["rejector"], dtype=np.float64)
            rejector = Rejector(row[:-2].astype(np.float32), float(row[-2]), float(row[-1]))
        return cls(
            labels=tuple(str(label) for label in named["labels"]),
            vocabulary=Vocabulary(
                np.asarray(named["hashes"], dtype=np.uint64), np.asarray(named["rarity"], dtype=np.float32)
            ),
            margins=np.asarray(named["margins"], dtype=np.float16),
            margins_bias=np.asarray(named["margins_bias"], dtype=np.float32),
            examples=np.asarray(named["examples"], dtype=np.float32),
            dual=np.asarray(named["dual"], dtype=np.float32),
            strange=np.asarray(named["strange"], dtype=np.bool_),
            prior=np.asarray(named["prior"], dtype=np.float32),
            mix=Mix(*map(float, named["mix"])),
            rejector=rejector,
        )


def closest(cosines: Floats) -> float:
    """Return the mean cosine of the nearest few examples."""
    if not len(cosines):
        return 0.0
    count = min(NEIGHBOURS, len(cosines))
    return float(np.partition(cosines, -count)[-count:].mean())
