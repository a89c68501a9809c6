"""Products as customers see them: what they are, whether they are there, what sells."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Row, Select, func, select
from sqlalchemy.orm import Session

from crm_core.models import Order, OrderLine, Product

POPULAR_WINDOW = timedelta(days=90)
COUNTED_AGAIN_AFTER = timedelta(minutes=10)
GIFT_CATEGORIES = ("gifts", "gift", "gift sets", "gift_sets", "礼品", "礼物", "礼盒")
NOT_SOLD = ("draft", "cancelled", "returned")
"""States of orders that sold nothing. By exclusion, so that SQLite looks the orders up by their date."""
MOST_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class ProductView:
    """One product. `sold` is what was sold in the last 90 days, filled in where it was asked for."""

    sku: str
    names: dict[str, str]
    descriptions: dict[str, str]
    category: str
    price_minor: int
    currency: str
    stock: int
    attributes: dict[str, Any]
    sold: int = 0

    @property
    def colour(self) -> str:
        """The colour as the catalogue writes it, "" when it says none."""
        return str(self.attributes.get("colour", "")).lower()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for. Prices are minor units of the shop's own currency."""

    category: str | None = None
    least_minor: int | None = None
    most_minor: int | None = None
    colour: str | None = None
    gift: bool = False
    without: tuple[str, ...] = field(default=())
    """SKUs that shall not come up."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product: how many of it are in stock, and from what to what price."""

    category: str
    currency: str
    count: int
    least_minor: int
    most_minor: int


_COLUMNS = (
    Product.sku,
    Product.name_en,
    Product.name_zh,
    Product.description_en,
    Product.description_zh,
    Product.category,
    Product.price_minor,
    Product.currency,
    Product.stock,
    Product.attributes,
)


def by_sku(session: Session, skus: Sequence[str]) -> list[ProductView]:
    """The products with these SKUs that are on sale, in the order asked for."""
    if not skus:
        return []
    rows = session.execute(select(*_COLUMNS).where(Product.sku.in_(list(skus)), Product.active))
    found = {row.sku: _view(row) for row in rows}
    return [found[sku] for sku in dict.fromkeys(skus) if sku in found]


def with_sold(session: Session, products: Sequence[ProductView], now: datetime) -> list[ProductView]:
    """The same products with what was sold of each in the last 90 days."""
    sold = _sold(session, now)
    rows = session.execute(select(Product.sku, Product.id).where(Product.sku.in_([one.sku for one in products])))
    ids = {row.sku: row.id for row in rows}
    return [replace(one, sold=sold.get(ids[one.sku], 0)) for one in products]


def product_name(session: Session, sku: str, language: str) -> str:
    """What a product is called; its SKU when nobody knows it."""
    found = session.execute(select(Product.name_en, Product.name_zh).where(Product.sku == sku)).first()
    return str(found.name_zh if language == "zh" else found.name_en) if found else sku


def variants(session: Session, product: ProductView) -> list[ProductView]:
    """The product with its siblings in other colours: same category, same price, all but the end of the SKU alike."""
    stem, dash, _ = product.sku.rpartition("-")
    if not dash:
        return [product]
    query = select(*_COLUMNS).where(
        Product.active,
        Product.category == product.category,
        Product.sku.startswith(stem + dash, autoescape=True),
        Product.price_minor == product.price_minor,
    )
    return [_view(row) for row in session.execute(query.order_by(Product.sku))]


def matching(session: Session, wish: Wish, now: datetime, limit: int = 3) -> list[ProductView]:
    """What fits a wish and is in stock, most sold in the last 90 days first; gifts first when it is a gift."""
    sold = _sold(session, now)
    rows = [row for row in session.execute(_wished(wish)) if row.sku not in wish.without]
    rows.sort(
        key=lambda row: (
            wish.gift and row.category.lower() not in GIFT_CATEGORIES,
            -sold.get(row.id, 0),
            row.price_minor,
            row.sku,
        )
    )
    few = max(limit, MOST_CANDIDATES) if wish.colour else limit
    counted = {row.sku: sold.get(row.id, 0) for row in rows[:few]}
    found = [replace(product, sold=counted[product.sku]) for product in by_sku(session, list(counted))]
    if wish.colour:
        found = [product for product in found if wish.colour in product.colour] or found
    return found[:limit]


def kinds(session: Session) -> list[Kind]:
    """The kinds of products that are in stock, the largest first."""
    count, price = func.count().label("count"), Product.price_minor
    query = (
        select(Product.category, Product.currency, count, func.min(price), func.max(price))
        .where(Product.active, Product.stock > 0, Product.category != "")
        .group_by(Product.category, Product.currency)
        .order_by(count.desc(), Product.category)
    )
    return [Kind(*row) for row in session.execute(query)]


def _wished(wish: Wish) -> Select[int, str, str, int]:
    query = select(Product.id, Product.sku, Product.category, Product.price_minor)
    query = query.where(Product.active, Product.stock > 0)
    if wish.category:
        query = query.where(Product.category == wish.category)
    if wish.least_minor is not None:
        query = query.where(Product.price_minor >= wish.least_minor)
    if wish.most_minor is not None:
        query = query.where(Product.price_minor <= wish.most_minor)
    return query


_sales: WeakKeyDictionary[Engine | Connection, tuple[datetime, dict[int, int]]] = WeakKeyDictionary()


def _sold(session: Session, now: datetime) -> dict[int, int]:
    """Product id -> pieces sold in the last 90 days. Counted at most every ten minutes: it costs more than the rest."""
    bind = session.get_bind()
    kept = _sales.get(bind)
    if kept is not None and abs(now - kept[0]) < COUNTED_AGAIN_AFTER:
        return kept[1]
    query = (
        select(OrderLine.product_id, func.sum(OrderLine.quantity))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.placed_at > now - POPULAR_WINDOW, Order.status.not_in(NOT_SOLD))
        .group_by(OrderLine.product_id)
    )
    counts = {product_id: int(units) for product_id, units in session.execute(query)}
    _sales[bind] = (now, counts)
    return counts


def _view(row: Row[Any]) -> ProductView:
    return ProductView(
        sku=row.sku,
        names={"en": row.name_en, "zh": row.name_zh},
        descriptions={"en": row.description_en, "zh": row.description_zh},
        category=row.category,
        price_minor=row.price_minor,
        currency=row.currency,
        stock=row.stock,
        attributes=row.attributes or {},
    )
