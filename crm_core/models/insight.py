"""What follows from the rest: segments, scores, suggestions, public posts, campaigns."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key
from crm_core.sealed import Sealed, personal


class Segment(Base):
    __tablename__ = "segments"
    name: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]
    name_zh: Mapped[str]
    conditions: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    computed_at: Mapped[datetime | None]


class SegmentMember(Base):
    __tablename__ = "segment_members"
    __table_args__ = (UniqueConstraint("segment_id", "customer_id", "since"),)
    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int] = customer_key()
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class Score(Base):
    """A figure about a customer with its reasons: a list of {fact, effect_milli}."""

    __tablename__ = "scores"
    __table_args__ = (UniqueConstraint("customer_id", "kind"),)
    customer_id: Mapped[int] = customer_key()
    kind: Mapped[str] = mapped_column(String(30), index=True)
    value_milli: Mapped[int]
    reasons: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    computed_at: Mapped[datetime]
    data_until: Mapped[datetime]


class Suggestion(Base):
    """A proposed next action. `state`: proposed, approved, skipped, done or lapsed."""

    __tablename__ = "suggestions"
    customer_id: Mapped[int | None] = customer_key()
    kind: Mapped[str] = mapped_column(String(40))
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    reasons: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    expected_minor: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10), default="proposed", index=True)
    created_at: Mapped[datetime]
    lapses_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    text = Sealed("text_sealed")


class Post(Base):
    """Something said in public. `about`: us, or the competitor's name."""

    __tablename__ = "posts"
    __table_args__ = (UniqueConstraint("connector", "external_id"),)
    connector: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str]
    customer_id: Mapped[int | None] = customer_key()
    author_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    url: Mapped[str | None] = personal(String(500), kind="identifier")
    kind: Mapped[str] = mapped_column(String(10), default="post")
    about: Mapped[str] = mapped_column(String(60), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    sentiment_milli: Mapped[int | None]
    topic: Mapped[str | None] = mapped_column(String(60))
    likes: Mapped[int] = mapped_column(default=0)
    replies: Mapped[int] = mapped_column(default=0)
    shares: Mapped[int] = mapped_column(default=0)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    author = Sealed("author_sealed")
    text = Sealed("text_sealed")


class Campaign(Base):
    """`state`: draft, approved, running, paused, stopped or done."""

    __tablename__ = "campaigns"
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    conditions: Mapped[list[Any]] = mapped_column(default=list)
    variants: Mapped[list[Any]] = mapped_column(default=list)
    channels: Mapped[list[str]] = mapped_column(default=list)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignContact(Base):
    __tablename__ = "campaign_contacts"
    __table_args__ = (UniqueConstraint("campaign_id", "customer_id"),)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = customer_key()
    variant: Mapped[str] = mapped_column(String(20))
    held_out: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
