"""Taking the words that are to be kept out of a request: the text of a note, tags, the title of a task or a case.

What is kept may contain too much rather than too little: a whole sentence as a note is readable, half of one is not.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from nlu.understanding import Entity

LONGEST = 4000
LONGEST_HEAD = 80
WORK_BEGINS = time(9)
_QUOTED = re.compile(r"[\"“「『](?P<text>[^\"”」』]{2,2000})[\"”」』]|(?<!\w)'(?P<single>[^']{2,2000})'(?!\w)")
_LEADING_NUMBER = re.compile(r"^\s*[#＃]?\d{4,9}(?=\s|[:：,，]|$)[:：,，]?\s*")
_COLON = re.compile(r"[:：](?!\d)\s*")
_DASH = re.compile(r"\s[-–—]+\s")
_THAT = re.compile(r"(?<![a-z])(?:that|saying|to say|with|how)(?![a-z])\s+", re.IGNORECASE)
_NOTE_LEAD = re.compile(
    r"\s*(?:(?:can|could|would) you |please |pls |just |so |ok |uh )*"
    r"(?:(?:make|keep|leave|add|attach|put|save|write|stick|log|file|take|pin|jot|set)(?: up| down| in"
    r"| on)?\s+(?:a |an |another |this |the )?"
    r"(?:quick |internal |customer )?(?:notes?|remark|comment|memo|line|record|info)?"
    r"|(?:internal |customer |file |quick )?(?:notes?|memo|remark|comment|record|annotate|noting|remember|reminder"
    r"|fyi)(?: down| to self)?"
    r"|for the record|n)\s*[,:：-]?\s*(?=\W|\w|$)",
    re.IGNORECASE,
)
_NOTE_HEAD = re.compile(r"\s*(?:on|for|about|to|in|of|re)\s+", re.IGNORECASE)
_NOTE_LEAD_ZH = re.compile(
    r"\s*(?:请|麻烦|帮我|帮忙|替我)*\s*(?:加|写|做|留|记|添加|补充|新增|建)?(?:一?[个条笔下句])?(?:上|下来?"
    r"|录(?:一下)?|录下)?(?:备注|备忘|便签|笔记|记录|memo|note)?(?:一下|上|下)?\s*[,，:：]?\s*"
)
_NOTE_TAIL_ZH = re.compile(
    r"\s*[,，。]?\s*(?:请|麻烦|帮我|替我)?(?:写进(?:档案|备注|资料)|记一下|记一笔|记下来?|记着|记录(?:一下|在案)?"
    r"|做个?(?:记录|备注)|备注(?:一下|上)?|写备注|標註|备注|備註|标注一下|记)\s*[。!！]?\s*$"
)
_NOTE_TAIL = re.compile(
    r"\s*[,，]\s*(?:please |pls )?(?:note(?: that)?|noted|record that|add that)(?: please| pls| thx)?\s*$", re.I
)
_GIVEN_ZH = re.compile(
    r"^\s*(?:请|帮我|麻烦)?(?:给|在|跟|把)\s*(?P<who>[^，,：:]{1,24}?)\s*(?:的?(?:资料|档案|备注|file)?里?)?(?:加"
    r"|写|记|添|备注)"
)


_SEE_NOTES = re.compile(
    r"\s*(?:only|just|show|see|read)?(?: me)?\s*(?:the|her|his|their|all|our)?\s*(?:the )?notes(?: only| please| pls)?"
    r"\s*[.?!]?\s*"
    r"|\s*(?:只看|只要|看看|看一下|查看|看)(?:她的|他的)?(?:备注|笔记)\s*",
    re.IGNORECASE,
)


def _tidy(text: str) -> str:
    """Runs of blanks as one, lines kept apart; the patterns above need no more than that, and stay fast."""
    return re.sub(r"\s+", lambda run: "\n" if "\n" in run[0] else " ", text[:LONGEST]).strip()


# --- notes ----------------------------------------------------------------------------------------------------------
def note(text: str, command: bool = False) -> tuple[str, str]:
    """(what stands before the note and may name the customer, the note).

    >>> note("note on acme: renewal decision moved to march")
    ('note on acme', 'renewal decision moved to march')
    >>> note("李梅对坚果过敏，写进档案")
    ('李梅对坚果过敏', '李梅对坚果过敏')
    """
    text = _tidy(text)
    if command:
        return _after_command(text)
    quoted = _QUOTED.search(text)
    if quoted:
        return text[: quoted.start()] + text[quoted.end() :], (quoted["text"] or quoted["single"]).strip()
    for split in (_COLON, _DASH):
        found = split.search(text)
        if found and found.start() <= LONGEST_HEAD and text[found.end() :].strip():
            return text[: found.start()], text[found.end() :].strip()
    return _without_lead(text)


def quoted(text: str) -> str:
    """The words between quotation marks, "" without any.

    >>> quoted('timeline of acme with "lid"'), quoted("李梅的记录，含“破了”")
    ('lid', '破了')
    """
    found = _QUOTED.search(text[:LONGEST])
    return (found["text"] or found["single"]).strip()[:LONGEST_HEAD] if found else ""


def wants_to_see_notes(text: str) -> bool:
    """Whether "notes" are to be read, not written.

    >>> wants_to_see_notes("only the notes"), wants_to_see_notes("note: prefers tea")
    (True, False)
    """
    return _SEE_NOTES.fullmatch(_tidy(text[:LONGEST_HEAD])) is not None


def _after_command(text: str) -> tuple[str, str]:
    """ "10482 text", "王芳: text", or the text alone."""
    number = _LEADING_NUMBER.match(text)
    if number:
        return number.group(), text[number.end() :].strip()
    colon = _COLON.search(text)
    if colon and colon.start() <= LONGEST_HEAD // 2:
        return text[: colon.start()], text[colon.end() :].strip()
    return "", text


def _without_lead(text: str) -> tuple[str, str]:
    """Take "note that", "帮我记上" and the like away; the sentence itself may name the customer."""
    plain = _NOTE_TAIL.sub("", _NOTE_TAIL_ZH.sub("", text)).strip()
    that = _THAT.search(plain)
    if that and that.start() <= LONGEST_HEAD and _NOTE_LEAD.match(plain):
        return plain[: that.start()], plain[that.end() :].strip()
    lead = _NOTE_LEAD.match(plain)
    if lead and lead.end() > 1 and plain[:1].isascii():
        rest = plain[lead.end() :].lstrip(" ,:-")
        return rest, "" if not rest or _NOTE_HEAD.fullmatch(rest + " ") or _only_somebody(rest) else rest
    given = _GIVEN_ZH.match(plain)
    if given and len(plain) - given.end() < 12:
        return given["who"], ""
    lead = _NOTE_LEAD_ZH.match(plain)
    rest = plain[lead.end() :].strip() if lead and lead.end() else plain
    return rest, rest


def _only_somebody(rest: str) -> bool:
    """ "on li mei", "for this customer": a customer and nothing to note."""
    head = _NOTE_HEAD.match(rest)
    return bool(head) and len(rest[head.end() if head else 0 :].split()) <= 3


# --- tags -----------------------------------------------------------------------------------------------------------
_TAG = r"(?P<tag>[^\s,，。!！?？:：\"“”「」']{1,30})"
_TAGS_EN = r"(?P<tag>(?!(?:to|on|from|off|for)(?![a-z]))[\w&/'’-]{2,30}(?: [\w&/'’-]{2,30}){0,2}?)"
_TAG_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![a-z])(?:as|with)\s+(?:an? |the )?{_TAGS_EN}(?=\s*(?:pls|please|tag|[,.!]|and (?:remove|drop)|$))",
        rf"(?<![a-z])(?:add|apply|put|remove|drop|needs?|with|get rid of|take off|take|off)\s+(?:the |an? )?(?:tags?"
        rf"|labels?)\s+{_TAGS_EN}(?=\s+(?:to|on|from|off|for|please|pls|here)(?![a-z])|\s*[,.!]|$)",
        rf"(?<![a-z])(?:add|apply|put|remove|drop|needs?|take off)\s+(?:the |an? )?{_TAGS_EN}\s+(?:tag|label)(?![a-z])",
        rf"(?<![a-z])(?:take)\s+(?:the )?{_TAGS_EN}\s+off(?![a-z])",
        rf"(?<![a-z])tags?(?:\s+for\s+[^:：]{{1,30}})?\s*[:：]\s*{_TAGS_EN}(?=\s*(?:[,.!]|$))",
        r"(?:标签|tag|标记)\s*[:：]\s*(?P<tag>[^\s,，。!！]{1,20})",
        r"(?:打上|打个|打|贴上|贴个|贴|加上|加个|加|去掉|移除|撤掉|删除|删掉"
        r"|取消)(?:一?[个张])?(?P<tag>[^\s,，。个上了打加贴]{1,16}?)(?:的)?(?:标签|标记|标|tag|label)",
        r"(?:的|\s|去掉|移除|撤掉|删除|打上|加上|贴上)(?P<tag>[^\s,，。的]{1,12}?)\s?(?:标签|标记(?![成为]))",
        r"(?:标记成|标记为|标成|标为|归为)(?P<tag>[^\s,，。]{1,12})",
        rf"(?:tag|label|标签)\s*(?:为|成|是|：|:)\s*{_TAG}",
    )
)
_REMOVE = re.compile(
    r"(?<![a-z])(?:remove|drop|take .{1,30} off|take off|get rid of|untag|delete)(?![a-z])|去掉|移除|撤掉|删除|删掉"
    r"|取消",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:,|，|、| and | & |和|以及|;|；)\s*")
_NOT_TAGS = frozenset(
    ("it", "her", "him", "this", "that", "them", "customer", "tag", "label", "a", "the", "the customer")
)


def tags(
    text: str, entities: Sequence[Entity], *, answer: bool = False, command: bool = False
) -> tuple[list[str], bool]:
    """The tags that are meant, and whether they are to be taken off.

    >>> tags("tag li mei as wholesale", ())
    (['wholesale'], False)
    >>> tags("去掉张伟的VIP标签", ())
    (['VIP'], True)
    """
    text = _tidy(text)
    remove = bool(_REMOVE.search(text))
    if answer:
        return _split(text), remove
    quoted = [match["text"] or match["single"] for match in _QUOTED.finditer(text)]
    if quoted:
        return list(dict.fromkeys(quoted)), remove
    if command:
        return _after_number(text), remove
    known = [str(entity.value) for entity in entities if entity.name == "tag"]
    if known:
        return list(dict.fromkeys(known)), remove
    for pattern in _TAG_PATTERNS:
        found = pattern.search(text)
        if found and found["tag"].lower() not in _NOT_TAGS:
            return _split(_own(found["tag"])), remove
    return [], remove


def _own(tag: str) -> str:
    """张伟的VIP is VIP."""
    return tag.rpartition("的")[2] or tag


def _split(text: str) -> list[str]:
    return [part.strip() for part in _AND.split(text.strip()) if part.strip()][:10]


def _after_number(text: str) -> list[str]:
    """ "/crm tag 10482 vip, press" and "/crm tag vip": without the number and the verb."""
    return _split(_REMOVE.sub("", _LEADING_NUMBER.sub("", text)))


def without(text: str, words: Iterable[str]) -> str:
    """A text without some words: what is left may name the customer."""
    for word in words:
        text = text.replace(word, " ", 1)
    return re.sub(
        r"(?<![a-z])(?:tag|tags|label|labels|as|with|add|remove|put|the|vip)(?![a-z])|标签|标记|打上?|贴上?|加上?|去掉",
        " ",
        text,
        flags=re.I,
    )


# --- tasks ----------------------------------------------------------------------------------------------------------
_TASK_LEAD = re.compile(
    r"^\s*(?:please |pls |can you |could you |just |so )*(?:remind me(?: again)?(?: to| about| of| that)?"
    r"|don'?t let me forget(?: to)?"
    r"|(?:add|set|make|create|schedule|put)(?: up| on my list)?(?: a| an| the)?(?: new)?(?: reminder| task| to-?do"
    r"| nudge| follow-?up)?(?: for me)?(?: to| for| that| about)?"
    r"|(?:new )?(?:task|to-?do|reminder|note to self)(?: to| for)?|i (?:need|have|should"
    r"|must)(?: to)?)\s*[:：,，-]?\s*",
    re.IGNORECASE,
)
_TASK_LEAD_ZH = re.compile(
    r"^\s*(?:请|麻烦|帮我)*(?:设(?:置|个|一个)?|加个?|建个?|添加(?:到)?|新建|定个?|记个?)?(?:提醒|任务|待办"
    r"|日程)?(?:我|一下)*\s*[:：,，]?\s*"
)
_TASK_TAIL = re.compile(
    r"\s*[,，]?\s*(?:加个任务|加到待办|设提醒|定个提醒|添加到任务|提醒我?(?:一声|一下)?|add that|please"
    r"|pls)\s*[。.!！]?\s*$",
    re.IGNORECASE,
)
_TIMES = ("datetime", "date_range", "duration", "recurrence")
_DANGLING = re.compile(
    r"^\s*(?:to|that|on|at|by|for|in|about|[,，:：、-])\s+|^[\s,，:：、-]+|\s+(?:on|at|by|in|for)\s*$|[\s,，:：、-]+$",
    re.IGNORECASE,
)


def task(text: str, entities: Sequence[Entity]) -> str:
    """What is to be done, without "remind me" and without the time.

    >>> task("remind me to call zhang wei", ())
    'call zhang wei'
    """
    spans = [(entity.start, entity.end) for entity in entities if entity.name in _TIMES and entity.start >= 0]
    kept = _tidy(_cut(text[:LONGEST], spans))
    kept = _TASK_TAIL.sub("", kept)
    for lead in (_TASK_LEAD, _TASK_LEAD_ZH):
        kept = _bare(lead.sub("", kept, count=1))
    kept = re.sub(r"^提醒我?|^(?:to|that) ", "", kept)
    return _bare(kept)


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in sorted(set(spans), reverse=True):
        text = f"{text[:start].rstrip()} {text[end:].lstrip()}"
    return text.strip()


def _bare(text: str) -> str:
    before = ""
    while before != text:
        before, text = text, _DANGLING.sub("", text)
    return text.strip()


def working_hour(day: str, now: datetime, zone: str) -> datetime:
    """Nine in the morning of a day in a zone; in an hour, if that has passed."""
    at = datetime.combine(datetime.fromisoformat(day).date(), WORK_BEGINS, ZoneInfo(zone))
    return at if at > now else now + timedelta(hours=1)


# --- cases ----------------------------------------------------------------------------------------------------------
_CASE_LEAD = re.compile(
    r"^\s*(?:please |pls |can you |could you |i want to |i'd like (?:to )?|need (?:to )?)*"
    r"(?:(?:open|create|make|raise|start|log|file|put in|set up|register|add|record|write up|spin up"
    r"|escalate this,? open|turn this into)\s+)?"
    r"(?:(?:an?|the|new|fresh|quick|support|warranty|complaint|urgent|high|low|normal|priority|prio)\s+)*"
    r"(?:cases?|tickets?|issue|incident|complaint)?(?=\W|$)\s*(?:for|about|from|re|:|：|,|-)?\s*",
    re.IGNORECASE,
)
_CASE_LEAD_ZH = re.compile(
    r"^\s*(?:请|麻烦|帮我|帮忙)*(?:再|重新)?(?:新建|创建|建立?|开|登记|提|录|立)?(?:一?[张个])?(?:新的?)?(?:紧急"
    r"|高优先级|低优先级|普通|售后|投诉)*(?:的)?(?:工单|个?单子?|案|case|ticket)?(?:给|为)?\s*[:：,，]?\s*"
)
_CASE_TAIL_ZH = re.compile(
    r"\s*[,，]?\s*(?:建个?工单|建一?个?单|建单|开单|开个单|开工单|立单处理|帮我登记工单|转工单|提单)\s*[。!！]?\s*$"
)
_THIS = re.compile(
    r"(?<![a-z])(?:(?:from |with )?(?:this|that|the last)(?: message| email| chat)?(?: into)?|it|here|him|her"
    r"|them)(?![a-z])|这条消息|这条|这个|刚才的消息|刚才那句|她|他",
    re.I,
)
_PRIORITY_WORDS = re.compile(
    r"[,，]?\s*(?<![a-z])(?:priority|prio)?\s*(?:urgent|high|low|normal|top)(?:\s+(?:priority|prio))?(?![a-z])\s*"
    r"|[,，]?\s*(?:优先级[高低中]|[高低]优先级?|紧急|加急)\s*",
    re.IGNORECASE,
)


def case(text: str, entities: Sequence[Entity]) -> tuple[str, str]:
    """(the words that may name the customer, the matter); the matter is "" when only "open a case" was said.

    >>> case("open a case for li mei, mug cracked on arrival, high", ())
    ('li mei', 'mug cracked on arrival')
    """
    text = " ".join(_PRIORITY_WORDS.sub(" ", _tidy(text)).split())
    number = _LEADING_NUMBER.match(text)
    if number:
        return number.group(), _bare(text[number.end() :])
    if _only_asks(text):
        return "", ""
    rest = _CASE_TAIL_ZH.sub("", text)
    rest = (
        _bare(_CASE_LEAD.sub("", rest, count=1)) if rest[:1].isascii() else _bare(_CASE_LEAD_ZH.sub("", rest, count=1))
    )
    rest = re.sub(r"(?:新?建|开|提|登)一?[个张]?\s*新?(?:的\s*)?(?:工单|单子?|案|case|ticket)", "", rest)
    rest = _bare(re.sub(r"^(?:for|给|为|帮)\s*", "", rest, flags=re.IGNORECASE))
    head, sign, tail = _divided(rest)
    if sign and tail.strip():
        return head, _bare(tail)
    brief = len(rest.split()) <= 2 if rest.isascii() else len(rest) <= 4
    return rest, "" if brief else rest


def _only_asks(text: str) -> bool:
    """Whether there is nothing but "make this a case", "给她建个工单"."""
    plain = " ".join(_THIS.sub(" ", text).split())
    return not all(_bare(_CASE_TAIL_ZH.sub("", lead.sub("", plain, count=1))) for lead in (_CASE_LEAD, _CASE_LEAD_ZH))


def _divided(text: str) -> tuple[str, str, str]:
    """Customer and matter are parted by a colon, a comma or a dash."""
    found = re.search(r"[:：](?!\d)|[,，]|\s[-–—]\s", text)
    if not found or found.start() > LONGEST_HEAD:
        return text, "", ""
    return text[: found.start()], found.group(), text[found.end() :]
