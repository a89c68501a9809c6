"""Money with its bounds, percentages, ratings, ordinals, counts and quantities, in both languages."""

import re
from decimal import Decimal
from typing import Any

from nlu.entities.numbers import CHINESE, NUMBER, parse, tidy, whole
from nlu.entities.spans import Passage

_CURRENCIES = {
    "CNY": ("¥", "rmb", "cny", "yuan", "kuai", "人民币", "元人民币", "块钱", "元钱", "圆", "元", "块"),
    "USD": ("us$", "usd", "us dollars", "us dollar", "dollars", "dollar", "bucks", "buck", "美元", "美金", "$", "刀"),
    "EUR": ("€", "eur", "euros", "euro", "欧元"),
    "GBP": ("£", "gbp", "pounds", "pound", "quid", "英镑"),
    "HKD": ("hk$", "hkd", "港币", "港元", "港纸"),
    "TWD": ("nt$", "twd", "ntd", "台币", "新台币"),
    "JPY": ("jpy", "yen", "日元", "日币"),
    "SGD": ("s$", "sgd", "新币"),
}
_CURRENCY = {sign: code for code, signs in _CURRENCIES.items() for sign in signs}
_WITHOUT_MINOR = frozenset({"JPY"})


def _either(words: "list[str] | tuple[str, ...]") -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SIGNS = _either(
    [sign for sign in _CURRENCY if not sign[-1].isalpha() or sign in {"rmb", "usd", "cny", "eur", "gbp", "hkd"}]
)
_UNITS = _either([sign for sign in _CURRENCY if sign[-1].isalpha() or sign in {"€", "£", "¥", "$"}])
_BOUND_BEFORE = {
    "max": "under|below|less than|lower than|up to|at most|no more than|not more than|within|maximum|max"
    "|cheaper than|<=|<|≤"
    "|不超过|不高于|不到|低于|少于|最多|最高|小于|不多于|未满|控制在|别超过|顶多",
    "min": "over|above|more than|greater than|higher than|at least|no less than|not less than|minimum|exceeding"
    "|exceeds|from"
    "|>=|>|≥|超过|超出|高于|大于|多于|至少|不少于|不低于|起码|最少|超|满|破",
    "about": "around|about|roughly|approximately|approx\\.?|some|~|大概|大约|差不多|约",
}
_BOUND_AFTER = {
    "max": "以内|之内|以下|内|封顶|max(?![a-z])|or less|or under|or below|tops|maximum",
    "min": "以上|往上|起步|起|or more|or above|or over|and up|and above|\\+",
    "about": "左右|上下|or so|ish|出头",
}
_BEFORE = "|".join(f"(?P<{name}_before>{words})" for name, words in _BOUND_BEFORE.items())
_AFTER = "|".join(f"(?P<{name}_after>{words})" for name, words in _BOUND_AFTER.items())
_LEAD = rf"(?:(?<![a-z])(?:{_BEFORE}) ?(?:了|the |a |of )?)?"
_TAIL = rf"(?: ?(?:{_AFTER}))?"
_RANGE = rf"(?: ?(?:-|–|—|~|到|至|to|and) ?(?:{_SIGNS})?(?P<upper>{NUMBER}))?"
_SIGNED = re.compile(rf"{_LEAD}(?P<unit>{_SIGNS}) ?(?P<amount>{NUMBER}){_RANGE}(?: ?(?:{_UNITS})(?![a-z]))?{_TAIL}")
_UNITED = re.compile(
    rf"{_LEAD}(?P<amount>{NUMBER})(?:多|来"
    rf"|几)?{_RANGE} ?(?P<unit>{_UNITS})(?![a-z])(?P<change>[\d一二三四五六七八九](?![\d十百千个折月天年]))?{_TAIL}"
)
_BARE = re.compile(rf"{_LEAD}(?P<amount>{NUMBER}){_RANGE}(?P<unit>){_TAIL}")
_ABOUT_MONEY = re.compile(
    r"(?<![a-z])(?:spen[dt]|spending|budget|price|cost|worth|paid|revenue|sales|value|cheaper|amount|bill)(?![a-z])"
    r"|消费|花了|花费|花销|预算|价格|价位|价钱|金额|买了|贡献|营业额|销售额|客单价|累计"
)
_OTHER_UNIT = re.compile(
    r" ?(?:个月|[个件只台条双套份盒包瓶箱支张本袋杯年月日天号周星次名位分岁人点楼度遍回级家种]|小时|days?"
    r"|weeks?|months?|years?|hours?"
    r"|times?|pcs|pieces|people|customers?|orders?|cases?|stars?|percent|%|am|pm|minutes?|mins?|points?"
    r"|(?!(?:and|but|since|per|this|last|for|with|from|who|that|please|total|each|max|tops|budget|ish|online"
    r"|here)(?![a-z]))[a-z]{3,})"
)
_PIECE = re.compile(r"[\u4e00-\u9fff]")
_AFTER_PIECE = frozenset("以之内左右上下的吧钱到起多来封和与或有呢吗能够就出就可行了")
_MONEY_INTENTS = frozenset({"product_recommend", "price_question"})

