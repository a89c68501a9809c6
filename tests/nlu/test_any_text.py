"""Whatever is written gives an Understanding, at a cost that grows with the length of the text and no faster."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlu.cleaning import MAX_CHARACTERS
from nlu.intents import ENTITIES, INTENTS
from nlu.understanding import Understanding
from tests.nlu.conftest import NOW

AUDIENCES = ("customer", "agent", "manager")
NAUGHTY = json.loads((Path(__file__).parent / "naughty_strings" / "blns.json").read_text("utf-8"))
SHARED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

letters = st.characters()
marks = st.characters(min_codepoint=0x0300, max_codepoint=0x036F)
zalgo = st.lists(st.tuples(st.characters(), st.text(marks, max_size=20)).map("".join), max_size=30).map("".join)
right_to_left = st.text(
    st.sampled_from("\u202a\u202b\u202d\u202e\u2066\u2067\u200f")
    | st.characters(min_codepoint=0x0590, max_codepoint=0x06FF)
)
surrogates = st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF) | st.sampled_from("订单 order\x00"))
noise = st.text(st.sampled_from("0123456789.,:;/-+#@%$¥()（）·、年月日号点前后上下第百千万一二三两几来多块元个天周 "))


def check(found, audience):
    assert found.intent in INTENTS[audience]
    for entity in found.entities:
        assert entity.name in ENTITIES
        assert found.text[entity.start : entity.end] == entity.text
    assert Understanding.model_validate_json(found.model_dump_json()) == found


@SHARED
@given(st.text(letters, max_size=300) | zalgo | right_to_left | surrogates | noise, st.sampled_from(AUDIENCES))
def test_any_text_is_understood(interpreter, text, audience):
    check(interpreter.understand(text, audience, now=NOW, zone="Asia/Shanghai"), audience)


def test_the_whole_list_of_naughty_strings_is_there():
    assert len(NAUGHTY) == 515


@pytest.mark.parametrize("audience", AUDIENCES)
def test_naughty_strings_are_understood(interpreter, audience):
    for text in NAUGHTY:
        check(interpreter.understand(text, audience, now=NOW, zone="Asia/Shanghai"), audience)


REPEATED = [
    "7", "三", "前", "第", "号", "个", "a", "@", "#", "-", ".", "(", " ", "\u0301", "1,", "1.", "1-", "a-", "a.", "a@",
    "+1 ", "no. ", "order 1 and ", "第1和", "1到", "1块", "¥1-", "last 1 ", "every 1 ", "1月1日到", "上周", "1点",
    "9:0", "half a ", "one hundred and ", "百万", "1k-", "a b ", "Wang ", "王", "有限公司", "star 5 ", "五星", "2026-",
    "2026-1-1 ", "http://a.", "不", "not ", "GMT+1 ", "来块", "\U0001f621",
]  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED, ids=range(len(REPEATED)))
def test_cost_grows_no_faster_than_the_text(interpreter, piece):
    """Four times as much of anything may cost six times as much; what is quadratic costs sixteen times."""

    def cost(size):
        text = (piece * size)[:size]
        spent = []
        for audience in AUDIENCES:
            begin = time.thread_time()
            interpreter.understand(text, audience, now=NOW)
            spent.append(time.thread_time() - begin)
        return sum(spent)

    cost(100)
    small, large = (min(cost(size) for _ in range(2)) for size in (MAX_CHARACTERS // 4, MAX_CHARACTERS))
    assert large < 6 * small + 0.05


@pytest.mark.parametrize("piece", REPEATED[::5], ids=range(len(REPEATED[::5])))
def test_a_long_text_costs_no_more_than_what_is_kept_of_it(interpreter, piece):
    begin = time.thread_time()
    found = interpreter.understand(piece * (65_536 // len(piece)), "agent", now=NOW)
    assert time.thread_time() - begin < 0.05 * 64
    assert len(found.text) <= MAX_CHARACTERS
