"""Indexes for the features: all they ask of a customer's messages in one, and the days of cancelling."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FACTS = ("customer_id", "direction", "author", "kind", "occurred_at", "channel", "intent", "sentiment_milli")


def upgrade() -> None:
    op.create_index("ix_interactions_facts", "interactions", list(FACTS))
    op.drop_index("ix_interactions_customer_id", "interactions")
    op.create_index("ix_orders_cancelled_at", "orders", ["cancelled_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_cancelled_at", "orders")
    op.create_index("ix_interactions_customer_id", "interactions", ["customer_id"])
    op.drop_index("ix_interactions_facts", "interactions")
