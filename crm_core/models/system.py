"""The product’s own bookkeeping: job runs, audit, erased marks, counters."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base


class JobRun(Base):
    """One due run of a job, claimed by inserting this row. `state`: running, done, failed."""

    __tablename__ = "job_runs"
    __table_args__ = (UniqueConstraint("job", "due_at"),)
    job: Mapped[str] = mapped_column(String(60))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    owner: Mapped[str] = mapped_column(String(100))
    lease_until: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(String(1000))


class AuditEntry(Base):
    """Who did what to whose record: names of fields, never values. Append-only; each digest covers the one before."""

    __tablename__ = "audit"
    position: Mapped[int] = mapped_column(unique=True)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(default=list)
    reason: Mapped[str | None]
    allowed: Mapped[bool] = mapped_column(default=True)
    previous: Mapped[bytes]
    digest: Mapped[bytes]


class ErasedMark(Base):
    """A keyed fingerprint of an erased person's identifiers: neither import nor restore may bring them back."""

    __tablename__ = "erased_marks"
    kind: Mapped[str] = mapped_column(String(20))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    customer_number: Mapped[int]
    erased_at: Mapped[datetime]


class Counter(Base):
    """The last number given out, of customers, cases, …"""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(String(20), unique=True)
    last: Mapped[int]
