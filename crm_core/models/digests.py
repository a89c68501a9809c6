"""What staff are told by the clock: their digests, which of them went out, and what they want to be warned of."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base


class DigestPlan(Base):
    """One regular digest of one person, who calls it by its `number`.

    `kind`: daily, weekly or monthly; `every`: day, workday, week or month. Nothing is owed for moments up to `since`.
    `parts`: names of what it tells of; empty: all there is. `added_by_id`: the colleague who wanted them to have it.
    """

    __tablename__ = "digest_plans"
    __table_args__ = (UniqueConstraint("staff_id", "number"),)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    every: Mapped[str] = mapped_column(String(8))
    interval: Mapped[int] = mapped_column(default=1)
    weekdays: Mapped[list[Any]] = mapped_column(default=list)
    """Of a weekly one, or of a monthly one with `nth`; Monday is 0."""
    nth: Mapped[int | None]
    """Of a monthly one: the first, second … of its weekdays in the month; -1: the last."""
    month_day: Mapped[int | None]
    """Day of the month, the last one where it is shorter; -1: the last."""
    minute: Mapped[int]
    """Of the local day."""
    zone: Mapped[str] = mapped_column(String(50))
    language: Mapped[str] = mapped_column(String(2))
    channel: Mapped[str] = mapped_column(String(20))
    parts: Mapped[list[str]] = mapped_column(default=list)
    since: Mapped[datetime]
    paused_from: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """Open where only the beginning is set: until they say otherwise."""
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class DigestEdition(Base):
    """One digest that fell due, claimed by inserting this row. `state`: making, queued or failed."""

    __tablename__ = "digest_editions"
    __table_args__ = (UniqueConstraint("plan_id", "local_date"),)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("digest_plans.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(8))
    local_date: Mapped[date]
    state: Mapped[str] = mapped_column(String(8), default="making", index=True)
    attempts: Mapped[int] = mapped_column(default=1)
    lease_until: Mapped[datetime]
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"))
    error: Mapped[str | None] = mapped_column(String(300))
    told_at: Mapped[datetime | None]
    """When its failure was told."""


class Alert(Base):
    """A figure that somebody wants to be told about. `test`: above, below, rise or fall; `window`: day or week.

    `threshold_milli` is in thousandths of the figure's unit, of rise and fall in thousandths of a per cent. `armed`:
    not told since it last went back.
    """

    __tablename__ = "alerts"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    number: Mapped[int]
    metric: Mapped[str] = mapped_column(String(40))
    test: Mapped[str] = mapped_column(String(8))
    threshold_milli: Mapped[int]
    window: Mapped[str] = mapped_column(String(8))
    only: Mapped[dict[str, Any]] = mapped_column(default=dict)
    without: Mapped[dict[str, Any]] = mapped_column(default=dict)
    zone: Mapped[str] = mapped_column(String(50))
    language: Mapped[str] = mapped_column(String(2))
    channel: Mapped[str] = mapped_column(String(20))
    armed: Mapped[bool] = mapped_column(default=True)
    told_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    paused_from: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """Open where only the beginning is set: until they say otherwise."""
