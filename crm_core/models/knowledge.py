"""What is computed about customers from all they did, and which of it has to be computed anew."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base


class CustomerFeatures(Base):
    """A customer's figures as of the newest `FeatureRun`; `crm_core/analytics/features/definition.py` defines them.

    Days are counted from 1970-01-01 (UTC), and means are kept as sums and counts, so that a day's events can be added;
    `category_units` says how much was bought of what, a category each line. The row's id is the customer's.
    """

    __tablename__ = "customer_features"
    __table_args__ = (UniqueConstraint("customer_id"), {"info": {"derived": True}})
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    first_order_day: Mapped[int | None]
    last_order_day: Mapped[int | None]
    previous_order_day: Mapped[int | None]
    last_contact_day: Mapped[int | None]
    orders: Mapped[int]
    orders_90: Mapped[int]
    orders_prev90: Mapped[int]
    spend_minor: Mapped[int]
    spend_90_minor: Mapped[int]
    spend_prev90_minor: Mapped[int]
    discounted_sum_milli: Mapped[int]
    categories: Mapped[int]
    top_category: Mapped[str | None] = mapped_column(String(60))
    top_category_share_milli: Mapped[int | None]
    category_units: Mapped[str | None] = mapped_column(Text)
    cancelled_orders: Mapped[int]
    returned_orders: Mapped[int]
    refunds_minor: Mapped[int]
    units: Mapped[int]
    messages: Mapped[int]
    messages_90: Mapped[int]
    messages_prev90: Mapped[int]
    messages_telegram: Mapped[int]
    messages_web: Mapped[int]
    contacts_delivery: Mapped[int]
    contacts_return: Mapped[int]
    contacts_question: Mapped[int]
    complaints: Mapped[int]
    complaints_90: Mapped[int]
    cases: Mapped[int]
    mood_sum_milli: Mapped[int]
    mood_count: Mapped[int]
    mood_90_sum_milli: Mapped[int]
    mood_90_count: Mapped[int]
    mood_prev90_sum_milli: Mapped[int]
    mood_prev90_count: Mapped[int]
    ratings: Mapped[int]
    rating_sum_milli: Mapped[int]
    campaigns_sent: Mapped[int]
    campaigns_replied: Mapped[int]
    campaigns_converted: Mapped[int]
    posts: Mapped[int]
    posts_90: Mapped[int]
    post_mood_sum_milli: Mapped[int]
    post_mood_count: Mapped[int]


class FeatureRun(Base):
    """One computation of the features. The newest says as of which day they are; `finished_at` None: it broke off.

    `definition`: hash of what was computed, so that a changed definition computes everything anew.
    """

    __tablename__ = "feature_runs"
    as_of_day: Mapped[int]
    definition: Mapped[str] = mapped_column(String(16))
    everybody: Mapped[bool]
    written: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ChangedCustomer(Base):
    """Whose facts changed since the newest `FeatureRun`, and those of which day (since 1970-01-01) and later.

    Written by triggers (`crm_core/analytics/facts/change_log.py`).
    """

    __tablename__ = "changed_customers"
    customer_id: Mapped[int]
    since_day: Mapped[int]
