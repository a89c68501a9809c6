"""Export and erasure reach every table; what was erased is nowhere any more and does not come back."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from crm_core import privacy
from crm_core.audit import Verified, verify
from crm_core.csv_cells import safe_cell
from crm_core.database import Store
from crm_core.errors import NotFound
from crm_core.facts import CustomerFacts, Refused
from crm_core.importing.upserts import CustomerBatch
from crm_core.models import AuditEntry, Base, Customer, ErasedMark, Interaction, Order
from crm_core.personal_data import belongings, is_blind_index, opened, sealed_columns
from tests.conftest import NOW
from tests.crm_core.whole_customer import CANARY, PHONE, add_whole_customer


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path / "data" / "files"


def test_every_personal_column_is_in_a_table_that_export_and_erasure_reach() -> None:
    reached = {table.name for table in belongings([1])}
    marked = {table.name for table in Base.metadata.sorted_tables for column in table.c if column.info.get("personal")}
    assert marked, "the marks are gone"
    assert marked <= reached


def test_every_sealed_column_is_marked_and_in_a_table_whose_texts_can_be_found() -> None:
    for table in Base.metadata.sorted_tables:
        for column in sealed_columns(table):
            assert table.c[column].info.get("personal"), f"{table.name}.{column} is sealed and not marked"
        if sealed_columns(table) and table.name != "customers":
            assert "customer_id" in table.c or "order_id" in table.c or table.name == "orders", table.name


def test_export_shows_every_personal_column(store: Store, files: Path) -> None:
    customer_id = add_whole_customer(store, "amsel", files)
    tables = privacy.export_customer(store, customer_id)["tables"]
    for table in belongings([customer_id]):
        for column in table.c:
            if column.info.get("personal") and not is_blind_index(table, column.name):
                name = sealed_columns(table).get(column.name, column.name)
                assert tables[table.name][0][name] not in (None, ""), f"{table.name}.{name} is not exported"
    json.dumps(tables)


def test_export_archive_holds_json_a_readable_text_and_the_files(store: Store, files: Path, tmp_path: Path) -> None:
    customer_id = add_whole_customer(store, "amsel", files)
    add_whole_customer(store, "drossel", files)
    rows = privacy.write_export(store, customer_id, tmp_path / "out.zip", files, actor="staff:1", now=NOW)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert rows["orders"] == 1
    assert f"{CANARY}.amsel@example.com" in content["data.txt"].decode()
    assert json.loads(content["data.json"])["tables"]["notes"][0]["text"] == f"{CANARY} amsel text"
    assert [value for name, value in content.items() if name.startswith("files/")] == [f"{CANARY} photo".encode()]
    assert b"drossel" not in b"".join(content.values())
    with store.read() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["customer.export"]


def test_erasure_deletes_what_the_preview_counts_and_nothing_of_others(store: Store, files: Path) -> None:
    customer_id, other = add_whole_customer(store, "amsel", files), add_whole_customer(store, "drossel", files)
    before = privacy.export_customer(store, other)
    preview = privacy.erase_preview(store, customer_id)
    assert set(preview) == {table.name for table in belongings([customer_id])}
    erased = privacy.erase_customer(store, customer_id, actor="staff:1", now=NOW, files=files)
    assert erased.rows == preview
    assert (erased.files, erased.data_keys) == (1, 1)
    assert privacy.export_customer(store, other) == before
    with pytest.raises(NotFound):
        privacy.erase_preview(store, customer_id)
    with store.read() as session:
        assert isinstance(verify(session, store.vault), Verified)
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.actor, entry.subject) == ("customer.erase", "staff:1", "customer:10001")


def test_no_trace_is_left_in_any_file_or_table(store: Store, files: Path, tmp_path: Path) -> None:
    customer_id = add_whole_customer(store, "amsel", files)
    privacy.erase_customer(store, customer_id, actor="staff:1", now=NOW, files=files)
    for canary in (CANARY, PHONE, str(customer_id)):
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert canary.encode() not in path.read_bytes(), f"{canary} is still in {path.name}"
        for name in set(inspect(store.engine).get_table_names()) - {"alembic_version"}:
            with store.engine.connect() as connection:
                for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings():
                    left = " ".join(map(str, row.values()))
                    assert canary not in left, f"{canary} is still in {name}"


def test_the_sealed_bytes_of_an_old_copy_cannot_be_read_any_more(store: Store, files: Path) -> None:
    customer_id = add_whole_customer(store, "amsel", files)
    table = Base.metadata.tables["customers"]
    with store.engine.connect() as connection:
        copy = dict(connection.execute(select(table)).mappings().one())
    privacy.erase_customer(store, customer_id, actor="staff:1", now=NOW, files=files)
    assert opened(store.vault, table, copy)["email"] == ""


def test_texts_of_staff_that_name_the_person_are_blanked(store: Store, files: Path) -> None:
    customer_id = add_whole_customer(store, "amsel", files)
    with store.write() as session:
        for place, said in enumerate((f"show me {CANARY}.AMSEL@example.com", "show me orders of today")):
            row = session.scalars(select(Interaction).limit(1)).one()
            values = {name: getattr(row, name) for name in ("direction", "author", "channel", "account", "chat_id")}
            values |= {"conversation_id": _staff_conversation(session), "occurred_at": NOW, "received_at": NOW}
            session.add(Interaction(**values, message_id=f"s{place}", text=said))
            session.flush()
    erased = privacy.erase_customer(store, customer_id, actor="staff:1", now=NOW, files=files)
    with store.read() as session:
        assert session.scalars(select(Interaction).order_by(Interaction.message_id)).first().text == "[erased]"
        assert {row.text for row in session.scalars(select(Interaction))} == {"[erased]", "show me orders of today"}
    assert erased.mentions == 1


def _staff_conversation(session) -> int:  # type: ignore[no-untyped-def]
    from crm_core.models import Conversation

    found = session.scalars(select(Conversation).where(Conversation.audience == "agent")).first()
    if found is None:
        found = Conversation(channel="slack", account="T", chat_id="D1", audience="agent", state_since=NOW)
        found.started_at = NOW
        session.add(found)
        session.flush()
    return int(found.id)


def test_who_was_merged_goes_along(store: Store, files: Path) -> None:
    first, second = add_whole_customer(store, "amsel", files), add_whole_customer(store, "drossel", files)
    with store.write() as session:
        session.get_one(Customer, first).merged_into_id = second
    erased = privacy.erase_customer(store, first, actor="staff:1", now=NOW, files=files)
    assert erased.rows["customers"] == 2
    with store.read() as session:
        assert session.scalars(select(Order)).all() == []
        assert {mark.kind for mark in session.scalars(select(ErasedMark))} == {
            "customer",
            "external_id",
            "email",
            "phone",
            "identity",
        }


@pytest.mark.parametrize(
    "facts",
    [
        CustomerFacts(external_id=f"{CANARY}-amsel", name="New"),
        CustomerFacts(external_id="other", email=f"{CANARY}.amsel@example.com"),
        CustomerFacts(phone=PHONE),
    ],
)
def test_an_import_does_not_bring_an_erased_person_back(store: Store, files: Path, facts: CustomerFacts) -> None:
    privacy.erase_customer(store, add_whole_customer(store, "amsel", files), actor="staff:1", now=NOW)
    with store.write() as session:
        batch = CustomerBatch(session, NOW, source="import", region="CN")
        batch.load([facts])
        with pytest.raises(Refused, match="erased on 2026-11-23"):
            batch.upsert(facts)


def test_an_erasure_that_crashed_before_the_keys_were_destroyed_is_finished(
    store: Store, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = add_whole_customer(store, "amsel", files)
    with monkeypatch.context() as broken:
        broken.setattr(store.vault, "forget", lambda customer: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            privacy.erase_customer(store, customer_id, actor="staff:1", now=NOW, files=files)
    sealed = store.vault.seal("x", customer_id, "p")
    with pytest.raises(NotFound):
        privacy.erase_customer(store, customer_id, actor="staff:1", now=NOW, files=files)
    assert store.vault.open(sealed, "p") == ""


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("\t=1", "'\t=1"),
        ("\u200b=1", "'\u200b=1"),
        ("＝1", "'＝1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+8613800138000", "+8613800138000"),
        ("-12.50", "-12.50"),
        ("王芳", "王芳"),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_made_safe(cell: str, safe: str) -> None:
    assert safe_cell(cell) == safe
