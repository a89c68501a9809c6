"""What goes with what in the newest baskets: the table `bundles`, found anew once a week."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.recommendations.rules import Counts, frequent, least_baskets, rules_from
from crm_core.analytics.spark import itemsets
from crm_core.bulk import insert_rows
from crm_core.database import Store
from crm_core.ids import new_id
from crm_core.models import Bundle

EVERY = timedelta(days=7)
NEWEST = 50_000
"""Orders that are looked at, at most: what was bought together years ago need not hold any more."""
SUPPORT, LEAST_BASKETS = 0.001, 5
"""Share of all baskets, and baskets, that a rule needs."""
CONFIDENCE, LIFT = 0.1, 1.2
LONGEST = 3
MOST = 500
"""Rules kept, those with the greatest lift."""


def stale(store: Store, now: datetime) -> bool:
    """Whether it is time to look again; a quarter of a day of grace, as nights do not begin to the second."""
    with store.read() as session:
        newest = session.scalar(select(func.max(Bundle.computed_at)))
    return newest is None or now - newest > EVERY - timedelta(hours=6)


def refresh(store: Store, now: datetime, spark: Any = None) -> int:
    """Find all rules and put them in the place of the old ones; returns how many.

    `spark`: a session that knows the facts, to count there.
    """
    if spark is None:
        counts, total = _count(store)
    else:
        counts, total = itemsets(spark, support=SUPPORT, least=LEAST_BASKETS, longest=LONGEST, newest=NEWEST)
    found = [rule for rule in rules_from(counts, total, confidence=CONFIDENCE) if rule.lift >= LIFT][:MOST]
    rows = [
        {
            "id": new_id(), "skus": list(rule.items), "with_sku": rule.also,
            "support_milli": round(1000 * rule.support), "confidence_milli": round(1000 * rule.confidence),
            "lift_milli": round(1000 * rule.lift), "baskets": rule.baskets, "computed_at": now,
        }
        for rule in found
    ]  # fmt: skip
    with store.write() as session:
        session.execute(delete(Bundle))
        insert_rows(session, Bundle.__table__, rows)  # type: ignore[arg-type]
    return len(rows)


def _count(store: Store) -> tuple[Counts, int]:
    """What is often in one basket, and how many baskets there are."""
    sets = [frozenset(basket) for basket in _baskets(store).values()]
    if len(sets) < LEAST_BASKETS:
        return {}, len(sets)
    return frequent(sets, max(LEAST_BASKETS, least_baskets(SUPPORT, len(sets))), LONGEST), len(sets)


def _baskets(store: Store) -> dict[int, set[str]]:
    """What was in the newest orders, by order."""
    say = Dialect(store.engine.dialect.name)
    query = text(
        f"SELECT l.order_id, l.sku FROM {say.view('order_lines')} AS l "
        f"JOIN (SELECT order_id FROM {say.view('orders')} WHERE cancelled_day IS NULL "
        "ORDER BY placed_at DESC, order_id DESC LIMIT :newest) AS o ON o.order_id = l.order_id"
    )
    baskets: dict[int, set[str]] = {}
    with engine.reading(store) as connection:
        for order, sku in connection.execute(query, {"newest": NEWEST}):
            baskets.setdefault(order, set()).add(sku)
    return baskets
