"""What a sentence says of a regular digest: when, where to, in which language, of what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from bot.digest_parts import PARTS
from bot.handlers.manager.asking import ManagerTurn
from crm_core.digest_plans import KIND_OF
from crm_core.models import DigestPlan

LISTING = re.compile(
    r"(?<![a-z])(?:which|what|list|show)(?![a-z]).{0,30}(?<![a-z])(?:digests|subscriptions|reports|schedules?|settings)(?![a-z])"
    r"|(?:哪些|什么|看看|查看|列出).{0,8}(?:简报|订阅|日报|周报|设置)|(?:简报|订阅).{0,6}(?:有哪些|设置|是什么)$"
)
NAMED = re.compile(
    r"(?<![a-z])(?:digests?|summar(?:y|ies)|reports?|subscriptions?|unsub\w*|newsletters?|briefings?|updates?|numbers|mails?"
    r"|e-?mails?|recaps?|overviews?)(?![a-z])"
    r"|简报|简讯|日报|周报|月报|早报|晚报|汇总|摘要|汇报|报告|报表|订阅|推送|退订|邮件"
)
"""Names a digest, whatever it is called."""
RESUMED = re.compile(
    r"(?<![a-z])(?:resume|unpause|reactivate|restart|turn .{0,20} ?on|again|start .{0,30} up|back on|digests? on)"
    r"(?![a-z])|恢复|重新|继续|照常|解除|可以(?:重新)?(?:开始)?发|再发|开启"
)
STOPPED = re.compile(
    r"(?<![a-z])(?:stop|cancel|unsub\w*|remove|delete|end|kill|quit|no more|don'?t want|for good|live without)"
    r"(?![a-z])|取消|退订|停掉|停止|关掉|关闭|删掉|不要了|不想收|别再|永久|彻底|终止"
)
_KINDS = {
    "daily": re.compile(
        r"(?<![a-z])(?:daily|every ?day|each day|morning|evening|weekdays?)(?![a-z])"
        r"|每天|每日|天天|日报|早报|晨报|晚报|工作日"
    ),
    "weekly": re.compile(
        r"(?<![a-z])(?:weekly|every week|biweekly|week in review)(?![a-z])|每周|周报|隔周|每星期|逢周"
    ),
    "monthly": re.compile(
        r"(?<![a-z])(?:monthly|every month|each month|quarterly)(?![a-z])|每月|月报|月度|每个月|每季|季度"
    ),
}
_TIME = re.compile(
    r"(?:(?<![a-z])(?:to|at|by|for|come at)\s+|改到|改成|改为|挪到|提前到|推迟到|延后到)"
    r"(?P<part>早上|上午|下午|晚上)?(?P<hour>[01]?\d|2[0-3])(?:[:：.](?P<minute>[0-5]\d))?\s*(?P<half>am|pm|点半|点|时)?(?![\d%/])"
)
_SECOND = re.compile(
    r"(?:(?<![a-z])at|@)\s+(?:[01]?\d|2[0-3])(?:[:.][0-5]\d)?\s*(?:and|&|,)\s*(?:at )?"
    r"(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?(?![\d%/]|\s*(?:am|pm|people|customers|orders|days?)(?![a-z]))"
)
"""The other of two bare hours: at 8 and 20."""
MOST_TIMES = 4
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PLACES = {
    **dict.fromkeys(("first", "1st"), 1), **dict.fromkeys(("second", "2nd"), 2), **dict.fromkeys(("third", "3rd"), 3),
    **dict.fromkeys(("fourth", "4th"), 4), "last": -1,
}  # fmt: skip
_ZH_PLACES = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_NTH = re.compile(rf"(?<![a-z])(?P<place>{'|'.join(_PLACES)})\s+(?P<day>(?:{'|'.join(_DAYS)})[a-z]*)")
"""The first Monday of the month; "every second Tuesday" alone is every other week."""
_ZH_NTH = re.compile(
    r"每?个?月的?(?:第(?P<place>[一二三四1-4])|(?P<last>最后)一?)个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])"
)

NO_TIME = re.compile(
    r"(?<![\d:.-])(?:(?:2[5-9]|[3-9]\d)[:：]\d\d|24[:：](?!00)\d\d|\d{1,2}[:：][6-9]\d|(?:2[5-9]|[3-9]\d)点)(?![\d:：])"
)
"""A time that no clock shows."""
_FIRST_OF_MONTH = re.compile(r"(?:of|in) (?:the|every|each) month|每个?月")
_EACH_DAY = re.compile(r"(?<![a-z])(?:every|each) (?:single )?day(?![a-z])|每天|每日|天天")
_CHANNELS = {
    "email": re.compile(r"(?<![a-z])(?:e-?mail|inbox|mail me|by mail)(?![a-z])|邮件|邮箱"),
    "telegram": re.compile(r"(?<![a-z])telegram(?![a-z])|电报"),
    "slack": re.compile(r"(?<![a-z])(?:slack|dm|direct message|here)(?![a-z])|私信|发到这里"),
}
_TO_CHANNEL = re.compile(r"#[\w-]+|(?<![a-z])(?:the|our|this) (?:\w+ )?channel|频道|大群|群里")
_ADDRESS = re.compile(r"[^\s<>@,，;；:：(（]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_LESS = re.compile(
    r"(?<![a-z])(?:remove|drop|without|no|take|leave out|get rid of|stop showing|don'?t need|except)(?![a-z])"
    r"|去掉|拿掉|不要|删掉?|不用|别再?显示|砍掉|除了"
)
_MORE = re.compile(r"(?<![a-z])(?:add|include|also|plus|with|and add|put)(?![a-z])|加上?|加个|带上|包含|也")
_ONLY = re.compile(r"(?<![a-z])(?:only|just|nothing but|limit)(?![a-z])|只|仅")
_UNKNOWN = ("score_type",)
"""Entities that name figures which no part of a digest tells."""


@dataclass(slots=True)
class Wish:
    """What was said; empty where nothing was."""

    schedule: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    weekday: int | None = None
    """Of a single day that is named: "move it to Friday"."""
    names_kind_alone: bool = False
    """It says which one is meant ("my weekly digest") and nothing of when it comes."""
    minutes: tuple[int, ...] = ()
    """Of the day, all that are said: "at 8 and 20" are two digests."""
    zone: str = ""
    language: str = ""
    channel: str = ""
    address: str = ""
    to_channel: bool = False
    hourly: bool = False
    only: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def put(self, plan: DigestPlan, *, whole: bool) -> None:
        """Change a plan to it; as a `whole` what is named of its parts is all it holds."""
        named_alone = not whole and plan.kind == self.kind and self.names_kind_alone
        if self.weekday is not None and not self.schedule.get("weekdays") and (self.kind or plan.kind) == "weekly":
            plan.weekdays = [self.weekday]
        if self.schedule and not named_alone:
            plan.kind, plan.every = self.kind, self.schedule["every"]
            plan.interval = self.schedule["interval"]
            if self.schedule["weekdays"]:
                plan.weekdays = self.schedule["weekdays"]
            plan.nth = self.schedule["nth"]
            plan.month_day = self.schedule["day"] or plan.month_day
        plan.minute = self.minutes[0] if self.minutes else plan.minute
        plan.zone = self.zone or plan.zone
        plan.language = self.language or plan.language
        plan.channel = self.channel or plan.channel
        plan.parts = list(self._parts(plan, whole=whole))

    def _parts(self, plan: DigestPlan, *, whole: bool) -> tuple[str, ...]:
        only = self.only or (self.more if whole else ())
        now = () if whole else plan.parts
        held = set(only) if only else (set(now or PARTS) | set(self.more)) - set(self.less)
        return () if held >= set(PARTS) else tuple(name for name in PARTS if name in held)


def read_wish(turn: ManagerTurn) -> Wish:
    """All that a sentence says of a digest."""
    said, text = turn.understanding, turn.understanding.text.lower()[:600]
    wish = Wish(language=_language(turn), zone=str(said.first("timezone") or ""))
    _read_when(turn, wish, text)
    wish.address = next(iter(_ADDRESS.findall(said.text)), "")
    wish.channel = "email" if wish.address else next((n for n, words in _CHANNELS.items() if words.search(text)), "")
    wish.to_channel = bool(_TO_CHANNEL.search(text))
    if wish.channel == "slack" and turn.message.channel != "slack":
        wish.channel = turn.message.channel if "slack" not in text else "slack"
    _read_parts(wish, text)
    unknown = [one.text for one in said.entities if one.name in _UNKNOWN]
    if unknown:
        wish.notes.append(turn.say("digests.no_part", names=", ".join(unknown)))
    return wish


def said_kind(text: str) -> str:
    """daily, weekly or monthly, where a sentence says which; "" where it does not."""
    return next((kind for kind, words in _KINDS.items() if words.search(text)), "")


def zone_of(turn: ManagerTurn) -> str:
    """The speaker's own."""
    return turn.speaker.zone or turn.services.settings.business.zone


