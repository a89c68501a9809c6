"""Each due time runs once, among any number of processes, with crashes, restarts and clocks that change."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from crm_core.database import Store
from jobs.due import Entry
from jobs.errors import TryLater
from jobs.runner import LEASE, start_schedule
from tests.conftest import Clock
from tests.jobs.running import DAILY, Replica, recorded

MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
EARLY = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_three_replicas_run_a_job_once_a_day(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replicas = [Replica(store, clock, runs) for _ in range(3)]
    for replica in replicas:
        replica.begin()
    for _ in range(6 * 24 * 3):
        for replica in replicas:
            replica.schedule.tick()
        clock.advance(minutes=10)
    assert runs == [MORNING + timedelta(days=day) for day in range(3)]
    assert [row.state for row in recorded(store)] == ["skipped", "done", "done", "done"]
    assert recorded(store)[1].result == {"seen": 1}


def test_replicas_that_tick_at_the_same_moment_run_it_once(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replicas = [Replica(store, clock, runs) for _ in range(4)]
    replicas[0].begin()
    clock.now = MORNING
    at_once = threading.Barrier(len(replicas))

    def tick(replica: Replica) -> None:
        at_once.wait()
        replica.schedule.tick()

    threads = [threading.Thread(target=tick, args=(replica,)) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [MORNING]


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "around"),
    [
        ("Africa/Cairo", 0, 0, datetime(2026, 4, 24, tzinfo=UTC)),
        ("America/Santiago", 0, 0, datetime(2026, 9, 6, tzinfo=UTC)),
        ("Europe/Berlin", 2, 30, datetime(2026, 10, 25, tzinfo=UTC)),
        ("America/New_York", 1, 30, datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_days_when_clocks_change_are_like_others(
    store: Store, zone: str, hour: int, minute: int, around: datetime
) -> None:
    entries = {"work": Entry.model_validate({"cron": {"hour": hour, "minute": minute}, "zone": zone})}
    clock, runs = Clock(around - timedelta(days=2)), []
    replica = Replica(store, clock, runs, entries=entries)
    replica.begin()
    while clock.now < around + timedelta(days=3):
        replica.schedule.tick()
        clock.advance(minutes=15)
    dates = [due.astimezone(ZoneInfo(zone)).date() for due in runs]
    assert len(dates) == len(set(dates)) == 5
    assert (dates[-1] - dates[0]).days == 4


def test_a_fresh_installation_owes_nothing(store: Store) -> None:
    clock, runs = Clock(MORNING + timedelta(hours=2)), []
    replica = Replica(store, clock, runs)
    replica.begin()
    replica.schedule.tick()
    assert runs == []


def test_what_fell_due_while_nothing_ran_is_caught_up_once(store: Store) -> None:
    clock, runs = Clock(EARLY - timedelta(days=5)), []
    Replica(store, clock, runs).begin()
    clock.now = MORNING + timedelta(hours=5)
    again = Replica(store, clock, runs)
    again.begin()
    again.schedule.tick()
    again.schedule.tick()
    assert runs == [MORNING]  # the newest only


def test_what_is_too_late_is_skipped_and_said_so(store: Store) -> None:
    clock, runs = Clock(EARLY - timedelta(days=1)), []
    Replica(store, clock, runs).begin()
    clock.now = MORNING + timedelta(hours=7)
    again = Replica(store, clock, runs)
    again.begin()
    again.schedule.tick()
    assert runs == []
    assert recorded(store)[-1].state == "skipped"
    assert recorded(store)[-1].due_at == MORNING


def test_a_run_whose_owner_died_is_taken_over(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    dies = Replica(store, clock, runs, later=True)
    dies.begin()
    clock.now = MORNING
    dies.schedule.tick()  # claimed; its thread never comes to run
    assert recorded(store)[-1].state == "running"
    heir = Replica(store, clock, runs)
    clock.advance(seconds=60)
    heir.schedule.tick()
    assert runs == []
    clock.advance(seconds=LEASE.total_seconds())
    heir.schedule.tick()
    assert runs == [MORNING]
    assert recorded(store)[-1].state == "done"
    dies.waiting[0]()  # it was only asleep: what it says now is not recorded
    assert recorded(store)[-1].result == {"seen": 1}


def test_a_run_that_takes_long_keeps_its_lease(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    slow, other = Replica(store, clock, runs, later=True), Replica(store, clock, runs)
    slow.begin()
    clock.now = MORNING
    for _ in range(40):
        slow.schedule.tick()
        other.schedule.tick()
        clock.advance(seconds=30)
    assert (runs, len(slow.waiting)) == ([], 1)
    slow.waiting[0]()
    other.schedule.tick()
    assert runs == [MORNING]
    assert recorded(store)[-1].state == "done"


def test_a_run_that_kills_its_process_is_given_up(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    Replica(store, clock, runs).begin()
    clock.now = MORNING
    for _ in range(10):
        Replica(store, clock, runs, later=True).schedule.tick()
        clock.advance(seconds=LEASE.total_seconds() + 1)
    last = recorded(store)[-1]
    assert last.state == "failed"
    assert "Given up after 5 tries" in (last.error or "")


def test_a_failure_is_recorded_and_the_next_day_runs(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replica = Replica(store, clock, runs, fails=ValueError("no ink"))
    replica.begin()
    for _ in range(2):
        clock.advance(hours=1)
        replica.schedule.tick()
        clock.advance(hours=23)
        replica.schedule.tick()
    rows = [row for row in recorded(store) if row.state != "skipped"]
    assert [(row.state, row.error) for row in rows] == [("failed", "ValueError: no ink")] * 2


def test_a_job_may_ask_to_be_tried_later(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replica = Replica(store, clock, runs, fails=TryLater("Slack is not connected yet."))
    replica.begin()
    clock.now = MORNING
    replica.schedule.tick()
    replica.schedule.tick()
    assert len(runs) == 1
    assert recorded(store)[-1].error == "Slack is not connected yet."
    replica.fails = None
    clock.advance(seconds=61)
    replica.schedule.tick()
    assert runs == [MORNING, MORNING]
    assert (recorded(store)[-1].state, recorded(store)[-1].error) == ("done", None)


def test_a_job_that_waits_for_ever_is_given_up_when_it_is_too_late(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replica = Replica(store, clock, runs, fails=TryLater("Slack is not connected yet."))
    replica.begin()
    clock.now = MORNING
    for _ in range(400):
        replica.schedule.tick()
        clock.advance(minutes=1)
    last = recorded(store)[-1]
    assert last.state == "failed"
    assert "Slack is not connected yet." in (last.error or "")


def test_a_run_by_hand_is_recorded_too(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replica = Replica(store, clock, runs)
    assert replica.schedule.once("work") == ("done", {"seen": 1})
    replica.fails = TryLater("not now")
    clock.advance(seconds=1)
    assert replica.schedule.once("work") == ("failed", {"error": "not now"})
    assert [row.state for row in recorded(store)] == ["done", "failed"]


def test_sweeps_run_in_every_serving_process_and_are_not_recorded(store: Store) -> None:
    entries = {"work": Entry.model_validate({"every_seconds": 60})}
    clock, runs = Clock(EARLY), []
    replicas = [Replica(store, clock, runs, entries=entries) for _ in range(2)]
    for _ in range(9):
        for replica in replicas:
            replica.schedule.tick()
        clock.advance(seconds=30)
    assert len(runs) == 2 * 4  # not at the start: what was left over is being taken up then
    assert recorded(store) == []


def test_the_clock_ticks_and_closes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, runs = Clock(EARLY), []
    replica = Replica(store, clock, runs)
    replica.begin()
    clock.now = MORNING
    ran = threading.Event()

    def work(app: object, due_at: datetime) -> dict[str, object]:
        ran.set()
        return {}

    monkeypatch.setattr("jobs.runner.JOBS", {"work": work})
    monkeypatch.setattr("jobs.runner.read_schedule", lambda known: DAILY)
    schedule = start_schedule(replica.app)
    assert ran.wait(10)
    schedule.close()
    assert [row.state for row in recorded(store)][-1] == "done"


def test_a_first_start_is_noticed_and_its_jobs_run_one_after_the_other(store: Store) -> None:
    clock, runs = Clock(EARLY), []
    replica = Replica(store, clock, runs, later=True)
    replica.begin()
    assert replica.schedule.first_start
    told: list[tuple[str, list[str]]] = []

    def job(name: str, app: object, due_at: datetime) -> dict[str, int]:
        told.append((name, [row.state for row in recorded(store) if row.state == "running"]))
        return {}

    replica.schedule._jobs = {name: partial(job, name) for name in ("one", "two")}
    replica.schedule.soon("one", "two")
    replica.schedule.soon("two", "one")  # under way already: nothing is done twice
    for work in replica.waiting:
        work()
    assert told == [("one", ["running", "running"]), ("two", ["running"])]
    again = Replica(store, clock, runs)
    again.begin()
    assert not again.schedule.first_start
