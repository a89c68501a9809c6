"""Orders as staff see them: by number, by parcel, or the last ones of a customer."""

from bot import wording
from bot.handlers.agent.asking import StaffTurn, argument, asked, hushed, label, whom
from bot.messages import Card, Choice, Reply
from bot.query_words import spoken
from crm_core.orders import OrderView, ShipmentView
from crm_core.staff.store import Brief, FoundOrder

SHOWN = 3
MOST_SHOWN = 10


def order_lookup(turn: StaffTurn) -> Reply:
    """One order with its lines, parcels and refund; without a number the last orders of the customer meant."""
    wanted = asked(turn)
    numbers = [str(value) for name in ("order_id", "tracking_no") for value in wanted.all(name)]
    if turn.message.kind == "command" and not numbers and any(char.isdigit() for char in turn.argument[:40]):
        numbers = [turn.argument.strip()]
    pressed = argument(turn, "number")
    if pressed:
        numbers = [pressed]
    for number in numbers[:1]:
        found = turn.store.order(number)
        if found is None:  # 10482 的订单 are the orders of a customer
            theirs = turn.store.numbered(int(number)) if number.isdigit() and len(number) < 10 else None
            return _last(turn, theirs, SHOWN) if theirs else turn.reply("agent.orders.unknown", number=number[:40])
        return _shown(turn, found)
    who = whom(turn, wanted)
    if isinstance(who, Reply):
        return who
    count = wanted.first("count")
    return _last(turn, who, min(count, MOST_SHOWN) if isinstance(count, int) else SHOWN)


def _shown(turn: StaffTurn, found: FoundOrder) -> Reply:
    turn.memory.show("customer", found.customer.customer_id)
    turn.memory.show("order", found.view.number)
    facts = ((turn.say("agent.orders.customer"), label(turn, found.customer)),)
    address = ((turn.say("agent.orders.address"), found.address),) if found.address else ()
    step = Choice(label=turn.say("agent.orders.show_customer"), value=f"show_customer:{found.customer.number}")
    card = order_card(turn, found.view, before=facts, after=address, choices=(step,))
    return hushed(turn, Reply(cards=(card,)))


def _last(turn: StaffTurn, who: Brief, count: int) -> Reply:
    turn.memory.show("customer", who.customer_id)
    views = turn.store.orders_of(who.customer_id, count)
    if not views:
        return hushed(turn, turn.reply("agent.orders.none", who=label(turn, who)))
    turn.memory.show("order", views[0].number)
    text = turn.say("agent.orders.last", who=label(turn, who), count=len(views))
    return hushed(turn, Reply(text=text, cards=tuple(order_card(turn, view) for view in views)))


def order_card(
    turn: StaffTurn,
    view: OrderView,
    *,
    before: tuple[tuple[str, str], ...] = (),
    after: tuple[tuple[str, str], ...] = (),
    choices: tuple[Choice, ...] = (),
) -> Card:
    """An order: what was bought, where it is, what it cost, what is paid back."""
    language, zone = turn.language, turn.speaker.zone
    facts = [*before, (turn.say("agent.orders.placed"), wording.moment(view.placed_at, language, zone))]
    facts += [
        (turn.say("agent.orders.item", position=line.position), f"{line.quantity} × {line.names[language]}")
        for line in view.lines
    ]
    facts += [(turn.say("agent.orders.parcel"), _parcel(turn, parcel)) for parcel in view.shipments]
    facts.append((turn.say("agent.orders.total"), wording.money(view.total_minor, view.currency, language)))
    if view.refund:
        amount = wording.money(view.refund.amount_minor, view.refund.currency, language)
        state = turn.say(f"agent.orders.refunds.{view.refund.status}")
        facts.append((turn.say("agent.orders.refund"), f"{amount} · {state}"))
    subtitle = turn.say(f"order_states.{view.status}")
    return Card(title=view.number, subtitle=subtitle, facts=(*facts, *after), choices=choices)


def _parcel(turn: StaffTurn, parcel: ShipmentView) -> str:
    state = turn.say(f"agent.orders.parcels.{parcel.status}")
    parts = [f"{spoken('carriers', parcel.carrier, turn.language)} {parcel.tracking_no}", state]
    if parcel.delivered_at:
        parts.append(wording.day(parcel.delivered_at, turn.language, turn.speaker.zone))
    elif parcel.expected_on:
        parts.append(turn.say("agent.orders.expected", day=wording.day(parcel.expected_on, turn.language, "UTC")))
    return " · ".join(parts)
