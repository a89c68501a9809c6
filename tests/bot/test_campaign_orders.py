"""What is ordered of a campaign by its name, or by "it" where one was spoken of last."""

from datetime import UTC, datetime

import pytest

from bot.campaign_orders import named_order, started_name
from bot.hearing import Heard
from bot.messages import IncomingMessage, Sender
from bot.turns import Memory
from crm_core.campaigns.naming import meant, wholly_meant
from crm_core.models import Interaction
from nlu.understanding import Understanding

NAMES = ("Tea one", "Tea two", "Tea two reloaded", "春茶上新", "Winter mugs", "VIPs in Shanghai · 23 Nov 2026")


def heard(text: str, intent: str = "out_of_scope", confidence: float = 0.9) -> Heard:
    message = IncomingMessage(
        channel="slack", account="T1", delivery_id="1", chat_id="D1", message_id="1",
        sender=Sender(external_id="U1", name="Ann"), sent_at=datetime(2026, 11, 23, tzinfo=UTC), text=text,
    )  # fmt: skip
    understanding = Understanding(text=text, language="en", intent=intent, confidence=confidence, engine="builtin")
    return Heard(Interaction(), message, understanding, text)


def intent_of(text: str, memory: Memory | None = None, **understood: object) -> str:
    return named_order(heard(text, **understood), memory or Memory(), lambda: NAMES).understanding.intent  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("how did Tea two do", "campaign_report"), ("how's tea one doing", "campaign_report"),
        ("how is tea one doing so far?", "campaign_report"), ("did winter mugs pay off", "campaign_report"),
        ("results of the mugs campaign", "campaign_report"), ("tea two results please", "campaign_report"),
        ("春茶上新效果怎么样", "campaign_report"), ("春茶做得如何了", "campaign_report"),
        ("start Tea two", "campaign_create"), ("please launch winter mugs now", "campaign_create"),
        ("启动春茶活动", "campaign_create"), ("把春茶上新启动", "campaign_create"),
        ("stop Tea two", "campaign_stop"), ("put tea one on hold", "campaign_stop"), ("暂停春茶活动", "campaign_stop"),
        ("把春茶停了吧", "campaign_stop"), ("preview winter mugs", "campaign_preview"),
        ("delete the winter mugs draft", "campaign_stop"), ("删除 Winter mugs 草稿", "campaign_stop"),
        ("when does winter mugs start", "campaign_preview"),
        ("how many opted out of tea two", "campaign_report"), ("what was the uplift of tea one", "campaign_report"),
        ("how did the oolong set do", "out_of_scope"), ("start my day", "out_of_scope"), ("stop", "out_of_scope"),
    ],
)  # fmt: skip
def test_a_name_is_enough(text: str, intent: str) -> None:
    assert intent_of(text) == intent


def test_what_is_surely_something_else_takes_the_whole_name() -> None:
    assert intent_of("show tea", intent="product_question") == "product_question"
    assert intent_of("show tea", intent="product_question", confidence=0.3) == "campaign_preview"
    assert intent_of("show Tea two", intent="product_question") == "campaign_preview"


def test_it_is_a_campaign_only_where_one_was_shown_last() -> None:
    memory = Memory()
    assert intent_of("pause it", memory) == "out_of_scope"
    memory.show("campaign", 7)
    assert intent_of("pause it", memory) == "campaign_stop"
    assert intent_of("它效果怎么样", memory) == "campaign_report"
    memory.show("answer", "figures")
    assert intent_of("pause it", memory) == "out_of_scope"
    memory.show("campaign", 7)
    assert Memory(memory.dump()).latest == "campaign"


def test_a_name_alone_answers_which_one_and_another_order_does_not() -> None:
    memory = Memory()
    memory.show("campaigns", {"intent": "experiment_result", "which": "show", "among": [1, 2]})
    assert intent_of("Tea one", memory) == "experiment_result"
    assert intent_of("the second one", memory) == "experiment_result"
    assert intent_of("第二个", memory) == "experiment_result"
    assert intent_of("pause tea two", memory) == "campaign_stop"
    assert intent_of("good morning", memory) == "out_of_scope"
    memory.show("campaign", 1)
    assert intent_of("Tea one", memory) == "out_of_scope"


def test_starting_one_is_not_making_one() -> None:
    said = {text: started_name(text) for text in ("start the campaign", "launch it", "启动这个活动", "start Tea two")}
    assert said == {
        "start the campaign": "campaign",
        "launch it": "it",
        "启动这个活动": "这个活动",
        "start Tea two": "Tea two",
    }
    assert started_name("start a campaign for VIPs") is None
    assert started_name("run another campaign") is None
    assert started_name("create a campaign") is None


def test_names_are_found_in_part_and_the_longest_counts() -> None:
    assert meant("did tea two reloaded beat the rest", NAMES) == ["Tea two reloaded"]
    assert meant("how did the tea campaign do last week", NAMES) == ["Tea one", "Tea two", "Tea two reloaded"]
    assert meant("Tea one against Tea two", NAMES) == ["Tea one", "Tea two"]
    assert meant("what came of the mailing to shanghai", NAMES) == ["VIPs in Shanghai · 23 Nov 2026"]
    assert meant("how did the campaign do", NAMES) == []
    assert meant("活动效果怎么样", NAMES) == []
    assert meant("the steam week", NAMES) == []
    assert wholly_meant("tea", NAMES) == ["Tea one", "Tea two", "Tea two reloaded"]
    assert wholly_meant("tea week for VIPs", NAMES) == []
    assert wholly_meant("Tea one and winter mugs", NAMES) == ["Tea one", "Winter mugs"]
