"""Everybody's own digests on the sample business: set in words, sent once, failures told."""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import select

from bot.channels.base import Channel
from bot.messages import Outgoing
from config.settings import Settings
from crm_core.models import Customer, DigestEdition, DigestPlan, OutboxMessage, Post, Topic, TopicText, TopicWeek
from crm_core.reports.metrics import VOICES
from jobs.personal_digests import personal_digests
from nlu.interpreter import Interpreter
from nlu.knowledge import KnowledgeBase
from tests.conftest import STAFF, Clock
from tests.dialogues import FakeTelegram, Running, Stage

MANAGING, ADMIN = "U-MANAGER", "U-ADMIN"
ADDRESS = "hong@shop.example"
SMTP = {"url": "smtps://mail.shop.example", "sender": "hello@shop.example"}


class Letters(FakeTelegram):
    """A mail server that takes or refuses everything."""

    name: ClassVar[str] = "email"
    account = "smtp"


LETTERS = Letters()


class WithMail(Running):
    """The stage, with e-mail."""

    def _channels(self) -> Mapping[str, Channel]:
        return {**super()._channels(), "email": LETTERS}


@pytest.fixture
def floor(
    sample_settings: Settings, interpreter: Interpreter, knowledge: KnowledgeBase, clock: Clock
) -> Iterator[Stage]:
    """The stage, with a mail server and an address of the manager's."""
    staff = tuple(
        one.model_copy(update={"email": ADDRESS} if one.slack_user == MANAGING else {}) for one in STAFF
    )  # fmt: skip
    settings = Settings(
        _env_file=None, data_dir=sample_settings.data_dir, database=sample_settings.database, staff=staff, smtp=SMTP
    )
    with WithMail(settings, interpreter, knowledge, clock) as running:
        LETTERS.unreachable = ""
        LETTERS.outgoing.clear()
        yield running


def said(stage: Stage, text: str = "", **extra: str) -> str:
    (sent,) = stage.staff_says(MANAGING, text, **extra)
    return sent.reply.text


def due(stage: Stage) -> list[Outgoing]:
    """What the job sends now."""
    before = len(stage.desk.outgoing)
    personal_digests(stage.app, stage.clock())
    stage.settle()
    return stage.desk.outgoing[before:]


def test_a_digest_is_set_in_words_and_comes_once_a_date(floor: Stage):
    told = said(floor, "daily digest at 8am please")
    assert "every day 08:00, Asia/Shanghai, by direct message, in English, daily: everything" in told
    assert "The next one: 24 Nov 2026, 08:00" in told
    assert due(floor) == []
    floor.clock.advance(hours=20)  # 24 Nov, 08:00 in Shanghai
    with ThreadPoolExecutor(3) as processes:
        list(processes.map(lambda _: personal_digests(floor.app, floor.clock()), range(3)))
    floor.settle()
    digests = [one for one in floor.desk.outgoing if "Digest: " in one.reply.text]
    assert len(digests) == 1
    assert digests[0].chat_id == f"D-{MANAGING}"
    assert "Mon 23 Nov 2026" in digests[0].reply.text
    assert "Your daily digest: every day 08:00, Asia/Shanghai" in digests[0].reply.text
    assert len(digests[0].reply.files) == 2
    assert due(floor) == []
    floor.clock.advance(days=1)
    assert len(due(floor)) == 1


def test_its_lines_have_buttons_that_show_what_is_behind(floor: Stage):
    (sent,) = floor.staff_says(MANAGING, "digest for last week")
    (action, *_) = [choice for choice in sent.reply.choices if choice.value.startswith("digest_more:")]
    assert action.label[0] == "①"
    assert "① " in sent.reply.text
    (more,) = floor.staff_says(MANAGING, kind="button", button=action.value)
    assert more.reply.table is not None
    assert "16 Nov – 22 Nov 2026" in more.reply.text
    (gone,) = floor.staff_says(MANAGING, kind="button", button="digest_more:nothing:2026:x")
    assert gone.reply.table is None


