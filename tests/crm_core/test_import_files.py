"""Files in every form that businesses have, columns told by their names, plans without effect."""

from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from crm_core.database import Store
from crm_core.importing.columns import ColumnsUnclear, match_columns
from crm_core.importing.files import FileUnreadable
from crm_core.importing.runs import plan_import, run_import
from crm_core.models import AuditEntry, Customer, Order
from tests.conftest import NOW
from tests.crm_core.business_files import (
    BUSINESS,
    counts,
    reasons,
    rejected_rows,
    small_shop,
    take,
    write,
    write_customers,
)


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Store:
    return small_shop(store, tmp_path)


class TestFiles:
    ROWS = "客户编号,姓名,邮箱,城市\n1,王芳,a@x.com,杭州\n2,李娜,b@x.com,上海\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-32"])
    def test_encodings(self, store: Store, tmp_path: Path, encoding: str) -> None:
        assert counts(take(store, write(tmp_path / "c.csv", self.ROWS, encoding))) == (2, 0, 0, 0)
        with store.read() as session:
            assert {customer.name for customer in session.scalars(select(Customer))} == {"王芳", "李娜"}

    @pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
    def test_western_encodings(self, store: Store, tmp_path: Path, encoding: str) -> None:
        people = ["Zoë Müller", "José García", "Søren Ågård", "Éloïse Lefèvre", "Björk Óskarsdóttir"]
        rows = "".join(f"{number},{name},Malmö\n" for number, name in enumerate(people))
        take(store, write(tmp_path / "c.csv", "id,name,city\n" + rows, encoding))
        with store.read() as session:
            assert {customer.name for customer in session.scalars(select(Customer))} == set(people)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiters_quotes_and_a_title_above_the_header(self, store: Store, tmp_path: Path, delimiter: str) -> None:
        head = delimiter.join(["Customer ID", "Name", "City"])
        row = delimiter.join(["1", '"Ann ""A"" Lee"', '"Leeds,\nYork; x|y\tz"'])
        path = write(tmp_path / "c.csv", f"Our customers{delimiter * 2}\r\n\r\n{head}\r\n{row}\r\n\r\n")
        plan = plan_import(path, BUSINESS, NOW)
        assert plan.table.header_line == 3
        assert counts(run_import(store, plan)) == (1, 0, 0, 0)
        with store.read() as session:
            customer = session.scalars(select(Customer)).one()
            assert (customer.name, customer.city) == ('Ann "A" Lee', "Leeds,\nYork; x|y\tz")

    def test_a_quote_never_closed_costs_one_row(self, store: Store, tmp_path: Path) -> None:
        rows = [f'{number},Name {number},"City, {number}"' for number in range(1, 101)]
        rows[4] = '5,"Name 5,City 5'
        result = take(store, write(tmp_path / "c.csv", "\n".join(["id,name,city", *rows])))
        assert counts(result) == (99, 0, 0, 1)
        assert reasons(result) == {6: "a quote is opened here and not closed"}

    def test_workbooks_with_typed_cells(self, shop: Store, tmp_path: Path) -> None:
        book = Workbook()
        book.active.title = "Read me"  # type: ignore[union-attr]
        book.active["A1"] = "Figures of our shop"  # type: ignore[index]
        sheet = book.create_sheet("订单")
        sheet.append(["订单报表", None, None])
        sheet.append(["订单号", "客户电话", "商品编号", "数量", "单价", "下单时间"])
        sheet.append([1001, 13800000001, "A", 2, 10.5, NOW.replace(tzinfo=None)])
        sheet.append([1002, "138 0000 0002", "B", 1.0, "¥20.50", 46082])
        sheet.append([None] * 6)
        sheet.append([1003, 13800000002, "B", 1, "=1+1", "2026-02-30"])
        book.save(tmp_path / "o.xlsx")
        result = take(shop, tmp_path / "o.xlsx")
        assert (result.kind, counts(result)) == ("orders", (2, 0, 0, 1))
        assert list(reasons(result)) == [6]
        assert counts(take(shop, tmp_path / "o.xlsx")) == (0, 0, 2, 1)
        with shop.read() as session:
            order = session.scalars(select(Order).where(Order.number == "1001")).one()
            assert (order.total_minor, order.placed_at.isoformat()) == (2100, "2026-11-22T20:00:00+00:00")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("none.csv", None, "cannot be opened"),
            ("empty.csv", b"", "is empty"),
            ("blank.csv", b"  \n \n", "is empty|no row"),
            ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, r"Save it as \.xlsx"),
            ("broken.xlsx", b"PK\x03\x04 and nothing more", "save it as .xlsx again"),
            ("photo.csv", bytes(range(256)) * 20, "not a text file"),
            ("prose.csv", b"Dear all,\nplease find nothing attached.\n", "no row within the first 20"),
        ],
    )
    def test_files_that_cannot_be_read(self, tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(FileUnreadable, match=message):
            plan_import(tmp_path / name, BUSINESS, NOW)

    def test_a_wrong_encoding_names_the_line(self, tmp_path: Path) -> None:
        with pytest.raises(FileUnreadable, match=r"after line \d+: the bytes are not utf-8"):
            plan_import(write(tmp_path / "c.csv", self.ROWS, "gb18030"), BUSINESS, NOW, encoding="utf-8")
        with pytest.raises(FileUnreadable, match="no encoding called klingon"):
            plan_import(write(tmp_path / "c.csv", self.ROWS), BUSINESS, NOW, encoding="klingon")

    def test_rejected_rows_are_safe_to_open_and_can_be_imported(self, store: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "c.csv", 'id,name,email,phone\n1,=HYPERLINK("x"),bad,+86 138 0013 8000\n')
        result = take(store, path, rejected=tmp_path / "out.csv")
        (row,) = rejected_rows(result)
        assert row["name"] == '\'=HYPERLINK("x")'
        assert row["phone"] == "'+86 138 0013 8000"
        fixed = (tmp_path / "out.csv").read_text("utf-8-sig").replace("bad", "ann@x.com")
        assert counts(take(store, write(tmp_path / "fixed.csv", fixed))) == (1, 0, 0, 0)
        with store.read() as session:
            customer = session.scalars(select(Customer)).one()
            assert (customer.name, customer.phone) == ('=HYPERLINK("x")', "+8613800138000")

    def test_hostile_text_is_stored_on_both_databases(self, store: Store, tmp_path: Path) -> None:
        rows = "".join(f"{number},Somebody,Somewhere\n" for number in range(3, 10))
        (tmp_path / "c.csv").write_bytes(("id,name,city\n1,A\x00n\u202en,Le\x00eds\n2,\U0001f600,x\n" + rows).encode())
        assert counts(take(store, tmp_path / "c.csv")) == (9, 0, 0, 0)
        with store.read() as session:
            names = {customer.name for customer in session.scalars(select(Customer))}
            assert names == {"Ann", "\U0001f600", "Somebody"}


class TestPlan:
    def test_a_dry_run_says_the_same_and_writes_nothing(self, store: Store, tmp_path: Path) -> None:
        bad = write_customers(tmp_path / "c.csv", 600)
        dry = take(store, tmp_path / "c.csv", dry_run=True)
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Customer)) == 0
            assert session.scalars(select(AuditEntry)).all() == []
        wet = take(store, tmp_path / "c.csv")
        assert counts(dry) == counts(wet) == (600 - len(bad), 0, 0, len(bad))
        with store.read() as session:
            assert session.scalar(select(func.min(Customer.number))) == 10001
            entry = session.scalars(select(AuditEntry)).one()
            assert (entry.action, entry.subject, entry.actor) == ("import", "import:customers", "command line")

    @pytest.mark.parametrize(
        ("columns", "kind"),
        [
            ("ID,Name,Email,Phone", "customers"),
            ("会员号,姓名,联系电话", "customers"),
            ("order_id,customer_id,sku,quantity,unit_price,order_date,status", "orders"),
            ("订单编号,客户邮箱,商品编码,购买数量,下单日期", "orders"),
            ("OrderNumber,customerEmail,productSku,qty,price,placedAt", "orders"),
            ("SKU,商品名称,价格,库存", "products"),
            ("product code,title,price", "products"),
            ("订单号,物流公司,运单号", "shipments"),
            ("Order #,Courier,Tracking Nubmer,Delivery status", "shipments"),
        ],
    )
    def test_the_kind_is_told_from_the_columns(self, columns: str, kind: str) -> None:
        assert match_columns(columns.split(",")).kind == kind

    def test_a_mapping_says_what_names_do_not(self, store: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "c.csv", "Kdnr,Wer,Email,Points\n1,Ann,old@x.com,30\n")
        mapping = {"Kdnr": "external_id", "Wer": "name", "Points": "custom.points", "Email": ""}
        assert counts(take(store, path, kind="customers", mapping=mapping)) == (1, 0, 0, 0)
        with store.read() as session:
            customer = session.scalars(select(Customer)).one()
            assert (customer.external_id, customer.name, customer.email) == ("1", "Ann", None)
            assert customer.custom == {"points": "30"}

    def test_columns_that_are_missing_are_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "o.csv", "order no,sku,quantity\n1,A,1\n")
        with pytest.raises(ColumnsUnclear, match="customer or external_id or email or phone; placed_at"):
            plan_import(path, BUSINESS, NOW, kind="orders")
        with pytest.raises(ColumnsUnclear, match='no column "nope"'):
            plan_import(path, BUSINESS, NOW, kind="orders", mapping={"nope": "email"})
        with pytest.raises(ColumnsUnclear, match='no field "colour"'):
            plan_import(path, BUSINESS, NOW, kind="orders", mapping={"sku": "colour"})

    def test_ambiguous_days_follow_the_file_or_the_operator(self, store: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "c.csv", "id,created\n1,03/04/2026\n")
        assert plan_import(path, BUSINESS, NOW).undecided_dates
        take(store, path, day_order="mdy")
        with store.read() as session:
            assert session.scalars(select(Customer.first_seen_at)).one().isoformat() == "2026-03-03T16:00:00+00:00"
