"""Language by script, cleaning and folding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.chinese import TRADITIONAL
from nlu.cleaning import MAX_CHARACTERS, clean, fold
from nlu.language import detect


@pytest.mark.parametrize(
    ("text", "language", "mixed"),
    [
        ("where is my order", "en", False),
        ("我的订单到哪了", "zh", False),
        ("帮我查一下 order #8821 到哪了", "zh", True),
        ("我要退貨", "zh", False),
        ("SO-20931", "en", False),
        ("T2有货吗", "zh", False),
        ("my name is 王芳 and I would like to know about the delivery", "en", True),
        ("看看 https://example.com/a-very-long-english-address-here", "zh", False),
        ("我就是 li.mei@example.com 那个账号", "zh", False),
        ("只看 Telegram", "zh", False),
        ("导出 excel", "zh", False),
        ("only Telegram", "en", False),
        ("Telegram", "en", False),
        ("😡", "en", False),
        ("", "en", False),
    ],
)
def test_language_by_script(text, language, mixed):
    assert detect(text) == (language, mixed)


def test_folding_keeps_length_and_makes_equal():
    assert fold("ＳＯ－２０９３１　退貨") == "so-20931 退货"
    assert fold("①") == "1"


@given(st.text())
def test_folding_never_moves_a_character(text):
    assert len(fold(text)) == len(text)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_cleaned_text_can_be_stored_everywhere(text):
    cleaned = clean(text + "\x00\ud800\u202e\u200b")
    cleaned.encode("utf-8")
    assert not set(cleaned) & {"\x00", "\u202e", "\u200b", "\ufeff"}
    assert len(cleaned) <= MAX_CHARACTERS


def test_the_table_has_no_chains():
    assert [pair for pair in TRADITIONAL.items() if pair[1] in TRADITIONAL] == []
    assert len(TRADITIONAL) > 900
