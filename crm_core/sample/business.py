"""The sample business: a bilingual shop with 18 months of history, the same for the same seed and day.

What the playground, the tests and the benchmarks show. Its words are in `config/sample/`.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from crm_core.analytics.facts import change_log
from crm_core.database import FIRST_NUMBERS, Store
from crm_core.models import Counter as NumberCounter
from crm_core.models import Customer, Product, Staff
from crm_core.sample.characters import Cast
from crm_core.sample.content import Content, SampleProblem, read_content
from crm_core.sample.people import Buyer, Population
from crm_core.sample.posts import write_posts
from crm_core.sample.rows import Rows, SeasonCalendar, Timeline
from crm_core.sample.shopping import CURRENCY, Bought, OrderNumbers, Shelf, Shop
from crm_core.sample.talk import CaseNumbers, Desk, Talk

BATCH = 500
"""Customers whose rows are held in memory before they are written."""
VIP_SPEND = 6_000_00
"""From this spend on (minor units) a customer is a VIP."""

STEP = 25
"""Customers between two reports of the progress."""

Progress = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was loaded: rows by table, and the numbers of the known characters by their key."""

    counts: Mapping[str, int]
    characters: Mapping[str, int]
    seconds: float


def load_sample(
    store: Store,
    *,
    today: date,
    seed: int = 7,
    customers: int = 500,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> SampleSummary:
    """Fill an empty store with the sample business, all of it or nothing.

    Args:
        today: the day the history leads up to, in the shop's zone (Asia/Shanghai).
        customers: how many in all; memory does not grow with it.
        until: the last moment of the history; half an hour into `today` unless given.

    Raises:
        SampleProblem: the store already holds customers or products, or the content is wrong.
    """
    started = time.perf_counter()
    content = read_content()
    _check_size(content, customers)
    with store.write() as session:
        if session.scalar(select(Customer.id).limit(1)) or session.scalar(select(Product.id).limit(1)):
            raise SampleProblem(
                "The database already holds customers or products; the sample business goes into an empty one only. "
                "Set RAPPORT_DATA_DIR to an empty folder, or import your own data instead."
            )
        rows = Rows(session, store.vault)
        line = Timeline(today, until)
        loading = _Loading(content, line, store, rows, customers)
        with change_log.paused(session):
            loading.run(random.Random(seed), progress)
            for name, last in loading.last_numbers().items():
                rows.add(NumberCounter, line.start, name=name, last=last)
            rows.flush()
    characters = {character.key: character.number for character in content.known.characters}
    return SampleSummary(dict(rows.counts), characters, time.perf_counter() - started)


def _check_size(content: Content, customers: int) -> None:
    least = len(content.known.characters) + 20
    if customers < least:
        raise SampleProblem(f"The sample business has at least {least} customers; {customers} were asked for.")


class _Loading:
    """One run: the parts that make the history, wired together."""

    def __init__(self, content: Content, line: Timeline, store: Store, rows: Rows, customers: int) -> None:
        known = content.known.characters
        self._content = content
        self._line = line
        self._rows = rows
        self._customers = customers
        self._store = store
        self._population = Population(content.people, line, store.vault, known)
        numbers = frozenset(order.number for character in known for order in character.orders)
        self._order_numbers = OrderNumbers(customers, numbers)
        self._case_numbers = CaseNumbers(frozenset(each.case.number for each in known if each.case))

    def run(self, rng: random.Random, progress: Progress | None) -> None:
        """Write everything, batch by batch."""
        content, line, rows = self._content, self._line, self._rows
        product_ids, staff = self._write_basics()
        cast = Cast(content.known, content.people, content.catalogue, line, self._store.vault, product_ids, staff)
        cast.write(rows)
        write_posts(rng, rows, content.posts, content.catalogue, line)
        rows.flush()
        personas = {name: persona.categories for name, persona in content.people.personas.items()}
        seasons = SeasonCalendar(content.people.seasons, line)
        shop = Shop(Shelf(content.catalogue, personas), line, seasons, self._order_numbers, product_ids)
        names = {person.key: (person.name.split(" ")[0], person.name_zh) for person in content.staff}
        talk = Talk(content.dialogues, content.catalogue, line, staff, names)
        desk = Desk(content.people, content.catalogue, line, staff)
        ordinary = self._customers - len(content.known.characters)
        buyers = self._lived(rng, self._population.customers(rng, rows, ordinary), shop, talk, desk)
        for done, _ in enumerate(buyers, start=1):
            if done % BATCH == 0 or done == ordinary:
                self._case_numbers.give(rows)
                rows.flush()
            if progress and (done % STEP == 0 or done == ordinary):
                progress(done / ordinary)

    def _lived(
        self, rng: random.Random, buyers: Iterator[Buyer], shop: Shop, talk: Talk, desk: Desk
    ) -> Iterator[Buyer]:
        for buyer in buyers:
            customer = self._rows.rows(Customer)[-1]
            orders = shop.orders(rng, self._rows, buyer)
            _settle(customer, buyer, orders, self._line)
            talk.write(rng, self._rows, buyer, orders)
            desk.write(rng, self._rows, buyer)
            yield buyer

    def _write_basics(self) -> tuple[dict[str, int], dict[str, int]]:
        """Products and staff; returns their ids by sku and by key."""
        rows, start = self._rows, self._line.start
        product_ids = {
            product.sku: rows.add(
                Product, start, sku=product.sku, name_en=product.name_en, name_zh=product.name_zh,
                description_en=product.description_en, description_zh=product.description_zh,
                category=product.category, price_minor=product.price * 100, currency=CURRENCY, stock=product.stock,
                consumable=product.every_days is not None, aliases=product.aliases, attributes=product.attributes,
                updated_at=self._line.until,
            )
            for product in self._content.catalogue.products
        }  # fmt: skip
        staff = {
            person.key: rows.add(
                Staff, start, external_id=person.external_id, name=person.name, role=person.role,
                aliases=[person.name_zh],
                language=person.language, zone=person.zone, email=person.email,
            )
            for person in self._content.staff
        }  # fmt: skip
        return product_ids, staff

    def last_numbers(self) -> dict[str, int]:
        """The last numbers given out, so that what comes next goes on from there."""
        known = self._content.known.characters
        return {
            "customer": max(self._population.last_number, *(character.number for character in known)),
            "case": max(self._case_numbers.last, *(each.case.number for each in known if each.case)),
            "order": max(self._order_numbers.last, FIRST_NUMBERS["order"] - 1),
        }


def _settle(customer: dict[str, object], buyer: Buyer, orders: list[Bought], line: Timeline) -> None:
    """What follows from the orders: the tier and the day of the last change."""
    spend = sum(order.total for order in orders if order.status not in ("cancelled", "returned"))
    if not buyer.company and spend >= VIP_SPEND:
        customer["tier"] = "vip"
    if orders:
        customer["updated_at"] = line.at(orders[-1].placed)