_PERCENT = re.compile(
    rf"(?P<value>{NUMBER}) ?(?:%|percent|per cent|个百分点)|百分之(?P<words>{CHINESE}{{1,6}}|\d{{1,3}})"
)
_RATING = re.compile(
    r"(?<![\d.])(?P<stars>[1-5]|one|two|three|four|five|[一二两三四五]) ?(?:-? ?stars?(?![a-z])|颗?星|⭐)"
    r"|(?<![\d.])(?P<points>10|[0-9]|[一二两三四五六七八九十])(?:\.\d)? ?分(?![钟之期店享类手公批组别析开])"
    r"|(?<![\d./])(?P<of>10|[0-9]) ?(?:/|out of) ?(?:5|10|five|ten)(?![\d/])"
    r"|(?:csat|ratings?|scores?|评分|打分|满意度|评价)[^\d\n]{0,16}?(?<![\d.])(?P<named>10|[1-9])(?![\d%]|\.\d)"
)
_STAR_RUN = re.compile(r"(?:⭐️?|★|🌟){1,5}")
_ONLY_RATING = re.compile(
    r"[^\w]*(?:(?:a|an|i give(?: you)?|给|打|我给) ?)?(?P<value>10|\d|one|two|three|four|five|[一二三四五])[^\w]*"
)
_ORDINAL_WORDS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10,
}  # fmt: skip
_ORDINAL = re.compile(
    rf"第(?P<zh>{CHINESE}{{1,4}}|\d{{1,3}}) ?(?:[条个件项款张份位名次遍单封]|家|种)?"
    rf"|(?<![\w.])(?P<digits>\d{{1,3}})(?:st|nd|rd|th)(?![a-z])"
    rf"|(?<![a-z])(?P<word>{'|'.join(_ORDINAL_WORDS)})(?! ?(?:response|name|reply|class|hand|quarter|half"
    rf"|thing|of all|off))(?![a-z])"
    r"|(?<![a-z])(?:suggestions?|options?|items?|lines?|candidates?)s? ?#?(?P<named>\d{1,3})(?![\d\w])"
    r"|(?P<last>最后(?:一)?[条个件项款份位]|倒数第一[条个]|(?<![a-z])the last (?:one|item|suggestion))"
)
_COUNT = re.compile(
    rf"(?<![a-z])(?:top|first|bottom|best|worst|last|latest|recent|biggest|largest)(?: "
    rf"|-)?(?P<top>{NUMBER})(?![a-z0-9_%])"
    rf"|前 ?(?P<zh>\d{{1,4}}|{CHINESE}{{1,6}})(?! ?[天日周月年\d])"
    rf"|(?<![a-z])(?P<best>{NUMBER}) (?=(?:most|biggest|best|worst|highest|lowest|largest|latest|newest"
    rf"|oldest|unhappiest|happiest|top)(?![a-z]))"
    rf"|最(?:近|新)(?:的)?(?P<recent>\d{{1,4}}|{CHINESE}{{1,4}})(?:[条单笔个次封]|件)(?!月)"
    rf"|最[\u4e00-\u9fff]{{1,8}}的(?P<most>\d{{1,4}}|{CHINESE}{{1,6}})[个名位条大款件家]"
)
_MEASURE = (
    r"(?:个(?!月|百分)|件|只|台|条|双|套|份|盒|包|瓶|箱|支|张|本|袋|杯|罐|副|部|颗|把|斤|公斤|块(?!钱)|片|枚"
    r"|对|组|打|桶|筒|串)"
)
_QUANTITY = re.compile(
    rf"(?P<zh>{NUMBER}) ?{_MEASURE}"
    rf"|(?P<en>{NUMBER}) ?(?:pcs|pc|pieces?|units?|boxes|box|pairs?|packs?|packets?|bottles?|sets?|bags?"
    rf"|cups?|items?|copies"
    r"|cartons?|cases of|kilos?|kg|lbs?|x)(?![a-z])"
    r"|(?<![a-z0-9_])x ?(?P<times>\d{1,4})(?![a-z0-9_])"
)
_LOOSE = re.compile(rf"{NUMBER}(?![a-z0-9_%]|[.,]\d)")
_QUANTITY_INTENTS = frozenset({"place_order", "price_question", "stock_check", "change_order"})
_NOT_QUANTITY = frozenset({"one", "a", "an", "一", "half", "半", "十", "百", "千", "万", "零", "two"})


def find(passage: Passage) -> None:
    """Claim every amount in the passage."""
    _find_ratings(passage)
    _find_ordinals(passage)
    _find_percent(passage)
    _find_money(passage)
    _find_counts(passage)
    _find_quantities(passage)


