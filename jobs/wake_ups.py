"""Wakes what was snoozed until now - cases and conversations - and reminds staff of tasks that fell due."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import wording
from bot.app import App
from bot.messages import Choice, Reply
from bot.outbox import take_queued
from bot.telling import own_chat, tell
from crm_core import audit
from crm_core.cases import snoozed_by, untold, wake_due
from crm_core.models import Case, CaseChange, Conversation, Staff, Task
from crm_core.staff.notifications import may_ping
from crm_core.staff.tasks import due_unreminded

AT_ONCE = 200
Say = Callable[..., str]


def wake_ups(app: App, due_at: datetime) -> dict[str, Any]:
    """Wake what is due. A row that woke is not due any more, so that a second run changes nothing."""
    now = app.clock()
    with app.store.write() as session:
        cases = wake_due(session, now, AT_ONCE)
        for case in cases:
            audit.record(
                session, app.store.vault, actor="job:wake_ups", action="case.write", subject=f"case:{case.number}",
                fields=("status",), now=now,
            )  # fmt: skip
        for change, case in untold(session):
            _tell_of_change(app, session, change, case, now)
        tasks = [task for task in due_unreminded(session, now) if _tell_of_task(app, session, task, now)]
        conversations = _due_conversations(session, now)
        for conversation in conversations:
            app.services.desk.wake(session, conversation, now)
        queued = take_queued(session)
    app.delivery.submit(queued)
    return {"cases": len(cases), "tasks": len(tasks), "conversations": len(conversations)}


def _due_conversations(session: Session, now: datetime) -> list[Conversation]:
    query = (
        select(Conversation)
        .where(Conversation.state == "snoozed", Conversation.snoozed_until <= now)
        .order_by(Conversation.snoozed_until)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return list(session.execute(query).scalars())


def _tell_of_change(app: App, session: Session, change: CaseChange, case: Case, now: datetime) -> None:
    """A case that woke up, or that somebody was given while they were not to be disturbed."""
    staff_id = snoozed_by(session, case)
    staff = session.get(Staff, staff_id) if staff_id else None
    ping = may_ping(staff, "case", now, urgent=case.priority == "urgent") if staff else "never"
    if ping == "later" and case.status == "open":
        return
    change.told_at = now
    chat = own_chat(session, staff.id) if staff and ping == "now" and case.status == "open" else None
    if chat is None:  # whoever never wrote to us finds it on their list
        return
    say = _say(app, chat)
    choices = (
        Choice(label=say("agent.cases.buttons.show"), value=f"case_list:show:{case.number}", style="primary"),
        Choice(label=say("agent.cases.buttons.close"), value=f"case_update:close:{case.number}"),
        Choice(label=say("agent.cases.buttons.snooze"), value=f"case_snooze:day:{case.number}"),
    )
    giver = session.get(Staff, change.staff_id) if change.staff_id else None
    if giver is None:
        text = say("agent.cases.woke", number=case.number, title=case.title or "")
    else:
        text = say("agent.cases.given_to_you", name=giver.name, case=f"#{case.number} · {case.title or ''}")
    tell(session, chat, Reply(text=text, choices=choices), now)


def _tell_of_task(app: App, session: Session, task: Task, now: datetime) -> bool:
    """Remind of a task, unless its owner is not to be disturbed now; True when that is settled."""
    owner = session.get_one(Staff, task.owner_id)
    ping = may_ping(owner, "task", now)
    if ping == "later":
        return False
    task.reminded_at = now
    chat = own_chat(session, owner.id) if ping == "now" else None
    if chat is None:
        return True
    say = _say(app, chat)
    when = wording.moment(task.due_at or now, chat.language or "en", owner.zone)
    choice = Choice(label=say("agent.tasks.done_button"), value=f"complete_task:done:{task.id}", style="primary")
    tell(session, chat, Reply(text=say("agent.tasks.due", title=task.title or "", when=when), choices=(choice,)), now)
    return True


def _say(app: App, chat: Conversation) -> Say:
    language = chat.language or "en"

    def say(key: str, /, **values: object) -> str:
        return app.services.phrases(key, language, **values)

    return say
