"""Hand-over threads: taking, giving back, what is sent and what stays inside, corrections, drafts, linking."""

from datetime import timedelta
from typing import Any

import pytest

from bot.handlers.agent.handoff import SEND_PREFIXES, sendable
from bot.handover import Desk, Place
from bot.messages import Reply
from crm_core.models import AuditEntry, Conversation, Identity, OutboxMessage
from tests.bot.handlers.agent_turns import NOW, THREAD, Colleague, Floor, buttons, shown
from tests.bot.shop import add_order


@pytest.fixture
def chat(floor: Floor) -> int:
    return floor.chat(floor.shop.customers["mei"], handed_over=True)


@pytest.fixture
def inside(floor: Floor, chat: int) -> Colleague:
    return Colleague(floor, in_thread=True)


def texts(floor: Floor, chat: int) -> list[str]:
    return [reply.text for reply, _ in floor.sent_to(chat)]


# --- taking and giving back -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "taken", "back"), [("en", "has this conversation", "answers again"), ("zh", "已接手", "重新开始")]
)
def test_take_and_return_in_the_thread(floor: Floor, chat: int, language: Any, taken: str, back: str) -> None:
    somebody = Colleague(floor, in_thread=True, language=language)
    assert taken in somebody.says("handoff_take", "I take it").text
    assert (floor.conversation(chat).state, floor.conversation(chat).assignee_id) == ("person", 1)
    assert back in somebody.says("handoff_return", "back to the bot").text
    assert (floor.conversation(chat).state, floor.conversation(chat).assignee_id) == ("bot", None)


@pytest.mark.parametrize(
    ("action", "state"),
    [("take", "person"), ("resolve", "resolved"), ("snooze", "snoozed"), ("return", "bot")],
)
def test_the_buttons_of_the_thread(floor: Floor, chat: int, inside: Colleague, action: str, state: str) -> None:
    assert inside.presses(f"desk:{action}:{chat}").text
    assert floor.conversation(chat).state == state


def test_resolved_once_the_customer_is_asked_once(floor: Floor, chat: int, inside: Colleague) -> None:
    inside.presses(f"desk:resolve:{chat}")
    inside.presses(f"desk:resolve:{chat}")
    assert len(floor.sent_to(chat)) == 1
    assert [choice.value for choice in floor.sent_to(chat)[0][0].choices] == [f"csat_rating:{n}" for n in range(1, 6)]


@pytest.mark.parametrize("value", ["desk:take:12345", "desk:nonsense:1", "desk:", "desk:send:77", "desk:send:x"])
def test_buttons_of_nothing_change_nothing(floor: Floor, agent: Colleague, value: str) -> None:
    assert agent.presses(value).text
    assert floor.rows(OutboxMessage) == []


def test_a_long_conversation_opens_its_thread_with_what_was_said_before(floor: Floor) -> None:
    chat, now = floor.chat(floor.shop.customers["mei"]), NOW
    for hours, text in ((60, "long ago"), (2, "the mill burnt"), *((1, f"word {place}") for place in range(6))):
        floor.customer_wrote(chat, text, occurred_at=now - timedelta(hours=hours))
    desk = Desk(lambda: Place("slack", "T1", THREAD), floor.services.phrases, "UTC", lambda texts: [str(texts)])
    with floor.store.write() as session:
        assert desk.hand_over(session, session.get_one(Conversation, chat), "asked", now)
        session.info.pop("queued", None)
    lines = Reply.model_validate_json(floor.rows(OutboxMessage)[0].reply).text.splitlines()
    first = lines.index("Before that, in 1 message, above all:")
    assert lines[first + 1 : first + 4] == ["> ['the mill burnt']", "And last:", "> word 0"]


def test_taking_outside_a_thread_opens_one_for_the_customer_meant(floor: Floor, agent: Colleague) -> None:
    chat = floor.chat(floor.shop.customers["mei"])
    floor.customer_wrote(chat, "hello?")
    agent.says("show_customer", "show 李梅")
    agent.says("handoff_take", "I'll take this one")
    assert floor.conversation(chat).state == "person"
    [opened] = floor.rows(OutboxMessage)
    assert (opened.opens_desk, opened.channel) == (True, "slack")
    assert "hello?" in (opened.reply or "")


def test_where_nobody_wrote_there_is_nothing_to_take(floor: Floor, agent: Colleague) -> None:
    assert "never written" in agent.commands("handoff_take", "10002").text
    assert "hand-over thread" in Colleague(floor).says("handoff_take", "mine").text


def test_without_a_staff_channel_nothing_is_taken(floor: Floor, agent: Colleague) -> None:
    floor.connected = False
    chat = floor.chat(floor.shop.customers["mei"])
    assert "No staff channel" in agent.commands("handoff_take", "10001").text
    assert floor.conversation(chat).state == "bot"


