"""Reads when, how often, where and about what somebody wants to be written to, in both languages."""

import re
from dataclasses import dataclass, field
from typing import Any

_CHINESE = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_HOUR = (
    r"(?P<{0}part>上午|早上|早晨|中午|下午|傍晚|晚上|夜里|夜间|凌晨)?"
    r"\s?(?P<{0}hour>\d{{1,2}}|[一二三四五六七八九]?十[一二三四五六七八九]?|[零一二两三四五六七八九])"
)
_REST = r"(?:[:：.](?P<{0}minute>\d{{2}})|点(?P<{0}half>半)?|时)?\s?(?P<{0}half_day>a\.?m\.?|p\.?m\.?|o'clock)?"


def _time(name: str) -> str:
    return (_HOUR + _REST).format(name)


_SPAN = re.compile(rf"{_time('a')}\s?(?:-|–|~|to|and|until|till|到|至)\s?{_time('b')}")
_AFTER = re.compile(rf"\bafter\s{_time('a')}|\bpast\s{_time('x')}|{_time('b')}\s?(?:以后|之后|过后|后)")
_BEFORE = re.compile(rf"\b(?:before|until|till)\s{_time('a')}|{_time('b')}\s?(?:以前|之前|前)")
_NOT = re.compile(
    r"\b(?:no|not|never|don'?t|without|skip|off|mute|quiet|stop|turn off|switch off|nothing|less"
    r"|unsubscribe|opt(?:ing)?[ -]?(?:me )?out|cancel|remove)\b"
    r"|别|不|勿|免打扰|静音|免了|关掉|关闭|停|退订|退訂|取消|拒"
)
_ONLY = re.compile(r"\b(?:only|just|nothing (?:but|else)|solely|exclusively)\b|只|仅|就行|就好|其他不")
_PARTS = {
    "morning": (re.compile(r"\bmornings?\b|上午|早上"), 8 * 60, 12 * 60),
    "afternoon": (re.compile(r"\bafternoons?\b|下午"), 12 * 60, 18 * 60),
    "office": (re.compile(r"office hours|working hours|business hours|上班时间|工作时间"), 9 * 60, 18 * 60),
    "daytime": (re.compile(r"\bday ?time\b|during the day|白天"), 8 * 60, 20 * 60),
    "evening": (re.compile(r"\bevenings?\b|傍晚|下班(?:以|之)?后"), 18 * 60, 22 * 60),
}
_NIGHT = re.compile(r"\b(?:at |by |over)?night\b|\bwhile i sleep|夜里|夜间|半夜|晚上|深夜|睡觉")
NIGHT, MORNING = 22 * 60, 8 * 60
_DAYS = (
    (re.compile(r"weekends?|周末"), (5, 6)),
    (re.compile(r"sundays?\b|星期[天日]|周[日天]|礼拜天"), (6,)),
    (re.compile(r"saturdays?\b|星期六|周六|礼拜六"), (5,)),
)
_WORKDAYS = re.compile(r"mon(?:day)?s?(?: to |-)fri(?:day)?s?|week ?days?\b|workdays?|工作日|周一到周五")
_CHANNELS = {
    "email": r"e-?mails?\b|邮件|邮箱",
    "sms": r"\bsms\b|text messages?|\btexts?\b|短信",
    "wechat": r"wechat|微信",
    "whatsapp": r"whatsapp",
    "telegram": r"telegram|电报",
    "phone": r"\bphone\b|\bcalls?\b|打电话",
    "here": r"this (?:chat|channel)|\bhere\b|在这里|这个(?:聊天|对话|渠道)|发这里",
}
_RATHER = re.compile(
    r"\b(?:only|just|solely|exclusively|rather|prefer\w*|instead|best|switch|change|move)\b|只|仅|最好|改|换|更喜欢|就行|就好"
)
"""Says that a channel shall be the one for everything."""
_MESSAGES = re.compile(
    r"\b(?:my|the|your|these|those|any|all|more|marketing|promotional|no) (?:\w+ )?"
    r"(?:e-?mails|texts|text messages|calls)\b"
    r"|(?:营销|促销|推广|优惠|广告|订阅|恢复|重新)的?(?:邮件|短信)|邮件(?:推送|订阅|通知)"
)
"""Names messages by their channel, and no channel for all."""
_KINDS = {
    "orders": r"order|deliver|shipp|ships\b|parcel|tracking|订单|物流|快递|发货|派送",
    "marketing": r"promotion|offers?\b|\bsales?\b|deals?|newsletter|marketing|adverts?|new (?:teas|products|arrivals)"
    r"|优惠|促销|活动|广告|上新|新品|营销",
    "restock": r"restock|back in stock|到货|补货",
    "prices": r"price (?:drop|alert)|降价",
    "surveys": r"survey|questionnaire|问卷|调查",
    "tips": r"\btips?\b|recipes?|攻略|教程",
}
_NEWS = re.compile(
    rf"{_KINDS['marketing']}|\bsubscri|\bnews\b|\bopt(?:ing)?[ -]?(?:me )?(?:back )?in\b|订阅|訂閱|优惠|推送|资讯"
)
_WANTED = re.compile(
    r"\b(?:send|e-?mail|text|sign) me\b|\b(?:re-?)?subscribe\b|\bsign up\b"
    r"|\bopt(?:ing)?[ -]?(?:me )?(?:back )?in\b|\b(?:resume|restart|turn on|switch on|keep me|let me know)\b"
    r"|\b(?:want|like|love|happy|glad) (?:to (?:receive|get|hear|have|know|see|be)|(?:your|the|some|more|all)\b)"
    r"|(?:想|要|请|希望|愿意|可以|麻烦|帮我|给我|能否).{0,8}(?:接收|收|订阅|訂閱|发|推送|恢复|开启|打开|通知)"
    r"|(?:重新|继续|恢复)(?:给我)?(?:接收|收|订阅|发送?|推送|优惠(?![价券码])|营销|广告)|^订阅"
)
_UNWANTED = re.compile(
    rf"{_NOT.pattern}|n't\b|\btoo (?:many|much|often)\b|(?<!can )(?<!could )(?<!will )(?<!would )\byou (?:\w+ )?"
    r"(?:keep|send|mail|text)\b|\b(?:out|gone|remov\w+|delet\w+|end|quit|enough|spam\w*|sick|tired|hate|fewer|why|who"
    r"|leave|longer|complain\w*|annoy\w*)\b"
    r"|退|无需|無需|删除|移除|移出|烦死|很烦|够了|太多|少|屏蔽|拉黑|投诉|骚扰"
    r"|为什么|怎么|为何|凭什么|谁|老是|总是|一直|天天|多久"
)
_ASKED = re.compile(r"能不能|可不可以|要不要|是不是|有没有|想不想|行不行")
_HARMLESS = re.compile(r"特别|特別|分别|别的|不错")
_OFTEN = (
    (re.compile(r"once a month|monthly|every month|一个月|每个?月"), 30),
    (re.compile(r"once a week|weekly|every week|每周|一周|一个?星期"), 7),
    (re.compile(r"once a day|daily|每天|一天一"), 1),
    (re.compile(r"less often|fewer|reduce|too (?:many|often)|少一?点|太频繁|频率.{0,3}低|低频"), 7),
)
_CLAUSE = re.compile(r"[,;.!?，；。！？、\n]|\bbut\b|\band\b(?!\s?\d)|但是?|不过")


