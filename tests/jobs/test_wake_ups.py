"""Waking what was snoozed and reminding of tasks: once, at the time, whoever is told."""

from datetime import timedelta

from sqlalchemy import select

from crm_core import audit
from crm_core.models import AuditEntry, Case, CaseChange, Conversation, OutboxMessage, Staff, Task
from jobs.wake_ups import wake_ups
from tests.dialogues import Stage

DONE = {"cases": 0, "tasks": 0, "conversations": 0}


def snoozed_case(stage: Stage, minutes: int) -> int:
    """Case 3312, asleep for some minutes; returns its id."""
    with stage.app.store.write() as session:
        case = session.execute(select(Case).where(Case.number == 3312)).scalar_one()
        case.status, case.snoozed_until = "snoozed", stage.clock() + timedelta(minutes=minutes)
        return case.id


def told(stage: Stage) -> list[OutboxMessage]:
    with stage.app.store.read() as session:
        query = select(OutboxMessage).where(OutboxMessage.purpose == "proactive")
        return list(session.execute(query).scalars())


def test_a_case_wakes_once_and_at_its_time(stage: Stage) -> None:
    wake_ups(stage.app, stage.clock())  # what fell due in the sample business
    case_id = snoozed_case(stage, 30)
    stage.clock.advance(minutes=29)
    assert wake_ups(stage.app, stage.clock()) == DONE
    stage.clock.advance(minutes=1)
    assert wake_ups(stage.app, stage.clock()) == {**DONE, "cases": 1}
    assert wake_ups(stage.app, stage.clock()) == DONE
    with stage.app.store.read() as session:
        case = session.get_one(Case, case_id)
        assert (case.status, case.snoozed_until) == ("open", None)
        changes = session.execute(select(CaseChange).where(CaseChange.case_id == case_id)).scalars().all()
        assert [(change.staff_id, change.fields["status"]) for change in changes] == [(None, ["snoozed", "open"])]
        entry = session.execute(select(AuditEntry).order_by(AuditEntry.position.desc()).limit(1)).scalar_one()
        assert (entry.actor, entry.subject) == ("job:wake_ups", "case:3312")
        assert isinstance(audit.verify(session, stage.app.store.vault), audit.Verified)


def test_an_owner_without_a_chat_is_not_told_in_front_of_others(stage: Stage) -> None:
    snoozed_case(stage, 1)
    stage.clock.advance(minutes=2)
    assert wake_ups(stage.app, stage.clock())["cases"] == 1
    assert told(stage) == []


def test_the_owner_is_told_in_their_own_chat(stage: Stage) -> None:
    stage.staff_says("U-AGENT", "hello there")
    case_id = snoozed_case(stage, 1)
    with stage.app.store.write() as session:
        owner = session.execute(select(Staff).where(Staff.external_id == "slack:U-AGENT")).scalar_one()
        session.get_one(Case, case_id).owner_id = owner.id
    stage.clock.advance(minutes=2)
    wake_ups(stage.app, stage.clock())
    wake_ups(stage.app, stage.clock())
    stage.settle()
    assert [(row.chat_id, row.state) for row in told(stage)] == [("D-U-AGENT", "sent")]


def test_a_task_is_reminded_of_once_and_not_when_done(stage: Stage) -> None:
    stage.staff_says("U-AGENT", "hello there")
    wake_ups(stage.app, stage.clock())
    with stage.app.store.write() as session:
        owner = session.execute(select(Staff).where(Staff.external_id == "slack:U-AGENT")).scalar_one()
        due = stage.clock() + timedelta(minutes=5)
        for title, done in (("weigh beans", None), ("sweep", stage.clock())):
            session.add(Task(owner_id=owner.id, title=title, created_at=stage.clock(), due_at=due, done_at=done))
    assert wake_ups(stage.app, stage.clock()) == DONE
    stage.clock.advance(minutes=6)
    assert wake_ups(stage.app, stage.clock()) == {**DONE, "tasks": 1}
    assert wake_ups(stage.app, stage.clock()) == DONE
    stage.settle()
    assert [row.chat_id for row in told(stage)] == ["D-U-AGENT"]
    assert "weigh beans" in stage.desk.outgoing[-1].reply.text


