"""What models learn from is what is stored: nothing of others, nothing later, nothing that was cancelled by then."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import select

from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.definition import day_number
from crm_core.analytics.prediction.snapshots import Past
from crm_core.analytics.prediction.stored_past import KINDS, StoredPast, reading_past
from crm_core.analytics.prediction.targets import TARGETS
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.database import Store
from crm_core.models import Interaction, Order, OrderLine, Product
from nlu.intents import CUSTOMER
from tests.conftest import NOW
from tests.crm_core.random_business import Business

TODAY = NOW.date()
AFTER, UNTIL = TODAY - timedelta(400), TODAY - timedelta(90)


@pytest.fixture
def past(store: Store) -> Iterator[StoredPast]:
    with store.write() as session:
        Business(3, TODAY).found(session)
    with reading_past(store, "CNY", TODAY) as found:
        yield found


def day_of(moment: Any) -> date:
    day: date = moment.astimezone(UTC).date()
    return day


def counted(store: Store, after: date, until: date) -> list[Order]:
    with store.read() as session:
        orders = session.scalars(select(Order).where(Order.status != "draft")).all()
        session.expunge_all()
    return [
        order for order in orders
        if after < day_of(order.placed_at) <= until
        and not (order.status == "cancelled" and day_of(order.cancelled_at or order.placed_at) <= until)
    ]  # fmt: skip


def test_it_is_a_past(past: StoredPast, store: Store):
    kept: Past = past
    with store.read() as session:
        ordered = session.scalars(select(Order.placed_at).where(Order.status != "draft")).all()
    assert kept.first == min(map(day_of, ordered))
    assert kept.last == TODAY
    assert kept.customers().tolist() == sorted(set(kept.customers().tolist()))


def test_features_of_some_are_those_of_all(past: StoredPast, store: Store):
    everybody = feature_store.compute(store, UNTIL, currency="CNY")
    assert_frame_equal(past.features(UNTIL), everybody)
    for ids in (past.customers()[::3], past.customers()[1:3], past.customers()[:0]):
        expected = everybody[everybody["customer_id"].isin(ids)].reset_index(drop=True)
        assert_frame_equal(past.features(UNTIL, ids), expected, check_dtype=len(ids) > 0)


def test_orders_are_those_that_counted_by_then(past: StoredPast, store: Store):
    orders = counted(store, AFTER, UNTIL)
    spent = [
        (each.customer_id, day_number(day_of(each.placed_at)), each.total_minor * (each.currency == "CNY"))
        for each in orders
    ]
    assert sorted(map(tuple, past.orders(AFTER, UNTIL).to_numpy().tolist())) == sorted(spent)
    some = past.customers()[::2]
    assert set(past.orders(AFTER, UNTIL, some)["customer_id"]) == {each[0] for each in spent} & set(some.tolist())
    assert len(past.orders(UNTIL, UNTIL)) == 0


def test_categories_are_those_of_the_lines(past: StoredPast, store: Store):
    orders = {order.id: order for order in counted(store, date(1970, 1, 1), UNTIL)}
    bought: dict[tuple[int, str], set[int]] = defaultdict(set)
    with store.read() as session:
        for line, category in session.execute(select(OrderLine, Product.category).join(Product)):
            if line.order_id in orders:
                bought[orders[line.order_id].customer_id, category].add(line.order_id)
    found = past.bought_categories(UNTIL)
    assert {(row.customer_id, row.category): row.orders for row in found.itertuples()} == {
        key: len(ids) for key, ids in bought.items()
    }
    last = {(row.customer_id, row.category): row.last_day for row in found.itertuples()}
    for key, ids in bought.items():
        assert last[key] == max(day_number(day_of(orders[each].placed_at)) for each in ids)
    lines = past.order_lines(date(1970, 1, 1), UNTIL)
    assert set(zip(lines["customer_id"], lines["category"], strict=True)) == set(bought)


def test_contacts_are_what_customers_wrote_in_its_order(past: StoredPast, store: Store):
    with store.read() as session:
        said = session.scalars(
            select(Interaction)
            .where(Interaction.author == "customer", Interaction.direction == "in", Interaction.kind != "edit")
            .where(Interaction.customer_id.is_not(None), Interaction.intent.in_(list(KINDS)))
            .order_by(Interaction.customer_id, Interaction.occurred_at, Interaction.id)
        ).all()
        expected = [
            (each.customer_id, day_number(day_of(each.occurred_at)), KINDS[each.intent or ""])
            for each in said
            if AFTER < day_of(each.occurred_at) <= UNTIL
        ]
    found = past.contacts(AFTER, UNTIL)
    assert [(row.customer_id, row.day, row.what) for row in found.itertuples()] == expected


def test_kinds_of_contacts_are_intents_of_customers():
    assert set(KINDS) <= set(CUSTOMER)
    assert set(KINDS.values()) == {"delivery", "return", "question", "complaint", "praise"}


@pytest.mark.parametrize("name", TARGETS)
def test_what_followed_can_be_told_of_everybody(name: str, past: StoredPast):
    ids = past.customers()
    followed = TARGETS[name].followed(past, AFTER, UNTIL, ids)
    assert set(followed.index) <= set(ids.tolist())
    assert name == "next_category" or len(followed) == len(ids)
    assert TARGETS[name].followed(past, AFTER, UNTIL, np.array([], dtype=np.int64)).empty


def test_without_an_order_there_is_no_past(store: Store):
    with pytest.raises(TooFewPurchases, match="Nobody has ordered"), reading_past(store, "CNY", TODAY):
        pass
