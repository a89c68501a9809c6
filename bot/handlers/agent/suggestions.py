"""Drafts of answers. A draft is never sent by itself."""

import re

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, desk_conversation, hushed, label, whom
from bot.messages import Choice, Reply
from bot.query_words import spoken
from crm_core.models import Conversation, Interaction
from crm_core.orders import OrderView, plain_number
from crm_core.playbooks import Service, service_of
from nlu.knowledge import CONFIDENT
from nlu.understanding import Language

ABOUT_ORDERS = ("order_status", "delivery_problem", "refund_status", "return_request", "cancel_order", "change_order")
BAD_MILLI = -200
LONGEST_SEARCH = 400
_SORRY = re.compile(r"sorry|apolog|道歉|抱歉|致歉|对不起")
_LATE = re.compile(r"late|delay|slow|延误|迟|晚|慢")
_ORDER_NUMBER = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]{2,4}[- ]?)?\d{4,12}(?![A-Za-z0-9])")


def suggest_reply(turn: StaffTurn) -> Reply:
    """Draft an answer to a customer's last message, in their language."""
    wanted = asked(turn)
    conversation = desk_conversation(turn)
    if conversation is None:
        who = whom(turn, wanted, guess=False)
        if isinstance(who, Reply):
            return who
        turn.memory.show("customer", who.customer_id)
        conversation = turn.store.conversation(who.customer_id)
        if conversation is None:
            return turn.reply("agent.desk.never_wrote", who=label(turn, who))
    return hushed(turn, suggest_for(turn, conversation, wanted))


def suggest_for(turn: StaffTurn, conversation: Conversation, wanted: Asked) -> Reply:
    """The draft for one conversation, kept so that its button can send it."""
    last = turn.store.last_message(conversation)
    language = _language(conversation, last, wanted)
    body = _body(turn, conversation, last, language, wanted)
    if not body:
        return turn.reply("desk.no_suggestion")
    name = first_name(turn, conversation, language)
    hello = _say(turn, language, "hello", name=name) if name else _say(turn, language, "hello_unknown")
    service = service_of(turn.store.session, conversation.customer_id)
    before, behind = _by_playbook(service, language, upset=_is_upset(last))
    text = _joined([hello, *before, *body, *behind, _say(turn, language, "closing")], language)
    draft = turn.store.keep_draft(conversation, text)
    choice = Choice(label=turn.say("desk.send"), value=f"desk:send:{draft}", style="primary")
    told = [turn.say("desk.suggested", text=text), *_why(turn, service, offered=bool(behind))]
    return Reply(text="\n".join(told), choices=(choice,))


def _by_playbook(service: Service, language: Language, *, upset: bool) -> tuple[list[str], list[str]]:
    """What a playbook puts before and behind the answer; nobody who is upset is cheered or offered anything."""
    if service.segment is None or upset:
        return [], []
    said = [[each.said(language)] if each else [] for each in (service.playbook.greeting, service.playbook.offer)]
    return said[0], said[1]


def _why(turn: StaffTurn, service: Service, *, offered: bool) -> list[str]:
    """Which playbook shaped the draft, and how to write."""
    if service.segment is None:
        return []
    tone = service.playbook.tone.said(turn.language) if service.playbook.tone else turn.say("desk.playbook.any_tone")
    key = "desk.playbook.offered" if offered else "desk.playbook.drafted"
    return [turn.say(key, segment=service.segment.said(turn.language), tone=tone)]


def _is_upset(last: Interaction | None) -> bool:
    return last is not None and (last.strong or (last.sentiment_milli or 0) <= BAD_MILLI)


def _body(
    turn: StaffTurn, conversation: Conversation, last: Interaction | None, language: Language, wanted: Asked
) -> list[str]:
    """Sorry, if there is a reason; then the facts about the order, or what the knowledge base says."""
    parts: list[str] = []
    upset = _is_upset(last)
    if _SORRY.search(wanted.text.lower()) or upset:
        parts.append(_say(turn, language, "sorry_late" if _LATE.search(wanted.text.lower()) else "sorry"))
    if last is None:
        return parts
    facts = _order_facts(turn, conversation, last, language)
    known = "" if facts else _known(turn, last, language)
    parts += [part for part in (facts, known) if part]
    if upset and not facts and not known:
        parts.append(_say(turn, language, "looking_into"))
    return parts


def _order_facts(turn: StaffTurn, conversation: Conversation, last: Interaction, language: Language) -> str:
    said = {plain_number(match) for match in _ORDER_NUMBER.findall(last.text or "")}
    if conversation.customer_id is None or (last.intent not in ABOUT_ORDERS and not said):
        return ""
    views = turn.store.orders_of(conversation.customer_id)
    named = [view for view in views if any(plain_number(view.number).endswith(number) for number in said)]
    if not views or (said and not named and last.intent not in ABOUT_ORDERS):
        return ""
    view = (named or views)[0]
    if last.intent in ("refund_status", "return_request"):
        with_refund = next((each for each in named or views if each.refund), None)
        view = with_refund or view
        if view.refund:
            return _refund(turn, view, language)
        if not named:  # where some order is answers nothing about money or going back
            return ""
    return _state(turn, view, language)


def _refund(turn: StaffTurn, view: OrderView, language: Language) -> str:
    refund = view.refund
    assert refund
    amount = wording.money(refund.amount_minor, refund.currency, language)
    state = turn.services.phrases(f"agent.orders.refunds.{refund.status}", language)
    return _say(turn, language, "refund", number=view.number, amount=amount, state=state)


def _state(turn: StaffTurn, view: OrderView, language: Language) -> str:
    state = turn.services.phrases(f"order_states.{view.status}", language)
    parts = [_say(turn, language, "order", number=view.number, state=state)]
    for parcel in view.shipments[:1]:
        carrier = spoken("carriers", parcel.carrier, language)
        parts.append(_say(turn, language, "parcel", carrier=carrier, tracking=parcel.tracking_no))
        if parcel.expected_on and not parcel.delivered_at and parcel.expected_on >= turn.now.date():
            day = wording.day(parcel.expected_on, language, "UTC")
            parts.append(_say(turn, language, "expected", day=day))
    return _joined(parts, language)


def _joined(sentences: list[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(sentences)


def _known(turn: StaffTurn, last: Interaction, language: Language) -> str:
    text = (last.text or "")[:LONGEST_SEARCH].strip()
    hits = turn.services.knowledge.search(text, language) if text else []
    return hits[0].answer if hits and hits[0].score >= CONFIDENT else ""


def _language(conversation: Conversation, last: Interaction | None, wanted: Asked) -> Language:
    said = wanted.first("language")
    known = said or conversation.language or (last.language if last else None)
    return "zh" if known == "zh" else "en"


def first_name(turn: StaffTurn, conversation: Conversation, language: Language) -> str:
    """How to address the customer: the Chinese name in Chinese, the first Latin name in English; a company by its
    whole name."""
    found = turn.store.briefs([conversation.customer_id]) if conversation.customer_id else []
    if found and found[0].kind == "company":
        return found[0].name
    words = found[0].name.split() if found else []
    chinese = [word for word in words if not word.isascii()]
    latin = [word for word in words if word.isascii()]
    if language == "zh":
        return chinese[0] if chinese else " ".join(latin)
    return (" ".join(latin) if chinese else latin[0]) if latin else ""


def _say(turn: StaffTurn, language: Language, key: str, **values: object) -> str:
    return turn.services.phrases(f"agent.draft.{key}", language, **values)
