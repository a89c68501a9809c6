"""What is to be changed about a case, read out of a request: status, priority, title, topic, the reason, the owner."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crm_core.cases import PRIORITIES
from crm_core.staff.cases import Colleague
from nlu.understanding import Entity

LONGEST = 600
_NUMBERS = re.compile(
    r"(?<![a-z0-9.:-])[#＃]?(\d{3,9})(?![a-z0-9:-]|[.,]\d|\s?(?:[年月日天号点元块个件]|days?|weeks?|hours?|pm|am))",
    re.IGNORECASE,
)
_HASHED = re.compile(
    r"[#＃]\s?(\d{1,9})(?![a-z0-9])|(?:工单|单子?|cases?|tickets?)\s?[#＃]?\s?(\d{1,9})(?![a-z0-9:]|[年月日天号点])",
    re.IGNORECASE,
)

_REOPEN = re.compile(r"re-?open|un-?close|back to open|重新?打开|重開|重新開|重开|恢复.{0,4}打开|再打开", re.IGNORECASE)
_WAITING = re.compile(
    r"(?<![a-z])(?:wait(?:ing|s)?|pending|on hold)(?![a-z])|等(?:待)?(?:客户|客人|供应商|对方"
    r"|他|她|回复|处理)|改?待(?:处理|定|回复)",
    re.IGNORECASE,
)
_OPEN = re.compile(r"(?<![a-z])(?:in progress|working on it|status (?:to )?open)(?![a-z])|处理中|进行中", re.IGNORECASE)
_CLOSE = re.compile(
    r"(?<![a-z])(?:clos(?:e|es|ed|ing)|resolved?|solved|fixed|done|shut|finished|settled|sorted|spam|duplicate"
    r"|won'?t ?fix|not a bug)(?![a-z])"
    r"|关闭|关掉|关单|关了|直接关|一起关|结案|结单|结掉|結案|完结|解决了|已解决|处理完|处理好|搞定|标垃圾|重复工单|(?<!没)关(?=吧|$|[，,。])",
    re.IGNORECASE,
)
_UNRESOLVED = re.compile(
    r"(?:not|n't|isn't|never|没有?|未|还没)\s?(?:yet )?(?:closed?|resolved?|solved|fixed|解决|关)", re.I
)
_UP = re.compile(r"(?<![a-z])(?:raise|increase|bump up|escalate)(?![a-z])|[提升]一级|提高优先|调高", re.IGNORECASE)
_DOWN = re.compile(r"(?<![a-z])(?:lower|downgrade|decrease|reduce)(?![a-z])|降一级|降低优先|调低", re.IGNORECASE)
_ABOUT_PRIORITY = re.compile(
    r"(?<![a-z])(?:priority|prio|p[0-3]|to (?:urgent|high|normal|low)|make .{0,20}(?:urgent|high|low|normal))(?![a-z])"
    r"|优先|加急|提到|升到|改成|改为|设为|标成|调成|设(?=低|高)",
    re.IGNORECASE,
)
_NOT_THAT = re.compile(r"(?:\bnot|n't|不是?|别)\s?$", re.IGNORECASE)
_TITLE = re.compile(
    r"(?:rename|title|subject(?: line)?|标题|主题)(?P<between>.{0,40}?)(?:\s(?:to|as)\s|改成|改为|换成|[:：=])\s*"
    r"[\"“”「『']?(?P<title>[^\"“”」』]{2,200}?)[\"”」』']?\s*$",
    re.IGNORECASE,
)
_TOPIC = re.compile(
    r"(?:category|topic|分类|类别)\s*(?:to|as|is|=|:|：|改成|改为|设为|为)?\s*(?P<topic>[^\W\d_]{2,30})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be set (`status`, `priority`, `title`, `topic`), by how much the priority moves, and why."""

    values: dict[str, Any]
    steps: int = 0
    reason: str = ""

    @property
    def empty(self) -> bool:
        return not self.values and not self.steps


