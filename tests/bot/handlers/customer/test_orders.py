"""Orders: who may see which, what each state says, cancelling, trouble with a delivery."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, select

from crm_core.database import Store
from crm_core.models import Case, LinkAttempt, Order, Product, Refund
from tests.bot.shop import Shop, add_order
from tests.bot.turns import Chat, everything, phrase, values
from tests.conftest import Clock

Opened = Callable[..., Chat]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])


def stock(store: Store, sku: str) -> int:
    with store.read() as session:
        return session.execute(select(Product.stock).where(Product.sku == sku)).scalar_one()


# --- who may see what -----------------------------------------------------------------------------------------------
@BOTH
def test_a_stranger_is_asked_who_they_are(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock())
    chat = stranger(language)
    reply = chat.say("order_status", "where is my order")
    assert reply.text == phrase("customer.find.who_are_you", language)
    assert reply.request_contact
    assert "SO-1001" not in everything(reply)


@BOTH
def test_number_and_address_open_that_order_alone(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock())
    add_order(store, shop, "mei", "SO-1002", "paid", {"BOX": 1}, clock())
    chat = stranger(language)
    asked = chat.say("order_status", "where is SO-1001", order_id="SO-1001")
    assert asked.text == phrase("customer.find.email_too", language, number="SO-1001")
    opened = chat.say("", "Li.Mei@example.com", answers=True, email="li.mei@example.com")
    assert "SO-1001" in everything(opened)
    assert "SFSO-1001" in everything(opened)
    later = chat.say("order_status", "and now?")
    assert "SO-1001" in everything(later)
    assert "SO-1002" not in everything(later)
    other = chat.say("order_status", "and SO-1002", order_id="SO-1002")
    assert "SO-1002" not in "".join(card.title for card in other.cards)


def test_an_opened_order_closes_after_a_day_and_in_other_chats(
    store: Store, shop: Shop, stranger: Opened, clock: Clock
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock())
    chat = stranger()
    chat.say("order_status", "SO-1001, li.mei@example.com", order_id="SO-1001", email="li.mei@example.com")
    assert chat.memory.shown("opened")
    elsewhere = stranger(external_id="7009")
    elsewhere.memory = chat.memory  # a proof that was copied proves nothing
    assert not elsewhere.say("order_status", "where is it?").cards
    chat.now = clock.now.replace(day=clock.now.day + 1, hour=23)
    assert not chat.say("order_status", "where is it?").cards


@BOTH
def test_wrong_number_and_wrong_address_sound_alike_and_lock(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock())
    chat = stranger(language)
    wrong_address = chat.say("order_status", "x", order_id="SO-1001", email="tom@example.org")
    wrong_number = chat.say("order_status", "x", order_id="SO-9999", email="li.mei@example.com")
    assert wrong_address == wrong_number
    for _ in range(2):
        chat.say("order_status", "x", order_id="SO-1001", email="nobody@example.com")
    fifth = chat.say("order_status", "x", order_id="SO-1001", email="nobody@example.com")
    assert fifth.text == phrase("customer.find.locked", language)
    right = chat.say("order_status", "x", order_id="SO-1001", email="li.mei@example.com")
    assert right.text == phrase("customer.find.locked", language)
    assert "talk_to_human" in values(right)
    with store.read() as session:
        assert len(session.execute(select(LinkAttempt)).all()) == 5
    chat.now = clock.now.replace(day=clock.now.day + 1, hour=23)
    assert chat.say("order_status", "x", order_id="SO-1001", email="li.mei@example.com").cards


def test_a_number_is_read_as_people_write_it(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock())
    chat = known()
    for written in ("so1001", "1001", "#1001", "ＳＯ-１００１"):
        assert chat.say("order_status", written, order_id=written).cards[0].title == "SO-1001"
    assert not chat.say("order_status", "001", order_id="001").cards


# --- states ---------------------------------------------------------------------------------------------------------
@BOTH
def test_each_state_has_its_words(store: Store, shop: Shop, known: Opened, clock: Clock, language: str) -> None:
    chat = known(language)
    for place, status in enumerate(("placed", "paid", "cancelled", "returned", "draft")):
        number = f"SO-100{place}"
        add_order(store, shop, "mei", number, status, {"MILL": 1}, clock(), age_days=1)
        reply = chat.say("order_status", "where is it", order_id=number)
        assert reply.text == phrase(f"customer.order.{status}", language, number=number)


@BOTH
def test_a_shipped_order_says_who_has_it_and_when_it_comes(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 2}, clock(), expected_in=2)
    reply = known(language).say("order_status", "where is my order")
    assert ("SF Express" if language == "en" else "顺丰速运") in reply.text
    assert "SFSO-1001" in reply.text
    assert ("25 Nov 2026" if language == "en" else "2026年11月25日") in reply.text


@BOTH
def test_lateness_is_admitted(store: Store, shop: Shop, known: Opened, clock: Clock, language: str) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 2}, clock(), expected_in=-3)
    add_order(store, shop, "tom", "SO-1002", "paid", {"MILL": 2}, clock(), age_days=6)
    late = known(language).say("order_status", "where is my order")
    assert ("sorry" if language == "en" else "抱歉") in late.text
    assert "delivery_problem:SO-1001" in values(late)
    slow = known(language, who="tom", external_id="7003").say("order_status", "where is my order")
    assert slow.text == phrase("customer.order.slow", language, number="SO-1002")


def test_the_only_open_order_is_meant_else_it_is_asked_for(
    store: Store, shop: Shop, known: Opened, clock: Clock
) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"MILL": 1}, clock(), delivered_days=3)
    add_order(store, shop, "mei", "SO-1002", "shipped", {"BOX": 1}, clock(), expected_in=1)
    assert "SO-1002" in known().say("order_status", "where is it").text
    add_order(store, shop, "mei", "SO-1003", "paid", {"BOX": 1}, clock(), age_days=1)
    chat = known(external_id="7010")
    reply = chat.say("order_status", "where is it")
    assert values(reply) == ["order_status:SO-1003", "order_status:SO-1002"]
    assert "SO-1003" in chat.press("order_status:SO-1003").text
    assert chat.memory.shown("order") == "SO-1003"
    assert "SO-1003" in chat.say("order_status", "and that one?", reference="that").text


# --- cancelling -----------------------------------------------------------------------------------------------------
@BOTH
def test_cancelling_asks_first_then_gives_stock_and_money_back(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    order_id = add_order(store, shop, "mei", "SO-1001", "paid", {"CUP-BLUE": 3, "BOX": 1}, clock(), age_days=1)
    chat = known(language)
    sure = chat.say("cancel_order", "cancel my order")
    assert values(sure) == ["affirm", "deny"]
    with store.read() as session:
        assert session.get_one(Order, order_id).status == "paid"
    done = chat.press("affirm")
    assert "408" in done.text
    assert "SO-1001" in done.text
    assert (stock(store, "CUP-BLUE"), stock(store, "BOX"), stock(store, "MILL")) == (33, 13, 4)
    with store.read() as session:
        order = session.get_one(Order, order_id)
        assert (order.status, order.cancelled_at) == ("cancelled", clock.now)
        refunds = session.execute(select(Refund)).scalars().all()
        assert [(refund.status, refund.amount_minor) for refund in refunds] == [("requested", 40800)]
    again = chat.say("cancel_order", "cancel it", order_id="SO-1001")
    assert again.text == phrase("customer.cancel.not.cancelled", language, number="SO-1001")
    assert stock(store, "CUP-BLUE") == 33


@BOTH
def test_no_keeps_the_order(store: Store, shop: Shop, known: Opened, clock: Clock, language: str) -> None:
    order_id = add_order(store, shop, "mei", "SO-1001", "placed", {"BOX": 1}, clock(), age_days=1)
    chat = known(language)
    chat.say("cancel_order", "cancel my order")
    assert chat.press("deny").text == phrase("customer.cancel.kept", language, number="SO-1001")
    with store.read() as session:
        assert session.get_one(Order, order_id).status == "placed"


@BOTH
@pytest.mark.parametrize(
    ("status", "reason"), [("shipped", "shipped"), ("delivered", "shipped"), ("returned", "returned")]
)
def test_what_has_shipped_is_not_cancelled(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str, status: str, reason: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", status, {"BOX": 1}, clock(), delivered_days=1)
    reply = known(language).say("cancel_order", "cancel SO-1001", order_id="SO-1001")
    assert reply.text == phrase(f"customer.cancel.not.{reason}", language, number="SO-1001")


def test_it_ships_while_we_ask(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    order_id = add_order(store, shop, "mei", "SO-1001", "paid", {"BOX": 1}, clock(), age_days=1)
    chat = known()
    chat.say("cancel_order", "cancel my order")
    with store.write() as session:
        session.get_one(Order, order_id).status = "shipped"
    assert chat.press("affirm").text == phrase("customer.cancel.not.shipped", "en", number="SO-1001")
    assert stock(store, "BOX") == 12


def test_an_unpaid_order_needs_no_refund(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "placed", {"BOX": 1}, clock(), age_days=1)
    chat = known()
    chat.say("cancel_order", "cancel my order")
    assert chat.press("affirm").text == phrase("customer.cancel.done", "en", number="SO-1001")
    with store.read() as session:
        assert session.execute(select(Refund)).first() is None


# --- trouble with a delivery ----------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize(
    ("said", "topic", "priority", "person"),
    [
        ({"en": "my parcel is lost", "zh": "包裹丢了"}, "missing", "high", True),
        ({"en": "the cup came broken", "zh": "杯子碎了"}, "damaged", "high", True),
        ({"en": "you sent the wrong one", "zh": "你们发错货了"}, "wrong", "normal", False),
        ({"en": "it is so late", "zh": "太慢了"}, "late", "normal", False),
    ],
)
def test_a_problem_becomes_a_case(
    store: Store,
    shop: Shop,
    known: Opened,
    clock: Clock,
    language: str,
    said: dict[str, str],
    topic: str,
    priority: str,
    person: bool,
) -> None:
    order_id = add_order(store, shop, "mei", "SO-1001", "delivered", {"CUP-BLUE": 1}, clock(), delivered_days=1)
    chat = known(language)
    reply = chat.say("delivery_problem", said[language])
    with store.read() as session:
        case = session.execute(select(Case)).scalar_one()
        assert (case.topic, case.priority, case.order_id, case.title) == (topic, priority, order_id, said[language])
        assert reply.text == phrase(f"customer.delivery.{topic}", language, case=case.number)
    assert chat.outcome.hand_over == ("delivery_problem" if person else "")


def test_the_same_problem_twice_is_one_case(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"CUP-BLUE": 1}, clock(), delivered_days=1)
    chat = known()
    chat.say("delivery_problem", "it is late")
    chat.say("delivery_problem", "it is so LATE", strong=True, sentiment=-0.9)
    assert chat.outcome.hand_over == "delivery_problem"
    with store.read() as session:
        assert [case.priority for case in session.execute(select(Case)).scalars()] == ["high"]


def test_a_strangers_problem_is_noted_and_tied_to_the_order_later(
    store: Store, shop: Shop, stranger: Opened, clock: Clock
) -> None:
    order_id = add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock())
    chat = stranger()
    reply = chat.say("delivery_problem", "stuck in customs, so slow")
    assert phrase("customer.delivery.late", "en", case=1001) in reply.text
    chat.say("", "SO-1001", answers=True, order_id="SO-1001")
    chat.say("", "li.mei@example.com", answers=True, email="li.mei@example.com")
    with store.read() as session:
        case = session.execute(select(Case)).scalar_one()
        assert (case.order_id, case.topic) == (order_id, "late")


@BOTH
def test_the_button_under_an_order_asks_what_is_wrong(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"CUP-BLUE": 1}, clock(), delivered_days=1)
    chat = known(language)
    reply = chat.press("delivery_problem:SO-1001")
    assert "delivery_problem:SO-1001|damaged" in values(reply)
    chat.press("delivery_problem:SO-1001|damaged")
    assert chat.outcome.hand_over == "delivery_problem"


# --- cost -----------------------------------------------------------------------------------------------------------
def test_few_statements(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    for number in range(1001, 1006):
        add_order(
            store, shop, "mei", f"SO-{number}", "paid", {"CUP-BLUE": 1, "BOX": 2, "BEANS": 1}, clock(), age_days=1
        )
    chat = known()
    steps = [
        lambda: chat.say("order_status", "where is it"),
        lambda: chat.say("order_status", "x", order_id="SO-1001"),
        lambda: chat.say("cancel_order", "x", order_id="SO-1001"),
        lambda: chat.press("affirm"),
        lambda: chat.say("delivery_problem", "broken", order_id="SO-1002"),
        lambda: chat.say("refund_status", "x", order_id="SO-1001"),
        lambda: chat.say("product_recommend", "a gift", recipient="mother"),
        lambda: chat.say("product_question", "does it fit", product=["MILL"]),
        lambda: chat.say("stock_check", "x", product=["CUP-WHITE"]),
        lambda: chat.say("unsubscribe", "stop"),
        lambda: chat.say("complaint", "bad"),
    ]
    seen: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for step in steps:
        seen.clear()
        step()
        said = [one for one in seen if not one.startswith(("BEGIN", "SAVEPOINT"))]
        assert len(said) <= 12, "\n".join(said)
