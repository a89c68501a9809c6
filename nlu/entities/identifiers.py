"""Things with a number or an address: e-mail, phone, handle, order, case, customer and parcel numbers.

Every quantifier is bounded: the usual e-mail pattern needs seconds for 64 KB of one letter.
"""

import re
from collections.abc import Set
from functools import lru_cache

from nlu.entities.addresses import find_emails, find_handles
from nlu.entities.spans import Passage

_CODE = r"[a-z]{0,6}[-_/]?\d{1,24}[a-z]{0,2}(?:[-_/][a-z0-9]{1,12}){0,3}"
"""A number as shops make them: 8821, SO-20931, QX88210, 112-3456789-1234567, R-10023-A, ORD/2026/0042."""
_END = r"(?![a-z0-9_%]|\.\d|[-/][a-z0-9]|[年月天元块个件])"
_ORDER_WORD = (
    r"(?:orders?|ordr|purchase|order number|order no\.?|订单编号|订单号码|订单号|订单尾号|订单|单号|那单|这单|下单"
    r"|定单)"
)
_CASE_WORD = r"(?:cases?|tickets?|case number|工单编号|工单号|工单|案件|个案|案子)"
_CUSTOMER_WORD = r"(?:customers?|clients?|profile|customer id|客户编号|客户号|客户|顾客|会员号?|用户)"
_LINKED = r"(?:[ _]?(?:number|no\.?|id|nr|num|code|is|was|号码?|编号|是|为)){0,2}[ _]?[:：#№(-]{0,2} ?"
_WORDED = tuple(
    (name, re.compile(rf"(?<![a-z]){word}{_LINKED}(?P<value>\d{{1,3}}(?:,\d{{3}}){{1,3}}|{_CODE}){_END}"))
    for name, word in (
        ("case_id", _CASE_WORD.replace("工单", "(?<!加)工单")),
        ("customer_id", _CUSTOMER_WORD),
        ("order_id", _ORDER_WORD),
    )
)
_AND = re.compile(rf"(?:, ?|、|，| ?& ?| ?\+ ?| and | or |和|跟|与|或|还有)#?(?P<value>{_CODE}){_END}")
_CODED = re.compile(
    rf"(?<![a-z0-9_/-])(?P<prefix>[a-z]{{1,6}})(?P<dash>[-_/]| ?# ?| |)"
    rf"(?P<digits>\d{{3,20}}(?:[-_/]\d{{1,12}}){{0,2}}(?:-[a-z])?){_END}"
)
_PARTED = re.compile(rf"(?<![a-z0-9_.,/+-])(?P<value>\d{{3,10}}(?:-\d{{3,10}}){{1,3}}){_END}")
_HASHED = re.compile(rf"(?<![a-z0-9_&])# ?(?P<value>\d{{2,14}}|{_CODE}){_END}")
_ORDER_PREFIXES = frozenset({"so", "ord", "po", "rp", "ra", "rap", "order", "od", "wo", "no", "nr"})
_CASE_PREFIXES = frozenset({"c", "cs", "cas", "case", "t", "tk", "tkt"})
_CUSTOMER_PREFIXES = frozenset({"cu", "cus", "cust", "kh"})
_SPOKEN = frozenset({"no", "nr", "order", "case"})
_TRACKING_WORD = (
    r"(?:tracking(?: number| no\.?| code| id)?|parcel(?: number)?|waybill|快递单号|快递号|物流单号|运单号"
    r"|运单|包裹号|快递|(?:顺丰|中通|圆通|申通|韵达|极兔|邮政|京东|德邦|菜鸟|(?<![a-z])(?:ups|fedex|dhl|usps"
    r"|ems|dpd|gls|evri"
    r"|hermes|tnt|royal mail|yamato|sagawa))(?:快递|速运|物流)?(?:单号)?)"
)
_GROUPED = r"\d{3,5}(?: \d{2,5}){2,6}"
_TRACKING = re.compile(rf"{_TRACKING_WORD}{_LINKED}(?P<value>{_GROUPED}|[a-z]{{0,4}}\d[a-z0-9]{{7,28}})(?![a-z0-9])")
_CARRIER = re.compile(
    r"(?<![a-z0-9])(?:1z(?: ?[0-9a-z]){16}|(?:sf|yt|zto|jt|jd|ems|dpk|db|sto|yd|jtsd)[a-z]{0,2} ?\d{10,15}|tba\d{12}"
    r"|[a-z]{2} ?\d{9} ?[a-z]{2})(?![a-z0-9])"
)
_PHONE = re.compile(r"(?<![a-z0-9_-])(?:\(?\+|00)?\(?\d[\d ().-]{5,20}\d(?![a-z0-9_-]|\.\d|:\d)")
_SPOKEN_PHONE = re.compile(
    r"(?<![一-鿿])[一幺][三四五六七八九][零〇一幺二三四五六七八九]{9}(?![零〇一幺二三四五六七八九])"
)
_DIGIT_OF = str.maketrans("零〇一幺二三四五六七八九", "001123456789")
_STARTS_WITH_A_DATE = re.compile(r"(?:19|20)\d\d[-./ ](?:1[0-2]|0?\d)[-./ ](?:3[01]|[0-2]?\d)(?!\d)")
_BARE = re.compile(r"(?<![a-z0-9_.,#+:/-])(?P<value>\d{3,24})(?![a-z0-9_%]|[.,/:]\d|-\d)")
_BARE_MEANS = {
    "find_customer": "customer_id",
    "show_customer": "customer_id",
    "show_timeline": "customer_id",
    "merge_customers": "customer_id",
    "unmerge_customers": "customer_id",
    "get_score": "customer_id",
    "explain_score": "customer_id",
    "consent_check": "customer_id",
    "data_export": "customer_id",
    "recommend_for_customer": "customer_id",
    "order_lookup": "order_id",
    "order_status": "order_id",
    "delivery_problem": "order_id",
    "refund_status": "order_id",
    "return_request": "order_id",
    "cancel_order": "order_id",
    "change_order": "order_id",
    "case_update": "case_id",
    "case_assign": "case_id",
    "case_snooze": "case_id",
}
_PERSONAL = frozenset(name for name, meant in _BARE_MEANS.items() if meant == "customer_id") | {
    "add_note",
    "update_field",
    "tag_customer",
    "suggest_reply",
    "add_task",
    "audit_query",
}
"""Intents about a person: there a letter with four digits is their number rather than a model of something."""
_ABOUT_GOODS = frozenset(
    {"stock_check", "product_question", "price_question", "product_recommend", "place_order", "technical_problem"}
)
"""Intents in which letters with digits are rather a model of something than an order."""
_NOT_COUNTED = re.compile(r"\s?(?:[年月日天元块个件台分]|days?|weeks?|months?|pcs|pieces|yuan|dollars|usd|rmb|%)")
_LIMITED = re.compile(
    r"(?:(?<![a-z])(?:under|below|less than|at most|no more than|up to|within|over|above|more than|around|about|budget"
    r"(?: of| is)?)|不超过|不到|低于|超过|预算|大概|大约)[\s:：]{0,2}$"
)
_LIMIT_BEHIND = re.compile(r" ?(?:以内|以下|之内|左右|上下|以上)")
"""A limit beside a number: where something is to be offered it is a price, not a customer."""
_NO_ORDER = re.compile(r"(?:卡号?|账号|帐号|户|税号|card|account|iban|tax|vat|serial|序列号|身份证号?)[^\d]{0,8}$")
_IN_ADDRESS = re.compile(
    r"(?:[路街道巷弄村栋楼层]|单元|\d号)\s?$|(?:^|[\s,])(?:flat|apt\.?|apartment|unit|suite|room|floor) $",
    re.IGNORECASE,
)
_OF_ADDRESS = re.compile(
    r"\s?(?:号楼|号院|[栋弄室层楼]|号(?=[一-鿿\d]))"
    r"|(?: [a-z'’.-]{2,20}){1,3} (?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|way|square|close|court|place"
    r"|boulevard|blvd|terrace|crescent)(?![a-z])"
)
_LONG = 13
"""Digits from which a number beside nothing can only be an order's, for a customer."""


