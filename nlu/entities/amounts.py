"""Percentages, ratings, ordinals, counts and quantities, in both languages."""

import re
from decimal import Decimal

from nlu.entities import money
from nlu.entities.numbers import CHINESE, NUMBER, parse, tidy, whole
from nlu.entities.spans import Passage

_PERCENT = re.compile(
    rf"(?P<value>{NUMBER}) ?(?:%|percent(?![a-z])|per cent(?![a-z])|个百分点|个点(?![心子赞]))"
    rf"|百分之(?P<words>{CHINESE}{{1,6}}(?:点{CHINESE}{{1,2}})?|\d{{1,3}}(?:\.\d)?)"
    rf"|千分之(?P<mille>{CHINESE}{{1,4}}|\d{{1,3}})"
    r"|(?<![\d.])(?P<off>[1-9](?:\.\d|\d)?|[一二三四五六七八九]{1,2})折"
    r"|(?<![\d.])(?P<tenths>[1-9]|[一二两三四五六七八九])成(?![功为交长员立都绩分新熟品本不])(?P<and_half>半)?"
    r"|(?P<half>半价|(?<![a-z])half(?: |-)(?:off|price))(?![a-z])"
)
_STAR_NUMBER = r"[0-5](?:\.\d)?|zero|one|two|three|four|five|[零一二两三四五]"
_RATING = re.compile(
    rf"(?<![\d.])(?P<stars>{_STAR_NUMBER})(?P<and_half> and a half|星半)? ?(?:-? ?stars?(?![a-z])|颗?星(?![期球])|⭐)"
    r"|(?<![\d.])(?P<points>10|[0-9](?:\.\d)?|[零一二两三四五六七八九十]) ?分(?![钟之期店享类手公批组别析开])"
    r"|(?<![\d./])(?P<of>10|[0-9](?:\.\d)?) ?(?:/|out of) ?(?:5|10|five|ten)(?![\d/-])"
    r"|(?:csat|ratings?|scores?|评分|打分|满意度|评价)[^\d\n]{0,16}?(?<![\d.])(?P<named>10|[1-9](?:\.\d)?)(?![\d%]|\.\d)"
)
_GIVEN_RATING = re.compile(
    r"(?<![a-z])(?:give|giving|rate|rated|score|a solid|call it)(?: (?:it|you|this|that|them|him|her"
    r"|the service))?(?: an?)?(?: solid)?"
    r" (?P<value>10|\d|one|two|three|four|five)(?=\s*(?:$|[.,!?;，。！]|out of))|(?P<full>满分)(?!是)"
)
_STAR_RUN = re.compile(r"(?:⭐️?|★|🌟){1,5}")
_ONLY_RATING = re.compile(
    r"[^\w]*(?:(?:a|an|i give(?: you)?|给|打|我给) ?)?(?P<value>10|\d|one|two|three|four|five|[一二三四五])[^\w]*"
)
_ORDINAL_WORDS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
_THING = r"[条个件项款张份位名次遍单封种]"
_ORDINAL = re.compile(
    rf"(?P<back>倒数)?第(?P<zh>{CHINESE}{{1,4}}|\d{{1,3}}) ?(?:{_THING}|家)?"
    rf"|(?<![\w.])(?P<digits>\d{{1,3}})(?:st|nd|rd|th)(?![a-z])"
    rf"|(?<![a-z])(?P<word>{'|'.join(_ORDINAL_WORDS)})(?! ?(?:response|name|reply|class|hand|quarter|half"
    rf"|thing|of all|off))(?![a-z])"
    r"|(?<![a-z])(?:suggestions?|proposals?|ideas?|options?|items?|lines?|candidates?) ?#?(?P<named>\d{1,3})(?![\d\w])"
    r"|(?:建议|选项|方案|候选) ?#?(?P<listed>\d{1,3}|[一二三四五六七八九十])(?![\d\w])"
    rf"|(?<!\d)(?P<numbered>\d{{1,2}}|{CHINESE}{{1,2}})号(?=方案|建议|选项|候选|客户|那个)"
    r"|(?<![a-z] )(?<![a-z])(?:number|no\.) ?(?P<called>[1-9]|10|one|two|three|four|five|six)(?![\w.]|%|,\d)"
    rf"|(?P<head>头一{_THING}(?!月)|首[条个款](?!月))"
    r"|(?P<last>最后(?:一)?[条个件项款份位]|倒数第一[条个]|(?<![a-z])(?:the|your|ur) last (?:one|item|suggestion"
    r"|proposal|proposed|idea))"
)
_DECIDED = re.compile(r"(?<![\w.,#/-])[1-9]\d?(?![\w%/]|[.,]\d|[年月天点号])")
_MORE_ORDINALS = re.compile(
    rf"(?:, ?|、|，| ?& ?| and |和|跟|与)(?:第|the )?#?(?P<value>\d{{1,3}}|{CHINESE}{{1,3}})(?:st|nd|rd"
    rf"|th)?{_THING}?(?![\w.]|%)"
)
_COUNTED = (
    r"(?:customers?|clients?|buyers?|people|orders?|cases?|tickets?|topics?|messages?|reviews?|products?"
    r"|complaints?|agents?"
    r"|examples?|conversations?|notes?|tasks?)(?![a-z])"
)
_COUNTED_ZH = r"(?=客户|顾客|会员|用户|人|订单|工单|话题|消息|评价|产品|商品|投诉|客服|例子|会话|备注|待办)"
_COUNT = re.compile(
    rf"(?<![a-z])(?:top|first|bottom|best|worst|last|latest|recent|biggest|largest)(?: "
    rf"|-)?(?P<top>{NUMBER})(?![a-z0-9_%])"
    rf"|前 ?(?P<zh>\d{{1,4}}|{CHINESE}{{1,6}})(?! ?[天日周月年\d%％]|百分之|个[月星季小])"
    rf"|(?<![a-z])(?P<best>{NUMBER}) (?=(?:most|biggest|best|worst|highest|lowest|largest|latest|newest"
    rf"|oldest|unhappiest|happiest|top)(?![a-z]))"
    rf"|最(?:近|新)(?:的)?(?P<recent>\d{{1,4}}|{CHINESE}{{1,4}})(?:[条单笔个次封]|件)(?!月)"
    rf"|最[\u4e00-\u9fff]{{1,8}}的(?P<most>\d{{1,4}}|{CHINESE}{{1,6}})[个名位条大款件家]"
    rf"|(?:倒数|最后)(?P<bottom>\d{{1,3}}|{CHINESE}{{1,3}})[个名位条款家]"
    r"|[这那](?P<these>\d{1,4})[条个位封张](?!月|小时|星期|工作日)"
    rf"|(?<![a-z])(?:show(?: me)?|list|give me|get me|find(?: me)?|pull up|see) (?P<wanted>\d{{1,4}}|{CHINESE}"
    rf"|[a-z]{{3,6}})"
    rf" (?={_COUNTED})"
    rf"|(?:给我|列出?|看看?|找出?|来)(?P<shown>\d{{1,4}}|{CHINESE}{{1,4}})[个位条名款张]{_COUNTED_ZH}"
)
_MEASURE = (
    r"(?:个(?!月|百分|工作日|小时|钟头|星期|礼拜|季度|半|点)|件|只|台|条|双|套|份|盒|包|瓶|箱|支|张|本|袋|杯|罐"
    r"|副|部|颗|把|斤|公斤|块(?!钱)|片|枚"
    r"|对|组|打|桶|筒|串)"
)
_QUANTITY = re.compile(
    rf"(?P<dozens>{NUMBER}) ?打(?![开电印包折算扰])"
    rf"|(?P<zh>{NUMBER})[来多]? ?{_MEASURE}"
    rf"|(?P<en>{NUMBER}) ?(?:pcs|pc|pieces?|units?|boxes|box|pairs?|packs?|packets?|bottles?|sets?|bags?"
    rf"|cups?|items?|copies"
    r"|cartons?|cases of|kilos?|kg|lbs?|x|more(?! than| days?| weeks?| months?| hours?| minutes?| times?))(?![a-z])"
    rf"|(?<![a-z])(?P<several>(?!one ){NUMBER}) of (?:them|these|those|the|your)(?![a-z])"
    rf"|(?<![a-z])another (?P<another>(?!one){NUMBER})(?! ?(?:days?|weeks?|months?|minutes?|hours?|%))"
    r"|(?<![a-z0-9_])x ?(?P<times>\d{1,4})(?![a-z0-9_])"
)
_LOOSE = re.compile(rf"{NUMBER}(?![a-z0-9_%]|[.,]\d)")
_QUANTITY_INTENTS = frozenset({"place_order", "price_question", "stock_check", "change_order"})
_COUNTING = frozenset({"alert_create", "segment_create", "segment_size", "show_evidence", "top_topics"})
"""Intents in which numbers of things are counted, not ordered."""
_THINGS = re.compile(
    rf"(?<![a-z0-9_.上下这那每第哪某])(?P<n>{NUMBER})\+? ?(?:or more )?(?={_COUNTED}"
    r"|questions?(?![a-z])|posts?(?![a-z])|times(?![a-z])"
    r"|次|笔|单(?![价位品量元日]))"
)
_NOT_QUANTITY = frozenset({"one", "a", "an", "一", "half", "半", "十", "百", "千", "万", "零", "two"})


