"""Templates: found by their names, filled from the record, shown as the customer would read them, then sent."""

import re
from typing import Any

from bot import wording
from bot.handlers.agent.asking import (
    Asked,
    StaffTurn,
    argument,
    asked,
    confirming,
    declined,
    desk_conversation,
    hushed,
    in_words,
    keep_asked,
    label,
    whom,
)
from bot.handlers.agent.suggestions import first_name
from bot.messages import Choice, Reply
from bot.query_words import spoken
from bot.templates import FROM_ORDER, Template, templates
from crm_core.models import Conversation, Customer, Identity, Staff
from crm_core.orders import OrderView, plain_number
from nlu.understanding import Language

LONGEST_VALUE = 200
_FOR_WHOM = re.compile(
    r"(?<![a-z])(?:to|for)\s+(?P<en>[^,.:]{1,60})$|(?:发给|推给|寄给|给)\s*(?P<zh>[^，,。发推寄]{1,30})", re.IGNORECASE
)
_LIST = re.compile(
    r"(?<![a-z])(?:which|what|list|show)(?![a-z]).*(?:templates|macros|repl(?:y|ies)|snippets)"
    r"|^\W*(?:my |the |all )?templates\W*$|^\W*(?:所有)?模板\W*$"
    r"|有(?:哪些|什么).*(?:模板|话术|快捷)|(?:模板|话术).*(?:有哪些|列表|有什么)",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?<![a-z])(?:this|the|him|her|them|customer|thread|chat|it)(?![a-z])|这位|这个|客户|会话|她|他", re.I
)


def send_canned_reply(turn: StaffTurn) -> Reply:
    """Show a template as the customer would read it; send it after a yes. Without a name: the list of templates."""
    if declined(turn):
        return turn.reply("agent.nothing_done")
    if turn.question is not None and "text" in turn.slots:
        return _sent(turn)
    wanted = asked(turn)
    given = "template" in turn.slots and not _LIST.search(wanted.text)
    return _given(turn, wanted) if given else _asked_for(turn, wanted)


def _asked_for(turn: StaffTurn, wanted: Asked) -> Reply:
    if _LIST.search(wanted.text):
        return _offered(turn, "agent.canned.list", list(templates().templates))
    conversation = _conversation(turn, wanted)
    if isinstance(conversation, Reply):
        return conversation
    chosen = _chosen(turn, wanted)
    if isinstance(chosen, Reply):
        return chosen
    if conversation is None:
        return turn.reply("agent.whom.nobody")
    return _filled(turn, chosen, conversation, _known(turn, chosen, conversation, wanted))


# --- which, to whom -------------------------------------------------------------------------------------------------
def _chosen(turn: StaffTurn, wanted: Asked) -> Template | Reply:
    pressed = argument(turn, "use")
    found = [one for one in [templates().with_id(pressed)] if one] if pressed else templates().named(wanted.text)
    if len(found) == 1:
        return found[0]
    if found:
        return _offered(turn, "agent.canned.several", found)
    return _offered(turn, "agent.canned.list", list(templates().templates))


def _offered(turn: StaffTurn, key: str, offered: list[Template]) -> Reply:
    lines = [turn.say(key)]
    lines += [f"• {one.name.said(turn.language)} ({one.id})" for one in offered]
    choices = tuple(
        Choice(label=one.name.said(turn.language), value=f"send_canned_reply:use:{one.id}") for one in offered
    )
    return Reply(text="\n".join(lines), choices=choices)


def _conversation(turn: StaffTurn, wanted: Asked) -> Conversation | Reply | None:
    """The chat it goes to: this thread's, else the customer's meant; None when nobody is meant yet."""
    here = desk_conversation(turn)
    if here is not None:
        return here
    said = _FOR_WHOM.search(wanted.text)
    name = (said["en"] or said["zh"] or "") if said else ""
    guess = bool(_NOBODY.sub("", name).strip())
    who = whom(turn, wanted, said=name if guess else wanted.text, guess=guess)
    if isinstance(who, Reply):
        keep_asked(turn, wanted, who)
        nobody = not who.choices and not guess and who == turn.reply("agent.whom.nobody")
        return None if nobody else who
    turn.memory.show("customer", who.customer_id)
    found = turn.store.conversation(who.customer_id)
    if found is None:
        return hushed(turn, turn.reply("agent.desk.never_wrote", who=label(turn, who)))
    account = turn.store.session.get(Identity, found.identity_id)
    if account is not None and account.blocked_at:
        return hushed(
            turn,
            turn.reply("agent.canned.blocked", who=label(turn, who), channel=in_words(turn, "channels", found.channel)),
        )
    return found


