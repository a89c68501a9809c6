"""What a campaign is sent by and learns from; what became of each message."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COUNTS = {"held_out_milli": "100", "response_days": "7", "batch_size": "500", "pause_minutes": "0"}
CONTACTS = ("channel", "state", "chosen_at", "revenue_minor", "outbox_id")


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("kind", sa.String(length=20), nullable=False, server_default="marketing"))
    for name, default in COUNTS.items():
        op.add_column("campaigns", sa.Column(name, sa.BigInteger(), nullable=False, server_default=default))
    for name in ("next_batch_at", "approved_at"):
        op.add_column("campaigns", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name, length, default in (("channel", 20, ""), ("state", 10, "chosen")):
        column = sa.Column(name, sa.String(length=length), nullable=False, server_default=default)
        op.add_column("campaign_contacts", column)
    op.add_column("campaign_contacts", sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaign_contacts", sa.Column("revenue_minor", sa.BigInteger(), nullable=False, server_default="0"))
    # In plain SQL, which both databases take: by a batch SQLite would drop the table, and the contacts with it.
    op.execute("ALTER TABLE campaigns ADD COLUMN approved_by_id BIGINT REFERENCES staff (id)")
    with op.batch_alter_table("campaign_contacts") as contacts:  # nothing refers to these
        contacts.add_column(sa.Column("outbox_id", sa.BigInteger(), nullable=True))
        contacts.create_foreign_key(
            "fk_campaign_contacts_outbox_id", "outbox", ["outbox_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(op.f("ix_campaign_contacts_outbox_id"), "campaign_contacts", ["outbox_id"], unique=False)
    op.create_index("ix_campaign_contacts_state", "campaign_contacts", ["campaign_id", "state"], unique=False)
    op.execute("UPDATE campaign_contacts SET state = 'held_out' WHERE held_out")
    op.execute("UPDATE campaign_contacts SET state = 'sent' WHERE sent_at IS NOT NULL")


def downgrade() -> None:
    op.drop_index("ix_campaign_contacts_state", "campaign_contacts")
    op.drop_index(op.f("ix_campaign_contacts_outbox_id"), "campaign_contacts")
    for name in CONTACTS[:-1]:  # SQLite drops no column with a key
        op.drop_column("campaign_contacts", name)
    for name in (*COUNTS, "kind", "next_batch_at", "approved_at"):
        op.drop_column("campaigns", name)
