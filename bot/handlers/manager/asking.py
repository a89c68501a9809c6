"""What managers' questions have in common: which period, what it is held against, what it is narrowed to."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.figures import FigureWords
from bot.messages import Choice
from bot.phrases import Phrases
from bot.turns import Turn
from crm_core.catalogue import product_name
from crm_core.reports.digest import yesterday
from crm_core.reports.periods import Period, last_days, one_day
from crm_core.reports.topics import topic_name
from crm_core.staff.colleagues import names_by_id
from crm_core.staff.store import StaffStore
from nlu.understanding import Understanding

ManagerTurn = Turn[StaffStore]

DEFAULT_DAYS = 30
_YEAR = re.compile(
    r"\b(?:in|during|since|for|year|of|[a-z]{3}|march|april|june|july|august|[a-z]+ember|[a-z]+uary) (1\d{3}|20\d\d)"
    r"(?=\W*$)|(?<!\d)(1\d{3}|20\d\d)年",
    re.IGNORECASE,
)
LONGEST = timedelta(days=366 * 5)


@dataclass(frozen=True, slots=True)
class Asked:
    """The periods a question names. `compared` is None when it names one period alone, or none."""

    period: Period | None
    compared: Period | None


def words_of(turn: ManagerTurn) -> FigureWords:
    """Figures in the language of the turn."""
    return words_in(turn.language, turn.services.phrases, turn.store.session)


def words_in(language: str, phrases: Phrases, session: Session) -> FigureWords:
    """Figures in a language, with the names of colleagues, products and topics."""
    product, topic = (partial(name, session, language=language) for name in (product_name, topic_name))
    return FigureWords(phrases, language, names_by_id(session), product, topic)


def asked_periods(understanding: Understanding, now: datetime, zone: str) -> Asked:
    """The first period that is named, and the second as the one it is held against."""
    spans = [span for span in (_span(value, now, zone) for value in understanding.all("date_range")) if span]
    if not spans:
        return Asked(None, None)
    period = spans[0]
    compared = next((span for span in spans[1:] if span != period), None)
    natural = period.before()
    if compared and period.is_partial and (compared.first, compared.last) == (natural.first, natural.last):
        compared = natural  # half a month is not held against a whole one
    return Asked(period, compared)


def unread_period(understanding: Understanding, now: datetime, zone: str) -> str:
    """What names a period, and cannot be read as one: a year long past, more than five years; "" if there is none."""
    named = [one for one in understanding.entities if one.name == "date_range"]
    year = _YEAR.search(understanding.text[:600])
    if year and not any(one.start <= year.end(year.lastindex or 0) <= one.end for one in named):
        return year[year.lastindex or 0]
    return "" if not named or any(_span(one.value, now, zone) for one in named) else named[0].text


def default_period(now: datetime, zone: str) -> Period:
    """What a question without a period is about: the last 30 days up to now."""
    return last_days(_today(now, zone), DEFAULT_DAYS, zone, now)


def named_period(name: str, now: datetime, zone: str) -> Period | None:
    """A period that a button names: yesterday, today, or 7d for the last seven whole days."""
    today = _today(now, zone)
    if name == "today":
        return one_day(today, zone, now)
    if name == "yesterday":
        return yesterday(now, zone)
    if name.endswith("d") and name[:-1].isdecimal() and 0 < int(name[:-1]) <= 366:
        return last_days(today - timedelta(days=1), int(name[:-1]), zone)
    return None


def offers(words: FigureWords) -> tuple[Choice, ...]:
    """What always works."""
    return (
        Choice(label=words.say("offers.digest_now"), value="digest_now", style="primary"),
        Choice(label=words.say("offers.overview"), value="metric_query:overview"),
        Choice(label=words.say("offers.revenue"), value="metric_query:revenue"),
    )


def _span(value: Any, now: datetime, zone: str) -> Period | None:
    """An entity's half-open span of dates; open at its start it reaches back a year, and nothing reaches ahead."""
    if not isinstance(value, dict):
        return None
    today = _today(now, zone)
    last = date.fromisoformat(value["end"]) if value.get("end") else today + timedelta(days=1)
    first = date.fromisoformat(value["start"]) if value.get("start") else last - timedelta(days=365)
    if not first < last or last - first > LONGEST:
        return None
    return Period(first, last, zone, now)


def _today(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()
