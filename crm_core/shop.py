"""What a shop system posts as it happens: orders, shipments, prices and stock. Safe to post again.

The envelope is checked as a whole, then each record by itself, so that one bad order does not stop the others.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.csv_cells import clean_cell
from crm_core.database import Store
from crm_core.errors import CrmError
from crm_core.facts import (
    ORDER_STATUSES,
    SHIPMENT_STATUSES,
    CustomerFacts,
    LineFacts,
    OrderFacts,
    Outcome,
    ProductFacts,
    Refused,
    ShipmentFacts,
)
from crm_core.importing.columns import plain
from crm_core.importing.upserts import CustomerBatch, ProductBatch
from crm_core.importing.upserts_trade import OrderBatch
from crm_core.importing.values import Habits, amount, is_currency, local_day, minor_units, moment
from crm_core.importing.words import meanings

MOST_RECORDS = 500
MOST_LINES = 200
BATCH = 50

Text = Annotated[str, Field(max_length=200)]
Number = Annotated[str, Field(min_length=1, max_length=60)]
Moment = Annotated[str, Field(max_length=40)]
Money = Annotated[str, Field(max_length=30)] | int | float


class ShopRefused(CrmError, ValueError):
    """The payload as a whole cannot be used; nothing was changed. `problems`: place → what is wrong with it."""

    def __init__(self, text: str, problems: dict[str, str]) -> None:
        super().__init__(text)
        self.problems = problems

    def as_dict(self) -> dict[str, Any]:
        """What the HTTP route answers (422): the first problem, what to do, and all problems by place."""
        field = next(iter(self.problems), "")
        fix = "Correct what is named, then post all of it again: what was taken in before stays as it is."
        return {"field": field, "problem": str(self), "fix": fix, "problems": self.problems}


class Part(BaseModel):
    """A part of the payload: exact types, no unknown names."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ShopCustomer(Part):
    external_id: Annotated[str, Field(max_length=100)] | None = None
    name: Text | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    city: Annotated[str, Field(max_length=100)] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] | None = None
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2}([-_][A-Za-z]{2,4})?$")] | None = None


class ShopLine(Part):
    sku: Number
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    unit_price: Money | None = None


class ShopShipment(Part):
    order: Number | None = None
    """The order's number; not needed inside an order."""
    tracking_no: Annotated[str, Field(min_length=1, max_length=100)]
    carrier: Text | None = None
    status: Text | None = None
    shipped_at: Moment | None = None
    expected_on: Moment | None = None
    delivered_at: Moment | None = None


class ShopOrder(Part):
    number: Number
    placed_at: Moment | None = None
    status: Text | None = None
    customer: ShopCustomer = ShopCustomer()
    currency: Annotated[str, Field(max_length=3)] | None = None
    lines: Annotated[list[ShopLine], Field(min_length=1, max_length=MOST_LINES)] | None = None
    discount: Money | None = None
    shipping: Money | None = None
    total: Money | None = None
    address: Annotated[str, Field(max_length=500)] | None = None
    cancelled_at: Moment | None = None
    shipments: Annotated[list[ShopShipment], Field(max_length=50)] = []


class ShopProduct(Part):
    sku: Number
    name_en: Text | None = None
    name_zh: Text | None = None
    description_en: Annotated[str, Field(max_length=10_000)] | None = None
    description_zh: Annotated[str, Field(max_length=10_000)] | None = None
    category: Annotated[str, Field(max_length=60)] | None = None
    price: Money | None = None
    currency: Annotated[str, Field(max_length=3)] | None = None
    stock: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    active: bool | None = None
    warranty_months: Annotated[int, Field(ge=0, le=600)] | None = None


Raw = list[dict[str, Any]]


class ShopUpdate(Part):
    """The envelope; its records are checked one by one afterwards."""

    orders: Annotated[Raw, Field(max_length=MOST_RECORDS)] = []
    shipments: Annotated[Raw, Field(max_length=MOST_RECORDS)] = []
    products: Annotated[Raw, Field(max_length=MOST_RECORDS)] = []


