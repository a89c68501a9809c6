"""Columns that are encrypted at rest: plain text in Python, sealed bytes in the database.

A model says `name = Sealed("name_sealed")` beside `name_sealed: Mapped[bytes | None] = personal(LargeBinary)`.
Values are opened on first reading and sealed when the session flushes, with the key of the row's customer.
"""

from typing import Any, overload

from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column, object_session
from sqlalchemy.orm.attributes import flag_modified

from crm_core.crypto import WORKSPACE, Vault

PENDING = b"\x00pending"


def personal(*args: Any, kind: str = "content", **kwargs: Any) -> Mapped[Any]:
    """A column that holds personal data. Export, erase and masking work from this mark.

    `kind`: contact (name, address, number), content (what people wrote), identifier (account ids), profile (the rest).
    """
    return mapped_column(*args, info={"personal": kind}, **kwargs)


class Sealed:
    """Descriptor over a sealed column; reads and writes `str | None`."""

    def __init__(self, column: str) -> None:
        self.column = column

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if "__sealed__" not in owner.__dict__:
            owner.__sealed__ = {}  # type: ignore[attr-defined]
        owner.__sealed__[name] = self  # type: ignore[attr-defined]

    @overload
    def __get__(self, row: None, owner: type) -> "Sealed": ...
    @overload
    def __get__(self, row: object, owner: type) -> str | None: ...
    def __get__(self, row: Any, owner: type) -> "Sealed | str | None":
        if row is None:
            return self
        stored = getattr(row, self.column)
        if stored is None:
            return None
        cached = row.__dict__.get(f"_{self.name}_open")
        if cached is not None and (stored == PENDING or cached[0] == stored):
            return str(cached[1])
        text = vault_of(row).open(bytes(stored), place(row, self.column))
        row.__dict__[f"_{self.name}_open"] = (stored, text)
        return text

    def __set__(self, row: Any, value: str | None) -> None:
        if value is None:
            setattr(row, self.column, None)
            row.__dict__.pop(f"_{self.name}_open", None)
            return
        row.__dict__[f"_{self.name}_open"] = (PENDING, value)
        setattr(row, self.column, PENDING)
        flag_modified(row, self.column)

    def seal(self, row: Any, vault: Vault) -> None:
        """Replace a pending plain text by its sealed bytes."""
        if getattr(row, self.column) == PENDING:
            text = row.__dict__[f"_{self.name}_open"][1]
            sealed = vault.seal(text, key_owner(row), place(row, self.column))
            setattr(row, self.column, sealed)
            row.__dict__[f"_{self.name}_open"] = (sealed, text)


def place(row: Any, column: str) -> str:
    """What a sealed value is bound to: table, column and row."""
    return f"{row.__tablename__}|{column}|{row.id}"


def key_owner(row: Any) -> int:
    """Whose data key seals this row's values."""
    if row.__tablename__ == "customers":
        return int(row.id)
    return int(getattr(row, "customer_id", None) or WORKSPACE)


def vault_of(row: Any) -> Vault:
    """The vault of the session that a row was loaded in or belongs to."""
    session = object_session(row)
    vault = session.info["vault"] if session is not None else row.__dict__.get("_vault")
    if vault is None:
        raise RuntimeError(f"{type(row).__name__} was never in a session: its sealed columns cannot be opened")
    assert isinstance(vault, Vault)
    return vault


def install(base: type) -> None:
    """Seal at flush and remember the vault at load, for all models below `base`."""
    event.listen(Session, "before_flush", _seal_pending)
    event.listen(base, "load", _remember_vault, propagate=True)


def _seal_pending(session: Session, context: UOWTransaction, instances: Any) -> None:
    vault = session.info.get("vault")
    if vault is None:
        return
    for row in [*session.new, *session.dirty]:
        for sealed in getattr(type(row), "__sealed__", {}).values():
            sealed.seal(row, vault)
        row.__dict__["_vault"] = vault


def _remember_vault(row: Any, context: Any) -> None:
    """`context` is None when a row that another session loaded is merged."""
    session = context.session if context is not None else object_session(row)
    if session is not None and getattr(type(row), "__sealed__", None):
        row.__dict__["_vault"] = session.info.get("vault")
