"""What commands, buttons and lines in threads mean without any guessing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.commands import CHINESE_COMMANDS, CUSTOMER_COMMANDS, STAFF_COMMANDS, forced_intent
from bot.handlers import HANDLERS
from bot.messages import IncomingMessage, Sender


def staff(**changes: Any) -> IncomingMessage:
    given = {
        "channel": "slack", "account": "T1", "delivery_id": "1", "chat_id": "C1", "message_id": "1", "side": "staff",
        "sender": Sender(external_id="U1"), "sent_at": datetime(2026, 11, 23, tzinfo=UTC),
    }  # fmt: skip
    return IncomingMessage(**{**given, **changes})


def meant(**changes: Any) -> tuple[str, str]:
    return forced_intent(staff(**changes), "agent", HANDLERS["agent"])


@pytest.mark.parametrize(
    ("text", "intent", "argument"),
    [
        ("link 10482", "link_customer", "10482"),
        ("Link #10482 ", "link_customer", "#10482"),
        ("/link 10482", "link_customer", "10482"),
        ("关联 10482", "link_customer", "10482"),
        ("关联10482", "link_customer", "10482"),
        ("trace", "trace", ""),
        ("追踪 1700000000.12", "trace", "1700000000.12"),
        ("/crm review", "review", ""),
        ("/crm 查 王芳", "find_customer", "王芳"),
        ("/crm customers in Paris", "", "customers in Paris"),
        ("link the two of them", "", "link the two of them"),
        ("trace her parcel", "", "trace her parcel"),
        ("find wang fang", "", "find wang fang"),
    ],
)
def test_two_commands_work_by_mention(text: str, intent: str, argument: str) -> None:
    assert meant(text=text) == (intent, argument)


@pytest.mark.parametrize("text", ["link 10482", "trace", "send: hello", "anything"])
def test_a_line_not_said_to_the_bot_is_a_line(text: str) -> None:
    assert meant(text=text, addressed=False) == ("desk_thread", text)


def test_customers_have_no_staff_commands() -> None:
    message = staff(side="customer", text="link 10482")
    assert forced_intent(message, "customer", HANDLERS["customer"]) == ("", "link 10482")


@pytest.mark.parametrize("button", ["nonsense:1", "", "desk_thread"])
def test_buttons_name_what_they_mean_or_nothing(button: str) -> None:
    intent, _ = meant(kind="button", button=button)
    assert intent in ("out_of_scope", "desk_thread")


def test_every_command_has_a_handler() -> None:
    staffs = {**HANDLERS["agent"], **HANDLERS["manager"]}
    assert set(STAFF_COMMANDS.values()) <= set(staffs)
    assert set(CUSTOMER_COMMANDS.values()) <= set(HANDLERS["customer"])
    assert set(CHINESE_COMMANDS.values()) <= set(STAFF_COMMANDS)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("my weibo is @tea_lover", "link_identity"),
        ("My Instagram handle is @mei.tea, thanks!", "link_identity"),
        ("我的微博叫茶小梅", "link_identity"),
        ("forget my X account", "link_identity"),
        ("把我的微博删掉吧", "link_identity"),
        ("my instagram is down", ""),
        ("delete my account", ""),
        ("my weibo is @tea_lover and my parcel is late", ""),
    ],
)
def test_a_name_in_public_is_recognised_where_nothing_else_is_said(text: str, intent: str) -> None:
    message = staff(side="customer", text=text)
    assert forced_intent(message, "customer", HANDLERS["customer"]) == (intent, text)