# --- filling in -----------------------------------------------------------------------------------------------------
def _known(turn: StaffTurn, template: Template, conversation: Conversation, wanted: Asked) -> dict[str, str]:
    """What the record holds: the customer's name, who writes, and the facts of one order.

    That is the order named, else the last one that has all that the template tells (a refund, a parcel).
    """
    language = _language(turn, conversation)
    business = turn.services.settings.business
    values = {
        "name": first_name(turn, conversation, language),
        "agent": turn.speaker.name,
        "business": business.name_zh if language == "zh" else business.name_en,
    }
    wants = [name for name in template.fields if name in FROM_ORDER]
    views = turn.store.orders_of(conversation.customer_id) if wants and conversation.customer_id else []
    number = plain_number(str(wanted.first("order_id") or ""))
    fitting = [view for view in views if view.status != "draft" and plain_number(view.number).endswith(number)]
    complete = [view for view in fitting if all(_of_order(view, name, language) for name in wants)]
    for view in (complete or fitting)[:1]:
        values |= {name: _of_order(view, name, language) for name in wants}
    return {name: value for name, value in values.items() if value}


def _of_order(view: OrderView, name: str, language: Language) -> str:
    parcel, refund = (view.shipments[0] if view.shipments else None), view.refund
    if name == "order":
        return view.number
    if name == "total":
        return wording.money(view.total_minor, view.currency, language)
    if name == "refund":
        return wording.money(refund.amount_minor, refund.currency, language) if refund else ""
    if parcel is None:
        return ""
    if name == "expected":
        return wording.day(parcel.expected_on, language, "UTC") if parcel.expected_on else ""
    return spoken("carriers", parcel.carrier, language) if name == "carrier" else parcel.tracking_no


def _language(turn: StaffTurn, conversation: Conversation) -> Language:
    customer = turn.store.session.get(Customer, conversation.customer_id) if conversation.customer_id else None
    known = conversation.language or (customer.language if customer else None) or turn.language
    return "zh" if known == "zh" else "en"


def _given(turn: StaffTurn, wanted: Asked) -> Reply:
    """The value that was asked for."""
    template = templates().with_id(str(turn.slots["template"]))
    conversation = turn.store.session.get(Conversation, turn.slots["conversation"])
    value = " ".join(wanted.text.split())
    if template is None or conversation is None:
        return turn.reply("agent.too_late")
    values = dict(turn.slots["values"])
    fits = turn.slots["field"] != "amount" or any(map(str.isdigit, value))
    if value and len(value) <= LONGEST_VALUE and fits:
        values[str(turn.slots["field"])] = value
    return _filled(turn, template, conversation, values)


def _filled(turn: StaffTurn, template: Template, conversation: Conversation, values: dict[str, Any]) -> Reply:
    """Ask for what is missing, one after the other; then show it all."""
    slots = {"template": template.id, "conversation": conversation.id}
    missing = [name for name in template.fields if not values.get(name)]
    if missing:
        field = missing[0]
        variable = templates().variables.get(field)
        said = variable.said(turn.language) if variable else turn.say(f"agent.canned.fields.{field}")
        turn.ask("text", "send_canned_reply", **slots, values=values, field=field)
        text = turn.say("agent.canned.missing", name=template.name.said(turn.language), field=said)
        return hushed(turn, Reply(text=text))
    text = template.filled(_language(turn, conversation), values)
    turn.ask("confirm", "send_canned_reply", **slots, text=text)
    found = turn.store.briefs([conversation.customer_id]) if conversation.customer_id else []
    who = label(turn, found[0]) if found else turn.say("cards.visitor")
    parts = [
        turn.say("agent.canned.preview", who=who, channel=in_words(turn, "channels", conversation.channel)),
        f"> {text}",
        *_taken(turn, conversation),
    ]
    return hushed(turn, Reply(text="\n".join(parts), choices=confirming(turn)))


def _taken(turn: StaffTurn, conversation: Conversation) -> list[str]:
    """Sending takes a conversation over; say so when a colleague has it."""
    if conversation.assignee_id in (None, turn.speaker.staff_id):
        return []
    colleague = turn.store.session.get(Staff, conversation.assignee_id)
    return [turn.say("agent.canned.taken", name=colleague.name if colleague else "?")]


# --- sending --------------------------------------------------------------------------------------------------------
def _sent(turn: StaffTurn) -> Reply:
    conversation = turn.store.session.get(Conversation, turn.slots["conversation"])
    if conversation is None or conversation.identity_id is None:
        return turn.reply("desk.gone")
    turn.store.permit("conversation.answer", f"conversation:{conversation.id}", (f"template:{turn.slots['template']}",))
    origin = turn.message.model_copy(update={"message_id": turn.message.reply_to or turn.message.message_id})
    reply = Reply(text=str(turn.slots["text"]))
    turn.services.desk.send(turn.store.session, conversation, reply, turn.speaker, origin, turn.now)
    return turn.reply("agent.canned.sent" if desk_conversation(turn) else "agent.desk.sent_from_here")
