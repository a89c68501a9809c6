"""What is computed for the first time right now: until that has ended, there is nothing to answer from."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import JobRun

USUALLY = {
    "sense_posts": timedelta(minutes=1),
    "find_topics": timedelta(minutes=1),
    "know_customers": timedelta(minutes=2),
    "suggest": timedelta(minutes=2),
}
"""How long after the first start each job has ended with the sample business."""


def minutes_left(session: Session, job: str, now: datetime) -> int | None:
    """About how long the first run of a job takes yet; None when it ran before, or is not under way.

    One that takes longer than usual is taken to need as long again.
    """
    runs = session.execute(
        select(JobRun.state, JobRun.started_at, JobRun.lease_until).where(
            JobRun.job == job, JobRun.state.in_(("running", "done", "failed"))
        )
    ).all()
    if not runs or any(run.state != "running" or run.lease_until < now for run in runs):
        return None
    passed: timedelta = now - min(run.started_at for run in runs)
    usual = USUALLY.get(job, timedelta(minutes=1))
    left = usual - passed if passed < usual else passed
    return max(1, round(left.total_seconds() / 60))
