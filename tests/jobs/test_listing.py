"""The list of jobs: every job has words in both languages, and each way a run may go is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.phrases import LANGUAGES, Phrases
from config.settings import FOLDER
from crm_core.database import Store
from crm_core.ids import new_id
from crm_core.models import JobRun
from jobs import FIRST, JOBS
from jobs.due import read_schedule
from jobs.listing import JobWords, listed
from jobs.runner import BEFORE_THE_START, TOO_LATE
from tests.conftest import NOW

PHRASES = Phrases()


def run(state: str, result: dict[str, Any] | None = None, error: str | None = None) -> JobRun:
    return JobRun(
        id=new_id(), job="know_customers", due_at=NOW, state=state, owner="o", lease_until=NOW, started_at=NOW,
        result=result, error=error,
    )  # fmt: skip


def test_every_job_is_told_in_both_languages() -> None:
    assert {key.removeprefix("jobs.does.") for key in PHRASES.below("jobs.does.")} == set(JOBS)
    assert {name for row in FIRST for name in row} <= set(read_schedule(JOBS, FOLDER / "schedule.yml"))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (run("skipped", {"reason": TOO_LATE}), "left out: it was too late to catch up"),
        (run("skipped", {"reason": BEFORE_THE_START}), "has not been due since the first start"),
        (run("failed", error="value: no luck"), "failed: value: no luck"),
        (run("running"), "under way"),
        (run("running", {"tries": 2, "step": "value", "number": 3, "of": 7}), "under way, step 3 of 7"),
        (run("done", {"made": 0}), "done: there was nothing to do"),
        (run("done", {"made": 1, "cards": 2, "odd": 3}), "done: 1 suggestion made, 2 cards sent"),
        (run("done", {"a": {"wall_s": 2.4}, "b": {"wall_s": 3}}), "done: 2 steps in 5 s"),
    ],
)
def test_how_a_run_went(one: JobRun, words: str) -> None:
    assert JobWords(PHRASES, "en", "UTC").went(one) == words
    assert JobWords(PHRASES, "zh", "UTC").went(one) != words


def test_the_newest_run_counts_and_all_jobs_are_there(store: Store) -> None:
    with store.write() as session:
        older = run("failed", error="x")
        older.due_at = NOW - timedelta(days=1)
        session.add_all((older, run("running")))
    entries = read_schedule(JOBS)
    with store.read() as session:
        jobs = {job.name: job for job in listed(session, entries, NOW, "Asia/Shanghai")}
    assert list(jobs) == list(entries)
    known = jobs["know_customers"].as_dict()
    assert known["last"]["state"] == "running"
    assert datetime.fromisoformat(known["next_due"]) == datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    assert jobs["wake_ups"].as_dict()["last"] is None
    for language in LANGUAGES:
        rows = [JobWords(PHRASES, language, "Asia/Shanghai").row(job) for job in jobs.values()]
        assert all(cell for row in rows for cell in row)
