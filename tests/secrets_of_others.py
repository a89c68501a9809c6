"""What no customer may ever be told: anything that belongs to another customer of the sample business."""

import re
from dataclasses import dataclass, field

from sqlalchemy import select

from crm_core.database import Store
from crm_core.models import Customer, Interaction, Order, Shipment
from nlu.cleaning import HAN
from tests.dialogues import Stage

ORDER_NUMBER = re.compile(r"SO-\d+")
E_MAIL = re.compile(r"[a-z0-9._-]{1,60}@[a-z0-9.-]{1,60}\.[a-z]{2,6}", re.IGNORECASE)
SHORTEST = 2
"""Characters that a name must have to be looked for."""


@dataclass
class Belongings:
    """What belongs to whom, by customer id, and to which order, by its number."""

    of_customer: dict[int, set[str]] = field(default_factory=dict)
    of_order: dict[str, set[str]] = field(default_factory=dict)


_known: dict[str, Belongings] = {}
"""Read once for each kind of database: all tests play on copies of the same sample business."""


def assert_nothing_of_others(stage: Stage, chat: str, told: str, said: str = "") -> None:
    """What a chat was sent names nothing of another customer, except what was said there in the first place.

    Looked for: order numbers, tracking numbers, e-mail addresses, phone numbers, delivery addresses, full names. An
    order that was opened with its number and e-mail address may be told of with its parcels, and no more.
    """
    belongings = _belongings(stage.app.store)
    with stage.app.store.read() as session:
        customer_id = stage.conversation(chat).customer_id
        rows = session.execute(
            select(Interaction).where(Interaction.chat_id == chat, Interaction.direction == "in")
        ).scalars()
        said += "\n".join(row.text or "" for row in rows)
    allowed = set(belongings.of_customer.get(customer_id or 0, set()))
    if E_MAIL.search(said):
        for number in ORDER_NUMBER.findall(said.upper()):
            allowed |= belongings.of_order.get(number, set())
    leaked = {
        secret
        for owner, secrets in belongings.of_customer.items()
        if owner != customer_id
        for secret in secrets
        if secret in told and secret not in said and secret not in allowed
    }
    assert not leaked, f"told of others: {leaked}"


def _belongings(store: Store) -> Belongings:
    kind = store.engine.dialect.name
    if kind not in _known:
        _known[kind] = _read(store)
    return _known[kind]


def _read(store: Store) -> Belongings:
    found = Belongings()
    with store.read() as session:
        for customer in session.execute(select(Customer).where(Customer.kind != "visitor")).scalars():
            known = (*_called(customer.name or ""), customer.email, customer.phone)
            found.of_customer[customer.id] = {one for one in known if one and len(one) >= SHORTEST}
        sold_before = select(Order).where(Order.source != "chat")  # those of the play itself are not kept for the next
        for order in session.execute(sold_before).scalars():
            found.of_customer[order.customer_id] |= {one for one in (order.number, order.address) if one}
            found.of_order[order.number] = {order.number}
        query = select(Order.customer_id, Order.number, Shipment.tracking_no).join(Order, Order.id == Shipment.order_id)
        for customer_id, number, tracking in session.execute(query):
            found.of_customer[customer_id].add(tracking)
            found.of_order[number].add(tracking)
    return found


def _called(name: str) -> tuple[str, ...]:
    """A name as a whole and in each of its scripts: "王芳 Wang Fang" is also 王芳, and Wang Fang."""
    chinese = " ".join(re.findall(f"[{HAN}]+", name))
    latin = " ".join(re.sub(f"[{HAN}]+", " ", name).split())
    return tuple({name, chinese, latin} - {""})
