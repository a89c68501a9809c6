"""When somebody's digest is due and which days it is about. Each local date comes once, whatever the clocks do."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.database import insert_once
from crm_core.models import Alert, DigestEdition, DigestPlan
from crm_core.reports.periods import Period, add_months, last_days, local_moment
from crm_core.staff.store import StaffStore

KINDS = ("daily", "weekly", "monthly")
KIND_OF = {"day": "daily", "workday": "daily", "week": "weekly", "month": "monthly"}
LATE = {"daily": timedelta(hours=20), "weekly": timedelta(days=3), "monthly": timedelta(days=10)}
"""How much later than due one is still sent; older news is none."""
EVENING = 17 * 60
"""A daily digest from this minute on is about the day that ends, an earlier one about the day before."""
MONDAY = 0
"""On which a digest of working days tells of the days since Friday's."""
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


def is_paused(plan: DigestPlan | Alert, at: datetime) -> bool:
    """Whether nothing is wanted at a moment."""
    if plan.paused_from is None or at < plan.paused_from:
        return False
    return plan.paused_until is None or at < plan.paused_until


def period_of(plan: DigestPlan, due: Due) -> Period:
    """The days that it is about: whole ones since the last, in the evening and late in the month those that end."""
    if plan.kind == "daily":
        days = 3 if plan.every == "workday" and due.day.weekday() == MONDAY else plan.interval
        if plan.minute >= EVENING:
            return last_days(due.day, days, plan.zone, due.at)
        return last_days(due.day - timedelta(days=1), days, plan.zone)
    if plan.kind == "weekly":
        return last_days(due.day - timedelta(days=1), 7 * plan.interval, plan.zone)
    month = due.day.replace(day=1)
    if due.day.day > MIDDLE:
        return Period(add_months(month, 1 - plan.interval), due.day + timedelta(days=1), plan.zone, due.at)
    return Period(add_months(month, -plan.interval), month, plan.zone)


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
    months = (day.year - first.year) * 12 + day.month - first.month
    return months % plan.interval == 0 and _holds_in_month(plan, day)


def _holds_in_month(plan: DigestPlan, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if plan.nth:
        place = -((last - day.day) // 7 + 1) if plan.nth < 0 else (day.day - 1) // 7 + 1
        return place == plan.nth and day.weekday() in (plan.weekdays or [MONDAY])
    wanted = plan.month_day or 1
    return day.day == (last if wanted < 0 else min(wanted, last))


def _today(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


# --- one person's plans ---------------------------------------------------------------------------------------------
def plans_of(store: StaffStore) -> list[DigestPlan]:
    """The speaker's own."""
    query = select(DigestPlan).where(DigestPlan.staff_id == store.actor.staff_id)
    return list(store.session.execute(query.order_by(DigestPlan.number)).scalars())


def given_to(store: StaffStore, staff_id: int | None = None) -> list[DigestPlan]:
    """Those of others (or of one of them) that the speaker added."""
    query = select(DigestPlan).where(DigestPlan.added_by_id == store.actor.staff_id)
    query = query.where(DigestPlan.staff_id == staff_id) if staff_id else query
    return list(store.session.execute(query.order_by(DigestPlan.staff_id, DigestPlan.number)).scalars())


def add(store: StaffStore, plan: DigestPlan, staff_id: int | None = None) -> None:
    """Keep a new plan of the speaker's, or one for a colleague; nothing is owed for the time before.

    Raises:
        NotAllowed: digests are for managers.
    """
    own = store.actor.staff_id
    plan.staff_id, plan.added_by_id = staff_id or own, own if staff_id else None
    taken = select(func.max(DigestPlan.number)).where(DigestPlan.staff_id == plan.staff_id)
    plan.number = (store.session.execute(taken).scalar_one() or 0) + 1
    keep(store, plan)


def keep(store: StaffStore, plan: DigestPlan) -> None:
    """Keep a changed plan.

    Raises:
        NotAllowed: digests are for managers.
    """
    store.permit("digest.read", f"staff:{plan.staff_id}", ("digest",))
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
        session, DigestEdition, staff_id=plan.staff_id, plan_id=plan.id, kind=plan.kind, local_date=due.day,
        state="making", attempts=1, lease_until=now + LEASE,
    )  # fmt: skip
    if fresh is not None:
        return fresh
    query = select(DigestEdition).where(
        DigestEdition.plan_id == plan.id, DigestEdition.local_date == due.day, DigestEdition.state == "making",
        DigestEdition.lease_until <= now,
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
