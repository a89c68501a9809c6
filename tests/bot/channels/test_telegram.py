"""Receiving from Telegram through PTB's real Updater: nothing is confirmed before it is stored, nothing stops it."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot.channels.base import ChannelUnavailable, DeliveryFailed, RetryLater
from bot.messages import IncomingMessage
from tests.bot.channels.telegram_setting import Inbox, Pauses, channel_on, outgoing, until
from tests.conftest import Clock
from tests.peers.bot_api import TOKEN, BotApi


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as running:
        yield running


def test_what_people_say_arrives_in_order(api: BotApi) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api), Inbox()
        before = [api.say(7, f"before {number}") for number in range(150)]
        await channel.start(inbox)
        for number in range(5):
            api.say(8, f"after {number}")
        await until(api, lambda: len(inbox.messages) == 155)
        await channel.stop()
        assert inbox.texts == [f"before {number}" for number in range(150)] + [f"after {number}" for number in range(5)]
        assert inbox.messages[0].delivery_id == str(before[0]["update_id"])
        assert api.updates == []

    asyncio.run(scenario())


def test_the_offset_stands_still_until_everything_is_stored(api: BotApi) -> None:
    async def scenario() -> None:
        channel, inbox, gate = channel_on(api), Inbox(), asyncio.Event()
        first = api.say(7, "one")["update_id"]
        api.say(7, "two")

        async def wait(message: IncomingMessage) -> None:
            if message.text == "two":
                await gate.wait()

        inbox.before = wait
        await channel.start(inbox)
        await until(api, lambda: inbox.texts == ["one"])
        assert max(api.polls) < first
        assert len(api.updates) == 2
        gate.set()
        await until(api, lambda: api.updates == [])
        assert inbox.texts == ["one", "two"]
        await channel.stop()

    asyncio.run(scenario())


def test_a_store_that_fails_is_tried_again_and_said_in_health(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        pauses, inbox = Pauses(), Inbox(failures=5)
        channel = channel_on(api, sleep=pauses)
        update = api.say(7, "keep me")
        seen = []

        async def look(_message: IncomingMessage) -> None:
            seen.append((channel.health()["state"], max(api.polls)))

        inbox.before = look
        await channel.start(inbox)
        await until(api, lambda: api.updates == [])
        assert inbox.texts == ["keep me"]
        assert all(offset < update["update_id"] for _, offset in seen)
        assert {state for state, _ in seen[2:]} == {"degraded"}
        assert channel.health()["state"] == "connected"
        assert pauses.asked == sorted(pauses.asked)
        await channel.stop()

    asyncio.run(scenario())
    assert "OSError" in caplog.text
    assert "keep me" not in caplog.text


def test_stopped_in_the_middle_of_a_batch_nothing_is_lost(api: BotApi) -> None:
    async def scenario() -> None:
        sent = [str(api.say(7, f"line {number}")["update_id"]) for number in range(6)]
        channel, inbox, never = channel_on(api), Inbox(), asyncio.Event()

        async def stall(message: IncomingMessage) -> None:
            if message.text == "line 3":
                await never.wait()

        inbox.before = stall
        await channel.start(inbox)
        await until(api, lambda: len(inbox.messages) == 3)
        async with asyncio.timeout(5):
            await channel.stop()
        assert len(api.updates) == 6
        again = channel_on(api)
        inbox.before = None
        await again.start(inbox)
        await until(api, lambda: api.updates == [])
        await again.stop()
        assert [message.delivery_id for message in inbox.messages] == sent[:3] + sent

    asyncio.run(scenario())


@pytest.mark.parametrize("failures", [1, 30])
def test_stop_is_quick_while_the_store_fails(api: BotApi, failures: int) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api, sleep=asyncio.sleep), Inbox(failures=failures * 10**6)
        api.say(7, "never stored")
        await channel.start(inbox)
        await until(api, lambda: inbox.failures < failures * 10**6)
        async with asyncio.timeout(5):
            await channel.stop()
        assert len(api.updates) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", ["401", "404", "409", "429", "500", "502", "drop", "garbage"])
def test_polling_outlives_every_failure(api: BotApi, kind: str) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api), Inbox()
        await channel.start(inbox)
        api.fault(kind, method="getUpdates", times=3)
        api.say(7, "wakes the running call")
        api.say(7, "after the failures")
        await until(api, lambda: all(fault.times == 0 for fault in api.faults) and len(inbox.messages) == 2)
        await until(api, lambda: channel.health()["state"] == "connected")
        assert channel.health()["last_error"]
        assert TOKEN not in str(channel.health())
        await channel.stop()

    asyncio.run(scenario())


def test_another_poller_is_named_in_health(api: BotApi) -> None:
    async def scenario() -> None:
        channel = channel_on(api)
        await channel.start(Inbox())
        await until(api, lambda: len(api.polls) > 0)
        other = channel_on(api)
        await other.start(Inbox())
        await until(api, lambda: "another program" in channel.health()["last_error"])
        await other.stop()
        await channel.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "odd",
    [
        {"message": {"message_id": "x"}},
        {"message": {"message_id": 1, "date": "soon", "chat": {"id": 7}, "from": {"id": 7}, "text": 5}},
        {"callback_query": {"id": None}},
        {"thing_of_a_later_api": {"from": {"id": 7}}},
        {"message": None},
    ],
)
def test_an_update_nobody_can_read_does_not_stop_the_next(api: BotApi, odd: dict[str, object]) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api), Inbox()
        await channel.start(inbox)
        api.updates.append({"no number": 1})
        api.push(odd)
        api.say(7, "good")
        await until(api, lambda: "good" in inbox.texts)
        await channel.stop()

    asyncio.run(scenario())


def test_a_button_is_acknowledged_while_it_is_being_stored(api: BotApi) -> None:
    async def scenario() -> None:
        channel, inbox, gate = channel_on(api), Inbox(), asyncio.Event()

        async def wait(_message: IncomingMessage) -> None:
            await gate.wait()

        inbox.before = wait
        await channel.start(inbox)
        number = int(await channel.send(outgoing("Cancel it?")))
        query = api.press(7, number, "affirm")["callback_query"]["id"]
        await until(api, lambda: api.answered == [query])
        assert inbox.messages == []
        gate.set()
        await until(api, lambda: len(inbox.messages) == 1)
        assert inbox.messages[0].button == "affirm"
        await channel.stop()

    asyncio.run(scenario())


def test_wrong_token_names_the_setting_and_not_the_token(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    wrong = TOKEN[:-3] + "xyz"

    async def scenario() -> None:
        channel = channel_on(api, token=SecretStr(wrong))
        with pytest.raises(ChannelUnavailable, match="RAPPORT_TELEGRAM__TOKEN") as raised:
            await channel.start(Inbox())
        assert wrong not in str(raised.value)
        assert raised.value.__suppress_context__
        assert channel.health()["state"] == "degraded"
        with pytest.raises(RetryLater, match="RAPPORT_TELEGRAM__TOKEN"):
            await channel.send(outgoing("hello"))
        await channel.stop()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(scenario())
    assert wrong not in caplog.text


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"token": SecretStr("")}, "RAPPORT_TELEGRAM__TOKEN"),
        ({"token": SecretStr("my token")}, "RAPPORT_TELEGRAM__TOKEN"),
        ({"base_url": "api.telegram.org"}, "RAPPORT_TELEGRAM__BASE_URL"),
        ({"base_file_url": ""}, "RAPPORT_TELEGRAM__BASE_FILE_URL"),
        ({"webhook_secret": SecretStr("x" * 31), "public_url": "https://shop.example"}, "WEBHOOK_SECRET"),
        ({"webhook_secret": SecretStr("x" * 40 + " !"), "public_url": "https://shop.example"}, "WEBHOOK_SECRET"),
        ({"webhook_secret": SecretStr("x" * 40), "public_url": "http://shop.example"}, "RAPPORT_WEB__PUBLIC_URL"),
    ],
)
def test_settings_that_cannot_work_are_named(api: BotApi, changed: dict[str, object], named: str) -> None:
    async def scenario() -> None:
        channel = channel_on(api, **changed)
        with pytest.raises(ChannelUnavailable, match=named):
            await channel.start(Inbox())
        await channel.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("end", ["", "/", "/bot", "/bot/", "/file/bot"])
def test_addresses_may_end_in_bot(api: BotApi, end: str) -> None:
    async def scenario() -> None:
        channel = channel_on(api, base_url=api.url + end, base_file_url=api.url + end)
        await channel.start(Inbox())
        assert channel.health()["state"] == "connected"
        await channel.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("method", ["getMe", "deleteWebhook"])
def test_telegram_out_of_reach_at_start_is_tried_until_it_is_there(api: BotApi, method: str) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api), Inbox()
        api.fault("502", method=method, times=3)
        await channel.start(inbox)
        assert channel.health()["state"] == "connecting"
        assert "502" in channel.health()["last_error"]
        api.say(7, "waiting")
        await until(api, lambda: inbox.texts == ["waiting"])
        assert channel.health()["state"] == "connected"
        await channel.stop()

    asyncio.run(scenario())


def test_stopped_while_telegram_is_out_of_reach(api: BotApi) -> None:
    async def scenario() -> None:
        channel = channel_on(api, sleep=asyncio.sleep)
        api.fault("drop", method="getMe", times=99)
        await channel.start(Inbox())
        async with asyncio.timeout(5):
            await channel.stop()
        assert channel.health()["state"] == "stopped"

    asyncio.run(scenario())


def test_commands_are_offered_in_both_languages_and_not_needed(api: BotApi) -> None:
    async def scenario() -> None:
        channel = channel_on(api)
        await channel.start(Inbox())
        await until(api, lambda: len(api.commands) == 2)
        assert {entry["command"] for entry in api.commands[""]} == {entry["command"] for entry in api.commands["zh"]}
        await channel.stop()
        api.fault("404", method="setMyCommands", times=9)
        again, inbox = channel_on(api), Inbox()
        await again.start(inbox)
        api.say(7, "/help")
        await until(api, lambda: len(inbox.messages) == 1)
        assert again.health()["state"] == "connected"
        await again.stop()

    asyncio.run(scenario())


def test_polling_deletes_a_webhook_first(api: BotApi) -> None:
    async def scenario() -> None:
        api.webhook = {"url": "http://127.0.0.1:9/old", "secret_token": ""}
        channel, inbox = channel_on(api), Inbox()
        await channel.start(inbox)
        api.say(7, "hello")
        await until(api, lambda: inbox.texts == ["hello"])
        assert api.webhook == {}
        await channel.stop()

    asyncio.run(scenario())


def test_a_poll_that_falls_silent_shows_in_health(api: BotApi) -> None:
    async def scenario() -> None:
        clock = Clock()
        channel = channel_on(api, clock=clock)
        assert channel.health()["state"] == "stopped"
        await channel.start(Inbox())
        assert channel.health()["state"] == "connected"
        clock.advance(seconds=91)
        assert channel.health()["state"] == "degraded"
        api.say(7, "there again")
        await until(api, lambda: channel.health()["state"] == "connected")
        assert channel.health()["last_received"] == clock.now.isoformat()
        await channel.stop()
        assert channel.health()["state"] == "stopped"

    asyncio.run(scenario())


def test_the_token_is_in_no_log_at_any_level(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        channel, inbox = channel_on(api), Inbox()
        await channel.start(inbox)
        api.say(7, "hello")
        await until(api, lambda: len(inbox.messages) == 1)
        await channel.send(outgoing("hi"))
        for kind in ("500", "drop", "garbage", "401"):
            api.fault(kind)
            with pytest.raises(DeliveryFailed, match="Telegram") as raised:
                await channel.send(outgoing("again"))
            assert TOKEN not in str(raised.value)
        api.fault("garbage", method="getUpdates", times=2)
        api.say(7, "more")
        await until(api, lambda: len(inbox.messages) == 2)
        await channel.stop()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(scenario())
    secret = TOKEN.partition(":")[2]
    assert caplog.records
    assert secret not in caplog.text
    assert not [record for record in caplog.records if secret in repr(record.__dict__)]
