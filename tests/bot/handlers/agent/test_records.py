"""Consent, copies of the data, templates and notifications, in the hands of staff."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.phrases import LANGUAGES, PhraseError
from bot.templates import Template, Templates, templates
from crm_core.models import Attachment, AuditEntry, Consent, ContactPreference, Identity, Staff
from crm_core.staff.notifications import Notifications
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_order


# --- consent --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([], "marketing on Telegram: no"),
        ([("marketing", "", True)], "marketing on Telegram: yes"),
        ([("marketing", "", True), ("marketing", "telegram", False)], "marketing on Telegram: no"),
        ([("marketing", "", False), ("marketing", "telegram", True)], "marketing on Telegram: yes"),
        ([("marketing", "telegram", True), ("marketing", "", False)], "marketing on Telegram: no"),
        ([("marketing", "slack", True)], "marketing on Telegram: no"),
    ],
)
def test_the_newest_word_about_the_channel_counts(
    floor: Floor, agent: Colleague, words: list[tuple[str, str, bool]], answer: str
) -> None:
    floor.chat(floor.shop.customers["tom"])
    for kind, channel, granted in words:
        with floor.store.write() as session:
            tom = floor.shop.customers["tom"]
            session.add(
                Consent(customer_id=tom, kind=kind, channel=channel, granted=granted, how="chat", occurred_at=NOW)
            )
    assert answer in agent.says("consent_check", "may we send Tom Reed marketing").text


@pytest.mark.parametrize(
    ("how", "shown"),
    [("said in telegram", "said in Telegram)"),
     ("said in web, order SO-1001", "in a chat that had opened order SO-1001"),
     ("link: the stricter word of both", "taken over when the account was linked")],
)  # fmt: skip
def test_where_a_no_came_from_is_told(floor: Floor, agent: Colleague, how: str, shown: str) -> None:
    with floor.store.write() as session:
        tom = floor.shop.customers["tom"]
        session.add(Consent(customer_id=tom, kind="marketing", granted=False, how=how, occurred_at=NOW))
    assert shown in agent.says("consent_check", "may we send Tom Reed marketing").text


def test_orders_need_no_consent_and_a_block_stops_all(floor: Floor, agent: Colleague) -> None:
    floor.chat(floor.shop.customers["tom"])
    assert "messages about orders on Telegram: yes" in agent.commands("consent_check", "10002").text
    with floor.store.write() as session:
        session.query(Identity).update({"blocked_at": NOW})
    text = agent.commands("consent_check", "10002").text
    assert text.count("they have blocked us") == 2
    assert "yes" not in text


def test_whoever_never_wrote_cannot_be_written_to(floor: Floor, agent: Colleague) -> None:
    assert "no chat with them yet" in agent.says("consent_check", "may we write to Tom Reed about offers").text


def test_wishes_about_hours_days_and_channel_are_told(floor: Floor, agent: Colleague) -> None:
    tom = floor.shop.customers["tom"]
    floor.chat(tom)
    with floor.store.write() as session:
        session.add(Consent(customer_id=tom, kind="marketing", granted=True, how="chat", occurred_at=NOW))
        wishes = ContactPreference(customer_id=tom, quiet_from=11 * 60, quiet_until=13 * 60, updated_at=NOW)
        wishes.quiet_days, wishes.at_most_every_days = [6], 7
        session.add(wishes)
    text = agent.says("consent_check", "may we send Tom Reed marketing").text
    for told in ("marketing on Telegram: yes", "between 11:00 and 13:00", "Sunday", "every 7 days", "not now"):
        assert told in text
    with floor.store.write() as session:
        session.query(ContactPreference).update({"channel": "web", "quiet_from": None, "quiet_until": None})
    text = agent.says("consent_check", "may we send Tom Reed marketing").text
    assert "on Web chat alone" in text
    assert "not now" not in text


# --- copies ---------------------------------------------------------------------------------------------------------
def confirmed(boss: Colleague) -> Any:
    boss.says("data_export", "export everything on Tom Reed")
    return boss.says("answer", "yes", confirmed=True)


def test_the_copy_holds_all_of_one_customer_and_nothing_of_another(floor: Floor, agent: Colleague) -> None:
    for who, number in (("tom", "SO-1"), ("mei", "SO-2")):
        add_order(floor.store, floor.shop, who, number, "paid", {"BEANS": 1}, NOW)
    agent.says("add_note", "note on Tom Reed: likes the window seat")
    boss = Colleague(floor, role="admin", staff_id=3)
    confirmed(boss)
    [file] = confirmed(boss).files  # the second copy does not hold the first
    content = floor.services.files.read(file.attachment_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == ["data.json", "data.txt"]
        told = archive.read("data.json").decode()
    assert [row["number"] for row in json.loads(told)["tables"]["orders"]] == ["SO-1"]
    assert "likes the window seat" in told
    assert "CANARY-ADDRESS-SO-1" in told
    assert "SO-2" not in told
    assert "李梅" not in told


def test_the_copy_goes_when_its_customer_is_erased(floor: Floor) -> None:
    [file] = confirmed(Colleague(floor, role="admin", staff_id=3)).files
    floor.store.vault.forget(floor.shop.customers["tom"])
    assert floor.services.files.read(file.attachment_id) == b""


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_only_an_administrator_gets_it_and_every_try_is_noted(floor: Floor, role: str) -> None:
    reply = Colleague(floor, role=role, staff_id=5).says("data_export", "export everything on Tom Reed")
    assert "administrator" in reply.text
    assert floor.rows(Attachment) == []
    noted = [(row.action, row.allowed) for row in floor.rows(AuditEntry) if row.action == "customer.export"]
    assert noted == [("customer.export", False)]


def test_it_is_not_handed_out_in_a_channel(floor: Floor) -> None:
    for place in ({"direct": False}, {"in_thread": True}):
        boss = Colleague(floor, role="admin", staff_id=3, **place)  # type: ignore[arg-type]
        reply = boss.says("data_export", "export everything on Tom Reed")
        assert "direct message" in reply.text
        assert boss.question is None
    assert floor.rows(Attachment) == []


# --- templates ------------------------------------------------------------------------------------------------------
def test_the_facts_of_a_template_are_those_of_one_order(floor: Floor, agent: Colleague) -> None:
    add_order(floor.store, floor.shop, "tom", "SO-OLD-1", "delivered", {"CASE": 1}, NOW, age_days=30, refund="approved")
    add_order(floor.store, floor.shop, "tom", "SO-NEW-2", "paid", {"BEANS": 1}, NOW, age_days=1)
    chat = floor.chat(floor.shop.customers["tom"])
    preview = agent.says("send_canned_reply", "send the refund template to Tom Reed")
    assert "SO-OLD-1" in preview.text
    assert "98.00" in preview.text
    assert "SO-NEW-2" not in preview.text
    assert floor.sent_to(chat) == []
    agent.says("answer", "yes", confirmed=True)
    [(reply, origin)] = floor.sent_to(chat)
    assert "SO-OLD-1" in reply.text
    assert origin


def test_what_a_person_types_into_a_template_is_no_template(floor: Floor, agent: Colleague) -> None:
    floor.chat(floor.shop.customers["tom"])
    agent.commands("send_canned_reply", "out_of_stock 10002")
    agent.answers("{tea} {0}")
    preview = agent.answers("{name} {agent.__class__}")
    assert "{tea} {0} is out of stock" in preview.text
    assert "{name} {agent.__class__}" in preview.text


def test_nothing_is_sent_to_whoever_blocked_us_or_never_wrote(floor: Floor, agent: Colleague) -> None:
    assert "never written" in agent.says("send_canned_reply", "send the apology template to Tom Reed").text
    floor.chat(floor.shop.customers["tom"])
    with floor.store.write() as session:
        session.query(Identity).update({"blocked_at": NOW})
    assert "blocked us" in agent.says("send_canned_reply", "send the apology template to Tom Reed").text
    assert agent.question is None


@pytest.mark.parametrize(
    "value", ["send_canned_reply:use:", "send_canned_reply:use:nothing", "send_canned_reply:use:x" * 2]
)
def test_a_button_nobody_made_sends_nothing(floor: Floor, agent: Colleague, value: str) -> None:
    floor.chat(floor.shop.customers["tom"])
    agent.says("show_customer", "show Tom Reed")
    reply = agent.presses(value)
    assert agent.question is None
    assert "send_canned_reply:use:refund" in buttons(reply)


def test_every_template_can_be_found_by_its_words() -> None:
    for one in templates().templates:
        for word in (one.id, *one.words):
            assert one in templates().named(f"please send {word} now"), (one.id, word)
        values = {name: f"<{name}>" for name in one.fields}
        for language in LANGUAGES:
            assert all(value in one.filled(language, values) for value in values.values())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"en": "{name}", "zh": "好"}, "other fields"),
        ({"en": "{wish}", "zh": "{wish}"}, "nobody can fill"),
        ({"en": "", "zh": "好"}, "at least 1"),
    ],
)
def test_a_template_that_cannot_work_is_refused(content: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Templates.model_validate(
            {"templates": [{"id": "a", "name": {"en": "A", "zh": "甲"}, "words": ["a"], **content}]}
        )


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "templates.yml"
    path.write_text("templates: [", "utf-8")
    with pytest.raises(PhraseError, match="templates"):
        templates(path)


@given(st.text(max_size=80))
def test_any_text_may_name_a_template(text: str) -> None:
    assert all(isinstance(one, Template) for one in templates().named(text))


# --- notifications --------------------------------------------------------------------------------------------------
SAID = [
    ("stop pinging me after 7pm", {"quiet_from": 1140, "quiet_until": 540}),
    ("quiet hours 22 to 8", {"quiet_from": 1320, "quiet_until": 480}),
    ("no pings between 10pm and 7:30am", {"quiet_from": 1320, "quiet_until": 450}),
    ("no more pings at night", {"quiet_from": 1320, "quiet_until": 480}),
    ("午休别响", {"quiet_from": 720, "quiet_until": 780}),
    ("免打扰 22点到8点", {"quiet_from": 1320, "quiet_until": 480}),
    ("晚上七点半以后别再提醒我", {"quiet_from": 1170, "quiet_until": 540}),
    ("never ping me on sundays", {"days_off": (6,)}),
    ("don't notify me on weekends", {"days_off": (5, 6)}),
    ("pause pings till monday i'm on leave", {"muted_until": "2026-11-30T09:00:00+08:00"}),
    ("mute notifications until tomorrow", {"muted_until": "2026-11-24T09:00:00+08:00"}),
    ("mute alerts this weekend",
     {"muted_from": "2026-11-28T00:00:00+08:00", "muted_until": "2026-11-30T00:00:00+08:00"}),
    ("turn off notifications", {"muted": True}),
    ("关闭通知", {"muted": True}),
    ("only notify me about urgent cases", {"urgent_only": True}),
    ("只通知我紧急工单", {"urgent_only": True}),
    ("turn task reminders off", {"off": ("task",)}),
    ("only cases, no other pings", {"off": ("task", "suggestion")}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), SAID)
def test_wishes_are_read_and_taken_back(floor: Floor, agent: Colleague, text: str, kept: dict[str, Any]) -> None:
    reply = agent.says("set_notifications", text)
    [staff] = floor.rows(Staff)
    assert Notifications.load(staff.notifications) == Notifications(**kept), shown(reply)
    agent.presses("set_notifications:undo")
    [staff] = floor.rows(Staff)
    assert Notifications.load(staff.notifications) == Notifications()


@pytest.mark.parametrize("text", ["notify me by email instead", "VIP 来消息私信我", "tell me whenever li mei replies"])
def test_what_cannot_be_had_is_said(floor: Floor, agent: Colleague, text: str) -> None:
    assert "changed nothing" in agent.says("set_notifications", text).text
    assert Notifications.load(floor.rows(Staff)[0].notifications) == Notifications()


def test_everything_is_turned_on_again(floor: Floor, agent: Colleague) -> None:
    for text in ("turn off notifications", "turn task reminders off", "only urgent cases please"):
        agent.says("set_notifications", text)
    agent.says("set_notifications", "start notifying me again")
    assert Notifications.load(floor.rows(Staff)[0].notifications) == Notifications()
