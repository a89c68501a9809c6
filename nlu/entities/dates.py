"""Finds days, ranges, durations, times and recurrences, and joins neighbours: a day and a time, two days, a list."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nlu.entities.clock_readings import likely
from nlu.entities.date_patterns import RULES
from nlu.entities.date_readings import Moment, View
from nlu.entities.impossible_days import impossible_days
from nlu.entities.periods import ONE_DAY, Period, add_months
from nlu.entities.spans import Passage

FORWARD = frozenset(
    [
        "add_task",
        "case_snooze",
        "campaign_create",
        "digest_schedule",
        "digest_change",
        "digest_pause",
        "change_order",
        "set_notifications",
        "forecast",
        "business_hours",
        "place_order",
        "set_preferences",
        "alert_create",
        "predict_need",
        "list_tasks",
    ]
)
"""Intents that look ahead: there "on Monday" is the next one, elsewhere the last one."""


SCHEDULES = frozenset({"digest_schedule", "digest_change", "set_notifications", "set_preferences"})
"""Intents in which "weekly" is when, and not by what figures are grouped."""
_TRIGGER = re.compile(
    r"\d|[天日周月年季昨今明点号节儿]|星期|礼拜|小时|分钟|刻钟|双十|双1|圣诞|黑五|过年|除夕|元旦|元宵|清明|端午"
    r"|七夕|中秋|重阳|冬至|五一|国庆|十一"
    r"|跨年|[春夏秋冬]|正午|中午|半夜|早上|晚上|下午|上午|day|week"
    r"|month|year|quarter|wk|yr|qtr|mth|hour|fortnight|minute|min(?![a-z])|tom|tmr|2mor|tonight|last night"
    r"|this (?:morning"
    r"|afternoon|evening)"
    r"|(?<![a-z])(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|noon|mid|half"
    r"|christmas|xmas"
    r"|double|chinese|lunar|lantern|spring|dragon|moon|qixi|qing|tomb|golden|valentine|halloween|daily|hourly"
    r"|easter|thanks|cyber"
    r"|boxing|winter|summer|autumn|fall|fy|semi|[wmqy]td|biw|bi-w|o'clock|at )"
)
_POSSESSIVE = re.compile(
    r"(?<![a-z])(?:today|yesterday|tomorrow|tonight|(?:last|this|next) (?:night|week|month|quarter|year"
    r"|weekend)|(?<!on )(?<!every )(?<!each )(?:mon|tues|wednes|thurs|fri|satur|sun)day)s(?= (?!at )[a-z])"
)
"""last weeks mailing, fridays meeting: the apostrophe is often left out."""
_SLASHED = re.compile(r"(?<![\d/.-])\d{1,2}[/.-]\d{1,2}[/.-](?:20)?\d\d(?![\d/.-])")
_OPEN_END = re.compile(r"(?:(?<![a-z])(?:since|starting|from|as of|so far)|自从|自|从) ?(?:the )?$")
_OPEN_START = re.compile(
    r"(?:(?<![a-z])(?:before|until|till|up to|prior to|by|no later than)|截至|截止到?|到) ?(?:the )?$"
)
_AFTER = re.compile(r"(?:(?<![a-z])(?:after|later than)) ?(?:the )?$")
_UP_TO_NOW = re.compile(
    r"\s?(?:以来|起|开始|至今|到现在|到目前|截至目前|截止目前|so far|to date|(?:until|till|to|up to) (?:now"
    r"|today|date))"
)
_ZH_AFTER = re.compile(r"\s?(?:之后|以后|后(?![天面续悔]))")
_ZH_BEFORE = re.compile(r"\s?(?:之前|以前|前(?![天面年后]))")
_JOIN = re.compile(r"\s?(?:-|–|—|~|\.\.|to|through|until|till|and|到|至|和|与)\s?")
_BETWEEN = re.compile(r"(?:(?<![a-z])between|介于|在) ?(?:the )?$")
_FORMER = re.compile(r"(?:(?<![a-z])(?:from|instead of|rather than|not)|[从由]|不要|别再|而不是) ?$")
"""What stands before a rhythm that is to end: from daily to weekly, 从每天改成每周."""
_NEAR = re.compile(r"[\s,，的()（）]{0,2}(?:at |around |by |@ |on )?[\s()（）]{0,24}")


def find(passage: Passage) -> None:
    """Claim every date, range, duration, time and recurrence in the passage."""
    if not _TRIGGER.search(passage.folded):
        return
    for match in impossible_days(passage.folded):
        passage.block(*match.span())
    zones = [entity for entity in passage.entities if entity.name == "timezone"]
    now = passage.now.astimezone(ZoneInfo(zones[0].value)) if len(zones) == 1 else passage.now
    view = View(
        now, passage.intent in FORWARD, passage.text, passage.audience != "customer", passage.intent in SCHEDULES
    )
    text = _POSSESSIVE.sub(lambda match: match.group()[:-1] + " ", passage.folded)
    for zone in zones:  # "9 am London time tomorrow": the zone stands between what belongs together
        text = text[: zone.start] + " " * (zone.end - zone.start) + text[zone.end :]
    moments = sorted([*_matches(passage, text, view), *_slashed(passage, view)], key=lambda moment: moment.start)
    for moment in _scheduled(list(_joined(moments, text, view)), text, view):
        _claim(passage, moment, view)


def _matches(passage: Passage, text: str, view: View) -> Iterator[Moment]:
    for pattern, rule in RULES:
        for match in pattern.finditer(text):
            if match.group() and passage.free(*match.span()):
                moment = rule(match, view)
                if moment:
                    passage.block(moment.start, moment.end)
                    yield moment


def _slashed(passage: Passage, view: View) -> Iterator[Moment]:
    """12/05/2026: day and month in the order of the region, read by dateparser."""
    for match in _SLASHED.finditer(passage.folded):
        if not passage.free(*match.span()):
            continue
        import dateparser

        order = "MDY" if passage.region == "US" else "DMY"
        settings = {"DATE_ORDER": order, "RELATIVE_BASE": passage.now.replace(tzinfo=None)}
        found = dateparser.parse(match.group(), languages=["en"], settings=settings)
        if found:
            passage.block(*match.span())
            yield Moment(*match.span(), period=Period.day(found.date()))


def _joined(moments: list[Moment], text: str, view: View) -> Iterator[Moment]:
    """Join neighbours: two periods into a range, a day or recurrence and a time into one."""
    waiting: Moment | None = None
    for moment in moments:
        if waiting is None:
            waiting = moment
            continue
        pair = _range(waiting, moment, text, view) or _pair(waiting, moment, text[waiting.end : moment.start], view)
        if pair is None:
            yield waiting
        waiting = pair or moment
    if waiting:
        yield waiting


def _scheduled(moments: list[Moment], text: str, view: View) -> list[Moment]:
    """Where a schedule is set, the day and the time that are said apart belong to what recurs."""
    former = [moment for moment in moments if moment.recurrence and _FORMER.search(text[: moment.start][-16:])]
    if view.schedule and sum(moment.recurrence is not None for moment in moments) > len(former):
        moments = [moment for moment in moments if moment not in former]
    recurring = sorted((moment for moment in moments if moment.recurrence), key=lambda moment: moment.of_report)
    regular = recurring[0] if recurring else None
    if not view.schedule or regular is None or regular.recurrence is None:
        return moments
    value, rest = dict(regular.recurrence), []
    for moment in moments:
        if moment.of_report and not regular.of_report:
            continue  # "the daily report on Mondays", 工作日推送日报: what the report is called
        told = {} if moment is regular else _regularly(moment, value["every"])
        if moment is not regular and (not told or told.keys() & value.keys() - {"every", "interval"}):
            rest.append(moment)
        value = told | value
    return sorted([replace(regular, recurrence=value), *rest], key=lambda moment: moment.start)


def _regularly(moment: Moment, every: str) -> dict[str, Any]:
    """What a moment says of something that recurs: its time, its day of the week or of the month."""
    if moment.recurrence:
        return moment.recurrence if moment.recurrence["every"] == every else {}
    at = moment.clock or (moment.instant.time() if moment.instant else None)
    told: dict[str, Any] = {}
    if at:
        clock = likely(at, moment.part, named=moment.named or moment.instant is not None)
        told["time"] = clock.isoformat("minutes")
    if every == "week" and moment.weekday is not None and moment.weekly:
        told["weekday"] = moment.weekday
    elif every == "week" and moment.instant and moment.weekly:
        told["weekday"] = moment.instant.weekday()
    elif every == "month" and moment.day_of_month:
        told["day"] = moment.day_of_month
    return told


def _range(left: Moment, right: Moment, text: str, view: View) -> Moment | None:
    """From one day to another: the second may leave out the month or the week that the first one says.

    Who looks back means by "Monday to Wednesday" the last ones that are over.
    """
    between = text[left.end : right.start]
    if not (left.period and right.period and left.period.start and right.period.end and _JOIN.fullmatch(between)):
        return None
    if between.strip() in {"and", "和", "与"} and not _BETWEEN.search(text[: left.start][-12:]):
        return None
    end = right.period.end
    if right.day_of_month and left.period.end == left.period.start + ONE_DAY:
        last = left.period.start.day < right.day_of_month
        first = add_months(left.period.start.replace(day=1), 0 if last else 1)
        end = min(first + timedelta(days=right.day_of_month), add_months(first, 1))
    elif left.weekday is not None and right.weekday is not None and right.weekly:
        end = left.period.start + timedelta(days=(right.weekday - left.weekday) % 7 + 1)
    if left.period.start >= end:
        return None
    weekdays = left.weekday if right.weekday is not None else None
    over = timedelta(weeks=left.weekly and right.weekly and not view.forward and end > view.today + ONE_DAY)
    period = Period(left.period.start - over, end - over)
    return Moment(left.start, right.end, period=period, closed=True, weekday=weekdays, weekly=left.weekly)


def _pair(left: Moment, right: Moment, between: str, view: View) -> Moment | None:
    if not _NEAR.fullmatch(between) and between.strip() != "of":
        return None
    place = (left.start, right.end)
    if left.weekly and left.weekday is not None and right.is_week and left.period and right.period:
        return _in_week(left, right, place)
    for day, clock in ((left, right), (right, left)):
        if not clock.clock:
            continue
        time = likely(clock.clock, day.part, named=clock.named)
        if day.recurrence and "time" not in day.recurrence:
            return Moment(*place, recurrence={**day.recurrence, "time": time.isoformat("minutes")})
        if day.period and day.period.start and day.period.end == day.period.start + ONE_DAY:
            instant = datetime.combine(day.period.start, time, tzinfo=view.now.tzinfo)
            if day.weekly and view.forward and instant < view.now:
                instant += timedelta(weeks=1)
            return Moment(*place, instant=instant, weekly=day.weekly, day_of_month=day.day_of_month)
    return None


def _in_week(left: Moment, right: Moment, place: tuple[int, int]) -> Moment | None:
    """Friday last week, Monday to Friday of this week."""
    assert left.period
    assert right.period
    if left.weekday is None or not (left.period.start and left.period.end and right.period.start):
        return None
    start = right.period.start + timedelta(days=left.weekday)
    return Moment(*place, period=Period(start, start + (left.period.end - left.period.start)), closed=left.closed)


def _claim(passage: Passage, moment: Moment, view: View) -> None:
    start, end = moment.start, moment.end
    here = passage.now.tzinfo
    if moment.recurrence:
        passage.claim("recurrence", moment.recurrence, start, end)
    elif moment.clock:
        passage.claim("datetime", _next(moment, view).astimezone(here).isoformat(), start, end)
    elif moment.instant:
        instant = moment.instant.replace(second=0, microsecond=0).astimezone(here)
        passage.claim("datetime", instant.isoformat(), start, end)
    if moment.period:
        passage.claim("date_range", _bounded(passage.folded, moment, view).value(), start, end)
    if moment.duration:
        passage.claim("duration", moment.duration, start, end)


def _next(moment: Moment, view: View) -> datetime:
    """A time of day alone is the next one that comes."""
    assert moment.clock
    clock = likely(moment.clock, moment.part, named=moment.named)
    instant = datetime.combine(view.today, clock, tzinfo=view.now.tzinfo)
    return instant if instant > view.now else instant + timedelta(days=1)


def _bounded(text: str, moment: Moment, view: View) -> Period:
    """Apply since, before, after, 以来, 之前, 之后."""
    period = moment.period
    assert period
    if moment.closed:
        return period
    before, tail = text[max(0, moment.start - 16) : moment.start], text[moment.end : moment.end + 14]
    tomorrow: date = view.today + ONE_DAY
    if (_OPEN_END.search(before) or _UP_TO_NOW.match(tail)) and period.start and period.start < tomorrow:
        return Period(period.start, tomorrow)
    if _AFTER.search(before) or _ZH_AFTER.match(tail):
        return Period(period.end, None)
    if _OPEN_START.search(before) or _ZH_BEFORE.match(tail):
        return Period(None, period.end if moment.ends else period.start)
    return period
