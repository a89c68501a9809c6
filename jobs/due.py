"""When jobs are due: `config/schedule.yml` turned into moments. Each local time comes once, whatever the clocks do.

APScheduler's cron skips a midnight that does not exist and fires twice at an hour that comes twice; its numbers for
weekdays differ from crontab's. So due times are worked out here, from local dates, and weekdays have names.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from config.settings import FOLDER
from crm_core.errors import CrmError
from crm_core.reports.periods import local_moment

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AROUND = 70
"""Days that are searched for a due time: more than any month has."""


class ScheduleError(CrmError):
    """`config/schedule.yml` cannot be used; the text names the job and what is wrong."""


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _weekdays(value: Any) -> Any:
    """mon-fri, or mon,thu, or names in a list."""
    parts = value if isinstance(value, list) else str(value).lower().replace(" ", "").split(",")
    found: list[str] = []
    for part in parts:
        first, _, last = str(part).partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise ValueError(f"{part!r} is no weekday; write names such as mon-fri or mon,thu")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found += [WEEKDAYS[place % 7] for place in range(start, end + 1 if end >= start else end + 8)]
    return frozenset(found)


class Cron(BaseModel):
    """Local times on some days."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hour: Annotated[list[Annotated[int, Field(ge=0, le=23)]], BeforeValidator(_listed)]
    minute: Annotated[list[Annotated[int, Field(ge=0, le=59)]], BeforeValidator(_listed)] = [0]
    day_of_week: Annotated[frozenset[str], BeforeValidator(_weekdays)] = frozenset(WEEKDAYS)
    day: Annotated[list[Annotated[int, Field(ge=1, le=31)]] | None, BeforeValidator(_listed)] = None

    @field_validator("day", mode="before")
    @classmethod
    def no_day(cls, value: Any) -> Any:
        """Nothing means any day."""
        return None if value == [None] else value

    def times(self) -> list[time]:
        """The local times of a day, in order."""
        return sorted(time(hour, minute) for hour in self.hour for minute in self.minute)

    def holds(self, day: date) -> bool:
        """Whether it runs on a day."""
        return WEEKDAYS[day.weekday()] in self.day_of_week and (self.day is None or day.day in self.day)


class Entry(BaseModel):
    """One job of the schedule: either by local time, or every so many seconds in each serving process."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cron: Cron | None = None
    zone: str = "business"
    every_seconds: int | None = Field(default=None, ge=30)
    late_hours: float = Field(default=24, gt=0)

    @model_validator(mode="after")
    def one_kind(self) -> "Entry":
        """Refuse both and neither."""
        if (self.cron is None) == (self.every_seconds is None):
            raise ValueError("give either cron or every_seconds")
        return self

    @field_validator("zone")
    @classmethod
    def zone_exists(cls, zone: str) -> str:
        """Refuse a zone the clock does not know."""
        try:
            return zone if zone == "business" else ZoneInfo(zone).key
        except (KeyError, ValueError) as error:
            raise ValueError(f"{zone!r} is no time zone; write business, or a name such as Europe/London") from error

    def newest_due(self, now: datetime, business_zone: str) -> datetime | None:
        """The last moment at or before now at which it was due."""
        return max((moment for moment in self._around(now, business_zone, back=True) if moment <= now), default=None)

    def next_due(self, now: datetime, business_zone: str) -> datetime | None:
        """The first moment after now at which it will be due."""
        return min((moment for moment in self._around(now, business_zone, back=False) if moment > now), default=None)

    def _around(self, now: datetime, business_zone: str, *, back: bool) -> Iterator[datetime]:
        """Due times of the nearest days that have any, yesterday's and tomorrow's included."""
        if self.cron is None:
            return
        zone = business_zone if self.zone == "business" else self.zone
        here = now.astimezone(ZoneInfo(zone)).date()
        found = 0
        for distance in range(-1, LOOK_AROUND):
            day = here - timedelta(days=distance) if back else here + timedelta(days=distance)
            if self.cron.holds(day):
                yield from (local_moment(day, at, zone) for at in self.cron.times())
                found += distance > 0
            if found:
                return


def read_schedule(known: Mapping[str, object], path: Path = FOLDER / "schedule.yml") -> dict[str, Entry]:
    """The schedule: job name to when it runs.

    Raises:
        ScheduleError: broken YAML, an unknown job, or a time that makes no sense.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {}
        entries = {str(name): Entry.model_validate(given) for name, given in content.items()}
    except OSError as error:
        raise ScheduleError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ScheduleError(f"{path}: {error}") from error
    except (ValidationError, AttributeError) as error:
        raise ScheduleError(f"{path}: {error}") from error
    unknown = sorted(set(entries) - set(known))
    if unknown:
        raise ScheduleError(f"{path}: there is no job {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
    return entries
