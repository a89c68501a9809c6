"""The audit log: who did what to whose record. Append-only; every digest covers the one before, keyed.

Names of fields are recorded, never values.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, insert, or_, select, text
from sqlalchemy.orm import Session

from crm_core.crypto import Vault
from crm_core.csv_cells import clean_cell
from crm_core.ids import new_id
from crm_core.models import AuditEntry

BEGINNING = b"\x00" * 32
_ONE_AT_A_TIME = 7_203_514
"""Number of the advisory lock under which PostgreSQL's writers append; SQLite has one writer anyway."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The whole chain holds. `head`: position and digest of the last entry, to be kept elsewhere and compared."""

    head: tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Broken:
    """The chain does not hold from this position on."""

    position: int
    problem: str


def record(
    session: Session,
    vault: Vault,
    *,
    actor: str,
    action: str,
    subject: str,
    fields: Sequence[str] = (),
    reason: str | None = None,
    allowed: bool = True,
    now: datetime,
) -> int:
    """Append an entry within a write transaction and return its position.

    Args:
        actor: "staff:<id>", "job:<name>", "command line" …
        subject: "customer:<number>", "import:<kind>" …
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ONE_AT_A_TIME})
    position, previous = head(session)
    entry = {
        "position": position + 1,
        "occurred_at": now,
        "actor": clean_cell(actor)[:200],
        "action": action[:60],
        "subject": clean_cell(subject)[:200],
        "fields": [str(name) for name in fields],
        "reason": None if reason is None else clean_cell(reason)[:200],
        "allowed": allowed,
    }
    digest = _digest(vault, previous, entry)
    session.execute(insert(AuditEntry).values(id=new_id(), **entry, previous=previous, digest=digest))
    return position + 1


def head(session: Session) -> tuple[int, bytes]:
    """Position and digest of the last entry; (0, zeros) when there is none."""
    last = session.execute(
        select(AuditEntry.position, AuditEntry.digest).order_by(AuditEntry.position.desc()).limit(1)
    ).one_or_none()
    return (last.position, bytes(last.digest)) if last is not None else (0, BEGINNING)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: everything given must fit. `actions` are endings (".read") or whole names."""

    subjects: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    refused: bool = False
    up_to: int | None = None
    """The last position that counts, so that asking does not show itself."""


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of entries, newest first, and how many fit."""

    rows: tuple[AuditEntry, ...]
    total: int


def entries(session: Session, wanted: Wanted, *, offset: int = 0, limit: int = 10) -> Entries:
    """Who did what, newest first."""
    tests: list[ColumnElement[bool]] = []
    if wanted.subjects:
        tests.append(AuditEntry.subject.in_(wanted.subjects))
    if wanted.actors:
        tests.append(AuditEntry.actor.in_(wanted.actors))
    if wanted.actions:
        tests.append(or_(*(AuditEntry.action.endswith(action, autoescape=True) for action in wanted.actions)))
    if wanted.refused:
        tests.append(AuditEntry.allowed.is_(False))
    tests += [AuditEntry.occurred_at >= wanted.since] if wanted.since else []
    tests += [AuditEntry.occurred_at < wanted.until] if wanted.until else []
    tests += [AuditEntry.position <= wanted.up_to] if wanted.up_to is not None else []
    total = session.execute(select(func.count(AuditEntry.id)).where(*tests)).scalar_one()
    query = select(AuditEntry).where(*tests).order_by(AuditEntry.position.desc()).offset(offset).limit(limit)
    return Entries(tuple(session.execute(query).scalars()), total)


def verify(session: Session, vault: Vault, anchor: tuple[int, bytes] | None = None) -> Verified | Broken:
    """Check the whole chain: changed, removed, moved and added entries are found.

    `anchor`: a head kept elsewhere; with it, a chain cut off at its end is found too.
    """
    position, previous = 0, BEGINNING
    names = ("position", "occurred_at", "actor", "action", "subject", "fields", "reason", "allowed")
    columns = [getattr(AuditEntry, name) for name in (*names, "previous", "digest")]
    query = select(*columns).order_by(AuditEntry.position).execution_options(yield_per=1000)
    for row in session.execute(query):
        position += 1
        if row.position != position:
            return Broken(position, "an entry is missing")
        entry = {name: getattr(row, name) for name in names}
        digest = bytes(row.digest)
        if bytes(row.previous) != previous or not hmac.compare_digest(_digest(vault, previous, entry), digest):
            return Broken(position, "the entry was changed")
        if anchor is not None and anchor[0] == position and anchor[1] != digest:
            return Broken(position, "the entry is not the one that was noted elsewhere")
        previous = digest
    if anchor is not None and position < anchor[0]:
        return Broken(position + 1, "entries at the end are missing")
    return Verified((position, previous))


def _digest(vault: Vault, previous: bytes, entry: dict[str, object]) -> bytes:
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=_plain)
    return hmac.digest(vault.audit_key, previous + canonical.encode(), "sha256")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} cannot stand in the audit log")
