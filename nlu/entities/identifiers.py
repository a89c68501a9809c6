"""Things with a number or an address: e-mail, phone, handle, order, case, customer and parcel numbers."""

import re
from functools import lru_cache

from nlu.entities.spans import Passage

# Every quantifier is bounded: the usual e-mail pattern needs seconds for 64 KB of one letter.
_LINK = re.compile(r"https?://[^\s<>\"]{1,500}")
_EMAIL = re.compile(
    r"(?<![a-z0-9.+_%-])[a-z0-9][a-z0-9.+_%-]{0,63}@[a-z0-9](?:[a-z0-9-]{0,62}\.){1,8}[a-z]{2,24}(?![a-z0-9])"
)
_HANDLE = re.compile(r"(?<![a-z0-9_.@/])@[a-z0-9_][a-z0-9_.]{1,31}(?<!\.)")
_PHONE = re.compile(r"(?<![a-z0-9_-])(?:\+|00)?\(?\d[\d ().-]{5,20}\d(?![a-z0-9_-]|\.\d)")
_ORDER_WORD = r"(?:orders?|purchase|order number|order no\.?|订单编号|订单号码|订单号|订单|单号|那单|这单|下单|定单)"
_CASE_WORD = r"(?:cases?|tickets?|case number|工单编号|工单号|工单|案件|个案|案子)"
_CUSTOMER_WORD = r"(?:customers?|clients?|profile|customer id|客户编号|客户号|客户|顾客|会员号?|用户)"
_LINKED = r"(?: ?(?:number|no\.?|id|nr|num|code|is|号码?|编号|是|为))? ?[:：#№]{0,2} ?"
_WORDED = tuple(
    (name, re.compile(rf"(?<![a-z]){word}{_LINKED}(?P<value>\d{{3,14}})(?![a-z0-9_%]|\.\d|[年月天元块个])"))
    for name, word in (("order_id", _ORDER_WORD), ("case_id", _CASE_WORD), ("customer_id", _CUSTOMER_WORD))
)
_OWN_ORDER = re.compile(
    rf"(?<![a-z]){_ORDER_WORD}{_LINKED}(?P<value>[a-z]{{1,5}}[-_/]?\d{{3,14}})(?![a-z0-9_%]|\.\d|-\d)"
)
"""Shops number orders as they like ("N-1001"): what stands after the word is one, whatever its letters."""
_CODED = re.compile(r"(?<![a-z0-9-])(?P<prefix>[a-z]{1,4})(?P<dash>-| ?# ?|)(?P<digits>\d{3,12})(?![a-z0-9]|-\d)")
_HASHED = re.compile(r"(?<![a-z0-9_&])# ?(?P<value>\d{2,14})(?![a-z0-9_%])")
_ORDER_PREFIXES = frozenset({"so", "ord", "po", "rp", "ra", "rap", "order", "od", "wo", "no"})
_CASE_PREFIXES = frozenset({"c", "cs", "cas", "case", "t", "tk", "tkt"})
_CUSTOMER_PREFIXES = frozenset({"cu", "cus", "cust", "kh"})
_TRACKING_WORD = (
    r"(?:tracking(?: number| no\.?| code| id)?|parcel(?: number)?|waybill|快递单号|快递号|物流单号|运单号"
    r"|运单|包裹号|快递)"
)
_TRACKING = re.compile(rf"{_TRACKING_WORD}{_LINKED}(?P<value>[a-z]{{0,4}}\d[a-z0-9]{{7,28}})(?![a-z0-9])")
_CARRIER = re.compile(
    r"(?<![a-z0-9])(?:1z[0-9a-z]{16}|(?:sf|yt|zto|jt|jd|ems|dpk|db)[a-z]{0,2}\d{10,15}"
    r"|[a-z]{2}\d{9}[a-z]{2})(?![a-z0-9])"
)
_BARE = re.compile(r"(?<![a-z0-9_.,#+-])(?P<value>\d{3,10})(?![a-z0-9_%]|[.,]\d|-\d)")
_BARE_MEANS = {
    "find_customer": "customer_id",
    "show_customer": "customer_id",
    "show_timeline": "customer_id",
    "merge_customers": "customer_id",
    "unmerge_customers": "customer_id",
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
_NOT_COUNTED = re.compile(r"\s?(?:[年月日天元块个件台分]|days?|weeks?|months?|pcs|pieces|yuan|dollars|usd|rmb|%)")


def find(passage: Passage) -> None:
    """Claim every identifier in the passage."""
    for match in _LINK.finditer(passage.folded):
        passage.block(*match.span())
    for match in _EMAIL.finditer(passage.folded):
        if passage.free(*match.span()):
            passage.claim("email", match.group(), *match.span())
    for match in _HANDLE.finditer(passage.folded):
        if passage.free(*match.span()):
            passage.claim("handle", match.group(), *match.span())
    _find_tracking(passage)
    _find_worded(passage)
    _find_coded(passage)
    _find_own_orders(passage)
    _find_phones(passage)
    _find_hashed(passage)
    _find_bare(passage)


def _find_tracking(passage: Passage) -> None:
    for pattern, group in ((_TRACKING, "value"), (_CARRIER, 0)):
        for match in pattern.finditer(passage.folded):
            if passage.free(*match.span(group)):
                passage.claim("tracking_no", match[group].upper(), *match.span(group))


def _find_worded(passage: Passage) -> None:
    """ "order 8821", "工单 3312": the word before says what the number is; "3312 and 3313" go on in the same kind."""
    for name, pattern in _WORDED:
        for match in pattern.finditer(passage.folded):
            if passage.free(*match.span("value")) and not (
                len(match["value"]) >= 11 and name != "order_id" and _phone(match["value"], passage.region)
            ):
                passage.claim(name, match["value"], *match.span("value"))


def _find_own_orders(passage: Passage) -> None:
    for match in _OWN_ORDER.finditer(passage.folded):
        if passage.free(*match.span("value")):
            passage.claim("order_id", match["value"].upper(), *match.span("value"))


def _find_coded(passage: Passage) -> None:
    for match in _CODED.finditer(passage.folded):
        prefix, digits = match["prefix"], match["digits"]
        known = prefix in _ORDER_PREFIXES | _CASE_PREFIXES | _CUSTOMER_PREFIXES
        if not passage.free(*match.span()) or not (known or (match["dash"] == "-" and len(prefix) > 1)):
            continue
        if known and match["dash"] != "-" and len(prefix) == 1:
            continue  # "t2000" is a product more often than a ticket
        name = "case_id" if prefix in _CASE_PREFIXES else "customer_id" if prefix in _CUSTOMER_PREFIXES else "order_id"
        spoken = prefix in {"no", "order", "case"}
        passage.claim(name, digits if spoken else f"{prefix.upper()}-{digits}", *match.span())


def _find_phones(passage: Passage) -> None:
    for match in _PHONE.finditer(passage.folded):
        number = _phone(match.group().strip(), passage.region) if passage.free(*match.span()) else None
        if number:
            passage.claim("phone", number, *match.span())


@lru_cache(maxsize=512)
def _phone(text: str, region: str) -> str | None:
    """Return the number in E.164 if it is one that can exist in the region."""
    digits = sum(map(str.isdigit, text))
    if not 7 <= digits <= 15 or re.fullmatch(r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}", text):
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _find_hashed(passage: Passage) -> None:
    """ "#3312" alone: a customer means an order; staff mean what the intent is about."""
    fallback = "order_id" if passage.audience == "customer" else "customer_id"
    if passage.intent.startswith("case_"):
        fallback = "case_id"
    name = _BARE_MEANS.get(passage.intent, fallback)
    for match in _HASHED.finditer(passage.folded):
        if passage.free(*match.span()):
            passage.claim(name, match["value"], *match.span())


def _find_bare(passage: Passage) -> None:
    """A number with nothing beside it, where the intent leaves one reading only."""
    name = _BARE_MEANS.get(passage.intent)
    if name is None or passage.has((name,)):
        return
    for match in _BARE.finditer(passage.folded):
        counted = _NOT_COUNTED.match(passage.folded, match.end())
        if passage.free(*match.span()) and not counted and not re.fullmatch(r"(?:19|20)\d\d", match["value"]):
            passage.claim(name, match["value"], *match.span())
