"""The webhook: who may call it, what is taken, and that Telegram is told 200 only once an update is stored."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.channels.telegram import TelegramChannel
from tests.bot.channels.telegram_setting import SECRET, Inbox, channel_on, served, until
from tests.peers.bot_api import BotApi
from tests.peers.telemelya import free_port

HEADER = "X-Telegram-Bot-Api-Secret-Token"
GOOD = {
    "update_id": 9,
    "message": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}},
}

NOWHERE = BotApi()
NOWHERE.url = "http://127.0.0.1:9"
NOBODY = channel_on(NOWHERE, webhook_secret=SecretStr(SECRET), public_url="https://shop.example")


@pytest.fixture(scope="module")
def api() -> Iterator[BotApi]:
    with BotApi() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(api: BotApi) -> None:
    api.webhook = {}
    api.reset()


def by_webhook(api: BotApi, url: str = "http://127.0.0.1:9", **changed: Any) -> TelegramChannel:
    return channel_on(api, webhook_secret=SecretStr(SECRET), public_url=url, **changed)


def test_start_tells_telegram_address_secret_and_kinds(api: BotApi) -> None:
    async def scenario() -> None:
        channel = by_webhook(api, "http://127.0.0.1:9/")
        await channel.start(Inbox())
        assert api.webhook == {"url": f"http://127.0.0.1:9{channel.webhook_path}", "secret_token": SECRET}
        assert api.polls == []
        assert channel.health()["state"] == "connected"
        await channel.stop()
        assert api.webhook

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"{", 403),
        ({HEADER: ""}, b"{}", 403),
        ({HEADER: SECRET[:-1]}, b"{}", 403),
        ({HEADER: SECRET + "x"}, b"{}", 403),
        ({HEADER: "é\udcff"}, b"{}", 403),
        ({HEADER: SECRET}, b"{", 400),
        ({HEADER: SECRET}, b"", 400),
        ({HEADER: SECRET}, b"\xff\xfe", 400),
        ({HEADER: SECRET}, b"[]", 400),
        ({HEADER: SECRET}, b"{}", 400),
        ({HEADER: SECRET}, b'{"update_id": "9"}', 400),
        ({HEADER: SECRET}, b'{"update_id": ' + b"9" * 5000 + b"}", 400),
        ({HEADER: SECRET}, b"[" * 100_000, 400),
        ({HEADER: SECRET}, b'{"update_id": 1, "message": ' + b'{"a":' * 60 + b"1" + b"}" * 61, 400),
        ({HEADER: SECRET}, b" " * (1024 * 1024 + 1), 413),
        ({HEADER.lower(): SECRET}, json.dumps(GOOD).encode(), 200),
        ({HEADER: SECRET}, json.dumps({"update_id": 3, "poll": {}}).encode(), 200),
    ],
)
def test_status_of_a_call(api: BotApi, headers: dict[str, str], body: bytes, status: int) -> None:
    async def scenario() -> None:
        channel, inbox = by_webhook(api), Inbox()
        assert await channel.webhook({HEADER: SECRET}, json.dumps(GOOD).encode()) == 503  # not started yet
        await channel.start(inbox)
        assert await channel.webhook(headers, body) == status
        assert len(inbox.messages) == (b"message" in body and status == 200)
        await channel.stop()

    asyncio.run(scenario())


def test_nobody_gets_in_where_there_is_no_webhook(api: BotApi) -> None:
    async def scenario() -> None:
        polling, inbox = channel_on(api), Inbox()
        await polling.start(inbox)
        assert await polling.webhook({HEADER: ""}, json.dumps(GOOD).encode()) == 403
        assert await polling.webhook({}, json.dumps(GOOD).encode()) == 403
        await polling.stop()
        assert inbox.messages == []

    asyncio.run(scenario())


def test_what_could_not_be_stored_is_asked_for_again(api: BotApi) -> None:
    async def scenario() -> None:
        channel, inbox = by_webhook(api), Inbox(failures=1)
        await channel.start(inbox)
        body = json.dumps(GOOD).encode()
        assert await channel.webhook({HEADER: SECRET}, body) == 503
        assert channel.health()["state"] == "degraded"
        assert await channel.webhook({HEADER: SECRET}, body) == 200
        assert channel.health()["state"] == "connected"
        await channel.stop()
        assert await channel.webhook({HEADER: SECRET}, body) == 503
        assert len(inbox.messages) == 1

    asyncio.run(scenario())


def test_nothing_is_lost_while_storing_fails(api: BotApi, unused_port: int) -> None:
    async def scenario() -> None:
        channel, inbox = by_webhook(api, f"http://127.0.0.1:{unused_port}"), Inbox(failures=2)
        async with served(channel, unused_port) as statuses:
            api.say(7, "said before the start")
            await channel.start(inbox)
            for number in range(5):
                api.say(7, f"line {number}")
            await until(api, lambda: len(inbox.messages) == 6)
            assert inbox.texts == ["said before the start"] + [f"line {number}" for number in range(5)]
            assert sorted(set(statuses)) == [200, 503]
            assert statuses.count(503) == 2
            await channel.stop()

    asyncio.run(scenario())


def test_a_caller_without_the_secret_is_sent_away(api: BotApi, unused_port: int) -> None:
    async def scenario() -> None:
        channel, inbox = by_webhook(api, f"http://127.0.0.1:{unused_port}"), Inbox()
        async with served(channel, unused_port) as statuses:
            await channel.start(inbox)
            api.webhook["secret_token"] = "guessed"
            api.say(7, "let me in")
            await until(api, lambda: len(api.webhook_statuses) >= 2)
            assert set(statuses) == {403}
            assert inbox.messages == []
            await channel.stop()

    asyncio.run(scenario())


@pytest.fixture
def unused_port() -> int:
    return free_port()


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=4), st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_call_breaks_it(headers: dict[str, str], body: bytes) -> None:
    async def scenario() -> None:
        assert await NOBODY.webhook(headers, body) == 403
        assert await NOBODY.webhook({**headers, HEADER: SECRET}, body) in {400, 403, 503}

    asyncio.run(scenario())
