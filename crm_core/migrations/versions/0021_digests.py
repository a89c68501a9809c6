"""Digests of one's own, which of them went out, and alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _plans()
    _editions()
    _alerts()


def _plans() -> None:
    op.create_table(
        "digest_plans",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("every", sa.String(length=8), nullable=False),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("month_day", sa.BigInteger(), nullable=True),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.String(length=50), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("paused_from", MOMENT, nullable=True),
        sa.Column("paused_until", MOMENT, nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_id", "kind"),
    )


def _editions() -> None:
    op.create_table(
        "digest_editions",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_id", "kind", "local_date"),
    )
    op.create_index(op.f("ix_digest_editions_state"), "digest_editions", ["state"], unique=False)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.String(length=40), nullable=False),
        sa.Column("test", sa.String(length=8), nullable=False),
        sa.Column("threshold_milli", sa.BigInteger(), nullable=False),
        sa.Column("window", sa.String(length=8), nullable=False),
        sa.Column("only", sa.JSON(), nullable=False),
        sa.Column("without", sa.JSON(), nullable=False),
        sa.Column("zone", sa.String(length=50), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("armed", sa.Boolean(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_alerts_staff_id"), "alerts", ["staff_id"], unique=False)


def downgrade() -> None:
    for table in ("alerts", "digest_editions", "digest_plans"):
        op.drop_table(table)
