"""Finding customers, cards, timelines, orders; who "her" is; where personal data may be shown."""

import pytest

from bot.messages import Reply
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_customer, add_order


def number(floor: Floor, key: str) -> int:
    return {"mei": 10001, "tom": 10002}[key]


HITS = (
    "find Tom Reed",
    "who is tom reed",
    "look up reed, tom",
    "any customer called tom?",
    "who is +44 7700 900118",
    "search tom@example.org",
    "pull up customer 10002",
    "10002",
    "查一下 Tom Reed",
    "客户编号 10002 是谁",
    "邮箱 tom@example.org 是哪位",
)


def test_one_hit_is_shown_at_once(agent: Colleague) -> None:
    for text in HITS:
        reply = agent.says("find_customer", text)
        assert [card.title for card in reply.cards] == ["Tom Reed"], text
        assert "#10002" in reply.cards[0].subtitle


@pytest.mark.parametrize(("language", "text"), [("en", "find Li Wei"), ("zh", "查一下李伟")])
def test_several_hits_are_offered_and_the_button_shows_one(floor: Floor, language: str, text: str) -> None:
    with floor.store.write() as session:
        for index, name in enumerate(("李伟 Li Wei", "李伟 Li Wei")):
            add_customer(session, floor.store, name, f"w{index}@example.com", f"+861380013810{index}", NOW)
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    reply = agent.says("find_customer", text)
    assert buttons(reply) == ["show_customer:10003", "show_customer:10004"]
    assert "w0@example.com" not in shown(reply)
    assert "w1@example.com" in shown(agent.presses("show_customer:10004"))
    assert "w0@example.com" in shown(agent.says("show_customer", "the first one" if language == "en" else "第一个"))


@pytest.mark.parametrize(("language", "text"), [("en", "find Zorblax"), ("zh", "查一下阿拉丁")])
def test_nobody_is_said_with_what_else_to_try(floor: Floor, language: str, text: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    reply = agent.says("find_customer", text)
    assert not reply.cards
    assert ("Try" in reply.text) if language == "en" else ("试试" in reply.text)


def test_nobody_named_and_nobody_shown_asks_for_a_name(agent: Colleague) -> None:
    assert "Which customer" in agent.says("show_customer", "show her").text


def test_the_card_leads_on(floor: Floor, agent: Colleague) -> None:
    floor.chat(floor.shop.customers["mei"])
    reply = agent.says("show_customer", "show 李梅")
    assert buttons(reply) == [
        "show_timeline:10001", "get_score:10001", "add_note:for:10001", "add_task:for:10001", "case_create:for:10001",
        "handoff_take:10001",
    ]  # fmt: skip
    assert "li.mei@example.com" in shown(reply)


@pytest.mark.parametrize(
    ("direct", "in_thread", "private"), [(True, False, False), (False, False, True), (False, True, False)]
)
def test_contact_details_are_private_outside_direct_messages_and_hand_over_threads(
    floor: Floor, direct: bool, in_thread: bool, private: bool
) -> None:
    floor.chat(floor.shop.customers["mei"], handed_over=True)
    somebody = Colleague(floor, direct=direct, in_thread=in_thread)
    for intent, text in (
        ("find_customer", "find Tom Reed"),
        ("show_timeline", "timeline of Tom Reed"),
        ("order_lookup", "orders of Tom Reed"),
        ("list_customers", "all customers"),
        ("recommend_for_customer", "what to offer Tom Reed"),
        ("add_note", "note on Tom Reed: likes tea"),
    ):
        assert somebody.says(intent, text).private is private, intent


# --- her, that one --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["her card", "show that one", "show them again", "她的资料", "刚才那个客户"])
def test_her_is_who_was_shown_last(agent: Colleague, text: str) -> None:
    agent.says("find_customer", "find Tom Reed")
    assert agent.says("show_customer", text).cards[0].title == "Tom Reed"


def test_in_a_hand_over_thread_her_is_its_customer(floor: Floor) -> None:
    floor.chat(floor.shop.customers["mei"], handed_over=True)
    somebody = Colleague(floor, in_thread=True)
    assert somebody.says("show_customer", "her card").cards[0].title == "李梅"
    assert somebody.says("show_customer", "show Tom Reed").cards[0].title == "Tom Reed"
    assert somebody.says("show_customer", "show her").cards[0].title == "李梅"


# --- orders ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "status of order SO-20931", ["on its way", "SFSO-20931", "Blue cup", "CANARY-ADDRESS"]),
        ("zh", "订单 SO-20931 到哪一步了", ["运送中", "SFSO-20931", "蓝色杯子"]),
        ("en", "what's the status of order 20931", ["on its way"]),
    ],
)
def test_an_order_by_its_number(floor: Floor, language: str, text: str, words: list[str]) -> None:
    add_order(floor.store, floor.shop, "mei", "SO-20931", "shipped", {"CUP-BLUE": 2}, NOW, expected_in=1)
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    reply = agent.says("order_lookup", text)
    for word in words:
        assert word in shown(reply)
    assert buttons(reply) == ["show_customer:10001"]
    assert agent.says("show_customer", "her card").cards[0].title == "李梅"


