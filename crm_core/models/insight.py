"""What follows from the rest: segments, scores, needs, recommendations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key
from crm_core.sealed import personal


class Segment(Base):
    """Customers by conditions (`kind` rule), by a cell of the RFM grid (rfm) or found by clustering (cluster)."""

    __tablename__ = "segments"
    name: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]
    name_zh: Mapped[str]
    kind: Mapped[str] = mapped_column(String(10), default="rule")
    description_en: Mapped[str] = mapped_column(Text, default="")
    description_zh: Mapped[str] = mapped_column(Text, default="")
    conditions: Mapped[list[Any]] = mapped_column(default=list)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    retired_at: Mapped[datetime | None]
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
    """A figure about a customer with its reasons (`crm_core/analytics/reasons.py`).

    `value_milli` of a chance is in thousandths of 1; of money, in thousandths of the major unit.
    """

    __tablename__ = "scores"
    __table_args__ = (UniqueConstraint("customer_id", "kind"),)
    customer_id: Mapped[int] = customer_key()
    kind: Mapped[str] = mapped_column(String(30), index=True)
    value_milli: Mapped[int]
    low_milli: Mapped[int | None]
    high_milli: Mapped[int | None]
    horizon_days: Mapped[int | None]
    model: Mapped[str | None] = mapped_column(String(60))
    reasons: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    computed_at: Mapped[datetime]
    data_until: Mapped[datetime]


class Need(Base):
    """What a customer is likely to want next. `kind`: category (to buy) or contact (to write about); ranked from 1."""

    __tablename__ = "needs"
    __table_args__ = (UniqueConstraint("customer_id", "kind", "rank"),)
    customer_id: Mapped[int] = customer_key()
    kind: Mapped[str] = mapped_column(String(10))
    rank: Mapped[int]
    what: Mapped[str] = mapped_column(String(60))
    chance_milli: Mapped[int]
    horizon_days: Mapped[int]
    model: Mapped[str] = mapped_column(String(60))
    reasons: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    computed_at: Mapped[datetime]
    data_until: Mapped[datetime]


class RecommendedProducts(Base):
    """The products to offer a customer, best first. `list_name`: new (not bought yet) or again (bought before).

    `items`: dicts of sku, chance_milli and the reason ({fact, ...}, `crm_core/analytics/reasons.py`).
    """

    __tablename__ = "recommended_products"
    __table_args__ = (UniqueConstraint("customer_id", "list_name"),)
    customer_id: Mapped[int] = customer_key()
    list_name: Mapped[str] = mapped_column(String(5))
    items: Mapped[list[Any]] = personal(JSON, kind="profile", default=list)
    model: Mapped[str] = mapped_column(String(60))
    computed_at: Mapped[datetime]
    data_until: Mapped[datetime]


class Bundle(Base):
    """What goes with what in baskets: an association rule with one product as its consequence."""

    __tablename__ = "bundles"
    skus: Mapped[list[str]] = mapped_column(default=list)
    with_sku: Mapped[str] = mapped_column(String(60), index=True)
    support_milli: Mapped[int]
    confidence_milli: Mapped[int]
    lift_milli: Mapped[int]
    baskets: Mapped[int]
    computed_at: Mapped[datetime]
