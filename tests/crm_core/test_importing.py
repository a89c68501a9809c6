"""Imports: right counts, every bad row with its reason, the same file twice changes nothing."""

import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crm_core import privacy
from crm_core.database import Store
from crm_core.models import Company, Consent, Customer, CustomerTag, Note, Order, Product, Shipment
from tests.conftest import NOW
from tests.crm_core.business_files import (
    counts,
    reasons,
    rejected_rows,
    small_shop,
    take,
    write,
    write_customers,
    write_orders,
    write_products,
)


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Store:
    return small_shop(store, tmp_path)


class TestTenThousandRows:
    """The size a business comes with."""

    def test_counts_reasons_and_no_duplicates_twice(
        self, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_products(tmp_path / "products.csv")
        bad = {
            "customers": write_customers(tmp_path / "customers.csv", 10_000),
            "orders": write_orders(tmp_path / "orders.csv", 10_000, 10_000),
        }
        assert counts(take(store, tmp_path / "products.csv")) == (60, 0, 0, 0)
        started, spent = time.monotonic(), time.process_time()
        for kind, faults in bad.items():
            result = take(store, tmp_path / f"{kind}.csv")
            assert len(faults) == 303
            assert (result.kind, result.rows) == (kind, 10_000)
            assert counts(result) == (10_000 - 303, 0, 0, 303)
            assert reasons(result).keys() == faults.keys()
            assert all(word in reasons(result)[line] for line, word in faults.items())
            assert [int(row["line"]) for row in rejected_rows(result)] == sorted(faults)
        first = time.monotonic() - started
        for kind in bad:
            assert counts(take(store, tmp_path / f"{kind}.csv")) == (0, 0, 10_000 - 303, 303)
        seconds, spent = time.monotonic() - started, time.process_time() - spent
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Customer)) == 9697
            assert session.scalar(select(func.count()).select_from(Order)) == 9697
            numbers = session.execute(select(func.min(Customer.number), func.max(Customer.number))).one()
            assert tuple(numbers) == (10001, 19697)
        with capsys.disabled():
            name = store.engine.dialect.name
            sys.stdout.write(
                f" [{name}: 20,000 rows in {first:.1f} s, again {seconds - first:.1f} s; {spent:.1f} s of CPU] "
            )
        assert spent < 45  # of the processor: the clock also counts what else runs on the machine

    def test_the_service_can_write_meanwhile(self, store: Store, tmp_path: Path) -> None:
        write_customers(tmp_path / "customers.csv", 3_000)
        waits: list[float] = []
        stop = threading.Event()
        with store.write() as session:
            session.add(Customer(number=1, first_seen_at=NOW, updated_at=NOW, name="Somebody"))

        def serve() -> None:
            while not stop.is_set():
                started = time.monotonic()
                with store.write() as session:
                    customer_id = session.scalars(select(Customer.id).where(Customer.number == 1)).one()
                    session.add(Note(customer_id=customer_id, text="meanwhile", created_at=NOW))
                waits.append(time.monotonic() - started)
                stop.wait(0.02)

        service = threading.Thread(target=serve)
        service.start()
        take(store, tmp_path / "customers.csv")
        stop.set()
        service.join()
        assert len(waits) > 5
        assert max(waits) < 5, f"a write waited {max(waits):.2f} s"