def _language(turn: ManagerTurn) -> str:
    named = str(turn.understanding.first("language") or "")[:2]
    return named if named in ("en", "zh") else ""


def _read_when(turn: ManagerTurn, wish: Wish, text: str) -> None:
    found = [one for one in turn.understanding.all("recurrence") if isinstance(one, dict)]
    every = next((one for one in found if one.get("every") in (*KIND_OF, "quarter", "year", "hour")), None)
    ordinal, nth = turn.understanding.first("ordinal"), _nth(text)
    if nth:
        every = {"every": "month", "interval": int(every["interval"]) if every and every["every"] == "month" else 1}
        found, ordinal = [{"weekday": nth[1]}], None
    if every is None and isinstance(ordinal, int) and _FIRST_OF_MONTH.search(text):
        every = {"every": "month", "interval": 1}
    if every:
        wish.hourly = every["every"] == "hour"
        months = {"quarter": 3, "year": 12}.get(every["every"], 0)
        unit = "month" if months else every["every"]
        days = sorted({one["weekday"] for one in found if isinstance(one.get("weekday"), int)})
        unit = "week" if days and unit == "day" and not nth else unit
        day = every.get("day")
        if unit == "month" and day is None and isinstance(ordinal, int) and 1 <= ordinal <= 31:
            day = ordinal
        interval = int(every.get("interval") or 1) * (months or 1)
        wish.schedule = {"every": unit, "interval": interval, "weekdays": days, "day": day, "nth": nth and nth[0]}
        wish.kind = KIND_OF.get(unit, "")
    else:
        wish.kind = said_kind(text)
        unit = {"daily": "day", "weekly": "week", "monthly": "month"}.get(wish.kind, "")
        if unit:
            wish.schedule = {"every": unit, "interval": 1, "weekdays": [], "day": None, "nth": None}
    plain = (
        wish.schedule and wish.schedule["interval"] == 1 and not wish.schedule["weekdays"] and not wish.schedule["day"]
    )
    wish.names_kind_alone = bool(plain) and wish.schedule["every"] != "workday" and not _EACH_DAY.search(text)
    span = turn.understanding.first("date_range")
    if isinstance(span, dict) and span.get("start") and span.get("end"):
        first, last = (date.fromisoformat(span[name]) for name in ("start", "end"))
        wish.weekday = first.weekday() if (last - first).days == 1 else None
    wish.minutes = tuple(dict.fromkeys(_minutes(turn, text)))[:MOST_TIMES]


