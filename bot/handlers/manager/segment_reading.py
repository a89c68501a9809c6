"""What a sentence about segments says: which ones it names, what a new one is called, whom it takes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.handlers.agent.lists import wording_of
from bot.handlers.manager.asking import ManagerTurn
from crm_core.analytics.segments.store import tidy_name
from crm_core.query.conditions import Conditions
from crm_core.query.reading import conditions_from
from crm_core.staff.segments import SegmentView

_MAKING = re.compile(
    r"(?<![a-z])(?:(?:new|own|dynamic|static|saved|customer) )*(?:segments?|segmnet|groups?|audiences?|bucket|cohort)"
    r"(?![a-z])"
    r"|(?<![a-z])(?:creat(?:e|ing)|build|define|sav(?:e|ed|ing)|store|keep|set up|add|turn|put|carve out|draw up|bundle"
    r"|lump together|together|call(?:ed)?|named?|need|want|like|into|under|filter|query|dynamic|static|last answer"
    r"|from now on|let's|lets|start tracking)(?![a-z])"
    r"|(?:新)?建(?:立|个|一个)?|新增|创建|定义(?:成|为)?|保存(?:成|为|下来)?|存(?:成|为|起来)|圈(?:成|出来|一个|一下)?"
    r"|归(?:成|到|为)|做(?:成|个|一个)?|变成|分成?一?(?:群|组)|分群|人群|群组|客群|受众|群|组|筛选|查询结果|条件|命名"
    r"|取名|名字|叫做?|动态|静态|一个|一個|分[眾众]"
)
_LAST = re.compile(
    r"(?<![a-z])(?:th(?:is|at|ese|ose)|them|it|last|filter|query)(?![a-z])|这|那|刚才|刚看|上一?个|筛选|查询|他们"
)
_NAMED = (
    re.compile(r"[「『“\"](?P<name>[^」』”\"\n]{1,40})[」』”\"]"),
    re.compile(
        r"(?<![a-z])(?:called|named?|(?:call|name) (?:it|them)) (?P<name>[^,;:]{2,40}?)(?=\s*(?:$| [-–] |[,;:]))"
    ),
    re.compile(r"(?:叫做?|命名为?|取名|起名) ?(?P<name>[^，,。：:；]{1,30})"),
    re.compile(r"\s*(?P<name>[^:：=]{2,40}?)\s*[:：=]"),
)
"""Where a new name stands that was not recognised: in quotes, after "called", before a colon."""
_ASKING = re.compile(
    r"(?<![a-z])(?:how|many|much|big|large|full|siz(?:e|es)|count|number|totals?|heads?|headcount|population|roughly|each"
    r"|per|all|every|are|there|would|fit|match|fall|share|percent|what's|whats|current(?:ly)?|now|today|quick|empty|grow"
    r"|grown|bigger|smaller|biggest|largest|month|week|day|ago|last|this|that|base|compare[ds]?|versus|vs|between|against"
    r"|difference|differ|how|similar|wise|the)(?![a-z])"
    r"|多少|几[位个家所人]?|多大|人?数量?|大小|规模|统计|总数?|一共|目前|现在?|大概|各个?|每个?|报|占|比例|百分之|比|对|差别"
    r"|不同|哪个?|怎么样|变大|变小|最大|今天|本周|上?月|空|符合|能|下"
)
_PEOPLE = re.compile(r" (?:customer|client|buyer|user|people|ones|member|order|subscriber|visitor|contact)s?(?![a-z])")
_GIVEN = re.compile(r"(?<![a-z])(?:as|call|called|named?|it|them)$|叫做?$|[为成]$|分群$|新建$")
"""What stands right before a name that is given, even when it is taken."""
_AROUND = re.compile(r"^(?:\W|makes?|an?|one|please|pls|of|it|them|for|the|[我想把要新包个人])+$|^\W*$")
_BEFORE = re.compile(
    r"^(?:(?:call|name|make|define|please|it|them|th(?:is|at|ese)|segment|a|an|the|new)(?![a-z])|[\s\"“]|把)+"
)
_BEHIND = re.compile(r"(?:并保存|并存下来|的?分群|[\s\"”])+$")

NAMING = ("沉睡", "沉默", "休眠", "流失", "安静")
"""Words that are conditions of their own before people (沉睡客户), and beside a city alone make a name (沉睡上海)."""
_NO_PEOPLE = r"(?! ?的?(?:客户|客人|顾客|用户|会员|买家|的))(?! (?:customers?|clients?|buyers?|people|ones)(?![a-z]))"
LABEL_WIDTH = 26


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be kept under which name. `last`: it may mean what the last answer was about."""

    name: str
    conditions: Conditions
    last: bool


def wish(turn: ManagerTurn) -> Wish:
    """What is said of a segment that is to be made."""
    text = turn.understanding.text
    known = {one.casefold() for segment in turn.store.segments.all() for one in _names(segment)}
    start, end = _named_anew(turn, known)
    name = tidy_name(text[start:end])
    rest = text[:start] + " " * (end - start) + text[end:]
    rest = _without_making(rest)
    mentions = [
        one
        for one in turn.understanding.entities
        if (one.end <= start or one.start >= end or start == end)
        and (one.name != "segment" or str(one.value).casefold() in known)
    ]
    business = turn.services.settings.business
    conditions = conditions_from(rest, mentions, now=turn.now, zone=turn.speaker.zone, currency=business.currency)
    return Wish(name, conditions, bool(_LAST.search(text.lower())) or not conditions.unused)


def _without_making(text: str) -> str:
    """The text with the words of making a segment blanked out, so that all else keeps its place."""
    blank = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    for match in _MAKING.finditer(blank):
        text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return text


