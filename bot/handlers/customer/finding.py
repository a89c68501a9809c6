"""Which order, and whether this customer may see it: asked for in the same way by everything about orders."""

import re
from collections.abc import Callable, Sequence

from bot import wording
from bot.handlers.customer.common import CustomerTurn, argument, choice, choices, offer_person, passes
from bot.messages import Reply
from crm_core.orders import OrderView

_NUMBER = re.compile(r"[#＃]?[A-Za-z]{0,6}[-_ ]?[\w-]{0,20}\d[\w-]{0,30}")
KEPT_PASSES = 5


def which_order(turn: CustomerTurn, intent: str, fits: Callable[[OrderView], bool]) -> OrderView | Reply:
    """The order that is meant: the one named, else the only one that fits; or the reply that asks for it.

    `intent` is what goes on once the order is known.
    """
    number, email = named_number(turn), said_email(turn)
    if number:
        order = turn.store.order(number, passes(turn))
        if order is None:
            return _open(turn, intent, number, email) if email else _ask_email(turn, intent, number)
        return shown(turn, order)
    if email and not turn.store.verified:
        turn.ask("order_id", intent, **{**turn.slots, "email": email})
        return turn.reply("customer.find.number_too")
    orders = turn.store.orders(passes(turn))
    if not orders:
        return _nothing_to_show(turn, intent)
    pool = [order for order in orders if fits(order)] or orders
    return shown(turn, pool[0]) if len(pool) == 1 else ask_which(turn, intent, pool)


def shown(turn: CustomerTurn, order: OrderView) -> OrderView:
    """Remember that this order is being talked about."""
    turn.memory.show("order", order.number)
    return order


def ask_which(turn: CustomerTurn, intent: str, orders: Sequence[OrderView]) -> Reply:
    """Ask which of these orders is meant."""
    turn.ask("order_id", intent, **turn.slots)
    buttons = (choice(turn, intent, order.number, brief(turn, order)) for order in orders)
    return Reply(text=turn.say("customer.find.which"), choices=tuple(button for button in buttons if button))


def brief(turn: CustomerTurn, order: OrderView) -> str:
    """An order on a button: number, day, state."""
    day = wording.day(order.placed_at, turn.language, turn.speaker.zone)
    return f"{order.number} · {day} · {turn.say(f'order_states.{order.status}')}"


def named_number(turn: CustomerTurn) -> str:
    """The order number that was written, pressed, asked for before, or shown last when they point at it; else ""."""
    pressed = argument(turn).split("|")[0].strip()
    if pressed and _NUMBER.fullmatch(pressed):
        return pressed
    said = turn.understanding.first("order_id")
    if said:
        return str(said)
    kept = turn.slots.get("order")
    if kept:
        return str(kept)
    if turn.understanding.first("reference") is not None:
        last = turn.memory.shown("order")
        return str(last) if last and turn.store.order(str(last), passes(turn)) else ""
    return ""


def said_email(turn: CustomerTurn) -> str:
    """The e-mail address that was written now or a moment ago, else ""."""
    return str(turn.understanding.first("email") or turn.slots.get("email") or "")


def _open(turn: CustomerTurn, intent: str, number: str, email: str) -> OrderView | Reply:
    opened = turn.store.open_order(number, email)
    if opened == "locked":
        return offer_person(turn, "customer.find.locked")
    if isinstance(opened, str):
        turn.ask("email", intent, **{**turn.slots, "order": number, "email": ""})
        return offer_person(turn, "customer.find.wrong")
    turn.memory.show("opened", [*passes(turn), opened][-KEPT_PASSES:])
    order = turn.store.order(number, [opened])
    assert order is not None, "an order that was opened can be read"
    return shown(turn, order)


def _ask_email(turn: CustomerTurn, intent: str, number: str) -> Reply:
    turn.ask("email", intent, **{**turn.slots, "order": number})
    if turn.store.verified:
        return turn.reply("customer.find.not_yours", number=number)
    return Reply(
        text=turn.say("customer.find.email_too", number=number), request_contact=turn.say("customer.share_contact")
    )


def _nothing_to_show(turn: CustomerTurn, intent: str) -> Reply:
    turn.ask("order_id", intent, **turn.slots)
    if turn.store.verified:
        return Reply(text=turn.say("customer.find.none"), choices=choices(turn, "talk_to_human"))
    return Reply(text=turn.say("customer.find.who_are_you"), request_contact=turn.say("customer.share_contact"))
