"""How texts feel, and how strongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.sentiment import NEUTRAL_BELOW, balance, mood_name


@pytest.mark.parametrize(
    "text",
    [
        "my kettle stopped working after two days",
        "屏幕碎了",
        "why is my order still not here?",
        "你好，下单三天了还没收到",
        "payment failed but money was taken",
        "app crashes when I log in",
        "这个杯子漏水",
        "it arrived broken 👍",
        "呵呵，你们可真快",
        "😡",
        "worst service ever",
    ],
)
def test_a_reported_failure_is_negative_even_when_calm(understand, text):
    assert mood_name(understand(text).sentiment) == "negative"


@pytest.mark.parametrize(
    "text",
    [
        "where is the shop?",
        "how much is the teapot",
        "周日营业吗",
        "要 50 个的话多少钱",
        "does it work with USB-C?",
        "我要两个白色的",
        "change the address please",
        "这是我第二次下单",
    ],
)
def test_a_bare_question_is_neutral(understand, text):
    assert mood_name(understand(text).sentiment) == "neutral"


@pytest.mark.parametrize(
    "text",
    ["love the new case, thank you!", "新壳子很喜欢，谢谢！", "👍👍", "super happy with it", "东西很好，物流也快"],
)
def test_praise_is_positive(understand, text):
    found = understand(text)
    assert mood_name(found.sentiment) == "positive"
    assert not found.strong


@pytest.mark.parametrize(
    "text",
    [
        "this is the third time I'm asking. unacceptable",
        "我已经问第三遍了，太过分了",
        "worst service ever, I'll post this on weibo",
        "服务太差了，我要发微博曝光",
        "物流显示签收了，我根本没拿到！！！",
        "WHERE IS MY ORDER YOU PEOPLE ARE USELESS",
        "再不退款我就打12315",
        "骗子公司 😡",
    ],
)
def test_anger_threats_and_repetition_are_strong(understand, text):
    found = understand(text)
    assert mood_name(found.sentiment) == "negative"
    assert found.strong


@pytest.mark.parametrize(
    "text", ["my order is a bit late", "杯子有点小", "refund please, wrong size", "I'll post the parcel back tomorrow"]
)
def test_ordinary_trouble_is_not_strong(understand, text):
    assert not understand(text).strong


@given(st.tuples(*[st.floats(0.001, 1)] * 3))
def test_the_number_stands_for_the_likeliest_mood(raw):
    positive, neutral, negative = (share / sum(raw) for share in raw)
    sentiment = balance(positive, neutral, negative)
    assert -1 <= sentiment <= 1
    best = max(positive, neutral, negative)
    likeliest = {
        name
        for name, share in zip(("positive", "neutral", "negative"), (positive, neutral, negative), strict=True)
        if share == best
    }
    assert mood_name(sentiment) in likeliest or abs(abs(sentiment) - NEUTRAL_BELOW) < 1e-9
