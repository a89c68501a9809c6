"""What a sentence about customers is taken apart into: values found in it, times, things that become conditions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from crm_core.query.conditions import Condition

Make = Callable[["Thing"], list[Condition]]


class Mention(Protocol):
    """A value found in the sentence, with its place; -1 when it has none."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(slots=True)
class When:
    """A time that was said: a span of days, or a length without an end."""

    start: int
    end: int
    since: datetime | None = None
    until: datetime | None = None
    days: int | None = None

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Since and until; a length counts back from now."""
        if self.days is not None and self.since is None and self.until is None:
            return now - timedelta(days=self.days), None
        return self.since, self.until


@dataclass(slots=True)
class Thing:
    """Something said that becomes a condition, and that a time may belong to."""

    start: int
    end: int
    make: Callable[["Thing"], list[Condition]]
    when: When | None = None
    negated: bool = False
    values: tuple[str, ...] = ()
    kind: str = ""

    def bounds(self, now: datetime) -> dict[str, Any]:
        """The period of this thing; a length counts back from now."""
        since, until = self.when.bounds(now) if self.when else (None, None)
        return {"since": since, "until": until, "moves": self.when is not None and self.when.days is not None}


def times(mentions: Iterable[Mention], zone: str) -> list[When]:
    """The times of a sentence, in its order; a span of days and a length in the same place are one."""
    spans: dict[tuple[int, int], When] = {}
    for one in mentions:
        if one.name not in ("date_range", "duration", "datetime"):
            continue
        when = spans.setdefault((one.start, one.end), When(one.start, one.end))
        if one.name == "duration" and isinstance(one.value, dict):
            when.days = int(one.value.get("days", 1))
        elif one.name == "date_range" and isinstance(one.value, dict):
            when.since, when.until = (_midnight(one.value.get(bound), zone) for bound in ("start", "end"))
        elif one.name == "datetime":
            day = datetime.fromisoformat(str(one.value)).astimezone(ZoneInfo(zone)).date()
            when.since = datetime.combine(day, time(), ZoneInfo(zone))
            when.until = when.since + timedelta(days=1)
    return sorted(spans.values(), key=lambda when: when.start)


def _midnight(day: str | None, zone: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(day[:10]), time(), ZoneInfo(zone)) if day else None
