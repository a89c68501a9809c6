"""What managers ask in chat, through the whole product on the sample business."""

import re

import pytest
from sqlalchemy import select

from bot.handlers.manager import MANAGER, MANAGER_ONLY
from bot.messages import IncomingMessage, Outgoing, Sender
from bot.phrases import Phrases
from config.settings import PROJECT
from crm_core.models import AuditEntry
from crm_core.reports.metrics import METRICS, dimensions, measure
from crm_core.reports.periods import Period
from nlu.intents import CUSTOMER, INTENTS
from tests.conftest import Clock
from tests.dialogues import QUEUE, Stage

MANAGING = "U-MANAGER"
PHRASES = Phrases()


def told(sent: list[Outgoing]) -> Outgoing:
    """The one message that was sent."""
    assert len(sent) == 1
    return sent[0]


def test_every_intent_of_managers_has_a_handler_and_every_name_its_words() -> None:
    assert set(INTENTS["manager"]) <= set(MANAGER)
    for intent in MANAGER_ONLY:
        if MANAGER[intent] is MANAGER["not_yet"] and intent != "not_yet":
            assert PHRASES.has(f"manager.not_yet.{intent}"), intent
    for metric in METRICS:
        assert PHRASES.has(f"manager.metrics.{metric}")
        assert PHRASES.has(f"manager.explained.{metric}")
        for dimension in dimensions(metric):
            assert PHRASES.has(f"manager.dimensions.{dimension}")
    for intent in CUSTOMER:
        assert PHRASES.has(f"manager.intents.{intent}"), intent


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("digest for last week", "en", ["Digest: 16 Nov – 22 Nov 2026", "Compared with 9 Nov – 15 Nov 2026"]),
        ("周报，现在就要", "zh", ["简报：2026年11月16日—11月22日", "与2026年11月9日—11月15日"]),
        ("digest now", "en", ["Digest: Sun 22 Nov 2026", "Compared with Sat 21 Nov", "Wanted most:", "High-value"]),
        ("现在发一份简报", "zh", ["简报：2026年11月22日", "与2026年11月21日", "客户最想要的：", "高价值客户"]),
    ],
)
def test_the_digest_comes_as_one_message_with_its_charts(
    stage: Stage, text: str, language: str, words: list[str]
) -> None:
    sent = told(stage.staff_says(MANAGING, text))
    assert sent.language == language
    for word in words:
        assert word in sent.reply.text
    assert [file.media_type for file in sent.reply.files] == ["image/png"] * 3
    for file in sent.reply.files:
        assert stage.app.files.read(file.attachment_id).startswith(b"\x89PNG")
    table = sent.reply.table
    assert table is not None
    assert len(table.rows) == 11
    assert all(len(row) == 4 and row[3] for row in table.rows)
    has_chinese = re.search("[一-鿿]", " ".join(row[0] for row in table.rows)) is not None
    assert has_chinese == (language == "zh")


def test_the_digest_of_another_period_and_by_button_in_the_language_spoken(stage: Stage) -> None:
    stage.staff_says(MANAGING, "你好")
    first = told(stage.staff_says(MANAGING, "上周", kind="command", command="简报"))
    assert "2026年11月16日—11月22日" in first.reply.text
    again = told(stage.staff_says(MANAGING, kind="button", button="digest_now:today"))
    assert "截至目前" in again.reply.text
    assert again.language == "zh"


def test_reading_a_digest_is_audited_and_agents_get_none(stage: Stage) -> None:
    sent = stage.staff_says("U-AGENT", "digest now")
    assert not any(each.reply.files for each in sent)
    stage.staff_says(MANAGING, "digest now")
    with stage.app.store.read() as session:
        entries = session.execute(select(AuditEntry).where(AuditEntry.action == "digest.read")).scalars().all()
    assert [(entry.allowed, entry.fields) for entry in entries] == [(True, ["name", "spend", "mood"])]


def test_a_digest_in_a_channel_is_for_the_asker_alone(stage: Stage) -> None:
    sent = stage.staff_says(MANAGING, "digest now", thread="1763.5", addressed=True)
    assert told(sent).reply.private
    assert told(sent).recipient == MANAGING