def find(passage: Passage) -> None:
    """Claim every amount in the passage."""
    _find_ratings(passage)
    _find_ordinals(passage)
    _find_decided(passage)
    _find_percent(passage)
    money.find(passage)
    _find_counts(passage)
    _find_quantities(passage)


def _find_percent(passage: Passage) -> None:
    """八折 and 20% off say the same: 20."""
    for match in _PERCENT.finditer(passage.folded):
        if match["half"]:
            value: Decimal | None = Decimal(50)
        else:
            group = next(name for name, text in match.groupdict().items() if text)
            value = parse(match[group])
        if value is None or not passage.free(*match.span()):
            continue
        if match["off"]:
            value = 100 - (value * 10 if value < 10 else value)
        elif match["tenths"]:
            value = value * 10 + (5 if match["and_half"] else 0)
        elif match["mille"]:
            value /= 10
        passage.claim("percent", tidy(value), *match.span())


def _find_ratings(passage: Passage) -> None:
    for match in _RATING.finditer(passage.folded):
        group = next(name for name, text in match.groupdict().items() if text)
        value = parse(match[group])
        span = match.span(group) if group == "named" else match.span()
        if value is not None and passage.free(*span):
            passage.claim("rating", tidy(value + Decimal("0.5") if match["and_half"] else value), *span)
    for match in _STAR_RUN.finditer(passage.text):
        if passage.free(*match.span()):
            passage.claim("rating", sum(char in "⭐★🌟" for char in match.group()), *match.span())
    if passage.audience != "customer" or passage.has(("rating",)):
        return
    only = _ONLY_RATING.fullmatch(passage.folded)
    given = only or (_GIVEN_RATING.search(passage.folded) if passage.intent == "csat_rating" else None)
    if given and not given.groupdict().get("full") and passage.free(*given.span("value")):
        passage.claim("rating", whole(given["value"]), *given.span("value"))
    elif given and passage.free(*given.span()):
        passage.claim("rating", 5, *given.span())


