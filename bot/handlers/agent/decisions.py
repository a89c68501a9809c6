"""What staff decide about draft orders, and about requests that became cases; the customer is told."""

from collections.abc import Callable

from sqlalchemy import select

from bot import wording
from bot.handlers.agent.asking import StaffTurn
from bot.messages import Reply
from crm_core import drafts
from crm_core.cases import close_cases, record_change
from crm_core.errors import NotFound, NotPossible
from crm_core.models import Case, Conversation
from crm_core.orders import OrderView


# --- draft orders ---------------------------------------------------------------------------------------------------
def _confirm(turn: StaffTurn, action: str, number: str) -> Reply:
    turn.store.permit("order.write", f"order:{number[:60]}", ("status", "stock"))
    try:
        order_id = drafts.identify(turn.store.session, number)
        order = drafts.confirm(turn.store.session, order_id, turn.now)
    except NotFound:
        return turn.reply("desk.gone")
    except NotPossible as refusal:
        return _not_confirmed(turn, number, refusal)
    told = _decided(turn, order_id, order, "desk.told.order_confirmed")
    key = "desk.draft.confirmed" if told else "desk.draft.confirmed_untold"
    return turn.reply(key, number=order.number, name=turn.speaker.name)


def _decline(turn: StaffTurn, action: str, number: str) -> Reply:
    turn.store.permit("order.write", f"order:{number[:60]}", ("status",))
    try:
        order_id = drafts.identify(turn.store.session, number)
        order = drafts.decline(turn.store.session, order_id, turn.now)
    except NotFound:
        return turn.reply("desk.gone")
    except NotPossible as refusal:
        return _not_confirmed(turn, number, refusal)
    _decided(turn, order_id, order, "desk.told.order_declined")
    return turn.reply("desk.draft.declined", number=order.number, name=turn.speaker.name)


def _not_confirmed(turn: StaffTurn, number: str, refusal: NotPossible) -> Reply:
    if refusal.reason == "stock":
        return turn.reply(
            "desk.draft.no_stock", number=number, sku=refusal.details["sku"], left=refusal.details["left"]
        )
    state = turn.say(f"order_states.{refusal.details['status']}")
    return turn.reply("desk.draft.decided", number=number, state=state)


def _decided(turn: StaffTurn, order_id: int, order: OrderView, key: str) -> bool:
    """Close the cases of a draft and tell the customer; False when there is nowhere to tell them."""
    told = False
    for case in close_cases(
        turn.store.session, order_id, "place_order", order.status, turn.now, staff_id=turn.speaker.staff_id
    ):
        conversation = turn.store.session.get(Conversation, case.conversation_id) if case.conversation_id else None
        if conversation is None:
            continue
        total = wording.money(order.total_minor, order.currency, conversation.language or "en")
        turn.services.desk.tell(turn.store.session, conversation, key, turn.now, number=order.number, total=total)
        told = True
    return told


# --- requests -------------------------------------------------------------------------------------------------------
def _settle(turn: StaffTurn, action: str, key: str) -> Reply:
    """Close a case as done or refused, and tell the customer."""
    number = int(key) if key.isdigit() and len(key) < 12 else 0
    turn.store.permit("case.write", f"case:{number}", ("status",))
    case = turn.store.session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()
    if case is None:
        return turn.reply("desk.gone")
    if case.status == "closed":
        return turn.reply("desk.request.decided", case=number)
    values = {
        "status": "closed", "closed_at": turn.now, "resolution": action,
        "owner_id": case.owner_id or turn.speaker.staff_id,
    }  # fmt: skip
    record_change(turn.store.session, case, values, staff_id=turn.speaker.staff_id, now=turn.now)
    conversation = turn.store.session.get(Conversation, case.conversation_id) if case.conversation_id else None
    if conversation is None:
        return turn.reply("desk.request.untold", case=number)
    turn.services.desk.tell(turn.store.session, conversation, f"desk.told.{action}", turn.now, case=number)
    return turn.reply(f"desk.request.{action}_now", case=number, name=turn.speaker.name)


DECISIONS: dict[str, Callable[[StaffTurn, str, str], Reply]] = {
    "confirm": _confirm,
    "decline": _decline,
    "done": _settle,
    "refuse": _settle,
}
"""What a button below a request in a thread does, with its action and the number of the order or case."""
