"""One payload per file, as Slack sends it, and the message it becomes."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack_events import Events
from bot.channels.slack_people import People
from bot.messages import IncomingMessage
from tests.conftest import Clock
from tests.peers.slack_memory import AGENT, BOT_TOKEN, BOT_USER, FORMER, GROUP, GUEST, STRANGER, SUPPORT, TEAM, user
from tests.peers.slack_shim import Fault, SlackShim

PAYLOADS = Path(__file__).parents[2] / "payloads" / "slack"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
THREAD, TRIGGER = "1700000050.000900", "6215398702.120398457"
QUESTION = "who hasn't bought in 90 days & lives in 上海?"

EXPECTED: dict[str, dict[str, Any] | None] = {
    "app_mention": {"text": QUESTION, "message_id": "1700000100.000100", "delivery_id": "Ev0RAPPORT01"},
    "message_mention": {"text": QUESTION, "message_id": "1700000100.000100", "delivery_id": "Ev0RAPPORT02"},
    "message_im": {
        "text": "今天有几个投诉? see the record (https://acme.example/r/7) or mei@acme.example <soon>",
        "chat_id": "D0AGENT001",
        "direct": True,
    },
    "message_thread": {
        "text": "I called @Ada about #quiet, +44 207 946 00",
        "thread_id": THREAD,
        "addressed": False,
        "message_id": "1700000120.000300",
    },
    "message_thread_mention": {"text": "suggest a reply", "thread_id": THREAD},
    "message_thread_broadcast": {"text": "solved, everybody", "thread_id": THREAD, "addressed": False},
    "message_changed": {
        "kind": "edit",
        "text": "the parcel is lost",
        "message_id": "1700000120.000300",
        "revision": 1700000130,
        "sent_at": datetime.fromtimestamp(1700000130, UTC),
        "thread_id": THREAD,
        "addressed": False,
    },
    "message_changed_preview": None,
    "message_changed_preview_after_edit": None,
    "message_changed_by_app": None,
    "app_mention_edited": {
        "kind": "edit",
        "text": "order 1042",
        "message_id": "1700000140.000500",
        "revision": 1700000145,
    },
    "message_deleted": {
        "kind": "command",
        "command": "deleted",
        "text": "1700000120.000300",
        "message_id": "1700000120.000300-deleted",
        "thread_id": THREAD,
        "reply_to": "1700000120.000300",
        "addressed": False,
    },
    "message_tombstone": {
        "kind": "command",
        "command": "deleted",
        "text": "1700000120.000900",
        "thread_id": "",
        "reply_to": "1700000120.000900",
        "addressed": False,
    },
    "message_file_share": {"text": "it arrived like this", "thread_id": THREAD, "addressed": False},
    "message_voice": {"text": "", "direct": True, "chat_id": "D0AGENT001"},
    "message_bot": None,
    "message_other_app": None,
    "message_self": None,
    "message_join": None,
    "member_joined_channel": None,
    "message_shared": {"text": "find 王芳", "chat_id": "C0PARTNER1", "shared": True},
    "command": {
        "kind": "command",
        "command": "find",
        "text": "王芳",
        "direct": True,
        "message_id": f"{TRIGGER}.c0ffee",
        "delivery_id": f"{TRIGGER}.c0ffee",
        "sent_at": NOW,
    },
    "command_zh": {"kind": "command", "command": "查找", "text": "@Ada 的客户", "direct": True},
    "command_empty": {"kind": "command", "command": "help", "text": "", "direct": True},
    "command_elsewhere": {
        "kind": "command",
        "command": "order",
        "text": "1042",
        "chat_id": "D0AGENT001",
        "direct": True,
    },
    "button": {
        "kind": "button",
        "button": "handoff_send:42",
        "text": "Send to customer",
        "message_id": f"1700000500.123456-{AGENT}",
        "delivery_id": f"{TRIGGER}.9a1f3c",
        "thread_id": THREAD,
        "reply_to": "1700000451.000100",
    },
    "button_parent": {"kind": "button", "button": "handoff_send:42", "text": "Send to customer", "thread_id": THREAD},
    "button_ephemeral": {
        "kind": "button",
        "button": "handoff_send:42",
        "text": "Send to customer",
        "thread_id": "",
        "direct": True,
        "reply_to": "1700000460.000100",
    },
    "menu": {"kind": "button", "button": "correct:42:complaint", "text": "Complaint", "thread_id": THREAD},
    "button_link": None,
    "shortcut_message": {
        "kind": "command",
        "command": "case",
        "text": "@Ada the parcel of order 1042 is lost",
        "thread_id": THREAD,
        "reply_to": "1700000120.000300",
    },
    "shortcut_global": {
        "kind": "command",
        "command": "digest_now",
        "text": "",
        "chat_id": "D0AGENT001",
        "direct": True,
    },
}
USUAL = {
    "channel": "slack",
    "account": TEAM,
    "chat_id": SUPPORT,
    "side": "staff",
    "kind": "new",
    "revision": 0,
    "thread_id": "",
    "direct": False,
    "addressed": True,
    "shared": False,
    "command": "",
    "button": "",
}


def payload(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return body


def translated(*bodies: dict[str, Any], shim: SlackShim | None = None, customers: bool = False) -> list[Any]:
    async def scenario() -> list[IncomingMessage | None]:
        async with shim or SlackShim() as slack:
            people = People(AsyncWebClient(BOT_TOKEN, base_url=slack.api, retry_handlers=[]), lambda: NOW)
            people.team = TEAM
            events = Events(people, lambda: NOW, customers=customers)
            events.account, events.bot_user = TEAM, BOT_USER
            return [await events.translate(body) for body in bodies]

    return asyncio.run(scenario())


def test_every_payload_has_an_expectation() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_payload_becomes_message(name: str) -> None:
    [message] = translated(payload(name))
    expected = EXPECTED[name]
    if expected is None:
        assert message is None
        return
    known = message.model_dump()
    assert {key: known[key] for key in USUAL | expected} == USUAL | expected
    assert message.sent_at.tzinfo is not None
    assert message.delivery_id


def test_mention_and_message_are_one_whichever_comes_first() -> None:
    first, second = translated(payload("app_mention"), payload("message_mention"))
    different = {"delivery_id"}
    assert first.model_dump(exclude=different) == second.model_dump(exclude=different)
    assert first.delivery_id != second.delivery_id


def test_files_carry_their_address_and_those_kept_elsewhere_none() -> None:
    [message] = translated(payload("message_file_share"))
    photo, drive = message.attachments
    assert (photo.kind, photo.name, photo.media_type, photo.size) == ("photo", "broken case.png", "image/png", 48213)
    assert photo.reference == "https://files.slack.com/files-pri/T0RAPPORT-F0PHOTO001/download/broken_case.png"
    assert (drive.kind, drive.reference) == ("document", "")
    assert drive.details["outside"].startswith("https://docs.google.com/")


def test_a_voice_clip_is_a_voice_and_a_deleted_file_is_not_there() -> None:
    [message] = translated(payload("message_voice"))
    assert [(each.kind, each.details["duration_ms"]) for each in message.attachments] == [("voice", "4200")]


@pytest.mark.parametrize(
    ("person", "restricted"),
    [
        (AGENT, False),
        (GUEST, True),
        (STRANGER, True),
        (FORMER, True),
        (BOT_USER, True),
        ("USLACKBOT", True),
        ("U0ULTRA001", True),
        ("U0FOREIGN1", True),
        ("U0GRID0001", False),
        ("U0UNKNOWN1", True),
    ],
)
def test_only_full_members_are_not_restricted(person: str, restricted: bool) -> None:
    shim = SlackShim()
    shim.memory.users |= {
        "USLACKBOT": user("Slackbot"),
        "U0ULTRA001": user("Ultra", is_ultra_restricted=True),
        "U0FOREIGN1": user("Foreign", team_id="T0ELSEWHERE"),
        "U0GRID0001": user("Grid", team_id="T0ELSEWHERE", enterprise_user={"teams": ["T0ELSEWHERE", TEAM]}),
    }
    [message] = translated(payload("command") | {"user_id": person}, shim=shim)
    assert message.sender.restricted is restricted


@pytest.mark.parametrize(
    ("person", "chat", "customers", "side"),
    [
        (STRANGER, "D0STRANGE1", True, "customer"), (GUEST, "D0GUEST001", True, "customer"),
        (STRANGER, "D0STRANGE1", False, "staff"), (STRANGER, SUPPORT, True, "staff"),
        (AGENT, "D0AGENT001", True, "staff"), ("U0UNKNOWN1", "D0UNKNOWN1", True, "staff"),
    ],
)  # fmt: skip
def test_who_is_from_outside_is_a_customer_in_a_direct_message_where_that_is_wanted(
    person: str, chat: str, customers: bool, side: str
) -> None:
    body = payload("message_im")
    body["event"] |= {"user": person, "channel": chat, "thread_ts": "1700000001.000100"}
    [message] = translated(body, customers=customers)
    assert message.side == side
    assert bool(message.thread_id) == (side == "staff")


def test_of_whom_slack_tells_nothing_nobody_says_they_are_a_customer() -> None:
    body = payload("message_im")
    faults = {"users.info": Fault("status", times=9), "conversations.info": Fault("status", times=9)}
    [message] = translated(body, shim=SlackShim(faults=faults), customers=True)
    assert (message.sender.restricted, message.side) == (True, "staff")


@pytest.mark.parametrize("flag", ["is_ext_shared", "is_shared", "is_org_shared", "is_pending_ext_shared"])
def test_a_shared_chat_is_known_by_any_of_its_flags(flag: str) -> None:
    shim = SlackShim()
    shim.memory.channels[SUPPORT][flag] = True
    [message] = translated(payload("app_mention"), shim=shim)
    assert message.shared


def test_a_shared_chat_is_known_from_the_event_alone() -> None:
    [message] = translated(payload("app_mention") | {"is_ext_shared_channel": True})
    assert message.shared


def test_sender_is_named_and_speaks() -> None:
    [message] = translated(payload("command"))
    sender = message.sender
    assert (sender.external_id, sender.name, sender.handle, sender.language, sender.team) == (
        AGENT,
        "Mei",
        "mei",
        "en",
        TEAM,
    )


@pytest.mark.parametrize("kind", ["limit", "status", "reset"])
def test_nobody_is_trusted_while_slack_cannot_be_asked(kind: Any) -> None:
    faults = {"users.info": Fault(kind, times=9), "conversations.info": Fault(kind, times=9)}
    [message] = translated(payload("app_mention"), shim=SlackShim(faults=faults))
    assert (message.sender.restricted, message.shared, message.text) == (True, True, QUESTION)


def test_answers_are_remembered_for_five_minutes_and_no_longer(clock: Clock) -> None:
    async def scenario() -> list[int]:
        async with SlackShim() as slack:
            people = People(AsyncWebClient(BOT_TOKEN, base_url=slack.api, retry_handlers=[]), clock)
            asked = []
            for seconds in (0, 299, 1):
                clock.advance(seconds=seconds)
                await people.sender(AGENT)
                await people.chat(SUPPORT)
                asked.append(len(slack.calls))
            return asked

    assert asyncio.run(scenario()) == [2, 2, 4]


def test_group_members_are_known_after_a_refresh_and_forgotten_in_time(clock: Clock) -> None:
    async def scenario() -> list[Any]:
        async with SlackShim() as slack:
            client = AsyncWebClient(BOT_TOKEN, base_url=slack.api, retry_handlers=[])
            people = People(client, clock, (GROUP,))
            found: list[Any] = [people.member_of(AGENT)]
            await people.refresh_groups()
            found += [people.member_of(AGENT), people.member_of(GUEST)]
            clock.advance(minutes=2)
            await people.refresh_groups()
            found.append(len(slack.calls))
            clock.advance(minutes=1)
            await people.refresh_groups()
            found.append(len(slack.calls))
            clock.advance(minutes=5)
            return [*found, people.member_of(AGENT)]

    assert asyncio.run(scenario()) == [frozenset(), {GROUP}, frozenset(), 1, 2, frozenset()]


def test_a_group_slack_is_silent_about_is_not_asked_for_with_every_message(clock: Clock) -> None:
    async def scenario() -> list[int]:
        async with SlackShim() as slack:
            people = People(AsyncWebClient(BOT_TOKEN, base_url=slack.api, retry_handlers=[]), clock, ("S0NOWHERE1",))
            asked = []
            for seconds in (0, 14, 1):
                clock.advance(seconds=seconds)
                await people.refresh_groups()
                asked.append(len(slack.calls))
            return asked

    assert asyncio.run(scenario()) == [1, 1, 2]


def test_a_direct_message_needs_no_question_about_the_chat() -> None:
    shim = SlackShim()
    translated(payload("message_im"), shim=shim)
    assert not shim.named("conversations.info")


def test_at_most_five_mentions_are_looked_up() -> None:
    body = payload("command") | {"text": "assign " + " ".join(f"<@U0NOBODY{number}>" for number in range(50))}
    shim = SlackShim()
    [message] = translated(body, shim=shim)
    assert len(shim.named("users.info")) == 6
    assert message.text.startswith("@U0NOBODY0 ")
