"""Customers by conditions: what a condition is, and the one SQL statement that it becomes on every database.

Words are read into conditions in `crm_core/query/reading.py`; conditions are said in words in `bot/query_words.py`.
Sums and counts are integers compared with integers, so that SQLite and PostgreSQL agree to the row.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import ColumnElement, Float, FromClause, Select, and_, cast, func, or_, select
from sqlalchemy.sql.selectable import Subquery

from config.settings import FOLDER
from crm_core.customers import COUNTED, MOOD_WINDOW
from crm_core.models import (
    Case,
    Customer,
    CustomerTag,
    Interaction,
    Order,
    OrderLine,
    Product,
    Score,
    Segment,
    SegmentMember,
)
from crm_core.scores import HIGH_CHURN, MEDIUM_CHURN, high_value_cut, low_value_cut

Field = Literal[
    "place", "spend", "orders", "last_order", "bought", "category", "mood", "complaints", "open_cases",
    "tier", "tag", "segment", "language", "kind", "missing", "first_seen", "churn", "value",
]  # fmt: skip
Operator = Literal["is", "is_not", "over", "at_least", "under", "at_most", "before", "after"]
Sort = Literal["spend", "orders", "last_order", "mood", "churn", "value"]
Value = str | int | tuple[str, ...]

SCORED = ("churn", "value")
"""Fields, and orders, that are scores."""
GOOD_MILLI, BAD_MILLI = 200, -200
"""From which mean sentiment on a customer counts as happy or unhappy."""
PROVINCES = {
    "Guangdong": ("Guangzhou", "Shenzhen", "Dongguan", "Foshan", "Zhuhai", "广东"),
    "Zhejiang": ("Hangzhou", "Ningbo", "Wenzhou", "Shaoxing", "浙江"),
    "Jiangsu": ("Nanjing", "Suzhou", "Wuxi", "Changzhou", "江苏"),
    "Sichuan": ("Chengdu", "Mianyang", "四川"),
}
COUNTRIES = {
    "China": "CN", "Hong Kong": "HK", "Macau": "MO", "Taiwan": "TW", "Singapore": "SG", "Japan": "JP",
    "United States": "US", "United Kingdom": "GB", "Germany": "DE", "France": "FR",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. Money is in minor units; `since` (included) and `until` (not included) bound what is counted.

    `value` by field: place, tier, tag, segment, language, kind: the name; missing: email or phone; bought: SKUs, any
    of which; category: category keys, any of which; mood: good, bad or neutral; churn and value: a band (high, medium,
    low), or thousandths of a chance, or minor units; the rest: a whole number; last_order and first_seen hold their
    moment in `since` or `until`.
    """

    field: Field
    operator: Operator
    value: Value = ""
    since: datetime | None = None
    until: datetime | None = None
    moves: bool = dataclasses.field(default=False, compare=False)
    """The bounds were counted back from the day it was said ("in the last 30 days"): what is kept moves along."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """All conditions together, what to put first, and how many; `unused` are the words that were not understood.

    `since` and `until` bound the spend and orders that are shown and sorted by, not who fits.
    """

    all: tuple[Condition, ...] = ()
    sort: Sort = "spend"
    descending: bool = True
    limit: int | None = None
    currency: str = "CNY"
    since: datetime | None = None
    until: datetime | None = None
    unused: tuple[str, ...] = ()

    @property
    def scores(self) -> tuple[str, ...]:
        """The scores that somebody is chosen or sorted by."""
        named = {self.sort, *(condition.field for condition in self.all)}
        return tuple(kind for kind in SCORED if kind in named)

    def dump(self) -> dict[str, Any]:
        """As plain JSON values."""
        plain = asdict(self)
        for holder in (plain, *plain["all"]):
            for bound in ("since", "until"):
                holder[bound] = holder[bound].isoformat() if holder[bound] else None
        return plain

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "Conditions":
        """What `dump` gave, back."""
        conditions = tuple(
            Condition(
                entry["field"], entry["operator"], _value(entry["value"]), *_moments(entry), entry.get("moves", False)
            )
            for entry in stored["all"]
        )
        since, until = _moments(stored)
        kept = {name: stored[name] for name in ("sort", "descending", "limit", "currency")}
        return cls(all=conditions, unused=tuple(stored.get("unused", ())), since=since, until=until, **kept)

    def moved(self, said_at: datetime, now: datetime, zone: str) -> "Conditions":
        """What was said then, as it is meant now: bounds that were counted back move on by whole days of the zone."""
        place = ZoneInfo(zone)
        days = now.astimezone(place).date() - said_at.astimezone(place).date()

        def later(bound: datetime | None) -> datetime | None:
            return (bound.astimezone(place) + days).astimezone(bound.tzinfo) if bound else None

        return replace(
            self,
            all=tuple(
                replace(one, since=later(one.since), until=later(one.until)) if one.moves else one for one in self.all
            ),
        )


def _value(stored: Any) -> Value:
    return tuple(stored) if isinstance(stored, list | tuple) else stored


def _moments(stored: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    since, until = (datetime.fromisoformat(stored[name]) if stored.get(name) else None for name in ("since", "until"))
    return since, until


Rules = Mapping[str, Conditions]
"""Folded name of a segment -> the conditions that define it, as they are meant now."""


def to_sql(conditions: Conditions, now: datetime, rules: Rules | None = None) -> Select[Any]:
    """The customers that fit: id, spend (minor units), orders, last_order, mood_sum and mood_count, in order; churn and
    value in thousandths where they are asked about.

    Visitors and merged records never fit. `limit` is not applied.

    Args:
        rules: segments that are what fits their conditions at this moment; all others are who was stored as a member.
    """
    orders = _orders_by_customer(conditions.currency, conditions.since, conditions.until)
    moods = _moods_by_customer(now - MOOD_WINDOW, None)
    columns = {
        "spend": func.coalesce(orders.c.spend, 0),
        "orders": func.coalesce(orders.c.orders, 0),
        "last_order": orders.c.last_order,
        "mood_sum": moods.c.total,
        "mood_count": func.coalesce(moods.c.count, 0),
    }
    source: FromClause = Customer.__table__.outerjoin(orders, orders.c.customer_id == Customer.id)
    source = source.outerjoin(moods, moods.c.customer_id == Customer.id)
    for kind in conditions.scores:
        scores = _scores_by_customer(kind)
        source, columns[kind] = source.outerjoin(scores, scores.c.customer_id == Customer.id), scores.c.value_milli
    tests: list[ColumnElement[bool]] = [Customer.kind != "visitor", Customer.merged_into_id.is_(None)]
    for condition in conditions.all:
        source, test = _applied(source, condition, conditions.currency, now, rules or {})
        tests.append(test)
    labelled = [column.label(name) for name, column in columns.items()]
    query = select(Customer.id, *labelled).select_from(source).where(*tests)
    return query.order_by(*_order(conditions, columns), Customer.number)


def _order(conditions: Conditions, columns: dict[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    key = columns[conditions.sort] if conditions.sort != "mood" else _mean(columns["mood_sum"], columns["mood_count"])
    return [(key.desc() if conditions.descending else key.asc()).nulls_last()]


def _mean(total: ColumnElement[Any], count: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(total, Float) / cast(func.nullif(count, 0), Float)


# --- one condition --------------------------------------------------------------------------------------------------
def _applied(
    source: FromClause, condition: Condition, currency: str, now: datetime, rules: Rules
) -> tuple[FromClause, ColumnElement[bool]]:
    """The source joined with what the condition counts, and the test."""
    rule = rules.get(str(condition.value).lower()) if condition.field == "segment" else None
    if rule is not None:
        fits = Customer.id.in_(to_sql(rule, now, rules).order_by(None).with_only_columns(Customer.id).correlate(None))
        return source, ~fits if condition.operator == "is_not" else fits
    grouped = _counted(condition, currency, now)
    if grouped is None:
        return source, _plain_test(condition)
    source = source.outerjoin(grouped, grouped.c.customer_id == Customer.id)
    return source, _counted_test(grouped.c, condition)


def _counted_test(counted: Any, condition: Condition) -> ColumnElement[bool]:
    if condition.field in SCORED:
        return _score_test(counted.value_milli, condition)
    if condition.field == "last_order":
        return _moment_test(counted.last_order, condition)
    if condition.field == "mood":
        return _mood_test(counted.total, counted.count, str(condition.value))
    if condition.field in ("bought", "category"):
        found: ColumnElement[bool] = counted.n.is_not(None) if condition.operator == "is" else counted.n.is_(None)
        return found
    return _compared(func.coalesce(counted.n, 0), condition.operator, int(str(condition.value)))


def _counted(condition: Condition, currency: str, now: datetime) -> Subquery | None:
    """What must be counted per customer; None when the customer's own row says it."""
    since, until = condition.since, condition.until
    name = condition.field
    if name in ("bought", "category"):
        return _buyers(condition)
    if name == "mood":
        return _moods_by_customer(since or now - MOOD_WINDOW, until)
    if name == "last_order":
        return _orders_by_customer(currency)
    said = [Interaction.direction == "in", Interaction.intent == "complaint"]
    ordered = [Order.status.in_(COUNTED), *_within(Order.placed_at, since, until)]
    counted: dict[str, Subquery] = {
        "spend": _grouped(Order.customer_id, func.sum(Order.total_minor), [*ordered, Order.currency == currency]),
        "orders": _grouped(Order.customer_id, func.count(), ordered),
        "complaints": _grouped(
            Interaction.customer_id, func.count(), [*said, *_within(Interaction.occurred_at, since, until)]
        ),
        **{kind: _scores_by_customer(kind) for kind in SCORED},
        "open_cases": _grouped(Case.customer_id, func.count(), [Case.status != "closed"]),
    }
    return counted.get(name)