def _nth(text: str) -> tuple[int, int] | None:
    """The first Monday of a month: which, and the weekday."""
    found = (_NTH.search(text) if "month" in text else None) or _ZH_NTH.search(text)
    if not found:
        return None
    if found.re is _NTH:
        return _PLACES[found["place"]], _DAYS.index(found["day"][:3])
    place = -1 if found["last"] else _ZH_PLACES[found["place"]]
    return place, "一二三四五六日".index(found["day"].replace("天", "日"))


def _minutes(turn: ManagerTurn, text: str) -> Iterator[int]:
    """Each time of day that is said, in whole minutes."""
    said = turn.understanding
    times = [str(one["time"]) for one in said.all("recurrence") if isinstance(one, dict) and one.get("time")]
    moments = [datetime.fromisoformat(str(one)).time() for one in said.all("datetime")]
    for at in (*map(time.fromisoformat, times), *moments):
        yield at.hour * 60 + at.minute
    found = None if times or said.all("datetime") else _TIME.search(text)
    if found:
        hour = int(found["hour"])
        if (found["half"] == "pm" or found["part"] in ("下午", "晚上")) and hour < 12:
            hour += 12
        yield hour * 60 + (30 if found["half"] == "点半" else int(found["minute"] or 0))
    second = _SECOND.search(text)
    if second:
        yield int(second["hour"]) * 60 + int(second["minute"] or 0)


def _read_parts(wish: Wish, text: str) -> None:
    """Each part that is named goes with the nearest word before it that says more or less; else it is wanted."""
    more: list[str] = []
    less: list[str] = []
    for name, part in PARTS.items():
        found = part.words.search(text)
        if not found:
            continue
        before = text[: found.start()]
        said_less = max((match.end() for match in _LESS.finditer(before)), default=-1)
        said_more = max((match.end() for match in _MORE.finditer(before)), default=-1)
        (less if said_less > said_more else more).append(name)
    wish.less, wish.more = tuple(less), tuple(more)
    if more and _ONLY.search(text) and not less:
        wish.only, wish.more = tuple(more), ()
