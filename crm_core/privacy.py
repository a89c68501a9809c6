"""What a customer may ask for: everything we hold about them, and that it is erased.

Both work from the metadata (see `personal_data`). Erasing deletes the rows, the files and the data keys, so that even
old backups cannot be read; keyed marks of the identifiers stay, so that no import or restore brings the person back.
"""

import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, or_, select, text
from sqlalchemy.orm import Session

from crm_core import crypto
from crm_core.audit import record
from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.corrections import remove_learnt
from crm_core.crypto import Vault
from crm_core.database import Store
from crm_core.errors import NotFound
from crm_core.ids import new_id
from crm_core.importing.upserts import chunks
from crm_core.listening import authors
from crm_core.listening.authors import delete_posts, keep_marks
from crm_core.mentions import erase_mentions, find_mentions
from crm_core.models import Attachment, AuthorTie, Customer, ErasedMark, Identity
from crm_core.personal_data import belongings, counts, opened_rows, roots
from crm_core.reports.privacy_requests import ASKED_MARK, first_asked


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed. `mentions`: texts of staff that named the person and were blanked."""

    customer_number: int
    rows: dict[str, int]
    data_keys: int
    files: int
    mentions: int

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


def export_customer(store: Store, customer_id: int) -> dict[str, Any]:
    """Everything we hold about a customer, in plain text: {"customer": number, "tables": {table: [row …]}}.

    Raises:
        NotFound: no such customer.
    """
    with store.read() as session:
        return _collected(session, store.vault, customer_id)


def export_to_customer(
    session: Session, vault: Vault, customer_id: int, files: Path, *, how: str, now: datetime
) -> bytes:
    """The zip of `write_export` for the customer, who asked for it; noted in the audit log.

    Args:
        files: the folder of sealed attachments.
        how: where they asked.
    """
    content, number, rows = copy_of(session, vault, customer_id, files, now)
    _audit(session, vault, f"customer:{number}", "customer.export", number, rows, now, f"asked in {how}")
    return content


def copy_of(
    session: Session, vault: Vault, customer_id: int, files: Path, now: datetime
) -> tuple[bytes, int, dict[str, int]]:
    """The zip of `write_export`, the customer's number, and how many rows of each table it holds; noted by the caller.

    Args:
        files: the folder of sealed attachments.
    """
    exported = _collected(session, vault, customer_id)
    content = BytesIO()
    _write_zip(content, exported, vault, files, now)
    rows = {table: len(found) for table, found in exported["tables"].items()}
    return content.getvalue(), exported["customer"], rows


def holdings(session: Session, customer_id: int) -> dict[str, int]:
    """Table → how many rows of a customer's it holds."""
    return counts(session, _roots(session, customer_id))


def _collected(session: Session, vault: Vault, customer_id: int) -> dict[str, Any]:
    ids = _roots(session, customer_id)
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, row in opened_rows(session, vault, ids):
        tables.setdefault(table, []).append(row)
    number = next(row["number"] for row in tables["customers"] if row["id"] == ids[0])
    return {"customer": number, "tables": tables}


def _write_zip(target: Path | BytesIO, exported: dict[str, Any], vault: Vault, files: Path, now: datetime) -> None:
    exported["made_at"] = now.astimezone(UTC).isoformat()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        if isinstance(target, Path):
            target.chmod(0o600)
        archive.writestr("data.json", json.dumps(exported, ensure_ascii=False, indent=2))
        archive.writestr("data.txt", _readable(exported))
        for row in exported["tables"].get("attachments", []):
            path = attachment_path(files, row["id"])
            handed_out = row["media_type"] == "application/zip" and row["interaction_id"] is None
            if path.exists() and not handed_out:  # a copy holds no earlier copies
                content = vault.open_bytes(path.read_bytes(), f"files|content|{row['id']}")
                name = re.sub(r"[^\w.\- ]", "_", row["name"] or "file")[-80:]
                archive.writestr(f"files/{row['id']}-{name}", content)


def write_export(
    store: Store, customer_id: int, target: Path, files: Path, *, actor: str, now: datetime
) -> dict[str, int]:
    """Write a customer's data as a zip: `data.json`, `data.txt` to read, and the files; returns rows per table.

    Args:
        files: the folder of sealed attachments.
    """
    exported = export_customer(store, customer_id)
    _write_zip(target, exported, store.vault, files, now)
    rows = {table: len(found) for table, found in exported["tables"].items()}
    with store.write() as session:
        _audit(session, store.vault, actor, "customer.export", exported["customer"], rows, now)
    return rows


