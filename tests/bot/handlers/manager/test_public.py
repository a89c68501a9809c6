"""What is said in public and what people talk about, as staff are told it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.handlers.manager.market import market_trend
from bot.handlers.manager.mentions import social_mentions
from crm_core.database import Store, open_store
from crm_core.ids import new_id
from crm_core.models import AuditEntry, Post, Topic, TopicText, TopicWeek
from crm_core.reports.metrics import measure
from crm_core.reports.periods import monday_of
from nlu.understanding import Language
from tests.bot.handlers.agent_turns import NOW, ZONE, Colleague, Floor
from tests.bot.handlers.manager.asking_charts import PHRASES, answer, asking, remembered, settings_of
from tests.conftest import NOW as SAMPLE_NOW


@pytest.fixture(scope="module")
def sample(sample_sqlite: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{sample_sqlite / 'rapport.sqlite'}", sample_sqlite, None)
    yield store
    store.close()


@pytest.fixture
def floor(store: Store, tmp_path: Path) -> Floor:
    return Floor(store, tmp_path / "files")


@pytest.fixture
def posts(floor: Floor) -> list[int]:
    """Five of us within a week: one loud and repeated twice, one of a customer; one of a rival; one that is spam."""
    said = [
        {"text": "the mill burnt my beans", "sentiment_milli": -700, "need": "complain", "likes": 90},
        {"text": "The mill burnt my beans!", "sentiment_milli": -700, "need": "complain", "connector": "weibo"},
        {"text": "the mill burnt my beans", "sentiment_milli": -700, "need": "complain"},
        {"text": "love my tea", "sentiment_milli": 600, "need": "praise", "customer_id": floor.shop.customers["mei"]},
        {"text": "is there a white one", "sentiment_milli": 0, "need": "ask", "products": ["MILL"]},
        {"text": "BrightBrew beats Juniper", "about": "BrightBrew", "brand_named": True, "need": "compare"},
        {"text": "earn money fast", "spam": True},
    ]  # fmt: skip
    ids: list[int] = []
    with floor.store.write() as session:
        for place, values in enumerate(said):
            ids.append(new_id())
            given: dict[str, Any] = {"connector": "x", "about": "us", "language": "en", **values}
            given["duplicate_of_id"] = ids[0] if place in (1, 2) else None
            session.add(Post(
                id=ids[-1], external_id=str(place), author=f"@a{place}", url=f"https://x.example/{place}",
                occurred_at=NOW - timedelta(hours=30 - place), **given,
            ))  # fmt: skip
            session.flush()
    return ids


# --- mentions -------------------------------------------------------------------------------------------------------
def test_agents_hear_how_much_is_said_where_and_how_and_which_posts_are_loudest(floor: Floor, posts: list[int]) -> None:
    reply = Colleague(floor).says("social_mentions", "what is said about us")
    assert "about us" in reply.text
    assert "6 posts" in reply.text  # the one about a rival names us, too; spam is left out
    assert "X 5 (+5), Weibo 1 (+1)" in reply.text
    assert "negative 3" in reply.text
    assert "complains 3" in reply.text
    assert "2 of them only repeat" in reply.text
    assert reply.table
    texts = [row[-1] for row in reply.table.rows]
    assert texts[0] == "📣 90 the mill burnt my beans (and 2 that say the same)"
    assert sum("burnt" in text for text in texts) == 1
    assert reply.choices[0].link == "https://x.example/0"


def test_a_rival_and_a_product_are_asked_for_by_name_in_both_languages(floor: Floor, posts: list[int]) -> None:
    chinese = Colleague(floor, language="zh").says("social_mentions", "网上怎么说手摇磨", product="MILL")
    assert "1 条" in chinese.text
    rival = Colleague(floor).says("social_mentions", "what do they say about BrightBrew", competitor="BrightBrew")
    assert "about BrightBrew" in rival.text
    assert "1 post," in rival.text


def test_of_a_customer_only_their_own_posts_are_shown_and_that_is_noted(floor: Floor, posts: list[int]) -> None:
    reply = Colleague(floor).says("social_mentions", "李梅发了什么帖子")
    assert [card.facts[0][1] for card in reply.cards] == ["love my tea"]
    nobody = Colleague(floor).says("social_mentions", "what did Tom Reed post")
    assert "no public posts are tied to them" in nobody.text
    with floor.store.read() as session:
        noted = list(session.execute(select(AuditEntry.action, AuditEntry.subject)).tuples())
    assert ("public.read", "customer:10001") in noted


def test_reading_posts_is_noted(floor: Floor, posts: list[int]) -> None:
    Colleague(floor).says("social_mentions", "what is said about us")
    with floor.store.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "public.read")).one()
    assert (entry.subject, entry.fields) == ("posts", ["author", "text", "link"])


@pytest.mark.parametrize(("language", "word"), [("en", "What they want"), ("zh", "想要什么")])
def test_managers_narrow_what_is_said_and_see_a_chart(sample: Store, tmp_path: Path, language: str, word: str) -> None:
    settings = settings_of(tmp_path)
    with sample.read() as session:
        first = answer(social_mentions, session, settings, SAMPLE_NOW, "what is said about us", language)
        memory = remembered("social_mentions", first)
        bad = social_mentions(asking(
            session, settings, SAMPLE_NOW, "only negative", language, memory, again=True, mood="negative"
        ))  # fmt: skip
        memory = remembered("social_mentions", bad)
        weibo = social_mentions(asking(
            session, settings, SAMPLE_NOW, "only weibo", language, memory, again=True, channel="weibo"
        ))  # fmt: skip
    assert first.charts[0][1].kind == "days"
    assert len(first.charts[0][1].labels) == 7
    assert bad.query
    assert bad.query.only == {"brand": ["us"], "feeling": ["negative"]}
    assert weibo.query
    assert weibo.query.only == {"brand": ["us"], "feeling": ["negative"], "network": ["weibo"]}
    assert weibo.query.period == first.query.period


# --- topics ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def burning(floor: Floor, posts: list[int]) -> int:
    """A topic of the three posts about the mill, found this night; new this week."""
    week = monday_of(NOW - timedelta(hours=28), ZONE)
    with floor.store.write() as session:
        topic = Topic(source="posts", language="en", name="burnt · mill", words=[["burnt", 600], ["mill", 400]],
                      first_week=week, last_week=week)  # fmt: skip
        session.add(topic)
        session.flush()
        session.add(TopicWeek(topic_id=topic.id, week=week, texts=3, share_milli=500, mood_milli=-700, is_new=True,
                              rising=True, computed_at=NOW - timedelta(hours=1)))  # fmt: skip
        for place, post in enumerate(posts[:3]):
            alike = 2 if place == 0 else None
            session.add(TopicText(topic_id=topic.id, post_id=post, week=week, fit_milli=900, alike=alike))
        return topic.id


def test_topics_have_share_mood_and_marks_and_show_their_texts(floor: Floor, burning: int) -> None:
    boss = Colleague(floor, role="manager")
    reply = boss.says("top_topics", "what are the topics in public")
    assert "🆕 New: burnt · mill." in reply.text
    assert reply.table
    assert reply.table.rows == (("🆕 burnt · mill", "3", "50 %", "+3", "−0.70"),)
    assert reply.choices[0].value == f"top_topics:texts:{burning}"
    texts = boss.presses(reply.choices[0].value)
    assert texts.table
    assert [row[-1] for row in texts.table.rows] == ["the mill burnt my beans (and 2 that say the same)"]
    assert texts.choices[0].link == "https://x.example/0"
    every = boss.presses("show_evidence")
    assert every.table
    assert [row[-2:] for row in every.table.rows] == [
        ("the mill burnt my beans (and 2 that say the same)", "https://x.example/0")
    ]


def test_topics_of_chats_are_the_intents_until_any_are_found(floor: Floor, burning: int) -> None:
    boss = Colleague(floor, role="manager", language="zh")
    reply = boss.says("top_topics", "客户都在聊什么")
    assert reply.table
    assert PHRASES("manager.explained.top_intents", "zh") in reply.table.note
    assert "burnt · mill" in boss.presses(reply.choices[-1].value).text


@pytest.mark.parametrize(("language", "shown"), [("en", "burnt · mill"), ("zh", "烧焦 · 磨 (burnt · mill)")])
def test_topics_are_named_in_the_language_of_the_reader(
    floor: Floor, burning: int, language: Language, shown: str
) -> None:
    with floor.store.write() as session:
        session.get_one(Topic, burning).names = {"en": "burnt · mill", "zh": "烧焦 · 磨"}
    boss = Colleague(floor, role="manager", language=language)
    reply = boss.says("top_topics", "网上都在聊什么" if language == "zh" else "what are the topics in public")
    assert reply.table
    assert reply.table.rows[0][0] == f"🆕 {shown}"


@pytest.mark.parametrize(
    "said",
    [
        "call this topic 'bitter mills'", "rename topic burnt · mill to bitter mills", "Name the topic: bitter mills",
        "把这个话题叫作“bitter mills”", "话题“burnt · mill”改名为 bitter mills",
    ],
)  # fmt: skip
def test_a_manager_names_a_topic_and_the_name_stays_in_both_languages(floor: Floor, burning: int, said: str) -> None:
    boss = Colleague(floor, role="manager")
    assert "Which topic?" in boss.says("top_topics", "call this topic bitter mills").text
    shown = boss.presses(f"top_topics:texts:{burning}")
    assert shown.choices[-1].value == f"top_topics:rename:{burning}"
    reply = boss.says("top_topics", said)
    assert reply.text.startswith('"burnt · mill" is called "bitter mills" now')
    every = boss.presses("show_evidence")
    assert every.table
    assert len(every.table.rows) == 1
    with floor.store.read() as session:
        topic = session.get_one(Topic, burning)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "topic.write")).one()
    assert (topic.called("en"), topic.called("zh"), entry.subject) == ("bitter mills",) * 2 + (f"topic:{burning}",)


@pytest.mark.parametrize("said", ["rename the {} topic to logistics", "把第{}个话题改名为logistics"])
def test_a_topic_is_named_by_its_place_in_the_list_shown_last(floor: Floor, burning: int, said: str) -> None:
    boss, chinese = Colleague(floor, role="manager"), "第" in said
    boss.says("top_topics", "what are the topics in public")
    assert "Which topic?" in boss.says("top_topics", said.format("二" if chinese else "second")).text
    reply = boss.says("top_topics", said.format("一" if chinese else "first"))
    assert reply.text.startswith('"burnt · mill" is called "logistics" now')


def test_a_name_that_another_topic_has_is_asked_for_again(floor: Floor, burning: int) -> None:
    with floor.store.write() as session:
        other = Topic(source="posts", language="en", name="late parcels", first_week=NOW.date(), last_week=NOW.date())
        session.add(other)
    boss = Colleague(floor, role="manager")
    boss.presses(f"top_topics:rename:{burning}")
    assert "already" in boss.answers("Late parcels").text
    assert '"burnt mills" now' in boss.answers("burnt mills").text


def test_topics_that_were_found_are_named_where_posts_are_counted(floor: Floor, burning: int, tmp_path: Path) -> None:
    with floor.store.read() as session:
        found = answer(market_trend, session, settings_of(tmp_path), NOW, "what is trending")
    assert found.query
    with floor.store.read() as session:
        parts = measure(session, "voice", found.query.period, "topic").rows
    assert {row.key: row.value for row in parts} == {"burnt · mill": 3, None: 3}