def test_last_orders_of_a_customer(floor: Floor, agent: Colleague) -> None:
    for index in range(4):
        add_order(floor.store, floor.shop, "mei", f"SO-{index}", "paid", {"BEANS": 1}, NOW, age_days=10 - index)
    add_order(floor.store, floor.shop, "tom", "SO-CANARY", "paid", {"BEANS": 1}, NOW)
    reply = agent.says("order_lookup", "orders of 李梅")
    assert [card.title for card in reply.cards] == ["SO-3", "SO-2", "SO-1"]
    assert [card.title for card in agent.says("order_lookup", "her last 2 orders").cards] == ["SO-3", "SO-2"]


@pytest.mark.parametrize(("language", "word"), [("en", "no order"), ("zh", "没有找到订单")])
def test_an_order_that_is_not_there(floor: Floor, language: str, word: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    assert word in agent.says("order_lookup", "SO-99999").text
    assert word in agent.commands("order_lookup", "99999").text


@pytest.mark.parametrize(("language", "word"), [("en", "has not ordered"), ("zh", "没有下过单")])
def test_no_orders_at_all(floor: Floor, language: str, word: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    assert word in agent.says("order_lookup", "orders of Tom Reed").text


def test_a_refund_is_shown_with_the_order(floor: Floor, agent: Colleague) -> None:
    add_order(floor.store, floor.shop, "mei", "SO-1", "delivered", {"CUP-BLUE": 1}, NOW, delivered_days=3,
              refund="approved")  # fmt: skip
    assert "approved" in shown(agent.commands("order_lookup", "SO-1"))


# --- timeline -------------------------------------------------------------------------------------------------------
def test_the_timeline_says_what_it_was_narrowed_to(floor: Floor, agent: Colleague) -> None:
    add_order(floor.store, floor.shop, "mei", "SO-1", "paid", {"BEANS": 1}, NOW, age_days=40)
    chat = floor.chat(floor.shop.customers["mei"])
    floor.customer_wrote(chat, "the cup is broken!", intent="complaint")
    floor.customer_wrote(chat, "when do you open", intent="business_hours")
    everything = agent.says("show_timeline", "timeline of 李梅")
    assert everything.table is not None
    assert len(everything.table.rows) == 3
    assert "all channels" in everything.table.note
    complaints = agent.says("show_timeline", "any complaints from her this year?")
    assert complaints.table is not None
    assert [row[2] for row in complaints.table.rows] == ["the cup is broken!"]
    assert "complaints" in complaints.table.note
    assert "1 Jan 2026" in complaints.table.note
    assert "nothing found" in agent.says("show_timeline", "her messages last month").text


def test_时间线(floor: Floor) -> None:  # noqa: PLC2401 - what is tested is Chinese
    agent = Colleague(floor, language="zh")
    add_order(floor.store, floor.shop, "mei", "SO-1", "paid", {"BEANS": 1}, NOW, age_days=4)
    reply = agent.says("show_timeline", "李梅近30天的记录")
    assert reply.table is not None
    assert "备货中" in shown(reply)
    assert "2026年10月25日" in shown(reply)
    assert "没有记录" in agent.says("show_timeline", "她今年投诉过吗").text


def test_texts_from_outside_stay_on_one_line(floor: Floor, agent: Colleague) -> None:
    chat = floor.chat(floor.shop.customers["mei"])
    floor.customer_wrote(chat, "a\nb " + "x" * 500)
    reply = agent.says("show_timeline", "timeline of 李梅")
    assert reply.table is not None
    text = reply.table.rows[0][2]
    assert "\n" not in text
    assert len(text) <= 160


# --- rights ---------------------------------------------------------------------------------------------------------
REFUSED = (
    ("find_customer", "find Tom Reed"),
    ("show_customer", "show 10002"),
    ("show_timeline", "timeline of Tom Reed"),
    ("order_lookup", "orders of Tom Reed"),
    ("list_customers", "all customers"),
    ("add_note", "note on Tom Reed: x"),
    ("tag_customer", "tag Tom Reed as vip"),
    ("case_create", "open a case for Tom Reed: broken"),
    ("suggest_reply", "draft a reply for Tom Reed"),
    ("recommend_for_customer", "what to offer Tom Reed"),
    ("out_of_scope", "tom reed"),
)


@pytest.mark.parametrize("role", ["intern", "customer"])
def test_without_the_role_nothing_is_shown(floor: Floor, role: str) -> None:
    for intent, text in REFUSED:
        reply: Reply = Colleague(floor, role=role).says(intent, text)
        for secret in ("tom@example.org", "10002", "Tom Reed"):
            assert secret not in shown(reply), intent
