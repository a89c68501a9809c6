"""Hours and days in which somebody does not want to be written to, by their own clock."""

from collections.abc import Collection
from datetime import datetime

DAY = 24 * 60


def is_quiet(local: datetime, start: int | None, end: int | None, days: Collection[int] = ()) -> bool:
    """Whether it is quiet at a moment of one's own time: a day off (Monday is 0), or between two minutes of the day.

    >>> is_quiet(datetime(2026, 11, 23, 23, 30), 22 * 60, 8 * 60), is_quiet(datetime(2026, 11, 23, 8), 22 * 60, 8 * 60)
    (True, False)
    """
    if local.weekday() in days:
        return True
    if start is None or end is None:
        return False
    return (local.hour * 60 + local.minute - start) % DAY < (end - start) % DAY


def clock(minute: int) -> str:
    """A minute of the day as people write it: 1140 is 19:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
