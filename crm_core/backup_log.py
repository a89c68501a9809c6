"""Which backups were made, in the database itself: when, how big, read back or not, and what went wrong."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.backup import Backup
from crm_core.database import Store
from crm_core.models import JobRun

NAME = "backup"


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """One attempt. `problem` says why there is no backup; then the rest is empty."""

    at: datetime
    archive: str = ""
    keys: str = ""
    size: int = 0
    rows: int = 0
    files: int = 0
    verified: bool = False
    problem: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the archive still lies where it was written, as far as this machine can see."""
        return bool(self.archive) and Path(self.archive).exists()


def note_backup(store: Store, done: Backup, *, verified: bool, now: datetime) -> None:
    """Remember a backup that was made."""
    result = {
        "archive": str(done.archive.absolute()), "keys": str(done.keys.absolute()),
        "size": done.archive.stat().st_size, "rows": sum(done.rows.values()), "files": done.files,
        "verified": verified,
    }  # fmt: skip
    _note(store, now, state="done", result=result)


def note_failure(store: Store, problem: str, now: datetime) -> None:
    """Remember that a backup failed."""
    _note(store, now, state="failed", error=problem[:1000])


def made_backups(session: Session, limit: int = 5) -> list[MadeBackup]:
    """The last attempts, newest first."""
    query = select(JobRun).where(JobRun.job == NAME).order_by(JobRun.due_at.desc(), JobRun.id.desc()).limit(limit)
    return [
        MadeBackup(at=run.due_at, **(run.result or {}), problem=run.error or "")
        for run in session.execute(query).scalars()
    ]


def _note(store: Store, now: datetime, **values: object) -> None:
    owner = f"{socket.gethostname()}:{os.getpid()}"[:100]
    with store.write() as session:
        run = JobRun(job=NAME, due_at=now, owner=owner, lease_until=now, started_at=now, finished_at=now, **values)
        session.add(run)
