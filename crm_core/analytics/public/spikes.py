"""What is blowing up: more than the same weekday lets expect, by more than chance, and which part made it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm_core.analytics.public.voice import DIMENSIONS, Cell, Dimension, by_age, cells, of_brand, split
from crm_core.reports.metrics import US, Values

WEEKS = 8
DAYS = 7 * WEEKS
TRIMMED = 0.15
"""Of the usual days, this share of the highest and of the lowest is left out: a past wave is not usual."""
SHRUNK = 4
"""A weekday of its own counts as much as so many weeks of all days."""
CHANCE = 0.001
LEAST, TIMES = 5, 2.0
"""Fewer posts than this, or less than so many times the usual, are no spike however rare they are."""
REASONS = 3
REASON_FROM, MORE = 0.25, 0.1
"""From this share of what is above the usual on, a part is a reason, if its share is usually so much smaller."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What to expect on a day: the mean, and how many times larger than the mean the variance is."""

    mean: float
    dispersion: float

    def chance(self, count: int) -> float:
        """How often so many, or more, come by chance (negative binomial; Poisson where nothing is clustered)."""
        return tail(count, self.mean, self.dispersion)


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of what is above the usual. `share` of all that is above it."""

    dimension: Dimension
    key: str
    count: int
    usual: float
    share: float


@dataclass(frozen=True, slots=True)
class Spike:
    """More about a brand than usual within 24 hours, `age` days ago. `repeats`: posts that say what others said."""

    brand: str
    age: int
    count: int
    repeats: int
    usual: float
    chance: float
    mood_milli: float | None
    reasons: tuple[Reason, ...]


def usual(past: Sequence[int]) -> Usual:
    """What to expect after these days, the latest first; the seventh has the same weekday."""
    level = _trimmed_mean(past)
    if level <= 0:
        return Usual(0.5 / max(len(past), 1), 1.0)
    factors = [_factor(past[weekday::7], level) for weekday in range(7)]
    even = [count / factors[place % 7] for place, count in enumerate(past)]
    middle = sorted(even)[len(even) // 2]
    apart = sorted(abs(each - middle) for each in even)[len(even) // 2]
    return Usual(level * factors[6], max(1.0, (1.4826 * apart) ** 2 / level))


def _factor(same: Sequence[int], level: float) -> float:
    """How a weekday differs from the others, drawn towards not at all."""
    return (_trimmed_mean(same) * len(same) + SHRUNK * level) / ((len(same) + SHRUNK) * level)


def _trimmed_mean(counts: Sequence[int]) -> float:
    cut = int(TRIMMED * len(counts))
    kept = sorted(counts)[cut : len(counts) - cut]
    return sum(kept) / len(kept) if kept else 0.0


def tail(count: int, mean: float, dispersion: float) -> float:
    """The chance of `count` or more."""
    if count <= 0:
        return 1.0
    if dispersion <= 1.0001:
        term, below = math.exp(-mean), 0.0
        for each in range(count):
            below += term
            term *= mean / (each + 1)
        return max(0.0, 1 - below)
    size, step = mean / (dispersion - 1), 1 - 1 / dispersion
    term, below = math.exp(-size * math.log(dispersion)), 0.0
    for each in range(count):
        below += term
        term *= (size + each) / (each + 1) * step
    return max(0.0, 1 - below)


def spikes(
    session: Session, now: datetime, brands: Sequence[str] = (), ages: Sequence[int] = (0, 1),
    only: Values | None = None, without: Values | None = None,
) -> list[Spike]:  # fmt: skip
    """What is blowing up, or did so many days ago, about us first; of all brands there are unless some are named."""
    found = cells(session, now, DAYS + max(ages) + 1, only, without)
    named = brands or sorted({brand for cell in found for brand in cell.brands})
    spotted = [
        spike for brand in named for age in ages if (spike := spike_of(list(of_brand(found, brand)), brand, age))
    ]
    return sorted(spotted, key=lambda spike: (spike.brand != US, spike.age, spike.chance, spike.brand))


def spike_of(found: Sequence[Cell], brand: str, age: int) -> Spike | None:
    """The spike of a brand on a day: of all that is said of it, or of one topic, product or need."""
    whole = _above(found, age)
    parts = [
        (dimension, key, _above(part, age)) for dimension in DIMENSIONS for key, part in split(found, dimension).items()
    ]
    loud = [part for part in parts if part[0] != "network" and _spikes(*part[2])]
    if not _spikes(*whole) and not loud:
        return None
    count, expected = whole if _spikes(*whole) else min(loud, key=lambda part: part[2][1].chance(part[2][0]))[2]
    excess = count - expected.mean
    reasons = [
        Reason(dimension, key, seen, known.mean, min(1.0, (seen - known.mean) / excess))
        for dimension, key, (seen, known) in parts
        if seen >= 2 and seen >= TIMES * known.mean
    ]
    base = max(expected.mean, 1.0)  # of next to nothing, shares say nothing
    reasons = [each for each in reasons if each.share >= max(REASON_FROM, each.usual / base + MORE)]
    reasons.sort(key=lambda each: (each.usual / base - each.share, DIMENSIONS.index(each.dimension), each.key))
    return Spike(brand, age, count, _repeats(found, age), expected.mean, expected.chance(count),
                 _mood(found, age), tuple(reasons[:REASONS]))  # fmt: skip


def _above(found: Sequence[Cell], age: int) -> tuple[int, Usual]:
    counts = by_age(found, DAYS + age + 1)
    return counts[age], usual(counts[age + 1 : age + 1 + DAYS])


def _spikes(count: int, expected: Usual) -> bool:
    return count >= LEAST and count >= TIMES * expected.mean and expected.chance(count) < CHANCE


def _repeats(found: Sequence[Cell], age: int) -> int:
    return sum(cell.volume - cell.voices for cell in found if cell.age == age)


def _mood(found: Sequence[Cell], age: int) -> float | None:
    day = [cell for cell in found if cell.age == age]
    moods = sum(cell.moods for cell in day)
    return sum(cell.mood_total for cell in day) / moods if moods else None
