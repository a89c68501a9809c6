"""Calendar arithmetic: days, weeks, months, quarters and holidays as half-open spans of dates."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from nlu.entities.lunar_days import LUNAR

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


_FIXED = {
    "double11": (11, 11), "double12": (12, 12), "618": (6, 18), "christmas": (12, 25), "christmas_eve": (12, 24),
    "new_year": (1, 1), "national": (10, 1), "valentine": (2, 14), "labour": (5, 1), "women": (3, 8),
    "halloween": (10, 31), "520": (5, 20), "boxing": (12, 26), "new_year_eve": (12, 31),
    "children": (6, 1), "teachers": (9, 10),
}  # fmt: skip


def holiday(name: str, in_year: int) -> date | None:
    """Return the day of a holiday in a year; those by the moon are known from 2015 to 2056."""
    if name in _FIXED:
        return date(in_year, *_FIXED[name])
    if name in _WEEKDAY_OF_MONTH:
        month_of, weekday, number, later = _WEEKDAY_OF_MONTH[name]
        first = date(in_year, month_of, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1) + later)
    if name == "easter":
        return _easter(in_year)
    by_moon, later = _AFTER_MOON.get(name, (name, 0))
    day = LUNAR.get(in_year, {}).get(by_moon)
    return day + timedelta(days=later) if day else None


_WEEKDAY_OF_MONTH = {
    "mothers_day": (5, 6, 2, 0), "fathers_day": (6, 6, 3, 0), "thanksgiving": (11, 3, 4, 0),
    "black_friday": (11, 3, 4, 1), "cyber_monday": (11, 3, 4, 4),
}  # fmt: skip
"""Month, weekday from Monday, which of them, and how many days after it."""
_AFTER_MOON = {"spring_eve": ("spring", -1), "lantern": ("spring", 14)}


def _easter(in_year: int) -> date:
    """Easter Sunday of the Western churches, by the anonymous Gregorian rule."""
    golden, century = in_year % 19, in_year // 100
    correction = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    epact -= (epact + golden // 11) // 29
    weekday = (in_year + in_year // 4 + epact + 2 - century + century // 4) % 7
    after = epact - weekday
    return date(in_year, 3, 28) + timedelta(days=after)
