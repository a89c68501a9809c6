"""Which of the suggestions shown are taken, as people say it: "1 and 3, skip the rest", 第二条通过，其他不要."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nlu.understanding import Entity

Verdict = Literal["yes", "no", "later"]
LONGEST = 600
_CLAUSE = re.compile(r"[,;:.!?，；。：！？\n]+|(?<![a-z])(?:but|and then)(?![a-z])|但是?|不过")
_NO = re.compile(
    r"(?<![a-z])(?:no|not|none|neither|reject|decline|skip|dismiss|discard|drop|veto"
    r"|turn (?:\w+ ){0,3}?down|refuse|ignore|rubbish"
    r"|bin|throw|forget|clear|thumbs down|leave|never|disapprove|rejected|declined|deny|don'?t)(?![a-z])"
    r"|驳回|拒绝|拒掉|拒|跳过|不要|不行|不批|不同意|不用|不采|不通过|否|算了|忽略|去掉|扔掉|丢掉|删掉|谢绝|免了|退回|没一条"
    r"|一个都不|都不",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"(?<![a-z])(?:later|postpone|not now|tomorrow)(?![a-z])|以后再说|推迟|先缓|缓缓|晚点", re.IGNORECASE
)
_YES = re.compile(
    r"(?<![a-z])(?:yes|yeah|ok|okay|approve[ds]?|approving|accept(?:ed)?|confirm|do|go|green light"
    r"|sign(?:ed)? off|run|take|like|fine|execute|implement|carry|now|agree|implement|please)(?![a-z])"
    r"|批准|批了|批|通过|同意|采纳|采用|接受|执行|照做|放行|可以|就用|就干|核准|准|签字|办|落实|按你|听你|上吧|没问题|都行|pass",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"(?<![a-z])(?:all|everything|every|both|them|the suggestions|the proposals"
    r"|proposed actions|recommended actions)(?![a-z])"
    r"|全部|全都|全(?=跳|批|采|通|驳|拒)|所有|都|统统|两个",
    re.IGNORECASE,
)
_NONE = re.compile(r"(?<![a-z])(?:none|neither)(?![a-z])|一个都不|一条都不|没一条", re.IGNORECASE)
_REST = re.compile(r"(?<![a-z])(?:rest|others?)(?![a-z])|其他|其它|其余|剩下", re.IGNORECASE)
_EXCEPT = re.compile(r"(?<![a-z])(?:except|all but|apart from|without)(?![a-z])|除了", re.IGNORECASE)
_PLACE = re.compile(
    r"(?<![\w.#-])(?P<digits>[1-9]\d?)(?![\d%]|\.\d|[a-z]|[点月年天元块])"
    r"|(?<![a-z])(?:number|nr|no\.|suggestion|proposal|option) "
    r"(?P<word>one|two|three|four|five|six|seven|eight|nine|ten)(?![a-z])"
    r"|(?P<zh>[一二三四五六七八九十])(?=号|[、，和]|(?:都行|不错|通过|以后|马上|驳回|推迟))"
    r"|(?P<last>(?<![a-z])the last(?: one)?(?![a-z])|最后(?:一[条个])?)",
    re.IGNORECASE,
)
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = "一二三四五六七八九十"
_KINDS = {
    "call": re.compile(r"(?<![a-z])(?:calls?|calling|ring|phone)(?![a-z])|打电话|电话|致电", re.IGNORECASE),
    "apologise": re.compile(r"(?<![a-z])(?:apolog\w+|sorry)(?![a-z])|道歉|致歉", re.IGNORECASE),
    "offer": re.compile(r"(?<![a-z])(?:offers?|discounts?|coupons?|upgrade)(?![a-z])|优惠|打折|券|报价", re.IGNORECASE),
    "win_back": re.compile(
        r"(?<![a-z])(?:win[- ]?back|dormant|sleeping|lapsed)(?![a-z])|挽回|召回|挽留|沉睡", re.IGNORECASE
    ),
    "ask_review": re.compile(r"(?<![a-z])(?:reviews?)(?![a-z])|评价|好评", re.IGNORECASE),
    "thank": re.compile(r"(?<![a-z])(?:thank(?:s| you|ing)? (?:note|them|him|her))(?![a-z])|感谢|致谢", re.IGNORECASE),
}

LISTS = re.compile(
    r"\W*(?:(?:please|pls|show me|show|list|give me|any|what are|the|my|our|more|new|next|best|today'?s|open|all)\W+)*"
    r"(?:suggest(?:ions?|ed actions?)?|(?:next )?(?:best )?(?:actions?|steps?))"
    r"(?: (?:please|today|for today|now|for me))*\W*"
    r"|\W*(?:what|whom?) (?:do|would|should) (?:you|i) (?:suggest|recommend|do)(?: (?:next|now|today))*\W*"
    r"|\W*(?:请|给我|看看?|列出|显示|有什么|有没有|还有|更多|今天的?|今日|我的|新的)*建议(?:吗|呢|有哪些|列表|给我看看?)?\W*",
    re.IGNORECASE,
)
"""Asks for the list, and says nothing of any of it."""
LESS = re.compile(
    r"\W*(?:please )?(?:less|fewer|not so many|show (?:me )?(?:less|fewer)) (?:of |like )?"
    r"(?:this|these|those|that|them|such)(?: (?:kind|kinds|ones|suggestions?))?(?: please)?\W*"
    r"|\W*(?:请)?少推(?:荐)?(?:这[类种些]|点)?(?:的|建议)?(?:吧)?\W*",
    re.IGNORECASE,
)
"""Wants to see less of a kind."""
_DECIDED = (
    r"(?:approve|accept|do|take|run|go (?:with|for)|yes to|skip|reject|decline|drop|dismiss|discard|no to)",
    r"(?:采纳|采用|通过|同意|批准|接受|照做|执行|跳过|忽略|不要|拒绝|驳回|算了)",
)
_WHICH = (
    r"(?:(?:all|both|none|any|everything|them|these|those)(?: of (?:them|these|those|it))?"
    r"|(?:the |number |nr |no\.? ?)?(?:first|second|third|fourth|fifth|last|one|two|three|four|five|[1-9])(?: one)?)",
    r"(?:全部|全都|所有的?|都|统统|一[个条]都不|最后一[条个]|第?[一二三四五1-9][条个号])",
)
DECIDES = re.compile(
    rf"\W*(?:(?:please|ok|okay|yes|no|and|just)\W+)*{_DECIDED[0]} {_WHICH[0]}"
    rf"(?:(?:,? and |, ?){_WHICH[0]})*(?: please)?\W*"
    rf"|\W*(?:请|把|那就?)*{_WHICH[1]}(?:[、和，]{_WHICH[1]})*(?:都|就)?{_DECIDED[1]}(?:了|吧|掉)*\W*"
    rf"|\W*(?:请|那就?)*{_DECIDED[1]}{_WHICH[1]}(?:[、和，]{_WHICH[1]})*(?:吧|了)?\W*",
    re.IGNORECASE,
)
"""Decides on some of a list, and says nothing else."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion that is decided on."""

    suggestion_id: int
    kind: str
    customer_id: int


