"""Spans of local days, and the moments at which they begin and end: a day has 23 to 25 hours, a few no midnight."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["day", "week", "month"]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """The local days from `first` up to, not including, `last`. `until` cuts off what lies ahead of it.

    >>> day = Period(date(2026, 3, 29), date(2026, 3, 30), "Europe/Berlin")
    >>> day.end - day.start
    datetime.timedelta(seconds=82800)
    """

    first: date
    last: date
    zone: str
    until: datetime | None = None

    @property
    def start(self) -> datetime:
        """The moment it begins, in UTC."""
        return local_moment(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        """The moment it is over, in UTC; never before its start."""
        end = local_moment(self.last, time(), self.zone)
        return max(min(end, self.until), self.start) if self.until else end

    @property
    def days(self) -> int:
        """How many local days it touches."""
        return (self.last - self.first).days

    @property
    def is_partial(self) -> bool:
        """Whether it is still going on."""
        return self.until is not None and self.until < local_moment(self.last, time(), self.zone)

    def before(self) -> "Period":
        """The same span just before: the months before whole months, else as many days; cut off at the same hour."""
        months = self._months()
        first = add_months(self.first, -months) if months else self.first - timedelta(days=self.days)
        if not self.is_partial or self.until is None:
            return replace(self, first=first, last=self.first, until=None)
        here = self.until.astimezone(ZoneInfo(self.zone))
        day = add_months(here.date(), -months) if months else here.date() - timedelta(days=self.days)
        return Period(first, self.first, self.zone, local_moment(day, here.time(), self.zone))

    def buckets(self, unit: Unit) -> Iterator[tuple[date, datetime, datetime]]:
        """Its days, weeks (from Monday) or months: first day, start and end; the outer ones cut to the period."""
        first, end = self.first, self.end
        while first < self.last:
            following = min(_next(first, unit), self.last)
            start = local_moment(first, time(), self.zone)
            if start >= end and first > self.first:
                return
            yield first, start, min(local_moment(following, time(), self.zone), end)
            first = following

    def _months(self) -> int:
        if self.first.day != 1 or self.last.day != 1:
            return 0
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month


def local_moment(day: date, at: time, zone: str) -> datetime:
    """The moment of a local time, in UTC. A time that the clocks skip is that much later; of two, it is the first."""
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), ZoneInfo(zone)).astimezone(UTC)


def monday_of(moment: datetime, zone: str) -> date:
    """The local Monday of the week that a moment is in."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


def one_day(day: date, zone: str, until: datetime | None = None) -> Period:
    """A single local day."""
    return Period(day, day + ONE_DAY, zone, until)


def last_days(today: date, days: int, zone: str, until: datetime | None = None) -> Period:
    """So many days up to and including today."""
    return Period(today - timedelta(days=days - 1), today + ONE_DAY, zone, until)


def add_months(day: date, months: int) -> date:
    """Move by months; the 31st becomes the last day where a month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _next(day: date, unit: Unit) -> date:
    if unit == "month":
        return add_months(day.replace(day=1), 1)
    return day + (timedelta(days=7 - day.weekday()) if unit == "week" else ONE_DAY)
