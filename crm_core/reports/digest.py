"""What a manager should know about a period: every figure against the period before, and what stands out."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from crm_core.customers import COUNTED
from crm_core.models import Customer, Interaction, Order
from crm_core.reports.changes import explain
from crm_core.reports.metrics import Figure, dimensions, measure
from crm_core.reports.periods import ONE_DAY, Period, one_day

LINES = (
    "messages", "conversations", "mood", "complaints", "handovers", "first_response", "answer_time", "csat",
    "new_customers", "orders", "revenue",
)  # fmt: skip
DRIVERS = {
    "messages": "intent", "conversations": "channel", "complaints": "channel", "handovers": "channel",
    "new_customers": "city", "orders": "category", "revenue": "category",
}  # fmt: skip
"""By what a change of each figure is explained."""
CHART_DAYS = 14
MOOD_DAYS = 7
"""One day is too short to tell a mood: who is unhappy is looked for in this many days at least."""
SHOWN_INTENTS = 6
SHOWN_UNHAPPY = 5
UNHAPPY_BELOW = -200
HIGH_VALUE_SHARE = 0.2
"""The customers who spent most so far: this share of all who ever bought."""
DRIVES_FROM = 0.4
"""From this share of a change on, one part is said to drive it."""


@dataclass(frozen=True, slots=True)
class Driver:
    """The part that makes up most of a change. `share` is its part of the change (1.0 is all of it)."""

    dimension: str
    key: str | None
    share: float


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One figure with the one of the period before."""

    figure: Figure
    before: Figure
    driver: Driver | None = None

    @property
    def change(self) -> float | None:
        """The difference, None where one side is not known."""
        if self.figure.value is None or self.before.value is None:
            return None
        return self.figure.value - self.before.value

    @property
    def percent(self) -> int | None:
        """The change in per cent of before; None where that says nothing (from zero, or moods and ratings)."""
        if self.change is None or not self.before.value or self.figure.unit in ("mood", "rating"):
            return None
        return round(100 * self.change / abs(self.before.value))

    @property
    def usual(self) -> float | None:
        """How much such a figure moves by chance, in its own unit; None where that cannot be told of so few."""
        few, unit = min(self.figure.count, self.before.count) < 5, self.figure.unit
        before = abs(self.before.value or 0)
        if unit == "count":
            return max(3, 2 * math.sqrt(max(self.before.value or 0, self.figure.value or 0, 1)), before * 0.2)
        if few:
            return None
        if unit in ("mood", "rating"):
            return 150 if unit == "mood" else 0.5
        if not before:
            return None
        return max(1, before * 0.5) if unit == "seconds" else before * 0.3

    @property
    def surprise(self) -> float:
        """The change as a multiple of what chance brings; 0 where either is not known."""
        return abs(self.change) / self.usual if self.change is not None and self.usual else 0.0

    @property
    def notable(self) -> bool:
        """Whether it moved more than such figures do by chance."""
        return self.surprise >= 1


@dataclass(frozen=True, slots=True)
class IntentLine:
    """How often something was wanted, and how often in the period before."""

    intent: str
    count: int
    before: int


@dataclass(frozen=True, slots=True)
class UnhappyCustomer:
    """Somebody who spent much and wrote in a bad mood."""

    customer_id: int
    number: int
    name: str
    spend_minor: int
    currency: str
    mood_milli: int
    messages: int


@dataclass(frozen=True, slots=True)
class DayPoint:
    """One day of the chart; mood is None on a day without messages."""

    day: date
    messages: int
    mood_milli: float | None


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything a digest says, in figures. `days` end with the period's last day."""

    period: Period
    compared: Period
    lines: tuple[DigestLine, ...]
    intents: tuple[IntentLine, ...]
    unhappy: tuple[UnhappyCustomer, ...]
    days: tuple[DayPoint, ...]
    mood_period: Period
    """In which the unhappy customers wrote: the period, or the week that ends with it where that is longer."""

    @property
    def notable(self) -> tuple[DigestLine, ...]:
        """The lines that stand out; none: nothing notable happened."""
        return tuple(line for line in self.lines if line.notable)

    def line(self, metric: str) -> DigestLine:
        """The line of one figure."""
        return next(line for line in self.lines if line.figure.metric == metric)


def yesterday(now: datetime, zone: str) -> Period:
    """The last whole local day: what the daily digest is about."""
    return one_day(now.astimezone(ZoneInfo(zone)).date() - ONE_DAY, zone)


