"""Staff at work, without the models: the intent is given, values are found by the real finders, names are real."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from bot.files import Files
from bot.handlers import HANDLERS, PREPARATIONS
from bot.handover import Desk, Place
from bot.messages import IncomingAttachment, IncomingMessage, MessageKind, Reply, Sender
from bot.outbox import readable
from bot.turns import Memory, Outcome, Preparing, Question, Services, Speaker, Turn
from crm_core.access import Actor
from crm_core.database import Store
from crm_core.errors import CrmError
from crm_core.models import Conversation, Interaction, OutboxMessage, Staff
from crm_core.names import NameIndex
from crm_core.staff.store import StaffStore
from nlu.entities import Catalogue, Gazetteer, extract
from nlu.understanding import Audience, Entity, Language, Understanding
from tests.bot.shop import PRODUCTS, Shop, add_chat, open_shop
from tests.bot.turns import PHRASES, SETTINGS, FixedKnowledge

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
QUEUE, THREAD = "C-SUPPORT", "1700000000.1"
ZONE = "Asia/Shanghai"
CATALOGUE = Catalogue(
    Gazetteer(
        products=tuple((name, sku) for sku, english, chinese, *_ in PRODUCTS for name in (english, chinese)),
        categories=(("cups", "cups"), ("coffee", "coffee_beans"), ("咖啡", "coffee_beans")),
        locations=(("Shanghai", "Shanghai"), ("上海", "Shanghai"), ("London", "London")),
        tags=(("wholesale", "wholesale"),),
    )
)


@dataclass
class Floor:
    """The shop with a queue: what colleagues share."""

    store: Store
    folder: Path
    shop: Shop = field(init=False)
    services: Services = field(init=False)
    connected: bool = True

    def __post_init__(self) -> None:
        self.shop = open_shop(self.store, NOW)
        self.services = Services(
            phrases=PHRASES,
            knowledge=cast(Any, FixedKnowledge()),
            desk=Desk(lambda: Place("slack", "T1", QUEUE) if self.connected else None, PHRASES, ZONE),
            files=Files(self.store, self.folder, lambda channel, file: b"", lambda: NOW),
            names=NameIndex(self.store),
            settings=SETTINGS,
        )

    def chat(self, customer_id: int | None = None, *, handed_over: bool = False, external_id: str = "7001") -> int:
        """A customer's (or a visitor's) conversation; with `handed_over` it has its thread in the queue."""
        _, conversation_id = add_chat(
            self.store, NOW, customer_id=customer_id, verified=bool(customer_id), external_id=external_id
        )
        if handed_over:
            with self.store.write() as session:
                row = session.get_one(Conversation, conversation_id)
                row.desk_channel, row.desk_account, row.desk_chat_id, row.desk_thread_id = "slack", "T1", QUEUE, THREAD
                row.state = "waiting"
        return conversation_id

    def customer_wrote(self, conversation_id: int, text: str, **derived: Any) -> None:
        """Something a customer wrote before."""
        with self.store.write() as session:
            chat = session.get_one(Conversation, conversation_id)
            message_id = derived.pop("message_id", "")
            row = Interaction(
                conversation_id=chat.id, customer_id=chat.customer_id, direction="in", author="customer", kind="new",
                channel="telegram", account="bot", chat_id=chat.chat_id, message_id="", text=text, received_at=NOW,
                **{"language": "en", "occurred_at": NOW, **derived},
            )  # fmt: skip
            row.message_id = message_id or f"c-{row.id}"
            session.add(row)

    def conversation(self, conversation_id: int) -> Conversation:
        """A conversation as it is now."""
        with self.store.read() as session:
            return session.get_one(Conversation, conversation_id)

    def sent_to(self, conversation_id: int) -> list[tuple[Reply, dict[str, Any] | None]]:
        """What went out to a customer's chat, with where it came from."""
        with self.store.read() as session:
            chat = session.get_one(Conversation, conversation_id)
            query = select(OutboxMessage).where(
                OutboxMessage.conversation_id == chat.id, OutboxMessage.channel == chat.channel
            )
            rows = session.execute(query.order_by(OutboxMessage.id)).scalars()
            return [(Reply.model_validate_json(row.reply or "{}"), row.origin) for row in rows]

    def rows(self, model: Any) -> list[Any]:
        """All rows of a table."""
        with self.store.read() as session:
            return list(session.execute(select(model).order_by(model.id)).scalars())


