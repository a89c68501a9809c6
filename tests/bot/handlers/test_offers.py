"""What is offered, to staff and to the customers themselves: computed lists checked at the moment of asking, what goes
with what, and what is said where nothing was computed."""

from datetime import timedelta
from typing import Any

import pytest

from bot.messages import Reply
from crm_core.database import Store
from crm_core.models import Bundle, Consent, Product, RecommendedProducts
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor
from tests.bot.shop import Shop, add_chat, add_order, open_shop
from tests.bot.turns import Chat

LANGUAGES = ["en", "zh"]
NEW = [
    {"sku": "MILL", "chance_milli": 300, "reason": {"fact": "bought_with", "value": "BEANS"}},
    {"sku": "CUP-WHITE", "chance_milli": 200, "reason": {"fact": "popular"}},
    {"sku": "BOX", "chance_milli": 100, "reason": {"fact": "alike", "value": "CUP-BLUE"}},
    {"sku": "CASE", "chance_milli": 90, "reason": {"fact": "new"}},
]
AGAIN = [{"sku": "BEANS", "chance_milli": 600, "reason": {"fact": "rhythm", "value": 35}}]


def computed(store: Store, shop: Shop, who: str = "mei", new: Any = NEW, again: Any = AGAIN) -> None:
    with store.write() as session:
        session.get_one(Product, shop.products["BEANS"]).consumable = True
        for name, items in (("new", new), ("again", again)):
            session.add(
                RecommendedProducts(
                    customer_id=shop.customers[who], list_name=name, items=items, model="mix", computed_at=NOW,
                    data_until=NOW - timedelta(days=1),
                )
            )  # fmt: skip


def bundle(store: Store, skus: list[str], with_sku: str, confidence: int, lift: int = 2000) -> None:
    with store.write() as session:
        session.add(
            Bundle(skus=skus, with_sku=with_sku, support_milli=20, confidence_milli=confidence, lift_milli=lift,
                   baskets=40, computed_at=NOW)
        )  # fmt: skip


def refuse(store: Store, customer_id: int) -> None:
    with store.write() as session:
        session.add(Consent(customer_id=customer_id, kind="profiling", granted=False, how="chat", occurred_at=NOW))


@pytest.fixture
def floor(store: Store, tmp_path: Any) -> Floor:
    return Floor(store, tmp_path / "files")


# --- staff ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "what to offer 李梅", ["customers who bought Morning beans, as they did, buy it too", "like Blue cup",
                                  "every 5 weeks", "New to them", "To buy again", "Computed 23 Nov 2026"]),
        ("zh", "给李梅推荐点什么", ["同样买过早晨咖啡豆的客户也会买", "和买过的蓝色杯子类似", "每 5 周会买一次",
                              "没买过的", "该再买的"]),
    ],
)  # fmt: skip
def test_both_lists_with_reasons(floor: Floor, language: Any, text: str, words: list[str]) -> None:
    computed(floor.store, floor.shop)
    told = Colleague(floor, language=language).says("recommend_for_customer", text).text
    for word in words:
        assert word in told
    assert "CUP-WHITE" not in told, "it is sold out"


def offered(floor: Floor, text: str = "what to offer 李梅") -> list[str]:
    told = Colleague(floor).says("recommend_for_customer", text).text
    return [line.split("(")[1].split(")")[0] for line in told.splitlines() if line.startswith("•")]


def test_what_changed_since_the_night_is_left_out(floor: Floor) -> None:
    computed(floor.store, floor.shop)
    assert offered(floor) == ["MILL", "BOX", "CASE", "BEANS"]
    add_order(floor.store, floor.shop, "mei", "SO-1", "paid", {"BEANS": 1, "CASE": 1}, NOW, age_days=0)
    assert offered(floor) == ["MILL", "BOX"], "bought since"
    add_order(floor.store, floor.shop, "mei", "SO-2", "returned", {"BOX": 1}, NOW, age_days=3)
    assert offered(floor) == ["MILL"], "just returned"
    with floor.store.write() as session:
        session.get_one(Product, floor.shop.products["MILL"]).active = False
    assert "MILL" not in offered(floor), "no longer sold; what is left goes by the last orders"


def test_beans_bought_before_the_list_was_made_may_be_bought_again_but_a_mill_may_not(floor: Floor) -> None:
    computed(floor.store, floor.shop)
    add_order(floor.store, floor.shop, "mei", "SO-1", "paid", {"BEANS": 1, "MILL": 1}, NOW, age_days=30)
    assert offered(floor) == ["BOX", "CASE", "BEANS"]


def test_a_price_and_a_kind_narrow_the_list(floor: Floor) -> None:
    computed(floor.store, floor.shop)
    assert (
        offered(floor, "something under 100 for 李梅") == offered(floor, "李梅预算100以内，推什么") == ["CASE", "BEANS"]
    )
    assert offered(floor, "which coffee would suit 李梅") == ["BEANS"]
    told = Colleague(floor).says("recommend_for_customer", "something under 10 for 李梅").text
    assert "nothing within that is in stock" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_list_it_goes_by_the_last_orders_and_says_so(floor: Floor, language: Any) -> None:
    told = Colleague(floor, language=language).says("recommend_for_customer", "给李梅推荐点什么").text
    assert ("No list is computed" if language == "en" else "还没有为这位客户算过名单") in told


