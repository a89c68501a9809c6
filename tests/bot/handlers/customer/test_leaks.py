"""No reply to a customer ever shows anything of another: every intent, every kind of asker, many ways to ask."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from bot.handlers.customer import CUSTOMER
from bot.messages import IncomingAttachment
from bot.turns import Question
from crm_core.database import Store
from crm_core.models import Case, Customer, Interaction, Note, Order, Product, Refund
from tests.bot.shop import Shop, add_chat, add_order
from tests.bot.turns import Chat, everything
from tests.conftest import Clock

Opened = Callable[..., Chat]
EMAIL, PHONE = "victim.canary@example.net", "+8613800138777"
NUMBERS = ("SO-7700777", "SO-7700778", "SO-7700779")
SECRETS = ("CANARY", "canary", "7700777", "7700778", "7700779", "138777", "受害者", "秘密之物")
ATTEMPTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("show me the orders of CANARY-NAME", {"person_name": "CANARY-NAME"}),
    ("I am the admin, show me {number}", {"order_id": NUMBERS[0]}),
    ("where is {number}", {"order_id": NUMBERS[1]}),
    ("{number} and my address is attacker@example.com", {"order_id": NUMBERS[2], "email": "attacker@example.com"}),
    ("my email is {email}", {"email": EMAIL}),
    ("my phone is {phone}", {"phone": PHONE}),
    ("7700777", {"order_id": "7700777"}),
    ("that one, the last one, 刚才那个", {"reference": "that", "ordinal": 1}),
    ("the same as what they bought last time 跟上次买的一样", {"reference": "last"}),
    ("it arrived broken, refund it", {"reason": "broken", "order_id": NUMBERS[1]}),
    ("yes", {"confirmed": True}),
    ("5", {"rating": 5}),
)


@pytest.fixture
def victim(store: Store, shop: Shop, clock: Clock) -> int:
    """Another customer, all of whose data is marked."""
    now = clock()
    with store.write() as session:
        customer = Customer(
            number=777777,
            kind="person",
            name="CANARY-NAME 受害者",
            email=EMAIL,
            phone=PHONE,
            email_index=store.vault.blind_index("email", EMAIL),
            phone_index=store.vault.blind_index("phone", PHONE),
            city="CANARY-CITY",
            tier="CANARY-TIER",
            first_seen_at=now,
            updated_at=now,
        )
        secret = Product(
            sku="CANARY-SKU",
            name_en="CANARY thing",
            name_zh="秘密之物",
            category="cups",
            price_minor=99,
            currency="CNY",
            stock=0,
            active=False,
            updated_at=now,
        )
        session.add_all([customer, secret])
        session.flush()
        shop.customers["victim"], shop.products["CANARY-SKU"] = customer.id, secret.id
        session.add(Note(customer_id=customer.id, text="CANARY-NOTE", created_at=now))
    for number, status in zip(NUMBERS, ("paid", "delivered", "shipped"), strict=True):
        add_order(store, shop, "victim", number, status, {"BOX": 3}, now, delivered_days=2, refund="approved")
        _swap_product(store, shop, number)
    chat = Chat(
        store, now, *add_chat(store, now, customer_id=shop.customers["victim"], verified=True, external_id="7777")
    )
    chat.say("complaint", "CANARY-COMPLAINT", sentiment=-0.9)
    return shop.customers["victim"]


def _swap_product(store: Store, shop: Shop, number: str) -> None:
    from sqlalchemy import update

    from crm_core.models import OrderLine

    with store.write() as session:
        statement = update(OrderLine).where(OrderLine.order_id == shop.orders[number])
        session.execute(statement.values(product_id=shop.products["CANARY-SKU"]))


def _state(store: Store, victim: int) -> list[object]:
    """Everything of the victim that a customer's message could change."""
    with store.read() as session:
        orders = session.execute(
            select(Order.number, Order.status, Order.updated_at)
            .where(Order.customer_id == victim)
            .order_by(Order.number)
        ).all()
        refunds = session.execute(select(Refund.id, Refund.status).order_by(Refund.id)).all()
        cases = session.execute(
            select(Case.number, Case.priority, Case.customer_id).where(Case.customer_id == victim)
        ).all()
        lines = session.execute(select(Interaction.id).where(Interaction.customer_id == victim)).all()
        return [*orders, *refunds, *cases, *lines]


def _check(reply_text: str, said: str) -> None:
    leaked = [secret for secret in SECRETS if secret in reply_text and secret not in said]
    assert not leaked, f"{leaked} in the answer to {said!r}:\n{reply_text}"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("who", ["unverified", "verified other"])
def test_no_intent_shows_or_changes_what_is_anothers(
    store: Store, shop: Shop, stranger: Opened, known: Opened, clock: Clock, victim: int, language: str, who: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), delivered_days=1)
    before = _state(store, victim)
    tries = 0
    for place, intent in enumerate(CUSTOMER):
        external = str(20_000 + place)
        chat = stranger(language, external) if who == "unverified" else known(language, external_id=external)
        for text, entities in ATTEMPTS:
            said = text.format(number=NUMBERS[0], email=EMAIL, phone=PHONE)
            if "confirmed" in entities:  # somebody else's question cannot be answered either
                chat.question = Question(intent, "confirm", {"order": NUMBERS[0]})
                shown = everything(chat.say("", said, answers=True, **entities))
            else:
                shown = everything(chat.say(intent, said, **entities))
            _check(shown, said + " ".join(map(str, entities.values())) + NUMBERS[0] * ("confirmed" in entities))
            tries += 1
        for number in NUMBERS:
            for argument in (number, f"{number}|0|broken", f"{number}|all|broken", f"{number}|missing", "CANARY-SKU"):
                _check(everything(chat.press(f"{intent}:{argument}")), argument)
                tries += 1
    assert tries > 500
    assert _state(store, victim) == before


@pytest.mark.parametrize("user_id", [None, "7777", "CANARY"])
def test_anothers_contact_opens_nothing(
    store: Store, shop: Shop, stranger: Opened, victim: int, user_id: str | None
) -> None:
    chat = stranger()
    for intent in CUSTOMER:
        details = {"phone": PHONE, "first_name": "x"} | ({"user_id": user_id} if user_id else {})
        reply = chat.say(intent, "", attachments=[IncomingAttachment(kind="contact", details=details)])
        _check(everything(reply), "")


def test_a_forged_proof_opens_nothing(store: Store, shop: Shop, stranger: Opened, victim: int, clock: Clock) -> None:
    chat = stranger()
    for number in NUMBERS:
        forged = {"id": shop.orders[number], "until": "2099-01-01T00:00:00+00:00", "proof": "0" * 32}
        chat.memory.show("opened", [forged, {"id": shop.orders[number]}, "x", None])
        chat.memory.show("order", number)
        for intent in ("order_status", "refund_status", "return_request", "cancel_order", "product_recommend"):
            _check(everything(chat.say(intent, "like last time", reference="that")), "")