def _plain_test(condition: Condition) -> ColumnElement[bool]:
    value = str(condition.value)
    if condition.field == "first_seen":
        return _moment_test(Customer.first_seen_at, condition)
    if condition.field == "missing":
        return (Customer.email_sealed if value == "email" else Customer.phone_sealed).is_(None)
    test = _label_test(condition.field, value)
    return ~test if condition.operator == "is_not" else test


def _label_test(name: str, value: str) -> ColumnElement[bool]:
    if name == "tag":
        return Customer.id.in_(select(CustomerTag.customer_id).where(func.lower(CustomerTag.tag) == value.lower()))
    if name == "segment":
        return Customer.id.in_(_members(value))
    if name == "place":
        return place_test(value)
    columns: dict[str, Any] = {"tier": Customer.tier, "language": Customer.language, "kind": Customer.kind}
    return func.coalesce(func.lower(columns[name]), "") == value.lower()


def place_test(value: str) -> ColumnElement[bool]:
    """Whether a customer lives in a place: a city, a province or a country, in any spelling records may have."""
    names = place_names(value)
    city = func.coalesce(Customer.city, "")
    code = COUNTRIES.get(value, value if len(value) == 2 and value.isupper() else "")
    test = or_(city.in_(names), func.lower(city).in_([name.lower() for name in names]))
    return or_(test, func.coalesce(Customer.country, "") == code) if code else test


