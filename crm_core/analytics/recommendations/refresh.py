"""The products to offer each customer: both lists of everybody, as rows of `recommended_products`.

The weights of the mix are learnt on some customers: from all but their last days, on what they bought in these. Then
the models learn from everybody's purchases, and everybody is scored, a few thousand customers at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, text

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features.definition import EPOCH, day_number
from crm_core.analytics.recommendations.co_purchases import Together
from crm_core.analytics.recommendations.lists import Lists, learn_temperature, lists
from crm_core.analytics.recommendations.mix import Mix, bought_after, learn_weights
from crm_core.analytics.recommendations.models import BadPurchases, Ledger, Purchases, fit_all, gather
from crm_core.analytics.results import Replacing, Row, parts
from crm_core.database import Store
from crm_core.models import Product, RecommendedProducts

LISTS = {"new": False, "again": True}
"""Name of a list → whether it is of what a customer owns."""
LEARNT_FROM = 20_000
"""Customers that the weights are learnt with, at most."""
AHEAD = 30
"""Days that are foretold while weights are learnt; a fifth of all days where there are few."""
MODEL = "mix of recommenders"
READ_AT_ONCE = 50_000


@dataclass(frozen=True)
class Offer:
    """What customers are scored with."""

    ledger: Ledger
    mixes: dict[str, Mix]
    temperatures: dict[str, float]
    """List → how sharply a better score makes a greater chance."""
    offered: dict[str, NDArray[np.bool_]]
    """List → which of the ledger's items may stand in it: nobody buys again what is not used up."""


def read_purchases(connection: Connection, as_of: date) -> Purchases:
    """All that was bought up to a day and not cancelled by then."""
    view, last = Dialect(connection.dialect.name).view("order_lines"), day_number(as_of)
    skus = {product: sku for product, sku in connection.execute(select(Product.id, Product.sku))}  # noqa: C416 - rows
    places = {product: at for at, product in enumerate(sorted(skus, key=lambda each: skus[each]))}
    query = text(
        f"SELECT customer_id, product_id, placed_day FROM {view} WHERE placed_day <= :day "
        "AND (cancelled_day IS NULL OR cancelled_day > :day)"
    )
    found = connection.execution_options(stream_results=True).execute(query, {"day": last})
    customers, items, days = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for rows in found.partitions(READ_AT_ONCE):
        customer, product, placed = zip(*rows, strict=True)
        customers.append(np.array(customer, dtype=np.int64))
        items.append(np.fromiter((places[each] for each in product), np.int32, len(product)))
        days.append(np.array(placed, dtype=np.int32))
    known, row = np.unique(np.concatenate(customers), return_inverse=True)
    day = np.concatenate(days).astype(np.int64) + EPOCH.toordinal()
    return Purchases(known.tolist(), sorted(skus.values()), row, np.concatenate(items), day)


def learn(
    connection: Connection, purchases: Purchases, as_of: date, seed: int = 0, counts: Together | None = None
) -> Offer:
    """Fit everything.

    Args:
        counts: how many customers bought both of two products, if a cluster counted it.

    Raises:
        BadPurchases: nothing was bought yet.
    """
    products = connection.execute(select(Product)).all()
    texts = {
        row.sku: " ".join(filter(None, (row.name_en, row.name_zh, row.description_en, row.description_zh)))
        for row in products
    }
    active = {row.sku: row.consumable for row in products if row.active}
    ledger = replace(gather(purchases, until=as_of, texts=texts), counts=counts)
    learnt = _learnt(purchases, texts, active, as_of, np.random.default_rng(seed))
    models = fit_all(ledger)
    alike = dict.fromkeys(models, 1 / len(models))
    return Offer(
        ledger,
        mixes={name: Mix(models, each.weights or alike) for name, each in learnt.items()},
        temperatures={name: each.temperature for name, each in learnt.items()},
        offered={name: _offered(ledger, active, owned) for name, owned in LISTS.items()},
    )


