"""What is computed about customers: needs, recommended products, bundles; intervals of scores, kinds of segments."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("segments", sa.Column("kind", sa.String(length=10), server_default="rule", nullable=False))
    op.add_column("segments", sa.Column("description_en", sa.Text(), server_default="", nullable=False))
    op.add_column("segments", sa.Column("description_zh", sa.Text(), server_default="", nullable=False))
    op.add_column("segments", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    # In words of its own: making the table anew, as SQLite needs for a named key, would take its members along.
    op.execute("ALTER TABLE segments ADD COLUMN created_by_id BIGINT REFERENCES staff (id)")
    op.add_column("scores", sa.Column("low_milli", sa.BigInteger(), nullable=True))
    op.add_column("scores", sa.Column("high_milli", sa.BigInteger(), nullable=True))
    op.add_column("scores", sa.Column("horizon_days", sa.BigInteger(), nullable=True))
    op.add_column("scores", sa.Column("model", sa.String(length=60), nullable=True))
    _needs()
    _products()


def _needs() -> None:
    op.create_table(
        "needs",
        _customer(),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("chance_milli", sa.BigInteger(), nullable=False),
        sa.Column("horizon_days", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_until", sa.DateTime(timezone=True), nullable=False),
        *_keys("customer_id", "kind", "rank"),
    )
    op.create_index(op.f("ix_needs_customer_id"), "needs", ["customer_id"])


def _products() -> None:
    op.create_table(
        "recommended_products",
        _customer(),
        sa.Column("list_name", sa.String(length=5), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_until", sa.DateTime(timezone=True), nullable=False),
        *_keys("customer_id", "list_name"),
    )
    op.create_index(op.f("ix_recommended_products_customer_id"), "recommended_products", ["customer_id"])
    op.create_table(
        "bundles",
        sa.Column("skus", sa.JSON(), nullable=False),
        sa.Column("with_sku", sa.String(length=60), nullable=False),
        sa.Column("support_milli", sa.BigInteger(), nullable=False),
        sa.Column("confidence_milli", sa.BigInteger(), nullable=False),
        sa.Column("lift_milli", sa.BigInteger(), nullable=False),
        sa.Column("baskets", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_bundles_with_sku"), "bundles", ["with_sku"])


def _customer() -> sa.Column[int]:
    return sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False)


def _keys(*unique: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    return (
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(*unique),
    )


def downgrade() -> None:
    for table in ("bundles", "recommended_products", "needs"):
        op.drop_table(table)
    for column in ("model", "horizon_days", "high_milli", "low_milli"):
        op.drop_column("scores", column)
    for column in ("retired_at", "description_zh", "description_en", "kind"):  # SQLite drops no column with a key
        op.drop_column("segments", column)
