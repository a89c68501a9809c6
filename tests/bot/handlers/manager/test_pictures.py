"""Answers with pictures: drawn before the transaction begins, of exactly what the answer says, and kept as files."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import drawing
from bot.messages import Reply
from crm_core.analytics.charts import ChartsFailed, ChartSpec
from crm_core.database import Store
from crm_core.models import AuditEntry, Customer, Score
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor
from tests.bot.shop import add_customer, add_order


@pytest.fixture
def floor(store: Store, tmp_path: Path) -> Floor:
    """Three buyers of August, one of whom came back in September and two in October; what they are worth."""
    floor = Floor(store, tmp_path / "files")
    with store.write() as session:
        floor.shop.customers["ann"] = add_customer(session, store, "Ann", "ann@example.org", "+447700900119", NOW)
    august = (NOW - NOW.replace(month=8, day=10)).days
    for number, (who, after) in enumerate((("mei", (0, 30, 60)), ("tom", (0, 60)), ("ann", (0,)))):
        for place, days in enumerate(after):
            name = f"SO-{number}{place}"
            add_order(store, floor.shop, who, name, "delivered", {"MILL": 1}, NOW, age_days=august - days)
    with store.write() as session:
        for who, value in (("mei", 900_000), ("tom", 90_000), ("ann", 10_000)):
            session.add(
                Score(customer_id=floor.shop.customers[who], kind="value", value_milli=value, horizon_days=365,
                      model="bgnbd", computed_at=NOW, data_until=NOW - timedelta(hours=4), reasons=[])
            )  # fmt: skip
    return floor


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, floor: Floor) -> list[ChartSpec]:
    """What was drawn. Whoever draws within a transaction keeps others from writing: this would wait and fail."""
    seen: list[ChartSpec] = []

    def draw(charts: Sequence[ChartSpec], folder: Path, **_: Any) -> list[bytes]:
        with floor.store.write() as session:
            session.get_one(Customer, floor.shop.customers["mei"]).city = "Shanghai"
        seen.extend(charts)
        return [b"\x89PNG" for _ in charts]

    monkeypatch.setattr(drawing, "render", draw)
    return seen


def manager(floor: Floor, language: Any = "en") -> Colleague:
    return Colleague(floor, role="manager", staff_id=2, language=language, prepares=True)


def exported(floor: Floor, colleague: Colleague) -> list[list[str]]:
    """The last answer as CSV, row by row."""
    reply = colleague.presses("export_report:csv")
    [file] = reply.files
    assert file.name.endswith(".csv")
    text = floor.services.files.read(file.attachment_id).decode("utf-8-sig")
    return [line.split(",") for line in text.splitlines()]


def pictured(floor: Floor, reply: Reply) -> bool:
    [file] = reply.files
    return file.media_type == "image/png" and floor.services.files.read(file.attachment_id).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "retention by cohort", ["Aug 2026 to Aug 2026 (3 customers)", "33 % in month 1, 67 % in month 2",
                                       "67 % came back", "by more than chance"]),
        ("zh", "按月看留存", ["2026年8月到2026年8月（共 3 位客户）", "第 1 个月 33 %、第 2 个月 67 %",
                         "67 % 至少回来过一次"]),
    ],
)  # fmt: skip
def test_retention_is_told_drawn_and_exported(
    floor: Floor, drawn: list[ChartSpec], language: str, text: str, words: list[str]
) -> None:
    colleague = manager(floor, language)
    reply = colleague.says("metric_query", text)
    for word in words:
        assert word in reply.text
    assert pictured(floor, reply)
    [chart] = drawn
    assert (chart.kind, chart.cells, chart.notes) == ("heat", [[1 / 3, 2 / 3]], ["3"])
    assert exported(floor, colleague)[1:] == [["2026-08", "3", "33.3", "66.7"]]


def test_retention_can_be_narrowed_and_says_by_what_it_cannot_be_split(floor: Floor, drawn: list[ChartSpec]) -> None:
    with floor.store.write() as session:
        session.get_one(Customer, floor.shop.customers["mei"]).tier = "VIP"
    colleague = manager(floor)
    colleague.says("metric_query", "retention by cohort")
    reply = colleague.says("refine_query", "only VIPs")
    assert "(1 customer" in reply.text
    assert "Only VIP" in reply.text
    assert drawn[-1].cells == [[1.0, 1.0]]
    for text in ("retention by channel", "retention in Shanghai"):
        refused = colleague.says("metric_query", text)
        assert "cannot tell Retention" in refused.text
        assert not refused.files


def test_a_question_that_sounds_like_the_rest_of_one_is_answered(floor: Floor, drawn: list[ChartSpec]) -> None:
    assert "3 customers" in manager(floor).says("refine_query", "retention by month").text
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "value distribution", ["3 customers", "CN¥1,000 in all", "less than CN¥90", "(1 customer, CN¥900",
                                      "makes up 90 %", "until 23 Nov 2026, 08:00"]),
        ("zh", "客户价值分布", ["3 位客户", "合计 ¥1,000", "不到 ¥90", "占 90%", "截至2026年11月23日 08:00"]),
    ],
)  # fmt: skip
def test_the_spread_of_value_is_told_drawn_and_exported(
    floor: Floor, drawn: list[ChartSpec], language: str, text: str, words: list[str]
) -> None:
    colleague = manager(floor, language)
    reply = colleague.says("metric_query", text)
    for word in words:
        assert word in reply.text
    assert pictured(floor, reply)
    [chart] = drawn
    assert (chart.kind, sum(value or 0 for value in chart.values)) == ("histogram", 3)
    rows = exported(floor, colleague)
    assert sum(int(row[2]) for row in rows[1:]) == 3
    refused = colleague.says("refine_query", "only Shanghai").text
    assert ("not by city" if language == "en" else "不能按城市") in refused


def test_segments_are_drawn_and_exported(floor: Floor, drawn: list[ChartSpec]) -> None:
    colleague = manager(floor)
    for name, conditions in (("all", "ordered at least once"), ("twice", "ordered at least twice")):
        colleague.says("segment_create", f'save as "{name} of them": {conditions}')
        colleague.says("answer", "yes", confirmed=True)
    drawn.clear()
    reply = colleague.says("segment_size", "how are my segments")
    assert pictured(floor, reply)
    [chart] = drawn
    assert (chart.labels, chart.values, chart.groups) == (["all of them", "twice of them"], [3, 2], ["Rule", "Rule"])
    assert [row[:4] for row in exported(floor, colleague)[1:]] == [
        ["all of them", "rule", "3", "100.0"], ["twice of them", "rule", "2", "66.7"]
    ]  # fmt: skip
    drawn.clear()
    reply = colleague.says("segment_compare", "compare all of them and twice of them")
    assert pictured(floor, reply)
    assert drawn[0].values == [3, 2]
    assert [row[:3] for row in exported(floor, colleague)[1:]] == [
        ["all of them", "3", "936.0"], ["twice of them", "2", "1170.0"]
    ]  # fmt: skip
    assert not colleague.says("segment_size", "how many are in twice of them").files
    assert [row[0] for row in exported(floor, colleague)[1:]] == ["twice of them"]


def test_what_is_prepared_is_given_out_under_the_same_right(floor: Floor, drawn: list[ChartSpec]) -> None:
    colleague = manager(floor)
    colleague.says("segment_create", 'save as "buyers": ordered at least once')
    colleague.says("answer", "yes", confirmed=True)

    def noted() -> list[tuple[str, bool]]:
        return [(row.subject, row.allowed) for row in floor.rows(AuditEntry) if row.action == "segment.read"]

    before = len(noted())
    colleague.says("segment_size", "how are my segments")
    assert noted()[before:] == [("segments", True)]
    agent = Colleague(floor, role="agent", staff_id=3)
    assert not agent.says("segment_size", "how are my segments").table


def test_without_a_picture_it_says_why(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> list[bytes]:
        raise ChartsFailed("Drawing took longer than 60 s.", "slow", "60")

    monkeypatch.setattr(drawing, "render", fail)
    reply = manager(floor).says("metric_query", "value distribution")
    assert "No charts this time: It took longer" in reply.text
    assert reply.table
    assert not reply.files