def place_names(value: str) -> list[str]:
    """Every way in which records may write a place: both languages, and the cities of a province."""
    spoken = _spoken_places()
    wanted = (value, *PROVINCES.get(value, ()))
    return sorted({name for place in wanted for name in (place, *spoken.get(place, ()))})


@cache
def _spoken_places() -> dict[str, list[str]]:
    content = yaml.safe_load((FOLDER / "names.yml").read_text("utf-8"))
    return {str(place): [str(name) for name in names] for place, names in content["places"].items()}


def _members(name: str) -> Select[Any]:
    wanted = name.lower()
    named = or_(*(func.lower(column) == wanted for column in (Segment.name, Segment.name_en, Segment.name_zh)))
    query = select(SegmentMember.customer_id).join(Segment, Segment.id == SegmentMember.segment_id)
    return query.where(named, SegmentMember.until.is_(None))


def _buyers(condition: Condition) -> Subquery:
    values = condition.value if isinstance(condition.value, tuple) else (str(condition.value),)
    column = Product.sku if condition.field == "bought" else Product.category
    wanted = [
        column.in_(values),
        Order.status.in_(COUNTED),
        *_within(Order.placed_at, condition.since, condition.until),
    ]
    query = select(Order.customer_id, func.count().label("n")).join(OrderLine, OrderLine.order_id == Order.id)
    query = query.join(Product, Product.id == OrderLine.product_id).where(*wanted)
    return query.group_by(Order.customer_id).subquery()


