"""A shop floor for the tests of agents' handlers."""

from pathlib import Path

import pytest

from crm_core.database import Store
from tests.bot.handlers.agent_turns import Colleague, Floor


@pytest.fixture
def floor(store: Store, tmp_path: Path) -> Floor:
    return Floor(store, tmp_path / "files")


@pytest.fixture
def agent(floor: Floor) -> Colleague:
    return Colleague(floor)
