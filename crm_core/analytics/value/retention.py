"""Cohorts: of those whose first order was in one month, how many ordered again in each month after it.

Counted by the database from the facts, so that SQLite and PostgreSQL say the same. Months are those of the period's
zone; only months that are over are told, and orders that were cancelled do not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from math import sqrt

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.analytics.facts.views import Dialect
from crm_core.reports.periods import Period, add_months, local_moment

MOST = 12
"""Cohorts that are told, the latest ones; and months after the first order."""
SOON = 3
"""Months within which coming back is held against that of the other cohorts."""
FEWEST = 20
"""Customers below whom a cohort is not said to stand out."""
BEYOND_CHANCE = 2.6
"""Standard errors between a cohort and the others: one in a hundred would be that far off by chance."""
NARROWED_BY = ("tier", "language")


@dataclass(frozen=True, slots=True)
class Cohort:
    """The customers whose first order was in a month.

    `active`: how many ordered in the first, second … month after it; `back`: how many then did so for the first time.
    """

    month: date
    size: int
    active: tuple[int, ...]
    back: tuple[int, ...]

    def returned(self, months: int) -> int:
        """How many ordered again within so many months."""
        return sum(self.back[:months])


@dataclass(frozen=True, slots=True)
class Retention:
    """Cohorts in the order of time; `left_out`: how many earlier ones of the period are not told."""

    cohorts: tuple[Cohort, ...]
    left_out: int = 0

    @property
    def months(self) -> int:
        """After how many months the oldest cohort can be told."""
        return max((len(cohort.active) for cohort in self.cohorts), default=0)

    def active(self, after: int) -> float | None:
        """The share of customers who ordered in the n-th month after their first, of all cohorts old enough for it."""
        known = [cohort for cohort in self.cohorts if len(cohort.active) >= after]
        size = sum(cohort.size for cohort in known)
        return sum(cohort.active[after - 1] for cohort in known) / size if size else None

    @property
    def soon(self) -> int:
        """Within how many months cohorts are held against each other: fewer while all are young."""
        return min(SOON, self.months)

    @property
    def back_soon(self) -> float | None:
        """The share of customers who ordered again within `soon` months, of all cohorts old enough for it."""
        known = [cohort for cohort in self.cohorts if len(cohort.active) >= self.soon > 0]
        size = sum(cohort.size for cohort in known)
        return sum(cohort.returned(self.soon) for cohort in known) / size if size else None

    def outstanding(self) -> list[tuple[Cohort, float, float]]:
        """Cohorts that came back within `soon` months otherwise than by chance: (cohort, its share, the others')."""
        known = [cohort for cohort in self.cohorts if len(cohort.active) >= self.soon > 0]
        found = []
        for cohort in known:
            size = sum(other.size for other in known) - cohort.size
            if min(cohort.size, size) < FEWEST:
                continue
            returned = sum(other.returned(self.soon) for other in known) - cohort.returned(self.soon)
            mine, theirs = cohort.returned(self.soon) / cohort.size, returned / size
            both = (cohort.returned(self.soon) + returned) / (cohort.size + size)
            error = sqrt(both * (1 - both) * (1 / cohort.size + 1 / size))
            if error and abs(mine - theirs) / error >= BEYOND_CHANCE:
                found.append((cohort, mine, theirs))
        return found


def retention(
    session: Session, period: Period, now: datetime, only: Mapping[str, Sequence[str]] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> Retention:  # fmt: skip
    """The cohorts of the months that a period touches, as far as a month after each is over.

    Args:
        only, without: values of `NARROWED_BY` that customers have, or have not.
    """
    months = list(_months(period.first.replace(day=1), period.zone, now))
    cohorts = [place for place, (first, _, _) in enumerate(months[:-1]) if first < period.last]
    told = cohorts[-MOST:]
    if not told:
        return Retention(())
    say = Dialect(session.get_bind().dialect.name)
    values: dict[str, str] = {}
    kept = _narrowed(only or {}, without or {}, values)
    rows = session.execute(text(_query(say, months, kept, told[0], told[-1])), values).all()
    counted = {(row.cohort, row.month): (int(row.active), int(row.back)) for row in rows}
    made = [_cohort(place, months, counted) for place in told]
    return Retention(tuple(cohort for cohort in made if cohort.size), len(cohorts) - len(told))


def _months(first: date, zone: str, now: datetime) -> Iterator[tuple[date, int, int]]:
    """The months from one on that are over: the first day, and the seconds at which it begins and ends."""
    while True:
        following = add_months(first, 1)
        start, end = (local_moment(day, time(), zone) for day in (first, following))
        if end > now:
            return
        yield first, int(start.timestamp()), int(end.timestamp())
        first = following


def _narrowed(
    only: Mapping[str, Sequence[str]], without: Mapping[str, Sequence[str]], values: dict[str, str]
) -> str:  # fmt: skip
    """A condition on customers, with its values put beside it."""
    parts = []
    for chosen, test in ((only, "{} IN ({})"), (without, "COALESCE({}, '') NOT IN ({})")):
        for dimension, wanted in chosen.items():
            if dimension not in NARROWED_BY:
                raise ValueError(dimension)
            names = [f"v{len(values) + place}" for place in range(len(wanted))]
            values |= dict(zip(names, (value.lower() for value in wanted), strict=True))
            parts.append(test.format(f"LOWER(c.{dimension})", ", ".join(f":{name}" for name in names)))
    return "".join(f" AND {part}" for part in parts)


def _query(say: Dialect, months: Sequence[tuple[date, int, int]], kept: str, first: int, last: int) -> str:
    """Rows (cohort, month, how many were active, how many of them for the first time again)."""
    places = ", ".join(f"({place}, {start}, {end})" for place, (_, start, end) in enumerate(months))
    return f"""
        WITH months (place, start_at, end_at) AS (VALUES {places}),
        bought AS (
            SELECT o.customer_id, o.placed_at
            FROM {say.view("orders")} AS o JOIN {say.view("customers")} AS c ON c.customer_id = o.customer_id
            WHERE o.cancelled_day IS NULL{kept}
        ),
        begun AS (
            SELECT f.customer_id, m.place AS cohort
            FROM (SELECT customer_id, MIN(placed_at) AS first_at FROM bought GROUP BY customer_id) AS f
            JOIN months AS m ON f.first_at >= m.start_at AND f.first_at < m.end_at
            WHERE m.place BETWEEN {first} AND {last}
        ),
        active AS (
            SELECT DISTINCT b.customer_id, b.cohort, m.place AS month
            FROM begun AS b JOIN bought AS o ON o.customer_id = b.customer_id
            JOIN months AS m ON o.placed_at >= m.start_at AND o.placed_at < m.end_at
        ),
        told AS (
            SELECT cohort, month,
                   MIN(CASE WHEN month > cohort THEN month END) OVER (PARTITION BY customer_id) AS back_in
            FROM active
        )
        SELECT cohort, month, COUNT(*) AS active, SUM(CASE WHEN month = back_in THEN 1 ELSE 0 END) AS back
        FROM told GROUP BY cohort, month"""


def _cohort(
    place: int, months: Sequence[tuple[date, int, int]], counted: Mapping[tuple[int, int], tuple[int, int]]
) -> Cohort:
    later = range(place + 1, min(place + MOST, len(months) - 1) + 1)
    size = counted.get((place, place), (0, 0))[0]
    active, back = ([counted.get((place, month), (0, 0))[which] for month in later] for which in (0, 1))
    return Cohort(months[place][0], size, tuple(active), tuple(back))
