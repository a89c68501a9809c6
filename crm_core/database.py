"""The store: one engine, sessions that seal personal data, short transactions. SQLite or PostgreSQL.

SQLite runs in WAL mode with full synchronisation; writers begin with `BEGIN IMMEDIATE`, because a deferred
transaction that reads first and then writes fails at once when another writer was faster, whatever the busy timeout.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from crm_core.analytics.facts import derived
from crm_core.crypto import Vault, read_master_key
from crm_core.errors import CrmError
from crm_core.ids import new_id
from crm_core.models import Base, Counter

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
TRIES = 5
FIRST_NUMBERS = {"customer": 10001, "case": 1001, "order": 30001}


class DatabaseUnavailable(CrmError):
    """The database cannot be reached, is locked or full. Nothing was changed."""


class Store:
    """The database with its vault: what the whole product reads and writes through."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault
        self._sessions = sessionmaker(engine, expire_on_commit=False, info={"vault": vault})

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading. What is changed in it is not kept."""
        try:
            with self._sessions() as session:
                session.connection(execution_options={"rapport_reads": True})
                yield session
        except OperationalError as error:
            raise DatabaseUnavailable(_advice(error)) from error

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        try:
            with self._sessions.begin() as session:
                yield session
        except OperationalError as error:
            raise DatabaseUnavailable(_advice(error)) from error

    def repeated(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction; when another writer was faster (a unique row, a deadlock), run it again."""
        for attempt in range(TRIES):
            try:
                with self.write() as session:
                    return work(session)
            except (IntegrityError, DatabaseUnavailable) as error:
                if attempt == TRIES - 1 or not _worth_repeating(error):
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self.vault.close()


def open_store(url: str, data_dir: Path, master_key: str | None, keys_url: str = "", migrate: bool = True) -> Store:
    """Open (and create or migrate) the database behind `url`, with its keystore.

    Raises:
        KeyProblem: the key is missing, weak, or not this data's.
        DatabaseUnavailable: not reachable; the text names the setting.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    master = read_master_key(master_key, data_dir)
    engine = make_engine(url)
    keys = make_engine(keys_url or default_keys_url(url), keystore=True)
    try:
        vault = Vault(keys, master)
        if migrate:
            upgrade(engine)
    except OperationalError as error:
        raise DatabaseUnavailable(_advice(error)) from error
    return Store(engine, vault)


def make_engine(url: str, keystore: bool = False) -> Engine:
    """An engine with the right manners for its database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, hide_parameters=True
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if parsed.get_backend_name() == "postgresql":
        options = "-csearch_path=keystore" if keystore else ""
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=5 if keystore else 15,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": options, "connect_timeout": 10},
        )
        if keystore:
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS keystore")
        return engine
    raise CrmError(
        f"RAPPORT_DATABASE__URL: {parsed.get_backend_name()} is not supported. Use sqlite:/// or postgresql://."
    )


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version."""
    with engine.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() != _newest():
            upgrade_within(connection, "head")
        else:
            derived.install(connection)


@cache
def _newest() -> str | None:
    """The newest version; reading all migrations takes longer than opening a store that needs none of them."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def upgrade_within(connection: Connection, revision: str) -> None:
    """Bring the schema to a version, inside the transaction of `connection`; the newest has its views, too."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    derived.remove(connection)
    command.upgrade(config, revision)
    if revision == "head":
        derived.install(connection)


def insert_once(session: Session, model: type[Base], **values: Any) -> int | None:
    """Insert a row unless one with the same unique values exists; returns its id, or None for a repeat."""
    values.setdefault("id", new_id())
    kind = session.get_bind().dialect.name
    statement = (sqlite.insert if kind == "sqlite" else postgresql.insert)(model).values(**values)
    inserted = session.execute(statement.on_conflict_do_nothing().returning(model.id)).scalar_one_or_none()
    return None if inserted is None else int(inserted)


def next_number(session: Session, name: str) -> int:
    """The next number people see (customers, cases, orders), each given out once."""
    return next_numbers(session, name, 1)[0]


def next_numbers(session: Session, name: str, count: int) -> range:
    """The next `count` numbers, taken at once: one update of the counter for a whole batch."""
    counter = session.execute(select(Counter).where(Counter.name == name).with_for_update()).scalar_one_or_none()
    if counter is None:
        counter = Counter(name=name, last=FIRST_NUMBERS[name] - 1)
        session.add(counter)
    first = counter.last + 1
    counter.last += count
    session.flush()
    return range(first, first + count)


def default_keys_url(url: str) -> str:
    """Where the keystore lives when nothing else is said: beside an SQLite file, in a PostgreSQL database's schema."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return url
    if parsed.database in (None, "", ":memory:"):
        return "sqlite://"
    return f"sqlite:///{Path(str(parsed.database)).with_name('keys.sqlite')}"


def _sqlite_connect(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("rapport_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, IntegrityError) or "could not serialize" in str(error) or "deadlock" in str(error)


def _advice(error: DBAPIError) -> str:
    text = str(error.orig)
    if "locked" in text:
        return f"The database stayed locked for {BUSY_SECONDS} s. Another process holds it: stop it, then try again."
    if "full" in text or "No space" in text:
        return "The disk is full, nothing was written. Free some space; what was acknowledged before is safe."
    if "readonly" in text or "read-only" in text:
        return "The database is read-only. Make the data folder writable for the user this runs as."
    return f"The database cannot be used: {text.splitlines()[0]}. Check RAPPORT_DATABASE__URL and that the server runs."
