"""When somebody's digest is due and which days it is about. Each local date comes once, whatever the clocks do."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.database import insert_once
from crm_core.models import DigestEdition, DigestPlan
from crm_core.reports.periods import Period, last_days, local_moment, one_day
from crm_core.staff_store import StaffStore

KINDS = ("daily", "weekly", "monthly")
KIND_OF = {"day": "daily", "workday": "daily", "week": "weekly", "month": "monthly"}
LATE = {"daily": timedelta(hours=20), "weekly": timedelta(days=3), "monthly": timedelta(days=10)}
"""How much later than due one is still sent; older news is none."""
EVENING = 17 * 60
"""A daily digest from this minute on is about the day that ends, an earlier one about the day before."""
MIDDLE = 15
"""A monthly one up to this day is about the month before, a later one about the month so far."""
AHEAD = 800
"""Days that are searched for the next one: more than two years."""
LEASE = timedelta(minutes=5)
TRIES = 3


@dataclass(frozen=True, slots=True)
class Due:
    """A digest's local date and the moment of that day."""

    day: date
    at: datetime


def newest_due(plan: DigestPlan, now: datetime) -> Due | None:
    """What is due and not too late; None where that was in a pause, or before it was set."""
    here, late = _today(now, plan.zone), LATE[plan.kind]
    for back in range(late.days + 3):
        due = _due(plan, here + timedelta(days=1 - back))
        if due and due.at <= now:
            return due if now - due.at <= late and due.at > plan.since and not is_paused(plan, due.at) else None
    return None


def next_due(plan: DigestPlan, now: datetime) -> Due | None:
    """The first one after now, pauses counted."""
    begins = max(now, plan.since)
    found = (_due(plan, _today(begins, plan.zone) + timedelta(days=ahead)) for ahead in range(AHEAD))
    return next((due for due in found if due and due.at > begins and not is_paused(plan, due.at)), None)


def is_paused(plan: DigestPlan, at: datetime) -> bool:
    """Whether nothing is wanted at a moment."""
    if plan.paused_from is None or at < plan.paused_from:
        return False
    return plan.paused_until is None or at < plan.paused_until


def period_of(plan: DigestPlan, due: Due) -> Period:
    """The days that it is about: whole ones before it, or in the evening and late in the month those that end."""
    if plan.kind == "daily":
        if plan.minute >= EVENING:
            return one_day(due.day, plan.zone, due.at)
        return one_day(due.day - timedelta(days=1), plan.zone)
    if plan.kind == "weekly":
        return last_days(due.day - timedelta(days=1), 7, plan.zone)
    if due.day.day > MIDDLE:
        return Period(due.day.replace(day=1), due.day + timedelta(days=1), plan.zone, due.at)
    last = due.day.replace(day=1)
    return Period((last - timedelta(days=1)).replace(day=1), last, plan.zone)


def _due(plan: DigestPlan, day: date) -> Due | None:
    if not _holds(plan, day):
        return None
    return Due(day, local_moment(day, time(plan.minute // 60, plan.minute % 60), plan.zone))


def _holds(plan: DigestPlan, day: date) -> bool:
    first = _today(plan.since, plan.zone)
    if plan.every == "workday":
        return day.weekday() < 5
    if plan.every == "day":
        return (day - first).days % plan.interval == 0
    if plan.every == "week":
        weeks = (day - timedelta(days=day.weekday()) - first + timedelta(days=first.weekday())).days // 7
        return day.weekday() in (plan.weekdays or [0]) and weeks % plan.interval == 0
    last = calendar.monthrange(day.year, day.month)[1]
    wanted = plan.month_day or 1
    months = (day.year - first.year) * 12 + day.month - first.month
    return day.day == (last if wanted < 0 else min(wanted, last)) and months % plan.interval == 0


def _today(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


# --- one person's plans ---------------------------------------------------------------------------------------------
def plans_of(store: StaffStore) -> list[DigestPlan]:
    """The speaker's own, daily before weekly before monthly."""
    query = select(DigestPlan).where(DigestPlan.staff_id == store.actor.staff_id)
    return sorted(store.session.execute(query).scalars(), key=lambda plan: KINDS.index(plan.kind))


def keep(store: StaffStore, plan: DigestPlan) -> None:
    """Keep a new or changed plan of the speaker's; nothing is owed for the time before.

    Raises:
        NotAllowed: digests are for managers.
    """
    store.permit("digest.read", f"staff:{store.actor.staff_id}", ("digest",))
    plan.staff_id = store.actor.staff_id
    store.session.add(plan)
    store.session.flush()


def end(store: StaffStore, plan: DigestPlan) -> None:
    """No more of it."""
    store.session.delete(plan)
    store.session.flush()


# --- editions -------------------------------------------------------------------------------------------------------
def claim(session: Session, plan: DigestPlan, due: Due, now: datetime) -> int | None:
    """Take a due digest for this process; None when it went out, or another process is at it.

    One whose process died, or that failed, is taken over until it was tried often enough.
    """
    fresh = insert_once(
        session, DigestEdition, staff_id=plan.staff_id, kind=plan.kind, local_date=due.day, state="making",
        attempts=1, lease_until=now + LEASE,
    )  # fmt: skip
    if fresh is not None:
        return fresh
    query = select(DigestEdition).where(
        DigestEdition.staff_id == plan.staff_id, DigestEdition.kind == plan.kind,
        DigestEdition.local_date == due.day, DigestEdition.state == "making", DigestEdition.lease_until <= now,
    )  # fmt: skip
    stale = session.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
    if stale is None:
        return None
    if stale.attempts >= TRIES:
        stale.state = "failed"
        return None
    stale.attempts, stale.lease_until = stale.attempts + 1, now + LEASE
    return stale.id


def held(session: Session, edition_id: int, lease_until: datetime) -> DigestEdition | None:
    """The edition, if it is still this process that makes it."""
    query = select(DigestEdition).where(
        DigestEdition.id == edition_id, DigestEdition.state == "making", DigestEdition.lease_until == lease_until
    )
    return session.execute(query.with_for_update()).scalar_one_or_none()


def all_plans(session: Session) -> Iterator[DigestPlan]:
    """Everybody's."""
    yield from session.execute(select(DigestPlan).order_by(DigestPlan.id)).scalars()