def erase_preview(store: Store, customer_id: int) -> dict[str, int]:
    """Rows per table that an erasure would delete.

    Raises:
        NotFound: no such customer.
    """
    with store.read() as session:
        return counts(session, _roots(session, customer_id))


def erase_customer(
    store: Store,
    customer_id: int,
    *,
    actor: str,
    now: datetime,
    files: Path | None = None,
    models: Path | None = None,
    reason: str | None = None,
) -> Erased:
    """Delete a customer with everything that belongs to them, orders and their figures in past sums included.

    Marks come first, keys and files last: a crash in between leaves nothing that a second call does not finish, and
    nothing that an import could bring back.

    Args:
        files: the folder of sealed attachments.
        models: the folder of models; those that learnt from this customer's lines go, too. A running service without
            it finds them within a minute.

    Raises:
        NotFound: no such customer.
    """
    with store.read() as session:
        ids = _finish_crashed(store, session, customer_id)
        marks = _marks(session, store.vault, ids, now)
        attachments = _attachment_ids(session, ids)
        mentions = find_mentions(session, store.vault, ids, files)
    keep_marks(store.vault, [{"id": new_id(), **mark} for mark in marks])

    def work(session: Session) -> tuple[int, dict[str, int]]:
        number = session.get_one(Customer, ids[0]).number
        asked = first_asked(session, ids, "erase")
        told = "; ".join(part for part in (f"{ASKED_MARK}{asked.isoformat()}" if asked else "", reason or "") if part)
        deleted = _delete(session, ids)
        session.execute(insert(ErasedMark), [{"id": new_id(), **mark} for mark in marks])
        erase_mentions(session, mentions)
        _audit(session, store.vault, actor, "customer.erase", number, deleted, now, told or None)
        return number, deleted

    number, deleted = store.repeated(work)
    keys = sum(store.vault.forget(each) for each in ids)
    gone = remove_files(files, [*attachments, *mentions.files])
    if models is not None and deleted.get("corrections"):
        remove_learnt(models)
    scrub(store, {*deleted, *(table for table, _ in mentions.rows)})
    return Erased(number, deleted, keys, gone, mentions.count)


def replay_erased(session: Session, vault: Vault) -> list[int]:
    """After an old backup was restored: delete again who was erased since; returns the customers' ids.

    The marks come from the keystore, which is backed up apart from the data and is newer. Only the very rows that were
    erased are deleted: a telephone number may be a family's.
    """
    with vault.keystore.connect() as connection:
        marks = connection.execute(select(crypto.erased)).mappings().all()
    if not marks:
        return []
    known = {(row.kind, bytes(row.fingerprint)) for row in session.scalars(select(ErasedMark))}
    rows = {bytes(mark["fingerprint"]) for mark in marks if mark["kind"] == "customer"}
    missing = [_as_row(mark) for mark in marks if (mark["kind"], bytes(mark["fingerprint"])) not in known]
    gone = [each for each in session.scalars(select(Customer.id)) if vault.fingerprint("customer", str(each)) in rows]
    for few in chunks(gone):
        _delete(session, few)
    if missing:
        session.execute(insert(ErasedMark), missing)
    delete_posts(session, [bytes(mark["fingerprint"]) for mark in marks if mark["kind"] == authors.MARK])
    for customer_id in gone:
        vault.forget(customer_id)
    return gone


def customer_by_key(session: Session, vault: Vault, key: str, region: str) -> Customer:
    """The customer with this number, number of the business's own, e-mail address or telephone number.

    Raises:
        NotFound: nobody, or more than one.
    """
    email, phone = normalised_email(key), normalised_phone(key, region)
    ways: list[ColumnElement[bool]] = [Customer.external_id == key]
    ways += [Customer.number == int(key)] if re.fullmatch(r"[0-9]{1,12}", key) else []
    ways += [Customer.email_index == vault.blind_index("email", email)] if email else []
    ways += [Customer.phone_index == vault.blind_index("phone", phone)] if phone else []
    found = session.scalars(select(Customer).where(or_(*ways))).all()
    if not found:
        raise NotFound(f'There is no customer "{key}". Give a number, an e-mail address or a telephone number.')
    if len(found) > 1:
        numbers = ", ".join(str(each.number) for each in found)
        raise NotFound(f'"{key}" is more than one customer ({numbers}). Give the number.')
    return found[0]


