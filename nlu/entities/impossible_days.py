"""Days that no calendar has: February 30, 2月30日, 2026-13-01. They are said to be none, never read as another day."""

import re
from calendar import monthrange
from collections.abc import Iterator

from nlu.entities.date_readings import MONTH_NUMBERS

_MONTH = "(?:" + "|".join(sorted((name for name in MONTH_NUMBERS if name != "may"), key=len, reverse=True)) + r")\.?"
_TH = r"(?:st|nd|rd|th)?(?![\w:%]|\.\d)"
_YEAR = r"(?:,? (?P<year>(?:19|20)\d\d)(?!\d))?"
_DAYS = (
    re.compile(rf"(?<![a-z])(?P<name>{_MONTH}) (?P<day>[1-3]?\d){_TH}{_YEAR}", re.IGNORECASE),
    re.compile(rf"(?<![\d.,/-])(?P<day>[1-3]?\d){_TH} (?:of )?(?P<name>{_MONTH})(?![a-z]){_YEAR}", re.IGNORECASE),
    re.compile(r"(?:(?P<year>(?:19|20)\d\d)年)?(?<!\d)(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]"),
    re.compile(r"(?<![\d./-])(?P<year>(?:19|20)\d\d)(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)(?![\d/-])"),
)
LEAP_YEAR = 2024


def impossible_days(text: str) -> Iterator["re.Match[str]"]:
    """Where a text names a day that there is not; without a year, February may have 29 days."""
    for pattern in _DAYS:
        for match in pattern.finditer(text):
            said = match.groupdict()
            month = MONTH_NUMBERS[said["name"].lower().rstrip(".")] if said.get("name") else int(said["month"])
            year = int(said["year"] or LEAP_YEAR)
            if not 1 <= month <= 12 or not 1 <= int(said["day"]) <= monthrange(year, month)[1]:
                yield match


def impossible_day(text: str) -> str:
    """The first such day as it was said; "" where there is none.

    >>> impossible_day("revenue on Feb 30")
    'Feb 30'
    >>> impossible_day("2月29日")
    ''
    """
    return next((match.group() for match in impossible_days(text[:600])), "")
