"""What the database holds as frames with the columns of files, so that the same rules apply. Nothing is written."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm_core.crypto import Vault
from crm_core.importing.columns import KINDS, Kind
from crm_core.importing.values import Habits
from crm_core.models import Company, Customer, Identity, Order, OrderLine, Product, Shipment
from crm_core.quality.cleaning import Cleaned, Findings, count_missing, judge, repair, tell_odd
from crm_core.quality.sheets import DTYPES, FIELDS, MOMENT, Sheet, type_of

CHUNK = 2000


def look_at_database(session: Session, habits: Habits) -> list[Cleaned]:
    """Every kind of record, by the rules that hold for files; the rows that break one stay, as nothing is changed."""
    return [_look_at(session, kind, habits) for kind in KINDS]


def _look_at(session: Session, kind: Kind, habits: Habits) -> Cleaned:
    sheet = _sheet(session, kind)
    findings = Findings(sheet)
    cells = sheet.cells.copy()
    repair(cells, findings)
    values = pd.DataFrame({name: _typed(kind, cells[name]) for name in cells.columns}, index=cells.index)
    wrong = judge(kind, values, habits, findings)
    pairs = tell_odd(kind, values, findings)
    missing = count_missing(sheet.cells)
    return Cleaned(sheet, cells, values, len(cells), missing, findings.all(), wrong, {}, pairs)


def _typed(kind: Kind, column: pd.Series) -> pd.Series:
    dtype = DTYPES.get(type_of(kind, column.name), "str")
    return pd.to_datetime(column, utc=True).astype(MOMENT) if dtype == MOMENT else column.astype(dtype)


def _sheet(session: Session, kind: Kind) -> Sheet:
    read: Mapping[Kind, Callable[[Session], Iterator[dict[str, Any]]]] = {
        "customers": _customers, "products": _products, "orders": _orders, "shipments": _shipments,
    }  # fmt: skip
    rows = list(read[kind](session))
    labels = pd.Series([row.pop("label") for row in rows], dtype=object)
    cells = pd.DataFrame(rows, columns=list(rows[0] if rows else FIELDS[kind]), dtype=object)
    cells = cells.astype(object).where(cells.notna(), None)
    return Sheet(kind, kind, cells, {name: name for name in cells.columns}, labels)


def _customers(session: Session) -> Iterator[dict[str, Any]]:
    """Everybody who is not merged into another; the number and a channel are keys, too."""
    vault: Vault = session.info["vault"]
    reached = set(session.scalars(select(Identity.customer_id).distinct()))
    companies = {each.id: each.name for each in session.execute(select(Company.id, Company.name))}
    known = (Customer.kind != "visitor") & Customer.merged_into_id.is_(None)
    for some in _chunks(session, select(Customer.id).where(known).order_by(Customer.number)):
        people = session.scalars(select(Customer).where(Customer.id.in_(some)).order_by(Customer.number))
        vault.load_keys(some)
        for each in people:
            yield {
                "label": each.number, "external_id": each.external_id, "email": each.email, "phone": each.phone,
                "name": each.name, "city": each.city, "country": each.country, "language": each.language,
                "zone": each.zone, "tier": each.tier, "company": companies.get(each.company_id or 0),
                "first_seen_at": each.first_seen_at, "channel": "yes" if each.id in reached else None,
            }  # fmt: skip
        session.expunge_all()


def _products(session: Session) -> Iterator[dict[str, Any]]:
    names = (
        "sku", "name_en", "name_zh", "description_en", "description_zh", "category", "price_minor", "currency", "stock",
        "consumable", "active",
    )  # fmt: skip
    for row in session.execute(select(*(getattr(Product, name) for name in names)).order_by(Product.sku)).mappings():
        yield {"label": row["sku"], **{name.removesuffix("_minor"): row[name] for name in names}}


def _orders(session: Session) -> Iterator[dict[str, Any]]:
    query = (
        select(
            Order.number.label("label"), Order.number, Customer.number.label("customer"), Product.sku,
            OrderLine.quantity, OrderLine.unit_minor.label("unit_price"), Order.placed_at, Order.status, Order.currency,
            Order.discount_minor.label("discount"), Order.shipping_minor.label("shipping"),
            Order.total_minor.label("total"), Order.cancelled_at,
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Product, Product.id == OrderLine.product_id)
        .join(Customer, Customer.id == Order.customer_id)
        .order_by(Order.number, OrderLine.position)
    )  # fmt: skip
    for row in session.execute(query).mappings():
        yield {**row, "customer": str(row["customer"])}


def _shipments(session: Session) -> Iterator[dict[str, Any]]:
    query = select(
        Order.number.label("label"), Order.number, Shipment.tracking_no, Shipment.carrier, Shipment.status,
        Shipment.shipped_at, Shipment.expected_on, Shipment.delivered_at, Order.placed_at,
    )  # fmt: skip
    for row in session.execute(query.join(Order).order_by(Order.number, Shipment.tracking_no)).mappings():
        yield dict(row)


def _chunks(session: Session, ids: Select[int]) -> Iterator[tuple[int, ...]]:
    found = list(session.scalars(ids))
    yield from (tuple(found[start : start + CHUNK]) for start in range(0, len(found), CHUNK))
