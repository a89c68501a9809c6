"""Finds everything that belongs to a customer by walking the metadata, so that a new table cannot be forgotten.

A row belongs to a customer when a foreign key leads there: directly, or through a conversation, an order, an identity …
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Table, and_, false, func, or_, select
from sqlalchemy.orm import Session

from crm_core.crypto import Vault
from crm_core.models import Base, Customer

_MODELS: dict[str, Any] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
_OPENED = {
    table: {sealed.column: name for name, sealed in getattr(model, "__sealed__", {}).items()}
    for table, model in _MODELS.items()
}
"""Table → sealed column → the name its text goes by."""


def roots(session: Session, customer_id: int) -> list[int]:
    """The customer's row and all rows that were merged into it; [] when there is none."""
    target = session.get(Customer, customer_id)
    steps = 0
    while target is not None and target.merged_into_id and steps < 50:
        target, steps = session.get(Customer, target.merged_into_id), steps + 1
    if target is None:
        return []
    found, fresh = [target.id], [target.id]
    while fresh:
        fresh = list(session.scalars(select(Customer.id).where(Customer.merged_into_id.in_(fresh))))
        fresh = [each for each in fresh if each not in found]
        found += fresh
    return found


def belongings(customer_ids: Iterable[int]) -> dict[Table, ColumnElement[bool]]:
    """Every table with rows of these customers and the condition that selects them, parents first."""
    conditions: dict[Table, ColumnElement[bool]] = {}
    for table in Base.metadata.sorted_tables:
        if table.name == "customers":
            conditions[table] = table.c.id.in_(list(customer_ids))
            continue
        ways = [way for way in (_way(table, key, conditions) for key in _keys(table)) if way is not None]
        if ways:
            conditions[table] = or_(false(), *ways)
    return conditions


def _keys(table: Table) -> list[ForeignKey]:
    return sorted(table.foreign_keys, key=lambda key: key.parent.name)


def _way(table: Table, key: ForeignKey, reached: Mapping[Table, ColumnElement[bool]]) -> ColumnElement[bool] | None:
    parent = key.column.table
    if parent not in reached or parent is table:
        return None
    leads = key.parent.in_(select(parent.c.id).where(reached[parent]))
    if key.ondelete == "SET NULL" and "customer_id" in table.c:
        return and_(table.c.customer_id.is_(None), leads)  # a case of another customer only mentions this order
    return leads


def counts(session: Session, customer_ids: Iterable[int]) -> dict[str, int]:
    """Table → how many rows belong to the customers; tables without any are left out."""
    found = {
        table.name: session.scalar(select(func.count()).select_from(table).where(condition)) or 0
        for table, condition in belongings(customer_ids).items()
    }
    return {name: count for name, count in found.items() if count}


def opened_rows(session: Session, vault: Vault, customer_ids: Iterable[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) of everything that belongs to the customers, sealed values opened, ready for JSON."""
    for table, condition in belongings(customer_ids).items():
        query = select(table).where(condition).order_by(table.c.id).execution_options(yield_per=500)
        for row in session.execute(query).mappings():
            yield table.name, opened(vault, table, dict(row))


def opened(vault: Vault, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its sealed values opened; blind indexes, which say nothing more, are left out."""
    names = _OPENED[table.name]
    result: dict[str, Any] = {}
    for column in table.c:
        value = row[column.name]
        if column.name in names:
            place = f"{table.name}|{column.name}|{row['id']}"
            result[names[column.name]] = None if value is None else vault.open(bytes(value), place)
        elif is_blind_index(table, column.name):
            continue
        elif isinstance(value, bytes):
            result[column.name] = value.hex()
        elif hasattr(value, "isoformat"):
            result[column.name] = value.isoformat()
        else:
            result[column.name] = value
    return result


def is_blind_index(table: Table, column: str) -> bool:
    """True for a fingerprint column beside the sealed value it stands for."""
    return column.endswith("_index") and f"{column.removesuffix('_index')}_sealed" in table.c


def sealed_columns(table: Table) -> dict[str, str]:
    """Sealed column → the attribute its text goes by."""
    return _OPENED[table.name]


def model_of(table: Table) -> Any:
    """The class of a table's records."""
    return _MODELS[table.name]
