"""What the business says in public, whose posts are whose, and by what authors are found."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("posts", sa.Column("author_index", sa.LargeBinary(), nullable=True))
    op.add_column("posts", sa.Column("own", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_posts_author_index"), "posts", ["author_index"], unique=False)
    _publications()
    _ties()


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("connector", sa.String(length=20), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("answers", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("not_before", "claimed_at", "sent_at")),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    for name in ("post_id", "customer_id", "conversation_id", "state", "queued_at", "external_id"):
        op.create_index(op.f(f"ix_publications_{name}"), "publications", [name], unique=False)


def _ties() -> None:
    op.create_table(
        "author_ties",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("connector", sa.String(length=20), nullable=False),
        sa.Column("author_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("author_index", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("suggested_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("author_index", "customer_id"),
    )
    for name in ("customer_id", "author_index"):
        op.create_index(op.f(f"ix_author_ties_{name}"), "author_ties", [name], unique=False)


def downgrade() -> None:
    op.drop_table("author_ties")
    op.drop_table("publications")
    op.drop_index(op.f("ix_posts_author_index"), "posts")
    op.drop_column("posts", "own")
    op.drop_column("posts", "author_index")
