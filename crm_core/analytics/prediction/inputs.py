"""The feature table as numbers that models can take: gaps filled, words spread out, and which columns say most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from crm_core.analytics.prediction.snapshots import MOST_CATEGORIES, Array, Frame, Snapshots
from crm_core.analytics.prediction.targets import Kind

RANKED_FROM = 5_000
"""Examples that columns are ranked by, at most."""
RANGE = (0.01, 0.99)
"""Shares of the training examples between which numbers stay."""


@dataclass(frozen=True)
class Inputs:
    """How columns become numbers, learnt from training examples alone.

    A number that is not there becomes the column's median, beside a mark that it was not; a word becomes one mark for
    each word seen. `sources[i]` is the position in `columns` that the i-th number comes from. No number leaves the
    range from `low` to `high` that nearly all examples were in: what lies outside was never learnt, and a line drawn
    on would say something wild (a chat that opened after the days that were learnt from).
    """

    columns: tuple[str, ...]
    usual: Mapping[str, float | str]
    words: Mapping[str, tuple[str, ...]]
    gaps: frozenset[str]
    sources: NDArray[np.intp]
    low: Array
    high: Array
    mean: Array
    deviation: Array

    def numbers(self, known: Frame) -> Array:
        """One row of numbers each, within their ranges."""
        return np.clip(self.spread(known), self.low, self.high)

    def spread(self, known: Frame) -> Array:
        """One row of numbers each, as they are."""
        return np.column_stack([part for column in self.columns for part in _spread(self, known[column])])

    def scaled(self, known: Frame) -> Array:
        """The same with long tails drawn in by logarithms, less their mean, by their deviation."""
        return (_drawn_in(self.numbers(known)) - self.mean) / self.deviation


def learn_inputs(known: Frame, columns: Sequence[str]) -> Inputs:
    """Learn medians, words and spreads from training examples."""
    usual: dict[str, float | str] = {}
    words, gaps, sources = {}, set(), []
    for position, column in enumerate(columns):
        values = known[column]
        if pd.api.types.is_numeric_dtype(values.dtype):
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            there = numbers[~np.isnan(numbers)]
            usual[column] = float(np.median(there)) if len(there) else 0.0
            if len(there) < len(numbers):
                gaps.add(column)
            sources += [position] * (2 if column in gaps else 1)
        else:
            counts = values.value_counts()
            ranked = sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))[:MOST_CATEGORIES]
            words[column] = tuple(str(word) for word, _ in ranked)
            usual[column] = words[column][0] if ranked else ""
            sources += [position] * len(words[column])
    nothing = np.zeros(0)
    plain = Inputs(tuple(columns), usual, words, frozenset(gaps), np.array(sources, dtype=np.intp), *[nothing] * 4)
    low, high = np.quantile(plain.spread(known), RANGE, axis=0)
    ranged = replace(plain, low=low, high=high)
    drawn = _drawn_in(ranged.numbers(known))
    deviation = drawn.std(axis=0)
    return replace(ranged, mean=drawn.mean(axis=0), deviation=np.where(deviation > 0, deviation, 1.0))


def rank_columns(examples: Snapshots, kind: Kind, random: np.random.Generator) -> tuple[str, ...]:
    """All columns that differ among the examples, those that tell most about what followed first.

    By mutual information, a column of words by its best word; ties by name.
    """
    columns = sorted(column for column in examples.known.columns if column != "customer_id")
    some = np.sort(random.permutation(len(examples))[:RANKED_FROM])
    part = examples.only(some)
    inputs = learn_inputs(part.known, columns)
    numbers = inputs.numbers(part.known)
    measure = mutual_info_regression if kind == "amount" else mutual_info_classif
    told = measure(numbers, part.followed, random_state=int(random.integers(2**31)))
    best = dict.fromkeys(columns, 0.0)
    for source, bits, varied in zip(inputs.sources, told, numbers.std(axis=0) > 0, strict=True):
        if varied:
            best[columns[source]] = max(best[columns[source]], float(bits) + 1e-12)
    return tuple(sorted((name for name in columns if best[name] > 0), key=lambda name: (-round(best[name], 6), name)))


def _spread(inputs: Inputs, values: Frame) -> list[Array]:
    """The numbers of one column."""
    column = str(values.name)
    if column in inputs.words:
        text = values.to_numpy(dtype=object)
        return [np.array(text == word, dtype=np.float64) for word in inputs.words[column]]
    numbers: Array = values.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(numbers)
    filled = np.where(missing, inputs.usual[column], numbers)
    return [filled, missing.astype(np.float64)] if column in inputs.gaps else [filled]


def _drawn_in(numbers: Array) -> Array:
    drawn: Array = np.sign(numbers) * np.log1p(np.abs(numbers))
    return drawn
