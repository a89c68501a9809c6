"""Whose suggestions are shown today, in which order, and less often what somebody wants to see less of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm_core.analytics.reasons import Reason, read_reasons
from crm_core.models import Customer, Staff, Suggestion, SuggestionWish
from crm_core.playbooks import Service, service_of
from crm_core.preferences import read as read_preferences
from crm_core.reports.periods import local_moment
from crm_core.suggestions.kinds import KINDS

LESS_STEP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One suggestion with all that a card says. `channel`: where the customer is to be written to, "" for any."""

    suggestion_id: int
    kind: str
    trigger: str
    customer_id: int
    customer_number: int
    customer: str
    reasons: tuple[Reason, ...]
    value_minor: int | None
    gain_milli: int
    expected_minor: int | None
    lapses_at: datetime
    service: Service
    channel: str


def for_person(session: Session, staff: Staff, now: datetime, most: int, *, own: bool = False) -> list[SuggestionView]:
    """What one person may be shown today: theirs, then what nobody owns; what they decided today counts, too.

    Args:
        own: only what is theirs, or for managers where they are one; what any agent may take is shown in the queue.
    """
    wishes = {one.kind: one for one in _wishes(session, staff.id)}
    today = _today(staff, now)
    room = most - decided_today(session, staff, now)
    rows: list[Suggestion] = []
    few: set[str] = set()
    for row in _open(session, now, _theirs(staff, own=own)):
        wish = wishes.get(row.kind)
        if len(rows) >= room or row.kind in few or (wish and _is_too_often(wish, now, today)):
            continue
        if wish and wish.less:
            few.add(row.kind)
        rows.append(row)
    return views(session, rows)


def decided_today(session: Session, staff: Staff, now: datetime) -> int:
    """How many one person decided on since their midnight."""
    query = select(func.count(Suggestion.id)).where(
        Suggestion.decided_by_id == staff.id, Suggestion.decided_at >= _today(staff, now)
    )
    return session.execute(query).scalar_one()


def waiting(session: Session, staff: Staff, now: datetime) -> int:
    """How many wait to be decided that one person may be shown, some day."""
    return len(_open(session, now, _theirs(staff)))


def _today(staff: Staff, now: datetime) -> datetime:
    return local_moment(now.astimezone(ZoneInfo(staff.zone)).date(), time(), staff.zone)


def _theirs(staff: Staff, *, own: bool = False) -> ColumnElement[bool]:
    nobodys = ("agent", "manager") if staff.role != "agent" else ("agent",)
    roles = tuple(role for role in nobodys if not own or role == "manager")
    return (Suggestion.owner_id == staff.id) | (Suggestion.owner_id.is_(None) & Suggestion.for_role.in_(roles))


def for_queue(session: Session, now: datetime, most: int) -> list[SuggestionView]:
    """What any agent may take."""
    free = Suggestion.owner_id.is_(None) & (Suggestion.for_role == "agent")
    return views(session, _open(session, now, free)[:most])


def note_shown(session: Session, staff_id: int, kinds: set[str], now: datetime) -> None:
    """Remember that somebody saw these kinds, for those of which they want to see less."""
    for wish in _wishes(session, staff_id):
        if wish.kind in kinds:
            wish.shown_at = now


def _is_too_often(wish: SuggestionWish, now: datetime, today: datetime) -> bool:
    if not wish.less or wish.shown_at is None or wish.shown_at >= today:
        return False
    pause: timedelta = LESS_STEP * 2 ** (wish.less - 1)
    return now < wish.shown_at + pause


def _wishes(session: Session, staff_id: int) -> Sequence[SuggestionWish]:
    return session.execute(select(SuggestionWish).where(SuggestionWish.staff_id == staff_id)).scalars().all()


def _open(session: Session, now: datetime, whose: ColumnElement[bool]) -> list[Suggestion]:
    """What waits to be decided, in its order: service first, then by worth, then by deadline."""
    query = select(Suggestion).where(Suggestion.state == "proposed", Suggestion.lapses_at > now, whose)
    return sorted(
        session.execute(query).scalars(),
        key=lambda row: (not KINDS[row.kind].is_service, -(row.expected_minor or 0), row.lapses_at, row.id),
    )


def views(session: Session, rows: Sequence[Suggestion]) -> list[SuggestionView]:
    """Suggestions with their customers; those of customers who are gone are left out."""
    query = select(Customer).where(
        Customer.id.in_([row.customer_id for row in rows]), Customer.merged_into_id.is_(None)
    )
    known = {one.id: one for one in session.execute(query).scalars()}
    return [_view(session, row, known[row.customer_id]) for row in rows if row.customer_id in known]


def _view(session: Session, row: Suggestion, customer: Customer) -> SuggestionView:
    service = service_of(session, customer.id)
    wished = read_preferences(session, customer.id).channel or ""
    planned = service.playbook.channel
    return SuggestionView(
        suggestion_id=row.id,
        kind=row.kind,
        trigger=row.trigger,
        customer_id=customer.id,
        customer_number=customer.number,
        customer=customer.name or "",
        reasons=read_reasons(row.reasons),
        value_minor=row.value_minor,
        gain_milli=row.gain_milli,
        expected_minor=row.expected_minor,
        lapses_at=row.lapses_at,
        service=service,
        channel=wished or ("" if planned == "same" else planned),
    )


def local_date(now: datetime, zone: str) -> str:
    """The day it is for somebody."""
    return now.astimezone(ZoneInfo(zone)).date().isoformat()
