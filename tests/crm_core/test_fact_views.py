"""The views of facts are what the documents say: every column of every one, in both languages."""

import re

import pytest
from sqlalchemy import Connection

from config.settings import PROJECT
from crm_core.analytics import engine
from crm_core.analytics.fact_views import Dialect, views
from crm_core.database import Store

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
