"""What was heard: one message with its meaning, whether it answers an open question, and what is remembered of it."""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import IncomingMessage
from bot.turns import WRITTEN, Question, Speaker
from crm_core.models import Customer, Identity, Interaction
from nlu.interpreter import UNSURE_BELOW
from nlu.shortcuts import asks_what_we_are
from nlu.understanding import Entity, Understanding

_YES_FIRST = re.compile(
    r"\W*(?:(?:yes|yeah|yep|sure|ok|okay|please do|go ahead|i confirm|confirmed?)\b"
    r"|嗯|对|是的|好|行|可以|确定|确认|没错)",
    re.IGNORECASE,
)
_STILL = re.compile(r"\W*(?:(?:it |it's |its |no |nope )?(?:is )?still\b|还是|仍然|依然|一样|照样|试了)", re.IGNORECASE)
_STOP = re.compile(
    r"\W*(?:(?:no|please|pls|ok|just),? )*(?:stop|cancel|quit|exit|abort|never ?mind"
    r"|forget (?:about )?(?:it|that)|leave it)"
    r"(?: (?:it|this|that|please|then|now|all))*\W*"
    r"|\W*(?:那就?|先)?(?:算了|取消|不用了?|不要了|不弄了|停|停止|停下|退出)(?:吧|了|谢谢|，谢谢)?\W*",
    re.IGNORECASE,
)
"""Words that end what we are asking, whatever they mean without a question."""
_PERSON = re.compile(r"\b(?:an?|any|real|the) (?:real |live )?(?:person|human)\b|人工|真人", re.IGNORECASE)
_ORDERS_US = re.compile(
    r"\W*(?:(?:please|pls|请|帮我) ?)*(?:(?:show|find|list|look up|search|cancel)\b|查|看|找|打开|显示|列出)",
    re.IGNORECASE,
)
"""How no name begins."""
_A_NAME = re.compile(r"(?:公司|工厂|集团|中心|店|\b(?:ltd|limited|inc|llc|gmbh|corp|company))\W*$", re.IGNORECASE)
SURE = 0.8
CERTAIN = 0.95
LIKELY = 0.6
"""How sure it must be that a message of few words is a wish, and not the name that was asked for."""
NEVER = 2.0
LONGEST_NAME = 2
"""Words, or pairs of Chinese characters."""
LONGEST_HELP = 20
UNFIT_AT_MOST = 2
_ANSWERS = frozenset(
    {"affirm", "deny", "out_of_scope", "link_identity", "link_customer", "greeting", "goodbye", "thanks"}
)
"""Intents that a bare name, number, day or address is mistaken for."""
_ANSWERS_TOO = {
    "complete_task": ("add_task", "case_update"),
    "case_snooze": ("add_task",),
    "send_canned_reply": ("add_task", "case_snooze"),
    "digest_change": ("refine_query",),
    "digest_pause": ("refine_query",),
}
"""Intents that the answer to a question sounds like by itself: what a task is called, until when, which one."""
_PLACES = ("ordinal", "datetime", "date_range")
_CODE = re.compile(r"[A-Za-z]{0,20}\d[A-Za-z0-9-]{0,40}")
"""A number with letters, which says nothing about the language."""
_ANY_NO = re.compile(r"\b(?:no|not|never|\w+n['’]t|dont)\b|[不别勿]|算了", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """One stored message, read back, with what it means."""

    row: Interaction
    message: IncomingMessage
    understanding: Understanding
    argument: str
    prepared: Any = None


def take_up(heard: Heard, question: Question | None) -> tuple[Heard, Question | None]:
    """Decide whether a message answers the open question; then its intent is the question's."""
    if question is None:
        return heard, None
    written = question.wants in WRITTEN
    if question.wants != "confirm" and heard.understanding.engine != "command":
        heard = _as_said(heard)
        if (_is_another_wish if written else _is_more_than_a_record)(heard.understanding, question):
            return heard, None
    understanding = heard.understanding
    if _agrees(understanding, question):
        understanding = understanding.model_copy(update={"intent": "affirm"})
    elif _says_again(understanding, question):
        understanding = understanding.model_copy(update={"intent": "deny"})
    answers = understanding.first(question.wants) is not None or written
    if question.wants == "confirm":
        answers = understanding.intent in ("affirm", "deny")
    elif understanding.intent == "deny" and understanding.confidence >= UNSURE_BELOW:
        answers = True  # "never mind": the handler sees a deny without the value it wanted
    if not answers or (
        understanding.engine == "command" and understanding.intent not in ("affirm", "deny", question.intent)
    ):
        return heard, None
    entities = understanding.entities
    if understanding.intent in ("affirm", "deny") and understanding.first(question.wants) is None:
        entities = (*entities, Entity(name="confirmed", value=understanding.intent == "affirm"))
    taken = understanding.model_copy(update={"intent": question.intent, "entities": entities, "confidence": 1.0})
    return replace(heard, understanding=taken), _asked_anew(heard.understanding, question)


def _asked_anew(understanding: Understanding, question: Question) -> Question:
    """The question; who says their wish again gave no wrong answer to it."""
    again = understanding.intent == question.intent and understanding.confidence >= SURE
    return replace(question, unfit=-1) if again else question


def _as_said(heard: Heard) -> Heard:
    """What answers no question in words: "stop" ends it, and who asks for a person gets one."""
    understanding = heard.understanding
    intent = "talk_to_human" if _wants_person(understanding) else understanding.intent
    intent = "deny" if _STOP.fullmatch(understanding.text[:60]) else intent
    if intent == understanding.intent:
        return heard
    return replace(heard, understanding=understanding.model_copy(update={"intent": intent, "confidence": 1.0}))


def _wants_person(understanding: Understanding) -> bool:
    """Whether a customer asks for a person instead of an answer; staff write of persons all day."""
    if understanding.intent == "talk_to_human" and understanding.confidence >= SURE:
        return True
    if asks_what_we_are(understanding.text):
        return False
    known = understanding.intent in ("help", "talk_to_human") and len(understanding.text) <= 60
    return known and bool(_PERSON.search(understanding.text))


def _is_another_wish(understanding: Understanding, question: Question) -> bool:
    """Whether this is so surely a wish of its own that it cannot be the text that was asked for."""
    intent, text = understanding.intent, understanding.text.strip()
    asks = text.endswith(("?", "？"))
    if intent == "talk_to_human" and understanding.confidence >= SURE:
        return True
    if question.wants == "prose" and intent == "help" and len(text) <= LONGEST_HELP:
        return _is_sure(understanding, question, SURE)
    if question.wants == "prose" and not question.unfit:
        return asks and _is_sure(understanding, question, SURE)
    if intent == "complaint" and understanding.strong:
        return True
    if _A_NAME.search(text[-12:]) and not asks:
        return False
    return _is_sure(understanding, question, _enough(understanding, text))


def _enough(understanding: Understanding, text: str) -> float:
    """How sure it must be of a text that is no longer than a name, a day or a place in a list."""
    if _ORDERS_US.match(text):
        return LIKELY
    count = max(len(text.split()), sum("一" <= char <= "鿿" for char in text) // 2)
    if count <= LONGEST_NAME + 2 and any(understanding.first(name) is not None for name in _PLACES):
        return NEVER
    return SURE if count > LONGEST_NAME else CERTAIN


def _is_more_than_a_record(understanding: Understanding, question: Question) -> bool:
    """Whether it names the order that was asked for, and yet says in words what else is wished about it."""
    if question.wants != "order_id" or understanding.intent == "order_status" or not has_words(understanding):
        return False
    return _is_sure(understanding, question, CERTAIN)


def _is_sure(understanding: Understanding, question: Question, enough: float) -> bool:
    intent = understanding.intent
    other = intent != question.intent and intent not in _ANSWERS
    return other and understanding.confidence >= enough and intent not in _ANSWERS_TOO.get(question.intent, ())


def is_hopeless(question: Question | None) -> bool:
    """Whether too many answers in a row did not fit."""
    return question is not None and question.wants in WRITTEN and question.unfit >= UNFIT_AT_MOST


def _agrees(understanding: Understanding, question: Question) -> bool:
    """Whether a yes comes with the wish itself ("yes, cancel it", 确定取消), about the record that was asked about."""
    if question.wants != "confirm" or understanding.intent != question.intent:
        return False
    named = understanding.first("order_id")
    if named is not None and named != question.slots.get("order"):
        return False
    return bool(_YES_FIRST.match(understanding.text)) and not _ANY_NO.search(understanding.text)


def _says_again(understanding: Understanding, question: Question) -> bool:
    """Whether a no comes as the trouble itself, said again: "still not working", 还是不转."""
    asked = question.wants == "confirm" and understanding.intent == question.intent
    return asked and bool(_STILL.match(understanding.text))


def has_words(understanding: Understanding) -> bool:
    """Whether anything but addresses, numbers and signs was written."""
    text = understanding.text
    for entity in understanding.entities:
        if entity.name in ("email", "phone", "order_id", "tracking_no", "rating", "handle") and entity.text:
            text = text.replace(entity.text, "")
    return any(character.isalpha() for character in _CODE.sub("", text))


def remember_meaning(row: Interaction, understanding: Understanding) -> None:
    row.language, row.intent = understanding.language, understanding.intent
    row.confidence_milli = round(understanding.confidence * 1000)
    felt = row.author == "customer" and understanding.text.strip()
    row.sentiment_milli = round(understanding.sentiment * 1000) if felt else None
    row.strong, row.mixed = understanding.strong, understanding.mixed
    row.alternatives = [[name, round(p, 4)] for name, p in understanding.alternatives[:3]]
    found = [entity.model_dump() for entity in understanding.entities]
    row.entities = json.dumps(found, ensure_ascii=False) if found else None


def is_about_reach(message: IncomingMessage, identity: Identity, now: datetime) -> bool:
    """Whether this only says that the person blocked us, or that we may write again."""
    if message.kind != "command" or message.command not in ("blocked", "unblocked"):
        return False
    identity.blocked_at = now if message.command == "blocked" else None
    return True


def is_outdated(session: Session, row: Interaction) -> bool:
    """Whether the customer wrote something else since the message that was edited."""
    query = select(Interaction.id).where(
        Interaction.conversation_id == row.conversation_id,
        Interaction.direction == "in",
        Interaction.message_id != row.message_id,
        Interaction.occurred_at <= row.occurred_at,
        Interaction.id < row.id,
    )
    first = select(Interaction.id).where(
        Interaction.conversation_id == row.conversation_id, Interaction.message_id == row.message_id
    )
    original = session.execute(first.order_by(Interaction.id).limit(1)).scalar_one()
    return session.execute(query.where(Interaction.id > original).limit(1)).first() is not None


def customer_speaker(session: Session, identity: Identity, zone: str) -> Speaker:
    customer = session.get_one(Customer, identity.customer_id)
    return Speaker(
        audience="customer",
        role="customer",
        name=customer.name or "",
        external_id=identity.external_id,
        zone=customer.zone or zone,
        customer_id=customer.id,
        verified=identity.verified_at is not None,
    )
