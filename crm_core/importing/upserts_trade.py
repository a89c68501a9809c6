"""Orders and shipments from outside, created or updated in batches: only what differs is written."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from crm_core.crypto import Vault
from crm_core.facts import LineFacts, OrderFacts, Outcome, Refused, ShipmentFacts
from crm_core.importing.upserts import CustomerBatch, ProductBatch, assign, chunks
from crm_core.models import Order, OrderLine, Shipment

FINAL = ("cancelled", "returned")
BEFORE_SHIPPING = ("draft", "placed", "paid")
MOST_MINOR = 10**14


class OrderBatch:
    """Finds, creates and updates the orders and shipments of one batch.

    Args:
        create_customers: an unknown customer is created; otherwise the order is refused.
    """

    def __init__(
        self,
        session: Session,
        now: datetime,
        customers: CustomerBatch,
        products: ProductBatch,
        *,
        source: str,
        create_customers: bool,
        write: bool = True,
    ) -> None:
        session.autoflush = False
        self._session = session
        self._vault: Vault = session.info["vault"]
        self._now = now
        self._customers = customers
        self._products = products
        self._source = source
        self._create_customers = create_customers
        self._write = write
        self._orders: dict[str, Order] = {}
        self._created: list[Order] = []

    def load(self, numbers: Iterable[str], facts: Iterable[OrderFacts] = ()) -> None:
        """Fetch the orders named, and the customers and products that the facts name."""
        wanted = list(facts)
        for few in chunks(set(numbers)):
            query = select(Order).where(Order.number.in_(few))
            for order in self._session.scalars(query.options(selectinload(Order.lines), selectinload(Order.shipments))):
                self._orders[order.number] = order
        self._vault.load_keys(order.customer_id for order in self._orders.values())
        self._customers.load([each.customer for each in wanted])
        self._products.load({line.sku for each in wanted for line in each.lines or ()})

    def upsert(self, facts: OrderFacts) -> Outcome:
        """Create the order or update what differs.

        Raises:
            Refused: unknown customer or product, somebody else's order, an impossible total.
        """
        lines = self._lines(facts)
        order = self._orders.get(facts.number)
        if order is None:
            self._create(facts, lines)
            return "created"
        self._check_customer(order, facts)
        _check_total(order, facts, lines)
        changed = [_set_lines(order, lines), _set_status(order, facts, self._now)]
        for name in ("currency", "discount_minor", "shipping_minor", "placed_at", "cancelled_at", "address"):
            changed.append(assign(order, name, getattr(facts, name), fill_only=False))
        changed.append(assign(order, "total_minor", _total(order, facts), fill_only=False))
        changed += [self._set_shipment(order, shipment) != "unchanged" for shipment in facts.shipments]
        if any(changed):
            order.updated_at = self._now
        return "updated" if any(changed) else "unchanged"

    def upsert_shipment(self, facts: ShipmentFacts) -> Outcome:
        """Create the shipment or update what differs.

        Raises:
            Refused: no such order.
        """
        order = self._orders.get(facts.number)
        if order is None:
            raise Refused(f'there is no order "{facts.number}": import the orders first')
        return self._set_shipment(order, facts)

    def finish(self) -> None:
        """Write what was created, customers and products first."""
        self._customers.finish()
        self._products.finish()
        if self._write:
            self._session.add_all(self._created)
            self._session.flush()
            self._created = []

    def _lines(self, facts: OrderFacts) -> list[tuple[int, int, int]] | None:
        if facts.lines is None:
            return None
        lines, wrong = [], {}
        for position, line in enumerate(facts.lines):
            try:
                lines.append(self._line(line, facts.currency))
            except Refused as refusal:
                wrong[position] = str(refusal)
        if wrong:
            raise Refused("; ".join(dict.fromkeys(wrong.values())), lines=wrong)
        return lines

    def _line(self, facts: LineFacts, currency: str | None) -> tuple[int, int, int]:
        product = self._products.find(facts.sku)
        unit = facts.unit_minor
        if unit is None:
            if currency is not None and currency != product.currency:
                raise Refused(f'no unit price in {currency} is given for "{facts.sku}"')
            unit = product.price_minor
        return product.id, facts.quantity, unit

    def _create(self, facts: OrderFacts, lines: list[tuple[int, int, int]] | None) -> None:
        if facts.placed_at is None or not lines:
            raise Refused("a new order needs a date and at least one line")
        order = Order(
            number=facts.number,
            status=facts.status or "placed",
            placed_at=facts.placed_at,
            updated_at=self._now,
            currency=facts.currency or self._products.currency,
            discount_minor=facts.discount_minor or 0,
            shipping_minor=facts.shipping_minor or 0,
            cancelled_at=facts.cancelled_at,
            source=self._source,
            address=facts.address,
        )
        _check_total(order, facts, lines)
        _set_lines(order, lines)
        order.total_minor = _total(order, facts)
        order.customer_id = self._customer_of(facts)
        for shipment in facts.shipments:
            self._set_shipment(order, shipment)
        self._orders[facts.number] = order
        self._created.append(order)

    def _customer_of(self, facts: OrderFacts) -> int:
        if not facts.customer.has_key:
            raise Refused(
                "the order names no customer: give a customer number, an e-mail address or a telephone number"
            )
        customer = self._customers.find(facts.customer)
        if customer is None:
            self._customers.refuse_erased(facts.customer, since=facts.placed_at)
            if not self._create_customers:
                raise Refused("the customer is not known: import the customers first, or use --create-customers")
            return self._customers.create(facts.customer).id
        return customer.id

    def _check_customer(self, order: Order, facts: OrderFacts) -> None:
        """Never moves an order to somebody else: a typing error would show it to a stranger."""
        try:
            customer = self._customers.find(facts.customer)
        except Refused:
            return
        if customer is not None and customer.id != order.customer_id:
            raise Refused("this order is already known, as another customer's")

    def _set_shipment(self, order: Order, facts: ShipmentFacts) -> Outcome:
        found = next((shipment for shipment in order.shipments if shipment.tracking_no == facts.tracking_no), None)
        values: dict[str, Any] = {
            name: getattr(facts, name) for name in ("carrier", "status", "shipped_at", "expected_on", "delivered_at")
        }
        if found is not None:
            changed = [assign(found, name, value, fill_only=False) for name, value in values.items()]
            return "updated" if any(changed) else "unchanged"
        shipment = Shipment(tracking_no=facts.tracking_no, carrier=facts.carrier or "")
        shipment.status = facts.status or ("delivered" if facts.delivered_at else "shipped")
        for name in ("shipped_at", "expected_on", "delivered_at"):
            setattr(shipment, name, values[name])
        order.shipments.append(shipment)
        return "created"


def _total(order: Order, facts: OrderFacts) -> int:
    if facts.total_minor is not None:
        return facts.total_minor
    if facts.lines is None and facts.discount_minor is None and facts.shipping_minor is None:
        return order.total_minor
    return sum(line.quantity * line.unit_minor for line in order.lines) - order.discount_minor + order.shipping_minor


def _check_total(order: Order, facts: OrderFacts, lines: list[tuple[int, int, int]] | None) -> None:
    goods = sum(quantity * unit for _, quantity, unit in lines) if lines is not None else None
    discount = facts.discount_minor if facts.discount_minor is not None else order.discount_minor
    if goods is not None and discount > goods:
        raise Refused("the discount is larger than the price of the goods")
    if goods is not None and goods > MOST_MINOR:
        raise Refused("the total has more digits than an order can have")


def _set_lines(order: Order, lines: list[tuple[int, int, int]] | None) -> bool:
    if lines is None:
        return False
    current = [(line.product_id, line.quantity, line.unit_minor) for line in order.lines]
    if current == lines:
        return False
    for index, (product_id, quantity, unit) in enumerate(lines):
        if index == len(order.lines):
            position = order.lines[-1].position + 1 if order.lines else 0
            order.lines.append(OrderLine(position=position, product_id=product_id, quantity=quantity, unit_minor=unit))
            continue
        line = order.lines[index]
        line.product_id, line.quantity, line.unit_minor = product_id, quantity, unit
    del order.lines[len(lines) :]
    return True


def _set_status(order: Order, facts: OrderFacts, now: datetime) -> bool:
    """A cancellation or return that happened here is not undone by a file that has not heard of it."""
    if facts.status is None or facts.status == order.status:
        return False
    if order.status in FINAL and facts.status in BEFORE_SHIPPING:
        return False
    order.status = facts.status
    if facts.status == "cancelled" and order.cancelled_at is None and facts.cancelled_at is None:
        order.cancelled_at = now
    return True
