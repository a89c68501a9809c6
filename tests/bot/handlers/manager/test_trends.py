"""Changes, moods, trends, spikes, competitors and forecasts as managers are told them, on the sample business."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.figures import FigureWords
from bot.handlers.manager import MANAGER, MANAGER_PREPARATIONS, horizons
from bot.handlers.manager.charted import answered
from bot.handlers.manager.drawn import DRAWN, only_a_period
from bot.handlers.manager.explaining import explain_change
from bot.handlers.manager.exports import EXPORTED
from bot.handlers.manager.foretelling import forecast
from bot.handlers.manager.horizons import Ahead, fitting, span_of
from bot.handlers.manager.market import market_trend, posts_in_words, social_spike
from bot.handlers.manager.mentions import social_mentions
from bot.handlers.manager.moods import sentiment_trend
from bot.handlers.manager.queries import Said, whole
from bot.handlers.manager.refining import REFINED
from bot.handlers.manager.rivals import competitor_compare
from bot.turns import Memory
from crm_core.analytics.forecasts.kept import Figure, season_of
from crm_core.database import Store, open_store
from crm_core.models import Post
from crm_core.reports.metrics import FigureRow
from nlu.understanding import Entity
from tests.bot.handlers.manager.asking_charts import PHRASES, answer, asking, remembered, settings_of
from tests.conftest import NOW
from tests.dialogues import Stage

MANAGING = "U-MANAGER"


@pytest.fixture(scope="module")
def sample(sample_sqlite: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{sample_sqlite / 'rapport.sqlite'}", sample_sqlite, None)
    yield store
    store.close()


def asked(sample: Store, folder: Path, make: Any, text: str, language: str = "en", **more: Any) -> Any:
    with sample.read() as session:
        return answer(make, session, settings_of(folder), NOW, text, language, **more)


def test_what_is_drawn_is_prepared_handled_and_refined():
    for kind in DRAWN:
        assert kind in MANAGER_PREPARATIONS
        assert kind in REFINED
        assert kind in EXPORTED
        assert MANAGER[kind] is not MANAGER["not_yet"]
    assert {"refine_query", "list_customers"} <= set(MANAGER_PREPARATIONS)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Revenue: ", "Most of the difference", "In all: "]), ("zh", ["差别最明显", "合计："])],
)
def test_a_change_is_explained_and_its_table_adds_up(sample: Store, tmp_path: Path, language: str, words: list[str]):
    found = asked(sample, tmp_path, explain_change, "why", language, metric="revenue")
    assert all(word in found.reply.text for word in words)
    *parts, whole_row = found.reply.table.rows
    amounts = [_money(row[3]) for row in parts]
    assert sum(amounts) == pytest.approx(_money(whole_row[3]), abs=0.05)  # each is shown to the cent
    assert _money(whole_row[3]) == pytest.approx(_money(whole_row[1]) - _money(whole_row[2]), abs=0.05)
    assert found.charts[0][1].kind == "gaps"
    assert found.query.metric == "revenue"
    *told, all_of_it = found.sheet.rows
    assert sum(row[3] for row in told) == pytest.approx(all_of_it[3], abs=0.05)
    assert all_of_it[3] == pytest.approx(all_of_it[1] - all_of_it[2], abs=0.05)


@pytest.mark.parametrize(
    ("make", "metric", "narrowing"),
    [(explain_change, "revenue", {"channel": "telegram"}), (forecast, "revenue", {"channel": "telegram"})],
)
def test_what_cannot_be_narrowed_so_says_by_what_it_can(
    sample: Store, tmp_path: Path, make: Any, metric: str, narrowing: dict[str, str]
):
    found = asked(sample, tmp_path, make, "x", metric=metric, **narrowing)
    assert "I cannot tell" in found.reply.text
    assert found.query is None


def test_a_split_that_is_not_possible_is_said(sample: Store, tmp_path: Path):
    found = asked(sample, tmp_path, explain_change, "why", metric="revenue", group_by="channel")
    assert "I cannot tell" in found.reply.text
    assert "Most of the difference" in found.reply.text


def test_the_mood_of_a_competitor_is_that_of_posts_about_it(sample: Store, tmp_path: Path):
    found = asked(sample, tmp_path, sentiment_trend, "sentiment trend of copper kettle", competitor="Copper Kettle Co")
    assert found.query.metric == "voice_mood"
    assert found.query.only == {"brand": ["Copper Kettle Co"]}
    ours = asked(sample, tmp_path, sentiment_trend, "sentiment trend")
    assert ours.query.metric == "mood"
    assert found.reply.text != ours.reply.text


def _money(text: str) -> float:
    return float(re.sub(r"[^\d.−]", "", text).replace("−", "-"))


def test_why_is_about_the_figure_shown_last_and_can_be_split_otherwise(sample: Store, tmp_path: Path):
    first = asked(sample, tmp_path, explain_change, "why do people complain more", metric="complaints")
    memory = remembered("explain_change", first)
    again = asked(sample, tmp_path, explain_change, "by channel", memory=memory, again=True, group_by="channel")
    assert again.query.metric == "complaints"
    assert again.query.group_by == "channel"
    assert again.reply.table.columns[0] == "Channel"
    posts = asked(sample, tmp_path, explain_change, "为什么网上说我们的人多了", "zh")
    assert posts.query.metric == "mentions"
    most = asked(sample, tmp_path, explain_change, "what happened")
    assert most.reply.table.rows


def test_moods_say_whether_they_surely_changed(sample: Store, tmp_path: Path):
    chats = asked(sample, tmp_path, sentiment_trend, "how is the mood")
    assert "No clear change" in chats.reply.text
    assert chats.charts[0][1].kind == "days"
    assert len(chats.charts[0][1].labels) == 28
    posts = asked(sample, tmp_path, sentiment_trend, "社媒情绪", "zh")
    assert posts.query.metric == "post_mood"
    split = asked(sample, tmp_path, sentiment_trend, "by channel", again=True, group_by="channel",
                  memory=remembered("sentiment_trend", posts))  # fmt: skip
    assert split.query.group_by == "network"
    assert split.reply.table.columns[0] == "Network"
    assert {row[0] for row in split.sheet.rows} == {row[0] for row in split.reply.table.rows}
    assert all(-1 <= row[1] <= 1 for row in split.sheet.rows if row[2])


def test_the_wave_of_the_sample_is_what_rises_and_what_blew_up(sample: Store, tmp_path: Path):
    rising = asked(sample, tmp_path, market_trend, "what is trending")
    assert re.search(r"the last 7 days: \d+ posts, (\d+ with reposts, )?about us", rising.reply.text)
    assert "Rising: battery" in rising.reply.text
    assert next(row for row in rising.sheet.rows if row[0] == "battery")[2] > 0
    blowing = asked(sample, tmp_path, social_spike, "有什么在爆", "zh")
    assert "关于我们一切平静" in blowing.reply.text
    assert "BrightBrew" in blowing.reply.text
    assert "话题「电池」" in blowing.reply.text
    assert blowing.query.only == {"brand": ["BrightBrew"]}
    assert [row[1] for row in blowing.sheet.rows] == list(blowing.charts[0][1].values)


NARROWED = [
    (market_trend, "Only Bluesky."),
    (social_spike, "Only Bluesky."),
    (competitor_compare, "Only Bluesky."),
]


@pytest.mark.parametrize(("make", "told"), NARROWED)
def test_what_is_said_in_public_is_narrowed_and_of_another_time(sample: Store, tmp_path: Path, make: Any, told: str):
    whole_answer = asked(sample, tmp_path, make, "x")
    memory = remembered("x", whole_answer)
    narrow = asked(sample, tmp_path, make, "only bluesky", memory=memory, again=True, channel="bluesky")
    assert told in narrow.reply.text
    assert narrow.query.only["network"] == ["bluesky"]
    october = {"start": "2026-10-01", "end": "2026-11-01"}
    memory = remembered("x", narrow)
    past = asked(sample, tmp_path, make, "last month", memory=memory, again=True, date_range=october)
    assert told in past.reply.text
    assert "Oct 2026" in past.reply.text
    assert (past.query.period.first.isoformat(), past.query.only["network"]) == ("2026-10-01", ["bluesky"])
    assert past.reply.text != narrow.reply.text


@pytest.mark.parametrize("make", [competitor_compare, market_trend, social_spike, social_mentions])
@pytest.mark.parametrize(("language", "told"), [("en", "Posts do not tell which city"), ("zh", "看不出来自哪个城市")])
def test_posts_have_no_city_and_that_is_said(sample: Store, tmp_path: Path, make: Any, language: Any, told: str):
    found = asked(sample, tmp_path, make, "only Shanghai", language, location="Shanghai")
    assert told in found.reply.text


def test_posts_are_counted_with_and_without_those_that_repeat_others():
    english, chinese = FigureWords(PHRASES, "en"), FigureWords(PHRASES, "zh")
    assert posts_in_words(1, 1, english) == "1 post"
    assert posts_in_words(40, 81, english) == "40 posts, 81 with reposts"
    assert posts_in_words(40, 81, chinese) == "共 40 条，算上转发 81 条"


def test_what_is_repeated_a_lot_is_told_where_nothing_blew_up(sample: Store, tmp_path: Path):
    with sample.read() as session:
        given = asking(session, settings_of(tmp_path), NOW + timedelta(days=1), "anything blowing up")
        text = answered(social_spike, given).reply.text
    assert "Nothing about us is" in text
    assert "BrightBrew" in text


def test_competitors_are_compared_with_intervals(sample: Store, tmp_path: Path):
    found = asked(sample, tmp_path, competitor_compare, "how do we compare")
    shares = [float(row[2].split()[0]) for row in found.reply.table.rows]
    assert sum(shares) == pytest.approx(100, abs=1.5)
    assert "better about us than about BrightBrew" in found.reply.text
    assert "We lose on: delivery against BrightBrew" in found.reply.text
    assert [chart.kind for _, chart in found.charts] == ["lines", "gaps"]
    brands = [row for row in found.sheet.rows if row[1] is None]
    assert sum(row[3] for row in brands) == pytest.approx(100, abs=0.3)
    assert all(row[7] <= row[6] <= row[8] for row in found.sheet.rows if row[6] is not None)
    assert len(found.reply.table.columns) == 4
    one = asked(sample, tmp_path, competitor_compare, "us against copper kettle co")
    assert one.query.only == {"brand": ["us", "Copper Kettle Co"]}
    assert [row[0] for row in one.reply.table.rows] == ["Copper Kettle Co", "us"]


def test_nothing_public_is_said_so(store: Store, tmp_path: Path):
    for make in (market_trend, social_spike, competitor_compare, sentiment_trend, explain_change):
        found = asked(store, tmp_path, make, "posts about us")
        assert found.reply.text
        assert not found.charts


def test_a_forecast_has_an_interval_a_model_and_how_it_did(sample: Store, tmp_path: Path):
    found = asked(sample, tmp_path, forecast, "orders for the next 2 weeks", metric="orders", duration={"days": 14})
    text = found.reply.text
    value, low, high = (float(n.replace(",", "")) for n in re.search(
        r"about ([\d,]+), in four of five cases between ([\d,]+) and ([\d,]+)", text).groups())  # fmt: skip
    assert low < value < high
    assert "23 Nov – 6 Dec 2026" in text
    assert re.search(r"Tried at \d+ later points|tried at \d+ earlier points", text)
    assert len(found.reply.table.rows) == 12
    chart = found.charts[0][1]
    assert (chart.ahead, len(chart.labels)) == (14, 56 + 14)
    assert len(chart.low) == len(chart.labels) == len(chart.lines[0])
    rows = found.sheet.rows
    assert [row[0] for row in rows[55:58]] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert [row[1] is None for row in rows] == [False] * 56 + [True] * 14
    assert all(low <= value <= high for _, _, value, low, high in rows[56:])
    assert sum(row[2] for row in rows[56:]) == pytest.approx(value, abs=14)


@pytest.mark.parametrize(
    ("said", "unit", "steps", "skipped", "asked"),
    [
        ({"duration": {"days": 42}}, "day", 42, 0, None),
        ({"date_range": {"start": "2026-11-23", "end": "2027-02-23"}}, "week", 14, 0, None),
        ({"date_range": {"start": "2026-12-01", "end": "2027-01-01"}}, "day", 39, 8, None),
        ({}, "day", 28, 0, None),
        ({"group_by": "week"}, "week", 8, 0, None),
        ({"group_by": "week", "duration": {"days": 14}}, "week", 2, 0, None),
        ({"group_by": "day", "duration": {"days": 90}}, "day", 90, 0, None),
        ({"date_range": {"start": "2026-11-23", "end": "2029-11-23"}}, "week", 21, 0, "2029-11-22"),
        ({"date_range": {"start": "2028-01-01", "end": "2029-01-01"}}, "week", 21, 0, "2028-12-31"),
    ],
)
def test_how_far_ahead(
    sample: Store, tmp_path: Path, said: Any, unit: str, steps: int, skipped: int, asked: str | None
):
    with sample.read() as session:
        given = asking(session, settings_of(tmp_path), NOW, "forecast", **said)
        ahead, past = fitting(given, Figure("orders"), span_of(given))
    assert ahead is not None
    assert (ahead.unit, ahead.steps, ahead.skipped) == (unit, steps, skipped)
    assert (ahead.asked.isoformat() if ahead.asked else None) == asked
    assert len(past) > steps


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("forecast sales for the rest of the year", "2027-01-01"),
        ("sales for the remainder of this quarter", "2027-01-01"),
        ("orders for the rest of this week", "2026-11-30"),
        ("how will sales be by 2030", "2031-01-01"),
        ("销售额未来十年", "2036-11-23"),
    ],
)
def test_ends_that_are_no_period_of_their_own(sample: Store, tmp_path: Path, text: str, last: str):
    with sample.read() as session:
        assert span_of(asking(session, settings_of(tmp_path), NOW, text)).last.isoformat() == last


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["before 22 Nov 2029, as was asked: the past is ", " weeks ahead, no further"]),
        ("zh", ["没有到您要的2029年11月22日：历史只有 "]),
    ],
)
def test_what_lies_too_far_is_told_with_how_long_the_past_is(
    sample: Store, tmp_path: Path, language: str, words: list[str]
):
    three_years = {"start": "2026-11-23", "end": "2029-11-23"}
    found = asked(sample, tmp_path, forecast, "x", language, metric="orders", date_range=three_years)
    assert all(word in found.reply.text for word in words)
    by_days = asked(
        sample, tmp_path, forecast, "x", again=True, metric="orders", group_by="month",
        memory=remembered("forecast", found),
    )  # fmt: skip
    assert "By months it cannot be told yet" in by_days.reply.text
    assert by_days.asked == {**found.asked, "unit": "month"}


def test_months_are_told_by_months_once_there_are_enough(
    sample: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = tuple(FigureRow(f"{2016 + at // 12}-{at % 12 + 1:02}-01", 10.0, 1) for at in range(130))
    monkeypatch.setattr(horizons, "past_of", lambda *given: rows)
    with sample.read() as session:
        given = asking(
            session, settings_of(tmp_path), NOW, "x", date_range={"start": "2027-01-01", "end": "2028-01-01"}
        )
        ahead, _ = fitting(given, Figure("orders"), span_of(given))
    assert ahead == Ahead("month", 14, 2)
    assert season_of(130, "month", 14) == 12
    assert season_of(30, "month", 3) == 1


def test_what_cannot_be_foretold_says_so(sample: Store, store: Store, tmp_path: Path):
    assert "cannot be foretold" in asked(sample, tmp_path, forecast, "forecast the mood", metric="mood").reply.text
    assert "too few" in asked(store, tmp_path, forecast, "forecast orders", metric="orders").reply.text


def test_words_of_chats_mean_those_of_posts(sample: Store, tmp_path: Path):
    with sample.read() as session:
        given = asking(session, settings_of(tmp_path), NOW, "x").spoken
    said = Said(group_by="channel", only={"channel": ["weibo"]})
    query = whole(given, "mentions", said)
    assert (query.group_by, query.only) == ("network", {"network": ["weibo"]})
    assert whole(given, "messages", said).group_by == "channel"


def test_why_and_by_channel_and_show_me_through_the_whole_product(stage: Stage) -> None:
    with stage.app.store.write() as session:
        session.add(Post(connector="weibo", external_id="1", about="us", occurred_at=stage.clock.now, text="x"))
    first = stage.staff_says(MANAGING, "why did revenue drop last week")[0]
    assert "Most of the difference shows by" in first.reply.text
    assert [file.media_type for file in first.reply.files] == ["image/png"]
    sent = stage.staff_says(MANAGING, "export it as csv")[0]
    assert [file.media_type for file in sent.reply.files] == ["text/csv"]
    split = stage.staff_says(MANAGING, "/refine_query by category")
    assert split
    shown = stage.staff_says(MANAGING, "show me the records behind it")[0]
    assert shown.reply.table is not None


@pytest.mark.parametrize(
    ("language", "text", "entities", "told"),
    [
        ("en", "why did messages by Emma change", {}, "Not applied: Emma. Messages cannot"),
        ("en", "why did messages from Zorblatt Quux change", {}, "Not applied: Zorblatt Quux. Messages cannot"),
        ("en", "why did messages about T3 change", {"product": "T3"}, "Not applied: T3."),
        ("zh", "T3的消息为什么少了", {"product": "T3"}, "没有用上：T3。"),
        ("en", "why did messages by Tom Reed change", {"person_name": "Tom Reed"}, "Not applied: Tom Reed."),
    ],
)
def test_what_a_figure_cannot_be_narrowed_to_is_said(
    sample: Store, tmp_path: Path, language: Any, text: str, entities: dict[str, str], told: str
):
    found = asked(sample, tmp_path, explain_change, text, language, metric="messages", **entities)
    assert told in found.reply.text


def test_orders_are_meant_by_their_word_after_another_figure(sample: Store, tmp_path: Path):
    shown = asked(sample, tmp_path, explain_change, "why", metric="complaints")
    memory = remembered("explain_change", shown)
    found = asked(sample, tmp_path, explain_change, "为什么上海的订单少了", "zh", memory=memory)
    assert found.query.metric == "orders"


@pytest.mark.parametrize(
    ("text", "split"),
    [("why did sales fall, by product", "product"), ("按产品", "product"), ("by product category", "category")],
)
def test_by_product_is_no_category(sample: Store, tmp_path: Path, text: str, split: str):
    found = asked(sample, tmp_path, explain_change, text, metric="revenue", group_by="category")
    assert found.query.group_by == split


def test_what_a_figure_can_be_narrowed_to_narrows_it(sample: Store, tmp_path: Path):
    for make in (explain_change, forecast):
        found = asked(sample, tmp_path, make, "sales of T3", metric="revenue", product="JC-T3-BLK")
        assert found.query.only == {"product": ["JC-T3-BLK"]}
        assert "Not applied" not in found.reply.text
    shown = asked(sample, tmp_path, explain_change, "why did sales of T3 fall", metric="revenue", product="JC-T3-BLK")
    again = asked(
        sample, tmp_path, explain_change, "why did sales in shanghai fall", metric="revenue", location="Shanghai",
        memory=remembered("explain_change", shown),
    )  # fmt: skip
    assert again.query.only == {"city": ["Shanghai"]}


def test_a_period_alone_is_the_last_answer_of_that_time(sample: Store, tmp_path: Path):
    october = {"start": "2026-10-01", "end": "2026-11-01"}
    memory = Memory()
    memory.show("answer", "competitor_compare")
    with sample.read() as session:
        for text, alone in (("in October", True), ("十月呢", True), ("orders in October", False)):
            name = "October" if "October" in text else "十月"
            said = asking(session, settings_of(tmp_path), NOW, text).spoken
            dates = Entity(name="date_range", value=october, text=name)
            said.understanding = said.understanding.model_copy(update={"entities": (dates,)})
            assert only_a_period(said, memory) is alone
            assert not only_a_period(said, Memory())
