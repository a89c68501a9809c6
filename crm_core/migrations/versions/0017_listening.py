"""How far social networks are read, what they sent, and where a post came from."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("posts", sa.Column("source", sa.String(length=60), nullable=True))
    op.add_column("posts", sa.Column("parent_id", sa.String(length=200), nullable=True))
    op.add_column("posts", sa.Column("edited_at", moment, nullable=True))
    op.add_column("posts", sa.Column("seen_at", moment, nullable=True))
    op.create_table(
        "post_records",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("record_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("post_id"),
    )
    op.create_index(op.f("ix_post_records_customer_id"), "post_records", ["customer_id"], unique=False)
    op.create_index(op.f("ix_post_records_received_at"), "post_records", ["received_at"], unique=False)
    op.create_table(
        "pulls",
        sa.Column("connector", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("keep", sa.Text(), nullable=True),
        *(sa.Column(name, moment, nullable=True) for name in ("mark_at", "began_at", "floor_at", "newest_at")),
        *(sa.Column(name, moment, nullable=True) for name in ("oldest_at", "finished_at", "not_before")),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(length=300), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connector", "source"),
    )


def downgrade() -> None:
    op.drop_table("pulls")
    op.drop_table("post_records")
    for name in ("seen_at", "edited_at", "parent_id", "source"):
        op.drop_column("posts", name)
