"""What the patterns of dates mean: each function turns one match into a moment, seen from the speaker's now."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from nlu.entities.numbers import parse, whole
from nlu.entities.periods import (
    BY_UNIT,
    ONE_DAY,
    Period,
    add_months,
    ahead,
    back,
    holiday,
    length,
    shift,
)

MONTH_NAMES = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTH_NUMBERS = {name: place for place, name in enumerate(MONTH_NAMES, 1)} | {
    name[:3]: place for place, name in enumerate(MONTH_NAMES, 1)
} | {"sept": 9}  # fmt: skip
DAY_NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS = {name: place for place, name in enumerate(DAY_NAMES)} | {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6,
    "一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6,
    "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6,
}  # fmt: skip
UNITS = {
    "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week", "月": "month", "季度": "quarter",
    "季": "quarter", "年": "year", "小时": "hour", "钟头": "hour", "分钟": "minute", "hr": "hour", "min": "minute",
    "h": "hour", "d": "day", "w": "week", "fortnight": "fortnight", "工作日": "day", "working day": "day",
    "business day": "day", "wk": "week", "mth": "month", "qtr": "quarter", "yr": "year", "刻钟": "quarter of an hour",
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """What one rule found: a period, a duration, a time of day or a recurrence, and its place."""

    start: int
    end: int
    period: Period | None = None
    duration: dict[str, int] | None = None
    clock: time | None = None
    recurrence: dict[str, Any] | None = None
    instant: datetime | None = None
    closed: bool = False
    """Both ends were said: no word before or after it opens one."""
    weekly: bool = False
    """A day of the week without a word that says of which week."""
    weekday: int | None = None
    """The period is this day of a week."""
    day_of_month: int | None = None
    """Only the number of the day was said."""
    is_week: bool = False
    """The period is one calendar week."""
    ends: bool = False
    """The end of a longer period: what goes on until then goes on to its end."""
    of_report: bool = False
    """The recurrence is a report's name: 日报, weekly digest."""
    part: str = ""
    """A part of the day: morning, afternoon or evening."""
    named: bool = False
    """A time of day that needs no guess of its half: pm, 15:00, 早上."""


@dataclass(frozen=True)
class View:
    """From where the dates are seen."""

    now: datetime
    forward: bool
    original: str
    staff: bool = False
    schedule: bool = False
    """Something that is to happen again and again is being set."""

    @property
    def today(self) -> date:
        """The speaker's day."""
        return self.now.date()


OFFSETS = {"last": -1, "previous": -1, "上": -1, "去": -1, "next": 1, "下": 1, "明": 1, "上上": -2}
"""Words before a month, a week or a year -> how far it is from this one."""
Rule = Callable[["re.Match[str]", View], Moment | None]


def said(match: "re.Match[str]", name: str) -> str:
    """What a group holds; patterns with several forms call the other forms' groups by the same name and a number."""
    groups = match.groupdict()
    return next((groups[key] for key in (name, f"{name}2", f"{name}3", f"{name}4") if groups.get(key)), "")


def year_of(match: "re.Match[str]", view: View) -> int | None:
    """The year that was said: 2025, 25年, '25, 二〇二五, 去年, last year's."""
    spoken = said(match, "year").strip(" '的年")
    if not spoken:
        return None
    relative = {"去": -1, "今": 0, "本": 0, "明": 1, "前": -2, "后": 2, "last": -1, "this": 0, "next": 1}
    for word, offset in relative.items():
        if spoken.startswith(word):
            return view.today.year + offset
    number = whole(spoken.removesuffix("年"))
    return None if number is None else number + 2000 if number < 100 else number


def unit_of(text: str) -> str:
    plain = text.strip(" -").removeprefix("个")
    return UNITS.get(plain) or UNITS.get(plain.rstrip("s")) or plain.rstrip("s")


def _amount(match: "re.Match[str]") -> float:
    """How many: numbers, halves, "a", "a couple of", a few."""
    spoken = said(match, "n").strip(" -")
    half = 0.5 if re.search(r"个半$| and a half$", spoken) else 0.0
    plain = (
        re.sub(r"个?半$| and a half$|来$|多$| of$", "", spoken) if spoken not in {"半", "half a", "half an"} else "half"
    )
    if plain in {"few", "a few", "several", "几"}:
        return 3
    value = parse({"couple": "two", "a couple": "two"}.get(plain, plain))
    return (float(value) if value is not None else 1.0) + half


