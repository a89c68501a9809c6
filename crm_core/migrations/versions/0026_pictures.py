"""What is written in a file that somebody sent, and how a picture looks."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachments", sa.Column("text_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("attachments", sa.Column("looks", sa.BigInteger(), nullable=True))
    op.add_column("attachments", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("looked_at", "looks", "text_sealed"):
        op.drop_column("attachments", name)
