"""The views of facts are what the documents say: every column of every one, in both languages."""

import re

import pytest
from sqlalchemy import Connection, select

from config.settings import PROJECT
from crm_core import drafts, orders
from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect, views
from crm_core.analytics.features.definition import EPOCH
from crm_core.database import Store
from crm_core.models import Order
from tests.bot.shop import open_shop
from tests.conftest import NOW

PERSONAL = {"name", "email", "phone", "address", "city", "text", "handle", "display_name", "author_name"}


def columns(connection: Connection, view: str) -> list[str]:
    name = Dialect(connection.dialect.name).view(view)
    return list(connection.exec_driver_sql(f"SELECT * FROM {name}").keys())


@pytest.mark.parametrize("document", ["docs/analytics.md", "docs/zh/analytics.md"])
def test_every_column_is_documented_and_none_is_personal(store: Store, document: str) -> None:
    text = (PROJECT / document).read_text("utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `")}
    rows["customer_features"] = text.split("`as_of_day`")[-1] + "`as_of_day`"
    with engine.reading(store) as connection:
        for view in views(connection.dialect.name):
            found = columns(connection, view)
            said = set(re.findall(r"`(\w+)`", rows[view]))
            assert [name for name in found if name not in {*said, "customer_id"}] == [], view
            assert not set(found) & PERSONAL


def test_only_what_became_an_order_is_one(store: Store) -> None:
    """A draft of a chat that staff declined or the customer withdrew is none; one cancelled after it was placed is."""
    shop = open_shop(store, NOW)
    with store.write() as session:

        def draft() -> int:
            drafts.place(session, shop.customers["mei"], [drafts.Wanted("MILL", 1)], "", NOW)
            return session.scalars(select(Order.id).order_by(Order.id.desc()).limit(1)).one()

        declined, withdrawn, cancelled, open_ = draft(), draft(), draft(), draft()
        drafts.decline(session, declined, NOW)
        orders.cancel(session, withdrawn, NOW, 0)
        drafts.confirm(session, cancelled, NOW)
        orders.cancel(session, cancelled, NOW, 0)
        drafts.confirm(session, open_, NOW)
        draft()
    with engine.reading(store) as connection:
        say = Dialect(connection.dialect.name)
        for view in ("orders", "order_lines"):
            found = connection.exec_driver_sql(f"SELECT order_id, cancelled_day FROM {say.view(view)} ORDER BY 1")
            assert found.all() == [(cancelled, (NOW.date() - EPOCH).days), (open_, None)]
