"""What is made of a post: its need, what it names, whether it says another one again or is spam."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UNSENSED = sa.text("sensed_at IS NULL")
MADE = ("need", "products", "competitors", "spam_reasons", "brand_named", "spam", "sensed_at")


def upgrade() -> None:
    op.add_column("posts", sa.Column("need", sa.String(length=12), nullable=True))
    for name in ("products", "competitors", "spam_reasons"):
        op.add_column("posts", sa.Column(name, sa.JSON(), server_default="[]", nullable=False))
    for name in ("brand_named", "spam"):
        op.add_column("posts", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("posts", sa.Column("sensed_at", sa.DateTime(timezone=True), nullable=True))
    _refer_to_the_first()
    op.create_index(op.f("ix_posts_duplicate_of_id"), "posts", ["duplicate_of_id"], unique=False)
    op.create_index("ix_posts_unsensed", "posts", ["id"], sqlite_where=UNSENSED, postgresql_where=UNSENSED)
    op.create_table(
        "post_bands",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("band", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_post_bands_post_id"), "post_bands", ["post_id"], unique=False)
    op.create_index(op.f("ix_post_bands_band"), "post_bands", ["band"], unique=False)


def _refer_to_the_first() -> None:
    """SQLite builds the table anew for a reference, and what refers to the old one would go with it."""
    anew = op.get_bind().dialect.name == "sqlite"
    if anew:
        op.execute("CREATE TEMPORARY TABLE kept_records AS SELECT * FROM post_records")
    with op.batch_alter_table("posts") as posts:
        posts.add_column(sa.Column("duplicate_of_id", sa.BigInteger(), nullable=True))
        posts.create_foreign_key("fk_posts_duplicate_of_id", "posts", ["duplicate_of_id"], ["id"], ondelete="SET NULL")
    if anew:
        op.execute("INSERT INTO post_records SELECT * FROM kept_records")
        op.execute("DROP TABLE kept_records")


def downgrade() -> None:
    op.drop_table("post_bands")
    op.drop_index("ix_posts_unsensed", "posts")
    for name in MADE:  # SQLite drops no column with a key
        op.drop_column("posts", name)
