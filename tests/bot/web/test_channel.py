import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.channels.base import DeliveryFailed, Refused
from bot.channels.web import WebChannel
from bot.channels.web_events import BACKLOG_PER_WATCHER, EventBoard, Ids, TooManyWatchers
from bot.channels.web_sessions import Sessions
from bot.channels.web_spool import NotInSpool, Spool, SpoolFull
from bot.messages import Card, Choice, IncomingAttachment, Outgoing, OutgoingFile, Reply
from tests.bot.web.conftest import KEY, Intake

VISITOR = "visitor-" + "0" * 32


def outgoing(chat_id: str, reply: Reply, **more: str) -> Outgoing:
    return Outgoing(channel="web", account="web", chat_id=chat_id, reply=reply, **more)


async def first_events(web: WebChannel, chat_id: str, count: int) -> list[dict[str, Any]]:
    events = []
    async for event in web.events(chat_id):
        events.append(event)
        if len(events) == count:
            break
    return events


def test_ids_only_grow_even_when_the_clock_goes_back() -> None:
    times = iter([5.0, 5.0, 3.0, 9.0])
    ids = Ids(lambda: next(times))
    given = [ids() for _ in range(4)]
    assert given == [5_000_000, 5_000_001, 5_000_002, 9_000_000]


def test_a_message_to_the_queue_opens_a_thread_named_after_itself(web: WebChannel) -> None:
    first = asyncio.run(web.send(outgoing("queue", Reply(text="A customer needs a person"))))
    second = asyncio.run(web.send(outgoing("queue", Reply(text="more"), thread_id=first)))
    assert int(second) > int(first)
    assert [event["thread_id"] for event in web.kept("queue")] == [first, first]
    assert web.queue_chat() == "queue"


def test_a_reply_reaches_the_page_whole_and_harmless(web: WebChannel) -> None:
    choices = (
        Choice(label="Track", value="x", link="javascript:alert(1)"),
        Choice(label="Site", value="y", link="https://a.example"),
    )
    reply = Reply(
        text="<b>hi</b>",
        cards=(Card(title="t", choices=choices),),
        files=(OutgoingFile(attachment_id=2**62, name="a/../b\u202e.png", media_type="image/png"),),
    )
    asyncio.run(web.send(outgoing(VISITOR, reply)))
    [event] = web.kept(VISITOR)
    assert event["reply"]["text"] == "<b>hi</b>"
    assert [choice["link"] for choice in event["reply"]["cards"][0]["choices"]] == ["", "https://a.example"]
    [file] = event["reply"]["files"]
    assert (file["attachment_id"], file["url"], file["name"]) == (str(2**62), f"/files/{2**62}", "b.png")


def test_marks_and_edits_act_on_the_earlier_message(web: WebChannel) -> None:
    sent = asyncio.run(web.send(outgoing("queue", Reply(text="one"))))
    mark = Reply(mark="failed", target="m", text="Blocked.")
    assert asyncio.run(web.send(outgoing("queue", mark, thread_id=sent))) == "m"
    assert asyncio.run(web.send(outgoing("queue", Reply(text="two", edit=True, target=sent), thread_id=sent))) == sent
    _, marked, replaced = web.kept("queue")
    assert (marked["type"], marked["target"], marked["mark"], marked["reason"]) == ("mark", "m", "failed", "Blocked.")
    assert (replaced["type"], replaced["id"], replaced["reply"]["text"]) == ("replaced", sent, "two")


def test_private_replies_are_shown_to_the_person_who_asked(web: WebChannel) -> None:
    private = Reply(text="¥ 8,240", private=True)
    asyncio.run(web.send(outgoing("queue", private, thread_id="1", recipient="playground-agent")))
    asyncio.run(web.send(outgoing("queue", private, thread_id="1", recipient="playground-manager")))
    asyncio.run(web.send(outgoing(VISITOR, private, recipient=VISITOR)))
    assert [event["ephemeral"] for event in web.kept("queue", "manager")] == [True, True]
    assert len(web.kept("queue")) == 1
    assert web.kept(VISITOR)[0]["ephemeral"] is False


@pytest.mark.parametrize("chat_id", ["agent", "manager", "queue", "visitor-1", "visitor-" + "g" * 32, "", "../x"])
def test_without_the_playground_only_visitors_can_be_written_to(tmp_path: Path, chat_id: str) -> None:
    web = WebChannel(key=KEY, spool=tmp_path)
    with pytest.raises(Refused):
        asyncio.run(web.send(outgoing(chat_id, Reply(text="x"))))
    assert web.queue_chat() == ""


