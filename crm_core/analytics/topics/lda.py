"""Latent Dirichlet allocation by variational Bayes, on all texts at once, from a start that is given.

scikit-learn's begins at random. Texts are short, so that all their words fit into a few arrays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ALPHA, ETA = 0.1, 0.1
"""How much of every topic is in a text, and usually of every word in a topic, before anything is read."""
ROUNDS, STEPS = 20, 5
"""Rounds over all texts, and steps within each; the shares of a round begin where those before ended."""
FEW = 1e-12


@dataclass(frozen=True, slots=True)
class Lda:
    """How much of each word (column) is in each topic (row)."""

    weights: Floats

    @classmethod
    def fitted(cls, words: Any, start: Floats, prior: Floats) -> "Lda":
        """Fit to a sparse matrix of texts and weighted words; `prior`: what is in topics before anything is read."""
        weights, gamma = start + prior, np.ones((words.shape[0], start.shape[0]))
        for _ in range(ROUNDS):
            likely = _likely(weights)
            gamma, mixed, parts = _infer(words, likely, gamma, STEPS)
            weights = prior + likely * np.asarray(parts.T @ mixed).T
        return cls(weights)

    def shares(self, words: Any) -> Floats:
        """How much of each topic is in each text."""
        gamma, _, _ = _infer(words, _likely(self.weights), np.ones((words.shape[0], self.weights.shape[0])), 10 * STEPS)
        return np.asarray(gamma / gamma.sum(axis=1, keepdims=True))


def _likely(weights: Floats) -> Floats:
    """The geometric mean of what a row of weights makes likely: exp(E[log p])."""
    from scipy.special import digamma

    return np.asarray(np.exp(digamma(weights) - digamma(weights.sum(axis=1, keepdims=True))))


def _infer(words: Any, likely: Floats, gamma: Floats, steps: int) -> tuple[Floats, Floats, Any]:
    """Topics of texts, as weights and as likely shares; and each word held against what the topics expect of it."""
    from scipy.sparse import csr_matrix

    texts, columns = words.nonzero()
    by_word = np.ascontiguousarray(likely.T)
    for _ in range(steps):
        mixed = _likely(gamma)
        expected = np.einsum("ij,ij->i", mixed[texts], by_word[columns]) + FEW
        parts = csr_matrix((words.data / expected, words.indices, words.indptr), shape=words.shape)
        gamma = ALPHA + mixed * (parts @ by_word)
    return gamma, mixed, parts
