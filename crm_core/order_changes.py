"""What a customer may change in their own order before it ships: where it goes, and the colour of what is in it."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core import orders
from crm_core.errors import NotFound, NotPossible
from crm_core.models import Order, OrderLine, Product
from crm_core.orders import OrderView

UNTIL_IT_SHIPS = 0
"""Hours after ordering within which changes are taken; 0: until it ships."""


def why_not_change(order: OrderView, now: datetime) -> str:
    """Why an order cannot be changed any more; "" when it can."""
    return orders.why_not_cancel(order, now, UNTIL_IT_SHIPS)


def change_address(session: Session, order_id: int, address: str, now: datetime) -> OrderView:
    """Send an order somewhere else.

    Raises:
        NotPossible: cancelled, shipped, returned or draft; nothing was changed.
    """
    view = _changeable(session, order_id, now)
    row = session.get_one(Order, order_id)
    row.address, row.updated_at = address, now
    session.flush()
    return view


def swap(session: Session, order_id: int, position: int, sku: str, now: datetime) -> OrderView:
    """Put another product of the same price into a line of an order, the same one in another colour for instance.

    Raises:
        NotFound: no such line or product.
        NotPossible: cancelled, shipped …; or "price", "stock"; nothing was changed.
    """
    view = _changeable(session, order_id, now)
    line = next((each for each in view.lines if each.position == position), None)
    other = session.execute(select(Product).where(Product.sku == sku, Product.active)).scalar_one_or_none()
    if line is None or other is None:
        raise NotFound("There is no such line or product.")
    old = session.execute(select(Product).where(Product.sku == line.sku)).scalar_one()
    if other.price_minor != old.price_minor or other.currency != old.currency:
        raise NotPossible("price", number=view.number)
    if view.status != "draft":
        if other.stock < line.quantity:
            raise NotPossible("stock", number=view.number)
        other.stock -= line.quantity
        old.stock += line.quantity
    same_line = (OrderLine.order_id == order_id, OrderLine.position == position)
    session.execute(update(OrderLine).where(*same_line).values(product_id=other.id))
    session.execute(update(Order).where(Order.id == order_id).values(updated_at=now))
    return orders.locked(session, order_id)


def _changeable(session: Session, order_id: int, now: datetime) -> OrderView:
    view = orders.locked(session, order_id)
    reason = why_not_change(view, now)
    if reason:
        raise NotPossible(reason, number=view.number)
    return view
