"""Orders that customers ask for in chat: drafts with the prices and stock of the moment, which staff confirm.

A draft takes nothing from stock and counts as sold nowhere; nothing is ever charged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core import orders
from crm_core.database import next_number
from crm_core.errors import NotFound, NotPossible
from crm_core.models import Order, OrderLine, Product
from crm_core.orders import CHAT, OrderView

PREFIX = "RP-"
"""Keeps the numbers given out here apart from those of the shop."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of an order that is asked for."""

    sku: str
    quantity: int


def place(session: Session, customer_id: int, wanted: Sequence[Wanted], address: str, now: datetime) -> OrderView:
    """Note an order as a draft, at today's prices.

    Raises:
        NotFound: a product is not on sale (any more).
        NotPossible("stock"): there is less of a product than asked for; `details` names the SKU and what is left.
        NotPossible("currency"): the products are priced in different money.
    """
    products = _products(session, [line.sku for line in wanted])
    for line in wanted:
        _check_stock(products[line.sku], line.quantity)
    if len({product.currency for product in products.values()}) > 1:
        raise NotPossible("currency")
    order = Order(
        number=f"{PREFIX}{next_number(session, 'order')}",
        customer_id=customer_id,
        status="draft",
        placed_at=now,
        updated_at=now,
        currency=products[wanted[0].sku].currency,
        total_minor=sum(products[line.sku].price_minor * line.quantity for line in wanted),
        source=CHAT,
        address=address or None,
    )
    session.add(order)
    session.flush()
    for position, line in enumerate(wanted, 1):
        product = products[line.sku]
        session.add(
            OrderLine(
                order_id=order.id, position=position, product_id=product.id, quantity=line.quantity,
                unit_minor=product.price_minor,
            )
        )  # fmt: skip
    session.flush()
    return orders.locked(session, order.id)


def last_address(session: Session, customer_id: int) -> str:
    """Where the customer's newest order went, "" when that is not known."""
    query = select(Order).where(Order.customer_id == customer_id, Order.address_sealed.is_not(None))
    newest = session.execute(query.order_by(Order.placed_at.desc(), Order.id.desc()).limit(1)).scalar_one_or_none()
    return (newest.address or "") if newest else ""


def identify(session: Session, number: str) -> int:
    """Row id of an order that was asked for in chat.

    Raises:
        NotFound: there is none of this number.
    """
    found = session.execute(select(Order.id).where(Order.number == number, Order.source == CHAT)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such draft order (any more).")
    return found


def confirm(session: Session, order_id: int, now: datetime) -> OrderView:
    """Make a draft an order: its goods are taken from stock.

    Raises:
        NotPossible("decided"): it is no draft any more; `details` names its state.
        NotPossible("stock"): not enough is left; nothing was changed.
    """
    view = _draft(session, order_id)
    for line in view.lines:
        product = session.execute(select(Product).where(Product.sku == line.sku).with_for_update()).scalar_one()
        _check_stock(product, line.quantity)
        product.stock -= line.quantity
    return _settled(session, order_id, "placed", now)


def decline(session: Session, order_id: int, now: datetime) -> OrderView:
    """Turn a draft down; it gets no day of cancelling, since it never was an order.

    Raises:
        NotPossible("decided"): it is no draft any more; `details` names its state.
    """
    _draft(session, order_id)
    return _settled(session, order_id, "cancelled", now)


def _draft(session: Session, order_id: int) -> OrderView:
    view = orders.locked(session, order_id)
    if view.status != "draft":
        raise NotPossible("decided", status=view.status, number=view.number)
    return view


def _settled(session: Session, order_id: int, status: str, now: datetime) -> OrderView:
    ordered = {"placed_at": now} if status == "placed" else {}
    session.execute(update(Order).where(Order.id == order_id).values(status=status, updated_at=now, **ordered))
    return orders.locked(session, order_id)


def _products(session: Session, skus: Sequence[str]) -> dict[str, Product]:
    rows = session.execute(select(Product).where(Product.sku.in_(list(skus)), Product.active)).scalars()
    found = {product.sku: product for product in rows}
    if not skus or set(skus) - set(found):
        raise NotFound("One of these products is not on sale any more.")
    return found


def _check_stock(product: Product, quantity: int) -> None:
    if product.stock < quantity:
        raise NotPossible("stock", sku=product.sku, left=str(max(product.stock, 0)))
