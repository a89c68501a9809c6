"""Conditions as SQL: the same customers, in the same order, as plain Python finds them, on both databases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm_core.customers import COUNTED, MOOD_WINDOW
from crm_core.database import Store
from crm_core.models import (
    Case,
    Conversation,
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
from crm_core.query.conditions import BAD_MILLI, COUNTRIES, GOOD_MILLI, Condition, Conditions, place_names, to_sql

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAYS = st.sampled_from([0, 10, 30, 89, 90, 91, 150])
SKUS = {"CUP": "cups", "MUG": "cups", "TEA": "tea"}
STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled", "returned", "draft")


@dataclass
class Buys:
    """An order of a made-up customer; days are before NOW."""

    status: str
    days: int
    total: int
    currency: str
    skus: tuple[str, ...]


@dataclass
class Says:
    """A message of a made-up customer."""

    days: int
    sentiment: int | None
    intent: str
    direction: str


@dataclass
class Person:
    """A made-up customer."""

    city: str | None
    country: str | None
    tier: str | None
    language: str | None
    kind: str
    email: bool
    first_days: int
    tags: tuple[str, ...]
    segment: str
    cases: tuple[str, ...]
    orders: list[Buys] = field(default_factory=list)
    words: list[Says] = field(default_factory=list)
    merged: bool = False
    scores: dict[str, int] = field(default_factory=dict)


ORDERS = st.builds(
    Buys,
    status=st.sampled_from(STATUSES),
    days=DAYS,
    total=st.sampled_from([0, 1, 5000, 9999, 10000, 10001, 500000]),
    currency=st.sampled_from(["CNY", "CNY", "USD"]),
    skus=st.lists(st.sampled_from(sorted(SKUS)), max_size=2, unique=True).map(tuple),
)
WORDS = st.builds(
    Says,
    days=DAYS,
    sentiment=st.sampled_from([None, -900, -201, -200, -199, 0, 199, 200, 201]),
    intent=st.sampled_from(["complaint", "praise", "faq"]),
    direction=st.sampled_from(["in", "in", "out"]),
)
PEOPLE = st.builds(
    Person,
    city=st.sampled_from([None, "Shanghai", "上海", "shanghai", "Shenzhen", "London"]),
    country=st.sampled_from([None, "CN", "GB"]),
    tier=st.sampled_from([None, "vip", "VIP", "regular"]),
    language=st.sampled_from([None, "en", "zh"]),
    kind=st.sampled_from(["person", "person", "person", "company", "visitor"]),
    email=st.booleans(),
    first_days=DAYS,
    tags=st.lists(st.sampled_from(["press", "Allergy"]), max_size=2, unique=True).map(tuple),
    segment=st.sampled_from(["", "in", "left"]),
    cases=st.lists(st.sampled_from(["open", "closed"]), max_size=2).map(tuple),
    orders=st.lists(ORDERS, max_size=4),
    words=st.lists(WORDS, max_size=4),
    merged=st.sampled_from([False, False, False, True]),
    scores=st.fixed_dictionaries(
        {}, optional={"churn": st.sampled_from([299, 300, 599, 600]), "value": st.sampled_from([0, 49990, 50000])}
    ),
)
MOMENTS = st.one_of(st.none(), DAYS.map(lambda days: NOW - timedelta(days=days)))
COMPARED = st.sampled_from(["over", "at_least", "under", "at_most", "is", "is_not"])


def _bounded(name: Any, values: st.SearchStrategy[Any], operators: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(Condition, st.just(name), operators, values, MOMENTS, MOMENTS)


IS = st.just("is")
EITHER = st.sampled_from(["is", "is_not"])
CONDITIONS = st.one_of(
    _bounded("spend", st.sampled_from([0, 1, 5000, 10000, 600000]), COMPARED),
    _bounded("orders", st.integers(0, 3), COMPARED),
    _bounded("complaints", st.integers(0, 2), COMPARED),
    _bounded("bought", st.sampled_from([("CUP",), ("CUP", "TEA"), ("MUG",)]), EITHER),
    _bounded("category", st.sampled_from([("cups",), ("tea",), ("cups", "tea")]), EITHER),
    _bounded("mood", st.sampled_from(["bad", "good", "neutral"]), IS),
    _bounded("last_order", st.just(""), st.just("before")),
    _bounded("first_seen", st.just(""), st.just("after")),
    st.builds(Condition, st.just("place"), EITHER, st.sampled_from(["Shanghai", "Guangdong", "GB", "China", "Perth"])),
    st.builds(Condition, st.just("tier"), EITHER, st.just("vip")),
    st.builds(Condition, st.just("tag"), EITHER, st.sampled_from(["press", "allergy"])),
    st.builds(Condition, st.just("segment"), EITHER, st.sampled_from(["loyal", "忠诚客户", "nobody"])),
    st.builds(Condition, st.just("language"), EITHER, st.sampled_from(["en", "zh"])),
    st.builds(Condition, st.just("kind"), EITHER, st.sampled_from(["person", "company"])),
    st.builds(Condition, st.just("missing"), IS, st.sampled_from(["email", "phone"])),
    st.builds(Condition, st.just("open_cases"), COMPARED, st.integers(0, 2)),
    st.builds(Condition, st.just("churn"), COMPARED, st.sampled_from([300, 600])),
    st.builds(Condition, st.just("churn"), EITHER, st.sampled_from(["high", "medium", "low"])),
    st.builds(Condition, st.just("value"), COMPARED, st.sampled_from([0, 5000])),
)
WANTED = st.builds(
    Conditions,
    all=st.lists(CONDITIONS, max_size=6).map(tuple),
    sort=st.sampled_from(["spend", "orders", "last_order", "mood", "churn", "value"]),
    descending=st.booleans(),
    since=MOMENTS,
    until=MOMENTS,
)


@pytest.fixture
def scratch(store: Store) -> Callable[[], Any]:
    """Sessions whose rows nobody keeps, on a store with the three products."""
    with store.write() as session:
        for sku, category in SKUS.items():
            session.add(
                Product(sku=sku, name_en=sku, name_zh=sku, category=category, price_minor=1, currency="CNY",
                        updated_at=NOW)
            )  # fmt: skip
        session.add(Segment(name="loyal", name_en="Loyal", name_zh="忠诚客户", created_at=NOW))

    @contextmanager
    def open_session() -> Iterator[Session]:
        with store.read() as session:
            yield session
            session.rollback()

    return open_session


@given(people=st.lists(PEOPLE, min_size=1, max_size=6), wanted=WANTED)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_sql_finds_what_plain_python_finds(
    scratch: Callable[[], Any], people: list[Person], wanted: Conditions
) -> None:
    with scratch() as session:
        ids = _write(session, people)
        alone = [replace(wanted, all=(one,)) for one in wanted.all]
        for conditions in (wanted, *alone):
            rows = session.execute(to_sql(conditions, NOW)).all()
            expected = _expected(people, ids, conditions)
            assert [row.id for row in rows] == [ids[index] for index in expected], conditions
            for row, index in zip(rows, expected, strict=True):
                spend, count, last = _figures(people[index], conditions)
                assert (int(row.spend), int(row.orders), row.last_order) == (spend, count, last)


@given(wanted=WANTED)
def test_conditions_survive_being_kept(wanted: Conditions) -> None:
    import json

    assert Conditions.load(json.loads(json.dumps(wanted.dump()))) == wanted


def test_places_are_known_by_both_languages_and_by_their_province() -> None:
    assert "上海" in place_names("Shanghai")
    assert {"Guangzhou", "广州", "Shenzhen"} <= set(place_names("Guangdong"))


# --- the oracle -----------------------------------------------------------------------------------------------------
def _expected(people: list[Person], ids: list[int], wanted: Conditions) -> list[int]:
    fitting = [
        index
        for index, person in enumerate(people)
        if person.kind != "visitor" and not person.merged and all(_fits(person, one) for one in wanted.all)
    ]
    known, unknown = [], []
    for index in fitting:
        key = _sort_key(people[index], wanted)
        (unknown if key is None else known).append((key, index))
    known.sort(key=lambda pair: pair[1])
    known.sort(key=lambda pair: pair[0], reverse=wanted.descending)
    return [index for _, index in known] + [index for _, index in unknown]


def _sort_key(person: Person, wanted: Conditions) -> Any:
    spend, count, last = _figures(person, wanted)
    if wanted.sort == "mood":
        total, said = _mood(person, NOW - MOOD_WINDOW, None)
        return Fraction(total, said) if said else None
    return {"spend": spend, "orders": count, "last_order": last, **_NO_SCORES, **person.scores}[wanted.sort]


_NO_SCORES: dict[str, int | None] = {"churn": None, "value": None}


def _figures(person: Person, wanted: Conditions) -> tuple[int, int, datetime | None]:
    orders = _counted(person, wanted.since, wanted.until)
    spend = sum(order.total for order in orders if order.currency == wanted.currency)
    return spend, len(orders), max((NOW - timedelta(days=order.days) for order in orders), default=None)


def _counted(person: Person, since: datetime | None, until: datetime | None) -> list[Buys]:
    return [order for order in person.orders if order.status in COUNTED and _within(order.days, since, until)]


def _within(days: int, since: datetime | None, until: datetime | None) -> bool:
    at = NOW - timedelta(days=days)
    return (since is None or at >= since) and (until is None or at < until)


def _mood(person: Person, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    felt = [
        word.sentiment
        for word in person.words
        if word.direction == "in" and word.sentiment is not None and _within(word.days, since, until)
    ]
    return sum(felt), len(felt)


def _fits(person: Person, one: Condition) -> bool:
    test = _TESTS.get(one.field, _label_fits)
    return test(person, one)


def _number_fits(amount: int, one: Condition) -> bool:
    value = int(str(one.value))
    return {
        "over": amount > value, "at_least": amount >= value, "under": amount < value, "at_most": amount <= value,
        "is": amount == value, "is_not": amount != value,
    }[one.operator]  # fmt: skip


def _score_fits(person: Person, one: Condition) -> bool:
    figure = person.scores.get(one.field)
    if figure is None:
        return False
    if isinstance(one.value, int):
        return _number_fits(figure, replace(one, value=one.value * (10 if one.field == "value" else 1)))
    band = "high" if figure >= 600 else "medium" if figure >= 300 else "low"
    return (band == one.value) == (one.operator == "is")


def _spend_fits(person: Person, one: Condition) -> bool:
    orders = _counted(person, one.since, one.until)
    return _number_fits(sum(order.total for order in orders if order.currency == "CNY"), one)


def _orders_fit(person: Person, one: Condition) -> bool:
    return _number_fits(len(_counted(person, one.since, one.until)), one)


def _complaints_fit(person: Person, one: Condition) -> bool:
    said = [
        word
        for word in person.words
        if word.direction == "in" and word.intent == "complaint" and _within(word.days, one.since, one.until)
    ]
    return _number_fits(len(said), one)


def _cases_fit(person: Person, one: Condition) -> bool:
    return _number_fits(person.cases.count("open"), one)


def _bought_fits(person: Person, one: Condition) -> bool:
    wanted = set(one.value) if isinstance(one.value, tuple) else {one.value}
    bought = {sku for order in _counted(person, one.since, one.until) for sku in order.skus}
    had = bought if one.field == "bought" else {SKUS[sku] for sku in bought}
    return bool(had & wanted) == (one.operator == "is")


def _mood_fits(person: Person, one: Condition) -> bool:
    total, said = _mood(person, one.since or NOW - MOOD_WINDOW, one.until)
    if not said:
        return False
    mood = "bad" if total <= BAD_MILLI * said else "good" if total >= GOOD_MILLI * said else "neutral"
    return mood == one.value


def _last_fits(person: Person, one: Condition) -> bool:
    last = min((order.days for order in _counted(person, None, None)), default=None)
    return last is not None and _within(last, one.since, one.until)


def _label_fits(person: Person, one: Condition) -> bool:
    value = str(one.value)
    if one.field == "first_seen":
        return _within(person.first_days, one.since, one.until)
    if one.field == "missing":
        return not person.email if value == "email" else True
    has = {
        "place": lambda: _lives(person, value),
        "tier": lambda: (person.tier or "").lower() == value,
        "tag": lambda: value.lower() in {tag.lower() for tag in person.tags},
        "segment": lambda: value in ("loyal", "忠诚客户") and person.segment == "in",
        "language": lambda: person.language == value,
        "kind": lambda: person.kind == value,
    }[one.field]()
    return has == (one.operator == "is")


def _lives(person: Person, place: str) -> bool:
    names = {name.lower() for name in place_names(place)}
    code = COUNTRIES.get(place, place if len(place) == 2 else "")
    return (person.city or "").lower() in names or bool(code and person.country == code)


_TESTS: dict[str, Callable[[Person, Condition], bool]] = {
    "spend": _spend_fits,
    "orders": _orders_fit,
    "complaints": _complaints_fit,
    "open_cases": _cases_fit,
    "bought": _bought_fits,
    "category": _bought_fits,
    "mood": _mood_fits,
    "churn": _score_fits,
    "value": _score_fits,
    "last_order": _last_fits,
}


# --- writing --------------------------------------------------------------------------------------------------------
def _write(session: Session, people: list[Person]) -> list[int]:
    products = {row.sku: row.id for row in session.query(Product)}
    segment_id = session.query(Segment).one().id
    rows = []
    for number, person in enumerate(people, start=1):
        customer = Customer(
            number=number, kind=person.kind, city=person.city, country=person.country, tier=person.tier,
            language=person.language, email="a@example.com" if person.email else None,
            first_seen_at=NOW - timedelta(days=person.first_days), updated_at=NOW,
            merged_into_id=1 if person.merged else None,
        )  # fmt: skip
        session.add(customer)
        rows.append(customer)
    session.flush()
    for customer, person in zip(rows, people, strict=True):
        _write_orders(session, customer, person, products)
        _write_words(session, customer, person)
        for kind, milli in person.scores.items():
            row = Score(customer_id=customer.id, kind=kind, value_milli=milli, computed_at=NOW, data_until=NOW)
            session.add(row)
        for tag in person.tags:
            session.add(CustomerTag(customer_id=customer.id, tag=tag, created_at=NOW))
        for position, status in enumerate(person.cases):
            number = customer.number * 10 + position
            session.add(Case(number=number, customer_id=customer.id, status=status, opened_at=NOW))
        if person.segment:
            left = NOW if person.segment == "left" else None
            member = SegmentMember(segment_id=segment_id, customer_id=customer.id, since=NOW, until=left)
            session.add(member)
    session.flush()
    return [customer.id for customer in rows]


def _write_orders(session: Session, customer: Customer, person: Person, products: dict[str, int]) -> None:
    for position, order in enumerate(person.orders):
        row = Order(
            number=f"SO-{customer.number}-{position}", customer_id=customer.id, status=order.status,
            placed_at=NOW - timedelta(days=order.days), updated_at=NOW, currency=order.currency,
            total_minor=order.total,
        )  # fmt: skip
        row.lines = [
            OrderLine(position=line, product_id=products[sku], quantity=1, unit_minor=1)
            for line, sku in enumerate(order.skus)
        ]
        session.add(row)


def _write_words(session: Session, customer: Customer, person: Person) -> None:
    if not person.words:
        return
    chat = Conversation(
        channel="telegram", account="1", chat_id=str(customer.number), customer_id=customer.id, state_since=NOW,
        started_at=NOW,
    )  # fmt: skip
    session.add(chat)
    session.flush()
    for position, word in enumerate(person.words):
        session.add(
            Interaction(
                conversation_id=chat.id, customer_id=customer.id, direction=word.direction, author="customer",
                channel="telegram", account="1", chat_id=chat.chat_id, message_id=str(position), text="…",
                occurred_at=NOW - timedelta(days=word.days), received_at=NOW, intent=word.intent,
                sentiment_milli=word.sentiment,
            )
        )  # fmt: skip


# --- the borders, one by one ----------------------------------------------------------------------------------------
PLAIN = Person("Shanghai", "CN", "vip", "zh", "person", True, 400, ("press",), "in", ())


def _with(**changes: Any) -> Person:
    return replace(PLAIN, **changes)


BORDERS: list[tuple[Condition, Person, bool]] = [
    (Condition("mood", "is", "bad"), _with(words=[Says(1, -200, "faq", "in")]), True),
    (Condition("mood", "is", "bad"), _with(words=[Says(1, -199, "faq", "in")]), False),
    (Condition("mood", "is", "bad"), _with(words=[Says(1, -900, "faq", "out")]), False),
    (Condition("mood", "is", "bad"), _with(words=[Says(91, -900, "faq", "in")]), False),
    (Condition("mood", "is", "good"), _with(words=[Says(1, 200, "faq", "in"), Says(2, None, "faq", "in")]), True),
    (Condition("mood", "is", "good"), _with(words=[Says(1, 199, "faq", "in")]), False),
    (Condition("mood", "is", "neutral"), _with(words=[Says(1, 199, "faq", "in")]), True),
    (Condition("mood", "is", "neutral"), _with(), False),
    (Condition("complaints", "at_least", 1), _with(words=[Says(1, 0, "complaint", "in")]), True),
    (Condition("complaints", "at_least", 1), _with(words=[Says(1, 0, "faq", "in")]), False),
    (Condition("complaints", "at_least", 1), _with(words=[Says(1, 0, "complaint", "out")]), False),
    (Condition("bought", "is", ("CUP",)), _with(orders=[Buys("paid", 1, 1, "CNY", ("CUP",))]), True),
    (Condition("bought", "is", ("CUP",)), _with(orders=[Buys("cancelled", 1, 1, "CNY", ("CUP",))]), False),
    (Condition("bought", "is_not", ("CUP",)), _with(orders=[Buys("returned", 1, 1, "CNY", ("CUP",))]), True),
    (Condition("category", "is", ("tea",)), _with(orders=[Buys("paid", 1, 1, "CNY", ("CUP", "TEA"))]), True),
    (Condition("category", "is_not", ("tea",)), _with(orders=[Buys("paid", 1, 1, "CNY", ("CUP", "TEA"))]), False),
    (Condition("spend", "over", 100), _with(orders=[Buys("paid", 1, 100, "CNY", ())]), False),
    (Condition("spend", "at_least", 100), _with(orders=[Buys("paid", 1, 100, "CNY", ())]), True),
    (Condition("spend", "at_least", 100), _with(orders=[Buys("paid", 1, 100, "USD", ())]), False),
    (Condition("spend", "under", 1), _with(), True),
    (Condition("orders", "is", 0), _with(orders=[Buys("draft", 1, 100, "CNY", ())]), True),
    (Condition("last_order", "before", "", None, NOW), _with(), False),
    (Condition("open_cases", "at_least", 1), _with(cases=("closed",)), False),
    (Condition("tier", "is_not", "vip"), _with(tier=None), True),
    (Condition("tag", "is", "PRESS"), _with(), True),
    (Condition("segment", "is", "Loyal"), _with(segment="left"), False),
    (Condition("place", "is", "China"), _with(city=None), True),
]


def test_borders(scratch: Callable[[], Any]) -> None:
    for condition, person, fits in BORDERS:
        with scratch() as session:
            _write(session, [person])
            found = session.execute(to_sql(Conditions((condition,)), NOW)).all()
            assert bool(found) is fits, (condition, person)
