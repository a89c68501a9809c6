"""The outbox reaches the platforms: in order, paced, again after failures, proactive messages at most once."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

import pytest
from sqlalchemy import select

from bot.channels.base import DeliveryFailed, Pace, Refused, RetryLater, Unclear
from bot.delivery import Delivery
from bot.messages import Outgoing, Reply
from bot.outbox import queue_reply, queue_to_desk, take_queued
from crm_core.database import DatabaseUnavailable, Store
from crm_core.models import Conversation, Customer, Identity, OutboxMessage
from tests.conftest import Clock


class Platform:
    """Takes messages; `faults` are raised first, one for each send."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []
        self.faults: list[DeliveryFailed] = []
        self.lock = threading.Lock()

    def send(self, outgoing: Outgoing) -> str:
        with self.lock:
            if self.faults:
                raise self.faults.pop(0)
            self.taken.append(outgoing)
            return f"m{len(self.taken)}"

    def texts(self, chat_id: str = "") -> list[str]:
        return [o.reply.text for o in self.taken if not chat_id or o.chat_id == chat_id]


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def delivery(store: Store, platform: Platform, clock: Clock) -> Iterator[Delivery]:
    built = Delivery(
        store, platform.send, {"telegram": Pace(0, 0)}, clock, retry_unit=0.00001, zone="Asia/Shanghai"
    )  # fmt: skip
    yield built
    built.stop()


def conversation(store: Store, clock: Callable[[], datetime], chat_id: str) -> Conversation:
    with store.write() as session:
        customer = Customer(number=int(chat_id), first_seen_at=clock(), updated_at=clock())
        session.add(customer)
        session.flush()
        identity = Identity(
            customer_id=customer.id, channel="telegram", account="1", external_id=chat_id, first_seen_at=clock()
        )
        session.add(identity)
        session.flush()
        opened = Conversation(channel="telegram", account="1", chat_id=chat_id, customer_id=customer.id)
        opened.identity_id, opened.state_since, opened.started_at = identity.id, clock(), clock()
        session.add(opened)
    return opened


def queue(store: Store, clock: Clock, to: Conversation, *texts: str, purpose: str = "reply") -> list[OutboxMessage]:
    with store.write() as session:
        for text in texts:
            queue_reply(session, to, Reply(text=text), now=clock(), purpose=purpose, kind="orders")
        return take_queued(session)


def states(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.execute(select(OutboxMessage.state).order_by(OutboxMessage.id)).scalars())


