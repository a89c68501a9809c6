"""Days, ranges, durations, times and recurrences in both languages: the patterns, and how moments join.

The first rule that fits a place wins, so narrow rules stand above wide ones. dateparser reads what is left in English.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from nlu.entities import date_readings as read
from nlu.entities.date_readings import DAY_NAMES, MONTH_NUMBERS, WEEKDAYS, Moment, Rule, View
from nlu.entities.numbers import CHINESE, NUMBER
from nlu.entities.periods import ONE_DAY, Period
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


def _either(words: "list[str]") -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


_MONTH = _either(list(MONTH_NUMBERS)) + r"\.?(?![a-z])"
_WEEKDAY_NAME = _either([name for name in WEEKDAYS if name.isascii() and name.isalpha()])
_WEEKDAY = f"{_WEEKDAY_NAME}(?![a-z])"
_SURE_WEEKDAY = _either([*DAY_NAMES, "mon", "tue", "tues", "thurs", "fri"]) + "s?(?![a-z])"
_ZH_WEEKDAY = r"(?P<weekday>[一二三四五六日天]|(?<=周)[1-7](?!\d))"
_UNIT = (
    r"(?P<unit>(?:days?|weeks?|months?|quarters?|years?|hours?|hrs?|minutes?|mins?)(?![a-z])"
    r"|个?小时|个?钟头|分钟|个?星期|个?礼拜|个?季度|个月|天|日(?![元币本])|周(?!末)|月|年|季)"
)
_N = rf"(?P<n>{NUMBER}|半)"
_YEAR = r"(?P<year>20\d\d)"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d:]|\.\d| ?(?:pm|am|%))"
_ZH_DAY = rf"(?P<day>\d{{1,2}}|{CHINESE}{{1,3}}) ?(?:日(?!元|币|本)|号(?!线|楼|码|店))"
_ZH_MONTH = rf"(?P<month>1[0-2]|0?[1-9]|{CHINESE}{{1,2}})月"
_PART = "(?P<part>早上|上午|清晨|早晨|凌晨|中午|下午|傍晚|晚上|夜里|[早晚](?=[\\d一二三四五六七八九十]))"
_HOLIDAYS = {
    "double11": r"double ?(?:11|eleven)(?!\d)|singles'? day|双十一|双11(?!\d)",
    "double12": "双十二|双12|double ?12",
    "618": r"(?<!\d)618(?=活动|大促|促销|那天|期间|的| sale)|六一八",
    "black_friday": "black friday|黑色星期五|黑五",
    "christmas_eve": "christmas eve|平安夜",
    "christmas": "(?<![a-z])(?:christmas|xmas)(?![a-z])|圣诞节?",
    "spring": "chinese new year|lunar new year|spring festival|春节|过年",
    "new_year": "new year'?s(?: day)?|元旦",
    "boats": "dragon boat(?: festival)?|端午节?",
    "moon": "mid-? ?autumn(?: festival)?|moon festival|中秋节?",
    "seventh": "qixi|七夕节?",
    "national": "national day|golden week|国庆节?|十一(?=假期|长假|黄金周)",
    "valentine": "valentine'?s?(?: day)?|情人节",
    "labour": "labou?r day|may day|五一(?=节|假|期间|劳动)|劳动节",
    "women": "women'?s day|三八节|妇女节",
    "halloween": "halloween|万圣节",
    "mothers_day": "mother'?s day|母亲节",
    "fathers_day": "father'?s day|父亲节",
    "children": "children'?s day|儿童节",
    "teachers": "teacher'?s day|教师节",
}

_PATTERNS: tuple[tuple[str, Rule], ...] = (
    # recurrences
    (rf"(?<![a-z])(?:every|each|on) (?P<weekday>{_WEEKDAY_NAME}s)(?![a-z])", read.read_recurrence),
    (rf"(?<![a-z])(?:every|each) (?P<weekday>{_WEEKDAY})", read.read_recurrence),
    (rf"每(?:个)?(?:周|星期|礼拜){_ZH_WEEKDAY}|逢周(?P<weekday2>[一二三四五六日])", read.read_recurrence),
    (
        r"(?<![a-z])(?:every|each) (?P<workday>week ?day|workday|working day)s?|每个?(?P<workday2>工作日)",
        read.read_recurrence,
    ),
    (
        rf"(?:every month|each month|monthly) on the {_DAY}|每个?月{_ZH_DAY.replace('day>', 'day2>')}",
        read.read_recurrence,
    ),
    (
        rf"(?<![a-z])every (?:(?P<other>other )|(?P<n>{NUMBER}) )?(?P<plain>day|week|month|quarter|year"
        rf"|hour)s?(?![a-z])",
        read.read_recurrence,
    ),
    (
        rf"每隔?(?P<n>{CHINESE}|\d{{1,2}})?个?(?P<plain>天|周|星期|月|季度|年|小时)(?=早|上|下|晚|中|凌|\d|发"
        rf"|给|提|{CHINESE}|$)",
        read.read_recurrence,
    ),
    (
        r"(?<![a-z])(?P<plain>daily|weekly|monthly|quarterly)(?= (?:at|digest|summary|report|on))(?![a-z])",
        read.read_recurrence,
    ),
    # whole dates
    (rf"{_YEAR}(?:-|/|\.)(?P<month>1[0-2]|0?[1-9])(?:-|/|\.)(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)", read.read_iso),
    (rf"(?:{_YEAR}年)?{_ZH_MONTH}{_ZH_DAY}", read.read_month_day),
    (rf"(?:the )?{_DAY} (?:of )?(?P<month>{_MONTH})(?:,? {_YEAR})?", read.read_month_day),
    (rf"(?<![a-z])(?P<month>{_MONTH}) (?:the )?{_DAY}(?:,? {_YEAR})?(?!\d)", read.read_month_day),
    *((pattern, read.read_holiday(name)) for name, pattern in _HOLIDAYS.items()),
    # quarters and halves
    (
        rf"(?<![a-z0-9])q(?P<q>[1-4])(?: ?(?:of )?{_YEAR})?(?!\d)"
        rf"|(?:{_YEAR.replace('year>', 'year2>')}年?)?第?(?P<zh>[一二三四1-4])季度"
        r"|(?<![a-z])(?P<word>first|second|third|fourth) quarter",
        read.read_quarter,
    ),
    (r"(?<!\d)(?P<half>上|下)半年|(?:the )?(?P<half2>first|second) half of (?:the|this) year", read.read_half_year),
    # spans that end or begin now
    (
        rf"(?:(?<![a-z])(?:in|over|for|during|within) )?(?:the )?(?<![a-z])(?:last|past|previous"
        rf"|recent) {_N} ?{_UNIT}(?! ago)",
        read.read_back,
    ),
    (
        r"(?:in |over )?the past (?P<n>)(?P<unit>week|month|quarter|year)(?![a-z])"
        r"|(?<![a-z])past (?P<n2>)(?P<unit2>week|month|year)(?![a-z])",
        read.read_past_unit,
    ),
    (rf"(?:最近|近|过去的?|过往|这|前)(?:的)?{_N}{_UNIT}(?:之?内|以?来|里)?(?!前)", read.read_back),
    (
        rf"(?<![a-z])(?:the )?(?:next|coming|following) {_N} ?{_UNIT}|(?:未来|接下来"
        rf"|今后)(?:的)?{_N.replace('n>', 'n2>')}{_UNIT.replace('unit>', 'unit2>')}",
        read.read_next_units,
    ),
    (
        rf"{_N} ?{_UNIT} (?:ago|earlier|back)(?![a-z])"
        rf"|{_N.replace('n>', 'n2>')}{_UNIT.replace('unit>', 'unit2>')}(?:之前|以前|前)",
        read.read_ago,
    ),
    (
        rf"(?<![a-z])in {_N} ?{_UNIT}(?:'? time)(?![a-z])"
        rf"|{_N.replace('n>', 'n2>')} ?{_UNIT.replace('unit>', 'unit2>')}(?: from now|之后|以后|后)",
        read.read_hence,
    ),
    (
        rf"(?<![a-z])(?:in|within) (?:the )?{_N} ?{_UNIT}"
        rf"|{_N.replace('n>', 'n2>')}{_UNIT.replace('unit>', 'unit2>')}(?:之?内)",
        read.read_within,
    ),
    # weeks, months, quarters, years seen from now
    (
        r"(?<![a-z])(?P<which>last|previous|this|current|next|coming) (?P<unit>weekend|week|month|quarter"
        r"|year)(?![a-z])",
        read.read_calendar_unit,
    ),
    (
        r"(?P<which>上上|下下|上|下|这|本|当)一?(?P<unit>个?星期|个?礼拜|周|个?月|个?季度|季)(?![一二三四五六日天末])",
        read.read_calendar_unit,
    ),
    (r"(?P<which>上|下|这|本)?个?(?P<unit>周末)", read.read_calendar_unit),
    (r"(?P<which>去|今|明|前|后)(?P<unit>年)|(?P<which2>本)(?P<unit2>年度|年)", read.read_calendar_unit),
    # single days
    (
        r"(?<![a-z])(?:the )?(?P<name>day before yesterday|day after tomorrow|yesterday|today|tonight"
        r"|tomorrow|tmrw|tmr)(?![a-z])",
        read.read_named_day,
    ),
    (r"(?P<name>大前|大后|前|昨|今|明|后|当)(?:天|日)|(?P<name2>[昨今明])(?=早|晚)", read.read_named_day),
    (
        rf"(?<![a-z])(?P<which>last|past|previous|this coming|this|next|coming) (?P<weekday>{_WEEKDAY})",
        read.read_weekday,
    ),
    (rf"(?<![a-z])(?:on )?(?P<which>)(?P<weekday>{_SURE_WEEKDAY})", read.read_weekday),
    (rf"(?P<which>上上|下下|上|下|这|本)?个?(?:周|星期|礼拜){_ZH_WEEKDAY}", read.read_zh_weekday),
    (rf"(?<![\d月第]){_ZH_DAY}(?![\u4e00-\u9fff]{{0,2}}订单)", read.read_day_of_month),
    (r"(?<![a-z])the (?P<day>3[01]|[12]?\d)(?:st|nd|rd|th)(?! (?:time|one|order|item))", read.read_day_of_month),
    # months and years
    (
        rf"(?:(?<![a-z])(?P<lead>in|last|next|this|since|before|until|till|by|for|of|during|to|from|end of"
        rf"|and) )?(?<![a-z])(?P<month>{_MONTH})(?: {_YEAR})?",
        read.read_month_alone,
    ),
    (rf"(?P<lead>)(?:{_YEAR}年)?(?<![\d个]){_ZH_MONTH}(?:份|底|初|中旬)?(?!饼|球|亮|季|经|子)", read.read_month_alone),
    (
        rf"(?<![a-z])(?:in|of|during|since|for) {_YEAR}(?![\d-])|{_YEAR.replace('year>', 'year2>')}年(?!\d)",
        read.read_year_alone,
    ),
    # durations
    (rf"{_N} ?{_UNIT}(?!\w*ago)", read.read_duration),
    # times of day
    (
        rf"{_PART}?(?P<hour>2[0-4]|1?\d|{CHINESE}{{1,3}})点(?:钟)?(?P<minute>半|一刻|三刻|整|[0-5]?\d分?"
        rf"|{CHINESE}{{1,3}}分?)?",
        read.read_zh_clock,
    ),
    (
        rf"{_PART}?(?P<hour>2[0-3]|[01]?\d)[:：](?P<minute>[0-5]\d)(?!\d)(?: ?(?P<half>am|pm|a\.m\.|p\.m\.))?",
        read.read_mixed_clock,
    ),
    (
        r"(?<![\w.,])(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))? ?(?P<half>am|pm|a\.m\.?"
        r"|p\.m\.?)(?![a-z])(?P<said>)",
        read.read_clock,
    ),
    (
        r"(?<![a-z])(?:at|after|before|by|till|until|from|past) (?P<hour>2[0-3]|1?\d)(?!\d|[:.]\d|%)"
        r"(?P<minute>)(?P<half>)(?: (?:in the|o'?clock)(?: (?P<said>morning|afternoon|evening))?)?(?! ?(?:pcs"
        r"|pieces|days?|weeks?|months?|hours?|minutes?|people|customers?|orders?|stars?|percent|yuan|dollars"
        r"|items?|units?|times?|cases?|%|\$))",
        read.read_clock,
    ),
    (
        r"(?<![a-z])(?P<hour>1[0-2]|[1-9]) (?:in the|o'?clock(?: in the)?) (?P<said>morning|afternoon"
        r"|evening)(?P<minute>)(?P<half>)",
        read.read_clock,
    ),
    (r"(?<![a-z])(?:noon|midday|midnight)(?![a-z])|正午|半夜|午夜", read.read_noon),
)
_RULES = tuple((re.compile(pattern), rule) for pattern, rule in _PATTERNS)
_TRIGGER = re.compile(
    r"\d|[天日周月年季昨今明点号节]|星期|礼拜|小时|分钟|双十|双1|圣诞|黑五|过年|半夜|正午|618|周末|day|week"
    r"|month|year|quarter|hour"
    r"|minute|min(?![a-z])|tomorrow|tmr|tonight|(?<![a-z])(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may"
    r"|jun|jul|aug|sep"
    r"|oct|nov|dec|noon|mid|christmas|xmas|double|chinese|lunar|spring|dragon|moon|qixi|golden|valentine"
    r"|halloween|daily)"
)
_SLASHED = re.compile(r"(?<![\d/.-])\d{1,2}[/.-]\d{1,2}[/.-](?:20)?\d\d(?![\d/.-])")
_OPEN_END = re.compile(r"(?:(?<![a-z])(?:since|starting|from|as of)|自从|自|从) ?(?:the )?$")
_OPEN_START = re.compile(
    r"(?:(?<![a-z])(?:before|until|till|up to|prior to|by|no later than)|截至|截止到?|到) ?(?:the )?$"
)
_AFTER = re.compile(r"(?:(?<![a-z])(?:after|later than)) ?(?:the )?$")
_ZH_SINCE = re.compile(r"\s?(?:以来|起|开始|至今)")
_ZH_AFTER = re.compile(r"\s?(?:之后|以后|后(?![天面续悔]))")
_ZH_BEFORE = re.compile(r"\s?(?:之前|以前|前(?![天面年后]))")
_JOIN = re.compile(r"\s?(?:-|–|—|~|to|through|until|till|and|到|至|和)\s?")
_NEAR = re.compile(r"[\s,，的]{0,2}(?:at |around |by |@ )?")


def find(passage: Passage) -> None:
    """Claim every date, range, duration, time and recurrence in the passage."""
    if not _TRIGGER.search(passage.folded):
        return
    view = View(passage.now, passage.intent in FORWARD, passage.text)
    moments = sorted([*_matches(passage, view), *_slashed(passage, view)], key=lambda moment: moment.start)
    for moment in _joined(moments, passage.folded, view):
        _claim(passage, moment, view)


def _matches(passage: Passage, view: View) -> Iterator[Moment]:
    for pattern, rule in _RULES:
        for match in pattern.finditer(passage.folded):
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
        pair = _pair(waiting, moment, text[waiting.end : moment.start], view)
        if pair is None:
            yield waiting
        waiting = pair or moment
    if waiting:
        yield waiting


def _pair(left: Moment, right: Moment, between: str, view: View) -> Moment | None:
    place = (left.start, right.end)
    if left.period and right.period and _JOIN.fullmatch(between) and between.strip() not in {"and", "和"}:
        if left.period.start and right.period.end and left.period.start < right.period.end:
            return Moment(*place, period=Period(left.period.start, right.period.end), closed=True)
        return None
    if not _NEAR.fullmatch(between):
        return None
    for day, clock in ((left, right), (right, left)):
        if clock.clock and day.recurrence and "time" not in day.recurrence:
            return Moment(*place, recurrence={**day.recurrence, "time": clock.clock.isoformat("minutes")})
        if clock.clock and day.period and day.period.start and day.period.end == day.period.start + ONE_DAY:
            instant = datetime.combine(day.period.start, clock.clock, tzinfo=view.now.tzinfo)
            if day.weekly and view.forward and instant < view.now:
                instant += timedelta(weeks=1)
            return Moment(*place, instant=instant)
    return None


def _claim(passage: Passage, moment: Moment, view: View) -> None:
    start, end = moment.start, moment.end
    if moment.recurrence:
        passage.claim("recurrence", moment.recurrence, start, end)
    elif moment.clock:
        passage.claim("datetime", _next(moment, view).isoformat(), start, end)
    elif moment.instant:
        passage.claim("datetime", moment.instant.replace(second=0, microsecond=0).isoformat(), start, end)
    if moment.period:
        passage.claim("date_range", _bounded(passage.folded, moment, view).value(), start, end)
    if moment.duration:
        passage.claim("duration", moment.duration, start, end)


def _next(moment: Moment, view: View) -> datetime:
    """A time of day alone is the next one that comes."""
    assert moment.clock
    instant = datetime.combine(view.today, moment.clock, tzinfo=view.now.tzinfo)
    return instant if instant > view.now else instant + timedelta(days=1)


def _bounded(text: str, moment: Moment, view: View) -> Period:
    """Apply since, before, after, 以来, 之前, 之后."""
    period = moment.period
    assert period
    if moment.closed:
        return period
    before, tail = text[max(0, moment.start - 16) : moment.start], text[moment.end : moment.end + 4]
    tomorrow: date = view.today + ONE_DAY
    if (_OPEN_END.search(before) or _ZH_SINCE.match(tail)) and period.start and period.start < tomorrow:
        return Period(period.start, tomorrow)
    if _AFTER.search(before) or _ZH_AFTER.match(tail):
        return Period(period.end, None)
    if _OPEN_START.search(before) or _ZH_BEFORE.match(tail):
        return Period(None, period.start)
    return period