@dataclass(slots=True)
class Wishes:
    """What was read: changes for `preferences.change`; `impossible` when a time was named that no clock shows."""

    changes: dict[str, Any] = field(default_factory=dict)
    impossible: bool = False


def read(text: str) -> Wishes:
    """Read a request about messages.

    >>> read("not after 9 pm please").changes
    {'quiet_from': 1260, 'quiet_until': 480}
    >>> read("晚上十点以后别发，周末也不要").changes
    {'quiet_from': 1320, 'quiet_until': 480, 'quiet_days': (5, 6)}
    >>> read("only order updates").changes["kinds"]["marketing"]
    False
    """
    said, wishes = text.lower()[:400], Wishes()
    _read_hours(said, wishes)
    _read_days(said, wishes)
    _read_kinds(said, wishes)
    if wants_marketing(text):
        wishes.changes["kinds"] = {**wishes.changes.get("kinds", {}), "marketing": True}
    _read_channel(said, wishes)
    often = next((days for pattern, days in _OFTEN if pattern.search(said)), None)
    if often:
        wishes.changes["at_most_every_days"] = often
    return wishes


def wants_marketing(text: str) -> bool:
    """Whether somebody clearly asks for what we send to sell, with no word in it that may mean the opposite.

    >>> wants_marketing("please send me news and offers"), wants_marketing("恢复优惠")
    (True, True)
    >>> wants_marketing("why do you send me offers"), wants_marketing("我不想收到优惠消息")
    (False, False)
    """
    said = _HARMLESS.sub("", _ASKED.sub("可以", text.lower()[:400]))
    about_orders = re.search(_KINDS["orders"], said) is not None
    return bool(_WANTED.search(said) and _NEWS.search(said) and not _UNWANTED.search(said)) and not about_orders


# --- hours ----------------------------------------------------------------------------------------------------------
def _read_hours(said: str, wishes: Wishes) -> None:
    only, no = bool(_ONLY.search(said)), bool(_NOT.search(said))
    span = _SPAN.search(said)
    if span and (only or no):
        start, end = _minutes(span, "a"), _minutes(span, "b")
        if no and not only and start is not None and end is not None and end <= start <= 12 * 60:
            start, end = _night_or_noon(span, start, end)
        if only and not no and end is not None and start is not None and end <= start and end <= 12 * 60:
            end += 12 * 60
        _set_quiet(wishes, *((start, end) if no and not only else (end, start)))
        return
    after, before = _AFTER.search(said), _BEFORE.search(said)
    if after and no:
        start = _evening(after)
        _set_quiet(wishes, start, MORNING if start is None or start > MORNING else NIGHT)
    elif before and no:
        _set_quiet(wishes, NIGHT, _minutes(before, "a" if before["ahour"] else "b"))
    else:
        _read_parts(said, wishes, only, no)


