"""Money with its bounds: 300块以内, over $1.5k, 两三百块, between 50 and 100 dollars, 12块8毛5, 49,90 €."""

import re
from decimal import Decimal
from typing import Any

from nlu.entities.numbers import NUMBER, parse, spread
from nlu.entities.spans import Passage

_CURRENCIES = {
    "CNY": ("¥", "rmb", "cny", "yuan", "kuai", "人民币", "元人民币", "块钱", "元钱", "元整", "圆", "元", "块", "大洋"),
    "USD": ("us$", "usd", "us dollars", "us dollar", "dollars", "dollar", "bucks", "buck", "美元", "美金", "$", "刀"),
    "EUR": ("€", "eur", "euros", "euro", "欧元"),
    "GBP": ("£", "gbp", "pounds", "pound", "quid", "英镑"),
    "HKD": ("hk$", "hkd", "港币", "港元", "港纸"),
    "TWD": ("nt$", "twd", "ntd", "台币", "新台币"),
    "JPY": ("jpy", "yen", "日元", "日币", "円"),
    "SGD": ("s$", "sgd", "新币", "新加坡元"),
    "AUD": ("a$", "au$", "aud", "澳元", "澳币", "澳大利亚元"),
    "CAD": ("c$", "ca$", "cad", "加元", "加币"),
    "NZD": ("nz$", "nzd", "纽币"),
    "CHF": ("chf", "francs", "franc", "瑞郎", "法郎"),
    "KRW": ("₩", "krw", "won", "韩元", "韩币"),
    "INR": ("₹", "inr", "rupees", "rupee", "卢比"),
    "MYR": ("rm", "myr", "ringgit", "马币", "令吉"),
    "THB": ("฿", "thb", "baht", "泰铢"),
    "VND": ("₫", "vnd", "dong", "越南盾"),
    "RUB": ("₽", "rub", "roubles", "rubles", "卢布"),
}
_CURRENCY = {sign: code for code, signs in _CURRENCIES.items() for sign in signs}
_WITHOUT_MINOR = frozenset({"JPY", "KRW", "VND"})


