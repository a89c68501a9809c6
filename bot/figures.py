"""Figures, changes and periods in the words of the reader's language."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from babel.dates import format_date

from bot import wording
from bot.failure_words import child_words
from bot.phrases import Phrases
from bot.query_words import spoken
from crm_core.analytics.child import ChildFailed
from crm_core.reports.digest import DigestLine
from crm_core.reports.periods import Period, add_months

UNKNOWN = "–"
LARGE = 100_00
"""Minor units from which on cents say nothing at a glance."""
PLURALS = {"need": "needs_said", "category": "categories", "priority": "priorities", "topic": "topic_names"}
PATTERNS = {"en": ("EEE d MMM", "d MMM", "d MMM y", "MMM y"), "zh": ("M月d日 EEE", "M月d日", "y年M月d日", "y年M月")}


class FigureWords:
    """Says figures in one language. `agents`: names of staff by id, as text; `product`: what a SKU is called;
    `topic`: what a topic that was found is."""

    def __init__(
        self,
        phrases: Phrases,
        language: str,
        agents: Mapping[str, str] | None = None,
        product: Callable[[str], str] = str,
        topic: Callable[[str], str] = str,
    ) -> None:
        self._phrases = phrases
        self._agents = agents or {}
        self._product = product
        self._topic = topic
        self.language = language
        self._whole = False

    def rounded(self) -> "FigureWords":
        """The same, larger amounts of money without cents: what is read at a glance."""
        words = FigureWords(self._phrases, self.language, self._agents)
        words._whole = True
        return words

    def say(self, key: str, **values: object) -> str:
        """A phrase below `manager`."""
        return self._phrases(f"manager.{key}", self.language, **values)

    def failed(self, problem: ChildFailed) -> str:
        """Why charts or a forecast could not be made."""
        return child_words(self._phrases, self.language, problem)

    def metric(self, name: str) -> str:
        """A figure's name."""
        return self.say(f"metrics.{name}")

    # --- values -----------------------------------------------------------------------------------------------------
    def value(self, unit: str, value: float | None) -> str:
        """A figure's value with its unit."""
        if value is None:
            return UNKNOWN
        if unit == "count":
            return f"{value:,.0f}"
        if unit == "mood":
            return _signed(value / 1000, 2) if round(value / 10) else "0.00"
        if unit == "rating":
            return f"{value:.1f} / 5"
        if unit == "seconds":
            return self.duration(value)
        whole = self._whole and abs(value) >= LARGE
        return wording.money(round(value), unit, self.language, whole=whole) if unit else "0"

    def amount(self, unit: str, value: float | None) -> str:
        """How much, without a sign: of a mood 0.15, of a rating 0.5."""
        if value is None:
            return UNKNOWN
        if unit in ("mood", "rating"):
            return f"{value / 1000:.2f}" if unit == "mood" else f"{value:.1f}"
        return self.value(unit, math.ceil(value) if unit == "count" else value)

    def duration(self, seconds: float) -> str:
        """How long something took, in the two largest units that matter."""
        if seconds < 60:
            return self.say("durations.seconds", seconds=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
        minutes = round(seconds / 60)
        if minutes < 60:
            return self.say("durations.minutes", minutes=minutes)
        hours, rest = divmod(minutes, 60)
        if hours < 48:
            return self.say("durations.hours", hours=hours, minutes=rest)
        return self.say("durations.days", days=hours // 24, hours=hours % 24)

    def change(self, line: DigestLine) -> str:
        """The change against before: absolute, and in per cent where that says something."""
        change, unit = line.change, line.figure.unit or line.before.unit
        if change is None:
            return UNKNOWN
        if self.value(unit, abs(change)) == self.value(unit, 0):
            return "±0"  # also what is too small to be shown
        if unit in ("mood", "rating"):
            return _signed(change / 1000 if unit == "mood" else change, 2 if unit == "mood" else 1)
        told = ("+" if change > 0 else "−") + self.value(unit, abs(change))
        return told if line.percent is None else f"{told} ({_signed(line.percent, 0)} %)"

    def signed(self, value: float, digits: int) -> str:
        """A number with its sign."""
        return _signed(value, digits)

    # --- parts ------------------------------------------------------------------------------------------------------
    def part(self, dimension: str, key: str | None) -> str:
        """A part of a figure: an intent, a channel, a city …; what has no name of its own is shown as stored."""
        if key is None:
            return self.say("unknown")
        if dimension in ("day", "week", "month"):
            return self.bucket(dimension, date.fromisoformat(key))
        if dimension in ("agent", "product", "city"):
            return self._named(dimension, key)
        name = f"manager.{PLURALS.get(dimension, f'{dimension}s')}.{key}"
        if self._phrases.has(name):
            return self._phrases(name, self.language)
        if dimension == "topic":
            return self._topic(key)
        return key.replace("_", " ") if dimension in ("intent", "category") else key

    def _named(self, dimension: str, key: str) -> str:
        if dimension == "agent":
            return self._agents.get(key, key)
        if dimension == "city":
            return spoken("places", key, self.language)
        return wording.listed((self._product(sku) for sku in _skus(key)), self.language) or self.say("no_product")

    def bucket(self, unit: str, first: date) -> str:
        """A day, week or month in a table."""
        if unit == "day":
            return self._date(first, 0)
        return self.say("week_of", day=self._date(first, 1)) if unit == "week" else self._date(first, 3)

    def last_bucket(self, unit: str, first: date, period: Period) -> str:
        """The last day, week or month of a period in a table: a week that goes on is called so."""
        goes_on = unit == "week" and period.is_partial and period.last - first <= timedelta(days=7)
        return self.say("this_week") if goes_on else self.bucket(unit, first)

    def short_day(self, day: date) -> str:
        """A day under a chart."""
        return self._date(day, 1)

    def period(self, period: Period) -> str:
        """A period as people say it; one that is still going on is marked so."""
        said = self._span(period)
        if period.is_partial and period.days == 7 and not period.first.weekday():
            return self.say("week_so_far", period=said)
        return self.say("so_far", period=said) if period.is_partial else said

    def compared(self, period: Period) -> str:
        """The period something is held against; one that is cut off says so."""
        said = self._span(period)
        return self.say("same_point", period=said) if period.is_partial else said

    def _span(self, period: Period) -> str:
        first, last = period.first, period.last - timedelta(days=1)
        if period.days == 1:
            day = self._date(first, 0)
            return f"{day} {first.year}" if self.language == "en" else f"{first.year}年{day}"
        if first.day == 1 and period.last == add_months(first, 1):
            return self._date(first, 3)
        short = 1 if first.year == last.year else 2  # the year is said once where one is enough
        shown = (short, 2) if self.language == "en" else (2, short)
        return self.say("from_to", first=self._date(first, shown[0]), last=self._date(last, shown[1]))

    def _date(self, day: date, pattern: int) -> str:
        return format_date(day, PATTERNS[self.language][pattern], locale=wording.LOCALES[self.language])


def _skus(key: str) -> list[str]:
    """The products of a part: a SKU, or the JSON list that posts have."""
    return [str(sku) for sku in json.loads(key)] if key.startswith("[") else [key]


def _signed(value: float, digits: int) -> str:
    """With its sign, and the minus that is as wide as the plus."""
    return f"{value:+,.{digits}f}".replace("-", "−")