def numbers(text: str, entities: Sequence[Entity]) -> list[int]:
    """The numbers of the cases that a text names, in its order.

    >>> numbers("close #3312 and 3313, refunded", ())
    [3312, 3313]
    """
    found = [
        int(digits)
        for entity in entities
        if entity.name == "case_id"
        for digits in re.findall(r"\d+", str(entity.value))
    ]
    found = [number for number in found if number < 10**9]
    hashed = [int(match[1] or match[2]) for match in _HASHED.finditer(text[:LONGEST])]
    others = [
        (entity.start, entity.end)
        for entity in entities
        if entity.name not in ("case_id", "customer_id", "count", "quantity")
    ]
    bare = [
        int(match[1])
        for match in _NUMBERS.finditer(text[:LONGEST])
        if not any(start < match.end() and match.start() < end for start, end in others)
    ]
    return list(dict.fromkeys([*found, *hashed, *bare]))[:20]


def wish(text: str, entities: Sequence[Entity], command: str = "") -> Wish:
    """What is to be changed.

    >>> wish("close 3312, refunded", ())
    Wish(values={'status': 'closed'}, steps=0, reason='refunded')
    """
    text = text[:LONGEST]
    title = _TITLE.search(text)
    if title:
        return Wish({"title": title["title"].strip()})
    values: dict[str, Any] = {}
    status = {"close": "closed", "reopen": "open"}.get(command) or _status(text)
    if status:
        values["status"] = status
    topic = _TOPIC.search(text)
    if topic:
        known = next((str(entity.value) for entity in entities if entity.name == "topic"), "")
        values["topic"] = known or topic["topic"].lower()
    about = bool(_ABOUT_PRIORITY.search(text)) or status is None or command == "priority"
    level = _priority(text, entities) if about else None
    if level:
        values["priority"] = level
    steps = 0
    if not level and about:
        steps = 1 if _UP.search(text) else -1 if _DOWN.search(text) else 0
    return Wish(values, steps, reason(text) if status in ("closed", "waiting") or _REOPEN.search(text) else "")


def _status(text: str) -> str | None:
    if _REOPEN.search(text):
        return "open"
    closes = _CLOSE.search(_UNRESOLVED.sub(" ", text))
    waits = _WAITING.search(text)
    if waits and (not closes or _is_command(text, closes.start()) is False):
        return "waiting"
    if _OPEN.search(text):
        return "open"
    return "closed" if closes else None


def _is_command(text: str, at: int) -> bool:
    """Whether a word stands in the clause that gives the order, which comes first or names a number."""
    clauses = list(_CLAUSES.finditer(text))
    first = clauses[0].start() if clauses else len(text)
    return at < first or bool(re.search(r"\d{3,}", text[first:]))


def _priority(text: str, entities: Sequence[Entity]) -> str | None:
    for entity in entities:
        known = entity.name == "priority" and entity.value in PRIORITIES
        if known and not _NOT_THAT.search(text[: max(0, entity.start)]):
            return str(entity.value)
    found = re.search(
        r"(?<![a-z])(urgent|high|normal|low)(?![a-z])|优先级?(高|低)|(紧急|加急)|(?:设|设为|调成|改成)?(低|高|普通)(?:优先|$)",
        text,
        re.I,
    )
    if not found:
        return None
    said = next(part for part in found.groups() if part).lower()
    return {"高": "high", "低": "low", "普通": "normal", "紧急": "urgent", "加急": "urgent"}.get(said, said)


