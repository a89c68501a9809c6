"""What the sample's customers buy: when, what goes together, and what becomes of each order."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from crm_core.models import Order, OrderLine, Refund, Shipment
from crm_core.sample.content import Catalogue, Courier, ProductEntry
from crm_core.sample.people import Buyer
from crm_core.sample.rows import DAYS, Rows, SeasonCalendar, Timeline, daytime, digits, poisson

CURRENCY = "CNY"
WHOLESALE_DISCOUNT = 20
REASONS = {"broken": 3, "changed mind": 3, "wrong item": 2, "too small": 2, "quality": 2, "late": 1}
NUMBERS_A_DAY = 20
"""Order numbers set aside for a day of a shop with 500 customers."""
FIRST_DAY = 500
LAST_GIFTS = 120
"""Days after the last ordinary order within which a feast still brings somebody back once more."""


@dataclass(frozen=True, slots=True)
class Refunding:
    """A return or refund under way; `at` is the position of the request."""

    status: str
    at: float
    paid: float | None
    amount: int


@dataclass(frozen=True, slots=True)
class Bought:
    """An order with the positions of what happened to it (None: not yet, or never)."""

    id: int
    number: str
    status: str
    total: int
    products: tuple[ProductEntry, ...]
    placed: float
    shipped: float | None
    expected: float | None
    delivered: float | None
    courier: str
    tracking: str
    refund: Refunding | None


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an order, as positions."""

    status: str
    changed: float
    cancelled: float | None = None
    shipped: float | None = None
    expected: float | None = None
    delivered: float | None = None
    parcel: str = ""


