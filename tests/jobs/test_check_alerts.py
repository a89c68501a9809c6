"""Alerts in words, on the sample business."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from crm_core.alerts import watched
from crm_core.models import Alert, Product
from jobs.check_alerts import check_alerts
from tests.crm_core import figures as make
from tests.dialogues import Stage

MANAGING = "U-MANAGER"


def said(stage: Stage, text: str = "", **extra: str) -> str:
    (sent,) = stage.staff_says(MANAGING, text, **extra)
    return sent.reply.text


def looked(stage: Stage) -> list[str]:
    before = len(stage.desk.outgoing)
    check_alerts(stage.app, stage.clock())
    stage.settle()
    return [one.reply.text for one in stage.desk.outgoing[before:]]


def complained(stage: Stage) -> None:
    """Thirty complaints of the last half hour."""
    with stage.app.store.write() as session:
        who = make.customer(session, stage.clock() - timedelta(days=9), name="Somebody")
        where = make.chat(session, who, stage.clock() - timedelta(days=9))
        for minute in range(30):
            make.said(session, where, stage.clock() - timedelta(minutes=minute), intent="complaint")


UNDERSTOOD = [
    ("tell me when revenue drops by 20 %", "alert 1: Revenue down by 20 % or more from one day to the next"),
    ("notify me when mood of VIPs gets below -0.2", "Mood of VIP customers below −0.20 in a whole day"),
    ("差评超过10条时提醒我", "：投诉高于 10，一天之内"),
    ("alert me when csat drops below 4", "Rating below 4.0 / 5"),
    ("投诉一天超过10条就告诉我", "：投诉高于 10，一天之内"),
    ("tell me when first response is above 10 minutes", "above 10 min"),
    ("营收比上周下降20%时提醒我", "下降 20 % 以上，与前一周相比"),
    ("warn me when complaints double", "Complaints up by 100 % or more"),
    ("alert me if orders fall by a third this week", "Orders down by 33.3 % or more from one week to the next"),
    ("tell me when complaints about T3 double", "Complaints about “Crane T3 portable electric grinder, black” up by"),
    ("关于T3的投诉翻倍时提醒我", "关于“鹤 T3 便携电动磨豆机 黑色”的投诉上升 100 % 以上"),
    ("tell me when complaints about delivery exceed 5 a day", "Complaints that say “delivery” above 5 in a day"),
    ("投诉物流超过5条时提醒我", "提到“物流”的投诉高于 5"),
    ("alert me when posts about BrightBrew mention a recall", "Posts about BrightBrew that say “recall”: at least one"),
    ("alert me when posts about BrightBrew exceed 20 a day", "Posts about BrightBrew above 20 in a day"),
    ("关于亮泡的帖子一天超过20条就提醒我", "关于BrightBrew的帖子数高于 20"),
    ("alert me when BrightBrew's mood falls below -0.3", "Mood of posts about BrightBrew below −0.30"),
    ("tell me when Copper Kettle complaints are above 2 a week", "Complaints in posts about Copper Kettle Co above 2"),
    ("网上说我们坏话超过10条时提醒我", "关于我们的帖子数（负面）高于 10"),
    ("tell me if T3 stock falls below 5", "Stock of “Crane T3 portable electric grinder, black” below 5."),
    ("T3库存低于5时提醒我", "“鹤 T3 便携电动磨豆机 黑色”的库存低于 5。"),
    ("tell me when the charger sells out", "Stock of “USB-C charging dock for T2 and T3” below 1."),
    ("tell me when sales in Shanghai drop by 20 %", "Revenue in Shanghai down by 20 % or more"),
    ("上海销售额下降20%时告诉我", "上海的销售额下降 20 % 以上"),
    ("tell me when T3 revenue drops by 20%", "Revenue of “Crane T3 portable electric grinder, black” down by"),
    ("茶叶的销售额下降三成时提醒我", "茶叶的销售额下降 30 % 以上"),
    ("tell me when a VIP complains", "Complaints of VIP customers: at least one in a day"),
    ("when Mei takes more than 20 conversations a day tell me", "Conversations taken (Mei Zhou) above 20"),
]
REFUSED = [
    ("create an alert for churn", "That I cannot watch, so nothing was kept. I can watch Stock, "),
    ("create an alert when csat drops by 20 %", "told as a value"),
    (
        "tell me when sales in Gotham drop by 20 %",
        "I know no “gotham” that I could watch, so nothing was kept. Revenue",
    ),
    ("哥谭的销售额下降20%时提醒我", "我不认识“哥谭”"),
    ("当老客户的投诉超过3条时告诉我", "我不认识“老客户”"),
    (
        "tell me when the revenue of BrightBrew drops by 10 %",
        "Revenue cannot be narrowed by brand, so nothing was kept.",
    ),
    ("alert me when stock falls below 5", "The stock of what?"),
    ("inform Lin when complaints exceed 10 a day", "Lin may ask me for one of their own"),
    ("alert #ops when complaints exceed 10 a day", "#ops may ask me"),
    ("tell me when revenue drops by -500 %", "at most 100 %"),
    ("alert me if revenue drops by 500 %", "at most 100 %"),
]


def test_what_was_understood_is_said_back(stage: Stage):
    answers = [(answer, said(stage, text)) for text, answer in UNDERSTOOD]
    assert [told for answer, told in answers if answer not in told] == []


def test_what_cannot_be_watched_is_said_and_nothing_is_kept(stage: Stage):
    answers = [(answer, said(stage, text)) for text, answer in REFUSED]
    assert [told for answer, told in answers if answer not in told] == []
    assert stage.count("alerts") == 0


def test_an_alert_is_told_once_says_why_and_is_stopped(stage: Stage):
    said(stage, "notify me when there are more than 3 complaints a day")
    assert looked(stage) == []
    complained(stage)
    (told,) = looked(stage)
    assert told.startswith("Complaints above 3 in a day: ")
    assert 'To stop it: "stop alert 1"' in told
    assert looked(stage) == []
    (shown,) = stage.staff_says(MANAGING, kind="button", button="alert_create:show:1")
    assert shown.reply.table is not None
    assert "Stopped: Complaints above 3 in a day" in said(stage, "stop alert 1")
    with stage.app.store.read() as session:
        assert session.query(Alert).one().stopped_at is not None


def test_they_are_listed_and_stopped_by_what_they_are_about(stage: Stage):
    said(stage, "tell me when revenue drops by 20 %")
    said(stage, "alert me when csat drops below 4")
    assert "Which one?" in said(stage, "stop alert")
    assert "Stopped: Revenue down by 20 %" in said(stage, "stop the revenue alert")
    assert "Stopped: " in said(stage, kind="button", button="alert_create:stop:2")
    said(stage, "alert me when posts about BrightBrew exceed 20 a day")
    said(stage, "alert me when posts about Copper Kettle exceed 20 a day")
    assert "Stopped: Posts about BrightBrew above 20" in said(stage, "stop the alert about BrightBrew")


def test_one_about_a_product_counts_what_calls_it_by_name_and_shows_it(stage: Stage):
    said(stage, "tell me when there are more than 2 complaints about the T3 a day")
    said(stage, "tell me if T3 stock falls below 30")
    complained(stage)
    assert looked(stage) == []
    with stage.app.store.write() as session:
        who = make.customer(session, stage.clock() - timedelta(days=9), name="Somebody")
        where = make.chat(session, who, stage.clock() - timedelta(days=9))
        for minute, text in enumerate(("My T3 broke", "white T3s come late", "鹤T3坏了", "the T30 is late"), 1):
            at = stage.clock() - timedelta(minutes=minute)
            make.said(session, where, at, intent="complaint", text=text)
        session.execute(update(Product).where(Product.sku == "JC-T3-BLK").values(stock=3))
    first, second = looked(stage)
    assert first.startswith("Complaints about “Crane T3 portable electric grinder, black” above 2 in a day: 3.")
    assert second.startswith("Stock of “Crane T3 portable electric grinder, black” below 30: 3.\nYou asked for this")
    assert looked(stage) == []
    (shown,) = stage.staff_says(MANAGING, kind="button", button="alert_create:show:1")
    assert shown.reply.table is not None
    assert shown.reply.table.rows[0][-1] == "My T3 broke"


def test_agents_set_none_and_who_is_no_manager_any_more_hears_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    stage.staff_says("U-AGENT", "tell me when revenue drops by 20 %")
    said(stage, "notify me when there are more than 3 complaints a day")
    complained(stage)
    monkeypatch.setattr(stage.app.roll, "entry_of", lambda external_id: None)
    assert looked(stage) == []
    with stage.app.store.read() as session:
        assert session.query(Alert).one().stopped_at is not None


def test_they_are_asked_for_in_words(stage: Stage):
    assert "I watch nothing for you yet" in said(stage, "list my alerts")
    said(stage, "tell me when revenue drops by 20 %")
    assert "• 1: Revenue down by 20 % or more" in said(stage, "which alerts have i got running")
    assert "Alert 1 is paused until 30 Nov 2026" in said(stage, "pause alert 1 until Monday")
    assert "from one day to the next (paused)" in said(stage, "list my alerts")
    with stage.app.store.read() as session:
        assert watched(session, stage.clock()) == []
    assert "Alert 1 goes on" in said(stage, "resume alert 1")
    assert "已停止：" in said(stage, "停止提醒 1")
