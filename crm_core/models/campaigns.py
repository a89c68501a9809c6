"""Campaigns, and whom they wrote to."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key


class Campaign(Base):
    """A message to customers by conditions. `state`: draft, approved, running, paused, stopped or done.

    `conditions` holds one dict, as of a segment: the conditions, and `said_at`. `variants`: dicts of key (A, B …), en
    and zh. `channels` in the order in which they are tried.
    """

    __tablename__ = "campaigns"
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    kind: Mapped[str] = mapped_column(String(20), default="marketing", server_default="marketing")
    """Which of `preferences.KINDS` its messages are."""
    conditions: Mapped[list[Any]] = mapped_column(default=list)
    variants: Mapped[list[Any]] = mapped_column(default=list)
    channels: Mapped[list[str]] = mapped_column(default=list)
    held_out_milli: Mapped[int] = mapped_column(default=100, server_default="100")
    """Share of the audience, in thousandths, that is not written to, to be compared with."""
    discount_percent: Mapped[int] = mapped_column(default=0, server_default="0")
    """What its texts offer off an order: what the optimiser learns from."""
    response_days: Mapped[int] = mapped_column(default=7, server_default="7")
    """How long after a message an answer or an order is held to come from it."""
    batch_size: Mapped[int] = mapped_column(default=500, server_default="500")
    pause_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    """Between two batches: with several variants the next batch learns from the last."""
    next_batch_at: Mapped[datetime | None]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignContact(Base):
    """One customer of a campaign, at most once. `state`: chosen, sent, failed, cancelled (by a rule or the customer),
    taken_back (the campaign was stopped) or held_out.
    """

    __tablename__ = "campaign_contacts"
    __table_args__ = (
        UniqueConstraint("campaign_id", "customer_id"),
        Index("ix_campaign_contacts_state", "campaign_id", "state"),
    )
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = customer_key()
    variant: Mapped[str] = mapped_column(String(20))
    held_out: Mapped[bool] = mapped_column(default=False)
    channel: Mapped[str] = mapped_column(String(20), default="", server_default="")
    state: Mapped[str] = mapped_column(String(10), default="chosen", server_default="chosen")
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"), index=True)
    chosen_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    replied_at: Mapped[datetime | None] = mapped_column(index=True)
    converted_at: Mapped[datetime | None] = mapped_column(index=True)
    revenue_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    """What they ordered within the response days, in the business's currency."""
    opted_out_at: Mapped[datetime | None]
