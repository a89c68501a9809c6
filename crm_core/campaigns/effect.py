"""What a campaign changed: those written to against those held out, with an interval. Never before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

Z = 1.959964
"""Of 95 %."""
ENOUGH_HEADS = 30
ENOUGH_BOUGHT = 5
"""Heads of each side, and buyers of both together, below which it is too early to say."""
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Group:
    """One side: how many, how many of them bought, and what each who bought spent (minor units)."""

    heads: int
    bought: int
    spent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Effect:
    """`share`: of buyers, as a fraction; `revenue`: per head, in minor units. `early`: too little to say anything."""

    share: Difference
    revenue: Difference
    early: bool


def effect(treated: Group, held_out: Group, seed: int = 0) -> Effect | None:
    """The effect of being written to; None where one side is empty."""
    if not treated.heads or not held_out.heads:
        return None
    few = min(treated.heads, held_out.heads) < ENOUGH_HEADS or treated.bought + held_out.bought < ENOUGH_BOUGHT
    share = difference_of_shares(treated.bought, treated.heads, held_out.bought, held_out.heads)
    return Effect(share, _difference_per_head(treated, held_out, seed), few)


def wilson(count: int, heads: int) -> tuple[float, float]:
    """Bounds of a share, which stay within 0 and 1.

    >>> tuple(round(bound, 3) for bound in wilson(0, 10))
    (0.0, 0.278)
    """
    share, squared = count / heads, Z * Z
    middle = (share + squared / (2 * heads)) / (1 + squared / heads)
    half = Z / (1 + squared / heads) * sqrt(share * (1 - share) / heads + squared / (4 * heads * heads))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference_of_shares(count: int, heads: int, other: int, others: int) -> Difference:
    """Newcombe's interval, made of two of Wilson's.

    >>> found = difference_of_shares(56, 70, 48, 80)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    one, two = count / heads, other / others
    (low, high), (first, last) = wilson(count, heads), wilson(other, others)
    value = one - two
    return Difference(
        value, value - sqrt((one - low) ** 2 + (last - two) ** 2), value + sqrt((high - one) ** 2 + (two - first) ** 2)
    )


def _difference_per_head(treated: Group, held_out: Group, seed: int) -> Difference:
    """By bootstrap: what each side spent a head, drawn anew from its own heads."""
    generator = np.random.default_rng(seed)
    drawn = _resampled(treated, generator) - _resampled(held_out, generator)
    low, high = np.percentile(drawn, (2.5, 97.5))
    value = sum(treated.spent) / treated.heads - sum(held_out.spent) / held_out.heads
    return Difference(value, float(low), float(high))


def _resampled(group: Group, generator: np.random.Generator) -> np.ndarray:
    """Means of resamples. How often each buyer is drawn is multinomial; the others, who spent nothing, are one cell."""
    spent: Sequence[int] = group.spent or (0,)
    chances = [*[1 / group.heads] * len(spent), max(0.0, 1 - len(spent) / group.heads)]
    drawn = generator.multinomial(group.heads, chances, RESAMPLES)
    means: np.ndarray = drawn[:, :-1] @ np.array(spent, dtype=float) / group.heads
    return means
