"""What the texts of a campaign offer off an order."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("discount_percent", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("campaigns", column)