class TestCustomers:
    def test_what_is_kept(self, store: Store, tmp_path: Path) -> None:
        path = write(
            tmp_path / "c.csv",
            "客户编号,姓名,邮箱,手机号,城市,国家,语言,会员等级,公司,标签,注册时间,接受营销,时区\n"
            'C1,王芳,Wang.Fang@Example.com,138 0013 8000,杭州,中国,中文,金卡,鹤氏,"茶友, VIP",'
            "2025年3月1日,是,Asia/Shanghai\n",
        )
        assert counts(take(store, path)) == (1, 0, 0, 0)
        with store.read() as session:
            customer = session.scalars(select(Customer)).one()
            assert (customer.external_id, customer.name, customer.email, customer.phone) == (
                "C1",
                "王芳",
                "wang.fang@example.com",
                "+8613800138000",
            )
            assert (customer.city, customer.country, customer.language) == ("杭州", "CN", "zh")
            assert (customer.tier, customer.zone) == ("金卡", "Asia/Shanghai")
            assert customer.first_seen_at.isoformat() == "2025-02-28T16:00:00+00:00"
            assert session.scalars(select(Company.name)).one() == "鹤氏"
            assert set(session.scalars(select(CustomerTag.tag))) == {"茶友", "VIP"}
            consent = session.scalars(select(Consent)).one()
            assert (consent.kind, consent.granted, consent.how) == ("marketing", True, "import")
            assert privacy.customer_by_key(session, store.vault, "13800138000", "CN").id == customer.id

    def test_a_changed_row_updates_only_what_changed(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "c.csv"
        take(store, write(path, "id,name,email,city\n1,Ann,ann@x.com,Leeds\n2,Bob,bob@x.com,York\n"))
        with store.read() as session:
            before = {row.external_id: (row.name_sealed, row.email_sealed) for row in session.scalars(select(Customer))}
        changed = write(path, "id,name,email,city\n1,Ann,ann@x.com,Leeds\n2,Bob,bob@x.com,Bath\n")
        assert counts(take(store, changed)) == (0, 1, 1, 0)
        with store.read() as session:
            after = {row.external_id: (row.name_sealed, row.email_sealed) for row in session.scalars(select(Customer))}
            assert after == before, "sealed values that did not change were written again"
            assert session.scalars(select(Customer.city).order_by(Customer.external_id)).all() == ["Leeds", "Bath"]

    def test_empty_cells_clear_nothing(self, store: Store, tmp_path: Path) -> None:
        take(store, write(tmp_path / "c.csv", "id,name,email,city\n1,Ann,ann@x.com,Leeds\n"))
        assert counts(take(store, write(tmp_path / "c.csv", "id,name,email,city\n1,,,\n"))) == (0, 0, 1, 0)

    def test_matched_by_own_number_then_email_then_phone(self, shop: Store, tmp_path: Path) -> None:
        path = write(
            tmp_path / "n.csv",
            "email,phone,city\nANN@x.com,,Leeds\n,+86 138 0000 0002,杭州\nnew@x.com,13800000003,York\n",
        )
        assert counts(take(shop, path)) == (1, 2, 0, 0)
        with shop.read() as session:
            cities = dict(session.execute(select(Customer.external_id, Customer.city)).all())  # type: ignore[arg-type]
        assert cities == {"1": "Leeds", "2": "杭州", None: "York"}

    def test_a_family_may_share_a_telephone(self, shop: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "n.csv", "name,email,phone\nDan,dan@x.com,13800000001\n")
        assert counts(take(shop, path)) == (1, 0, 0, 0)
        assert counts(take(shop, path)) == (0, 0, 1, 0)
        orders = write(tmp_path / "o.csv", "order no,phone,sku,qty,date\nO1,13800000001,A,1,2026-01-01\n")
        assert "2 customers have this telephone number" in reasons(take(shop, orders))[2]

    def test_one_record_twice_in_a_file(self, store: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "c.csv", "id,name\n1,Ann\n1,Ann\n1,Anna\n2,Bob\n")
        result = take(store, path)
        assert counts(result) == (2, 0, 1, 1)
        assert "line 2 has the same record with other values" in reasons(result)[4]
        assert counts(take(store, path)) == (0, 0, 3, 1)
        assert counts(take(store, path, dry_run=True)) == (0, 0, 3, 1)

    def test_who_said_stop_is_not_subscribed_again(self, store: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "c.csv", "id,name,newsletter\n1,Ann,yes\n")
        take(store, path)
        with store.write() as session:
            customer_id = session.scalars(select(Customer.id)).one()
            session.add(Consent(customer_id=customer_id, kind="marketing", granted=False, how="chat", occurred_at=NOW))
        assert counts(take(store, path)) == (0, 0, 1, 0)

    def test_merged_records_go_to_the_one_they_were_merged_into(self, shop: Store, tmp_path: Path) -> None:
        with shop.write() as session:
            kept, merged = session.scalars(select(Customer).order_by(Customer.external_id)).all()
            merged.merged_into_id = kept.id
        path = write(
            tmp_path / "n.csv", "id,name,email,phone,city\n1,Ann,ann@x.com,13800000001,\n2,王芳,,13800000002,杭州\n"
        )
        assert counts(take(shop, path)) == (0, 1, 1, 0)
        assert counts(take(shop, path)) == (0, 0, 2, 0)
        with shop.read() as session:
            kept = session.get_one(Customer, kept.id)
            assert (kept.name, kept.external_id, kept.city) == ("Ann", "1", "杭州")

    def test_visitors_are_not_taken_for_customers(self, store: Store, tmp_path: Path) -> None:
        with store.write() as session:
            claimed = store.vault.blind_index("email", "ann@x.com")
            session.add(Customer(number=1, kind="visitor", email_index=claimed, first_seen_at=NOW, updated_at=NOW))
        assert counts(take(store, write(tmp_path / "c.csv", "email,name\nann@x.com,Ann\n"))) == (1, 0, 0, 0)


class TestOrders:
    HEAD = "Order number,Customer,SKU,Qty,Price,Date,Status,Currency,Discount,Shipping,Address\n"

    def test_lines_of_one_order_are_grouped_wherever_they_stand(self, shop: Store, tmp_path: Path) -> None:
        path = write(
            tmp_path / "o.csv",
            self.HEAD
            + 'O1,ann@x.com,A,2,¥10.00,2026-03-01 10:00,paid,CNY,5,8,"1 High St\nLeeds"\n'
            + "O2,2,B,1,20.50,2026-03-02,已发货,,,,\n"
            + "O1,ann@x.com,B,1,20.50,2026-03-01 10:00,,,,,\n",
        )
        assert counts(take(shop, path)) == (2, 0, 0, 0)
        assert counts(take(shop, path)) == (0, 0, 2, 0)
        with shop.read() as session:
            order = session.scalars(select(Order).where(Order.number == "O1")).one()
            assert (order.total_minor, order.discount_minor, order.shipping_minor) == (4350, 500, 800)
            assert [(line.product.sku, line.quantity, line.unit_minor) for line in order.lines] == [
                ("A", 2, 1000),
                ("B", 1, 2050),
            ]
            assert order.address == "1 High St\nLeeds"
            assert session.scalars(select(Order.status).where(Order.number == "O2")).one() == "shipped"

    def test_an_order_with_a_bad_line_is_held_back_whole_and_can_be_corrected(
        self, shop: Store, tmp_path: Path
    ) -> None:
        path = write(
            tmp_path / "o.csv",
            self.HEAD
            + "O1,1,A,1,10,2026-03-01,paid,,,,\nO1,1,NOPE,1,10,2026-03-01,paid,,,,\nO2,2,A,1,10,2026-03-01,paid,,,,\n",
        )
        result = take(shop, path)
        assert (counts(result), result.held_back) == ((1, 0, 0, 1), 1)
        assert "NOPE" in reasons(result)[3]
        assert "rejected for line 3" in reasons(result)[2]
        corrected = Path(str(result.rejected_file)).read_text("utf-8-sig").replace("NOPE", "B")
        assert counts(take(shop, write(tmp_path / "fixed.csv", corrected))) == (1, 0, 0, 0)
        with shop.read() as session:
            assert len(session.scalars(select(Order).where(Order.number == "O1")).one().lines) == 2

    def test_a_changed_order_updates_only_what_changed(self, shop: Store, tmp_path: Path) -> None:
        rows = "O1,1,A,1,10,2026-03-01,paid,,,,\nO1,1,B,1,20,2026-03-01,paid,,,,\n"
        take(shop, write(tmp_path / "o.csv", self.HEAD + rows))
        changed = rows.replace("O1,1,B,1", "O1,1,B,3").replace("paid", "shipped")
        assert counts(take(shop, write(tmp_path / "o.csv", self.HEAD + changed))) == (0, 1, 0, 0)
        with shop.read() as session:
            order = session.scalars(select(Order)).one()
            assert (order.status, order.total_minor, len(order.lines)) == ("shipped", 7000, 2)
        shorter = "O1,1,A,1,10,2026-03-01,shipped,,,,\n"
        assert counts(take(shop, write(tmp_path / "o.csv", self.HEAD + shorter))) == (0, 1, 0, 0)
        with shop.read() as session:
            assert session.scalars(select(Order)).one().total_minor == 1000

    def test_what_was_cancelled_here_stays_cancelled(self, shop: Store, tmp_path: Path) -> None:
        path = write(tmp_path / "o.csv", self.HEAD + "O1,1,A,1,10,2026-03-01,paid,,,,\n")
        take(shop, path)
        with shop.write() as session:
            session.scalars(select(Order)).one().status = "cancelled"
        assert counts(take(shop, path)) == (0, 0, 1, 0)

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("O1,9,A,1,10,2026-03-01,paid,,,,", "customer is not known"),
            ("O1,nobody@x.com,A,1,10,2026-03-01,paid,,,,", "customer is not known"),
            ("O1,,A,1,10,2026-03-01,paid,,,,", "names no customer"),
            ("O1,1,X,1,10,2026-03-01,paid,,,,", 'no product with SKU "X"'),
            ("O1,1,A,0,10,2026-03-01,paid,,,,", "not between"),
            ("O1,1,A,1.5,10,2026-03-01,paid,,,,", "not a whole number"),
            ("O1,1,A,,10,2026-03-01,paid,,,,", "Qty is empty"),
            ("O1,1,A,1,-10,2026-03-01,paid,,,,", "negative"),
            ("O1,1,A,1,10,2027-03-01,paid,,,,", "future"),
            ("O1,1,A,1,10,,paid,,,,", "date"),
            ("O1,1,A,1,10,2026-03-01,eaten,,,,", "Status"),
            ("O1,1,A,1,10,2026-03-01,paid,XYZ,,,", "not a currency"),
            ("O1,1,A,1,€10,2026-03-01,paid,CNY,,,", "not in CNY"),
            ("O1,1,A,1,,2026-03-01,paid,USD,,,", "no unit price in USD"),
            ("O1,1,A,1,10.9999,2026-03-01,paid,,,,", "more decimals"),
            ("O1,1,A,1,10,2026-03-01,paid,,11,,", "discount is larger"),
            (",1,A,1,10,2026-03-01,paid,,,,", "Order number is empty"),
            ("O1,1,A,1,10,2026-03-01,paid,,,,,surplus", "12 cells instead of 11"),
            ('O1,1,A,1,10,2026-03-01,paid,,,,"no end', "a quote is opened"),
        ],
    )
    def test_rejected_with_a_reason(self, shop: Store, tmp_path: Path, row: str, reason: str) -> None:
        result = take(shop, write(tmp_path / "o.csv", self.HEAD + row + "\nO9,1,A,1,10,2026-03-01,paid,,,,\n"))
        assert counts(result) == (1, 0, 0, 1)
        assert reason in reasons(result)[2]
        assert counts(take(shop, tmp_path / "o.csv", dry_run=True)) == (0, 0, 1, 1)

    def test_rows_of_one_order_must_agree(self, shop: Store, tmp_path: Path) -> None:
        rows = "O1,1,A,1,10,2026-03-01,paid,,,,\nO1,2,B,1,10,2026-03-01,paid,,,,\n"
        result = take(shop, write(tmp_path / "o.csv", self.HEAD + rows))
        assert set(reasons(result).values()) == {"the rows of this order differ in customer"}

    def test_an_order_never_moves_to_somebody_else(self, shop: Store, tmp_path: Path) -> None:
        take(shop, write(tmp_path / "o.csv", self.HEAD + "O1,1,A,1,10,2026-03-01,paid,,,,\n"))
        result = take(shop, write(tmp_path / "o.csv", self.HEAD + "O1,2,A,1,10,2026-03-01,paid,,,,\n"))
        assert "another customer's" in reasons(result)[2]

    def test_unknown_customers_are_created_when_asked_for(self, shop: Store, tmp_path: Path) -> None:
        path = write(
            tmp_path / "o.csv",
            "order no,email,customer name,sku,qty,date\n"
            "O1,new@x.com,Nina,A,1,2026-03-01\nO2,NEW@x.com,Nina,B,1,2026-03-02\n",
        )
        assert counts(take(shop, path)) == (0, 0, 0, 2)
        assert counts(take(shop, path, create_customers=True, dry_run=True)) == (2, 0, 0, 0)
        assert counts(take(shop, path, create_customers=True)) == (2, 0, 0, 0)
        with shop.read() as session:
            nina = privacy.customer_by_key(session, shop.vault, "new@x.com", "CN")
            assert (nina.name, nina.number) == ("Nina", 10003)
            assert session.scalars(select(Order.customer_id)).all() == [nina.id, nina.id]


