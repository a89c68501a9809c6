"""Cases: matters that somebody has to settle."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.database import next_number
from crm_core.models import Case

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

    Taking up raises its priority where the new one is higher, and fills in the order.

    Args:
        adds: the title is a request of its own: put behind that of a case that is taken up.
    """
    known = _same_matter(session, customer_id, conversation_id, topic, now, order_id)
    if known is not None:
        if PRIORITIES.index(priority) > PRIORITIES.index(known.priority):
            known.priority, known.due_at = priority, now + timedelta(hours=TARGET_HOURS[priority])
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
        due_at=now + timedelta(hours=TARGET_HOURS[priority]),
    )
    session.add(case)
    session.flush()
    return CaseView(case.number, case.priority, case.opened_at)


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


def close_cases(session: Session, order_id: int, topic: str, resolution: str, now: datetime) -> list[Case]:
    """Close what is open about one matter of an order; returns the cases."""
    query = select(Case).where(Case.order_id == order_id, Case.topic == topic, Case.status != "closed")
    closed = list(session.execute(query.order_by(Case.number)).scalars())
    for case in closed:
        case.status, case.closed_at, case.resolution = "closed", now, resolution
    return closed
