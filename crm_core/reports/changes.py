"""Why a figure moved: what each part of a dimension did to the change, adding up exactly.

A count moves by what its parts move. A mean moves because parts got another mean (rate) and because parts make up more
or less of all (mix); a sum of amounts, because there were more of them (mix) and because each was larger (rate). Halves
of both periods are the weights, so that nothing is left over. All of it is reckoned in fractions of whole numbers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.orm import Session

from crm_core.reports.aggregates import Grouped
from crm_core.reports.metrics import METRICS, Sums, Values, sums
from crm_core.reports.periods import Period

SPREAD = {"mood": 450.0, "rating": 1.2}
"""How far single moods and ratings usually are from their mean, in their units."""
CLEAR = 2.0
"""From so many times what chance does on, a part did more than its share."""
HALF = Fraction(1, 2)
MICROS = 1_000_000
TOO_FINE = ("agent",)
"""Dimensions that are only looked at when they are asked for: people are not to blame by default."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part did to a change: by its rate and by the mix, or by its number alone (`rate` is 0 then).

    `now` and `before`: its own figure, None without observations. `usual`: what it would have done had all parts moved
    alike. `chance`: how far it is from that without any reason.
    """

    key: str | None
    now: Fraction | None
    before: Fraction | None
    count: int
    count_before: int
    mix: Fraction
    rate: Fraction
    usual: Fraction
    chance: float

    @property
    def did(self) -> Fraction:
        """Its part of the change."""
        return self.mix + self.rate

    @property
    def beyond(self) -> float:
        """How much more it did than by its share and by chance; 0 where it did not."""
        return max(0.0, abs(float(self.did - self.usual)) - CLEAR * self.chance)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A change by the parts of a dimension. `rest`: what is in no part or in several, so that all adds up exactly."""

    metric: str
    unit: str
    dimension: str
    now: Fraction | None
    before: Fraction | None
    parts: tuple[Part, ...]
    rest: Fraction

    @property
    def change(self) -> Fraction:
        """What is explained: of the two figures, one without observations counts as unchanged."""
        return Fraction(0) if self.now is None or self.before is None else self.now - self.before

    @property
    def beyond(self) -> float:
        """How much of the change lies in the differences between parts, beyond chance; 1 is all of it."""
        return sum(part.beyond for part in self.parts) / abs(float(self.change)) if self.change else 0.0

    def share(self, part: Part) -> float | None:
        """A part's share of the change; more than 1 where others moved against it."""
        return float(part.did / self.change) if self.change else None


def explain(
    session: Session, metric: str, period: Period, compared: Period, by: str, only: Values, without: Values
) -> Explanation:
    """The change of a figure between two periods by the parts of one dimension, those that did most of it first.

    Medians are explained as means, of which parts can be added up.

    Raises:
        NotMeasured: not by this dimension.
    """
    now = sums(session, metric, period, by, only, without)
    before = sums(session, metric, compared, by, only, without, now.unit)
    if not now.unit:  # money of a period without orders
        now = sums(session, metric, period, by, only, without, before.unit)
    return explained(metric, by, now, before)


def explained(metric: str, by: str, now: Sums, before: Sums) -> Explanation:
    """The same from sums."""
    kind = METRICS[metric].kind
    whole_now, whole_before = _figure(kind, now.whole), _figure(kind, before.whole)
    change = Fraction(0) if whole_now is None or whole_before is None else whole_now - whole_before
    here, then = ({part.key: part for part in each.parts} for each in (now, before))
    pairs = [(here.get(key) or Grouped(key, 0, 0), then.get(key) or Grouped(key, 0, 0)) for key in {**here, **then}]
    move = _counted if kind == "distinct" else _summed if kind == "sum" else _averaged
    parts = move(metric, pairs, change)
    parts.sort(key=lambda part: (-abs(part.did), part.key is None, part.key or ""))
    rest = change - sum((part.did for part in parts), Fraction(0))
    return Explanation(metric, now.unit or before.unit, by, whole_now, whole_before, tuple(parts), rest)


def best_explained(
    session: Session, metric: str, period: Period, compared: Period, only: Values, without: Values
) -> list[Explanation]:
    """The change by every dimension, the one first whose parts differ most in what they did to it."""
    found = [
        explain(session, metric, period, compared, by, only, without)
        for by in METRICS[metric].by
        if by not in TOO_FINE and by not in only
    ]
    return sorted(found, key=lambda each: -each.beyond)


def _figure(kind: str, part: Grouped) -> Fraction | None:
    if kind in ("distinct", "sum"):
        return Fraction(part.total)
    if not part.count:
        return None
    return Fraction(part.total, part.count * (MICROS if kind == "median" else 1))


Pairs = Sequence[tuple[Grouped, Grouped]]


def _counted(metric: str, pairs: Pairs, change: Fraction) -> list[Part]:
    whole = sum(before.total for _, before in pairs)
    return [
        Part(
            key=now.key, now=Fraction(now.total), before=Fraction(before.total), count=now.count,
            count_before=before.count, mix=Fraction(now.total - before.total), rate=Fraction(0),
            usual=change * Fraction(before.total, whole) if whole else Fraction(0),
            chance=math.sqrt(now.total + before.total),
        )
        for now, before in pairs
    ]  # fmt: skip


def _summed(metric: str, pairs: Pairs, change: Fraction) -> list[Part]:
    """`now` and `before` are sums: more of them is mix, larger ones are rate."""
    whole, parts = sum(before.total for _, before in pairs), []
    for now, before in pairs:
        here, then = _rates(now, before, 1)
        parts.append(Part(
            key=now.key, now=Fraction(now.total), before=Fraction(before.total), count=now.count,
            count_before=before.count, mix=(now.count - before.count) * HALF * (here + then),
            rate=HALF * (now.count + before.count) * (here - then),
            usual=change * Fraction(before.total, whole) if whole else Fraction(0),
            chance=abs(float(here + then)) / 2 * 1.5 * math.sqrt(now.count + before.count),
        ))  # fmt: skip
    return parts


def _averaged(metric: str, pairs: Pairs, change: Fraction) -> list[Part]:
    all_now, all_before = (sum(each[side].count for each in pairs) for side in (0, 1))
    if not all_now or not all_before:
        return []
    unit = MICROS if METRICS[metric].kind == "median" else 1
    mean = HALF * sum(
        (Fraction(sum(each[side].total for each in pairs), count * unit)
         for side, count in ((0, all_now), (1, all_before))),
        Fraction(0),
    )  # fmt: skip
    spread = SPREAD.get(METRICS[metric].unit, abs(float(mean)))
    parts = []
    for now, before in pairs:
        here, then = _rates(now, before, unit)
        weight, weight_before = Fraction(now.count, all_now), Fraction(before.count, all_before)
        usually = HALF * (weight + weight_before)
        noise = spread * math.sqrt(1 / max(now.count, 1) + 1 / max(before.count, 1))
        parts.append(Part(
            key=now.key, now=here if now.count else None, before=then if before.count else None, count=now.count,
            count_before=before.count, mix=(weight - weight_before) * (HALF * (here + then) - mean),
            rate=usually * (here - then), usual=change * usually, chance=float(usually) * noise,
        ))  # fmt: skip
    return parts


def _rates(now: Grouped, before: Grouped, unit: int) -> tuple[Fraction, Fraction]:
    """What one observation comes to in each period; where there is none, as much as in the other."""
    here = Fraction(now.total, now.count * unit) if now.count else None
    then = Fraction(before.total, before.count * unit) if before.count else None
    return here if here is not None else then or Fraction(0), then if then is not None else here or Fraction(0)