def find_sure(passage: Passage, colleagues: Set[str] = frozenset()) -> None:
    """Claim addresses, and numbers that a word or their form explains. Handles of colleagues are their names."""
    find_emails(passage)
    find_handles(passage, colleagues)
    _find_tracking(passage)
    _find_worded(passage)


def find_likely(passage: Passage) -> None:
    """Claim numbers that might also have been a product's: to be called when those are known."""
    _find_coded(passage)
    _find_phones(passage)
    _find_parted(passage)
    _find_hashed(passage)
    _find_bare(passage)


def _find_tracking(passage: Passage) -> None:
    for pattern, group in ((_TRACKING, "value"), (_CARRIER, 0)):
        for match in pattern.finditer(passage.folded):
            if passage.free(*match.span(group)):
                passage.claim("tracking_no", match[group].upper().replace(" ", ""), *match.span(group))


def _find_worded(passage: Passage) -> None:
    """ "order 8821", "工单 3312": the word before says what the number is; "3312 and 3313" go on in the same kind."""
    for name, pattern in _WORDED:
        for match in pattern.finditer(passage.folded):
            value, end = match["value"], match.end("value")
            if not passage.free(*match.span("value")) or not _numbered(value):
                continue
            if len(value) >= 11 and name != "order_id" and _phone(value, passage.region):
                continue
            passage.claim(name, _written(value), *match.span("value"))
            _find_more(passage, name, value, end)