def test_a_chart_that_fails_does_not_stop_the_figures(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.analytics.charts.sys.executable", "/nonexistent/python")
    sent = told(stage.staff_says(MANAGING, "digest now"))
    assert sent.reply.files == ()
    assert "No charts this time" in sent.reply.text
    assert sent.reply.table is not None


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        (
            "revenue this month vs last month",
            [r"Revenue, Nov 2026 so far: CN¥[\d,.]+", r"% *\) against Oct 2026 up to"],
        ),
        ("本月营业额和上月比", [r"销售额，2026年11月（截至目前）：¥[\d,.]+", "较2026年10月（截至同一时点）的 ¥"]),
        (
            "orders in q3 compared to q2",
            [r"Orders, 1 Jul – 30 Sept? 2026: \d+", r"against 1 Apr – 30 Jun 2026 \(\d+\)"],
        ),
        ("昨天几单", [r"订单数，2026年11月22日 周日：\d+", "较2026年11月21日 周六的 \\d+：[+−±]"]),
        ("new customers yesterday in Shanghai", ["New customers, Sun 22 Nov 2026: 0", "Only Shanghai"]),
        ("median first response time overall", [r"First reply by staff, 25 Oct – 23 Nov 2026 so far: \d+ min"]),
        ("how did we do last week", ["All figures, 16 Nov – 22 Nov 2026, against 9 Nov – 15 Nov 2026"]),
        ("客户最近都在问什么", ["客户想要什么，2026年10月25日—11月23日"]),
    ],
)
def test_a_figure_says_its_period_and_what_it_is_held_against(stage: Stage, text: str, patterns: list[str]) -> None:
    reply = told(stage.staff_says(MANAGING, text)).reply
    for pattern in patterns:
        assert re.search(pattern, reply.text), reply.text


def test_a_figure_by_channel_is_the_one_that_is_measured(stage: Stage) -> None:
    reply = told(stage.staff_says(MANAGING, "conversations by channel last week")).reply
    assert reply.table is not None
    with stage.app.store.read() as session:
        from datetime import date

        week = Period(date(2026, 11, 16), date(2026, 11, 23), "Asia/Shanghai")
        figure = measure(session, "conversations", week, "channel")
    assert [row[1] for row in reply.table.rows] == [str(row.count) for row in figure.rows]
    assert reply.table.columns == ("Channel", "Active conversations", "Before", "Change")


def test_the_last_figure_can_be_split_and_narrowed(stage: Stage) -> None:
    first = told(stage.staff_says(MANAGING, "revenue this month vs last month")).reply
    split = next(choice for choice in first.choices if choice.value == "refine_query:city")
    by_city = told(stage.staff_says(MANAGING, kind="button", button=split.value)).reply
    assert by_city.table is not None
    assert by_city.text.startswith("Revenue by city, Nov 2026 so far")
    assert "against Oct 2026 up to the same point" in by_city.text


def test_the_span_before_steps_back_from_the_one_that_was_told(stage: Stage) -> None:
    stage.staff_says(MANAGING, "revenue last month")
    said = ("and the month before?", "and the month before that?", "再往前一个月呢")
    replies = [told(stage.staff_says(MANAGING, text)).reply.text for text in said]
    for text, month in zip(replies, ("Sept 2026", "Aug 2026", "2026年7月"), strict=True):
        assert month in text.split("\n")[0]
        assert "Not applied" not in text


def test_the_top_products_are_a_split_and_the_worst_come_from_below(stage: Stage) -> None:
    top = told(stage.staff_says(MANAGING, "top 3 products by revenue this month")).reply
    assert top.table is not None
    assert (top.table.columns[0], len(top.table.rows)) == ("Product", 3)
    worst = told(stage.staff_says(MANAGING, "worst selling products last month")).reply
    assert worst.table is not None
    assert worst.text.startswith("Revenue by product")
    sold = [float(row[1].strip("CN¥").replace(",", "")) for row in worst.table.rows]
    assert len(sold) > 3
    assert sold == sorted(sold)


def test_it_is_the_alert_that_was_paused_and_no_digest(stage: Stage) -> None:
    stage.staff_says(MANAGING, "send me a digest every weekday at 8")
    stage.staff_says(MANAGING, "alert me when complaints exceed 500 in a day")
    paused = told(stage.staff_says(MANAGING, "pause the first alert for a week")).reply.text
    assert paused.startswith("Alert 1 is paused until")
    again = told(stage.staff_says(MANAGING, "turn it on again")).reply.text
    assert "Complaints above 500" in again
    assert "08:00" not in again


def test_posts_that_cannot_be_narrowed_to_pictures_say_so(stage: Stage) -> None:
    stage.staff_says(MANAGING, "mentions this week")
    reply = told(stage.staff_says(MANAGING, "posts with pictures")).reply
    assert "I cannot narrow posts to those with pictures" in reply.text
    assert "pictures" not in told(stage.staff_says(MANAGING, "show the posts")).reply.text


def test_the_best_and_the_worst_are_understood_however_they_are_asked_for(stage: Stage) -> None:
    for text, first, most in (
        ("best sellers this month", "Product", 12),
        ("show my top selling products", "Product", 12),
        ("卖得最差的三个产品", "产品", 3),
        ("top 5 cities by revenue", "City", 5),
    ):
        table = told(stage.staff_says(MANAGING, text)).reply.table
        assert table is not None, text
        assert (table.columns[0], len(table.rows)) == (first, most)