def _length_of(match: "re.Match[str]") -> tuple[float, str]:
    """Amount and unit, in units that the calendar knows."""
    amount, unit = _amount(match), unit_of(said(match, "unit"))
    if unit == "fortnight":
        return amount * 2, "week"
    if unit == "quarter of an hour":
        return amount * 15, "minute"
    return amount, unit


def _toward(view: View, day: date) -> date:
    """A day without a year: the next one or the last one, whichever way the speaker looks."""
    if view.forward and day < view.today:
        return add_months(day, 12)
    if not view.forward and day > view.today + timedelta(days=31):
        return add_months(day, -12)
    return day


def read_back(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _length_of(match)
    if amount < 1:  # 近半年, 最近半个月
        amount, unit = _halves(unit)
    if amount > 5_000:
        return None
    if view.forward and match.group().startswith("这"):
        return Moment(*match.span(), period=ahead(view.today, int(amount), unit), duration=length(amount, unit))
    return Moment(*match.span(), period=back(view.today, int(amount), unit), duration=length(amount, unit))


def read_past_unit(match: "re.Match[str]", view: View) -> Moment | None:
    """The past week: seven days, not the calendar's."""
    unit = said(match, "unit")
    return Moment(
        *match.span(), period=back(view.today, 2 if unit == "fortnight" else 1, unit.replace("fortnight", "week"))
    )


def read_within(match: "re.Match[str]", view: View) -> Moment | None:
    """Within 3 days; "in 3 days" is a day ahead for who looks ahead, and a span back for who looks back."""
    amount, unit = _length_of(match)
    if amount > 5_000 or amount <= 0:
        return None
    if view.forward and said(match, "lead").startswith("in"):
        return read_hence(match, view)
    if amount < 1:
        amount, unit = _halves(unit)
    period = ahead(view.today, int(amount), unit) if view.forward else back(view.today, int(amount), unit)
    return Moment(*match.span(), period=period, duration=length(amount, unit))


def _halves(unit: str) -> tuple[int, str]:
    return {"year": (6, "month"), "month": (15, "day"), "hour": (30, "minute"), "quarter": (45, "day")}.get(
        unit, (1, "day")
    )


def read_next_units(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _length_of(match)
    if amount > 5_000:
        return None
    if amount < 1:
        amount, unit = _halves(unit)
    return Moment(*match.span(), period=ahead(view.today, int(amount), unit))


def read_calendar_unit(match: "re.Match[str]", view: View) -> Moment | None:
    """last week, this quarter, 上上个月, 本周末."""
    word = re.sub(r"[\s个]", "", said(match, "which"))
    offset = {
        "last": -1,
        "previous": -1,
        "prev": -1,
        "this": 0,
        "current": 0,
        "next": 1,
        "coming": 1,
        "上": -1,
        "上上": -2,
        "这": 0,
    }.get(word)
    if offset is None:
        offset = {"本": 0, "当": 0, "下": 1, "下下": 2, "去": -1, "前": -2, "今": 0, "明": 1, "后": 2, "": 0}[word]
    unit = said(match, "unit")
    name = (
        "year"
        if unit.endswith(("年度", "财年"))
        else "weekend"
        if unit in {"weekend", "the weekend", "周末"}
        else unit_of(unit)
    )
    if name == "weekend" and not word and not view.forward and view.today.weekday() < 5:
        offset = -1  # what is told of "the weekend" on a weekday is the last one
    return Moment(*match.span(), period=BY_UNIT[name](view.today, offset), is_week=name == "week")


def read_two_steps(match: "re.Match[str]", view: View) -> Moment | None:
    """The week before last, the month after next, the year before."""
    offset = {"before last": -2, "after next": 2, "before": -1, "after": 1}[said(match, "which")]
    unit = said(match, "unit")
    return Moment(*match.span(), period=BY_UNIT[unit](view.today, offset), is_week=unit == "week")


_DAYS = {
    "day before yesterday": -2, "day after tomorrow": 2,
    "yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1,
    "tmr": 1, "大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大后": 3, "当": 0,
}  # fmt: skip


def read_named_day(match: "re.Match[str]", view: View) -> Moment | None:
    name = said(match, "name").replace("儿", "")
    days = _DAYS.get(name)
    if days is None:
        days = -1 if name.startswith("last") else 0 if name.startswith("this") else 1 if "m" in name else -1
    part = said(match, "part") or ("evening" if name in {"tonight", "last night"} or "晚" in match.group() else "")
    end = match.end() - (1 if match.group().endswith("晚") else 0)
    return Moment(match.start(), end, period=Period.day(view.today + timedelta(days=days)), part=part)


def read_weekday(match: "re.Match[str]", view: View) -> Moment | None:
    wanted, today = (
        WEEKDAYS[
            said(match, "weekday").rstrip("s") if said(match, "weekday") not in WEEKDAYS else said(match, "weekday")
        ],
        view.today,
    )
    which = said(match, "which").strip()
    since = (today.weekday() - wanted) % 7
    if which in {"last", "past", "previous"}:
        day = today - timedelta(days=since or 7)
    elif (
        which in {"next", "coming", "this coming"} or (view.forward and not which) or (which == "this" and view.forward)
    ):
        day = today + timedelta(days=(wanted - today.weekday()) % 7 or 7)
    elif which == "this":
        day = today - timedelta(days=today.weekday()) + timedelta(days=wanted)
    else:
        day = today - timedelta(days=since)
    later = said(match, "later")  # Friday week, a week from Friday
    if later or match.groupdict().get("ahead"):
        day += timedelta(weeks=1)
    part = said(match, "part")
    return Moment(*match.span(), period=Period.day(day), weekly=not which, weekday=wanted, part=part)


def read_zh_weekday(match: "re.Match[str]", view: View) -> Moment | None:
    wanted, today = WEEKDAYS[said(match, "weekday")], view.today
    monday = today - timedelta(days=today.weekday())
    which = said(match, "which")
    offset = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}.get(which)
    if offset is None:
        day = monday + timedelta(days=wanted)
        if view.forward and day < today:
            day += timedelta(weeks=1)
        elif not view.forward and day > today:
            day -= timedelta(weeks=1)
    else:
        day = monday + timedelta(weeks=offset, days=wanted)
    return Moment(*match.span(), period=Period.day(day), weekly=not which, weekday=wanted)


def _date(view: View, in_year: int | None, in_month: int, day: int) -> date | None:
    try:
        found = date(in_year or view.today.year, in_month, day)
    except ValueError:
        return None
    return found if in_year else _toward(view, found)


def read_month_day(match: "re.Match[str]", view: View) -> Moment | None:
    in_month = (
        MONTH_NUMBERS[said(match, "month").rstrip(".")]
        if said(match, "month").rstrip(".") in MONTH_NUMBERS
        else whole(said(match, "month"))
    )
    day = _date(view, year_of(match, view), in_month or 0, whole(said(match, "day")) or 0)
    if not day:
        return None
    last = whole(said(match, "last")) or 0  # March 1-5
    if last > day.day and _date(view, day.year, day.month, last):
        return Moment(*match.span(), period=Period(day, day.replace(day=last) + ONE_DAY), closed=True)
    return Moment(*match.span(), period=Period.day(day))


def read_short(match: "re.Match[str]", view: View) -> Moment | None:
    """3/5, 11.11, 11-11: month and day, where the text or the speaker leaves no other reading."""
    if not (view.staff or said(match, "cue") or said(match, "month3")):
        return None
    day = _date(view, None, int(said(match, "month")), int(said(match, "day")))
    if not day:
        return None
    start = match.start("month") if match.group("month") else match.start("month2")
    if match.groupdict().get("month3"):
        last = _date(view, None, int(match["month3"]), int(match["day3"]))
        if not last or last <= day:
            return None
        return Moment(start, match.end(), period=Period(day, last + ONE_DAY), closed=True)
    return Moment(start, match.end(), period=Period.day(day))


def read_compact(match: "re.Match[str]", view: View) -> Moment | None:
    """20261111: for staff; customers' eight digits are an order."""
    day = _date(view, int(match["year"]), int(match["month"]), int(match["day"])) if view.staff else None
    return Moment(*match.span(), period=Period.day(day)) if day else None


def read_iso(match: "re.Match[str]", view: View) -> Moment | None:
    day = _date(view, int(said(match, "year")), int(said(match, "month")), int(said(match, "day")))
    return Moment(*match.span(), period=Period.day(day)) if day else None


def read_day_of_month(match: "re.Match[str]", view: View) -> Moment | None:
    number = whole(said(match, "day")) or 0
    if not 1 <= number <= 31:
        return None
    which = said(match, "which").strip().rstrip("个")
    if which:
        day = _date(view, *_moved(view.today, OFFSETS.get(which, 0)), number)
        return Moment(*match.span(), period=Period.day(day)) if day else None
    day = _date(view, view.today.year, view.today.month, number)
    if day and view.forward and day < view.today:
        day = add_months(day, 1)
    elif day and not view.forward and day > view.today:
        day = add_months(day, -1)
    return Moment(*match.span(), period=Period.day(day), day_of_month=number) if day else None


def _moved(today: date, months: int) -> tuple[int, int]:
    first = add_months(today.replace(day=1), months)
    return first.year, first.month


def read_ago(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _length_of(match)
    if amount > 5_000 or said(match, "unit") == "月":  # 三月前 is before March
        return None
    if unit in {"hour", "minute"}:
        instant = view.now - timedelta(minutes=amount * (60 if unit == "hour" else 1))
        return Moment(*match.span(), instant=instant, duration=length(amount, unit))
    halves = {"year": 182, "month": 15}.get(unit, 0)
    day = view.today - timedelta(days=halves) if amount < 1 else shift(view.today, -int(amount), unit)
    return Moment(*match.span(), period=Period.day(day), duration=length(amount, unit))


def read_hence(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _length_of(match)
    if amount > 5_000 or said(match, "unit") == "月":  # 五月后 is after May
        return None
    if unit in {"hour", "minute"}:
        instant = view.now + timedelta(minutes=amount * (60 if unit == "hour" else 1))
        return Moment(*match.span(), instant=instant, duration=length(amount, unit))
    if amount < 1:
        amount, unit = _halves(unit)
    return Moment(
        *match.span(), period=Period.day(shift(view.today, max(1, int(amount)), unit)), duration=length(amount, unit)
    )


def read_duration(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _length_of(match)
    if said(match, "unit") == "月" and not said(match, "n").endswith("半"):
        return None  # 三月 is March
    if said(match, "unit") in {"d", "w"} and not view.staff:
        return None  # 3d is a secure payment or a film
    if said(match, "plus"):  # a year and a half
        amount += 0.5
    if amount > 36_500 or (unit == "year" and amount > 100):
        return None
    if said(match, "unit") in {"日", "年"} and said(match, "n").isdigit() and amount > 31:
        return None
    return Moment(*match.span(), duration=length(amount, unit))


def read_holiday(name: str) -> Rule:
    """A holiday: the next one for who looks ahead; else the last one, or one that is less than two months away."""

    def rule(match: "re.Match[str]", view: View) -> Moment | None:
        today = view.today
        in_year = year_of(match, view)
        if in_year:
            known_day = holiday(name, in_year)
            return Moment(*match.span(), period=_celebrated(match, known_day)) if known_day else None
        days = [holiday(name, in_year) for in_year in (today.year - 1, today.year, today.year + 1)]
        known = [day for day in days if day]
        which = said(match, "which")
        if which in {"last", "上", "上一", "previous"}:
            chosen = next((day for day in reversed(known) if day < today), None)
        elif view.forward or which in {"next", "下", "下一", "this coming"}:
            chosen = next((day for day in known if day >= today), None)
        else:
            chosen = next((day for day in reversed(known) if day <= today + timedelta(days=60)), None)
        return Moment(*match.span(), period=_celebrated(match, chosen)) if chosen else None

    return rule


def _celebrated(match: "re.Match[str]", day: date) -> Period:
    """The day itself; the week of free days where that was said."""
    free = re.search(r"黄金周|golden week|长假|假期", match.group())
    return Period(day, day + timedelta(days=7)) if free and (day.month, day.day) == (10, 1) else Period.day(day)


def read_week_from(match: "re.Match[str]", view: View) -> Moment | None:
    """A week from Friday."""
    wanted = WEEKDAYS[said(match, "weekday")]
    day = view.today + timedelta(days=(wanted - view.today.weekday()) % 7 or 7, weeks=1)
    return Moment(*match.span(), period=Period.day(day))


def read_hence_and_half(match: "re.Match[str]", view: View) -> Moment | None:
    """An hour and a half from now."""
    unit = said(match, "unit")
    if unit != "hour":
        return None
    return Moment(*match.span(), instant=view.now + timedelta(minutes=90), duration={"minutes": 90})
