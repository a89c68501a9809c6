"""A stand-in for the whole application behind the pages: canned answers of every kind, kept in memory."""

import asyncio
import io
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.channels.web import WebChannel
from bot.messages import Card, Choice, IncomingMessage, Outgoing, OutgoingFile, Reply, Table
from bot.web.services import StoredFile, WebServices

SEND_PREFIX = "send:"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> <b>bold</b> javascript:alert(1) https://shop.example/a?b=1."


def chart(bars: list[int], colour: tuple[int, int, int]) -> bytes:
    """Return a PNG of 560 x 240 with some bars."""
    width, height = 560, 240
    rows = bytearray()
    step = width // len(bars)
    for y in range(height):
        rows.append(0)
        for x in range(width):
            inside = x % step > step // 4 and height - y < bars[x // step] if x // step < len(bars) else False
            rows += bytes(colour) if inside else (b"\xd0\xd0\xd0" if y == height - 2 else b"\xff\xff\xff")

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, 2)
    out.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
    out.write(chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))
    return out.getvalue()


class EchoAssistant:
    """Answers a few phrases, opens one hand-over thread per complaint, and sends on what an agent marks to be sent."""

    def __init__(self, web: WebChannel) -> None:
        self.web = web
        self.received: list[IncomingMessage] = []
        self.fail_next = 0
        self.threads: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.traces: dict[str, dict[str, Any]] = {}
        self.customer_of: dict[str, str] = {}
        self.files = {
            2**62 + 1: StoredFile("orders.png", "image/png", chart([90, 120, 100, 150, 180, 160, 200], (31, 111, 99))),
            2**62 + 2: StoredFile("mood.png", "image/png", chart([150, 140, 155, 120, 90, 100, 130], (138, 74, 43))),
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: set[str] = set()

    async def receive(self, message: IncomingMessage) -> bool:
        """Keep the message and answer it a moment later; raises as often as `fail_next` says."""
        if self.fail_next:
            self.fail_next -= 1
            raise OSError("disk full")
        if message.delivery_id in self._seen:
            return False
        self._seen.add(message.delivery_id)
        self.received.append(message)
        self.traces[message.message_id] = _trace(message)
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(self, message: IncomingMessage) -> None:
        await asyncio.sleep(0.05)
        if message.chat_id == "queue":
            await self._in_thread(message)
        elif message.chat_id in ("agent", "manager"):
            await self._send(message, _staff_reply(message))
        else:
            await self._to_customer(message)
        traced = self.traces[message.message_id]
        traced["answered"] = traced["delivered"] = datetime.now(UTC).isoformat()

    async def _to_customer(self, message: IncomingMessage) -> None:
        thread = self.threads.get(message.chat_id)
        said = message.text or message.button
        if thread and self.states[thread] != "resolved":
            text = f"✏️ {said}" if message.kind == "edit" else said
            await self._queue(thread, Reply(text=f"Mei Chen: {text}"))
        elif "投诉" in said or "complain" in said.lower():
            await self._send(message, Reply(text="很抱歉给您带来不便，我已请同事来处理，请稍候。"))
            thread = await self._queue("", _opening(said))
            self.threads[message.chat_id], self.customer_of[thread] = thread, message.chat_id
            self.states[thread] = "waiting"
        else:
            await self._send(message, _customer_reply(message))

    async def _in_thread(self, message: IncomingMessage) -> None:
        thread = message.thread_id
        if message.button == "handoff_take":
            self.states[thread] = "person"
            await self._queue(thread, Reply(text="You have taken this conversation."))
            self.web.announce("queue", {"type": "thread", "thread_id": thread, "state": "person"})
        elif message.button == "handoff_return":
            self.states[thread] = "resolved"
            await self._queue(thread, Reply(text="Resolved. The assistant answers again."))
        elif message.text.startswith((SEND_PREFIX, "发送：")):
            text = message.text.removeprefix(SEND_PREFIX).removeprefix("发送：").strip()
            failed = "fail" in text
            if not failed:
                await self.web.send(_outgoing(self.customer_of[thread], Reply(text=text)))
            mark = Reply(
                mark="failed" if failed else "sent", target=message.message_id, text="Blocked by the customer."
            )
            await self._queue(thread, mark)
        elif message.addressed:
            private = Reply(text="Lifetime value ¥ 8,240.00, last order 12 days ago.", private=True)
            outgoing = _outgoing("queue", private).model_copy(
                update={"thread_id": thread, "recipient": message.sender.external_id}
            )
            await self.web.send(outgoing)

    async def _queue(self, thread: str, reply: Reply) -> str:
        return await self.web.send(_outgoing("queue", reply).model_copy(update={"thread_id": thread}))

    async def _send(self, message: IncomingMessage, reply: Reply) -> None:
        await self.web.send(_outgoing(message.chat_id, reply))

    def services(self, **changes: Any) -> WebServices:
        """Return what the web application needs, on this stand-in."""
        given: dict[str, Any] = {
            "health": lambda: {"ok": True, "channels": {"web": self.web.health()}},
            "metrics": lambda: b"rapport_up 1\n",
            "business_name": "Juniper & Crane",
            "web": self.web,
            "playground": True,
            "playground_info": playground_info,
            "trace": lambda channel, chat_id, message_id: self.traces.get(message_id),
            "thread_states": lambda threads: {each: self.states[each] for each in threads if each in self.states},
            "read_file": self.files.get,
        }
        return WebServices(**{**given, **changes})


def echo_assistant(spool: Path) -> EchoAssistant:
    """Return the stand-in on a fresh channel."""
    return EchoAssistant(WebChannel(key=b"a test key of 32 bytes, no secret", spool=spool, playground=True))


def playground_info() -> dict[str, Any]:
    """Return what the page offers to try."""
    note = "You are a new visitor. To see order data, link as Mei Chen: order SO-20931 and mei.chen@example.com."
    return {
        "business": {"name_en": "Juniper & Crane", "name_zh": "鹤与杜松"},
        "note": {
            "en": note,
            "zh": "您是新访客。想看订单，请以陈梅的身份关联：订单 SO-20931，邮箱 mei.chen@example.com。",
        },
        "send_prefix": {"en": SEND_PREFIX, "zh": "发送："},
        "try": {
            "customer": ["Where is my order SO-20931?", "我要投诉", "A gift under ¥300", "你们几点营业？"],
            "agent": ["VIP customers in Shanghai who haven't ordered in 90 days", "show Mei Chen", "note"],
            "manager": ["digest now", "How many orders last week?", "本月投诉最多的商品"],
        },
    }


def _outgoing(chat_id: str, reply: Reply) -> Outgoing:
    return Outgoing(channel="web", account="web", chat_id=chat_id, reply=reply)


def _opening(said: str) -> Reply:
    facts = (
        ("Segment", "Loyal · 8 orders"),
        ("Value so far", "¥ 8,240.00"),
        ("Mood", "unhappy (−0.74)"),
        ("Last order", "SO-20931, two tea bowls, in transit"),
        ("Said", said),
    )
    choices = (
        Choice(label="Take", value="handoff_take", style="primary"),
        Choice(label="Suggest a reply", value="suggest_reply"),
        Choice(label="Resolve", value="handoff_return"),
    )
    return Reply(
        text="A customer asks for a person.",
        cards=(Card(title="Mei Chen · 陈梅", subtitle="Complaint", facts=facts),),
        choices=choices,
    )


def _customer_reply(message: IncomingMessage) -> Reply:
    said = message.text or message.button
    if "hostile" in said:
        return Reply(
            text=HOSTILE,
            cards=(Card(title=HOSTILE, facts=((HOSTILE, HOSTILE),)),),
            choices=(Choice(label=HOSTILE, value="x"),),
        )
    if "order" in said.lower():
        facts = (
            ("Status", "In transit"),
            ("Carrier", "SF Express SF1029384756"),
            ("Expected", "Tuesday, 24 November"),
            ("Items", "2 × Celadon tea bowl"),
        )
        card = Card(title="Order SO-20931", subtitle="Placed 18 November · ¥ 398.00", facts=facts)
        choices = (
            Choice(label="Something is wrong", value="delivery_problem"),
            Choice(label="Track it", value="x", link="https://example.com/track"),
        )
        return Reply(text="It is on its way and should reach you on Tuesday.", cards=(card,), choices=choices)
    if "gift" in said.lower():
        cards = tuple(
            Card(
                title=name,
                subtitle=price,
                facts=(("In stock", stock),),
                choices=(Choice(label="Tell me more", value=f"product_question:{place}"),),
            )
            for place, (name, price, stock) in enumerate(
                (("Celadon tea bowl", "¥ 199.00", "24"), ("Linen table runner", "¥ 168.00", "7"))
            )
        )
        return Reply(text="Two ideas under ¥300, both in stock:", cards=cards)
    if message.attachments:
        return Reply(text=f"Thank you, I have kept {message.attachments[0].name}.")
    return Reply(text=f"You said: {said}")


def _staff_reply(message: IncomingMessage) -> Reply:
    said = message.text.lower()
    if "digest" in said:
        return _digest()
    if "customers" in said or "vip" in said:
        return _customers()
    if "show" in said:
        return _profile()
    return Reply(text=f"You said: {message.text or message.button}")


def _digest() -> Reply:
    files = (
        OutgoingFile(
            attachment_id=2**62 + 1, name="orders.png", media_type="image/png", caption="Orders a day, last 7 days"
        ),
        OutgoingFile(
            attachment_id=2**62 + 2, name="mood.png", media_type="image/png", caption="Mood of customers' messages"
        ),
    )
    text = (
        "Digest for Sunday, 22 November\n\n"
        "Messages 148 (+12 %) · first response 38 s (−9 s)\nNew customers 6 (+2)\nMood 0.21 (−0.08)\n\n"
        "Unhappy and valuable: Mei Chen, ¥ 8,240.00, two complaints this week."
    )
    table = Table(
        columns=("Figure", "Now", "Before", "Change"),
        rows=(
            ("Revenue", "CN¥20,254.90", "CN¥19,939.80", "+CN¥315.10 (+2 %)"),
            ("Kundenzufriedenheitsbefragungsergebnisse", "3.8 / 5", "2.6 / 5", "+1.2"),
        ),
    )
    return Reply(text=text, table=table, files=files)


def _customers() -> Reply:
    rows = (
        ("陈梅 Mei Chen", "¥ 8,240.00", "2026-08-14", "101"),
        ("王芳 Wang Fang", "¥ 6,905.50", "2026-08-02", "113"),
        ("Oliver Grant", "¥ 5,120.00", "2026-07-29", "117"),
    )
    table = Table(
        columns=("Customer", "Spent", "Last order", "Days"),
        rows=rows,
        note="Applied: segment VIP, city Shanghai, last order more than 90 days ago. 3 of 3.",
    )
    return Reply(
        text="3 customers", table=table, choices=(Choice(label="CSV in a direct message", value="data_export"),)
    )


def _profile() -> Reply:
    facts = (
        ("Company", "Lotus Interiors"),
        ("Segment", "Loyal"),
        ("Spent", "¥ 8,240.00"),
        ("Mood", "unhappy"),
        ("Open cases", "1"),
    )
    choices = (
        Choice(label="Timeline", value="show_timeline:1"),
        Choice(label="Add note", value="add_note:1"),
        Choice(label="Erase", value="data_erase:1", style="danger"),
    )
    return Reply(
        cards=(
            Card(title="Mei Chen · 陈梅", subtitle="Shanghai · customer since May 2025", facts=facts, choices=choices),
        )
    )


def _trace(message: IncomingMessage) -> dict[str, Any]:
    chinese = any("\u4e00" <= character <= "\u9fff" for character in message.text)
    complaint = "投诉" in message.text
    order = "SO-20931" in message.text
    intent = (
        "complaint"
        if complaint
        else "order_status"
        if order
        else "list_customers"
        if "VIP" in message.text
        else "greeting"
    )
    entities: list[dict[str, Any]] = [{"name": "order_id", "value": "SO-20931", "text": "SO-20931"}] if order else []
    if "Shanghai" in message.text:
        entities = [
            {"name": "place", "value": "Shanghai", "text": "Shanghai"},
            {"name": "days", "value": 90, "text": "90 days"},
        ]
    at = message.sent_at.isoformat()
    understood = {
        "intent": intent,
        "confidence": 0.93 if order or complaint else 0.46,
        "alternatives": [["delivery_problem", 0.04], ["faq", 0.01]],
        "entities": entities,
        "sentiment": -0.74 if complaint else 0.05,
        "language": "zh" if chinese else "en",
        "mixed": chinese and order,
        "strong": complaint,
    }
    steps: list[dict[str, Any]] = []
    return {
        "received": at,
        "stored": at,
        "understood": understood,
        "answered": None,
        "delivered": None,
        "outbox": [],
        "steps": steps,
    }
