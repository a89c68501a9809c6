"""Computes at night what is known about customers, in a child process; the serving process stays as it is."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from bot.app import App
from crm_core.analytics import nightly
from crm_core.analytics.nightly import Night, Progress, StepReport
from crm_core.models import JobRun, Order
from jobs.errors import PartlyFailed, TryLater

log = structlog.get_logger(__name__)
NAME = "know_customers"


def know_customers(
    app: App, due_at: datetime, *, progress: Progress = lambda step, done, total: None
) -> dict[str, Any]:
    """Bring features, segments, scores, recommendations and bundles to the end of the last whole day (UTC)."""
    now = app.clock()
    _refuse_twice(app, due_at, now)
    with app.store.read() as session:
        if session.scalar(select(Order.id).limit(1)) is None:
            return {"skipped": "nobody has ordered anything yet"}
    night = night_of(app, now, nightly.STEPS)
    try:
        reports = nightly.know_customers(night, _noting(app, due_at, progress))
    except nightly.Stopped as stopped:
        raise TryLater(str(stopped)) from stopped
    return told(night, reports)


def _noting(app: App, due_at: datetime, progress: Progress) -> Progress:
    """The same, and each step that begins is logged and written to the run's record, for `python -m jobs list`."""
    begun: list[str] = []

    def note(step: str, done: int, total: int) -> None:
        if step not in begun:
            begun.append(step)
            place = {"step": step, "number": len(begun), "of": len(nightly.STEPS)}
            log.info("nightly_step_started", **place)
            with app.store.write() as session:
                query = select(JobRun).where(JobRun.job == NAME, JobRun.due_at == due_at, JobRun.state == "running")
                run = session.execute(query).scalar_one_or_none()
                if run is not None:
                    run.result = {**(run.result or {}), **place}
        progress(step, done, total)

    return note


def night_of(app: App, now: datetime, steps: tuple[str, ...]) -> Night:
    """What a child process has to know to do some steps."""
    settings = app.settings
    return Night(
        database_url=settings.database_url, keys_url=settings.database.keys_url, data_dir=str(settings.data_dir),
        master_key=settings.master_key.get_secret_value() if settings.master_key else None,
        as_of=(now - timedelta(days=1)).date(), now=now, currency=settings.business.currency,
        zone=settings.business.zone, engine=settings.analytics.engine, steps=steps,
    )  # fmt: skip


def told(night: Night, reports: Mapping[str, StepReport]) -> dict[str, Any]:
    """How the steps went, for the record.

    Raises:
        PartlyFailed: some did not.
    """
    result: dict[str, Any] = {"as_of": night.as_of.isoformat()}
    for step, report in reports.items():
        result[step] = report.as_dict()
        log.info("nightly_step", step=step, **report.as_dict())
    failed = [f"{step}: {report.error}" for step, report in reports.items() if report.error]
    if failed:
        raise PartlyFailed(" | ".join(failed), result)
    return result


def _refuse_twice(app: App, due_at: datetime, now: datetime) -> None:
    """Two at once would write over each other."""
    with app.store.read() as session:
        query = select(JobRun.due_at).where(
            JobRun.job == NAME, JobRun.state == "running", JobRun.lease_until > now, JobRun.due_at != due_at
        )
        if session.scalar(query.limit(1)):
            raise TryLater("It is running already. Wait until that run has ended.")
