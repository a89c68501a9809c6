"""The drill: backup under writes, restore into an empty place, equal counts, erased stay erased, nothing sent twice."""

import threading
import uuid
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text, update

from crm_core import privacy
from crm_core.audit import Verified, head, record, verify
from crm_core.backup import Backup, BackupProblem, backup
from crm_core.database import Store, next_number, open_store
from crm_core.facts import CustomerFacts, Refused
from crm_core.importing.upserts import CustomerBatch
from crm_core.models import Attachment, Base, Customer, ErasedMark, Note, OutboxMessage
from crm_core.restoring import Restored, restore
from tests.conftest import NOW
from tests.crm_core.whole_customer import CANARY, add_whole_customer

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of the same kind as the store's."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'restored' / 'rapport.sqlite'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"restored_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield database_url.replace(database_url.partition("?")[0].rsplit("/", 1)[1], name, 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def made(store: Store, data_dir: Path, tmp_path: Path, **later: float) -> Backup:
    return backup(store, tmp_path / "backups", data_dir, now=NOW + timedelta(**later))


def brought_back(done: Backup, url: str, data_dir: Path, tmp_path: Path, keys: Path | None = None) -> Restored:
    target = tmp_path / "restored"
    target.mkdir(exist_ok=True)
    (target / "master.key").write_bytes((data_dir / "master.key").read_bytes())
    (target / "master.key").chmod(0o600)
    return restore(done.archive, keys or done.keys, url=url, data_dir=target, master_key=None, now=LATER)


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]
            for table in Base.metadata.sorted_tables
        }


def test_what_is_restored_equals_what_was_backed_up(
    store: Store, data_dir: Path, fresh_url: str, tmp_path: Path
) -> None:
    first = add_whole_customer(store, "amsel", data_dir / "files")
    add_whole_customer(store, "drossel", data_dir / "files")
    with store.write() as session:
        record(session, store.vault, actor="a", action="b", subject="c", now=NOW)
        session.execute(update(OutboxMessage).values(state="sent"))
    done = made(store, data_dir, tmp_path)
    result = brought_back(done, fresh_url, data_dir, tmp_path)
    again = open_store(fresh_url, tmp_path / "restored", None)
    try:
        assert content(again) == content(store)
        assert result.rows == done.rows
        assert (result.files, result.read_back, result.erased_again, result.held) == (2, 20, 0, 0)
        assert privacy.export_customer(again, first) == privacy.export_customer(store, first)
        with again.read() as session, store.read() as original:
            assert isinstance(verify(session, again.vault), Verified)
            assert head(session) == head(original)
            attachment = session.scalars(select(Attachment).where(Attachment.customer_id == first)).one()
        path = privacy.attachment_path(tmp_path / "restored" / "files", attachment.id)
        opened = again.vault.open_bytes(path.read_bytes(), f"files|content|{attachment.id}")
        assert opened == f"{CANARY} photo".encode()
        with again.write() as session:
            assert next_number(session, "customer") == 10003
    finally:
        again.close()


def test_neither_file_holds_what_people_wrote_or_the_master_key(store: Store, data_dir: Path, tmp_path: Path) -> None:
    add_whole_customer(store, "amsel", data_dir / "files")
    done = made(store, data_dir, tmp_path)
    key = (data_dir / "master.key").read_text().strip()
    with zipfile.ZipFile(done.archive) as archive:
        plain = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (f"{CANARY}.amsel@example.com", f"{CANARY} amsel text", key, "+8613911112222"):
        assert secret.encode() not in plain
        assert secret.encode() not in done.keys.read_bytes()
    assert {path.stat().st_mode & 0o777 for path in (done.archive, done.keys)} == {0o600}
    assert sorted(path.suffix for path in done.archive.parent.iterdir()) == [".bin", ".zip"]