def attachment_path(files: Path, attachment_id: int) -> Path:
    """Where the sealed bytes of an attachment lie."""
    return files / str(attachment_id % 100) / str(attachment_id)


def remove_files(files: Path | None, attachment_ids: Iterable[int]) -> int:
    """Delete the bytes of attachments; returns how many there were."""
    removed = 0
    for attachment_id in attachment_ids if files is not None else ():
        path = attachment_path(files, attachment_id) if files is not None else Path()
        if path.exists():
            path.unlink()
            removed += 1
    return removed


def scrub(store: Store, tables: Iterable[str]) -> None:
    """Take deleted rows out of what the database still keeps of them: SQLite's log, PostgreSQL's dead rows."""
    for engine in (store.engine, store.vault.keystore):
        if engine.dialect.name == "sqlite":
            connection = engine.raw_connection()
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
        elif engine is store.engine:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
                for name in tables:
                    plain.execute(text(f'VACUUM "{name}"'))


def _roots(session: Session, customer_id: int) -> list[int]:
    ids = roots(session, customer_id)
    if not ids:
        raise NotFound(f"There is no customer with id {customer_id} (any more).")
    return ids


def _finish_crashed(store: Store, session: Session, customer_id: int) -> list[int]:
    """The rows to erase; when they are gone already, the keys a crash may have left are destroyed before refusing."""
    try:
        return _roots(session, customer_id)
    except NotFound:
        store.vault.forget(customer_id)
        raise


def _marks(session: Session, vault: Vault, ids: list[int], now: datetime) -> list[dict[str, Any]]:
    marks: dict[tuple[str, bytes], int] = {}
    for customer in session.scalars(select(Customer).where(Customer.id.in_(ids))):
        marks["customer", vault.fingerprint("customer", str(customer.id))] = customer.number
        for kind in ("external_id", "email", "phone"):
            value = getattr(customer, kind)
            if value:
                marks[kind, vault.fingerprint(kind, value)] = customer.number
    numbers = {
        row.id: row.number for row in session.execute(select(Customer.id, Customer.number).where(Customer.id.in_(ids)))
    }
    for identity in session.scalars(select(Identity).where(Identity.customer_id.in_(ids))):
        account = f"{identity.channel}|{identity.account}|{identity.external_id}"
        marks["identity", vault.fingerprint("identity", account)] = numbers[identity.customer_id]
    ties = select(AuthorTie).where(AuthorTie.customer_id.in_(ids), AuthorTie.state == "tied")
    for tie in session.scalars(ties):
        marks[authors.MARK, authors.key_of(tie)] = numbers[tie.customer_id]
    return [
        {"kind": kind, "fingerprint": fingerprint, "customer_number": number, "erased_at": now}
        for (kind, fingerprint), number in marks.items()
    ]


def _as_row(mark: Mapping[Any, Any]) -> dict[str, Any]:
    return {**mark, "id": new_id(), "erased_at": datetime.fromtimestamp(mark["erased_at"], UTC)}


def _attachment_ids(session: Session, ids: list[int]) -> list[int]:
    table = Attachment.__table__
    return list(session.scalars(select(table.c.id).where(belongings(ids)[table])))  # type: ignore[index]


def _delete(session: Session, ids: list[int]) -> dict[str, int]:
    found = counts(session, ids)
    for table, condition in reversed(belongings(ids).items()):
        if found.get(table.name):
            session.execute(delete(table).where(condition))
    return found


def _audit(
    session: Session,
    vault: Vault,
    actor: str,
    action: str,
    number: int,
    fields: Iterable[str],
    now: datetime,
    reason: str | None = None,
) -> None:
    subject = f"customer:{number}"
    record(session, vault, actor=actor, action=action, subject=subject, fields=tuple(fields), reason=reason, now=now)


def _readable(exported: Mapping[str, Any]) -> str:
    """The same for people: one block per record, empty values left out."""
    parts = [f"Customer 客户 {exported['customer']} · {exported['made_at']}"]
    for table, rows in exported["tables"].items():
        parts.append(f"\n== {table} ({len(rows)})")
        for row in rows:
            said = [f"{name}: {value}" for name, value in row.items() if value not in (None, "", [], {})]
            parts.append("\n".join(said) + "\n")
    return "\n".join(parts)