# --- the reason -----------------------------------------------------------------------------------------------------
_CLAUSES = re.compile(
    r"[,，。;；\n]|[:：](?!\d)|\s[-–—]+\s|(?<![a-z])(?:because|since|cause)(?![a-z])|因为|原因(?:写|是)?", re.I
)
_CASE_WORDS = re.compile(
    r"[#＃]?(?<!\d)\d{3,9}(?!\d)|(?<![a-z])(?:(?:this|that|the|her|his|their|my|last)\s+)?(?:cases?|tickets?)(?![a-z])"
    r"|(?:这|那|刚那|该|她的|他的|的)?(?:[一二两三]?[张个条])?(?:工单|单子|(?<!结)(?<!关)单(?!位|价|独))",
    re.IGNORECASE,
)
_ORDERS = (
    r"please|pls|can you|could you|you can|just|now|ok(?:ay)?|so|and|then|go ahead(?: and)?"
    r"|close(?: out)?|shut|mark|set|put"
    r"|change|update|re-?open|flip|status|state|of|the|to|as|it'?s|it|this(?: one)?"
    r"|that(?: one)?|is|are|be|back|open|both|all"
    r"|closed|resolved?|pending|waiting|done|bump|make|请|麻烦|帮我|把|将|可以|先|就|直接|一起|它|这个|那个|这|那|状态|标记为|标记|标成|标"
    r"|改成|改为|改|设为|设成|更新|关闭|关掉|关单|关了|关|结案|結案|结单|结掉|完结|重新打开|重開|重开|恢复成?|打开|打開|了|吧|的|掉|为|也|都|好"
)
_LEADING = re.compile(rf"\s*(?:(?:{_ORDERS})(?![a-z])|[\s:：,，.。!！])+", re.IGNORECASE)
_TRAILING = re.compile(
    r"(?:please|pls|thx|thanks|for now|关闭|关掉|关单|关了|关|结案|结单|结掉|完结|重新打开|重开|了|吧|一下|掉)?"
    r"[\s.。!！]*$",
    re.IGNORECASE,
)
"""One word at the end; taken off until nothing comes off, because a repeated pattern could take for ever."""
_STATE_WORDS = re.compile(
    r"(?<![a-z])(?:problem|issue|is|it|was|been|has|solved|fixed|done|resolved|finished|settled|sorted|closed)(?![a-z])"
    r"|问题|已经|已|都|解决|处理完|处理好|搞定|完成|了|好",
    re.IGNORECASE,
)


def reason(text: str) -> str:
    """Why: what is left of a request to close or reopen once the request itself is taken away.

    >>> reason("3312 关掉吧，钱退了"), reason("4410 - solved by replacement"), reason("please close the case")
    ('钱退了', 'solved by replacement', '')
    """
    kept = []
    for clause in _CLAUSES.split(text):
        plain = " ".join(_CASE_WORDS.sub(" ", clause).split())
        before = ""
        while before != plain:
            before = plain
            plain = _TRAILING.sub(
                "", plain[lead.end() :] if (lead := _LEADING.match(plain)) else plain, count=1
            ).strip()
        if not re.search(r"\w", _STATE_WORDS.sub(" ", plain)):
            continue
        whole = " ".join(clause.split())
        commands = re.search(
            r"(?<![a-z])(?:close|shut|mark|set|re-?open|put)(?![a-z])|关闭|关掉|关单|结案|结单|重开|打开|改成|改为|标记|\d{3,}",
            whole,
            re.I,
        )
        kept.append(plain if commands else whole)
    return ", ".join(part.strip(" .。!！") for part in kept if part.strip(" .。!！"))[:500]


# --- the owner ------------------------------------------------------------------------------------------------------
_ME = re.compile(
    r"(?<![a-z])(?:assign(?: it| this(?: one)?| that(?: one)?| case| ticket)? (?:to )?me|to me"
    r"|to myself|make me|take over (?:(?:the|this|that) )?(?:case|ticket)|i'?ll (?:own|take)"
    r"|i (?:own|take)|my (?:plate|name|queue)|mine|me)(?![a-z])"
    r"|给我(?!们)|派给我|分给我|我来|我负责|我名下|归我|改成我|换成我|我接",
    re.IGNORECASE,
)
_NOT_ME = re.compile(r"(?:show|tell|remind|let|for) me(?![a-z])|帮我", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?<![a-z])un-?assign|(?<![a-z])(?:to )?(?:nobody|no ?one)(?![a-z]|(?-i: [A-Z][a-z]))|负责人去掉"
    r"|去掉.{0,4}负责人|不再?分配|取消分配|放回(?:队列|公共)",
    re.IGNORECASE,
)
_GIVEN_AWAY = re.compile(r"(?:\boff|\bfrom|\bnot|别再?给|不给|别让|从)\s*@?$", re.IGNORECASE)
_WHOM = re.compile(
    r"(?:->|=|(?<![a-z])(?:to|over to|have|let|put"
    r"|get))\s+@?(?P<en>[a-z][\w .'-]{1,40}?)(?=\s+(?:on|take|do|handle|from)(?![a-z])|[,.!?;]"
    r"|$)"
    r"|(?:转给|分给|派给|交给|指给|改派|转|派|给|让|换|@)\s*(?P<zh>[^\s，,。.!！0-9]{1,12}?)(?=处理|负责|跟|接|吧|那边|[，,。.!！\s]|$)",
    re.IGNORECASE,
)