def apply_shop_update(
    store: Store,
    payload: object,
    clock: Callable[[], datetime],
    region: str,
    zone: str,
    currency: str = "CNY",
) -> dict[str, list[dict[str, Any]]]:
    """Take in what a shop posted.

    Args:
        payload: parsed JSON: {"orders": […], "shipments": […], "products": […]}.
        region, zone, currency: of the business, for numbers without a prefix, times without a zone, bare amounts.

    Returns:
        The same three lists; each record's key and its `result`: created, updated, unchanged, or rejected with `error`.

    Raises:
        ShopRefused: not this shape, or more than 500 records of a kind; nothing was changed.
        DatabaseUnavailable: nothing of the current 50 records was changed; post all of it again.
    """
    try:
        update = ShopUpdate.model_validate(payload)
    except ValidationError as error:
        raise ShopRefused("The payload cannot be used; nothing was changed.", _problems(error)) from error
    habits = Habits(ZoneInfo(zone), region, currency, clock(), "dmy", False)
    take = _Taking(store, habits)
    return {
        "products": take.all(update.products, "sku", take.product),
        "orders": take.all(update.orders, "number", take.order),
        "shipments": take.all(update.shipments, "tracking_no", take.shipment),
    }


Facts = ProductFacts | OrderFacts | ShipmentFacts


class _Taking:
    def __init__(self, store: Store, habits: Habits) -> None:
        self._store = store
        self._habits = habits

    def all(self, raw: Raw, key: str, read: Callable[[dict[str, Any]], Facts]) -> list[dict[str, Any]]:
        results = []
        for few in _batches(raw):
            results += self._store.repeated(lambda session, few=few: self._batch(session, few, key, read))  # type: ignore[misc]
        return results

    def _batch(
        self, session: Session, raw: Raw, key: str, read: Callable[[dict[str, Any]], Facts]
    ) -> list[dict[str, Any]]:
        now, habits = self._habits.now, self._habits
        customers = CustomerBatch(session, now, source="shop", region=habits.region)
        products = ProductBatch(session, now, currency=habits.currency)
        orders = OrderBatch(session, now, customers, products, source="shop", create_customers=True)
        facts = [_either(read, each) for each in raw]
        wanted = [each for each in facts if isinstance(each, OrderFacts)]
        products.load([each.sku for each in facts if isinstance(each, ProductFacts)])
        orders.load([each.number for each in facts if isinstance(each, (OrderFacts, ShipmentFacts))], wanted)
        results = []
        for given, fact in zip(raw, facts, strict=True):
            name = given.get(key)
            result = _result(customers, products, orders, fact)
            results.append({key: name if isinstance(name, str) else None, **result})
        orders.finish()
        return results

    def product(self, raw: dict[str, Any]) -> ProductFacts:
        given = ShopProduct.model_validate(raw)
        currency = self._currency(given.currency)
        return ProductFacts(
            sku=_said(given.sku, "sku"),
            name_en=_clean(given.name_en),
            name_zh=_clean(given.name_zh),
            description_en=_clean(given.description_en),
            description_zh=_clean(given.description_zh),
            category=_clean(given.category),
            price_minor=self._money(given.price, "price", currency),
            currency=currency,
            stock=given.stock,
            active=given.active,
            warranty_months=given.warranty_months,
        )

    def order(self, raw: dict[str, Any]) -> OrderFacts:
        given = ShopOrder.model_validate(raw)
        number, currency = _said(given.number, "number"), self._currency(given.currency)
        lines = None
        if given.lines is not None:
            lines = tuple(
                LineFacts(_said(line.sku, "sku"), line.quantity, self._money(line.unit_price, "unit_price", currency))
                for line in given.lines
            )
        return OrderFacts(
            number=number,
            customer=self._customer(given.customer),
            placed_at=self._moment(given.placed_at, "placed_at"),
            status=_word(given.status, "order_status", ORDER_STATUSES),
            currency=currency,
            lines=lines,
            discount_minor=self._money(given.discount, "discount", currency),
            shipping_minor=self._money(given.shipping, "shipping", currency),
            total_minor=self._money(given.total, "total", currency),
            address=_clean(given.address),
            cancelled_at=self._moment(given.cancelled_at, "cancelled_at"),
            shipments=tuple(self._parcel(parcel, number) for parcel in given.shipments),
        )

    def shipment(self, raw: dict[str, Any]) -> ShipmentFacts:
        given = ShopShipment.model_validate(raw)
        if given.order is None:
            raise Refused("order is missing: the number of the order that is shipped")
        return self._parcel(given, _said(given.order, "order"))

    def _parcel(self, given: ShopShipment, number: str) -> ShipmentFacts:
        expected = given.expected_on
        return ShipmentFacts(
            number=number,
            tracking_no=_said(given.tracking_no, "tracking_no"),
            carrier=_clean(given.carrier),
            status=_word(given.status, "shipment_status", SHIPMENT_STATUSES),
            shipped_at=self._moment(given.shipped_at, "shipped_at"),
            expected_on=local_day(expected, "expected_on", self._habits) if expected else None,
            delivered_at=self._moment(given.delivered_at, "delivered_at"),
        )

    def _customer(self, given: ShopCustomer) -> CustomerFacts:
        email, phone = _clean(given.email), _clean(given.phone)
        facts = CustomerFacts(
            external_id=_clean(given.external_id),
            email=normalised_email(email) if email else None,
            phone=normalised_phone(phone, self._habits.region) if phone else None,
            name=_clean(given.name),
            city=_clean(given.city),
            country=given.country.upper() if given.country else None,
            language=given.language[:2].lower() if given.language else None,
        )
        if email and facts.email is None:
            raise Refused(f'customer.email "{email}" is not an e-mail address')
        if phone and facts.phone is None:
            raise Refused(f'customer.phone "{phone}" is not a telephone number')
        return facts

    def _currency(self, given: str | None) -> str | None:
        if given and not is_currency(given.upper()):
            raise Refused(f'currency "{given}" is not a code like CNY or USD')
        return given.upper() if given else None

    def _money(self, given: Money | None, what: str, currency: str | None) -> int | None:
        if given is None:
            return None
        wanted = currency or self._habits.currency
        value, named = amount(given, what, self._habits)
        if named and wanted not in named:
            raise Refused(f'{what} "{given}" is not in {wanted}')
        return minor_units(Decimal(value), wanted, what)

    def _moment(self, given: str | None, what: str) -> datetime | None:
        return moment(given, what, self._habits) if given else None


