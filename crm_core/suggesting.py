"""What to offer a customer next: popular in the categories they buy, in stock, not bought lately unless used up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm_core.catalogue import POPULAR_WINDOW
from crm_core.customers import COUNTED
from crm_core.models import Order, OrderLine, Product

LATELY = timedelta(days=365)
"""What lasts is not offered again within a year."""
USED_UP = timedelta(days=21)
"""What is used up is not offered again before that."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One product to offer. `reason`: again (bought before, on `last_bought_at`), category (`because`: the names of
    what they bought of its kind) or popular; `sold` in 90 days."""

    sku: str
    names: dict[str, str]
    price_minor: int
    currency: str
    stock: int
    reason: str
    sold: int
    last_bought_at: datetime | None = None
    because: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Past:
    """What the customer bought: by product the last time, by category how often and the latest product."""

    last: dict[int, datetime]
    times: dict[str, int]
    latest: dict[str, dict[str, str]]


def picks(session: Session, customer_id: int, now: datetime, limit: int = 3, *, personal: bool = True) -> list[Pick]:
    """The best offers, one of each product; of what they buy most first, then what others buy.

    Args:
        personal: False: only what others buy, whatever this customer bought.
    """
    past = _past(session, customer_id) if personal else _Past({}, {}, {})
    offers = []
    for row in session.execute(_for_sale(now)):
        pick = _offer(row, past, now)
        if pick is not None:
            weight = past.times.get(row.category, 0)
            offers.append((pick.reason != "again", -weight, -pick.sold, pick.sku, row.category, pick))
    offers.sort(key=lambda offer: offer[:4])
    return _varied([(category, pick) for *_, category, pick in offers], limit)


def _varied(offers: list[tuple[str, Pick]], limit: int) -> list[Pick]:
    """At most one repeat purchase and one of a category, as long as there is enough else."""
    chosen: list[Pick] = []
    seen: set[str] = set()
    for category, pick in offers:
        keys = {category, "again"} if pick.reason == "again" else {category}
        if not keys & seen and len(chosen) < limit:
            seen |= keys
            chosen.append(pick)
    rest = [pick for _, pick in offers if pick not in chosen]
    return [*chosen, *rest][:limit]


def _offer(row: Any, past: _Past, now: datetime) -> Pick | None:
    names = {"en": row.name_en, "zh": row.name_zh}
    last = past.last.get(row.id)
    if last is not None and now - last < (USED_UP if row.consumable else LATELY):
        return None
    reason = "again" if last is not None and row.consumable else "category" if row.category in past.times else "popular"
    because = past.latest.get(row.category) if reason == "category" else None
    return Pick(row.sku, names, row.price_minor, row.currency, row.stock, reason, int(row.sold or 0), last, because)


def _past(session: Session, customer_id: int) -> _Past:
    query = (
        select(Product.id, Product.category, Product.name_en, Product.name_zh, Order.placed_at)
        .join(OrderLine, OrderLine.product_id == Product.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.customer_id == customer_id, Order.status.in_(COUNTED))
        .order_by(Order.placed_at, OrderLine.position)
    )
    past = _Past({}, {}, {})
    for row in session.execute(query):
        past.last[row.id] = row.placed_at
        past.times[row.category] = past.times.get(row.category, 0) + 1
        past.latest[row.category] = {"en": row.name_en, "zh": row.name_zh}
    return past


def _for_sale(now: datetime) -> Select[Any]:
    sold = (
        select(OrderLine.product_id, func.sum(OrderLine.quantity).label("units"))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.placed_at > now - POPULAR_WINDOW, Order.status.in_(COUNTED))
        .group_by(OrderLine.product_id)
        .subquery()
    )
    columns = (
        Product.id, Product.sku, Product.name_en, Product.name_zh, Product.category, Product.price_minor,
        Product.currency, Product.stock, Product.consumable, sold.c.units.label("sold"),
    )  # fmt: skip
    query = select(*columns).outerjoin(sold, sold.c.product_id == Product.id)
    return query.where(Product.active, Product.stock > 0)
