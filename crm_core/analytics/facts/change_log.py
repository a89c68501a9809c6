"""Triggers that note whose facts changed, and since which day, so that only what differs has to be computed.

The database notes it itself: what is written, corrected, moved or deleted by any part of the product (an import, a
merge, an erasure, somebody's SQL) is noted in the same transaction, and what rolls back is not. Times in the rows could
not say that: a row that is committed late carries a time that was already dealt with, and a deleted one none.

The day says from when on features are others than before: what happened after the last refresh is found by its moment,
and only older facts that changed make a customer be computed anew.

On SQLite a customer is noted once, with the first of the days. On PostgreSQL every change adds a row: noting once would
make transactions of the same customer wait for each other, a message for a long import. Of who is erased nothing is
noted, and nothing is kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, delete, text
from sqlalchemy.orm import Session

from crm_core.analytics.facts.views import Dialect
from crm_core.models import FeatureRun

LOG = "changed_customers"
NUMBERS = f"{LOG}_id"
NOTE, FORGET = "note_", "forget_changed"
SQLITE, POSTGRES = Dialect("sqlite"), Dialect("postgresql")
EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose rows are facts about somebody; `{row}` stands for the row before or after a change.

    Args:
        facts: what of it matters from the moment `since` on; without one, from ever.
        later: what matters from a later moment on, which it says itself: as a trigger may look at it, and exactly.
        whose: query for the customers, with `{day}` for the day.
        counts: which rows are facts at all.
    """

    table: str
    facts: Sequence[str]
    since: str = ""
    later: Sequence[tuple[str, str]] = ()
    whose: str = "SELECT {row}.customer_id AS customer_id, {day} AS since_day"
    counts: str = "{row}.customer_id IS NOT NULL"

    def changed(self, same: str) -> str:
        """Whether an update changes anything that matters."""
        later = _differ([seen for seen, _ in self.later], same)
        return " OR ".join(filter(None, (self._changed_facts(same), later)))

    def noted(self, rows: Sequence[str], say: Dialect) -> str:
        """Query for the customers of these rows and the first day that is other than before."""
        days = [say.day(self.since) if self.since else "0", *(say.day(exact) for _, exact in self.later)]
        if len(rows) == 2:  # an update may leave alone what matters from the first day on
            same = "IS NOT" if say.name == "sqlite" else "IS DISTINCT FROM"
            changed = [self._changed_facts(same)]
            changed += [f"{changed[0]} OR {_differ([exact], same)}" for _, exact in self.later]
            days = [f"CASE WHEN {when} THEN {day} END" for when, day in zip(changed, days, strict=True)]
        each = (self._of(row, day) for row in rows for day in days)
        return f"""
            SELECT w.customer_id, MIN(w.since_day) AS since_day FROM ({" UNION ALL ".join(each)}) AS w
            WHERE w.since_day IS NOT NULL AND EXISTS (SELECT 1 FROM customers AS c WHERE c.id = w.customer_id)
            GROUP BY w.customer_id"""

    def _changed_facts(self, same: str) -> str:
        own = [self.since] if "{row}" in self.since else []
        return _differ([*self.facts, *own, f"({self.counts})"], same)

    def _of(self, row: str, day: str) -> str:
        whose = self.whose.format(row=row, day=day.format(row=row))
        return f"SELECT * FROM ({whose}) AS b WHERE {self.counts.format(row=row)}"


def _differ(parts: Sequence[str], same: str) -> str:
    each = (f"{{row}}.{part}" if part.isidentifier() else part for part in parts)
    return " OR ".join(f"{part.format(row='OLD')} {same} {part.format(row='NEW')}" for part in each)


