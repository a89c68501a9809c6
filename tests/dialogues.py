"""Plays dialogues against the whole product on the sample business, with both sides in hand."""

import asyncio
import itertools
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import select

from benchmarks.platform import FakePlatform
from bot.app import App, Parts, build_app
from bot.channels import Bridges
from bot.channels.base import Channel
from bot.messages import IncomingAttachment, IncomingMessage, Outgoing, Sender
from bot.outbox import readable
from config.settings import Settings
from crm_core.models import Base, Conversation, Customer, Identity, Interaction, Order
from nlu.interpreter import Interpreter
from tests.conftest import Clock

QUEUE = "C-SUPPORT"
ORDER_NUMBER = re.compile(r"SO-\d+")
E_MAIL = re.compile(r"[a-z0-9._-]{1,60}@[a-z0-9.-]{1,60}\.[a-z]{2,6}", re.IGNORECASE)


class FakeDesk(FakePlatform):
    """The staff's side, with a queue."""

    name: ClassVar[str] = "slack"
    account = "T1"

    def queue_chat(self) -> str:
        return QUEUE


class FakeTelegram(FakePlatform):
    """The customers' side. A file's bytes are its reference."""

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
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

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

    def last_understood(self, channel: str = "telegram") -> Interaction:
        """The newest message that came in on a side."""
        with self.app.store.read() as session:
            query = select(Interaction).where(Interaction.channel == channel, Interaction.direction == "in")
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

    def __init__(self, settings: Settings, interpreter: Interpreter, clock: Clock) -> None:
        self._customers, self._desk = FakeTelegram(), FakeDesk()
        self._clock = clock

        def channels(given: Settings, bridges: Bridges) -> Mapping[str, Channel]:
            return {"telegram": self._customers, "slack": self._desk}

        self._app = build_app(settings, Parts(clock=clock, channels=channels, interpreter=interpreter, workers=2))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Stage:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._app.start(), self._loop).result(60)
        return Stage(self._app, self._customers, self._desk, self._clock)

    def __exit__(self, *failure: object) -> None:
        asyncio.run_coroutine_threadsafe(self._app.stop(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def text_of(sent: list[Outgoing]) -> str:
    """Everything a person can read of some messages, buttons included."""
    parts = []
    for outgoing in sent:
        reply = outgoing.reply
        parts.append(readable(reply))
        parts.extend(choice.label for choice in (*reply.choices, *(c for card in reply.cards for c in card.choices)))
    return "\n".join(part for part in parts if part)


def assert_nothing_of_others(stage: Stage, chat: str, told: str) -> None:
    """What a customer was sent names no order number, e-mail address, phone number or full name of anybody else."""
    with stage.app.store.read() as session:
        customer_id = stage.conversation(chat).customer_id
        own = set(session.execute(select(Order.number).where(Order.customer_id == customer_id)).scalars())
        known = set(session.execute(select(Order.number)).scalars())
        said = " ".join(
            row.text or ""
            for row in session.execute(
                select(Interaction).where(Interaction.chat_id == chat, Interaction.direction == "in")
            ).scalars()
        )
        me = session.get_one(Customer, customer_id)
        mine = {me.email or "", *E_MAIL.findall(said)}
    foreign = {number for number in ORDER_NUMBER.findall(told) if number in known - own and number not in said}
    assert not foreign, f"order numbers of others: {foreign}"
    addresses = {address for address in E_MAIL.findall(told) if address not in mine}
    assert not {address for address in addresses if stage.app.store.vault and _is_customers(stage, address)}


def _is_customers(stage: Stage, address: str) -> bool:
    index = stage.app.store.vault.blind_index("email", address)
    with stage.app.store.read() as session:
        return session.execute(select(Customer.id).where(Customer.email_index == index)).first() is not None


def load_dialogues(folder: Path) -> list[dict[str, Any]]:
    """All dialogues of a folder of YAML files."""
    import yaml

    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.yml")):
        for dialogue in yaml.safe_load(path.read_text("utf-8")):
            found.append({**dialogue, "file": path.stem})
    return found


def play(stage: Stage, dialogue: dict[str, Any], numbers: Callable[[str], int]) -> None:
    """Play one dialogue; every expectation in it is asserted (the format is told in tests/conversations/README.md)."""
    chat = "70001"
    if dialogue.get("customer"):
        stage.link(chat, numbers(dialogue["customer"]))
    told = ""
    for position, step in enumerate(dialogue["turns"], 1):
        where = f"{dialogue['file']}: {dialogue['name']}, turn {position}"
        counts = {table: stage.count(table) for table in step.get("adds", {})}
        got = _act(stage, chat, step)
        words = text_of(got)
        if "staff" not in step and "staff_presses" not in step:
            told += words
            _check_understood(stage, step, where)
        _check_words(stage, chat, step, words, where)
        for table, more in step.get("adds", {}).items():
            added = stage.count(table) - counts[table]
            assert added == more, f"{where}: {added} rows added to {table}, {more} expected"
        if "state" in step:
            assert stage.conversation(chat).state == step["state"], where
    assert_nothing_of_others(stage, chat, told)


def _act(stage: Stage, chat: str, step: dict[str, Any]) -> list[Outgoing]:
    stage.clock.now += timedelta(minutes=step.get("after_minutes", 0))
    if "said" in step:
        return stage.customer_says(chat, step["said"])
    if "edited" in step:
        last = stage.last_understood()
        return stage.customer_says(chat, step["edited"], kind="edit", message_id=last.message_id, revision=1)
    if "pressed" in step:
        return stage.customer_says(chat, kind="button", button=step["pressed"])
    if "command" in step:
        command, _, rest = step["command"].partition(" ")
        return stage.customer_says(chat, rest, kind="command", command=command)
    if "sends" in step:
        attachment = IncomingAttachment(**step["sends"])
        return stage.customer_says(chat, step.get("caption", ""), attachments=(attachment,))
    user = step.get("as", "U-AGENT")
    thread = stage.thread(chat) if step.get("in_thread", True) else ""
    if "staff_presses" in step:
        return stage.staff_says(user, thread=thread, kind="button", button=_pressed(stage, step["staff_presses"], chat))
    extra = {"addressed": True} if step.get("mention") else {}
    return stage.staff_says(user, step["staff"], thread=thread, **extra)


def _pressed(stage: Stage, wanted: str, chat: str) -> str:
    """The newest button whose value begins so; staff's buttons carry ids that no test can know."""
    for outgoing in reversed(stage.desk.outgoing):
        reply = outgoing.reply
        for choice in (*reply.choices, *(c for card in reply.cards for c in card.choices)):
            if choice.value.startswith(wanted):
                return choice.value
    raise AssertionError(f"no button {wanted} was shown to staff")


def _check_understood(stage: Stage, step: dict[str, Any], where: str) -> None:
    if "intent" in step:
        row = stage.last_understood()
        assert row.intent == step["intent"], (
            f"{where}: understood {row.intent} {row.alternatives}, not {step['intent']}"
        )
    if "entities" in step:
        row = stage.last_understood()
        found = {entity["name"]: entity["value"] for entity in json.loads(row.entities or "[]")}
        for name, value in step["entities"].items():
            assert found.get(name) == value, f"{where}: {name} is {found.get(name)!r}, not {value!r}"


def _check_words(stage: Stage, chat: str, step: dict[str, Any], words: str, where: str) -> None:
    customer = text_of([o for o in stage.customers.outgoing if o.chat_id == chat])
    desk = text_of(stage.desk.outgoing)
    if step.get("silent"):
        assert not words, f"{where}: answered {words!r} where silence was right"
    for name, text in (("answered", words), ("desk_got", desk), ("customer_got", customer)):
        for pattern in _listed(step.get(name)):
            assert re.search(pattern, text, re.IGNORECASE), f"{where}: {name}: no {pattern!r} in {text!r}"
    for name, text in (("never", words), ("customer_never_got", customer)):
        for pattern in _listed(step.get(name)):
            assert not re.search(pattern, text, re.IGNORECASE), f"{where}: {name}: {pattern!r} in {text!r}"
    if "marks" in step:
        marks = [o.reply.mark for o in stage.desk.outgoing if o.reply.mark]
        assert marks == step["marks"], f"{where}: marks {marks}"


def _listed(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
