"""Features: the same to the cell on every engine, blind for the future, and right after any change."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import Table, delete, select, update

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features import increment
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.contact_kinds import CONTACTS
from crm_core.analytics.features.definition import COLUMNS
from crm_core.database import Store, open_store
from crm_core.models import (
    Base,
    CampaignContact,
    Case,
    ChangedCustomer,
    Interaction,
    Order,
    OrderLine,
    Post,
    Product,
    Rating,
    Refund,
)
from nlu.intents import CUSTOMER
from tests.conftest import NOW
from tests.crm_core.random_business import Business

TODAY = NOW.date()
SEEDS = range(2)


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Store]:
    store = open_store(url, folder, None)
    yield store
    store.close()


def found(store: Store, seed: int, customers: int = 12) -> Business:
    business = Business(seed, TODAY)
    with store.write() as session:
        business.found(session, customers)
    return business


def refresh(store: Store, as_of: date) -> feature_store.Refreshed:
    return feature_store.refresh(store, as_of, currency="CNY", now=NOW)


def compute(store: Store, as_of: date) -> pd.DataFrame:
    return feature_store.compute(store, as_of, currency="CNY")


@pytest.mark.parametrize("seed", SEEDS)
def test_both_databases_agree_in_every_cell(
    seed: int, migrated_sqlite: Path, postgres_url: str, tmp_path: Path
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "rapport.sqlite")
    frames = []
    for name, url in (("one", f"sqlite:///{tmp_path / 'rapport.sqlite'}"), ("two", postgres_url)):
        with opened(url, tmp_path / name) as store:
            found(store, seed)
            frames.append([compute(store, TODAY - timedelta(days=back)) for back in (0, 1, 90, 300)])
    for one, two in zip(*frames, strict=True):
        assert_frame_equal(one, two)
    assert len(frames[0][0]) > 5
    assert (frames[0][0]["orders"] > 0).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_happens_later_changes_nothing(store: Store, seed: int) -> None:
    business, as_of = found(store, seed), TODAY - timedelta(days=60)
    before = compute(store, as_of)
    with store.write() as session:
        for _ in range(80):
            business.happen(session, after=as_of)
    assert_frame_equal(compute(store, as_of), before)


@pytest.mark.parametrize("seed", SEEDS)
def test_refreshing_equals_computing_for_everybody(store: Store, seed: int) -> None:
    business, as_of = found(store, seed, 40), TODAY - timedelta(days=3)
    assert refresh(store, as_of).everybody
    alone = 0
    for _ in range(8):
        business.today = as_of = as_of + timedelta(days=business.pick((0, 1, 1, 2, 9)))
        with store.write() as session:
            for _ in range(business.random.randrange(3)):
                business.pick((business.happen, business.change))(session)
        done = refresh(store, as_of)
        alone += not done.everybody and done.added > 0
        assert_frame_equal(feature_store.stored(store), compute(store, as_of))
    assert alone >= 2


def test_columns_are_the_same_wherever_they_are_named(store: Store) -> None:
    refresh(store, TODAY)
    assert tuple(feature_store.stored(store).columns) == COLUMNS == tuple(compute(store, TODAY).columns)
    assert {intent for intents in CONTACTS.values() for intent in intents} < set(CUSTOMER)
    with store.engine.connect() as connection:
        for fact, table in engine.facts_of(store.engine.dialect.name).items():
            view = Dialect(store.engine.dialect.name).view(fact)
            assert set(table.columns) <= set(connection.exec_driver_sql(f"SELECT * FROM {view}").keys())


def test_a_run_that_breaks_off_is_made_up_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found(store, 5)
    refresh(store, TODAY - timedelta(days=1))

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(increment, "write", fail)
        with pytest.raises(KeyboardInterrupt):
            refresh(store, TODAY)
    assert refresh(store, TODAY).everybody
    assert_frame_equal(feature_store.stored(store), compute(store, TODAY))


def test_only_what_matters_is_noted(store: Store) -> None:
    """An order on its way changes no feature, nor does what we write ourselves."""
    business = found(store, 7)
    refresh(store, TODAY)
    with store.write() as session:
        orders = Order.__table__
        session.execute(update(orders).where(orders.c.status == "placed").values(status="shipped", updated_at=NOW))
        session.execute(update(orders).values(source="elsewhere"))
        assert session.scalars(select(ChangedCustomer)).all() == []
        business.order(session)
        assert len(session.scalars(select(ChangedCustomer.customer_id).distinct()).all()) == 1


CHANGES: tuple[tuple[type[Base], dict[str, Any]], ...] = (
    (Order, {"total_minor": 7}),
    (OrderLine, {"quantity": 77}),
    (Refund, {"amount_minor": 7}),
    (Interaction, {"sentiment_milli": 77}),
    (Case, {"opened_at": NOW}),
    (Rating, {"score": 6}),
    (CampaignContact, {"replied_at": NOW}),
    (Post, {"sentiment_milli": 77}),
)


@pytest.mark.parametrize(("model", "values"), CHANGES, ids=[model.__tablename__ for model, _ in CHANGES])
def test_changing_and_deleting_is_noted_of_exactly_whom_it_concerns(
    store: Store, model: type[Base], values: dict[str, Any]
) -> None:
    found(store, 9, 20)
    table = model.__table__
    assert isinstance(table, Table)
    whose = select(Order.customer_id).join(table, table.c.order_id == Order.id) if "order_id" in table.c else None
    whose = select(table.c.customer_id) if "customer_id" in table.c or whose is None else whose
    if model is Interaction:
        whose = whose.where(table.c.direction == "in", table.c.author == "customer")
    if model is Rating:
        whose = whose.where(table.c.given_at.is_not(None))
    with store.write() as session:
        concerned = set(session.scalars(whose)) - {None}
        for change in (update(table).values(**values), delete(table)):
            session.execute(delete(ChangedCustomer))
            session.execute(change)
            assert set(session.scalars(select(ChangedCustomer.customer_id))) == concerned
    assert concerned


def test_a_new_category_concerns_who_bought_of_it(store: Store) -> None:
    found(store, 9, 20)
    with store.write() as session:
        product, buyer = session.execute(
            select(OrderLine.product_id, Order.customer_id).join(Order, Order.id == OrderLine.order_id).limit(1)
        ).one()
        session.execute(delete(ChangedCustomer))
        session.execute(update(Product).where(Product.id == product).values(category="another", stock=5))
        noted = set(session.scalars(select(ChangedCustomer.customer_id)))
        assert buyer in noted
        session.execute(delete(ChangedCustomer))
        session.execute(update(Product).values(stock=6, name_en="Renamed"))
        assert session.scalars(select(ChangedCustomer)).all() == []
