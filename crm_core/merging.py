"""Two records of one person become one, and two again when that was wrong.

What belongs to the first goes to the second; the first stays as an empty row that points to the second, so that
erasing the second erases both. Data keys stay under the record they were made for: erasure destroys those of all rows
that were merged, and undoing the merge finds each with its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select
from sqlalchemy.orm import Session

from crm_core import consent
from crm_core.crypto import Vault, key_id_of
from crm_core.errors import NotPossible
from crm_core.identities import MOST_AT_ONCE, customers_tables, give, move_everything
from crm_core.models import Consent, Customer, Merge
from crm_core.personal_data import model_of, sealed_columns
from crm_core.staff.store import StaffStore

FILLED = ("name", "email", "phone", "company_id", "city", "country", "language", "zone", "tier")
"""Fields that take the other record's value where they are empty."""
FIELDS = ("identities", "orders", "conversations", "notes", "consents")
HOW = "merge: the stricter word of both records"
WORTH_TELLING = ("orders", "cases", "notes", "tasks", "customer_tags", "consents")


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge moved: rows by table, fields that were filled, kinds of consent that are withdrawn now."""

    merge_id: int
    moved: dict[str, int]
    filled: tuple[str, ...]
    withdrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a merge does, or did. `stays`: written to the joined record since; `gone`: deleted since."""

    merge_id: int
    from_number: int
    into_number: int
    merged_at: datetime
    back: dict[str, int] = field(default_factory=dict)
    stays: dict[str, int] = field(default_factory=dict)
    gone: int = 0
    changed: tuple[str, ...] = ()
    """Fields that the merge filled and somebody changed since: they are left as they are."""
    withdrawn: tuple[str, ...] = ()
    """Kinds of consent withdrawn since: the withdrawal counts for both."""


# --- joining --------------------------------------------------------------------------------------------------------
def belongings(store: StaffStore, customer_id: int) -> dict[str, int]:
    """How many rows of each table would move."""
    found = {}
    for table in customers_tables():
        count = len(store.session.execute(select(table.c.id).where(table.c.customer_id == customer_id)).all())
        if count:
            found[table.name] = count
    return found


def refuse_impossible(
    store: StaffStore, from_id: int, into_id: int, *, preview: bool = False
) -> tuple[Customer, Customer]:
    """The two rows, locked. A preview is audited as the look that it is.

    Raises:
        NotAllowed: the role does not include merging.
        NotPossible: "same", "gone" (one is merged or erased), "visitor" (a customer cannot go into a visitor).
    """
    found: dict[int, Customer | None] = {}
    for key in sorted((from_id, into_id)):
        customer = store.session.get(Customer, key, with_for_update=True, populate_existing=True)
        found[key] = customer
        subject = f"customer:{customer.number if customer else 'unknown'}"
        store.permit("customer.merge", subject, FIELDS, noted="customer.read" if preview else "")
    if from_id == into_id:
        raise NotPossible("same")
    loser, survivor = found[from_id], found[into_id]
    if loser is None or survivor is None or loser.merged_into_id or survivor.merged_into_id:
        raise NotPossible("gone")
    if survivor.kind == "visitor":
        raise NotPossible("visitor")
    return loser, survivor


