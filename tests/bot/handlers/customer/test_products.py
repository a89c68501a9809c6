"""Stock, prices, properties, recommendations, and the knowledge base."""

from collections.abc import Callable

import pytest

from bot.offer_words import asks_for_range
from crm_core.database import Store
from tests.bot.shop import Shop, add_order
from tests.bot.turns import Chat, everything, phrase, values
from tests.conftest import Clock

Opened = Callable[..., Chat]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])
NAMES = {"CUP-BLUE": {"en": "Blue cup", "zh": "蓝色杯子"}, "MILL": {"en": "Travel mill", "zh": "旅行磨豆机"}}


# --- stock ----------------------------------------------------------------------------------------------------------
@BOTH
def test_in_stock_few_and_sold_out(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    there = chat.say("stock_check", "cup?", product="CUP-BLUE")
    assert NAMES["CUP-BLUE"][language] in there.text
    assert "50" in there.text
    few = chat.say("stock_check", "mill?", product="MILL")
    assert "4" in few.text
    gone = chat.say("stock_check", "white cup?", product="CUP-WHITE")
    assert phrase("customer.stock.instead", language) in gone.text
    assert [card.title for card in gone.cards] == [NAMES["CUP-BLUE"][language]]


@BOTH
def test_a_colour_means_the_sibling(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    chat.say("stock_check", "blue cup?", product="CUP-BLUE")
    white = chat.say("stock_check", "is the white one there", colour="white")
    assert ("White cup" if language == "en" else "白色杯子") in white.text
    pink = stranger(language, external_id="7008").say("stock_check", "a pink cup", product="CUP-BLUE", colour="pink")
    assert ("pink" if language == "en" else "粉色") in pink.text


@BOTH
def test_which_product(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    asked = chat.say("stock_check", "is it in stock")
    assert asked.text == phrase("customer.product.which", language)
    assert len(asked.choices) == 3
    answer = chat.say("", "the mill", answers=True, product="MILL")
    assert NAMES["MILL"][language] in answer.text
    category = chat.say("stock_check", "any grinders", category="grinders")
    assert {card.title for card in category.cards} >= {NAMES["MILL"][language]}


# --- prices ---------------------------------------------------------------------------------------------------------
@BOTH
def test_prices_single_many_and_wholesale(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    assert "468.00" in chat.say("price_question", "how much", product="MILL").text
    three = chat.say("price_question", "three of them", quantity=3)
    assert "1,404.00" in three.text
    fifty = chat.say("price_question", "how much for 50 pieces", product="CUP-BLUE", quantity=50)
    assert "2,500.00" in fifty.text
    assert "30" in fifty.text
    assert phrase("customer.price.wholesale", language, count=50) in fifty.text
    assert "talk_to_human" in values(fifty)


@BOTH
def test_quantity_is_kept_while_the_product_is_asked(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    chat.say("price_question", "how much for 50 pieces", quantity=50)
    assert "2,500.00" in chat.say("", "the blue cup", answers=True, product="CUP-BLUE").text


@BOTH
def test_discounts_come_from_the_knowledge_base(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    known = chat.say("price_question", "any discount for Double 11?" if language == "en" else "双十一有优惠吗")
    assert known.text == ("Ten percent off on Double 11." if language == "en" else "双十一九折。")
    unknown = chat.say("price_question", "any coupon?" if language == "en" else "有券吗")
    assert chat.outcome.unsure
    assert "CANARY" not in everything(unknown)


# --- properties -----------------------------------------------------------------------------------------------------
PROPERTIES = (
    ("en", "does the travel mill work with USB-C?", "MILL", "Charging: USB-C"),
    ("zh", "旅行磨豆机支持 USB-C 吗", "MILL", "充电接口：USB-C"),
    ("en", "can I put the blue cup in the dishwasher", "CUP-BLUE", "Dishwasher-safe: Yes"),
    ("zh", "能进洗碗机吗", "CUP-BLUE", "可用洗碗机：是"),
    ("en", "which mills does the case fit", "CASE", "Goes with: Travel mill, Big mill"),
    ("zh", "收纳盒适配哪些", "CASE", "适配：旅行磨豆机、台式磨豆机"),
    ("zh", "是什么烘焙的", "BEANS", "烘焙度：中烘"),
    ("en", "how heavy is a bag", "BEANS", "Weight (g): 250"),
)


def test_a_property_is_answered(stranger: Opened) -> None:
    for place, (language, said, product, shown) in enumerate(PROPERTIES):
        chat = stranger(language, str(place))
        assert shown in chat.say("product_question", said, product=product).text


@BOTH
def test_what_is_not_noted_is_not_invented(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    said = "what is its warranty" if language == "en" else "保修多久"
    reply = chat.say("product_question", said, product="CUP-BLUE")
    assert ("not in my notes" if language == "en" else "资料里没有写") in reply.text
    assert values(reply) == ["talk_to_human"]


@BOTH
def test_two_products_are_compared(stranger: Opened, language: str) -> None:
    reply = stranger(language).say("product_question", "difference", product=["MILL", "MILL-PRO"])
    assert reply.table is not None
    cells = [cell for row in reply.table.rows for cell in row]
    assert {"30", "45"} <= set(cells)
    assert any("468.00" in cell for cell in cells)
    assert phrase("customer.product.alike", language, count=1) == reply.table.note


@BOTH
def test_the_product_shown_last_is_meant(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    chat.say("product_question", "tell me about the mill", product="MILL")
    said = "how many cups on one charge" if language == "en" else "充一次电能磨多少"
    assert "30" in chat.say("product_question", said).text
    chat.say("product_recommend", "recommend something")
    second = chat.say("product_question", "the second one", ordinal=2)
    assert second.cards


@BOTH
def test_the_first_two_of_what_was_shown_are_compared(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    shown = chat.say("product_recommend", "recommend something").cards
    said = "compare the first two" if language == "en" else "比较一下前两款"
    table = chat.say("product_question", said, ordinal=1).table
    assert table is not None
    assert list(table.columns[1:]) == [card.title for card in shown[:2]]


@BOTH
def test_which_product_asks_about_the_kind_named_now(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    chat.say("stock_check", "blue cup?", product="CUP-BLUE")
    asked = chat.say("price_question", "how much is the grinder", category="grinders")
    assert NAMES["MILL"][language] in [choice.label for choice in asked.choices]
    assert NAMES["CUP-BLUE"][language] not in [choice.label for choice in asked.choices]


@BOTH
def test_why_explains_what_was_shown(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    chat.say("stock_check", "mill?", product="MILL")
    why = "why do you recommend that?" if language == "en" else "为什么推荐这款"
    reply = chat.say("product_recommend", why)
    assert reply.text == phrase("customer.recommend.because", language)
    assert [card.title for card in reply.cards] == [NAMES["MILL"][language]]
    assert reply.cards[0].facts[0][0] == phrase("customer.recommend.why", language)


@BOTH
def test_why_is_what_was_said_when_it_was_recommended(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "tom", "SO-1", "delivered", {"MILL": 9}, clock(), delivered_days=1)
    chat = stranger(language)
    recommended = chat.say("product_recommend", "a grinder please", category="grinders")
    explained = chat.say("product_recommend", "why do you recommend that?" if language == "en" else "为什么推荐这款")
    assert [card.facts[0] for card in explained.cards] == [card.facts[0] for card in recommended.cards]
    assert phrase("customer.recommend.popular", language, count=9) in [card.facts[0][1] for card in explained.cards]


# --- recommendations ------------------------------------------------------------------------------------------------
@BOTH
def test_a_gift_within_a_budget(store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str) -> None:
    add_order(store, shop, "tom", "SO-1", "delivered", {"BEANS": 9}, clock(), delivered_days=1)
    reply = stranger(language).say(
        "product_recommend",
        "a gift under 300 yuan for my mom",
        recipient="mother",
        money={"amount_minor": 30000, "currency": "CNY", "bound": "max"},
    )
    assert reply.cards[0].title == ("Tasting box" if language == "en" else "品鉴礼盒")
    assert len(reply.cards) == 3
    assert all(card.facts[0][0] == phrase("customer.recommend.why", language) for card in reply.cards)
    shown = everything(reply)
    assert "Travel mill" not in shown
    assert "旅行磨豆机" not in shown
    assert phrase("customer.recommend.popular", language, count=9) in shown


@BOTH
def test_popular_first_in_a_category_and_never_sold_out(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "tom", "SO-1", "delivered", {"MILL-PRO": 2}, clock(), delivered_days=1)
    add_order(store, shop, "tom", "SO-2", "cancelled", {"MILL": 9}, clock())
    add_order(store, shop, "tom", "SO-3", "delivered", {"MILL": 9}, clock(), age_days=120, delivered_days=100)
    chat = stranger(language)
    mills = chat.say("product_recommend", "a grinder", category="grinders")
    assert mills.cards[0].title == ("Big mill" if language == "en" else "台式磨豆机")
    cups = chat.say("product_recommend", "a cup", category="cups")
    assert [card.title for card in cups.cards] == [NAMES["CUP-BLUE"][language]]


@BOTH
def test_nothing_within_the_budget_is_said(stranger: Opened, language: str) -> None:
    reply = stranger(language).say(
        "product_recommend",
        "a grinder under 100",
        category="grinders",
        money={"amount_minor": 10000, "currency": "CNY", "bound": "max"},
    )
    assert reply.text == phrase("customer.recommend.over_budget", language)


@BOTH
def test_a_budget_in_other_money_is_not_taken_for_ours(stranger: Opened, language: str) -> None:
    reply = stranger(language).say(
        "product_recommend",
        "something under 30 dollars",
        money={"amount_minor": 3000, "currency": "USD", "bound": "max"},
    )
    assert phrase("customer.recommend.currency", language, currency="CNY") in reply.text
    assert len(reply.cards) == 3


@BOTH
def test_like_my_last_purchase(
    store: Store, shop: Shop, known: Opened, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1", "delivered", {"MILL": 1}, clock(), delivered_days=1)
    said = "something like what I bought last time" if language == "en" else "跟我上次买的差不多的"
    reply = known(language).say("product_recommend", said)
    assert [card.title for card in reply.cards] == ["Big mill" if language == "en" else "台式磨豆机"]
    assert phrase("customer.recommend.like", language, name=NAMES["MILL"][language]) in everything(reply)
    unknown = stranger(language).say("product_recommend", said)
    assert unknown.text == phrase("customer.recommend.who_are_you", language)
    assert unknown.request_contact


# --- knowledge ------------------------------------------------------------------------------------------------------
@BOTH
def test_the_knowledge_base_answers(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    for intent in ("faq", "business_hours", "out_of_scope"):
        reply = chat.say(intent, "when do you open" if language == "en" else "几点营业")
        assert reply.text == ("Open from ten to eight." if language == "en" else "十点到八点营业。")
        assert not chat.outcome.unsure


@BOTH
def test_what_it_does_not_know_it_says(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    for intent in ("faq", "business_hours", "out_of_scope"):
        reply = chat.say(intent, "what is the weather on mars")
        assert chat.outcome.unsure
        assert "talk_to_human" in values(reply)
        assert "CANARY" not in everything(reply)


def test_the_likeliest_guesses_are_offered(stranger: Opened) -> None:
    reply = stranger().say("out_of_scope", "my order", alternatives=(("refund_status", 0.3), ("deny", 0.2)))
    assert values(reply) == ["refund_status", "talk_to_human"]


# --- what there is at all -------------------------------------------------------------------------------------------
@BOTH
def test_what_there_is_at_all_is_told_by_kinds_with_prices(stranger: Opened, language: str) -> None:
    said = {"en": "What do you sell?", "zh": "你们卖什么？"}[language]
    told = stranger(language).say("product_recommend", said).text.splitlines()
    assert told[0] == phrase("customer.recommend.range", language)
    assert told[-1] == phrase("customer.recommend.which_kind", language)
    (mills,) = [line for line in told if NAMES["MILL"][language] in line]
    assert "468.00" in mills
    assert {"en": "grinder (2)", "zh": "磨豆机（2 款）"}[language] in mills


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("what do you sell?", True), ("What products do you have", True), ("show me your catalogue please", True),
        ("hi, what do you offer", True), ("你们卖什么", True), ("介绍一下你们有什么产品", True),
        ("你们都有哪些商品？", True), ("店里有什么东西卖", True), ("what kinds of tea do you have", False),
        ("what do you sell for coffee lovers", False), ("what products do you have under 100", False),
        ("你们卖茶吗", False), ("你们有什么茶", False), ("what do you offer as compensation", False),
    ],
)  # fmt: skip
def test_what_asks_for_all_there_is(text: str, whole: bool) -> None:
    assert asks_for_range(text) is whole
