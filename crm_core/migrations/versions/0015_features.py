"""The features of customers, the runs that computed them, and whose facts changed since."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
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
MEANS = (
    "mean_order_minor", "gap_mean_days", "last_gap_days", "top_category_share_milli", "discount_share_milli",
    "mood_mean_milli", "mood_90_milli", "mood_prev90_milli", "rating_mean_milli", "post_mood_milli",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "customer_features",
        sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in (*DAYS, *MEANS)),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("top_category", sa.String(length=60), nullable=True),
        *_id(),
        sa.UniqueConstraint("customer_id"),
    )
    op.create_table(
        "feature_runs",
        sa.Column("as_of_day", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.String(length=16), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_id(),
    )
    op.create_table("changed_customers", sa.Column("customer_id", sa.BigInteger(), nullable=False), *_id())


def _id() -> tuple[sa.Column[int], sa.Constraint]:
    return sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False), sa.PrimaryKeyConstraint("id")


def downgrade() -> None:
    for table in ("changed_customers", "feature_runs", "customer_features"):
        op.drop_table(table)
