"""Taking a change of a record out of a request: the field, the new value, and the words that may name the customer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu.understanding import Entity

LONGEST = 600
OTHER = "other"
"""A field that a record does not have here: addresses, birthdays, titles …"""
_FIELD_WORDS = {
    "email": r"e-?mails?(?: address)?|电子邮[箱件](?:地址)?|邮箱(?:地址)?|電郵|信箱",
    "zone": r"time ?zone|时区|時區",
    "language": r"(?:preferred )?language|语言|語言",
    "country": r"country|国家|國家|国籍",
    "city": r"city|town|所在城市|城市|所在地",
    "company": r"company(?: name)?|employer|firm|公司(?:名称?)?|单位",
    "tier": r"tier|customer level|(?:会员)?等级|级别",
    OTHER: r"(?:[a-z]+ )?address|post ?code|postcode|zip|birthday|birth date|date of birth|dob|job title|title|position"
    r"|wechat(?: id)?|nickname|gender|industry|credit limit|account owner|contact person"
    r"|(?:[收开邮]\w)?地址|邮编|郵遞區號|生日|出生日期|职务|职位|微信号?|昵称|别名|性别|行业|授信额度|负责人|联系人",
    "phone": r"(?:tele|mobile )?phone(?: number)?|mobile(?: number)?|cell(?: number)?|number|tel"
    r"|手机号码?|电话号码?|電話|手机|电话|号码",
    "name": r"(?:last |first |full |customer )?name|spelling|客户名称?|名字|姓名|名称|姓",
}
_FIELD = {
    field: re.compile(rf"(?<![a-z@])(?:{words})(?![a-z@])", re.IGNORECASE) for field, words in _FIELD_WORDS.items()
}
_GIVEN_BY = {"email": "email", "phone": "phone", "language": "language", "zone": "timezone"}
_BECOMES = re.compile(
    r"->|→|=>|=|[:：]|(?<![a-z])(?:is now|should be|to|is|as)(?![a-z])"
    r"|(?:改|换|換|更新|更正|变更|变|设|設|写|填)(?:一下)?(?:成|为|為|到|作)?(?!了|一下|错)|(?<!不)是|为|為",
    re.IGNORECASE,
)
_FOR_WHOM = re.compile(r"\s+(?:for|of|on)\s+(?P<who>.+)$|^\s*(?:for|of|on)\s+(?P<alone>.+)$", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“「『](?P<text>[^\"”」』]{1,200})[\"”」』]")
_CLEARS = re.compile(
    r"(?<![a-z])(?:remove|delete|clear|drop|erase|empty)(?![a-z])|删掉|删除|刪除|清空|清掉|去掉|移除", re.IGNORECASE
)
_VERBS = re.compile(
    r"(?<![a-z])(?:change|update|set|correct|edit|switch|replace|fix|make|put|modify|field|new|moved?|bounced|use|instead"
    r"|please|pls|now)"
    r"(?![a-z])|一下|把|将|修改|更改|更新|更正|改|换上?|设置?|一栏|字段|新(?!加坡|竹)|搬家了?|写错了?|打错了?|[,，。;；]",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^[\s,，]*(?:it'?s|it is|应该是|应为|should be)\s*", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:[\s,，。.!！;；]+(?:please|pls|thanks|thx|谢谢|麻烦了?|更新一下|改一下|换上|in the record))*[\s,，。.!！;；]*$"
    r"|[,，]?\s*(?:不是|(?<!\w)not ).*$|[吧哦呀啊]$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be changed. `value` None: not said; "": to be emptied. `head`: what may name the customer."""

    field: str
    value: str | None
    head: str
    entities: tuple[Entity, ...] = ()
    """Without those of the value, which name nobody."""


def wish(text: str, entities: Sequence[Entity], *, command: bool = False) -> Wish:
    """Read a change of a record.

    >>> wish("switch priya's city to Leeds", ()).value, wish("公司一栏填日出酒店", ()).value
    ('Leeds', '日出酒店')
    """
    text = text[:LONGEST]
    spans = [(one.start, one.end) for one in entities if one.name in ("email", "phone") and one.start >= 0]
    field, start, end = _field(_blanked(text, spans))
    given = _given(field, entities) if not field or field in _GIVEN_BY else None
    if given and not field:
        field = next(name for name, entity in _GIVEN_BY.items() if entity == given.name)
        start = end = given.start
    if not field:
        return Wish("", None, text, tuple(entities))
    if given and given.start >= 0 and (field in ("email", "phone") or given.start >= end):
        head = f"{text[:start]} {text[end : given.start] if given.start >= end else ''} {text[given.end :]}"
        return _with(field, given.text, head, entities, (given.start, given.end))
    return _after(text, field, start, end, entities, command)


def _after(text: str, field: str, start: int, end: int, entities: Sequence[Entity], command: bool) -> Wish:
    """The value stands behind the word for the field: after "to", 改成 and the like, else right behind it."""
    rest = text[end:]
    quoted = _QUOTED.search(rest)
    if quoted:
        head = f"{text[:start]} {rest[: quoted.start()]} {rest[quoted.end() :]}"
        return _with(field, quoted["text"], head, entities, (end + quoted.start(), len(text)))
    sign = _BECOMES.search(rest)
    if sign:
        between, value = rest[: sign.start()], rest[sign.end() :]
    elif command or not rest[:1].strip() or rest[:1] in ",，":
        between, value = "", rest
    else:
        between, value = rest, ""
    begins = len(text) - len(value)
    whom = _FOR_WHOM.search(value)
    if whom:
        between, value = f"{between} {whom['who'] or whom['alone']}", value[: whom.start()]
    value = _bare(value)
    said: str | None = value
    if not value:
        said = "" if _CLEARS.search(text) else None
        between = f"{between} {value}"
    return _with(field, said, f"{text[:start]} {between}", entities, (begins, begins + len(value) + 1))


def _with(field: str, value: str | None, head: str, entities: Sequence[Entity], span: tuple[int, int]) -> Wish:
    kept = tuple(one for one in entities if one.start < 0 or one.end <= span[0] or one.start >= span[1])
    for words in (_CLEARS, _BECOMES, _VERBS):
        head = words.sub(" ", head)
    head = " ".join(head.split()).strip(" 的了:：-")
    return Wish(field, value, head, kept)


def _field(text: str) -> tuple[str, int, int]:
    """The field named first; where two begin at one place, the longer word."""
    found = [(match.start(), -match.end(), field) for field, words in _FIELD.items() if (match := words.search(text))]
    if not found:
        return "", 0, 0
    start, end, field = min(found)
    return field, start, -end


def _given(field: str, entities: Sequence[Entity]) -> Entity | None:
    wanted = (_GIVEN_BY[field],) if field else tuple(_GIVEN_BY.values())
    return next((one for one in reversed(entities) if one.name in wanted and one.text), None)


def _blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _bare(value: str) -> str:
    before, value = "", _LEAD.sub("", value)
    while before != value:
        before, value = value, _TAIL.sub("", value).strip()
    return value.strip(" \"'“”「」")
