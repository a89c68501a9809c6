"""The folder of facts as Parquet files: who may write it, and how long it may be believed.

The files say whose each row is. Whoever is erased is gone from them with the next export; files that no export has
looked at for `KEPT` are deleted, so that nobody stays in them who was erased long ago.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from crm_core.errors import CrmError

NAME = "facts"
"""In the data folder."""
KEPT = timedelta(days=2)
_LOCK = ".exported"
"""Held while somebody writes; its time is that of the newest export that came to its end."""


class FactsBusy(CrmError):
    """Somebody else writes the files."""


@contextmanager
def writing(folder: Path, now: datetime) -> Iterator[None]:
    """The folder for one writer alone, for its owner's eyes only.

    Raises:
        FactsBusy: another export is running.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FactsBusy("Another export of facts is running. Wait until it has ended.") from error
        yield
        os.utime(lock.fileno(), (now.timestamp(), now.timestamp()))


def remove_stale(folder: Path, now: datetime) -> bool:
    """Delete the files if no export has come to its end for `KEPT`; says whether it did."""
    try:
        exported = (folder / _LOCK).stat().st_mtime
    except FileNotFoundError:
        return False
    if now.timestamp() - exported < KEPT.total_seconds():
        return False
    try:
        with writing(folder, now):
            shutil.rmtree(folder)
    except FactsBusy:
        return False
    return True
