"""What is bought together, counted where the facts lie: how many customers bought both of two products, and baskets.

Written in Ibis for every engine, like the features; the counts are what `recommendations/models.py`
and `recommendations/rules.py` would count themselves.
"""

from collections.abc import Mapping
from datetime import date

from ibis.expr import types as ir

from crm_core.analytics.features.definition import Facts, day_number

Together = Mapping[tuple[str, str], int]
"""Two products -> how many customers bought both."""


def together(facts: Facts, as_of: date) -> ir.Table:
    """How many customers bought both `sku` and `also` up to a day, `sku` <= `also`; of one with itself: its buyers."""
    day, lines = day_number(as_of), facts["order_lines"]
    uncancelled = lines.cancelled_day.isnull() | (lines.cancelled_day > day)
    bought = lines.filter(lines.placed_day <= day, uncancelled).select("customer_id", "sku").distinct()
    others = bought.view().rename(also="sku", buyer="customer_id")
    pairs = bought.join(others, (bought.customer_id == others.buyer) & (bought.sku <= others.also))
    return pairs.group_by("sku", "also").agg(customers=pairs.count())


def baskets(facts: Facts, newest: int) -> ir.Table:
    """What was in the newest orders that were not cancelled: each `sku` of an `order_id` once."""
    orders = facts["orders"]
    chosen = orders.filter(orders.cancelled_day.isnull()).order_by(orders.placed_at.desc(), orders.order_id.desc())
    chosen = chosen.limit(newest).select("order_id")
    return facts["order_lines"].semi_join(chosen, "order_id").select("order_id", "sku").distinct()
