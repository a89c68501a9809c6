"""Makes the files of an imaginary business, with a share of bad rows whose faults are known."""

import csv
import io
import random
from pathlib import Path
from typing import Any

from config.settings import Business
from crm_core.database import Store
from crm_core.importing.runs import ImportResult, plan_import, run_import
from tests.conftest import NOW

BUSINESS = Business()
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英"
FIRST = ("Ann", "Bob", "Carol", "Dan", "Eve", "Frank", "Grace", "Hugo", "Iris", "Jack", "Kate", "Liam", "Mona", "Nina")
LAST = ("Adams", "Baker", "Clark", "Davies", "Evans", "Foster", "Green", "Hughes", "Irwin", "Jones", "King", "Lewis")
CITIES = ["杭州", "上海", "北京", "成都", "London", "Leeds", "Bristol", "York"]
STATUSES = ["paid", "shipped", "delivered", "已发货", "已完成", "待发货"]
CUSTOMER_COLUMNS = ["Customer ID", "Name", "E-mail", "手机号", "City", "Registered at"]
ORDER_COLUMNS = ["订单号", "customer_id", "sku", "数量", "单价", "Order date", "Status", "currency"]


def write_products(path: Path, count: int = 60) -> None:
    """A products' file: P-1 … P-<count>."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["SKU", "Name", "中文名称", "Price", "Stock", "Category"])
        for number in range(1, count + 1):
            writer.writerow([f"P-{number}", f"Product {number}", f"商品{number}", f"{number * 3}.50", number, "tea"])


def write_customers(path: Path, count: int, bad_every: int = 33, seed: int = 1) -> dict[int, str]:
    """A customers' file; returns line → a word of the reason, for each bad row."""
    chance = random.Random(seed)
    bad: dict[int, str] = {}
    faults = [
        ("E-mail", lambda number: f"person{number}@", "e-mail"),
        ("手机号", lambda number: "12-34", "telephone"),
        ("Registered at", lambda number: "2026-02-30", "date"),
        ("Registered at", lambda number: "2031-01-01", "future"),
        ("Name", lambda number: "x" * 300, "longer"),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CUSTOMER_COLUMNS)
        writer.writeheader()
        for number in range(1, count + 1):
            chinese = number % 2
            name = (
                chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)
                if chinese
                else f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            )
            row = {
                "Customer ID": f"C-{number:05}",
                "Name": name,
                "E-mail": f"Person{number}@Example.com",
                "手机号": f"138{number:08}" if chinese else f"+44 7{number:09}",
                "City": chance.choice(CITIES),
                "Registered at": f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            }
            if number % bad_every == 0:
                column, make, reason = faults[(number // bad_every) % len(faults)]
                row[column] = make(number)
                bad[number + 1] = reason
            writer.writerow(row)
    return bad


def write_orders(path: Path, rows: int, customers: int, bad_every: int = 33, seed: int = 2) -> dict[int, str]:
    """An orders' file, one line each, for good customers only; returns line → a word of the reason."""
    chance = random.Random(seed)
    bad: dict[int, str] = {}
    faults = [
        ("sku", "NOPE", "SKU"),
        ("customer_id", "C-99999999", "customer"),
        ("数量", "0", "between"),
        ("单价", "-5", "negative"),
        ("单价", "12345678901", "digits"),
        ("Order date", "not a day", "date"),
        ("订单号", "", "empty"),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ORDER_COLUMNS)
        writer.writeheader()
        for number in range(1, rows + 1):
            customer = chance.randint(1, customers)
            customer -= customer % bad_every == 0
            product = chance.randint(1, 60)
            row = {
                "订单号": f"SO-{number:06}",
                "customer_id": f"C-{customer:05}",
                "sku": f"P-{product}",
                "数量": str(chance.randint(1, 4)),
                "单价": f"¥{product * 3}.50",
                "Order date": f"2026/{chance.randint(1, 10)}/{chance.randint(1, 28)} {chance.randint(0, 23):02}:30",
                "Status": chance.choice(STATUSES),
                "currency": "CNY",
            }
            if number % bad_every == 0:
                column, value, reason = faults[(number // bad_every) % len(faults)]
                row[column] = value
                bad[number + 1] = reason
            writer.writerow(row)
    return bad


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def take(store: Store, path: Path, **options: Any) -> ImportResult:
    names = ("kind", "mapping", "encoding", "day_order")
    plan = plan_import(path, BUSINESS, NOW, **{name: options.pop(name) for name in names if name in options})
    return run_import(store, plan, **options)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.created, result.updated, result.unchanged, result.rejected


def reasons(result: ImportResult) -> dict[int, str]:
    return {reject["line"]: reject["reason"] for reject in result.rejects}


def rejected_rows(result: ImportResult) -> list[dict[str, str]]:
    assert result.rejected_file is not None
    return list(csv.DictReader(io.StringIO(Path(result.rejected_file).read_text("utf-8-sig"), newline="")))


def small_shop(store: Store, folder: Path) -> Store:
    """A store with three products and two customers."""
    take(store, write(folder / "p.csv", "sku,name,price,currency\nA,Tea,10,CNY\nB,茶杯,20.50,CNY\nU,Mug,5,USD\n"))
    take(store, write(folder / "c.csv", "id,name,email,phone\n1,Ann,ann@x.com,13800000001\n2,王芳,,13800000002\n"))
    return store
