"""Money, dates and moods as people of a language and zone read them."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency

LOCALES = {"en": "en_GB", "zh": "zh_CN"}
GOOD, BAD = 200, -200


def listed(parts: Iterable[str], language: str) -> str:
    """Things one after the other: "tea, coffee", 茶、咖啡."""
    return ("、" if language == "zh" else ", ").join(parts)


def money(minor: int, currency: str, language: str, *, whole: bool = False) -> str:
    """12345, "CNY" as "CN¥123.45" or "¥123.45"; `whole` leaves out the cents: "CN¥123"."""
    pattern = "¤#,##0" if whole else None
    return format_currency(minor / 100, currency or "CNY", pattern, locale=LOCALES[language], currency_digits=not whole)


def whole_money(minor: int, currency: str, language: str) -> str:
    """The same without the small change, for sums that are only roughly known: "CN¥123"."""
    pattern = "¤#,##0"
    return format_currency(minor / 100, currency or "CNY", pattern, locale=LOCALES[language], currency_digits=False)


def day(moment: datetime | date, language: str, zone: str) -> str:
    """A day as people write it: 23 Nov 2026, 2026年11月23日."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(ZoneInfo(zone)).date()
    return format_date(moment, "d MMM y" if language == "en" else "y年M月d日", locale=LOCALES[language])


def month(day: date, language: str) -> str:
    """A month: Nov 2026, 2026年11月."""
    return format_date(day, "MMM y" if language == "en" else "y年M月", locale=LOCALES[language])


def moment(when: datetime, language: str, zone: str) -> str:
    """A day with the time, in the reader's zone."""
    pattern = "d MMM y, HH:mm" if language == "en" else "y年M月d日 HH:mm"
    return format_datetime(when, pattern, tzinfo=ZoneInfo(zone), locale=LOCALES[language])


def mood_key(milli: int | None) -> str:
    """Which word says a mood: unknown, good, bad or neutral (keys below `moods` of the phrases)."""
    if milli is None:
        return "unknown"
    if milli >= GOOD:
        return "good"
    return "bad" if milli <= BAD else "neutral"