def test_replies_of_one_chat_arrive_in_order_and_are_recorded(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    rows = [queue(store, clock, conversation(store, clock, str(chat)), *"abcde") for chat in (1, 2, 3)]
    delivery.start()  # finds what is queued in the database
    assert delivery.idle(10)
    assert all(platform.texts(str(chat)) == list("abcde") for chat in (1, 2, 3))
    assert states(store) == ["sent"] * sum(map(len, rows))


def test_a_failed_reply_is_tried_again_before_the_next_one(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [RetryLater("flood", 0.01), Unclear("no answer")]
    chat = conversation(store, clock, "1")
    delivery.start()
    delivery.submit(queue(store, clock, chat, "first", "second"))
    assert delivery.idle(10)
    assert platform.texts() == ["first", "second"]


def test_an_unclear_proactive_message_waits_for_a_person(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [Unclear("no answer")]
    chat = conversation(store, clock, "1")
    delivery.start()
    delivery.submit(queue(store, clock, chat, "offer", purpose="proactive"))
    assert delivery.idle(10)
    assert (platform.texts(), states(store)) == ([], ["unclear"])


def test_a_proactive_message_that_was_being_sent_at_a_crash_is_not_sent_again(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    queue(store, clock, conversation(store, clock, "1"), "offer", purpose="proactive")
    with store.write() as session:
        session.execute(select(OutboxMessage)).scalar_one().state = "sending"
    delivery.start()
    assert delivery.idle(10)
    assert (platform.texts(), states(store)) == ([], ["unclear"])


def test_a_cancelled_proactive_message_is_not_sent(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    rows = queue(store, clock, conversation(store, clock, "1"), "offer", purpose="proactive")
    with store.write() as session:
        session.execute(select(OutboxMessage)).scalar_one().state = "cancelled"
    delivery.start()
    delivery.submit(rows)
    assert delivery.idle(10)
    assert platform.texts() == []


def test_a_person_who_blocked_us_is_remembered(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [Refused("Forbidden: bot was blocked by the user")]
    chat = conversation(store, clock, "1")
    delivery.start()
    delivery.submit(queue(store, clock, chat, "hello"))
    assert delivery.idle(10)
    with store.read() as session:
        assert session.get_one(Identity, chat.identity_id).blocked_at == clock()
    assert states(store) == ["failed"]


def test_after_many_tries_a_message_is_given_up_and_the_next_one_goes_out(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [Unclear("no answer")] * 12
    chat = conversation(store, clock, "1")
    delivery.start()
    delivery.submit(queue(store, clock, chat, "lost", "next"))
    assert delivery.idle(20)
    assert (platform.texts(), states(store)) == (["next"], ["failed", "sent"])


def test_a_platform_that_is_down_for_long_costs_no_reply(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [RetryLater("down", 0.0)] * 14
    delivery.start()
    delivery.submit(queue(store, clock, conversation(store, clock, "1"), "late"))
    assert delivery.idle(60)
    assert (platform.texts(), states(store)) == (["late"], ["sent"])


def test_after_a_day_a_reply_is_not_worth_sending(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [RetryLater("down", 0.0)]
    rows = queue(store, clock, conversation(store, clock, "1"), "stale")
    clock.advance(hours=25)
    delivery.start()
    assert delivery.idle(10)
    assert len(rows) == 1
    assert (platform.texts(), states(store)) == ([], ["failed"])


def test_what_was_sent_but_not_recorded_is_not_sent_again(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, full = delivery._settle, [DatabaseUnavailable("disk full")] * 2

    def failing(row: OutboxMessage, state: str, message_id: str = "", error: str = "") -> None:
        if full:
            raise full.pop()
        settle(row, state, message_id, error)

    monkeypatch.setattr(delivery, "_settle", failing)
    monkeypatch.setattr("bot.delivery.FAILED_HOLD", 0.01)
    delivery.start()
    delivery.submit(queue(store, clock, conversation(store, clock, "1"), "once"))
    assert delivery.idle(10)
    assert (platform.texts(), states(store)) == (["once"], ["sent"])


def test_a_text_corrected_while_it_waits_goes_out_corrected(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    rows = queue(store, clock, conversation(store, clock, "1"), "teh answer")
    with store.write() as session:
        session.get_one(OutboxMessage, rows[0].id).reply = Reply(text="the answer").model_dump_json()
    delivery.submit(rows)
    delivery.start()
    assert delivery.idle(10)
    assert platform.texts()[0] == "the answer"


def test_a_hand_over_that_cannot_be_announced_gives_the_conversation_back_to_the_bot(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    platform.faults = [Refused("channel is archived")]
    chat = conversation(store, clock, "1")
    delivery.start()
    with store.write() as session:
        waiting = session.get_one(Conversation, chat.id)
        waiting.state, waiting.desk_channel, waiting.desk_account, waiting.desk_chat_id = (
            "waiting",
            "telegram",
            "1",
            "7",
        )
        queue_to_desk(session, waiting, Reply(text="opens"), now=clock(), language="en", opens=True)
        rows = take_queued(session)
    delivery.submit(rows)
    assert delivery.idle(10)
    with store.read() as session:
        assert session.get_one(Conversation, chat.id).state == "bot"


def test_what_follows_goes_into_the_thread_that_the_first_message_opened(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    chat = conversation(store, clock, "1")
    delivery.start()
    with store.write() as session:
        open_chat = session.get_one(Conversation, chat.id)
        open_chat.desk_channel, open_chat.desk_account, open_chat.desk_chat_id = "telegram", "1", "77"
        queue_to_desk(session, open_chat, Reply(text="opens"), now=clock(), language="en", opens=True)
        queue_to_desk(session, open_chat, Reply(text="follows"), now=clock(), language="en")
        rows = take_queued(session)
    delivery.submit(rows)
    assert delivery.idle(10)
    assert [(o.reply.text, o.thread_id) for o in platform.taken] == [("opens", ""), ("follows", "m1")]


def test_what_staff_sent_is_ticked_and_a_failure_is_crossed_with_its_reason(
    store: Store, delivery: Delivery, platform: Platform, clock: Clock
) -> None:
    chat = conversation(store, clock, "1")
    origin = {"channel": "telegram", "account": "1", "chat_id": "77", "thread_id": "t", "message_id": "s1"}
    delivery.start()
    for fault in ([], [Refused("chat is gone")]):
        platform.faults = list(fault)
        with store.write() as session:
            queue_reply(session, chat, Reply(text="from staff"), now=clock(), author="staff", origin=origin)
            rows = take_queued(session)
        delivery.submit(rows)
        assert delivery.idle(10)
    marks = [o.reply for o in platform.taken if o.reply.mark]
    assert [(m.mark, m.target, m.text) for m in marks] == [("sent", "s1", ""), ("failed", "s1", "chat is gone")]


def test_a_chat_is_not_used_faster_than_its_pace(store: Store, clock: Clock) -> None:
    """A chat's messages start at least its pace apart, measured by the clock that delivery itself goes by."""
    at: list[float] = []

    def send(outgoing: Outgoing) -> str:
        at.append(time.monotonic())
        return "m"

    paced = Delivery(store, send, {"telegram": Pace(0, 0.05)}, clock)
    queue(store, clock, conversation(store, clock, "1"), "a", "b", "c")
    paced.start()
    assert paced.idle(10)
    paced.stop()
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(at))
