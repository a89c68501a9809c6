"""The job around the night: what it hands to the child, what is recorded, and that only one runs at a time."""

import importlib
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import PROJECT, Settings
from crm_core.analytics import nightly
from crm_core.analytics.nightly import Night, StepReport
from crm_core.database import Store
from crm_core.ids import new_id
from crm_core.models import Customer, JobRun, Order
from jobs.errors import PartlyFailed, TryLater
from jobs.runner import Schedule, run_now
from tests.conftest import NOW, Clock

job = importlib.import_module("jobs.know_customers")  # the package's name for it is the job itself
WELL = StepReport({"scores": 3}, wall_s=2.0, cpu_s=1.5, peak_mb=200)


@pytest.fixture
def app(store: Store, clock: Clock) -> Any:
    """What the job needs of the product, with one order in it."""
    with store.write() as session:
        customer = Customer(number=1, name="Ann", first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        session.add(Order(
            number="SO-1", customer_id=customer.id, status="paid", placed_at=NOW, updated_at=NOW, currency="CNY",
            total_minor=100,
        ))  # fmt: skip
    settings = Settings(
        _env_file=None, master_key="secret", database={"url": "sqlite:///somewhere"}, analytics={"engine": "local[2]"}
    )  # type: ignore[arg-type]
    return SimpleNamespace(store=store, clock=clock, settings=settings)


@pytest.fixture
def nights(monkeypatch: pytest.MonkeyPatch) -> list[Night]:
    """The nights that were asked for; each step goes well."""
    asked: list[Night] = []

    def know(night: Night, progress: Any) -> dict[str, StepReport]:
        asked.append(night)
        return {"features": WELL, "value": WELL}

    monkeypatch.setattr(nightly, "know_customers", know)
    return asked


def test_the_child_is_told_where_and_up_to_which_day(app: Any, nights: list[Night]) -> None:
    result = job.know_customers(app, NOW)
    assert nights[0].as_of == (NOW - timedelta(days=1)).date()
    assert (nights[0].database_url, nights[0].master_key) == ("sqlite:///somewhere", "secret")
    assert nights[0].engine == "local[2]"
    assert result["value"] == {"wall_s": 2.0, "cpu_s": 1.5, "peak_mb": 200, "scores": 3}


def test_nothing_is_done_before_anybody_ordered(store: Store, clock: Clock, nights: list[Night]) -> None:
    app: Any = SimpleNamespace(store=store, clock=clock, settings=Settings(_env_file=None))
    assert "skipped" in job.know_customers(app, NOW)
    assert nights == []


def test_a_run_with_a_failed_step_fails_by_its_name_and_keeps_what_the_others_did(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"segments": StepReport({}, error="ValueError: no luck"), "value": WELL}
    monkeypatch.setattr(nightly, "know_customers", lambda night, progress: broken)
    with pytest.raises(PartlyFailed, match="segments: ValueError"):
        job.know_customers(app, NOW)
    state, result = run_now(app, "know_customers", {"know_customers": job.know_customers})
    assert state == "failed"
    assert result["value"]["scores"] == 3
    with app.store.read() as session:
        run = session.query(JobRun).one()
        assert (run.state, run.error) == ("failed", "segments: ValueError: no luck")
        assert run.result["segments"]["error"] == "ValueError: no luck"


def test_a_second_run_at_the_same_time_waits(app: Any, nights: list[Night]) -> None:
    with app.store.write() as session:
        session.add(JobRun(
            id=new_id(), job="know_customers", due_at=NOW - timedelta(hours=1), state="running", owner="other",
            lease_until=NOW + timedelta(minutes=1), started_at=NOW,
        ))  # fmt: skip
    with pytest.raises(TryLater, match="running already"):
        job.know_customers(app, NOW)
    app.clock.now = NOW + timedelta(minutes=2)
    job.know_customers(app, NOW)
    assert len(nights) == 1


def test_a_job_is_run_soon_whatever_the_schedule_says(app: Any, nights: list[Night]) -> None:
    schedule = Schedule(app, {}, {"know_customers": job.know_customers}, run=lambda work: work())
    schedule.soon("know_customers")
    assert len(nights) == 1
    with app.store.read() as session:
        assert session.query(JobRun).one().state == "done"


def test_the_serving_process_loads_nothing_heavy_for_it() -> None:
    heavy = ("pandas", "ibis", "sklearn", "scipy", "pyarrow", "faster_whisper", "av")
    code = f"import sys, bot.__main__; print([each for each in {heavy} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_step_that_begins_stands_in_the_record_of_the_run(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def night(night: Night, progress: nightly.Progress) -> dict[str, StepReport]:
        for done in (0, 1):
            progress("features", done, 2)
        progress("segments", 0, 0)
        with app.store.read() as session:
            seen.append(session.query(JobRun).one().result)
        return {"features": WELL}

    monkeypatch.setattr(nightly, "know_customers", night)
    run_now(app, "know_customers", {"know_customers": job.know_customers})
    assert seen == [{"step": "segments", "number": 2, "of": len(nightly.STEPS)}]
