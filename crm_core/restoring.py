"""Brings a backup back, into an empty place only, and believes it only after checking: hashes, counts, keys, audit."""

import gzip
import hashlib
import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import JSON, Connection, Engine, MetaData, delete, func, insert, inspect, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from crm_core import crypto
from crm_core.audit import Broken, verify
from crm_core.backup import FORMAT, KEYS_MARK, BackupProblem, Progress, decoded, lines_of, row_count
from crm_core.crypto import Vault, read_master_key
from crm_core.database import default_keys_url, make_engine, upgrade_within
from crm_core.errors import Tampered
from crm_core.models import Attachment, Base, OutboxMessage
from crm_core.personal_data import sealed_columns
from crm_core.privacy import attachment_path, replay_erased

HELD_AFTER = timedelta(minutes=15)
READ_BACK = 20
BATCH = 1000
MAY_BE_THERE = {"master.key"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back. `erased_again`: customers erased after the backup; `held`: old messages not sent again."""

    rows: dict[str, int]
    files: int
    erased_again: int
    held: int
    read_back: int

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


def restore(
    archive: Path,
    keys: Path,
    *,
    url: str,
    data_dir: Path,
    master_key: str | None,
    now: datetime,
    keys_url: str = "",
    progress: Progress = lambda name, rows: None,
) -> Restored:
    """Restore an archive with a keystore file of the same or a later time (the newest one knows who was erased since).

    Raises:
        BackupProblem: not empty, damaged, made by a newer version, or the wrong keys. Nothing is left behind.
    """
    master = _master(master_key, data_dir)
    keys_url = keys_url or default_keys_url(url)
    keystore = _unsealed(keys, master)
    with _opened(archive) as source:
        manifest = _manifest(source, archive)
        _check_hashes(source, manifest)
        _refuse_occupied(url, keys_url, data_dir)
        with _undone_when_failing(url, keys_url, data_dir) as engines:
            engine, keys_engine = engines
            vault = Vault(keys_engine, master)
            _fill_keystore(keys_engine, keystore)
            with engine.begin() as connection:
                _load(connection, source, manifest, progress)
                erased, held, read = _settle(connection, vault, manifest, now)
                rows = {name: row_count(connection, name) for name in manifest["tables"]}
                files = _extract(connection, source, manifest, data_dir / "files", progress)
    return Restored(rows, files, erased, held, read)


def _master(given: str | None, data_dir: Path) -> bytes:
    if not given and not (data_dir / "master.key").exists():
        raise BackupProblem(
            f"The master key is missing. Put the one that was in use when the backup was made into "
            f"{data_dir / 'master.key'} (chmod 600) or RAPPORT_MASTER_KEY; it is in no backup."
        )
    return read_master_key(given, data_dir)


def _unsealed(keys: Path, master: bytes) -> dict[str, list[dict[str, Any]]]:
    try:
        content = keys.read_bytes()
    except OSError as error:
        raise BackupProblem(f"{keys} cannot be read: {error.strerror}. It is the keys-….bin of a backup.") from error
    if not content.startswith(KEYS_MARK):
        raise BackupProblem(f"{keys} is not a keystore file of a backup (keys-….bin).")
    nonce, body = content[len(KEYS_MARK) : len(KEYS_MARK) + 12], content[len(KEYS_MARK) + 12 :]
    vault = Vault(make_engine("sqlite://", keystore=True), master)
    try:
        packed = AESGCM(vault.transport_key).decrypt(nonce, body, KEYS_MARK)
    except InvalidTag:
        raise BackupProblem(f"{keys} does not open: it is damaged, or the master key is another one.") from None
    finally:
        vault.close()
    return json.loads(gzip.decompress(packed))  # type: ignore[no-any-return]


def check_archive(archive: Path) -> None:
    """Read a backup as it lies there and compare every part with what was written.

    Raises:
        BackupProblem: a part is missing, damaged or different.
    """
    with _opened(archive) as source:
        _check_hashes(source, _manifest(source, archive))


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except OSError as error:
        raise BackupProblem(f"{archive} cannot be read: {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise BackupProblem(f"{archive} is damaged or not a backup. Take an older one.") from error


def _manifest(source: zipfile.ZipFile, archive: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(source.read("manifest.json"))
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BackupProblem(f"{archive} has no readable manifest: it is damaged or not a backup.") from error
    if manifest.get("format") != FORMAT:
        raise BackupProblem(f"{archive} has format {manifest.get('format')}; this version reads format {FORMAT}.")
    return manifest


def _check_hashes(source: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    expected = {f"tables/{name}.jsonl": entry["sha256"] for name, entry in manifest["tables"].items()}
    for name, sha256 in (expected | manifest["files"]).items():
        try:
            with source.open(name) as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        except (KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise BackupProblem(f"{name} in the backup is missing or damaged. Take an older one.") from error
        if found != sha256:
            raise BackupProblem(f"{name} in the backup is not what was written. Take an older one.")


def _refuse_occupied(url: str, keys_url: str, data_dir: Path) -> None:
    there = {path.name for path in data_dir.iterdir()} - MAY_BE_THERE if data_dir.exists() else set()
    if there:
        raise BackupProblem(f"{data_dir} is not empty ({', '.join(sorted(there)[:5])}). Restore into an empty folder.")
    for each, keystore in ((url, False), (keys_url, True)):
        parsed = make_url(each)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database and Path(parsed.database).exists():
                raise BackupProblem(f"{parsed.database} exists. Restore beside it, then exchange the two.")
            continue
        engine = make_engine(each, keystore)
        try:
            tables = inspect(engine).get_table_names("keystore" if keystore else None)
        except OperationalError as error:
            raise BackupProblem(f"The database cannot be reached: {str(error.orig).splitlines()[0]}") from error
        finally:
            engine.dispose()
        if tables:
            raise BackupProblem(f"The database is not empty (it has {tables[0]}). Restore into a new one.")


@contextmanager
def _undone_when_failing(url: str, keys_url: str, data_dir: Path) -> Iterator[tuple[Engine, Engine]]:
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine, keys_engine = make_engine(url), make_engine(keys_url, keystore=True)
    done = False
    try:
        yield engine, keys_engine
        done = True
    except DBAPIError as error:
        raise BackupProblem(f"The backup does not fit into the database: {str(error.orig).splitlines()[0]}") from error
    finally:
        if not done and keys_engine.dialect.name != "sqlite":
            crypto.keystore_tables.drop_all(keys_engine)
        engine.dispose()
        keys_engine.dispose()
        if not done:
            _remove(engine, keys_engine)
            shutil.rmtree(data_dir / "files", ignore_errors=True)


def _remove(*engines: Engine) -> None:
    for engine in engines:
        if engine.dialect.name == "sqlite" and engine.url.database:
            for suffix in ("", "-wal", "-shm"):
                Path(engine.url.database + suffix).unlink(missing_ok=True)


def _fill_keystore(engine: Engine, content: dict[str, list[dict[str, Any]]]) -> None:
    with engine.begin() as connection:
        for table in (crypto.data_keys, crypto.erased):
            rows = [{name: decoded(value) for name, value in row.items()} for row in content[table.name]]
            if rows:
                connection.execute(insert(table), rows)


def _load(connection: Connection, source: zipfile.ZipFile, manifest: dict[str, Any], progress: Progress) -> None:
    """All rows into the schema they were written from, which is then brought to the newest version."""
    try:
        upgrade_within(connection, manifest["schema"])
    except CommandError as error:
        raise BackupProblem(
            f"The backup was made by a newer version (schema {manifest['schema']}). Install that version first."
        ) from error
    schema = MetaData()
    schema.reflect(connection)
    for table in schema.sorted_tables:
        if table.name not in manifest["tables"]:
            continue
        for column in table.c:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
        connection.execute(delete(table))  # a migration may have put rows of its own there
        with source.open(f"tables/{table.name}.jsonl") as file:
            rows = lines_of(file, hashlib.sha256())
            names = [column.name for column in table.c]
            while batch := [{name: row.get(name) for name in names} for row in islice(rows, BATCH)]:
                connection.execute(insert(table), batch)
                progress(table.name, len(batch))
        found, expected = row_count(connection, table.name), manifest["tables"][table.name]["rows"]
        if found != expected:
            raise BackupProblem(f"{table.name}: {found} rows instead of {expected}. Take an older backup.")
    upgrade_within(connection, "head")


def _settle(connection: Connection, vault: Vault, manifest: dict[str, Any], now: datetime) -> tuple[int, int, int]:
    """Check what was loaded, erase again who was erased since, hold back what must not be sent twice."""
    if connection.dialect.name == "sqlite":
        problems = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        integrity = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if problems or integrity != "ok":
            raise BackupProblem(f"The restored database is not sound: {problems[0] if problems else integrity}.")
    with Session(connection, info={"vault": vault}, join_transaction_mode="rollback_only") as session:
        anchor = manifest["audit_head"]
        checked = verify(session, vault, (anchor[0], bytes.fromhex(anchor[1])) if anchor else None)
        if isinstance(checked, Broken):
            raise BackupProblem(f"The audit log does not hold at entry {checked.position}: {checked.problem}.")
        erased = replay_erased(session, vault)
        read = _read_back(session, vault)
        waiting = OutboxMessage.state.in_(("queued", "sending", "postponed"))
        held = session.execute(
            update(OutboxMessage).where(waiting, OutboxMessage.queued_at < now - HELD_AFTER).values(state="held")
        )
        session.flush()
        return len(erased), held.rowcount, read  # type: ignore[attr-defined]


def _read_back(session: Session, vault: Vault) -> int:
    """Open sealed values picked at random; returns how many."""
    picked: list[tuple[str, bytes]] = []
    for table in Base.metadata.sorted_tables:
        for column in sealed_columns(table):
            query = select(table.c.id, table.c[column]).where(table.c[column].is_not(None))
            rows = session.execute(query.order_by(func.random()).limit(READ_BACK)).all()
            picked += [(f"{table.name}|{column}|{row[0]}", bytes(row[1])) for row in rows]
    for place, sealed in random.sample(picked, min(READ_BACK, len(picked))):
        try:
            missing = len(sealed) > 37 and not vault.open(sealed, place)
        except Tampered as error:
            raise BackupProblem(f"A value cannot be read back: {error}") from error
        if missing:
            raise BackupProblem(f"The key of {place} is missing: take a keys-….bin as new as the archive, or newer.")
    return min(READ_BACK, len(picked))


def _extract(
    connection: Connection, source: zipfile.ZipFile, manifest: dict[str, Any], folder: Path, progress: Progress
) -> int:
    """Files of attachments that are (still) there."""
    known = set(connection.scalars(select(Attachment.id)))
    written = 0
    for name in manifest["files"]:
        attachment_id = int(name.removeprefix("files/"))
        if attachment_id in known:
            path = attachment_path(folder, attachment_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read(name))
            written += 1
            progress("files", 1)
    return written