# --- inside or out --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("send: Hello Mei", "Hello Mei"),
        ("Send: Hello", "Hello"),
        ("SEND：Hello", "Hello"),
        ("  send to customer: Hello\nsecond line", "Hello\nsecond line"),
        ("发送：您好", "您好"),
        ("发送: 您好", "您好"),
        ("发给客户：您好", "您好"),
    ],
)
def test_only_a_prefix_sends(floor: Floor, chat: int, inside: Colleague, line: str, sent: str) -> None:
    inside.writes(line, "m7")
    [(reply, origin)] = floor.sent_to(chat)
    assert reply.text == sent
    assert origin is not None
    assert (origin["message_id"], origin["thread_id"], origin["channel"]) == ("m7", THREAD, "slack")
    assert (floor.conversation(chat).state, floor.conversation(chat).assignee_id) == ("person", 1)


@pytest.mark.parametrize(
    "line",
    [
        "she is wrong, do not tell her",
        "resend: the file",
        "I will send: later",
        "发送了吗：不知道",
        "sender: Bob",
        "",
        "send",
    ],
)
def test_everything_else_stays_inside(floor: Floor, chat: int, inside: Colleague, line: str) -> None:
    reply = inside.writes(line)
    assert floor.sent_to(chat) == []
    assert reply.private is True
    assert buttons(reply)[0].startswith("desk:send:")


@pytest.mark.parametrize(("line", "word"), [("internal words", "internal note"), ("内部的话", "内部备注")])
def test_a_line_is_answered_in_its_own_language(inside: Colleague, line: str, word: str) -> None:
    assert word in inside.writes(line).text


def test_the_button_below_a_line_sends_it_once_with_its_files(floor: Floor, chat: int, inside: Colleague) -> None:
    value = buttons(inside.writes("Here is your invoice", "m8", files=["invoice.png"]))[0]
    assert shown(inside.presses(value)) == ""
    assert "sent to the customer before" in inside.presses(value).text
    [(reply, origin)] = floor.sent_to(chat)
    assert (reply.text, [file.name for file in reply.files]) == ("Here is your invoice", ["invoice.png"])
    assert origin is not None
    assert origin["message_id"] == "m8"


def test_files_alone_can_be_sent_and_nothing_at_all_cannot(floor: Floor, chat: int, inside: Colleague) -> None:
    assert "nothing to send" in inside.writes("send:", "m1").text
    inside.writes("send:", "m2", files=["photo.png"])
    assert [[file.name for file in reply.files] for reply, _ in floor.sent_to(chat)] == [["photo.png"]]


def test_a_line_of_another_thread_cannot_be_sent_here(floor: Floor, chat: int, inside: Colleague) -> None:
    value = buttons(inside.writes("internal", "m9"))[0]
    outside = Colleague(floor)
    assert "hand-over thread" in outside.presses(value).text
    assert floor.sent_to(chat) == []


def test_the_shortcut_sends_the_line_it_was_used_on(floor: Floor, chat: int, inside: Colleague) -> None:
    inside.writes("I look into it", "m5")
    inside.writes("", "m6", command="send", reply_to="m5")
    assert texts(floor, chat) == ["I look into it"]
    assert inside.writes("", "m7", command="send", reply_to="nothing").text


def test_a_line_in_a_thread_that_is_nobodys_is_left_alone(floor: Floor) -> None:
    assert shown(Colleague(floor, in_thread=True).writes("send: hello")) == ""
    assert floor.rows(OutboxMessage) == []


# --- corrections ----------------------------------------------------------------------------------------------------
def test_an_edit_of_what_was_sent_reaches_the_customer(floor: Floor, chat: int, inside: Colleague) -> None:
    inside.writes("send: It ships tomorow", "m1")
    with floor.store.write() as session:
        sent = session.get_one(OutboxMessage, floor.rows(OutboxMessage)[-1].id)
        sent.state, sent.platform_message_id = "sent", "tg-9"
    assert "customer's copy" in inside.writes("send: It ships tomorrow", "m1", edit=True).text
    edits = [reply for reply, _ in floor.sent_to(chat) if reply.edit]
    assert [(reply.text, reply.target) for reply in edits] == [("It ships tomorrow", "tg-9")]


def test_an_edit_of_what_stayed_inside_stays_inside(floor: Floor, chat: int, inside: Colleague) -> None:
    inside.writes("she is rude", "m1")
    assert shown(inside.writes("send: she is very rude", "m1", edit=True)) == ""
    assert floor.sent_to(chat) == []


def test_a_deleted_line_is_kept_quietly(floor: Floor, chat: int, inside: Colleague) -> None:
    inside.writes("send: hello", "m1")
    assert shown(inside.writes("1700.1", "m1-deleted", command="deleted", reply_to="m1")) == ""
    assert texts(floor, chat) == ["hello"]