class OrderNumbers:
    """Gives out order numbers that grow with time, although customers are made one after the other."""

    def __init__(self, customers: int, reserved: frozenset[str]) -> None:
        self._a_day = max(NUMBERS_A_DAY, NUMBERS_A_DAY * customers // 500)
        self._used: Counter[int] = Counter()
        self._reserved = reserved
        self.last = 0

    def next(self, position: float) -> str:
        """The next free number of that day, or of the first day after it that has one."""
        while True:
            day = int(position)
            while self._used[day] >= self._a_day:
                day += 1
            number = (FIRST_DAY + day) * self._a_day + self._used[day] + 1
            self._used[day] += 1
            self.last = max(self.last, number)
            if f"SO-{number}" not in self._reserved:
                return f"SO-{number}"


class Shelf:
    """The catalogue as a buyer sees it: how likely each product is, by persona and season."""

    def __init__(self, catalogue: Catalogue, personas: dict[str, dict[str, float]]) -> None:
        self._products = catalogue.products
        self._personas = personas
        self._chances: dict[tuple[str, bool, tuple[str, ...], bool], list[float]] = {}
        self.by_sku = catalogue.by_sku

    def pick(
        self, rng: random.Random, buyer: Buyer, seasons: tuple[str, ...], *, used_up: bool = False
    ) -> ProductEntry:
        """One product; with `used_up` only of what is used up and bought again."""
        key = (buyer.persona, buyer.company, seasons, used_up)
        if key not in self._chances:
            self._chances[key] = list(accumulate(self._chance(product, *key) for product in self._products))
        return rng.choices(self._products, cum_weights=self._chances[key])[0]

    def _chance(
        self, product: ProductEntry, persona: str, company: bool, seasons: tuple[str, ...], used_up: bool
    ) -> float:
        if used_up and not product.every_days:
            return 0
        chance = product.weight * self._personas[persona].get(product.category, 0.1)
        if company:
            chance *= product.wholesale
        for season in seasons:
            chance *= product.season.get(season, 1)
        return chance


class Shop:
    """Lets one customer after the other live through the 18 months."""

    def __init__(
        self, shelf: Shelf, line: Timeline, seasons: SeasonCalendar, numbers: OrderNumbers, product_ids: dict[str, int]
    ) -> None:
        self._shelf = shelf
        self._line = line
        self._seasons = seasons
        self._numbers = numbers
        self._product_ids = product_ids

    def orders(self, rng: random.Random, rows: Rows, buyer: Buyer) -> list[Bought]:
        """All orders of a customer, oldest first, with their lines, shipments and refunds."""
        favourites = [self._shelf.pick(rng, buyer, (), used_up=True) for _ in range(rng.choice([1, 1, 2]))]
        owned: set[str] = set()
        bought = []
        for day in self._days(rng, buyer, favourites[0]):
            placed = max(daytime(rng, day, buyer.city.zone), buyer.since + 0.01)
            if placed < self._line.end:
                basket = self._basket(rng, buyer, placed, favourites, owned)
                bought.append(self._order(rng, rows, buyer, placed, basket))
        return bought

    def _days(self, rng: random.Random, buyer: Buyer, favourite: ProductEntry) -> list[float]:
        """Positions of the orders: a rhythm or chance, an end that comes with some order, and the feasts on top."""
        if not buyer.company and rng.random() < 0.05:
            return []  # signed up, never bought
        day = buyer.since + 0.4
        days = [day]
        rhythm = (favourite.every_days or (30, 60))[0] * buyer.habit
        while day < DAYS and rng.random() > buyer.leaving:
            day += rhythm * rng.lognormvariate(0, 0.18) if rhythm else rng.expovariate(max(buyer.rate, 0.0004))
            days.append(day)
        last = min(day + LAST_GIFTS, DAYS)
        for name, begin, end in self._seasons.spans:
            boost = self._seasons.seasons[name].boost[buyer.language] * (2 if buyer.persona == "giver" else 1)
            moment = rng.uniform(begin, end)
            if rng.random() < boost and buyer.since < moment < last:
                days.append(moment)
        return sorted(days)

    def _basket(
        self, rng: random.Random, buyer: Buyer, placed: float, favourites: list[ProductEntry], owned: set[str]
    ) -> dict[str, int]:
        seasons = self._seasons.names(placed)
        chosen: list[ProductEntry] = []
        if buyer.habit or rng.random() < 0.45:
            chosen += [product for product in favourites if rng.random() < 0.8]
        wanted = poisson(rng, 1.6 if buyer.company else 0.5) + (0 if chosen else 1)
        chosen += [self._shelf.pick(rng, buyer, seasons) for _ in range(wanted)]
        for product in list(chosen):
            for rank, sku in enumerate(product.goes_with):
                if rng.random() < 0.32 / (rank + 1):
                    chosen.append(self._shelf.by_sku[sku])
        basket: dict[str, int] = {}
        for product in chosen:
            lasting = product.every_days is None
            if product.sku in basket or (lasting and product.sku in owned and rng.random() < 0.8):
                continue
            basket[product.sku] = self._quantity(rng, buyer, product)
            if lasting and product.category != "gifts":
                owned.add(product.sku)
        return basket or {favourites[0].sku: self._quantity(rng, buyer, favourites[0])}

    def _quantity(self, rng: random.Random, buyer: Buyer, product: ProductEntry) -> int:
        if buyer.company:
            return rng.randrange(3, 13) if product.every_days or product.category == "gifts" else rng.randrange(1, 4)
        if product.category in ("gifts", "cups"):
            return rng.choice([1, 1, 1, 1, 2, 2, 3])
        return rng.choice([1, 1, 1, 2, 2, 3]) if product.every_days else 1

    def _order(self, rng: random.Random, rows: Rows, buyer: Buyer, placed: float, basket: dict[str, int]) -> Bought:
        total, discount, shipping = self._money(rng, buyer, placed, basket)
        fate = self._fate(rng, buyer, placed)
        refund = self._refund(rng, fate, total)
        status = "returned" if refund and fate.delivered and refund.status in ("received", "paid") else fate.status
        at = self._line.at(placed)
        number = self._numbers.next(placed)
        order_id = rows.add(
            Order, at, number=number, customer_id=buyer.id, status=status, placed_at=at,
            updated_at=self._line.at(max(fate.changed, (refund.paid or refund.at) if refund else 0)),
            currency=CURRENCY, total_minor=total, discount_minor=discount, shipping_minor=shipping,
            cancelled_at=_moment(self._line, fate.cancelled), source="shop", address=buyer.address,
        )  # fmt: skip
        for position, (sku, quantity) in enumerate(basket.items(), start=1):
            rows.add(
                OrderLine, at, order_id=order_id, position=position, product_id=self._product_ids[sku],
                quantity=quantity, unit_minor=self._shelf.by_sku[sku].price * 100,
            )  # fmt: skip
        courier = rng.choices(buyer.country.couriers, weights=[each.weight for each in buyer.country.couriers])[0]
        tracking = tracking_number(rng, courier)
        self._add_shipment(rows, order_id, fate, courier.name, tracking)
        if refund:
            self._add_refund(rng, rows, order_id, refund, fate)
        return Bought(
            id=order_id, number=number, status=status, total=total,
            products=tuple(self._shelf.by_sku[sku] for sku in basket),
            placed=placed, shipped=fate.shipped, expected=fate.expected, delivered=fate.delivered,
            courier=courier.name, tracking=tracking, refund=refund,
        )  # fmt: skip

    def _money(self, rng: random.Random, buyer: Buyer, placed: float, basket: dict[str, int]) -> tuple[int, int, int]:
        """Total, discount and shipping in minor units."""
        goods = sum(self._shelf.by_sku[sku].price * 100 * quantity for sku, quantity in basket.items())
        percent = WHOLESALE_DISCOUNT if buyer.company else self._seasons.discount(placed)
        if not percent and rng.random() < 0.08:
            percent = 5  # a coupon
        discount = goods * percent // 100
        shipping = 0 if goods - discount >= buyer.country.free_from * 100 else buyer.country.shipping * 100
        return goods - discount + shipping, discount, shipping

    def _fate(self, rng: random.Random, buyer: Buyer, placed: float) -> Fate:
        end = self._line.end
        cancelled = placed + rng.uniform(0.02, 0.6) if rng.random() < 0.03 else None
        packed = rng.uniform(0.3, 1.7) + (1.0 if "double_11" in self._seasons.names(placed) else 0)
        fast, slow = buyer.country.days
        travel, luck = rng.uniform(fast, slow), rng.random()
        if cancelled and cancelled < end:
            return Fate("cancelled", cancelled, cancelled=cancelled)
        shipped = placed + packed
        if shipped > end:
            return Fate("placed" if end - placed < 0.08 else "paid", placed)
        expected = shipped + slow
        if luck < 0.004:
            return Fate("shipped", shipped, shipped=shipped, expected=expected, parcel="lost")
        delivered = shipped + travel + (rng.uniform(3, 10) if luck < 0.05 else 0)
        if delivered <= end:
            return Fate("delivered", delivered, None, shipped, expected, delivered, "delivered")
        parcel = "out_for_delivery" if delivered - end < 0.4 else "shipped" if end - shipped < 0.3 else "in_transit"
        return Fate("shipped", shipped, shipped=shipped, expected=expected, parcel=parcel)

    def _refund(self, rng: random.Random, fate: Fate, total: int) -> Refunding | None:
        """Money that goes back: of cancelled orders, lost parcels and 4 % of what arrived."""
        wanted, wait, steps = rng.random() < 0.04, rng.uniform(1, 12), [rng.uniform(0.3, 2.5) for _ in range(3)]
        refused = rng.random() < 0.05
        if fate.cancelled is not None:
            asked, names = fate.cancelled, ["approved", "paid"]
        elif fate.parcel == "lost" and fate.expected is not None:
            asked, names = fate.expected + 5, ["approved", "paid"]
        elif fate.delivered is not None and wanted:
            asked, names = fate.delivered + wait, ["refused"] if refused else ["approved", "received", "paid"]
            steps[1] += 3
        else:
            return None
        if asked > self._line.end:
            return None
        status, moment, paid = "requested", asked, None
        for name, step in zip(names, steps, strict=False):
            moment += step
            if moment > self._line.end:
                break
            status, paid = name, moment if name == "paid" else None
        return Refunding(status, asked, paid, total)

    def _add_shipment(self, rows: Rows, order_id: int, fate: Fate, courier: str, tracking: str) -> None:
        if fate.shipped is None or fate.expected is None:
            return
        at = self._line.at(fate.shipped)
        rows.add(
            Shipment, at, order_id=order_id, carrier=courier, tracking_no=tracking, status=fate.parcel, shipped_at=at,
            expected_on=self._line.day(fate.expected), delivered_at=_moment(self._line, fate.delivered),
        )  # fmt: skip

    def _add_refund(self, rng: random.Random, rows: Rows, order_id: int, refund: Refunding, fate: Fate) -> None:
        reason = rng.choices(list(REASONS), weights=list(REASONS.values()))[0]
        if fate.delivered is None:
            reason = "cancelled" if fate.cancelled is not None else "lost"
        at = self._line.at(refund.at)
        rows.add(
            Refund, at, order_id=order_id, status=refund.status, amount_minor=refund.amount, currency=CURRENCY,
            reason=reason, requested_at=at, paid_at=_moment(self._line, refund.paid),
        )  # fmt: skip


def tracking_number(rng: random.Random, courier: Courier) -> str:
    """A tracking number in the courier's manner."""
    return courier.prefix + digits(rng, courier.digits)


def _moment(line: Timeline, position: float | None) -> datetime | None:
    return None if position is None else line.at(position)
