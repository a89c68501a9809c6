"""Questions to what is answered with charts, without a whole product around them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from bot.handlers.manager.asking import words_in
from bot.handlers.manager.charted import Answer, Asking, Make, answered
from bot.messages import IncomingMessage, Sender
from bot.phrases import Phrases
from bot.turns import Memory
from config.settings import Settings
from nlu.understanding import Entity, Language, Understanding

PHRASES = Phrases()


@dataclass
class Said:
    """What a manager said, with the entities that are found in it."""

    message: IncomingMessage
    understanding: Understanding
    argument: str
    now: datetime
    services: Any


def asking(
    session: Session,
    settings: Settings,
    now: datetime,
    text: str,
    language: Language = "en",
    memory: Memory | None = None,
    *,
    again: bool = False,
    **entities: Any,
) -> Asking:
    found = tuple(_entity(text, name, value) for name, value in entities.items())
    message = IncomingMessage(
        channel="slack", account="T1", chat_id="D1", message_id="1", delivery_id="1", 
        sender=Sender(external_id="U-MANAGER"), text=text,
        sent_at=now, side="staff",
    )  # fmt: skip
    understanding = Understanding(text=text, language=language, intent="x", confidence=1.0, entities=found)
    services = SimpleNamespace(settings=settings, phrases=PHRASES)
    said = Said(message, understanding, "", now, services)
    return Asking(said, session, words_in(language, PHRASES, session), memory or Memory(), again)


def _entity(text: str, name: str, value: Any) -> Entity:
    start = text.lower().find(str(value).lower())
    place = (start, start + len(str(value))) if start >= 0 else (0, 0)
    return Entity(name=name, value=value, text=str(value), start=place[0], end=place[1], source="test")


def remembered(kind: str, answer: Answer) -> Memory:
    """What a conversation remembers after an answer."""
    memory = Memory()
    if answer.query:
        memory.show("figures", answer.query.kept())
    memory.show("answer", kind)
    memory.show("asked", answer.asked)
    return memory


def answer(make: Make, *given: Any, **more: Any) -> Answer:
    return answered(make, asking(*given, **more))


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=folder)
