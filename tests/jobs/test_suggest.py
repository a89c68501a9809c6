"""Suggestions at work: the card of the day, buttons, words, drafts and tasks, on the sample business."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from bot.messages import Reply
from bot.suggestion_reading import Shown, Verdict, read
from crm_core.models import Consent, Conversation, Customer, Delivery, Interaction, Staff, Suggestion, Task
from crm_core.suggestions.making import owner_of
from jobs.suggest import suggest, suggest_events
from nlu.entities import extract
from tests.bot.handlers.agent_turns import CATALOGUE
from tests.conftest import NOW
from tests.crm_core import figures as some
from tests.dialogues import QUEUE, Stage

AGENT, MANAGER = "U-AGENT", "U-MANAGER"
OURS = Suggestion.value_minor == 100_000
"""Those made here, and not by the job out of the sample business."""


def prepared(stage: Stage, *, kinds: tuple[str, ...] = ("apologise", "ask_review", "call"), owner: str = AGENT) -> None:
    """Suggestions for somebody who has said hello, each about a customer of its own with a chat."""
    stage.staff_says(owner, "hello there")
    triggers = {"apologise": "complaint", "ask_review": "praise", "call": "at_risk", "offer": "habit_due"}
    with stage.app.store.write() as session:
        session.execute(delete(Suggestion))
        staff = session.execute(select(Staff).where(Staff.external_id == f"slack:{owner}")).scalar_one()
        now = stage.clock()
        for number, kind in enumerate(kinds):
            who = some.customer(session, now - timedelta(days=90), name=f"Customer{number}", language="en")
            chat = some.chat(session, who, now - timedelta(days=80))
            some.said(session, chat, now - timedelta(days=70))
            session.add(
                Suggestion(
                    customer_id=who.id, kind=kind, open_kind=kind, trigger=triggers[kind], value_minor=100_000,
                    gain_milli=100, expected_minor=10_000 - number, owner_id=staff.id, state="proposed",
                    reasons=[{"fact": "orders", "value": 3, "effect_milli": 0}], created_at=now,
                    lapses_at=now + timedelta(days=3),
                )
            )  # fmt: skip


def states(stage: Stage) -> list[str]:
    with stage.app.store.read() as session:
        query = select(Suggestion).where(OURS).order_by(Suggestion.expected_minor.desc())
        rows = session.execute(query).scalars()
        return [row.state for row in rows]


def ran(stage: Stage) -> list[tuple[str, Reply]]:
    """What staff were sent because the job ran."""
    before = len(stage.desk.outgoing)
    suggest_events(stage.app, stage.clock())
    stage.settle()
    return [(one.chat_id, one.reply) for one in stage.desk.outgoing[before:]]


def pressed(stage: Stage, value: str, user: str = AGENT) -> Reply:
    (sent,) = stage.staff_says(user, kind="button", button=value)
    return sent.reply


def test_a_card_a_day_in_ones_own_chat_and_its_buttons(stage: Stage):
    prepared(stage)
    told = ran(stage)
    (card,) = [reply for chat, reply in told if chat == f"D-{AGENT}"]
    assert "Why this comes" in card.text
    assert [re.sub(r" #\d+", "", one.title) for one in card.cards] == [
        "1. Apologise to Customer0", "2. Call Customer2", "3. Ask Customer1 for a review",
    ]  # fmt: skip
    assert dict(card.cards[0].facts)["Worth"] == "about CN¥100 (CN¥1,000 expected from them × 10 points more chance)"
    assert not [chat for chat, _ in ran(stage) if chat == f"D-{AGENT}"]
    stage.clock.advance(hours=24)
    assert [chat for chat, _ in ran(stage) if chat == f"D-{AGENT}"]


def test_a_call_becomes_a_task_and_is_done_with_it(stage: Stage):
    prepared(stage, kinds=("call",))
    (card,) = [reply for chat, reply in ran(stage) if chat == f"D-{AGENT}"]
    reply = pressed(stage, card.cards[0].choices[0].value)
    assert "on your list" in reply.text
    with stage.app.store.read() as session:
        row = session.execute(select(Suggestion).where(OURS)).scalar_one()
        assert row.task_id
        assert "Call Customer0" in (session.get_one(Task, row.task_id).title or "")
    assert "taken that on already" in pressed(stage, card.cards[0].choices[0].value, MANAGER).text
    pressed(stage, reply.choices[0].value)
    ran(stage)
    assert states(stage) == ["done"]


def test_a_message_is_a_draft_until_somebody_sends_it(stage: Stage):
    prepared(stage, kinds=("apologise",))
    reply = pressed(stage, f"approve_suggestion:yes:{only(stage)}")
    assert "I am sorry for the trouble" in reply.text
    assert "only when you send it" in reply.text
    with stage.app.store.read() as session:
        draft = session.execute(select(Interaction).where(Interaction.kind == "draft")).scalar_one()
        assert draft.direction == "internal"
    before = len(stage.customers.outgoing)
    assert reply.choices[0].value == f"desk:send:{draft.id}"
    stage.staff_says(AGENT, kind="button", button=reply.choices[0].value)
    assert "I am sorry" in stage.customers.outgoing[before].reply.text
    stage.clock.advance(minutes=1)
    ran(stage)
    assert states(stage) == ["done"]


def only(stage: Stage) -> int:
    with stage.app.store.read() as session:
        return session.execute(select(Suggestion.id).where(OURS)).scalar_one()


def test_undo_puts_it_back_and_takes_the_task_away(stage: Stage):
    prepared(stage, kinds=("call",))
    reply = pressed(stage, f"approve_suggestion:yes:{only(stage)}")
    pressed(stage, reply.choices[-1].value)
    assert states(stage) == ["proposed"]
    with stage.app.store.read() as session:
        assert not [t for t in session.execute(select(Task)).scalars() if "Call Customer0" in (t.title or "")]


def test_less_of_this_is_seen_less_often_and_undone(stage: Stage):
    prepared(stage, kinds=("call", "apologise"))
    reply = pressed(stage, "approve_suggestion:less:call")
    assert "at most once in 7 days" in reply.text
    stage.clock.advance(hours=24)
    (card,) = [reply for chat, reply in ran(stage) if chat == f"D-{AGENT}"]
    assert len(card.cards) == 1
    assert "Apologise" in card.cards[0].title
    pressed(stage, "approve_suggestion:more:call")
    stage.clock.advance(hours=24)
    (card,) = [reply for chat, reply in ran(stage) if chat == f"D-{AGENT}"]
    assert len(card.cards) == 2


def test_what_shall_i_do_today_tells_suggestions_before_tasks(stage: Stage):
    prepared(stage)
    for text in ("what do i have to do today", "今天该给谁打电话"):
        (sent,) = stage.staff_says(AGENT, text)
        assert len(sent.reply.cards) == 3, text
    (listed,) = stage.staff_says(AGENT, "/crm next")
    assert len(listed.reply.cards) == 3
    why = pressed(stage, sent.reply.cards[0].choices[3].value)
    assert "学到" in why.text


def test_managers_decide_in_words(stage: Stage):
    prepared(stage, owner=MANAGER)
    ran(stage)
    (sent,) = stage.staff_says(MANAGER, "approve the second one")
    assert "on your list" in sent.reply.text
    assert states(stage) == ["proposed", "proposed", "approved"]
    (sent,) = stage.staff_says(MANAGER, "这几条建议都不要")
    assert states(stage) == ["skipped", "skipped", "approved"]
    report = pressed(stage, "approve_suggestion:report", MANAGER)
    assert report.table is not None
    assert {row[0] for row in report.table.rows} >= {"打电话", "致歉", "请求评价"}


def test_a_question_about_suggestions_decides_nothing(stage: Stage):
    for who in (MANAGER, AGENT):
        prepared(stage, owner=who)
        ran(stage)
        for text in ("why is the first one suggested", "第一条为什么", "why number 1?", "为什么建议第一条"):
            (sent,) = stage.staff_says(who, text)
            assert "Customer0" in sent.reply.text, text
            assert "3 " in sent.reply.text, text
        assert states(stage) == ["proposed"] * 3


def test_the_list_tells_when_the_day_is_used_up_and_why_explains(stage: Stage):
    prepared(stage, owner=MANAGER, kinds=("apologise", "ask_review", "call", "apologise", "apologise", "apologise"))
    (listed,) = stage.staff_says(MANAGER, "我的建议")
    assert len(listed.reply.cards) == 5
    (why,) = stage.staff_says(MANAGER, "why?")
    assert why.reply.text.count("3 orders in all") == 5
    (done,) = stage.staff_says(MANAGER, "全部采纳")
    assert done.reply.text.splitlines()[0] == "已采纳 5 条。其中 4 条是草稿，您按发送才会发出。"
    (again,) = stage.staff_says(MANAGER, "suggest")
    assert "5 suggestions today, the most that one day brings; 1 waits for tomorrow" in again.reply.text
    (today,) = stage.staff_says(MANAGER, "what should I do today")
    assert "1 waits for tomorrow" in today.reply.text
    assert "Your tasks" in today.reply.text


def test_on_a_new_installation_they_are_made_when_asked_for(stage: Stage):
    with stage.app.store.write() as session:
        session.execute(delete(Suggestion))
    (listed,) = stage.staff_says(AGENT, "今天该给谁打电话")
    assert listed.reply.cards
    assert stage.count("suggestions") >= len(listed.reply.cards)


def test_what_was_skipped_and_sent_after_all_is_no_refusal(stage: Stage):
    prepared(stage, kinds=("apologise",))
    one = only(stage)
    send = pressed(stage, f"approve_suggestion:yes:{one}").choices[0].value
    pressed(stage, f"approve_suggestion:again:{one}")
    pressed(stage, f"approve_suggestion:no:{one}")
    assert states(stage) == ["skipped"]
    stage.staff_says(AGENT, kind="button", button=send)
    assert states(stage) == ["approved"]
    stage.clock.advance(minutes=1)
    ran(stage)
    assert states(stage) == ["done"]


@pytest.mark.parametrize("rest", ["skip the rest", "剩下的跳过"])
def test_the_rest_is_what_is_left_of_the_list(stage: Stage, rest: str):
    prepared(stage, owner=MANAGER)
    ran(stage)
    stage.staff_says(MANAGER, "daily digest at 8am please")
    stage.staff_says(MANAGER, "approve the second one")
    (sent,) = stage.staff_says(MANAGER, rest)
    assert "Customer2" not in sent.reply.text
    assert states(stage) == ["skipped", "skipped", "approved"]


def test_digests_are_paused_only_where_something_names_them(stage: Stage):
    stage.staff_says(MANAGER, "daily digest at 8am please")
    (sent,) = stage.staff_says(MANAGER, "skip the rest")
    assert "Nothing was done yet" in sent.reply.text
    assert "digest_pause:pause:1" in [one.value for one in sent.reply.choices]


def test_how_they_fared_and_the_switch_in_words(stage: Stage):
    prepared(stage, owner=MANAGER)
    for text in ("how did the suggestions fare", "建议的效果如何"):
        (sent,) = stage.staff_says(MANAGER, text)
        assert sent.reply.table is not None, text
    prepared(stage)
    stage.staff_says(AGENT, "turn suggestions off")
    assert not [chat for chat, _ in ran(stage) if chat == f"D-{AGENT}"]


def test_quiet_hours_and_a_switch_keep_the_card_away(stage: Stage):
    prepared(stage)
    stage.staff_says(AGENT, "turn suggestions off")
    stage.staff_says(AGENT, kind="button", button="set_notifications:undo")
    with stage.app.store.write() as session:
        staff = session.execute(select(Staff).where(Staff.external_id == f"slack:{AGENT}")).scalar_one()
        staff.notifications = {"off": ["suggestion"]}
    assert not [chat for chat, _ in ran(stage) if chat == f"D-{AGENT}"]


def test_the_sample_business_gives_reasons_and_the_queue_is_told_once(stage: Stage):
    with stage.app.store.write() as session:
        session.execute(delete(Suggestion))
        who = session.execute(select(Customer).where(Customer.kind == "person").order_by(Customer.number)).scalars()
        chat = some.chat(session, next(who), stage.clock() - timedelta(hours=9))
        some.said(session, chat, stage.clock() - timedelta(hours=2), intent="complaint")
    assert suggest(stage.app, stage.clock())["made"] >= 1
    assert suggest(stage.app, stage.clock())["made"] == 0
    assert len([1 for chat_id, _ in ran(stage) if chat_id == QUEUE]) == 1
    assert not ran(stage)
    with stage.app.store.read() as session:
        assert session.execute(select(Delivery).where(Delivery.account == "suggest")).first()
        assert session.execute(select(Consent)).first()
        assert session.execute(select(Conversation).where(Conversation.chat_id == QUEUE)).first()
        assert owner_of(session, chat.customer_id or 0, "manager") is None


# --- words alone ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("approve suggestion 2, skip the rest", "nynn"),
        ("accept all proposals", "yyyy"),
        ("reject number three", "--n-"),
        ("do the first one", "y---"),
        ("approve everything except the last", "yyyn"),
        ("none of those suggestions", "nnnn"),
        ("approved: 1,2,4", "yy-y"),
        ("yes to the win back idea, no to the discount", "-n-y"),
        ("accept the first, reject the second", "yn--"),
        ("postpone suggestion 3, approve the others", "yyly"),
        ("第二条建议通过，其他跳过", "nynn"),
        ("建议全部采纳", "yyyy"),
        ("这几条建议都不要", "nnnn"),
        ("一个都不采纳", "nnnn"),
        ("全部采纳", "yyyy"),
        ("批准：1、2、4", "yy-y"),
        ("除了最后一条都批准", "yyyn"),
        ("驳回第三条", "--n-"),
        ("suggestion 1 和 3 pass，2 不要", "yny-"),
        ("给VIP打电话那条同意，群发不同意", "y---"),
        ("hello", "----"),
    ],
)
def test_which_are_taken_and_which_are_not(text: str, expected: str):
    shown = [
        Shown(number, kind, number) for number, kind in enumerate(("call", "offer", "thank", "win_back"), start=1)
    ]  # fmt: skip
    entities = extract(text, CATALOGUE, audience="manager", intent="approve_suggestion", now=NOW, zone="Asia/Shanghai")
    found = read(text, entities, shown)
    letters: dict[Verdict | None, str] = {"yes": "y", "no": "n", "later": "l", None: "-"}
    assert "".join(letters[found.get(one.suggestion_id)] for one in shown) == expected
