"""Alerts in words, on the sample business."""

from datetime import timedelta

import pytest

from crm_core.models import Alert
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


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("tell me when revenue drops by 20 %", "alert 1: Revenue down by 20 % or more from one day to the next"),
        ("notify me when mood of VIPs gets below -0.2", "Mood below −0.20 in a whole day (VIP)"),
        ("差评超过10条时提醒我", "投诉高于 10，一天之内"),
        ("alert me when csat drops below 4", "below 4.0 / 5"),
        ("投诉一天超过10条就告诉我", "投诉高于 10，一天之内"),
        ("tell me when first response is above 10 minutes", "above 10 min"),
        ("营收比上周下降20%时提醒我", "下降 20 % 以上，与前一周相比"),
        ("warn me when complaints double", "Complaints up by 100 % or more"),
        ("alert me if orders fall by a third this week", "Orders down by 33.333 % or more from one week to the next"),
        ("create an alert for churn", "I can watch these figures: "),
        ("create an alert when csat drops by 20 %", "told as a value"),
    ],
)
def test_what_was_understood_is_said_back(stage: Stage, text: str, answer: str):
    assert answer in said(stage, text)


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
    assert "已停止：" in said(stage, "停止提醒 1")
