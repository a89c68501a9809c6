"""Merges of customers, so that they can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("filled", sa.JSON(), nullable=False),
        sa.Column("withdrawn", sa.JSON(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["into_id"], ["customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_merges_from_id"), "merges", ["from_id"], unique=False)
    op.create_index(op.f("ix_merges_into_id"), "merges", ["into_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_merges_into_id"), table_name="merges")
    op.drop_index(op.f("ix_merges_from_id"), table_name="merges")
    op.drop_table("merges")