def _find_more(passage: Passage, name: str, first: str, end: int) -> None:
    """The numbers after the first one of a list: as long as it, or with its letters."""
    while True:
        match = _AND.match(passage.folded, end)
        if not match or not passage.free(*match.span("value")) or not _numbered(match["value"]):
            return
        if _letters(match["value"]) != _letters(first) or abs(len(match["value"]) - len(first)) > 1:
            return
        passage.claim(name, _written(match["value"]), *match.span("value"))
        end = match.end()


def _letters(value: str) -> str:
    return re.sub(r"[^a-z]", "", value)


def _numbered(value: str) -> bool:
    """Three digits at least, no date, no measure."""
    return (
        sum(map(str.isdigit, value)) >= 3
        and not _STARTS_WITH_A_DATE.fullmatch(value)
        and not re.fullmatch(r"\d+(?:g|kg|ml|l|cm|mm|w|v|k|m|x|h|d)", value)
    )


def _written(value: str) -> str:
    """A number as it is kept: capitals, no thousands signs, and a dash after the letters that shops use for orders."""
    plain = re.sub(r",", "", value).upper()
    spaced = re.fullmatch(r"([A-Z]{2,5})(\d{3,14})", plain)
    if spaced and spaced[1].lower() in _ORDER_PREFIXES | _CUSTOMER_PREFIXES | _CASE_PREFIXES:
        return f"{spaced[1]}-{spaced[2]}"
    return plain


def _find_coded(passage: Passage) -> None:
    for match in _CODED.finditer(passage.folded):
        if not passage.free(*match.span()) or _STARTS_WITH_A_DATE.match(match["digits"]):
            continue
        name = _kind_of_code(passage, match)
        if not name:
            continue
        if match["prefix"] in _SPOKEN and match["dash"] not in {"-", "/"}:
            passage.claim(name, match["digits"].upper(), *match.span())
        else:
            code = match.group().replace("#", "-").replace(" ", "-")
            passage.claim(name, _written(code), *match.span())
            _find_more(passage, name, code, match.end())


def _kind_of_code(passage: Passage, match: "re.Match[str]") -> str | None:  # noqa: PLR0911 - a list of cases
    """What letters with digits are, if they are a number of ours at all."""
    prefix, dash, digits = match["prefix"], match["dash"], sum(map(str.isdigit, match["digits"]))
    known = prefix in _ORDER_PREFIXES | _CASE_PREFIXES | _CUSTOMER_PREFIXES
    if dash == " ":
        capitals = passage.text[match.start() : match.end("prefix")].isupper()
        if prefix not in {"no", "nr"} and not (known and len(prefix) > 1 and digits >= 4 and capitals):
            return None
    if passage.audience != "customer" and prefix not in _ORDER_PREFIXES:
        meant = _BARE_MEANS.get(passage.intent, "")
        if meant == "case_id" and dash in {"-", "/"}:
            return meant
        if passage.intent in _PERSONAL and len(prefix) == 1 and not dash and digits >= 4:
            return "customer_id"
    if known and len(prefix) == 1 and dash != "-":
        return None  # "t2000" is a product more often than a ticket
    if not known and not _like_an_order(passage, dash, len(prefix), digits):
        return None
    if prefix in _CUSTOMER_PREFIXES:
        return "customer_id"
    if prefix in _CASE_PREFIXES:
        of_customer = passage.audience == "customer"
        meant = _BARE_MEANS.get(passage.intent, "case_id")
        return "order_id" if of_customer else meant if prefix == "c" else "case_id"
    return "order_id"


