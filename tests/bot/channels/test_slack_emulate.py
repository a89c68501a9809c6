"""The same channel against `emulate`, a Slack nobody here wrote, with our Socket Mode in front of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.channels.base import Refused, RetryLater
from bot.channels.slack import SlackChannel
from bot.messages import Card, Choice, IncomingAttachment, IncomingMessage, Outgoing, OutgoingFile, Reply, Table
from tests.conftest import Clock
from tests.peers import slack_emulate
from tests.peers.slack_memory import APP_TOKEN, BOT_TOKEN
from tests.peers.slack_shim import Fault, SlackShim

pytestmark = [pytest.mark.node, pytest.mark.skipif(bool(slack_emulate.missing()), reason=slack_emulate.missing())]

MEI = "xoxp-mei"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture(scope="module")
def emulate() -> Iterator[str]:
    with slack_emulate.emulate() as url:
        yield url


@dataclass
class World:
    """The emulated workspace as the bot and as Mei see it."""

    slack: SlackShim
    channel: SlackChannel
    mei: str
    support: str
    received: list[IncomingMessage] = field(default_factory=list)

    async def api(self, method: str, token: str = BOT_TOKEN, **args: Any) -> dict[str, Any]:
        """Call the Web API directly, past the channel."""
        return await self.slack.ask_upstream(method, args, token)

    async def say(self, text: str, thread_ts: str = "") -> dict[str, Any]:
        """Mei writes in the support channel: kept by emulate, delivered by our Socket Mode."""
        args = {"channel": self.support, "text": text} | ({"thread_ts": thread_ts} if thread_ts else {})
        posted = await self.api("chat.postMessage", MEI, **args)
        assert posted["ok"], posted
        message = {**posted["message"], "channel": self.support, "user": self.mei}
        acks = await self.slack.deliver(message)
        assert all(acks)
        return message

    async def thread(self, ts: str) -> list[dict[str, Any]]:
        """Every message of a thread, as emulate kept it."""
        answer = await self.api("conversations.replies", channel=self.support, ts=ts)
        return list(answer["messages"])

    def reply(self, reply: Reply, **more: Any) -> Outgoing:
        return Outgoing(channel="slack", account=self.channel.account, chat_id=self.support, reply=reply, **more)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[World]:
    async with SlackShim(upstream=url) as slack:
        bot, mei = [await slack.ask_upstream("auth.test", {}, token) for token in (BOT_TOKEN, MEI)]
        listed = await slack.ask_upstream("conversations.list", {}, BOT_TOKEN)
        support = next(each["id"] for each in listed["channels"] if each["name"] == "support")
        for token in (BOT_TOKEN, MEI):
            await slack.ask_upstream("conversations.join", {"channel": support}, token)
        slack.bot_user, slack.team = bot["user_id"], bot["team_id"]
        channel = SlackChannel(
            bot_token=SecretStr(BOT_TOKEN),
            app_token=SecretStr(APP_TOKEN),
            base_url=slack.api,
            support_channel="support",
            read_file={7: PICTURE}.__getitem__,
            clock=Clock(),
        )
        world = World(slack, channel, mei["user_id"], support)

        async def receive(message: IncomingMessage) -> bool:
            world.received.append(message)
            return True

        await channel.start(receive)
        try:
            yield world
        finally:
            await channel.stop()


def test_a_mention_is_answered_in_its_thread(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            said = await world.say(f"<@{world.slack.bot_user}> 今天怎么样?")
            first, second = world.received
            assert first.message_id == second.message_id == said["ts"]
            assert (first.text, first.addressed, first.sender.restricted) == ("今天怎么样?", True, False)
            assert first.sender.handle == "mei"
            await world.channel.send(
                world.reply(Reply(text="Fine <!channel> & well"), thread_id=said["ts"], recipient=world.mei)
            )
            answers = await world.thread(said["ts"])
            assert answers[-1]["text"] == "Fine &lt;!channel&gt; &amp; well"

    asyncio.run(scenario())


def test_a_command_is_answered_to_one_person(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            assert await world.slack.command(world.mei, world.support, "find 王芳")
            [command] = world.received
            assert (command.command, command.text) == ("find", "王芳")
            card = Card(title="王芳", facts=(("Value", "¥12,300.00"),), choices=(Choice(label="Open", value="show:7"),))
            ts = await world.channel.send(world.reply(Reply(cards=(card,)), recipient=world.mei))
            history = await world.api("conversations.history", channel=world.support)
            assert ts not in {each["ts"] for each in history["messages"]}

    asyncio.run(scenario())


def test_a_button_is_pressed_and_its_message_changed(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            table = Table(columns=("Order", "Total"), rows=(("1042", "¥99.00"),))
            send = Choice(label="Send", value="handoff_send:1", style="primary")
            ts = await world.channel.send(world.reply(Reply(text="A customer waits", table=table, choices=(send,))))
            [kept] = await world.thread(ts)
            button = kept["blocks"][-1]["elements"][0]
            assert await world.slack.press_raw(world.mei, world.support, kept, button)
            [pressed] = world.received
            assert (pressed.button, pressed.thread_id) == ("handoff_send:1", ts)
            await world.channel.send(world.reply(Reply(text="Taken by Mei", edit=True, target=ts)))
            [kept] = await world.thread(ts)
            assert (kept["text"], len(kept["blocks"])) == ("Taken by Mei", 1)

    asyncio.run(scenario())


def test_a_line_in_a_thread_is_ticked_and_crossed(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            parent = await world.channel.send(world.reply(Reply(text="A customer waits")))
            line = await world.say("your parcel is on its way", thread_ts=parent)
            [message] = world.received
            assert (message.thread_id, message.addressed) == (parent, False)
            await world.channel.send(world.reply(Reply(mark="sent", target=line["ts"]), thread_id=parent))
            failed = Reply(mark="failed", target=line["ts"], text="blocked")
            await world.channel.send(world.reply(failed, thread_id=parent))
            *_, marked, reason = await world.thread(parent)
            assert [each["name"] for each in marked["reactions"]] == ["white_check_mark", "x"]
            assert reason["text"] == "blocked"

    asyncio.run(scenario())


def test_a_file_goes_up_into_a_thread_and_comes_down_again(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            parent = await world.channel.send(world.reply(Reply(text="A customer waits")))
            picture = OutgoingFile(attachment_id=7, name="broken.png", media_type="image/png", caption="as it arrived")
            sent = await world.channel.send(world.reply(Reply(files=(picture,)), thread_id=parent))
            *_, shared = await world.thread(parent)
            assert (shared["files"][0]["id"], shared["text"]) == (sent, "as it arrived")
            address = shared["files"][0]["url_private"]
            attachment = IncomingAttachment(kind="photo", name="broken.png", media_type="image/png", reference=address)
            if address.startswith(emulate):
                # emulate serves files from its own port, which is not the base URL: the token must not go there.
                with pytest.raises(Refused):
                    await world.channel.download(attachment)
            headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
            async with aiohttp.ClientSession(headers=headers) as session, session.get(address) as answer:
                assert await answer.read() == PICTURE

    asyncio.run(scenario())


def test_a_direct_message_is_opened(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            outgoing = Outgoing(
                channel="slack", account=world.channel.account, chat_id=world.mei, reply=Reply(text="Your digest")
            )
            ts = await world.channel.send(outgoing)
            opened = await world.api("conversations.open", users=world.mei)
            history = await world.api("conversations.history", channel=opened["channel"]["id"])
            assert [each["ts"] for each in history["messages"]] == [ts]

    asyncio.run(scenario())


def test_a_guest_is_restricted(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            world.slack.flags[world.mei] = {"is_ultra_restricted": True}
            world.slack.flags[world.support] = {"is_ext_shared": True}
            assert await world.slack.command(world.mei, world.support, "find 王芳")
            [command] = world.received
            assert (command.sender.restricted, command.shared) == (True, True)

    asyncio.run(scenario())


def test_a_limit_is_passed_on_and_the_next_try_succeeds(emulate: str) -> None:
    async def scenario() -> None:
        async with connected(emulate) as world:
            world.slack.faults["chat.postMessage"] = Fault("limit", retry_after=4)
            with pytest.raises(RetryLater) as limited:
                await world.channel.send(world.reply(Reply(text="hello")))
            assert limited.value.seconds == 4
            ts = await world.channel.send(world.reply(Reply(text="hello")))
            assert [each["text"] for each in await world.thread(ts)] == ["hello"]

    asyncio.run(scenario())
