"""A stop word ends what nobody asked for the moment it comes in, before anything is understood."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from bot.intake import Intake
from bot.stopping import stop_word
from crm_core import consent
from crm_core.database import Store
from crm_core.models import Consent, Conversation, Order, OutboxMessage
from crm_core.opened_orders import OpenedOrders
from tests.bot.shop import add_order, open_shop
from tests.bot.test_intake import message
from tests.conftest import NOW, Clock


@pytest.mark.parametrize(
    "text",
    ["unsubscribe", "Unsubscribe!", "OPT OUT", "opt-out", "TD", "td。", "ＴＤ", "退订", "退訂", " 退 订 ", "回TD退订",
     "请退订", "取消订阅", "please unsubscribe", "stop all", "退订，谢谢"],
)  # fmt: skip
def test_plain_stop_words_are_sure(text: str) -> None:
    assert stop_word(text) == "sure"


@pytest.mark.parametrize("text", ["stop", "STOP.", "Stop please", "停止", "停", "别发了", "T", "/stop", "end"])
def test_words_that_may_mean_our_question_are_maybe(text: str) -> None:
    assert stop_word(text) == "maybe"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!!",
        "cancel",
        "don't stop",
        "stop the parcel",
        "non-stop",
        "取消",
        "停止我的订单",
        "退订的茶到哪了",
        "stop" * 20,
    ],
)
def test_everything_else_has_to_be_understood(text: str) -> None:
    assert stop_word(text) == ""


@pytest.fixture
def intake(store: Store, clock: Clock) -> Intake:
    return Intake(store, lambda conversation_id: None, clock)


def said_yes(store: Store, intake: Intake, *, question: bool = False, written_to: bool = True) -> int:
    """A customer who wrote once, agreed to marketing, and is about to get some."""
    intake.receive(message())
    with store.write() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        if question:
            asked = {"intent": "return_request", "wants": "text", "lapses_at": "2027-01-01T00:00:00+00:00"}
            conversation.question = json.dumps(asked)
        customer_id = conversation.customer_id
        session.add(Consent(customer_id=customer_id, kind="marketing", granted=True, how="shop", occurred_at=NOW))
        if written_to:
            session.add(
                OutboxMessage(
                    customer_id=customer_id, purpose="proactive", channel="telegram", account="1", chat_id="42",
                    queued_at=NOW,
                )
            )  # fmt: skip
        return int(customer_id or 0)


def allowed(store: Store, customer_id: int) -> bool | None:
    with store.read() as session:
        return consent.allowed(session, customer_id, "marketing", "telegram")


@pytest.mark.parametrize(
    "given",
    [{"text": "STOP"}, {"text": "退订"}, {"text": "TD", "kind": "edit", "revision": 1},
     {"text": "", "kind": "command", "command": "stop"}],
)  # fmt: skip
def test_it_is_obeyed_at_the_door(store: Store, intake: Intake, clock: Clock, given: dict[str, Any]) -> None:
    customer_id = said_yes(store, intake)
    clock.advance(seconds=30)
    intake.receive(message(delivery_id="d2", message_id="8", **given))
    assert allowed(store, customer_id) is False
    with store.read() as session:
        assert list(session.execute(select(OutboxMessage.state)).scalars()) == ["cancelled"]


@pytest.mark.parametrize(
    ("text", "written_to", "ends"),
    [("停止", True, True), ("停止", False, False), ("stop", False, False), ("退订", False, True)],
)
def test_while_a_question_is_open_a_doubtful_word_ends_marketing_where_there_was_some(
    store: Store, intake: Intake, clock: Clock, text: str, written_to: bool, ends: bool
) -> None:
    customer_id = said_yes(store, intake, question=True, written_to=written_to)
    clock.advance(seconds=30)
    intake.receive(message(delivery_id="d2", message_id="8", text=text))
    assert (allowed(store, customer_id) is False) is ends


def test_staff_may_say_stop(store: Store, intake: Intake) -> None:
    customer_id = said_yes(store, intake)
    intake.receive(message(delivery_id="d2", message_id="8", text="stop", side="staff"))
    assert allowed(store, customer_id) is True


def test_it_reaches_whose_order_was_opened_in_that_chat(store: Store, intake: Intake, clock: Clock) -> None:
    shop = open_shop(store, clock())
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    mei, visitor = shop.customers["mei"], said_yes(store, intake)
    with store.write() as session:
        session.add(Consent(customer_id=mei, kind="marketing", granted=True, how="shop", occurred_at=NOW))
        conversation = session.execute(select(Conversation)).scalar_one()
        order_id = session.execute(select(Order.id)).scalar_one()
        opened = OpenedOrders(session, store.vault, conversation.id, conversation.identity_id or 0, clock())
        conversation.context = json.dumps({"opened": [opened.opened(order_id)]})
    clock.advance(seconds=30)
    intake.receive(message(delivery_id="d2", message_id="8", text="退订"))
    assert (allowed(store, visitor), allowed(store, mei)) == (False, False)
