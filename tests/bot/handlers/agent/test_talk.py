"""Help, small talk, what is not there yet, traces, offers; and that table, intents and phrases agree."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.commands import STAFF_COMMANDS
from bot.handlers.agent import AGENT
from bot.handlers.agent.not_yet import not_yet
from bot.phrases import Phrases
from nlu.intents import AGENT as INTENTS
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_order

KEYS = Phrases().keys()
FOLDER = Path(__file__).parents[4] / "bot" / "handlers" / "agent"
EXTRA = {
    *("not_yet", "desk", "desk_thread", "link_customer", "trace", "undo", "correct", "review", "predict_need"),
    *("approve_suggestion", "public_post", "public_erase", "author_tie"),
}


def test_every_intent_has_a_handler_and_no_other() -> None:
    assert set(AGENT) == {*INTENTS, *EXTRA}


def test_every_phrase_that_handlers_name_is_there() -> None:
    code = "\n".join(path.read_text() for path in FOLDER.glob("*.py"))
    named = set(re.findall(r'"((?:agent|common|desk|cards|moods)\.[a-z_.]+)"', code))
    assert sorted(named - KEYS) == []


def test_agents_are_refused_nothing_that_is_understood() -> None:
    assert [name for name, handler in AGENT.items() if handler is not_yet] == ["not_yet"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_intent_answers_even_when_nothing_else_was_said(floor: Floor, language: Any) -> None:
    for intent in INTENTS:
        for text in ("", "hm" if language == "en" else "嗯"):
            assert shown(Colleague(floor, language=language).says(intent, text)), intent


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_names_the_commands_in_both_languages(floor: Floor, language: Any) -> None:
    text = Colleague(floor, language=language).says("help", "commands").text
    for word in ("find / 查", "note / 备注", "link / 关联", "trace / 追踪"):
        assert word in text
    named = set(re.findall(r"([a-z]+) / ", text.split("/crm")[1]))
    assert {STAFF_COMMANDS[word] for word in named} <= {
        name for name, handler in AGENT.items() if handler is not not_yet
    }


@pytest.mark.parametrize(("language", "word"), [("en", "cannot do that yet"), ("zh", "还不会")])
def test_not_yet_is_said_plainly(floor: Floor, language: Any, word: str) -> None:
    reply = Colleague(floor, language=language).says("not_yet", "sing me a song")
    assert word in reply.text
    assert buttons(reply) == ["help"]


def test_a_name_alone_leads_to_the_card(agent: Colleague) -> None:
    assert buttons(agent.says("out_of_scope", "hmm Tom Reed maybe"))[0] == "show_customer:10002"
    assert buttons(agent.says("out_of_scope", "what is the capital of Peru")) == ["help"]


# --- trace ----------------------------------------------------------------------------------------------------------
def test_the_trace_of_the_customers_last_message(floor: Floor) -> None:
    chat = floor.chat(floor.shop.customers["mei"], handed_over=True)
    floor.customer_wrote(chat, "first", intent="greeting", confidence_milli=910, answered_at=NOW)
    floor.customer_wrote(chat, "second", intent="order_status", confidence_milli=880, answered_at=NOW, message_id="77")
    somebody = Colleague(floor, in_thread=True)
    text = somebody.commands("trace").text
    assert "order_status (88 %)" in text
    assert "second" not in text
    assert "order_status" in Colleague(floor).commands("trace", "77").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_trace_of_nothing(floor: Floor, language: Any) -> None:
    assert Colleague(floor, language=language).commands("trace").text
    assert "nonsense" in Colleague(floor, language=language).commands("trace", "nonsense").text


# --- offers ---------------------------------------------------------------------------------------------------------
def test_offers_are_in_stock_not_bought_lately_and_have_reasons(floor: Floor, agent: Colleague) -> None:
    add_order(floor.store, floor.shop, "mei", "SO-1", "delivered", {"MILL": 1, "BEANS": 1}, NOW, age_days=60)
    add_order(floor.store, floor.shop, "tom", "SO-2", "delivered", {"MILL-PRO": 2, "BOX": 1}, NOW, age_days=5)
    text = agent.says("recommend_for_customer", "what should I offer 李梅 next").text
    offers = [line for line in text.splitlines() if line.startswith("•")]
    assert len(offers) == 3
    assert "Big mill" in offers[0]
    assert "they bought Travel mill" in offers[0]
    for gone in ("White cup", "Travel mill (MILL)", "Morning beans"):
        assert gone not in text.replace("they bought Travel mill", "")


def test_what_is_used_up_is_offered_again_but_not_too_soon(floor: Floor) -> None:
    from crm_core.models import Product

    with floor.store.write() as session:
        session.get_one(Product, floor.shop.products["BEANS"]).consumable = True
    add_order(floor.store, floor.shop, "mei", "SO-1", "delivered", {"BEANS": 1}, NOW, age_days=40)
    agent = Colleague(floor, language="zh")
    assert "上次购买" in agent.says("recommend_for_customer", "给李梅推荐点什么").text
    add_order(floor.store, floor.shop, "mei", "SO-2", "delivered", {"BEANS": 1}, NOW, age_days=3)
    assert "早晨咖啡豆" not in agent.says("recommend_for_customer", "再给她推荐点什么").text
