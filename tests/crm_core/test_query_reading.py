"""Sentences read into conditions, with the values that the real finders see in them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.phrases import Phrases
from bot.query_words import Wording
from config.settings import FOLDER
from crm_core.query.conditions import Condition, Conditions
from crm_core.query.reading import conditions_from
from nlu.entities import Catalogue, Gazetteer, extract

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
QUIET = Condition("last_order", "before", "", None, NOW - timedelta(days=90))
VIP = Condition("tier", "is", "vip")


def day(text: str) -> datetime:
    """Midnight of a day where the speaker is."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


def place(value: str) -> Condition:
    return Condition("place", "is", value)


def bought(*skus: str, since: str = "", until: str = "", field: Any = "bought") -> Condition:
    bounds = (day(since) if since else None, day(until) if until else None)
    return Condition(field, "is", skus, *bounds)


def not_bought(*skus: str, field: Any = "bought") -> Condition:
    return Condition(field, "is_not", skus)


def spent(operator: Any, yuan: int, since: str = "", until: str = "") -> Condition:
    return Condition("spend", operator, yuan * 100, day(since) if since else None, day(until) if until else None)


def orders(operator: Any, count: int, since: str = "", until: str = "") -> Condition:
    return Condition("orders", operator, count, day(since) if since else None, day(until) if until else None)


@cache
def catalogue() -> Catalogue:
    """The sample shop's names, as the assistant hands them to the finders."""
    products = yaml.safe_load((FOLDER / "sample" / "products.yml").read_text("utf-8"))["products"]
    spoken = yaml.safe_load((FOLDER / "names.yml").read_text("utf-8"))
    names = [(name, one["sku"]) for one in products for name in (one["name_en"], one["name_zh"], *one["aliases"])]

    def said(kind: str) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((name, value) for value, names in spoken[kind].items() for name in names))

    return Catalogue(
        Gazetteer(
            products=tuple(names),
            categories=said("categories"),
            locations=said("places"),
            tags=(("wholesale", "wholesale"), ("allergy", "allergy"), ("tea friend", "tea friend")),
        )
    )


def read(text: str) -> Conditions:
    found = extract(text, catalogue(), audience="agent", intent="list_customers", now=NOW, zone=ZONE)
    return conditions_from(text, found, now=NOW, zone=ZONE)


