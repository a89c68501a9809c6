"""The whole product on the sample business, with both sides of the counter in hand."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import select

from benchmarks.platform import FakePlatform
from bot.app import App, Parts, build_app
from bot.channels.base import Channel, Refused
from bot.messages import IncomingAttachment, IncomingMessage, Outgoing, Sender
from bot.phrases import Phrases
from config.settings import Settings
from crm_core.models import Base, Conversation, Customer, Identity, Interaction
from nlu.interpreter import Interpreter
from nlu.knowledge import KnowledgeBase
from tests.conftest import Clock

QUEUE = "C-SUPPORT"
PHRASES = Phrases()


class FakeDesk(FakePlatform):
    """The staff's side, with a queue."""

    name: ClassVar[str] = "slack"
    account = "T1"
    queue = QUEUE

    def queue_chat(self) -> str:
        return self.queue

    async def download(self, attachment: IncomingAttachment) -> bytes:
        return attachment.reference.encode()


class FakeTelegram(FakePlatform):
    """The customers' side. A file's bytes are its reference."""

    unreachable = ""
    """Why the platform refuses to deliver just now; "" while it takes everything."""

    async def send(self, outgoing: Outgoing) -> str:
        if self.unreachable:
            raise Refused(self.unreachable)
        return await super().send(outgoing)

    def queue_chat(self) -> str:
        return ""

    async def download(self, attachment: IncomingAttachment) -> bytes:
        return attachment.reference.encode()


@dataclass
class Stage:
    """A running app with both sides in hand. Every `say_…` waits until all that follows from it was sent."""

    app: App
    customers: FakeTelegram
    desk: FakeDesk
    clock: Clock
    restart: Callable[[], None]
    """Stop the app and start it anew on what it stored."""
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def customer_says(self, chat: str, text: str = "", **extra: Any) -> list[Outgoing]:
        """One message of a customer; returns what the customer was sent because of it."""
        before = len(self.customers.outgoing)
        self._receive("telegram", "1", chat, Sender(external_id=chat, name="Guest"), text, side="customer", **extra)
        return [o for o in self.customers.outgoing[before:] if o.chat_id == chat]

    def staff_says(self, user: str, text: str = "", *, thread: str = "", **extra: Any) -> list[Outgoing]:
        """One message of staff, in a direct message or in a hand-over thread; returns what staff were sent."""
        before = len(self.desk.outgoing)
        chat = QUEUE if thread else f"D-{user}"
        extra.setdefault("addressed", not thread or extra.get("kind") in ("button", "command"))
        self._receive(
            "slack", "T1", chat, Sender(external_id=user, name=user), text,
            side="staff", thread_id=thread, direct=not thread, **extra,
        )  # fmt: skip
        return self.desk.outgoing[before:]

    def _receive(self, channel: str, account: str, chat: str, sender: Sender, text: str, **extra: Any) -> None:
        self.clock.advance(seconds=20)
        number = str(next(self.numbers))
        message_id = extra.pop("message_id", number)
        message = IncomingMessage(
            channel=channel, account=account, delivery_id=number, chat_id=chat, message_id=message_id,
            sender=sender, sent_at=self.clock(), text=text, **extra,
        )  # fmt: skip
        self.app.intake.receive(message)
        self.settle()

    def settle(self) -> None:
        """Wait until everything is answered and sent."""
        for _ in range(3):
            assert self.app.dispatch.idle(60)
            assert self.app.delivery.idle(60)

    def link(self, chat: str, number: int) -> int:
        """Make a chat belong to a sample customer, as if linked earlier; returns the customer's id."""
        with self.app.store.write() as session:
            customer = session.execute(select(Customer).where(Customer.number == number)).scalar_one()
            identity = Identity(customer_id=customer.id, channel="telegram", account="1", external_id=chat)
            identity.first_seen_at = identity.verified_at = self.clock()
            identity.verified_how = "contact"
            session.add(identity)
            return customer.id

    def last_understood(self, channel: str = "telegram", *, chat: str = "", kinds: tuple[str, ...] = ()) -> Interaction:
        """The newest message that came in on a side, or in one of its chats."""
        with self.app.store.read() as session:
            query = select(Interaction).where(Interaction.channel == channel, Interaction.direction == "in")
            if chat:
                query = query.where(Interaction.chat_id == chat)
            if kinds:
                query = query.where(Interaction.kind.in_(kinds))
            return session.execute(query.order_by(Interaction.id.desc()).limit(1)).scalar_one()

    def conversation(self, chat: str) -> Conversation:
        """A customer's conversation as it is now."""
        with self.app.store.read() as session:
            return session.execute(select(Conversation).where(Conversation.chat_id == chat)).scalar_one()

    def thread(self, chat: str) -> str:
        """The hand-over thread of a customer's conversation; "" when none was opened."""
        return self.conversation(chat).desk_thread_id or ""

    def count(self, table: str) -> int:
        """Rows in a table."""
        with self.app.store.read() as session:
            return len(session.execute(select(Base.metadata.tables[table].c.id)).all())


class Running:
    """Builds and runs a stage; leave it to stop everything."""

    def __init__(self, settings: Settings, interpreter: Interpreter, knowledge: KnowledgeBase, clock: Clock) -> None:
        self._settings, self._interpreter, self._knowledge, self._clock = settings, interpreter, knowledge, clock
        self._customers, self._desk = FakeTelegram(), FakeDesk()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Stage:
        self._thread.start()
        self._stage = Stage(self._started(), self._customers, self._desk, self._clock, self._restart)
        return self._stage

    def __exit__(self, *failure: object) -> None:
        self._wait(self._stage.app.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _started(self) -> App:
        parts = Parts(
            clock=self._clock,
            channels=lambda settings, bridges: self._channels(),
            interpreter=self._interpreter,
            knowledge=self._knowledge,
            phrases=PHRASES,
            workers=2,
        )
        app = build_app(self._settings, parts)
        self._wait(app.start())
        return app

    def _channels(self) -> Mapping[str, Channel]:
        return {"telegram": self._customers, "slack": self._desk}

    def _restart(self) -> None:
        self._wait(self._stage.app.stop())
        self._stage.app = self._started()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)