def test_who_refuses_profiling_gets_what_sells(floor: Floor) -> None:
    computed(floor.store, floor.shop)
    refuse(floor.store, floor.shop.customers["mei"])
    add_order(floor.store, floor.shop, "mei", "SO-1", "paid", {"CUP-BLUE": 1}, NOW, age_days=30)
    told = Colleague(floor).says("recommend_for_customer", "what to offer 李梅").text
    assert "do not want to be profiled" in told
    assert "bought" not in told


@pytest.mark.parametrize(
    ("language", "reason"), [("en", "40 % of those who buy Travel mill take it too"), ("zh", "有 40 % 也会买")]
)
def test_what_goes_with_what_was_bought(floor: Floor, language: Any, reason: str) -> None:
    bundle(floor.store, ["MILL"], "BEANS", 400)
    add_order(floor.store, floor.shop, "mei", "SO-1", "paid", {"MILL": 1}, NOW, age_days=5)
    agent = Colleague(floor, language=language)
    said = "what goes well with what 李梅 bought" if language == "en" else "跟李梅买的东西搭配的有哪些"
    told = agent.says("recommend_for_customer", said).text
    assert reason in told
    assert "Mill case" in told or "磨豆机收纳盒" in told


# --- the customer ---------------------------------------------------------------------------------------------------
@pytest.fixture
def shop(store: Store) -> Shop:
    return open_shop(store, NOW)


def chat_of(store: Store, shop: Shop, who: str = "mei", language: Any = "en", *, verified: bool = True) -> Chat:
    customer_id = shop.customers[who] if verified else None
    ids = add_chat(store, NOW, customer_id=customer_id, verified=verified, external_id=f"9{who}{verified}")
    return Chat(store, NOW, *ids, language)


def titles(reply: Reply) -> list[str]:
    return [card.title for card in reply.cards]


def reasons(reply: Reply) -> list[str]:
    return [card.facts[0][1] for card in reply.cards]


@pytest.mark.parametrize(
    ("language", "intro", "first"),
    [("en", "Chosen for you:", "customers who bought Morning beans, as you did, buy it too"),
     ("zh", "为您挑的：", "和您一样买过早晨咖啡豆的客户也会买")],
)  # fmt: skip
def test_customers_get_their_own_list(store: Store, shop: Shop, language: Any, intro: str, first: str) -> None:
    computed(store, shop)
    reply = chat_of(store, shop, language=language).say("product_recommend", "recommend me something")
    assert reply.text == intro
    assert reasons(reply)[0] == first
    assert len(reply.cards) == 3
    again = chat_of(store, shop, "tom", language).say("product_recommend", "recommend me something")
    assert again.text != intro, "the list is somebody else's"


def test_an_own_list_is_for_the_customer_alone(store: Store, shop: Shop) -> None:
    computed(store, shop)
    ours = "Chosen for you:"
    assert chat_of(store, shop, verified=False).say("product_recommend", "something nice?").text != ours
    chat = chat_of(store, shop)
    assert chat.say("product_recommend", "a gift for my mother", recipient="mother").text != ours
    assert titles(chat.say("product_recommend", "my usual again please"))[0] == "Morning beans"
    chat.direct = False
    assert chat.say("product_recommend", "something nice?").text != ours


def test_who_refuses_profiling_has_no_own_list(store: Store, shop: Shop) -> None:
    computed(store, shop)
    refuse(store, shop.customers["mei"])
    assert chat_of(store, shop).say("product_recommend", "something nice?").text != "Chosen for you:"


@pytest.mark.parametrize(("language", "said"), [("en", "what goes with the mill?"), ("zh", "磨豆机配什么好")])
def test_what_goes_with_a_product(store: Store, shop: Shop, language: Any, said: str) -> None:
    bundle(store, ["MILL"], "BEANS", 400)
    bundle(store, ["MILL"], "BOX", 600)
    bundle(store, ["MILL"], "CUP-WHITE", 900)
    bundle(store, ["MILL", "BEANS"], "CUP-BLUE", 990)
    bundle(store, ["MILL-PRO"], "CUP-BLUE", 990)
    reply = chat_of(store, shop, language=language).say("product_recommend", said, product="MILL")
    names = {"en": ["Tasting box", "Morning beans", "Mill case"], "zh": ["品鉴礼盒", "早晨咖啡豆", "磨豆机收纳盒"]}
    assert titles(reply) == names[language]
    assert reasons(reply)[0].count("60 %") == 1
    assert reasons(reply)[2] == {"en": "made for Travel mill", "zh": "专配旅行磨豆机"}[language]


def test_what_is_bought_together_counts_where_no_rule_does(store: Store, shop: Shop) -> None:
    for number in ("SO-1", "SO-2", "SO-3"):
        add_order(store, shop, "tom", number, "paid", {"BEANS": 1, "CUP-BLUE": 1}, NOW)
    add_order(store, shop, "tom", "SO-4", "paid", {"BEANS": 1, "BOX": 1}, NOW)
    reply = chat_of(store, shop).say("product_recommend", "what goes with the beans", product="BEANS")
    assert titles(reply) == ["Blue cup"]
    assert reasons(reply) == ["often bought together with Morning beans"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_goes_with_it(store: Store, shop: Shop, language: Any) -> None:
    chat = chat_of(store, shop, language=language)
    reply = chat.say("product_recommend", "what goes with the box? 配什么", product="BOX")
    assert ("nothing in stock that goes with" if language == "en" else "没找到") in reply.text
    assert reply.choices[0].value == "talk_to_human"
    unclear = chat_of(store, shop, "tom", language).say("product_recommend", "what goes with it? 配什么")
    assert unclear.cards == ()
