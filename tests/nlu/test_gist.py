"""The sentences that say most of a long conversation, in both languages."""

import pytest

from nlu.gist import telling
from nlu.interpreter import Interpreter

CHATS = {
    "en": [
        "Hi", "I ordered a coffee grinder two weeks ago, order SO-10233", "it still has not arrived", "can you check?",
        "yes", "ok thanks", "and can I change the address?", "I moved to Leeds last week, 12 Park Row",
        "the tracking page says it is in Rotterdam since Monday", "also I was charged twice on my card", "Thanks",
    ],
    "zh": [
        "你好", "我两周前买了一个磨豆机", "一直没收到", "帮我查一下", "嗯", "好的谢谢", "另外地址能改吗",
        "我上周搬家了，新地址在杭州西湖区", "物流显示一直在广州没动", "而且我的卡被扣了两次款", "谢谢",
    ],
}  # fmt: skip
POINTS = {
    "en": ["ordered a coffee grinder", "moved to Leeds", "charged twice"],
    "zh": ["买了一个磨豆机", "搬家", "扣了两次款"],
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_customer_came_for_is_told_and_not_the_small_talk(interpreter: Interpreter, language: str) -> None:
    told = telling(interpreter.vectors, CHATS[language])
    assert len(told) == 3
    assert [said for said in CHATS[language] if said in told] == told
    assert sum(any(point in said for said in told) for point in POINTS[language]) >= 2


def test_nothing_is_said_twice(interpreter: Interpreter) -> None:
    texts = ["My parcel has not arrived yet. My parcel has not arrived!", "my parcel hasn't arrived yet"]
    assert len(telling(interpreter.vectors, texts)) == 1


def test_small_talk_alone_tells_nothing(interpreter: Interpreter) -> None:
    assert telling(interpreter.vectors, ["", "ok thanks", "好的", "https://x.example"]) == []
