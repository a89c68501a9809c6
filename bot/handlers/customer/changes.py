"""Changing an order before it ships: address and colour at once, after a yes; everything else by staff."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.customer.common import (
    CustomerTurn,
    argument,
    ask_staff,
    choice,
    choices,
    confirmed,
    known_or_plain,
    offer_person,
    passes,
    show_desk,
    words,
    yes_or_no,
)
from bot.handlers.customer.finding import which_order
from bot.handlers.customer.orders import today
from bot.messages import Reply
from bot.turns import WRITTEN
from crm_core.catalogue import ProductView
from crm_core.errors import NotFound, NotPossible
from crm_core.orders import LineView, OrderView

INTENT = "change_order"
LONGEST_ADDRESS = 300
FURTHEST_DAYS = 60
"""Days ahead up to which a delivery can be put off."""
KINDS = ("address", "colour", "date", "other")
_SAID = {
    "address": re.compile(
        r"address|street|house number|postcode|zip code|my (?:office|work|home|flat|house)|ship it to|send it to"
        r"|deliver (?:it )?to|地址|门牌|寄到|寄去|送到|寄公司|改寄|收货地"
    ),
    "date": re.compile(
        r"\bdate\b|\bday\b|tomorrow|later|earlier|postpone|delay|hold (?:it|the)|before i|deliver (?:it )?on"
        r"|日期|时间|哪天|晚点|推迟|提前|周[一二三四五六日天]|星期|号(?:再|送|寄|发)|先别发"
    ),
}
_ADDRESS_AFTER = re.compile(
    r"(?:\baddress\b(?: on| of| for)?[^:：]{0,30}?(?: is|:|：| to| be)|\bto\b(?: my [a-z ]{2,20})?[:,]?|[:：]"
    r"|改成|改为|换成|改到|寄到|寄去|送到|改寄|改寄到|地址是|地址为)\s*(?P<address>\S.{5,300})$",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\d.*\b(?:street|st|road|rd|avenue|ave|lane|drive|square|court|boulevard)\b|[市区路街道巷弄].*\d", re.IGNORECASE
)
_CHINESE_PLACE = re.compile(r"[路街道巷弄号室楼栋幢区镇村]")


def change_order(turn: CustomerTurn) -> Reply:
    """Change an order of one's own before it ships; asks what is missing."""
    answer = confirmed(turn)
    if answer is False:
        return turn.reply("customer.change.kept", number=turn.slots.get("order", ""))
    if answer:
        return _changed(turn)
    order = _known(turn) or which_order(turn, INTENT, lambda one: not turn.store.why_not_change(one))
    if isinstance(order, Reply):
        return _still_asking(turn, order)
    reason = turn.store.why_not_change(order)
    if reason:
        return _too_late(turn, order, reason)
    kind = _kind(turn)
    ask = {"address": _address, "colour": _colour, "date": _date, "other": _other}
    return ask[kind](turn, order) if kind else _ask_kind(turn, order)


def _known(turn: CustomerTurn) -> OrderView | None:
    """The order that we asked something about: a number in the answer is that of a house, not of another order."""
    written = turn.question is not None and turn.question.wants in WRITTEN
    kept = turn.slots.get("order") if written else None
    return turn.store.order(str(kept), passes(turn)) if kept else None


def _still_asking(turn: CustomerTurn, reply: Reply) -> Reply:
    """The order is asked for; what was wished is kept until it is known, and so is an address said instead."""
    question = turn.outcome.question
    if question:
        kind = _kind(turn)
        kept = {"kind": kind, "said": turn.slots.get("said") or turn.understanding.text}
        if kind == "address" and question.wants == "order_id":
            kept["address"] = _said_address(turn)
        turn.ask("text" if "address" in kept else question.wants, INTENT, **{**question.slots, **kept})
    return reply


def _kind(turn: CustomerTurn) -> str:
    """What is to be changed: pressed, known before, or said; "" when nobody knows."""
    pressed = argument(turn).partition("|")[2].partition("|")[0]
    if pressed in KINDS:
        return pressed
    if turn.slots.get("kind"):
        return str(turn.slots["kind"])
    if turn.message.kind == "button":
        return ""
    said = words(turn)
    if turn.understanding.first("colour") is not None:
        return "colour"
    found = next((kind for kind, pattern in _SAID.items() if pattern.search(said)), "")
    if not found and (turn.understanding.first("date_range") or turn.understanding.first("datetime")):
        return "date"
    bare = len(re.sub(r"\W", "", said)) < 8 or re.fullmatch(r".{0,40}(?:change|edit|modify|alter|修改|改).{0,14}", said)
    return found or ("" if bare else "other")


