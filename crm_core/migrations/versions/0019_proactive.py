"""What kind of proactive message waits in the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("kind", sa.String(length=20), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("outbox", "kind")
