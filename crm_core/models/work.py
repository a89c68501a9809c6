"""What staff keep about customers: cases, tasks, tags, notes, consent."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key
from crm_core.sealed import Sealed, personal


class Case(Base):
    """`status`: open, waiting, snoozed or closed; `priority`: low, normal, high or urgent."""

    __tablename__ = "cases"
    number: Mapped[int] = mapped_column(unique=True)
    customer_id: Mapped[int | None] = customer_key()
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"))
    title_sealed: Mapped[bytes | None] = personal(LargeBinary)
    topic: Mapped[str | None] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(10), default="open", index=True)
    priority: Mapped[str] = mapped_column(String(10), default="normal")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None] = mapped_column(index=True)
    resolution_sealed: Mapped[bytes | None] = personal(LargeBinary)
    title = Sealed("title_sealed")
    resolution = Sealed("resolution_sealed")


class CaseChange(Base):
    """One change of a case: who made it (nobody: the clock), what it was before, and why; so that it can be undone."""

    __tablename__ = "case_changes"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int | None] = customer_key()
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Plain column -> [before, after]; times in ISO form."""
    texts_sealed: Mapped[bytes | None] = personal(LargeBinary)
    """The same for what people wrote (JSON)."""
    reason_sealed: Mapped[bytes | None] = personal(LargeBinary)
    undoes: Mapped[bool] = mapped_column(default=False)
    occurred_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    """When the owner heard of it, or it was clear that they need not; empty while their quiet hours last."""
    texts = Sealed("texts_sealed")
    reason = Sealed("reason_sealed")


class Task(Base):
    """`reminded_at`: when its owner was told that it is due."""

    __tablename__ = "tasks"
    customer_id: Mapped[int | None] = customer_key()
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    title_sealed: Mapped[bytes | None] = personal(LargeBinary)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    title = Sealed("title_sealed")


class CustomerTag(Base):
    __tablename__ = "customer_tags"
    __table_args__ = (UniqueConstraint("customer_id", "tag"),)
    customer_id: Mapped[int] = customer_key()
    tag: Mapped[str] = personal(String(60), kind="profile", index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]


class Note(Base):
    __tablename__ = "notes"
    customer_id: Mapped[int] = customer_key()
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    created_at: Mapped[datetime]
    text = Sealed("text_sealed")


class Consent(Base):
    """What a customer allowed or withdrew; the newest row of (kind, channel) counts. `channel` "" means all."""

    __tablename__ = "consents"
    customer_id: Mapped[int] = customer_key()
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="")
    granted: Mapped[bool]
    how: Mapped[str]
    occurred_at: Mapped[datetime]


class Merge(Base):
    """One customer's record joined into another, with all that is needed to take it back."""

    __tablename__ = "merges"
    from_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    into_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    moved: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Table -> ids of the rows that were given to the other."""
    filled: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Field of the other that was empty and took the value of this one -> what it held before."""
    withdrawn: Mapped[list[Any]] = mapped_column(default=list)
    """Ids of the withdrawals that were added because the stricter word counts."""
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class ContactPreference(Base):
    """When, how often and where a customer wants to be written to unasked; which messages is told by `Consent`."""

    __tablename__ = "contact_preferences"
    __table_args__ = (UniqueConstraint("customer_id"),)
    customer_id: Mapped[int] = customer_key()
    quiet_from: Mapped[int | None] = personal(kind="profile")
    """Minute of the customer's day from which nothing is sent, until `quiet_until` (which may be the next day's)."""
    quiet_until: Mapped[int | None] = personal(kind="profile")
    quiet_days: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    """Weekdays without messages; Monday is 0."""
    channel: Mapped[str | None] = personal(String(20), kind="profile")
    """The only channel that may be used."""
    at_most_every_days: Mapped[int | None] = personal(kind="profile")
    updated_at: Mapped[datetime]
