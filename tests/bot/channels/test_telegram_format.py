"""What a reply becomes: HTML that Telegram's parser reads back to the same words, pieces within its limits."""

import re
from typing import Any

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram_format import cuts, display_width, parts, utf16_length, visible
from bot.messages import Card, Choice, Outgoing, OutgoingFile, Reply, Table
from tests.peers.bot_api_rules import Refusal, check_markup, parse_html

NASTY = [
    "<b>",
    "</b>",
    "<script>alert(1)</script>",
    "&lt; &#0; &",
    "a < b > c & d",
    "\"quoted\" <a href='x'>",
    "<<>>",
    "*_`[]()~",
    "Z̡͎̗a̛̙l̢͇g̞̣o͜" * 30,
    "👩\u200d👩\u200d👧\u200d👦🇨🇳🇬🇧",
    "مرحبا \u202eevil",
    "退款<b>多少</b>钱？",
    "\x00\ud800x",
]


def to(reply: Reply, chat_id: str = "7", language: str = "en") -> Outgoing:
    return Outgoing(channel="telegram", account="1", chat_id=chat_id, language=language, reply=reply)


def texts(reply: Reply, **more: Any) -> list[str]:
    return [part.text for part in parts(to(reply, **more))]


@pytest.mark.parametrize("words", NASTY)
def test_hostile_words_are_shown_as_they_are(words: str) -> None:
    shown = words.replace("\x00", "").replace("\ud800", "")
    reply = Reply(
        text=words,
        cards=(Card(title=words, subtitle=words, facts=((words, words),)),),
        table=Table(columns=(words,), rows=((words,),), note=words),
    )
    for part in parts(to(reply)):
        seen, _ = parse_html(part.html)
        assert seen == part.text
    assert parts(to(reply))[0].text.startswith(shown)


