"""Calendar arithmetic: days, weeks, months, quarters and holidays as half-open spans of dates."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From `start` up to, not including, `end`; None is open."""

    start: date | None
    end: date | None

    @classmethod
    def day(cls, day: date) -> "Period":
        """One day."""
        return cls(day, day + ONE_DAY)

    def value(self) -> dict[str, str | None]:
        """Return what stands in the entity."""
        return {
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
        }


def add_months(day: date, months: int) -> date:
    """Move by months; the 31st becomes the last day where a month is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def week(day: date, offset: int = 0) -> Period:
    """The calendar week (from Monday) that lies `offset` weeks from the day's own."""
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=offset)
    return Period(monday, monday + timedelta(weeks=1))


def month(day: date, offset: int = 0) -> Period:
    """A calendar month."""
    first = add_months(day.replace(day=1), offset)
    return Period(first, add_months(first, 1))


def quarter(day: date, offset: int = 0) -> Period:
    """A calendar quarter."""
    first = add_months(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3 * offset)
    return Period(first, add_months(first, 3))


def year(day: date, offset: int = 0) -> Period:
    """A calendar year."""
    return Period(date(day.year + offset, 1, 1), date(day.year + offset + 1, 1, 1))


def weekend(day: date, offset: int = 0) -> Period:
    """Saturday and Sunday of a week."""
    monday = week(day, offset).start
    assert monday is not None
    return Period(monday + timedelta(days=5), monday + timedelta(days=7))


BY_UNIT = {"week": week, "month": month, "quarter": quarter, "year": year, "weekend": weekend}


def back(today: date, amount: int, unit: str) -> Period:
    """The last `amount` units up to and including today."""
    if unit in {"hour", "minute"}:
        return Period.day(today)
    if unit in {"day", "week"}:
        days = amount * (7 if unit == "week" else 1)
        return Period(today - timedelta(days=days - 1), today + ONE_DAY)
    return Period(add_months(today, -amount * MONTHS[unit]) + ONE_DAY, today + ONE_DAY)


def ahead(today: date, amount: int, unit: str) -> Period:
    """The next `amount` units, from today."""
    return Period(today, shift(today, amount, unit) + (ONE_DAY if unit in {"hour", "minute"} else timedelta(0)))


def shift(today: date, amount: int, unit: str) -> date:
    """The day that lies some units away."""
    if unit in {"hour", "minute"}:
        return today
    if unit in {"day", "week"}:
        return today + timedelta(days=amount * (7 if unit == "week" else 1))
    return add_months(today, amount * MONTHS[unit])


MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def length(amount: float, unit: str) -> dict[str, int]:
    """Return a duration: days, or hours or minutes where it is shorter.

    >>> length(3, "month"), length(0.5, "hour")
    ({'days': 90}, {'minutes': 30})
    """
    if unit in _DAYS:
        days = amount * _DAYS[unit]
        return {"days": int(days)} if days >= 1 else {"hours": int(days * 24)}
    if unit == "hour" and amount == int(amount):
        return {"hours": int(amount)}
    return {"minutes": int(amount * (60 if unit == "hour" else 1))}


_SPRING = (
    "2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 2030-02-03 2031-01-23 2032-02-11 2033-01-31"
)
_BOATS = "2024-06-10 2025-05-31 2026-06-19 2027-06-09 2028-05-28 2029-06-16 2030-06-05 2031-06-24 2032-06-12 2033-06-01"
_MOON = "2024-09-17 2025-10-06 2026-09-25 2027-09-15 2028-10-03 2029-09-22 2030-09-12 2031-10-01 2032-09-19 2033-09-08"
_SEVENTH = (
    "2024-08-10 2025-08-29 2026-08-19 2027-08-08 2028-08-26 2029-08-16 2030-08-05 2031-08-24 2032-08-12 2033-08-01"
)
_BY_MOON = {
    name: {int(day[:4]): date.fromisoformat(day) for day in days.split()}
    for name, days in (("spring", _SPRING), ("boats", _BOATS), ("moon", _MOON), ("seventh", _SEVENTH))
}
_FIXED = {
    "double11": (11, 11), "double12": (12, 12), "618": (6, 18), "christmas": (12, 25), "christmas_eve": (12, 24),
    "new_year": (1, 1), "national": (10, 1), "valentine": (2, 14), "labour": (5, 1), "women": (3, 8),
    "halloween": (10, 31),
    "children": (6, 1), "teachers": (9, 10),
}  # fmt: skip


def holiday(name: str, in_year: int) -> date | None:
    """Return the day of a holiday in a year; lunar ones are known up to 2033."""
    if name in _FIXED:
        return date(in_year, *_FIXED[name])
    if name == "black_friday":  # the day after November's fourth Thursday
        first = date(in_year, 11, 1)
        return first + timedelta(days=(3 - first.weekday()) % 7 + 22)
    if name in {"mothers_day", "fathers_day"}:
        first = date(in_year, 5 if name == "mothers_day" else 6, 1)
        return first + timedelta(days=(6 - first.weekday()) % 7 + (7 if name == "mothers_day" else 14))
    return _BY_MOON.get(name, {}).get(in_year)
