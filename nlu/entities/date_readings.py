"""What the patterns of dates mean: each function turns one match into a moment, seen from the speaker's now."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from nlu.entities.numbers import parse, whole
from nlu.entities.periods import BY_UNIT, Period, add_months, ahead, back, holiday, length, month, shift, year

_MONTH_NAMES = [
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
MONTH_NUMBERS = {name: place for place, name in enumerate(_MONTH_NAMES, 1)} | {
    name[:3]: place for place, name in enumerate(_MONTH_NAMES, 1)
} | {"sept": 9}  # fmt: skip
DAY_NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS = {name: place for place, name in enumerate(DAY_NAMES)} | {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6,
    "一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6,
    "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6,
}  # fmt: skip
_UNITS = {
    "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week", "月": "month", "季度": "quarter",
    "季": "quarter", "年": "year", "小时": "hour", "钟头": "hour", "分钟": "minute", "hr": "hour", "min": "minute",
}  # fmt: skip
_PARTS = {
    "早上": 0,
    "上午": 0,
    "清晨": 0,
    "早晨": 0,
    "凌晨": 0,
    "早": 0,
    "中午": 12,
    "下午": 12,
    "傍晚": 12,
    "晚上": 12,
    "夜里": 12,
    "晚": 12,
}


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


@dataclass(frozen=True)
class View:
    """From where the dates are seen."""

    now: datetime
    forward: bool
    original: str

    @property
    def today(self) -> date:
        """The speaker's day."""
        return self.now.date()


Rule = Callable[["re.Match[str]", View], Moment | None]


def _said(match: "re.Match[str]", name: str) -> str:
    """What a group holds; patterns with two forms call the second form's group by the same name and a 2."""
    groups = match.groupdict()
    return groups.get(name) or groups.get(f"{name}2") or ""


def _unit(text: str) -> str:
    plain = text.strip().removeprefix("个")
    return _UNITS.get(plain) or _UNITS.get(plain.rstrip("s")) or plain.rstrip("s")


def _amount(match: "re.Match[str]") -> float:
    value = parse(_said(match, "n"))
    return float(value) if value is not None else 1.0


def _toward(view: View, day: date) -> date:
    """A day without a year: the next one or the last one, whichever way the speaker looks."""
    if view.forward and day < view.today:
        return add_months(day, 12)
    if not view.forward and day > view.today + timedelta(days=31):
        return add_months(day, -12)
    return day


