"""Replies on their way to Telegram: best form first, plainer forms where refused, every failure told apart."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from bot.channels.base import DeliveryFailed, Refused, RetryLater, Unclear
from bot.channels.telegram import TelegramChannel
from bot.messages import Card, Choice, IncomingAttachment, OutgoingFile, Reply, Table
from tests.bot.channels.telegram_setting import PNG, Inbox, Pauses, channel_on, outgoing, until
from tests.peers.bot_api import BotApi

IMAGE = OutgoingFile(attachment_id=1, name="chart.png", media_type="image/png", caption="Sales & more")
PDF = OutgoingFile(attachment_id=2, name="发票.pdf", media_type="application/pdf")


@pytest.fixture(scope="module")
def running() -> Iterator[BotApi]:
    with BotApi() as api:
        yield api


@pytest.fixture
def api(running: BotApi) -> BotApi:
    running.reset()
    return running


def sending(api: BotApi, use: Callable[[TelegramChannel], Awaitable[None]], **changed: Any) -> None:
    async def scenario() -> None:
        channel = channel_on(api, **changed)
        await use(channel)
        await channel.stop()

    asyncio.run(scenario())


def test_a_whole_reply_arrives_as_people_should_see_it(api: BotApi) -> None:
    reply = Reply(
        text="Your order <8821> & more",
        cards=(
            Card(title="Order 8821", facts=(("state", "shipped"),), choices=(Choice(label="Track", value="track"),)),
        ),
        table=Table(columns=("item", "n"), rows=(("茶壶", "1"),)),
        choices=(
            Choice(label="Person", value="human", style="primary"),
            Choice(label="Shop", value="", link="https://a.b/"),
        ),
        files=(IMAGE, PDF),
    )

    async def use(channel: TelegramChannel) -> None:
        last = await channel.send(outgoing(reply))
        assert last == str(api.sent[-1].message_id)

    sending(api, use)
    assert [(sent.method, sent.text.split("\n")[0]) for sent in api.sent] == [
        ("sendMessage", "Your order <8821> & more"),
        ("sendMessage", "Order 8821"),
        ("sendMessage", "item  n"),
        ("sendPhoto", "Sales & more"),
        ("sendDocument", ""),
    ]
    assert [entity["type"] for entity in api.sent[1].entities] == ["b"]
    assert api.sent[2].markup == {
        "inline_keyboard": [
            [{"text": "Person", "callback_data": "human", "style": "primary"}, {"text": "Shop", "url": "https://a.b/"}]
        ]
    }
    assert (api.sent[4].file_name, api.sent[4].file_size) == ("发票.pdf", len(PNG))
    assert all(sent.params["link_preview_options"] == '{"is_disabled": true}' for sent in api.sent[:3])


def test_parts_of_one_reply_keep_the_pace(api: BotApi) -> None:
    pauses = Pauses()

    async def use(channel: TelegramChannel) -> None:
        await channel.send(outgoing("word. " * 2500))
        await channel.send(outgoing("word. " * 1500, chat_id="-1005"))

    sending(api, use, sleep=pauses)
    assert pauses.asked == [1.0, 1.0, 1.0, 3.0, 3.0]


def test_real_pauses_break_no_rate(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        await channel.send(outgoing("word. " * 1500))

    sending(api, use, sleep=asyncio.sleep)
    assert len(api.sent) == 3
    assert not api.violations


@pytest.mark.parametrize(
    ("fault", "expected", "seconds", "arrived"),
    [
        ({"kind": "429", "retry_after": 7}, RetryLater, 7, 0),
        ({"kind": "401"}, RetryLater, 60, 0),
        ({"kind": "403", "description": "Forbidden: bot was blocked by the user"}, Refused, 0, 0),
        ({"kind": "403", "description": "Forbidden: user is deactivated"}, Refused, 0, 0),
        ({"kind": "400", "description": "Bad Request: chat not found"}, Refused, 0, 0),
        ({"kind": "500"}, RetryLater, 5, 0),
        ({"kind": "502", "description": "Bad Gateway"}, Unclear, 0, 0),
        ({"kind": "garbage"}, Unclear, 0, 0),
        ({"kind": "drop"}, Unclear, 0, 0),
        ({"kind": "accept_drop"}, Unclear, 0, 1),
    ],
)
def test_each_failure_has_its_meaning(
    api: BotApi, fault: dict[str, Any], expected: type[DeliveryFailed], seconds: float, arrived: int
) -> None:
    async def use(channel: TelegramChannel) -> None:
        api.fault(**fault)
        with pytest.raises(DeliveryFailed) as raised:
            await channel.send(outgoing("hello"))
        assert type(raised.value) is expected
        assert getattr(raised.value, "seconds", 0) == seconds
        assert raised.value.__suppress_context__

    sending(api, use)
    assert len(api.sent) == arrived


def test_no_server_means_nothing_was_sent(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        with pytest.raises(RetryLater, match="cannot be reached"):
            await channel.send(outgoing("hello"))

    sending(api, use, base_url="http://127.0.0.1:9", base_file_url="http://127.0.0.1:9")


def test_a_reply_that_broke_off_goes_on_where_it_stopped(api: BotApi) -> None:
    long, pauses = outgoing("word. " * 2500), Pauses()

    async def use(channel: TelegramChannel) -> None:
        pauses.meanwhile = lambda: api.fault("500")  # the second part fails
        with pytest.raises(RetryLater):
            await channel.send(long)
        assert len(api.sent) == 1
        pauses.meanwhile = lambda: None
        await channel.send(long)
        assert " ".join(api.texts(7)).split() == ["word."] * 2500
        await channel.send(long)  # said in full, so saying it again is a new message
        assert len(api.sent) == 8

    sending(api, use, sleep=pauses)


def test_html_that_telegram_cannot_read_is_said_plainly(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        api.fault("400", description='Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 3')
        await channel.send(outgoing(Reply(cards=(Card(title="Tom & Jerry <3"),))))

    sending(api, use)
    [sent] = api.sent
    assert sent.text == "Tom & Jerry <3"
    assert "parse_mode" not in sent.params


def test_an_edit_changes_the_message(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        number = await channel.send(outgoing(Reply(text="We open at 9", choices=(Choice(label="OK", value="ok"),))))
        edit = Reply(text="We open at 10", edit=True, target=number)
        assert await channel.send(outgoing(edit)) == number
        assert await channel.send(outgoing(edit)) == number  # "not modified" is what was wanted
        assert api.messages[7, int(number)]["text"] == "We open at 10"
        assert "reply_markup" not in api.messages[7, int(number)]
        assert [sent.method for sent in api.sent] == ["sendMessage", "editMessageText"]
        gone = Reply(text="We open at 11", edit=True, target="4711")
        assert await channel.send(outgoing(gone)) == str(api.sent[-1].message_id)
        assert api.sent[-1].method == "sendMessage"

    sending(api, use)


def test_ticks_are_not_for_customers(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        assert await channel.send(outgoing(Reply(mark="failed", text="why", target="12"))) == "12"

    sending(api, use)
    assert api.sent == []


def test_nothing_to_say_is_refused_and_not_sent(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        with pytest.raises(Refused, match="empty"):
            await channel.send(outgoing(" \u200b"))

    sending(api, use)
    assert api.calls == []


def test_private_answers_never_go_into_a_group(api: BotApi) -> None:
    private = Reply(text="Your address is …", private=True)

    async def use(channel: TelegramChannel) -> None:
        await channel.send(outgoing(private, chat_id="-1005", thread_id="7", recipient="42"))
        with pytest.raises(Refused, match="group"):
            await channel.send(outgoing(private, chat_id="-1005"))
        await channel.send(outgoing(Reply(text="We open at 9"), chat_id="-1005", thread_id="7"))

    sending(api, use)
    assert [(sent.chat_id, sent.params.get("message_thread_id")) for sent in api.sent] == [(42, None), (-1005, "7")]


def test_a_group_that_moved_is_followed(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        api.missing.add(-5)
        original = api._check_chat

        def moved(params: dict[str, Any]) -> int | str:
            from tests.peers.bot_api_rules import Refusal

            if str(params["chat_id"]) == "-5":
                raise Refusal(400, "Bad Request: group chat was upgraded to a supergroup", migrate_to_chat_id=-1005)
            return original(params)

        api._check_chat = moved  # type: ignore[method-assign]
        try:
            await channel.send(outgoing("hello", chat_id="-5"))
        finally:
            api._check_chat = original  # type: ignore[method-assign]

    sending(api, use)
    assert [sent.chat_id for sent in api.sent] == [-1005]


def test_asking_for_the_number_and_putting_the_button_away(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        await channel.send(outgoing(Reply(text="Who are you?", request_contact="Share my number")))
        await channel.send(outgoing("Welcome, Mei"))
        await channel.send(outgoing("Anything else?"))

    sending(api, use)
    assert [sent.markup for sent in api.sent] == [
        {
            "keyboard": [[{"text": "Share my number", "request_contact": True}]],
            "resize_keyboard": True,
            "one_time_keyboard": True,
        },
        {"remove_keyboard": True},
        None,
    ]


@pytest.mark.parametrize(
    ("file", "content", "methods"),
    [
        (IMAGE, PNG, ["sendPhoto"]),
        (IMAGE, b"GIF89a not a picture Telegram takes", ["sendDocument"]),
        (IMAGE, PNG + b"0" * 10 * 1024 * 1024, ["sendDocument"]),
        (IMAGE.model_copy(update={"media_type": "image/svg+xml"}), b"<svg/>", ["sendDocument"]),
        (PDF, b"%PDF", ["sendDocument"]),
    ],
)
def test_pictures_and_documents(api: BotApi, file: OutgoingFile, content: bytes, methods: list[str]) -> None:
    async def use(channel: TelegramChannel) -> None:
        await channel.send(outgoing(Reply(files=(file,))))

    sending(api, use, read_file=lambda _number: content)
    assert [sent.method for sent in api.sent] == methods
    assert (api.sent[0].text, api.sent[0].file_name, api.sent[0].file_size) == (file.caption, file.name, len(content))


def test_a_file_beyond_what_telegram_takes_is_refused_with_a_way_out(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        with pytest.raises(Refused, match="50 MB"):
            await channel.send(outgoing(Reply(files=(PDF,))))

    sending(api, use, read_file=lambda _number: bytes(50 * 1024 * 1024 + 1))


def test_typing_is_shown_and_never_fails(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        await channel.typing("7")
        api.fault("403", method="sendChatAction")
        await channel.typing("7")
        assert api.calls == [("sendChatAction", 200), ("sendChatAction", 403)]

    sending(api, use)


def voice(reference: str, size: int = 0) -> IncomingAttachment:
    return IncomingAttachment(kind="voice", name="voice.ogg", size=size, reference=reference)


def test_a_file_somebody_sent_is_fetched(api: BotApi) -> None:
    content = bytes(range(256)) * 40

    async def use(channel: TelegramChannel) -> None:
        assert await channel.download(voice(api.add_file(content, "声音 1.ogg"))) == content

    sending(api, use)


def test_what_cannot_be_fetched_says_why(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        with pytest.raises(Refused, match=r"30 MB.*20 MB"):
            await channel.download(voice("x", size=30 * 1024 * 1024))
        assert api.calls == []
        large = api.add_file(bytes(20 * 1024 * 1024 + 1), "large")
        with pytest.raises(Refused, match="too big"):
            await channel.download(voice(large))
        with pytest.raises(Refused, match="Wrong file_id"):
            await channel.download(voice("unknown"))
        with pytest.raises(Refused, match="no file"):
            await channel.download(voice(""))
        api.fault("drop", method="getFile")
        with pytest.raises(RetryLater):
            await channel.download(voice(api.add_file(b"x", "a")))

    sending(api, use)


def test_a_file_that_went_away_between_asking_and_fetching(api: BotApi) -> None:
    async def use(channel: TelegramChannel) -> None:
        with pytest.raises(Refused, match="any more"):
            await channel.download(voice(api.add_file(b"x", "a")))

    # The files' address answers 404 for everything, as for a link that has expired.
    sending(api, use, base_file_url=api.url + "/elsewhere")


def test_sending_and_receiving_at_once(api: BotApi) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api), Inbox()
        await channel.start(inbox)
        for chat in range(1, 21):
            api.say(chat, "hello")
        await asyncio.gather(*(channel.send(outgoing(f"to {chat}", chat_id=str(chat))) for chat in range(1, 21)))
        await until(api, lambda: len(inbox.messages) == 20)
        await channel.stop()

    asyncio.run(scenario())
    assert sorted(sent.text for sent in api.sent) == sorted(f"to {chat}" for chat in range(1, 21))
    assert not api.violations