def test_it_tells_of_new_topics_and_of_competitors(floor: Stage):
    week = date(2026, 11, 16)
    with floor.app.store.write() as session:
        topic = Topic(source="posts", language="en", name="late parcels", words=[], first_week=week, last_week=week)
        session.add(topic)
        session.flush()
        session.add(
            TopicWeek(topic_id=topic.id, week=week, texts=2, share_milli=40, is_new=True, computed_at=floor.clock())
        )
        begin = datetime(2026, 11, 17, tzinfo=UTC)
        posts = session.scalars(
            select(Post).where(Post.occurred_at > begin, *VOICES).order_by(Post.occurred_at).limit(2)
        )
        for post in posts:
            session.add(TopicText(topic_id=topic.id, post_id=post.id, week=week, fit_milli=900))
        number = topic.id
    (sent,) = floor.staff_says(MANAGING, "digest for last week")
    assert "A new topic in public: late parcels 2 (+2" in sent.reply.text
    assert "People talk in public about (16 Nov – 22 Nov 2026): late parcels 2 (+2" in sent.reply.text
    assert "Competitors in public (16 Nov – 22 Nov 2026): BrightBrew " in sent.reply.text
    assert f"top_topics:texts:{number}" in [choice.value for choice in sent.reply.choices]


def test_an_e_mail_goes_to_the_listed_address_without_names_of_customers(floor: Stage):
    told = said(floor, "every Monday 9am Shanghai time send me sales and mood by email")
    assert "every Monday 09:00, Asia/Shanghai, by e-mail to h***@shop.example, in English, weekly: sales, mood" in told
    floor.clock.advance(days=7)
    assert due(floor) == []
    (letter,) = LETTERS.outgoing
    assert letter.reply.subject.startswith("Digest: ")
    assert letter.reply.choices == ()
    with floor.app.store.read() as session:
        row = session.execute(select(OutboxMessage).where(OutboxMessage.channel == "email")).scalar_one()
        text = str(row.reply)
    assert row.chat_id.startswith("staff-")
    assert ADDRESS not in text
    assert "Ask me" in text or "Nothing notable" in text
    assert "Wanted most" not in text  # only what was asked for
    with floor.app.store.read() as session:
        names = [one.name for one in session.execute(select(Customer).limit(300)).scalars() if one.name]
    assert [name for name in names if name in text] == []


REFUSED = [
    ("send me a weekly digest to someone@evil.example on mondays", "not to another one (yours is h***@shop.example)"),
    ("weekly digest by telegram on friday 17:30 berlin time", "Telegram is not connected"),
    ("every evening at six post the numbers in #sales", "RAPPORT_SLACK__DIGEST_CHANNEL"),
    ("daily digest at 25:00", "There is no such time as 25:00"),
    ("每天25:70发简报给我", "没有 25:70 这个时间"),
    ("send Emma the weekly report, too", "I know nobody called Emma who works here"),
    ("set up a digest for Mei, weekdays 7:30", "Digests are for managers, and Mei Zhou is none"),
    ("set up a digest for Lin, weekdays 7:30", "Lin has never written to me"),
]


def test_what_cannot_be_is_said_and_nothing_is_kept(floor: Stage):
    answers = [(answer, said(floor, text)) for text, answer in REFUSED]
    assert [told for answer, told in answers if answer not in told] == []
    assert floor.count("digest_plans") == 0


def test_one_person_has_several_each_with_its_own_schedule(floor: Stage):
    said(floor, "weekly digest every monday at 9")
    told = said(floor, "send me a digest every second Tuesday")
    assert told.startswith("Added: every 2 weeks on Tuesday 09:00")
    assert "You keep what you had:\n• 1: every Monday 09:00" in told
    told = said(floor, "daily digest at 8 and 20")
    assert "Added: every day 08:00" in told
    assert "Added: every day 20:00" in told
    assert "Added: every working day 09:00" in said(floor, "every weekday at 9 send me the digest")
    assert "on the first Monday of each month" in said(floor, "first Monday of the month send me a report")
    assert "每月最后一个星期五 09:00" in said(floor, "每月最后一个周五发月报，只要销售")
    assert "每月最后一天 09:00" in said(floor, "每月最后一天发简报")
    assert "exactly that already" in said(floor, "digest every monday at 9")
    assert floor.count("digest_plans") == 8
    assert said(floor, "show my digests").count("\n• ") == 8
    floor.clock.advance(hours=8)  # 23 Nov, 20:00 in Shanghai
    assert len(due(floor)) == 1
    floor.clock.advance(hours=12)  # 24 Nov, 08:00
    assert len(due(floor)) == 1
    floor.clock.advance(hours=1)  # 24 Nov, 09:00, a Tuesday
    assert len(due(floor)) == 2