def _find_money(passage: Passage) -> None:
    patterns = [_SIGNED, _UNITED]
    if passage.intent in _MONEY_INTENTS or _ABOUT_MONEY.search(passage.folded):
        patterns.append(_BARE)
    for pattern in patterns:
        for match in pattern.finditer(passage.folded):
            if _is_money(passage, match):
                _claim_money(passage, match)


def _is_money(passage: Passage, match: "re.Match[str]") -> bool:
    start, end = match.span("amount")
    if not passage.free(start, match.end()) or parse(match["amount"]) is None:
        return False
    if match["unit"] in {"块", "圆"} and (parse(match["amount"]) or 0) < 10:
        following = passage.folded[match.end("unit") : match.end("unit") + 1]
        if _PIECE.match(following) and following not in _AFTER_PIECE:
            return False  # 一块蛋糕 is a piece of cake
    if match["unit"]:
        return True
    bounded = bool(match["upper"]) or any(
        match[f"{kind}_{side}"] for kind in _BOUND_BEFORE for side in ("before", "after")
    )
    if not bounded:
        bounded = bool(re.search(r"(?:budget|预算)[^\d]{0,12}$", passage.folded[max(0, start - 20) : start]))
    value = parse(match["amount"]) or Decimal(0)
    tail = passage.folded[(match.end("upper") if match["upper"] else end) :]
    return bounded and value >= 10 and not _OTHER_UNIT.match(tail)


def _claim_money(passage: Passage, match: "re.Match[str]") -> None:
    currency = _CURRENCY.get(match["unit"]) if match["unit"] else None
    lower, upper = parse(match["amount"]), parse(match["upper"]) if match["upper"] else None
    if lower is None:
        return
    change = match.groupdict().get("change")
    if change:  # 3块5
        lower += (parse(change) or Decimal(0)) / 10
    bound = next(
        (bound for bound in ("max", "min", "about") if match[f"{bound}_before"] or match[f"{bound}_after"]), "exact"
    )
    start, end = match.span()
    if upper is None:
        passage.claim("money", _money(lower, currency, bound), start, end)
        return
    if match["amount"].isdigit() and upper >= 1000 > lower * 10 and re.search(r"[kw千万]", match["upper"]):
        lower *= upper // Decimal(re.sub(r"[^\d.]", "", match["upper"]) or "1")  # 1-2k, 3到5千
    passage.add("money", _money(lower, currency, "min"), start, end)
    passage.claim("money", _money(upper, currency, "max"), start, end)


def _money(amount: Decimal, currency: str | None, bound: str) -> dict[str, Any]:
    minor = amount if currency in _WITHOUT_MINOR else amount * 100
    return {"amount_minor": int(minor), "currency": currency, "bound": bound}


def _find_percent(passage: Passage) -> None:
    for match in _PERCENT.finditer(passage.folded):
        value = parse(match["value"] or match["words"])
        if value is not None and passage.free(*match.span()):
            passage.claim("percent", tidy(value), *match.span())


def _find_ratings(passage: Passage) -> None:
    for match in _RATING.finditer(passage.folded):
        group = next(name for name, text in match.groupdict().items() if text)
        value = parse(match[group])
        span = match.span(group) if group == "named" else match.span()
        if value is not None and passage.free(*span):
            passage.claim("rating", tidy(value), *span)
    for match in _STAR_RUN.finditer(passage.text):
        if passage.free(*match.span()):
            passage.claim("rating", sum(char in "⭐★🌟" for char in match.group()), *match.span())
    only = _ONLY_RATING.fullmatch(passage.folded)
    if only and passage.free(*only.span("value")) and passage.audience == "customer":
        passage.claim("rating", whole(only["value"]), *only.span("value"))


def _find_ordinals(passage: Passage) -> None:
    for match in _ORDINAL.finditer(passage.folded):
        if not passage.free(*match.span()):
            continue
        if match["last"]:
            value: int | None = -1
        elif match["word"]:
            value = _ORDINAL_WORDS[match["word"]]
        else:
            value = whole(match["zh"] or match["digits"] or match["named"])
        if value is not None:
            passage.claim("ordinal", value, *match.span())


def _find_counts(passage: Passage) -> None:
    for match in _COUNT.finditer(passage.folded):
        group = next(name for name, text in match.groupdict().items() if text)
        value = whole(match[group])
        if value is not None and value > 0 and passage.free(*match.span(group)):
            passage.claim("count", value, *match.span(group))


def _find_quantities(passage: Passage) -> None:
    name = "quantity"
    for match in _QUANTITY.finditer(passage.folded):
        value = whole(match["zh"] or match["en"] or match["times"])
        if value is not None and value > 0 and passage.free(*match.span()) and not _vague(match):
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
