"""A TelegramChannel on the loopback Bot API, with a clock and pauses that cost no time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bot.channels.telegram import TelegramChannel
from bot.messages import IncomingMessage, Outgoing, Reply
from tests.conftest import Clock
from tests.peers.bot_api import TOKEN, BotApi

SECRET = "s" * 20 + "-_0123456789ABCDEF"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


class Pauses:
    """Stands in for asyncio.sleep: remembers how long it was asked to wait, and lets others run."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.meanwhile()
        await asyncio.sleep(0.001)


class Inbox:
    """Stands in for intake: keeps what it is given; fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.messages: list[IncomingMessage] = []
        self.failures = failures
        self.before: Callable[[IncomingMessage], Awaitable[None]] | None = None

    async def __call__(self, message: IncomingMessage) -> bool:
        if self.before:
            await self.before(message)
        if self.failures:
            self.failures -= 1
            raise OSError(f"database is locked: INSERT {message.text}")
        self.messages.append(message)
        return True

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


def channel_on(api: BotApi, **changed: Any) -> TelegramChannel:
    given: dict[str, Any] = {
        "token": SecretStr(TOKEN),
        "base_url": api.url,
        "base_file_url": api.url,
        "webhook_secret": None,
        "public_url": None,
        "clock": Clock(),
        "read_file": lambda _number: PNG,
        "sleep": Pauses(),
    }
    return TelegramChannel(**given | changed)


def outgoing(reply: Reply | str, chat_id: str = "7", **more: Any) -> Outgoing:
    said = Reply(text=reply) if isinstance(reply, str) else reply
    return Outgoing(channel="telegram", account="123456789", chat_id=chat_id, reply=said, **more)


async def until(api: BotApi, true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait in a coroutine for something that the server's calls bring about."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.to_thread(api.until, true, 0.05)


@asynccontextmanager
async def served(channel: TelegramChannel, port: int) -> AsyncIterator[list[int]]:
    """The channel's webhook behind a real web server; the statuses it answered."""
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        statuses.append(await channel.webhook(request.headers, await request.read()))
        return web.Response(status=statuses[-1])

    app = web.Application()
    app.router.add_post(channel.webhook_path, take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield statuses
    await runner.cleanup()
