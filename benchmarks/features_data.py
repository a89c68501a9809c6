"""A history to measure features on: years of orders and messages of customers who are active very unequally.

It is made with NumPy from a seed and written in bulk, with the indexes made afterwards. What happens on the last day is
kept apart, so that it can be added as a day's work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, update

from crm_core.analytics.facts import derived
from crm_core.database import Store
from crm_core.models import Base, Order

DAYS = 1096
"""Three years and the day after."""
LAST = date(2026, 6, 2)
"""The day that is kept apart."""
FIRST_ID = 1_700_000_000_000 << 22
PRODUCTS, CATEGORIES, CAMPAIGNS = 600, 14, 3
CHUNK = 50_000
INTENTS = (
    "order_status", "delivery_problem", "return_request", "complaint", "product_question", "price_question", "faq",
    "greeting", "thanks",
)  # fmt: skip
CHANNELS = ("telegram", "web", "web", "telegram", "console")
MESSAGES = 6
"""In one go: the customer's and ours in turn."""
START = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) - timedelta(days=DAYS - 1)
MORNING = START + timedelta(days=DAYS - 1, hours=6)
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Size:
    """How much is made."""

    customers: int
    interactions: int
    lines: int

    def tenth(self) -> "Size":
        """A tenth of it."""
        return Size(self.customers // 10, self.interactions // 10, self.lines // 10)


class History:
    """All that happened, table by table."""

    def __init__(self, size: Size, seed: int = 1) -> None:
        self.size = size
        self.random = np.random.default_rng(seed)
        self.joined = self.random.integers(0, DAYS - 1, size.customers)
        self.lasts = np.minimum(DAYS, self.joined + 30 + self.random.exponential(700, size.customers).astype(int))
        weights = (self.random.gamma(0.7, 1.0, size.customers) + 0.02) * (self.lasts - self.joined)
        self.chances = np.cumsum(weights / weights.sum())

    def tables(self, *, last_day: bool) -> Iterator[tuple[str, tuple[str, ...], Iterator[Rows]]]:
        """Table, columns and rows; either up to the day before the last or of the last day alone."""
        self.random = np.random.default_rng(2)
        if not last_day:
            yield from self._things()
        yield from self._trade(last_day)
        yield from self._talk(last_day)

    def _things(
        self,
    ) -> Iterator[tuple[str, tuple[str, ...], Iterator[Rows]]]:  # tables with their columns, nothing to share
        people = range(self.size.customers)
        moment = _text(0)
        yield (
            "customers",
            ("id", "number", "kind", "custom", "first_seen_at", "updated_at"),
            _chunks((FIRST_ID + i, i, "person", "{}", _text(int(self.joined[i]) * 86400), moment) for i in people),
        )
        yield (
            "conversations",
            (
                "id",
                "channel",
                "account",
                "chat_id",
                "thread_id",
                "audience",
                "customer_id",
                "state",
                "state_since",
                "language_chosen",
                "unsure_count",
                "angry_count",
                "started_at",
            ),
            _chunks(
                (FIRST_ID + i, "web", "bench", str(i), "", "customer", FIRST_ID + i, "bot", moment, False, 0, 0, moment)
                for i in people
            ),
        )
        yield (
            "products",
            (
                "id",
                "sku",
                "name_en",
                "name_zh",
                "description_en",
                "description_zh",
                "category",
                "price_minor",
                "currency",
                "stock",
                "consumable",
                "active",
                "aliases",
                "attributes",
                "updated_at",
            ),
            _chunks(
                (
                    i,
                    f"P{i}",
                    "",
                    "",
                    "",
                    "",
                    f"category {i % CATEGORIES}",
                    1000,
                    "CNY",
                    1,
                    False,
                    True,
                    "[]",
                    "{}",
                    moment,
                )
                for i in range(PRODUCTS)
            ),
        )
        yield (
            "campaigns",
            ("id", "name", "state", "conditions", "variants", "channels", "created_at"),
            _chunks((i, f"C{i}", "done", "[]", "[]", "[]", moment) for i in range(CAMPAIGNS)),
        )
        yield (
            "campaign_contacts",
            ("id", "campaign_id", "customer_id", "variant", "held_out", "sent_at", "replied_at", "converted_at"),
            _chunks(
                (
                    j,
                    j % CAMPAIGNS,
                    FIRST_ID + j // CAMPAIGNS,
                    "a",
                    False,
                    _text((900 + j % 150) * 86400),
                    _text(1060 * 86400) if j % 7 == 0 else None,
                    None,
                )
                for j in range(0, self.size.customers * CAMPAIGNS, 2)
            ),
        )
        yield (
            "posts",
            (
                "id",
                "connector",
                "external_id",
                "customer_id",
                "kind",
                "about",
                "sentiment_milli",
                "likes",
                "replies",
                "shares",
                "occurred_at",
            ),
            _chunks(
                (
                    j,
                    "x",
                    str(j),
                    FIRST_ID + j * 20,
                    "post",
                    "us",
                    j % 2001 - 1000,
                    0,
                    0,
                    0,
                    _text(j * 977 % (DAYS * 86400 - 86400)),
                )
                for j in range(self.size.customers // 20)
            ),
        )

    def _happenings(self, count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Who did something and in which second, in the order of time."""
        who = np.searchsorted(self.chances, self.random.random(count)).clip(0, self.size.customers - 1)
        span = (self.lasts - self.joined)[who] * 86400
        when = self.joined[who] * 86400 + (self.random.random(count) * span).astype(np.int64)
        order = np.argsort(when, kind="stable")
        return who[order], when[order]

    def _trade(
        self, last_day: bool
    ) -> Iterator[tuple[str, tuple[str, ...], Iterator[Rows]]]:  # tables with their columns, nothing to share
        count = int(self.size.lines / 2.5)
        who, when = self._happenings(count)
        fate, total = self.random.random(count), self.random.integers(500, 90_000, count)
        discount = np.where(self.random.random(count) < 0.3, total // 10, 0)
        lines = self.random.integers(1, 5, count)
        goods = self.random.integers(0, PRODUCTS, (count, 4))
        chosen = np.nonzero((when >= (DAYS - 1) * 86400) == last_day)[0].tolist()
        status = np.where(fate < 0.04, "cancelled", np.where(fate < 0.07, "returned", "delivered"))
        yield (
            "orders",
            (
                "id",
                "number",
                "customer_id",
                "status",
                "placed_at",
                "updated_at",
                "currency",
                "total_minor",
                "discount_minor",
                "shipping_minor",
                "cancelled_at",
                "source",
            ),
            _chunks(
                (
                    FIRST_ID + i,
                    f"SO{i}",
                    FIRST_ID + int(who[i]),
                    str(status[i]),
                    _text(int(when[i])),
                    _text(int(when[i]) + 400_000),
                    "CNY",
                    int(total[i]),
                    int(discount[i]),
                    0,
                    _text(int(when[i]) + 9000) if status[i] == "cancelled" else None,
                    "shop",
                )
                for i in chosen
            ),
        )
        yield (
            "order_lines",
            ("id", "order_id", "position", "product_id", "quantity", "unit_minor"),
            _chunks(
                (FIRST_ID + 4 * i + k, FIRST_ID + i, k, int(goods[i, k]), 1 + (i + k) % 3, 900)
                for i in chosen
                for k in range(int(lines[i]))
            ),
        )
        yield (
            "refunds",
            ("id", "order_id", "status", "amount_minor", "currency", "requested_at", "paid_at"),
            _chunks(
                (
                    FIRST_ID + i,
                    FIRST_ID + i,
                    "paid",
                    int(total[i]),
                    "CNY",
                    _text(int(when[i]) + 300_000),
                    _text(int(when[i]) + 500_000),
                )
                for i in chosen
                if status[i] == "returned"
            ),
        )

    def _talk(
        self, last_day: bool
    ) -> Iterator[tuple[str, tuple[str, ...], Iterator[Rows]]]:  # tables with their columns, nothing to share
        count = self.size.interactions // MESSAGES
        who, when = self._happenings(count)
        intent = self.random.integers(0, len(INTENTS), (count, MESSAGES))
        mood = (self.random.normal(50, 300, (count, MESSAGES))).astype(int).clip(-1000, 1000)
        chosen = np.nonzero((when >= (DAYS - 1) * 86400) == last_day)[0].tolist()
        yield (
            "interactions",
            (
                "id",
                "conversation_id",
                "customer_id",
                "direction",
                "author",
                "kind",
                "channel",
                "account",
                "chat_id",
                "message_id",
                "revision",
                "occurred_at",
                "received_at",
                "status",
                "attempts",
                "language",
                "intent",
                "sentiment_milli",
                "strong",
                "mixed",
            ),
            _chunks(
                _message(i, k, int(who[i]), int(when[i]) + 40 * k, INTENTS[intent[i, k]], int(mood[i, k]))
                for i in chosen
                for k in range(MESSAGES)
            ),
        )
        yield (
            "cases",
            ("id", "number", "customer_id", "status", "priority", "opened_at"),
            _chunks(
                (FIRST_ID + i, i, FIRST_ID + int(who[i]), "closed", "normal", _text(int(when[i])))
                for i in chosen
                if i % 40 == 0
            ),
        )
        yield (
            "ratings",
            ("id", "conversation_id", "customer_id", "score", "asked_at", "given_at"),
            _chunks(
                (
                    FIRST_ID + i,
                    FIRST_ID + int(who[i]),
                    FIRST_ID + int(who[i]),
                    1 + i % 5,
                    _text(int(when[i])),
                    _text(int(when[i])),
                )
                for i in chosen
                if i % 33 == 0
            ),
        )


def _message(i: int, k: int, who: int, second: int, intent: str, mood: int) -> tuple[Any, ...]:
    theirs, at = k % 2 == 0, _text(second)
    return (
        FIRST_ID + MESSAGES * i + k, FIRST_ID + who, FIRST_ID + who,
        *(("in", "customer") if theirs else ("out", "bot")),
        "new", CHANNELS[who % 5], "bench", str(who), str(MESSAGES * i + k), 0, at, at, "answered", 0, "en",
        intent if theirs else None, mood if theirs else None, False, False,
    )  # fmt: skip


def _text(second: int) -> str:
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S.000000")


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[Rows]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def fill(store: Store, history: History) -> None:
    """Write everything up to the day before the last, without triggers, the indexes afterwards."""
    with store.engine.begin() as connection:
        derived.remove(connection)
    tables = [table for table in Base.metadata.sorted_tables if table.indexes]
    with store.engine.begin() as connection:
        for table in tables:
            for index in table.indexes:
                index.drop(connection)
    with store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":  # keys made of texts come in no order
            connection.exec_driver_sql("PRAGMA cache_size = -400000")
        for name, columns, chunks in history.tables(last_day=False):
            for rows in chunks:
                write(connection, name, columns, rows)
    with store.engine.begin() as connection:
        for table in tables:
            for index in table.indexes:
                index.create(connection)
        connection.exec_driver_sql("ANALYZE")
        derived.install(connection)


def add_last_day(store: Store, history: History) -> None:
    """What happens on the last day, as the product would write it: noted by the triggers; some orders come back."""
    with store.engine.begin() as connection:
        for name, columns, chunks in history.tables(last_day=True):
            for rows in chunks:
                write(connection, name, columns, rows)
        back = range(FIRST_ID + 5000, FIRST_ID + int(history.size.lines / 2.5), 25_000)
        connection.execute(update(Order).where(Order.id.in_(list(back))).values(status="returned", updated_at=MORNING))


def write(connection: Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Rows in bulk."""
    names = ", ".join(columns)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        return
    with driver.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
