"""Damaged texts: repaired where it is certain what was meant, found where not, left alone where they are right."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import FOLDER
from crm_core.quality.masking import masked
from crm_core.quality.texts import is_damaged, repaired

CHINESE = sorted(
    {
        found
        for path in (FOLDER / "nlu").glob("*.yml")
        for found in re.findall("[\u4e00-\u9fff]{2,12}", path.read_text("utf-8"))
    }
)


@pytest.mark.parametrize(
    ("written", "meant", "what"),
    [
        ("ÃƒÂ©", "é", "encoding"),
        ("çŽ‹èŠ³", "王芳", "encoding"),
        ("CafÃ© CrÃ¨me", "Café Crème", "encoding"),
        ("鐜嬭姵", "王芳", "encoding"),
        ("\ufeffAnn", "Ann", "invisible"),
        ("An\x00n\u200b", "Ann", "invisible"),
        ("T２ ＡＢ", "T2 AB", "width"),
        ("Ann\u00a0Lee ", "Ann Lee", "spaces"),
        ("\u3000", "", "spaces"),
    ],
)
def test_what_was_meant_comes_back(written: str, meant: str, what: str):
    assert repaired(written) == (meant, (what,))


@pytest.mark.parametrize("text", ["é”Ÿæ–¤æ‹·", "锟斤拷", "Jos\ufffd", "王芳\ufffd", "ÐœÐ¾ÑÐºÐ²Ð°"])
def test_what_is_lost_stays_and_is_found(text: str):
    assert repaired(text)[0] == text
    assert is_damaged(text)


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "Žižek",
        "SÃO PAULO",
        "FÜR",
        "李喆",
        "龔鑫",
        "日本語テスト",
        "한국어",
        "Łódź",
        "мойка",
        "（备注）",
        "👍🏽",
    ],
)
def test_what_is_right_stays(text: str):
    assert repaired(text) == (text, ())
    assert not is_damaged(text)


def test_thousands_of_real_chinese_texts_are_left_alone_and_found_again_when_read_as_gbk():
    wrong = [text for text in CHINESE if repaired(text)[0] != text or is_damaged(text)]
    assert (len(CHINESE) > 5000, wrong) == (True, [])
    garbled = {}
    for text in CHINESE:
        try:
            garbled[text.encode().decode("gb18030")] = text
        except UnicodeError:
            continue
    back = {bad: repaired(bad)[0] for bad in garbled}
    assert [bad for bad in garbled if back[bad] not in (bad, garbled[bad])] == [], "repaired into something else"
    assert [bad for bad in garbled if back[bad] == bad and not is_damaged(bad)] == [], "neither repaired nor found"
    assert sum(back[bad] == bad for bad in garbled) < 0.1 * len(garbled)


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_repairing_twice_changes_nothing_more(text: str):
    once = repaired(text)[0]
    assert repaired(once) == (once, ())


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20))
@settings(max_examples=200, deadline=None)
def test_plain_letters_are_never_lost(text: str):
    kept = [letter for letter in text if letter.isascii() and letter.isalnum()]
    assert [letter for letter in repaired(text)[0] if letter.isascii() and letter.isalnum()] == kept


@given(st.emails(), st.integers(10**9, 10**12))
@settings(max_examples=50, deadline=None)
def test_examples_do_not_show_whose_they_are(email: str, phone: int):
    assert email not in masked(email, "text")
    assert str(phone) not in masked(f"+{phone}", "phone")
    assert str(phone) not in masked(f"call {phone}", "text")
