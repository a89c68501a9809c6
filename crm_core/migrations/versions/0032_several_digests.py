"""Several digests for one person, also from a colleague; the nth weekday of a month; alerts that rest for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
"""SQLite keeps no name of what must be unique."""


def upgrade() -> None:
    op.add_column("digest_plans", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("digest_plans", sa.Column("nth", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("paused_from", MOMENT, nullable=True))
    op.add_column("alerts", sa.Column("paused_until", MOMENT, nullable=True))
    op.execute(
        "UPDATE digest_plans SET number = (SELECT count(*) FROM digest_plans AS other"
        " WHERE other.staff_id = digest_plans.staff_id AND other.id <= digest_plans.id)"
    )
    with op.batch_alter_table("digest_plans", naming_convention=NAMES) as plans:
        plans.drop_constraint(_unique("digest_plans", "staff_id_kind"), type_="unique")
        plans.add_column(sa.Column("added_by_id", sa.BigInteger(), nullable=True))
        plans.create_foreign_key("fk_digest_plans_added_by_id", "staff", ["added_by_id"], ["id"])
        plans.create_unique_constraint("uq_digest_plans_number", ["staff_id", "number"])
    _editions()


def _editions() -> None:
    """Each plan once a date, no longer each kind."""
    with op.batch_alter_table("digest_editions", naming_convention=NAMES) as editions:
        editions.drop_constraint(_unique("digest_editions", "staff_id_kind_local_date"), type_="unique")
        editions.add_column(sa.Column("plan_id", sa.BigInteger(), nullable=True))
        editions.create_foreign_key(
            "fk_digest_editions_plan_id", "digest_plans", ["plan_id"], ["id"], ondelete="SET NULL"
        )
        editions.create_unique_constraint("uq_digest_editions_plan_id", ["plan_id", "local_date"])
    op.execute(
        "UPDATE digest_editions SET plan_id = (SELECT id FROM digest_plans AS plan"
        " WHERE plan.staff_id = digest_editions.staff_id AND plan.kind = digest_editions.kind)"
    )


def _unique(table: str, columns: str) -> str:
    sqlite = op.get_bind().dialect.name == "sqlite"
    return f"uq_{table}_staff_id" if sqlite else f"{table}_{columns}_key"


def downgrade() -> None:
    raise NotImplementedError("Several digests of one kind do not fit into the former table; restore a backup instead.")