def test_a_backup_under_writes_is_of_one_moment(store: Store, data_dir: Path, fresh_url: str, tmp_path: Path) -> None:
    customer_id = add_whole_customer(store, "amsel", data_dir / "files")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with store.write() as session:
                session.add(Note(customer_id=customer_id, text="one of a pair", created_at=NOW))
                session.flush()
                session.add(Note(customer_id=customer_id, text="the other", created_at=NOW))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = made(store, data_dir, tmp_path)
    finally:
        stop.set()
        writer.join()
    result = brought_back(done, fresh_url, data_dir, tmp_path)
    assert result.rows["notes"] % 2 == 1


def test_who_was_erased_after_the_backup_stays_erased(
    store: Store, data_dir: Path, fresh_url: str, tmp_path: Path
) -> None:
    files = data_dir / "files"
    gone, kept = add_whole_customer(store, "amsel", files), add_whole_customer(store, "drossel", files)
    old = made(store, data_dir, tmp_path)
    privacy.erase_customer(store, gone, actor="staff:1", now=NOW, files=files)
    new = made(store, data_dir, tmp_path, hours=1)
    result = brought_back(old, fresh_url, data_dir, tmp_path, keys=new.keys)
    assert result.erased_again == 1
    again = open_store(fresh_url, tmp_path / "restored", None)
    try:
        with again.read() as session:
            assert session.scalars(select(Customer.id)).all() == [kept]
            assert {mark.kind for mark in session.scalars(select(ErasedMark))} >= {"customer", "email"}
            batch = CustomerBatch(session, NOW, source="import", region="CN", write=False)
            facts = CustomerFacts(email=f"{CANARY}.amsel@example.com")
            batch.load([facts])
            with pytest.raises(Refused, match="erased"):
                batch.upsert(facts)
        assert len(list((tmp_path / "restored" / "files").rglob("*"))) == 2  # one folder, one file
    finally:
        again.close()


def test_old_messages_are_held_and_young_ones_go_out(
    store: Store, data_dir: Path, fresh_url: str, tmp_path: Path
) -> None:
    add_whole_customer(store, "amsel", data_dir / "files")
    with store.write() as session:
        for state, age in (("queued", 60), ("sending", 20), ("queued", 5), ("sent", 60)):
            session.add(
                OutboxMessage(
                    channel="web", account="a", chat_id="c", state=state, queued_at=LATER - timedelta(minutes=age)
                )
            )
        session.execute(update(OutboxMessage).where(OutboxMessage.account != "a").values(state="sent"))
    result = brought_back(made(store, data_dir, tmp_path), fresh_url, data_dir, tmp_path)
    assert result.held == 2
    again = open_store(fresh_url, tmp_path / "restored", None)
    try:
        with again.read() as session:
            mine = session.scalars(select(OutboxMessage.state).where(OutboxMessage.account == "a")).all()
            assert sorted(mine) == ["held", "held", "queued", "sent"]
    finally:
        again.close()


def test_keys_older_than_the_archive_are_refused_and_nothing_is_left(
    store: Store, data_dir: Path, fresh_url: str, tmp_path: Path
) -> None:
    before = made(store, data_dir, tmp_path)
    add_whole_customer(store, "amsel", data_dir / "files")
    after = made(store, data_dir, tmp_path, hours=1)
    with pytest.raises(BackupProblem, match=r"keys-….bin as new as the archive"):
        brought_back(after, fresh_url, data_dir, tmp_path, keys=before.keys)
    assert [path.name for path in (tmp_path / "restored").iterdir()] == ["master.key"]
    assert brought_back(after, fresh_url, data_dir, tmp_path).rows == after.rows


def test_a_place_that_is_not_empty_is_refused(store: Store, data_dir: Path, database_url: str, tmp_path: Path) -> None:
    done = made(store, data_dir, tmp_path)
    with pytest.raises(BackupProblem, match=r"empty|exists"):
        brought_back(done, database_url, data_dir, tmp_path)
    (data_dir / "rapport.sqlite").touch()
    with pytest.raises(BackupProblem, match="is not empty"):
        restore(done.archive, done.keys, url=f"sqlite:///{tmp_path}/x", data_dir=data_dir, master_key=None, now=NOW)


