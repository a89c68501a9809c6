"""Connecting and receiving, through Bolt's real Socket Mode client, against a workspace on loopback."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from bot.channels.base import ChannelUnavailable, Refused, RetryLater, Unclear
from bot.channels.slack import SCOPES, quiet_logger
from bot.channels.slack_events import SHORTCUTS
from bot.messages import Choice, IncomingMessage, Reply
from tests.peers.slack_memory import (
    AGENT,
    APP_TOKEN,
    BOT_TOKEN,
    BOT_USER,
    GROUP,
    SUPPORT,
    TEAM,
)
from tests.peers.slack_shim import Fault, SlackShim
from tests.peers.slack_world import World, channel_of, outgoing, run

ROOT = Path(__file__).parents[3]


# Receiving


def test_a_mention_arrives_as_one_message_under_two_deliveries() -> None:
    async def scenario(world: World) -> None:
        await world.slack.say(AGENT, SUPPORT, f"<@{BOT_USER}> 今天怎么样")
        first, second = world.received
        assert (first.text, first.addressed, first.account) == ("今天怎么样", True, TEAM)
        key = {"account", "chat_id", "message_id", "revision", "addressed", "text"}
        assert first.model_dump(include=key) == second.model_dump(include=key)
        assert first.delivery_id != second.delivery_id

    run(scenario)


def test_a_command_a_press_and_a_thread_line_arrive() -> None:
    async def scenario(world: World) -> None:
        assert await world.slack.command(AGENT, SUPPORT, "find 王芳")
        card = Reply(text="王芳", choices=(Choice(label="Send", value="handoff_send:1"),))
        ts = await world.channel.send(outgoing(card))
        assert await world.slack.press(AGENT, SUPPORT, ts, "handoff_send:1")
        await world.slack.say(AGENT, SUPPORT, "she called", thread_ts=ts)
        command, button, line = world.received
        assert (command.command, command.text, command.direct) == ("find", "王芳", True)
        assert (button.kind, button.button, button.thread_id, button.reply_to) == ("button", "handoff_send:1", ts, ts)
        assert (line.text, line.thread_id, line.addressed) == ("she called", ts, False)

    run(scenario)


def test_an_edit_keeps_the_id_and_raises_the_revision() -> None:
    body = json.loads((ROOT / "tests/payloads/slack/message_changed.json").read_text("utf-8"))

    async def scenario(world: World) -> None:
        assert await world.slack.push("events_api", body)
        [edit] = world.received
        assert (edit.kind, edit.message_id, edit.revision) == ("edit", "1700000120.000300", 1700000130)

    run(scenario)


def test_nothing_is_acknowledged_that_was_not_stored(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with SlackShim() as slack:
            tries: list[str] = []

            async def receive(message: IncomingMessage) -> bool:
                tries.append(message.delivery_id)
                if len(tries) < 3:
                    raise OSError("disk full while writing CANARY-TEXT")
                return len(tries) == 3

            channel = channel_of(slack, [])
            await channel.start(receive)
            event = {"type": "message", "user": AGENT, "text": "hello", "ts": "1700000001.000100", "channel": SUPPORT}
            acks = [await slack.event(event, "Ev1", patience=0.3, retry=retry) for retry in range(4)]
            assert [ack is not None for ack in acks] == [False, False, True, True]
            assert tries == ["Ev1"] * 4
            assert "OSError" in channel.health()["last_error"]
            await channel.stop()

    asyncio.run(scenario())
    assert "CANARY" not in caplog.text


def test_the_acknowledgement_waits_for_the_store() -> None:
    async def scenario() -> None:
        async with SlackShim() as slack:
            stored = asyncio.Event()

            async def receive(message: IncomingMessage) -> bool:
                await stored.wait()
                return True

            channel = channel_of(slack, [])
            await channel.start(receive)
            typed = asyncio.create_task(slack.command(AGENT, SUPPORT, "help"))
            await asyncio.sleep(0.2)
            assert not typed.done()
            stored.set()
            assert await typed is not None
            await channel.stop()

    asyncio.run(scenario())


def test_messages_of_one_chat_keep_their_order_though_a_question_to_slack_is_slow() -> None:
    async def scenario(world: World) -> None:
        world.slack.faults["users.info"] = Fault("silence")
        said = [world.slack.memory.post(SUPPORT, AGENT, str(number)) for number in range(5)]
        await asyncio.gather(*(world.slack.deliver(each) for each in said))
        assert [message.text for message in world.received] == list("01234")

    run(scenario)


def test_a_strange_payload_is_acknowledged_and_named() -> None:
    strange = {"type": "message", "user": {"id": 1}, "channel": ["?"], "ts": {}, "files": 7, "text": None}

    async def scenario(world: World) -> None:
        assert await world.slack.event(strange)
        assert await world.slack.push("interactive", {"type": "block_actions", "actions": "?"})
        assert await world.slack.push("interactive", {"type": "view_submission", "view": {}})
        assert await world.slack.event({"type": "team_rename", "name": "x"})
        assert world.received == []
        assert "reading" in world.channel.health()["last_error"]

    run(scenario)


def test_it_comes_back_after_a_disconnect_though_the_first_new_address_is_spent() -> None:
    async def scenario(world: World) -> None:
        world.slack.refused_sockets = 1
        await world.slack.drop_sockets()
        await asyncio.wait_for(world.slack.connected.wait(), 10)
        await world.slack.say(AGENT, SUPPORT, "still there?")
        assert [message.text for message in world.received] == ["still there?"]
        assert world.channel.health()["state"] == "connected"

    run(scenario)


def test_stopping_finishes_what_is_being_stored() -> None:
    async def scenario() -> None:
        async with SlackShim() as slack:
            done: list[str] = []

            async def receive(message: IncomingMessage) -> bool:
                await asyncio.sleep(0.2)
                done.append(message.text)
                return True

            channel = channel_of(slack, [])
            await channel.start(receive)
            saying = asyncio.create_task(slack.command(AGENT, SUPPORT, "help"))
            await asyncio.sleep(0.1)
            await channel.stop()
            assert len(done) == 1
            assert await saying is not None
            assert channel.health()["state"] == "stopped"

    asyncio.run(scenario())


def test_group_membership_is_known_once_connected_and_renewed_by_what_arrives() -> None:
    async def scenario(world: World) -> frozenset[str]:
        before = world.channel.groups_of(AGENT)
        world.channel._clock.advance(minutes=6)  # type: ignore[attr-defined]
        assert before == {GROUP}
        assert not world.channel.groups_of(AGENT)
        await world.slack.command(AGENT, SUPPORT, "help")
        known = world.channel.groups_of(AGENT)
        assert await world.channel.group_members(GROUP) == {AGENT}
        return known

    assert run(scenario) == {GROUP}


def test_no_text_and_no_token_reaches_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(world: World) -> None:
        await world.slack.say(AGENT, SUPPORT, f"<@{BOT_USER}> CANARY-IN +44 7700 900123")
        await world.slack.command(AGENT, SUPPORT, "find CANARY-COMMAND")
        await world.channel.send(outgoing(Reply(text="CANARY-OUT")))
        for fault in (Fault("error", code="invalid_blocks"), Fault("status"), Fault("limit")):
            world.slack.faults["chat.postMessage"] = fault
            with pytest.raises((Refused, RetryLater, Unclear)):
                await world.channel.send(outgoing(Reply(text="CANARY-FAILED")))
        assert "CANARY" not in json.dumps(world.channel.health())

    run(scenario)
    assert "CANARY" not in caplog.text
    assert BOT_TOKEN not in caplog.text
    assert APP_TOKEN not in caplog.text


def test_the_libraries_may_warn_but_quote_nothing(caplog: pytest.LogCaptureFixture) -> None:
    logger = quiet_logger()
    try:
        json.loads("CANARY")
    except ValueError:
        logger.exception("Failed to connect (url='wss://a.example/link/?ticket=CANARY&x=1')\nThe server said CANARY")
    logger.info("CANARY")
    assert "Failed to connect" in caplog.text
    assert "CANARY" not in caplog.text
    assert "Traceback" not in caplog.text


# Starting


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bot_token": SecretStr("xoxp-somebody")}, "RAPPORT_SLACK__BOT_TOKEN must be"),
        ({"bot_token": SecretStr("xoxb-wrong-secret")}, "RAPPORT_SLACK__BOT_TOKEN: copy"),
        ({"app_token": None}, "RAPPORT_SLACK__APP_TOKEN must be"),
        ({"app_token": SecretStr(BOT_TOKEN)}, "RAPPORT_SLACK__APP_TOKEN must be"),
        ({"app_token": SecretStr("xapp-wrong-secret")}, "RAPPORT_SLACK__APP_TOKEN: make"),
        ({"support_channel": "nowhere"}, "RAPPORT_SLACK__SUPPORT_CHANNEL: no channel nowhere"),
        ({"support_channel": "C0NOWHERE1"}, "no channel C0NOWHERE1"),
        ({"support_channel": "#archive"}, "no channel #archive"),
        ({"support_channel": "partner"}, "shared with another organisation"),
    ],
)
def test_a_start_that_cannot_be_names_the_setting_and_no_secret(options: dict[str, Any], words: str) -> None:
    async def scenario() -> None:
        async with SlackShim() as slack:
            channel = channel_of(slack, [], **options)
            with pytest.raises(ChannelUnavailable, match=words) as raised:
                await channel.start(None)  # type: ignore[arg-type]
            assert "secret" not in str(raised.value)
            await channel.stop()

    asyncio.run(scenario())


def test_a_start_without_network_goes_on_trying() -> None:
    async def scenario() -> None:
        async with SlackShim() as slack:
            slack.faults["auth.test"] = Fault("status", times=2, status=503)
            slack.faults["apps.connections.open"] = Fault("limit")
            channel = channel_of(slack, [], ping_seconds=0.02)

            async def receive(message: IncomingMessage) -> bool:
                return True

            await channel.start(receive)
            health = channel.health()
            assert (health["state"], channel.queue_chat()) == ("connecting", "")
            assert "RAPPORT_SLACK__BASE_URL" in health["last_error"]
            await asyncio.wait_for(slack.connected.wait(), 5)
            assert await slack.command(AGENT, SUPPORT, "help")
            assert (channel.health()["state"], channel.queue_chat(), channel.account) == ("connected", SUPPORT, TEAM)
            await channel.stop()
            assert channel.health()["state"] == "stopped"

    asyncio.run(scenario())


def test_stopping_ends_the_tries() -> None:
    async def scenario() -> None:
        async with SlackShim() as slack:
            channel = channel_of(slack, [], base_url="http://127.0.0.1:1/api/", ping_seconds=0.01)

            async def receive(message: IncomingMessage) -> bool:
                return True

            await channel.start(receive)
            assert channel.health()["state"] == "connecting"
            await channel.stop()
            assert channel.health()["state"] == "stopped"
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("wanted", ["support", "#support", SUPPORT])
def test_the_support_channel_is_found_by_name_and_by_id(wanted: str) -> None:
    async def scenario(world: World) -> str:
        return world.channel.queue_chat()

    assert run(scenario, support_channel=wanted) == SUPPORT


def test_a_support_channel_without_the_app_is_said_in_health() -> None:
    async def scenario(world: World) -> dict[str, Any]:
        return world.channel.health()

    health = run(scenario, support_channel="quiet")
    assert health["state"] == "connected"
    assert "/invite @rapport" in health["last_error"]


def test_the_manifest_asks_for_what_the_channel_uses() -> None:
    manifest = yaml.safe_load((ROOT / "slack-manifest.yml").read_text("utf-8"))
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES
    features, settings = manifest["features"], manifest["settings"]
    assert {shortcut["callback_id"] for shortcut in features["shortcuts"]} == set(SHORTCUTS)
    assert all(
        len(shortcut["name"]) <= 24 and len(shortcut["description"]) <= 150 for shortcut in features["shortcuts"]
    )
    assert settings["socket_mode_enabled"]
    assert settings["interactivity"]["is_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]
    events = settings["event_subscriptions"]["bot_events"]
    assert events == ["app_mention", "message.channels", "message.groups", "message.im"]
    assert features["slash_commands"][0]["should_escape"]
    assert len(manifest["display_information"]["long_description"]) >= 174
