"""What was imported can be talked about at once: orders in chat, customers on the staff's side."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from nlu.interpreter import Interpreter
from nlu.knowledge import KnowledgeBase
from tests.conftest import STAFF, Clock
from tests.crm_core.business_files import take, write
from tests.dialogues import Running, Stage
from tests.playing import text_of

CUSTOMERS = """客户编号,姓名,邮箱,手机号,城市
K-1,林小满,xiaoman@example.com,13900001111,苏州
K-2,Ada Byron,ada@example.com,+44 7700 900123,London
"""
PRODUCTS = "SKU,Name,中文名称,Price,Stock,Category\nP-1,Moka pot,摩卡壶,199.00,12,brewers\n"
ORDERS = """订单号,客户编号,sku,数量,单价,下单时间,状态
N-1001,K-1,P-1,2,199.00,2026-11-20,已发货
N-1002,K-2,P-1,1,199.00,2026-11-21,已付款
"""
SHIPMENTS = "订单号,快递公司,运单号,状态\nN-1001,顺丰速运,SF5550001,运输中\n"


@pytest.fixture
def imported(
    database_url: str, interpreter: Interpreter, knowledge: KnowledgeBase, clock: Clock, tmp_path: Path
) -> Iterator[Stage]:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", staff=STAFF, database={"url": database_url})
    with Running(settings, interpreter, knowledge, clock) as stage:
        for name, content in (("p", PRODUCTS), ("c", CUSTOMERS), ("o", ORDERS), ("s", SHIPMENTS)):
            result = take(stage.app.store, write(tmp_path / f"{name}.csv", content))
            assert result.rejected == 0, list(csv.reader([str(result)]))
        stage.app.names.refresh()
        yield stage


def test_an_imported_order_is_told_to_whoever_knows_its_number_and_address(imported: Stage) -> None:
    asked = text_of(imported.customer_says("901", "我的订单 N-1001 到哪了"))
    assert "SF5550001" not in asked
    told = text_of(imported.customer_says("901", "xiaoman@example.com"))
    assert "N-1001" in told
    assert "SF5550001" in told
    assert "Ada" not in told


def test_somebody_elses_address_opens_nothing(imported: Stage) -> None:
    imported.customer_says("902", "where is my order N-1001?")
    assert "SF5550001" not in text_of(imported.customer_says("902", "ada@example.com"))


def test_imported_products_and_customers_are_known_by_name(imported: Stage) -> None:
    assert "199" in text_of(imported.customer_says("903", "how much is the Moka pot?"))
    assert "12" in text_of(imported.customer_says("903", "摩卡壶还有货吗")) or "有货" in text_of(
        imported.customers.outgoing
    )
    card = text_of(imported.staff_says("U-AGENT", "show me Ada Byron"))
    assert "Ada Byron" in card
    assert "London" in card
