"""Why a network did not take what the business said."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("refusal", sa.String(length=12), nullable=True))


def downgrade() -> None:
    op.drop_column("publications", "refusal")