def test_which_of_several_is_asked_and_answered_in_words_or_by_its_button(floor: Stage):
    said(floor, "daily digest at 8 and 20")
    said(floor, "每周一早上九点发我销售和情绪")
    assert "Paused until 30 Nov 2026, 00:00: every day 20:00" in said(floor, "pause the evening one until Monday")
    assert "It goes on: every day 20:00" in said(floor, kind="button", button="digest_pause:resume:2")
    (asked,) = floor.staff_says(MANAGING, "move the digest to 7:30")
    assert [choice.value for choice in asked.reply.choices] == [f"digest_change:{number}" for number in (1, 2, 3)]
    assert "Changed: every Monday 07:30" in said(floor, "the weekly one")
    (asked,) = floor.staff_says(MANAGING, "pause the daily digest until Monday")
    told = said(floor, kind="button", button=asked.reply.choices[0].value)
    assert "Paused until 30 Nov 2026, 00:00: every day 08:00" in told
    assert "已停止：每天 20:00" in said(floor, "停止 2 号简报")
    told = said(floor, "stop all digests")
    assert told.count("Stopped: ") == 2
    assert floor.count("digest_plans") == 0


def test_it_means_the_digest_just_spoken_of_and_nothing_after_an_hour(floor: Stage):
    said(floor, "daily digest at 8am please")
    said(floor, "weekly digest every monday at 9")
    assert "Paused until 30 Nov 2026, 00:00: every Monday" in said(floor, "pause it until Monday")
    floor.clock.advance(hours=2)
    (asked,) = floor.staff_says(MANAGING, "pause it until Wednesday")
    assert "Do you mean your digest? Nothing was done yet." in asked.reply.text
    told = said(floor, kind="button", button=asked.reply.choices[0].value)
    assert "Paused until 25 Nov 2026, 00:00: every day 08:00" in told


def test_a_colleague_gets_one_too_is_told_and_stops_it(floor: Stage):
    said(floor, "every monday at 9 send me sales and mood")
    floor.staff_says(ADMIN, "hello")
    to_me, to_lin = floor.staff_says(MANAGING, "send Lin the weekly report, too")
    assert "Added for Lin: every Monday 09:00" in to_me.reply.text
    assert to_lin.chat_id == f"D-{ADMIN}"
    assert "Hong added a digest for you: every Monday 09:00" in to_lin.reply.text
    assert "weekly: sales, mood" in to_lin.reply.text
    assert "gets exactly that already" in said(floor, "also send the weekly digest to Lin")
    assert "• Added by you for Lin: every Monday" in said(floor, "which digests do i get")
    (sent,) = floor.staff_says(ADMIN, kind="button", button=to_lin.reply.choices[0].value)
    assert "Stopped: every Monday 09:00" in sent.reply.text
    assert "That is theirs" in said(floor, "stop the digest for Lin")


def test_agents_get_none(floor: Stage):
    floor.staff_says("U-AGENT", "daily digest at 8am please")
    with floor.app.store.read() as session:
        assert session.execute(select(DigestPlan)).first() is None


CHANGED = [
    ("daily digest at 8am please", "move the digest to 7:30", "every day 07:30"),
    ("daily digest at 8am please", "remove mood from the digest", "daily: sales, service, what customers want, topics"),
    ("daily digest at 8am please", "change the digest to chinese", "in Chinese"),
    ("daily digest at 8am please", "简报改成每周一", "每星期一 08:00"),
    ("daily digest at 8am please", "switch delivery of my report to e-mail", "by e-mail to h***@shop.example"),
    ("每天早上八点发简报给我", "简报时间改成九点", "每天 09:00"),
    ("每月一号把简报发邮箱", "简报里去掉满意度", "每月 1 日 09:00"),
    ("mail me the digest on the first of every month", "move the digest to 8 and add churn", "no digest tells of it"),
    (
        "every monday at 9 send me sales",
        "add topics and competitors to the digest",
        "weekly: sales, topics, competitors",
    ),
]