def _offered(ledger: Ledger, active: Mapping[str, bool], owned: bool) -> NDArray[np.bool_]:
    """Which items may stand in a list; `active`: what is sold, and whether it is used up."""
    return np.array([item in active and (active[item] or not owned) for item in ledger.items])


@dataclass(frozen=True)
class Learnt:
    """What is learnt for a list; nothing, where too little was bought for it."""

    weights: Mapping[str, float] = field(default_factory=dict)
    temperature: float = 1.0


def _learnt(
    purchases: Purchases, texts: dict[str, str], active: Mapping[str, bool], as_of: date, random: np.random.Generator
) -> dict[str, Learnt]:
    """Weights and temperature by list, from what was bought in the last days."""
    count = len(purchases.customers)
    if count > LEARNT_FROM:
        chosen = np.zeros(count, dtype=np.bool_)
        chosen[random.choice(count, LEARNT_FROM, replace=False)] = True
        purchases = purchases.only(chosen[purchases.customer])
    last = as_of.toordinal()
    border = last - min(AHEAD, (last - int(purchases.day.min())) // 5)
    after = purchases.only(purchases.day > border)
    try:
        earlier = gather(purchases, until=date.fromordinal(border), texts=texts)
        models = fit_all(earlier)
    except BadPurchases:
        return {name: Learnt() for name in LISTS}
    found = {}
    for name, owned in LISTS.items():
        later = bought_after(earlier, after, new_only=not owned)
        try:
            weights = learn_weights(models, earlier, later, random, new_only=not owned)
        except BadPurchases:
            found[name] = Learnt()
            continue
        offered = _offered(earlier, active, owned)
        temperature = learn_temperature(Mix(models, weights), earlier, later, owned=owned, offered=offered)
        found[name] = Learnt(weights, temperature)
    return found


def recommend(store: Store, offer: Offer, stamp: Row, progress: Callable[[int, int], None]) -> int:
    """Write both lists of every customer; returns how many."""
    view = Dialect(store.engine.dialect.name).view("customers")
    with engine.reading(store) as connection:
        customers = [row[0] for row in connection.execute(text(f"SELECT customer_id FROM {view} ORDER BY customer_id"))]
    writing = Replacing(store, RecommendedProducts)
    for part in parts(len(customers)):
        some = customers[part]
        writing.write(some[-1], _rows(offer, some, stamp))
        progress(part.stop, len(customers))
    writing.finish()
    return writing.written


def _rows(offer: Offer, customers: list[int], stamp: Row) -> Iterator[Row]:
    """The lists of these customers; an empty one is left out."""
    rows = offer.ledger.rows(customers)
    for name, owned in LISTS.items():
        found = lists(
            offer.mixes[name],
            offer.ledger,
            rows,
            owned=owned,
            temperature=offer.temperatures[name],
            offered=offer.offered[name],
        )
        for customer, items in zip(customers, _items(found, offer.ledger.items), strict=True):
            if items:
                yield {"customer_id": customer, "list_name": name, "items": items, "model": MODEL, **stamp}


def _items(found: Lists, names: tuple[str, ...]) -> Iterator[list[dict[str, Any]]]:
    """As they are stored."""
    chances = np.rint(1000 * found.chance).astype(np.int64).tolist()
    kinds, what = found.reasons.kind.tolist(), found.reasons.what.tolist()
    for each in zip(found.item.tolist(), chances, kinds, what, strict=True):
        yield [
            {"sku": names[item], "chance_milli": chance, "reason": _reason(kind, about, names)}
            for item, chance, kind, about in zip(*each, strict=True)
            if item >= 0
        ]


def _reason(kind: str, about: float, names: tuple[str, ...]) -> dict[str, Any]:
    if kind in ("bought_with", "alike"):
        return {"fact": kind, "value": names[int(about)]}
    return {"fact": kind, "value": round(about)} if kind == "rhythm" else {"fact": kind}