def merge(store: StaffStore, from_id: int, into_id: int) -> Merged:
    """Join the first record into the second.

    Raises:
        NotAllowed, NotPossible: see `refuse_impossible`.
    """
    loser, survivor = refuse_impossible(store, from_id, into_id)
    session = store.session
    refused = consent.refused(session, (from_id, into_id))
    filled = _fill(store.vault, loser, survivor)
    moved = move_everything(session, from_id, into_id)
    withdrawals = consent.stricter(session, into_id, refused, HOW, store.now)
    loser.merged_into_id, loser.updated_at, survivor.updated_at = into_id, store.now, store.now
    row = Merge(
        from_id=from_id, into_id=into_id, staff_id=store.actor.staff_id, moved=moved, filled=filled,
        withdrawn=[one.id for one in withdrawals], merged_at=store.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    counted = {name: len(ids) for name, ids in moved.items()}
    return Merged(row.id, counted, tuple(filled), tuple(dict.fromkeys(one.kind for one in withdrawals)))


def _fill(vault: Vault, loser: Customer, survivor: Customer) -> dict[str, Any]:
    """Take over what the survivor lacks; returns what was there before."""
    filled: dict[str, Any] = {}
    for name in FILLED:
        if not getattr(survivor, name) and getattr(loser, name):
            filled[name] = None
            _put(vault, survivor, name, getattr(loser, name))
    if loser.first_seen_at < survivor.first_seen_at:
        filled["first_seen_at"] = survivor.first_seen_at.isoformat()
        survivor.first_seen_at = loser.first_seen_at
    own = {key: value for key, value in loser.custom.items() if key not in survivor.custom}
    if own:
        filled["custom"] = sorted(own)
        survivor.custom = {**survivor.custom, **own}
    return filled


def _put(vault: Vault, customer: Customer, name: str, value: Any) -> None:
    setattr(customer, name, value)
    if name in ("email", "phone"):
        setattr(customer, f"{name}_index", vault.blind_index(name, value) if value else None)


# --- taking it back -------------------------------------------------------------------------------------------------
def last_merge(store: StaffStore, customer_id: int | None = None) -> Merge | None:
    """The newest merge that still holds: one of this customer, or of one that became part of them; else one's own."""
    ours: ColumnElement[bool] = Merge.staff_id == store.actor.staff_id
    if customer_id is not None:
        ours = or_(Merge.into_id == customer_id, Merge.from_id == customer_id)
    query = select(Merge).where(Merge.undone_at.is_(None), ours).order_by(Merge.id.desc()).limit(1)
    return store.session.execute(query).scalar_one_or_none()


def merged_number(store: StaffStore, number: int) -> int | None:
    """The id of a record that was merged away, by the number it had."""
    query = select(Customer.id).where(Customer.number == number, Customer.merged_into_id.is_not(None))
    return store.session.execute(query).scalar_one_or_none()


def undoing(store: StaffStore, row: Merge) -> Undoing:
    """What undoing a merge would do now.

    Raises:
        NotAllowed: the role does not include merging.
        NotPossible: "undone" already, or "later" (the joined record was merged into another since: undo that first).
    """
    loser, survivor = _undoable(store, row)
    return _told(store.session, row, loser, survivor, _going_back(store.session, row))


def unmerge(store: StaffStore, row: Merge) -> Undoing:
    """Give back what a merge moved, as far as it is still there, and what hangs on it since.

    Raises:
        NotAllowed, NotPossible: see `undoing`.
    """
    loser, survivor = _undoable(store, row)
    session = store.session
    back = _going_back(session, row)
    told = _told(session, row, loser, survivor, back)
    loser.merged_into_id, loser.updated_at, survivor.updated_at = None, store.now, store.now
    session.flush()
    for table in customers_tables():
        if back.get(table.name):
            give(session, table, back[table.name], row.from_id)
            _reseal(session, store.vault, table, back[table.name], row.from_id)
    for name, old in row.filled.items():
        if name not in told.changed:
            _empty(store.vault, loser, survivor, name, old)
    _copy_withdrawals(session, row)
    session.execute(delete(Consent).where(Consent.id.in_(row.withdrawn)))
    row.undone_at = store.now
    session.flush()
    return told


def _undoable(store: StaffStore, row: Merge) -> tuple[Customer, Customer]:
    session = store.session
    pair = {key: session.get_one(Customer, key, with_for_update=True) for key in sorted((row.from_id, row.into_id))}
    loser, survivor = pair[row.from_id], pair[row.into_id]
    for customer in (loser, survivor):
        store.permit("customer.merge", f"customer:{customer.number}", ("undo",))
    session.refresh(row)
    if row.undone_at is not None or loser.merged_into_id != survivor.id:
        raise NotPossible("undone")
    if survivor.merged_into_id is not None:
        raise NotPossible("later", number=str(survivor.number))
    return loser, survivor


def _going_back(session: Session, row: Merge) -> dict[str, list[int]]:
    """Rows by table: what was moved and still is the survivor's, and what was added since to any of it."""
    back: dict[str, list[int]] = {}
    for table in customers_tables():
        theirs = table.c.customer_id == row.into_id
        found = set(_chosen(session, table, table.c.id, row.moved.get(table.name, ()), theirs))
        for key in table.foreign_keys:
            parents = back.get(key.column.table.name, ())
            found |= set(_chosen(session, table, key.parent, parents, theirs & (table.c.id > row.id)))
        back[table.name] = sorted(found)
    return back


def _chosen(
    session: Session, table: Table, column: ColumnElement[Any], among: Sequence[int], condition: ColumnElement[bool]
) -> Iterator[int]:
    for start in range(0, len(among), MOST_AT_ONCE):
        few = column.in_(among[start : start + MOST_AT_ONCE])
        yield from session.execute(select(table.c.id).where(few, condition)).scalars()


def _told(session: Session, row: Merge, loser: Customer, survivor: Customer, back: dict[str, list[int]]) -> Undoing:
    stays = {}
    for table in customers_tables():
        if table.name in WORTH_TELLING:
            since = select(table.c.id).where(table.c.customer_id == row.into_id, table.c.id > row.id)
            stays[table.name] = len(set(session.execute(since).scalars()) - set(back[table.name]) - set(row.withdrawn))
    moved = {name: set(ids) for name, ids in row.moved.items()}
    gone = sum(len(ids - set(back.get(name, ()))) for name, ids in moved.items())
    return Undoing(
        row.id, loser.number, survivor.number, row.merged_at,
        back={name: len(ids) for name, ids in back.items() if ids},
        stays={name: count for name, count in stays.items() if count},
        gone=gone,
        changed=tuple(name for name in row.filled if _was_changed(loser, survivor, name)),
        withdrawn=tuple(sorted({one.kind for one in _withdrawn_since(session, row)})),
    )  # fmt: skip


def _was_changed(loser: Customer, survivor: Customer, name: str) -> bool:
    return name != "custom" and bool(getattr(survivor, name) != getattr(loser, name))


def _empty(vault: Vault, loser: Customer, survivor: Customer, name: str, old: Any) -> None:
    if name == "custom":
        lent = {key for key in old if survivor.custom.get(key) == loser.custom.get(key)}
        survivor.custom = {key: value for key, value in survivor.custom.items() if key not in lent}
    elif name == "first_seen_at":
        survivor.first_seen_at = datetime.fromisoformat(old)
    else:
        _put(vault, survivor, name, old)


def _withdrawn_since(session: Session, row: Merge) -> list[Consent]:
    query = select(Consent).where(
        Consent.customer_id == row.into_id, Consent.granted.is_(False), Consent.id > row.id,
        Consent.id.not_in(row.withdrawn),
    )  # fmt: skip
    return list(session.execute(query.order_by(Consent.id)).scalars())


def _copy_withdrawals(session: Session, row: Merge) -> None:
    """Nobody can tell which of the two withdrew since: it counts for both."""
    for said in _withdrawn_since(session, row):
        session.add(
            Consent(
                customer_id=row.from_id, kind=said.kind, channel=said.channel, granted=False, how=said.how,
                occurred_at=said.occurred_at,
            )
        )  # fmt: skip


def _reseal(session: Session, vault: Vault, table: Table, row_ids: Sequence[int], owner: int) -> None:
    """What was written while the records were one is sealed anew, so that each is erased and read by itself."""
    names = sealed_columns(table)
    if not names:
        return
    own, model = vault.key_ids(owner), model_of(table)
    for start in range(0, len(row_ids), MOST_AT_ONCE):
        few = select(model).where(model.id.in_(row_ids[start : start + MOST_AT_ONCE]))
        for row in session.execute(few).scalars():
            for column, name in names.items():
                stored = getattr(row, column)
                if stored is not None and key_id_of(bytes(stored)) not in own:
                    setattr(row, name, getattr(row, name))
    session.flush()
