"""Runs jobs at their time, each due time once among all processes, whatever dies in between.

APScheduler only ticks. A run is claimed by a row, unique by job and due time, with a lease that is renewed while it
runs; a run whose lease is over is taken over. What fell due while nothing ran is found in those rows at start.
"""

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import func, select, update

from bot.app import App
from crm_core.database import insert_once
from crm_core.models import JobRun
from jobs import FIRST, JOBS, Job
from jobs.due import Entry, read_schedule
from jobs.errors import PartlyFailed, TryLater

log = structlog.get_logger(__name__)

TICK_SECONDS = 30
LEASE = timedelta(minutes=2)
PAUSE = timedelta(seconds=60)
"""After a job asked to be tried later."""
TRIES = 5
"""How often a run may be taken over after its process died: what kills its process would kill all of them."""
SKIPPED = "skipped"
TOO_LATE, BEFORE_THE_START = "too late to catch up", "before the first start"
"""Why a run is skipped."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours."""

    id: int
    job: str
    due_at: datetime


class Schedule:
    """Ticks in the background until closed. Built by `start_schedule`; tests tick by hand.

    Args:
        serving: this process answers and delivers, so it also runs what has `every_seconds`.
        run: starts a piece of work; in a thread of its own unless a test says otherwise.
    """

    def __init__(
        self,
        app: App,
        entries: Mapping[str, Entry],
        jobs: Mapping[str, Job] | None = None,
        *,
        serving: bool = True,
        run: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._app = app
        self._entries = entries
        self._jobs = JOBS if jobs is None else jobs
        self._serving = serving
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[:100]
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="job")
        self._run = run or self._in_thread
        self._running: dict[str, int] = {}
        self._swept: dict[str, datetime] = {}
        self.first_start = False
        """Nothing has ever run here."""
        self._ticker = BackgroundScheduler(timezone=UTC)

    # --- life -------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Note what was due before this installation had a schedule, then tick."""
        self._guarded(self._begin)
        self._ticker.add_job(
            self.tick, "interval", seconds=TICK_SECONDS, misfire_grace_time=None, coalesce=True, max_instances=1
        )
        self._ticker.start()
        self._ticker.add_job(self.tick, misfire_grace_time=None)

    def close(self) -> None:
        """Begin nothing more, and wait for what runs."""
        if self._ticker.running:
            self._ticker.shutdown(wait=False)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def tick(self) -> None:
        """Start whatever is due now; renew what runs; take over what died."""
        self._guarded(self._renew)
        for name, entry in self._entries.items():
            if entry.every_seconds is None:
                self._guarded(partial(self._look, name, entry))
            elif self._serving:
                self._sweep(name, entry.every_seconds)

    # --- what is due ------------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        """A fresh installation owes nothing: the due time before its first start counts as skipped."""
        now = self._app.clock()
        with self._app.store.read() as session:
            self.first_start = session.execute(select(JobRun.id).limit(1)).first() is None
        for name, entry in self._entries.items():
            due = entry.newest_due(now, self._zone)
            if due is None:
                continue
            with self._app.store.write() as session:
                known = session.execute(select(func.count()).where(JobRun.job == name)).scalar_one()
                if not known:
                    self._insert(session, name, due, now, SKIPPED, BEFORE_THE_START)

    def _look(self, name: str, entry: Entry) -> None:
        now = self._app.clock()
        for stale in self._stale(name, now):
            self._take_over(stale, entry, now)
        due = entry.newest_due(now, self._zone)
        if due is None or name in self._running:
            return
        with self._app.store.read() as session:
            if session.execute(select(JobRun.id).where(JobRun.job == name, JobRun.due_at == due)).first():
                return
        late = now - due > timedelta(hours=entry.late_hours)
        with self._app.store.write() as session:
            claimed = self._insert(session, name, due, now, SKIPPED if late else "running")
        if claimed is None:
            return  # another process was faster
        if late:
            log.warning("job_skipped", job=name, due_at=due.isoformat(), reason="too late")
            return
        self._start(Claim(claimed, name, due))

    def _insert(
        self, session: Any, name: str, due: datetime, now: datetime, state: str, reason: str = TOO_LATE
    ) -> int | None:
        finished = {"finished_at": now, "result": {"reason": reason}} if state == SKIPPED else {}
        return insert_once(
            session, JobRun, job=name, due_at=due, state=state, owner=self._owner, lease_until=now + LEASE,
            started_at=now, **finished,
        )  # fmt: skip

    def _sweep(self, name: str, seconds: int) -> None:
        """Run what repeats, first so long after the start: by then the process has taken up what was left over."""
        now = self._app.clock()
        last = self._swept.setdefault(name, now)
        if name in self._running or self._app.loop.running is None or now - last < timedelta(seconds=seconds):
            return
        self._swept[name] = now
        self._running[name] = 0
        self._run(lambda: self._do_sweep(name, now))

    def _do_sweep(self, name: str, now: datetime) -> None:
        self._guarded(lambda: self._jobs[name](self._app, now))
        self._running.pop(name, None)

    # --- leases -----------------------------------------------------------------------------------------------------
    def _renew(self) -> None:
        mine = [run for run in self._running.values() if run]
        if not mine:
            return
        with self._app.store.write() as session:
            session.execute(
                update(JobRun)
                .where(JobRun.id.in_(mine), JobRun.owner == self._owner, JobRun.state == "running")
                .values(lease_until=self._app.clock() + LEASE)
            )

    def _stale(self, name: str, now: datetime) -> list[JobRun]:
        with self._app.store.read() as session:
            query = select(JobRun).where(JobRun.job == name, JobRun.state == "running", JobRun.lease_until < now)
            return [row for row in session.execute(query).scalars() if row.id not in self._running.values()]

    def _take_over(self, stale: JobRun, entry: Entry, now: datetime) -> None:
        """Claim a run whose owner is gone, unless it is too late or it has been tried too often."""
        tries = int((stale.result or {}).get("tries", 1))
        late = now - stale.due_at > timedelta(hours=entry.late_hours)
        over = late or tries >= TRIES
        values: dict[str, Any] = {"owner": self._owner, "lease_until": now + LEASE, "result": {"tries": tries + 1}}
        if over:
            reason = stale.error or "Its process died."
            values = {"state": "failed", "finished_at": now, "error": f"Given up after {tries} tries. {reason}"[:1000]}
        with self._app.store.write() as session:
            claimed = session.execute(
                update(JobRun)
                .where(JobRun.id == stale.id, JobRun.state == "running", JobRun.lease_until == stale.lease_until)
                .values(**values)
                .returning(JobRun.id)
            ).scalar_one_or_none()
        if claimed and over:
            log.error("job_given_up", job=stale.job, due_at=stale.due_at.isoformat())
        elif claimed and stale.job not in self._running:
            log.warning("job_taken_over", job=stale.job, due_at=stale.due_at.isoformat(), before=stale.owner)
            self._start(Claim(stale.id, stale.job, stale.due_at))

    # --- running ----------------------------------------------------------------------------------------------------
    def _start(self, claim: Claim) -> None:
        self._running[claim.job] = claim.id
        self._run(lambda: self._do(claim))

    def _do(self, claim: Claim) -> None:
        try:
            self._guarded(lambda: self._finish(claim, *self.outcome(claim.job, claim.due_at)))
        finally:
            self._running.pop(claim.job, None)

    def once(self, name: str) -> tuple[str, dict[str, Any]]:
        """Run a job for this very moment, whatever the schedule says. Asked to try later, it has failed."""
        now = self._app.clock()
        with self._app.store.write() as session:
            claimed = self._insert(session, name, now, now, "running")
        if claimed is not None:
            self._running[name] = claimed
        with self._renewing():
            state, values = self.outcome(name, now)
        if state == "running":
            state, values = "failed", {"error": values["error"], "finished_at": self._app.clock()}
        if claimed is not None:
            self._finish(Claim(claimed, name, now), state, values)
        return state, dict(values.get("result") or {"error": values.get("error")})

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """Keep the lease of what runs meanwhile, so that no other process takes it over."""
        self._ticker.add_job(lambda: self._guarded(self._renew), "interval", seconds=TICK_SECONDS)
        self._ticker.start()
        try:
            yield
        finally:
            self._ticker.shutdown(wait=False)

    def soon(self, *names: str) -> None:
        """Run jobs now, in the background and one after the other, whatever the schedule says."""
        now = self._app.clock()
        with self._app.store.write() as session:
            inserted = {name: self._insert(session, name, now, now, "running") for name in names}
        claims = [Claim(key, name, now) for name, key in inserted.items() if key and name not in self._running]
        self._running |= {claim.job: claim.id for claim in claims}  # leases are renewed while they wait
        self._run(lambda: self._do_all(claims))

    def run_first(self) -> None:
        """Run what answers rest on, so that nobody has to wait for the night."""
        for row in FIRST:
            self.soon(*row)

    def _do_all(self, claims: Sequence[Claim]) -> None:
        for place, claim in enumerate(claims, start=1):
            log.info("job_started", job=claim.job, number=place, of=len(claims))
            self._do(claim)

    def outcome(self, name: str, due_at: datetime) -> tuple[str, dict[str, Any]]:
        """Run a job here and now; returns its state and the values to record."""
        try:
            result = self._jobs[name](self._app, due_at)
        except TryLater as error:
            return "running", {"error": str(error)[:1000], "lease_until": self._app.clock() + PAUSE}
        except PartlyFailed as error:
            log.error("job_partly_failed", job=name, due_at=due_at.isoformat(), reason=str(error))
            return "failed", {"error": str(error)[:1000], "result": error.result, "finished_at": self._app.clock()}
        except Exception as error:
            log.exception("job_failed", job=name, due_at=due_at.isoformat())
            return "failed", {"error": f"{type(error).__name__}: {error}"[:1000], "finished_at": self._app.clock()}
        log.info("job_done", job=name, due_at=due_at.isoformat(), **result)
        return "done", {"result": result, "error": None, "finished_at": self._app.clock()}

    def _finish(self, claim: Claim, state: str, values: dict[str, Any]) -> None:
        """Record what became of it, unless somebody else took it over meanwhile."""
        with self._app.store.write() as session:
            session.execute(
                update(JobRun)
                .where(JobRun.id == claim.id, JobRun.owner == self._owner, JobRun.state == "running")
                .values(state=state, **values)
            )

    def _in_thread(self, work: Callable[[], None]) -> None:
        future: Future[None] = self._threads.submit(work)
        del future  # what it has to say is in the record and the log

    def _guarded(self, work: Callable[[], object]) -> None:
        """A database that fails now works later: the next tick comes in any case."""
        try:
            work()
        except Exception:
            log.exception("schedule_failed")

    @property
    def _zone(self) -> str:
        return self._app.settings.business.zone


def start_schedule(app: App, *, serving: bool = True) -> Schedule:
    """Read the schedule and begin to tick.

    Raises:
        ScheduleError: `config/schedule.yml` cannot be used.
    """
    schedule = Schedule(app, read_schedule(JOBS), serving=serving)
    schedule.start()
    return schedule


def run_now(app: App, name: str, jobs: Mapping[str, Job] | None = None) -> tuple[str, dict[str, Any]]:
    """Run one job at once, recorded like any other run; returns its state and what it said."""
    return Schedule(app, {}, jobs, serving=False).once(name)
