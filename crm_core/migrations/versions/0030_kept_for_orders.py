"""Features keep what a day's orders are added to: the order before the last, discounted ones, units of each category.

What is in this table was computed, and is computed anew by the next refresh.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

DAYS = ("first_order_day", "last_order_day", "last_contact_day", "top_category_share_milli")
BEFORE = ("mean_order_minor", "gap_mean_days", "last_gap_days", "discount_share_milli")
COUNTS = (
    "orders", "orders_90", "orders_prev90", "spend_minor", "spend_90_minor", "spend_prev90_minor", "categories",
    "cancelled_orders", "returned_orders", "refunds_minor", "units", "messages", "messages_90", "messages_prev90",
    "messages_telegram", "messages_web", "contacts_delivery", "contacts_return", "contacts_question", "complaints",
    "complaints_90", "cases", "mood_sum_milli", "mood_count", "mood_90_sum_milli", "mood_90_count",
    "mood_prev90_sum_milli", "mood_prev90_count", "ratings", "rating_sum_milli", "campaigns_sent",
    "campaigns_replied", "campaigns_converted", "posts", "posts_90", "post_mood_sum_milli", "post_mood_count",
)  # fmt: skip


def upgrade() -> None:
    kept = sa.Column("category_units", sa.Text(), nullable=True)
    _anew((*DAYS, "previous_order_day"), (*COUNTS, "discounted_sum_milli"), [kept])
    if op.get_bind().dialect.name != "sqlite":  # room in each page: a row that changes stays there, out of the indexes
        op.execute("ALTER TABLE customer_features SET (fillfactor = 85)")


def _anew(some: Iterable[str], counts: Iterable[str], more: Iterable[sa.Column[str]]) -> None:
    op.drop_table("customer_features")
    op.create_table(
        "customer_features",
        sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in some),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.Column("top_category", sa.String(length=60), nullable=True),
        *more,
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id"),
    )
    op.execute("DELETE FROM feature_runs")


def downgrade() -> None:
    _anew((*DAYS, *BEFORE), COUNTS, [])
