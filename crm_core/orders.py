"""Orders as their customer sees them, and what may be done to them: cancel before shipping, return after delivery."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from crm_core.errors import NotFound, NotPossible
from crm_core.models import Order, OrderLine, Product, Refund, Shipment

OPEN = ("placed", "paid", "shipped")
CANCELLABLE = ("placed", "paid")
CHAT = "chat"
RETURN_WINDOW = timedelta(days=30)
SHOWN = 5
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of an order; `unit_minor` is the price of one piece."""

    position: int
    sku: str
    names: dict[str, str]
    quantity: int
    unit_minor: int


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """One parcel."""

    carrier: str
    tracking_no: str
    status: str
    shipped_at: datetime | None
    expected_on: date | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundView:
    """A return or refund and how far it is."""

    status: str
    amount_minor: int
    currency: str
    reason: str
    requested_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with all that belongs to it; no address and no customer."""

    number: str
    status: str
    placed_at: datetime
    updated_at: datetime
    currency: str
    total_minor: int
    discount_minor: int
    shipping_minor: int
    lines: tuple[LineView, ...]
    shipments: tuple[ShipmentView, ...]
    refunds: tuple[RefundView, ...]
    source: str = ""
    """Where it came from: import, shop, sample, or chat: put together here and to be confirmed by staff."""

    @property
    def asked_in_chat(self) -> bool:
        """Whether it is a draft that waits for a member of staff."""
        return self.status == "draft" and self.source == CHAT

    @property
    def delivered_at(self) -> datetime | None:
        """When the last parcel arrived; for a delivered order without parcels, when that was noted."""
        arrived = [parcel.delivered_at for parcel in self.shipments if parcel.delivered_at]
        if arrived:
            return max(arrived)
        return self.updated_at if self.status == "delivered" else None

    @property
    def refund(self) -> RefundView | None:
        """The refund that counts: the newest one that was not refused, else the newest."""
        alive = [refund for refund in self.refunds if refund.status != "refused"]
        newest = sorted(alive or self.refunds, key=lambda refund: refund.requested_at)
        return newest[-1] if newest else None


def newest(session: Session, customer_id: int, limit: int = SHOWN) -> list[OrderView]:
    """The last orders of a customer, newest first."""
    return _views(session, Order.customer_id == customer_id, limit)


def numbered(session: Session, customer_id: int, number: str) -> OrderView | None:
    """The order of a customer that goes by this number, as people write it ("#20931", "so 20931", "２０９３１")."""
    order_id = identify(session, customer_id, number)
    return with_id(session, order_id) if order_id is not None else None


def with_id(session: Session, order_id: int) -> OrderView | None:
    """One order by its row id."""
    found = _views(session, Order.id == order_id, 1)
    return found[0] if found else None


def identify(session: Session, customer_id: int, number: str) -> int | None:
    """Row id of the customer's order that a written number means."""
    rows = session.execute(select(Order.id, Order.number).where(Order.customer_id == customer_id))
    return fitting([(row.id, row.number) for row in rows], number)


def fitting(candidates: Sequence[tuple[int, str]], number: str) -> int | None:
    """The id among (id, order number) that a written number means; None when none fits, or more than one.

    >>> fitting([(1, "SO-20931"), (2, "SO-20932")], "20931")
    1
    """
    wanted = plain_number(number)
    plain = [(key, plain_number(known)) for key, known in candidates]
    for fits in (
        [key for key, known in plain if wanted and known == wanted],
        [key for key, known in plain if wanted.isdigit() and known.lstrip(_LETTERS) == wanted],
    ):
        if fits:
            return fits[0] if len(fits) == 1 else None
    return None


def plain_number(number: str) -> str:
    """An order number without what people add or leave out: case, width, blanks, dashes, #.

    >>> plain_number("＃so 20931"), plain_number("SO-20931")
    ('SO20931', 'SO20931')
    """
    folded = unicodedata.normalize("NFKC", number[:80]).upper()
    return "".join(char for char in folded if char.isalnum())


# --- what may be done -----------------------------------------------------------------------------------------------
def why_not_cancel(order: OrderView, now: datetime, window_hours: int) -> str:
    """Why a customer cannot cancel an order by chat; "" when they can. `window_hours` 0: until it ships."""
    if order.status == "cancelled":
        return "cancelled"
    if order.asked_in_chat:
        return ""
    if order.status not in CANCELLABLE or any(parcel.shipped_at for parcel in order.shipments):
        return "shipped" if order.status in (*OPEN, "delivered") else order.status
    if window_hours and now - order.placed_at > timedelta(hours=window_hours):
        return "too_late"
    return ""


def cancel(session: Session, order_id: int, now: datetime, window_hours: int) -> OrderView:
    """Cancel an order: its goods go back to stock, and what was paid is to be refunded.

    A draft is only withdrawn: it has taken nothing, and as it never was an order, it has no day of cancelling.

    Raises:
        NotPossible: cancelled, shipped, returned, draft or too_late; nothing was changed.
    """
    view = locked(session, order_id)
    reason = why_not_cancel(view, now, window_hours)
    if reason:
        raise NotPossible(reason, number=view.number)
    ordered = view.status != "draft"
    if ordered:
        _back_to_stock(session, order_id)
    refunds = view.refunds
    if view.status == "paid" and view.total_minor:
        refund = _refund(order_id, view, view.total_minor, "cancelled", now)
        session.add(refund)
        refunds = (*refunds, _refund_view(refund))
    values = {"cancelled_at": now} if ordered else {}
    session.execute(update(Order).where(Order.id == order_id).values(status="cancelled", updated_at=now, **values))
    return replace(view, status="cancelled", updated_at=now, refunds=refunds)


