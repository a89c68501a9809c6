"""What the patterns of clock times, exact moments and recurrences mean."""

import re
from datetime import datetime, time
from typing import Any

from nlu.entities.date_readings import WEEKDAYS, Moment, View, said, unit_of
from nlu.entities.numbers import whole

LATE = frozenset({"中午", "下午", "傍晚", "晚上", "夜里", "晚", "afternoon", "evening", "night"})
"""Parts of the day whose hours are those of the second half."""
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_OF_REPORT = re.compile(" (?:digest|summary|report)")
_BEFORE_ONE = frozenset("天日午晚早后六五四三二一到")
"""After these 一点 is an hour."""
_LAST_MORNING_HOUR = 6
"""Up to this hour, "at 3" is in the afternoon: nobody wants to be called at three at night."""


def read_exact(match: "re.Match[str]", view: View) -> Moment | None:
    """2026-11-25 14:30, 2026-11-25T14:30:00+08:00, …Z."""
    try:
        moment = datetime.fromisoformat(match.group().strip().upper().replace("/", "-"))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=view.now.tzinfo)
    return Moment(*match.span(), instant=moment.astimezone(view.now.tzinfo))


def read_clock(match: "re.Match[str]", view: View) -> Moment | None:
    """9am, at 9, 3 in the afternoon, 3 o'clock."""
    hour, minute = _hour(said(match, "hour")), int(said(match, "minute") or 0)
    half, part = said(match, "half").replace(".", ""), said(match, "said")
    if (half.startswith("p") or part in LATE) and hour < 12:
        hour += 12
    if (half.startswith("a") or part == "morning") and hour == 12:
        hour = 0
    return _time(match, hour, minute, named=bool(half or part) or hour > 12 or said(match, "hour").startswith("0"))


def read_spoken_clock(match: "re.Match[str]", view: View) -> Moment | None:
    """Half past three, quarter to ten."""
    hour, minute = _hour(said(match, "hour")), {"half": 30, "quarter": 15}.get(said(match, "minute"), 0)
    minute = minute or whole(said(match, "minute")) or 0
    if match["way"] == "to":
        hour, minute = hour - 1, 60 - minute
    half = said(match, "half")
    if (half.startswith("p") or said(match, "said") in LATE) and hour < 12:
        hour += 12
    return _time(match, hour, minute, named=bool(half or said(match, "said")))


def read_mixed_clock(match: "re.Match[str]", view: View) -> Moment | None:
    """15:30, 3:30 pm, 下午3:30."""
    hour, minute, half = int(said(match, "hour")), int(said(match, "minute")), said(match, "half")
    part = said(match, "part")
    if (half.startswith("p") or part in LATE) and hour < 12:
        hour += 12
    elif half.startswith("a") and hour == 12:
        hour = 0
    named = bool(half or part) or hour > 12 or hour == 0 or said(match, "hour").startswith("0")
    return _time(match, hour, minute, named=named)


def read_zh_clock(match: "re.Match[str]", view: View) -> Moment | None:
    """下午三点半, 九点一刻, 21点."""
    hour = whole(said(match, "hour"))
    if hour is None:
        return None
    minute = {"半": 30, "一刻": 15, "三刻": 45, "整": 0, "": 0}.get(said(match, "minute"))
    if minute is None:
        minute = whole(said(match, "minute").rstrip("分")) or 0
    part = said(match, "part")
    if match.group() == "一点" and match.string[match.start() - 1 : match.start()] not in _BEFORE_ONE:
        return None  # 快一点 is a little faster
    if part in LATE and hour < 12 and not (part == "中午" and hour >= 11):
        hour += 12
    return _time(match, hour % 24 if hour == 24 else hour, minute, named=bool(part) or hour > 12)


def read_noon(match: "re.Match[str]", view: View) -> Moment | None:
    return _time(match, 0 if match.group() in {"midnight", "半夜", "午夜"} else 12, 0, named=True)


def _hour(text: str) -> int:
    return _WORDS.get(text) or int(text)


def _time(match: "re.Match[str]", hour: int, minute: int, *, named: bool) -> Moment | None:
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return Moment(*match.span(), clock=time(hour, minute), named=named)


def likely(clock: time, part: str = "", *, named: bool) -> time:
    """The time that is meant: "at 3" is in the afternoon, "tonight at 8" in the evening."""
    if named or clock.hour >= 12:
        return clock
    late = part in LATE or (not part and 1 <= clock.hour <= _LAST_MORNING_HOUR)
    return clock.replace(hour=clock.hour + 12) if late else clock


def read_recurrence(match: "re.Match[str]", view: View) -> Moment | None:
    """Every Monday, 每个工作日, every other week, monthly on the last day."""
    value: dict[str, Any] = {"every": "week", "interval": 1}
    weekday, day = said(match, "weekday"), said(match, "day")
    other = 2 if said(match, "other") else 1
    if weekday:
        value |= {"interval": other, "weekday": _RECURRING[weekday if weekday in _RECURRING else weekday.rstrip("s")]}
    elif said(match, "workday"):
        value["every"] = "workday"
    elif day:
        value |= {"every": "month", "day": _EDGES.get(day) or whole(day)}
    else:
        value |= _interval(said(match, "plain"), said(match, "n"), other)
    part = {"晚": "evening", "evening": "evening", "night": "evening"}.get(said(match, "plain"), "")
    named = match.group().endswith("报") or bool(_OF_REPORT.match(match.string, match.end()))
    return Moment(*match.span(), recurrence=value, part=part, of_report=named)


_PLAIN = {
    "daily": ("day", 1), "everyday": ("day", 1), "weekly": ("week", 1), "monthly": ("month", 1), "hourly": ("hour", 1),
    "quarterly": ("quarter", 1), "yearly": ("year", 1), "annually": ("year", 1), "biweekly": ("week", 2),
    "bi-weekly": ("week", 2), "fortnightly": ("week", 2), "fortnight": ("week", 2), "天天": ("day", 1),
    "晚": ("day", 1), "早": ("day", 1), "日": ("day", 1), "morning": ("day", 1), "evening": ("day", 1),
    "night": ("day", 1), "半年": ("month", 6), "half-yearly": ("month", 6), "half-year": ("month", 6),
    "half year": ("month", 6), "semi-annually": ("month", 6), "双周": ("week", 2), "双周报": ("week", 2),
    "日报": ("day", 1), "周报": ("week", 1), "月报": ("month", 1), "季报": ("quarter", 1), "年报": ("year", 1),
}  # fmt: skip


_RECURRING = WEEKDAYS | {"周末": 5, "weekend": 5}
_EDGES = {
    "月初": 1, "初": 1, "start": 1, "beginning": 1,
    "底": -1, "月底": -1, "末": -1, "月末": -1, "end": -1, "last day": -1, "最后一天": -1,
}  # fmt: skip


def _interval(plain: str, number: str, other: int) -> dict[str, Any]:
    every, times = _PLAIN.get(plain) or (unit_of(plain), 1)
    return {"every": every, "interval": (whole(number) or 1) if number else times * other}


def read_adverb(match: "re.Match[str]", view: View) -> Moment | None:
    """Weekly, 每月: a recurrence where one is being set, elsewhere what figures are grouped by."""
    return read_recurrence(match, view) if view.schedule else None


def read_skipping(match: "re.Match[str]", view: View) -> Moment | None:
    """每隔一天 is every second day."""
    value = {"every": unit_of(said(match, "plain")), "interval": (whole(said(match, "n")) or 1) + 1}
    return Moment(*match.span(), recurrence=value)
