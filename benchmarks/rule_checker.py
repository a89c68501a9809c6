"""Counts messages that were against the rules, from what was said and sent alone.

Written from the rules' words (docs/campaigns.md) and with none of the code that keeps them, the clock of the zones
included: a mistake would have to be made twice, in two ways, to stay hidden.

- What sells (marketing, restock, prices, tips) needs a yes: to just that, or, where they never said anything about just
  that, to marketing. The newest word counts; a word about a channel counts for it, a word about none for all.
- After "stop" nothing that nobody asked for goes but news of orders, until a new yes. No to marketing ends surveys too,
  unless they want just these.
- Nothing in quiet hours of their own clock, or on their days off: their own hours, or else 21:00 to 09:00.
- Where they named one channel, only there.
- News of orders apart: one a day at most, three in any seven days in a row, and as seldom as they wish.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

SELLS = ("marketing", "restock", "prices", "tips")
USUAL = (21 * 60, 9 * 60)

Sunday = tuple[int, int, int]
"""A month, which Sunday of it (0: the last), and the minute of the day in standard time."""
EUROPE = {0: ((3, 0, 60), (10, 0, 60)), 60: ((3, 0, 120), (10, 0, 120))}
ZONES: Mapping[str, tuple[int, int, tuple[Sunday, Sunday] | None]] = {
    "Asia/Shanghai": (480, 0, None),
    "Asia/Kolkata": (330, 0, None),
    "Europe/London": (0, 60, EUROPE[0]),
    "Europe/Berlin": (60, 60, EUROPE[60]),
    "America/New_York": (-300, 60, ((3, 2, 120), (11, 1, 60))),
    "America/Los_Angeles": (-480, 60, ((3, 2, 120), (11, 1, 60))),
    "Australia/Sydney": (600, 60, ((10, 1, 120), (4, 1, 120))),
    "Australia/Lord_Howe": (630, 30, ((10, 1, 120), (4, 1, 90))),
    "Pacific/Auckland": (720, 60, ((9, 0, 120), (4, 1, 120))),
}
"""Minutes from UTC, minutes that summer adds, and when it begins and ends. Two of them are south of the equator."""


@dataclass(frozen=True)
class Event:
    """Something said, wished or sent. `kind` and `channel` "" stand for all of them; a stop is a word about all."""

    moment: datetime
    person: int
    what: Literal["said", "stopped", "wished", "sent"]
    kind: str = ""
    channel: str = ""
    yes: bool = False
    quiet: tuple[int, int] | None = None
    days_off: tuple[int, ...] = ()
    every_days: int = 0


@dataclass
class _Known:
    """What holds for one customer at a moment."""

    said: list[Event] = field(default_factory=list)
    stopped: datetime | None = None
    wished: Event | None = None
    sent: list[datetime] = field(default_factory=list)


def breaks(events: Iterable[Event], zones: Mapping[int, str]) -> Counter[str]:
    """How often each rule was broken by messages sent; `zones` by person."""
    found: Counter[str] = Counter()
    people = {person: _Known() for person in zones}
    for event in sorted(events, key=lambda each: each.moment):
        known = people[event.person]
        if event.what == "said":
            known.said.append(event)
        elif event.what == "stopped":
            known.stopped = event.moment
        elif event.what == "wished":
            known.wished = event
        else:
            found.update(_broken(event, known, zones[event.person]))
            if event.kind != "orders":
                known.sent.append(event.moment)
    return found


def _broken(sent: Event, known: _Known, zone: str) -> Iterable[str]:
    """The rules that one message breaks."""
    if not _agreed(sent, known):
        yield "consent"
    clock, wished = local(sent.moment, zone), known.wished
    start, end = (wished.quiet if wished else None) or USUAL
    minute = clock.hour * 60 + clock.minute
    if start <= minute < end if start <= end else minute >= start or minute < end:
        yield "quiet"
    if wished and clock.weekday() in wished.days_off:
        yield "day_off"
    if wished and wished.channel and wished.channel != sent.channel:
        yield "channel"
    if sent.kind != "orders":
        yield from _too_many(sent, known, clock.date(), zone)


def _agreed(sent: Event, known: _Known) -> bool:
    """Whether what was said allows it."""
    own, marketing = (_newest(known, kind, sent.channel) for kind in (sent.kind, "marketing"))
    if sent.kind in SELLS:
        return own is True or (own is None and marketing is True)
    if sent.kind == "orders":
        return own is not False
    return own is True or (own is None and marketing is not False)


def _newest(known: _Known, kind: str, channel: str) -> bool | None:
    """The word that counts about a kind; a stop undoes every yes before it, and is a no to marketing."""
    for event in reversed(known.said):
        if known.stopped and event.moment < known.stopped and kind == "marketing":
            return False
        if event.kind == kind and event.channel in ("", channel):
            void = event.yes and known.stopped is not None and event.moment < known.stopped and kind != "orders"
            return None if void else event.yes
    return False if known.stopped and kind == "marketing" else None


def _too_many(sent: Event, known: _Known, today: date, zone: str) -> Iterable[str]:
    days = [local(moment, zone).date() for moment in known.sent]
    if today in days:
        yield "day_cap"
    if sum(today - timedelta(days=7) < day <= today for day in days) >= 3:
        yield "week_cap"
    every = known.wished.every_days if known.wished else 0
    if any(sent.moment - moment < timedelta(days=every) for moment in known.sent):
        yield "own_cap"


# --- clocks ---------------------------------------------------------------------------------------------------------
def local(moment: datetime, zone: str) -> datetime:
    """What the clocks of a zone show, without a zone."""
    standard, summer, change = ZONES[zone]
    plain = moment.replace(tzinfo=None) + timedelta(minutes=standard)
    if change is None:
        return plain
    begins, ends = (_moment(plain.year, *each) for each in change)
    is_summer = begins <= plain < ends if begins < ends else plain >= begins or plain < ends
    return plain + timedelta(minutes=summer if is_summer else 0)


def _moment(year: int, month: int, which: int, minute: int) -> datetime:
    """A Sunday of a month, at a minute of standard time."""
    if which:
        first = date(year, month, 1)
        day = first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))
    else:
        last = date(year, month, 31 if month in (3, 10) else 30)
        day = last - timedelta(days=(last.weekday() + 1) % 7)
    return datetime.combine(day, time()) + timedelta(minutes=minute)
