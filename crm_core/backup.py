"""One command makes a backup, in one portable form for both databases: a zip with a file of JSON lines per table.

A copy of the database file would be faster on SQLite, but readable by nothing else; this form is read inside one
transaction while the service goes on, restores into either database (so a business can grow from SQLite into
PostgreSQL), and holds no leftovers of erased rows. The keystore goes into a file of its own, sealed with the master
key, and the master key into neither: stolen backups tell nothing of what people wrote, and destroying a customer's
data key reaches old archives as soon as old keystore files are gone (keep those for a week, archives for longer).
"""

import base64
import gzip
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from crm_core import crypto
from crm_core.crypto import Vault
from crm_core.database import Store
from crm_core.errors import CrmError
from crm_core.models import Base
from crm_core.privacy import attachment_path

FORMAT = 1
KEYS_MARK = b"RAPPORTKEYS1"
DAMAGED = "No backup was made, so that the last good one is kept: restore that one into a new folder."
Progress = Callable[[str, int], None]
"""Called with the name of a table (or "files") and the number of rows just done."""


class BackupProblem(CrmError):
    """A backup cannot be made or restored; the text says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made: the archive and the keystore's file, to be kept in different places."""

    archive: Path
    keys: Path
    rows: dict[str, int]
    files: int

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"archive": str(self.archive), "keys": str(self.keys), "rows": self.rows, "files": self.files}


def backup(
    store: Store, folder: Path, data_dir: Path, *, now: datetime, progress: Progress = lambda name, rows: None
) -> Backup:
    """Write `rapport-<stamp>.zip` and `keys-<stamp>.bin` into a folder; unfinished ones never carry these names.

    Raises:
        BackupProblem: the database is damaged (an older backup stays the better one), or the folder is not writable.
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    archive, keys = folder / f"rapport-{stamp}.zip", folder / f"keys-{stamp}.bin"
    partial = archive.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _private(partial) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            manifest = _write_tables(store, target, progress)
            manifest |= {"format": FORMAT, "made_at": now.astimezone(UTC).isoformat()}
            manifest["files"] = _write_files(store, target, data_dir / "files", manifest.pop("attachments"), progress)
            target.writestr("manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
        with _private(keys.with_suffix(".part")) as file:
            file.write(sealed_keystore(store.vault))
        keys.with_suffix(".part").replace(keys)
        partial.replace(archive)
    except DBAPIError as error:
        raise BackupProblem(f"The database cannot be read ({str(error.orig).splitlines()[0]}). {DAMAGED}") from error
    except OSError as error:
        raise BackupProblem(
            f"{folder} cannot be written: {error.strerror}. Name another folder or free space."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    rows = {name: entry["rows"] for name, entry in manifest["tables"].items()}
    return Backup(archive, keys, rows, len(manifest["files"]))


def sealed_keystore(vault: Vault) -> bytes:
    """The keystore (wrapped data keys, fingerprints of erased people), sealed with a key made from the master key."""
    content: dict[str, list[dict[str, Any]]] = {}
    with vault.keystore.connect() as connection:
        for table in crypto.keystore_tables.sorted_tables:
            rows = connection.execute(select(table)).mappings()
            content[table.name] = [{name: encoded(value) for name, value in row.items()} for row in rows]
    packed = gzip.compress(json.dumps(content).encode(), compresslevel=6, mtime=0)
    nonce = os.urandom(12)
    return KEYS_MARK + nonce + AESGCM(vault.transport_key).encrypt(nonce, packed, KEYS_MARK)


def encoded(value: Any) -> Any:
    """A stored value for JSON: bytes as {"b": base64}, moments as {"t": …}, days as {"d": …}, JSON as {"j": …}."""
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        return {"t": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, dict | list):
        return {"j": value}
    return value


def decoded(value: Any) -> Any:
    """The reverse of `encoded`."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "b":
        return base64.b64decode(content)
    if kind == "t":
        return datetime.fromisoformat(content)
    return date.fromisoformat(content) if kind == "d" else content


def _write_tables(store: Store, target: zipfile.ZipFile, progress: Progress) -> dict[str, Any]:
    """All tables as of one moment: one transaction that sees the same state throughout."""
    engine = store.engine
    level = {"rapport_reads": True}
    if engine.dialect.name == "postgresql":
        level = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # type: ignore[dict-item]
    with engine.connect().execution_options(**level) as connection, connection.begin():
        if engine.dialect.name == "sqlite":
            _refuse_damage(connection)
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        manifest: dict[str, Any] = {"schema": revision, "database": engine.dialect.name, "tables": {}}
        for table in Base.metadata.sorted_tables:
            manifest["tables"][table.name] = _write_table(connection, table, target, progress)
        audit = Base.metadata.tables["audit"]
        head = connection.execute(
            select(audit.c.position, audit.c.digest).order_by(audit.c.position.desc()).limit(1)
        ).one_or_none()
        manifest["audit_head"] = [head.position, bytes(head.digest).hex()] if head else None
        attachments = Base.metadata.tables["attachments"]
        stored = select(attachments.c.id).where(attachments.c.stored_at.is_not(None))
        manifest["attachments"] = list(connection.scalars(stored))
    return manifest


def _refuse_damage(connection: Connection) -> None:
    problem = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if problem != "ok":
        raise BackupProblem(f"The database is damaged ({problem}). {DAMAGED}")


def _write_table(connection: Connection, table: Table, target: zipfile.ZipFile, progress: Progress) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    query = select(table).order_by(table.c.id).execution_options(yield_per=1000)
    with target.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as file:
        for rows in connection.execute(query).partitions():
            lines = "".join(_line(row._mapping) for row in rows).encode()
            file.write(lines)
            digest.update(lines)
            count += len(rows)
            progress(table.name, len(rows))
    return {"rows": count, "sha256": digest.hexdigest()}


def _line(row: Mapping[Any, Any]) -> str:
    return json.dumps({str(name): encoded(value) for name, value in row.items() if value is not None}) + "\n"


def _write_files(
    store: Store, target: zipfile.ZipFile, folder: Path, attachment_ids: list[int], progress: Progress
) -> dict[str, str]:
    """Attachments as they lie there, sealed; returns name → sha256. One deleted meanwhile is left out."""
    written: dict[str, str] = {}
    for attachment_id in attachment_ids:
        try:
            content = attachment_path(folder, attachment_id).read_bytes()
        except FileNotFoundError:
            continue
        name = f"files/{attachment_id}"
        target.writestr(zipfile.ZipInfo(name), content)
        written[name] = hashlib.sha256(content).hexdigest()
        progress("files", 1)
    return written


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def row_count(connection: Connection, table: str) -> int:
    """Rows in a table."""
    return connection.execute(select(func.count()).select_from(text(f'"{table}"'))).scalar_one()


def lines_of(file: IO[bytes], digest: Any) -> Iterator[dict[str, Any]]:
    """The rows of a table's file, decoded; `digest` is updated along the way."""
    for line in file:
        digest.update(line)
        yield {name: decoded(value) for name, value in json.loads(line).items()}
