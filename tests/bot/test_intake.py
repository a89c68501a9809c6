"""What comes in is stored once, with who said it; people talking among themselves are not kept."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from bot.intake import Intake
from bot.messages import IncomingAttachment, IncomingMessage, Sender
from crm_core.database import DatabaseUnavailable, Store
from crm_core.models import Attachment, Conversation, Customer, Delivery, Identity, Interaction, OutboxMessage
from tests.conftest import NOW, Clock


def message(**given: Any) -> IncomingMessage:
    values: dict[str, Any] = {
        "channel": "telegram",
        "account": "1",
        "delivery_id": "d1",
        "chat_id": "42",
        "message_id": "7",
        "sender": Sender(external_id="42", name="Wang Fang", handle="wf"),
        "sent_at": NOW,
        "text": "hello",
    }
    return IncomingMessage(**{**values, **given})


@pytest.fixture
def ready() -> list[int]:
    return []


@pytest.fixture
def intake(store: Store, ready: list[int], clock: Clock) -> Intake:
    return Intake(store, ready.append, clock)


def rows(store: Store, model: Any) -> int:
    with store.read() as session:
        return session.execute(select(func.count(model.id))).scalar_one()


def test_a_stranger_gets_a_record_an_identity_and_a_conversation(
    intake: Intake, store: Store, ready: list[int]
) -> None:
    assert intake.receive(message())
    with store.read() as session:
        kept = session.execute(select(Interaction)).scalar_one()
        customer = session.execute(select(Customer)).scalar_one()
        assert (kept.text, kept.status, kept.direction) == ("hello", "received", "in")
        assert (customer.kind, customer.name) == ("visitor", "Wang Fang")
        assert session.execute(select(Identity)).scalar_one().verified_at is None
    assert ready == [kept.conversation_id]


@pytest.mark.parametrize(
    ("again", "new"),
    [
        ({}, False),  # the same delivery
        ({"delivery_id": "d2"}, False),  # the same message by another delivery
        ({"delivery_id": "d2", "message_id": "8"}, True),
        ({"delivery_id": "d2", "kind": "edit", "revision": 1}, True),
        ({"delivery_id": "d1", "account": "2"}, True),
    ],
)
def test_what_arrives_twice_is_stored_once(intake: Intake, store: Store, again: dict[str, Any], new: bool) -> None:
    intake.receive(message())
    assert intake.receive(message(**again)) is new
    assert rows(store, Interaction) == 1 + new


def test_one_person_is_one_record_however_often_they_write(intake: Intake, store: Store) -> None:
    for number in range(5):
        intake.receive(message(delivery_id=str(number), message_id=str(number)))
    assert (rows(store, Customer), rows(store, Conversation), rows(store, Interaction)) == (1, 1, 5)


def test_text_that_databases_refuse_is_stored_without_it(intake: Intake, store: Store) -> None:
    intake.receive(message(text="a\x00b\ud800c" + "x" * 100_000))
    with store.read() as session:
        text = session.execute(select(Interaction)).scalar_one().text or ""
    assert text.startswith("abc")
    assert len(text) == 64 * 1024


def test_files_are_kept_with_their_message(intake: Intake, store: Store) -> None:
    photo = IncomingAttachment(kind="photo", name="cup.jpg", media_type="image/jpeg", size=9, reference="f1")
    place = IncomingAttachment(kind="location", details={"latitude": 31.2, "longitude": 121.5})
    intake.receive(message(text="", attachments=(photo, place)))
    with store.read() as session:
        kept = session.execute(select(Attachment).order_by(Attachment.id)).scalars().all()
        assert [(a.kind, a.name, a.reference) for a in kept] == [("photo", "cup.jpg", "f1"), ("location", None, "")]
        assert "121.5" in (kept[1].details or "")


def staff(**given: Any) -> IncomingMessage:
    return message(channel="slack", side="staff", direct=False, chat_id="C1", sender=Sender(external_id="U1"), **given)


def test_people_talking_among_themselves_are_not_kept(intake: Intake, store: Store) -> None:
    assert not intake.receive(staff(addressed=False))
    assert not intake.receive(staff(addressed=False, delivery_id="d2", message_id="8", thread_id="7"))
    assert rows(store, Interaction) == 0


def test_a_line_in_a_hand_over_thread_is_kept(intake: Intake, store: Store) -> None:
    intake.receive(message())
    with store.write() as session:
        chat = session.execute(select(Conversation)).scalar_one()
        chat.desk_channel, chat.desk_account, chat.desk_chat_id, chat.desk_thread_id = "slack", "1", "C1", "77"
    assert intake.receive(staff(addressed=False, delivery_id="d2", message_id="8", thread_id="77"))
    assert rows(store, Interaction) == 2


def test_questions_of_two_people_in_one_channel_stay_apart(intake: Intake, store: Store) -> None:
    intake.receive(staff(message_id="1", delivery_id="1"))
    intake.receive(staff(message_id="2", delivery_id="2"))
    for user in ("U1", "U2"):
        command = {"kind": "command", "command": "find", "message_id": user, "delivery_id": user}
        intake.receive(staff(**command).model_copy(update={"sender": Sender(external_id=user)}))
    with store.read() as session:
        threads = session.execute(select(Conversation.thread_id).order_by(Conversation.thread_id)).scalars().all()
    assert threads == ["1", "2", "@U1", "@U2"]


def test_what_a_command_showed_is_gone_on_with_by_its_button(intake: Intake, store: Store) -> None:
    command = {"kind": "command", "command": "find"}
    intake.receive(staff(message_id="c", delivery_id="c", **command))
    own_chat = {"direct": True, "chat_id": "D1"}
    intake.receive(staff(message_id="d", delivery_id="d", **command).model_copy(update=own_chat))
    with store.write() as session:
        asked = session.execute(select(Conversation).where(Conversation.thread_id == "@U1")).scalar_one()
        session.add(
            OutboxMessage(
                conversation_id=asked.id, channel="slack", account="1", chat_id="C1", recipient="U1", state="sent",
                platform_message_id="900.1", queued_at=asked.started_at,
            )
        )  # fmt: skip
    pressed = {"kind": "button", "button": "affirm", "reply_to": "900.1"}
    for number, user in enumerate(("U1", "U2")):
        button = staff(message_id=user, delivery_id=user, **pressed)
        intake.receive(button.model_copy(update={"direct": True, "sender": Sender(external_id=user)}))
        assert rows(store, Conversation) == 2 + number  # U2 was shown nothing of the kind
    with store.read() as session:
        threads = session.execute(select(Conversation.thread_id).order_by(Conversation.chat_id)).scalars().all()
    assert sorted(threads) == ["", "", "@U1"]


def test_a_database_that_fails_is_told_to_the_channel_and_nothing_is_announced(
    intake: Intake, store: Store, ready: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(session: object, given: IncomingMessage) -> int:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(intake, "_store_message", full)
    with pytest.raises(DatabaseUnavailable, match="disk is full"):
        intake.receive(message())
    assert ready == []
    assert rows(store, Delivery) == 0


def test_times_are_kept_as_they_were_said(intake: Intake, store: Store) -> None:
    intake.receive(message(sent_at=datetime.fromisoformat("2026-11-22T20:00:00+08:00")))
    with store.read() as session:
        assert session.execute(select(Interaction)).scalar_one().occurred_at.isoformat() == "2026-11-22T12:00:00+00:00"


def test_a_chat_in_which_somebody_was_refused_becomes_a_customers(intake: Intake, store: Store) -> None:
    here = {"channel": "slack", "chat_id": "D7", "sender": Sender(external_id="U7", restricted=True, team="T9")}
    intake.receive(message(side="staff", direct=True, **here))
    assert intake.receive(message(delivery_id="d2", message_id="8", side="customer", **here))
    with store.read() as session:
        chat = session.execute(select(Conversation)).scalar_one()
        identity = session.execute(select(Identity)).scalar_one()
        assert (chat.audience, chat.identity_id, chat.customer_id) == ("customer", identity.id, identity.customer_id)
