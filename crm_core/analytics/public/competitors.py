"""We and our competitors in public: share of voice, how much better or worse the mood is, and about what."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.analytics.public.trends import Gap, Moods, gap, moods
from crm_core.analytics.public.voice import Cell, Dimension, by_age, of_brand, split
from crm_core.reports.metrics import US

FEWEST = 5
"""Opinions on each side, to compare a topic."""
SURER = 2.81
"""Standard errors for one of many topics (99.5 of 100 cases): of twenty compared, none is clear by chance mostly."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A brand's part of what is said, reposts included; `voices` are those that repeat no other post.

    `gap`: our mood less its mood; None for us, and where there are too few.
    """

    brand: str
    count: int
    voices: int
    before: int
    share: float
    share_before: float
    mood: Moods
    gap: Gap | None


@dataclass(frozen=True, slots=True)
class Field:
    """A topic or need class on which we do clearly better (positive) or worse than a competitor."""

    brand: str
    dimension: Dimension
    key: str
    ours: Moods
    theirs: Moods
    gap: Gap


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everybody by share of voice in the last `days`, the fields we win or lose, and shares by week, oldest first."""

    days: int
    rivals: tuple[Rival, ...]
    fields: tuple[Field, ...]
    weeks: dict[str, list[float | None]]


def compare_brands(found: Sequence[Cell], days: int, named: Sequence[str] = (), weeks: int = 8) -> Comparison:
    """Compare us with all competitors that are talked about, or with those named; `found` reaches back twice `days`."""
    brands = [US, *sorted({brand for cell in found for brand in cell.brands} - {US})]
    brands = [brand for brand in brands if not named or brand == US or brand in named]
    now = [cell for cell in found if cell.age < days]
    before = [cell for cell in found if days <= cell.age < 2 * days]
    counts, counts_before = (
        {brand: sum(cell.volume for cell in of_brand(part, brand)) for brand in brands} for part in (now, before)
    )
    ours = moods(_alone(now, US))
    rivals = [
        Rival(
            brand, counts[brand], sum(cell.voices for cell in of_brand(now, brand)), counts_before[brand],
            _share(counts, brand), _share(counts_before, brand), theirs := moods(_alone(now, brand)),
            None if brand == US else gap(ours, theirs),
        )
        for brand in brands
    ]  # fmt: skip
    rivals.sort(key=lambda rival: (-rival.count, rival.brand != US, rival.brand))
    fields = [each for brand in brands if brand != US for each in _fields(now, brand)]
    fields.sort(key=lambda field: (-abs(field.gap.value), field.brand, field.key))
    return Comparison(days, tuple(rivals), tuple(fields), _weeks(found, brands, weeks))


def _alone(found: Sequence[Cell], brand: str) -> list[Cell]:
    return [cell for cell in found if cell.only_brand == brand]


def _share(counts: dict[str, int], brand: str) -> float:
    whole = sum(counts.values())
    return counts[brand] / whole if whole else 0.0


def _fields(found: Sequence[Cell], brand: str) -> list[Field]:
    """What both are talked about for, where the moods surely differ."""
    spotted, dimensions = [], ("topic", "need")
    for dimension in dimensions:
        ours, theirs = (split(_alone(found, each), dimension) for each in (US, brand))  # type: ignore[arg-type]
        for key in sorted(ours.keys() & theirs.keys()):
            mine, other = moods(ours[key]), moods(theirs[key])
            apart = gap(mine, other, SURER)
            if apart and apart.clear and min(mine.count, other.count) >= FEWEST:
                spotted.append(Field(brand, dimension, key, mine, other, apart))  # type: ignore[arg-type]
    return spotted


def _weeks(found: Sequence[Cell], brands: Sequence[str], weeks: int) -> dict[str, list[float | None]]:
    """Shares of voice by week; None in a week in which nobody is talked about."""
    days = {brand: by_age(of_brand(found, brand), 7 * weeks, lambda cell: cell.volume) for brand in brands}
    shares: dict[str, list[float | None]] = {brand: [] for brand in brands}
    for week in reversed(range(weeks)):
        counts = {brand: sum(each[7 * week : 7 * week + 7]) for brand, each in days.items()}
        for brand in brands:
            shares[brand].append(_share(counts, brand) if sum(counts.values()) else None)
    return shares
