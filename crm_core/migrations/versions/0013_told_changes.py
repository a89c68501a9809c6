"""Whether the one concerned by a change of a case was told."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_changes", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE case_changes SET told_at = occurred_at")
