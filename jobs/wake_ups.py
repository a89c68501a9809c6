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
from crm_core.cases import snoozed_by, wake_due
from crm_core.models import Case, Conversation, Staff, Task
from crm_core.staff_tasks import remind_due

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
            _tell_of_case(app, session, case, now)
        tasks = remind_due(session, now, AT_ONCE)
        for task in tasks:
            _tell_of_task(app, session, task, now)
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


def _tell_of_case(app: App, session: Session, case: Case, now: datetime) -> None:
    """Its owner hears of it where they talk to us; whoever never did finds it on their list again."""
    staff_id = snoozed_by(session, case)
    chat = own_chat(session, staff_id) if staff_id else None
    if chat is None:
        return
    say = _say(app, chat)
    choices = (
        Choice(label=say("agent.cases.buttons.show"), value=f"case_list:show:{case.number}", style="primary"),
        Choice(label=say("agent.cases.buttons.close"), value=f"case_update:close:{case.number}"),
        Choice(label=say("agent.cases.buttons.snooze"), value=f"case_snooze:day:{case.number}"),
    )
    text = say("agent.cases.woke", number=case.number, title=case.title or "")
    tell(session, chat, Reply(text=text, choices=choices), now)


def _tell_of_task(app: App, session: Session, task: Task, now: datetime) -> None:
    chat = own_chat(session, task.owner_id) if task.owner_id else None
    if chat is None:
        return
    say = _say(app, chat)
    owner = session.get_one(Staff, task.owner_id)
    when = wording.moment(task.due_at or now, chat.language or "en", owner.zone)
    choice = Choice(label=say("agent.tasks.done_button"), value=f"complete_task:done:{task.id}", style="primary")
    tell(session, chat, Reply(text=say("agent.tasks.due", title=task.title or "", when=when), choices=(choice,)), now)


def _say(app: App, chat: Conversation) -> Say:
    language = chat.language or "en"

    def say(key: str, /, **values: object) -> str:
        return app.services.phrases(key, language, **values)

    return say
