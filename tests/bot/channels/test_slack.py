"""The channel through Bolt's real Socket Mode client and the SDK's real calls, against a workspace on loopback."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from bot.channels.base import ChannelUnavailable, Refused, RetryLater, Unclear
from bot.channels.slack import SCOPES, SlackChannel, quiet_logger
from bot.channels.slack_events import SHORTCUTS
from bot.messages import Choice, IncomingAttachment, IncomingMessage, Outgoing, OutgoingFile, Reply
from tests.conftest import Clock
from tests.peers.slack_memory import (
    AGENT,
    APP_TOKEN,
    ARCHIVE,
    BOT_TOKEN,
    BOT_USER,
    GROUP,
    PARTNER,
    QUIET,
    SUPPORT,
    TEAM,
)
from tests.peers.slack_shim import Fault, SlackShim

ROOT = Path(__file__).parents[3]
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
        assert await world.channel.group_members(GROUP) == {AGENT}
        return world.channel.groups_of(AGENT)

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


# Sending


def test_a_reply_goes_into_its_thread_and_nothing_rings() -> None:
    async def scenario(world: World) -> None:
        parent = await world.slack.say(AGENT, SUPPORT, "hello")
        text = f"<!channel> <@{AGENT}> https://evil.example @here"
        ts = await world.channel.send(outgoing(Reply(text=text), thread_id=parent["ts"]))
        message = world.slack.memory.find(SUPPORT, ts)
        assert message is not None
        assert message["thread_ts"] == parent["ts"]
        assert world.slack.memory.rings() == []
        [call] = world.slack.named("chat.postMessage")
        assert (call.args["unfurl_links"], call.args["unfurl_media"], call.args["parse"]) == (False, False, "none")

    run(scenario)


def test_a_private_answer_is_whispered_and_its_file_goes_to_the_direct_message() -> None:
    async def scenario(world: World) -> None:
        file = OutgoingFile(attachment_id=7, name="customers.csv", media_type="text/csv")
        reply = Reply(text="王芳 13800138000", private=True, files=(file,))
        await world.channel.send(outgoing(reply, PARTNER, recipient=AGENT))
        [whisper] = world.slack.memory.whispers
        assert (whisper["user"], whisper["channel"]) == (AGENT, PARTNER)
        assert [(each["channel"], each["files"][0]["name"]) for each in world.slack.memory.messages] == [
            (DIRECT, "customers.csv")
        ]

    run(scenario)


def test_a_private_answer_where_the_app_is_not_goes_to_the_direct_message() -> None:
    async def scenario(world: World) -> None:
        await world.channel.send(outgoing(Reply(text="x", private=True), QUIET, recipient=AGENT))
        assert [each["channel"] for each in world.slack.memory.messages] == [DIRECT]

    run(scenario)


def test_a_private_answer_for_nobody_is_refused_except_where_staff_may_read_it() -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(Refused, match="for nobody"):
            await world.channel.send(outgoing(Reply(text="x", private=True), PARTNER))
        await world.channel.send(outgoing(Reply(text="x", private=True), SUPPORT))
        await world.channel.send(outgoing(Reply(text="x", private=True), AGENT, recipient=AGENT))
        assert [each["channel"] for each in world.slack.memory.messages] == [SUPPORT, DIRECT]
        assert world.slack.memory.whispers == []

    run(scenario)


@pytest.mark.parametrize(
    ("chat", "person", "thread", "shown"),
    [
        (SUPPORT, AGENT, True, "all"),
        (SUPPORT, "", False, "all"),
        (SUPPORT, AGENT, False, "one"),  # answers a command
        (PARTNER, AGENT, True, "one"),
        (PARTNER, AGENT, False, "one"),
        (PARTNER, "", False, "all"),
        ("D", AGENT, False, "all"),
    ],
)
def test_only_the_support_channel_and_direct_messages_show_an_answer_to_all(
    chat: str, person: str, thread: bool, shown: str
) -> None:
    async def scenario(world: World) -> None:
        memory = world.slack.memory
        place = chat if chat != "D" else await world.channel._people.direct_chat(AGENT)
        parent = memory.post(place, AGENT, "hello")
        reply = outgoing(Reply(text="x"), place, recipient=person, thread_id=parent["ts"] if thread else "")
        await world.channel.send(reply)
        assert (len(memory.whispers), len(memory.messages) - 1) == ((1, 0) if shown == "one" else (0, 1))

    run(scenario)


def test_a_whisper_stays_in_a_thread_only_where_slack_would_show_it() -> None:
    async def scenario(world: World) -> None:
        parent = await world.slack.say(AGENT, PARTNER, f"<@{BOT_USER}> find 王芳")
        answer = outgoing(Reply(text="x"), PARTNER, recipient=AGENT, thread_id=parent["ts"])
        await world.channel.send(answer)
        await world.slack.say(AGENT, PARTNER, f"<@{BOT_USER}> and her orders?", thread_ts=parent["ts"])
        await world.channel.send(answer)
        assert [each.get("thread_ts") for each in world.slack.memory.whispers] == [None, parent["ts"]]

    run(scenario)


def test_a_channel_may_be_named_and_a_person_is_written_to_directly() -> None:
    async def scenario(world: World) -> None:
        for chat in ("#support", "support", AGENT):
            await world.channel.send(outgoing(Reply(text="digest"), chat))
        assert [each["channel"] for each in world.slack.memory.messages] == [SUPPORT, SUPPORT, DIRECT]
        with pytest.raises(Refused, match="nowhere"):
            await world.channel.send(outgoing(Reply(text="digest"), "nowhere"))

    run(scenario)


def test_what_has_no_message_to_mark_is_said_in_the_thread() -> None:
    async def scenario(world: World) -> None:
        parent = await world.slack.say(AGENT, SUPPORT, "hello")
        for mark, reason in (("sent", ""), ("failed", "blocked")):
            reply = Reply(mark=mark, target=f"1700000500.1-{AGENT}", text=reason)
            await world.channel.send(outgoing(reply, thread_id=parent["ts"]))
        said = [(each["text"], each.get("thread_ts")) for each in world.slack.memory.messages[1:]]
        assert said == [("✅", parent["ts"]), ("❌ blocked", parent["ts"])]

    run(scenario)


def test_a_picture_goes_into_the_thread_after_the_text() -> None:
    async def scenario(world: World) -> None:
        parent = await world.slack.say(AGENT, SUPPORT, "hello")
        file = OutgoingFile(attachment_id=7, name="broken.png", media_type="image/png", caption="<photo>")
        ts = await world.channel.send(outgoing(Reply(text="The customer sent:", files=(file,)), thread_id=parent["ts"]))
        _, text, picture = world.slack.memory.messages
        assert ts == text["ts"]
        assert (picture["thread_ts"], picture["text"]) == (parent["ts"], "&lt;photo&gt;")
        assert world.slack.memory.contents[picture["files"][0]["id"]] == PICTURE

    run(scenario)


def test_an_edit_replaces_the_text() -> None:
    async def scenario(world: World) -> None:
        ts = await world.channel.send(outgoing(Reply(text="old", choices=(Choice(label="a", value="a"),))))
        assert await world.channel.send(outgoing(Reply(text="new", edit=True, target=ts))) == ts
        message = world.slack.memory.find(SUPPORT, ts)
        assert message is not None
        assert (message["text"], len(message["blocks"])) == ("new", 1)

    run(scenario)


def test_marks_are_reactions_and_a_failure_says_why_in_the_thread() -> None:
    async def scenario(world: World) -> None:
        said = await world.slack.say(AGENT, SUPPORT, "your parcel is on its way")
        for _ in range(2):
            await world.channel.send(outgoing(Reply(mark="sent", target=said["ts"])))
        await world.channel.send(outgoing(Reply(mark="failed", target=said["ts"], text="blocked by the customer")))
        assert world.slack.memory.find(SUPPORT, said["ts"])["reactions"] == ["white_check_mark", "x"]  # type: ignore[index]
        reason = world.slack.memory.messages[-1]
        assert (reason["text"], reason["thread_ts"]) == ("blocked by the customer", said["ts"])

    run(scenario)


def test_a_long_reply_becomes_several_messages_and_waits_inside_once_begun() -> None:
    async def scenario(world: World) -> None:
        text = "投诉。" * 10_000
        world.slack.faults["chat.postMessage"] = Fault("limit", retry_after=3)
        with pytest.raises(RetryLater) as first:
            await world.channel.send(outgoing(Reply(text=text)))
        assert first.value.seconds == 3
        assert world.slack.memory.messages == []

        sending = asyncio.create_task(world.channel.send(outgoing(Reply(text=text))))
        while not world.slack.memory.messages:
            await asyncio.sleep(0.001)
        world.slack.faults["chat.postMessage"] = Fault("limit", retry_after=2)
        ts = await sending
        said = [block["text"]["text"] for each in world.slack.memory.messages for block in each["blocks"]]
        assert "".join(said).count("投诉") == 10_000
        assert ts == world.slack.memory.messages[-1]["ts"]
        assert world.slept == [2]

    run(scenario)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault("limit", retry_after=7), RetryLater, "wait"),
        (Fault("status", status=503), RetryLater, "503"),
        (Fault("error", code="service_unavailable"), RetryLater, "service_unavailable"),
        (Fault("status", status=502), Unclear, "half-way"),
        (Fault("error", code="fatal_error"), Unclear, "half-way"),
        (Fault("late"), Unclear, "in time"),
        (Fault("reset"), Unclear, "broke"),
        (Fault("error", code="not_in_channel"), Refused, "/invite @rapport"),
        (Fault("error", code="channel_not_found"), Refused, "/invite @rapport"),
        (Fault("error", code="account_inactive"), Refused, "RAPPORT_SLACK__BOT_TOKEN"),
        (Fault("error", code="invalid_auth"), Refused, "RAPPORT_SLACK__BOT_TOKEN"),
        (Fault("error", code="missing_scope"), Refused, "slack-manifest.yml"),
        (Fault("error", code="restricted_action"), Refused, "owner"),
        (Fault("error", code="something_new"), Refused, "something_new"),
    ],
)
def test_failures_say_whether_to_try_again(fault: Fault, error: type[Exception], words: str) -> None:
    async def scenario(world: World) -> None:
        world.slack.faults["chat.postMessage"] = fault
        with pytest.raises(error, match=words) as raised:
            await world.channel.send(outgoing(Reply(text="hello")))
        if isinstance(raised.value, RetryLater):
            assert raised.value.seconds == (7 if fault.kind == "limit" else 30)
        # What was done is never done again by itself.
        assert len(world.slack.named("chat.postMessage")) == 1
        assert len(world.slack.memory.messages) == (fault.kind in ("late", "reset"))
        assert words in world.channel.health()["last_error"]

    run(scenario)


def test_the_archive_is_refused_with_the_fix() -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(Refused, match="unarchive"):
            await world.channel.send(outgoing(Reply(text="hello"), ARCHIVE))

    run(scenario)


def test_without_a_connection_nothing_was_sent() -> None:
    async def scenario(world: World) -> None:
        await world.slack.stop()
        with pytest.raises(RetryLater, match="cannot be reached"):
            await world.channel.send(outgoing(Reply(text="hello")))

    run(scenario)


# Files coming in


def attached(reference: str, **more: Any) -> IncomingAttachment:
    return IncomingAttachment(kind="photo", name="a.png", media_type="image/png", reference=reference, **more)


def test_a_file_is_fetched_with_the_token() -> None:
    async def scenario(world: World) -> None:
        world.slack.memory.contents["F0PHOTO001"] = PICTURE
        assert await world.channel.download(attached(f"{world.slack.url}/files-pri/F0PHOTO001/a.png")) == PICTURE
        world.slack.memory.files["F0PHOTO001"] = {"url_private": f"{world.slack.url}/files-pri/F0PHOTO001/a.png"}
        assert await world.channel.download(attached("", details={"id": "F0PHOTO001"})) == PICTURE
        with pytest.raises(Refused, match="no longer"):
            await world.channel.download(attached(f"{world.slack.url}/files-pri/F0GONE0001/a.png"))

    run(scenario)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/a.png",
        "https://slack.com.evil.example/a",
        "https://evilslack.com/a",
        "http://files.slack.com/a",
        "https://files.slack.com:8443/a",
        "https://files.slack.com@evil.example/a",
        "http://127.0.0.1:1/a",
        "file:///etc/passwd",
        "https://[::1/a",
        "",
    ],
)
def test_the_token_goes_nowhere_else(address: str) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(Refused, match="outside Slack"):
            await world.channel.download(attached(address))

    run(scenario)


def test_a_sign_in_page_is_no_file_and_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.slack_delivery.LARGEST", 1_000)

    async def scenario(world: World) -> None:
        address = f"{world.slack.url}/files-pri/F0PHOTO001/a.png"
        world.slack.memory.contents["F0PHOTO001"] = PICTURE
        for size in (5_000, 0):
            with pytest.raises(Refused, match="larger"):
                await world.channel.download(attached(address, size=size))
        world.channel._client.token = "xoxb-other"
        with pytest.raises(Refused, match="files:read"):
            await world.channel.download(attached(address))

    run(scenario)


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
