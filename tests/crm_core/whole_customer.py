"""A customer with something in every table that can hold something of theirs, each value a canary."""

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Date, LargeBinary, Table

from crm_core.database import Store, next_number
from crm_core.models import Base, Customer, UtcDateTime
from crm_core.personal_data import belongings, model_of, sealed_columns
from tests.conftest import NOW

CANARY = "kestrel"
PHONE = "+8613911112222"


def add_whole_customer(store: Store, name: str, files: Path) -> int:
    """Write one row into every table, foreign keys leading to each other; returns the customer's id."""
    made: dict[str, Any] = {}
    with store.write() as session:
        session.autoflush = False
        number = next_number(session, "customer")
        for table in Base.metadata.sorted_tables:
            if table.name in ("audit", "counters", "erased_marks", "deliveries", "job_runs"):
                continue
            row = model_of(table)(**_values(table, name, number, made))
            if isinstance(row, Customer):
                row.external_id, row.email, row.phone = f"{CANARY}-{name}", f"{CANARY}.{name}@example.com", PHONE
                row.email_index = store.vault.blind_index("email", f"{CANARY}.{name}@example.com")
                row.phone_index = store.vault.blind_index("phone", PHONE)
                row.merged_into_id = None
            made[table.name] = row
            session.add(row)
            session.flush()
    attachment = made["attachments"]
    path = files / str(attachment.id % 100) / str(attachment.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = f"files|content|{attachment.id}"
    path.write_bytes(store.vault.seal_bytes(f"{CANARY} photo".encode(), attachment.customer_id, place))
    return int(made["customers"].id)


def _values(table: Table, name: str, number: int, made: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {attribute: f"{CANARY} {name} {attribute}" for attribute in sealed_columns(table).values()}
    for column in table.c:
        if column.name == "id" or column.name in sealed_columns(table):
            continue
        if column.foreign_keys:
            parent = next(iter(column.foreign_keys)).column.table.name
            values[column.name] = made[parent].id if parent in made else None
        elif column.name == "number" and table.name in ("customers", "cases"):
            values[column.name] = number
        else:
            values[column.name] = _value(column, f"{CANARY} {name}" if table in belongings([0]) else f"shared {name}")
    return values


def _value(column: Any, text: str) -> Any:
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return NOW
    if isinstance(kind, Date):
        return date(2026, 11, 1)
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, JSON):
        return [text] if "list" in str(column.default) else {"a": text}
    if isinstance(kind, LargeBinary):
        return None
    length = getattr(kind, "length", 0)
    if getattr(kind, "python_type", int) is str:
        return text[: length or 200]
    return 1
