"""When and about what staff want to be pinged."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("notifications", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("staff", "notifications")