def read_back(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _amount(match), _unit(_said(match, "unit"))
    if amount < 1:  # 近半年, 最近半个月
        amount, unit = (6, "month") if unit == "year" else (15, "day")
    if amount > 5_000:
        return None
    return Moment(*match.span(), period=back(view.today, int(amount), unit), duration=length(amount, unit))


def read_past_unit(match: "re.Match[str]", view: View) -> Moment | None:
    """The past week: seven days, not the calendar's."""
    return Moment(*match.span(), period=back(view.today, 1, _said(match, "unit")))


def read_within(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _amount(match), _unit(_said(match, "unit"))
    if amount > 5_000 or amount < 1:
        return None
    period = ahead(view.today, int(amount), unit) if view.forward else back(view.today, int(amount), unit)
    return Moment(*match.span(), period=period, duration=length(amount, unit))


def read_next_units(match: "re.Match[str]", view: View) -> Moment | None:
    amount = _amount(match)
    if amount > 5_000 or amount < 1:
        return None
    return Moment(*match.span(), period=ahead(view.today, int(amount), _unit(_said(match, "unit"))))


def read_calendar_unit(match: "re.Match[str]", view: View) -> Moment | None:
    """last week, this quarter, 上上个月, 本周末."""
    word = re.sub(r"[\s个]", "", _said(match, "which"))
    offset = {
        "last": -1,
        "previous": -1,
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
    unit = _said(match, "unit")
    name = "year" if unit == "年度" else "weekend" if unit in {"weekend", "周末"} else _unit(unit)
    return Moment(*match.span(), period=BY_UNIT[name](view.today, offset))


def read_half_year(match: "re.Match[str]", view: View) -> Moment | None:
    first = date(view.today.year, 1 if _said(match, "half") in {"上", "first"} else 7, 1)
    return Moment(*match.span(), period=Period(first, add_months(first, 6)))


_DAYS = {
    "day before yesterday": -2, "day after tomorrow": 2,
    "yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1,
    "tmr": 1, "大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大后": 3, "当": 0,
}  # fmt: skip


def read_named_day(match: "re.Match[str]", view: View) -> Moment | None:
    return Moment(*match.span(), period=Period.day(view.today + timedelta(days=_DAYS[_said(match, "name")])))


def read_weekday(match: "re.Match[str]", view: View) -> Moment | None:
    wanted, today = (
        WEEKDAYS[
            _said(match, "weekday").rstrip("s") if _said(match, "weekday") not in WEEKDAYS else _said(match, "weekday")
        ],
        view.today,
    )
    which = _said(match, "which").strip()
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
    return Moment(*match.span(), period=Period.day(day), weekly=not which)


def read_zh_weekday(match: "re.Match[str]", view: View) -> Moment | None:
    wanted, today = WEEKDAYS[_said(match, "weekday")], view.today
    monday = today - timedelta(days=today.weekday())
    which = _said(match, "which")
    offset = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}.get(which)
    if offset is None:
        day = monday + timedelta(days=wanted)
        if view.forward and day < today:
            day += timedelta(weeks=1)
        elif not view.forward and day > today:
            day -= timedelta(weeks=1)
    else:
        day = monday + timedelta(weeks=offset, days=wanted)
    return Moment(*match.span(), period=Period.day(day), weekly=not which)


def _date(view: View, in_year: str | None, in_month: int, day: int) -> date | None:
    try:
        found = date(int(in_year) if in_year else view.today.year, in_month, day)
    except ValueError:
        return None
    return found if in_year else _toward(view, found)


def read_month_day(match: "re.Match[str]", view: View) -> Moment | None:
    in_month = (
        MONTH_NUMBERS[_said(match, "month").rstrip(".")]
        if _said(match, "month").rstrip(".") in MONTH_NUMBERS
        else whole(_said(match, "month"))
    )
    day = _date(view, _said(match, "year"), in_month or 0, whole(_said(match, "day")) or 0)
    return Moment(*match.span(), period=Period.day(day)) if day else None


def read_iso(match: "re.Match[str]", view: View) -> Moment | None:
    day = _date(view, _said(match, "year"), int(_said(match, "month")), int(_said(match, "day")))
    return Moment(*match.span(), period=Period.day(day)) if day else None


def read_day_of_month(match: "re.Match[str]", view: View) -> Moment | None:
    number = whole(_said(match, "day")) or 0
    if not 1 <= number <= 31:
        return None
    day = _date(view, str(view.today.year), view.today.month, number)
    if day and view.forward and day < view.today:
        day = add_months(day, 1)
    elif day and not view.forward and day > view.today:
        day = add_months(day, -1)
    return Moment(*match.span(), period=Period.day(day)) if day else None


def read_month_alone(match: "re.Match[str]", view: View) -> Moment | None:
    said = _said(match, "month").rstrip(".")
    if said in {"may", "march", "mar", "sep", "dec", "jun", "jan", "oct", "nov", "feb", "apr", "aug", "jul"}:
        place = match.start("month")
        capital = view.original[place : place + 1].isupper() and place > 0
        if not (_said(match, "lead") or _said(match, "year") or capital):
            return None
    number = MONTH_NUMBERS.get(said) or whole(said) or 0
    if not 1 <= number <= 12:
        return None
    if _said(match, "year"):
        first = date(int(_said(match, "year")), number, 1)
    else:
        first = date(view.today.year, number, 1)
        if view.forward and month(first).end <= view.today:  # type: ignore[operator]
            first = add_months(first, 12)
        elif not view.forward and first > view.today:
            first = add_months(first, -12)
        which = _said(match, "lead").strip()
        if which in {"last", "去年"} and first.year == view.today.year:
            first = add_months(first, -12)
    start = match.start("year") if match.groupdict().get("year") and match.start("year") < match.start("month") else -1
    return Moment(start if start >= 0 else match.start("month"), match.end(), period=month(first))


def read_quarter(match: "re.Match[str]", view: View) -> Moment | None:
    said = _said(match, "q") or _said(match, "word") or _said(match, "zh")
    number = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}.get(said) or whole(said) or 0
    if not 1 <= number <= 4:
        return None
    first = date(int(_said(match, "year") or view.today.year), 3 * number - 2, 1)
    if not _said(match, "year") and not view.forward and first > view.today:
        first = add_months(first, -12)
    if not _said(match, "year") and view.forward and add_months(first, 3) <= view.today:
        first = add_months(first, 12)
    return Moment(*match.span(), period=Period(first, add_months(first, 3)))


def read_year_alone(match: "re.Match[str]", view: View) -> Moment | None:
    return Moment(*match.span(), period=year(date(int(_said(match, "year")), 1, 1)))


def read_ago(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _amount(match), _unit(_said(match, "unit"))
    if amount > 5_000:
        return None
    if unit in {"hour", "minute"}:
        instant = view.now - timedelta(minutes=amount * (60 if unit == "hour" else 1))
        return Moment(*match.span(), instant=instant, duration=length(amount, unit))
    day = view.today - timedelta(days=182) if amount < 1 else shift(view.today, -int(amount), unit)
    return Moment(*match.span(), period=Period.day(day), duration=length(amount, unit))


def read_hence(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _amount(match), _unit(_said(match, "unit"))
    if amount > 5_000:
        return None
    if unit in {"hour", "minute"}:
        return Moment(*match.span(), instant=view.now + timedelta(minutes=amount * (60 if unit == "hour" else 1)))
    return Moment(*match.span(), period=Period.day(shift(view.today, max(1, int(amount)), unit)))


def read_duration(match: "re.Match[str]", view: View) -> Moment | None:
    amount, unit = _amount(match), _unit(_said(match, "unit"))
    if unit == "month" and _said(match, "unit") == "月":
        return None  # 三月 is March
    if amount > 36_500 or (unit == "year" and amount > 100):
        return None
    if _said(match, "unit") in {"日", "年"} and _said(match, "n").isdigit() and amount > 31:
        return None
    return Moment(*match.span(), duration=length(amount, unit))


def read_holiday(name: str) -> Rule:
    """A holiday: the next one for who looks ahead; else the last one, or one that is less than two months away."""

    def rule(match: "re.Match[str]", view: View) -> Moment | None:
        today = view.today
        days = [holiday(name, in_year) for in_year in (today.year - 1, today.year, today.year + 1)]
        known = [day for day in days if day]
        if view.forward:
            chosen = next((day for day in known if day >= today), None)
        else:
            chosen = next((day for day in reversed(known) if day <= today + timedelta(days=60)), None)
        return Moment(*match.span(), period=Period.day(chosen)) if chosen else None

    return rule


def read_clock(match: "re.Match[str]", view: View) -> Moment | None:
    hour, minute = int(_said(match, "hour")), int(_said(match, "minute") or 0)
    half = (_said(match, "half") or "").replace(".", "")
    said = _said(match, "said") or ""
    if (half == "pm" or said in {"afternoon", "evening", "night"}) and hour < 12:
        hour += 12
    if (half == "am" or said == "morning") and hour == 12:
        hour = 0
    return _time(match, hour, minute)


def read_mixed_clock(match: "re.Match[str]", view: View) -> Moment | None:
    """15:30, 3:30 pm, 下午3:30."""
    hour, minute, half = int(_said(match, "hour")), int(_said(match, "minute")), _said(match, "half")
    late = half.startswith("p") or _PARTS.get(_said(match, "part"), 0) == 12
    if late and hour < 12:
        hour += 12
    elif half.startswith("a") and hour == 12:
        hour = 0
    return _time(match, hour, minute)


def read_zh_clock(match: "re.Match[str]", view: View) -> Moment | None:
    hour = whole(_said(match, "hour"))
    if hour is None:
        return None
    minute = {"半": 30, "一刻": 15, "三刻": 45, "整": 0, "": 0}.get(_said(match, "minute") or "")
    if minute is None:
        minute = whole((_said(match, "minute") or "").rstrip("分")) or 0
    if (
        _PARTS.get(_said(match, "part") or "", 0) == 12
        and hour < 12
        and not (_said(match, "part") == "中午" and hour >= 11)
    ):
        hour += 12
    return _time(match, hour % 24 if hour == 24 else hour, minute)


def read_noon(match: "re.Match[str]", view: View) -> Moment | None:
    return _time(match, 0 if match.group() in {"midnight", "半夜", "午夜"} else 12, 0)


def _time(match: "re.Match[str]", hour: int, minute: int) -> Moment | None:
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return Moment(*match.span(), clock=time(hour, minute))


def read_recurrence(match: "re.Match[str]", view: View) -> Moment | None:
    said = {name: _said(match, name) for name in ("weekday", "workday", "day", "plain", "n", "other")}
    value: dict[str, Any] = {"every": "week", "interval": 1}
    if said["weekday"]:
        value["weekday"] = WEEKDAYS[said["weekday"].rstrip("s") if said["weekday"] not in WEEKDAYS else said["weekday"]]
    elif said["workday"]:
        value["every"] = "workday"
    elif said["day"]:
        value |= {"every": "month", "day": whole(said["day"])}
    else:
        value["every"] = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter"}.get(
            said["plain"], _unit(said["plain"])
        )
        if said["n"]:
            value["interval"] = whole(said["n"]) or 1
        elif said["other"]:
            value["interval"] = 2
    return Moment(*match.span(), recurrence=value)
