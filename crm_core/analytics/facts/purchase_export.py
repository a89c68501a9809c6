"""What customers bought as a CSV file, a line of an order each: what recommenders learn from and are measured on.

Cancelled orders and drafts are left out, and whoever refuses profiling. Nothing says who a customer is but a number.
"""

import csv
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from crm_core.analytics.results import refusing
from crm_core.audit import record
from crm_core.database import Store
from crm_core.models import Order, OrderLine, Product

COLUMNS = ("customer_id", "item_id", "occurred_at", "quantity", "unit_price", "description")
AT_ONCE = 10_000


def export_purchases(store: Store, target: Path, *, actor: str, now: datetime) -> int:
    """Write the file, noted in the audit log before the first row is read; returns how many lines it has."""
    with store.write() as session:
        record(
            session, store.vault, actor=actor, action="purchases.export", subject="customers", fields=COLUMNS, now=now
        )
    query = (
        select(Order.customer_id, Order.placed_at, OrderLine.quantity, OrderLine.unit_minor, Product)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Product, OrderLine.product_id == Product.id)
        .where(Order.status.not_in(("draft", "cancelled")))
        .order_by(Order.placed_at, OrderLine.id)
        .execution_options(yield_per=AT_ONCE)
    )
    written = 0
    with store.read() as session, target.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        refused = refusing(session)
        for customer, placed, quantity, price, product in session.execute(query):
            if customer in refused:
                continue
            texts = (product.name_en, product.name_zh, product.description_en, product.description_zh)
            told = " ".join(text for text in texts if text)
            rows.writerow((customer, product.sku, placed.isoformat(), quantity, price / 100, told))
            written += 1
    return written