def test_events_begin_with_what_is_kept_and_go_on_live(web: WebChannel, intake: Intake) -> None:
    async def run() -> list[str]:
        await web.start(intake.receive)
        await web.send(outgoing(VISITOR, Reply(text="kept")))
        watching = asyncio.create_task(first_events(web, VISITOR, 4))
        await asyncio.sleep(0)
        await web.send(outgoing("visitor-" + "1" * 32, Reply(text="another's")))
        await web.send(outgoing(VISITOR, Reply(text="live")))
        threading.Thread(target=web.announce, args=(VISITOR, {"type": "trace", "message_id": "m"})).start()
        return [event.get("reply", event).get("text", event["type"]) for event in await asyncio.wait_for(watching, 5)]

    assert asyncio.run(run()) == ["kept", "ready", "live", "trace"]
    assert len(web.kept(VISITOR)) == 2  # what was announced is of the moment


def test_a_stream_is_taken_up_after_the_last_event_seen(web: WebChannel) -> None:
    for text in "abc":
        asyncio.run(web.send(outgoing(VISITOR, Reply(text=text))))
    second = int(web.kept(VISITOR)[1]["event_id"])

    async def run() -> list[Any]:
        watcher = web.watch((VISITOR,), second)
        return [await watcher.next(), await watcher.next()]

    event, ready = asyncio.run(run())
    assert (event["reply"]["text"], ready["type"]) == ("c", "ready")


def test_stopping_ends_the_streams(web: WebChannel, intake: Intake) -> None:
    async def run() -> int:
        await web.start(intake.receive)
        watching = asyncio.create_task(first_events(web, VISITOR, 99))
        await asyncio.sleep(0)
        await web.stop()
        return len(await asyncio.wait_for(watching, 5))

    assert asyncio.run(run()) == 1
    assert web.health() == {"state": "stopped", "last_received": None, "last_error": "", "streams": 0}


def test_rings_are_bounded_by_number_and_by_size() -> None:
    board = EventBoard(Ids(), bytes_overall=4000)
    for number in range(300):
        board.publish("a", {"n": number})
    assert len(board.kept("a")) <= 200
    board.publish("big", {"text": "x" * 3900})
    assert board.kept("a") == []  # the chat that was quiet for longest goes first
    assert len(board.kept("big")) == 1


def test_a_reader_that_falls_behind_is_closed_and_streams_are_counted() -> None:
    async def run() -> None:
        board = EventBoard(Ids(), watchers_per_chat=2)
        slow = board.watch(("a",))
        for number in range(BACKLOG_PER_WATCHER + 1):
            board.publish("a", {"n": number}, keep=False)
        assert slow.closed
        board.watch(("a", "b"))
        with pytest.raises(TooManyWatchers):
            board.watch(("a",))
        board.leave(slow)
        board.leave(slow)
        assert board.watching == 1
        board.watch(("a",))

    asyncio.run(run())


def test_sessions_need_a_real_key_and_know_their_own() -> None:
    with pytest.raises(ValueError, match="128 bits"):
        Sessions(b"short")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    cookie, chat_id = Sessions(KEY).issue(now)
    assert Sessions(KEY).chat_of(cookie, now) == chat_id
    assert Sessions(KEY[::-1]).chat_of(cookie, now) == ""
    changed = [
        cookie[:place] + ("0" if cookie[place] != "0" else "1") + cookie[place + 1 :] for place in range(len(cookie))
    ]
    assert {Sessions(KEY).chat_of(each, now) for each in changed} == {""}
    assert len({Sessions(KEY).issue(now)[1] for _ in range(100)}) == 100


def test_waiting_files_are_sealed_bounded_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool", KEY, overall_bytes=200)
    reference, other = "a" * 40, "b" * 40
    spool.put(reference, b"CANARY" * 10)
    spool.put(reference, b"a second time changes nothing")
    assert not any(b"CANARY" in path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert spool.get(reference, taken=False) == spool.get(reference, taken=True) == spool.get(reference, taken=True)
    with pytest.raises(SpoolFull):
        spool.put(other, b"x" * 150)
    with pytest.raises(NotInSpool):
        Spool(tmp_path / "spool", KEY[::-1]).get(reference, taken=False)
    for hostile in ("../../etc/passwd", "", "A" * 40, "a" * 39):
        with pytest.raises(NotInSpool):
            spool.get(hostile, taken=False)
    later = (tmp_path / "spool" / f"{reference}.taken").stat().st_mtime + 3601
    monkeypatch.setattr("bot.channels.web_spool.time.time", lambda: later)
    spool.put(other, b"x" * 150)
    with pytest.raises(NotInSpool):
        spool.get(reference, taken=False)


def test_a_download_that_is_too_late_says_so(web: WebChannel) -> None:
    with pytest.raises(DeliveryFailed, match="sent again"):
        asyncio.run(web.download(IncomingAttachment(kind="photo", reference="c" * 40)))