def _either(words: "list[str] | tuple[str, ...]") -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_CODES = [code.lower() for code in _CURRENCIES] + ["rmb", "rm"]
_SIGNS = f"(?:{_either([sign for sign in _CURRENCY if not sign[-1].isalpha()])}|(?<![a-z])(?:{_either(_CODES)}))"
_UNITS = _either([sign for sign in _CURRENCY if sign[-1].isalpha() or len(sign) == 1])
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
    "about": "左右|上下|or so|ish|出头|多(?![少久大次])",
}
_BEFORE = "|".join(f"(?P<{name}_before>{words})" for name, words in _BOUND_BEFORE.items())
_AFTER = "|".join(f"(?P<{name}_after>{words})" for name, words in _BOUND_AFTER.items())
_LEAD = rf"(?:(?<![a-z])(?:{_BEFORE}) ?(?:了|the |a |of )?)?"
_TAIL = rf"(?: ?(?:{_AFTER}))?"
_EURO = r"\d{1,3}(?:\.\d{3}){1,3},\d{1,2}(?!\d)|\d{1,7},\d{2}(?!\d)"
_AMOUNT = rf"(?P<amount>(?<![\w.,])(?:{_EURO})|{NUMBER})"
_TO = r"(?:-|–|—|~|到|至|to|and|up to|和(?=.{1,12}之间)|与(?=.{1,12}之间))"
_RANGE = rf"(?:(?: ?(?:{_UNITS})(?![a-z]))? ?{_TO} ?{_SIGNS}?(?P<upper>{NUMBER}))?"
_DIGIT = "[\\d一二两三四五六七八九]"
_CHANGE = (
    rf"(?:零?(?P<change>{_DIGIT})(?:[毛角](?P<cents>{_DIGIT})?分?|(?![\d十百千个折月天年点斤]))"
    r"|(?: and)? (?P<coins>\d{1,2}) cents?(?![a-z]))?"
)
_SIGNED = re.compile(rf"{_LEAD}(?P<unit>{_SIGNS}) ?{_AMOUNT}{_RANGE}(?: ?(?:{_UNITS})(?![a-z]))?{_TAIL}")
_UNITED = re.compile(
    rf"{_LEAD}{_AMOUNT}(?P<vague>[多来几把]| ?ish| or so)?{_RANGE} ?(?P<unit>{_UNITS})(?![a-z]|[\u9762\u4f53])"
    rf"{_CHANGE}{_TAIL}"
)
_BARE = re.compile(rf"{_LEAD}{_AMOUNT}{_RANGE}(?P<unit>){_TAIL}")
_OFF = re.compile(rf"满 ?(?P<from>{NUMBER}) ?[元块]?[立再]?[减送返] ?(?P<off>{NUMBER})(?![个件只盒瓶包])")
_COINS = re.compile(
    r"(?<![\w.])(?P<coins>\d{1,3}) ?(?P<kind>cents?|¢|pence|p)(?![a-z])"
    r"|(?P<mao>[\d一二两三四五六七八九]{1,2})毛(?=钱|$|[^\u4e00-\u9fff]|的|一)"
)
_SOME = re.compile(r"[几数上好][十百千万]?$|(?<![a-z])(?:few|several|some) $")
"""几百块 and a few hundred say no number."""
_ABOUT_MONEY = re.compile(
    r"(?<![a-z])(?:spen[dt]|spending|budget|price|cost|worth|paid|revenue|sales|value|cheaper|amount|bill|charged?"
    r"|refunded|deducted|free (?:shipping|delivery))(?![a-z])"
    r"|消费|花了|花费|花销|预算|价格|价位|价钱|金额|买了|贡献|营业额|销售额|客单价|累计|包邮|免运费|扣了|扣款"
    r"|扣钱|收了我|付了|之间"
)
_SAID_TO_BE_MONEY = re.compile(
    r"(?:(?<![a-z])(?:budget|charged?(?: me| us)?|paid|cost|costs|refunded|deducted|price(?: is| was)?)|预算"
    r"|扣了?(?:我|款|钱)?"
    r"|收了?我?|付了|花了|原价|现价|卖)"
    r"(?: is| was| of|是|为|了)?[\s:：,，]{0,2}(?:about |around |only |just |大概|大约|差不多|只要?)?$"
)
_OTHER_UNIT = re.compile(
    r" ?(?:个月|(?!包邮|件商品)[个件只台条双套份盒包瓶箱支张本袋杯年月日天号周星次名位分岁人点楼度遍回级家种]"
    r"|小时|days?"
    r"|weeks?|months?|years?|hours?"
    r"|times?|pcs|pieces|people|customers?|orders?|cases?|stars?|percent|%|am|pm|minutes?|mins?|points?"
    r"|(?!(?:and|but|since|per|this|last|for|with|from|who|that|please|total|each|max|tops|budget|ish|online"
    r"|here|twice|already|yesterday|today|on|in|to|instead|too|or|was|is|it)(?![a-z]))[a-z]{3,})"
)
_PIECE = re.compile(r"[\u4e00-\u9fff]")
_AFTER_PIECE = frozenset("以之内左右上下的吧钱到起多来封和与或有呢吗能够就出就可行了")
_MONEY_INTENTS = frozenset({"product_recommend", "price_question", "payment_problem", "recommend_for_customer"})


def find(passage: Passage) -> None:
    """Claim every amount of money in the passage."""
    for match in _OFF.finditer(passage.folded):
        least, off = parse(match["from"]), parse(match["off"])
        if least is not None and off is not None and passage.free(*match.span()):
            passage.claim("money", _money(least, None, "min"), match.start(), match.end("from"))
            passage.claim("money", _money(off, None, "exact"), *match.span("off"))
    patterns = [_SIGNED, _UNITED]
    if passage.intent in _MONEY_INTENTS or _ABOUT_MONEY.search(passage.folded):
        patterns.append(_BARE)
    for pattern in patterns:
        for match in pattern.finditer(passage.folded):
            if _is_money(passage, match):
                _claim(passage, match)
    _find_coins(passage)


