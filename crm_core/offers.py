"""What to offer a customer: the lists that were computed for them, and what goes with what, checked when it is asked.

A list is hours old: what is sold out by now, was bought since, lasts and is owned already, or came back lately is left
out here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session, aliased

from crm_core import catalogue
from crm_core.analytics.reasons import Reason, read_reasons
from crm_core.catalogue import ProductView, Wish
from crm_core.customers import COUNTED
from crm_core.models import Bundle, Order, OrderLine, Product, RecommendedProducts, Refund
from crm_core.scores import refuses_profiling

ListName = Literal["new", "again"]
CAME_BACK = timedelta(days=90)
"""What was sent back is not offered again for so long."""
TOGETHER_SINCE = timedelta(days=365)
TOGETHER_TWICE = 2
"""Baskets from which two things count as bought together."""
MOST_RULES = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """A product with the reason it is offered for.

    Facts of reasons: bought_with, alike (`value`: the SKU that the customer bought), rhythm (`value`: days), popular,
    new; of what goes with a product: bundle (`value`: thousandths of its baskets), together (`value`: baskets), fits.
    `because`: names of the product that the reason is about.
    """

    product: ProductView
    reason: Reason
    because: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Offers:
    """Both lists of a customer; `computed_at` None: none is stored, or they do not want to be profiled."""

    new: tuple[Offer, ...] = ()
    again: tuple[Offer, ...] = ()
    computed_at: datetime | None = None


def offers_for(session: Session, customer_id: int, wish: Wish, now: datetime) -> Offers:
    """The computed lists of a customer, as far as they still hold, narrowed to what is wished for."""
    query = select(RecommendedProducts).where(RecommendedProducts.customer_id == customer_id)
    lists = {row.list_name: row for row in session.execute(query).scalars()}
    if not lists or refuses_profiling(session, customer_id):
        return Offers()
    past = _Past(session, customer_id, now)
    found = {name: _still(session, row, past, wish) for name, row in lists.items()}
    newest = max(row.computed_at for row in lists.values())
    return Offers(found.get("new", ()), found.get("again", ()), newest)


class _Past:
    """What a customer bought, and what came back."""

    def __init__(self, session: Session, customer_id: int, now: datetime) -> None:
        bought = (
            select(Product.sku, func.max(Order.placed_at))
            .join(OrderLine, OrderLine.product_id == Product.id)
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.customer_id == customer_id)
            .group_by(Product.sku)
        )
        self.last: dict[str, datetime] = dict(session.execute(bought.where(Order.status.in_(COUNTED))).tuples().all())
        refunded = select(Refund.order_id).where(Refund.requested_at > now - CAME_BACK, Refund.status != "refused")
        returned = (Order.status == "returned") & (Order.updated_at > now - CAME_BACK)
        back = bought.where(Order.id.in_(refunded) | returned)
        self.came_back = {sku for sku, _ in session.execute(back)}
        """A refund names its order and not the line, so that all of that order is left alone."""

    def allows(self, sku: str, *, consumable: bool, since: datetime) -> bool:
        """Whether something may be offered that was chosen on what was known at `since`."""
        last = self.last.get(sku)
        return sku not in self.came_back and (last is None or (consumable and last <= since))


def _still(session: Session, row: RecommendedProducts, past: _Past, wish: Wish) -> tuple[Offer, ...]:
    chosen = {str(item["sku"]): item.get("reason") for item in row.items or () if item.get("sku")}
    used_up = set(
        session.execute(select(Product.sku).where(Product.sku.in_(list(chosen)), Product.consumable)).scalars()
    )
    fitting = [
        product
        for product in catalogue.by_sku(session, list(chosen))
        if fits(product, wish) and past.allows(product.sku, consumable=product.sku in used_up, since=row.data_until)
    ]
    return _reasoned(session, [(product, _reason(chosen[product.sku])) for product in fitting])


def _reason(stored: Any) -> Reason:
    known = read_reasons([stored]) if isinstance(stored, Mapping) and stored.get("fact") else ()
    return known[0] if known else Reason("new")


def _reasoned(session: Session, chosen: Sequence[tuple[ProductView, Reason]]) -> tuple[Offer, ...]:
    """Offers with the names of what their reasons are about; sold out or withdrawn, it was bought all the same."""
    about = {reason.value for _, reason in chosen if isinstance(reason.value, str)}
    query = select(Product.sku, Product.name_en, Product.name_zh).where(Product.sku.in_(about))
    names = {row.sku: {"en": row.name_en, "zh": row.name_zh} for row in session.execute(query)} if about else {}
    return tuple(Offer(product, reason, names.get(str(reason.value))) for product, reason in chosen)


def fits(product: ProductView, wish: Wish) -> bool:
    """Whether something is there and within what is wished for."""
    return (
        product.stock > 0
        and product.sku not in wish.without
        and (wish.category is None or product.category == wish.category)
        and (wish.least_minor is None or product.price_minor >= wish.least_minor)
        and (wish.most_minor is None or product.price_minor <= wish.most_minor)
        and (wish.colour is None or wish.colour in product.colour)
    )


# --- what goes with what --------------------------------------------------------------------------------------------
def goes_with(session: Session, skus: Sequence[str], wish: Wish, now: datetime, limit: int = 3) -> tuple[Offer, ...]:
    """What goes with a product: what the rules of baskets say, then what is made for it, then what was bought with it
    lately; each in stock, with its reason. Several products: what goes with any of them."""
    found: dict[str, Offer] = {}
    for source in (_by_rules, _made_for, _bought_together):
        if len(found) >= limit:
            break
        for offer in source(session, skus, now):
            if offer.product.sku not in skus and fits(offer.product, wish):
                found.setdefault(offer.product.sku, offer)
    return tuple(found.values())[:limit]


def _by_rules(session: Session, skus: Sequence[str], now: datetime) -> Iterable[Offer]:
    """Rules whose left side was named in full; more than chance, the surest first."""
    rules: dict[str, tuple[int, str]] = {}
    for sku in skus:
        named = cast(Bundle.skus, String).contains(json.dumps(sku), autoescape=True)
        query = select(Bundle).where(named, Bundle.lift_milli > 1000)
        query = query.order_by(Bundle.confidence_milli.desc(), Bundle.lift_milli.desc(), Bundle.id).limit(MOST_RULES)
        for rule in session.execute(query).scalars():
            if set(rule.skus) <= set(skus):
                known = rules.get(rule.with_sku, (0, ""))
                rules[rule.with_sku] = max(known, (rule.confidence_milli, sku))
    ranked = sorted(rules.items(), key=lambda entry: (-entry[1][0], entry[0]))
    yield from _about(session, [(sku, Reason("bundle", confidence), of) for sku, (confidence, of) in ranked])


def _made_for(session: Session, skus: Sequence[str], now: datetime) -> Iterable[Offer]:
    """What says in the catalogue that it fits the product, or that the product says it fits."""
    query = select(Product.sku, Product.attributes).where(Product.active)
    fitting = {row.sku: set((row.attributes or {}).get("compatible_with") or ()) for row in session.execute(query)}
    for sku in skus:
        either = [other for other in sorted(fitting) if sku in fitting[other] or other in fitting.get(sku, ())]
        yield from _about(session, [(other, Reason("fits"), sku) for other in either])


def _bought_together(session: Session, skus: Sequence[str], now: datetime) -> Iterable[Offer]:
    other, bought = aliased(OrderLine), aliased(Product)
    baskets = func.count(func.distinct(Order.id))
    for sku in skus:
        query = (
            select(bought.sku, baskets)
            .select_from(Product)
            .join(OrderLine, OrderLine.product_id == Product.id)
            .join(Order, Order.id == OrderLine.order_id)
            .join(other, other.order_id == Order.id)
            .join(bought, bought.id == other.product_id)
            .where(Product.sku == sku, bought.sku != sku, Order.placed_at > now - TOGETHER_SINCE)
            .where(Order.status.in_(COUNTED))
            .group_by(bought.sku)
            .having(baskets >= TOGETHER_TWICE)
            .order_by(baskets.desc(), bought.sku)
        )
        rows = session.execute(query.limit(MOST_RULES)).tuples()
        yield from _about(session, [(found, Reason("together", count), sku) for found, count in rows])


def _about(session: Session, chosen: Sequence[tuple[str, Reason, str]]) -> Iterable[Offer]:
    """Offers of (SKU, reason, the SKU that it is about) that are on sale."""
    skus = {sku for sku, _, _ in chosen}
    named = {about for _, _, about in chosen}
    products = {product.sku: product for product in catalogue.by_sku(session, sorted(skus))}
    query = select(Product.sku, Product.name_en, Product.name_zh).where(Product.sku.in_(named))
    names = {row.sku: {"en": row.name_en, "zh": row.name_zh} for row in session.execute(query)} if named else {}
    for sku, reason, about in chosen:
        if sku in products:
            yield Offer(products[sku], reason, names.get(about))