def test_what_customers_are_and_no_figure_knows_is_named(stage: Stage) -> None:
    for text, unknown in (
        ("revenue from customers older than 40", "Not applied: older than 40."),
        ("share of revenue from returning customers", "Not applied: returning customers."),
        ("老客户的销售额", "没有用上：老客户。"),
    ):
        assert unknown in told(stage.staff_says(MANAGING, text)).reply.text


def test_a_figure_that_nobody_keeps_is_not_the_last_one_again(stage: Stage) -> None:
    stage.staff_says(MANAGING, "revenue last month")
    reply = told(stage.staff_says(MANAGING, "units sold by product")).reply
    assert "I keep no figure for “units sold” yet" in reply.text


def test_two_months_ago_is_that_month(stage: Stage) -> None:
    stage.staff_says(MANAGING, "revenue last month")
    for text, month in (("and two months ago?", "Revenue, Sept 2026"), ("两个月前呢", "销售额，2026年9月")):
        assert told(stage.staff_says(MANAGING, text)).reply.text.startswith(month)


def test_another_competitor_is_a_matter_of_the_settings(stage: Stage) -> None:
    for text in ("add competitor Teavana", "添加竞争对手 Teavana"):
        assert "config/settings.yml" in told(stage.staff_says(MANAGING, text)).reply.text


def test_lifetime_value_of_nobody_is_that_of_all(stage: Stage) -> None:
    assert "Expected value is not computed yet" in told(stage.staff_says(MANAGING, "lifetime value")).reply.text


def test_what_cannot_be_split_so_says_how_it_can(stage: Stage) -> None:
    reply = told(stage.staff_says(MANAGING, "new customers by channel last week")).reply
    assert "I cannot tell New customers by channel. Possible: day, week, month" in reply.text


def test_what_is_not_there_yet_offers_what_works(stage: Stage) -> None:
    reply = told(stage.staff_says(MANAGING, "sla report for last week")).reply
    assert "not learned to do that yet" in reply.text
    assert [choice.value for choice in reply.choices] == ["digest_now", "metric_query:overview", "metric_query:revenue"]
    overview = told(stage.staff_says(MANAGING, kind="button", button="metric_query:overview")).reply
    assert overview.table is not None
    revenue = told(stage.staff_says(MANAGING, kind="button", button="metric_query:revenue")).reply
    assert "Revenue, Nov 2026 so far" in revenue.text


def test_figures_are_refused_to_agents(stage: Stage) -> None:
    for outgoing in stage.staff_says("U-AGENT", "revenue this month vs last month"):
        assert "CN¥" not in outgoing.reply.text


def test_managers_can_do_what_agents_can(stage: Stage) -> None:
    sent = stage.staff_says(MANAGING, "status of order SO-20931")
    assert "SO-20931" in str(sent)
    assert "digest" in told(stage.staff_says(MANAGING, kind="command", command="help")).reply.text


def test_a_file_goes_into_the_queue_and_direct_messages_alone(stage: Stage, clock: Clock) -> None:
    def in_channel(chat: str, text: str, number: str) -> Outgoing:
        before = len(stage.desk.outgoing)
        sender = Sender(external_id=MANAGING, name="Hong")
        message = IncomingMessage(
            channel="slack", account="T1", delivery_id=number, chat_id=chat, message_id=number, sender=sender,
            sent_at=clock(), text=text, side="staff", direct=False, addressed=True, thread_id="1763.9",
        )  # fmt: skip
        stage.app.intake.receive(message)
        stage.settle()
        return told(stage.desk.outgoing[before:])

    for chat, has_file in (("C-RANDOM", False), (QUEUE, True)):
        in_channel(chat, "revenue this month", f"{chat}-1")
        sent = in_channel(chat, "export that as csv", f"{chat}-2")
        assert bool(sent.reply.files) == has_file
        assert has_file or "direct message" in sent.reply.text


def test_whatever_the_doctor_looks_at_has_a_name_and_a_cure_in_both_languages() -> None:
    code = "".join((PROJECT / "bot" / name).read_text() for name in ("doctor.py", "rasa_findings.py"))
    names = re.findall(r'\(\s*f?"((?:rasa |slack|telegram)[a-z ]*)', code)
    slugs = {name.strip().replace(" ", "_") for name in names}
    assert {"rasa_model", "slack_scopes", "telegram_token", "telegram_delivery"} <= slugs
    for slug in slugs:
        assert PHRASES.has(f"manager.health.parts.{slug}"), slug
        assert PHRASES.has(f"manager.health.fixes.{slug}") or slug == "rasa_servers", slug
