"""Campaigns, and whom they wrote to."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key


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
