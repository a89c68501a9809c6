"""Triggers that note whose facts changed, so that only these customers' features are computed anew.

The database notes it itself: what is written, corrected, moved or deleted by any part of the product (an import, a
merge, an erasure, somebody's SQL) is noted in the same transaction, and what rolls back is not. Times in the rows could
not say that: a row that is committed late carries a time that was already dealt with, and a deleted one none.

On SQLite a customer is noted once. On PostgreSQL every change adds a row: noting once would make transactions of the
same customer wait for each other, a message for a long import. Of who is erased nothing is noted, and nothing is kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, delete, text
from sqlalchemy.orm import Session

from crm_core.models import FeatureRun

LOG = "changed_customers"
NUMBERS = f"{LOG}_id"
NOTE, FORGET = "note_", "forget_changed"
EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose rows are facts about somebody; `{row}` stands for the row before or after a change.

    `facts`: what of it matters; `whose`: query for the customers; `counts`: which rows are facts at all.
    """

    table: str
    facts: Sequence[str]
    whose: str = "SELECT {row}.customer_id"
    counts: str = "{row}.customer_id IS NOT NULL"

    def changed(self, same: str) -> str:
        """Whether an update changes anything that matters."""
        parts = (*(f"{{row}}.{fact}" if fact.isidentifier() else fact for fact in self.facts), f"({self.counts})")
        return " OR ".join(f"{part.format(row='OLD')} {same} {part.format(row='NEW')}" for part in parts)

    def noted(self, rows: Sequence[str]) -> str:
        """Query for the customers of these rows, as `customer_id`."""
        each = (
            f"SELECT * FROM ({self.whose.format(row=row)}) AS b WHERE {self.counts.format(row=row)}" for row in rows
        )
        there = "WHERE EXISTS (SELECT 1 FROM customers AS c WHERE c.id = w.customer_id)"
        return f"WITH w(customer_id) AS ({' UNION '.join(each)}) SELECT customer_id FROM w {there}"


_BUYER = "SELECT o.customer_id FROM orders AS o WHERE o.id = {row}.order_id"
_BUYERS = (
    "SELECT o.customer_id FROM order_lines AS l JOIN orders AS o ON o.id = l.order_id WHERE l.product_id = {row}.id"
)
_FATE = "CASE WHEN {row}.status IN ('draft', 'cancelled', 'returned') THEN {row}.status END"
_RETURNED = "CASE WHEN {row}.status = 'returned' THEN {row}.updated_at END"
_FROM_CUSTOMER = "{row}.direction = 'in' AND {row}.author = 'customer' AND {row}.customer_id IS NOT NULL"
_MONEY = ("currency", "total_minor", "discount_minor")

WATCHED = (
    Watched("customers", ("merged_into_id",), "SELECT {row}.id", "{row}.kind <> 'visitor'"),
    Watched("orders", ("customer_id", "placed_at", "cancelled_at", *_MONEY, _FATE, _RETURNED)),
    Watched("order_lines", ("order_id", "product_id", "quantity"), _BUYER, "{row}.order_id IS NOT NULL"),
    Watched("products", ("category",), _BUYERS, "{row}.id IS NOT NULL"),
    Watched(
        "refunds", ("order_id", "status", "amount_minor", "currency", "requested_at", "paid_at"),
        _BUYER, "{row}.order_id IS NOT NULL",
    ),
    Watched(
        "interactions", ("customer_id", "kind", "channel", "intent", "sentiment_milli", "occurred_at"),
        counts=_FROM_CUSTOMER,
    ),
    Watched("cases", ("customer_id", "opened_at")),
    Watched("ratings", ("customer_id", "score", "given_at")),
    Watched("campaign_contacts", ("customer_id", "sent_at", "replied_at", "converted_at")),
    Watched("posts", ("customer_id", "sentiment_milli", "occurred_at")),
)  # fmt: skip


def create(dialect: str) -> list[str]:
    """Statements that make the triggers."""
    forget = f"DELETE FROM {LOG} WHERE customer_id = OLD.id;"
    if dialect == "sqlite":
        made = [f"CREATE TRIGGER {FORGET}_delete AFTER DELETE ON customers BEGIN {forget} END"]
        return [*made, *(_sqlite(watched, event) for watched in WATCHED for event in EVENTS)]
    made = [
        f"CREATE SEQUENCE IF NOT EXISTS {NUMBERS}",  # after a restore it has to go on where the rows end
        f"SELECT setval('{NUMBERS}', COALESCE((SELECT max(id) FROM {LOG}), 0) + 1)",
        f"CREATE FUNCTION {FORGET}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {forget} RETURN NULL; END $$",
        f"CREATE TRIGGER {FORGET}_delete AFTER DELETE ON customers FOR EACH ROW EXECUTE FUNCTION {FORGET}()",
    ]
    for watched in WATCHED:
        made += [_function(watched), *(_postgres(watched, event) for event in EVENTS)]
    return made


def remove(connection: Connection) -> None:
    """Take the triggers away, those of an older version, too."""
    if connection.dialect.name == "sqlite":
        asked, gone = "SELECT name FROM sqlite_master WHERE type = 'trigger'", "DROP TRIGGER {}"
    else:
        asked = "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        gone = "DROP FUNCTION {}() CASCADE"
    for name in connection.exec_driver_sql(asked).scalars().all():
        if name.startswith((NOTE, FORGET)):
            connection.exec_driver_sql(gone.format(name))


@contextmanager
def paused(session: Session) -> Iterator[None]:
    """Note nothing within this transaction, which fills an empty database; the next run computes everybody.

    On SQLite noting costs little; on PostgreSQL it takes several times longer than writing the rows does.
    """
    tables = [] if session.get_bind().dialect.name == "sqlite" else [watched.table for watched in WATCHED]
    for table in tables:
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    session.execute(delete(FeatureRun))
    yield
    for table in tables:
        session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def _sqlite(watched: Watched, event: str) -> str:
    when = f"WHEN {watched.changed('IS NOT')}" if event == "UPDATE" else ""
    return f"""
        CREATE TRIGGER {NOTE}{watched.table}_{event.lower()} AFTER {event} ON {watched.table} {when} BEGIN
            INSERT INTO {LOG} (id, customer_id) SELECT customer_id, customer_id FROM ({watched.noted(EVENTS[event])})
            WHERE customer_id NOT IN (SELECT id FROM {LOG});
        END"""


def _function(watched: Watched) -> str:
    return f"""
        CREATE FUNCTION {NOTE}{watched.table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO {LOG} (id, customer_id)
            SELECT nextval('{NUMBERS}'), customer_id FROM ({watched.noted(("OLD", "NEW"))}) AS whose;
            RETURN NULL;
        END $$"""


def _postgres(watched: Watched, event: str) -> str:
    """What does not count is turned away before the function is called."""
    counts = watched.counts.format(row=EVENTS[event][0])
    when = watched.changed("IS DISTINCT FROM") if event == "UPDATE" else counts
    return f"""
        CREATE TRIGGER {NOTE}{watched.table}_{event.lower()} AFTER {event} ON {watched.table}
        FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {NOTE}{watched.table}()"""
