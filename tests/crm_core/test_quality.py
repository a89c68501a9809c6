"""Cleaning: no row is lost, cleaning twice changes nothing more, every rule finds what it is for."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import func, select

from config.settings import FOLDER, Business
from crm_core.database import Store
from crm_core.importing import runs as importing
from crm_core.importing.columns import KINDS, Kind
from crm_core.importing.values import Habits, ZoneInfo
from crm_core.models import AuditEntry, Customer, Order, OrderLine, Product, Shipment
from crm_core.quality import command, files, reporting
from crm_core.quality.cleaning import Cleaned, clean
from crm_core.quality.rules import MUST, ODD
from crm_core.quality.sheets import FIELDS, Sheet, type_of
from tests.conftest import NOW
from tests.crm_core.business_files import take, write, write_customers, write_orders

HABITS = Habits(ZoneInfo("Asia/Shanghai"), "CN", "CNY", NOW, "dmy", False)
PLAIN = st.text("abcABC王芳é１Ａ \u00a0\u200b", max_size=6)
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "text": PLAIN,
    "id": st.sampled_from(["C1", "C2", "C3", "", "ＳＯ1", "a@x.com"]),
    "name": st.sampled_from(["Ann Lee", "Ann Leee", "çŽ‹èŠ³", "王芳", "鐜嬭姵", "é”Ÿæ–¤æ‹·", "", "ＡＢ　"]),
    "address": PLAIN,
    "email": st.sampled_from(["ann@x.com", "ANN@x.com", "ann@", "", "b\u200bob@x.com"]),
    "phone": st.sampled_from(["13800138000", "138 0013 8000", "020 7946 0958", "+44 20 7946 0958", "12", ""]),
    "country": st.sampled_from(["UK", "中国", "Narnia", ""]),
    "currency": st.sampled_from(["CNY", "¥", "USD", "XXQ", ""]),
    "money": st.sampled_from(["12.50", "0", "-3", "€5", "1e9", "99999999999", "", 7.5]),
    "whole": st.sampled_from(["1", "0", "２", "-1", "many", "", 3.0]),
    "moment": st.sampled_from(["2026-01-02", "1980-01-01", "2031-05-05", "1950-01-01", "soon", "2026-02-30", "", NOW]),
    "day": st.sampled_from(["2026-01-05", "2026-13-01", ""]),
}


def sheet(kind: Kind, rows: list[dict[str, Any]]) -> Sheet:
    names = list(rows[0]) if rows else list(FIELDS[kind])
    cells = pd.DataFrame([[row[name] or None for name in names] for row in rows], columns=names, dtype=object)
    cells.index = pd.RangeIndex(2, len(rows) + 2)
    labels = pd.Series(list(cells.index), index=cells.index, dtype=object)
    return Sheet(f"{kind}.csv", kind, cells, {name: name.title() for name in names}, labels)


def rows_of(kind: Kind) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = {name: CELLS.get(holds, st.just("")) for name, holds in FIELDS[kind].items()}
    return st.lists(st.fixed_dictionaries(row), min_size=1, max_size=25)


def found(cleaned: Cleaned) -> set[tuple[str, str, str]]:
    return {(each.column, each.rule, each.outcome) for each in cleaned.findings}


def look(kind: Kind, *rows: dict[str, Any], orders: pd.DataFrame | None = None) -> set[tuple[str, str, str]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return found(clean(sheet(kind, [{name: row.get(name) for name in names} for row in rows]), HABITS, orders))


# --- properties ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_no_row_is_lost_and_cleaning_twice_changes_nothing_more(kind: Kind, data: st.DataObject):
    before = sheet(kind, data.draw(rows_of(kind)))
    once = clean(before, HABITS)
    assert once.rows == once.kept + len(once.rejected) + len(once.merged) == len(before.cells)
    parts = [set(once.sheet.cells.index), set(once.rejected), set(once.merged)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(before.cells)
    again = clean(once.sheet, HABITS)
    assert (again.rejected, again.merged) == ({}, {})
    assert not [each for each in again.findings if each.outcome != "flagged"]
    pd.testing.assert_frame_equal(again.sheet.cells, once.sheet.cells)
    reporting.markdown([reporting.as_dict(once, stored=False)], "zh")


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20, unique=True))
@settings(max_examples=10, deadline=None)
def test_a_clean_table_comes_out_unchanged(numbers: list[int]):
    rows = [
        {
            "external_id": f"C{n}", "name": f"Name {n}", "email": f"p{n}@example.com", "phone": f"+86138{n:08d}",
            "city": "杭州", "country": "CN", "first_seen_at": (date(2024, 1, 1) + timedelta(days=n % 700)).isoformat(),
        }
        for n in numbers
    ]  # fmt: skip
    before = sheet("customers", rows)
    cleaned = clean(before, HABITS)
    assert found(cleaned) == set()
    pd.testing.assert_frame_equal(cleaned.sheet.cells, before.cells)


# --- rules -----------------------------------------------------------------------------------------------------------
PERSON = {"external_id": "C1", "name": "Ann"}
LINE = {
    "number": "SO-1",
    "sku": "T2",
    "quantity": "1",
    "external_id": "C1",
    "placed_at": "2026-01-01",
    "unit_price": "5",
}
PARCEL = {"number": "SO-1", "tracking_no": "SF1"}


@pytest.mark.parametrize(
    ("kind", "row", "column", "rule", "outcome"),
    [
        ("customers", {"name": "Ann"}, "external_id", "no_key", "rejected"),
        ("customers", PERSON | {"email": "ann@"}, "email", "type", "rejected"),
        ("customers", PERSON | {"country": "Narnia"}, "country", "unknown", "rejected"),
        ("customers", PERSON | {"first_seen_at": "2031-01-01"}, "first_seen_at", "future", "rejected"),
        ("customers", PERSON | {"first_seen_at": "1980-01-01"}, "first_seen_at", "early", "rejected"),
        ("customers", PERSON | {"first_seen_at": "1950-01-01"}, "first_seen_at", "early", "rejected"),
        ("customers", PERSON | {"name": "锟斤拷"}, "name", "damaged", "flagged"),
        ("customers", PERSON | {"name": "çŽ‹èŠ³"}, "name", "encoding", "changed"),
        ("customers", PERSON | {"phone": "020 7946 0958", "country": "UK"}, "phone", "country_added", "changed"),
        ("customers", PERSON | {"phone": "1234567"}, "phone", "phone_without_country", "flagged"),
        ("products", {"sku": None, "price": "5"}, "sku", "missing", "rejected"),
        ("customers", PERSON | {"city": "x" * 101}, "city", "too_long", "rejected"),
        ("products", {"sku": "T2", "stock": "900000000"}, "stock", "too_large", "rejected"),
        ("products", {"sku": "T2", "stock": "-3"}, "stock", "negative", "rejected"),
        ("products", {"sku": "T2", "price": "0"}, "price", "zero", "flagged"),
        ("products", {"sku": "T2", "price": "5", "currency": "XXQ"}, "currency", "unknown", "rejected"),
        ("products", {"sku": "T2", "price": "$5", "currency": "EUR"}, "price", "currency_differs", "rejected"),
        ("orders", LINE | {"quantity": "0"}, "quantity", "no_quantity", "rejected"),
        ("orders", LINE | {"unit_price": "-5"}, "unit_price", "negative", "rejected"),
        ("orders", LINE | {"external_id": None}, "customer", "no_key", "rejected"),
        ("orders", LINE | {"placed_at": None}, "placed_at", "missing", "rejected"),
        ("orders", LINE | {"discount": "6"}, "discount", "discount_too_large", "rejected"),
        ("orders", LINE | {"cancelled_at": "2025-12-01"}, "cancelled_at", "cancelled_early", "rejected"),
        ("orders", LINE | {"total": "6"}, "total", "total_differs", "flagged"),
        ("orders", LINE | {"total": "0", "unit_price": "0"}, "total", "zero", "flagged"),
        ("shipments", PARCEL | {"shipped_at": "2026-02-02", "delivered_at": "2026-01-02"}, "delivered_at",
         "delivered_early", "rejected"),
        ("shipments", PARCEL | {"shipped_at": "2026-02-02", "expected_on": "2026-01-02"}, "expected_on",
         "expected_early", "flagged"),
    ],
)  # fmt: skip
def test_each_rule_finds_what_it_is_for(kind: Kind, row: dict[str, Any], column: str, rule: str, outcome: str):
    assert (column, rule, outcome) in look(kind, row)


def test_what_is_right_breaks_no_rule():
    assert look("orders", LINE | {"total": "12", "shipping": "8", "discount": "1"}) == set()
    assert look("products", {"sku": "T2", "price": "5", "currency": "CNY"}) == set()
    assert look("customers", PERSON | {"phone": "13800138000"}) == set()


def test_rows_that_belong_together():
    assert look("customers", PERSON, PERSON) == {("", "exact", "merged")}
    assert ("external_id", "repeated", "rejected") in look("customers", PERSON, PERSON | {"name": "Bob"})
    assert ("number", "rows_differ", "rejected") in look("orders", LINE, LINE | {"placed_at": "2026-05-05", "sku": "A"})
    orders = pd.DataFrame({"number": ["SO-1"], "placed_at": pd.to_datetime(["2026-03-03"], utc=True)})
    early = PARCEL | {"delivered_at": "2026-01-02", "shipped_at": "2026-01-01"}
    told = look("shipments", early, orders=orders)
    assert {("delivered_at", "delivered_early", "rejected")} == told


def test_an_order_is_held_back_as_a_whole_and_its_first_row_speaks_for_all():
    second = {"number": "SO-1", "sku": "T3", "quantity": "2", "unit_price": "1"}
    assert look("orders", LINE | {"total": "7"}, second) == set()
    told = look("orders", LINE | {"placed_at": "2031-01-01"}, second)
    assert told == {("placed_at", "future", "rejected"), ("number", "held_back", "rejected")}


def test_what_is_far_from_usual_is_told_and_stays():
    rows = [{"sku": f"T{n}", "category": "tea", "price": str(20 + n)} for n in range(10)]
    assert look("products", *rows) == set()
    cleaned = clean(sheet("products", [*rows, {"sku": "X", "category": "tea", "price": "2500"}]), HABITS)
    assert found(cleaned) == {("price", "outlier", "flagged")}
    assert cleaned.kept == 11


def test_a_detail_of_many_and_likely_duplicates_are_told():
    rows = [{"external_id": f"C{n}", "email": "info@shop.com", "phone": None} for n in range(11)]
    assert look("customers", *rows) == {("email", "shared", "flagged")}
    told = clean(sheet("customers", [{"external_id": f"C{n}", "email": "ann@x.com"} for n in range(2)]), HABITS)
    assert [(pair.first, pair.second, pair.reasons) for pair in told.pairs] == [(2, 3, ("same_email",))]


def test_every_rule_has_its_words_in_both_languages():
    english, chinese = (yaml.safe_load((FOLDER / "quality.yml").read_text("utf-8"))[name] for name in ("en", "zh"))

    def keys(node: Any) -> Any:
        return {name: keys(below) for name, below in node.items()} if isinstance(node, dict) else type(node)

    assert keys(english) == keys(chinese)
    named = {rule.split("@")[0] for rules in (*MUST.values(), *ODD.values()) for rule in rules}
    assert named <= set(english["rules"])
    fields = {re.sub(".*@", "", rule) for kind in KINDS for rule in (*MUST[kind], *ODD[kind])}
    assert fields <= {name for kind in KINDS for name in FIELDS[kind]}


@pytest.mark.parametrize("kind", ["customers", "orders"])
def test_what_an_import_cannot_read_is_found_before(kind: Kind, tmp_path: Path):
    """Only what takes the database to know, such as unknown products, is left to the import itself."""
    path = tmp_path / f"{kind}.csv"
    faults = write_customers(path, 2000) if kind == "customers" else write_orders(path, 2000, 2000)
    [told] = command.of_files([planned(path)], None)
    readable = {line for line, word in faults.items() if word in ("customer", "SKU")}
    assert {each["row"] for each in told["rejects"]} == set(faults) - readable


# --- files -----------------------------------------------------------------------------------------------------------
CUSTOMERS = """Customer ID,Name,E-mail,Phone,City,Points
C1,çŽ‹èŠ³,wang@example.com,13800138000,杭州,1
C2,Ann Leigh,ann@example.com,020 7946 0958,Leeds,2
C2,Ann Leigh,ann@example.com,020 7946 0958,Leeds,2
C3,"Bob
C4,Bob Baker,bob@,,York,3
"""


def planned(path: Path) -> importing.ImportPlan:
    return importing.plan_import(path, Business(), NOW)


def test_a_file_stays_as_it_is_and_rejected_rows_are_kept_with_their_reason(tmp_path: Path):
    path = write(tmp_path / "c.csv", CUSTOMERS)
    [told] = command.of_files([planned(path)], tmp_path / "out")
    assert [told[name] for name in ("rows", "kept", "rejected", "merged")] == [5, 2, 2, 1]
    kept = (tmp_path / "out" / "c.csv.rejected.csv").read_text("utf-8-sig").splitlines()
    assert kept[0].startswith("line,reason,Customer ID")
    assert "a quote is opened here" in kept[1] or "cannot be split" in kept[1]
    assert kept[2].startswith("6,E-mail: not what the column holds,C4,Bob Baker,bob@")
    assert path.read_text("utf-8") == CUSTOMERS


def test_importing_cleaned_takes_in_what_was_meant(store: Store, tmp_path: Path):
    plan, cleaned = files.cleaned_plan(planned(write(tmp_path / "c.csv", CUSTOMERS)))
    result = importing.run_import(store, plan)
    assert (result.rows, result.created, result.rejected) == (4, 2, 2)
    assert cleaned.rows == result.rows + len(cleaned.merged)
    with store.read() as session:
        assert {each.name for each in session.scalars(select(Customer))} == {"王芳", "Ann Leigh"}


def test_an_order_with_a_bad_row_is_not_imported_by_halves(store: Store, tmp_path: Path):
    take(store, write(tmp_path / "c.csv", "id,name\nC1,Ann\n"))
    take(store, write(tmp_path / "p.csv", "sku,name,price\nT2,Tea,5.00\nT3,Cup,6.00\n"))
    head = "order number,customer id,sku,quantity,unit price,order date,total\n"
    first = "SO-1,C1,T2,1,5.00,2026-01-01,5.00\n"
    path = write(tmp_path / "o.csv", f"{head}{first}{first}SO-2,C1,T2,1,5.00,1985-01-01,\nSO-2,C1,T3,1,6.00,,\n")
    plan, _ = files.cleaned_plan(planned(path))
    result = importing.run_import(store, plan)
    assert (result.created, result.rejected, result.held_back) == (1, 1, 1)
    assert result.rejects[0]["reason"] == "order date: before 1990"
    with store.read() as session:
        assert session.scalars(select(OrderLine.quantity)).all() == [1]


def test_a_workbook_and_an_empty_file_are_looked_at_like_any_other(tmp_path: Path):
    book = Workbook()
    sheet_ = book.active
    assert sheet_ is not None
    for row in (
        ["Customer ID", "Name", "Phone", "Since"],
        [1.0, "çŽ‹èŠ³", 13800138000, date(2024, 1, 2)],
        [2, True, 13800138001.0, date(2031, 1, 2)],
        [2, True, 13800138001, date(2031, 1, 2)],
    ):
        sheet_.append(row)
    book.save(tmp_path / "c.xlsx")
    empty = write(tmp_path / "e.csv", "order number,customer id,sku,quantity,order date,total\n")
    book_told, empty_told = command.of_files([planned(tmp_path / "c.xlsx"), planned(empty)], None)
    assert [book_told[name] for name in ("kept", "rejected", "merged")] == [1, 1, 1]
    assert [column["column"] for column in book_told["columns"]] == [None, "Name", "Since"]
    assert (empty_told["rows"], empty_told["columns"]) == (0, [])


def test_shipments_know_the_orders_looked_at_with_them(tmp_path: Path):
    orders = "order number,customer id,sku,quantity,order date\nSO-1,C1,T2,1,2026-03-03\n"
    parcels = "order number,tracking number,delivered\nSO-1,SF1,2026-01-01\n"
    plans = [planned(write(tmp_path / name, text)) for name, text in (("s.csv", parcels), ("o.csv", orders))]
    told = {sheet["kind"]: sheet for sheet in command.of_files(plans, None)}
    assert (told["orders"]["rejected"], told["shipments"]["rejected"]) == (0, 1)


# --- the database ----------------------------------------------------------------------------------------------------
def fill(store: Store) -> None:
    with store.write() as session:
        people = [
            Customer(number=number, name=name, email=email, phone=phone, city="York", country="GB",
                     first_seen_at=NOW, updated_at=NOW)
            for number, name, email, phone in (
                (10001, "Ann Leigh", "ann@example.com", "+8613800138000"),
                (10002, "Anne Leigh", "leigh@example.com", "+8613800138000"),
                (10003, "çŽ‹èŠ³", "wang@example.com", None),
                (10004, "Nobody Else", None, None),
            )
        ]  # fmt: skip
        merged = Customer(number=10005, name="Ann Leigh", email="ann@example.com", first_seen_at=NOW, updated_at=NOW)
        visitor = Customer(number=10006, kind="visitor", first_seen_at=NOW, updated_at=NOW)
        tea = Product(
            sku="T2", name_en="Tea", name_zh="茶", category="tea", price_minor=500, currency="CNY", updated_at=NOW
        )
        session.add_all([*people, merged, visitor, tea])
        session.flush()
        merged.merged_into_id = people[0].id
        for number, days, total in (("SO-1", -30, 500), ("SO-2", 9, 500), ("SO-3", -30, 900)):
            order = Order(
                number=number, customer_id=people[0].id, status="paid", placed_at=NOW + timedelta(days=days),
                updated_at=NOW, currency="CNY", total_minor=total,
            )  # fmt: skip
            order.lines.append(OrderLine(position=0, product_id=tea.id, quantity=1, unit_minor=500))
            order.shipments.append(Shipment(tracking_no=f"SF{number}", carrier="SF", status="delivered"))
            order.shipments[0].delivered_at = NOW - timedelta(days=40 if number == "SO-1" else 1)
            session.add(order)


def test_the_same_rules_hold_for_the_database_and_nothing_changes(store: Store):
    fill(store)
    told = {each["kind"]: each for each in command.of_database(store, Business(), actor="command line", now=NOW)}

    def rules(kind: str) -> set[tuple[str, str]]:
        return {(each["column"], what["rule"]) for each in told[kind]["columns"] for what in each["found"]}

    assert told["customers"]["rows"] == told["customers"]["kept"] == 4
    assert rules("customers") == {("name", "encoding"), ("external_id", "no_key")}
    assert told["customers"]["duplicates"] == [
        {"first": 10001, "second": 10002, "reasons": ["same_phone", "near_name"]}
    ]
    assert rules("orders") == {("placed_at", "future"), ("total", "total_differs")}
    assert [each["row"] for each in told["orders"]["rejects"]] == ["SO-2"]
    assert {each["row"] for each in told["shipments"]["rejects"]} == {"SO-1", "SO-2"}
    with store.read() as session:
        assert [each.name for each in session.scalars(select(Customer).order_by(Customer.number))][2] == "çŽ‹èŠ³"
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.actor, "email" in entry.fields) == ("quality", "command line", True)
        assert session.scalar(select(func.count()).select_from(Order)) == 3


def test_an_empty_database_has_nothing_wrong(store: Store):
    told = command.of_database(store, Business(), actor="command line", now=NOW)
    assert [(each["rows"], each["columns"]) for each in told] == [(0, [])] * 4


def test_the_report_shows_no_personal_data_and_is_safe_to_open(store: Store, tmp_path: Path):
    fill(store)
    hostile = CUSTOMERS + "C9,<script>alert(1)</script> | x,eve.long@,+44 20 7946 0000,\u00a0<b>|`,1\n"
    sheets = command.of_database(store, Business(), actor="command line", now=NOW)
    sheets += command.of_files([planned(write(tmp_path / "c.csv", hostile))], None)
    texts = [json.dumps(sheets, ensure_ascii=False)]
    texts += [form(sheets, language) for form in command.FORMS.values() for language in ("en", "zh")]  # type: ignore[arg-type]
    for text in texts:
        for personal in (
            "Leigh",
            "Nobody Else",
            "王芳",
            "çŽ‹",
            "example.com",
            "13800138000",
            "7946",
            "eve.long",
            "SFSO",
        ):
            assert personal not in text
    assert all("<script" not in text and "<b>" not in text for text in texts[1:])
    assert "Likely duplicates" in texts[1]
    assert "可能重复的客户" in texts[2]
    assert type_of("customers", "custom.points") == "text"
