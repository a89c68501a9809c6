"""What the store promises on both databases: sealed personal data, short transactions, numbers given once."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import LargeBinary, select, text
from sqlalchemy.exc import DBAPIError

from crm_core.database import Store, make_engine, next_number, open_store, upgrade, upgrade_within
from crm_core.errors import KeyProblem, Tampered
from crm_core.models import (
    AuditEntry,
    Base,
    Customer,
    DigestEdition,
    DigestPlan,
    Post,
    PostRecord,
    Segment,
    SegmentMember,
)
from tests.conftest import NOW


def customer(number: int, **values: str) -> Customer:
    return Customer(number=number, first_seen_at=NOW, updated_at=NOW, **values)


def test_migrations_build_exactly_what_the_models_say(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_members_of_segments_survive_the_migration_that_gives_segments_a_kind(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = (
        f"sqlite:///{tmp_path / 'old.sqlite'}"
        if database == "sqlite"
        else request.getfixturevalue("empty_postgres_url")
    )
    engine = make_engine(url)
    moment = "2026-01-01 00:00:00"
    with engine.begin() as connection:
        upgrade_within(connection, "0013")
        for statement in (
            "INSERT INTO customers (id, number, kind, custom, first_seen_at, updated_at)"
            f" VALUES (1, 1, 'person', '{{}}', '{moment}', '{moment}')",
            "INSERT INTO segments (id, name, name_en, name_zh, conditions, created_at)"
            f" VALUES (1, 'vip', 'VIP', 'VIP', '[]', '{moment}')",
            f"INSERT INTO segment_members (id, segment_id, customer_id, since) VALUES (1, 1, 1, '{moment}')",
        ):
            connection.exec_driver_sql(statement)
    upgrade(engine)
    with engine.begin() as connection:
        kinds = connection.execute(select(Segment.kind)).scalars().all()
        members = connection.execute(select(SegmentMember.customer_id)).scalars().all()
    engine.dispose()
    assert (kinds, members) == (["rule"], [1])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_digests_survive_the_migration_that_lets_one_person_have_several(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    old = f"sqlite:///{tmp_path / 'old.sqlite'}"
    engine = make_engine(old if database == "sqlite" else request.getfixturevalue("empty_postgres_url"))
    moment = "2026-01-01 00:00:00"
    plan = (
        "INSERT INTO digest_plans (id, staff_id, kind, every, interval, weekdays, minute, zone, language, channel,"
        " parts, since) VALUES ({id}, 1, '{kind}', '{every}', 1, '[0]', 540, 'UTC', 'en', 'slack', '[]', '"
        + moment
        + "')"
    )
    with engine.begin() as connection:
        upgrade_within(connection, "0031")
        for statement in (
            "INSERT INTO staff (id, external_id, name, role, language, zone, active, aliases)"
            " VALUES (1, 'slack:U1', 'Hong', 'manager', 'en', 'UTC', true, '[]')",
            plan.format(id=5, kind="daily", every="day"),
            plan.format(id=6, kind="weekly", every="week"),
            "INSERT INTO digest_editions (id, staff_id, kind, local_date, state, attempts, lease_until)"
            f" VALUES (7, 1, 'weekly', '2026-01-05', 'queued', 1, '{moment}')",
        ):
            connection.exec_driver_sql(statement)
    upgrade(engine)
    with engine.begin() as connection:
        plans = connection.execute(select(DigestPlan.number, DigestPlan.kind).order_by(DigestPlan.number)).all()
        edition = connection.execute(select(DigestEdition.plan_id)).scalar_one()
        another = plan.replace("(id,", "(number, id,").replace("({id}", "(3, {id}")
        connection.exec_driver_sql(another.format(id=8, kind="daily", every="day"))
    engine.dispose()
    assert [tuple(row) for row in plans] == [(1, "daily"), (2, "weekly")]
    assert edition == 6


def test_what_a_network_sent_survives_the_migration_that_lets_posts_refer_to_each_other(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'old.sqlite'}")
    moment = "2026-01-01 00:00:00"
    with engine.begin() as connection:
        upgrade_within(connection, "0017")
        connection.exec_driver_sql(
            "INSERT INTO posts (id, connector, external_id, kind, about, likes, replies, shares, occurred_at)"
            f" VALUES (1, 'rss', 'a', 'post', 'us', 0, 0, 0, '{moment}')"
        )
        connection.exec_driver_sql(f"INSERT INTO post_records (id, post_id, received_at) VALUES (2, 1, '{moment}')")
    upgrade(engine)
    with engine.begin() as connection:
        kept = connection.execute(select(PostRecord.id, PostRecord.post_id)).all()
        posts = connection.execute(select(Post.products, Post.spam, Post.sensed_at)).all()
    engine.dispose()
    assert [tuple(row) for row in (*kept, *posts)] == [(2, 1), ([], False, None)]


def test_sealed_columns_read_back_and_are_unreadable_in_the_database(store: Store) -> None:
    with store.write() as session:
        session.add(customer(1, name="王芳", email="wang.fang@example.com"))
    with store.read() as session:
        found = session.execute(select(Customer)).scalar_one()
        assert (found.name, found.email, found.phone) == ("王芳", "wang.fang@example.com", None)
        raw = session.execute(text("SELECT name_sealed, email_sealed FROM customers")).one()
    assert all(b"wang" not in bytes(value) and "王".encode() not in bytes(value) for value in raw)


def test_changing_a_sealed_value_keeps_the_others(store: Store) -> None:
    with store.write() as session:
        session.add(customer(1, name="Ann", email="ann@example.com"))
    with store.write() as session:
        session.execute(select(Customer)).scalar_one().name = "Anne"
    with store.read() as session:
        found = session.execute(select(Customer)).scalar_one()
        assert (found.name, found.email) == ("Anne", "ann@example.com")


def test_a_value_copied_to_another_row_does_not_open(store: Store) -> None:
    with store.write() as session:
        session.add_all([customer(1, name="Ann"), customer(2, name="Bob")])
    with store.write() as session:
        other = "(SELECT name_sealed FROM customers WHERE number = 1)"
        session.execute(text(f"UPDATE customers SET name_sealed = {other} WHERE number = 2"))
    with store.read() as session, pytest.raises(Tampered):
        _ = session.execute(select(Customer).where(Customer.number == 2)).scalar_one().name


def test_forgetting_a_key_makes_everything_sealed_with_it_unreadable(store: Store) -> None:
    with store.write() as session:
        ann = customer(1, name="Ann")
        session.add(ann)
    assert store.vault.forget(ann.id) == 1
    with store.read() as session:
        assert session.get(Customer, ann.id).name == ""  # type: ignore[union-attr]


def test_numbers_are_given_once_to_many_writers(store: Store) -> None:
    given: list[int] = []

    def take() -> None:
        for _ in range(5):
            given.append(store.repeated(lambda session: next_number(session, "customer")))

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(10001, 10031))


def test_the_audit_log_cannot_be_changed_or_shortened(store: Store) -> None:
    with store.write() as session:
        session.add(
            AuditEntry(position=1, occurred_at=NOW, actor="a", action="read", subject="s", previous=b"", digest=b"")
        )
    for statement in ("UPDATE audit SET actor = 'b'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"), store.write() as session:
            session.execute(text(statement))


def test_another_master_key_is_refused_before_anything_is_written(database_url: str, tmp_path: Path) -> None:
    open_store(database_url, tmp_path / "data", None).close()
    with pytest.raises(KeyProblem, match="RAPPORT_MASTER_KEY"):
        open_store(database_url, tmp_path / "other", None)


@pytest.mark.parametrize("key", ["", "short", "QUJD", "A" * 44])
def test_a_weak_or_malformed_master_key_is_refused(key: str, tmp_path: Path) -> None:
    if key:
        with pytest.raises(KeyProblem, match="32 random bytes"):
            open_store(f"sqlite:///{tmp_path / 'r.sqlite'}", tmp_path, key)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    open_store(url, tmp_path, None).close()
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(KeyProblem, match="chmod 600"):
        open_store(url, tmp_path, None)


def test_every_sealed_column_is_marked_personal() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and column.name.endswith("_sealed"):
                assert column.info.get("personal"), f"{table.name}.{column.name} is not marked personal"