def _ask_kind(turn: CustomerTurn, order: OrderView) -> Reply:
    buttons = (
        choice(turn, INTENT, f"{order.number}|{kind}", turn.say(f"customer.change.kinds.{kind}")) for kind in KINDS
    )
    text = turn.say("customer.change.what", number=order.number)
    turn.ask("text", INTENT, order=order.number)
    return Reply(text=text, choices=tuple(button for button in buttons if button))


def _too_late(turn: CustomerTurn, order: OrderView, reason: str) -> Reply:
    key = f"customer.change.not.{reason}"
    key = key if turn.services.phrases.has(key) else "customer.change.not.shipped"
    return Reply(text=turn.say(key, number=order.number), choices=choices(turn, "talk_to_human"))


# --- where it goes --------------------------------------------------------------------------------------------------
def _address(turn: CustomerTurn, order: OrderView) -> Reply:
    address = _said_address(turn)
    if not address:
        written = turn.question is not None and turn.question.wants == "text"
        again = written and bool(turn.slots.get("order")) and turn.slots.get("kind") == "address"
        turn.ask("text", INTENT, order=order.number, kind="address")
        key = "customer.change.address_again" if again else "customer.change.address"
        return turn.reply(key, number=order.number)
    if not turn.store.verified:
        return _by_staff(turn, order, "address", address)
    turn.ask("confirm", INTENT, order=order.number, kind="address", address=address)
    text = turn.say("customer.change.address_sure", number=order.number, address=address)
    return Reply(text=text, choices=yes_or_no(turn))


def _said_address(turn: CustomerTurn) -> str:
    """The address in what was written; "" where there is none."""
    if turn.message.kind == "button":
        return ""
    text = " ".join(turn.understanding.text.split())
    kept = str(turn.slots.get("said") or "")
    asked = turn.slots.get("kind") == "address" and (not kept or _STREET.search(text))
    if turn.slots.get("address"):
        return str(turn.slots["address"])
    for said in (text, kept):
        found = _ADDRESS_AFTER.search(said)
        if found and _is_address(found["address"]):
            return found["address"].strip(" .。")[:LONGEST_ADDRESS]
    return text[:LONGEST_ADDRESS] if asked and _is_address(text) else ""


def _is_address(text: str) -> bool:
    """Whether it may be a postal address: a number of a house or a postcode, and a name of a street or place."""
    letters = sum(char.isalpha() for char in text)
    if _CHINESE_PLACE.search(text) and letters >= 4:
        return any(char.isdigit() for char in text) or letters >= 8
    return letters >= 6 and any(char.isdigit() for char in text) and len(text.split()) >= 3


# --- in which colour ------------------------------------------------------------------------------------------------
def _colour(turn: CustomerTurn, order: OrderView) -> Reply:
    colour = _said_colour(turn)
    there = _swappable(turn, order)
    if not there:
        return _by_staff(turn, order, "colour", turn.understanding.text)
    fits = [(line, one) for line, ones in there for one in ones if colour and colour in one.colour]
    pressed = argument(turn).split("|")[2:]
    fits = [pair for pair in fits if f"{pair[0].position}-{pair[1].sku}" in pressed] or fits
    if len(fits) != 1:
        offered = fits or [(line, one) for line, ones in there for one in ones]
        return _ask_colour(turn, order, offered, colour)
    return _ask_swap(turn, order, *fits[0])


def _said_colour(turn: CustomerTurn) -> str:
    """The colour that is wished: of several that were named the last ("black instead of white" tells by its word)."""
    pressed = argument(turn).split("|")
    if len(pressed) > 3:
        return pressed[3].lower()
    named = [entity for entity in turn.understanding.entities if entity.name == "colour"]
    if not named:
        return str(turn.slots.get("colour") or "")
    first, last = named[0], named[-1]
    between = turn.understanding.text[first.end : last.start].lower()
    return str((first if re.search(r"instead|rather|not|而不|不要", between) else last).value)


def _swappable(turn: CustomerTurn, order: OrderView) -> list[tuple[LineView, list[ProductView]]]:
    """Lines whose product comes in other colours at the same price, with those that are in stock."""
    found = []
    for line in order.lines:
        for product in turn.store.products([line.sku]):
            others = [
                one
                for one in turn.store.variants(product)
                if one.sku != line.sku and one.colour != product.colour and one.stock >= line.quantity
            ]
            if others:
                found.append((line, others))
    return found


