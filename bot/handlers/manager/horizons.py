"""How far ahead a forecast looks, and by which steps: as far as was asked for, or as the past allows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from bot.handlers.manager.charted import Asking
from crm_core.analytics.forecasts.kept import USUAL_DAYS, WEEK, Figure, past_of, reach_of
from crm_core.reports.metrics import UNITS, FigureRow
from crm_core.reports.periods import ONE_DAY, Unit, add_months

DAYS, WEEKS = 42, 27
"""Where no step is named: up to so many days ahead by days, up to so many weeks by weeks, beyond that by months."""
COARSER: tuple[Unit, ...] = ("day", "week", "month")
LENGTH: dict[Unit, int] = {"day": 1, "week": WEEK, "month": 30}
USUAL: dict[Unit, int] = {"day": USUAL_DAYS, "week": 8 * WEEK, "month": 182}
"""Days ahead when a step is named, and no end."""
FARTHEST = 100
"""Years; who asks for more is answered as if for so many."""
_REST = re.compile(r"(?:rest|remainder) of (?:the|this) (year|quarter|month|week)")
_YEAR = re.compile(r"(?<![a-z])(?:by|until|till|through|up to)(?: the end of)? (20\d\d)(?!\d)")
_STEP = re.compile(r"(?<![a-z])by (day|week|month)(?![a-z])")
"""A step that a span hides: next 6 months by month."""
_DECADE = re.compile(r"decade|未来十年")

Past = tuple[FigureRow, ...]


@dataclass(frozen=True)
class Span:
    """What is asked for: the days from `first` up to, not including, `last`, by `unit` where one is named."""

    first: date
    last: date
    unit: Unit | None = None
    said: bool = True
    """Whether an end was named."""

    def kept(self) -> dict[str, Any]:
        """As JSON for the memory."""
        return {"first": self.first.isoformat(), "last": self.last.isoformat(), "unit": self.unit, "said": self.said}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Span":
        """Read it back."""
        return cls(date.fromisoformat(kept["first"]), date.fromisoformat(kept["last"]), kept["unit"], kept["said"])


@dataclass(frozen=True)
class Ahead:
    """What is told: steps of a unit, from today on; the first `skipped` of them are not asked for.

    `asked`: the last day that was asked for, where that is further than can be told; `instead_of`: the step that was
    asked for, where the past is too short for any of it.
    """

    unit: Unit
    steps: int
    skipped: int = 0
    asked: date | None = None
    instead_of: Unit | None = None


@dataclass(frozen=True)
class _Way:
    """One way to answer: how many steps of a unit are wanted, and how many its past allows."""

    unit: Unit
    wanted: int
    skipped: int
    possible: int
    past: Past

    @property
    def days(self) -> int:
        """How many days ahead it goes, roughly."""
        return min(self.wanted, self.possible) * LENGTH[self.unit]


def span_of(asking: Asking) -> Span:
    """The span that is asked for, or was for the forecast that is changed now; four weeks when none is named."""
    today, understanding = asking.today, asking.spoken.understanding
    step = _STEP.search(asking.text)
    named = understanding.first("group_by") or (step[1] if step else None)
    unit: Unit | None = named if named in UNITS else None
    latest = today.replace(day=1, year=today.year + FARTHEST)
    length = understanding.first("duration")
    days = int(length["days"]) if isinstance(length, dict) and length.get("days") else 0
    if days > 0:
        return Span(today, min(today + timedelta(days=min(days, 366 * FARTHEST)), latest), unit)
    for span in understanding.all("date_range"):
        if isinstance(span, dict) and span.get("end") and date.fromisoformat(span["end"]) > today:
            first = date.fromisoformat(span["start"]) if span.get("start") else today
            return Span(max(first, today), min(date.fromisoformat(span["end"]), latest), unit)
    end = _until(asking.text, today)
    if end is not None and end > today:
        return Span(today, end, unit)
    last = asking.memory.shown("asked")
    if asking.again and isinstance(last, dict):
        before = Span.of(last)
        if before.last > today and (before.said or not unit):
            return replace(before, first=max(before.first, today), unit=unit or before.unit)
    return Span(today, today + timedelta(days=USUAL[unit or "day"]), unit, said=False)


def _until(text: str, today: date) -> date | None:
    """An end that is named in a way that is no period of its own."""
    rest, year = _REST.search(text), _YEAR.search(text)
    if year:
        return date(int(year[1]) + 1, 1, 1)
    if _DECADE.search(text):
        return add_months(today, 120)
    if rest is None:
        return None
    months = {"year": 12, "quarter": 3, "month": 1}.get(rest[1])
    if months is None:
        return today + timedelta(days=WEEK - today.weekday())
    return add_months(today.replace(day=1), months - (today.month - 1) % months)


def fitting(asking: Asking, figure: Figure, span: Span) -> tuple[Ahead | None, Past]:
    """The step that is named or suits the span, if the past allows; else what reaches furthest."""
    ways: list[_Way] = []
    for unit in _tried(span, asking.today):
        way = _way(asking, figure, span, unit)
        if way.possible >= way.wanted or (unit == span.unit and way.possible):
            return _ahead(way, span), way.past
        ways.append(way)
    best = max(ways, key=lambda way: way.days)
    if best.days < 1:
        return None, next(way.past for way in ways if way.unit == "day")
    return _ahead(best, span), best.past


def _tried(span: Span, today: date) -> Iterator[Unit]:
    """The step that is named; the one that suits the span, coarser ones, and finer ones."""
    days = (span.last - today).days
    suits = 0 if days <= DAYS else 1 if days <= WEEKS * WEEK else 2
    order = [*COARSER[suits:], *reversed(COARSER[:suits])]
    if span.unit:
        yield span.unit
    yield from (unit for unit in order if unit != span.unit)


def _way(asking: Asking, figure: Figure, span: Span, unit: Unit) -> _Way:
    past, today = past_of(asking.session, figure, unit, asking.today, asking.zone), asking.today
    days, skipped = (span.last - today).days, (span.first - today).days
    possible = reach_of(len(past), unit)
    if unit == "day":  # further ahead single days say nothing, unless they are asked for
        return _Way(unit, days, skipped, possible if span.unit == "day" else min(possible, DAYS), past)
    if unit == "week":
        return _Way(unit, -(-(days + today.weekday()) // WEEK), (skipped + today.weekday()) // WEEK, possible, past)
    return _Way(unit, _months(today, span.last), _months(today, span.first + ONE_DAY) - 1, possible, past)


def _ahead(way: _Way, span: Span) -> Ahead:
    steps = min(way.wanted, way.possible)
    short = span.said and steps < way.wanted
    instead = span.unit if span.unit not in (None, way.unit) else None
    skipped = way.skipped if way.skipped < steps else 0
    return Ahead(way.unit, steps, skipped, span.last - ONE_DAY if short else None, instead)


def _months(first: date, last: date) -> int:
    """In how many months the days from the first up to the last lie."""
    end = last - ONE_DAY
    return (end.year - first.year) * 12 + end.month - first.month + 1
