"""Sending something back, and where the money is."""

from bot import wording
from bot.handlers.customer.common import (
    CustomerTurn,
    argument,
    choice,
    choices,
    known_or_plain,
    offer_person,
    passes,
)
from bot.handlers.customer.finding import which_order
from bot.handlers.customer.orders import order_card
from bot.messages import Reply
from crm_core.errors import NotPossible
from crm_core.orders import CANCELLABLE, OrderView, RefundView

REASONS = ("broken", "wrong_item", "not_as_described", "wrong_size", "changed_mind", "other")
ALL = "all"


def return_request(turn: CustomerTurn) -> Reply:
    """Send back what was delivered: which order, which item, why; then it is noted, once."""
    order = which_order(turn, "return_request", lambda one: not turn.store.why_not_return(one))
    if isinstance(order, Reply):
        return order
    problem = turn.store.why_not_return(order)
    if problem:
        return _not_returned(turn, order, problem)
    item, reason = _item(turn, order), _reason(turn)
    if item is None:
        return _ask_item(turn, order)
    return _noted(turn, order, item, reason) if reason else _ask_reason(turn, order, item)


def _noted(turn: CustomerTurn, order: OrderView, item: str, reason: str) -> Reply:
    try:
        position = None if item == ALL else int(item)
        refund = turn.store.request_return(order.number, position, reason, passes(turn))
    except NotPossible as refusal:
        return _not_returned(turn, order, refusal.reason)
    return Reply(text=turn.say("customer.return.noted", number=order.number, amount=_amount(turn, refund)))


def _not_returned(turn: CustomerTurn, order: OrderView, problem: str) -> Reply:
    if problem == "requested" and order.refund:
        return Reply(text=turn.say("customer.return.again", number=order.number) + "\n" + _how_far(turn, order.refund))
    if problem == "not_delivered":
        key = "early" if order.status in CANCELLABLE else "on_its_way"
        wanted = (f"cancel_order:{order.number}",) if order.status in CANCELLABLE else ()
        return Reply(
            text=turn.say(f"customer.return.not.{key}", number=order.number),
            choices=choices(turn, *wanted, "talk_to_human"),
        )
    if problem == "too_late":
        turn.outcome.hand_over = "return_request"
    key = f"customer.return.not.{problem}"
    key = key if turn.services.phrases.has(key) else "customer.return.not.other"
    return offer_person(turn, key, number=order.number)


def _item(turn: CustomerTurn, order: OrderView) -> str | None:
    """Position of the line to be sent back as text, or "all"; None while unknown."""
    parts = argument(turn).split("|")
    known = {str(line.position) for line in order.lines} | {ALL}
    for given in (parts[1] if len(parts) > 1 else "", str(turn.slots.get("item", ""))):
        if given in known:
            return given
    named = {str(value) for value in turn.understanding.all("product")}
    fitting = [line for line in order.lines if line.sku in named]
    if len(fitting) == 1:
        return str(fitting[0].position)
    return str(order.lines[0].position) if len(order.lines) == 1 else (None if order.lines else ALL)


def _reason(turn: CustomerTurn) -> str | None:
    parts = argument(turn).split("|")
    if len(parts) > 2 and parts[2] in REASONS:
        return parts[2]
    said = turn.understanding.first("reason") or turn.slots.get("reason")
    return str(said) if said else None


def _ask_item(turn: CustomerTurn, order: OrderView) -> Reply:
    reason = _reason(turn) or ""
    turn.ask("product", "return_request", order=order.number, reason=reason)
    tail = f"|{reason}" if reason in REASONS else ""
    buttons = [
        choice(turn, "return_request", f"{order.number}|{line.position}{tail}", line.names[turn.language])
        for line in order.lines
    ]
    buttons.append(
        choice(turn, "return_request", f"{order.number}|{ALL}{tail}", turn.say("customer.return.everything"))
    )
    text = turn.say("customer.return.which_item", number=order.number)
    return Reply(text=text, choices=tuple(button for button in buttons if button))


def _ask_reason(turn: CustomerTurn, order: OrderView, item: str) -> Reply:
    turn.ask("reason", "return_request", order=order.number, item=item)
    buttons = (
        choice(turn, "return_request", f"{order.number}|{item}|{reason}", turn.say(f"customer.reasons.{reason}"))
        for reason in REASONS
    )
    return Reply(
        text=turn.say("customer.return.why", number=order.number), choices=tuple(button for button in buttons if button)
    )


# --- refund_status --------------------------------------------------------------------------------------------------
def refund_status(turn: CustomerTurn) -> Reply:
    """Whether and when the money comes back."""
    order = which_order(turn, "refund_status", lambda one: one.refund is not None)
    if isinstance(order, Reply):
        return order
    if order.refund is None:
        offered = () if turn.store.why_not_return(order) else (f"return_request:{order.number}",)
        return Reply(
            text=turn.say("customer.refund.none", number=order.number), choices=choices(turn, *offered, "talk_to_human")
        )
    offered = ("talk_to_human",) if order.refund.status == "refused" else ()
    return Reply(
        text=f"{turn.say('customer.refund.about', number=order.number)} {_how_far(turn, order.refund)}",
        cards=(order_card(turn, order),),
        choices=choices(turn, *offered),
    )


def _how_far(turn: CustomerTurn, refund: RefundView) -> str:
    key = f"customer.refund.{refund.status}"
    if not turn.services.phrases.has(key):
        return known_or_plain(turn, "customer.refund.states", refund.status)
    moment = refund.paid_at or refund.requested_at
    day = wording.day(moment, turn.language, turn.speaker.zone)
    return turn.say(key, amount=_amount(turn, refund), day=day)


def _amount(turn: CustomerTurn, refund: RefundView) -> str:
    return wording.money(refund.amount_minor, refund.currency, turn.language)
