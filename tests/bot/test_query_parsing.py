"""Conditions -> words -> conditions: the same again, in both languages, whatever they are."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrases import Phrases
from bot.query_parsing import conditions_of
from bot.query_words import Wording, known_names
from config.settings import FOLDER
from crm_core.query.conditions import Condition, Conditions

ZONE = "Asia/Shanghai"
PHRASES = Phrases()
PRODUCTS = yaml.safe_load((FOLDER / "sample" / "products.yml").read_text("utf-8"))["products"]
WORDS = {
    language: Wording(PHRASES, language, ZONE, {one["sku"]: one[f"name_{language}"] for one in PRODUCTS})
    for language in ("en", "zh")
}
SAID_TWICE = {"SG"}
"""A city and a country of one name: read as the city, which finds the same people."""
PLACES = sorted(set(known_names("places")) - SAID_TWICE)
FIRST = datetime(2024, 1, 1, tzinfo=ZoneInfo(ZONE))
DAYS = st.one_of(st.none(), st.integers(0, 1400).map(lambda days: FIRST + timedelta(days=days)))
SPANS = st.tuples(DAYS, DAYS)
DATED = SPANS.filter(any)
AMOUNTS = st.sampled_from(["over", "at_least", "under", "at_most"])
EITHER = st.sampled_from(["is", "is_not"])
BANDS = st.sampled_from(["high", "medium", "low"])
SKUS = st.lists(st.sampled_from([one["sku"] for one in PRODUCTS]), min_size=1, max_size=3, unique=True).map(tuple)
KEYS = st.lists(st.sampled_from(sorted(known_names("categories"))), min_size=1, max_size=3, unique=True).map(tuple)
NAMES = st.text("abcdefghij 客户茶友-", min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)


def made(name: Any, operators: Any, values: Any, spans: Any = None) -> Any:
    spans = spans or st.just((None, None))
    return st.builds(lambda operator, value, span: Condition(name, operator, value, *span), operators, values, spans)


def moment(name: Any) -> Any:
    def build(span: tuple[datetime | None, datetime | None]) -> Condition:
        return Condition(name, "before" if name == "last_order" and span[0] is None else "after", "", *span)

    return DATED.map(build)


CONDITIONS = st.one_of(
    made("spend", AMOUNTS, st.integers(0, 10**9), SPANS),
    made("orders", st.sampled_from(["is", "is_not", "over", "at_least", "under"]), st.integers(0, 99), SPANS),
    made("complaints", st.sampled_from(["is", "over", "at_least", "under", "at_most"]), st.integers(0, 99), SPANS),
    made("open_cases", st.sampled_from(["is", "over", "at_least", "under", "at_most"]), st.integers(0, 99)),
    made("bought", EITHER, SKUS, SPANS),
    made("category", EITHER, KEYS, SPANS),
    made("mood", st.just("is"), st.sampled_from(["good", "bad", "neutral"]), SPANS),
    made("place", EITHER, st.sampled_from(PLACES)),
    made("tier", EITHER, st.sampled_from(["vip", "gold", "wholesale", "silver"])),
    made("tag", EITHER, NAMES),
    made("segment", EITHER, NAMES),
    made("language", EITHER, st.sampled_from(["en", "zh", "ja"])),
    made("kind", EITHER, st.sampled_from(["person", "company"])),
    made("missing", st.just("is"), st.sampled_from(["email", "phone"])),
    made("churn", AMOUNTS, st.integers(0, 1000)),
    made("churn", EITHER, BANDS),
    made("value", AMOUNTS, st.integers(0, 10**9)),
    made("value", EITHER, BANDS),
    moment("last_order"),
    moment("first_seen"),
)
WANTED = st.builds(
    Conditions,
    all=st.lists(CONDITIONS, max_size=5, unique=True).map(tuple),
    sort=st.sampled_from(["spend", "orders", "last_order", "mood", "churn", "value"]),
    descending=st.booleans(),
    limit=st.one_of(st.none(), st.integers(1, 500)),
    currency=st.sampled_from(["CNY", "USD", "GBP", "EUR"]),
    since=DAYS,
    until=DAYS,
)


@pytest.mark.parametrize("language", ["en", "zh"])
@settings(max_examples=400, deadline=None)
@given(wanted=WANTED)
def test_what_is_said_is_read_back_the_same(language: str, wanted: Conditions) -> None:
    said = WORDS[language].all(wanted)
    assert conditions_of(said, WORDS[language]) == wanted, said


@pytest.mark.parametrize("language", ["en", "zh"])
@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=200), NAMES.map(lambda name: f"Filter: {name}. Order: highest spend first")))
def test_other_texts_are_no_such_line_and_make_no_fuss(language: str, text: str) -> None:
    found = conditions_of(text, WORDS[language])
    assert found is None or WORDS[language].all(found)


def test_the_day_is_midnight_where_the_reader_is() -> None:
    read = conditions_of("Filter: no order since 1 Oct 2026. Order: highest spend first", WORDS["en"])
    assert read is not None
    assert read.all[0].since == datetime(2026, 9, 30, 16, tzinfo=UTC)