def _find_ordinals(passage: Passage) -> None:
    for match in _ORDINAL.finditer(passage.folded):
        if not passage.free(*match.span()):
            continue
        value = _place(match)
        if value is None:
            continue
        passage.claim("ordinal", value, *match.span())
        if match["named"] or match["listed"] or match["zh"]:
            _find_more_ordinals(passage, match.end())


def _find_decided(passage: Passage) -> None:
    """Where suggestions are decided on, a small number alone is one of them."""
    if passage.intent != "approve_suggestion":
        return
    for match in _DECIDED.finditer(passage.folded):
        if passage.free(*match.span()):
            passage.claim("ordinal", int(match.group()), *match.span())


def _find_more_ordinals(passage: Passage, end: int) -> None:
    """Suggestions 1 and 3, 第一和第三条."""
    while (more := _MORE_ORDINALS.match(passage.folded, end)) and passage.free(*more.span("value")):
        value = whole(more["value"])
        if value is None:
            return
        passage.claim("ordinal", value, *more.span("value"))
        end = more.end()


def _place(match: "re.Match[str]") -> int | None:
    if match["last"]:
        return -1
    if match["head"]:
        return 1
    if match["word"]:
        return _ORDINAL_WORDS[match["word"]]
    said = ("zh", "digits", "named", "listed", "numbered", "called")
    value = whole(next(match[name] for name in said if match[name]))
    return -value if value is not None and match["back"] else value


def _find_counts(passage: Passage) -> None:
    for match in _COUNT.finditer(passage.folded):
        group = next(name for name, text in match.groupdict().items() if text)
        value = whole(match[group])
        if value is not None and value > 0 and passage.free(*match.span(group)):
            passage.claim("count", value, *match.span(group))


def _find_quantities(passage: Passage) -> None:
    name = "count" if passage.audience != "customer" and passage.intent in _COUNTING else "quantity"
    for match in _THINGS.finditer(passage.folded) if name == "count" else ():
        value = whole(match["n"])
        if value and passage.free(*match.span("n")):
            passage.claim(name, value, *match.span("n"))
    for match in _QUANTITY.finditer(passage.folded):
        value = whole(next(text for text in match.groupdict().values() if text))
        value = value * 12 if value and match["dozens"] else value
        some = value is not None and (value > 0 or name == "quantity")  # "0 bags" is said, and no order
        if some and passage.free(*match.span()) and not _vague(match):
            passage.claim(name, value, *match.span())
    if passage.has((name,)):
        return
    things = [entity.start for entity in passage.entities if entity.name in {"product", "category", "colour"}]
    for match in _LOOSE.finditer(passage.folded):
        near = any(0 <= start - match.end() <= 12 for start in things)
        wanted = near or (passage.intent in _QUANTITY_INTENTS and match.group() not in _NOT_QUANTITY)
        value = whole(match.group())
        if wanted and value and value < 100_000 and passage.free(*match.span()):
            passage.claim(name, value, *match.span())
            return


def _vague(match: "re.Match[str]") -> bool:
    """那一个, 这两个: pointing, not counting."""
    before = match.string[max(0, match.start() - 1) : match.start()]
    return before in {"那", "这", "哪", "每", "另", "第", "上", "下", "某"} or (match["zh"] or "") in {"百", "千", "万"}