def test_quiet_hours_are_kept_and_what_came_meanwhile_is_told_after_them(stage: Stage) -> None:
    stage.staff_says("U-AGENT", "hello there")
    wake_ups(stage.app, stage.clock())
    case_id = snoozed_case(stage, 1)
    with stage.app.store.write() as session:
        owner = session.execute(select(Staff).where(Staff.external_id == "slack:U-AGENT")).scalar_one()
        owner.notifications = {"quiet_from": 12 * 60, "quiet_until": 14 * 60}  # it is noon in Shanghai
        session.get_one(Case, case_id).owner_id = owner.id
        due = stage.clock() + timedelta(minutes=1)
        session.add(Task(owner_id=owner.id, title="weigh beans", created_at=stage.clock(), due_at=due))
    stage.clock.advance(minutes=2)
    assert wake_ups(stage.app, stage.clock()) == {**DONE, "cases": 1}
    assert told(stage) == []
    stage.clock.advance(hours=2)
    assert wake_ups(stage.app, stage.clock()) == {**DONE, "tasks": 1}
    assert wake_ups(stage.app, stage.clock()) == DONE
    stage.settle()
    assert [row.chat_id for row in told(stage)] == ["D-U-AGENT"] * 2


def test_whoever_switched_a_kind_off_is_not_told(stage: Stage) -> None:
    stage.staff_says("U-AGENT", "hello there")
    wake_ups(stage.app, stage.clock())
    with stage.app.store.write() as session:
        owner = session.execute(select(Staff).where(Staff.external_id == "slack:U-AGENT")).scalar_one()
        owner.notifications = {"off": ["task"]}
        due = stage.clock() + timedelta(minutes=1)
        session.add(Task(owner_id=owner.id, title="weigh beans", created_at=stage.clock(), due_at=due))
    stage.clock.advance(minutes=2)
    assert wake_ups(stage.app, stage.clock()) == {**DONE, "tasks": 1}
    assert told(stage) == []


def test_a_conversation_waits_again_even_where_nobody_can_be_told(stage: Stage) -> None:
    stage.link("70001", 10391)
    stage.customer_says("70001", "let me talk to a human being")
    with stage.app.store.write() as session:
        row = session.execute(select(Conversation).where(Conversation.chat_id == "70001")).scalar_one()
        row.state, row.snoozed_until = "snoozed", stage.clock() + timedelta(hours=4)
    stage.desk.queue = ""
    stage.clock.advance(hours=5)
    assert wake_ups(stage.app, stage.clock())["conversations"] == 1
    assert wake_ups(stage.app, stage.clock())["conversations"] == 0
    assert stage.conversation("70001").state == "waiting"


def test_in_quiet_hours_nobody_is_pinged_and_afterwards_of_all(stage: Stage) -> None:
    stage.staff_says("U-AGENT", "stop pinging me after 11am")
    wake_ups(stage.app, stage.clock())
    case_id = snoozed_case(stage, 1)
    with stage.app.store.write() as session:
        owner = session.execute(select(Staff).where(Staff.external_id == "slack:U-AGENT")).scalar_one()
        session.get_one(Case, case_id).owner_id = owner.id
        due = stage.clock() + timedelta(minutes=1)
        session.add(Task(owner_id=owner.id, title="weigh beans", created_at=stage.clock(), due_at=due))
    stage.clock.advance(minutes=2)
    assert wake_ups(stage.app, stage.clock()) == {**DONE, "cases": 1}  # it is noon there
    assert told(stage) == []
    stage.clock.advance(hours=21)
    assert wake_ups(stage.app, stage.clock())["tasks"] >= 1
    assert wake_ups(stage.app, stage.clock()) == DONE
    stage.settle()
    texts = [outgoing.reply.text for outgoing in stage.desk.outgoing[-2:]]
    assert len(told(stage)) == 2
    assert any("3312" in text for text in texts)
    assert any("weigh beans" in text for text in texts)


def test_what_somebody_switched_off_never_comes(stage: Stage) -> None:
    stage.staff_says("U-AGENT", "turn task reminders off")
    wake_ups(stage.app, stage.clock())
    with stage.app.store.write() as session:
        owner = session.execute(select(Staff).where(Staff.external_id == "slack:U-AGENT")).scalar_one()
        session.add(Task(owner_id=owner.id, title="sweep", created_at=stage.clock(), due_at=stage.clock()))
    wake_ups(stage.app, stage.clock())
    stage.staff_says("U-AGENT", "start notifying me again")
    wake_ups(stage.app, stage.clock())
    assert told(stage) == []