_BUYER = "SELECT o.customer_id, {day} AS since_day FROM orders AS o WHERE o.id = {row}.order_id"
_BUYERS = (
    "SELECT o.customer_id, {day} AS since_day FROM order_lines AS l JOIN orders AS o ON o.id = l.order_id "
    "WHERE l.product_id = {row}.id"
)
_CANCELLED = "CASE WHEN {row}.status = 'cancelled' THEN COALESCE({row}.cancelled_at, {row}.placed_at) END"
_RETURNED = "CASE WHEN {row}.status = 'returned' THEN {row}.updated_at END"
_RETURNED_AT = (
    "CASE WHEN {row}.status = 'returned' THEN COALESCE((SELECT MIN(r.requested_at) FROM refunds AS r "
    "WHERE r.order_id = {row}.id AND r.requested_at < {row}.updated_at), {row}.updated_at) END"
)
_PAID = "CASE WHEN {row}.status = 'paid' THEN COALESCE({row}.paid_at, {row}.requested_at) END"
_FROM_CUSTOMER = "{row}.direction = 'in' AND {row}.author = 'customer' AND {row}.customer_id IS NOT NULL"
_MONEY = ("currency", "total_minor", "discount_minor")

WATCHED = (
    Watched(
        "customers", ("merged_into_id",), whose="SELECT {row}.id AS customer_id, {day} AS since_day",
        counts="{row}.kind <> 'visitor'",
    ),
    Watched(
        "orders", ("customer_id", *_MONEY, "({row}.status = 'draft')"), "{row}.placed_at",
        later=((_CANCELLED, _CANCELLED), (_RETURNED, _RETURNED_AT)),
    ),
    Watched(
        "order_lines", ("order_id", "product_id", "quantity"), "o.placed_at", whose=_BUYER,
        counts="{row}.order_id IS NOT NULL",
    ),
    Watched("products", ("category",), whose=_BUYERS, counts="{row}.id IS NOT NULL"),
    Watched(
        "refunds", ("order_id", "amount_minor", "currency"), "{row}.requested_at", later=((_PAID, _PAID),),
        whose=_BUYER, counts="{row}.order_id IS NOT NULL",
    ),
    Watched(
        "interactions", ("customer_id", "kind", "channel", "intent", "sentiment_milli"), "{row}.occurred_at",
        counts=_FROM_CUSTOMER,
    ),
    Watched("cases", ("customer_id",), "{row}.opened_at"),
    Watched("ratings", ("customer_id", "score"), "{row}.given_at"),
    Watched(
        "campaign_contacts", ("customer_id",), "{row}.sent_at",
        later=tuple(2 * (f"{{row}}.{moment}",) for moment in ("replied_at", "converted_at")),
    ),
    Watched(
        "posts", ("customer_id", "sentiment_milli"), "{row}.occurred_at",
        counts="{row}.customer_id IS NOT NULL AND NOT {row}.own",
    ),
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
            INSERT INTO {LOG} (id, customer_id, since_day)
            SELECT n.customer_id, n.customer_id, n.since_day FROM ({watched.noted(EVENTS[event], SQLITE)}) AS n
            WHERE TRUE ON CONFLICT (id) DO UPDATE SET since_day = excluded.since_day
            WHERE excluded.since_day < {LOG}.since_day;
        END"""


def _function(watched: Watched) -> str:
    return f"""
        CREATE FUNCTION {NOTE}{watched.table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO {LOG} (id, customer_id, since_day)
            SELECT nextval('{NUMBERS}'), n.customer_id, n.since_day
            FROM ({watched.noted(("OLD", "NEW"), POSTGRES)}) AS n;
            RETURN NULL;
        END $$"""


def _postgres(watched: Watched, event: str) -> str:
    """What does not count is turned away before the function is called."""
    counts = watched.counts.format(row=EVENTS[event][0])
    when = watched.changed("IS DISTINCT FROM") if event == "UPDATE" else counts
    return f"""
        CREATE TRIGGER {NOTE}{watched.table}_{event.lower()} AFTER {event} ON {watched.table}
        FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {NOTE}{watched.table}()"""
