"""Facts as files: what the database holds, day by day, and nothing that it does not hold any more."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pyarrow import parquet
from sqlalchemy import select

from crm_core import privacy
from crm_core.analytics.facts import engine
from crm_core.analytics.facts import files as fact_files
from crm_core.analytics.facts.files import Exported, export_facts
from crm_core.analytics.facts.folder import KEPT, FactsBusy, remove_stale, writing
from crm_core.analytics.facts.views import Dialect
from crm_core.database import Store
from crm_core.models import Order
from tests.conftest import NOW
from tests.crm_core.random_business import Business


@pytest.fixture
def business(store: Store) -> Business:
    made = Business(3, NOW.date())
    with store.write() as session:
        made.found(session, 15)
    return made


def export(store: Store, folder: Path) -> Exported:
    return export_facts(store, folder, now=NOW)


def in_files(folder: Path, fact: str) -> list[tuple[object, ...]]:
    rows = [
        tuple(row.values())
        for file in (folder / fact).glob("*.parquet")
        for row in parquet.read_table(file).to_pylist()
    ]
    return sorted(rows, key=repr)


def in_views(store: Store, fact: str) -> list[tuple[object, ...]]:
    columns, view = ", ".join(engine.COLUMNS[fact].split()), Dialect(store.engine.dialect.name).view(fact)
    with engine.reading(store) as connection:
        return sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM {view}")), key=repr)


def same(store: Store, folder: Path) -> bool:
    return all(in_files(folder, fact) == in_views(store, fact) for fact in engine.COLUMNS)


def names(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.glob("*/[!.]*.parquet")}


def test_files_follow_whatever_changes(store: Store, business: Business, tmp_path: Path):
    folder = tmp_path / "facts"
    first = export(store, folder)
    assert same(store, folder)
    assert first.written == len(names(folder)) > 20
    assert first.unchanged == first.removed == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    for _ in range(6):
        with store.write() as session:
            for _ in range(5):
                business.change(session)
                business.happen(session)
        again = export(store, folder)
        assert same(store, folder)
        assert again.unchanged > 0
    before = names(folder)
    assert export(store, folder).written == 0
    assert names(folder) == before


def test_one_changed_order_rewrites_its_day_alone(store: Store, business: Business, tmp_path: Path):
    export(store, tmp_path)
    before = names(tmp_path)
    with store.write() as session:
        order = session.scalars(select(Order).where(Order.status != "draft").limit(1)).one()
        day, order.total_minor = order.placed_at.date(), order.total_minor + 1
    changed = export(store, tmp_path)
    assert (changed.written, changed.removed) == (1, 1)
    assert {name[: len("orders/2026-11-23")] for name in before ^ names(tmp_path)} == {f"orders/{day}"}


def test_who_is_erased_is_gone_with_the_next_export(store: Store, business: Business, tmp_path: Path):
    export(store, tmp_path / "facts")
    with store.read() as session:
        customer = session.scalars(select(Order.customer_id).where(Order.customer_id.is_not(None)).limit(1)).one()
    assert customer in {cell for row in in_files(tmp_path / "facts", "orders") for cell in row}
    privacy.erase_customer(
        store, customer, actor="test", now=NOW, files=tmp_path / "files", models=tmp_path / "models", reason=None
    )
    export(store, tmp_path / "facts")
    for fact in engine.COLUMNS:
        assert customer not in {cell for row in in_files(tmp_path / "facts", fact) for cell in row}


def test_an_export_that_broke_off_goes_on_where_it_was(
    store: Store, business: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:

        def some_of(pieces: Iterator[object], column: str | None) -> Iterator[object]:
            for count, piece in enumerate(by_day(pieces, column)):
                if column == "occurred_day" and count == 3:
                    raise OSError("no space left")
                yield piece

        by_day = fact_files._by_day
        broken.setattr(fact_files, "_by_day", some_of)
        with pytest.raises(OSError, match="no space"):
            export(store, tmp_path)
    there = names(tmp_path)
    went_on = export(store, tmp_path)
    assert there < names(tmp_path)
    assert went_on.unchanged == len(there)
    assert same(store, tmp_path)
    assert not list(tmp_path.rglob(".*.parquet"))


def test_progress_counts_days(store: Store, business: Business, tmp_path: Path):
    told: list[tuple[str, int, int]] = []
    done = export_facts(store, tmp_path, now=NOW, progress=lambda *each: told.append(each))
    orders = [(count, total) for fact, count, total in told if fact == "orders"]
    assert orders == [(count, len(orders)) for count in range(1, len(orders) + 1)]
    assert len(told) == done.written


def test_two_at_once_are_refused(store: Store, tmp_path: Path):
    with writing(tmp_path, NOW), pytest.raises(FactsBusy):
        export(store, tmp_path)


def test_files_that_nobody_refreshes_are_deleted(tmp_path: Path):
    folder = tmp_path / "facts"
    assert not remove_stale(folder, NOW)
    with writing(folder, NOW):
        (folder / "orders").mkdir()
    assert not remove_stale(folder, NOW + KEPT - timedelta(minutes=1))
    assert remove_stale(folder, NOW + KEPT)
    assert not folder.exists()
