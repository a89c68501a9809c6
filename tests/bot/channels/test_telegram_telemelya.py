"""Telegram's webhook mode against telemelya, a Bot API that nobody on this project wrote."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.channels.base import RetryLater
from bot.channels.telegram import TelegramChannel
from bot.messages import Card, Choice, OutgoingFile, Reply
from tests.bot.channels.telegram_setting import SECRET, Inbox, channel_on, outgoing, served
from tests.peers import telemelya
from tests.peers.bot_api import BotApi

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(
        not telemelya.PYTHON.exists(),
        reason="telemelya is missing: make .venv-peers, pip install --no-deps -r requirements/peers.txt into it",
    ),
]
Use = Callable[[TelegramChannel, Inbox, telemelya.Telemelya], Awaitable[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with telemelya.running() as url:
        yield url


@pytest.fixture
def converse(server: str, request: pytest.FixtureRequest) -> Callable[[Use], None]:
    """Run a conversation: telemelya, the proxy that adds the secret, our webhook, our channel."""

    async def scenario(use: Use, *, secret: bool) -> None:
        port = telemelya.free_port()
        target = f"http://127.0.0.1:{port}"
        person = telemelya.Telemelya(server, request.node.name, chat_id=port)
        async with telemelya.secret_proxy(target, SECRET) as proxy:
            api = BotApi()
            api.url = server
            channel = channel_on(
                api,
                token=SecretStr(telemelya.TOKEN),
                webhook_secret=SecretStr(SECRET),
                public_url=proxy if secret else target,
            )
            inbox = Inbox()
            async with served(channel, port):
                await channel.start(inbox)
                await use(channel, inbox, person)
                await channel.stop()
        await person.close()

    def run(use: Use, *, secret: bool = True) -> None:
        asyncio.run(scenario(use, secret=secret))

    return run


def test_text_command_and_typing(converse: Callable[[Use], None]) -> None:
    async def use(channel: TelegramChannel, inbox: Inbox, person: telemelya.Telemelya) -> None:
        assert channel.health()["state"] == "connected"  # although setMyCommands answers 404 there
        assert await person.update(text="帮我查一下 order #8821 <b> 👍") == 200
        assert await person.update(command="/order 8821") == 200
        assert inbox.texts == ["帮我查一下 order #8821 <b> 👍", "8821"]
        assert (inbox.messages[1].kind, inbox.messages[1].command) == ("command", "order")
        chat = inbox.messages[0].chat_id
        await channel.typing(chat)
        number = await channel.send(outgoing("Order 8821 <shipped> & on its way", chat_id=chat))
        did = await person.responses()
        assert [one["method"] for one in did] == ["sendChatAction", "sendMessage"]
        assert str(did[1]["message_id"]) == number
        assert did[1]["text"] == "Order 8821 &lt;shipped&gt; &amp; on its way"

    converse(use)


def test_buttons_and_edits(converse: Callable[[Use], None]) -> None:
    async def use(channel: TelegramChannel, inbox: Inbox, person: telemelya.Telemelya) -> None:
        chat = str(person.chat_id)
        assert await person.update(text="cancel my order") == 200
        card = Card(
            title="Order 8821", facts=(("state", "paid"),), choices=(Choice(label="Cancel", value="affirm:8821"),)
        )
        number = await channel.send(outgoing(Reply(cards=(card,)), chat_id=chat))
        assert await person.update(callback_data="affirm:8821", callback_message_id=int(number)) == 200
        pressed = inbox.messages[-1]
        assert (pressed.kind, pressed.button, pressed.reply_to, pressed.chat_id) == (
            "button",
            "affirm:8821",
            number,
            chat,
        )
        await channel.send(outgoing(Reply(text="Cancelled.", edit=True, target=number), chat_id=chat))
        did: dict[str, dict[str, Any]] = {}
        async with asyncio.timeout(10):  # the button is acknowledged beside the rest
            while "answerCallbackQuery" not in did:
                did = {one["method"]: one for one in await person.responses()}
        assert did["sendMessage"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "affirm:8821"
        assert did["answerCallbackQuery"]["callback_query_id"] == pressed.message_id.removeprefix("cb-")
        assert did["editMessageText"]["text"] == "Cancelled."

    converse(use)


def test_a_photo_both_ways(converse: Callable[[Use], None]) -> None:
    async def use(channel: TelegramChannel, inbox: Inbox, person: telemelya.Telemelya) -> None:
        content = b"\xff\xd8\xff" + bytes(500)
        file_id = await person.upload(content, "damaged.jpg", "image/jpeg")
        assert await person.update(photo_file_id=file_id, photo_caption="it is broken") == 200
        [message] = inbox.messages
        assert message.text == "it is broken"
        assert await channel.download(message.attachments[0]) == content
        chart = OutgoingFile(attachment_id=1, name="chart.png", media_type="image/png", caption="here & there")
        await channel.send(outgoing(Reply(files=(chart,)), chat_id=message.chat_id))
        did = (await person.responses())[-1]
        assert did["method"] == "sendPhoto"
        assert did["caption"] == "here &amp; there"

    converse(use)


def test_what_cannot_be_stored_is_answered_503(converse: Callable[[Use], None]) -> None:
    async def use(_channel: TelegramChannel, inbox: Inbox, person: telemelya.Telemelya) -> None:
        inbox.failures = 1
        assert await person.update(text="hello") == 503
        assert await person.update(text="hello") == 200

    converse(use)


def test_without_the_secret_nothing_is_taken(converse: Callable[..., None]) -> None:
    async def use(_channel: TelegramChannel, inbox: Inbox, person: telemelya.Telemelya) -> None:
        assert await person.update(text="let me in") == 403
        assert inbox.messages == []

    converse(use, secret=False)


def test_a_method_the_server_lacks_can_be_tried_later(converse: Callable[[Use], None]) -> None:
    async def use(channel: TelegramChannel, _inbox: Inbox, person: telemelya.Telemelya) -> None:
        paper = OutgoingFile(attachment_id=1, name="a.pdf", media_type="application/pdf")
        with pytest.raises(RetryLater):  # telemelya has no sendDocument: 404, which reads as a wrong token
            await channel.send(outgoing(Reply(files=(paper,)), chat_id=str(person.chat_id)))

    converse(use)