@pytest.fixture
def sqlite_backup(tmp_path: Path, data_dir: Path) -> Backup:
    store = open_store(f"sqlite:///{tmp_path / 'rapport.sqlite'}", data_dir, None)
    add_whole_customer(store, "amsel", data_dir / "files")
    done = made(store, data_dir, tmp_path)
    store.close()
    return done


def rewritten(archive: Path, member: str, change: bytes) -> None:
    with zipfile.ZipFile(archive) as source:
        members = {name: source.read(name) for name in source.namelist()}
    members[member] = change
    with zipfile.ZipFile(archive, "w") as target:
        for name, value in members.items():
            target.writestr(name, value)


def flipped(content: bytes) -> bytes:
    """The same bytes with the last bit changed."""
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda done: rewritten(done.archive, "tables/notes.jsonl", b""), "not what was written"),
        (lambda done: rewritten(done.archive, "manifest.json", b"{"), "no readable manifest"),
        (lambda done: rewritten(done.archive, "manifest.json", b'{"format": 9}'), "format 9"),
        (lambda done: done.archive.write_bytes(done.archive.read_bytes()[:500]), "damaged"),
        (lambda done: done.archive.unlink(), "cannot be read"),
        (lambda done: done.keys.write_bytes(b"x"), "not a keystore file"),
        (lambda done: done.keys.write_bytes(flipped(done.keys.read_bytes())), "does not open"),
        (lambda done: done.keys.unlink(), "cannot be read"),
    ],
)
def test_damaged_backups_are_refused_in_plain_words(
    sqlite_backup: Backup, data_dir: Path, tmp_path: Path, damage: object, message: str
) -> None:
    damage(sqlite_backup)  # type: ignore[operator]
    with pytest.raises(BackupProblem, match=message):
        brought_back(sqlite_backup, f"sqlite:///{tmp_path / 'restored' / 'x.sqlite'}", data_dir, tmp_path)
    assert [path.name for path in (tmp_path / "restored").iterdir()] == ["master.key"]


def test_the_master_key_has_to_be_brought(sqlite_backup: Backup, tmp_path: Path) -> None:
    done, target = sqlite_backup, tmp_path / "restored"
    with pytest.raises(BackupProblem, match="it is in no backup"):
        restore(done.archive, done.keys, url=f"sqlite:///{target}/x.sqlite", data_dir=target, master_key=None, now=NOW)


def test_a_backup_of_sqlite_restores_into_postgresql(
    sqlite_backup: Backup, data_dir: Path, empty_postgres_url: str, tmp_path: Path
) -> None:
    result = brought_back(sqlite_backup, empty_postgres_url, data_dir, tmp_path)
    assert result.rows == sqlite_backup.rows
    again = open_store(empty_postgres_url, tmp_path / "restored", None)
    with again.read() as session:
        assert session.scalars(select(Customer)).one().email == f"{CANARY}.amsel@example.com"
    again.close()


def test_a_damaged_database_is_not_backed_up(tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "rapport.sqlite"
    store = open_store(f"sqlite:///{path}", data_dir, None)
    for number in range(3):
        add_whole_customer(store, f"amsel{number}", data_dir / "files")
    with store.engine.connect() as connection:
        page = connection.execute(text("SELECT rootpage FROM sqlite_master WHERE name = 'ix_customers_email_index'"))
        offset = (page.scalar_one() - 1) * 4096
    privacy.scrub(store, [])
    store.close()
    content = bytearray(path.read_bytes())
    content[offset : offset + 4096] = b"\x0a" + bytes(4095)  # an index page that has lost its entries
    path.write_bytes(content)
    store = open_store(f"sqlite:///{path}", data_dir, None)
    with pytest.raises(BackupProblem, match="damaged"):
        made(store, data_dir, tmp_path)
    store.close()
    assert list((tmp_path / "backups").iterdir()) == []
