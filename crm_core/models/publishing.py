"""What the business says in public, and whose posts are whose."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key
from crm_core.sealed import Sealed, personal


class Publication(Base):
    """A post, or an answer to one (`post_id`), written by staff. At most once: what is being sent is never sent again
    where the network cannot tell.

    `state`: queued, sending, sent, failed (it was not said), unclear (it may have been said), cancelled. `refusal`: why
    it was not, a key of the phrases; `error`: in the network's own words. `external_id`: under which reading brings it
    back. `conversation_id`: where its writer is told.
    """

    __tablename__ = "publications"
    connector: Mapped[str] = mapped_column(String(20))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"), index=True)
    answers: Mapped[bool] = mapped_column(default=False)
    customer_id: Mapped[int | None] = customer_key()
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    language: Mapped[str] = mapped_column(String(2), default="en")
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    refusal: Mapped[str | None] = mapped_column(String(12))
    error: Mapped[str | None] = mapped_column(String(500))
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(index=True)
    not_before: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(index=True)
    url: Mapped[str | None] = mapped_column(String(500))
    text = Sealed("text_sealed")


class AuthorTie(Base):
    """That somebody who writes in public may be, or is, a customer. `state`: suggested, tied, rejected, undone.

    `reasons`: keys of the phrases, such as email, handle or order; `how`: rule or staff.
    """

    __tablename__ = "author_ties"
    __table_args__ = (UniqueConstraint("author_index", "customer_id"),)
    customer_id: Mapped[int] = customer_key()
    connector: Mapped[str] = mapped_column(String(20))
    author_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    author_index: Mapped[bytes | None] = personal(LargeBinary, kind="contact", index=True)
    state: Mapped[str] = mapped_column(String(10))
    reasons: Mapped[list[str]] = mapped_column(default=list)
    how: Mapped[str] = mapped_column(String(10), default="staff")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    suggested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    author = Sealed("author_sealed")
