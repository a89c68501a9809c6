"""The audit chain: appended by many at once, every tampering found."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from crm_core.audit import Broken, Verified, head, record, verify
from crm_core.database import Store
from crm_core.models import AuditEntry
from tests.conftest import NOW


def write(store: Store, count: int) -> None:
    for number in range(count):
        with store.write() as session:
            record(
                session,
                store.vault,
                actor="staff:1",
                action="customer.read",
                subject=f"customer:{number}",
                fields=("phone", "邮箱"),
                reason="asked" if number % 2 else None,
                now=NOW + timedelta(seconds=number),
            )


def unguarded(store: Store, statement: str) -> None:
    """Change the table as somebody with full rights on the database could."""
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_an_untouched_chain_holds_and_names_its_head(store: Store) -> None:
    write(store, 5)
    with store.read() as session:
        checked = verify(session, store.vault)
        assert isinstance(checked, Verified)
        assert checked.head == head(session)
        assert checked.head[0] == 5
        assert isinstance(verify(session, store.vault, anchor=checked.head), Verified)


def test_an_empty_chain_holds(store: Store) -> None:
    with store.read() as session:
        assert isinstance(verify(session, store.vault), Verified)


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE audit SET actor = 'staff:2' WHERE position = 3", 3),
        ("UPDATE audit SET allowed = NOT allowed WHERE position = 2", 2),
        ("UPDATE audit SET reason = NULL WHERE position = 4", 4),
        ("DELETE FROM audit WHERE position = 2", 2),
        ("DELETE FROM audit WHERE position = 1", 1),
    ],
)
def test_changes_and_deletions_are_found_where_they_are(store: Store, statement: str, position: int) -> None:
    write(store, 5)
    unguarded(store, statement)
    with store.read() as session:
        broken = verify(session, store.vault)
    assert isinstance(broken, Broken)
    assert broken.position == position


def test_a_chain_cut_off_at_its_end_is_found_with_an_anchor(store: Store) -> None:
    write(store, 5)
    with store.read() as session:
        anchor = head(session)
    unguarded(store, "DELETE FROM audit WHERE position >= 4")
    with store.read() as session:
        assert isinstance(verify(session, store.vault), Verified)
        assert verify(session, store.vault, anchor) == Broken(4, "entries at the end are missing")


def test_an_entry_added_past_the_chain_is_found(store: Store) -> None:
    write(store, 2)
    with store.write() as session:
        last = session.scalars(select(AuditEntry).where(AuditEntry.position == 2)).one()
        values = {column.name: getattr(last, column.name) for column in AuditEntry.__table__.c}
        session.execute(insert(AuditEntry).values(**{**values, "id": 1, "position": 3, "previous": last.digest}))
    with store.read() as session:
        assert verify(session, store.vault) == Broken(3, "the entry was changed")


def test_the_database_itself_refuses_changes(store: Store) -> None:
    write(store, 1)
    with pytest.raises(DBAPIError, match="append-only"), store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET actor = 'x'"))


def test_many_writers_at_once_make_one_chain(store: Store) -> None:
    def append() -> None:
        for _ in range(10):
            with store.write() as session:
                record(session, store.vault, actor="a", action="b", subject="c", now=NOW)
                record(session, store.vault, actor="a", action="b", subject="d", now=NOW)

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        checked = verify(session, store.vault)
    assert isinstance(checked, Verified)
    assert checked.head[0] == 80


def test_hostile_texts_are_cleaned_and_cut(store: Store) -> None:
    with store.write() as session:
        record(session, store.vault, actor="a\x00\ud800", action="b", subject="s" * 500, reason="r" * 500, now=NOW)
    with store.read() as session:
        assert isinstance(verify(session, store.vault), Verified)
        assert session.scalars(select(AuditEntry.actor)).one() == "a"
