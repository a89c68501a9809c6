"""Several wishes in one message: where a text is cut, and when its pieces are answered apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.clauses import MOST_PIECES, pieces, wishes
from nlu.engines.base import Classification


def cut(text, audience="customer"):
    return [text[start:end].strip() for start, end in pieces(text, audience)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cancel 8821 and when is the refund coming", ["cancel 8821", "when is the refund coming"]),
        ("取消订单8821，另外退款什么时候到账", ["取消订单8821", "退款什么时候到账"]),
        ("Where is it? Also, do you open on Sunday?", ["Where is it", "do you open on Sunday"]),
        ("hi, where is my order", ["hi, where is my order"]),
        ("还有货吗", ["还有货吗"]),
        ("it is SO-20931 and wang.fang@example.com", ["it is SO-20931", "wang.fang@example.com"]),
        ("", [""]),
    ],
)
def test_a_text_is_cut_where_a_wish_may_begin(text, found):
    assert [piece.rstrip("?") for piece in cut(text)] == found


def test_what_staff_say_is_cut_at_clear_turns_alone():
    assert cut("who bought T2 and not the charger", "agent") == ["who bought T2 and not the charger"]
    assert cut("close 3312 and then find Wang Fang", "agent") == ["close 3312", "find Wang Fang"]


def said(*intents):
    return [((place, place + 1), Classification(name, share)) for place, (name, share) in enumerate(intents)]


@pytest.mark.parametrize(
    ("intents", "found"),
    [
        ([("cancel_order", 0.9), ("refund_status", 0.9)], [(0, 1), (1, 2)]),
        ([("greeting", 0.9), ("cancel_order", 0.9), ("faq", 0.9), ("thanks", 1.0)], [(0, 2), (2, 4)]),
        ([("cancel_order", 0.9), ("refund_status", 0.6)], []),
        ([("cancel_order", 0.9), ("cancel_order", 0.9)], []),
        ([("delivery_problem", 0.9), ("return_request", 0.9)], []),
        ([("complaint", 0.9), ("refund_status", 0.9)], []),
        ([("add_note", 0.9), ("case_update", 0.9)], []),
        ([("case_update", 0.9), ("add_note", 0.9), ("find_customer", 0.9)], [(0, 1), (1, 3)]),
        ([("cancel_order", 0.9), ("faq", 0.9), ("cancel_order", 0.9)], []),
        ([], []),
    ],
)
def test_pieces_are_wishes_only_when_they_are_sure_and_differ(intents, found):
    assert wishes(said(*intents)) == found


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500), st.sampled_from(["customer", "agent"]))
def test_pieces_lie_in_the_text_one_after_the_other(text, audience):
    found = pieces(text, audience)
    assert 1 <= len(found) <= MOST_PIECES
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert edges[-1] <= len(text)


def test_a_wish_is_about_the_record_named_before(understand):
    found = understand("cancel 8821 and when is the refund coming")
    assert [wish.intent for wish in found.wishes] == ["cancel_order", "refund_status"]
    assert [wish.first("order_id") for wish in found.wishes] == ["8821", "8821"]


@pytest.mark.parametrize(
    "text",
    [
        "hi, where is my order?",
        "the cup arrived broken and i want my money back",
        "我想买个茶壶，有推荐的吗，三百以内",
        "thanks! and have a nice day",
    ],
)
def test_one_wish_stays_one(understand, text):
    assert understand(text).wishes == ()