def test_it_is_changed_in_words(floor: Stage):
    wrong = []
    for first, then, answer in CHANGED:
        said(floor, first)
        told = said(floor, then)
        wrong += [] if answer in told else [told]
        said(floor, kind="button", button="digest_pause:stop:all")
    assert wrong == []


def test_it_is_paused_resumed_and_stopped(floor: Stage):
    assert "You have no digest of your own" in said(floor, "pause the digest")
    said(floor, "daily digest at 8am please")
    told = said(floor, "pause the digest until monday")
    assert "Paused until 30 Nov 2026, 00:00" in told
    assert "The next one: 30 Nov 2026, 08:00" in told
    floor.clock.advance(days=1)
    assert due(floor) == []
    assert "It goes on" in said(floor, kind="button", button="digest_pause:resume:daily")
    floor.clock.advance(days=1)
    assert len(due(floor)) == 1
    assert "Stopped" in said(floor, "stop sending me digests")
    with floor.app.store.read() as session:
        assert session.execute(select(DigestPlan)).first() is None


def test_who_is_no_manager_any_more_gets_none(floor: Stage, monkeypatch: pytest.MonkeyPatch):
    said(floor, "daily digest at 8am please")
    floor.clock.advance(days=1)
    monkeypatch.setattr(floor.app.roll, "entry_of", lambda external_id: STAFF[0])
    assert due(floor) == []
    with floor.app.store.read() as session:
        assert session.execute(select(DigestPlan)).first() is None


def test_a_digest_that_fails_is_tried_again_then_told_to_its_person_and_admins(
    floor: Stage, monkeypatch: pytest.MonkeyPatch
):
    floor.staff_says(ADMIN, "hello")
    said(floor, "每天早上八点发简报给我")
    floor.clock.advance(days=1)

    def broken(*given: object, **more: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(sys.modules["jobs.personal_digests"], "gather", broken)
    assert due(floor) == []
    assert due(floor) == []
    sent = due(floor)
    texts = {one.chat_id: one.reply.text for one in sent}
    assert "您 2026-11-24 的每日简报没能发出" in texts[f"D-{MANAGING}"]
    assert "The daily digest of Hong of 2026-11-24 could not be sent: OSError." in texts[f"D-{ADMIN}"]
    assert due(floor) == []
    monkeypatch.undo()
    assert due(floor) == []  # that date is done with
    floor.clock.advance(days=1)
    assert len(due(floor)) == 1


def test_a_letter_that_was_refused_is_told(floor: Stage):
    said(floor, "daily digest at 8am by email")
    floor.clock.advance(days=1)
    LETTERS.unreachable = "550 gone"
    (sent,) = [*due(floor), *due(floor)]  # told as soon as it is known
    assert "550 gone" in sent.reply.text
    assert due(floor) == []


def test_an_address_that_is_not_listed_any_more_gets_nothing(floor: Stage, monkeypatch: pytest.MonkeyPatch):
    said(floor, "daily digest at 8am by email")
    monkeypatch.setattr(floor.app.roll, "entry_of", lambda external_id: STAFF[1])
    floor.clock.advance(days=1)
    (sent,) = due(floor)
    assert "No e-mail address is listed for you" in sent.reply.text
    with floor.app.store.read() as session:
        assert session.execute(select(OutboxMessage).where(OutboxMessage.channel == "email")).first() is None
        assert session.execute(select(DigestEdition.state)).scalar_one() == "failed"


def test_late_ones_are_sent_once_and_old_ones_not_at_all(floor: Stage):
    said(floor, "daily digest at 8am please")
    floor.clock.advance(days=4)
    assert len(due(floor)) == 1
    floor.clock.advance(seconds=timedelta(hours=1).total_seconds())
    assert due(floor) == []
