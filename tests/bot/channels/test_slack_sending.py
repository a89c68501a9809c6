"""Sending and fetching files through the SDK's real calls, against a workspace on loopback."""

import asyncio
from typing import Any

import pytest

from bot.channels.base import Refused, RetryLater, Unclear
from bot.messages import Choice, IncomingAttachment, OutgoingFile, Reply
from tests.peers.slack_memory import (
    AGENT,
    ARCHIVE,
    BOT_USER,
    PARTNER,
    QUIET,
    SUPPORT,
)
from tests.peers.slack_shim import Fault
from tests.peers.slack_world import DIRECT, PICTURE, World, outgoing, run

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


def test_what_is_private_is_whispered_in_the_queues_threads_too() -> None:
    async def scenario(world: World) -> None:
        parent = await world.slack.say(AGENT, SUPPORT, "hello")
        file = OutgoingFile(attachment_id=7, name="customers.csv", media_type="text/csv")
        reply = Reply(text="12 customers", private=True, files=(file,))
        await world.channel.send(outgoing(reply, SUPPORT, recipient=AGENT, thread_id=parent["ts"]))
        assert [each["user"] for each in world.slack.memory.whispers] == [AGENT]
        posted = [each for each in world.slack.memory.messages if each.get("files")]
        assert [each["channel"] for each in posted] == [DIRECT]

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


def test_a_failure_is_told_though_the_message_is_gone() -> None:
    async def scenario(world: World) -> None:
        parent = await world.slack.say(AGENT, SUPPORT, "hello")
        gone = Reply(mark="failed", target="1600000000.000100", text="blocked")
        await world.channel.send(outgoing(gone, thread_id=parent["ts"]))
        assert world.slack.memory.messages[-1]["text"] == "blocked"
        with pytest.raises(Refused, match="gone"):
            await world.channel.send(outgoing(gone.model_copy(update={"mark": "sent"}), thread_id=parent["ts"]))

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
