"""Drafts for what was suggested. A draft is never sent by itself: its button does, once somebody looked at it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.agent.asking import StaffTurn
from bot.handlers.agent.suggestions import first_name
from bot.messages import Choice
from crm_core.catalogue import Wish
from crm_core.models import Conversation, Customer
from crm_core.proactive import allowed_from, standing_of, why_not
from crm_core.staff.suggestions import DRAFT_FOR
from crm_core.suggestions.kinds import KINDS
from crm_core.suggestions.reading import SuggestionView
from nlu.understanding import Language

BY_VOICE = ("call",)
"""Kinds that are not written."""
WITH_PRODUCT = ("offer", "win_back")


@dataclass(frozen=True, slots=True)
class Draft:
    """A kept draft with the button that sends it; `notes`: what to know before pressing it."""

    text: str
    notes: tuple[str, ...]
    choices: tuple[Choice, ...]


def draft_for(turn: StaffTurn, view: SuggestionView) -> Draft | None:
    """A message to the customer in their language; None where one is to call, or where there is no chat to write in.

    A customer who wants to be written to on one channel alone is not written to on another.
    """
    conversation = None if view.kind in BY_VOICE else turn.store.conversation(view.customer_id)
    if conversation is None or (view.channel and view.channel != conversation.channel):
        return None
    language: Language = "zh" if _spoken(turn, conversation, view) == "zh" else "en"
    text = _text(turn, view, conversation, language)
    draft_id = turn.store.keep_draft(conversation, text, f"{DRAFT_FOR}{view.suggestion_id}")
    send = Choice(label=turn.say("desk.send"), value=f"desk:send:{draft_id}", style="primary")
    return Draft(text, tuple(_notes(turn, view, conversation)), (send,))


def _spoken(turn: StaffTurn, conversation: Conversation, view: SuggestionView) -> str:
    customer = turn.store.session.get(Customer, view.customer_id)
    return conversation.language or (customer.language if customer else None) or "en"


def _text(turn: StaffTurn, view: SuggestionView, conversation: Conversation, language: Language) -> str:
    """Greeting, what it is about, the playbook's offer where something is offered, an end."""
    say = turn.services.phrases
    name = first_name(turn, conversation, language)
    hello = say("agent.draft.hello", language, name=name) if name else say("agent.draft.hello_unknown", language)
    playbook = view.service.playbook if view.service.segment else None
    service = KINDS[view.kind].is_service
    greeting = [playbook.greeting.said(language)] if playbook and playbook.greeting and not service else []
    body = [say(f"suggestions.drafts.{view.trigger}", language)]
    body += _product(turn, view, language) if view.kind in WITH_PRODUCT else []
    offer = [playbook.offer.said(language)] if playbook and playbook.offer and view.kind in WITH_PRODUCT else []
    closing = [say("agent.draft.closing", language)]
    return ("" if language == "zh" else " ").join([hello, *greeting, *body, *offer, *closing])


def _product(turn: StaffTurn, view: SuggestionView, language: Language) -> list[str]:
    """What this customer is likely to want, if that is known and in stock."""
    offers, refused = turn.store.scores.offers(view.customer_id, Wish())
    best = next(iter((*offers.again, *offers.new)), None)
    if best is None or refused:
        return []
    name = best.product.names[language]
    price = wording.money(best.product.price_minor, best.product.currency, language)
    return [turn.services.phrases("suggestions.drafts.product", language, product=name, price=price)]


def _notes(turn: StaffTurn, view: SuggestionView, conversation: Conversation) -> list[str]:
    """How to write; and when it is night where they are, or they were written to often, from when on to send it."""
    kind, settings, notes = KINDS[view.kind], turn.services.settings, []
    tone = view.service.playbook.tone
    if tone:
        notes.append(turn.say("suggestions.tone", tone=tone.said(turn.language)))
    if kind.is_service:
        return notes
    zone, channel = settings.business.zone, conversation.channel
    standing = standing_of(turn.store.session, view.customer_id, channel, turn.now, zone)
    if why_not(standing, kind.asks, channel, turn.now, settings.proactive):
        start = allowed_from(standing, kind.asks, channel, turn.now, settings.proactive)
        when = (
            wording.moment(start.astimezone(ZoneInfo(turn.speaker.zone)), turn.language, turn.speaker.zone)
            if start
            else ""
        )
        notes.append(turn.say("suggestions.wait" if start else "suggestions.not_allowed", when=when))
    return notes