@dataclass
class Colleague:
    """Somebody at work. What was shown and asked is kept from turn to turn, as the assistant does."""

    floor: Floor
    role: str = "agent"
    staff_id: int = 1
    language: Language = "en"
    in_thread: bool = False
    direct: bool = True
    prepares: bool = False
    """Whether what takes seconds (pictures) is made before its turn, as the assistant does."""
    memory: Memory = field(default_factory=Memory)
    question: Question | None = None
    outcome: Outcome = field(default_factory=Outcome)

    def __post_init__(self) -> None:
        with self.floor.store.write() as session:
            if session.get(Staff, self.staff_id) is None:
                name = f"Staff {self.staff_id}"
                session.add(Staff(id=self.staff_id, external_id=f"slack:U{self.staff_id}", name=name, role=self.role))
            self.conversation_id = self._own_chat(session)

    def says(self, intent: str, text: str, *, confirmed: bool | None = None, **entities: Any) -> Reply:
        """Something said and understood as `intent`; entities are found in it, or given."""
        question = self.question if self.question and (confirmed is not None or intent == "answer") else None
        intent = question.intent if question else intent
        audience: Audience = "agent" if self.role == "agent" else "manager"
        found = extract(text, CATALOGUE, audience=audience, intent=intent, now=NOW, zone=ZONE, region="CN")
        found += tuple(Entity(name=name, value=value) for name, value in entities.items())
        if confirmed is not None:
            found += (Entity(name="confirmed", value=confirmed),)
        return self._turn(intent, text, found, text, question=question)

    def answers(self, text: str) -> Reply:
        """The answer to what was asked."""
        assert self.question is not None, "nothing was asked"
        return self.says("answer", text)

    def commands(self, intent: str, argument: str = "") -> Reply:
        """A slash command, or its like in a thread."""
        found = extract(argument, CATALOGUE, audience="agent", intent="out_of_scope", now=NOW, zone=ZONE)
        return self._turn(intent, argument, found, argument, kind="command")

    def presses(self, value: str, *, reply_to: str = "") -> Reply:
        """A button."""
        assert value.isascii()
        assert len(value) <= 64
        intent, _, argument = value.partition(":")
        return self._turn(intent, "", (), argument, kind="button", reply_to=reply_to)

    def writes(
        self, text: str, message_id: str = "m1", *, edit: bool = False, command: str = "", reply_to: str = "",
        files: Sequence[str] = (),
    ) -> Reply:  # fmt: skip
        """A line in the hand-over thread that is not said to the bot."""
        kind: MessageKind = "edit" if edit else "command" if command else "new"
        interaction_id = self._kept(text, message_id, kind, files)
        return self._turn(
            "desk_thread", text, (), text, kind=kind, command=command, message_id=message_id, reply_to=reply_to,
            interaction_id=interaction_id,
        )  # fmt: skip

    # --- inside -----------------------------------------------------------------------------------------------------
    def _own_chat(self, session: Any) -> int:
        chat = QUEUE if self.in_thread else f"D{self.staff_id}"
        thread = THREAD if self.in_thread else ""
        query = select(Conversation.id).where(Conversation.chat_id == chat, Conversation.thread_id == thread)
        known = session.execute(query).scalar_one_or_none()
        if known:
            return int(known)
        row = Conversation(
            channel="slack", account="T1", chat_id=chat, thread_id=thread, audience="agent", state_since=NOW,
            started_at=NOW,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return int(row.id)

    def _kept(self, text: str, message_id: str, kind: str, files: Sequence[str]) -> int:
        with self.floor.store.write() as session:
            before = session.execute(select(Interaction.id).where(Interaction.message_id == message_id)).all()
            row = Interaction(
                conversation_id=self.conversation_id, direction="in", author="staff", kind=kind, channel="slack",
                account="T1", chat_id=QUEUE, message_id=message_id, revision=len(before), text=text, occurred_at=NOW,
                received_at=NOW,
            )  # fmt: skip
            session.add(row)
            session.flush()
            for name in files:
                saved = self.floor.services.files.save(session, b"bytes", name, "image/png")
                from crm_core.models import Attachment

                session.get_one(Attachment, saved.attachment_id).interaction_id = row.id
            return int(row.id)

    def _turn(
        self,
        intent: str,
        text: str,
        entities: tuple[Entity, ...],
        argument: str,
        *,
        question: Question | None = None,
        kind: MessageKind = "new",
        command: str = "",
        message_id: str = "m0",
        reply_to: str = "",
        interaction_id: int = 1,
    ) -> Reply:
        chinese = any("\u4e00" <= char <= "\u9fff" for char in text)
        understanding = Understanding(
            text=text, language="zh" if chinese else "en", intent=intent, confidence=1.0, entities=entities
        )
        message = IncomingMessage(
            channel="slack", account="T1", delivery_id="1", chat_id=QUEUE if self.in_thread else f"D{self.staff_id}",
            message_id=message_id, sender=Sender(external_id=f"U{self.staff_id}"), sent_at=NOW, kind=kind, text=text,
            thread_id=THREAD if self.in_thread else "", direct=self.direct and not self.in_thread, side="staff",
            command=command, reply_to=reply_to, attachments=(),
        )  # fmt: skip
        prepare = PREPARATIONS["manager"].get(intent) if self.prepares else None
        prepared = prepare and prepare(
            Preparing(
                message, understanding, argument, self.language, ZONE, Memory(self.memory.dump()), self.floor.store,
                self.floor.services, NOW,
            )
        )  # fmt: skip
        with self.floor.store.write() as session:
            actor = Actor(self.staff_id, self.role, f"Staff {self.staff_id}", f"slack:U{self.staff_id}")
            store = StaffStore(session, self.floor.store.vault, actor=actor, now=NOW, business=SETTINGS.business)
            turn = Turn(
                message=message, interaction_id=interaction_id, conversation_id=self.conversation_id,
                understanding=understanding,
                speaker=Speaker("agent", self.role, actor.name, actor.external_id, ZONE, staff_id=self.staff_id),
                language=self.language, store=store, memory=Memory(self.memory.dump()), now=NOW,
                services=self.floor.services, question=question, argument=argument, prepared=prepared,
                outcome=Outcome(),
            )  # fmt: skip
            handlers = HANDLERS["agent" if self.role == "agent" else "manager"]
            try:
                reply = handlers.get(intent, handlers["not_yet"])(turn)
            except CrmError as error:
                reply = turn.reply("common.not_possible", reason=str(error))
            session.info.pop("queued", None)
        self.memory, self.outcome = Memory(turn.memory.dump()), turn.outcome
        asked = turn.outcome.question
        self.question = Question.load(asked.dump(NOW), NOW) if asked else None
        return reply


def shown(reply: Reply) -> str:
    """All that a reply shows, its buttons included."""
    choices = (*reply.choices, *(choice for card in reply.cards for choice in card.choices))
    return "\n".join([readable(reply), *(f"{choice.label} {choice.value}" for choice in choices)])


def buttons(reply: Reply) -> list[str]:
    """What the buttons of a reply and of its cards say when pressed."""
    return [choice.value for choice in (*reply.choices, *(one for card in reply.cards for one in card.choices))]


def attachment(name: str) -> IncomingAttachment:
    """A picture that came along."""
    return IncomingAttachment(kind="photo", name=name, media_type="image/png", reference=name)
