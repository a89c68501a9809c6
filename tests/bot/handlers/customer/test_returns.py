"""Returns and refunds."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from crm_core.database import Store
from crm_core.models import Refund
from tests.bot.shop import Shop, add_order
from tests.bot.turns import Chat, everything, phrase, values
from tests.conftest import Clock

Opened = Callable[..., Chat]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])


def refunds(store: Store) -> list[tuple[str, int, str | None]]:
    with store.read() as session:
        rows = session.execute(select(Refund).order_by(Refund.id)).scalars()
        return [(row.status, row.amount_minor, row.reason) for row in rows]


@BOTH
def test_a_return_asks_item_and_reason_and_is_noted_once(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"CUP-BLUE": 2, "BOX": 1}, clock(), delivered_days=3)
    chat = known(language)
    which = chat.say("return_request", "I want to send something back")
    assert values(which) == ["return_request:SO-1001|0", "return_request:SO-1001|1", "return_request:SO-1001|all"]
    why = chat.press("return_request:SO-1001|0")
    assert "return_request:SO-1001|0|broken" in values(why)
    noted = chat.press("return_request:SO-1001|0|broken")
    assert "100" in noted.text
    assert refunds(store) == [("requested", 10000, "broken")]
    again = chat.press("return_request:SO-1001|all|broken")
    assert phrase("customer.return.again", language, number="SO-1001") in again.text
    assert refunds(store) == [("requested", 10000, "broken")]


@BOTH
def test_all_in_one_sentence(store: Store, shop: Shop, known: Opened, clock: Clock, language: str) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"CUP-BLUE": 2, "BOX": 1}, clock(), delivered_days=3)
    reply = known(language).say("return_request", "the box broke", product="BOX", reason="broken", order_id="1001")
    assert "258" in reply.text
    assert refunds(store) == [("requested", 25800, "broken")]


def test_the_reason_can_be_typed(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), delivered_days=3)
    chat = known()
    chat.say("return_request", "send it back")
    chat.say("", "too big", answers=True, reason="wrong_size")
    assert refunds(store) == [("requested", 25800, "wrong_size")]


def test_never_mind_ends_kindly(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), delivered_days=3)
    chat = known()
    chat.say("return_request", "send it back")
    reply = chat.say("", "forget it", answers=True, confirmed=False)
    assert reply.text == phrase("customer.never_mind", "en")
    assert refunds(store) == []


def test_the_discount_is_shared_out(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    order_id = add_order(
        store, shop, "mei", "SO-1001", "delivered", {"CUP-BLUE": 2, "MILL": 1}, clock(), delivered_days=3
    )
    with store.write() as session:
        from crm_core.models import Order

        session.get_one(Order, order_id).discount_minor = 5680  # a tenth of the goods
    known().press("return_request:SO-1001|0|broken")
    assert refunds(store) == [("requested", 9000, "broken")]


@BOTH
def test_outside_the_window_a_person_decides(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), age_days=60, delivered_days=30.01)
    chat = known(language)
    reply = chat.say("return_request", "send it back", reason="broken")
    assert reply.text == phrase("customer.return.not.too_late", language, number="SO-1001")
    assert chat.outcome.hand_over == "return_request"
    assert refunds(store) == []


@BOTH
@pytest.mark.parametrize(("status", "key"), [("paid", "early"), ("shipped", "on_its_way"), ("cancelled", "cancelled")])
def test_what_did_not_arrive_is_not_sent_back(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str, status: str, key: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", status, {"BOX": 1}, clock(), age_days=1)
    reply = known(language).say("return_request", "send it back", order_id="SO-1001", reason="broken")
    assert reply.text == phrase(f"customer.return.not.{key}", language, number="SO-1001")
    assert refunds(store) == []


def test_tampered_buttons_return_nothing_of_others(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "tom", "SO-2001", "delivered", {"BOX": 1}, clock(), delivered_days=3)
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), delivered_days=3)
    chat = known(who="mei")
    for value in ("return_request:SO-2001|0|broken", "return_request:SO-1001|99|broken", "return_request:|||"):
        chat.press(value)
    assert [amount for _, amount, _ in refunds(store)] in ([], [25800])
    with store.read() as session:
        touched = session.execute(select(Refund.order_id)).scalars().all()
    assert shop.orders["SO-2001"] not in touched


@BOTH
def test_refund_states(store: Store, shop: Shop, known: Opened, clock: Clock, language: str) -> None:
    chat = known(language)
    for place, status in enumerate(("requested", "approved", "received", "paid", "refused")):
        number = f"SO-100{place}"
        add_order(store, shop, "mei", number, "delivered", {"BOX": 1}, clock(), delivered_days=9, refund=status)
        reply = chat.say("refund_status", "where is my money", order_id=number)
        assert phrase("customer.refund.about", language, number=number) in reply.text
        assert "258" in reply.text
        assert "{" not in everything(reply)


def test_the_order_with_a_refund_is_meant(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), delivered_days=9, refund="paid")
    add_order(store, shop, "mei", "SO-1002", "paid", {"BOX": 1}, clock(), age_days=1)
    assert "SO-1001" in known().say("refund_status", "where is my money").text


@BOTH
def test_no_refund_is_said_and_a_return_offered(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "delivered", {"BOX": 1}, clock(), delivered_days=9)
    reply = known(language).say("refund_status", "where is my money")
    assert reply.text == phrase("customer.refund.none", language, number="SO-1001")
    assert values(reply) == ["return_request:SO-1001", "talk_to_human"]
