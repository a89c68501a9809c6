"""Topics: words of both languages, LDA, coherence, and what is stored week by week."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.sparse import csr_matrix
from sklearn.decomposition import LatentDirichletAllocation
from sqlalchemy import func, select

from config.settings import FOLDER
from crm_core.analytics.topics import refresh as topics
from crm_core.analytics.topics.chinese_words import ChineseWords
from crm_core.analytics.topics.glossary import Glossary, glossary
from crm_core.analytics.topics.lda import ALPHA, Lda
from crm_core.analytics.topics.model import (
    choose_number,
    coherences,
    diversity,
    find_topics,
    largest,
    npmi,
    occurrences,
    top_words,
)
from crm_core.analytics.topics.names import kept_words, matched, named
from crm_core.analytics.topics.texts import Text, leads
from crm_core.analytics.topics.words import words_of
from crm_core.database import Store
from crm_core.models import Conversation, Customer, Interaction, Post, Product, Topic, TopicText, TopicWeek

THEMES = {
    "delivery": "parcel courier customs delayed shipping warehouse tracking doorstep",
    "brewing": "grinder espresso crema burr filter kettle pour roast",
    "money": "refund invoice charge card bank discount coupon price",
}
MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def spoken(chance: random.Random, theme: str, count: int = 4) -> str:
    return " ".join(chance.sample(THEMES[theme].split(), count))


@pytest.fixture
def corpus() -> list[str]:
    """The themes by turns, each text with a word of another one now and then."""
    chance = random.Random(3)
    texts = []
    for place in range(240):
        text = spoken(chance, list(THEMES)[place % 3])
        texts.append(text + (" " + spoken(chance, chance.choice(list(THEMES)), 1) if chance.random() < 0.3 else ""))
    return texts


# --- words ----------------------------------------------------------------------------------------------------------
def test_english_words_lose_what_says_nothing_and_their_plurals() -> None:
    words = words_of(["The cards @shop https://a.example never came, T3!", "my card, a T3 and #tea"], "en")
    assert [[word for word in text if word] for text in words.texts] == [["card", "came", "t3"], ["card", "t3", "tea"]]
    assert words.forms["t3"] == "T3"


def test_chinese_words_are_what_holds_together_and_stands_beside_many_others() -> None:
    frames = ("我的{}坏了", "请问{}怎么买", "{}很好用", "想退{}", "新到的{}在哪", "没有{}不行")
    texts = [frame.format(thing) for frame in frames for thing in ("挂耳包", "手摇磨", "青瓷杯")]
    chinese = ChineseWords(texts)
    assert {"挂耳包", "手摇磨", "青瓷杯"} <= chinese.words
    assert "".join(chinese.split("新到的青瓷杯在哪")) == "新到的青瓷杯在哪"
    assert "青瓷杯" in chinese.split("新到的青瓷杯在哪")


def test_names_are_no_words_whatever_stands_beside_them() -> None:
    names = ("Juniper & Crane", "BrightBrew", "亮泡")
    english = words_of(["#BrightBrew kettle, juniper & crane's mug; brightbrewed"], "en", names).texts[0]
    assert [word for word in english if word] == ["kettle", "mug", "brightbrewed"]
    assert [word for word in words_of(["亮泡的订单"], "zh", names).texts[0] if word] == ["订单"]


def test_words_that_everybody_who_shops_writes_are_known_without_the_texts() -> None:
    assert [word for word in words_of(["我的订单退款了吗"], "zh").texts[0] if word] == ["订单", "退款"]


def test_words_of_fewer_than_three_people_are_left_out() -> None:
    texts = [["order", "yolanda"], ["order", "yolanda"], ["order", None], ["order"]]
    assert kept_words(texts, [1, 2, 3, None]) == [["order", None], ["order", None], ["order", None], ["order"]]


# --- the model ------------------------------------------------------------------------------------------------------
def test_shares_are_those_that_scikit_learn_infers_from_the_same_weights() -> None:
    chance = np.random.default_rng(1)
    words = csr_matrix(chance.poisson(0.3, (60, 30)).astype(float))
    words = words[np.asarray(words.sum(axis=1)).ravel() > 0]
    weights = chance.gamma(1.0, 1.0, (4, 30)) + 0.1
    theirs = LatentDirichletAllocation(4, doc_topic_prior=ALPHA, max_doc_update_iter=500, mean_change_tol=1e-7)
    theirs.fit(words)
    theirs.components_ = weights
    theirs.exp_dirichlet_component_ = np.exp(_expected_logarithm(weights))
    apart = np.abs(theirs.transform(words) - Lda(weights).shares(words)).max(axis=1)
    assert np.quantile(apart, 0.9) < 0.001  # a text between two topics needs more steps than ours makes


def _expected_logarithm(weights: Any) -> Any:
    from scipy.special import digamma

    return digamma(weights) - digamma(weights.sum(axis=1, keepdims=True))


def test_npmi_is_minus_one_never_nought_by_chance_and_one_always() -> None:
    matrix = csr_matrix(np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]], dtype=float))
    values = npmi(matrix)
    assert values[0, 1] == pytest.approx(1)
    assert values[0, 2] == pytest.approx(0)
    assert values[0, 3] == -1


def test_planted_themes_are_found_whole_and_apart(corpus: list[str]) -> None:
    matrix, vocabulary = occurrences(words_of(corpus, "en").texts)
    found = find_topics(matrix, vocabulary, 3, 0)
    tops = [set(found.words(topic)[:8]) for topic in range(3)]
    assert sorted(map(sorted, tops)) == sorted(sorted(words.split()) for words in THEMES.values())
    assert diversity([top[:8] for top in found.tops]) == 1
    of_text = found.shares.argmax(axis=1)
    assert all(len(set(of_text[place::3])) <= 2 for place in range(3))


def test_topics_are_more_coherent_than_those_of_plain_lda(corpus: list[str]) -> None:
    matrix, vocabulary = occurrences(words_of(corpus, "en").texts)
    values = npmi(matrix)
    plain = LatentDirichletAllocation(6, random_state=0).fit(matrix)
    ours = find_topics(matrix, vocabulary, 6, 0)
    assert coherences(ours.tops, values).mean() > coherences(largest(plain.components_), values).mean()


def test_the_number_stays_near_the_last_one_and_is_nought_where_little_is_said(
    corpus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_core.analytics.topics.model.LEAST_WORDS", 5)
    matrix, _ = occurrences(words_of(corpus, "en").texts)
    assert choose_number(matrix, 0) in (3, 4)
    assert choose_number(matrix, 0, last=3) == 3
    assert choose_number(matrix[:20], 0) == 0


def test_words_of_a_topic_are_ten_even_if_few_are_its_own() -> None:
    weights = np.array([[5.0] * 3 + [1.0] * 12, [1.0] * 3 + [9.0] * 12])
    assert [len(set(top)) for top in top_words(weights, np.zeros((15, 15)))] == [10, 10]


# --- names ----------------------------------------------------------------------------------------------------------
def test_a_name_joins_words_that_stand_together_and_is_not_given_twice() -> None:
    texts = [["exchange", "rate", None], [None, "exchange", "rate"], ["rate", None, "bank"], ["bank", "fee"]]
    words = ["rate", "bank", "fee", "exchange"]
    none = Glossary({})
    assert named(words, texts, {"bank": "Bank"}, (), "en", none) == {"en": "exchange rate · Bank"}
    assert named(words, texts, {}, ["exchange rate · bank"], "en", none) == {"en": "exchange rate · bank · fee"}
    taken = ["exchange rate · bank", "exchange rate · bank · fee"]
    assert named(words, texts, {}, taken, "en", none) == {"en": "exchange rate · bank (2)"}
    assert named(["物流", "显示"], [["物流", "显示"], ["物流", "显示"]], {}, (), "zh", none) == {"zh": "物流显示"}


def test_a_name_is_of_words_that_are_known_in_both_languages_and_of_products_as_the_catalogue_calls_them(
    store: Store,
) -> None:
    with store.write() as session:
        for sku, colour, farbe in (("T3-W", "white", "白色"), ("T3-B", "black", "黑色")):
            session.add(Product(
                sku=sku, name_en=f"T3 grinder, {colour}", name_zh=f"T3 磨豆机 {farbe}", category="grinders",
                price_minor=1, currency="CNY", aliases=["T3"], updated_at=NOW,
            ))  # fmt: skip
        session.flush()
        known = glossary(session)
    chinese = [["今日份", "快递三天", "t3", "客服"]] * 2
    assert named(["今日份", "快递三天", "t3", "客服"], chinese, {"t3": "T3"}, (), "zh", known) == {
        "zh": "快递 · T3 磨豆机 · 客服", "en": "delivery · T3 grinder · support",
    }  # fmt: skip
    english = [["utterly", None, "couriers", None, "delayed"]] * 2
    assert named(["utterly", "couriers", "delayed"], english, {}, (), "en", known) == {
        "en": "courier · late", "zh": "快递员 · 晚到",
    }  # fmt: skip


def test_every_word_of_the_glossary_stands_there_once() -> None:
    listed = yaml.safe_load((FOLDER / "glossary.yml").read_text("utf-8"))
    words = [word.strip().lower() for english in listed for word in english.split(",")]
    words += [word for chinese in listed.values() for word in chinese.split()]
    assert [word for word, count in Counter(words).items() if count > 1] == []


def test_topics_are_matched_by_their_words_each_once() -> None:
    known = [{"tea": 500, "cup": 500}, {"bank": 900, "fee": 100}]
    assert matched([{"bank": 500, "fee": 200}, {"tea": 400, "pot": 100}, {"tea": 10, "robot": 900}], known) == {
        0: 1,
        1: 0,
    }


def test_texts_that_say_much_the_same_have_one_that_leads() -> None:
    texts = [
        Text(1, "the grinder is hot and melted", MONDAY, repeats=True),
        Text(2, "The grinder is hot and melted!", MONDAY),
        Text(3, "where is my parcel", MONDAY),
        Text(4, "PSA: the grinder is hot and melted", MONDAY),
    ]
    assert leads(texts, [0.9, 0.8, 0.7, 0.6]) == [None, 2, 0, None]


# --- weeks ----------------------------------------------------------------------------------------------------------
class Said:
    """Writes what is said in the weeks before."""

    def __init__(self, store: Store) -> None:
        self.store, self.chance, self.count = store, random.Random(5), 0

    def posts(self, theme: str, weeks_ago: int, count: int, **values: Any) -> None:
        at = datetime.combine(MONDAY, datetime.min.time(), UTC) - timedelta(weeks=weeks_ago)
        with self.store.write() as session:
            for _ in range(count):
                self.count += 1
                text = values.get("text") or spoken(self.chance, theme, 3)
                session.add(Post(
                    connector="rss", external_id=str(self.count), about="us", language="en",
                    occurred_at=at + timedelta(hours=self.chance.randrange(1, 48)),
                    **{"sentiment_milli": 500, **values, "text": text},
                ))  # fmt: skip


@pytest.fixture
def said(store: Store, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setattr("crm_core.analytics.topics.model.LEAST_WORDS", 5)
    found = Said(store)
    for weeks_ago in range(1, 6):
        found.posts("delivery", weeks_ago, 20)
        found.posts("brewing", weeks_ago, 20, sentiment_milli=-300)
    return found


@dataclass
class Spoken:
    """What is stored of a theme in a week: all topics whose words are mostly its."""

    texts: int = 0
    moods: set[int | None] = field(default_factory=set)
    topics: set[int] = field(default_factory=set)
    marks: set[tuple[bool, bool]] = field(default_factory=set)


def weeks(store: Store, week: date = MONDAY) -> dict[str, Spoken]:
    """What is stored of a week, by theme: a theme may be more than one topic."""
    found: dict[str, Spoken] = defaultdict(Spoken)
    with store.read() as session:
        for row, topic in session.execute(select(TopicWeek, Topic).join(Topic).where(TopicWeek.week == week)):
            spoken = found[_theme(topic)]
            spoken.texts += row.texts
            spoken.moods.add(row.mood_milli)
            spoken.topics.add(topic.id)
            spoken.marks.add((row.is_new, row.rising))
    return found


def _theme(topic: Topic) -> str:
    heavy = {word for word, _ in topic.words[:6]}
    return max(THEMES, key=lambda theme: len(heavy & set(THEMES[theme].split())))


def test_each_week_has_its_topics_with_their_moods(store: Store, said: Said) -> None:
    said.posts("delivery", 0, 6)
    said.posts("brewing", 0, 3, sentiment_milli=-600)
    said.posts("delivery", 0, 4, own=True)
    told = topics.refresh(store, NOW, "UTC")
    found = weeks(store)
    assert {theme: (spoken.texts, spoken.moods) for theme, spoken in found.items()} == {
        "delivery": (6, {500}), "brewing": (3, {-600}),
    }  # fmt: skip
    assert not any(is_new for spoken in found.values() for is_new, _ in spoken.marks)
    assert told["posts_en"]["texts"] == 209
    assert told["posts_zh"] == {"texts": 0, "weeks": 9, "topics": 0}
    assert set(weeks(store, MONDAY - timedelta(weeks=1))) == {"delivery", "brewing"}


def test_what_nobody_spoke_of_before_is_new_and_rising_and_the_others_keep_their_names(
    store: Store, said: Said
) -> None:
    topics.refresh(store, NOW - timedelta(weeks=1), "UTC")
    before = weeks(store, MONDAY - timedelta(weeks=1))
    with store.write() as session:
        named_by_us = min(before["delivery"].topics)
        topic = session.get_one(Topic, named_by_us)
        topic.name, topic.renamed = "late parcels", True
    said.posts("delivery", 0, 6)
    said.posts("money", 0, 30, sentiment_milli=-800)
    topics.refresh(store, NOW, "UTC")
    found = weeks(store)
    assert found["money"].marks == {(True, True)}
    assert found["money"].texts == 30
    assert found["delivery"].topics <= before["delivery"].topics
    with store.read() as session:
        assert session.get_one(Topic, named_by_us).called("zh") == "late parcels"


def test_a_second_run_tells_the_same_and_leaves_nothing_twice(store: Store, said: Said) -> None:
    said.posts("delivery", 0, 8)
    topics.refresh(store, NOW, "UTC")
    first = weeks(store)
    topics.refresh(store, NOW + timedelta(hours=1), "UTC")
    second = weeks(store)
    assert {theme: spoken.texts for theme, spoken in second.items()} == {"delivery": 8}
    assert second["delivery"].topics & first["delivery"].topics
    with store.read() as session:
        caught_up = set(session.scalars(select(TopicWeek.week)))
        this_week = session.scalar(select(func.count()).select_from(TopicText).where(TopicText.week == MONDAY))
        spoken = set(session.scalars(select(TopicWeek.topic_id)))
        assert set(session.scalars(select(Topic.id))) == spoken
    assert (len(caught_up) >= 4, this_week) == (True, 8)


def test_spam_is_left_out_and_what_repeats_counts_as_volume_not_as_an_opinion(store: Store, said: Said) -> None:
    said.posts("delivery", 0, 5)
    said.posts("delivery", 0, 7, spam=True)
    said.posts("brewing", 0, 1, text="grinder burr espresso crema filter", sentiment_milli=100)
    with store.read() as session:
        first = session.scalar(select(Post.id).where(Post.external_id == str(said.count)))
    said.posts("brewing", 0, 3, text="Grinder burr espresso crema filter", sentiment_milli=-900, duplicate_of_id=first)
    topics.refresh(store, NOW, "UTC")
    found = weeks(store)
    assert (found["delivery"].texts, found["brewing"].texts, found["brewing"].moods) == (5, 4, {100})
    with store.read() as session:
        assert session.scalar(select(TopicText.alike).where(TopicText.post_id == first)) == 3


def test_what_customers_write_has_topics_of_its_own_without_their_names(store: Store, said: Said) -> None:
    at = datetime.combine(MONDAY, datetime.min.time(), UTC)
    with store.write() as session:
        people = [Customer(number=number, first_seen_at=at, updated_at=at) for number in range(1, 9)]
        session.add_all(people)
        session.flush()
        chats = [
            Conversation(
                channel="web", account="a", chat_id=str(one.number), customer_id=one.id, state_since=at, started_at=at
            )
            for one in people
        ]  # fmt: skip
        session.add_all(chats)
        session.flush()
        for place in range(60):
            chat = chats[place % 8]
            text = spoken(said.chance, list(THEMES)[place % 2]) + (" yolandasmith" if chat is chats[0] else "")
            moment = at - timedelta(days=place % 20) + timedelta(hours=1)
            session.add(Interaction(
                conversation_id=chat.id, customer_id=chat.customer_id, direction="in", author="customer", channel="web",
                account="a", chat_id=chat.chat_id, message_id=str(place), text=text, language="en", occurred_at=moment,
                received_at=moment,
            ))  # fmt: skip
    topics.refresh(store, NOW, "UTC")
    with store.read() as session:
        found = list(session.scalars(select(Topic).where(Topic.source == "chats")))
        assert session.scalar(select(TopicText.id).where(TopicText.interaction_id.is_not(None)).limit(1))
    assert {_theme(topic) for topic in found} == {"delivery", "brewing"}
    assert not any("yolandasmith" in str(topic.words) for topic in found)
