"""Tasks: what members of staff have to do, when, and about whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.models import Customer, Staff, Task

REMOVABLE_FOR = timedelta(days=1)
MOST_TASKS = 200
Permit = Callable[[str, str, Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task with whose it is and whom it is about."""

    task_id: int
    title: str
    owner_id: int | None
    owner: str
    customer_id: int | None
    customer: str
    customer_number: int | None
    due_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: `owner_id` None means everybody's; a bound in time leaves undated ones out."""

    owner_id: int | None = None
    customer_id: int | None = None
    due_from: datetime | None = None
    due_until: datetime | None = None
    undated: bool = False
    done: bool = False
    """Those that are done instead of those that are not."""


class StaffTasks:
    """Tasks as one member of staff may see and change them; `permit` lets each act through and notes it."""

    def __init__(self, session: Session, permit: Permit, actor: Actor, now: datetime) -> None:
        self._session = session
        self._permit = permit
        self._actor = actor
        self._now = now

    def add(self, title: str, due_at: datetime | None, customer_id: int | None) -> int:
        """Give oneself a task; returns its id."""
        self._permit("task.write", self._subject(customer_id), ("task",))
        task = Task(
            customer_id=customer_id, owner_id=self._actor.staff_id, title=title.strip(), created_at=self._now,
            due_at=due_at,
        )  # fmt: skip
        self._session.add(task)
        self._session.flush()
        return task.id

    def remove(self, task_id: int) -> bool:
        """Take back one's own task of the last day; False when it is not there, not one's own, or older."""
        task = self._session.get(Task, task_id)
        self._permit("task.write", self._subject(task.customer_id if task else None), ("task",))
        if task is None or task.owner_id != self._actor.staff_id or task.created_at < self._now - REMOVABLE_FOR:
            return False
        self._session.delete(task)
        return True

    def listed(self, wanted: TaskFilter) -> list[TaskView]:
        """The tasks that fit, what is due first in front, undated ones last."""
        self._permit("task.read", self._subject(wanted.customer_id), ("title", "due"))
        order = (Task.due_at.is_(None), Task.due_at, Task.id)
        query = select(Task).where(*_conditions(wanted)).order_by(*order).limit(MOST_TASKS)
        return [self._view(task) for task in self._session.execute(query).scalars()]

    def get(self, task_id: int) -> TaskView | None:
        """One task."""
        task = self._session.get(Task, task_id)
        self._permit("task.read", self._subject(task.customer_id if task else None), ("title", "due"))
        return self._view(task) if task else None

    def complete(self, task_id: int) -> TaskView | None:
        """Tick off one's own task; None when it is not there, not one's own, or done."""
        return self._mark(task_id, done=True)

    def reopen(self, task_id: int) -> TaskView | None:
        """Put one's own task that was ticked off within the last day back on the list."""
        return self._mark(task_id, done=False)

    def _mark(self, task_id: int, *, done: bool) -> TaskView | None:
        task = self._session.get(Task, task_id)
        self._permit("task.write", self._subject(task.customer_id if task else None), ("done",))
        if task is None or task.owner_id != self._actor.staff_id or (task.done_at is None) is not done:
            return None
        if task.done_at is not None and task.done_at < self._now - REMOVABLE_FOR:
            return None
        task.done_at = self._now if done else None
        return self._view(task)

    def _view(self, task: Task) -> TaskView:
        owner = self._session.get(Staff, task.owner_id) if task.owner_id else None
        customer = self._session.get(Customer, task.customer_id) if task.customer_id else None
        return TaskView(
            task_id=task.id,
            title=task.title or "",
            owner_id=task.owner_id,
            owner=owner.name if owner else "",
            customer_id=task.customer_id,
            customer=(customer.name or "") if customer else "",
            customer_number=customer.number if customer else None,
            due_at=task.due_at,
            done_at=task.done_at,
        )

    def _subject(self, customer_id: int | None) -> str:
        if customer_id is None:
            return "task"
        number = self._session.execute(select(Customer.number).where(Customer.id == customer_id)).scalar_one_or_none()
        return f"customer:{number if number is not None else 'unknown'}"


def _conditions(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [Task.done_at.is_not(None) if wanted.done else Task.done_at.is_(None)]
    if wanted.owner_id is not None:
        conditions.append(Task.owner_id == wanted.owner_id)
    if wanted.customer_id is not None:
        conditions.append(Task.customer_id == wanted.customer_id)
    when = Task.done_at if wanted.done else Task.due_at
    if wanted.due_from is not None:
        conditions.append(when >= wanted.due_from)
    if wanted.due_until is not None:
        conditions.append(when < wanted.due_until)
    if wanted.undated:
        conditions.append(Task.due_at.is_(None))
    return conditions


def due_unreminded(session: Session, now: datetime) -> list[Task]:
    """Tasks that fell due and whose owner was not told yet."""
    query = select(Task).where(
        Task.done_at.is_(None), Task.reminded_at.is_(None), Task.owner_id.is_not(None), Task.due_at <= now
    )
    return list(session.execute(query.order_by(Task.due_at).with_for_update(skip_locked=True)).scalars())
