"""A day that is added to the stored features: orders in every way, others who write, and since when it counts."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pandas import DataFrame
from pandas.testing import assert_frame_equal
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.analytics.features import increment
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.definition import day_number
from crm_core.database import Store
from crm_core.models import (
    Campaign,
    CampaignContact,
    Case,
    ChangedCustomer,
    Conversation,
    Customer,
    Interaction,
    Order,
    OrderLine,
    Post,
    Product,
    Rating,
    Refund,
)
from tests.conftest import NOW
from tests.crm_core.feature_rows import stored
from tests.crm_core.random_business import Business

TODAY = NOW.date()
DAY = timedelta(days=1)
SEED = 100


def refresh(store: Store, as_of: date, *, everybody: bool = False) -> feature_store.Refreshed:
    return feature_store.refresh(store, as_of, currency="CNY", now=NOW, everybody=everybody)


def compute(store: Store, as_of: date) -> DataFrame:
    return feature_store.compute(store, as_of, currency="CNY")


def test_orders_are_added_changed_and_taken_back(store: Store) -> None:
    business, as_of = Business(SEED, TODAY), TODAY - 8 * DAY
    with store.write() as session:
        business.found(session, 40)
    refresh(store, as_of)
    added = 0
    for _ in range(6):
        business.today = as_of = as_of + DAY
        with store.write() as session:
            for _ in range(4):
                business.trade(session)
        done = refresh(store, as_of)
        added += done.added
        assert not done.everybody
        assert_frame_equal(feature_store.stored(store), compute(store, as_of))
    kept = stored(store)
    assert refresh(store, as_of, everybody=True).everybody
    assert stored(store) == kept
    assert added > 10


@pytest.mark.parametrize("step", ["between", "write"])
def test_what_is_written_meanwhile_is_made_up_for(store: Store, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Before the facts are read, or while what differs is written: nothing is lost, and nothing counts twice."""
    business = Business(7, TODAY - DAY)
    with store.write() as session:
        business.found(session, 40)
    refresh(store, TODAY - 2 * DAY)
    work: Callable[..., Any] = getattr(increment, step)

    def disturbed(*given: Any, **named: Any) -> Any:
        with store.write() as session:
            for change in (*3 * [business.trade], business.happen, business.change):
                change(session)
        return work(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(increment, step, disturbed)
        with store.write() as session:
            business.trade(session)
        assert not refresh(store, TODAY - DAY).everybody
    if step == "between":
        assert_frame_equal(feature_store.stored(store), compute(store, TODAY - DAY))
    assert not refresh(store, TODAY).everybody
    assert_frame_equal(feature_store.stored(store), compute(store, TODAY))


# --- since when it counts -------------------------------------------------------------------------------------------
SINCE = TODAY - 20 * DAY
AT = datetime.combine(SINCE, time(23, 59, 59, 999_999), UTC)
EARLIER, LATER = AT - 30 * DAY, AT + 5 * DAY
Change = Callable[[Session, "Somebody"], object]


class Somebody:
    """A customer with something of everything that happened on the day in question, and an older order."""

    def __init__(self, session: Session, number: int, product: int, campaign: int) -> None:
        self.rows: list[Any] = []

        def add(row: Any) -> Any:
            session.add(row)
            session.flush()
            self.rows.append(row)
            return row

        self.id = add(Customer(number=number, kind="person", first_seen_at=EARLIER, updated_at=EARLIER)).id
        chat = Conversation(
            channel="web", account="a", chat_id=str(number), customer_id=self.id, state_since=EARLIER,
            started_at=EARLIER,
        )  # fmt: skip
        chat_id = add(chat).id
        self.older, self.order = (
            add(Order(number=f"{number}-{at}", customer_id=self.id, status="paid", placed_at=at, updated_at=at,
                      currency="CNY", total_minor=700))
            for at in (EARLIER, AT)
        )  # fmt: skip
        self.line = add(OrderLine(order_id=self.order.id, position=0, product_id=product, quantity=3, unit_minor=9))
        self.refund = add(Refund(order_id=self.older.id, status="paid", amount_minor=5, currency="CNY",
                                 requested_at=EARLIER, paid_at=AT))  # fmt: skip
        self.message = add(Interaction(
            conversation_id=chat_id, customer_id=self.id, direction="in", author="customer", kind="new", channel="web",
            account="a", chat_id=str(number), message_id=str(number), occurred_at=AT, received_at=AT,
            intent="complaint", sentiment_milli=10,
        ))  # fmt: skip
        self.case = add(Case(number=number, customer_id=self.id, opened_at=AT))
        self.rating = add(Rating(conversation_id=chat_id, customer_id=self.id, asked_at=AT, given_at=AT, score=4))
        self.contact = add(CampaignContact(campaign_id=campaign, customer_id=self.id, variant="a", sent_at=AT))
        self.post = add(Post(connector="x", external_id=str(number), customer_id=self.id, about="us", occurred_at=AT,
                             sentiment_milli=10))  # fmt: skip


def changed(**values: Any) -> Change:
    """A change of the row of the name before the two underscores."""

    def apply(session: Session, somebody: Somebody) -> None:
        for name, value in values.items():
            row, _, column = name.partition("__")
            setattr(getattr(somebody, row), column, value)

    return apply


def deleted(name: str) -> Change:
    return lambda session, somebody: session.delete(getattr(somebody, name))


CHANGES: dict[str, Change] = {
    "order_restated": changed(order__total_minor=800),
    "order_cancelled": changed(older__status="cancelled", older__cancelled_at=AT, older__updated_at=LATER),
    "order_returned": changed(order__status="returned", order__updated_at=AT),
    "order_moved_to_a_later_day": changed(order__placed_at=LATER),
    "order_back_dated": lambda session, who: session.add(
        Order(number=f"late-{who.id}", customer_id=who.id, status="paid", placed_at=AT, updated_at=LATER,
              currency="CNY", total_minor=1)
    ),
    "order_deleted": deleted("order"),
    "line_counted_anew": changed(line__quantity=4),
    "line_deleted": deleted("line"),
    "refund_paid_otherwise": changed(refund__status="approved"),
    "message_understood_otherwise": changed(message__intent="faq"),
    "message_deleted": deleted("message"),
    "case_deleted": deleted("case"),
    "rating_corrected": changed(rating__score=1),
    "campaign_answered": changed(contact__replied_at=AT),
    "post_felt_otherwise": changed(post__sentiment_milli=-900),
}  # fmt: skip


def test_the_day_that_is_noted_is_the_first_that_differs(store: Store) -> None:
    with store.write() as session:
        product = Product(
            sku="P", name_en="", name_zh="", category="tea", price_minor=1, currency="CNY", updated_at=NOW
        )
        campaign = Campaign(name="C", created_at=NOW)
        session.add_all([product, campaign])
        session.flush()
        people = {name: Somebody(session, place, product.id, campaign.id) for place, name in enumerate(CHANGES, 1)}
        session.execute(delete(ChangedCustomer))
    days = (SINCE - DAY, SINCE)
    before = [compute(store, day) for day in days]
    with store.write() as session:
        for name, change in CHANGES.items():
            session.add_all(people[name].rows)
            change(session, people[name])
        session.flush()
        newest_first = select(ChangedCustomer).order_by(ChangedCustomer.since_day.desc())
        noted = {note.customer_id: note.since_day for note in session.scalars(newest_first)}
    ids = {name: somebody.id for name, somebody in people.items()}
    after = [compute(store, day) for day in days]
    assert noted == dict.fromkeys(ids.values(), day_number(SINCE))
    assert_frame_equal(after[0], before[0])
    one, other = (frame.astype("string").fillna("").set_index("customer_id") for frame in (before[1], after[1]))
    assert [name for name, who in ids.items() if one.loc[str(who)].equals(other.loc[str(who)])] == []
