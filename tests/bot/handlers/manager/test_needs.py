"""What customers will want: totals for managers, of those that are named, and one customer's own list."""

from typing import Any

import pytest

from bot.messages import Reply
from crm_core.database import Store
from crm_core.models import Customer, Need, Score
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, shown
from tests.bot.shop import add_order


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
    assert "VIP" in reply.text or row[1] == "1.3"


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
                                         ("李梅 #10001 · VIP", "coffee beans", "70 %")]),
        ("zh", "哪些客户需要补咖啡", [("李梅 #10001 · VIP", "咖啡豆", "70 %")]),
        ("en", "which customers will buy next, vips only", [("李梅 #10001 · VIP", "coffee beans", "70 %")]),
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


def ordered(floor: Floor, who: str, *days_ago: int) -> None:
    for place, days in enumerate(days_ago):
        add_order(floor.store, floor.shop, who, f"T{place}", "delivered", {"MILL": 1}, NOW, age_days=days)


@pytest.mark.parametrize(
    ("days_ago", "words"),
    [
        ((70, 50, 30, 10), ["around 3 Dec 2026, in 10 days", "usually 20 days apart (between 20 and 20)"]),
        ((100, 90, 70, 15), ["around 28 Nov 2026", "between 23 Nov 2026 and 2 Jan 2027"]),
        ((110, 90, 70, 25), ["5 days ago", "until 13 Dec 2026"]),
        ((200, 190, 170), ["No day can be told any more"]),
        ((30, 20), ["no prediction of a day yet", "2 days so far"]),
        ((), ["no prediction yet"]),
    ],
)
@pytest.mark.parametrize("intent", ["forecast", "predict_need"])
def test_when_one_customer_will_buy_again(floor: Floor, days_ago: tuple[int, ...], words: list[str], intent: str):
    ordered(floor, "mei", *days_ago)
    reply = Colleague(floor, role="manager").says(intent, "when will 李梅 buy again")
    assert all(word in reply.text for word in words), reply.text
    agent = Colleague(floor).says("predict_need", "when will 李梅 buy again")
    assert agent.text == reply.text


def test_the_chance_to_buy_again_is_told_with_its_source(floor: Floor) -> None:
    ordered(floor, "mei", 70, 50, 30, 10)
    wants(floor, "mei", ("category", "coffee_beans", 700))
    with floor.store.write() as session:
        session.add(
            Score(customer_id=floor.shop.customers["mei"], kind="churn", value_milli=280, horizon_days=90,
                  model="linear", reasons=[], computed_at=NOW, data_until=NOW)
        )  # fmt: skip
    manager = Colleague(floor, role="manager", language="zh")
    told = manager.says("predict_need", "李梅下次什么时候买")
    assert "90 天内会下单的可能性：72%" in told.text
    assert "咖啡豆（70%）" in told.text
    assert manager.says("predict_need", "她什么时候再买").text == told.text


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("en", "when will Zorblatt Quux buy again", "Zorblatt Quux"),
        ("zh", "欧阳无名下次什么时候买", "欧阳无名"),
    ],
)
def test_a_name_that_nobody_has_is_said(floor: Floor, language: Any, text: str, told: str) -> None:
    wants(floor, "mei", ("category", "coffee_beans", 700))
    assert told in asks(floor, language, text).text


@pytest.mark.parametrize(("language", "text"), [("en", "who will reorder soon"), ("zh", "客户什么时候会再买")])
def test_of_nobody_in_particular_it_is_told_of_all(floor: Floor, language: Any, text: str) -> None:
    wants(floor, "mei", ("category", "coffee_beans", 700))
    assert asks(floor, language, text).table is not None