def read(
    text: str, entities: Sequence[Entity], shown: Sequence[Shown], names: Mapping[str, int] | None = None
) -> dict[int, Verdict]:
    """The verdict on each suggestion that is spoken of; nothing where it is not clear which.

    Args:
        names: what customers are called in this text -> their id.
    """
    text = text[:LONGEST]
    if not shown:
        return {}
    if len(shown) == 1 and not _PLACE.search(text) and not any(one.name == "ordinal" for one in entities):
        return {shown[0].suggestion_id: _verdict(text) or "yes"}
    clauses = _clauses(text)
    found: dict[int, Verdict] = {}
    rest: Verdict | None = None
    verdict: Verdict | None = None
    for number, (start, end) in enumerate(clauses):
        part = text[start:end]
        own = _verdict(part) or _next(text, clauses[number + 1 :])
        verdict = own or verdict or "yes"
        here = _named(part, start, end, entities, shown, names or {})
        if _EXCEPT.search(part):
            opposite: Verdict = "yes" if verdict == "no" else "no"
            found |= dict.fromkeys(here, opposite)
            rest = verdict
        elif here:
            found |= dict.fromkeys(here, verdict)
        elif _NONE.search(part):
            rest = "no"
        elif _REST.search(part) or (_ALL.search(part) and not found):
            rest = verdict
    if rest is not None:
        found |= {one.suggestion_id: rest for one in shown if one.suggestion_id not in found}
    return found


def _clauses(text: str) -> list[tuple[int, int]]:
    bounds, start = [], 0
    for match in [*_CLAUSE.finditer(text), None]:
        end = match.start() if match else len(text)
        if text[start:end].strip():
            bounds.append((start, end))
        start = match.end() if match else end
    return bounds


def _verdict(part: str) -> Verdict | None:
    if _LATER.search(part):
        return "later"
    return "no" if _NO.search(part) else "yes" if _YES.search(part) else None


def _next(text: str, clauses: Sequence[tuple[int, int]]) -> Verdict | None:
    """ "1、2、5" says nothing of itself; what is said right after it counts where that names nothing else."""
    if not clauses:
        return None
    part = text[slice(*clauses[0])]
    return None if re.search(r"\d|第|[一二三四五六七八九十]号", part) or _REST.search(part) else _verdict(part)


def _place(match: "re.Match[str]") -> int:
    if match["digits"]:
        return int(match["digits"])
    if match["word"]:
        return _WORDS.index(match["word"].lower()) + 1
    return _DIGITS.index(match["zh"]) + 1 if match["zh"] else -1


def _named(
    part: str, start: int, end: int, entities: Sequence[Entity], shown: Sequence[Shown], names: Mapping[str, int]
) -> list[int]:
    """By their places, by the customer's name, by what is to be done."""
    said = [one for one in entities if one.name == "ordinal" and start <= one.start < end]
    places = [one.value for one in said if isinstance(one.value, int)]
    taken = [(one.start - start, one.end - start) for one in said]
    places += [
        _place(match)
        for match in _PLACE.finditer(part)
        if not any(first < match.end() and match.start() < last for first, last in taken)
    ]
    if places:
        indexes = [place - 1 if place > 0 else place for place in places if place]
        return [shown[index].suggestion_id for index in indexes if -len(shown) <= index < len(shown)]
    called = {customer_id for name, customer_id in names.items() if name and name in part}
    if called:
        return [one.suggestion_id for one in shown if one.customer_id in called]
    kinds = {kind for kind, words in _KINDS.items() if words.search(part)}
    return [one.suggestion_id for one in shown if one.kind in kinds]
