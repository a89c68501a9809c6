"""Features keep sums and counts in place of means, changes the day they count from; indexes on moments that count.

What is in these tables was computed, and is computed anew by the next refresh.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

DAYS = ("first_order_day", "last_order_day", "last_contact_day")
COUNTS = (
    "orders", "orders_90", "orders_prev90", "spend_minor", "spend_90_minor", "spend_prev90_minor", "categories",
    "cancelled_orders", "returned_orders", "refunds_minor", "units", "messages", "messages_90", "messages_prev90",
    "messages_telegram", "messages_web", "contacts_delivery", "contacts_return", "contacts_question", "complaints",
    "complaints_90", "cases", "ratings", "campaigns_sent", "campaigns_replied", "campaigns_converted", "posts",
    "posts_90",
)  # fmt: skip
MEANS = ("mean_order_minor", "gap_mean_days", "last_gap_days", "top_category_share_milli", "discount_share_milli")
SUMS = (
    "mood_sum_milli", "mood_count", "mood_90_sum_milli", "mood_90_count", "mood_prev90_sum_milli",
    "mood_prev90_count", "rating_sum_milli", "post_mood_sum_milli", "post_mood_count",
)  # fmt: skip
BEFORE = ("mood_mean_milli", "mood_90_milli", "mood_prev90_milli", "rating_mean_milli", "post_mood_milli")
MOMENTS = ("sent_at", "replied_at", "converted_at")


def upgrade() -> None:
    _anew(counts=(*COUNTS, *SUMS), means=MEANS, noted=("customer_id", "since_day"))
    for moment in MOMENTS:
        op.create_index(f"ix_campaign_contacts_{moment}", "campaign_contacts", [moment])
    returned = sa.text("status = 'returned'")
    op.create_index("ix_orders_returned", "orders", ["updated_at"], sqlite_where=returned, postgresql_where=returned)


def _anew(counts: tuple[str, ...], means: tuple[str, ...], noted: tuple[str, ...]) -> None:
    op.drop_table("customer_features")
    op.create_table(
        "customer_features",
        sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in (*DAYS, *means)),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.Column("top_category", sa.String(length=60), nullable=True),
        *_id(),
        sa.UniqueConstraint("customer_id"),
    )
    op.execute("DELETE FROM feature_runs")
    op.drop_table("changed_customers")
    op.create_table("changed_customers", *(sa.Column(name, sa.BigInteger(), nullable=False) for name in noted), *_id())


def _id() -> tuple[sa.Column[int], sa.Constraint]:
    return sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False), sa.PrimaryKeyConstraint("id")


def downgrade() -> None:
    op.drop_index("ix_orders_returned", "orders")
    for moment in MOMENTS:
        op.drop_index(f"ix_campaign_contacts_{moment}", "campaign_contacts")
    _anew(counts=COUNTS, means=(*MEANS, *BEFORE), noted=("customer_id",))
