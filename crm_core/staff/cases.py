"""Cases as staff see and change them: who may change whose, what was changed and why, and taking it back."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.cases import LONGEST_TITLE, PRIORITIES, due, plain, record_change
from crm_core.database import next_number
from crm_core.errors import NotFound
from crm_core.models import Case, CaseChange, Customer, Staff
from crm_core.playbooks import service_of

UNDO_WITHIN = timedelta(days=1)
NOT_CLOSED = ("open", "waiting", "snoozed")
Permit = Callable[[str, str, Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may own cases, with every name they go by."""

    staff_id: int
    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StaffCase:
    """A case with whose it is and whom it is about."""

    number: int
    title: str
    status: str
    priority: str
    topic: str
    owner_id: int | None
    owner: str
    customer_id: int | None
    customer: str
    customer_number: int | None
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    snoozed_until: datetime | None
    resolution: str


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases, and in which order: due, oldest, newest, priority or wakes. What is None says nothing."""

    owner_id: int | None = None
    unassigned: bool = False
    statuses: tuple[str, ...] = ("open", "waiting")
    priorities: tuple[str, ...] = ()
    topic: str = ""
    tier: str = ""
    customer_id: int | None = None
    opened_from: datetime | None = None
    opened_until: datetime | None = None
    closed_from: datetime | None = None
    closed_until: datetime | None = None
    due_until: datetime | None = None
    wakes_until: datetime | None = None
    order: str = "due"
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """A part of the cases that fit, and how many fit in all."""

    cases: tuple[StaffCase, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A case after a change; `change_id` takes it back. `fields`: what was changed, [before, after] each."""

    change_id: int
    case: StaffCase
    fields: Mapping[str, list[Any]]


class StaffCases:
    """Cases as one member of staff may see and change them; `permit` lets each act through and notes it."""

    def __init__(self, session: Session, permit: Permit, actor: Actor, now: datetime) -> None:
        self._session = session
        self._permit = permit
        self._actor = actor
        self._now = now

    # --- reading ----------------------------------------------------------------------------------------------------
    def get(self, number: int) -> StaffCase | None:
        """The case with this number."""
        row = self._row(number)
        self._permit("case.read", f"case:{number}", ("title", "status", "customer"))
        return self._view(row) if row else None

    def listed(self, wanted: CaseFilter, *, offset: int = 0, limit: int = 10) -> CasePage:
        """A page of the cases that fit; a top N is never longer than N."""
        self._permit("case.read", "cases", ("title", "status", "customer"))
        query = select(Case).where(*_conditions(wanted))
        total = self._session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        most = min(total, wanted.limit) if wanted.limit else total
        page = query.order_by(*_order(wanted.order)).offset(offset).limit(max(0, min(limit, most - offset)))
        return CasePage(tuple(self._view(row) for row in self._session.execute(page).scalars()), most)

    def colleagues(self) -> list[Colleague]:
        """Everybody who works here."""
        query = select(Staff).where(Staff.active).order_by(Staff.name, Staff.id)
        rows = self._session.execute(query).scalars()
        return [Colleague(row.id, row.name, tuple(row.aliases or ())) for row in rows]

    # --- changing ---------------------------------------------------------------------------------------------------
    def open(self, customer_id: int, title: str, priority: str, topic: str, conversation_id: int | None = None) -> int:
        """Open a case that its opener owns; returns its number."""
        self._permit("case.write", self._subject(customer_id), ("case",))
        row = Case(
            number=next_number(self._session, "case"), customer_id=customer_id, conversation_id=conversation_id,
            title=_line(title), topic=topic[:60] or None, status="open",
            priority=priority, owner_id=self._actor.staff_id, opened_at=self._now,
            due_at=due(service_of(self._session, customer_id), priority, self._now),
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return row.number

    def close(self, number: int, resolution: str) -> bool:
        """Close a case; False when there is none of this number, or it is closed."""
        row = self._row(number)
        if row is None or row.status == "closed":
            self._permit("case.write", f"case:{number}", ("status",))
            return False
        self.change(number, {"status": "closed", "resolution": resolution}, resolution)
        return True

    def change(self, number: int, values: Mapping[str, Any], reason: str = "", *, taking_over: bool = False) -> Changed:
        """Set status, priority, owner_id, snoozed_until, title, topic or resolution; what follows from them follows.

        Args:
            taking_over: it was a colleague's and is one's own from now on, unless the values say whose.

        Raises:
            NotFound: there is no such case.
            NotAllowed: it is a colleague's; taking it over is allowed to everybody.
        """
        row = self._row(number)
        if row is None:
            self._permit("case.write", f"case:{number}", tuple(values))
            raise NotFound(f"There is no case #{number}.")
        values = {"owner_id": self._actor.staff_id, **values} if taking_over else values
        taking = taking_over or dict(values) == {"owner_id": self._actor.staff_id}
        others = row.owner_id not in (None, self._actor.staff_id) and not taking
        self._permit("case.write_others" if others else "case.write", f"case:{number}", tuple(values))
        change = record_change(
            self._session, row, self._with_consequences(row, values), reason=reason, staff_id=self._actor.staff_id,
            now=self._now,
        )  # fmt: skip
        return Changed(change.id, self._view(row), change.fields | json.loads(change.texts or "{}"))

    def tell_later(self, change_id: int) -> None:
        """The new owner is not to be disturbed now; the clock tells them."""
        self._session.get_one(CaseChange, change_id).told_at = None

    def take_back(self, change_id: int) -> Changed | None:
        """Undo one's own change of the last day; None when it is not, or when the case was changed since."""
        change = self._session.get(CaseChange, change_id)
        row = self._session.get(Case, change.case_id) if change else None
        self._permit("case.write", f"case:{row.number if row else 'unknown'}", tuple(change.fields) if change else ())
        if change is None or row is None or change.staff_id != self._actor.staff_id:
            return None
        if change.undone_at is not None or change.occurred_at < self._now - UNDO_WITHIN:
            return None
        fields = change.fields | json.loads(change.texts or "{}")
        if any(plain(getattr(row, name)) != after for name, (_, after) in fields.items()):
            return None
        change.undone_at = self._now
        before = {name: _restored(name, value) for name, (value, _) in fields.items()}
        undone = record_change(
            self._session, row, before, reason="", staff_id=self._actor.staff_id, now=self._now, undoes=True
        )
        return Changed(undone.id, self._view(row), undone.fields | json.loads(undone.texts or "{}"))

    def _with_consequences(self, row: Case, values: Mapping[str, Any]) -> dict[str, Any]:
        """A closed case has its moment and wakes no more; a reopened or more urgent one gets a new deadline."""
        wanted = dict(values)
        status = wanted.get("status", row.status)
        if status == "closed" and row.status != "closed":
            wanted |= {"closed_at": self._now, "snoozed_until": None}
        elif status != "closed" and row.status == "closed":
            wanted |= {"closed_at": None, "resolution": None}
        if status != "snoozed" and row.status == "snoozed":
            wanted["snoozed_until"] = None
        renewed = wanted.get("priority", row.priority) != row.priority or (
            row.status == "closed" and status != "closed"
        )
        if renewed and status != "closed":
            service = service_of(self._session, row.customer_id)
            wanted["due_at"] = due(service, wanted.get("priority", row.priority), self._now)
        if "title" in wanted:
            wanted["title"] = _line(wanted["title"])
        return wanted

    # --- inside -----------------------------------------------------------------------------------------------------
    def _row(self, number: int) -> Case | None:
        return self._session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()

    def _view(self, row: Case) -> StaffCase:
        owner = self._session.get(Staff, row.owner_id) if row.owner_id else None
        customer = self._session.get(Customer, row.customer_id) if row.customer_id else None
        return StaffCase(
            number=row.number,
            title=row.title or "",
            status=row.status,
            priority=row.priority,
            topic=row.topic or "",
            owner_id=row.owner_id,
            owner=owner.name if owner else "",
            customer_id=row.customer_id,
            customer=(customer.name or "") if customer else "",
            customer_number=customer.number if customer else None,
            opened_at=row.opened_at,
            due_at=row.due_at,
            closed_at=row.closed_at,
            snoozed_until=row.snoozed_until,
            resolution=row.resolution or "",
        )

    def _subject(self, customer_id: int) -> str:
        number = self._session.execute(select(Customer.number).where(Customer.id == customer_id)).scalar_one_or_none()
        return f"customer:{number if number is not None else 'unknown'}"


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TITLE]


