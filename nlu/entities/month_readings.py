"""What the patterns of months, quarters, halves and years mean, and of their beginnings and ends."""

import re
from datetime import date, timedelta

from nlu.entities.date_readings import MONTH_NUMBERS, OFFSETS, UNITS, Moment, View, said, unit_of, year_of
from nlu.entities.numbers import whole
from nlu.entities.periods import BY_UNIT, ONE_DAY, Period, add_months, month, shift, year

_SEASONS = {"春": 3, "夏": 6, "秋": 9, "冬": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month in which a season begins; winter is called after the year of its December."""


def read_half_year(match: "re.Match[str]", view: View) -> Moment | None:
    first = date(year_of(match, view) or view.today.year, 1 if said(match, "half") in {"上", "first", "1"} else 7, 1)
    return Moment(*match.span(), period=Period(first, add_months(first, 6)))


def read_to_date(match: "re.Match[str]", view: View) -> Moment | None:
    """Month to date, YTD, 年初至今: from the first day of the unit up to and including today."""
    spoken = said(match, "unit")
    unit = {"w": "week", "m": "month", "q": "quarter", "y": "year"}.get(spoken) or UNITS.get(spoken, spoken)
    return Moment(*match.span(), period=Period(BY_UNIT[unit](view.today, 0).start, view.today + ONE_DAY), closed=True)


def read_season(match: "re.Match[str]", view: View) -> Moment | None:
    """Last summer is the one that is over, this winter the one we are in or the next, 去年冬天 began last December."""
    first, which = _SEASONS[said(match, "season")], said(match, "which")
    in_year = year_of(match, view)
    if in_year is None:
        begun = [date(view.today.year + offset, first, 1) for offset in (-2, -1, 0, 1)]
        over = [day for day in begun if add_months(day, 3) <= view.today]
        near = begun[len(over)] if which in {"this", "这"} and over[-1].year < view.today.year else over[-1]
        coming = next(day for day in begun if day > view.today)
        start = coming if which in {"next", "下"} else near
    else:
        start = date(in_year, first, 1)
    return Moment(*match.span(), period=Period(start, add_months(start, 3)))


def read_first_units(match: "re.Match[str]", view: View) -> Moment | None:
    """The first ten days of last month, 今年前三个月."""
    spoken, amount = said(match, "whole"), whole(said(match, "n").strip(" -"))
    unit = unit_of(said(match, "unit"))
    around = year(date(int(spoken[:4]), 1, 1)) if spoken[:2] == "20" else _around(spoken, view)
    if not amount or amount > 99 or around.start is None or unit not in {"day", "week", "month", "quarter"}:
        return None
    return Moment(*match.span(), period=Period(around.start, shift(around.start, amount, unit)), closed=True)


def _around(spoken: str, view: View) -> Period:
    """The month, quarter or year that is called 上个月, 去年, last quarter."""
    which, _, unit = spoken.rpartition(" ") if spoken.isascii() else (spoken[0], "", spoken[1:])
    offset = {"前": -2, "后": 2}.get(which) or OFFSETS.get(which, 0)
    return BY_UNIT[unit_of(unit)](view.today, offset)


def read_part_of_unit(match: "re.Match[str]", view: View) -> Moment | None:
    """月初, 年底, 上个月底, the end of last month, the beginning of the year, the end of the week."""
    offset = OFFSETS.get(said(match, "which").strip().rstrip("个"), 0)
    unit = UNITS.get(said(match, "unit"), said(match, "unit"))
    whole_unit = BY_UNIT[unit](view.today, offset)
    assert whole_unit.start
    assert whole_unit.end
    edge = said(match, "edge")
    start = edge in {"初", "beginning", "start"}
    if unit == "week":
        day = whole_unit.start if start else whole_unit.start + timedelta(days=4)
        return Moment(*match.span(), period=Period.day(day))
    if unit == "month":
        return Moment(*match.span(), period=_third(whole_unit.start, "初" if start else edge), ends=not start)
    first = whole_unit.start if start else add_months(whole_unit.end, -1)
    return Moment(*match.span(), period=month(first), ends=not start)


def _third(first: date, part: str) -> Period:
    """The first ten days of a month, the second ten, or the rest."""
    if part in {"初", "上旬", "early", "beginning", "start"}:
        return Period(first, first + timedelta(days=10))
    if part in {"中", "中旬", "mid", "middle"}:
        return Period(first + timedelta(days=10), first + timedelta(days=20))
    return Period(first + timedelta(days=20), add_months(first, 1))


def read_month_range(match: "re.Match[str]", view: View) -> Moment | None:
    """3-5月, 1到3月, Jan-Mar."""
    first, last = (
        MONTH_NUMBERS.get(said.rstrip("."), whole(said) or 0) for said in (said(match, "month"), said(match, "last"))
    )
    if not (1 <= first <= 12 and 1 <= last <= 12):
        return None
    in_year = year_of(match, view) or view.today.year
    start = date(in_year, first, 1)
    if not said(match, "year") and not view.forward and start > view.today:
        start = add_months(start, -12)
    return Moment(*match.span(), period=Period(start, add_months(start, (last - first) % 12 + 1)), closed=True)


def read_month_of_year(match: "re.Match[str]", view: View) -> Moment | None:
    """2025-03, 03/2025."""
    return Moment(*match.span(), period=month(date(int(said(match, "year")), int(said(match, "month")), 1)))


def read_month_alone(match: "re.Match[str]", view: View) -> Moment | None:
    spoken = said(match, "month").rstrip(".")
    if spoken in {"may", "march", "mar", "sep", "dec", "jun", "jan", "oct", "nov", "feb", "apr", "aug", "jul"}:
        place = match.start("month")
        capital = view.original[place : place + 1].isupper() and place > 0
        plain = view.staff and spoken in {"sep", "oct", "nov", "dec", "feb", "apr", "jun", "jul", "aug"}
        if not (said(match, "lead") or said(match, "year") or capital or plain):
            return None
    number = MONTH_NUMBERS.get(spoken) or whole(spoken) or 0
    if not 1 <= number <= 12:
        return None
    in_year = year_of(match, view)
    if in_year:
        first = date(in_year, number, 1)
    else:
        first = date(view.today.year, number, 1)
        if view.forward and month(first).end <= view.today:  # type: ignore[operator]
            first = add_months(first, 12)
        elif not view.forward and first > view.today:
            first = add_months(first, -12)
        which = said(match, "lead").strip()
        if which in {"last", "去年"} and first.year == view.today.year:
            first = add_months(first, -12)
    start = min(match.start(name) for name, text in match.groupdict().items() if text and not name.startswith("lead"))
    part = said(match, "part")
    return Moment(start, match.end(), period=_third(first, part) if part else month(first))


def read_quarter(match: "re.Match[str]", view: View) -> Moment | None:
    spoken = said(match, "q") or said(match, "word") or said(match, "zh")
    number = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}.get(spoken) or whole(spoken) or 0
    if not 1 <= number <= 4:
        return None
    first = date(year_of(match, view) or view.today.year, 3 * number - 2, 1)
    if not said(match, "year") and not view.forward and first > view.today:
        first = add_months(first, -12)
    if not said(match, "year") and view.forward and add_months(first, 3) <= view.today:
        first = add_months(first, 12)
    return Moment(*match.span(), period=Period(first, add_months(first, 3)))


def read_week_number(match: "re.Match[str]", view: View) -> Moment | None:
    """Week 46, 第46周, by ISO 8601: the last one of that number, or the next one where we look ahead."""
    number = whole(said(match, "number")) or 0
    if not 1 <= number <= 53:
        return None
    in_year = year_of(match, view) or view.today.year
    try:
        monday = date.fromisocalendar(in_year, number, 1)
        if not said(match, "year") and not view.forward and monday > view.today:
            monday = date.fromisocalendar(in_year - 1, number, 1)
    except ValueError:  # not every year has a week 53
        return None
    return Moment(*match.span(), period=Period(monday, monday + timedelta(weeks=1)), is_week=True)


def read_year_alone(match: "re.Match[str]", view: View) -> Moment | None:
    in_year = year_of(match, view)
    bare = {"bare", "bare2"} & {name for name, text in match.groupdict().items() if text is not None}
    if not in_year or not 1900 < in_year < 2200 or (bare and not view.staff):
        return None
    last = whole(said(match, "last"))
    if last:
        closed = Period(date(in_year, 1, 1), date(last + 1, 1, 1))
        return Moment(*match.span(), period=closed, closed=True) if in_year < last < 2200 else None
    return Moment(*match.span(), period=year(date(in_year, 1, 1)))