THIS_YEAR = {"since": "2026-01-01", "until": "2027-01-01"}
LAST_MONTH = {"since": "2026-10-01", "until": "2026-11-01"}
SENTENCES: list[tuple[str, list[Condition]]] = [
    # place, tier, no order for so long
    ("VIP customers in Shanghai who haven't ordered in 90 days", [VIP, place("Shanghai"), QUIET]),
    ("上海 VIP 里 90 天没下单的", [VIP, place("Shanghai"), QUIET]),
    ("哪些 customer 超过 90 天 no order", [QUIET]),
    ("inactive customers in the uk", [place("GB"), QUIET]),
    ("三个月没来买东西的老客户有哪些", [QUIET]),
    ("三个月没下单的上海客户", [place("Shanghai"), QUIET]),
    ("没买过东西的上海VIP", [place("Shanghai"), VIP, orders("is", 0)]),
    ("not VIP customers in Shanghai", [Condition("tier", "is_not", "vip"), place("Shanghai")]),
    ("customers in guangdong", [place("Guangdong")]),
    # bought this, not that: whose "not" it is
    ("who bought the T2 case but not the charger?", [bought("JC-T2-CASE"), not_bought("JC-T2-CHARGER")]),
    ("买了 T2 保护壳没买充电器的人", [bought("JC-T2-CASE"), not_bought("JC-T2-CHARGER")]),
    ("whoever bought the T2 case without the charger", [bought("JC-T2-CASE"), not_bought("JC-T2-CHARGER")]),
    ("没买充电器但买了T2的", [not_bought("JC-T2-CHARGER"), bought("JC-T2")]),
    ("haven't ordered in 90 days and bought the T2", [QUIET, bought("JC-T2")]),
    ("customers who bought tea but not coffee",
     [bought("tea", field="category"), not_bought("coffee_beans", field="category")]),
    ("买了茶没买咖啡的客户", [bought("tea", field="category"), not_bought("coffee_beans", field="category")]),
    ("bought tea or coffee in the last 30 days",
     [bought("tea", "coffee_beans", since="2026-10-25", until="2026-11-24", field="category")]),
    ("which clients bought a grinder in the past year",
     [bought("grinders", since="2025-11-24", until="2026-11-24", field="category")]),
    ("VIPs who bought beans in the last 6 months but nothing in the last 60 days",
     [VIP, bought("coffee_beans", since="2026-05-24", until="2026-11-24", field="category"),
      Condition("last_order", "before", "", None, NOW - timedelta(days=60))]),
    # money, with and without a period
    ("customers that spent more than 1000 last month", [spent("over", 1000, **LAST_MONTH)]),
    ("上个月消费超过一千的", [spent("over", 1000, **LAST_MONTH)]),
    ("哪些公司客户今年花了不到一千块", [Condition("kind", "is", "company"), spent("under", 1000, **THIS_YEAR)]),
    ("只买过一次的客户，金额五百以上", [orders("is", 1), spent("at_least", 500)]),
    # orders counted
    ("wholesale accounts with less than 3 orders", [Condition("tier", "is", "wholesale"), orders("under", 3)]),
    ("批发客户，订单少于三笔的", [Condition("tier", "is", "wholesale"), orders("under", 3)]),
    ("who in the us ordered more than 5 times", [place("US"), orders("over", 5)]),
    ("下单五次以上的美国客户", [place("US"), orders("at_least", 5)]),
    ("one time buyers", [orders("is", 1)]),
    ("customers with no orders", [orders("is", 0)]),
    ("没下过单的客户列表", [orders("is", 0)]),
    ("今年没下过单的都有谁", [orders("is", 0, **THIS_YEAR)]),
    ("who hasn't bought anything this year", [orders("is", 0, **THIS_YEAR)]),
    ("近30天下过单的上海客户", [place("Shanghai"), orders("at_least", 1, "2026-10-25", "2026-11-24")]),
    ("who purchased during double 11 and hasn't since",
     [orders("at_least", 1, "2026-11-11", "2026-11-12"), orders("is", 0, "2026-11-12")]),
    ("双十一买过之后就没动静的人",
     [orders("at_least", 1, "2026-11-11", "2026-11-12"), orders("is", 0, "2026-11-12")]),
    # the last order
    ("last order before june", [Condition("last_order", "before", "", None, day("2026-06-01"))]),
    ("last order more than 60 days ago in london",
     [place("London"), Condition("last_order", "before", "", None, NOW - timedelta(days=60))]),
    ("customers whose last order was after 1 october", [Condition("last_order", "after", "", day("2026-10-02"))]),
    # mood, complaints, cases
    ("unhappy customers this week", [Condition("mood", "is", "bad", day("2026-11-23"), day("2026-11-30"))]),
    ("杭州心情差的客户", [place("Hangzhou"), Condition("mood", "is", "bad")]),
    ("最近生气的客户", [Condition("mood", "is", "bad")]),
    ("show me people that complained twice or more", [Condition("complaints", "at_least", 2)]),
    ("投诉两次以上的有谁", [Condition("complaints", "at_least", 2)]),
    ("哪些 VIP 投诉过", [VIP, Condition("complaints", "at_least", 1)]),
    ("customers with open cases", [Condition("open_cases", "at_least", 1)]),
    # the rest
    ("all customers tagged allergy", [Condition("tag", "is", "allergy")]),
    ("any customers without an email", [Condition("missing", "is", "email")]),
    ("没留邮箱的客户名单", [Condition("missing", "is", "email")]),
    ("new customers this month", [Condition("first_seen", "after", "", day("2026-11-01"), day("2026-12-01"))]),
    ("上个月新来的客人后来没回购的",
     [Condition("first_seen", "after", "", day("2026-10-01"), day("2026-11-01")), orders("at_most", 1)]),
    ("active customers, chinese speaking, uk address",
     [Condition("orders", "at_least", 1, NOW - timedelta(days=90)), Condition("language", "is", "zh"), place("GB")]),
    ("标签是批发的客户有哪些", [Condition("tag", "is", "批发")]),
    ("把打了\"过敏\"标签的人找出来", [Condition("tag", "is", "过敏")]),
    ("60到120天没下单的",
     [Condition("last_order", "before", "", NOW - timedelta(days=120), NOW - timedelta(days=60))]),
    ("lapsed customers between 60 and 120 days",
     [Condition("last_order", "before", "", NOW - timedelta(days=120), NOW - timedelta(days=60))]),
    ("filter: gold segment, hangzhou", [Condition("tier", "is", "gold"), place("Hangzhou")]),
    ("anyone in suzhou interested in kitchen scales?", [place("Suzhou"), bought("JC-A-SCALE")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=[text for text, _ in SENTENCES])
def test_sentences(text: str, expected: list[Condition]) -> None:
    understood = read(text)
    assert set(understood.all) == set(expected), understood
    assert understood.unused == ()


ORDERED: list[tuple[str, str, bool, int | None]] = [
    ("top 20 customers by lifetime value", "spend", True, 20),
    ("终身价值前 20 的客户", "spend", True, 20),
    ("消费最高的前20个人", "spend", True, 20),
    ("least happy vips", "mood", False, None),
    ("sort customers by number of orders, first 15", "orders", True, 15),
    ("广东的客户按最近下单时间排", "last_order", True, None),
    ("customers in london, newest first", "last_order", True, None),
]


@pytest.mark.parametrize(("text", "sort", "descending", "limit"), ORDERED, ids=[row[0] for row in ORDERED])
def test_order_and_number(text: str, sort: str, descending: bool, limit: int | None) -> None:
    understood = read(text)
    assert (understood.sort, understood.descending, understood.limit) == (sort, descending, limit)
    assert understood.unused == ()


def test_a_time_that_belongs_to_nothing_bounds_what_is_sorted_by() -> None:
    understood = read("biggest spenders in london since january")
    assert understood.all == (place("London"),)
    assert (understood.since, understood.until) == (day("2026-01-01"), day("2026-11-24"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("customers whose birthday is in may", "birthday"),
        ("生日在五月的会员", "生日"),
        ("who spent over 2000 in shanghai and nothing since spring", "spring"),
        ("有未结工单又花得多的客户", "花得多"),
        ("people who ordered twice and then stopped", "stopped"),
        ("who haven't bought any screen protectors", "screen protectors"),
        ("哪些人没买贴膜", "没买贴膜"),
    ],
)
def test_what_was_not_understood_is_said(text: str, left: str) -> None:
    understood = read(text)
    assert left in understood.unused
    for language in ("en", "zh"):
        assert left in Wording(Phrases(), language, ZONE).all(understood)


def test_another_currency_is_kept_and_told() -> None:
    understood = read("folks in manchester who spent under 50 quid")
    assert understood.currency == "GBP"
    told = Wording(Phrases(), "en", ZONE).all(understood)
    assert "£50.00" in told
    assert "not converted" in told


WORDS: list[tuple[str, str, list[str]]] = [
    ("VIP customers in Shanghai who haven't ordered in 90 days", "en",
     ["tier is VIP", "place is Shanghai", "last order before 25 Aug 2026", "highest spend first"]),
    ("上海 VIP 里 90 天没下单的", "zh", ["等级是VIP", "所在地是上海", "2026年8月25日之前", "消费从高到低"]),
    ("who bought the T2 case but not the charger?", "en", ["bought Travel case", "did not buy JC-T2-CHARGER"]),
    ("买了茶没买咖啡的客户", "zh", ["买过茶", "没买过咖啡豆"]),
    ("customers in the uk", "zh", ["英国"]),
    ("unhappy customers, top 5", "en", ["mood unhappy on average in the last 90 days", "Top 5"]),
    ("top 20 customers by lifetime value", "en", ["all customers", "Top 20"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "language", "parts"), WORDS, ids=[row[0] for row in WORDS])
def test_conditions_are_said_back(text: str, language: str, parts: list[str]) -> None:
    told = Wording(Phrases(), language, ZONE, {"JC-T2-CASE": "Travel case"}).all(read(text))
    for part in parts:
        assert part in told


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_condition_has_words(language: str) -> None:
    phrases = Phrases()
    wording = Wording(phrases, language, ZONE)
    for key in sorted(phrases.keys()):
        parts = key.removeprefix("agent.query.").split(".")
        if not key.startswith("agent.query.") or len(parts) != 2 or parts[1] not in OPERATORS:
            continue
        words = {"mood": "bad", "kind": "person", "missing": "email", "language": "en", "churn": "high", "value": "low"}
        value = words.get(parts[0], 1 if parts[0] == "spend" else "1")
        told = wording.one(Condition(parts[0], parts[1], value, NOW, None), "CNY")  # type: ignore[arg-type]
        assert "{" not in told


OPERATORS = ("is", "is_not", "over", "at_least", "under", "at_most")


@pytest.mark.parametrize("text", ["", " ", "?!", "x" * 64_000, "没" * 5_000, "not " * 5_000, "\ud800", "买了" * 3_000])
def test_strange_texts_are_read_without_a_fuss(text: str) -> None:
    assert conditions_from(text, [], now=NOW, zone=ZONE).limit is None
