"""The jobs that ship, on the sample business."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from bot.messages import Reply
from bot.outbox import queue_reply
from crm_core import audit
from crm_core.analytics.facts.folder import KEPT, NAME, writing
from crm_core.models import Attachment, AuditEntry, Conversation, Delivery, Interaction, JobRun, OutboxMessage
from jobs.cleanup import BATCH, cleanup
from jobs.daily_digest import daily_digest
from jobs.errors import TryLater
from jobs.runner import run_now
from jobs.sweeps import unanswered_sweep, undelivered_sweep
from tests.dialogues import QUEUE, Stage

DUE = datetime(2026, 11, 23, 1, tzinfo=UTC)  # nine in the morning in Shanghai


def digests(stage: Stage) -> list[OutboxMessage]:
    with stage.app.store.read() as session:
        query = select(OutboxMessage).where(OutboxMessage.purpose == "proactive")
        return list(session.execute(query).scalars())


def test_the_digest_reaches_the_support_channel_once_a_date(stage: Stage) -> None:
    assert daily_digest(stage.app, DUE) == {"sent": True, "channel": "slack", "charts": 3, "notable": 2}
    assert daily_digest(stage.app, DUE)["sent"] is False
    assert daily_digest(stage.app, DUE + timedelta(hours=1))["sent"] is False
    stage.settle()
    sent = [outgoing for outgoing in stage.desk.outgoing if outgoing.chat_id == QUEUE]
    assert len(sent) == 1
    assert "Digest: Sun 22 Nov 2026" in sent[0].reply.text
    assert "② Copper Kettle Co 15 posts" in sent[0].reply.text
    assert len(sent[0].reply.files) == 3
    assert not sent[0].thread_id
    assert [row.state for row in digests(stage)] == ["sent"]


def test_the_digest_is_a_managers_conversation_and_audited(stage: Stage) -> None:
    daily_digest(stage.app, DUE)
    with stage.app.store.read() as session:
        conversation = session.get_one(Conversation, digests(stage)[0].conversation_id)
        assert (conversation.audience, conversation.customer_id) == ("manager", None)
        entry = session.execute(select(AuditEntry).order_by(AuditEntry.position.desc()).limit(1)).scalar_one()
        assert (entry.actor, entry.action) == ("job:daily_digest", "digest.read")
        assert isinstance(audit.verify(session, stage.app.store.vault), audit.Verified)


def test_the_next_day_has_its_own_digest(stage: Stage) -> None:
    daily_digest(stage.app, DUE)
    assert daily_digest(stage.app, DUE + timedelta(days=1))["sent"] is True
    stage.settle()
    assert len(digests(stage)) == 2


def test_the_digest_waits_until_slack_is_connected(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.desk, "queue", "")
    with pytest.raises(TryLater):
        daily_digest(stage.app, DUE)
    monkeypatch.setitem(stage.app.unavailable, "slack", "the token is wrong")
    assert daily_digest(stage.app, DUE)["sent"] is False
    assert digests(stage) == []


def test_the_digest_speaks_the_language_of_its_place(stage: Stage) -> None:
    daily_digest(stage.app, DUE)
    with stage.app.store.write() as session:
        session.execute(update(Conversation).where(Conversation.chat_id == QUEUE).values(language="zh"))
    daily_digest(stage.app, DUE + timedelta(days=1))
    stage.settle()
    assert [outgoing.language for outgoing in stage.desk.outgoing] == ["en", "zh"]
    assert "简报" in stage.desk.outgoing[1].reply.text


def test_cleanup_removes_what_is_old_and_nothing_else(stage: Stage) -> None:
    now = stage.clock()
    old, young = now - timedelta(days=8), now - timedelta(days=6)
    with stage.app.store.write() as session:
        for number in range(BATCH + 7):
            session.add(Delivery(channel="telegram", account="1", delivery_id=f"old-{number}", received_at=old))
        session.add(Delivery(channel="telegram", account="1", delivery_id="young", received_at=young))
        made = stage.app.files.save(session, b"chart", "old.png", "image/png")
        kept = stage.app.files.save(session, b"chart", "new.png", "image/png")
        session.execute(
            update(Attachment).where(Attachment.id == made.attachment_id).values(created_at=now - timedelta(days=31))
        )
        for days, state in ((91, "done"), (91, "running"), (89, "done")):
            session.add(
                JobRun(
                    job="x", due_at=now - timedelta(days=days, seconds=len(state)), state=state, owner="me",
                    lease_until=now, started_at=now,
                )
            )  # fmt: skip
    with writing(stage.app.settings.data_dir / NAME, now - KEPT):
        pass
    done = cleanup(stage.app, now)
    assert done == {
        "deliveries": BATCH + 7, "envelopes": 0, "files": 1, "job_runs": 1, "post_bands": 0, "post_records": 0,
        "facts": 1,
    }  # fmt: skip
    assert stage.app.files.read(kept.attachment_id) == b"chart"
    path = stage.app.settings.data_dir / "files" / str(made.attachment_id % 100) / str(made.attachment_id)
    assert not path.exists()
    assert cleanup(stage.app, now) == dict.fromkeys(done, 0)


def test_cleanup_keeps_a_failed_messages_envelope_for_a_week(stage: Stage) -> None:
    stage.customer_says("70001", "hello")
    with stage.app.store.write() as session:
        row = session.execute(select(Interaction).where(Interaction.chat_id == "70001")).scalars().first()
        assert row is not None
        row.status, row.incoming = "failed", "{}"
    assert cleanup(stage.app, stage.clock())["envelopes"] == 0
    stage.clock.advance(days=8)
    assert cleanup(stage.app, stage.clock())["envelopes"] == 1
    with stage.app.store.read() as session:
        assert session.get_one(Interaction, row.id).incoming is None


def test_what_was_stored_and_forgotten_is_answered(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.app.intake, "_ready", lambda conversation_id: None)  # the process died right here
    assert stage.customer_says("70001", "hello") == []
    assert unanswered_sweep(stage.app, DUE) == {"submitted": 0}
    stage.clock.advance(seconds=61)
    assert unanswered_sweep(stage.app, DUE) == {"submitted": 1}
    stage.settle()
    assert len(stage.customers.outgoing) == 1
    assert unanswered_sweep(stage.app, DUE) == {"submitted": 0}


def test_what_another_process_queued_is_delivered_once(stage: Stage) -> None:
    stage.customer_says("70001", "hello")
    with stage.app.store.write() as session:
        conversation = session.execute(select(Conversation).where(Conversation.chat_id == "70001")).scalar_one()
        queue_reply(session, conversation, Reply(text="from elsewhere"), now=stage.clock())
    assert undelivered_sweep(stage.app, DUE) == {"taken": 0}
    stage.clock.advance(seconds=61)
    assert undelivered_sweep(stage.app, DUE) == {"taken": 1}
    stage.settle()
    assert undelivered_sweep(stage.app, DUE) == {"taken": 0}
    assert [outgoing.reply.text for outgoing in stage.customers.outgoing].count("from elsewhere") == 1


def test_a_job_run_by_hand_says_what_it_did(stage: Stage) -> None:
    state, result = run_now(stage.app, "daily_digest")
    assert (state, result["sent"]) == ("done", True)
    json.dumps(result)
    with stage.app.store.read() as session:
        assert session.execute(select(func.count()).where(JobRun.job == "daily_digest")).scalar_one() == 1
