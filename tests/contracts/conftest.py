"""What tests of networks share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.database import Store, open_store


@pytest.fixture
def one_store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """On SQLite alone, for what is about networks and no database."""
    shutil.copy(migrated_sqlite, tmp_path / "rapport.sqlite")
    opened = open_store(f"sqlite:///{tmp_path / 'rapport.sqlite'}", tmp_path / "data", None)
    yield opened
    opened.close()
