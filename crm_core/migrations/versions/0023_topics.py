"""What people talk about, week by week, and which text is about which topic."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "topics",
        sa.Column("source", sa.String(length=6), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("first_week", sa.Date(), nullable=False),
        sa.Column("last_week", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_topics_last_week"), "topics", ["last_week"], unique=False)
    _weeks()
    _texts()


def _weeks() -> None:
    op.create_table(
        "topic_weeks",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("texts", sa.BigInteger(), nullable=False),
        sa.Column("share_milli", sa.BigInteger(), nullable=False),
        sa.Column("mood_milli", sa.BigInteger(), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("rising", sa.Boolean(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("topic_id", "week"),
    )
    op.create_index(op.f("ix_topic_weeks_week"), "topic_weeks", ["week"], unique=False)


def _texts() -> None:
    op.create_table(
        "topic_texts",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("interaction_id", sa.BigInteger(), nullable=True),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("fit_milli", sa.BigInteger(), nullable=False),
        sa.Column("alike", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("post_id"),
        sa.UniqueConstraint("interaction_id"),
    )
    op.create_index(op.f("ix_topic_texts_topic_id"), "topic_texts", ["topic_id"], unique=False)
    op.create_index(op.f("ix_topic_texts_week"), "topic_texts", ["week"], unique=False)


def downgrade() -> None:
    for table in ("topic_texts", "topic_weeks", "topics"):
        op.drop_table(table)