def _like_an_order(passage: Passage, dash: str, letters: int, digits: int) -> bool:
    if dash in {"-", "/"} and letters > 1:
        return digits >= (5 if passage.intent in _ABOUT_GOODS else 3)
    if dash:
        return False
    about_order = _BARE_MEANS.get(passage.intent) == "order_id"
    return digits >= (4 if about_order and letters > 1 else 6 if passage.intent in _ABOUT_GOODS else 5)


def _find_phones(passage: Passage) -> None:
    for pattern in (_PHONE, _SPOKEN_PHONE):
        for match in pattern.finditer(passage.folded):
            said = match.group().strip().translate(_DIGIT_OF)
            number = _phone(said, passage.region) if passage.free(*match.span()) else None
            if number:
                passage.claim("phone", number, *match.span())


@lru_cache(maxsize=512)
def _phone(text: str, region: str) -> str | None:
    """Return the number in E.164 if it is one that can exist in the region."""
    digits = sum(map(str.isdigit, text))
    if not 7 <= digits <= 15 or _STARTS_WITH_A_DATE.match(text):
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _find_parted(passage: Passage) -> None:
    """112-3456789-1234567: no telephone, no date, so an order where one may be meant."""
    wanted = passage.audience == "customer" or _BARE_MEANS.get(passage.intent) == "order_id"
    for match in _PARTED.finditer(passage.folded) if wanted else ():
        if passage.free(*match.span()) and len(match["value"]) >= 11:
            passage.claim("order_id", match["value"], *match.span())


def _find_hashed(passage: Passage) -> None:
    """ "#3312" alone: a customer means an order; staff mean what the intent is about."""
    fallback = "order_id" if passage.audience == "customer" else "customer_id"
    if passage.intent.startswith("case_"):
        fallback = "case_id"
    name = _BARE_MEANS.get(passage.intent, fallback)
    for match in _HASHED.finditer(passage.folded):
        if passage.free(*match.span()) and (match["value"].isdigit() or _numbered(match["value"])):
            passage.claim(name, match["value"].upper(), *match.span())


def _find_bare(passage: Passage) -> None:
    """A number with nothing beside it, where the intent leaves one reading only, or its length does."""
    name = _BARE_MEANS.get(passage.intent)
    if name is None and passage.audience != "customer":
        return
    if name and passage.has((name,)):
        return
    shortest = 3 if name else _LONG
    for match in _BARE.finditer(passage.folded):
        value = match["value"]
        if len(value) < shortest or not passage.free(*match.span()) or _NOT_COUNTED.match(passage.folded, match.end()):
            continue
        if re.fullmatch(r"(?:19|20)\d\d", value) or (len(value) > 10 and name not in {None, "order_id"}):
            continue
        before = passage.folded[max(0, match.start() - 16) : match.start()]
        if passage.intent == "recommend_for_customer" and _limited(passage, match, before):
            continue
        if name in {None, "order_id"} and (_NO_ORDER.search(before) or _is_of_a_house(passage, match, before)):
            continue
        passage.claim(name or "order_id", value, *match.span())


def _is_of_a_house(passage: Passage, match: "re.Match[str]", before: str) -> bool:
    """Whether a number stands in a postal address: 愚园路100号3单元, "100 Baker Street"."""
    return bool(_IN_ADDRESS.search(before) or _OF_ADDRESS.match(passage.folded, match.end()))


def _limited(passage: Passage, match: "re.Match[str]", before: str) -> bool:
    """Whether a number is a limit: "under 200"."""
    return bool(_LIMITED.search(before) or _LIMIT_BEHIND.match(passage.folded, match.end()))