def _ask_colour(
    turn: CustomerTurn, order: OrderView, offered: list[tuple[LineView, ProductView]], colour: str
) -> Reply:
    buttons = (
        choice(
            turn,
            INTENT,
            f"{order.number}|colour|{line.position}-{one.sku}|{one.colour.split()[-1]}",
            one.names[turn.language],
        )
        for line, one in offered
    )
    wrong = colour and not any(colour in one.colour for _, one in offered)
    turn.ask("colour", INTENT, order=order.number, kind="colour")
    wished = known_or_plain(turn, "customer.values", colour) if colour else ""
    key = "customer.change.no_such_colour" if wrong else "customer.change.colour"
    text = turn.say(key, number=order.number, colour=wished)
    return Reply(text=text, choices=(*(button for button in buttons if button), *choices(turn, "talk_to_human")))


def _ask_swap(turn: CustomerTurn, order: OrderView, line: LineView, other: ProductView) -> Reply:
    turn.ask("confirm", INTENT, order=order.number, kind="colour", position=line.position, sku=other.sku)
    old, new = line.names[turn.language], other.names[turn.language]
    text = turn.say("customer.change.colour_sure", number=order.number, count=line.quantity, old=old, new=new)
    return Reply(text=text, choices=yes_or_no(turn))


# --- done at once ---------------------------------------------------------------------------------------------------
def _changed(turn: CustomerTurn) -> Reply:
    number, kind = str(turn.slots.get("order")), str(turn.slots.get("kind"))
    try:
        if kind == "address":
            address = str(turn.slots["address"])
            turn.store.change_address(number, address)
            show_desk(turn, "desk.changed.address", number=number, address=address)
            return turn.reply("customer.change.address_done", number=number, address=address)
        order = turn.store.swap(number, int(turn.slots.get("position", 0)), str(turn.slots.get("sku")), passes(turn))
    except NotFound:
        return turn.reply("customer.find.gone")
    except NotPossible as refusal:
        if refusal.reason in ("stock", "price"):
            return offer_person(turn, "customer.change.colour_gone", number=number)
        return offer_person(turn, "customer.change.not.shipped", number=number)
    line = next(each for each in order.lines if each.position == int(turn.slots["position"]))
    new = line.names[turn.services.desk.language]
    show_desk(turn, "desk.changed.colour", number=order.number, count=line.quantity, new=new)
    name = line.names[turn.language]
    return turn.reply("customer.change.colour_done", number=order.number, count=line.quantity, new=name)


# --- what staff do --------------------------------------------------------------------------------------------------
def _date(turn: CustomerTurn, order: OrderView) -> Reply:
    wished = said_day(turn)
    first = turn.slots.get("kind") != "date" or turn.message.kind == "button"
    if wished is None or not 0 <= (wished - today(turn)).days <= FURTHEST_DAYS:
        turn.ask("text", INTENT, order=order.number, kind="date")
        key = "customer.change.date" if wished is None and first else "customer.change.date_again"
        return turn.reply(key, number=order.number, days=FURTHEST_DAYS)
    return _by_staff(turn, order, "date", wording.day(wished, turn.language, turn.speaker.zone))


def said_day(turn: CustomerTurn) -> date | None:
    """The day that was named, where the customer is."""
    moment, span = turn.understanding.first("datetime"), turn.understanding.first("date_range")
    if isinstance(span, dict) and (span.get("start") or span.get("end")):
        return date.fromisoformat(str(span.get("start") or span["end"])[:10])
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).astimezone(ZoneInfo(turn.speaker.zone)).date()
    return None


def _other(turn: CustomerTurn, order: OrderView) -> Reply:
    said = str(turn.slots.get("said") or ("" if turn.message.kind == "button" else turn.understanding.text))
    if not said.strip():
        turn.ask("prose", INTENT, order=order.number, kind="other")
        return turn.reply("customer.change.tell", number=order.number)
    return _by_staff(turn, order, "other", said)


def _by_staff(turn: CustomerTurn, order: OrderView, kind: str, request: str) -> Reply:
    """Keep the request as a case and show it to staff, who carry it out or turn it down."""
    said = " ".join(request.split())
    title = f"{order.number}: {turn.say(f'customer.change.kinds.{kind}')} – {said}"
    case = turn.store.open_case(f"change_{kind}", title, "high", order.number, passes(turn), adds=True)
    ask_staff(turn, case, title, order.number)
    return offer_person(turn, "customer.change.asked", number=order.number, case=case.number, request=said)