def _back_to_stock(session: Session, order_id: int) -> None:
    mine = select(OrderLine.product_id).where(OrderLine.order_id == order_id)
    ordered = select(func.sum(OrderLine.quantity)).where(
        OrderLine.order_id == order_id, OrderLine.product_id == Product.id
    )
    statement = update(Product).where(Product.id.in_(mine)).values(stock=Product.stock + ordered.scalar_subquery())
    session.execute(statement.execution_options(synchronize_session=False))


def why_not_return(order: OrderView, now: datetime) -> str:
    """Why a customer cannot send something back by chat; "" when they can."""
    if order.refund and order.refund.status != "refused":
        return "requested"
    if order.status != "delivered":
        return "not_delivered" if order.status in OPEN else order.status
    delivered = order.delivered_at
    return "too_late" if delivered and now - delivered > RETURN_WINDOW else ""


def request_return(session: Session, order_id: int, position: int | None, reason: str, now: datetime) -> RefundView:
    """Note that a customer sends back one line of an order, or all of it (`position` None). Asked twice: noted once.

    Raises:
        NotPossible: not_delivered, cancelled, returned, draft or too_late; nothing was changed.
    """
    view = locked(session, order_id)
    problem = why_not_return(view, now)
    if problem == "requested" and view.refund:
        return view.refund
    if problem:
        raise NotPossible(problem, number=view.number)
    refund = _refund(order_id, view, returned_minor(view, position), reason, now)
    session.add(refund)
    session.execute(update(Order).where(Order.id == order_id).values(updated_at=now))
    return _refund_view(refund)


def returned_minor(order: OrderView, position: int | None) -> int:
    """What is paid back for one line, or all: the goods less their share of the discount, without shipping."""
    goods = sum(line.quantity * line.unit_minor for line in order.lines)
    back = sum(line.quantity * line.unit_minor for line in order.lines if position in (None, line.position))
    return back - (order.discount_minor * back // goods if goods else 0)


# --- reading --------------------------------------------------------------------------------------------------------
def locked(session: Session, order_id: int) -> OrderView:
    """One order that nobody else changes until this transaction ends."""
    found = _views(session, Order.id == order_id, 1, lock=True)
    if not found:
        raise NotFound("There is no such order.")
    return found[0]


def _views(session: Session, condition: ColumnElement[bool], limit: int, lock: bool = False) -> list[OrderView]:
    columns = (
        Order.id,
        Order.number,
        Order.status,
        Order.placed_at,
        Order.updated_at,
        Order.currency,
        Order.total_minor,
        Order.discount_minor,
        Order.shipping_minor,
        Order.source,
    )
    query = select(*columns).where(condition).order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit)
    rows = session.execute(query.with_for_update() if lock else query).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    lines, parcels, refunds = _lines(session, ids), _shipments(session, ids), _refunds(session, ids)
    return [
        OrderView(
            number=row.number,
            status=row.status,
            placed_at=row.placed_at,
            updated_at=row.updated_at,
            currency=row.currency,
            total_minor=row.total_minor,
            discount_minor=row.discount_minor,
            shipping_minor=row.shipping_minor,
            lines=tuple(lines[row.id]),
            shipments=tuple(parcels[row.id]),
            refunds=tuple(refunds[row.id]),
            source=row.source,
        )
        for row in rows
    ]


def _lines(session: Session, order_ids: Sequence[int]) -> dict[int, list[LineView]]:
    query = (
        select(
            OrderLine.order_id,
            OrderLine.position,
            OrderLine.quantity,
            OrderLine.unit_minor,
            Product.sku,
            Product.name_en,
            Product.name_zh,
        )
        .join(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.order_id, OrderLine.position)
    )
    found: dict[int, list[LineView]] = defaultdict(list)
    for row in session.execute(query):
        names = {"en": row.name_en, "zh": row.name_zh}
        found[row.order_id].append(LineView(row.position, row.sku, names, row.quantity, row.unit_minor))
    return found


def _shipments(session: Session, order_ids: Sequence[int]) -> dict[int, list[ShipmentView]]:
    columns = (
        Shipment.carrier,
        Shipment.tracking_no,
        Shipment.status,
        Shipment.shipped_at,
        Shipment.expected_on,
        Shipment.delivered_at,
    )
    query = select(Shipment.order_id, *columns).where(Shipment.order_id.in_(order_ids)).order_by(Shipment.id)
    found: dict[int, list[ShipmentView]] = defaultdict(list)
    for row in session.execute(query):
        found[row.order_id].append(ShipmentView(*row[1:]))
    return found


def _refunds(session: Session, order_ids: Sequence[int]) -> dict[int, list[RefundView]]:
    columns = (
        Refund.status,
        Refund.amount_minor,
        Refund.currency,
        Refund.reason,
        Refund.requested_at,
        Refund.paid_at,
    )
    query = select(Refund.order_id, *columns).where(Refund.order_id.in_(order_ids)).order_by(Refund.id)
    found: dict[int, list[RefundView]] = defaultdict(list)
    for row in session.execute(query):
        found[row.order_id].append(_refund_view(row))
    return found


def _refund_view(row: Any) -> RefundView:
    return RefundView(row.status, row.amount_minor, row.currency, row.reason or "", row.requested_at, row.paid_at)


def _refund(order_id: int, order: OrderView, amount: int, reason: str, now: datetime) -> Refund:
    return Refund(
        order_id=order_id,
        status="requested",
        amount_minor=amount,
        currency=order.currency,
        reason=reason[:60],
        requested_at=now,
    )
