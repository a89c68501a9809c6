"""What customers will want: totals for managers, of those that are named, and one customer's own list."""

from typing import Any

import pytest

from bot.messages import Reply
from crm_core.database import Store
from crm_core.models import Customer, Need
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, shown


@pytest.fixture
def floor(store: Store, tmp_path: Any) -> Floor:
    return Floor(store, tmp_path / "files")


def wants(floor: Floor, who: str, *needs: tuple[str, str, int]) -> None:
    with floor.store.write() as session:
        session.get_one(Customer, floor.shop.customers[who]).tier = "vip" if who == "mei" else "regular"
        for rank, (kind, what, chance) in enumerate(needs, start=1):
            reasons = [{"fact": "top_category_share_milli", "value": 800, "effect_milli": 200}]
            session.add(
                Need(customer_id=floor.shop.customers[who], kind=kind, rank=rank, what=what, chance_milli=chance,
                     horizon_days=60, model="linear", reasons=reasons, computed_at=NOW, data_until=NOW)
            )  # fmt: skip


def asks(floor: Floor, language: Any, text: str, role: str = "manager") -> Reply:
    return Colleague(floor, role=role, language=language).says("predict_need", text)


@pytest.mark.parametrize(
    ("language", "text", "row"),
    [
        ("en", "what will customers want next", ("coffee beans", "1.3", "65.0 %")),
        ("zh", "客户接下来会要什么", ("咖啡豆", "1.3", "65.0 %")),
        ("en", "what will vips buy next", ("coffee beans", "0.7", "70.0 %")),
        ("zh", "贵宾客户接下来会买什么", ("咖啡豆", "0.7", "70.0 %")),
    ],
)
def test_totals_by_category(floor: Floor, language: Any, text: str, row: tuple[str, ...]) -> None:
    wants(
        floor, "mei", ("category", "coffee_beans", 700), ("category", "tea", 200), ("contact", "contacts_return", 400)
    )
    wants(floor, "tom", ("category", "coffee_beans", 600))
    reply = asks(floor, language, text)
    assert reply.table is not None
    assert reply.table.rows[0] == row
    assert "60" in reply.text
    assert ("a return" if language == "en" else "退货") in reply.text
    assert "vip" in reply.text or row[1] == "1.3"


@pytest.mark.parametrize(("language", "text"), [("en", "what will 李梅 want next"), ("zh", "李梅接下来想要什么")])
def test_one_customer_in_order_with_reasons(floor: Floor, language: Any, text: str) -> None:
    wants(
        floor, "mei", ("category", "coffee_beans", 700), ("category", "tea", 200), ("contact", "contacts_return", 400)
    )
    told = shown(asks(floor, language, text))
    assert told.index("70 %") < told.index("20 %") < told.index("40 %")
    assert "80 %" in told, "the reason"
    assert "recommend_for_customer:for:10001" in told


@pytest.mark.parametrize(
    ("language", "text", "rows"),
    [
        ("en", "who will reorder soon", [("Tom Reed #10002 · regular", "tea", "90 %"),
                                         ("李梅 #10001 · vip", "coffee beans", "70 %")]),
        ("zh", "哪些客户需要补咖啡", [("李梅 #10001 · vip", "咖啡豆", "70 %")]),
        ("en", "which customers will buy next, vips only", [("李梅 #10001 · vip", "coffee beans", "70 %")]),
    ],
)  # fmt: skip
def test_who_is_likeliest(floor: Floor, language: Any, text: str, rows: list[tuple[str, ...]]) -> None:
    wants(floor, "mei", ("category", "coffee_beans", 700), ("category", "tea", 200))
    wants(floor, "tom", ("category", "tea", 900))
    reply = asks(floor, language, text)
    assert reply.table is not None
    assert list(reply.table.rows) == rows


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_computed(floor: Floor, language: Any) -> None:
    assert "know_customers" in asks(floor, language, "what will customers want next").text
    assert "know_customers" in asks(floor, language, "李梅接下来想要什么").text
    wants(floor, "tom", ("category", "tea", 200))
    assert "know_customers" in asks(floor, language, "李梅接下来想要什么").text
    nobody = asks(floor, language, "what will vips buy next")
    assert nobody.table is None


def test_totals_are_for_managers(floor: Floor) -> None:
    wants(floor, "tom", ("category", "tea", 200))
    reply = asks(floor, "en", "what will customers want next", role="agent")
    assert reply.table is None
