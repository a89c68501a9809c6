"""What `python -m jobs list` shows: each job in plain words, when it runs next, and how its last run went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import wording
from bot.phrases import Phrases
from crm_core.models import JobRun
from jobs.due import Entry
from jobs.runner import BEFORE_THE_START

MOST_OF_ERROR = 300


@dataclass(frozen=True)
class Listed:
    """A job of the schedule and its last run, if there is one."""

    name: str
    every_seconds: int | None
    next_due: datetime | None
    last: JobRun | None

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        last, due = self.last, self.next_due
        run = {"due_at": last.due_at.isoformat(), "state": last.state, "result": last.result, "error": last.error} if (
            last
        ) else None  # fmt: skip
        return {
            "job": self.name, "every_seconds": self.every_seconds, "next_due": due.isoformat() if due else None,
            "last": run,
        }  # fmt: skip


def listed(session: Session, entries: Mapping[str, Entry], now: datetime, zone: str) -> list[Listed]:
    """All jobs of the schedule, in its order."""
    found = []
    for name, entry in entries.items():
        query = select(JobRun).where(JobRun.job == name).order_by(JobRun.due_at.desc()).limit(1)
        last = session.execute(query).scalar_one_or_none()
        found.append(Listed(name, entry.every_seconds, entry.next_due(now, zone), last))
    return found


class JobWords:
    """Jobs in one language."""

    def __init__(self, phrases: Phrases, language: str, zone: str) -> None:
        self._phrases = phrases
        self._language = language
        self._zone = zone

    def columns(self) -> list[str]:
        """The heads of the table."""
        return [self._say(f"columns.{name}") for name in ("job", "does", "next", "last", "went")]

    def row(self, job: Listed) -> list[str]:
        """Name, what it does, next run, last run, how that went."""
        every = self._say("every", seconds=job.every_seconds) if job.every_seconds else ""
        does = self._say(f"does.{job.name}")
        ran = job.last is not None and (job.last.result or {}).get("reason") != BEFORE_THE_START
        last = self._moment(job.last.due_at) if job.last and ran else "–"
        return [job.name, does, self._moment(job.next_due) or every, last, self.went(job.last) if job.last else "–"]

    def went(self, run: JobRun) -> str:
        """How a run went, in a few words."""
        result = run.result or {}
        if run.state == "skipped":
            return self._say("before_the_start" if result.get("reason") == BEFORE_THE_START else "too_late")
        if run.state == "failed":
            return self._say("failed", reason=(run.error or "")[:MOST_OF_ERROR])
        if run.state == "running":
            step = self._say("step", number=result["number"], of=result["of"]) if "step" in result else ""
            return self._say("running", step=step)
        return self._say("done", what=wording.listed(self._counts(result), self._language) or self._say("nothing"))

    def _counts(self, result: Mapping[str, Any]) -> list[str]:
        """What it counted, without what is none; its steps as their number and time."""
        steps = [part for part in result.values() if isinstance(part, Mapping) and "wall_s" in part]
        told = (
            [self._say("steps", count=len(steps), seconds=round(sum(part["wall_s"] for part in steps)))]
            if steps
            else []
        )
        for name, value in result.items():
            if isinstance(value, int) and value and self._phrases.has(f"jobs.counts.{name}"):
                told.append(self._say(f"counts.{name}", count=int(value)))
        return told

    def _moment(self, when: datetime | None) -> str:
        """Short, in figures: a table has to fit into 80 columns."""
        return when.astimezone(ZoneInfo(self._zone)).strftime("%m-%d %H:%M") if when else ""

    def _say(self, key: str, **values: object) -> str:
        return self._phrases(f"jobs.{key}", self._language, **values)
