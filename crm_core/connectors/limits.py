"""When a network may be asked again, from what it says in the headers of its answers, whichever way it says it.

Absolute times are taken as spans from the answer's own `Date`, because our clock may be wrong, or theirs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST = timedelta(hours=24)
"""A limit that holds for longer is asked about again after a day."""
FULL = 95
"""Facebook counts in percent, and blocks the whole app at 100."""
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
EPOCH_FROM = 10**9
"""Numbers from here on are moments since 1970, smaller ones are spans."""
_FAMILIES = ("x-ratelimit", "x-rate-limit", "ratelimit")
_USAGE = ("x-app-usage", "x-page-usage", "x-ad-account-usage", "x-business-use-case-usage")


def pause_after(failures: int) -> timedelta:
    """How long to leave a network alone that fails without saying for how long; doubles each time."""
    return timedelta(seconds=min(FIRST_PAUSE.total_seconds() * 2.0 ** min(failures, 10), LONGEST_PAUSE.total_seconds()))


def wait(headers: Mapping[str, str], now: datetime, refused: bool) -> timedelta | None:
    """How long not to ask again; None when the headers ask for no pause.

    Args:
        headers: by lower-case name.
        refused: the answer was 429 or the like: a limit's reset counts even if the header still counts calls as left.
    """
    theirs = _date(headers.get("date", "")) or now
    spans = [_retry_after(headers.get("retry-after", ""), theirs), *_usage(headers)]
    spans += [_family(headers, name, theirs, refused) for name in _FAMILIES]
    spans.append(_structured(headers.get("ratelimit", ""), refused))
    found = [span for span in spans if span is not None]
    return min(max(*found, timedelta(seconds=1)), LONGEST) if found else None


def _retry_after(text: str, theirs: datetime) -> timedelta | None:
    """Seconds, or a date in the form of HTTP."""
    if not text:
        return None
    seconds = _number(text)
    if seconds is not None:
        return _span(seconds)
    date = _date(text)
    return date - theirs if date else None


def _family(headers: Mapping[str, str], name: str, theirs: datetime, refused: bool) -> timedelta | None:
    """Limit, remaining and reset in three headers. The reset is a moment or a span, in one of four forms."""
    left = _number(headers.get(f"{name}-remaining", ""))
    reset = headers.get(f"{name}-reset", "")
    if not reset or (not refused and (left is None or left >= 1)):
        return None
    return _reset(reset, theirs)


def _reset(text: str, theirs: datetime) -> timedelta | None:
    number = _number(text)
    if number is None:
        moment = _iso(text) or _date(text)
        return moment - theirs if moment else None
    if number >= EPOCH_FROM * 1000:
        number /= 1000
    return _span(number - theirs.timestamp()) if number >= EPOCH_FROM else _span(number)


def _structured(text: str, refused: bool) -> timedelta | None:
    """`limit=100, remaining=0, reset=30`, or `"default";r=0;t=30`: the two drafts of the standard."""
    found = dict(re.findall(r"\b(remaining|reset|r|t)=(\d{1,12})", text[:500]))
    left, reset = found.get("remaining", found.get("r")), found.get("reset", found.get("t"))
    if reset is None or (not refused and left != "0"):
        return None
    return _span(float(reset))


def _usage(headers: Mapping[str, str]) -> Iterator[timedelta]:
    """Facebook and Instagram: shares of what is allowed in percent, in JSON."""
    for name in _USAGE:
        for entry in _entries(headers.get(name, "")):
            minutes = _number(str(entry.get("estimated_time_to_regain_access", "")))
            seconds = _number(str(entry.get("reset_time_duration", "")))
            if minutes:
                yield _span(minutes * 60)
            elif any(
                (_number(str(share)) or 0) >= FULL for key, share in entry.items() if not key.endswith("duration")
            ):
                yield _span(seconds) if seconds else LONGEST_PAUSE


def _entries(text: str) -> list[dict[str, Any]]:
    try:
        said = json.loads(text or "{}")
    except ValueError:
        return []
    if not isinstance(said, dict):
        return []
    lists = [value for value in said.values() if isinstance(value, list)]
    return [entry for each in lists for entry in each if isinstance(entry, dict)] or [said]


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", text) else None


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), LONGEST.total_seconds()))


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
