"""What rises and what falls in public: some days against four times as many before, and moods with their certainty."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crm_core.analytics.public.voice import DIMENSIONS, Cell, Dimension, by_age, split, voices

RECENT = 7
"""Days of now."""
TIMES_BEFORE = 4
"""It is held against so many times as many days before."""
LEAST = 4
CLEAR = 2.5
"""From so many standard deviations on, a rise is no chance; many are looked at, so two are too few."""


@dataclass(frozen=True, slots=True)
class Move:
    """How often a part was talked about in the last days, and how often in as many before, usually."""

    dimension: Dimension
    key: str
    count: int
    usual: float
    surprise: float

    @property
    def times(self) -> float | None:
        """How many times the usual; None where it is new."""
        return self.count / self.usual if self.usual else None


def moves(
    found: Sequence[Cell], dimensions: Iterable[Dimension] = DIMENSIONS, recent: int = RECENT,
    before: int | None = None, count: Callable[[Cell], int] = voices,
) -> list[Move]:  # fmt: skip
    """Parts that clearly rise, or (negative surprise) fall, in the last days, the clearest first.

    Args:
        before: against so many days before; four times as many unless given.
    """
    before = recent * TIMES_BEFORE if before is None else before
    spotted = []
    for dimension in dimensions:
        for key, part in split(found, dimension).items():
            days = by_age(part, recent + before, count)
            now, usual = sum(days[:recent]), sum(days[recent:]) * recent / before
            surprise = surprise_of(now, usual, recent / before)
            if max(now, usual) >= LEAST and abs(surprise) >= CLEAR:
                spotted.append(Move(dimension, key, now, usual, surprise))
    return sorted(spotted, key=lambda move: (-abs(move.surprise), move.dimension, move.key))


def days_of(recent: int = RECENT) -> int:
    """How many days have to be known."""
    return recent * (1 + TIMES_BEFORE)


def surprise_of(count: float, usual: float, known: float = 1 / TIMES_BEFORE) -> float:
    """Standard deviations between a count and the usual one, itself known from `1 / known` such spans only."""
    root = 2 * (math.sqrt(count + 0.375) - math.sqrt(usual + 0.375))
    return root / math.sqrt(1 + known)


@dataclass(frozen=True, slots=True)
class Moods:
    """How many moods there are, their sum and the sum of their squares (milli)."""

    count: int = 0
    total: int = 0
    squares: int = 0

    @property
    def mean(self) -> float | None:
        """Their mean."""
        return self.total / self.count if self.count else None

    @property
    def error(self) -> float:
        """How far the mean is off by chance (standard error)."""
        if self.count < 2:
            return math.inf
        mean = self.total / self.count
        return math.sqrt(max(self.squares / self.count - mean * mean, 0.0) / (self.count - 1))


def moods(found: Iterable[Cell]) -> Moods:
    """The moods of some cells together."""
    kept = list(found)
    return Moods(
        sum(cell.moods for cell in kept), sum(cell.mood_total for cell in kept), sum(cell.mood_squares for cell in kept)
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """How much better one mood is than another, with an interval in which it lies in so many of all cases."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether it is surely one or the other."""
        return self.low > 0 or self.high < 0


SURE = 1.96
"""Standard errors around a difference in 95 of 100 cases."""


def gap(one: Moods, other: Moods, sure: float = SURE) -> Gap | None:
    """The difference of two means; None where one of them has less than two moods."""
    if one.mean is None or other.mean is None or min(one.count, other.count) < 2:
        return None
    value, reach = one.mean - other.mean, sure * math.hypot(one.error, other.error)
    return Gap(value, value - reach, value + reach)
