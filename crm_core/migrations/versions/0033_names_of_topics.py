"""Topics have names in both languages, and those that a person gives."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("topics", sa.Column("names", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("topics", sa.Column("renamed", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("topics", "renamed")
    op.drop_column("topics", "names")