@given(st.text(max_size=300), st.text(max_size=50), st.lists(st.text(max_size=20), max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_words_become_html_that_reads_back_the_same(text: str, title: str, cells: list[str]) -> None:
    table = Table(columns=tuple(cells), rows=(tuple(cells), tuple(reversed(cells))))
    for part in parts(to(Reply(text=text, cards=(Card(title=title),), table=table))):
        assert parse_html(part.html)[0] == part.text
        assert visible(part.text)


@given(st.text(st.sampled_from("ab .!\n。，👍é\u0301\u200d👩🏽🇨🇳한"), max_size=400), st.integers(4, 60))
@settings(max_examples=400, deadline=None)
def test_pieces_fit_lose_nothing_and_never_split_what_people_see_as_one(text: str, limit: int) -> None:
    pieces = [text[start:end] for start, end in cuts(text, limit)]
    assert "".join(pieces) == text
    borders = {found.end() for found in regex.finditer(r"\X", text)} | {0}
    place = 0
    for piece in pieces:
        assert 0 < utf16_length(piece) <= limit
        place += len(piece)
        assert place in borders or _inside_what_never_fits(text, place, limit)


def _inside_what_never_fits(text: str, place: int, limit: int) -> bool:
    clusters = [found for found in regex.finditer(r"\X", text) if found.start() < place < found.end()]
    return any(utf16_length(cluster[0]) > limit for cluster in clusters)


def test_four_thousand_emoji_are_split_by_utf16_units() -> None:
    said = texts(Reply(text="😀" * 4096))
    assert [utf16_length(text) for text in said] == [4096, 4096]


def test_long_texts_are_cut_between_sentences_in_both_languages() -> None:
    english = texts(Reply(text="This sentence has some length. " * 300))
    assert all(text.rstrip().endswith(".") for text in english)
    chinese = texts(Reply(text="这句话有一点长，不过没关系。" * 700))
    assert len(chinese) == 3
    assert all(text.endswith("。") for text in chinese)


def test_lines_are_kept_whole_where_there_are_lines() -> None:
    said = texts(Reply(text="\n".join(f"line {number} of a long list." for number in range(400))))
    assert len(said) > 1
    assert all(re.fullmatch(r"line \d+ of a long list\.", line) for text in said for line in text.strip().split("\n"))


def test_64_kb_without_a_border_go_through() -> None:
    said = texts(Reply(text="x" * 65536))
    assert len(said) == 16
    zalgo = texts(Reply(text="a" + "\u0301" * 9000))
    assert all(utf16_length(text) <= 4096 for text in zalgo)


def test_blank_texts_are_not_said() -> None:
    assert parts(to(Reply(text=" \n\u200b\u2060 "))) == []
    assert parts(to(Reply())) == []


def test_buttons_are_under_the_last_piece_only() -> None:
    said = parts(to(Reply(text="word. " * 1500, choices=(Choice(label="Yes", value="affirm"),))))
    assert [bool(part.buttons) for part in said] == [False, False, True]


def test_short_buttons_share_a_row_and_long_ones_do_not() -> None:
    labels = ("Yes", "No", "Talk to a real person", "好", "不好")
    [part] = parts(to(Reply(text="?", choices=tuple(Choice(label=label, value=label[:3]) for label in labels))))
    rows = [[choice.label for choice in row] for row in part.buttons]
    assert rows == [["Yes", "No"], ["Talk to a real person"], ["好", "不好"]]


def test_a_button_telegram_would_refuse_is_left_out_and_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    choices = (Choice(label="long", value="订" * 22), Choice(label="ok", value="订" * 21))
    [part] = parts(to(Reply(text="?", choices=choices)))
    assert [[choice.label for choice in row] for row in part.buttons] == [["ok"]]
    assert "64 bytes" in caplog.text


def test_a_link_telegram_would_refuse_becomes_text() -> None:
    choices = (
        Choice(label="Shop", value="", link="https://shop.example/a"),
        Choice(label="Local", value="", link="http://localhost:8080/x"),
        Choice(label="Bad", value="", link="javascript:alert(1)"),
    )
    [part] = parts(to(Reply(text="See", choices=choices)))
    assert [[choice.label for choice in row] for row in part.buttons] == [["Shop"]]
    assert "Local: http://localhost:8080/x" in part.text
    markup = {"inline_keyboard": [[{"text": "x", "url": choice.link}] for choice in choices]}
    with pytest.raises(Refusal):
        check_markup(markup, private=True)


def test_each_card_with_choices_is_a_message_of_its_own() -> None:
    cards = tuple(
        Card(title=f"Kettle {number}", facts=(("price", "¥99"),), choices=(Choice(label="Buy", value=f"buy:{number}"),))
        for number in (1, 2)
    )
    said = parts(to(Reply(text="Two kettles", cards=cards, choices=(Choice(label="More", value="more"),))))
    assert [part.text for part in said] == ["Two kettles", "Kettle 1\nprice: ¥99", "Kettle 2\nprice: ¥99"]
    assert [[choice.value for row in part.buttons for choice in row] for part in said] == [
        [],
        ["buy:1"],
        ["buy:2", "more"],
    ]
    assert said[1].html == "<b>Kettle 1</b>\nprice: ¥99"


def test_cards_speak_the_language_of_the_reply() -> None:
    assert texts(Reply(cards=(Card(title="水壶", facts=(("价格", "¥99"),)),)), language="zh") == ["水壶\n价格：¥99"]


def test_choices_alone_get_a_word_above_them() -> None:
    choices = (Choice(label="Yes", value="affirm"),)
    assert texts(Reply(choices=choices)) == ["Please choose:"]
    assert texts(Reply(choices=choices), language="zh-hans") == ["请选择："]


def test_a_narrow_table_is_aligned_and_a_wide_one_is_a_list() -> None:
    narrow = Table(columns=("Product", "Sold"), rows=(("茶壶", "12"), ("Kettle", "3")), note="Top 2")
    [part] = parts(to(Reply(table=narrow)))
    assert part.html == "<pre>Product  Sold\n─────────────\n茶壶       12\nKettle      3</pre><i>\nTop 2</i>"
    lines = part.text.split("\n")[:4]
    assert len({display_width(line) for line in lines}) == 1
    wide = Table(columns=("Name", "Place", "Note"), rows=(("Ann", "Berlin", "x" * 40), ("Bo", "", "y")))
    [part] = parts(to(Reply(table=wide)))
    assert part.html == f"• <b>Ann</b> — Place: Berlin · Note: {'x' * 40}\n• <b>Bo</b> — Note: y"


def test_a_caption_too_long_is_said_before_its_file() -> None:
    short, long = (
        OutgoingFile(attachment_id=1, name="a.pdf", media_type="x/y", caption="c" * size) for size in (1024, 1025)
    )
    assert [(bool(part.file), len(part.text)) for part in parts(to(Reply(files=(short,))))] == [(True, 1024)]
    assert [(bool(part.file), len(part.text)) for part in parts(to(Reply(files=(long,))))] == [(False, 1025), (True, 0)]


def test_the_phone_number_is_asked_for_in_private_chats_only() -> None:
    reply = Reply(text="Who are you?", request_contact="Share my number")
    assert parts(to(reply))[0].request_contact == "Share my number"
    assert not parts(to(reply, chat_id="-100"))[0].request_contact
    with_buttons = reply.model_copy(update={"choices": (Choice(label="Later", value="deny"),)})
    said = parts(to(with_buttons))
    assert [(part.request_contact, bool(part.buttons)) for part in said] == [("", True), ("Share my number", False)]
