"""Proposed next actions, what became of them, and who wants to see which less often."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key
from crm_core.sealed import personal


class Suggestion(Base):
    """A proposed next action about a customer, for one person or (no `owner_id`) whoever of `for_role` takes it.

    `state`: proposed, approved (somebody does it), done, skipped, lapsed, or held: never shown, so that what acting
    changes can be told. `expected_minor` is `value_minor` times `gain_milli` thousandths.
    """

    __tablename__ = "suggestions"
    __table_args__ = (UniqueConstraint("customer_id", "open_kind"),)
    customer_id: Mapped[int] = customer_key()
    kind: Mapped[str] = mapped_column(String(40))
    open_kind: Mapped[str | None] = mapped_column(String(40))
    """The kind while it is open, so that a customer has one of each; empty afterwards."""
    trigger: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    value_minor: Mapped[int | None]
    gain_milli: Mapped[int]
    expected_minor: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    for_role: Mapped[str] = mapped_column(String(10), default="agent")
    state: Mapped[str] = mapped_column(String(10), default="proposed", index=True)
    created_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id", ondelete="SET NULL"))
    done_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    bought_at: Mapped[datetime | None]
    bought_minor: Mapped[int | None]
    settled_at: Mapped[datetime | None]
    """When it was clear what came of it."""


class SuggestionWish(Base):
    """A kind of suggestion that somebody wants to see less of: `less` 1, 2, 3 is at most one in 7, 14, 28 days."""

    __tablename__ = "suggestion_wishes"
    __table_args__ = (UniqueConstraint("staff_id", "kind"),)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(40))
    less: Mapped[int] = mapped_column(default=0)
    shown_at: Mapped[datetime | None]
