"""Values found in texts, in both languages, seen from Monday 23 November 2026, 18:00 in Shanghai."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.entities import Catalogue, Gazetteer, extract
from nlu.entities.numbers import parse
from nlu.intents import ENTITIES
from tests.nlu.conftest import NAMES, NOW

CATALOGUE = Catalogue(NAMES)


def found(text, audience="customer", intent="", **more):
    return extract(text, CATALOGUE, audience=audience, intent=intent, now=NOW, zone="Asia/Shanghai", **more)


def values(text, name, audience="customer", intent="", **more):
    return [entity.value for entity in found(text, audience, intent, **more) if entity.name == name]


def money(amount, currency, bound):
    return {"amount_minor": amount, "currency": currency, "bound": bound}


def days(start, end):
    return {"start": start, "end": end}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,500", 1500),
        ("1.5k", 1500),
        ("1.5万", 15000),
        ("两千", 2000),
        ("三百二十", 320),
        ("三百二", 320),
        ("一千零五", 1005),
        ("两万五", 25000),
        ("十二", 12),
        ("二〇二六", 2026),
        ("一亿", 100_000_000),
        ("half a dozen", 6),
        ("a dozen", 12),
        ("twenty-five", 25),
        ("two hundred and five", 205),
        ("three thousand", 3000),
        ("一百万", 1_000_000),
    ],
)
def test_numbers(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("where's my order? SO-20931", "order_id", "SO-20931"),
        ("so-20931 到哪了", "order_id", "SO-20931"),
        ("订单８８２１到哪了", "order_id", "8821"),
        ("帮我查一下 order #8821 到哪了", "order_id", "8821"),
        ("#8821?", "order_id", "8821"),
        ("my order number is 8821", "order_id", "8821"),
        ("tracking number SF1234567890123", "tracking_no", "SF1234567890123"),
        ("快递单号 1Z999AA10123456784", "tracking_no", "1Z999AA10123456784"),
        ("I'm Li.Mei@Example.COM", "email", "li.mei@example.com"),
        ("邮箱是li.mei@example.com哦", "email", "li.mei@example.com"),
        ("我手机号13800138000", "phone", "+8613800138000"),
        ("call +49 30 901820", "phone", "+4930901820"),
        ("i am @Li_Mei88", "handle", "@li_mei88"),
    ],
)
def test_identifiers_of_customers(text, name, value):
    assert values(text, name, intent="order_status") == [value]


@pytest.mark.parametrize(
    ("text", "intent", "name", "value"),
    [
        ("pull up customer 10482", "show_customer", "customer_id", ["10482"]),
        ("打开客户 10482", "show_customer", "customer_id", ["10482"]),
        ("merge 11907 into 10482", "merge_customers", "customer_id", ["11907", "10482"]),
        ("close 3312, refunded", "case_update", "case_id", ["3312"]),
        ("工单3312关掉", "case_update", "case_id", ["3312"]),
        ("#3312 to urgent", "case_assign", "case_id", ["3312"]),
        ("order 20931", "order_lookup", "order_id", ["20931"]),
        ("(415) 555-2671", "find_customer", "phone", ["+14155552671"]),
    ],
)
def test_identifiers_of_staff(text, intent, name, value):
    assert values(text, name, "agent", intent, region="US" if "415" in text else "CN") == value


def test_phone_numbers_need_their_region():
    assert values("call 030 901820", "phone", region="DE") == ["+4930901820"]
    assert values("2026-11-23", "phone") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("300块以内", [money(30000, "CNY", "max")]),
        ("三百块以内", [money(30000, "CNY", "max")]),
        ("under 300 yuan", [money(30000, "CNY", "max")]),
        ("over $1.5k", [money(150000, "USD", "min")]),
        ("大概1.5万元", [money(1500000, "CNY", "about")]),
        ("两千块左右", [money(200000, "CNY", "about")]),
        ("￥99.90", [money(9990, "CNY", "exact")]),
        ("3块5", [money(350, "CNY", "exact")]),
        ("at least 20 euros", [money(2000, "EUR", "min")]),
        ("between $50 and $100", [money(5000, "USD", "min"), money(10000, "USD", "max")]),
        ("预算一百到两百", [money(10000, None, "min"), money(20000, None, "max")]),
        ("100-200元", [money(10000, "CNY", "min"), money(20000, "CNY", "max")]),
        ("budget 500", [money(50000, None, "exact")]),
        ("5000日元", [money(5000, "JPY", "exact")]),
        ("来一块蛋糕", []),
        ("two weeks", []),
    ],
)
def test_money(text, expected):
    assert values(text, "money", intent="product_recommend") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spent over 2000 and silent for 60 days", [money(200000, None, "min")]),
        ("消费超2000且60天没动静", [money(200000, None, "min")]),
        ("消费超过1.5万的客户", [money(1500000, None, "min")]),
        ("more than 5 orders", []),
        ("haven't ordered in 90 days", []),
    ],
)
def test_money_in_conditions(text, expected):
    assert values(text, "money", "agent", "list_customers") == expected


@pytest.mark.parametrize(
    ("text", "intent", "name", "expected"),
    [
        ("how much for 50 pieces?", "price_question", "quantity", [50]),
        ("要 50 个的话多少钱", "price_question", "quantity", [50]),
        ("I'd like two T3 in white", "place_order", "quantity", [2]),
        ("我要两个白色 T3", "place_order", "quantity", [2]),
        ("half a dozen boxes", "place_order", "quantity", [6]),
        ("三个茶壶", "place_order", "quantity", [3]),
        ("那个多少钱", "price_question", "quantity", []),
        ("5", "csat_rating", "rating", [5]),
        ("5分", "csat_rating", "rating", [5]),
        ("four stars", "csat_rating", "rating", [4]),
        ("给四颗星吧", "csat_rating", "rating", [4]),
        ("⭐⭐⭐", "csat_rating", "rating", [3]),
        ("4/5", "csat_rating", "rating", [4]),
        ("等了5分钟", "complaint", "rating", []),
        ("第二条", "product_question", "ordinal", [2]),
        ("the 3rd one", "product_question", "ordinal", [3]),
        ("最后一个", "product_question", "ordinal", [-1]),
        ("15% off", "price_question", "percent", [15]),
        ("百分之二十", "price_question", "percent", [20]),
    ],
)
def test_counts_of_things(text, intent, name, expected):
    assert values(text, name, intent=intent) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("top 20 customers", [20]),
        ("终身价值前 20 的客户", [20]),
        ("投诉最多的五个话题", [5]),
        ("the ten most valuable customers", [10]),
        ("最近5条记录", [5]),
        ("前30天", []),
        ("last 5 orders", [5]),
    ],
)
def test_top_n(text, expected):
    assert values(text, "count", "manager", "list_customers") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", days("2026-11-23", "2026-11-24")),
        ("昨天", days("2026-11-22", "2026-11-23")),
        ("last week", days("2026-11-16", "2026-11-23")),
        ("上周", days("2026-11-16", "2026-11-23")),
        ("上上周", days("2026-11-09", "2026-11-16")),
        ("this month", days("2026-11-01", "2026-12-01")),
        ("上个月", days("2026-10-01", "2026-11-01")),
        ("本季度", days("2026-10-01", "2027-01-01")),
        ("last quarter", days("2026-07-01", "2026-10-01")),
        ("去年", days("2025-01-01", "2026-01-01")),
        ("past 30 days", days("2026-10-25", "2026-11-24")),
        ("近30天", days("2026-10-25", "2026-11-24")),
        ("最近一周", days("2026-11-17", "2026-11-24")),
        ("the past week", days("2026-11-17", "2026-11-24")),
        ("最近三个月", days("2026-08-24", "2026-11-24")),
        ("Q3", days("2026-07-01", "2026-10-01")),
        ("三季度", days("2026-07-01", "2026-10-01")),
        ("Q1 2025", days("2025-01-01", "2025-04-01")),
        ("上半年", days("2026-01-01", "2026-07-01")),
        ("on Tuesday", days("2026-11-17", "2026-11-18")),
        ("上周三", days("2026-11-18", "2026-11-19")),
        ("last Friday", days("2026-11-20", "2026-11-21")),
        ("3 days ago", days("2026-11-20", "2026-11-21")),
        ("三天前", days("2026-11-20", "2026-11-21")),
        ("in March", days("2026-03-01", "2026-04-01")),
        ("三月份", days("2026-03-01", "2026-04-01")),
        ("3月5日", days("2026-03-05", "2026-03-06")),
        ("March 5th", days("2026-03-05", "2026-03-06")),
        ("5 March 2025", days("2025-03-05", "2025-03-06")),
        ("2026-03-05", days("2026-03-05", "2026-03-06")),
        ("12/05/2026", days("2026-05-12", "2026-05-13")),
        ("since March", days("2026-03-01", "2026-11-24")),
        ("三月以来", days("2026-03-01", "2026-11-24")),
        ("before 1 March", days(None, "2026-03-01")),
        ("3月1日之前", days(None, "2026-03-01")),
        ("from January to March", days("2026-01-01", "2026-04-01")),
        ("3月1日到3月5日", days("2026-03-01", "2026-03-06")),
        ("双十一", days("2026-11-11", "2026-11-12")),
        ("Mid-Autumn", days("2026-09-25", "2026-09-26")),
        ("Black Friday", days("2026-11-27", "2026-11-28")),
        ("last weekend", days("2026-11-21", "2026-11-23")),
    ],
)
def test_date_ranges_look_back(text, expected):
    assert values(text, "date_range", "manager", "metric_query") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Friday", days("2026-11-27", "2026-11-28")),
        ("周五", days("2026-11-27", "2026-11-28")),
        ("下周一", days("2026-11-30", "2026-12-01")),
        ("next week", days("2026-11-30", "2026-12-07")),
        ("in December", days("2026-12-01", "2027-01-01")),
        ("till the 15th", days(None, "2026-12-15")),
        ("到15号", days(None, "2026-12-15")),
        ("in March", days("2027-03-01", "2027-04-01")),
        ("春节", days("2027-02-06", "2027-02-07")),
    ],
)
def test_date_ranges_look_ahead(text, expected):
    assert values(text, "date_range", "manager", "campaign_create") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow 3pm", "2026-11-24T15:00:00+08:00"),
        ("明天下午三点", "2026-11-24T15:00:00+08:00"),
        ("Monday 10am", "2026-11-30T10:00:00+08:00"),
        ("周一上午十点", "2026-11-30T10:00:00+08:00"),
        ("Friday at 15:30", "2026-11-27T15:30:00+08:00"),
        ("周五下午三点半", "2026-11-27T15:30:00+08:00"),
        ("after 9 pm", "2026-11-23T21:00:00+08:00"),
        ("晚上7点", "2026-11-23T19:00:00+08:00"),
        ("in 2 hours", "2026-11-23T20:00:00+08:00"),
        ("两小时后", "2026-11-23T20:00:00+08:00"),
        ("tomorrow at noon", "2026-11-24T12:00:00+08:00"),
    ],
)
def test_times(text, expected):
    found = values(text, "datetime", "agent", "add_task")
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every Monday at 9", {"every": "week", "interval": 1, "weekday": 0, "time": "09:00"}),
        ("每周一早上九点", {"every": "week", "interval": 1, "weekday": 0, "time": "09:00"}),
        ("every day at 8am", {"every": "day", "interval": 1, "time": "08:00"}),
        ("每天早上8点", {"every": "day", "interval": 1, "time": "08:00"}),
        ("every 2 weeks", {"every": "week", "interval": 2}),
        ("every weekday", {"every": "workday", "interval": 1}),
        ("每月1号", {"every": "month", "interval": 1, "day": 1}),
    ],
)
def test_recurrences(text, expected):
    assert values(text, "recurrence", "manager", "digest_schedule") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("haven't ordered in 90 days", {"days": 90}),
        ("90天没下单", {"days": 90}),
        ("下单三天了", {"days": 3}),
        ("两个月没联系", {"days": 60}),
        ("半年没买", {"days": 182}),
        ("24 hours", {"hours": 24}),
        ("30分钟", {"minutes": 30}),
    ],
)
def test_durations(text, expected):
    assert values(text, "duration", "agent", "list_customers") == [expected]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("average first response time by agent", "metric", ["first_response"]),
        ("各客服的平均首响时间", "metric", ["first_response"]),
        ("各客服的平均首响时间", "group_by", ["agent"]),
        ("new customers this month", "metric", ["new_customers"]),
        ("本月新增客户", "metric", ["new_customers"]),
        ("revenue by month", "group_by", ["month"]),
        ("按渠道拆开看", "group_by", ["channel"]),
        ("export that as Excel", "file_format", ["xlsx"]),
        ("top 20 by lifetime value", "score_type", ["lifetime_value"]),
        ("流失风险", "score_type", ["churn_risk"]),
        ("only Shanghai", "location", ["上海"]),
        ("只看上海", "location", ["上海"]),
        ("unhappy customers", "mood", ["negative"]),
        ("不满意的客户", "mood", ["negative"]),
        ("at least three orders", "comparator", [">="]),
        ("不到三单", "comparator", ["<"]),
        ("bought T2 but not T3", "negation", [True]),
        ("没买 T3", "negation", [True]),
        ("没问题", "negation", []),
        ("在 Telegram 上", "channel", ["telegram"]),
        ("Shanghai time", "timezone", ["Asia/Shanghai"]),
        ("Shanghai time", "location", []),
        ("what did she say", "reference", ["person"]),
        ("刚才那个", "reference", ["that"]),
        ("这个怎么样", "reference", ["this"]),
        ("the VIP segment", "segment", ["VIP"]),
    ],
)
def test_closed_lists(text, name, expected):
    assert values(text, name, "manager", "metric_query") == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a gift for my mom", "recipient", ["mother"]),
        ("给我妈买礼物", "recipient", ["mother"]),
        ("蓝色那件", "colour", ["blue"]),
        ("wrong size", "reason", ["wrong_size"]),
        ("尺码不对", "reason", ["wrong_size"]),
        ("可以讲中文吗", "language", ["zh"]),
        ("black friday deals", "colour", []),
        ("别再给我发广告了", "consent_type", ["marketing"]),
    ],
)
def test_what_customers_say(text, name, expected):
    assert values(text, name) == expected


@pytest.mark.parametrize(
    ("text", "intent", "name", "expected"),
    [
        ("Find Wang Fang at Lotus Trading", "find_customer", "person_name", ["王芳"]),
        ("find Fang Wang", "find_customer", "person_name", ["王芳"]),
        ("莲花贸易的王芳", "find_customer", "person_name", ["王芳"]),
        ("王女士的资料", "show_customer", "person_name", ["王芳"]),
        ("莲花贸易的王芳", "find_customer", "company", ["Lotus Trading"]),
        ("find Lotus Tradng", "find_customer", "company", ["Lotus Trading"]),
        ("do we have the ceramic teapt", "list_customers", "product", ["TP1"]),
        ("陶瓷茶壺", "list_customers", "product", ["TP1"]),
        ("look up anna schmidt", "find_customer", "person_name", ["anna schmidt"]),
        ("show me Priya Nair's profile", "show_customer", "person_name", ["Priya Nair"]),
        ("Sarah Connor at Northwind Foods", "find_customer", "company", ["Northwind Foods"]),
        ("查一下刘晓东", "find_customer", "person_name", ["刘晓东"]),
        ("打开高价值客户", "show_customer", "person_name", []),
        ("give it to Sam", "case_assign", "agent_name", ["sam"]),
        ("给李梅打上批发标签", "tag_customer", "tag", ["wholesale"]),
    ],
)
def test_names(text, intent, name, expected):
    assert values(text, name, "agent", intent) == expected


def test_several_people_of_one_name_are_all_offered():
    catalogue = Catalogue(Gazetteer(people=(("Wang Fang", "1"), ("Wang Fang", "2"))))
    entities = extract("find wang fang", catalogue, audience="agent", intent="find_customer", now=NOW)
    assert [entity.value for entity in entities if entity.name == "person_name"] == ["1", "2"]


def test_a_kind_of_product_may_have_a_name_of_one_sign():
    catalogue = Catalogue(Gazetteer(categories=(("茶", "tea"), ("T", "letters"), ("茶杯", "cups"))))
    found = {
        text: [
            entity.value
            for entity in extract(text, catalogue, audience="customer", intent="x", now=NOW)
            if entity.name == "category"
        ]
        for text in ("推荐一款茶", "茶杯有吗", "the t one")
    }
    assert found == {"推荐一款茶": ["tea"], "茶杯有吗": ["cups"], "the t one": []}


def test_customers_never_see_other_peoples_names():
    assert values("I know Wang Fang at Lotus Trading", "person_name") == []
    assert values("I know Wang Fang at Lotus Trading", "company") == []


def test_an_unknown_zone_is_utc():
    entities = extract("today", CATALOGUE, audience="agent", intent="", now=NOW, zone="Mars/Base")
    assert entities[0].value == days("2026-11-23", "2026-11-24")


def test_the_day_is_the_speakers():
    late = NOW.replace(hour=20)
    entities = extract("today", CATALOGUE, audience="agent", intent="", now=late, zone="Asia/Shanghai")
    assert entities[0].value == days("2026-11-24", "2026-11-25")


PIECES = [
    "order ",
    "#8821",
    "三百块",
    "以内",
    "last ",
    "week",
    "上周三",
    "下午三点",
    "every ",
    "Monday ",
    "-",
    "到",
    "30",
    "天",
    "2026-13-45",
    "31/02/2026",
    "9999999999999",
    "Q3",
    "前",
    "top ",
    "SO-",
    "@",
    "a@b.c",
    "+",
    "(",
    "两千",
    "万",
    "％",
    "99:99",
    "25点",
    "2月30日",
    "元",
    "$",
    "star",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(["customer", "agent", "manager"]))
def test_any_mixture_gives_entities_that_point_into_the_text(text, audience):
    for entity in found(text, audience, "list_customers"):
        assert entity.name in ENTITIES
        assert text[entity.start : entity.end] == entity.text
        entity.model_dump_json()
