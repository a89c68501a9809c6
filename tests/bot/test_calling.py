"""Whether a person is asked for in passing, or said not to be wanted."""

import pytest

from bot.calling import asks_for_person, without_refusal


@pytest.mark.parametrize(
    "text",
    [
        "I need to speak to someone NOW",
        "The package is broken and I am furious, I want a person",
        "I don't care, get me a manager",
        "why don't you let me talk to a human",
        "我要找老板",
        "我的订单到哪了？帮我转人工",
        "能不能转人工",
    ],
)
def test_asked(text: str) -> None:
    assert asks_for_person(text)
    assert without_refusal(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("不用转人工，我的订单到哪了", "我的订单到哪了"),
        ("我的订单到哪了，别转人工", "我的订单到哪了，"),
        ("I don't want to talk to a human, just tell me where it is", "just tell me where it is"),
        ("不用转人工", ""),
    ],
)
def test_refused(text: str, left: str) -> None:
    assert not asks_for_person(text)
    assert without_refusal(text) == left


@pytest.mark.parametrize(
    "text", ["who is the boss of this tea", "a manager's desk lamp", "人工费多少", "我要人工智能音箱", ""]
)
def test_not_asked(text: str) -> None:
    assert not asks_for_person(text)
    assert without_refusal(text) == text