def build_digest(session: Session, period: Period, compared: Period | None = None) -> Digest:
    """Gather the digest of a period. It names customers: show it to managers alone.

    Args:
        compared: the period it is held against; the one just before unless given.
    """
    compared = compared or period.before()
    first = min(period.first, period.last - timedelta(days=MOOD_DAYS))
    mood_period = Period(first, period.last, period.zone, period.until)
    return Digest(
        period=period,
        compared=compared,
        lines=tuple(compare(session, metric, period, compared) for metric in LINES),
        intents=_intents(session, period, compared),
        unhappy=_unhappy(session, mood_period),
        mood_period=mood_period,
        days=_days(session, period),
    )


def compare(session: Session, metric: str, period: Period, compared: Period) -> DigestLine:
    """One figure in both periods; a notable change with what drives it, where one part clearly does."""
    line = DigestLine(measure(session, metric, period), measure(session, metric, compared))
    by = DRIVERS.get(metric)
    if not line.notable or by is None or by not in dimensions(metric):
        return line
    return DigestLine(line.figure, line.before, _driver(session, line, by, period, compared))


def _driver(session: Session, line: DigestLine, by: str, period: Period, compared: Period) -> Driver | None:
    found = explain(session, line.figure.metric, period, compared, by, {}, {})
    if len(found.parts) < 2 or not found.change:
        return None
    part = max(found.parts, key=lambda each: (each.did / found.change, each.key or ""))
    share = float(part.did / found.change)
    return Driver(by, part.key, min(share, 1.0)) if share >= DRIVES_FROM else None


def _intents(session: Session, period: Period, compared: Period) -> tuple[IntentLine, ...]:
    rows = measure(session, "top_intents", period).rows[:SHOWN_INTENTS]
    if not rows:
        return ()
    only = {"intent": [row.key or "" for row in rows]}
    then = {row.key: row.count for row in measure(session, "top_intents", compared, "intent", only=only).rows}
    return tuple(IntentLine(row.key or "", row.count, then.get(row.key, 0)) for row in rows)


def _days(session: Session, period: Period) -> tuple[DayPoint, ...]:
    first = min(period.first, period.last - timedelta(days=CHART_DAYS))
    shown = Period(max(first, period.last - timedelta(days=31)), period.last, period.zone, period.until)
    moods = {row.key: row.value for row in measure(session, "mood", shown, "day").rows}
    return tuple(
        DayPoint(date.fromisoformat(row.key or ""), row.count, moods.get(row.key))
        for row in measure(session, "messages", shown, "day").rows
    )


# --- unhappy customers who matter much ------------------------------------------------------------------------------
def _spent_by_customer() -> Subquery:
    return (
        select(
            Order.customer_id,
            func.sum(Order.total_minor).label("spend"),
            func.max(Order.currency).label("currency"),
        )
        .where(Order.status.in_(COUNTED))
        .group_by(Order.customer_id)
        .subquery()
    )


def _unhappy_by_customer(period: Period) -> Subquery:
    total, count = func.sum(Interaction.sentiment_milli), func.count(Interaction.sentiment_milli)
    return (
        select(Interaction.customer_id, total.label("total"), count.label("count"))
        .where(
            Interaction.direction == "in",
            Interaction.author == "customer",
            Interaction.kind != "edit",
            Interaction.occurred_at >= period.start,
            Interaction.occurred_at < period.end,
        )
        .group_by(Interaction.customer_id)
        .having(total < UNHAPPY_BELOW * count)
        .subquery()
    )


def _unhappy(session: Session, period: Period) -> tuple[UnhappyCustomer, ...]:
    """Those of the top spenders whose mean mood in the period is bad, the largest spend first."""
    spent = _spent_by_customer()
    buyers = session.execute(select(func.count()).select_from(spent)).scalar_one()
    if not buyers:
        return ()
    place = max(0, math.ceil(buyers * HIGH_VALUE_SHARE) - 1)
    least = session.execute(select(spent.c.spend).order_by(spent.c.spend.desc()).offset(place).limit(1)).scalar_one()
    felt = _unhappy_by_customer(period)
    query = (
        select(Customer, spent.c.spend, spent.c.currency, felt.c.total, felt.c.count)
        .join(spent, spent.c.customer_id == Customer.id)
        .join(felt, felt.c.customer_id == Customer.id)
        .where(spent.c.spend >= least, Customer.merged_into_id.is_(None))
        .order_by(spent.c.spend.desc(), Customer.number)
        .limit(SHOWN_UNHAPPY)
    )
    return tuple(
        UnhappyCustomer(
            customer_id=customer.id,
            number=customer.number,
            name=customer.name or "",
            spend_minor=int(spend),
            currency=money,
            mood_milli=round(int(added) / int(messages)),
            messages=int(messages),
        )
        for customer, spend, money, added, messages in session.execute(query)
    )