def _restored(name: str, value: Any) -> Any:
    is_moment = name.endswith(("_at", "_until")) and isinstance(value, str)
    return datetime.fromisoformat(value) if is_moment else value


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [Case.status.in_(wanted.statuses)]
    if wanted.unassigned:
        conditions.append(Case.owner_id.is_(None))
    for column, value in (
        (Case.owner_id, wanted.owner_id), (Case.customer_id, wanted.customer_id), (Case.topic, wanted.topic or None),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    if wanted.priorities:
        conditions.append(Case.priority.in_(wanted.priorities))
    if wanted.tier:
        conditions.append(Case.customer_id.in_(select(Customer.id).where(Customer.tier == wanted.tier)))
    bounds = (
        (Case.opened_at, wanted.opened_from, wanted.opened_until),
        (Case.closed_at, wanted.closed_from, wanted.closed_until),
        (Case.due_at, None, wanted.due_until),
        (Case.snoozed_until, None, wanted.wakes_until),
    )
    for moment, since, until in bounds:
        if since is not None:
            conditions.append(moment >= since)
        if until is not None:
            conditions.append(moment < until)
    return conditions


def _order(name: str) -> tuple[Any, ...]:
    urgency = case({word: place for place, word in enumerate(PRIORITIES)}, value=Case.priority, else_=0)
    orders: dict[str, tuple[Any, ...]] = {
        "due": (Case.due_at.is_(None), Case.due_at),
        "oldest": (Case.opened_at,),
        "newest": (Case.opened_at.desc(),),
        "priority": (urgency.desc(), Case.due_at),
        "wakes": (Case.snoozed_until,),
        "closed": (Case.closed_at.desc(),),
    }
    return (*orders[name], Case.number)