def _result(
    customers: CustomerBatch, products: ProductBatch, orders: OrderBatch, fact: Facts | Refused
) -> dict[str, Any]:
    try:
        if isinstance(fact, Refused):
            raise fact
        outcome: Outcome
        if isinstance(fact, ProductFacts):
            outcome = products.upsert(fact)
        elif isinstance(fact, ShipmentFacts):
            outcome = orders.upsert_shipment(fact)
        else:
            outcome = _order(customers, orders, fact)
    except Refused as refusal:
        return {"result": "rejected", "error": str(refusal)}
    return {"result": outcome}


def _order(customers: CustomerBatch, orders: OrderBatch, fact: OrderFacts) -> Outcome:
    """The order, and what the shop says about its customer."""
    outcome = orders.upsert(fact)
    try:
        if customers.known(fact.customer) is None:
            return outcome
    except Refused:
        return outcome
    _, about = customers.upsert(fact.customer)
    return "updated" if outcome == "unchanged" and about == "updated" else outcome


def _either(read: Callable[[dict[str, Any]], Facts], raw: dict[str, Any]) -> Facts | Refused:
    try:
        return read(raw)
    except ValidationError as error:
        return Refused("; ".join(f"{place}: {problem}" for place, problem in _problems(error).items())[:500])
    except Refused as refusal:
        return refusal


def _problems(error: ValidationError) -> dict[str, str]:
    found = {".".join(map(str, each["loc"])) or "payload": each["msg"] for each in error.errors(include_url=False)}
    return dict(list(found.items())[:20])


def _said(text: str, what: str) -> str:
    cleaned = clean_cell(text)
    if not cleaned:
        raise Refused(f"{what} is empty")
    return cleaned


def _clean(text: str | None) -> str | None:
    return (clean_cell(text) or None) if text is not None else None


def _word(text: str | None, what: str, known: tuple[str, ...]) -> str | None:
    if text is None:
        return None
    meaning = meanings(what).get(plain(text))
    if meaning is None:
        raise Refused(f'status "{text[:40]}" is not known; write one of {", ".join(known)}')
    return meaning


def _batches(raw: Raw) -> Iterator[Raw]:
    for start in range(0, len(raw), BATCH):
        yield raw[start : start + BATCH]
