"""Scores in chat: what was computed, why it is so, what it rests on, what would change it; both languages alike."""

import re
from datetime import timedelta
from typing import Any

import pytest

from bot.messages import Reply
from crm_core.models import AuditEntry, Consent, Rating, Score
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_order

LANGUAGES = ["en", "zh"]
REASONS = [
    {"fact": "recency_days", "value": 52, "usual": 19, "effect_milli": 320},
    {"fact": "complaints_90", "value": 2, "usual": 0, "effect_milli": 210},
    {"fact": "orders", "value": 6, "usual": 3, "effect_milli": -80},
    {"fact": "tenure_days", "value": 400, "usual": 200, "effect_milli": -15},
]


def score(floor: Floor, who: str = "tom", kind: str = "churn", value: int = 710, **more: Any) -> None:
    given = {
        "reasons": REASONS,
        "horizon_days": 90,
        "model": "gradient_boosting",
        "data_until": NOW - timedelta(days=1),
        **more,
    }
    with floor.store.write() as session:
        customer_id = floor.shop.customers[who]
        session.add(Score(customer_id=customer_id, kind=kind, value_milli=value, computed_at=NOW, **given))


def values(floor: Floor) -> None:
    """Expected values of two customers."""
    score(floor, "tom", "value", 1_250_000, low_milli=300_000, high_milli=2_100_000, horizon_days=180)
    score(floor, "mei", "value", 90_000, horizon_days=180)


# --- get_score ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "churn risk of Tom Reed?",
         ["Tom Reed #10002", "71 %, high (high from 60 %, medium from 30 %)", "within 90 days", "23 Nov 2026, 12:00",
          "gradient boosting", "data until 22 Nov 2026"]),
        ("zh", "Tom Reed 的流失风险多少", ["71 %，高（60 % 起为高，30 % 起为中）", "指 90 天内不下单",
          "梯度提升", "截至 2026年11月22日"]),
        ("en", "what is Tom Reed's lifetime value",
         ["CN¥1,250.00 within 180 days, high", "the top fifth", "between CN¥300.00 and CN¥2,100.00"]),
        ("zh", "李梅的价值", ["180 天内 ¥90.00"]),
    ],
)  # fmt: skip
def test_a_score_says_all_that_is_needed_to_judge_it(floor: Floor, language: Any, text: str, words: list[str]) -> None:
    score(floor)
    values(floor)
    told = Colleague(floor, language=language).says("get_score", text).text
    for word in words:
        assert word in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_kind_all_scores_are_told_and_lead_on(floor: Floor, language: Any) -> None:
    score(floor)
    values(floor)
    floor.customer_wrote(floor.chat(floor.shop.customers["tom"]), "hm", sentiment_milli=-400)
    agent = Colleague(floor, language=language)
    reply = agent.says("get_score", "scores of Tom Reed" if language == "en" else "Tom Reed 的评分")
    assert "71 %" in reply.text
    assert "1,250.00" in reply.text
    assert "−0.40" in reply.text
    assert buttons(reply) == [
        "explain_score:churn:10002", "explain_score:value:10002", "explain_score:mood:10002",
        "predict_need:for:10002", "recommend_for_customer:for:10002",
    ]  # fmt: skip
    assert ("because" if language == "en" else "原因") in agent.presses("explain_score:churn:10002").text


@pytest.mark.parametrize(("language", "word"), [("en", "python -m jobs run know_customers"), ("zh", "know_customers")])
def test_nothing_computed_is_said_with_what_to_do(floor: Floor, language: Any, word: str) -> None:
    agent = Colleague(floor, language=language)
    assert word in agent.says("get_score", "churn risk of Tom Reed").text
    assert word in agent.says("explain_score", "why is Tom Reed at risk").text
    assert word in agent.says("get_score", "scores of Tom Reed").text
    score(floor, "mei")
    assert ("Others have one" in agent.says("get_score", "churn risk of Tom Reed").text) is (language == "en")


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("is she likely to leave", "Tom Reed"),
        ("risk?", "Tom Reed"),
        ("churn of 10001", "李梅"),
        ("李梅会流失吗", "李梅"),
    ],
)
def test_who_is_meant(floor: Floor, said: str, who: str) -> None:
    score(floor)
    score(floor, "mei")
    agent = Colleague(floor)
    agent.says("show_customer", "Tom Reed")
    assert agent.says("get_score", said, reference="her" if "she" in said else None).text.startswith(who)


def test_somebody_unknown_is_not_taken_for_who_was_shown(floor: Floor) -> None:
    score(floor)
    agent = Colleague(floor)
    agent.says("show_customer", "Tom Reed")
    assert "Annika" in agent.says("get_score", "churn risk of Annika Lindqvist").text
    assert "陈大文" in agent.says("get_score", "陈大文的流失风险").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_does_not_want_to_be_profiled_is_not(floor: Floor, language: Any) -> None:
    score(floor)
    with floor.store.write() as session:
        session.add(
            Consent(
                customer_id=floor.shop.customers["tom"], kind="profiling", granted=False, how="chat", occurred_at=NOW
            )
        )
    agent = Colleague(floor, language=language)
    for intent in ("get_score", "explain_score"):
        told = agent.says(intent, "churn risk of Tom Reed").text
        assert "71" not in told
        assert ("does not want to be profiled" in told) is (language == "en")
    assert "71" not in shown(agent.says("show_customer", "Tom Reed"))


