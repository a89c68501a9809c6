"""What replies look like in Slack, and that nothing from outside breaks a limit or rings a bell."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import slack_format
from bot.channels.slack_format import clean, cut, escape, pieces, plain, render, size, texts_of, width
from bot.messages import Card, Choice, Reply, Table
from tests.peers.slack_blocks import length, problems

GOLDEN = Path(__file__).parent / "slack_golden"
REPLIES = {
    "text": Reply(text="Order 1042 shipped & arrives <soon>.\n\n订单 1042 已发货。"),
    "card": Reply(
        text="Found one customer.",
        cards=(
            Card(
                title="王芳 · Wang Fang",
                subtitle="Gold · last contact 3 days ago",
                facts=(("Value", "¥12,300.00"), ("Mood", "calm"), ("Last order", "1042 <b>")),
                choices=(
                    Choice(label="Open", value="show_customer:7", style="primary"),
                    Choice(label="备注", value="note:7"),
                ),
            ),
        ),
    ),
    "table": Reply(
        text="3 customers in 上海 who spent over ¥1,000",
        table=Table(
            columns=("Customer", "Orders", "Spent"),
            rows=(
                ("王芳", "12", "¥12,300.00"),
                ("Ann `Lee` <x>", "3", "¥1,100.50"),
                ("O'Neil & Söhne", "", "¥1,001.00"),
            ),
            note="Sorted by spent; 3 of 3",
        ),
        choices=(
            Choice(label="CSV", value="list_csv:9"),
            Choice(label="How", value="how:9", link="https://acme.example/9"),
        ),
    ),
    "buttons": Reply(
        text="How was it?", choices=tuple(Choice(label=str(n), value=f"csat_rating:{n}") for n in range(1, 8))
    ),
}


@pytest.mark.parametrize("name", REPLIES)
def test_rendering_is_as_agreed(name: str) -> None:
    shown = [{"text": message.text, "blocks": message.blocks} for message in render(REPLIES[name])]
    assert shown == json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def test_a_table_lines_up_with_chinese_in_it() -> None:
    [message] = render(REPLIES["table"])
    code = message.blocks[1]["text"]["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    lines = code.splitlines()[1:-1]
    assert len({width(line) for line in lines}) == 1
    assert code.count("```") == 2


OUTSIDE = st.text(
    st.one_of(st.characters(), st.sampled_from("<>&!@#|`*_~\n 。👩‍🚀王"), st.just("\u202e")), max_size=400
) | st.sampled_from(
    ["<!channel>", "<@U0AGENT001>", "<https://evil.example|bank>", "&lt;!here&gt;", "```<!here>", "<!subteam^S1>"]
)
LONG = st.builds(lambda text, times: text * times, OUTSIDE, st.integers(1, 60))
CHOICE = st.builds(
    Choice, label=OUTSIDE, value=st.text("abc:1", max_size=64), style=st.sampled_from(["plain", "danger"]), link=OUTSIDE
)
CARD = st.builds(
    Card,
    title=OUTSIDE,
    subtitle=OUTSIDE,
    facts=st.lists(st.tuples(OUTSIDE, LONG), max_size=25).map(tuple),
    choices=st.lists(CHOICE, max_size=8).map(tuple),
)
TABLE = st.builds(
    Table,
    columns=st.lists(OUTSIDE, max_size=5).map(tuple),
    rows=st.lists(st.lists(OUTSIDE, max_size=5).map(tuple), max_size=30).map(tuple),
    note=OUTSIDE,
)
REPLY = st.builds(
    Reply,
    text=LONG,
    cards=st.lists(CARD, max_size=6).map(tuple),
    table=st.none() | TABLE,
    choices=st.lists(CHOICE, max_size=12).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(REPLY)
def test_no_limit_is_broken_and_no_token_of_slack_survives(reply: Reply) -> None:
    for message in render(reply):
        assert problems(message.text, message.blocks) == []
        json.dumps(message.blocks).encode("utf-8")
        for text in [message.text, *texts_of([block for block in message.blocks if block["type"] != "actions"])]:
            escaped = re.sub(r"&(?:amp|lt|gt);", "", text)
            # Headers are plain text, in which Slack reads no token.
            if not _in_header(message.blocks, text):
                assert not set("<>&") & set(escaped)
            assert not re.search(r"[\x00\ud800-\udfff\u202e]", text)


def _in_header(blocks: list[dict[str, Any]], text: str) -> bool:
    return any(block["type"] == "header" and block["text"]["text"] == text for block in blocks)


@given(LONG, st.integers(20, 300))
def test_pieces_lose_nothing_but_blanks(text: str, limit: int) -> None:
    parts = list(pieces(text, limit))
    assert all(size(part) <= limit for part in parts)
    assert all(length(escape(part)) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(clean(text).split())


@given(LONG, st.integers(6, 300))
def test_cut_keeps_within_the_limit(text: str, limit: int) -> None:
    assert length(escape(cut(text, limit))) <= limit


def test_long_text_breaks_where_people_pause() -> None:
    sentences = "The parcel left on Monday. 包裹周一已发出。" * 200
    parts = list(pieces(sentences))
    assert len(parts) > 1
    assert all(part.endswith((".", "。")) for part in parts)


def test_joined_characters_are_never_torn() -> None:
    family = "👨‍👩‍👧‍👦"
    assert all(part == family * part.count(family) for part in pieces(family * 400, 100))


def test_64_kb_become_several_messages_each_within_the_sum() -> None:
    messages = render(Reply(text="投诉。" * 22_000))
    assert len(messages) > 1
    assert all(sum(map(len, texts_of(message.blocks))) <= slack_format.MESSAGE for message in messages)
    assert "".join(text for message in messages for text in texts_of(message.blocks)).count("投诉") == 22_000


def test_many_cards_become_messages_of_at_most_50_blocks() -> None:
    messages = render(Reply(cards=tuple(Card(title=str(number)) for number in range(60))))
    assert [len(message.blocks) for message in messages] == [50, 50, 19]


def test_a_long_table_says_how_much_it_left_out() -> None:
    rows = tuple((f"Customer {number}", str(number)) for number in range(250))
    [*_, last] = render(Reply(table=Table(columns=("Name", "No"), rows=rows)))[-1].blocks
    assert "… +150" in last["text"]["text"]


def test_a_value_cannot_pose_as_another_fact() -> None:
    [message] = render(Reply(cards=(Card(title="x", facts=(("Name", "Eve\n*Value*\n¥9,999"),)),)))
    assert message.blocks[1]["fields"][0]["text"] == "*Name*\nEve *Value* ¥9,999"


def test_buttons_are_numbered_across_cards() -> None:
    card = Card(title="x", choices=(Choice(label="Open", value="open"),))
    [message] = render(Reply(cards=(card, card), choices=(Choice(label="More", value="more"),)))
    names = [each["action_id"] for block in message.blocks for each in block.get("elements", ())]
    assert names == ["rapport:0", "rapport:1", "rapport:2"]


def test_many_choices_are_a_row_of_buttons_and_a_menu() -> None:
    choices = tuple(Choice(label=f"Intent {n}", value=f"correct:9:{n}") for n in range(38))
    [message] = render(Reply(text="What was meant?", choices=choices))
    assert problems(message.text, message.blocks) == []
    buttons, menu = (block["elements"] for block in message.blocks[1:])
    assert [each["value"] for each in buttons] == [f"correct:9:{n}" for n in range(5)]
    assert [each["value"] for each in menu[0]["options"]] == [f"correct:9:{n}" for n in range(5, 38)]


def test_a_link_that_is_no_web_address_is_no_button() -> None:
    [message] = render(Reply(text="x", choices=(Choice(label="a", value="", link="javascript:alert(1)"),)))
    assert [block["type"] for block in message.blocks] == ["section"]


def test_an_empty_reply_is_no_message() -> None:
    assert render(Reply(text=" \x00\n")) == []


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("<@U0BOT> help", "help"),
        ("hey <@U0BOT|rapport> help", "hey help"),
        ("<@U0BOT>：查订单", "查订单"),
        ("&amp;lt;", "&lt;"),
        ("<!here> look", "@here look"),
        ("<!subteam^S1|@agents>", "@agents"),
        ("<https://a.example>", "https://a.example"),
        ("<http://a.example|a.example>", "a.example"),
        ("a\x00b\ud800", "ab"),
    ],
)
def test_typed_text_is_read_back(sent: str, read: str) -> None:
    assert plain(sent, "U0BOT") == read


def test_reading_hostile_text_is_quick() -> None:
    for text in ("<" * 64_000, "<@" * 32_000, "<a|" * 20_000, "&" * 64_000, "<@U0BOT " * 8_000):
        plain(text, "U0BOT")