class TestShipmentsAndProducts:
    def test_shipments_in_both_languages(self, shop: Store, tmp_path: Path) -> None:
        take(shop, write(tmp_path / "o.csv", TestOrders.HEAD + "O1,1,A,1,10,2026-03-01,paid,,,,\n"))
        path = write(
            tmp_path / "s.csv",
            "订单号,快递公司,快递单号,物流状态,发货时间,预计送达\n"
            "O1,顺丰,SF1,运输中,2026-03-02 09:00,2026-12-01\nO7,顺丰,SF2,已签收,,\n",
        )
        result = take(shop, path)
        assert (result.kind, counts(result)) == ("shipments", (1, 0, 0, 1))
        assert 'no order "O7"' in reasons(result)[3]
        assert counts(take(shop, path)) == (0, 0, 1, 1)
        later = write(tmp_path / "s.csv", "order no,tracking number,status,delivered on\nO1,SF1,Delivered,2026-03-05\n")
        assert counts(take(shop, later)) == (0, 1, 0, 0)
        with shop.read() as session:
            parcel = session.scalars(select(Shipment)).one()
            assert (parcel.carrier, parcel.status, str(parcel.expected_on)) == ("顺丰", "delivered", "2026-12-01")

    def test_products_keep_both_names(self, store: Store, tmp_path: Path) -> None:
        path = write(
            tmp_path / "p.csv",
            "货号,商品名称,英文名称,价格,库存,别名,上架\nT1,龙井,Longjing,¥68,12,西湖龙井、龙井茶,是\nT2,普洱,,88,0,,否\nT3,,,5,1,,\n",
        )
        result = take(store, path)
        assert counts(result) == (2, 0, 0, 1)
        assert "needs a name" in reasons(result)[4]
        assert counts(take(store, path)) == (0, 0, 2, 1)
        with store.read() as session:
            first, second = session.scalars(select(Product).order_by(Product.sku)).all()
            assert (first.name_en, first.name_zh, first.price_minor, first.stock) == ("Longjing", "龙井", 6800, 12)
            assert (first.aliases, first.active) == (["西湖龙井", "龙井茶"], True)
            assert (second.name_en, second.active) == ("普洱", False)
        stock = write(tmp_path / "stock.csv", "sku,stock\nT1,3\n")
        assert counts(take(store, stock)) == (0, 1, 0, 0)