_BY_SCRIPT = re.compile(r"[\u4e00-\u9fff]{2,}|[A-Za-z][A-Za-z .'-]+")
GIVES = re.compile(
    r"(?<![a-z])(?:(?:re)?assign|give|hand|pass|transfer|delegate)\s+(?:it|this|that|#?\d{3,9}"
    r"|the case)?\s*(?:over )?to(?![a-z])"
    r"|(?<![a-z])take over (?:(?:the|this|that) )?(?:case|ticket)(?![a-z])"
    r"|转给|分给|派给|交给|指给|改派|指派",
    re.IGNORECASE,
)
"""What says, beside another change, that a case goes to somebody."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is to have a case. Several candidates: ask. None of all: `said` is what nobody is called."""

    candidates: tuple[Colleague, ...] = ()
    me: bool = False
    nobody: bool = False
    said: str = ""


def owner(text: str, colleagues: Iterable[Colleague], *, whole: bool = False) -> Owner:
    """Who is meant; with `whole` the text is nothing but a name."""
    text = text[:LONGEST]
    named = _named(text, colleagues)
    if named:
        return Owner(candidates=tuple(named))
    if _NOBODY.search(text):
        return Owner(nobody=True)
    if _ME.search(_NOT_ME.sub(" ", text)) or (whole and text.strip().lower() in ("me", "myself", "我", "我自己")):
        return Owner(me=True)
    if whole:
        return Owner(said=text.strip()[:60])
    found = [match for match in _WHOM.finditer(text) if (match["en"] or match["zh"]).lower() not in PRIORITIES]
    said = (found[-1]["en"] or found[-1]["zh"]).strip() if found else ""
    return Owner(said="" if _is_level(said) else said)


def _is_level(said: str) -> bool:
    return said.lower() in (*PRIORITIES, "紧急", "高", "低", "普通", "高优先", "高优先级")


def _named(text: str, colleagues: Iterable[Colleague]) -> list[Colleague]:
    """Those whose longest name fits; "off Sam" and 别给小山 name somebody who is to lose it."""
    hits: list[tuple[int, int, Colleague]] = []
    for one in colleagues:
        for name in sorted({one.name, *one.aliases, one.name.split()[0]}, key=len, reverse=True):
            found = find_name(text, name)
            if found is not None and not _GIVEN_AWAY.search(text[:found]):
                hits.append((found, len(name), one))
                break
    longest = {at: max(size for place, size, _ in hits if place == at) for at, _, _ in hits}
    return list(dict.fromkeys(one for at, size, one in hits if size == longest[at]))


def without_customers(text: str, customers: Iterable[str], colleagues: Iterable[Colleague]) -> str:
    """A text without the names of customers, in which a colleague's may stand: Mei is not Li Mei."""
    own = {name.lower() for one in colleagues for name in (one.name, *one.aliases, one.name.split()[0])}
    for customer in customers:
        for part in _BY_SCRIPT.findall(customer):
            name = part.strip()
            at = find_name(text, name)
            if at is not None and name.lower() not in own:
                text = text[:at] + " " * len(name) + text[at + len(name) :]
    return text


def find_name(text: str, name: str) -> int | None:
    """Where a name stands in a text: as a whole word, or anywhere if it is Chinese."""
    if len(name) < 2:
        return None
    pattern = rf"(?<![a-z]){re.escape(name)}(?![a-z])" if name.isascii() else re.escape(name)
    found = re.search(pattern, text, re.IGNORECASE)
    return found.start() if found else None