# --- counting -------------------------------------------------------------------------------------------------------
def _orders_by_customer(currency: str, since: datetime | None = None, until: datetime | None = None) -> Subquery:
    """Spend in one currency, all orders, and the last of them."""
    own = func.sum(Order.total_minor).filter(Order.currency == currency)
    query = select(
        Order.customer_id,
        func.coalesce(own, 0).label("spend"),
        func.count().label("orders"),
        func.max(Order.placed_at).label("last_order"),
    ).where(Order.status.in_(COUNTED), *_within(Order.placed_at, since, until))
    return query.group_by(Order.customer_id).subquery()


def _moods_by_customer(since: datetime, until: datetime | None) -> Subquery:
    query = select(
        Interaction.customer_id,
        func.sum(Interaction.sentiment_milli).label("total"),
        func.count(Interaction.sentiment_milli).label("count"),
    ).where(
        Interaction.direction == "in",
        Interaction.sentiment_milli.is_not(None),
        *_within(Interaction.occurred_at, since, until),
    )
    return query.group_by(Interaction.customer_id).subquery()


def _scores_by_customer(kind: str) -> Subquery:
    return select(Score.customer_id, Score.value_milli).where(Score.kind == kind).subquery()


def _grouped(customer_id: Any, what: ColumnElement[Any], wanted: Sequence[ColumnElement[bool]]) -> Subquery:
    return select(customer_id, what.label("n")).where(*wanted).group_by(customer_id).subquery()


def _within(column: Any, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    bounds = []
    if since is not None:
        bounds.append(column >= since)
    if until is not None:
        bounds.append(column < until)
    return bounds


def _moment_test(column: Any, condition: Condition) -> ColumnElement[bool]:
    """Within [since, until); a moment that is not known fits no condition."""
    return and_(column.is_not(None), *_within(column, condition.since, condition.until))


def _mood_test(total: Any, count: Any, mood: str) -> ColumnElement[bool]:
    """The mean compared without a division: the same on every database."""
    if mood == "bad":
        return and_(count > 0, total <= BAD_MILLI * count)
    if mood == "good":
        return and_(count > 0, total >= GOOD_MILLI * count)
    return and_(count > 0, total > BAD_MILLI * count, total < GOOD_MILLI * count)


def _score_test(figure: Any, condition: Condition) -> ColumnElement[bool]:
    """A score within a band or an amount; who has no score fits neither it nor its opposite."""
    value = condition.value
    if isinstance(value, int):
        return and_(figure.is_not(None), _compared(figure, condition.operator, value * _MILLI[condition.field]))
    churn = condition.field == "churn"
    high, low = (HIGH_CHURN, MEDIUM_CHURN) if churn else (high_value_cut(), low_value_cut())
    bands = {"high": figure >= high, "low": figure < low, "medium": and_(figure >= low, figure < high)}
    test = bands[str(value)]
    return and_(figure.is_not(None), ~test if condition.operator == "is_not" else test)


_MILLI = {"churn": 1, "value": 10}
"""What a unit of a condition's amount is in thousandths: chances are in them, money is in minor units."""


def _compared(amount: ColumnElement[Any], operator: Operator, value: int) -> ColumnElement[bool]:
    tests = {
        "over": amount > value,
        "at_least": amount >= value,
        "under": amount < value,
        "at_most": amount <= value,
        "is": amount == value,
        "is_not": amount != value,
    }
    return tests[operator]
