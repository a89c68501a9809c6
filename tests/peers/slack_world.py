"""The real Slack channel, connected to a workspace on loopback, for tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.channels.slack import SlackChannel
from bot.messages import IncomingMessage, Outgoing, Reply
from tests.conftest import Clock
from tests.peers.slack_memory import AGENT, APP_TOKEN, BOT_TOKEN, GROUP, SUPPORT, TEAM
from tests.peers.slack_shim import SlackShim

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
DIRECT = "D" + AGENT[1:]


@dataclass
class World:
    """A workspace, the channel in it, and what the channel handed in."""

    slack: SlackShim
    channel: SlackChannel
    received: list[IncomingMessage] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    async def arrives(self, count: int) -> None:
        """Wait until so many messages were handed in."""
        async with asyncio.timeout(5):
            while len(self.received) < count:
                await asyncio.sleep(0.005)


def channel_of(slack: SlackShim, slept: list[float], **options: Any) -> SlackChannel:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    chosen = {
        "bot_token": SecretStr(BOT_TOKEN),
        "app_token": SecretStr(APP_TOKEN),
        "base_url": slack.api,
        "support_channel": "support",
        "groups": (GROUP,),
        "read_file": {7: PICTURE}.__getitem__,
        "clock": Clock(),
        "sleep": sleep,
        "timeout_seconds": 0.5,
        "ping_seconds": 0.2,
    }
    return SlackChannel(**{**chosen, **options})


@asynccontextmanager
async def connected(**options: Any) -> AsyncIterator[World]:
    async with SlackShim() as slack:
        slept: list[float] = []
        world = World(slack, channel_of(slack, slept, **options), slept=slept)

        async def receive(message: IncomingMessage) -> bool:
            world.received.append(message)
            return True

        await world.channel.start(receive)
        try:
            yield world
        finally:
            await world.channel.stop()


def outgoing(reply: Reply, chat: str = SUPPORT, **more: Any) -> Outgoing:
    return Outgoing(channel="slack", account=TEAM, chat_id=chat, reply=reply, **more)


def run(scenario: Callable[[World], Awaitable[Any]], **options: Any) -> Any:
    async def whole() -> Any:
        async with connected(**options) as world:
            return await scenario(world)

    return asyncio.run(whole())