def _is_money(passage: Passage, match: "re.Match[str]") -> bool:
    start, end = match.span("amount")
    value = parse(match["amount"])
    if not passage.free(start, match.end()) or value is None:
        return False
    if match["amount"][0] in "十百千万" and _SOME.search(passage.folded[max(0, start - 8) : start]):
        return False
    if match["unit"] in {"块", "圆"} and value < 10 and not match["change"]:
        following = passage.folded[match.end("unit") : match.end("unit") + 1]
        if _PIECE.match(following) and following not in _AFTER_PIECE:
            return False  # 一块蛋糕 is a piece of cake
    if match["unit"]:
        return True
    before = passage.folded[max(0, start - 24) : start]
    bounded = bool(match["upper"] or spread(match["amount"]) or _SAID_TO_BE_MONEY.search(before)) or any(
        match[f"{kind}_{side}"] for kind in _BOUND_BEFORE for side in ("before", "after")
    )
    bounded = bounded or (passage.intent in _MONEY_INTENTS and bool(re.fullmatch(r"\d+\.\d\d", match["amount"])))
    tail = passage.folded[(match.end("upper") if match["upper"] else end) :]
    highest = parse(match["upper"]) if match["upper"] else value
    return bounded and (highest or value) >= 10 and not _OTHER_UNIT.match(tail)


def _claim(passage: Passage, match: "re.Match[str]") -> None:
    currency = _CURRENCY.get(match["unit"]) if match["unit"] else None
    lower, upper = parse(match["amount"]), parse(match["upper"]) if match["upper"] else None
    if lower is None:
        return
    said = match.groupdict()
    lower += sum(
        (parse(said.get(name) or "零") or Decimal(0)) / part
        for name, part in (("change", 10), ("cents", 100), ("coins", 100))
    )
    bound = next(
        (bound for bound in ("max", "min", "about") if match[f"{bound}_before"] or match[f"{bound}_after"]), "exact"
    )
    if bound == "exact" and said.get("vague"):
        bound = "about"
    ends = spread(match["amount"]) if upper is None else None
    if ends and bound in {"exact", "about"}:
        lower, upper = ends
    start, end = match.span()
    if upper is None:
        passage.claim("money", _money(lower, currency, bound), start, end)
        return
    lower = _scaled(match["amount"], lower, upper, match["upper"] or "")
    passage.add("money", _money(lower, currency, "min"), start, end)
    passage.claim("money", _money(upper, currency, "max"), start, end)


def _scaled(said: str, lower: Decimal, upper: Decimal, upper_said: str) -> Decimal:
    """1-2k is 1,000 to 2,000, and 3到5千 is 3,000 to 5,000."""
    if said.isdigit() and upper >= 1000 > lower * 10 and re.search(r"[kw千万]", upper_said):
        return lower * (upper // Decimal(re.sub(r"[^\d.]", "", upper_said) or "1"))
    return lower


def _find_coins(passage: Passage) -> None:
    """50 cents, 50p, 五毛."""
    for match in _COINS.finditer(passage.folded):
        amount = parse(match["coins"] or match["mao"])
        if amount is None or not passage.free(*match.span()):
            continue
        if match["mao"]:
            passage.claim("money", _money(amount / 10, "CNY", "exact"), *match.span())
        elif match["kind"] != "p" or len(match["coins"]) == 2:
            currency = "GBP" if match["kind"][0] == "p" else "USD"
            passage.claim("money", _money(amount / 100, currency, "exact"), *match.span())


def _money(amount: Decimal, currency: str | None, bound: str) -> dict[str, Any]:
    minor = amount if currency in _WITHOUT_MINOR else amount * 100
    return {"amount_minor": int(minor), "currency": currency, "bound": bound}