def _named_anew(turn: ManagerTurn, known: set[str]) -> tuple[int, int]:
    """Where the new name stands; what says only that something is made ("new group:") is no name."""
    text = turn.understanding.text
    recognised = [
        (one.start, one.end)
        for one in turn.understanding.entities
        if one.name == "segment" and one.start >= 0 and str(one.value).casefold() not in known
    ]
    spoken = [match.span("name") for match in (pattern.search(text) for pattern in _NAMED[:-1]) if match]
    headed = _NAMED[-1].match(text)
    for start, end in (*spoken[:1], *recognised, *spoken[1:], *([headed.span("name")] if headed else ())):
        first, last = _trimmed(text, start, end)
        said = text[first:last]
        again = said.casefold() in known and not _GIVEN.search(text[:first].rstrip('「『“" '))
        if first < last and not again and not _AROUND.match(_without_making(said).strip()):
            return first, last
    return 0, 0


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A name's place without the words around it."""
    before, behind = _BEFORE.match(text[start:end].lower()), _BEHIND.search(text[start:end])
    first = start + (before.end() if before else 0)
    return first, max(first, start + behind.start() if behind else end)


def said_conditions(turn: ManagerTurn, besides: Sequence[tuple[int, int]] = ()) -> Conditions:
    """The conditions of a question about segments, besides the segments that it names, and some other places."""
    text = turn.understanding.text
    places = [*_places(turn), *besides]
    for start, end in places:
        text = text[:start] + " " * (end - start) + text[end:]
    mentions = [
        one
        for one in turn.understanding.entities
        if one.name != "segment" and not any(start < one.end and one.start < end for start, end in places)
    ]
    business = turn.services.settings.business
    rest = _without_making(text)
    return conditions_from(rest, mentions, now=turn.now, zone=turn.speaker.zone, currency=business.currency)


def unknown(said: Conditions) -> tuple[str, ...]:
    """The words of a question that only a segment nobody made can explain."""
    left = (_ASKING.sub(" ", word.lower()) for word in said.unused)
    return tuple(word for word in (" ".join(each.split()) for each in left) if re.search(r"[^\W\d_]{2}|\d", word))


def half_known(turn: ManagerTurn) -> list[tuple[int, int]]:
    """Where words that nothing explains stand right beside a city: 沉睡上海 is a segment's name, and nobody made it."""
    text, strange = turn.understanding.text, unknown(said_conditions(turn))
    words = "|".join([*(re.escape(word) for word in strange), *NAMING])
    found = []
    for entity in turn.understanding.entities:
        if entity.name != "location" or entity.start < 0:
            continue
        city = re.escape(entity.text)
        match = re.search(rf"(?:(?:{words}) ?{city}|{city} ?(?:{words})){_NO_PEOPLE}", text, re.IGNORECASE)
        if match:
            found.append(match.span())
    return found


def mentioned(turn: ManagerTurn) -> list[SegmentView]:
    """The segments whose names stand in the text, or that were recognised, in the order of the text."""
    return list({one.segment_id: one for _, one in sorted(_places(turn).items(), key=lambda each: each[0])}.values())


def places_of(turn: ManagerTurn) -> list[tuple[int, int]]:
    """Where segments, cities, tiers, tags and categories are named."""
    named = ("location", "tier", "tag", "category", "product", "language")
    told = [(one.start, one.end) for one in turn.understanding.entities if one.name in named and one.start >= 0]
    return [*_places(turn), *told]


def _places(turn: ManagerTurn) -> dict[tuple[int, int], SegmentView]:
    """Where segments are named, longer names first; recognised ones may be written otherwise than they are called."""
    written = turn.understanding.text
    text = "".join(char.lower() if len(char.lower()) == 1 else char for char in written)
    names = [(name.casefold(), one) for one in turn.store.segments.all() for name in _names(one)]
    recognised = {
        str(one.value).casefold(): (one.start, one.end) for one in turn.understanding.entities if one.name == "segment"
    }
    found: dict[tuple[int, int], SegmentView] = {}
    for name, segment in sorted(names, key=lambda each: -len(each[0])):
        place = _stands(name, text, written) or recognised.get(name)
        if place and not any(start < place[1] and place[0] < end for start, end in found):
            found.setdefault(place, segment)
    return found


def _stands(name: str, text: str, written: str) -> tuple[int, int] | None:
    """Where a name stands: English as whole words, Chinese anywhere. "New" is a segment, "new customers" are not."""
    edges = (r"(?<![a-z0-9])", r"(?![a-z0-9])") if name.isascii() else ("", "")
    for match in re.finditer(edges[0] + re.escape(name) + edges[1], text):
        only_a_word = " " not in name and written[match.start() : match.end()].islower()
        if not (only_a_word and _PEOPLE.match(text, match.end())):
            return match.span()
    return None


def _names(segment: SegmentView) -> tuple[str, ...]:
    return tuple(dict.fromkeys((segment.name, segment.name_en, segment.name_zh)))


def shortened(name: str) -> str:
    """A name that fits beside a bar: of about 26 letters, or half as many characters."""
    room = LABEL_WIDTH
    for place, letter in enumerate(name):
        room -= 2 if ord(letter) > 0x2E80 else 1
        if room < 0:
            return name[: place - 1].rstrip() + "…"
    return name


# --- in words -------------------------------------------------------------------------------------------------------
def in_words(turn: ManagerTurn, conditions: Conditions) -> str:
    """Conditions in words, without an order."""
    words = wording_of(turn, conditions)
    told = words.say("and").join(words.one(one, conditions.currency) for one in conditions.all)
    return told or words.say("everybody")


def meaning(turn: ManagerTurn, segment: SegmentView) -> str:
    """What a segment means, in words."""
    if segment.conditions is not None:
        return in_words(turn, segment.conditions)
    return segment.described(turn.language)