def _night_or_noon(span: re.Match[str], start: int, end: int) -> tuple[int, int]:
    """From nine to eight is over night, from twelve to two at noon, where nobody says which half of the day."""
    if start == 12 * 60 and end <= 6 * 60:
        return start, end + 12 * 60
    return (start, end) if span["apart"] or span["ahalf_day"] or start == 12 * 60 else (start + 12 * 60, end)


def _read_parts(said: str, wishes: Wishes, only: bool, no: bool) -> None:
    """Parts of the day: "only in the afternoon", "not at night", 早上发."""
    if _NIGHT.search(said) and no and not re.search(r"e?venings? only", said):
        _set_quiet(wishes, NIGHT, MORNING)
        return
    for pattern, start, end in _PARTS.values():
        if pattern.search(said):
            _set_quiet(wishes, *((start, end) if no and not only else (end, start)))
            return


def _set_quiet(wishes: Wishes, start: int | None, end: int | None) -> None:
    if start is None or end is None or start == end:
        wishes.impossible = True
        return
    wishes.changes["quiet_from"], wishes.changes["quiet_until"] = start % (24 * 60), end % (24 * 60)


def _evening(found: re.Match[str]) -> int | None:
    """The time after which nothing shall come: "9" without more means nine in the evening."""
    name = next(each for each in ("a", "x", "b") if found[f"{each}hour"])
    minutes = _minutes(found, name)
    plain = not found[f"{name}part"] and not found[f"{name}half_day"] and not found[f"{name}minute"]
    return minutes + 12 * 60 if plain and minutes is not None and 4 * 60 <= minutes < 12 * 60 else minutes


def _minutes(found: re.Match[str], name: str) -> int | None:
    """Minute of the day; None when no clock shows that."""
    word, half_day, part = found[f"{name}hour"], (found[f"{name}half_day"] or "").replace(".", ""), found[f"{name}part"]
    hour = int(word) if word.isascii() else _chinese(word)
    minute = 30 if found[f"{name}half"] else int(found[f"{name}minute"] or 0)
    if half_day in ("am", "pm") and not 1 <= hour <= 12:
        return None
    late = (
        half_day == "pm" or (part or "") in ("下午", "傍晚", "晚上", "夜里", "夜间") or (part == "中午" and hour < 11)
    )
    if late and hour < 12:
        hour += 12
    if half_day == "am" and hour == 12:
        hour = 0
    return hour * 60 + minute if hour <= 24 and minute < 60 else None


def _chinese(word: str) -> int:
    tens, ten, ones = word.rpartition("十")
    return (10 * _CHINESE.get(tens, 1) if ten else 0) + _CHINESE.get(ones, 0)


# --- days, kinds, channels ------------------------------------------------------------------------------------------
def _read_days(said: str, wishes: Wishes) -> None:
    if _WORKDAYS.search(said):
        wishes.changes["quiet_days"] = (5, 6)
        return
    days = {day for clause in _CLAUSE.split(said) if _NOT.search(clause) for pattern, days in _DAYS
            if pattern.search(clause) for day in days}  # fmt: skip
    if days:
        wishes.changes["quiet_days"] = tuple(sorted(days))


def _read_kinds(said: str, wishes: Wishes) -> None:
    kinds: dict[str, bool] = {}
    for clause in _CLAUSE.split(said):
        named = [kind for kind, pattern in _KINDS.items() if re.search(pattern, clause)]
        if named and _ONLY.search(clause):
            kinds |= {kind: kind in named for kind in _KINDS}
            continue
        wanted = not _NOT.search(clause)
        kinds |= dict.fromkeys(named, wanted)
    if kinds:
        wishes.changes["kinds"] = kinds


def _read_channel(said: str, wishes: Wishes) -> None:
    """Where somebody wants to be written to; "marketing emails" say only where that kind is wanted."""
    channel, kinds = _channel(said), wishes.changes.get("kinds", {})
    if not channel or (channel == "sms" and kinds):  # "shipping texts" are messages of any channel
        return
    all_of_them = not kinds or kinds.get("orders")
    if _RATHER.search(said) or (all_of_them and not _MESSAGES.search(said)):
        wishes.changes["channel"] = channel
    elif any(kinds.values()):
        wishes.changes["on"] = channel


def _channel(said: str) -> str:
    """The channel that is wished; one that is turned down does not count."""
    for name, pattern in _CHANNELS.items():
        for found in re.finditer(pattern, said):
            before = said[max(0, found.start() - 14) : found.start()]
            if not re.search(
                r"(?:instead of|rather than|don'?t|no|not|stop|别发?|不要?|不用|from) ?(?:\w+ )?$", before
            ):
                return name
    return ""