# --- drafts ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "derived", "words"),
    [
        ("Where is my order SO-1?", {"intent": "order_status"}, 
         ["SO-1", "on its way", "SFSO-1", "24 Nov 2026"]),
        ("SO-1 怎么还没到！", {"intent": "delivery_problem", "language": "zh", "sentiment_milli": -700},
         ["李梅您好", "非常抱歉", "SO-1", "运送中", "SFSO-1"]),
        ("what does shipping cost", {"intent": "faq"}, ["Shipping is 12 yuan."]),
        ("运费多少", {"intent": "faq", "language": "zh"}, ["运费12元。"]),
        ("this is a disgrace", {"intent": "complaint", "sentiment_milli": -900, "strong": True},
         ["sorry", "looking into"]),
    ],
)  # fmt: skip
def test_a_draft_speaks_the_customers_language_and_knows_the_facts(
    floor: Floor, chat: int, text: str, derived: dict[str, Any], words: list[str]
) -> None:
    add_order(floor.store, floor.shop, "mei", "SO-1", "shipped", {"CUP-BLUE": 1}, NOW, expected_in=1)
    floor.customer_wrote(chat, text, **derived)
    reply = Colleague(floor, in_thread=True).presses(f"desk:suggest:{chat}")
    for word in words:
        assert word in reply.text
    assert "CANARY-UNSURE" not in reply.text
    assert floor.sent_to(chat) == []


def test_a_draft_is_sent_by_its_button_once(floor: Floor, chat: int, inside: Colleague) -> None:
    floor.customer_wrote(chat, "what does shipping cost", intent="faq")
    reply = inside.says("suggest_reply", "suggest a reply")
    value = buttons(reply)[0]
    assert inside.presses(value, reply_to="m-bot").text == ""
    assert "before" in inside.presses(value, reply_to="m-bot").text
    assert len(texts(floor, chat)) == 1
    assert "Shipping is 12 yuan." in texts(floor, chat)[0]


def test_a_draft_from_a_direct_message(floor: Floor, agent: Colleague) -> None:
    chat = floor.chat(floor.shop.customers["mei"])
    floor.customer_wrote(chat, "hm", intent="out_of_scope")
    agent.says("show_customer", "show 李梅")
    reply = agent.says("suggest_reply", "draft a reply in Chinese apologising for the delay")
    assert "让您久等了" in reply.text
    assert "Sent" in agent.presses(buttons(reply)[0]).text
    assert "让您久等了" in texts(floor, chat)[0]
    assert floor.conversation(chat).state == "person"


def test_with_nothing_to_say_no_draft_is_made(floor: Floor, chat: int, inside: Colleague) -> None:
    floor.customer_wrote(chat, "hm", intent="out_of_scope")
    reply = inside.says("suggest_reply", "suggest a reply")
    assert buttons(reply) == []


def test_orders_of_others_are_never_in_a_draft(floor: Floor, chat: int, inside: Colleague) -> None:
    add_order(floor.store, floor.shop, "tom", "SO-7", "shipped", {"CUP-BLUE": 1}, NOW)
    floor.customer_wrote(chat, "where is SO-7", intent="order_status")
    assert "SFSO-7" not in shown(inside.says("suggest_reply", "suggest a reply"))


# --- linking --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "word"), [("en", "now belongs to"), ("zh", "现在属于")])
def test_a_visitors_chat_is_linked_after_a_yes(floor: Floor, language: Any, word: str) -> None:
    chat = floor.chat(handed_over=True)
    somebody = Colleague(floor, in_thread=True, language=language)
    asked = somebody.commands("link_customer", "10001")
    assert "李梅" in asked.text
    assert floor.conversation(chat).customer_id != floor.shop.customers["mei"]
    assert word in somebody.says("answer", "yes", confirmed=True).text
    assert floor.conversation(chat).customer_id == floor.shop.customers["mei"]
    assert floor.rows(Identity)[0].verified_how == "staff"
    assert "identity.link" in {entry.action for entry in floor.rows(AuditEntry)}


def test_a_no_links_nothing(floor: Floor) -> None:
    chat = floor.chat(handed_over=True)
    somebody = Colleague(floor, in_thread=True)
    somebody.commands("link_customer", "10001")
    assert "nothing was changed" in somebody.says("answer", "no", confirmed=False).text
    assert floor.conversation(chat).customer_id != floor.shop.customers["mei"]


def test_what_belongs_to_somebody_is_not_linked_to_another(floor: Floor, chat: int, inside: Colleague) -> None:
    assert "already" in inside.commands("link_customer", "10001").text
    inside.commands("link_customer", "10002")
    assert "merged" in inside.says("answer", "yes", confirmed=True).text
    assert floor.conversation(chat).customer_id == floor.shop.customers["mei"]


def test_linking_works_in_threads_only(agent: Colleague) -> None:
    assert "hand-over thread" in agent.commands("link_customer", "10001").text


# --- the prefix -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("prefix", SEND_PREFIXES)
def test_every_prefix_in_any_case(prefix: str) -> None:
    assert sendable(f"{prefix.upper()} x") == ("x", True)


def test_nobody_without_the_role_sends(floor: Floor, chat: int) -> None:
    somebody = Colleague(floor, role="intern", staff_id=9, in_thread=True)
    somebody.writes("send: hello")
    somebody.presses(f"desk:take:{chat}")
    assert floor.sent_to(chat) == []
    assert floor.conversation(chat).state == "waiting"