# --- explain_score --------------------------------------------------------------------------------------------------
def explained(floor: Floor, language: Any) -> Reply:
    score(floor)
    add_order(floor.store, floor.shop, "tom", "SO-7", "delivered", {"MILL": 1}, NOW, age_days=52)
    chat = floor.chat(floor.shop.customers["tom"])
    long_ago = NOW - timedelta(days=20)
    floor.customer_wrote(chat, "third time I ask", intent="complaint", sentiment_milli=-900, occurred_at=long_ago)
    text = "why is Tom Reed at risk?" if language == "en" else "Tom Reed 为什么有流失风险"
    return Colleague(floor, language=language).says("explain_score", text)


def test_the_reasons_as_a_sentence(floor: Floor) -> None:
    told = explained(floor, "en").text.splitlines()
    assert told[0].endswith(
        "Churn risk is 71 % (high), because of: no order for 52 days (typical: 19) – raises it by 32 points;"
        " 2 complaints in the last 90 days (typical: 0) – raises it by 21 points;"
        " 6 orders in all (typical: 3) – lowers it by 8 points."
    )
    assert "What would lower it: a new order (at most 32 points); settling what they complained about" in "\n".join(
        told
    )


def test_the_same_reasons_in_chinese(floor: Floor) -> None:
    told = explained(floor, "zh").text
    assert (
        "52 天没有下单（一般为 19），使它上升 32 个百分点；近 90 天投诉 2 次（一般为 0），使它上升 21 个百分点" in told
    )
    assert "能让它降下来的：再下一单（最多 32 个百分点）" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_evidence_can_be_opened(floor: Floor, language: Any) -> None:
    reply = explained(floor, language)
    assert "third time I ask" in reply.text
    order, message, *_ = buttons(reply)
    assert order == "order_lookup:number:SO-7"
    agent = Colleague(floor, language=language)
    assert agent.presses(order).cards[0].title == "SO-7"
    said = agent.presses(message)
    assert "“third time I ask”" in said.text
    assert [value.split(":")[0] for value in buttons(said)] == ["trace", "show_timeline"]
    assert agent.presses("explain_score:said:12345").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_base_and_parts_sum_to_the_score(floor: Floor, language: Any) -> None:
    table = (
        Colleague(floor, language=language)
        .presses(next(b for b in buttons(explained(floor, language)) if ":sum:" in b))
        .table
    )
    assert table is not None
    added = [float(row[1].replace("−", "-")) for row in table.rows]
    assert added == [27.5, 32.0, 21.0, -8.0, -1.5, 71.0]
    assert sum(added[:-1]) == added[-1]


def test_a_model_without_parts_says_so(floor: Floor) -> None:
    score(floor, reasons=[])
    reply = Colleague(floor).says("explain_score", "why is Tom Reed at risk?")
    assert "gives no parts" in reply.text
    assert buttons(reply) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_mood_is_taken_apart_as_it_is_now(floor: Floor, language: Any) -> None:
    chat = floor.chat(floor.shop.customers["tom"])
    for text, milli in (("awful", -900), ("fine", 100), ("hm", -200)):
        floor.customer_wrote(chat, text, sentiment_milli=milli)
    agent = Colleague(floor, language=language)
    reply = agent.says(
        "explain_score",
        "why is Tom Reed unhappy" if language == "en" else "Tom Reed 为什么不满",
        score_type="sentiment",
    )
    assert "−0.33" in reply.text
    assert "awful" in reply.text
    table = agent.presses(buttons(reply)[-1]).table
    assert table is not None
    assert [row[1] for row in table.rows] == ["0.000", "−0.300", "−0.067", "+0.034", "−0.333"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_rating_the_timeline_is_opened(floor: Floor, language: Any) -> None:
    chat = floor.chat(floor.shop.customers["tom"])
    with floor.store.write() as session:
        asked = NOW - timedelta(days=3)
        session.add(
            Rating(
                conversation_id=chat, customer_id=floor.shop.customers["tom"], score=1, asked_at=asked, given_at=asked
            )
        )
    score(floor, reasons=[{"fact": "rating_mean_milli", "value": 1000, "effect_milli": 130}])
    reply = Colleague(floor, language=language).says("explain_score", "why is Tom Reed at risk?")
    assert "1.0" in reply.text
    assert buttons(reply)[0] == "show_timeline:10002"


def test_reading_scores_is_in_the_audit_log(floor: Floor) -> None:
    score(floor)
    Colleague(floor).says("explain_score", "why is Tom Reed at risk?")
    entries = [(row.action, row.subject) for row in floor.rows(AuditEntry)]
    assert ("score.read", "customer:10002") in entries


# --- the card -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "band"), [("en", "71 % in 90 days · high"), ("zh", "90 天内 71 % · 高")])
def test_the_card_shows_scores_and_the_spend_of_24_months(floor: Floor, language: Any, band: str) -> None:
    score(floor)
    for number, age in (("SO-1", 5), ("SO-2", 70), ("SO-3", 300)):
        add_order(floor.store, floor.shop, "tom", number, "delivered", {"CUP-BLUE": 1}, NOW, age_days=age)
    reply = Colleague(floor, language=language).says("show_customer", "Tom Reed")
    assert band in shown(reply)
    (picture,) = reply.files
    assert floor.services.files.read(picture.attachment_id).startswith(b"\x89PNG")
    assert re.search(r"(Dec 2024 – Nov 2026|2024年12月—2026年11月)", picture.caption)
    assert "50.00" in picture.caption


def test_one_month_of_spend_is_no_picture(floor: Floor) -> None:
    add_order(floor.store, floor.shop, "tom", "SO-1", "delivered", {"CUP-BLUE": 1}, NOW)
    assert Colleague(floor).says("show_customer", "Tom Reed").files == ()
