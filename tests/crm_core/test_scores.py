"""Scores as they are read and listed: bands, sentences that ask for them, evidence that is nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.facts import FactWords
from bot.phrases import LANGUAGES, Phrases
from config.settings import FOLDER
from crm_core.analytics.explanations import CHANGED_BY, Explained, explained_mood
from crm_core.analytics.reasons import Reason
from crm_core.analytics.score_evidence import evidence
from crm_core.analytics.sparkline import sparkline
from crm_core.database import Store
from crm_core.models import (
    Campaign,
    CampaignContact,
    Case,
    Customer,
    Need,
    Order,
    Post,
    Refund,
    Score,
)
from crm_core.needs import expected
from crm_core.query.conditions import Condition, Conditions, to_sql
from crm_core.query.reading import conditions_from
from crm_core.scores import scores_of
from nlu.entities import extract
from tests.bot.handlers.agent_turns import CATALOGUE
from tests.crm_core import figures

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PHRASES = Phrases()
COLUMNS = (
    "recency_days", "tenure_days", "orders", "orders_90", "orders_prev90", "spend_minor", "spend_90_minor",
    "spend_prev90_minor", "mean_order_minor", "gap_mean_days", "last_gap_days", "categories", "top_category",
    "top_category_share_milli", "discount_share_milli", "cancelled_orders", "returned_orders", "refunds_minor",
    "units", "messages", "messages_90", "messages_prev90", "messages_telegram", "messages_web", "contacts_delivery",
    "contacts_return", "contacts_question", "complaints", "complaints_90", "cases", "mood_mean_milli",
    "mood_90_milli", "mood_prev90_milli", "contact_recency_days", "ratings", "rating_mean_milli", "campaigns_sent",
    "campaigns_replied", "campaigns_converted", "posts", "posts_90", "post_mood_milli",
)  # fmt: skip
"""Columns of the feature table that are facts about a customer."""
HIGH = Condition("churn", "is", "high")


def add(session: Session, number: int, **scores: int) -> int:
    customer = Customer(number=number, first_seen_at=NOW, updated_at=NOW)
    session.add(customer)
    session.flush()
    for kind, milli in scores.items():
        session.add(Score(customer_id=customer.id, kind=kind, value_milli=milli, computed_at=NOW, data_until=NOW))
    return customer.id


# --- words ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_the_feature_table_has_words(column: str, language: Any) -> None:
    words = FactWords(PHRASES, language, "CNY")
    for part in ("name", "is"):
        assert PHRASES.has(f"facts.{column}.{part}")
    for value in (0, 1, 1234, None):
        told = words.fact(Reason(column, value, 7))
        assert "_" not in told
        assert (value != 1234) or any(digit in told for digit in "123")


def test_facts_of_the_sample_and_of_changes_are_columns_with_words() -> None:
    characters = yaml.safe_load((FOLDER / "sample" / "characters.yml").read_text("utf-8"))["characters"]
    given = [
        reason["fact"] for one in characters for _, reasons in one.get("scores", {}).values() for reason in reasons
    ]
    assert given
    assert {*given, *CHANGED_BY} <= set(COLUMNS)
    for what in CHANGED_BY.values():
        assert PHRASES.has(f"agent.scores.changes.{what}")


def test_figures_have_their_units() -> None:
    words = FactWords(PHRASES, "en", "CNY")
    told = {column: words.figure(column, value) for column, value in (
        ("spend_minor", 123456), ("top_category_share_milli", 755), ("rating_mean_milli", 4250),
        ("mood_90_milli", -420), ("orders", 1200),
    )}  # fmt: skip
    assert list(told.values()) == ["CN¥1,234.56", "76 %", "4.2", "−0.42", "1,200"]


# --- bands ----------------------------------------------------------------------------------------------------------
def bands(store: Store, values: list[int]) -> list[str]:
    with store.write() as session:
        ids = [add(session, number, value=milli) for number, milli in enumerate(values, start=1)]
    with store.read() as session:
        told = [scores_of(session, one)["value"].band for one in ids]
        for band in ("high", "medium", "low"):
            wanted = Conditions(all=(Condition("value", "is", band),))  # the list agrees with the card
            listed = set(session.execute(to_sql(wanted, NOW).with_only_columns(Customer.number)).scalars())
            assert listed == {number for number, one in enumerate(told, start=1) if one == band}
    return told


def test_value_is_high_in_the_top_fifth_and_low_in_the_lower_half(store: Store) -> None:
    assert bands(store, list(range(1, 21))) == ["low"] * 10 + ["medium"] * 6 + ["high"] * 4


def test_equal_values_are_in_one_band(store: Store) -> None:
    assert bands(store, [0] * 12 + [5] * 8) == ["low"] * 12 + ["high"] * 8


def test_all_alike_are_low(store: Store) -> None:
    assert set(bands(store, [70] * 11)) == {"low"}


# --- sentences ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "conditions", "sort", "limit"),
    [
        ("who is about to leave?", [HIGH], "churn", None),
        ("谁快流失了", [HIGH], "churn", None),
        ("customers at risk in Shanghai", [Condition("place", "is", "Shanghai"), HIGH], "churn", None),
        ("上海高流失风险的客户", [Condition("place", "is", "Shanghai"), HIGH], "churn", None),
        ("who's likely to churn, by spend", [HIGH], "spend", None),
        ("customers not at risk", [Condition("churn", "is_not", "high")], "spend", None),
        ("low churn risk customers", [Condition("churn", "is", "low")], "spend", None),
        ("churn risk over 70%", [Condition("churn", "over", 700)], "churn", None),
        ("流失风险低于20%的客户", [Condition("churn", "under", 200)], "spend", None),
        ("top 20 by expected value", [], "value", 20),
        ("预期价值最高的20个客户", [], "value", 20),
        ("流失风险最大的十位", [], "churn", 10),
        ("expected value over 5000 yuan", [Condition("value", "over", 500_000)], "value", None),
        ("预期价值超过5000块的客户", [Condition("value", "over", 500_000)], "value", None),
        ("high value customers at risk", [HIGH, Condition("value", "is", "high")], "churn", None),
        ("高价值但有流失风险的客户", [HIGH, Condition("value", "is", "high")], "churn", None),
        ("customers who spent over 500 yuan", [Condition("spend", "over", 50_000)], "spend", None),
    ],
)
def test_sentences_about_scores(text: str, conditions: list[Condition], sort: str, limit: int | None) -> None:
    found = extract(text, CATALOGUE, audience="agent", intent="list_customers", now=NOW, zone="Asia/Shanghai")
    read = conditions_from(text, found, now=NOW, zone="Asia/Shanghai")
    assert sorted(map(str, read.all)) == sorted(map(str, conditions))
    assert (read.sort, read.descending, read.limit, read.unused) == (sort, True, limit, ())


class Mention:
    """A segment that is called like a score."""

    name = "segment"

    def __init__(self, text: str, said: str) -> None:
        self.value = self.text = said
        self.start = text.index(said)
        self.end = self.start + len(said)


@pytest.mark.parametrize(
    ("text", "said", "condition"),
    [
        ("customers at risk", "at risk", HIGH),
        ("customers of the segment at risk", "at risk", Condition("segment", "is", "at risk")),
        ("the loyal at risk", "loyal at risk", Condition("segment", "is", "loyal at risk")),
    ],
)
def test_a_segment_of_that_name_is_meant_where_it_is_said(text: str, said: str, condition: Condition) -> None:
    assert conditions_from(text, [Mention(text, said)], now=NOW, zone="UTC").all == (condition,)


# --- evidence and parts ---------------------------------------------------------------------------------------------
def test_evidence_of_somebody_else_is_not_given(store: Store) -> None:
    with store.write() as session:
        mine, other = add(session, 1), add(session, 2)
        for number, owner in (("SO-1", mine), ("SO-2", other)):
            session.add(Order(number=number, customer_id=owner, status="paid", placed_at=NOW - timedelta(days=9),
                              updated_at=NOW, currency="CNY", total_minor=1))  # fmt: skip
    with store.read() as session:

        def keys(*named: str, until: datetime = NOW) -> list[str]:
            return [one.key for one in evidence(session, mine, Reason("recency_days", 9, None, 1, named), until)]

        assert keys("order:SO-1") == ["SO-1"]
        assert keys("order:SO-2") == ["SO-1"], "found live instead"
        assert keys("case:x", "interaction:9", "nonsense") == ["SO-1"]
        assert keys(until=NOW - timedelta(days=10)) == [], "not there yet on the day of the score"


def test_every_fact_has_what_it_rests_on(store: Store) -> None:
    """One customer with something of everything, and another one whose records are never given."""
    long_ago = NOW - timedelta(days=120)
    with store.write() as session:
        campaign = Campaign(name="Spring", state="done", created_at=long_ago)
        session.add(campaign)
        session.flush()
        for number, at in ((1, long_ago), (2, NOW)):
            who = session.get_one(Customer, add(session, number))
            talk = figures.chat(session, who, long_ago)
            web = figures.chat(session, who, long_ago, "web")
            for moment in (long_ago, at):
                for intent in ("complaint", "order_status", "return_request", "faq"):
                    figures.said(session, talk, moment, intent=intent, sentiment_milli=-300)
                figures.said(session, web, moment, sentiment_milli=300)
                for status in ("paid", "returned", "cancelled"):
                    order = figures.bought(session, who, moment, 100, status=status, discount_minor=1)
            session.add(Refund(order_id=order.id, status="paid", amount_minor=1, currency="CNY", requested_at=long_ago))
            session.add(Case(number=number, customer_id=who.id, title="t", status="open", opened_at=long_ago))
            session.add(Post(connector="feed", external_id=str(number), customer_id=who.id, about="brand",
                             text="Lovely", occurred_at=NOW))  # fmt: skip
            session.add(Post(connector="feed", external_id=f"our{number}", customer_id=who.id, about="us", own=True,
                             text="We are lovely", occurred_at=NOW))  # fmt: skip
            session.add(CampaignContact(campaign_id=campaign.id, customer_id=who.id, variant="A", sent_at=long_ago,
                                        replied_at=long_ago, converted_at=long_ago))  # fmt: skip
            figures.rated(session, talk, long_ago, 5)
            mine = who.id
    with store.read() as session:
        without = [
            column for column in COLUMNS
            if not evidence(session, mine, Reason(column, 1, None, 1), NOW)
        ]  # fmt: skip
        assert without == []
        first = evidence(session, mine, Reason("tenure_days", 120, None, 1), NOW)
        assert [one.at for one in first] == [long_ago]
        assert [one.text for one in evidence(session, mine, Reason("posts", 1, None, 1), NOW)] == ["Lovely"]
        assert evidence(session, mine, Reason("posts", 1, None, 1), NOW - timedelta(days=1)) == ()


def test_what_would_lower_a_risk_and_raise_a_value() -> None:
    parts = (
        Reason("recency_days", 50, 9, 300), Reason("orders_90", 0, 2, 50), Reason("complaints_90", 1, 0, 100),
        Reason("tenure_days", 9, 9, 400), Reason("mood_90_milli", 500, 0, -200),
    )  # fmt: skip
    churn = Explained("churn", 700, 50, parts)
    assert [(change.what, change.at_most_milli) for change in churn.changes] == [("order", 350), ("settled", 100)]
    value = Explained("value", 700, 50, parts)
    assert [(change.what, change.at_most_milli) for change in value.changes] == [("good_talk", 200)]
    assert [part.fact for part in churn.strongest] == ["tenure_days", "recency_days", "mood_90_milli"]


def test_no_message_has_no_mood_to_explain(store: Store) -> None:
    with store.write() as session:
        customer_id = add(session, 1)
        mood, parts = explained_mood(session, customer_id, NOW - timedelta(days=90))
    assert (mood.mean_milli, parts) == (None, None)


# --- needs ----------------------------------------------------------------------------------------------------------
def test_needs_of_many_are_the_sum_of_their_chances(store: Store) -> None:
    with store.write() as session:
        assert expected(session, "category") is None
        for number, tea, cups in ((1, 600, 300), (2, 500, 100)):
            customer_id = add(session, number)
            for rank, (what, chance) in enumerate((("tea", tea), ("cups", cups), ("none", 900)), start=1):
                session.add(Need(customer_id=customer_id, kind="category", rank=rank, what=what, chance_milli=chance,
                                 horizon_days=60, model="linear", computed_at=NOW, data_until=NOW))  # fmt: skip
        found = expected(session, "category")
        assert found is not None
        assert [(row.what, row.customers_milli) for row in found.rows] == [("tea", 1100), ("cups", 400)]
        assert (found.customers, found.horizon_days, found.computed_at) == (2, 60, NOW)
        first = expected(session, "category", select(Customer.id).where(Customer.number == 1))
        assert first is not None
        assert first.rows[0].customers_milli == 600
        assert expected(session, "category", select(Customer.id).where(Customer.number == 9)) is None


# --- the picture ----------------------------------------------------------------------------------------------------
def test_the_bars_of_a_sparkline_are_as_high_as_their_values() -> None:
    import io

    from PIL import Image

    picture = Image.open(io.BytesIO(sparkline([0, 50, 100, 1]))).convert("RGB")
    white, columns = (255, 255, 255), [10 + place * 22 + 8 for place in range(4)]
    heights = [
        sum(picture.getpixel((column, row)) not in (white, (0xE4, 0xE9, 0xE7)) for row in range(picture.height))
        for column in columns
    ]
    assert heights == [0, 48, 96, 4]
    assert Image.open(io.BytesIO(sparkline([]))).size[0] > 0


def test_every_model_has_a_name() -> None:
    from crm_core.analytics.prediction.candidates import FAMILIES
    from crm_core.analytics.value.scores import MODEL

    assert [name for name in (*FAMILIES, MODEL, "naive") if not PHRASES.has(f"agent.scores.models.{name}")] == []
