"""Where an order is, calling it off, and what went wrong with its delivery."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.customer.common import (
    CustomerTurn,
    argument,
    choice,
    choices,
    known_or_plain,
    offer_person,
    passes,
    words,
    yes_or_no,
)
from bot.handlers.customer.finding import ask_which, named_number, which_order
from bot.messages import Card, Reply
from bot.query_words import spoken
from crm_core.errors import NotFound, NotPossible
from crm_core.orders import OPEN, OrderView, ShipmentView

PACKED_WITHIN = timedelta(days=3)
RECENT = timedelta(days=45)
LINES_SHOWN = 6
SERIOUS = ("missing", "damaged")
"""Problems for which a person is brought in at once."""
_KINDS = {
    "missing": ("missing",),
    "damaged": ("broken", "damaged", "expired"),
    "wrong": ("wrong_item", "wrong_size", "wrong_colour", "not_as_described"),
    "late": ("late",),
}
_SAID = {
    "damaged": re.compile(r"broken|crack|smash|shatter|damag|crush|dent|leak|torn|坏|碎|裂|破|漏|变形"),
    "wrong": re.compile(r"wrong|not what i|someone else|mixed up|发错|错发|寄错|不是我|货不对"),
    "missing": re.compile(
        r"missing|lost|never (?:came|arrived|got)|not (?:received|arrived|here)|(?:got|received|is|there'?s) nothing"
        r"|n't (?:got|get|receive|arrive|have)|no parcel|没收到|没拿到|没见到|没有收到|未收到|少了|丢|不见"
    ),
    "late": re.compile(r"late|delay|slow|stuck|overdue|still waiting|迟|延误|慢|卡|不动|还没到|没更新"),
}


# --- order_status ---------------------------------------------------------------------------------------------------
def order_status(turn: CustomerTurn) -> Reply:
    """Where an order is; a late one is admitted."""
    order = which_order(turn, "order_status", lambda one: one.status in OPEN)
    return order if isinstance(order, Reply) else tell(turn, order)


def tell(turn: CustomerTurn, order: OrderView) -> Reply:
    """State of an order in words and as a card, with what one may want next."""
    wanted = []
    if not turn.store.why_not_change(order):
        wanted.append(f"change_order:{order.number}")
    if not turn.store.why_not_cancel(order):
        wanted.append(f"cancel_order:{order.number}")
    if order.status in ("shipped", "delivered"):
        wanted.append(f"delivery_problem:{order.number}")
    if order.status == "delivered" and not turn.store.why_not_return(order):
        wanted.append(f"return_request:{order.number}")
    return Reply(text=_state_in_words(turn, order), cards=(order_card(turn, order),), choices=choices(turn, *wanted))


def _state_in_words(turn: CustomerTurn, order: OrderView) -> str:
    number, said = order.number, "customer.order."
    if order.asked_in_chat:
        return turn.say(f"{said}asked", number=number)
    if order.status in ("placed", "paid"):
        slow = turn.now - order.placed_at > PACKED_WITHIN and not order.shipments
        return turn.say(f"{said}{'slow' if slow else order.status}", number=number)
    if order.status == "shipped":
        parcels = [_parcel_in_words(turn, parcel) for parcel in order.shipments if not parcel.delivered_at]
        return "\n".join([turn.say(f"{said}shipped", number=number), *parcels])
    if order.status == "delivered" and order.delivered_at:
        day = wording.day(order.delivered_at, turn.language, turn.speaker.zone)
        return turn.say(f"{said}delivered", number=number, day=day)
    if order.refund and order.status in ("cancelled", "returned"):
        amount = wording.money(order.refund.amount_minor, order.refund.currency, turn.language)
        return turn.say(f"{said}{order.status}_refund", number=number, amount=amount)
    return turn.say(f"{said}{order.status}", number=number)


def _parcel_in_words(turn: CustomerTurn, parcel: ShipmentView) -> str:
    said = "customer.order.parcel."
    carrier = spoken("carriers", parcel.carrier, turn.language) if parcel.carrier else turn.say(f"{said}carrier")
    if parcel.status == "lost":
        return turn.say(f"{said}lost", carrier=carrier, tracking=parcel.tracking_no)
    text = turn.say(f"{said}number", carrier=carrier, tracking=parcel.tracking_no)
    if parcel.expected_on is None:
        return text
    day = wording.day(parcel.expected_on, turn.language, turn.speaker.zone)
    late = parcel.expected_on < today(turn)
    return f"{text} {turn.say(said + ('late' if late else 'expected'), day=day)}"


def today(turn: CustomerTurn) -> date:
    """The date where the customer is."""
    return turn.now.astimezone(ZoneInfo(turn.speaker.zone)).date()


def order_card(turn: CustomerTurn, order: OrderView) -> Card:
    """An order at a glance: what was bought, what it cost, where it is."""
    say, language, zone = turn.say, turn.language, turn.speaker.zone
    items = [f"{line.quantity} × {line.names[language]}" for line in order.lines[:LINES_SHOWN]]
    if len(order.lines) > LINES_SHOWN:
        items.append(say("customer.order.card.more", count=len(order.lines) - LINES_SHOWN))
    facts = [(say("customer.order.card.items"), "\n".join(items))] if items else []
    facts.append((say("customer.order.card.total"), wording.money(order.total_minor, order.currency, language)))
    for parcel in order.shipments:
        state = known_or_plain(turn, "customer.order.parcel_states", parcel.status)
        named = " ".join(part for part in (spoken("carriers", parcel.carrier, language), parcel.tracking_no) if part)
        facts.append((say("customer.order.card.parcel"), f"{named} · {state}"))
    if order.refund:
        amount = wording.money(order.refund.amount_minor, order.refund.currency, language)
        state = known_or_plain(turn, "customer.refund.states", order.refund.status)
        facts.append((say("customer.order.card.refund"), f"{amount} · {state}"))
    placed = wording.day(order.placed_at, language, zone)
    return Card(title=order.number, subtitle=f"{say(f'order_states.{order.status}')} · {placed}", facts=tuple(facts))


# --- cancel_order ---------------------------------------------------------------------------------------------------
def cancel_order(turn: CustomerTurn) -> Reply:
    """Call off an order before it ships, after a yes."""
    confirmed = turn.understanding.first("confirmed")
    asked = turn.question is not None and turn.question.wants == "confirm"
    if asked and confirmed is False:
        return turn.reply("customer.cancel.kept", number=turn.slots.get("order", ""))
    if asked and confirmed:
        return _cancel(turn, str(turn.slots["order"]))
    order = which_order(turn, "cancel_order", lambda one: not turn.store.why_not_cancel(one))
    if isinstance(order, Reply):
        return order
    reason = turn.store.why_not_cancel(order)
    if reason:
        return _not_cancelled(turn, order.number, reason)
    turn.ask("confirm", "cancel_order", order=order.number)
    total = wording.money(order.total_minor, order.currency, turn.language)
    text = turn.say("customer.cancel.sure", number=order.number, total=total)
    return Reply(text=text, cards=(order_card(turn, order),), choices=yes_or_no(turn))


def _cancel(turn: CustomerTurn, number: str) -> Reply:
    try:
        order = turn.store.cancel_order(number, passes(turn))
    except NotFound:
        return turn.reply("customer.find.gone")
    except NotPossible as refusal:
        return _not_cancelled(turn, number, refusal.reason)
    if order.refund and order.refund.reason == "cancelled":
        amount = wording.money(order.refund.amount_minor, order.refund.currency, turn.language)
        return turn.reply("customer.cancel.done_refund", number=order.number, amount=amount)
    return turn.reply("customer.cancel.done", number=order.number)


def _not_cancelled(turn: CustomerTurn, number: str, reason: str) -> Reply:
    key = f"customer.cancel.not.{reason}"
    if not turn.services.phrases.has(key):
        key = "customer.cancel.not.shipped"
    if reason == "too_late":
        turn.outcome.hand_over = "cancel_order"
    wanted = ("return_request:" + number, "talk_to_human") if reason == "shipped" else ("talk_to_human",)
    offered = choices(turn, *wanted) if reason != "cancelled" else ()
    return Reply(text=turn.say(key, number=number), choices=offered)


# --- delivery_problem -----------------------------------------------------------------------------------------------
def delivery_problem(turn: CustomerTurn) -> Reply:
    """Something went wrong on the way: a case is opened, and a person comes in where it is serious."""
    kind = _kind(turn)
    angry = turn.understanding.strong and turn.understanding.sentiment < 0
    grave = kind in SERIOUS or angry
    order = _order_in_trouble(turn, ask=not grave)
    found = order if isinstance(order, OrderView) else None
    if found and not kind:
        return _ask_kind(turn, found)
    kind = kind or "delivery"
    case = turn.store.open_case(
        kind,
        str(turn.slots.get("title") or turn.understanding.text) or turn.say(f"customer.delivery.kinds.{kind}"),
        "urgent" if angry and kind in SERIOUS else "high" if grave else "normal",
        found.number if found else "",
        passes(turn),
    )
    text = turn.say(f"customer.delivery.{kind}", case=case.number)
    cards = (order_card(turn, found),) if found else ()
    if grave:
        turn.outcome.hand_over = "delivery_problem"
        return Reply(text=text, cards=cards)
    if isinstance(order, Reply):
        return _still_asking(turn, order, text, kind)
    if found is None:
        turn.ask("order_id", "delivery_problem", kind=kind)
        return offer_person(turn, "customer.delivery.which", said=text)
    return Reply(text=text, cards=cards, choices=choices(turn, "talk_to_human"))


def _order_in_trouble(turn: CustomerTurn, ask: bool) -> OrderView | Reply | None:
    """The order that is meant: named, or the only one of late. A reply that asks for it, where one shall `ask`."""

    def lately(order: OrderView) -> bool:
        return order.status in ("shipped", "delivered") and turn.now - order.placed_at < RECENT

    if named_number(turn) or turn.understanding.first("email"):
        return which_order(turn, "delivery_problem", lately)
    candidates = [order for order in turn.store.orders(passes(turn)) if lately(order)]
    if len(candidates) > 1 and ask:
        return ask_which(turn, "delivery_problem", candidates)
    return candidates[0] if len(candidates) == 1 else None


def _still_asking(turn: CustomerTurn, order: Reply, text: str, kind: str) -> Reply:
    """The case is noted; the question for its order stays open, and knows what the case is about."""
    question = turn.outcome.question
    if question:
        turn.ask(question.wants, "delivery_problem", **{**question.slots, "kind": kind})
    return order.model_copy(update={"text": f"{text}\n{order.text}"})


def _ask_kind(turn: CustomerTurn, order: OrderView) -> Reply:
    buttons = (
        choice(turn, "delivery_problem", f"{order.number}|{kind}", turn.say(f"customer.delivery.kinds.{kind}"))
        for kind in ("missing", "damaged", "wrong", "late")
    )
    text = turn.say("customer.delivery.what", number=order.number)
    return Reply(text=text, choices=tuple(button for button in buttons if button))


def _kind(turn: CustomerTurn) -> str:
    """What went wrong: pressed, noted before, or said; "" when a button said only that something did."""
    pressed = argument(turn).partition("|")[2]
    if pressed in _KINDS:
        return pressed
    if turn.slots.get("kind"):
        return str(turn.slots["kind"])
    if turn.message.kind == "button":
        return ""
    reasons = set(map(str, turn.understanding.all("reason")))
    for kind, names in _KINDS.items():
        if reasons.intersection(names):
            return kind
    said = words(turn)
    return next((kind for kind, pattern in _SAID.items() if pattern.search(said)), "delivery")
