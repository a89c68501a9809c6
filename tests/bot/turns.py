"""Turns made by hand: what was understood is given, so that handlers are tested without the models."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from bot.files import Files
from bot.handlers import HANDLERS
from bot.handover import Desk
from bot.messages import IncomingAttachment, IncomingMessage, Reply, Sender
from bot.outbox import readable
from bot.phrases import Phrases
from bot.turns import Memory, Outcome, Question, Services, Speaker, Turn
from config.settings import Settings
from crm_core.customer_store import CustomerStore
from crm_core.database import Store
from crm_core.models import Identity
from nlu.knowledge import Hit
from nlu.understanding import Entity, Language, Understanding

PHRASES = Phrases()
SETTINGS = Settings(_env_file=None)
FOLDER = tempfile.TemporaryDirectory(prefix="rapport-files-")
"""Where files made for customers go; removed when the tests end."""


class FixedKnowledge:
    """Answers a few questions, by a word in them."""

    ANSWERS = (
        ("ship", "运费", {"en": "Shipping is 12 yuan.", "zh": "运费12元。"}),
        ("open", "营业", {"en": "Open from ten to eight.", "zh": "十点到八点营业。"}),
        ("discount", "优惠", {"en": "Ten percent off on Double 11.", "zh": "双十一九折。"}),
    )

    def search(self, text: str, language: Language, limit: int = 3) -> list[Hit]:
        for english, chinese, answers in self.ANSWERS:
            if english in text.lower() or chinese in text:
                return [Hit(english, text, answers[language], 0.9)]
        return [Hit("none", "", "CANARY-UNSURE", 0.2)]


class Chat:
    """One customer's chat. The open question and what was shown are kept from turn to turn, as the assistant does."""

    def __init__(
        self, store: Store, now: datetime, identity_id: int, conversation_id: int, language: Language = "en"
    ) -> None:
        self.store = store
        self.now = now
        self.identity_id = identity_id
        self.conversation_id = conversation_id
        self.language: Language = language
        self.memory = Memory()
        self.question: Question | None = None
        self.outcome = Outcome()
        self.direct = True
        self.sender_id: str | None = None
        self.settings = SETTINGS

    def say(
        self,
        intent: str,
        text: str = "hello",
        *,
        answers: bool = False,
        sentiment: float = 0.0,
        strong: bool = False,
        attachments: Sequence[IncomingAttachment] = (),
        alternatives: tuple[tuple[str, float], ...] = (),
        **entities: Any,
    ) -> Reply:
        """Something said that was understood as `intent`, or as the answer to the open question."""
        question = self.question if answers else None
        if answers:
            assert question is not None, "nothing was asked"
            intent = question.intent
        found = [Entity(name=name, value=one) for name, given in entities.items() for one in _each(given)]
        understanding = Understanding(
            text=text,
            language=self.language,
            intent=intent,
            confidence=0.9,
            entities=tuple(found),
            sentiment=sentiment,
            strong=strong,
            alternatives=alternatives,
        )
        return self._turn(understanding, text, question, "new", "", text, attachments)

    def press(self, value: str) -> Reply:
        """A button pressed; affirm and deny answer the open question."""
        intent, _, argument = value.partition(":")
        question, entities = None, ()
        if intent in ("affirm", "deny") and self.question and self.question.wants == "confirm":
            question, entities = self.question, (Entity(name="confirmed", value=intent == "affirm"),)
            intent = question.intent
        understanding = Understanding(
            text="", language=self.language, intent=intent, confidence=1.0, engine="command", entities=entities
        )
        return self._turn(understanding, "", question, "button", value, argument, ())

    def _turn(  # long: it names every field of a record
        self,
        understanding: Understanding,
        text: str,
        question: Question | None,
        kind: Any,
        button: str,
        argument: str,
        attachments: Sequence[IncomingAttachment],
    ) -> Reply:
        with self.store.write() as session:
            identity = session.get_one(Identity, self.identity_id)
            message = IncomingMessage(
                channel="telegram",
                account="bot",
                delivery_id="1",
                chat_id=identity.external_id,
                message_id="1",
                sender=Sender(external_id=self.sender_id or identity.external_id),
                sent_at=self.now,
                kind=kind,
                text=text,
                button=button,
                attachments=tuple(attachments),
                direct=self.direct,
            )
            store = CustomerStore(
                session,
                self.store.vault,
                customer_id=identity.customer_id,
                identity_id=identity.id,
                conversation_id=self.conversation_id,
                now=self.now,
                business=self.settings.business,
            )
            speaker = Speaker("customer", "customer", "", identity.external_id, "Asia/Shanghai")
            turn = Turn(
                message=message,
                interaction_id=1,
                conversation_id=self.conversation_id,
                understanding=understanding,
                speaker=speaker,
                language=self.language,
                store=store,
                memory=Memory(self.memory.dump()),
                now=self.now,
                services=_services(self.settings, self.store, lambda: self.now),
                question=question,
                argument=argument,
                outcome=Outcome(),
            )
            handlers = HANDLERS["customer"]
            reply = handlers.get(understanding.intent, handlers["out_of_scope"])(turn)
        self.memory = Memory(turn.memory.dump())
        self.outcome = turn.outcome
        asked = turn.outcome.question
        self.question = Question.load(asked.dump(self.now), self.now) if asked else None
        return reply


def everything(reply: Reply) -> str:
    """All that a reply shows, its buttons included."""
    cards = [f"{choice.label} {choice.value}" for card in reply.cards for choice in card.choices]
    buttons = [f"{choice.label} {choice.value}" for choice in reply.choices]
    return "\n".join([readable(reply), *cards, *buttons, reply.request_contact])


def values(reply: Reply) -> list[str]:
    """What the buttons of a reply say when pressed."""
    return [choice.value for choice in reply.choices]


def phrase(key: str, language: str, **fields: object) -> str:
    """A phrase, to compare replies with."""
    return PHRASES(key, language, **fields)


def _each(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _services(settings: Settings, store: Store, clock: Callable[[], datetime]) -> Services:
    nothing = cast(Any, None)
    return Services(
        phrases=PHRASES,
        knowledge=cast(Any, FixedKnowledge()),
        desk=Desk(lambda: None, PHRASES, settings.business.zone),
        files=Files(store, Path(FOLDER.name), nothing, clock),
        names=nothing,
        settings=settings,
    )
