"""Lists by conditions: what was applied and what was not, pages, files."""

import csv
import io
from typing import Any

import pytest

from bot.messages import Reply
from crm_core.models import Score
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_customer, add_order


def listed(reply: Reply) -> list[str]:
    assert reply.table is not None
    return [row[0] for row in reply.table.rows]


def records(floor: Floor, reply: Reply) -> list[dict[str, str]]:
    content = floor.services.files.read(reply.files[0].attachment_id)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("language", "text", "who", "words"),
    [
        ("en", "who bought the Travel mill but not the Mill case?", "Tom Reed #10002",
         ["bought Travel mill", "did not buy Mill case", "1–1 of 1"]),
        ("zh", "买了旅行磨豆机没买磨豆机收纳盒的", "Tom Reed #10002", ["买过旅行磨豆机", "没买过磨豆机收纳盒"]),
        ("en", "customers who spent over 400 this year", "Tom Reed #10002",
         ["spent more than CN¥400.00", "1 Jan 2026"]),
        ("zh", "今年消费超过400块的", "Tom Reed #10002", ["消费超过¥400.00"]),
    ],
)  # fmt: skip
def test_conditions_are_applied_and_said(floor: Floor, language: str, text: str, who: str, words: list[str]) -> None:
    add_order(floor.store, floor.shop, "tom", "SO-1", "paid", {"MILL": 1}, NOW)
    add_order(floor.store, floor.shop, "mei", "SO-2", "paid", {"CASE": 1}, NOW)
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    reply = agent.says("list_customers", text)
    assert listed(reply) == [who]
    for word in words:
        assert word in shown(reply)
    assert buttons(reply) == ["list_customers:csv"]


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [("en", "customers in Shanghai with a birthday in may", "birthday"), ("zh", "上海生日在五月的客户", "生日")],
)
def test_what_was_not_understood_is_said(floor: Floor, language: str, text: str, word: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    reply = agent.says("list_customers", text)
    assert word in reply.text
    assert ("Not understood" in reply.text) if language == "en" else ("没看懂" in reply.text)


def test_the_next_pages_the_second_one_and_the_file(floor: Floor, agent: Colleague) -> None:
    with floor.store.write() as session:
        for index in range(11):
            add_customer(
                session, floor.store, f"Person {index}", f"p{index}@example.com", f"+86138001390{index:02}", NOW
            )
    first = agent.says("list_customers", "all customers")
    assert len(listed(first)) == 10
    assert buttons(first) == ["list_customers:more:10", "list_customers:csv"]
    second = agent.presses("list_customers:more:10")
    assert listed(second) == ["Person 8 #10011", "Person 9 #10012", "Person 10 #10013"]
    assert buttons(second) == ["list_customers:csv"]
    assert agent.says("show_customer", "the second one").cards[0].title == "Person 9"
    assert len(records(floor, agent.presses("list_customers:csv"))) == 13


def test_the_file_is_safe_complete_and_for_the_asker_alone(floor: Floor) -> None:
    with floor.store.write() as session:
        add_customer(session, floor.store, "=cmd|'/C calc'!A0", "evil@example.com", "+8613800139000", NOW)
    add_order(floor.store, floor.shop, "mei", "SO-2", "paid", {"CASE": 1}, NOW)
    for direct in (True, False):
        agent = Colleague(floor, direct=direct)
        agent.says("list_customers", "all customers")
        reply = agent.presses("list_customers:csv")
        assert reply.private is not direct
        assert reply.files[0].name == "customers-2026-11-23.csv"
        rows = {row["number"]: row for row in records(floor, reply)}
        assert rows["10003"]["name"].startswith("'=")
        assert rows["10001"] == {
            "number": "10001", "name": "李梅", "company": "", "city": "", "country": "", "language": "", "tier": "",
            "email": "li.mei@example.com", "phone": "+8613800138001", "orders": "1", "spend": "98.00",
            "currency": "CNY", "last_order": "2026-11-18", "mood": "",
        }  # fmt: skip


def test_a_file_is_private_even_in_a_hand_over_thread(floor: Floor) -> None:
    floor.chat(floor.shop.customers["mei"], handed_over=True)
    somebody = Colleague(floor, in_thread=True)
    somebody.says("list_customers", "all customers")
    assert somebody.presses("list_customers:csv").private is True


@pytest.mark.parametrize("value", ["list_customers:csv", "list_customers:more:10"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_button_of_a_list_that_is_forgotten(floor: Floor, language: Any, value: str) -> None:
    reply = Colleague(floor, language=language).presses(value)
    assert reply.files == ()
    assert ("again" in reply.text) if language == "en" else ("再问一次" in reply.text)


@pytest.mark.parametrize("more", ["", "x", "-1", "9" * 30])
def test_a_button_nobody_made_does_no_harm(floor: Floor, agent: Colleague, more: str) -> None:
    agent.says("list_customers", "all customers")
    assert agent.presses(f"list_customers:more:{more}").text


@pytest.mark.parametrize(("language", "text"), [("en", "customers whose birthday is in may"), ("zh", "忠诚客户名单")])
def test_with_no_condition_understood_nobody_is_listed_rather_than_everybody(
    floor: Floor, language: Any, text: str
) -> None:
    reply = Colleague(floor, language=language).says("list_customers", text)
    assert reply.table is None
    assert ("birthday" in reply.text) if language == "en" else ("忠诚" in reply.text)


@pytest.mark.parametrize(("language", "word"), [("en", "Nobody fits"), ("zh", "没有符合")])
def test_nobody_fits(floor: Floor, language: Any, word: str) -> None:
    agent = Colleague(floor, language=language)
    assert word in agent.says("list_customers", "customers in London" if language == "en" else "上海的客户").text


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Filter: bought Travel mill; did not buy Mill case. Order: most orders first. Top 3"),
        ("zh", "条件：买过旅行磨豆机；没买过磨豆机收纳盒。排序：订单从多到少。前 3 位"),
    ],
)
def test_the_line_of_conditions_may_be_sent_again(floor: Floor, language: str, line: str) -> None:
    add_order(floor.store, floor.shop, "tom", "SO-1", "paid", {"MILL": 1}, NOW)
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    reply = agent.says("list_customers", line)
    assert reply.text == line
    assert listed(reply) == ["Tom Reed #10002"]


# --- by score -------------------------------------------------------------------------------------------------------
def scored(floor: Floor) -> None:
    with floor.store.write() as session:
        for who, churn, value in (("tom", 710, 900_000), ("mei", 120, 40_000)):
            for kind, milli in (("churn", churn), ("value", value)):
                customer_id = floor.shop.customers[who]
                row = Score(customer_id=customer_id, kind=kind, value_milli=milli, computed_at=NOW, data_until=NOW)
                session.add(row)


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "who is about to leave?", ["churn risk is high (from 60 %)", "highest churn risk first", "71 %"]),
        ("zh", "谁快流失了", ["流失风险为高（60 % 起）", "流失风险从高到低", "71 %"]),
        ("en", "top 1 by expected value", ["highest expected value first", "CN¥900.00"]),
        ("zh", "预期价值超过500块的客户", ["预期价值超过¥500.00", "¥900.00"]),
    ],
)
def test_customers_by_score_with_the_score_beside_them(
    floor: Floor, language: Any, text: str, words: list[str]
) -> None:
    scored(floor)
    agent = Colleague(floor, language=language)
    reply = agent.says("list_customers", text)
    assert listed(reply) == ["Tom Reed #10002"]
    for word in words:
        assert word in shown(reply)
    (record,) = records(floor, agent.presses("list_customers:csv"))
    assert record["churn" if "71 %" in words else "value"] in ("0.71", "900")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_scores_nobody_is_listed_by_them(floor: Floor, language: Any) -> None:
    reply = Colleague(floor, language=language).says("list_customers", "customers at risk")
    assert reply.table is None
    assert "know_customers" in reply.text


@pytest.mark.parametrize("text", ["谁快流失了", "high risk customers", "who is likely to leave us"])
def test_a_score_asked_of_nobody_in_particular_is_a_list(floor: Floor, text: str) -> None:
    scored(floor)
    agent = Colleague(floor)
    agent.says("show_customer", "李梅")
    assert listed(agent.says("get_score", text)) == ["Tom Reed #10002"]


@pytest.mark.parametrize(("role", "intent"), [("agent", "data_export"), ("manager", "export_report")])
def test_cases_shown_last_become_a_file(floor: Floor, role: str, intent: str) -> None:
    someone = Colleague(floor, role=role, staff_id=7)
    for title in ("late parcel", "broken cup"):
        someone.says("case_create", f"open a case for tom@example.org: {title}", email="tom@example.org")
    someone.says("case_list", "open cases")
    reply = someone.says(intent, "export it as csv")
    found = records(floor, reply)
    assert {row["title"] for row in found} == {"late parcel", "broken cup"} if role == "agent" else len(found) == 2
    private = Colleague(floor, role=role, staff_id=7, direct=False)
    private.memory = someone.memory
    assert private.says(intent, "export it as csv").private
