"""Who they are to us, what we may send them, and in which language."""

from typing import get_args

from bot import public_name_words
from bot.handlers.customer import preference_words, preferences
from bot.handlers.customer.common import CustomerTurn, argument, choices, confirmed, passes
from bot.handlers.customer.finding import named_number, said_email, which_order
from bot.handlers.customer.orders import tell
from bot.handlers.customer.public_names import public_name, public_name_confirmed
from bot.messages import Choice, IncomingAttachment, Reply
from nlu.understanding import Language

LANGUAGES: dict[str, Language] = {code: code for code in get_args(Language)}
OWN_NAMES = {"en": "English", "zh": "中文"}


# --- link_identity --------------------------------------------------------------------------------------------------
def link_identity(turn: CustomerTurn) -> Reply:
    """Nobody is linked on a sentence: an order with its address opens that order; a shared contact links for good.

    A name in public is no account to talk with us from: it is kept after a yes.
    """
    if "network" in turn.slots and confirmed(turn) is not None:
        return public_name_confirmed(turn)
    said = public_name_words.read(turn.understanding.text) if turn.message.kind in ("new", "edit") else None
    if said:
        return public_name(turn, said)
    if turn.store.verified and not named_number(turn):
        return Reply(text=turn.say("customer.link.already"), choices=choices(turn, "order_status"))
    if named_number(turn):
        order = which_order(turn, "link_identity", lambda one: True)
        return order if isinstance(order, Reply) else tell(turn, order)
    email = said_email(turn)
    if email:
        turn.ask("order_id", "link_identity", email=email)
    else:
        turn.ask("order_id", "link_identity")
    key = "customer.link.not_by_words" if email or turn.understanding.first("phone") else "customer.link.how"
    return Reply(
        text=turn.say(key),
        choices=choices(turn, "talk_to_human:link"),
        request_contact=turn.say("customer.share_contact"),
    )


def shared_contact(turn: CustomerTurn, contact: IncomingAttachment) -> Reply:
    """Link by a shared contact, if the platform says that it is the sender's own."""
    owner = str(contact.details.get("user_id") or "")
    if not owner or owner != turn.message.sender.external_id or turn.message.kind != "new":
        return Reply(
            text=turn.say("customer.link.not_own_contact"),
            request_contact=turn.say("customer.share_contact"),
            choices=choices(turn, "talk_to_human:link"),
        )
    phone = str(contact.details.get("phone") or "")
    result = turn.store.link_by_phone(phone if phone.startswith("+") else f"+{phone}")
    if result == "linked":
        name = turn.store.name
        text = turn.say("customer.link.done_name", name=name) if name else turn.say("customer.link.done")
        return Reply(text=text, choices=choices(turn, "order_status", "product_recommend"))
    if result == "already":
        return Reply(text=turn.say("customer.link.already"), choices=choices(turn, "order_status"))
    if result == "unknown":
        turn.ask("order_id", "link_identity")
        return Reply(text=turn.say("customer.link.unknown"), choices=choices(turn, "talk_to_human:link"))
    turn.outcome.hand_over = "link"
    return turn.reply("customer.link.unclear")


# --- unsubscribe ----------------------------------------------------------------------------------------------------
def unsubscribe(turn: CustomerTurn) -> Reply:
    """No more marketing, from this moment on; a plain "stop" was obeyed when it came in (`bot/stopping.py`)."""
    if turn.message.kind in ("new", "edit") and preference_words.wants_marketing(turn.understanding.text):
        return preferences.set_preferences(turn)  # a wish for it was taken for the opposite
    stopped_at = turn.store.unsubscribe(f"said in {turn.message.channel}", passes(turn))
    news = stopped_at >= turn.message.sent_at
    return turn.reply("customer.unsubscribe.done" if news else "customer.unsubscribe.again")


# --- switch_language ------------------------------------------------------------------------------------------------
def switch_language(turn: CustomerTurn) -> Reply:
    """Speak the language they ask for, until they ask for another."""
    named = str(turn.understanding.first("language") or argument(turn)).strip().lower()
    chosen = LANGUAGES.get(named[:2])
    if chosen is None:
        key = "customer.language.other" if named else "customer.language.which"
        buttons = tuple(Choice(label=OWN_NAMES[code], value=f"switch_language:{code}") for code in LANGUAGES)
        return Reply(text=turn.say(key), choices=buttons)
    turn.outcome.language = chosen
    return Reply(text=turn.services.phrases("customer.language.done", chosen))
