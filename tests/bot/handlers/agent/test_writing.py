"""Notes, tags, tasks and cases: what is kept, on whom, what is said about it, and how it is taken back."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.handlers.agent import reading
from bot.handlers.agent.asking import leftover
from crm_core.models import Case, CustomerTag, Note, Task
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_customer


def tags_of(floor: Floor) -> list[str]:
    return sorted(row.tag for row in floor.rows(CustomerTag))


# --- notes ----------------------------------------------------------------------------------------------------------
NOTES = [
    ("note on Tom Reed: renewal moved to March", "renewal moved to March"),
    ("note on tom reed - he collects teapots", "he collects teapots"),
    ('attach note to Tom Reed "speaks Swedish and English"', "speaks Swedish and English"),
    ("note that Tom Reed doesn't drink caffeine", "Tom Reed doesn't drink caffeine"),
    ("给 Tom Reed 记一下：续约推到三月", "续约推到三月"),
    ("给 Tom Reed 备注：对坚果过敏", "对坚果过敏"),
    ("Tom Reed 对坚果过敏，写进档案", "Tom Reed 对坚果过敏"),
    ("帮我记上，Tom Reed 要纸质发票", "Tom Reed 要纸质发票"),
]


def test_a_note_is_kept_on_who_is_named(floor: Floor, agent: Colleague) -> None:
    for text, kept in NOTES:
        reply = agent.says("add_note", text)
        note = floor.rows(Note)[-1]
        assert (note.text, note.customer_id) == (kept, floor.shop.customers["tom"]), text
        assert kept in reply.text
        assert "Tom Reed" in reply.text


@pytest.mark.parametrize(
    ("argument", "kept"),
    [("10002 call back today", "call back today"), ("10002: 今天回电", "今天回电"), ("#10002 x", "x"),
     ("Tom Reed: likes tea", "likes tea")],
)  # fmt: skip
def test_the_command_takes_number_or_name_first(floor: Floor, agent: Colleague, argument: str, kept: str) -> None:
    agent.commands("add_note", argument)
    [note] = floor.rows(Note)
    assert (note.text, note.customer_id) == (kept, floor.shop.customers["tom"])


@pytest.mark.parametrize(
    "text", ["note: prefers calls after 6pm", "备注：喜欢六点以后接电话", "she hates being called madam, note that"]
)
def test_a_note_without_a_name_is_on_who_was_shown_last(floor: Floor, agent: Colleague, text: str) -> None:
    agent.says("show_customer", "show 李梅")
    agent.says("add_note", text)
    [note] = floor.rows(Note)
    assert note.customer_id == floor.shop.customers["mei"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_button_asks_what_to_note(floor: Floor, language: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    asked = agent.presses("add_note:for:10002")
    assert "Tom Reed" in asked.text
    agent.answers("likes the window seat: always")
    assert [note.text for note in floor.rows(Note)] == ["likes the window seat: always"]


def test_never_mind_writes_nothing(floor: Floor, agent: Colleague) -> None:
    agent.presses("add_note:for:10002")
    assert "nothing was changed" in agent.says("answer", "never mind", confirmed=False).text
    assert floor.rows(Note) == []


@pytest.mark.parametrize(("language", "word"), [("en", "gone"), ("zh", "已删除")])
def test_a_note_is_undone_by_its_button(floor: Floor, language: str, word: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    [value] = buttons(agent.says("add_note", "note on Tom Reed: x y z"))
    somebody_else = Colleague(floor, staff_id=2, language=agent.language)
    assert word not in somebody_else.presses(value).text
    assert len(floor.rows(Note)) == 1
    assert word in agent.presses(value).text
    assert floor.rows(Note) == []
    assert word not in agent.presses(value).text


@pytest.mark.parametrize(
    "value", ["add_note:undo:", "add_note:undo:abc", "add_note:undo:" + "9" * 30, "add_note:for:x"]
)
def test_a_button_nobody_made_changes_nothing(floor: Floor, agent: Colleague, value: str) -> None:
    assert agent.presses(value).text
    assert floor.rows(Note) == []


def test_several_of_a_name_the_note_waits_for_the_choice(floor: Floor, agent: Colleague) -> None:
    with floor.store.write() as session:
        for index in (1, 2):
            add_customer(session, floor.store, "李伟 Li Wei", f"w{index}@example.com", f"+861380013810{index}", NOW)
    reply = agent.says("add_note", "note on Li Wei: pays late")
    assert floor.rows(Note) == []
    assert buttons(reply) == ["add_note:pick:10003", "add_note:pick:10004"]
    agent.presses("add_note:pick:10004")
    [note] = floor.rows(Note)
    assert note.text == "pays late"


def test_a_choice_made_too_late_writes_nothing(floor: Floor, agent: Colleague) -> None:
    agent.presses("tag_customer:pick:10002")
    assert floor.rows(CustomerTag) == []


def test_notes_that_are_asked_for_are_shown_not_written(floor: Floor, agent: Colleague) -> None:
    agent.says("add_note", "note on Tom Reed: likes tea")
    reply = agent.says("add_note", "only the notes")
    assert "likes tea" in shown(reply)
    assert len(floor.rows(Note)) == 1


# --- tags -----------------------------------------------------------------------------------------------------------
TAGS = [
    ("tag Tom Reed as wholesale", ["wholesale"]),
    ("add tag allergy to Tom Reed", ["allergy"]),
    ('put the label "tea lover" on Tom Reed', ["tea lover"]),
    ("add the vip tag to Tom Reed", ["vip"]),
    ("给 Tom Reed 打上批发标签", ["批发"]),
    ("给 Tom Reed 加个 tag：cold-brew", ["cold-brew"]),
    ('Tom Reed 加"过敏"标签', ["过敏"]),
    ("把 Tom Reed 标记成战略客户", ["战略客户"]),
]


def test_tags_are_put_on(floor: Floor, agent: Colleague) -> None:
    for text, expected in TAGS:
        reply = agent.says("tag_customer", text)
        assert tags_of(floor) == expected, text
        assert {row.customer_id for row in floor.rows(CustomerTag)} == {floor.shop.customers["tom"]}
        assert expected[0] in reply.text
        agent.presses(buttons(reply)[0])
        assert tags_of(floor) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "take the tag vip off Tom Reed"), ("en", "remove tag vip from Tom Reed"), ("zh", "去掉 Tom Reed 的VIP标签"),
     ("zh", "给 Tom Reed 移除 vip 标签")],
)  # fmt: skip
def test_tags_are_taken_off_and_put_back(floor: Floor, language: str, text: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    agent.commands("tag_customer", "10002 vip, press")
    assert tags_of(floor) == ["press", "vip"]
    reply = agent.says("tag_customer", text)
    assert tags_of(floor) == ["press"]
    agent.presses(buttons(reply)[0])
    assert tags_of(floor) == ["press", "vip"]
    assert agent.presses(buttons(reply)[0]).text
    assert tags_of(floor) == ["press", "vip"]


def test_a_tag_that_is_there_or_not_there_is_said(floor: Floor, agent: Colleague) -> None:
    agent.commands("tag_customer", "10002 vip")
    assert "already" in agent.commands("tag_customer", "10002 VIP").text
    assert "does not have" in agent.says("tag_customer", "remove tag press from Tom Reed").text


@pytest.mark.parametrize(("language", "word"), [("en", "Which tag"), ("zh", "什么标签")])
def test_a_tag_that_was_not_said_is_asked_for(floor: Floor, language: str, word: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    agent.says("show_customer", "show 10002")
    assert word in agent.says("tag_customer", "tag her" if language == "en" else "给她打标签").text
    agent.answers("press, friend of the house")
    assert tags_of(floor) == ["friend of the house", "press"]


# --- tasks ----------------------------------------------------------------------------------------------------------
TASKS = [
    ("remind me to call Tom Reed tomorrow 3pm", "call Tom Reed", datetime(2026, 11, 24, 7, tzinfo=UTC), "tom"),
    ("明天下午三点提醒我给 Tom Reed 打电话", "给 Tom Reed 打电话", datetime(2026, 11, 24, 7, tzinfo=UTC), "tom"),
    ("remind me on friday to check the stock", "check the stock", datetime(2026, 11, 27, 1, tzinfo=UTC), None),
    ("remind me in two hours to water the plants", "water the plants", NOW + timedelta(hours=2), None),
    ("add a task: photograph the broken cups", "photograph the broken cups", None, None),
    ("加个任务：给展厅准备样品", "给展厅准备样品", None, None),
]


def test_tasks(floor: Floor, agent: Colleague) -> None:
    for text, title, due, who in TASKS:
        reply = agent.says("add_task", text)
        [task] = floor.rows(Task)
        assert (task.title, task.due_at, task.owner_id) == (title, due, 1), text
        assert task.customer_id == (floor.shop.customers[who] if who else None), text
        assert title in reply.text
        agent.presses(buttons(reply)[0])
        assert floor.rows(Task) == []


def test_a_task_about_her_is_about_who_was_shown(floor: Floor, agent: Colleague) -> None:
    agent.says("show_customer", "show 李梅")
    agent.says("add_task", "remind me tomorrow to ring her about the refund")
    agent.says("add_task", "remind me tomorrow to order new pens")
    assert [task.customer_id for task in floor.rows(Task)] == [floor.shop.customers["mei"], None]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_task_without_words_is_asked_for(floor: Floor, language: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    agent.presses("add_task:for:10002")
    agent.answers("call tomorrow 3pm")
    [task] = floor.rows(Task)
    assert (task.title, task.customer_id) == ("call", floor.shop.customers["tom"])
    assert task.due_at == datetime(2026, 11, 24, 7, tzinfo=UTC)


# --- cases ----------------------------------------------------------------------------------------------------------
CASES = [
    ("open a case for Tom Reed, mug cracked on arrival, high", "mug cracked on arrival", "high"),
    ("new ticket: Tom Reed, wrong beans", "wrong beans", "normal"),
    ("create an urgent case for Tom Reed: double charged", "double charged", "urgent"),
    ("给 Tom Reed 建个工单：到货屏碎了，优先级高", "到货屏碎了", "high"),
    ("给 Tom Reed 开个紧急工单：礼盒漏发了两个杯子", "礼盒漏发了两个杯子", "urgent"),
    ("新建工单：Tom Reed，豆子发错了", "豆子发错了", "normal"),
]


def test_cases(floor: Floor, agent: Colleague) -> None:
    for text, title, priority in CASES:
        reply = agent.says("case_create", text)
        case = floor.rows(Case)[-1]
        assert (case.title, case.priority, case.status) == (title, priority, "open"), text
        assert (case.customer_id, case.owner_id) == (floor.shop.customers["tom"], 1), text
        assert f"#{case.number}" in reply.text
        agent.presses(buttons(reply)[0])
        assert floor.rows(Case)[-1].status == "closed"
        assert agent.presses(buttons(reply)[0]).text


def test_a_case_from_a_thread_takes_the_customers_last_words(floor: Floor) -> None:
    chat = floor.chat(floor.shop.customers["mei"], handed_over=True)
    floor.customer_wrote(chat, "The lid is missing")
    somebody = Colleague(floor, in_thread=True)
    somebody.says("case_create", "make this a case")
    [case] = floor.rows(Case)
    assert (case.title, case.conversation_id) == ("The lid is missing", chat)
    assert case.customer_id == floor.shop.customers["mei"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_case_without_a_matter_is_asked_for(floor: Floor, language: str) -> None:
    agent = Colleague(floor, language="zh" if language == "zh" else "en")
    agent.says("case_create", "open a case for Tom Reed, urgent" if language == "en" else "给 Tom Reed 建个紧急工单")
    assert floor.rows(Case) == []
    agent.answers("the kettle leaks")
    [case] = floor.rows(Case)
    assert (case.title, case.priority) == ("the kettle leaks", "urgent")


def test_the_command_takes_the_number_first(floor: Floor, agent: Colleague) -> None:
    agent.commands("case_create", "10002 kettle leaks, urgent")
    [case] = floor.rows(Case)
    assert (case.title, case.priority, case.customer_id) == ("kettle leaks", "urgent", floor.shop.customers["tom"])


# --- reading --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "：",
        "note",
        "备注",
        " " * 64_000,
        "please " * 5_000,
        "建个工单" * 3_000,
        "urgent " * 5_000,
        "x" * 64_000,
        "，" * 5_000,
        "a: " * 5_000,
        '"' * 999,
    ],
)
def test_strange_texts_are_read_without_a_fuss(text: str) -> None:
    started = time.perf_counter()
    reading.note(text)
    reading.note(text, command=True)
    reading.tags(text, ())
    reading.task(text, ())
    reading.case(text, ())
    leftover(text)
    assert time.perf_counter() - started < 1
