"""Until when a case is to sleep, as somebody said it."""

import re
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.handlers.agent.asking import Asked
from bot.handlers.agent.reading import WORK_BEGINS

FARTHEST = timedelta(days=366)
_WAKE = re.compile(
    r"un-?snooze|(?<![a-z])wake .{0,30}(?:now|instead)|wake (?:it|this|that) up now|取消挂起"
    r"|现在就?唤醒|马上唤醒|解除挂起",
    re.I,
)
_LONGER = re.compile(
    r"(?<![a-z])(?:extend|more|longer|push back|another)(?![a-z])|再多|多延|延长|再挂|往后拖|再推", re.IGNORECASE
)
_PARTS = (
    (re.compile(r"(?<![a-z])(?:afternoon|after lunch)(?![a-z])|下午|午饭后", re.IGNORECASE), time(14)),
    (re.compile(r"(?<![a-z])(?:lunch|noon)(?![a-z])|中午|午饭", re.IGNORECASE), time(12)),
    (re.compile(r"(?<![a-z])(?:evening|tonight)(?![a-z])|晚上|今晚", re.IGNORECASE), time(18)),
    (re.compile(r"(?<![a-z])end of (?:the )?(?:day|business)(?![a-z])|下班", re.IGNORECASE), time(17)),
    (re.compile(r"(?<![a-z])morning(?![a-z])|早上|上午", re.IGNORECASE), WORK_BEGINS),
)
Unclear = Literal["missing", "past", "too_far", "now"]


def until(wanted: Asked, now: datetime, zone: str, asleep_until: datetime | None = None) -> datetime | Unclear:
    """The moment that was said: a time, nine in the morning of a day, or so much later.

    Returns "now" when it shall wake, and why there is no moment otherwise: missing, past or too_far.
    """
    if _WAKE.search(wanted.text):
        return "now"
    moment, later, day = wanted.first("datetime"), wanted.first("duration"), wanted.first("date_range")
    if isinstance(moment, str):
        when = datetime.fromisoformat(moment)
    elif isinstance(later, dict) and later:
        start = asleep_until if asleep_until and _LONGER.search(wanted.text) else now
        when = start + timedelta(**later)
    else:
        when_or_none = _of_day(wanted, day, now, zone)
        if when_or_none is None:
            return "missing"
        when = when_or_none
    if when <= now:
        return "past"
    return "too_far" if when > now + FARTHEST else when


def _of_day(wanted: Asked, day: object, now: datetime, zone: str) -> datetime | None:
    """A part of a day, else its working morning; today when no day but a part of one was said."""
    part = next((at for pattern, at in _PARTS if pattern.search(wanted.text)), None)
    if isinstance(day, dict) and (day.get("start") or day.get("end")):
        date = datetime.fromisoformat(str(day.get("start") or day["end"])).date()
    elif part is not None:
        date = now.astimezone(ZoneInfo(zone)).date()
    else:
        return None
    return datetime.combine(date, part or WORK_BEGINS, ZoneInfo(zone))
