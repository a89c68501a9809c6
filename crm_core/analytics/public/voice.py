"""Public posts by day and by what they are about, as counts and sums: one statement, no text is read.

Days are spans of 24 hours counted back from a moment, so that the last one is whole and weekdays stay weekdays.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import String, case, cast, func, literal, select
from sqlalchemy.orm import Session

from crm_core.models import Post
from crm_core.reports.aggregates import micros
from crm_core.reports.metrics import TOPIC_OF_POST, US, VOICES, Values, narrowings

DAY = timedelta(days=1)
Dimension = Literal["topic", "product", "need", "network"]
DIMENSIONS: tuple[Dimension, ...] = ("topic", "product", "need", "network")


@dataclass(frozen=True, slots=True)
class Cell:
    """Posts of one day that are alike in everything counted here. `age`: 0 is the last 24 hours.

    `volume` counts all, `voices` those that repeat no other; moods (milli) are of voices.
    """

    age: int
    brands: frozenset[str]
    network: str
    topic: str | None
    need: str | None
    products: tuple[str, ...]
    volume: int
    voices: int
    moods: int
    mood_total: int
    mood_squares: int

    def keys(self, dimension: Dimension) -> tuple[str, ...]:
        """Its parts of a dimension: products may be several, or none."""
        if dimension == "product":
            return self.products
        key = {"topic": self.topic, "need": self.need, "network": self.network}[dimension]
        return (key,) if key and key != "other" else ()

    @property
    def only_brand(self) -> str | None:
        """The one brand it is about; None where it is about several: whose mood it is cannot be told then."""
        return next(iter(self.brands)) if len(self.brands) == 1 else None


def cells(
    session: Session, now: datetime, days: int, only: Values | None = None, without: Values | None = None
) -> list[Cell]:
    """What was said in public within so many days, narrowed as the figure `voice` is.

    Spam, reactions and our own posts are left out.

    Raises:
        NotMeasured: it cannot be narrowed so.
    """
    narrowed = [each.condition() for each in narrowings("voice", only or {}, without or {})]
    age = (literal(_micros(now) - 1) - micros(Post.occurred_at)) // literal(round(DAY / timedelta(microseconds=1)))
    alone = case((Post.duplicate_of_id.is_(None), 1), else_=0)
    opinion = case(((Post.duplicate_of_id.is_(None)) & Post.sentiment_milli.is_not(None), 1), else_=0)
    mood = func.coalesce(Post.sentiment_milli, 0) * alone
    parts = (
        age.label("age"), Post.about, Post.connector, TOPIC_OF_POST, Post.need, cast(Post.products, String),
        cast(Post.competitors, String), Post.brand_named,
    )  # fmt: skip
    query = (
        select(*parts, func.count(), func.sum(alone), func.sum(opinion), func.sum(mood), func.sum(mood * mood))
        .where(*VOICES, *narrowed, Post.occurred_at < now, Post.occurred_at >= now - days * DAY)
        .group_by(*parts)
    )
    return [
        Cell(int(row[0]), _brands(row[1], row[6], row[7]), row[2], row[3], row[4], _list(row[5]), *map(int, row[8:]))
        for row in session.execute(query)
    ]


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _list(stored: str | None) -> tuple[str, ...]:
    return tuple(json.loads(stored)) if stored else ()


def _brands(about: str, competitors: str | None, brand_named: bool) -> frozenset[str]:
    return frozenset({about, *_list(competitors), *([US] if brand_named else [])})


# --- series ---------------------------------------------------------------------------------------------------------
def voices(cell: Cell) -> int:
    """Posts that repeat no other."""
    return cell.voices


def volume(cell: Cell) -> int:
    """All posts."""
    return cell.volume


def by_age(found: Iterable[Cell], days: int, count: Callable[[Cell], int] = voices) -> list[int]:
    """How many a day, the last one first."""
    ages = [0] * days
    for cell in found:
        if cell.age < days:
            ages[cell.age] += count(cell)
    return ages


def split(found: Iterable[Cell], dimension: Dimension) -> dict[str, list[Cell]]:
    """The cells of every part of a dimension."""
    parts: dict[str, list[Cell]] = {}
    for cell in found:
        for key in cell.keys(dimension):
            parts.setdefault(key, []).append(cell)
    return parts


def known_since(session: Session) -> datetime | None:
    """When the oldest public post was written; None while there are none."""
    return session.scalar(select(func.min(Post.occurred_at)).where(*VOICES))


def of_brand(found: Iterable[Cell], brand: str) -> Iterator[Cell]:
    """What is about a brand, alone or among others."""
    return (cell for cell in found if brand in cell.brands)


def rolling(daily: list[int], days: int = 7) -> list[float]:
    """Means of so many days up to each day, for days that come oldest first; fewer at the start."""
    return [sum(daily[max(0, at - days + 1) : at + 1]) / min(days, at + 1) for at in range(len(daily))]
