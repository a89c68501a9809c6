"""Finds what was written about a customer where no foreign key leads: staff's own chats, lists sent to them.

Such texts are sealed with the workspace's key, so that destroying the customer's key does not reach them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from crm_core.crypto import Vault
from crm_core.errors import Tampered
from crm_core.models import Attachment, Base, Customer
from crm_core.personal_data import belongings, model_of, opened, sealed_columns

ERASED = "[erased]"
KEPT_TEXTS = ("text", "title")
"""Blanked in a way people see; other values (contexts, queued replies, names of files) are emptied."""


@dataclass(slots=True)
class Mentions:
    """Rows and files that name a customer: (table, attribute) → ids, and ids of attachments."""

    rows: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    files: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many texts and files there are."""
        return sum(map(len, self.rows.values())) + len(self.files)


def find_mentions(session: Session, vault: Vault, ids: list[int], files: Path | None) -> Mentions:
    """Look through everything sealed that belongs to no customer for a customer's name, addresses, numbers and id."""
    needles = [needle.casefold() for needle in _needles(session, ids)]
    found = Mentions()
    for table in _tables():
        own = select(table.c.id).where(belongings(ids)[table])
        query = select(table).where(table.c.customer_id.is_(None), table.c.id.not_in(own))
        for row in session.execute(query.execution_options(yield_per=500)).mappings():
            for name, text in _texts(vault, table, dict(row)):
                if any(needle in text for needle in needles):
                    found.rows.setdefault((table.name, name), []).append(row["id"])
    found.files = list(_files(session, vault, files, needles)) if files is not None else []
    return found


def erase_mentions(session: Session, mentions: Mentions) -> None:
    """Blank the texts found; call within the transaction that erases the customer."""
    tables = {table.name: table for table in _tables()}
    for (table, name), ids in mentions.rows.items():
        for row_id in ids:
            row = session.get(model_of(tables[table]), row_id)
            if row is not None:
                setattr(row, name, ERASED if name in KEPT_TEXTS else None)
    for attachment_id in mentions.files:
        attachment = session.get(Attachment, attachment_id)
        if attachment is not None:
            attachment.stored_at, attachment.name = None, None
    session.flush()


def _tables() -> Iterator[Table]:
    for table in Base.metadata.sorted_tables:
        if "customer_id" in table.c and table.c.customer_id.nullable and sealed_columns(table):
            yield table


def _texts(vault: Vault, table: Table, row: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        texts = opened(vault, table, row)
    except Tampered:
        return []  # unreadable for everybody, and no reason to keep a person
    return [(name, (texts[name] or "").casefold()) for name in sealed_columns(table).values()]


def _needles(session: Session, ids: Iterable[int]) -> Iterator[str]:
    for customer in session.scalars(select(Customer).where(Customer.id.in_(list(ids)))):
        yield str(customer.id)
        for value in (customer.email, customer.phone, customer.external_id, customer.name):
            if value and len(value.encode()) >= 5:
                yield value
        if customer.phone and len(customer.phone) > 9:
            yield customer.phone[-9:]


def _files(session: Session, vault: Vault, files: Path, needles: list[str]) -> Iterator[int]:
    """Stored files of no customer (lists that were sent to staff) in which the customer stands."""
    wanted: Any = select(Attachment.id).where(Attachment.customer_id.is_(None), Attachment.stored_at.is_not(None))
    for attachment_id in session.scalars(wanted):
        path = files / str(attachment_id % 100) / str(attachment_id)
        if path.exists():
            content = vault.open_bytes(path.read_bytes(), f"files|content|{attachment_id}")
            text = content.decode("utf-8", "ignore").casefold()
            if any(needle in text for needle in needles):
                yield attachment_id
