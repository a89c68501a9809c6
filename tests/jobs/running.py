"""An app reduced to what a schedule needs, and jobs that remember when they ran."""

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from config.settings import Settings
from crm_core.database import Store
from crm_core.models import JobRun
from jobs.due import Entry
from jobs.runner import Schedule
from tests.conftest import Clock

DAILY = {"work": Entry.model_validate({"cron": {"hour": 9}, "zone": "UTC", "late_hours": 6})}


class Replica:
    """One process with a schedule. `runs` is shared by all replicas of a test."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        runs: list[datetime],
        *,
        fails: Exception | None = None,
        entries: dict[str, Entry] | None = None,
        later: bool = False,
    ) -> None:
        self.runs, self.fails, self.waiting = runs, fails, []
        self.app: Any = SimpleNamespace(
            store=store, clock=clock, settings=Settings(_env_file=None), loop=SimpleNamespace(running=object())
        )
        run: Callable[[Callable[[], None]], None] = self.waiting.append if later else lambda work: work()
        self.schedule = Schedule(self.app, entries or DAILY, {"work": self.work}, run=run)

    def work(self, app: Any, due_at: datetime) -> dict[str, Any]:
        self.runs.append(due_at)
        if self.fails:
            raise self.fails
        return {"seen": len(self.runs)}

    def begin(self) -> None:
        """What `start` does before it ticks."""
        self.schedule._begin()


def recorded(store: Store) -> list[JobRun]:
    with store.read() as session:
        return list(session.execute(select(JobRun).order_by(JobRun.due_at)).scalars())
