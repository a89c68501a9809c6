"""Forecasts of the main figures, made at night; given out as long as the past that they were made of is the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.analytics.forecasts.forecast import Forecast, Series, enough, farthest
from crm_core.database import Store
from crm_core.models import KeptForecast
from crm_core.reports.metrics import FigureRow, Values, begin, measure
from crm_core.reports.periods import ONE_DAY, Period, Unit, add_months

FORETOLD = ("revenue", "orders", "messages", "conversations")
"""The main figures."""
USUAL_DAYS = 28
"""How far ahead when nothing is said of it."""
HISTORY: dict[Unit, timedelta] = {
    "day": timedelta(days=3 * 366), "week": timedelta(days=10 * 366), "month": timedelta(days=30 * 366)
}  # fmt: skip
"""How far back the past is looked at."""
SEASONS: dict[Unit, tuple[int, ...]] = {"day": (7,), "week": (1,), "month": (12, 1)}
"""Steps of a season, the best first; a shorter one where the past is too short for it."""
WEEK = 7


@dataclass(frozen=True)
class Figure:
    """A figure and what it is narrowed to."""

    metric: str
    only: Values = field(default_factory=dict)
    without: Values = field(default_factory=dict)


def past_of(session: Session, figure: Figure, unit: Unit, today: date, zone: str) -> tuple[FigureRow, ...]:
    """The figure by whole days, weeks or months, up to yesterday; from the first that has anything on."""
    begun, last = begin(session), today
    last = last.replace(day=1) if unit == "month" else last - timedelta(days=last.weekday() if unit == "week" else 0)
    first = max(begun.astimezone(ZoneInfo(zone)).date() + ONE_DAY if begun else last, last - HISTORY[unit])
    if unit == "week":
        first += timedelta(days=-first.weekday() % WEEK)
    elif unit == "month":
        first = first if first.day == 1 else add_months(first.replace(day=1), 1)
    if first >= last:
        return ()
    rows = measure(
        session, figure.metric, Period(first, last, zone), unit, only=figure.only, without=figure.without
    ).rows
    start = next((at for at, row in enumerate(rows) if row.value), len(rows))
    return rows[start:]


def series_of(past: Sequence[FigureRow], unit: Unit, steps: int, skipped: int = 0) -> Series:
    """What is asked of such a past; what is counted or added up is never below nothing."""
    return Series([row.value or 0.0 for row in past], season_of(len(past), unit, steps), steps, 0.0, skipped)


def season_of(count: int, unit: Unit, steps: int) -> int:
    """The best season with which so many values allow so many steps; else the one that allows most."""
    fits = (season for season in SEASONS[unit] if enough(count, season, steps))
    return next(fits, max(SEASONS[unit], key=lambda season: farthest(count, season)))


def reach_of(count: int, unit: Unit) -> int:
    """So many steps ahead, at most, so long a past allows."""
    return max(0, *(farthest(count, season) for season in SEASONS[unit]))


def least_for(unit: Unit, steps: int) -> int:
    """How long the past has to be for so many steps."""
    return next(count for count in range(1, 10_000) if reach_of(count, unit) >= steps)


def kept(session: Session, series: Series) -> Forecast | None:
    """The forecast of exactly this, if one was made."""
    found = session.scalar(select(KeptForecast.found).where(KeptForecast.digest == series.digest))
    return None if found is None else Forecast.load(found)


def refresh(store: Store, now: datetime, zone: str, progress: Callable[[int, int], None]) -> Mapping[str, Any]:
    """Foretell the main figures and put them in the place of the last ones; only a child process does this."""
    from crm_core.analytics.forecasts.trials import forecast  # loads what learns

    today = now.astimezone(ZoneInfo(zone)).date()
    next_week = WEEK - today.weekday()
    spans = ((USUAL_DAYS, 0), (next_week + WEEK, next_week))
    with store.read() as session:
        pasts = {metric: past_of(session, Figure(metric), "day", today, zone) for metric in FORETOLD}
    wanted = [
        (metric, series_of(past, "day", steps, skipped))
        for metric, past in pasts.items()
        for steps, skipped in spans
        if steps <= reach_of(len(past), "day")
    ]
    made = {}
    for place, (metric, series) in enumerate(wanted):
        progress(place, len(wanted))
        found = forecast(**series.dump())
        made[series.digest] = KeptForecast(
            digest=series.digest, metric=metric, found=asdict(found), computed_at=now
        )  # fmt: skip
    with store.write() as session:
        session.execute(delete(KeptForecast))
        session.add_all(made.values())
    return {"forecasts": len(made)}
