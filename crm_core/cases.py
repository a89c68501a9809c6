"""Cases: matters that somebody has to settle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.database import next_number
from crm_core.models import Case, CaseChange
from crm_core.playbooks import Service, service_of

PRIORITIES = ("low", "normal", "high", "urgent")
TARGET_HOURS = {"low": 72, "normal": 48, "high": 24, "urgent": 8}
"""How soon a case of a priority should be settled."""
SAME_MATTER = timedelta(days=2)
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its customer may know it. `repeated`: it was open already and this is about the same matter."""

    number: int
    priority: str
    opened_at: datetime
    repeated: bool = False


def open_case(
    session: Session,
    *,
    customer_id: int,
    conversation_id: int | None,
    topic: str,
    title: str,
    priority: str,
    now: datetime,
    order_id: int | None = None,
    adds: bool = False,
) -> CaseView:
    """Open a case; one about the same matter (topic, and order or conversation) of the last two days is taken up again.

    Taking up raises its priority where the new one is higher, and fills in the order. A playbook of the customer's
    segment may raise the priority, and bring the deadline nearer.

    Args:
        adds: the title is a request of its own: put behind that of a case that is taken up.
    """
    service = service_of(session, customer_id)
    priority = raised(service, priority)
    known = _same_matter(session, customer_id, conversation_id, topic, now, order_id)
    if known is not None:
        if PRIORITIES.index(priority) > PRIORITIES.index(known.priority):
            known.priority, known.due_at = priority, due(service, priority, now)
        known.order_id = known.order_id or order_id
        wanted = " ".join(title.split())
        if adds and wanted not in (known.title or ""):
            known.title = f"{wanted} / {known.title}"[:LONGEST_TITLE]
        return CaseView(known.number, known.priority, known.opened_at, repeated=True)
    case = Case(
        number=next_number(session, "case"),
        customer_id=customer_id,
        conversation_id=conversation_id,
        order_id=order_id,
        title=" ".join(title.split())[:LONGEST_TITLE],
        topic=topic[:60],
        status="open",
        priority=priority,
        opened_at=now,
        due_at=due(service, priority, now),
    )
    session.add(case)
    session.flush()
    return CaseView(case.number, case.priority, case.opened_at)


def raised(service: Service, priority: str) -> str:
    """A priority, or that of the customer's playbook where it is higher."""
    return max(priority, service.playbook.priority, key=PRIORITIES.index)


def due(service: Service, priority: str, now: datetime) -> datetime:
    """When a case should be settled: as its priority asks for, or sooner where the customer's playbook does."""
    hours = TARGET_HOURS[priority]
    return now + timedelta(hours=min(hours, service.playbook.resolution_hours or hours))


def _same_matter(
    session: Session, customer_id: int, conversation_id: int | None, topic: str, now: datetime, order_id: int | None
) -> Case | None:
    query = (
        select(Case)
        .where(
            Case.customer_id == customer_id,
            Case.topic == topic,
            Case.status != "closed",
            Case.opened_at > now - SAME_MATTER,
        )
        .order_by(Case.opened_at.desc())
    )
    for case in session.execute(query).scalars():
        if order_id is not None and case.order_id is not None:
            if case.order_id == order_id:
                return case
        elif conversation_id is not None and case.conversation_id == conversation_id:
            return case
    return None


def close_cases(
    session: Session, order_id: int, topic: str, resolution: str, now: datetime, *, staff_id: int | None = None
) -> list[Case]:
    """Close what is open about one matter of an order, noted as done by staff; returns the cases."""
    query = select(Case).where(Case.order_id == order_id, Case.topic == topic, Case.status != "closed")
    closed = list(session.execute(query.order_by(Case.number)).scalars())
    for case in closed:
        values = {"status": "closed", "closed_at": now, "resolution": resolution}
        record_change(session, case, values, reason=resolution, staff_id=staff_id, now=now)
    return closed


# --- changes --------------------------------------------------------------------------------------------------------
TEXTS = ("title", "resolution")


def record_change(
    session: Session,
    case: Case,
    values: Mapping[str, Any],
    *,
    reason: str = "",
    staff_id: int | None = None,
    now: datetime,
    undoes: bool = False,
    told: bool = True,
) -> CaseChange:
    """Set columns of a case and note who (None: the clock) changed what, from what, and why.

    Args:
        told: nobody else is to hear of it, or they just did.
    """
    plainly: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for name, value in values.items():
        before = getattr(case, name)
        if before != value:
            (texts if name in TEXTS else plainly)[name] = [plain(before), plain(value)]
            setattr(case, name, value)
    change = CaseChange(
        case_id=case.id, customer_id=case.customer_id, staff_id=staff_id, fields=plainly,
        texts=json.dumps(texts, ensure_ascii=False) if texts else None, reason=reason or None, undoes=undoes,
        occurred_at=now, told_at=now if told else None,
    )  # fmt: skip
    session.add(change)
    session.flush()
    return change


def plain(value: Any) -> Any:
    """A column's value as JSON holds it."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def wake_due(session: Session, now: datetime, at_most: int) -> list[Case]:
    """Snoozed cases whose time has come, open again from now on."""
    query = (
        select(Case)
        .where(Case.status == "snoozed", Case.snoozed_until <= now)
        .order_by(Case.snoozed_until)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    due = list(session.execute(query).scalars())
    for case in due:
        record_change(session, case, {"status": "open", "snoozed_until": None}, now=now, told=False)
    return due


def untold(session: Session) -> list[tuple[CaseChange, Case]]:
    """Changes that somebody is still to hear of, oldest first."""
    query = select(CaseChange, Case).join(Case, Case.id == CaseChange.case_id).where(CaseChange.told_at.is_(None))
    rows = session.execute(query.order_by(CaseChange.id).with_for_update(of=CaseChange, skip_locked=True))
    return [(change, case) for change, case in rows]


def snoozed_by(session: Session, case: Case) -> int | None:
    """Who is to be told that a case woke up: its owner, else whoever snoozed it."""
    if case.owner_id is not None:
        return case.owner_id
    query = select(CaseChange.staff_id).where(CaseChange.case_id == case.id, CaseChange.staff_id.is_not(None))
    return session.execute(query.order_by(CaseChange.id.desc()).limit(1)).scalar_one_or_none()
